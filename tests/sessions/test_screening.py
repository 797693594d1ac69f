"""Refusals around a screener in a random-digit frame: who has passed it is known to be eligible."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.shift import Shift, on
from survey_cli.sessions.interview.interview_session import InterviewSession

ITEMS = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: adult, type: single, text: Are you an adult?, options: {1: "Yes", 2: "No"}}
  - {id: minor, type: end, unless: grown, outcome: not_eligible, text: Goodbye.}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
compute: {grown: adult == 1}
"""
FIELDWORK = """
fieldwork:
  frame: rdd
  country: US
  hours: {mon-fri: "09:00-20:30", sat: "10:00-17:00"}
  eligible_from: SCREENER
"""


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Shift.close_all()


@pytest.mark.parametrize(
    ("eligible_from", "answers", "outcome", "code", "later"),
    [
        # the item that only adults are asked: who is asked it has passed the screener
        ("a", ("", "1"), "refusal_soft", "2.112", "2.112"),
        ("a", ("", "1"), "break_off", "2.12", "2.12"),
        ("a", ("", "1"), "callback", "2.21", "2.21"),
        ("a", ("",), "refusal_soft", "3.21", "4.32"),
        # the screener itself: who is asked it has not passed it
        ("adult", ("", "1"), "refusal_soft", "2.112", "2.112"),
        ("adult", ("",), "refusal_soft", "3.21", "4.32"),
        ("adult", ("",), "callback", "3.21", "4.32"),
    ],
)
def test_who_passed_the_screener_stays_eligible_when_the_number_is_disconnected(
    eligible_from: str,
    answers: tuple[str, ...],
    outcome: str,
    code: str,
    later: str,
    tmp_path: Path,
) -> None:
    """A refusal became 3.21, then 4.32, and left the denominator of RR1."""
    shift = Shift(tmp_path, items=ITEMS, fieldwork=FIELDWORK.replace("SCREENER", eligible_from))
    ann = shift.station("ann")
    desk = ann.open_interview().interview
    assert isinstance(desk, InterviewSession), desk
    for answer in answers:
        assert desk.reply(answer) is None
    assert desk.stop(outcome) is None
    assert ann.close_interview().rejection is None
    assert shift.row("A").position.code == code
    shift.later(days=8)
    ann = shift.station("ann", name="another")
    assert on(ann) == "A"
    assert ann.record_outcome("disconnected").rejection is None
    assert shift.row("A").position.code == later
