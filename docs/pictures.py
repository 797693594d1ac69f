"""Draws the pictures of the README from the real program: `python docs/pictures.py`. Each is the interviewer's screen at
80×24 after some keys in the founding survey or the household survey, held in a database in memory."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

from survey_cli.desk.seating import Seating, seat
from survey_cli.problems import Trouble
from survey_cli.store import Store
from survey_cli.tui.app import InterviewApp

HERE = Path(__file__).parent / "pictures"
INSTRUMENTS = Path(__file__).parent.parent / "instruments"
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
        seating = Seating(case=case, interviewer="Pat Moore", station="07", seed=2000, columns=columns)
        desk = seat(INSTRUMENTS / instrument, seating, clock=lambda: MOMENT, store=store)
        if isinstance(desk, Trouble):
            raise SystemExit(str(desk))
        app = InterviewApp(desk)
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            for key in keys:
                await pilot.press({" ": "space"}.get(key, key))
            await pilot.pause()
            return app.export_screenshot(title="survey interview")


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name, (instrument, case, columns, keys) in PICTURES.items():
        picture = FONTS.sub("", asyncio.run(_drawn(instrument, case, columns, keys)))
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
