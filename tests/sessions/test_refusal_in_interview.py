"""A refusal in the middle of an interview keeps what the respondent said, for whoever calls again."""

import io
from pathlib import Path

import pytest

from support.screens import calling
from support.shift import Shift
from survey_cli.fieldwork.case.events import OutcomeRecorded, RefusalDescribed
from survey_cli.plain import run_station
from survey_cli.services.database.administration import VerificationResult, verify_database


def read_events(shift: Shift) -> list[object]:
    return [entry.event for entry in shift.study().store.cases.queries.read_history("A")]


@pytest.mark.parametrize("outcome", ["refusal_soft", "refusal_hard", "break_off"])
def test_the_reason_is_stored_with_the_end_of_the_interview(tmp_path: Path, outcome: str) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    ann.dial()
    interview = ann.open_interview().interview
    assert interview is not None
    interview.reply("")
    assert interview.asks_reason(interview.outcomes[outcome])
    assert interview.stop(outcome, reason="This takes too long.") is None
    assert ann.close_interview().rejection is None
    events = read_events(shift)
    assert RefusalDescribed("This takes too long.") in events
    (recorded,) = [event for event in events if isinstance(event, OutcomeRecorded)]
    assert recorded.outcome == outcome
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult)
    assert verified.findings == ()


def test_other_ends_ask_for_no_reason(tmp_path: Path) -> None:
    ann = Shift(tmp_path).station()
    interview = ann.open_interview().interview
    assert interview is not None
    assert not interview.asks_reason(interview.outcomes["language"])
    assert not interview.asks_reason(interview.outcomes["appointment"])


def test_the_full_screen_asks_what_was_said(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    ann.dial()
    with calling(ann, "i") as at:
        at.press("enter", "f8", "7", "y")
        assert "What did they say (optional)?" in at.text()
        at.press(*"no time", "enter")
    assert RefusalDescribed("no time") in read_events(shift)


def test_the_plain_station_asks_what_was_said(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    said = io.StringIO()
    lines = ".dial\n.interview\n\n.stop refusal_soft\ny\nno time\n.leave\n"
    run_station(shift.station(), io.StringIO(lines), said, io.StringIO())
    assert "What did they say (optional)? Enter for none" in said.getvalue()
    assert RefusalDescribed("no time") in read_events(shift)
