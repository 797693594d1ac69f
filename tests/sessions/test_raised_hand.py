"""A raised hand: on the board at once, answered by a message, taken down again; also after a crash."""

from datetime import timedelta
from pathlib import Path

from support.both_engines import kept_somewhere  # noqa: F401 – a fixture of every test
from support.shift import CASES, FIELDWORK, Shift, on
from survey_cli.fieldwork.help_calls import HelpCall, HelpSubject, find_help_calls
from survey_cli.fieldwork.shifts import WorkEvent
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.cases.floor import list_help_calls, load_current_floor, send_message
from survey_cli.services.run_on_study import Request
from survey_cli.sessions.station.station import StationOptions, StationSession

TWO = CASES + "B,2,Brian Baker,312 555 0101,America/Chicago\n"


def sue(shift: Shift) -> Request:
    return Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")


def waiting(shift: Shift) -> list[HelpCall]:
    return [call for call in list_help_calls(sue(shift)) if call.is_open]


def test_a_raised_hand_says_who_where_and_in_what(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", "desk 1")
    ann.dial()
    interview = ann.open_interview().interview
    assert interview is not None
    assert interview.hand is not None
    assert interview.hand.put_up() is None
    assert interview.hand.describe() == "hand raised 10:00"

    [call] = waiting(shift)
    assert call == HelpCall(
        person="ann", station="desk 1", subject=HelpSubject("A", "interview"), since=call.since
    )
    status = load_fieldwork_status(sue(shift), zone=None)
    assert status.data.help_calls == (call,)
    first = status.alerts[0]
    assert first.startswith("ann calls for help since ")
    assert first.endswith(": station desk 1, case A, in an interview")


def test_a_message_to_the_person_is_the_answer(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", "desk 1")
    bob = shift.station("bob", "desk 2")
    ann.hand.put_up()
    shift.later(minutes=1)
    send_message(sue(shift), "good morning everybody")
    send_message(sue(shift), "call the office", to="bob")
    assert [call.person for call in waiting(shift)] == ["ann"]
    assert ann.hand.is_up

    send_message(sue(shift), "I am coming", to="ann")
    assert waiting(shift) == []
    [answered] = list_help_calls(sue(shift))
    assert answered.answered_by == "sue"
    assert "ann was answered by sue at " in answered.describe(lambda at: at)
    shift.at += timedelta(seconds=1)
    seen = [ann.take_message() for _ in range(3)]
    assert "Message from sue (10:01): I am coming" in seen
    assert not ann.hand.is_up
    assert ann.hand.describe() == ""
    assert on(bob) == "B"
    floor = load_current_floor(sue(shift))
    assert {person.login for person in floor.people} == {"ann", "bob"}, "the answer is no work"


def test_the_answer_is_there_within_two_seconds_though_messages_were_just_read(
    tmp_path: Path,
) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", "desk 1")
    ann.hand.put_up()
    assert ann.take_message() == ""
    send_message(sue(shift), "yes", to="ann")
    shift.at += timedelta(seconds=1)
    assert ann.take_message().endswith("yes")


def test_a_hand_that_is_taken_down_calls_nobody(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", "desk 1")
    down = ann.hand.take_down()
    assert down is not None
    assert down.why == "your hand isn't up"
    ann.hand.put_up()
    assert ann.hand.take_down() is None
    assert list_help_calls(sue(shift)) == ()
    assert not ann.hand.is_up


def test_the_end_of_the_shift_takes_the_hand_down(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", "desk 1")
    ann.hand.put_up()
    assert ann.end_shift().rejection is None
    assert waiting(shift) == []


def test_a_hand_stays_up_over_a_crash(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=TWO)
    ann = shift.station("ann", "desk 1")
    ann.hand.put_up()
    shift.later(minutes=3)
    again = shift.station("ann", "desk 1")
    assert again.hand.describe() == "hand raised 10:00"
    assert len(waiting(shift)) == 1
    assert again.hand.take_down() is None
    assert waiting(shift) == []


def test_a_hand_is_seen_in_the_study_that_is_worked_on(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = Shift(tmp_path / "one")
    two = Shift(
        tmp_path / "two",
        head="\ninstrument: second\ntitle: Second\nversion: '1'\nsample:\n"
        "  unit: {type: text, role: key}\n  kind: {type: single, options: {1: A, 2: B}}\n"
        "  name: {type: text, role: name}\n  phone: {type: text, role: phone}\n"
        "  zone: {type: text, role: zone}\n",
        fieldwork=FIELDWORK,
    )
    ann = StationSession(
        study=one.study("ann"),
        further=[two.study("ann")],
        station="desk 1",
        clock=lambda: one.at,
        options=StationOptions(),
    )
    assert ann.start().rejection is None
    ann.hand.put_up()
    assert [call.subject.case for call in waiting(one)] == ["field:A"]
    ann.record_outcome("no_answer")
    one.later(minutes=1)
    two.later(minutes=1)
    ann.take_message()
    assert waiting(one) == []
    assert [call.subject.case for call in waiting(two)] == ["second:A"]


def test_the_order_of_storing_decides_not_the_clocks() -> None:
    at = Shift.at
    raised = WorkEvent(at, "ann", "help", HelpSubject("A", "call").encode(), "desk 1", "ann")
    answer = WorkEvent(at - timedelta(minutes=5), "ann", "helped", "", "office", "sue")
    [call] = find_help_calls([raised, answer])
    assert not call.is_open
    [again] = find_help_calls([answer, raised])
    assert again.is_open


def test_a_detail_that_is_not_understood_calls_all_the_same() -> None:
    for detail in ("", "x", "[]", "{", '{"case": 7}'):
        [call] = find_help_calls([WorkEvent(Shift.at, "ann", "help", detail, "desk 1", "ann")])
        assert call.is_open
        assert call.subject.activity == ""
