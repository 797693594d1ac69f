"""Seats of a study on a database server: each is that of the person who asked for it."""

from pathlib import Path

from survey_cli.web.seats.seat_request import Face, SeatPrograms, SeatRequest, SeatSide

QUESTIONNAIRE = "field.yaml"
ADDRESS_FILE = "address"


def run_station(request: SeatRequest, _: SeatSide) -> int:
    """Run a station of the person, over the login for seats."""
    from survey_cli import tui
    from survey_cli.sessions.station.open_station import open_station
    from survey_cli.study.signing_in import sign_in

    sign_in(request.person)
    session = open_station(
        QUESTIONNAIRE,
        interviewer=request.person,
        station="browser",
        db=Path(ADDRESS_FILE).read_text(),
    )
    try:
        tui.run_station(session)
    finally:
        session.close()
    return 0


PROGRAMS: SeatPrograms = {Face.SCREEN: run_station}
