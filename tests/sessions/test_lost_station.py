"""A station that stops in the middle of a call: its call has an outcome, an attempt, a code and a time."""

import csv
from pathlib import Path

import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.exporting import export_file
from support.shift import FIELDWORK, OPTIONS, Shift, interviewed, on
from survey_cli.fieldwork.case.events import CaseReturned, OutcomeRecorded, OutcomeRevoked
from survey_cli.problems import UserError
from survey_cli.services.cases import case_actions
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.administration import verify_store
from survey_cli.services.export.export_data import ExportOptions
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.store import Store
from survey_cli.study.consistency.upkeep import refresh_queue

TWO = "unit,kind,name,phone,zone\nA,1,Ann,312 555 0100,America/Chicago\nB,1,Ben,312 555 0101,America/Chicago\n"
EIGHT = "items:\n" + "".join(
    f"  - {{id: q{n}, type: single, text: Question {n}?, options: {{1: 'Yes', 2: 'No'}}}}\n"
    for n in range(1, 11)
)
RDD = (
    FIELDWORK.replace("establishment", "rdd")
    + "  eligible_from: q3\n  partial_from: q6\n  complete_from: q9\n"
)


def sue(shift: Shift) -> Request:
    return Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")


def died(shift: Shift, *answers: str, minutes: float = 5) -> str:
    """A station dials, gets so many answers, and stops; returns the key of its case."""
    ann = shift.station("ann")
    key = on(ann)
    assert ann.dial().rejection is None
    shift.later(minutes=1)
    if answers:
        interviewed(ann, *answers)
    shift.later(minutes=minutes)
    return key


def noticed(shift: Shift) -> None:
    """The lease of the station ends, and somebody else's program notices."""
    shift.later(minutes=25)
    with shift.study() as study:
        refresh_queue(study.store, study.plan, shift.at)


def outcomes(shift: Shift, key: str) -> list[str]:
    return [call.outcome for call in shift.case(key).calls]


def verified(shift: Shift) -> tuple[str, ...]:
    with shift.study() as study:
        return tuple(map(str, verify_store(study.where, study.store, study.instrument).findings))


@pytest.mark.parametrize(
    ("answers", "code"),
    [(0, "3.16"), (1, "3.21"), (3, "2.21"), (8, "1.2"), (9, "1.2")],
    ids=["dialed", "not screened", "screened", "partial", "past complete_from"],
)
def test_the_last_item_answered_decides_the_code_of_a_lost_call(
    tmp_path: Path, answers: int, code: str
) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = died(shift, *["1"] * answers)
    noticed(shift)
    case = shift.case(key)
    assert outcomes(shift, key) == ["lost"]
    assert len(case.counted_attempts) == 1
    assert case.calls[0].by == "ann"
    assert (shift.row(key).position.code, shift.row(key).position.attempts) == (code, 1)
    assert case.has_unfinished_interview == (answers > 0)
    assert verified(shift) == ()


def test_a_lost_call_is_in_exports_status_and_shifts(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = died(shift, *["1"] * 8, minutes=0)
    noticed(shift)
    to = tmp_path / "out.csv"
    rows = {}
    for what in ("calls", "shifts"):
        options = ExportOptions(
            to=str(to), db=shift.db, what=what, force=True, zone=OPTIONS.zone, at=shift.at
        )
        export_file(shift.file, options)
        with to.open(encoding="utf-8-sig", newline="") as file:
            rows[what] = list(csv.DictReader(file))
    [call] = rows["calls"]
    assert (call["case"], call["attempt"], call["outcome"], call["interview_code"]) == (
        key,
        "1",
        "lost",
        "1.2",
    )
    [day] = rows["shifts"]
    assert (day["calls"], day["contacts"], day["completes"]) == ("1", "1", "0")
    status = load_fieldwork_status(sue(shift))
    [person] = status.people
    assert (person.calls, person.sessions, person.reached, person.refusals) == (1, 1, 1, 0)
    assert [(line.outcome, line.cases) for line in status.outcomes if line.outcome] == [("lost", 1)]


def test_a_lost_interview_is_resumed_and_completed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = died(shift, *["1"] * 8)
    noticed(shift)
    bob = shift.station("bob")
    assert on(bob) == key, "interrupted interviews come first"
    bob.dial()
    interviewed(bob, "1", "1")
    assert bob.close_interview().rejection is None
    assert outcomes(shift, key) == ["lost", "complete"]
    assert (shift.row(key).position.code, shift.row(key).position.attempts) == ("1.1", 2)
    assert verified(shift) == ()


def test_a_station_that_was_only_silent_goes_on_with_its_call(tmp_path: Path) -> None:
    """Its computer slept, another program recorded the call as lost, and nobody has claimed the case since."""
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    ann = shift.station("ann")
    key = on(ann)
    ann.dial()
    session = ann.open_interview().interview
    assert isinstance(session, InterviewSession)
    for _ in range(3):
        assert session.reply("1") is None
    noticed(shift)
    assert outcomes(shift, key) == ["lost"]
    for _ in range(7):
        assert session.reply("1") is None
    assert ann.close_interview().rejection is None
    assert outcomes(shift, key) == ["complete"]
    assert (shift.row(key).position.code, shift.row(key).position.attempts) == ("1.1", 1)
    events = [
        entry.event for entry in Store.open(shift.db, create=False).cases.queries.read_history(key)
    ]
    assert OutcomeRevoked() in events
    assert verified(shift) == ()


def test_a_dialed_call_of_a_silent_station_gets_the_outcome_that_is_keyed(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    ann = shift.station("ann")
    key = on(ann)
    ann.dial()
    noticed(shift)
    assert outcomes(shift, key) == ["lost"]
    assert ann.record_outcome("busy").rejection is None
    assert outcomes(shift, key) == ["busy"]
    assert shift.row(key).position.attempts == 1


def test_a_station_that_renewed_its_lease_meanwhile_loses_nothing(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    ann = shift.station("ann")
    key = on(ann)
    ann.dial()
    shift.later(minutes=25)
    expired_at = shift.at
    ann.keep_alive()
    with shift.study() as study:
        from survey_cli.study.consistency.upkeep import record_lost_call

        record_lost_call(study.store, study.plan, key, expired_at, if_expired=True)
    assert outcomes(shift, key) == []
    assert on(ann) == key
    assert ann.record_outcome("busy").rejection is None


def test_a_supervisor_who_frees_a_case_ends_its_call(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = died(shift, *["1"] * 8)
    case_actions.free_case(sue(shift), key)
    assert outcomes(shift, key) == ["lost"]
    assert shift.row(key).position.code == "1.2"
    events = [
        entry.event for entry in Store.open(shift.db, create=False).cases.queries.read_history(key)
    ]
    assert events[-1] == CaseReturned("released")


def test_a_case_that_was_only_claimed_has_no_call(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = on(shift.station("ann"))
    noticed(shift)
    assert outcomes(shift, key) == []
    assert shift.row(key).position.attempts == 0


def test_lost_calls_count_toward_the_limits(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD.replace("per_day: 3", "per_day: 1"))
    key = died(shift)
    noticed(shift)
    position = shift.row(key).position
    assert (position.status, str(position.reason.words)) == ("waiting", "once on one day")


def test_nobody_keys_the_outcome_lost(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    ann = shift.station("ann")
    key = on(ann)
    ann.dial()
    assert ann.record_outcome("lost").rejection is not None
    assert ann.record_outcome("busy").rejection is None
    with pytest.raises(UserError, match="recorded by the program"):
        case_actions.correct_outcome(sue(shift), key, "lost", note="x")


@pytest.mark.parametrize("outcome", ["callback", "appointment"])
def test_an_interview_that_waits_is_partial_from_partial_from_on(
    tmp_path: Path, outcome: str
) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    ann = shift.station("ann")
    key = on(ann)
    ann.dial()
    assert interviewed(ann, *["1"] * 8).stop(outcome) is None
    assert ann.close_interview().rejection is None
    if outcome == "appointment":
        assert ann.book_appointment("11:30").rejection is None
    assert shift.row(key).position.code == "1.2"
    assert shift.row(key).position.status == "waiting"
    [person] = load_fieldwork_status(sue(shift)).people
    assert (person.complete, person.partial, person.refusals) == (0, 0, 0), "it is not over"


def test_a_lost_call_is_an_event_like_any_other(tmp_path: Path) -> None:
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = died(shift, *["1"] * 8, minutes=0)
    stopped_at = shift.at
    noticed(shift)
    history = Store.open(shift.db, create=False).cases.queries.read_history(key)
    [lost] = [entry for entry in history if isinstance(entry.event, OutcomeRecorded)]
    assert (lost.at, lost.by, lost.station) == (stopped_at, "ann", "of ann")
    assert isinstance(lost.event, OutcomeRecorded)
    assert (lost.event.number, lost.event.interrupted, lost.event.person) == (1, True, True)
    assert history[-1].event == CaseReturned("lapsed")


@pytest.mark.parametrize(("outcome", "code"), [("callback", "1.2"), ("refusal_soft", "1.2")])
def test_a_station_that_comes_back_keys_an_outcome_of_the_interview(
    tmp_path: Path, outcome: str, code: str
) -> None:
    """The terminal died after eight answers, is back within the lease, and the interviewer keys what happened."""
    shift = Shift(tmp_path, EIGHT, TWO, fieldwork=RDD)
    key = died(shift, *["1"] * 8)
    again = shift.station("ann")
    assert on(again) == key
    assert again.record_outcome(outcome).rejection is None
    assert outcomes(shift, key) == [outcome]
    assert shift.row(key).position.code == code
