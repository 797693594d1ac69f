"""A shift around its calls: the time after a call, breaks and their reasons, appointments that are due, the summary."""

import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, FIELDWORK, OPTIONS, Shift, interviewed, on
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.events import CaseNoteWritten, OutcomeRecorded
from survey_cli.fieldwork.shifts import render_shift_summary
from survey_cli.plain import run_station
from survey_cli.problems import StoreError
from survey_cli.services.cases.floor import load_shift
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.station.listeners import Listeners
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import BreakView, CaseView, IdleView, WrapUpView
from survey_cli.store.cases.case_store import CaseQueries

FIVE = CASES + "".join(
    f"{key},2,Person {key},312 555 010{n},America/Chicago\n" for n, key in enumerate("BCDE", 1)
)
WRAPUP = FIELDWORK + "  wrapup: 20s\n"


def seconds(shift: Shift, number: float) -> None:
    shift.later(minutes=number / 60)


# dialing


def test_a_call_is_timed_from_its_dialing_also_after_a_crash(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    view = ann.look().view
    assert isinstance(view, CaseView)
    assert view.dialed_at is None
    dialed_at = shift.at
    ann.dial()
    seconds(shift, 90)
    again = shift.station()  # the first one was killed
    view = again.look().view
    assert isinstance(view, CaseView)
    assert view.dialed_at == dialed_at
    assert again.record_outcome("busy").rejection is None
    view = again.look().view
    assert isinstance(view, CaseView)
    assert view.dialed_at is None, "another case, which nobody has called"


# the time after a call


def test_after_a_call_the_next_case_comes_when_its_time_is_over(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP)
    ann = shift.station()
    first = on(ann)
    ann.dial()
    assert ann.record_outcome("no_answer").rejection is None
    view = ann.look().view
    assert isinstance(view, WrapUpView)
    assert (view.until, view.outcome) == (shift.at + timedelta(seconds=20), "no answer")
    seconds(shift, 19)
    ann.keep_alive()
    assert isinstance(ann.look().view, WrapUpView)
    assert ann.claim_next().rejection is not None
    seconds(shift, 1)
    ann.keep_alive()
    assert on(ann) not in ("", first)


def test_the_time_after_a_call_ends_at_once_when_the_interviewer_goes_on(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP)
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.end_wrapup().rejection is None
    assert on(ann)


def test_an_interview_also_has_its_time_afterwards(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP)
    ann = shift.station()
    interviewed(ann, "1", "2", "1")
    assert ann.close_interview().rejection is None
    view = ann.look().view
    assert isinstance(view, WrapUpView)
    assert view.outcome == "complete"


def test_a_note_after_a_call_goes_to_its_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP)
    ann = shift.station()
    first = on(ann)
    assert ann.record_outcome("refusal_soft").rejection is None
    due_at = shift.row(first).position.due_at
    seconds(shift, 5)
    assert ann.add_note("her husband may want to take part").rejection is None
    with shift.study() as study:
        history = study.store.cases.queries.read_history(first)
    assert history[-1].event == CaseNoteWritten("her husband may want to take part")
    assert (shift.row(first).holder, shift.row(first).position.due_at) == (None, due_at)
    assert isinstance(ann.look().view, WrapUpView)
    assert ann.add_note("  ").rejection is not None


def test_a_note_after_a_call_is_refused_where_another_station_has_its_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, fieldwork=WRAPUP)
    ann = shift.station()
    assert ann.record_outcome("busy").rejection is None
    bob = shift.station("bob")
    assert bob.fetch_case("A").rejection is None
    assert ann.add_note("too late").rejection == Rejection(
        "A: bob at station of bob has this case now"
    )


def test_an_outcome_is_revoked_after_its_call(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP)
    ann = shift.station()
    first = on(ann)
    ann.dial()
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.add_note("noted").rejection is None
    assert ann.revoke_outcome().rejection is None
    assert on(ann) == first
    assert ann.summarize_shift().calls == 0
    assert ann.record_outcome("busy").rejection is None
    assert shift.case(first).last_call.outcome == "busy"  # type: ignore[union-attr]
    assert ann.summarize_shift().calls == 1


def test_a_case_with_another_number_stays_without_a_time_between(tmp_path: Path) -> None:
    cases = (
        "unit,kind,name,phone,zone\nA,1,Alice Adams,312 555 0100; 312 555 0101,America/Chicago\n"
    )
    ann = Shift(tmp_path, cases=cases, fieldwork=WRAPUP).station()
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann) == "A"


def test_a_break_may_begin_after_a_call(tmp_path: Path) -> None:
    ann = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP).station()
    assert ann.record_outcome("no_answer").rejection is None
    assert ann.start_break("lunch").rejection is None
    assert isinstance(ann.look().view, BreakView)
    assert ann.end_break().rejection is None
    assert on(ann)


# breaks


def test_a_break_has_one_of_the_reasons_of_the_study(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    assert ann.list_break_reasons() == ("lunch", "pause", "technical", "briefing")
    assert ann.start_break("lunch").rejection is None
    view = ann.look().view
    assert isinstance(view, BreakView)
    assert view.reason == "lunch"


def test_another_reason_begins_another_break(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    assert ann.start_break().rejection is None
    shift.later(minutes=2)
    assert ann.start_break("technical").rejection is None
    shift.later(minutes=3)
    assert ann.summarize_shift().breaks == (
        ("", timedelta(minutes=2)),
        ("technical", timedelta(minutes=3)),
    )


def test_a_study_may_have_its_own_reasons(tmp_path: Path) -> None:
    ann = Shift(tmp_path, cases=FIVE, fieldwork=FIELDWORK + "  breaks: [tea, training]\n").station()
    case = on(ann)
    assert ann.list_break_reasons() == ("tea", "training")
    assert ann.start_break("lunch").rejection == Rejection(
        "choose a reason for the break: tea, training"
    )
    assert on(ann) == case
    assert ann.start_break().rejection is None, "none has to be given"


# appointments


def with_appointment(tmp_path: Path, by: str = "ann", policy: str = "anyone") -> tuple[Shift, str]:
    """A study where one case has an appointment at 10:30, made at 10:00 by an interviewer who has left."""
    shift = Shift(tmp_path, cases=FIVE)
    station = shift.station(by)
    key = on(station)
    assert station.book_appointment("10:30", policy=policy).rejection is None  # type: ignore[arg-type]
    assert station.end_shift().rejection is None
    return shift, key


def test_an_appointment_is_due_from_five_minutes_before_its_time(tmp_path: Path) -> None:
    shift, key = with_appointment(tmp_path)
    ann = shift.station()
    shift.later(minutes=24.5)
    ann.keep_alive()
    assert ann.find_due_appointment() is None
    shift.later(minutes=0.5)
    due = ann.find_due_appointment()  # no other look at the database is needed
    assert due is not None
    assert (due.key, due.is_late) == (key, False)


@pytest.mark.parametrize(
    ("policy", "minutes", "told"),
    [("me", 30, False), ("me_first", 30, False), ("me_first", 46, True)],
)
def test_an_appointment_is_due_for_those_who_may_keep_it(
    policy: str, minutes: float, told: bool, tmp_path: Path
) -> None:
    shift, key = with_appointment(tmp_path, by="bob", policy=policy)
    ann = shift.station()
    shift.later(minutes=minutes)
    ann.keep_alive()
    due = ann.find_due_appointment()
    assert (due is not None and due.key == key) == told


def test_an_appointment_is_announced_on_a_break_and_during_an_interview(tmp_path: Path) -> None:
    shift, key = with_appointment(tmp_path)
    ann = shift.station()
    assert ann.start_break().rejection is None
    shift.later(minutes=40)
    ann.keep_alive()
    assert ann.find_due_appointment() is not None
    assert ann.fetch_case("C" if key != "C" else "D").rejection is None
    ann.open_interview()
    ann.keep_alive()
    due = ann.find_due_appointment()
    assert due is not None
    assert due.key == key


def test_an_appointment_on_the_screen_is_not_announced(tmp_path: Path) -> None:
    shift, key = with_appointment(tmp_path)
    ann = shift.station()
    shift.later(minutes=30)
    ann.keep_alive()
    assert ann.find_due_appointment() is not None
    assert ann.fetch_case(key).rejection is None
    assert ann.find_due_appointment() is None
    ann.keep_alive()
    assert ann.find_due_appointment() is None


def test_looking_at_a_due_appointment_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shift, _ = with_appointment(tmp_path)
    ann = shift.station()
    shift.later(minutes=30)
    ann.keep_alive()

    def fail(*_: object, **__: object) -> None:
        raise StoreError("field.db", "disk is gone", "look for it")

    for name in ("list_due_appointments", "read_history", "find_contact", "list_appointments"):
        monkeypatch.setattr(CaseQueries, name, fail)
    assert ann.find_due_appointment() is not None
    ann.keep_alive()  # fails silently
    assert ann.find_due_appointment() is not None


# the summary


def work_a_while(shift: Shift, ann: StationSession) -> None:
    """A refusal after a talk of 2 minutes, a break of 10, an appointment after 3, a complete after 4."""
    ann.dial()
    shift.later(minutes=2)
    assert ann.record_outcome("refusal_soft").rejection is None
    assert ann.start_break("lunch").rejection is None
    shift.later(minutes=10)
    assert ann.end_break().rejection is None
    shift.later(minutes=1)
    ann.dial()
    shift.later(minutes=3)
    assert ann.book_appointment("tomorrow 3pm", policy="me").rejection is None
    ann.dial()
    ann.open_interview()
    shift.later(minutes=4)
    interviewed(ann, "1", "2", "1")
    assert ann.close_interview().rejection is None


def test_the_summary_of_a_shift_counts_and_times_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    work_a_while(shift, ann)
    summary = ann.summarize_shift()
    assert (summary.calls, summary.contacts, summary.completes, summary.refusals) == (3, 3, 1, 1)
    assert (summary.appointments_made, summary.appointments) == (1, 1)
    assert summary.until - summary.since == timedelta(minutes=20)
    assert summary.talk_time == timedelta(minutes=9)
    assert summary.time_on_cases == timedelta(minutes=10)
    assert summary.breaks == (("lunch", timedelta(minutes=10)),)
    assert summary.working_time == timedelta(minutes=10)
    assert summary.idle_time == timedelta()
    assert summary.completes_per_hour == pytest.approx(6)
    assert render_shift_summary(summary) == [
        "Shift: 10:00 to 10:20",
        "Working: 10 min",
        "Without a case: 0 s",
        "Calls: 3 (3 reached)",
        "Talk: 9 min",
        "Complete: 1 (6.0 per hour)",
        "Refusals: 1",
        "Appointments: 1 made, 1 for me",
        "Breaks: lunch 10 min",
    ]


def test_after_a_crash_the_summary_is_rebuilt_from_the_histories(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    work_a_while(shift, ann)
    before, after = ann.summarize_shift(), shift.station().summarize_shift()
    for name in (
        "since",
        "calls",
        "contacts",
        "completes",
        "refusals",
        "appointments_made",
        "appointments",
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert (after.talk_time, after.time_on_cases) == (before.talk_time, before.time_on_cases)
    assert after.breaks == before.breaks == (("lunch", timedelta(minutes=10)),)


def test_a_break_goes_on_while_the_server_is_stopped(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    shift.later(minutes=10)
    assert ann.start_break("lunch").rejection is None

    # nobody signs off: the seat is ended from outside, and begun again by its page
    shift.later(minutes=30)
    again = shift.station()
    view = again.look().view
    assert isinstance(view, BreakView), "no case comes while she is away"
    assert (view.reason, view.since) == ("lunch", shift.at - timedelta(minutes=30))
    shift.later(minutes=5)
    assert again.end_break().rejection is None
    summary = again.summarize_shift()
    assert summary.breaks == (("lunch", timedelta(minutes=35)),)
    assert (summary.away, summary.working_time) == (timedelta(), timedelta(minutes=10))

    # on the next day, or after a long time, it ended with the last sign
    assert again.start_break("lunch").rejection is None
    shift.later(minutes=180)
    assert not isinstance(shift.station().look().view, BreakView)


def test_talk_is_not_known_if_numbers_are_handed_over_as_links(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    links: list[str] = []
    options = replace(OPTIONS, listeners=Listeners(hand_link=links.append))
    ann = shift.station(options=options)
    ann.dial()
    shift.later(minutes=6)
    assert ann.record_outcome("busy").rejection is None
    own = ann.summarize_shift()
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    stored = load_shift(request, "ann", f"{shift.at.astimezone():%Y-%m-%d}").summary
    for summary in (own, stored):
        assert summary.talk_time is None
        assert "Talk: not known: the calls are made elsewhere" in render_shift_summary(summary)


def test_a_call_that_goes_on_is_talk(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    ann.dial()
    shift.later(minutes=7)
    assert ann.summarize_shift().talk_time == timedelta(minutes=7)
    assert ann.record_outcome("busy").rejection is None
    shift.later(minutes=5)
    summary = ann.summarize_shift()
    assert isinstance(ann.look().view, IdleView)
    assert (summary.talk_time, summary.idle_time) == (timedelta(minutes=7), timedelta(minutes=5))


def test_the_time_after_a_call_is_time_on_its_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, fieldwork=WRAPUP)
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    seconds(shift, 15)
    assert ann.summarize_shift().time_on_cases == timedelta(seconds=15)
    assert ann.end_wrapup().rejection is None
    assert ann.summarize_shift().time_on_cases == timedelta(seconds=15)


def test_a_refusal_under_a_name_of_the_study_counts_as_one(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE, head=OWN_OUTCOME)
    ann = shift.station()
    assert ann.record_outcome("too_busy").rejection is None
    assert ann.summarize_shift().refusals == 1


OWN_OUTCOME = f"{Shift.head}outcomes:\n  too_busy: {{name: Too busy, like: refusal_soft}}\n"


def test_an_outcome_of_another_day_is_not_counted(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    shift.later(days=1)
    assert shift.station().summarize_shift().calls == 0
    with shift.study() as study:
        events = [
            e for _, e in study.store.cases.queries.list_work("ann", shift.at - timedelta(days=2))
        ]
    assert sum(isinstance(entry.event, OutcomeRecorded) for entry in events) == 1


# outcomes


def test_an_outcome_has_the_same_number_in_every_list(tmp_path: Path) -> None:
    """On the case, among the others, when an interview is stopped, and in the plain interface."""
    ann = Shift(
        tmp_path,
        cases=FIVE,
        head=OWN_OUTCOME + "  hung_up: {name: Hung up, moment: interrupted, like: refusal_soft}\n",
    ).station()
    view = ann.look().view
    assert isinstance(view, CaseView)
    others = [choice for _, choices in view.other_outcomes for choice in choices]
    numbers = {
        choice.outcome.id: choice.outcome.number for choice in (*view.main_outcomes, *others)
    }
    assert [choice.outcome.number for choice in view.main_outcomes] == list(range(1, 9))
    interview = ann.open_interview().interview
    assert interview is not None
    for outcome in interview.list_stop_outcomes():
        assert numbers.setdefault(outcome.id, outcome.number) == outcome.number, outcome.id
    assert len(set(numbers.values())) == len(numbers), "no number has two meanings"
    assert {"callback", "break_off", "too_busy", "hung_up"} <= numbers.keys()
    interview.suspend()
    ann.close_interview()
    printed = io.StringIO()
    run_station(
        ann, io.StringIO(".again\n.outcomes\n.interview\n.stop\n\n.suspend\n.leave\n"), printed
    )
    listed = re.findall(
        r"^\[?(\d+)  .*?[\[(](\w+)[\])](?: \(and [^)]*\))?\]?$", printed.getvalue(), re.MULTILINE
    )
    assert {id for _, id in listed} == numbers.keys()
    assert {(id, int(number)) for number, id in listed} == set(numbers.items())
