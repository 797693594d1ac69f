"""An interviewer who signs on at another station continues her own call there; the old station can't write to it."""

from pathlib import Path

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, Shift, on
from survey_cli.entries import Rejection
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.station_views import CaseView

TWO = CASES + "B,2,Brian Baker,312 555 0101,America/Chicago\n"


def test_her_open_interview_comes_first_at_another_station_which_says_so(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    old = shift.station("ann", "desk 1")
    key = on(old)
    old.dial()
    interview = old.open_interview().interview
    assert interview is not None
    interview.reply("")
    assert interview.reply("1") is None
    shift.later(minutes=1)

    new = shift.station("ann", "desk 2")
    view = new.look().view
    assert isinstance(view, CaseView)
    assert view.key == key
    assert view.notice == (
        "Continued from station desk 1, which can't write to it any more: the interview was in progress."
        " Resume it, or key an outcome."
    )

    refused = interview.reply("2")
    assert isinstance(refused, Rejection)
    assert "ann at station desk 2 has this case now" in refused.why
    there = new.open_interview().interview
    assert there is not None
    prompt = there.prompt()
    assert prompt is not None
    assert prompt.place.item == "b"
    assert there.reply("2") is None
    assert there.reply("2") is None
    assert new.close_interview().rejection is None
    assert shift.row(key).position.code == "1.1"
    assert len(shift.case(key).attempts) == 1
    old.keep_alive()
    assert old.record_outcome("no_answer").rejection is not None
    assert shift.row(key).position.code == "1.1"
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult)
    assert verified.findings == ()


def test_a_dialed_number_comes_first_at_another_station_too(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    old = shift.station("ann", "desk 1")
    key = on(old)
    old.dial()
    new = shift.station("ann", "desk 2")
    assert on(new) == key
    assert old.record_outcome("busy").rejection is not None
    assert new.record_outcome("no_answer").rejection is None
    last = shift.case(key).last_call
    assert last is not None
    assert last.outcome == "no_answer"


def test_a_case_that_was_only_shown_stays_where_it_is(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    old = shift.station("ann", "desk 1")
    new = shift.station("ann", "desk 2")
    assert {on(old), on(new)} == {"A", "B"}


def test_the_open_interview_of_another_person_is_not_taken_over(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann", "desk 1")
    interview = ann.open_interview().interview
    assert interview is not None
    interview.reply("")
    assert on(shift.station("bob", "desk 2")) == ""
    assert interview.reply("1") is None


def test_survey_interview_continues_her_case_at_another_station(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann", "desk 1")
    interview = ann.open_interview().interview
    assert interview is not None
    interview.reply("")
    options = StartOptions(case="A", interviewer="ann", station="desk 2", db=shift.db)
    there = start_or_resume(shift.file, options, clock=lambda: shift.at)
    assert there.reply("1") is None
    assert isinstance(interview.reply("1"), Rejection)
    there.close()
