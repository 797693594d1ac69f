"""Hours are keys and answers, not an open page: the station asks, then begins a break at the last key."""

from datetime import timedelta
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, OPTIONS, Shift, interviewed, on
from survey_cli.fieldwork.shifts import (
    AWAY_REASON,
    DayOfWork,
    PersonAtWork,
    ShiftCorrection,
    ShiftSummary,
    WorkEvent,
    build_days,
)
from survey_cli.services.cases.floor import correct_shift, load_current_floor, load_shift
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import BreakView, CaseView

TWO = CASES + "B,2,Brian Baker,312 555 0101,America/Chicago\n"
DAY = "2026-11-24"


@pytest.fixture(autouse=True)
def zone_of_the_office(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Chicago")


def sue(shift: Shift) -> Request:
    return Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")


def beat(shift: Shift, station: StationSession, minutes: int) -> None:
    """Let the station run without a key: it is looked at each second, and kept alive."""
    for _ in range(minutes):
        shift.later(minutes=1)
        station.look()
        station.keep_alive()


def person(shift: Shift) -> PersonAtWork:
    [one] = load_current_floor(sue(shift)).people
    return one


def day(shift: Shift) -> ShiftSummary:
    return load_shift(sue(shift), "ann", DAY).summary


def test_after_ten_minutes_it_asks_and_the_key_that_answers_does_nothing_else(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    beat(shift, ann, 9)
    assert ann.look().presence_question == ""
    beat(shift, ann, 1)
    question = ann.look().presence_question
    assert question == "Still there? No key was pressed since 10:00."
    noted = ann.note_key()
    assert noted.took_key
    assert noted.notice == ""
    assert ann.look().presence_question == ""
    assert not ann.note_key().took_key
    beat(shift, ann, 9)
    assert on(ann) != ""
    assert ann.summarize_shift().breaks == ()
    assert ann.summarize_shift().paid_time == timedelta(minutes=19)


def test_after_fifteen_minutes_a_break_begins_at_the_last_key(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    case = on(ann)
    shift.later(minutes=5)
    assert not ann.note_key().took_key
    beat(shift, ann, 15)
    view = ann.look().view
    assert isinstance(view, BreakView)
    assert view.reason == AWAY_REASON
    assert f"{view.since:%H:%M}" == "10:05"
    assert shift.row(case).holder is None, "others can call it"

    beat(shift, ann, 40)
    assert person(shift).state == f"break: {AWAY_REASON}"
    assert person(shift).since == shift.at - timedelta(minutes=55)
    assert person(shift).paid == day(shift).paid_time == timedelta(minutes=5)

    noted = ann.note_key()
    assert noted.took_key
    assert noted.notice == (
        "break from 10:05 to 11:00, because no key was pressed; a supervisor can correct it"
    )
    assert on(ann) != "", "calling goes on"
    shift.later(minutes=10)
    ann.record_outcome("no_answer")
    summary = ann.summarize_shift()
    assert [(taken.reason, taken.duration) for taken in summary.breaks] == [
        (AWAY_REASON, timedelta(minutes=55))
    ]
    assert summary.paid_time == day(shift).paid_time == timedelta(minutes=15)
    assert person(shift).paid == timedelta(minutes=15)


def test_a_supervisor_corrects_such_a_break(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    beat(shift, ann, 30)
    ann.note_key()
    correction = ShiftCorrection(DAY, "briefing at the desk", unpaid=timedelta())
    corrected = correct_shift(sue(shift), "ann", correction)
    assert isinstance(corrected, DayOfWork)
    assert corrected.summary.paid_time == timedelta(minutes=30)


def test_a_call_that_is_open_stays_and_its_outcome_can_be_keyed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    case = on(ann)
    ann.note_key()
    ann.dial()
    beat(shift, ann, 20)
    step = ann.look()
    assert isinstance(step.view, CaseView)
    assert step.presence_question == "A break since 10:00, because no key was pressed."
    assert ann.note_key().took_key
    assert ann.look().presence_question == ""
    assert on(ann) == case
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.summarize_shift().paid_time == timedelta()


def test_a_call_without_a_question_is_no_break(tmp_path: Path) -> None:
    """A line interface can't ask while it waits for a line: she may have talked."""
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    ann.note_key()
    ann.dial()
    shift.later(minutes=25)
    noted = ann.note_key()
    assert not noted.took_key
    assert noted.notice == ""
    ann.record_outcome("no_answer")
    assert ann.summarize_shift().paid_time == timedelta(minutes=25)

    shift.later(minutes=25)
    later = ann.note_key()
    assert not later.took_key, "the line acts: nothing was asked"
    assert later.notice == (
        "break from 10:25 to 10:50, because no key was pressed; a supervisor can correct it"
    )
    assert ann.summarize_shift().paid_time == timedelta(minutes=25)
    assert day(shift).paid_time == timedelta(minutes=25)


def test_an_interview_is_never_interrupted_and_its_answers_are_hours(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    ann.note_key()
    ann.dial()
    session = interviewed(ann, "1")
    for _ in range(90):
        shift.later(minutes=1)
        ann.look()
        ann.keep_alive()
        session.take_message()
        assert ann.look().presence_question == ""
    assert session.reply("1") is None
    assert session.reply("2") is None
    assert ann.close_interview().rejection is None
    assert ann.look().presence_question == ""
    assert ann.summarize_shift().paid_time == timedelta(minutes=90)
    assert ann.summarize_shift().breaks == ()


def test_an_interview_that_was_left_open_is_paid_two_hours_at_most(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    session = interviewed(ann, "1")
    for _ in range(14 * 60 // 5):
        shift.later(minutes=5)
        ann.keep_alive()
        session.take_message()
    assert timedelta(hours=1, minutes=55) <= day(shift).paid_time <= timedelta(hours=2, minutes=5)


def test_a_break_that_was_keyed_is_left_alone(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    ann.start_break("lunch")
    beat(shift, ann, 30)
    assert ann.look().presence_question == ""
    assert not ann.note_key().took_key
    ann.end_break()
    assert [taken.reason for taken in ann.summarize_shift().breaks] == ["lunch"]


def test_a_break_goes_on_in_a_station_that_is_opened_again_until_a_key(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann")
    beat(shift, ann, 20)
    shift.later(hours=1)
    again = shift.station("ann")
    # its page may have opened it, with nobody there
    assert isinstance(again.look().view, BreakView)
    noted = again.note_key()
    assert noted.took_key
    assert noted.notice.startswith("break from 10:00 to 11:20")
    assert isinstance(again.look().view, CaseView)
    shift.later(minutes=5)
    again.record_outcome("no_answer")
    assert again.summarize_shift().paid_time == timedelta(minutes=5)
    assert day(shift).paid_time == timedelta(minutes=5)


@pytest.mark.parametrize(
    "detail",
    ["", "soon", "1999-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00", "2026-11-24T10:00:00"],
)
def test_no_forged_beginning_makes_the_paid_time_longer(tmp_path: Path, detail: str) -> None:
    shift = Shift(tmp_path, cases=TWO)
    minutes = timedelta(minutes=1)
    start = shift.at

    def event(after: int, kind: str, detail: str = "") -> WorkEvent:
        return WorkEvent(start + after * minutes, "ann", kind, detail, "desk 1", "ann")  # type: ignore[arg-type]

    honest = [event(0, "on"), event(60, "back"), event(120, "off")]
    forged = [event(0, "on"), event(30, "away", detail), event(60, "back"), event(120, "off")]
    plan = shift.study().plan
    to_local = OPTIONS.zone
    assert to_local is not None
    paid = []
    for work in (honest, forged):
        [one] = build_days(work, [], plan, lambda at: at.astimezone(to_local), at=start)
        paid.append(one.summary.paid_time)
    assert timedelta() <= paid[1] <= paid[0] == timedelta(hours=2)
