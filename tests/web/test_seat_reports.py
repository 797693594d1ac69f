"""A seat reports to web what is at hand, and hands the numbers that are dialed to its page as links."""

import json
import socket
from pathlib import Path
from types import SimpleNamespace

from support.shift import CASES, Shift
from survey_cli.cli.commands import serve
from survey_cli.web.seats.seat_request import Face, SeatRequest, SeatSide

FIELDWORK = """
fieldwork:
  frame: establishment
  country: DE
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
GERMAN = CASES.replace("312 555 0100,America/Chicago", "030 23125 100,Europe/Berlin")


def test_the_case_and_the_link_reach_web(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=GERMAN, fieldwork=FIELDWORK)
    Shift.close_all()
    ours, theirs = socket.socketpair()
    given = SimpleNamespace(
        name="d1", db=shift.db, people=None, zone="", clock_is_right=True, dial="link"
    )
    request = SeatRequest(person="ann", face=Face.SCREEN)
    with ours, theirs:
        session = serve._open_station(  # type: ignore[arg-type]
            [str(shift.file)], given, request, SeatSide(reports=theirs)
        )
        try:
            assert session.dial().rejection is None
        finally:
            session.close()
        ours.settimeout(30)
        reports = [json.loads(line) for line in ours.recv(65536).splitlines()]

    said = [
        {key: each.get(key) for key in ("type", "case", "activity", "link")} for each in reports
    ]
    assert said == [
        {"type": "status", "case": "A", "activity": "case", "link": None},
        {"type": "dial", "case": None, "activity": None, "link": "tel:+493023125100"},
        {"type": "status", "case": "A", "activity": "call", "link": None},
    ]
