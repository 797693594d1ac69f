"""Writer of the pictures of the documentation, from the real program: `python docs/tools/pictures.py`.

Each is the interviewer's screen at 80×24 after some keys, with a database in memory.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from textual.pilot import Pilot

from survey_cli.problems import UserError
from survey_cli.services.data.coding import open_coding
from survey_cli.services.data.import_answers import AnswerImportOptions, import_answers
from survey_cli.services.questionnaire.questionnaire_files import create_instrument
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, ImportResult, import_sample
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.preview.preview import Preview, PreviewOptions
from survey_cli.sessions.station.station import StationOptions, StationSession
from survey_cli.simulate.practice.practice_station import PracticeOptions, open_practice_station
from survey_cli.store import Store
from survey_cli.study.open_study import open_study
from survey_cli.tui.coding import CodingScreen
from survey_cli.tui.interview.screen import InterviewScreen
from survey_cli.tui.preview.screen import PreviewApp
from survey_cli.tui.station.screen import StationApp
from survey_cli.tui.widgets.key_app import KeyApp

HERE = Path(__file__).parents[1] / "pictures"
INSTRUMENTS = Path(__file__).parents[2] / "instruments"
MOMENT = datetime(2026, 11, 24, 16, 42, tzinfo=UTC)
CHICAGO = {"kind": "District", "region": "Central", "city": "Chicago", "zone": "America/Chicago"}
OPENING = ("enter", "1", "1")

FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Fonts that would be fetched from elsewhere: the reader's own monospaced one will do."""

Scenes = Sequence[tuple[str, tuple[str, ...]]]
"""Each with its title and the keys that lead to it."""

PICTURES: dict[str, tuple[str, str, dict[str, str], tuple[str, ...]]] = {
    "statement": ("asu_2000.yaml", "Chicago District", CHICAGO, (*OPENING, "1", "3")),
    "correction": ("asu_2000.yaml", "Chicago District", CHICAGO, (*OPENING, "1", "3", "2", "left", "left")),
    "jump": ("asu_2000.yaml", "Chicago District", CHICAGO, (*OPENING, "1", "3", "2", "4", "f3")),
    "roster": (
        "household.yaml",
        "H 1042",
        {},
        ("enter", "1", "2", "enter", *"Maria", "enter", "1", *"3 apr 1985"),
    ),
}
"""Name to instrument, case, sample columns and keys."""


CALLED = ("enter", "1", *"12", "enter")
DECLINED = (*CALLED, "1", "3", "enter", "f2", *"a bus passed", "enter", "d")
TUTORIAL: dict[str, tuple[str, ...]] = {
    "tutorial_number": ("enter", "1", *"45", "enter"),
    "tutorial_list": (*CALLED, "1", "3"),
    "tutorial_back": (*CALLED, "1", "3", "enter", "left"),
    "tutorial_review": (*DECLINED, *"112", *"34", "enter", "enter"),
}
"""Name to keys, in the questionnaire that `survey new` writes."""

PRACTICE: dict[str, tuple[str, tuple[str, ...]]] = {
    "tutorial_call": ("Nobody answers", ()),
    "tutorial_appointment": ("Call me ", ("a", *"today 4:30 pm")),
    "tutorial_consent": ("go ahead", ("i", "enter")),
}
"""Name to what is heard in a call at a practice station, and keys after it."""

LIBRARY = """\
instrument: library
title: City Library
scales:
  agree: {1: Agree, 2: Partly agree, 3: Disagree}
items:
  - {id: visits, type: number, max: 90, text: How often did you visit last month?}
  - {id: hours, type: scale, scale: agree, ask_if: visits > 0, text: The opening hours suit me.}
"""
"""The questionnaire of the README."""

SCENES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("survey interview", OPENING),
    ("key 1: Strongly agree", ("1",)),
    ("key 3: Disagree", ("3",)),
    ("key 2: Agree", ("2",)),
    ("key ←: back to the question before", ("left",)),
    ("key 3: Disagree, a correction", ("3",)),
    ("key F2: a note", ("f2", *"Says this has improved since May.")),
    ("key Enter: on with the interview", ("enter",)),
)
"""Titles and keys of the animated picture."""
SCENE_SECONDS = 2


async def _type(pilot: Pilot[None], keys: tuple[str, ...]) -> None:
    for key in keys:
        await pilot.press({" ": "space", ".": "full_stop", ":": "colon"}.get(key, key))


async def _draw(
    instrument: Path,
    case: str,
    columns: dict[str, str],
    scenes: Scenes,
    size: tuple[int, int] = (80, 24),
    *,
    practice: bool = False,
) -> list[str]:
    """Draw an interview after the keys of each scene, as SVG."""
    with Store.open(":memory:", create=True) as store:
        options = StartOptions(
            case=case, interviewer="Pat Moore", station="07", seed=2000, columns=columns, practice=practice
        )
        session = start_or_resume(instrument, options, clock=lambda: MOMENT, store=store)
        app = KeyApp(lambda: InterviewScreen(session), "dark")
        pictures = []
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            for title, keys in scenes:
                await _type(pilot, keys)
                await pilot.pause()
                pictures.append(FONTS.sub("", app.export_screenshot(title=title)))
        return pictures


def animate(pictures: Sequence[str], seconds: float) -> str:
    """Return one SVG that shows pictures of the same size one after another; where motion is reduced, the last."""
    opening = re.search(r"<svg [^>]*>", pictures[0])
    assert opening is not None
    share = 100 / len(pictures)
    frames = [
        f'<g class="frame" style="animation-delay: {number * seconds}s">{picture}</g>'
        for number, picture in enumerate(pictures)
    ]
    style = (
        f".frame {{ visibility: hidden; animation: frame {len(pictures) * seconds}s steps(1) infinite; }}"
        f" @keyframes frame {{ 0% {{ visibility: visible; }} {share:.4f}% {{ visibility: hidden; }} }}"
        " @media (prefers-reduced-motion: reduce)"
        " { .frame { animation: none; } .frame:last-of-type { visibility: visible; } }"
    )
    return "\n".join((opening[0], f"<style>{style}</style>", *frames, "</svg>\n"))


async def _practice(instrument: Path, heard: str, keys: tuple[str, ...]) -> str:
    """Draw a practice station at the first call at which this is heard, after these keys."""
    options = PracticeOptions(path=str(instrument), interviewer="pat", station="07", zone=ZoneInfo("America/Chicago"))
    station = open_practice_station(options, clock=lambda: MOMENT, rng=Random(1)).session
    app = StationApp(station)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d")
        while heard not in getattr(station.view(), "heard", ""):
            await pilot.press("1", "d")
        await _type(pilot, keys)
        await pilot.pause()
        picture = app.export_screenshot(title="survey station --practice")
    station.close()
    return picture


def _read_file(page: str, name: str) -> str:
    """Return the last file of this name that a tutorial shows."""
    text = (HERE.parent / "tutorials" / f"{page}.md").read_text(encoding="utf-8")
    files: list[str] = re.findall(rf'^```\w+ title="{name}"\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    return files[-1]


async def _preview(file: str, keys: tuple[str, ...]) -> str:
    """Draw the preview of a questionnaire after these keys."""
    preview = Preview(file, PreviewOptions(), clock=lambda: MOMENT)
    app = PreviewApp(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await _type(pilot, keys)
        await pilot.pause()
        return app.export_screenshot(title="survey preview")


async def _first_case(folder: Path) -> str:
    """Draw the station of the study in the tutorial, at its first case."""
    for name in ("library.yaml", "cards.csv"):
        (folder / name).write_text(_read_file("first-study", name), encoding="utf-8")
    request = Request(path=str(folder / "library.yaml"), at=MOMENT, by="pat")
    import_sample(request, ImportOptions(file=str(folder / "cards.csv"), rng=Random(7)))
    study = open_study(request.path, by="pat")
    station = StationSession(
        study=study,
        station="07",
        clock=lambda: MOMENT,
        options=StationOptions(zone=ZoneInfo("America/Chicago")),
    )
    station.start()
    app = StationApp(station)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d")
        await pilot.pause()
        picture = app.export_screenshot(title="survey station")
    study.close()
    return picture


async def _station() -> str:
    """A unit that nobody answered for on Monday, that asked on Tuesday to be called back, and that is called now."""
    with TemporaryDirectory() as folder:
        moment = [datetime(2026, 11, 23, 20, 10, tzinfo=UTC)]
        request = Request(path=str(INSTRUMENTS / "asu_2000.yaml"), at=moment[0], db=f"{folder}/asu_2000.db", by="ann")
        units = ImportOptions(file=str(INSTRUMENTS / "asu_2000_units.csv"), rng=Random(7))
        done = import_sample(request, units)
        study = open_study(request.path, db=request.db, by="ann")
        if not isinstance(done, ImportResult) or isinstance(study, UserError):
            raise SystemExit(str(done))
        station = StationSession(
            study=study,
            station="07",
            clock=lambda: moment[0],
            options=StationOptions(zone=ZoneInfo("America/Chicago")),
        )
        station.fetch_case("El Paso Sector")
        station.dial()
        station.record_outcome("no_answer")
        moment[0] = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
        station.fetch_case("El Paso Sector")
        station.dial()
        station.add_note("use the direct line")
        station.book_appointment(
            "today 9:45 to 11:30",
            policy="me_first",
            person="the supervisor",
            note="after the morning briefing",
        )
        moment[0] = MOMENT
        station.fetch_case("El Paso Sector")
        app = StationApp(station)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            picture = app.export_screenshot(title="survey station")
        study.close()
        return picture


REASONS = ("no time", "No time", "the hours are too short", "closed in the evening", "too far away", "No time.",
           "it is closed when I come home from work", "no bus goes there", "I have no time to read")  # fmt: skip
FRAME = """codes:
  1: No time
  2: {label: Opening hours, examples: closed too early}
  3: Distance
  4: Selection of books
  5: Reads elsewhere
  6: Health
  7: Other
"""


async def _code(folder: Path) -> str:
    """Draw the screen of a coder after some answers."""
    file = folder / "study.yaml"
    file.write_text(
        "instrument: study\ntitle: Library\nitems:\n"
        "  - {id: reason, type: verbatim, text: Why did you not visit the library more often?}\n",
        encoding="utf-8",
    )
    (folder / "study.reason.codes.yaml").write_text(FRAME, encoding="utf-8")
    rows = (f"{number},{reason}\n" for number, reason in enumerate(REASONS, 1001))
    (folder / "reasons.csv").write_text(f"interview_case,reason\n{''.join(rows)}", encoding="utf-8")
    request = Request(path=str(file), at=MOMENT, by="pat")
    import_answers(request, AnswerImportOptions(data=str(folder / "reasons.csv")))
    with open_coding(request, "reason") as session:
        app = KeyApp(lambda: CodingScreen(session), "dark")
        async with app.run_test(size=(80, 20)) as pilot:
            await _type(pilot, ("1", "2"))
            await pilot.pause()
            return app.export_screenshot(title="survey code study.yaml reason")


async def _write_interviews(folder: Path) -> None:
    for name, (instrument, case, columns, keys) in PICTURES.items():
        (picture,) = await _draw(INSTRUMENTS / instrument, case, columns, [("survey interview", keys)])
        _write(name, picture)
    asu = INSTRUMENTS / "asu_2000.yaml"
    _write("interview", animate(await _draw(asu, "Chicago District", CHICAGO, SCENES, (80, 20)), SCENE_SECONDS))
    library = folder / "library.yaml"
    library.write_text(LIBRARY, encoding="utf-8")
    (picture,) = await _draw(library, "1", {}, [("survey interview library.yaml", ("4", "enter"))], (60, 20))
    _write("library", picture)
    example = create_instrument(str(folder / "example.yaml"))
    for name, keys in TUTORIAL.items():
        (picture,) = await _draw(
            example, "101", {"branch": "2"}, [("survey interview --practice", keys)], practice=True
        )
        _write(name, picture)
    for name, (heard, keys) in PRACTICE.items():
        _write(name, await _practice(example, heard, keys))
    library.write_text(_read_file("first-questionnaire", "library.yaml"), encoding="utf-8")
    with chdir(folder):  # the screen shows the path of the file
        _write("tutorial_preview", await _preview(library.name, ("enter", "1", *"45", "enter")))
        library.write_text(library.read_text(encoding="utf-8").replace("ask_if: visits >=", "ask_if: visit >=", 1))
        _write("tutorial_problem", await _preview(library.name, ()))
    _write("tutorial_station", await _first_case(folder))
    _write("coding", await _code(folder))


def _write(name: str, picture: str) -> None:
    (HERE / f"{name}.svg").write_text(FONTS.sub("", picture), encoding="utf-8")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    _write("station", asyncio.run(_station()))
    with TemporaryDirectory() as folder:
        asyncio.run(_write_interviews(Path(folder)))


if __name__ == "__main__":
    main()
