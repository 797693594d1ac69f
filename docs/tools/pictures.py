"""Writer of the pictures of the documentation, from the real program: `python docs/tools/pictures.py`.

Each is the interviewer's screen at 80×24 after some keys, with a database in memory.
"""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from survey_cli.problems import UserError
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, ImportResult, ImportRuntime, import_sample
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import build_queue
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import Store
from survey_cli.study.open_study import open_study
from survey_cli.tui.interview.app import InterviewApp
from survey_cli.tui.station.app import StationApp

HERE = Path(__file__).parents[1] / "pictures"
INSTRUMENTS = Path(__file__).parents[2] / "instruments"
MOMENT = datetime(2026, 11, 24, 16, 42, tzinfo=UTC)
CHICAGO = {"kind": "District", "region": "Central", "city": "Chicago", "zone": "America/Chicago"}
OPENING = ("enter", "1", "1")

FONTS = re.compile(r"@font-face\s*\{[^}]*\}\s*")
"""Fonts that would be fetched from elsewhere: the reader's own monospaced one will do."""

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


async def _drawn(instrument: str, case: str, columns: dict[str, str], keys: tuple[str, ...]) -> str:
    with Store.open(":memory:", create=True) as store:
        seating = StartOptions(case=case, interviewer="Pat Moore", station="07", seed=2000, columns=columns)
        desk = start_or_resume(INSTRUMENTS / instrument, seating, clock=lambda: MOMENT, store=store)
        if isinstance(desk, UserError):
            raise SystemExit(str(desk))
        app = InterviewApp(desk)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            for key in keys:
                await pilot.press({" ": "space"}.get(key, key))
            await pilot.pause()
            return app.export_screenshot(title="survey interview")


async def _station() -> str:
    """A unit that nobody answered for on Monday, that asked on Tuesday to be called back, and that is called now."""
    with TemporaryDirectory() as folder:
        moment = [datetime(2026, 11, 23, 20, 10, tzinfo=UTC)]
        request = Request(path=str(INSTRUMENTS / "asu_2000.yaml"), at=moment[0], db=f"{folder}/asu_2000.db", by="ann")
        units = ImportOptions(file=str(INSTRUMENTS / "asu_2000_units.csv"))
        done = import_sample(request, units, ImportRuntime(rng=Random(7)))
        study = open_study(request.path, db=request.db, by="ann")
        if not isinstance(done, ImportResult) or isinstance(study, UserError):
            raise SystemExit(str(done))
        station = StationSession(
            study=study,
            queue=build_queue(study, "07"),
            clock=lambda: moment[0],
            zone=ZoneInfo("America/Chicago"),
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


def main() -> None:
    HERE.mkdir(exist_ok=True)
    (HERE / "station.svg").write_text(FONTS.sub("", asyncio.run(_station())), encoding="utf-8")
    for name, (instrument, case, columns, keys) in PICTURES.items():
        picture = FONTS.sub("", asyncio.run(_drawn(instrument, case, columns, keys)))
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
