"""Seats with real stations of the founding survey, as `survey serve` opens them."""

import csv
from pathlib import Path

from support.forked_survey import run_forked_survey
from support.stored_interviews import sql
from survey_cli.web.seats.seat_request import Face, SeatPrograms, SeatRequest, SeatSide

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
STUDY = "asu_2000.yaml"


def prepare_study(folder: Path, cases: int) -> None:
    """Write the study into this folder, with cases that can be called at any hour."""
    questionnaire = (INSTRUMENTS / STUDY).read_text(encoding="utf-8")
    hours = 'hours: {mon-fri: "08:00-17:00"}'
    dayparts = 'dayparts: {morning: "08:00-12:00", afternoon: "12:00-17:00"}'
    assert hours in questionnaire
    questionnaire = questionnaire.replace(
        hours, 'hours: {mon-sun: "00:00-23:59"}\n  reason: a test at any hour\n  holidays: false'
    ).replace(dayparts, 'dayparts: {morning: "00:00-12:00", afternoon: "12:00-23:59"}')
    (folder / STUDY).write_text(questionnaire, encoding="utf-8")

    with (folder / "units.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["unit", "kind", "region", "city", "phone", "zone"])
        for number in range(cases):
            digits = f"{number:07}"
            phone = f"+1 312 5{digits[1:3]} {digits[3:]}"
            writer.writerow(
                [f"u{number}", "District", "Central", "Chicago", phone, "America/Chicago"]
            )
    imported = run_forked_survey("sample", "import", STUDY, "units.csv", folder=folder)
    assert imported.returncode == 0, imported.stderr


def prepare_seats() -> None:
    """Prepare the spawner as `survey serve` does."""
    from survey_cli.cli.commands import serve

    serve.prepare_seats([STUDY])


def run_station(request: SeatRequest, _: SeatSide) -> int:
    """Run a station in its full screen, until its shift ends."""
    from survey_cli import tui
    from survey_cli.sessions.station.open_station import open_station

    session = open_station(STUDY, interviewer=request.person, station="browser")
    try:
        tui.run_station(session)
    finally:
        session.close()
    return 0


PROGRAMS: SeatPrograms = {Face.SCREEN: run_station}


def list_answers(folder: Path) -> list[str]:
    """Return the items that were answered, in the order of the journal."""
    database = folder / "responses" / STUDY.replace(".yaml", ".db")
    rows = sql(database, "SELECT item FROM journal WHERE kind = 'answered' ORDER BY seq")
    return [item for (item,) in rows]
