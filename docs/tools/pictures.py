"""Writer of the pictures of the documentation, from the real program: `make pictures`, or one of them by name.

Most are a screen at 80×24 after some keys, with a database in memory. The board follows a study that simulated
interviewers have called for a week, and the report is photographed by a browser.
"""

import asyncio
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from shutil import which
from tempfile import TemporaryDirectory
from unittest.mock import patch
from zoneinfo import ZoneInfo

from playwright.sync_api import sync_playwright
from study_in_the_field import NOW, ZONE, call_until_now, write_study  # a script beside this one
from textual.pilot import Pilot

from survey_cli.cli.commands.study_commands import StudyCommands
from survey_cli.cli.run_command import run_command
from survey_cli.services.data.coding import open_coding
from survey_cli.services.data.import_answers import AnswerImportOptions, import_answers
from survey_cli.services.questionnaire.questionnaire_files import create_instrument
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, import_sample
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.preview.preview import Preview, PreviewOptions
from survey_cli.sessions.station.station import StationOptions, StationSession
from survey_cli.simulate.practice.practice_station import PracticeOptions, open_practice_station
from survey_cli.store import Store
from survey_cli.study.open_study import OpenStudy, open_study
from survey_cli.tui.board.screen import BoardApp
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
ROOT = Path(__file__).parents[2]

FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Fonts that would be fetched from elsewhere: the reader's own monospaced one will do."""

Scenes = Sequence[tuple[str, tuple[str, ...]]]
"""Each with its title and the keys that lead to it."""

PICTURES: dict[str, tuple[str, str, dict[str, str], tuple[str, ...]]] = {
    "statement": ("asu_2000.yaml", "Chicago District", CHICAGO, (*OPENING, "1", "3")),
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
    "tutorial_appointment": ("Call me today at 4:30 pm", ("a", *"today 4:30 pm")),
    "tutorial_consent": ("go ahead", ("i", "enter")),
}
"""Name to what is heard in a call at a practice station, and keys after it."""

SCENES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("survey interview library.yaml", ("enter",)),
    ("key 1: Yes, the next question", ("1",)),
    ("45 and Enter: a warning about an unlikely number", (*"45", "enter")),
    ("12 and Enter", (*"12", "enter")),
    ("keys 1 and 3: two answers", ("1", "3")),
    ("key Enter: the next question", ("enter",)),
    ("key ←: back, the answers are still there", ("left",)),
    ("keys 2 and Enter: a correction", ("2", "enter")),
    ("key F2: a note", ("f2", *"Uses the computers on Mondays.")),
    ("keys Enter and 8: on with the interview", ("enter", "8")),
)
"""Titles and keys of the animated picture."""
SCENE_SECONDS = 2.5


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
            case=case,
            interviewer="Pat Moore",
            station="07",
            seed=2000,
            columns=columns,
            practice=practice,
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
    options = PracticeOptions(
        path=str(instrument), interviewer="pat", station="07", zone=ZoneInfo("America/Chicago")
    )
    station = open_practice_station(options, clock=lambda: MOMENT, rng=Random(1)).session
    app = StationApp(station)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d")
        while heard not in getattr(station.look().view, "heard", ""):
            await pilot.press("1", "d")
        await _type(pilot, keys)
        await pilot.pause()
        picture = app.export_screenshot(title="survey station --practice")
    station.close()
    return picture


def _read_readme_questionnaire() -> str:
    """Return the questionnaire that README shows above its screen."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^```yaml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def _read_file(page: str, name: str) -> str:
    """Return the last file of this name that a tutorial shows."""
    text = (HERE.parent / "tutorials" / f"{page}.md").read_text(encoding="utf-8")
    files: list[str] = re.findall(
        rf'^```\w+ title="{name}"\n(.*?)^```', text, re.MULTILINE | re.DOTALL
    )
    return files[-1]


async def _preview(file: str, keys: tuple[str, ...]) -> str:
    """Draw the preview of a questionnaire after these keys."""
    preview = Preview(file, PreviewOptions(), clock=lambda: MOMENT)
    app = PreviewApp(preview)
    async with app.run_test(size=(80, 24)) as pilot:
        await _type(pilot, keys)
        await pilot.pause()
        return app.export_screenshot(title="survey preview")


def _write_card_study(folder: Path) -> Path:
    """Write the questionnaire and the sample of the tutorial about a study; returns the questionnaire."""
    for name in ("library.yaml", "cards.csv"):
        (folder / name).write_text(_read_file("first-study", name), encoding="utf-8")
    return folder / "library.yaml"


async def _first_case(folder: Path) -> str:
    """Draw the station of the study in the tutorial, at its first case."""
    request = Request(path=str(_write_card_study(folder)), at=MOMENT, by="pat")
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


async def _station(folder: Path) -> str:
    """A case that nobody answered for on Monday, that asked on Tuesday to be called back, and that is called now."""
    monday = datetime(2026, 11, 23, 20, 10, tzinfo=UTC)
    this_morning = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    request = Request(path=str(_write_card_study(folder)), at=monday, by="pat")
    import_sample(request, ImportOptions(file=str(folder / "cards.csv"), rng=Random(7)))

    with open_study(request.path, by="pat") as study:
        station = _open_station(study, monday)
        station.fetch_case("1002")
        station.dial()
        station.record_outcome("no_answer")
        station.end_shift()

        station = _open_station(study, this_morning)
        station.fetch_case("1002")
        station.dial()
        station.add_note("his wife says that he works until ten")
        station.book_appointment(
            "today 10:30 to 11:30", policy="me_first", note="has 15 minutes then"
        )
        station.end_shift()

        # The appointment comes first.
        station = _open_station(study, MOMENT)
        app = StationApp(station)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            return app.export_screenshot(title="survey station library.yaml")


def _open_station(study: OpenStudy, at: datetime) -> StationSession:
    """Open a station at which it stays this time."""
    station = StationSession(
        study=study,
        station="07",
        clock=lambda: at,
        options=StationOptions(zone=ZoneInfo("America/Chicago")),
    )
    station.start()
    return station


def _board(folder: Path) -> str:
    """Draw the board of a study on a Tuesday evening, with the stations at work."""
    file = write_study(folder, _read_file("first-study", "library.yaml"))
    with patch("survey_cli.store.backends.account.read_system_account", lambda: "sue"):
        call_until_now(file)
        with patch("survey_cli.cli.output.datetimes.now", lambda: NOW):
            _run("db", "backup", str(file), str(folder / "backups"))
            return asyncio.run(_draw_board(StudyCommands(str(file), zone=ZONE)))


async def _draw_board(study: StudyCommands) -> str:
    app = BoardApp([study], "dark")
    async with app.run_test(size=(110, 26)) as pilot:
        while "reading" in app.export_screenshot():
            await pilot.pause(0.5)
        return app.export_screenshot(title="survey board library.yaml")


def _report(folder: Path) -> bytes:
    """Photograph the first page of a report about a thousand simulated interviews."""
    for file in (ROOT / "docs" / "example").glob("health*.yaml"):
        shutil.copy(file, folder)
    with chdir(folder):
        _run(
            "simulate",
            "health.yaml",
            "-n",
            "1200",
            "--seed",
            "5",
            "--settings",
            "health.simulation.yaml",
            "--keep",
        )
        _run("report", "health.yaml", "--origin", "simulated", "-o", "report.html")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 860, "height": 900}, device_scale_factor=2)
        page.goto((folder / "report.html").as_uri())
        contents = page.get_by_role("heading", name="Contents").bounding_box()
        assert contents is not None
        picture = page.screenshot(clip={"x": 0, "y": 0, "width": 860, "height": contents["y"] - 10})
        browser.close()
    return picture


def _run(*words: str) -> None:
    """Run a command of the program."""
    if run_command(list(words)):
        raise SystemExit(f"{' '.join(words)}: failed")


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
        (picture,) = await _draw(
            INSTRUMENTS / instrument, case, columns, [("survey interview", keys)]
        )
        _write(name, picture)
    library = folder / "library.yaml"
    library.write_text(_read_readme_questionnaire(), encoding="utf-8")
    (picture,) = await _draw(
        library, "1", {}, [("survey interview library.yaml", ("4", "enter"))], (60, 20)
    )
    _write("library", picture)
    example = create_instrument(str(folder / "example.yaml"))
    scenes = await _draw(example, "101", {"branch": "2"}, SCENES)
    _write("interview", animate(scenes, SCENE_SECONDS))
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
        library.write_text(
            library.read_text(encoding="utf-8").replace("ask_if: visits >=", "ask_if: visit >=", 1)
        )
        _write("tutorial_problem", await _preview(library.name, ()))
    _write("tutorial_station", await _first_case(folder))
    _write("coding", await _code(folder))


def _write(name: str, picture: str) -> None:
    (HERE / f"{name}.svg").write_text(FONTS.sub("", picture), encoding="utf-8")


def _write_station(folder: Path) -> None:
    _write("station", asyncio.run(_station(folder)))


def _write_board(folder: Path) -> None:
    _write("board", _board(folder))


def _write_report(folder: Path) -> None:
    (HERE / "report.png").write_bytes(_report(folder))


def _write_route(folder: Path) -> None:
    file = str(INSTRUMENTS / "household.yaml")
    picture = str(HERE / "route.svg")
    run_command(["print", file, "--route", "--unfold", "home", "-o", picture, "--force"])


WRITERS: dict[str, Callable[[Path], None]] = {
    "station": _write_station,
    "board": _write_board,
    "report": _write_report,
    "route": _write_route,
    "interviews": lambda folder: asyncio.run(_write_interviews(folder)),
}
"""What can be named on the command line; `interviews` are all others."""


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name in sys.argv[1:] or WRITERS:
        with TemporaryDirectory() as folder:
            WRITERS[name](Path(folder))


if __name__ == "__main__":
    main()
