"""Station sessions: what is stored of a call, what comes next, and what may not happen, on a clock of their own."""

import os
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pexpect
import pytest

from support.both_engines import kept_somewhere  # noqa: F401 – every test runs on both
from support.shift import CASES, FIELDWORK, HEAD, ITEMS, OPTIONS, TUESDAY, Shift, interviewed, on
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.case.events import AppointmentMade, OutcomeRecorded
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import CaseView, IdleView
from survey_cli.store.cases.live_counts import LiveCounts

FIVE = CASES + "".join(
    f"{key},2,Person {key},312 555 010{n},America/Chicago\n" for n, key in enumerate("BCDE", 1)
)


def view(station: StationSession) -> CaseView:
    found = station.look().view
    assert isinstance(found, CaseView)
    return found


def served_by(shift: Shift) -> bool:
    return shift.db.startswith("postgresql")


def plan(shift: Shift) -> Plan:
    found = open_instrument(str(shift.file))
    assert isinstance(found, Instrument)
    return Plan.from_instrument(found)


def test_one_key_closes_a_call_and_the_next_case_comes(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    first, name = on(ann), ann.look().view.name  # type: ignore[union-attr]
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann) not in ("", first)
    assert shift.case(first).last_call.outcome == "no_answer"  # type: ignore[union-attr]
    assert shift.row(first).status == "waiting"
    assert shift.row(first).position.due_at == shift.at + timedelta(hours=3)
    assert ann.summarize_shift().calls == 1
    assert ann.look().notice.startswith(f"{name}: no answer, stored at "), (
        "the next case is on the screen by now"
    )


def test_two_stations_never_have_one_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    stations = [shift.station(by) for by in ("ann", "bob", "cat", "dan", "eve")]
    assert sorted(map(on, stations)) == list("ABCDE")
    late = shift.station("fay")
    assert isinstance(late.look().view, IdleView)
    assert "at other stations" in late.look().view.why  # type: ignore[union-attr]


def test_the_counts_of_a_shift_go_on_after_the_program_died(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    on(ann)
    assert ann.record_outcome("no_answer").rejection is None
    on(ann)
    assert ann.record_outcome("refusal_soft").rejection is None
    began = ann.summarize_shift().since
    shift.at += timedelta(hours=1)
    again = shift.station()  # the first one never left
    assert (again.summarize_shift().calls, again.summarize_shift().refusals) == (2, 1)
    assert (
        began
        <= again.summarize_shift().since
        < again.summarize_shift().since + timedelta(minutes=1)
        <= again._to_local(shift.at)
    )
    assert shift.station("bob").summarize_shift().calls == 0, "the calls of others are not counted"
    shift.at += timedelta(days=1)
    assert shift.station().summarize_shift().calls == 0, "another day begins anew"


def test_an_interview_carried_through_is_complete(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    assert ann.dial().dialing == "dial (312) 555-0100"
    interviewed(ann, "1", "2", "1")
    assert ann.close_interview().rejection is None
    assert code_case(shift.case("A"), plan(shift)).code == "1.1"
    assert shift.row("A").status == "done"
    assert ann.summarize_shift().completes == 1
    assert isinstance(ann.look().view, IdleView)
    assert ann.look().view.why == "every case is done"  # type: ignore[union-attr]


def test_the_sample_reaches_the_interview(tmp_path: Path) -> None:
    items = (
        ITEMS
        + '  - {id: d, type: single, text: "Is this {name}?", ask_if: kind == 1, options: {1: Y, 2: N}}\n'
    )
    ann = Shift(tmp_path, items=items).station()
    conduct = ann.open_interview().interview
    assert conduct is not None
    for entry in ("", "1", "1", "1"):
        assert conduct.reply(entry) is None
    prompt = conduct.prompt()
    assert prompt is not None
    assert "".join(word.text for word in prompt.text) == "Is this Alice Adams?"


def test_an_appointment_is_kept_at_its_time_by_its_owner_first(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann")
    assert not ann.parse_time("tomorrow 3pm").why_unclear
    assert (
        ann.book_appointment(
            "tomorrow 3pm", policy="me_first", person="the boss", note="direct line"
        ).rejection
        is None
    )
    assert shift.row("A").status == "waiting"
    shift.to("2026-11-25T14:59")
    bob = shift.station("bob")
    assert on(bob) == ""
    shift.to("2026-11-25T15:05")
    assert bob.claim_next().rejection is None
    assert on(bob) == "", "ann's for a quarter of an hour"
    assert ann.claim_next().rejection is None
    assert (on(ann), view(ann).ask_for) == ("A", "the boss")
    assert "Wed 25 Nov 15:00" in view(ann).appointment
    assert ann.finish_case().rejection is None  # gives it back
    shift.to("2026-11-25T15:16")
    assert bob.claim_next().rejection is None
    assert on(bob) == "A"


def test_lesson_an_appointment_is_not_off_by_an_hour_after_a_clock_change(tmp_path: Path) -> None:
    """Promised on Friday for Monday nine o'clock, clocks going back on the Sunday between."""
    shift = Shift(tmp_path, at=Shift.at.replace(month=10, day=30))
    ann = shift.station()
    assert ann.book_appointment("mon 9:00").rejection is None
    shift.to("2026-11-02T08:59")
    assert (ann.claim_next().rejection, on(ann)) == (None, "")
    shift.to("2026-11-02T09:00")
    assert (ann.claim_next().rejection, on(ann)) == (None, "A")
    assert view(ann).respondent_time.strftime("%H:%M") == "09:00"  # type: ignore[union-attr]


def test_lesson_open_appointments_are_not_refusals(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    assert code_case(shift.case("A"), plan(shift)).code == "2.21"


def test_lesson_a_second_key_press_books_once(tmp_path: Path) -> None:
    """The commit's end was not seen, so the same deed is given again."""
    shift = Shift(tmp_path)
    ann = shift.station()
    here = ann._cases.at_hand
    assert here is not None
    before = here.claimed
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    here.claimed = before  # the screen as it stood before the key
    ann._cases.at_hand = here
    again = ann.book_appointment("tomorrow 3pm").rejection
    history = shift.study().store.cases.queries.read_history("A")
    assert sum(isinstance(entry.event, AppointmentMade) for entry in history) == 1
    assert sum(isinstance(entry.event, OutcomeRecorded) for entry in history) == 1
    assert again is None


def test_lesson_a_stale_claim_is_released(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    shift.station("ann")
    bob = shift.station("bob")
    assert on(bob) == ""
    shift.later(minutes=21)
    assert (bob.claim_next().rejection, on(bob)) == (None, "A")


def test_lesson_a_stale_screen_overwrites_nothing(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann")
    shift.later(minutes=21)
    bob = shift.station("bob")
    assert bob.record_outcome("callback").rejection is None
    before = shift.study().store.cases.queries.read_history("A")
    lost = ann.record_outcome("refusal_hard").rejection
    assert isinstance(lost, Rejection)
    assert (
        "went back to the queue: a supervisor freed it, or others have called it since" in lost.why
    )
    assert shift.study().store.cases.queries.read_history("A") == before


def test_lesson_recovery_is_said_aloud(tmp_path: Path) -> None:
    """The terminal died in the middle of an interview; the same interviewer comes back."""
    shift = Shift(tmp_path)
    ann = shift.station()
    ann.dial()
    interviewed(ann, "1")  # and then nothing more is heard of her
    shift.later(minutes=5)
    back = shift.station("ann")
    assert on(back) == "A"
    assert "the interview was in progress" in view(back).notice
    assert view(back).interview_status.startswith("open at b")
    interviewed(back, "2", "2")
    assert back.close_interview().rejection is None
    assert code_case(shift.case("A"), plan(shift)).code == "1.1"


def test_a_call_that_was_dialled_is_not_lost(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    ann.dial()
    assert ann.end_shift().rejection is not None
    assert ann.finish_case().rejection is not None
    assert ann.start_break().rejection is not None
    back = shift.station("ann")
    assert "a number was dialed" in view(back).notice
    assert back.record_outcome("no_answer").rejection is None


@pytest.mark.parametrize(("minutes", "shown"), [(5, "A"), (25, "B")])
def test_the_next_number_of_a_case_is_for_its_station_until_the_lease_ends(
    tmp_path: Path, minutes: int, shown: str
) -> None:
    """Afterwards the case is in the queue, where it waits after its last outcome, whoever comes back first."""
    shift = Shift(tmp_path, cases=CASES + "B,1,Ben Brown,312 555 0101,America/Chicago\n")
    ann = shift.station()
    assert ann.add_number("312 555 0199").rejection is None
    ann.dial()
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann) == "A", "its other number is next"
    shift.later(minutes=minutes)
    assert on(shift.station("ann")) == shown


def test_lesson_a_caller_in_is_found_by_part_of_a_number(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    [found] = ann.search_cases("555 0103")
    assert found.key == "D"
    assert [f.key for f in ann.search_cases("adams")] == ["A"]
    assert ann.fetch_case("D").rejection is None
    assert on(ann) == "D"


def test_a_caller_in_says_the_number_as_it_is_written_abroad(tmp_path: Path) -> None:
    """With the zero that is only dialled inside the country."""
    cases = "unit,phone,zone\nA,07911 123456,Europe/London\nB,07911 123457,Europe/London\n"
    fieldwork = FIELDWORK.replace("country: US", "country: GB")
    ann = Shift(tmp_path, cases=cases, fieldwork=fieldwork, at=TUESDAY.replace(hour=10)).station()
    assert [found.key for found in ann.search_cases("+44 (0)7911 123457")] == ["B"]


def test_who_is_fetched_may_be_interviewed_but_not_dialled_out_of_hours(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    shift.to("2026-11-24T21:30")
    ann = shift.station()
    assert on(ann) == ""
    assert ann.fetch_case("D").rejection is None
    refused = ann.dial().rejection
    assert refused is not None
    assert "after 20:30" in refused.why
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert shift.row("D").position.code == "1.1"


def test_a_slip_is_taken_back(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    first = on(ann)
    assert ann.record_outcome("disconnected").rejection is None
    assert not shift.case(first).live_numbers
    assert ann.revoke_outcome().rejection is None
    assert on(ann) == first
    assert ann.record_outcome("busy").rejection is None
    case = shift.case(first)
    assert [call.outcome for call in case.calls] == ["busy"]
    assert len(case.live_numbers) == 1


def test_another_number_is_tried_in_the_same_attempt(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases="unit,phone,zone\nA,312 555 0100; 312 555 0101,America/Chicago\n")
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    assert (on(ann), [n.current for n in view(ann).numbers]) == ("A", [False, True])
    assert ann.record_outcome("wrong_number").rejection is None
    case = shift.case("A")
    assert len(case.attempts) == 1
    assert [call.number for call in case.calls] == [1, 2]
    assert [n.position for n in case.live_numbers] == [1]


def test_undo_is_offered_only_if_it_works(tmp_path: Path) -> None:
    """It works neither in a call without an outcome, nor after that of the first of two numbers.

    Then the case with that outcome is still at hand.
    """
    rows = "A,312 555 0100; 312 555 0101,America/Chicago\nB,312 555 0102,America/Chicago\n"
    shift = Shift(tmp_path, cases=f"unit,phone,zone\n{rows}")
    ann = shift.station()
    assert ann.fetch_case("B").rejection is None
    assert not ann.look().has_undo
    assert ann.record_outcome("busy").has_undo

    assert ann.fetch_case("A").has_undo
    assert not ann.dial().has_undo
    first_of_two = ann.record_outcome("no_answer")
    assert (on(ann), first_of_two.has_undo) == ("A", False)
    assert "leave this case first" in str(ann.revoke_outcome().rejection)
    assert on(ann) == "A", "the outcome of B is not undone instead"
    assert ann.record_outcome("busy").has_undo
    assert ann.revoke_outcome().rejection is None
    assert not ann.look().has_undo
    assert ann.record_outcome("refusal_hard").rejection is None
    assert not ann.look().has_undo, "only a supervisor can correct it"


def test_a_number_that_changed_is_the_next_one(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    assert ann.record_outcome("changed", number="12").rejection is not None
    assert ann.record_outcome("changed", number="312 555 0199").rejection is None
    [number] = [n for n in view(ann).numbers if n.current]
    assert number.text == "(312) 555-0199"


def test_a_number_that_was_given_is_the_one_that_is_dialled(tmp_path: Path) -> None:
    ann = Shift(tmp_path).station()
    assert ann.add_number("12").rejection is not None
    assert ann.add_number("312 555 0199").rejection is None
    assert [n.text for n in view(ann).numbers if n.current] == ["(312) 555-0199"]
    assert ann.dial().dialing == "dial (312) 555-0199"
    assert ann.choose_number(1).rejection is not None  # until it is keyed what came of this call
    assert ann.choose_number(9).rejection is not None


def test_never_call_bars_the_number_in_every_study(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    assert shift.station().record_outcome("never_call").rejection is None
    (tmp_path / "other").mkdir()
    other = Shift(tmp_path / "other", db="" if served_by(shift) else str(tmp_path / "other.db"))
    assert other.station().look().view.why == "every case is done"  # type: ignore[union-attr]
    assert other.case("A").numbers[0].state == "never_call"


def test_an_interview_that_was_put_aside_is_asked_about(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    conduct = ann.open_interview().interview
    assert conduct is not None
    conduct.reply("")
    conduct.suspend()
    assert ann.close_interview().rejection is None
    assert view(ann).pending_input == "outcome"
    assert ann.end_shift().rejection is not None
    assert ann.record_outcome("callback").rejection is None
    assert shift.case("A").interrupted


def test_an_appointment_from_inside_the_interview(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    conduct = ann.open_interview().interview
    assert conduct is not None
    conduct.reply("")
    conduct.reply("1")
    assert "appointment" in [o.id for o in conduct.list_stop_outcomes()]
    assert conduct.stop("appointment") is None
    assert ann.close_interview().rejection is None
    assert view(ann).pending_input == "time"
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    shift.to("2026-11-25T15:00")
    assert ann.claim_next().rejection is None
    assert view(ann).interview_status.startswith("open at b")
    interviewed(ann, "2", "2")
    assert ann.close_interview().rejection is None
    assert shift.row("A").position.code == "1.1"


def test_a_caller_is_found_by_the_name_to_ask_for(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    key = on(ann)
    assert ann.book_appointment("tomorrow 3pm", person="Mrs. Winter").rejection is None
    [found] = ann.search_cases("mrs. winter")
    assert (found.key, found.number) == (key, "ask for Mrs. Winter")
    assert ann.search_cases("Summer") == ()


def test_the_time_of_an_appointment_is_read_back_as_a_sentence(tmp_path: Path) -> None:
    shift = Shift(
        tmp_path, cases="unit,kind,name,phone,zone\nA,1,Alice,303 555 0100,America/Denver\n"
    )
    ann = shift.station()
    assert ann.book_appointment("tomorrow 3pm").rejection is None
    said = "on Wednesday 25 November at 15:00 their time (16:00 here)"
    assert ann.look().notice == f"Alice: appointment {said}, stored at 10:00"


def test_a_soft_refusal_is_converted_by_a_converter(tmp_path: Path) -> None:
    people = "login,skills,role\nann,,interviewer\nsue,,supervisor\ncon,converter,interviewer\n"
    fieldwork = FIELDWORK + "  refusals: {max: 2, soft_wait: 7d, by: converter}\n"
    shift = Shift(tmp_path, fieldwork=fieldwork, people=people)
    ann = shift.station("ann")
    conduct = ann.open_interview().interview
    assert conduct is not None
    conduct.reply("")
    assert conduct.stop("refusal_soft") is None
    assert ann.close_interview().rejection is None
    assert shift.row("A").position.code == "2.112"
    shift.later(days=6, hours=23)
    con = shift.station("con")
    assert on(con) == ""
    shift.later(hours=2)
    assert (ann.claim_next().rejection, on(ann)) == (None, "")
    assert (con.claim_next().rejection, on(con)) == (None, "A")
    interviewed(con, "1", "1", "1")
    assert con.close_interview().rejection is None
    assert shift.row("A").position.code == "1.1"


PATIENCE = 60
"""Seconds to wait for another process, which starts late on a machine under load; none of them is waited for in vain."""
QUOTA = """
quotas:
  - {id: sectors, where: kind == 1, target: 1}
"""
ASKED = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}}
  - {id: place, type: lookup, quota: men}
  - {id: full, type: end, ask_if: place == 'full', outcome: quota_full, text: We have spoken with enough people like you.}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: men, where: sex == 1, target: 1}
"""


def test_lesson_a_quota_counts_interviews_and_not_cases(tmp_path: Path) -> None:
    """Sectors that nobody called fill nothing; one complete interview parks the others."""
    cases = CASES + "B,1,Ben,312 555 0101,America/Chicago\nC,2,Cid,312 555 0102,America/Chicago\n"
    shift = Shift(tmp_path, items=ITEMS + QUOTA, cases=cases)
    ann = shift.station()
    while on(ann) == "C":
        ann.record_outcome("no_answer")
    assert on(ann) in ("A", "B"), "no sector is interviewed yet, so none is parked"
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert on(ann) != "A"
    assert on(ann) != "B"


def test_lesson_no_completes_far_past_a_target(tmp_path: Path) -> None:
    """Two men are asked at the same time for one place: the second is told at once, not at the end."""
    shift = Shift(tmp_path, items=ASKED, cases=FIVE)
    ann, bob = shift.station("ann"), shift.station("bob")
    interviewed(ann, "1")
    interviewed(bob, "1")
    assert bob.close_interview().rejection is None
    assert [
        c.outcome
        for c in shift.case(next(k for k in "ABCDE" if shift.row(k).position.code == "4.80")).calls
    ] == ["quota_full"]
    study = shift.study()
    assert study.store.cases.quotas.read_fill()["men"] == (0, 1)


def test_lesson_who_filled_the_quota_is_not_turned_away_by_it(tmp_path: Path) -> None:
    """The one who holds the last place breaks off and goes on: the place is still theirs."""
    shift = Shift(tmp_path, items=ASKED)
    ann = shift.station()
    assert interviewed(ann, "1").stop("callback") is None
    assert ann.close_interview().rejection is None
    shift.later(days=1, hours=1)
    assert ann.claim_next().rejection is None
    interviewed(ann, "1")
    assert ann.close_interview().rejection is None
    assert shift.row("A").position.code == "1.1"
    assert shift.study().store.cases.quotas.read_fill()["men"] == (1, 0)


def test_a_database_that_cannot_be_written_stops_on_the_same_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from survey_cli.problems import StoreError
    from survey_cli.store.cases.case_store import CaseStore

    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    first = on(ann)

    def full(*_: object, **__: object) -> None:
        raise StoreError("field.db", "the disk is full", "make room")

    with monkeypatch.context() as broken:
        broken.setattr(CaseStore, "update", full)
        lost = ann.record_outcome("no_answer").rejection
    assert isinstance(lost, Rejection)
    assert "disk is full" in lost.why
    assert on(ann) == first
    assert ann.record_outcome("no_answer").rejection is None
    assert len(shift.case(first).calls) == 1


def test_why_nobody_can_be_called_is_found_out_once_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts every case; the screen looks for a due one every ten seconds all the same."""
    shift = Shift(tmp_path)
    ann = shift.station()
    assert ann.record_outcome("no_answer").rejection is None
    counted = []
    groups = LiveCounts.count_groups
    monkeypatch.setattr(
        LiveCounts, "count_groups", lambda *given: counted.append(1) or groups(*given)
    )
    for _ in range(12):
        shift.later(minutes=1 / 6)
        ann.keep_alive()
    assert len(counted) == 2
    shift.to("2026-11-24T17:05")
    ann.keep_alive()
    assert on(ann) == "A"


def test_a_pause_takes_no_case(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    assert ann.start_break().rejection is None
    ann.keep_alive()
    assert on(ann) == ""
    assert on(shift.station("bob")) == "A"
    assert ann.end_break().rejection is None
    assert isinstance(ann.look().view, IdleView)


def test_edited_rules_hold_for_cases_that_wait(tmp_path: Path) -> None:
    """The designer shortens a delay; what waits is due sooner without anybody's doing more."""
    shift = Shift(tmp_path)
    assert shift.station().record_outcome("no_answer").rejection is None
    shift.fieldwork = FIELDWORK + "  delays: {no_answer: 30m}\n"
    shift.write(ITEMS)
    shift.later(minutes=31)
    shift.to("2026-11-24T17:05")
    assert on(shift.station("bob")) == "A"


def test_lesson_editing_the_questionnaire_destroys_no_earlier_answers(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station()
    conduct = ann.open_interview().interview
    assert conduct is not None
    for entry in ("", "1", "2"):
        conduct.reply(entry)
    conduct.stop("callback")
    assert ann.close_interview().rejection is None
    shift.write(ITEMS.replace("id: b,", "id: other,"))
    shift.later(days=1, hours=1)
    bob = shift.station("bob")
    again = bob.open_interview().interview
    assert again is not None
    assert [(str(a.place), a.answer) for a in again.list_items() if a.answer] == [
        ("a", "1 Yes"),
        ("b", "2 No"),
    ]


def test_a_machine_dials_a_line_that_may_be_mobile_only_with_consent(tmp_path: Path) -> None:
    """The command writes down what it was told to dial, as a softphone would ring it."""
    head = HEAD + '  agreed: {type: single, role: consent, options: {1: "Yes", 2: "No"}}\n'
    cases = "unit,agreed,phone,zone\nA,1,312 555 0100,America/Chicago\nB,2,312 555 0101,America/Chicago\n"
    rang = tmp_path / "rang"
    shift = Shift(tmp_path, head=head, cases=cases)
    ann = shift.station(
        options=replace(OPTIONS, command=("sh", "-c", f'echo "$0" >> {rang}', "{number}"))
    )
    for key in "AB":
        assert ann.fetch_case(key).rejection is None
        assert ann.dial().rejection is None
        assert ann.record_outcome("busy").rejection is None
    deadline = time.monotonic() + PATIENCE
    while not (rang.exists() and rang.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert rang.read_text() == "+13125550100\n"


@pytest.mark.parametrize("kept_somewhere", ["file"], indirect=True)
def test_a_terminal_that_is_gone_ends_the_shift_even_where_its_signal_is_ignored(
    tmp_path: Path,
) -> None:
    """As under nohup: nothing kills the program, and it must not go on by itself. What was going on is not lost."""
    shift = Shift(tmp_path, db=str(tmp_path / "field.db"), at=datetime.now(UTC))
    hours = 'hours: {mon-sun: "00:00-24:00"}, reason: A test at any hour, holidays: false'
    shift.fieldwork = f"fieldwork: {{country: US, {hours}}}\n"
    shift.write(ITEMS)
    command = [
        "-m",
        "survey_cli",
        "station",
        str(shift.file),
        "--db",
        shift.db,
        "--interviewer",
        "ann",
        "--station",
        "07",
    ]
    child = pexpect.spawn(
        sys.executable, command, dimensions=(24, 80), timeout=PATIENCE, ignore_sighup=True
    )
    child.expect("Alice")
    child.send("d")
    child.expect("dialed")
    os.close(child.child_fd)
    child.closed = True
    deadline = time.monotonic() + PATIENCE
    while child.isalive() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not child.isalive()
    back = shift.station("ann", name="07")
    assert "a number was dialed" in view(back).notice


def test_lesson_leading_zeros_are_not_stripped(tmp_path: Path) -> None:
    """A key and a number that begin with zeros, as they stood in the file."""
    fieldwork = FIELDWORK.replace("country: US", "country: GB")
    cases = "unit,phone,zone\n007,020 7946 0018,Europe/London\n"
    shift = Shift(tmp_path, cases=cases, fieldwork=fieldwork, at=TUESDAY.replace(hour=10))
    ann = shift.station()
    assert (on(ann), [n.text for n in view(ann).numbers]) == ("007", ["020 7946 0018"])
    assert ann.dial().dialing == "dial 020 7946 0018"


def test_lesson_a_dont_know_does_not_pass_a_screen_out(tmp_path: Path) -> None:
    """`unless` applies on unknown too: who does not know whether they are of age is screened out, as who is not."""
    items = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: adult, type: single, text: Are you 18 or older?, options: {1: "Yes", 2: "No"}}
  - {id: out, type: end, unless: adult == 1, outcome: not_eligible, text: Thank you.}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
"""
    shift = Shift(tmp_path, items=items)
    ann = shift.station()
    conduct = ann.open_interview().interview
    assert conduct is not None
    conduct.reply("")
    assert conduct.decline("dk") is None
    assert conduct.reply("") is None  # the thanks
    assert ann.close_interview().rejection is None
    assert shift.row("A").position.code == "4.70"


def test_a_fetched_case_in_a_language_the_interviewer_does_not_speak_says_so(
    tmp_path: Path,
) -> None:
    """The respondent may be on the line: it is said, and not refused."""
    head = (
        HEAD.replace("title: Field test", "title: Field test\nlanguages: [en, es]")
        + "  speaks: {role: language}\n"
    )
    items = ITEMS.replace("text: First?", "text: {en: First?, es: Uno}")
    cases = "unit,phone,zone,speaks\nA,312 555 0100,America/Chicago,es\nB,312 555 0101,America/Chicago,en\n"
    people = "login,languages,skills,pseudonym,role\nann,en,,,\nbob,es;en,,,\nsue,,,,supervisor\n"
    shift = Shift(tmp_path, cases=cases, head=head, items=items, people=people)
    ann = shift.station("ann")
    assert on(ann) == "B"
    assert ann.fetch_case("A").rejection is None
    assert view(ann).notice == "This case needs Spanish, which ann does not speak."
    assert ann.open_interview().rejection is None


def test_an_action_returns_what_to_show_and_a_look_repeats_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, cases=FIVE)
    ann = shift.station()
    first = on(ann)
    dialed = ann.dial()
    assert isinstance(dialed.view, CaseView)
    assert dialed.view.has_open_call
    assert (dialed.notice, dialed.rejection) == ("", None)

    rejected = ann.end_shift()
    assert rejected.rejection == Rejection("first key the outcome of this call")
    assert rejected.view == dialed.view, "nothing has changed"

    recorded = ann.record_outcome("no_answer")
    assert isinstance(recorded.view, CaseView)
    assert recorded.view.key != first
    assert recorded.notice.endswith(": no answer, stored at 10:00")
    assert recorded.can_be_undone
    assert ann.look() == recorded
    assert ann.choose_number(1).notice == recorded.notice, "it has no notice of its own"


def test_a_step_shows_that_a_case_is_lost_although_its_action_is_rejected(tmp_path: Path) -> None:
    shift = Shift(tmp_path)
    ann = shift.station("ann")
    shift.later(hours=2)
    assert on(shift.station("bob")) == "A"
    lost = ann.record_outcome("busy")
    why = "not saved: A: bob at station of bob has this case now"
    assert lost.rejection == Rejection(why)
    assert lost.notice == why
    assert isinstance(lost.view, IdleView)
