"""Quota places, reserved wherever a cell is decided: by the sample, by an answer, by a lookup; by many stations."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest

from support import postgres_server
from support.scale import SCALE
from support.shift import CASES, FIELDWORK, HEAD, Shift, interviewed, on
from survey_cli.cli.commands.status import render_status
from survey_cli.entries import Prompt, Rejection
from survey_cli.fieldwork.plan.plan import CellFill
from survey_cli.fieldwork.queue.scheduling import parse_criteria
from survey_cli.services.cases.case_actions import CaseActionResult, correct_outcome
from survey_cli.services.cases.fieldwork_status import load_fieldwork_status
from survey_cli.services.database.administration import VerificationResult, verify_database
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.do_not_call_list import (
    DoNotCallAddition,
    DoNotCallRequest,
    add_numbers,
)
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.station import StationSession
from survey_cli.study.consistency.upkeep import PLAN_SETTING, rebuild_queue, refresh_queue

ASKED = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}, declines: []}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: men, where: sex == 1, target: 1}
  - {id: hoped, where: sex == 2, target: 0, soft: true}
"""
SAMPLED = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: kinds, by: [kind], targets: {1: 1, 2: 5}}
"""
THREE = CASES + "B,1,Ben,312 555 0101,America/Chicago\nC,1,Cid,312 555 0102,America/Chicago\n"


@pytest.fixture(autouse=True)
def close() -> Iterator[None]:
    yield
    Shift.close_all()


def begun(station: object) -> InterviewSession:
    desk = station.open_interview().interview  # type: ignore[attr-defined]
    assert isinstance(desk, InterviewSession), desk
    return desk


def asked(desk: InterviewSession) -> Prompt:
    prompt = desk.prompt()
    assert prompt is not None
    return prompt


def fill(shift: Shift) -> dict[str, CellFill]:
    return shift.study().store.cases.quotas.read_fill()


def test_a_full_cell_ends_the_interview_when_the_deciding_answer_is_given(tmp_path: Path) -> None:
    """Nineteen of ten were interviewed: nothing asked for a place where the questionnaire has no lookup."""
    shift = Shift(tmp_path, items=ASKED, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    first = begun(ann)
    assert first.reply("") is None
    assert first.reply("1") is None
    assert fill(shift)["men"] == (0, 1)
    second = begun(bob)
    key = on(bob)
    assert second.reply("") is None
    assert second.reply("1") is None
    said = asked(second)
    assert said.ending == "quota_full"
    assert "all the interviews of this kind" in "".join(span.text for span in said.text)
    assert "The quota men is full" in "".join(span.text for span in said.instruction)
    assert isinstance(second.reply("2"), Rejection)
    assert second.reply("") is None
    closing = second.result()
    assert closing is not None
    assert closing.outcome is not None
    assert closing.outcome.id == "quota_full"
    assert bob.close_interview().rejection is None
    assert shift.row(key).position.code == "4.80"
    assert fill(shift)["men"] == (0, 1)
    assert first.reply("1") is None
    assert ann.close_interview().rejection is None
    assert fill(shift)["men"] == (1, 0)


def test_a_slip_at_the_deciding_answer_is_corrected_by_going_back(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ASKED, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    interviewed(ann, "1", "1")
    assert ann.close_interview().rejection is None
    desk = begun(bob)
    desk.reply("")
    desk.reply("1")
    assert asked(desk).ending == "quota_full"
    assert desk.go_back() is None
    assert asked(desk).place.item == "sex"
    assert desk.reply("") is None  # it is so
    assert asked(desk).ending == "quota_full"
    assert desk.go_back() is None
    assert desk.reply("2") is None
    assert asked(desk).place.item == "a"
    assert desk.reply("1") is None
    assert bob.close_interview().rejection is None
    assert fill(shift)["men"] == (1, 0)


def test_a_place_follows_the_answer_that_decides_it(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ASKED, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    desk = begun(ann)
    desk.reply("")
    desk.reply("1")
    assert fill(shift)["men"] == (0, 1)
    desk.go_back()
    assert fill(shift)["men"] == (0, 1)  # looking back gives nothing up
    desk.reply("2")
    assert fill(shift)["men"] == (0, 0)
    other = begun(bob)
    other.reply("")
    other.reply("1")
    assert asked(other).place.item == "a"


def test_sample_columns_take_a_place_when_the_interview_begins(tmp_path: Path) -> None:
    """Four of three were interviewed: stations at work passed the target together."""
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    first, second = begun(ann), begun(bob)
    assert fill(shift)["kinds:1"] == (0, 1)
    assert asked(second).ending == "quota_full"
    # the first breaks off: the place is free, and the next respondent has it
    key = on(ann)
    assert first.stop("refusal_hard") is None
    assert ann.close_interview().rejection is None
    assert shift.row(key).position.code == "2.112"
    assert fill(shift)["kinds:1"] == (0, 0)
    third = begun(ann)
    assert asked(third).place.item == "hello"
    third.reply("")
    third.reply("1")
    assert ann.close_interview().rejection is None
    assert fill(shift)["kinds:1"] == (1, 0)


def test_a_script_of_the_study_is_read_where_the_quota_is_full(tmp_path: Path) -> None:
    fieldwork = FIELDWORK + "  scripts: {quota_full: {text: That is all for today.}}\n"
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE, fieldwork=fieldwork)
    ann, bob = shift.station("ann"), shift.station("bob")
    begun(ann)
    assert "".join(s.text for s in asked(begun(bob)).text) == "That is all for today."


def test_a_lookup_that_the_route_passes_by_is_made_up_for_at_the_end(tmp_path: Path) -> None:
    items = ASKED.replace(
        "  - {id: a,",
        "  - {id: place, type: lookup, quota: men, ask_if: sex == 2}\n  - {id: a,",
    )
    shift = Shift(tmp_path, items=items, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    first, second = begun(ann), begun(bob)
    for desk in (first, second):
        desk.reply("")
        desk.reply("1")
        assert asked(desk).place.item == "a"
    first.reply("1")
    assert first.prompt() is None
    second.reply("1")
    assert asked(second).ending == "quota_full"


@pytest.mark.parametrize("how", ["Enter", "suspend", "break off"])
def test_the_respondent_has_not_hung_up_yet_when_the_quota_is_found_full(
    how: str, tmp_path: Path
) -> None:
    """A lookup passed by is made up for before the items that the interviewer fills in afterwards."""
    items = ASKED.replace(
        "quotas:",
        "  - {id: place, type: lookup, quota: men, ask_if: sex == 2}\n"
        "  - id: after\n    type: section\n    after: hangup\n"
        "    items: [{id: mood, type: single, text: Mood?, options: {1: Good, 2: Bad}}]\nquotas:",
    )
    shift = Shift(tmp_path, items=items, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert fill(shift)["men"] == (1, 0)
    desk, key = begun(bob), on(bob)
    for answer in ("", "1", "1"):
        assert desk.reply(answer) is None
    assert asked(desk).ending == "quota_full"
    match how:
        case "Enter":
            assert desk.reply("") is None
        case "suspend":
            assert desk.suspend() is None
        case _:
            assert desk.stop("break_off") is None
    assert desk.prompt() is None
    bob.close_interview()
    assert shift.row(key).position.code != "1.1"
    assert fill(shift)["men"].completes == 1


def test_who_is_led_to_another_end_asks_for_no_place(tmp_path: Path) -> None:
    items = ASKED.replace(
        "  - {id: a,",
        "  - {id: out, type: end, ask_if: sex == 1, outcome: not_eligible}\n  - {id: a,",
    )
    shift = Shift(tmp_path, items=items, cases=THREE)
    ann = shift.station("ann")
    desk = begun(ann)
    desk.reply("")
    desk.reply("1")
    assert asked(desk).ending == "not_eligible"
    assert fill(shift).get("men", CellFill()) == (0, 0)


def test_a_correction_of_a_complete_interview_is_not_turned_away(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ASKED, cases=CASES)
    ann = shift.station("ann")
    interviewed(ann, "2", "1")
    assert ann.close_interview().rejection is None
    other = shift.study().store
    other.cases.quotas.hold("somebody else", {"men": 1}, shift.at)
    desk = start_or_resume(
        str(shift.file),
        StartOptions(case="A", interviewer="sue", db=shift.db, reopen=True),
        clock=lambda: shift.at,
    )
    assert isinstance(desk, InterviewSession), desk
    place = next(a.place for a in desk.list_items() if a.place.item == "sex")
    assert desk.jump(place) is None
    assert desk.reply("1") is None
    prompt = desk.prompt()
    assert prompt is None or prompt.ending == ""
    desk.close()


def test_a_case_interviewed_without_a_station_is_turned_away_too(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE)
    begun(shift.station("ann"))
    other = next(key for key in "ABC" if shift.row(key).holder is None)
    desk = start_or_resume(
        str(shift.file), StartOptions(case=other, db=shift.db), clock=lambda: shift.at
    )
    assert isinstance(desk, InterviewSession), desk
    assert asked(desk).ending == "quota_full"
    assert desk.reply("") is None
    desk.close()
    assert shift.row(other).position.code == "4.80"
    assert fill(shift)["kinds:1"] == (0, 1)


def test_who_was_turned_away_goes_on_once_the_target_is_raised(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=ASKED, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    interviewed(ann, "1", "1")
    assert ann.close_interview().rejection is None
    desk, key = begun(bob), on(bob)
    for answer in ("", "1", ""):
        assert desk.reply(answer) is None
    assert bob.close_interview().rejection is None
    assert shift.row(key).position.code == "4.80"
    shift.write(ASKED.replace("where: sex == 1, target: 1", "where: sex == 1, target: 2"))
    later = shift.station("cat")
    assert later.fetch_case(key).rejection is None
    again = begun(later)
    assert asked(again).place.item == "a"
    assert again.reply("1") is None
    assert later.close_interview().rejection is None
    assert shift.row(key).position.code == "1.1"
    assert fill(shift)["men"] == (2, 0)


def test_a_correction_that_passes_a_target_says_so(tmp_path: Path) -> None:
    """The interview is complete whatever the quota says; its place went to another while it counted as a refusal."""
    shift = Shift(tmp_path, items=ASKED, cases=THREE)
    ann = shift.station("ann")
    key = on(ann)
    interviewed(ann, "1", "1")
    assert ann.close_interview().rejection is None
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    slip = correct_outcome(request, key, "refusal_hard", note="a slip")
    assert isinstance(slip, CaseActionResult)
    interviewed(ann, "1", "1")
    assert ann.close_interview().rejection is None
    changed = correct_outcome(request, key, "complete", note="it was complete")
    assert isinstance(changed, CaseActionResult)
    assert changed.summary == "corrected to complete, which exceeds a quota's target (men 2 of 1)"
    assert fill(shift)["men"] == (2, 0)


def refuse(shift: Shift) -> None:
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    assert isinstance(
        correct_outcome(request, "A", "refusal_hard", note="rang back"), CaseActionResult
    )


def forbid_calls(shift: Shift) -> None:
    """The number is put on the do-not-call list, and the next claim of the case finds it there."""
    request = DoNotCallRequest(at=shift.at, by="sue", db=shift.db, country="US")
    assert isinstance(add_numbers(request, ["312 555 0100"], reason="a letter"), DoNotCallAddition)
    assert on(shift.station("bob")) == "B"


def import_as_unreachable(shift: Shift) -> None:
    request = DoNotCallRequest(at=shift.at, by="sue", db=shift.db, country="US")
    assert isinstance(add_numbers(request, ["312 555 0100"], reason="a letter"), DoNotCallAddition)
    shift.bring(THREE.replace("A,1,Alice Adams", "A,2,Alice Adams"), update=True)


@pytest.mark.parametrize("finish", [refuse, forbid_calls, import_as_unreachable])
def test_a_suspended_interview_gives_its_place_back_when_its_case_is_done(
    tmp_path: Path, finish: Callable[[Shift], None]
) -> None:
    fieldwork = FIELDWORK + "  quota_hold: 7d\n"
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE.replace("B,1", "B,2"), fieldwork=fieldwork)
    ann = shift.station("ann")
    assert begun(ann).stop("callback") is None
    assert ann.close_interview().rejection is None
    assert ann.finish_case().rejection is None
    shift.later(days=6)
    assert (fill(shift)["kinds:1"], shift.row("A").status) == ((0, 1), "waiting")
    finish(shift)
    assert (fill(shift)["kinds:1"], shift.row("A").status) == ((0, 0), "done")


# places that are given back

LOOKED_UP = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}, declines: []}
  - {id: room, type: lookup, quota: men}
  - {id: full, type: end, ask_if: "room == 'full'", outcome: quota_full, text: We have enough men.}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
  - {id: b, type: single, text: Second?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: men, where: sex == 1, target: 1}
"""


def verify(shift: Shift) -> tuple[tuple[str, ...], tuple[str, ...]]:
    verified = verify_database(shift.file, db=shift.db)
    assert isinstance(verified, VerificationResult), verified
    return verified.findings, verified.notes


@pytest.mark.parametrize("outcome", ["refusal_soft", "break_off", "refusal_hard"])
def test_who_refuses_in_the_middle_gives_the_place_back_at_once(
    outcome: str, tmp_path: Path
) -> None:
    """Half of the places that stopped a study of sixty belonged to soft refusals and break-offs."""
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    assert begun(ann).stop(outcome) is None
    assert ann.close_interview().rejection is None
    assert fill(shift)["kinds:1"] == (0, 0)
    interviewed(bob, "1")
    assert bob.close_interview().rejection is None
    assert fill(shift)["kinds:1"] == (1, 0)
    assert verify(shift) == ((), ())


def test_a_place_of_a_respondent_who_refused_is_found_and_mended(tmp_path: Path) -> None:
    """Earlier versions left it: verification derives places by the same rule, and the next rebuild gives it back."""
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE)
    ann = shift.station("ann")
    key = on(ann)
    assert begun(ann).stop("refusal_soft") is None
    assert ann.close_interview().rejection is None
    interview = shift.case(key).interview
    with shift.study() as study:
        study.store.cases.quotas.hold(interview, {"kinds:1": 1}, shift.at)
    [finding] = verify(shift)[0]
    assert (
        finding
        == f"quota cell kinds:1: interview {interview[:8]} has a place in it but its respondent refused"
    )
    with shift.study() as study:
        study.store.settings.write(PLAN_SETTING, "of an earlier version")
        assert rebuild_queue(study, shift.at) == 2  # a station has the third
    assert fill(shift)["kinds:1"] == (0, 0)
    assert verify(shift) == ((), ())


def test_the_status_names_what_holds_the_study(tmp_path: Path) -> None:
    """All cells were closed and nobody could be called, and the board said nothing of suspended interviews."""
    shift = Shift(tmp_path, items=SAMPLED.replace("{1: 1,", "{1: 2,"), cases=THREE)
    for minutes in (0, 30):
        shift.later(minutes=minutes)
        ann = shift.station("ann")
        assert begun(ann).stop("callback") is None
        assert ann.close_interview().rejection is None
    shift.later(hours=2)
    request = Request(path=str(shift.file), at=shift.at, db=shift.db, by="sue")
    alerts = load_fieldwork_status(request, zone=ZoneInfo("America/Chicago")).alerts
    assert "no case can be called now" in alerts
    assert "1 quota cell closed by places of unfinished interviews: kinds: Sector" in alerts
    assert (
        "2 quota places are held by suspended interviews, the oldest since Tue 24 Nov 10:00; "
        "they are given back from Wed 25 Nov 10:00 to Wed 25 Nov 10:30"
    ) in alerts
    # the whole sentence is printed, on as many lines as it takes
    printed = render_status(
        load_fieldwork_status(request, zone=ZoneInfo("America/Chicago")), cells=80
    )
    words = " ".join(" ".join(printed).split())
    assert "they are given back from Wed 25 Nov 10:00 to Wed 25 Nov 10:30" in words
    shift.later(hours=22)
    alerts = load_fieldwork_status(replace(request, at=shift.at)).alerts
    assert not any("place" in alert for alert in alerts)


def test_who_refuses_at_the_next_call_gives_the_place_back_at_once(tmp_path: Path) -> None:
    fieldwork = FIELDWORK + "  quota_hold: 7d\n"
    shift = Shift(
        tmp_path,
        items=SAMPLED,
        cases=THREE.replace("B,1", "B,2").replace("C,1", "C,2"),
        fieldwork=fieldwork,
    )
    ann = shift.station("ann")
    assert begun(ann).stop("callback") is None
    assert ann.close_interview().rejection is None
    assert ann.finish_case().rejection is None
    shift.later(days=1)
    assert fill(shift)["kinds:1"] == (0, 1)
    assert ann.fetch_case("A").rejection is None
    assert ann.record_outcome("refusal_household_soft").rejection is None
    assert fill(shift)["kinds:1"] == (0, 0)


@pytest.mark.parametrize("kept", ["file", "server"])
@pytest.mark.parametrize("items", [SAMPLED, LOOKED_UP], ids=["sample", "lookup"])
def test_a_place_is_released_after_the_hold_and_returning_respondents_need_another(
    kept: str, items: str, tmp_path: Path
) -> None:
    """The place goes to somebody else. Who returns then hears the study's words; who returns earlier gets a place."""
    where = postgres_server.create_address() if kept == "server" else ""
    fieldwork = FIELDWORK + "  scripts: {quota_full: {text: That is all for today.}}\n"
    cell = "kinds:1" if items is SAMPLED else "men"
    shift = Shift(tmp_path, items=items, cases=THREE, fieldwork=fieldwork, db=where)
    ann, bob = shift.station("ann"), shift.station("bob")
    first = begun(ann)
    key = on(ann)
    for answer in ("", "1") if items is LOOKED_UP else ("",):
        assert first.reply(answer) is None
    assert first.stop("callback") is None
    assert ann.close_interview().rejection is None
    assert fill(shift)[cell] == (0, 1)
    shift.later(hours=23)
    bob.keep_alive()
    refresh_queue(shift.study().store, shift.study().plan, shift.at)
    assert fill(shift)[cell] == (0, 1)
    shift.later(hours=2)
    refresh_queue(shift.study().store, shift.study().plan, shift.at)
    assert fill(shift)[cell] == (0, 0)
    assert verify(shift) == ((), ())
    # somebody else has the last place
    other = next(case for case in "ABC" if case not in (key, on(bob)))
    ann = shift.station("ann", name="another")
    assert ann.fetch_case(other).rejection is None
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert fill(shift)[cell] == (1, 0)
    if items is SAMPLED:
        # nobody is called in vain: the sample says that the cell is full
        full = shift.study().plan.quotas.list_full_cells(fill(shift))
        assert set(parse_criteria(shift.row(key).position.bucket).cells) & full
    if on(ann) != key:
        ann = shift.station("ann", name="a third")
        assert ann.fetch_case(key).rejection is None
    desk = begun(ann)
    assert asked(desk).ending == "quota_full"
    assert "".join(span.text for span in asked(desk).text) == "That is all for today."
    assert desk.reply("") is None
    assert ann.close_interview().rejection is None
    assert shift.row(key).position.code == "4.80"
    assert fill(shift)[cell] == (1, 0)
    assert verify(shift) == ((), ())


def test_without_a_script_a_returning_respondent_hears_the_end_item(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=LOOKED_UP, cases=THREE)
    ann, bob = shift.station("ann"), shift.station("bob")
    key, desk = on(ann), begun(ann)
    for answer in ("", "1"):
        assert desk.reply(answer) is None
    assert desk.stop("break_off") is None
    assert ann.close_interview().rejection is None
    interviewed(bob, "1", "1", "1")
    assert bob.close_interview().rejection is None
    ann = shift.station("ann", name="another")
    assert ann.fetch_case(key).rejection is None
    prompt = asked(begun(ann))
    assert prompt.ending == "quota_full"
    assert "".join(span.text for span in prompt.text) == "We have enough men."


def test_a_returning_respondent_gets_a_place_if_one_is_free(tmp_path: Path) -> None:
    shift = Shift(tmp_path, items=LOOKED_UP, cases=CASES)
    ann = shift.station("ann")
    first = begun(ann)
    for answer in ("", "1"):
        assert first.reply(answer) is None
    assert first.stop("refusal_soft") is None
    assert ann.close_interview().rejection is None
    assert fill(shift)["men"] == (0, 0)
    shift.later(days=7)
    ann = shift.station("ann", name="another")
    assert on(ann) == "A"
    desk = begun(ann)
    assert asked(desk).place.item == "a"
    assert fill(shift)["men"] == (0, 1)
    for answer in ("1", "1"):
        assert desk.reply(answer) is None
    assert ann.close_interview().rejection is None
    assert fill(shift)["men"] == (1, 0)


def test_a_place_is_not_released_while_its_interview_is_resumed(tmp_path: Path) -> None:
    """The station that releases decided by a history to which another station has written since."""
    shift = Shift(tmp_path, items=SAMPLED, cases=CASES)
    ann = shift.station("ann")
    assert begun(ann).stop("callback") is None
    assert ann.close_interview().rejection is None
    before = shift.case("A")
    shift.later(hours=23)
    assert ann.fetch_case("A").rejection is None
    begun(ann)
    cases = shift.study().store.cases
    assert not cases.release_places("A", before.interview, before.seq)
    shift.later(hours=2)
    refresh_queue(shift.study().store, shift.study().plan, shift.at)
    assert fill(shift)["kinds:1"] == (0, 1)


@pytest.mark.parametrize("kept", ["file", "server"])
def test_one_of_two_who_race_for_a_released_place_receives_it(kept: str, tmp_path: Path) -> None:
    """One returns to the suspended interview, the other begins one, and both stations release what has lapsed."""
    where = postgres_server.create_address() if kept == "server" else ""
    shift = Shift(tmp_path, items=SAMPLED, cases=THREE, db=where)
    ann = shift.station("ann")
    key = on(ann)
    assert begun(ann).stop("callback") is None
    assert ann.close_interview().rejection is None
    shift.later(hours=25)
    other = next(case for case in "ABC" if case != key)
    racers = [shift.station(name) for name in ("bob", "cat")]
    for racer, case in zip(racers, (key, other), strict=True):
        assert racer.fetch_case(case).rejection is None
    gate, prompts = Barrier(2), dict[str, Prompt]()

    def race(racer: StationSession, case: str) -> None:
        gate.wait(30)
        refresh_queue(racer.studies[0].store, racer.studies[0].plan, shift.at)
        prompts[case] = asked(begun(racer))

    threads = [Thread(target=race, args=pair) for pair in zip(racers, (key, other), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(prompt.ending for prompt in prompts.values()) == ["", "quota_full"]
    assert fill(shift)["kinds:1"] == (0, 1)


# many stations at once

STATIONS = 4 * SCALE
MIXED = """
items:
  - {id: hello, type: read, text: "Good {daypart}, this is {interviewer} calling for the Institute."}
  - {id: sex, type: single, text: Man or woman?, options: {1: Man, 2: Woman}, declines: []}
  - {id: age, type: number, min: 18, max: 99, text: How old?, declines: []}
  - {id: room, type: lookup, quota: old}
  - {id: full, type: end, ask_if: "room == 'full'", outcome: quota_full, text: Bye}
  - {id: a, type: single, text: First?, options: {1: "Yes", 2: "No"}}
quotas:
  - {id: kinds, by: [kind], targets: {1: 7, 2: 20}}
  - {id: sexes, by: [sex], targets: {1: 8, 2: 8}}
  - {id: old, where: age >= 60, target: 4}
  - {id: both, by: [kind, sex], targets: {1/1: 4, 1/2: 4, 2/1: 7, 2/2: 7}}
"""
WORKERS = """
import sys
from datetime import datetime, timedelta
from multiprocessing import get_context
from random import Random
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station import StationSession
from survey_cli.entries import ReadEntry
from survey_cli.study.open_study import open_study

file, db, began, stations = sys.argv[1:]

def work(me, all_started):
    dice, at = Random(me), [datetime.fromisoformat(began)]

    def clock():
        at[0] += timedelta(milliseconds=1)
        return at[0]

    study = open_study(file, db=db, by=me, people=None)
    assert not hasattr(study, "why"), study
    station = StationSession(study=study, station="of " + me, clock=clock)
    station.start()
    all_started.wait(60)
    while (view := station.look().view).__class__.__name__ == "CaseView":
        if dice.random() < 0.15:
            station.record_outcome("no_answer")
            continue
        desk = station.open_interview().interview
        assert isinstance(desk, InterviewSession), desk
        while (prompt := desk.prompt()) is not None:
            if isinstance(prompt.entry, ReadEntry):
                said = desk.reply("")
            elif dice.random() < 0.08:
                said = desk.stop("refusal_hard")
            elif prompt.place.item == "age":
                said = desk.reply(str(dice.choice((25, 70))))
            else:
                said = desk.reply(str(dice.choice((1, 2))))
            assert said is None, said
        assert station.close_interview().rejection is None

fork = get_context("fork")
gate = fork.Barrier(int(stations))
workers = [fork.Process(target=work, args=(f"i{n}", gate)) for n in range(int(stations))]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
sys.exit(any(worker.exitcode for worker in workers))
"""
"""Imports once, then forks one process per station; nothing is opened before."""


@pytest.mark.parametrize("kept", ["file", "server"])
def test_stations_at_once_pass_no_target(kept: str, tmp_path: Path) -> None:
    """Quotas over the sample, over answers, over both, and with a lookup, the cells of all taken in one order: nobody
    waits for ever, no target is passed, and every place that was held is counted or given back."""
    dice = Random(kept)
    cases = "unit,kind,name,phone,zone\n" + "".join(
        f"u{n:03},{dice.choice((1, 2))},,312 555 {n:04},America/Chicago\n" for n in range(60)
    )
    where = postgres_server.create_address() if kept == "server" else ""
    shift = Shift(tmp_path, items=MIXED, cases=cases, head=HEAD, db=where)
    stations = subprocess.run(
        [
            sys.executable,
            "-c",
            WORKERS,
            str(shift.file),
            shift.db,
            shift.at.isoformat(),
            str(STATIONS),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert stations.returncode == 0, stations.stderr
    with shift.study() as study:
        counts, quotas = study.store.cases.quotas.read_fill(), study.plan.quotas
        complete = sum(row.outcome == "complete" for row in study.store.interviews.list_rows())
        for id, cell in quotas.cells.items():
            taken = counts.get(id, CellFill())
            assert taken.completes <= cell.target, (id, taken)
            assert taken.reserved == 0, (id, taken)
        assert complete == sum(counts.get(f"sexes:{sex}", CellFill()).completes for sex in (1, 2))
        assert complete >= 8  # at least one quota was filled to the brim
        assert any(
            counts.get(id, CellFill()).completes == cell.target for id, cell in quotas.cells.items()
        )
        assert study.store.maintenance.check_integrity() == []
