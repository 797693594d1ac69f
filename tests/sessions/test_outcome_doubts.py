"""An outcome that contradicts what was recorded in the call is asked about, in the same words on both interfaces."""

import io
from pathlib import Path

import pytest

from support.screens import calling
from support.shift import Shift, interviewed
from survey_cli.plain import run_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView

TWO_ANSWERS = "2 answers were recorded in this call. Record “No answer” anyway?"


def put_aside(station: StationSession, *answers: str) -> None:
    """Dial, ask as many questions as there are answers, and suspend the interview."""
    assert station.dial().rejection is None
    conduct = station.open_interview().interview
    assert conduct is not None
    conduct.reply("")
    for answer in answers:
        assert conduct.reply(answer) is None
    assert conduct.suspend() is None
    assert station.close_interview().rejection is None


def find_doubt(station: StationSession, outcome: str) -> str:
    view = station.look().view
    assert isinstance(view, CaseView)
    (choice,) = (choice for choice in view.choices if choice.outcome.id == outcome)
    doubt = view.find_doubt(choice)
    return f"{doubt.what} {doubt.question}" if doubt is not None else ""


@pytest.mark.parametrize(
    "outcome", ["no_answer", "busy", "machine", "disconnected", "changed", "wrong_number"]
)
def test_answers_of_this_call_contradict_that_nobody_was_reached(
    tmp_path: Path, outcome: str
) -> None:
    ann = Shift(tmp_path).station()
    put_aside(ann, "1", "2")
    assert find_doubt(ann, outcome).startswith("2 answers were recorded in this call.")


@pytest.mark.parametrize(
    "outcome", ["callback", "refusal_soft", "not_eligible", "language", "technical", "supervisor"]
)
def test_what_may_follow_answers_is_not_asked_about(tmp_path: Path, outcome: str) -> None:
    ann = Shift(tmp_path).station()
    put_aside(ann, "1", "2")
    assert find_doubt(ann, outcome) == ""


def test_an_interview_without_an_answer_contradicts_nothing(tmp_path: Path) -> None:
    ann = Shift(tmp_path).station()
    put_aside(ann)
    assert find_doubt(ann, "no_answer") == ""


def test_answers_of_an_earlier_call_contradict_nothing(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    put_aside(ann, "1", "2")
    assert ann.record_outcome("callback").rejection is None
    shift.later(days=1)
    assert ann.claim_next().rejection is None
    assert ann.dial().rejection is None
    assert find_doubt(ann, "no_answer") == ""


def test_the_answers_are_known_after_the_program_died(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    ann.dial()
    interviewed(ann, "1", "2")  # and then nothing more is heard of her
    shift.later(minutes=2)
    assert find_doubt(shift.station(), "no_answer") == TWO_ANSWERS


def test_the_full_screen_asks_before_it_records(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    put_aside(ann, "1", "2")
    with calling(ann, "1") as at:
        assert TWO_ANSWERS in " ".join(at.text().split())
        at.press("n")
        assert shift.case("A").last_call is None
        at.press("1", "y")
        last = shift.case("A").last_call
        assert last is not None
        assert last.outcome == "no_answer"


def test_the_plain_station_asks_in_the_same_words(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    put_aside(ann, "1", "2")
    said = io.StringIO()
    run_station(ann, io.StringIO("1\nn\n"), said, io.StringIO())
    assert TWO_ANSWERS in said.getvalue()
    assert shift.case("A").last_call is None
