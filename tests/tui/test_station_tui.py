"""The full screen of a station: what keys do, what is shown, and that no key lands on the wrong case."""

import asyncio
import io
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pexpect
import pyte
import pytest
from rich.cells import cell_len

from support.fake_interview import FakeInterview, prompt
from support.fake_station import FakeStation, a_case, a_number, an_appointment, past, three_cases
from support.scenario import instrument
from support.shift import CASES, Shift
from survey_cli.entries import ReadEntry
from survey_cli.fieldwork.plan.known_outcomes import build_outcome_table
from survey_cli.outcomes import OUTCOMES, SINGLE_KEY_OUTCOMES
from survey_cli.plain import conduct_interview, run_station
from survey_cli.sessions.station.station_protocol import BreakView, CaseView, IdleView
from survey_cli.tui.drawing import Page
from survey_cli.tui.station import StationBoard
from survey_cli.tui.station_app import StationApp
from survey_cli.tui.station_drawing import draw_station
from survey_cli.tui.station_keys import BOUND, BY_KEY
from survey_cli.tui.station_modes import (
    AppointmentForm,
    AppointmentList,
    CaseSearch,
    Choosing,
    Deciding,
    OutcomeQuestion,
    Refusing,
    Saying,
    StationTextPage,
)


def pressed(calling: FakeStation, *keys: str) -> StationBoard:
    """The board after these keys; a word of several letters that is no key's name is typed letter by letter."""
    board = StationBoard(calling)
    press(board, *keys)
    return board


def press(board: StationBoard, *keys: str) -> None:
    for key in keys:
        if key.startswith("'"):
            for letter in key[1:]:
                board.press(letter)
        else:
            board.press(key)


def page_of(board: StationBoard, width: int = 80, height: int = 24) -> Page:
    return draw_station(board, width=width, height=height)


def seen(board: StationBoard, width: int = 80, height: int = 24) -> str:
    return "\n".join("".join(run.text for run in line).rstrip() for line in page_of(board, width, height).lines)


def done(calling: FakeStation) -> list[str]:
    """What was asked of the desk after the first case was taken."""
    return calling.calls[1:]


# Keys and the case they act on


def test_the_first_case_is_taken_and_a_dialled_call_is_closed_by_one_digit() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "1")
    assert done(calling) == ["dial EP-07", "record EP-07 no_answer"]
    assert board.case is not None
    assert board.case.key == "CH-01"
    assert board.unexpected, "another case came: keys typed ahead were not meant for it"


def test_an_outcome_without_a_call_asks_first_so_that_a_digit_typed_twice_closes_one_case() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "1", "1", "1", "1")
    assert done(calling) == ["dial EP-07", "record EP-07 no_answer"]
    assert isinstance(board.mode, OutcomeQuestion)
    assert "not dialed" in seen(board)
    assert "Chicago District" in seen(board)
    press(board, "y")
    assert done(calling)[-1] == "record CH-01 no_answer"


def test_what_cannot_be_undone_by_calling_again_asks_once_more() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "9", "'never", "enter")
    assert isinstance(board.mode, OutcomeQuestion)
    press(board, "enter", "1", " ")
    assert done(calling) == ["dial EP-07"], "only y is yes"
    press(board, "n")
    assert isinstance(board.mode, Deciding)
    press(board, "9", "'never", "enter", "y")
    assert done(calling)[-1] == "record EP-07 never_call"


@pytest.mark.parametrize(
    ("outcome", "line", "kept"),
    [
        ("supervisor", "asks for a letter", "record EP-07 supervisor asks for a letter"),
        ("changed", "915 555 0123", "record EP-07 changed 915 555 0123"),
        ("language", "pl", "record EP-07 language pl"),
    ],
)
def test_an_outcome_that_wants_words_asks_for_them_first(outcome: str, line: str, kept: str) -> None:
    calling = FakeStation()
    board = pressed(calling, f"'.{outcome}", "enter", "enter")
    assert done(calling) == [], "an empty line is not enough"
    assert board.why
    press(board, f"'{line}", "enter")
    assert done(calling) == [kept]


def test_a_rejected_outcome_leaves_the_case_and_what_was_typed() -> None:
    calling = FakeStation(rejects={"record": "the database is locked"})
    board = pressed(calling, "'.changed", "enter", "'915", "enter")
    assert board.why == "the database is locked"
    assert board.bell
    assert "915" in seen(board)
    assert "! the database is locked" in seen(board)
    calling.rejects.clear()
    press(board, "enter")
    assert done(calling) == ["record EP-07 changed 915"]


def test_the_list_of_outcomes_takes_a_number_at_once_where_no_longer_one_begins_with_it() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "9", "1")
    assert isinstance(board.mode, Choosing), "1 begins 11"
    press(board, "enter")
    assert done(calling) == ["dial EP-07"], "1 alone is no answer here"
    press(board, "١")
    assert done(calling) == ["dial EP-07", "record EP-07 blocked"]


def test_an_outcome_has_one_number_in_every_list() -> None:
    board = pressed(FakeStation(), "9")
    assert isinstance(board.mode, Choosing)
    shown = {choice.outcome.id: number for number, _, choice in board.mode.shown()}
    assert shown == {id: OUTCOMES[id].number for id in shown}
    numbers = [row.number for row in OUTCOMES.values()]
    assert len(set(numbers)) == len(numbers)
    assert [OUTCOMES[id].number for id in SINGLE_KEY_OUTCOMES] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert 9 not in numbers, "9 opens the list"
    own = build_outcome_table(instrument(OWN))
    assert own["busy"].number == OUTCOMES["busy"].number
    assert own["moved"].number > max(numbers)
    assert own["moved"].number != own["abroad"].number
    written = io.StringIO()
    run_station(FakeStation(), io.StringIO(".outcomes\n"), written)
    assert f"\n{OUTCOMES['language'].number}  Language problem [language]" in written.getvalue()
    written = io.StringIO()
    conduct_interview(FakeInterview((prompt("a", "A?", ReadEntry()),)), io.StringIO(".stop\n"), written)
    assert f"[{OUTCOMES['language'].number}  Language problem (language)]" in written.getvalue()


OWN = """
outcomes:
  busy: {name: Line busy}
  moved: {name: Moved away, like: away}
  abroad: {name: Abroad, like: away}
items:
  - {id: q, type: text, text: Q?}
"""


def test_numbers_in_the_list_stay_what_they_are_while_it_is_narrowed() -> None:
    calling = FakeStation()
    board = pressed(calling, "9")
    whole = {row[2].outcome.id: row[0] for row in board.mode.shown()}  # type: ignore[union-attr]
    press(board, "'lang")
    assert isinstance(board.mode, Choosing)
    ((number, _, one),) = board.mode.shown()
    assert (one.outcome.id, number) == ("language", whole["language"])
    press(board, "'xyz", "enter")
    assert board.why == "no outcome has these words"


def test_next_number_goes_round_those_that_live_and_dial_asks_before_it_dials_twice() -> None:
    numbers = (
        a_number(1, "111", current=True, outcome="busy"),
        a_number(2, "222", state="dead"),
        a_number(3, "333"),
        a_number(4, "444", state="never_call"),
    )
    calling = FakeStation([a_case("A", "A", numbers=numbers)])
    board = pressed(calling, "n")
    assert not board.unexpected, "the interviewer wanted it: a d typed behind it counts"
    press(board, "d", "d")
    assert isinstance(board.mode, OutcomeQuestion)
    press(board, "n", "d", "y")
    assert done(calling) == ["choose A 3", "dial A", "dial A"]


def test_a_case_with_one_number_says_so() -> None:
    board = pressed(FakeStation([a_case("A", "A", numbers=(a_number(1, "111", current=True),))]), "n")
    assert "no other number" in board.why
    assert "next number" not in seen(board)


def test_enter_and_letters_without_a_meaning_change_nothing() -> None:
    calling = FakeStation()
    board = StationBoard(calling)
    for key in (
        "enter",
        "ctrl+j",
        " ",
        "e",
        "z",
        "0",
        "left",
        "right",
        "tab",
        "delete",
        "escape",
        "f9",
        "ctrl+a",
    ):
        board.press(key)
        assert isinstance(board.mode, Deciding), key
    assert done(calling) == []


def test_every_key_is_bound_once_printed_once_and_does_what_its_word_does() -> None:
    keys = [key for bound in BOUND for key in bound.keys]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("12345678y")
    board = pressed(FakeStation(), "f1")
    sheet = seen(board, 80, 60)
    for bound in BOUND:
        assert bound.does[:30] in sheet, bound
        assert f".{bound.deed}" in sheet
    shown = {line[3:12].strip() for line in sheet.splitlines() if re.match(r" {3}\S+ +(\S+ +)?\.\w", line)}
    assert len(shown) == len(BOUND), shown

    def state(key: str) -> tuple[list[str], str, bool]:
        calling = FakeStation()
        board = pressed(calling, *([key] if not key.startswith("'") else [key, "enter"]))
        talking = board.talk is not None
        return calling.calls, type(board.mode).__name__, talking

    for key, bound in BY_KEY.items():
        assert state(key) == state(f"'.{bound.deed}"), f"{key} and .{bound.deed}"
        calls, mode, talking = state(key)
        refused = pressed(FakeStation(), key).why
        assert calls[1:] or mode != "Deciding" or talking or refused, f"{key} does nothing"


def test_a_dot_word_that_is_none_says_which_was_meant() -> None:
    board = pressed(FakeStation(), "'.dail", "enter")
    assert "did you mean .dial?" in board.why


def test_an_outcome_by_its_id_takes_its_words_on_the_same_line() -> None:
    calling = FakeStation()
    pressed(calling, "'.supervisor asks for a letter", "enter", "enter")
    assert done(calling) == ["record EP-07 supervisor asks for a letter"]


def test_dot_words_take_what_follows_them() -> None:
    calling = FakeStation()
    board = pressed(calling, "'.note ring twice", "enter", "'.add 915 5", "enter", "'.number 2", "enter")
    press(board, "'.fetch DT-02", "enter")
    assert done(calling) == [
        "remark EP-07 ring twice",
        "add_number EP-07 915 5",
        "choose EP-07 2",
        "fetch DT-02",
    ]
    press(board, "'.appointment tomorrow 3pm", "enter")
    assert isinstance(board.mode, AppointmentForm)
    assert "= Wed 25 Nov 15:00 there" in seen(board)


# The appointment


def test_an_appointment_is_understood_while_it_is_typed_and_booked_by_the_last_enter() -> None:
    calling = FakeStation()
    board = pressed(calling, "a", "'tomorrow")
    assert "? tomorrow is no time yet" in seen(board)
    press(board, "enter")
    assert board.why == "tomorrow is no time yet"
    press(board, "' 3pm")
    assert "= Wed 25 Nov 15:00 there · 16:00 here" in seen(board)
    assert "in 1 day" in seen(board)
    press(board, "enter", "3", "tab", "'Ms Reyes", "enter", "'direct line", "enter")
    assert done(calling) == ["book EP-07 tomorrow 3pm|0|me_first|Ms Reyes|direct line"]
    assert board.case is not None
    assert board.case.key == "CH-01"
    assert isinstance(board.mode, Deciding)


def test_a_time_that_comes_twice_is_chosen_between() -> None:
    calling = FakeStation()
    board = pressed(calling, "a", "'1 nov 1:30")
    assert "1:30 before the change" in seen(board)
    press(board, "tab", "tab", "tab", "tab", "enter")
    assert done(calling) == []
    assert "which one?" in board.why, "the form goes to what is missing"
    press(board, "2")
    assert "(2nd)" in seen(board)
    press(board, "enter", "enter", "enter", "enter")
    assert done(calling) == ["book EP-07 1 nov 1:30|2|anyone||"]


def test_another_time_forgets_the_reading_of_the_one_before() -> None:
    board = pressed(FakeStation(), "a", "'1 nov 1:30", "tab", "2", "up", "backspace")
    form = board.mode
    assert isinstance(form, AppointmentForm)
    assert (form.reading, form.choices) == (0, ())


def test_escape_keeps_what_was_typed_for_this_case_only() -> None:
    calling = FakeStation()
    board = pressed(calling, "a", "'tomorrow 3pm", "tab", "tab", "'Reyes", "escape")
    assert isinstance(board.mode, Deciding)
    press(board, "a")
    assert "tomorrow 3pm" in seen(board)
    assert "Reyes" in seen(board)
    press(board, "escape", "d", "1", "a")
    assert "Reyes" not in seen(board), "that was the case before"


def test_a_booking_that_is_rejected_stays_in_the_form() -> None:
    calling = FakeStation(rejects={"book": "that is past the study's end"})
    board = pressed(calling, "a", "'tomorrow 3pm", "enter", "enter", "enter", "enter")
    assert board.why == "that is past the study's end"
    assert isinstance(board.mode, AppointmentForm)
    assert board.mode.when.text == "tomorrow 3pm"


# A refusal


def test_a_refusal_is_told_in_a_form_before_its_outcome_is_kept() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "7", "'her husband", "enter", "'no time", "enter", "2")
    assert done(calling) == ["dial EP-07"], "nothing is kept before the form's last Enter"
    page = seen(board)
    for what in ("Respondent refuses (soft): El Paso", "her husband", "no time", "3 angry"):
        assert what in page
    press(board, "enter")
    assert done(calling)[1:] == [
        "note_refusal EP-07 her husband|no time|2", "record EP-07 refusal_soft",
    ]  # fmt: skip
    assert isinstance(board.mode, Deciding)


def test_enter_through_an_empty_form_notes_nothing() -> None:
    calling = FakeStation()
    pressed(calling, "d", "7", "enter", "' ", "enter", "2", "backspace", "enter")
    assert done(calling) == ["dial EP-07", "record EP-07 refusal_soft"], "a blank is nothing said"


def test_escape_from_the_form_goes_back_to_the_outcomes_and_keeps_what_was_typed_for_this_case() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "7", "'her husband", "enter", "3", "escape")
    assert isinstance(board.mode, Deciding)
    assert done(calling) == ["dial EP-07"]
    press(board, "9", "'household refuses (soft", "enter")
    assert "Household refuses (soft)" in seen(board)
    assert "her husband" in seen(board)
    press(board, "escape", "1", "d", "7")
    assert "her husband" not in seen(board), "that was the case before"


def test_a_grave_refusal_still_wants_its_yes_and_a_no_goes_back_to_the_form() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "9", "'respondent refuses (hard", "enter", "tab", "'never", "tab", "3", "enter")
    assert isinstance(board.mode, OutcomeQuestion)
    press(board, "enter", "n")
    assert done(calling) == ["dial EP-07"], "only y is yes"
    assert isinstance(board.mode, Refusing)
    press(board, "enter", "y")
    assert done(calling)[1:] == ["note_refusal EP-07 |never|3", "record EP-07 refusal_hard"]


def test_a_refusal_without_a_call_asks_about_the_call_after_its_form() -> None:
    calling = FakeStation()
    board = pressed(calling, "7", "enter", "enter", "enter")
    assert "not dialed" in seen(board)
    press(board, "y")
    assert done(calling) == ["record EP-07 refusal_soft"]


def test_a_refusal_whose_outcome_is_rejected_is_noted_once() -> None:
    calling = FakeStation(rejects={"record": "the database is locked"})
    board = pressed(calling, "d", "7", "'Ms Reyes", "tab", "tab", "enter")
    assert board.why == "the database is locked"
    assert isinstance(board.mode, Refusing)
    assert "Ms Reyes" in seen(board)
    calling.rejects.clear()
    press(board, "enter")
    assert done(calling)[1:] == ["note_refusal EP-07 Ms Reyes||0", "record EP-07 refusal_soft"]


def test_a_refusal_that_cannot_be_noted_is_not_keyed() -> None:
    calling = FakeStation(rejects={"note_refusal": "the database is locked"})
    board = pressed(calling, "d", "7", "'x", "tab", "tab", "enter")
    assert done(calling) == ["dial EP-07"]
    assert board.why == "the database is locked"
    assert isinstance(board.mode, Refusing)


def test_words_behind_a_refusals_dot_word_are_the_reason_and_pasted_words_go_where_the_cursor_is() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "'.refusal_soft no time now", "enter")
    board.paste("the\nsecretary")
    press(board, "tab", "tab")
    board.paste("2")
    assert board.why
    press(board, "7")
    assert "1 to 3" in board.why
    press(board, "enter")
    assert done(calling)[1:] == [
        "note_refusal EP-07 the secretary|no time now|0", "record EP-07 refusal_soft",
    ]  # fmt: skip


# The interview


def test_the_interview_has_the_keys_until_it_closes_and_then_the_station_again() -> None:
    calling = FakeStation()
    board = pressed(calling, "i")
    assert board.talk is not None
    assert board.unexpected
    press(board, "2", "'40", "enter", "enter")
    assert board.talk is not None, "its closing screen is still read"
    press(board, "1")
    assert board.talk is None
    assert calling.conduct.given == [("q1", "2"), ("q2", "40"), ("bye", "")]
    assert done(calling) == ["interview EP-07", "came_back EP-07 ended"]
    assert board.unexpected


def test_an_interview_put_aside_leaves_its_outcome_owed() -> None:
    calling = FakeStation(rejects={})
    board = pressed(calling, "i", "ctrl+c", "y", "x")
    assert "not finished: key the outcome" in seen(board)
    press(board, "1")
    assert done(calling)[-1] == "record EP-07 no_answer", "the interview was the call: nothing is asked about dialling"


def test_an_appointment_made_in_the_interview_opens_its_form() -> None:
    calling = FakeStation()
    board = pressed(calling, "i", "f8", "8", "y", "x")
    assert isinstance(board.mode, AppointmentForm)
    press(board, "escape")
    assert "give the time (a)" in seen(board)


def test_an_interview_that_cannot_begin_says_why() -> None:
    board = pressed(FakeStation(rejects={"interview": "it is complete"}), "i")
    assert board.talk is None
    assert board.why == "it is complete"


def test_ended_from_outside_everything_is_put_away() -> None:
    calling = FakeStation()
    board = pressed(calling, "i", "2")
    board.ended_from_outside()
    assert done(calling) == ["interview EP-07", "came_back EP-07 suspended", "leave"]


# No case, other cases


def test_a_due_case_comes_by_itself_with_a_bell() -> None:
    calling = FakeStation([], due=a_case("LATE", "Late Sector"))
    board = StationBoard(calling)
    assert "All 12 open cases are waiting" in seen(board)
    assert "Next: 13:42" in seen(board)
    press(board, "i")
    assert "there is no case" in seen(board)
    board.beat()
    assert board.bell
    assert "there is no case" not in seen(board)
    assert board.unexpected
    assert "Late Sector" in seen(board)
    board.beat()
    assert not board.bell


def test_no_case_comes_over_a_caller_who_is_being_looked_for() -> None:
    calling = FakeStation([], due=a_case("LATE", "Late Sector"))
    board = pressed(calling, "/", "'555")
    board.beat()
    assert isinstance(board.mode, CaseSearch)
    assert isinstance(board.view, IdleView)
    press(board, "escape", "escape")
    board.beat()
    assert isinstance(board.view, CaseView)


def test_a_case_lost_to_another_station_takes_what_lay_open_with_it() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "9", "'never", "enter")
    assert isinstance(board.mode, OutcomeQuestion)
    calling.now = a_case("OTHER", "Other Sector")
    board.beat()
    press(board, "y")
    assert done(calling) == ["dial EP-07"]


def test_somebody_who_rings_back_is_found_by_a_part_of_a_number() -> None:
    calling = FakeStation()
    board = pressed(calling, "/", "'313")
    assert "Detroit District" in seen(board)
    assert "El Paso" not in seen(board)
    press(board, "enter")
    assert done(calling) == ["fetch DT-02"]
    assert "Detroit District" in seen(board)


def test_appointments_are_listed_and_one_can_be_fetched() -> None:
    calling = FakeStation(appointments=(an_appointment(), an_appointment(name="Houston", is_late=True)))
    board = pressed(calling, "m")
    assert isinstance(board.mode, AppointmentList)
    assert "LATE" in seen(board)
    assert "15:42 there" in seen(board)
    press(board, "enter")
    assert done(calling) == ["fetch DT-02"]


def test_a_pause_takes_no_keys_of_a_case_and_p_goes_on() -> None:
    calling = FakeStation()
    board = pressed(calling, "p")
    assert isinstance(board.view, BreakView)
    assert "12 minutes" in seen(board)
    press(board, "1", "d", "i")
    assert done(calling) == ["pause"]
    press(board, "p")
    assert done(calling) == ["pause", "go_on"]


def test_an_outcome_keyed_by_a_slip_is_taken_back() -> None:
    calling = FakeStation()
    board = pressed(calling, "d", "1", "backspace")
    assert board.case is not None
    assert board.case.key == "EP-07"
    assert board.case.has_open_call
    press(board, "backspace")
    assert "no outcome to take back" in board.why


def test_leaving_asks_once_and_is_refused_while_something_is_owed() -> None:
    calling = FakeStation(rejects={"leave": "key the outcome of the call first"})
    board = pressed(calling, "ctrl+c")
    assert not board.left
    assert "End the shift?" in seen(board)
    press(board, "y")
    assert not board.left
    assert board.why == "key the outcome of the call first"
    calling.rejects.clear()
    press(board, "q", "ctrl+c")
    assert board.left


def test_a_script_is_read_in_full_and_noted_as_spoken() -> None:
    calling = FakeStation()
    board = pressed(calling, "s", "2")
    assert isinstance(board.mode, Saying)
    assert "May I speak with the supervisor?" in seen(board)
    press(board, "enter")
    assert done(calling) == ["spoke EP-07 gatekeeper"]
    assert "noted" in board.said


def test_what_respondents_ask_and_the_keys_open_and_close() -> None:
    board = pressed(FakeStation(), "f5")
    assert "The Office of the Inspector General." in seen(board)
    press(board, "f1")
    assert board.mode == StationTextPage("help")
    press(board, "f1")
    assert isinstance(board.mode, Deciding)


def test_a_key_that_breaks_something_is_said() -> None:
    calling = FakeStation()
    board = StationBoard(calling)
    board.failed(RuntimeError("x"))
    assert "that failed (RuntimeError)" in seen(board)


# What is seen


SIZES = ((44, 14), (60, 20), (80, 24), (132, 43), (200, 60))
OPENED = (
    (),
    ("9",),
    ("a", "'1 nov 1:30"),
    ("t", "'note"),
    ("7", "'" + "Ms Reyes of the front desk " * 6),
    ("7", "tab", "tab"),
    ("/", "'555"),
    ("m",),
    ("s",),
    ("f1",),
    ("f5",),
    ("q",),
)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("keys", OPENED)
def test_every_page_has_the_size_of_the_screen(width: int, height: int, keys: tuple[str, ...]) -> None:
    long = a_case(
        "鍵" * 20,
        "Ciudad Juárez e\u0301 — 非常に長い名前の事務所 " * 4,
        history=tuple(past(n, 9, "no answer", note="語 " * 80) for n in range(40, 0, -1)),
        details=tuple((f"Column {n}", "x" * 30) for n in range(9)),
        notice="The terminal died while this case was called. " * 3,
        appointment="Thu 26 Nov 15:00 (Pat first): " + "z" * 90,
        numbers=tuple(
            a_number(n, f"(915) 555-01{n:02}", current=n == 1, why_not="after 20:30 there") for n in range(1, 8)
        ),
    )
    for calling in (FakeStation([long]), FakeStation([]), FakeStation()):
        board = pressed(calling, *keys)
        page = page_of(board, width, height)
        assert len(page.lines) == height
        assert all(cell_len("".join(run.text for run in line)) <= width for line in page.lines)
        assert page.cursor is None or (page.cursor[0] < width and page.cursor[1] < height)


@pytest.mark.parametrize(("width", "height"), SIZES[1:])
def test_what_matters_is_on_the_screen_from_60_by_20(width: int, height: int) -> None:
    text = seen(StationBoard(FakeStation()), width, height)
    for what in (
        "El Paso Sector",
        "attempt 3 of 8",
        "(915) 555-0122",
        "10:42 there",
        "11:42 here",
        "supervisor",
    ):
        assert what in text
    for key in ("i", "d", "n", "9", *"12345678"):
        assert re.search(rf"(^|\s){re.escape(key)}\s", text, re.MULTILINE), key
    assert "use direct line" in text, "the newest of its past"


def test_a_screen_too_small_says_so_and_takes_no_key_blindly() -> None:
    calling = FakeStation()
    board = StationBoard(calling)
    assert "too small" in seen(board, 40, 12)
    press(board, "d", "1")
    assert done(calling) == []
    seen(board)
    press(board, "d")
    assert done(calling) == ["dial EP-07"]


def test_the_past_shows_its_newest_end_and_scrolls_back_to_its_beginning() -> None:
    many = tuple(past(40 - n, 9, f"event {n:02}") for n in range(40))
    board = StationBoard(FakeStation([a_case("A", "A", history=many)]))
    assert "event 39" in seen(board)
    assert "event 00" not in seen(board)
    assert "older: PgUp" in seen(board)
    for _ in range(20):
        press(board, "pageup")
        seen(board)
    assert "event 00" in seen(board)
    assert "event 39" not in seen(board)
    for _ in range(20):
        press(board, "pagedown")
        seen(board)
    assert "event 39" in seen(board)


def test_text_from_a_file_is_literal() -> None:
    case = a_case("[bold]", "[red]El Paso[/red]\x1b[31m", details=(("K", "a\nb\u202e"),))
    text = seen(StationBoard(FakeStation([case])))
    assert "[red]El Paso[/red]?[31m" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_line_wanted_by_hand_a_dead_one_and_one_out_of_hours_are_told_in_words() -> None:
    numbers = (
        a_number(1, "111", current=True, line="mobile", by_hand=True, why_not="after 20:30 there (it is 20:41)"),
        a_number(2, "222", state="dead"),
        a_number(3, "333", outcome="busy"),
    )
    text = seen(
        StationBoard(FakeStation([a_case("A", "A", numbers=numbers, respondent_time=None, callable_until=None)]))
    )
    for what in (
        "mobile · dial by hand",
        "not now: after 20:30 there (it is 20:41)",
        "fixed · dead",
        "fixed · busy",
    ):
        assert what in text
    assert "their local time is not known" in text


def test_what_was_done_last_is_said_until_something_else_is() -> None:
    board = pressed(FakeStation(), "d", "1")
    assert "No answer: kept at 11:43" in seen(board)
    press(board, "z")
    assert "No answer: kept" not in seen(board)


# On a screen


def piloted(calling: FakeStation, act: Callable[..., Awaitable[None]]) -> StationApp:
    """Run the app without a terminal while `act` presses keys."""
    app = StationApp(calling)

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            await act(pilot)

    asyncio.run(run())
    return app


def test_keys_posted_before_the_next_case_was_painted_are_set_aside() -> None:
    """All cases count as dialled, so that nothing but the setting aside stands between a digit and the next case."""
    from textual import events

    calling = FakeStation([replace(case, has_open_call=True) for case in three_cases()])
    app = StationApp(calling)

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.pause()
            for _ in range(5):
                app.post_message(events.Key("1", "1"))
            await pilot.pause()
            await pilot.pause()
            assert [c for c in calling.calls if c.startswith("record")] == ["record EP-07 no_answer"]
            assert "4 keys typed ahead not used" in app.board.said
            await pilot.press("2")
            await pilot.pause()

    asyncio.run(run())
    assert calling.calls[-1] == "record CH-01 busy", "what is keyed once the case is seen counts"


def test_a_key_that_is_not_taken_and_changes_nothing_on_the_screen_leaves_the_keyboard_alive() -> None:
    calling = FakeStation()

    async def act(pilot: object) -> None:
        for key in ("z", "z", "z", "d"):
            await pilot.press(key)  # type: ignore[attr-defined]
            await pilot.pause()  # type: ignore[attr-defined]

    piloted(calling, act)
    assert done(calling) == ["dial EP-07"]


def test_a_due_case_is_painted_by_the_beat() -> None:
    calling = FakeStation([], due=a_case("LATE", "Late Sector"))

    async def act(pilot: object) -> None:
        pilot.app.beat()  # type: ignore[attr-defined]
        await pilot.pause()  # type: ignore[attr-defined]
        lines = pilot.app._sheet.lines  # type: ignore[attr-defined]
        assert "Late Sector" in "".join(run.text for line in lines for run in line)

    piloted(calling, act)


RUN = """
import sys; sys.path[:0] = {path!r}
from support.fake_station import FakeStation
from survey_cli.tui import ScreenError, work
calling = FakeStation()
{after}
try:
    work(calling)
except ScreenError as failed:
    print(failed)
print("CALLS", calling.calls, calling.conduct.given)
"""


class Terminal:
    """A station in a pseudo-terminal, and what its screen shows."""

    def __init__(self, *, after: str = "", **environment: str) -> None:
        here = Path(__file__).parents[1]
        program = RUN.format(path=[str(here), str(here.parent)], after=after)
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment}
        self.screen = pyte.Screen(80, 24)
        self.stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(sys.executable, ["-c", program], dimensions=(24, 80), env=env, timeout=15)

    def until(self, text: str, seconds: float = 15.0) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end and text not in self.shown():
            try:
                got = self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
            self.stream.feed(re.sub(rb"\x1b\[(\?2026\$p|>25u|<u)", b"", got))
        assert text in self.shown(), self.shown()
        return self.shown()

    def shown(self) -> str:
        return "\n".join(self.screen.display)


def test_an_evening_on_a_terminal() -> None:
    terminal = Terminal()
    terminal.until("El Paso Sector")
    terminal.child.send("d11")
    terminal.until("Chicago District")
    terminal.child.send("i")
    terminal.until("Is the mission clear?")
    terminal.child.send("240\r\r")
    terminal.until("any key leaves")
    terminal.child.send(" ")
    terminal.until("Detroit District")
    terminal.child.send("\x03")
    terminal.until("End the shift?")
    terminal.child.send("y")
    shown = terminal.until("('bye', '')]")
    assert "record EP-07 no_answer" in shown
    assert shown.count("record") == 1


def test_a_station_whose_screen_breaks_says_what_to_do_without_a_traceback() -> None:
    terminal = Terminal(after="calling.summarize_shift = lambda: 1 // 0")
    shown = terminal.until("CALLS")
    assert "start the station again" in shown.replace("\n", "")
    assert "Traceback" not in shown


def test_a_station_that_is_told_to_end_leaves_properly() -> None:
    terminal = Terminal()
    terminal.until("El Paso Sector")
    terminal.child.send("i")
    terminal.until("Is the mission clear?")
    terminal.child.kill(15)
    shown = terminal.until("'leave']")
    assert "came_back EP-07 suspended" in shown.replace("\n", "")


# On the real desk


def test_an_evening_on_the_real_desk(tmp_path: Path) -> None:
    """The board over the station itself: keys become what the database holds, and one burst of digits is one call."""
    shift = Shift(tmp_path, cases=CASES + "B,2,Person B,312 555 0101,America/Chicago\n")
    station = shift.station()
    board = StationBoard(station)
    first = station.view()
    assert isinstance(first, CaseView)
    press(board, "d", "1", "1", "1")
    assert [len(shift.case(key).counted_attempts) for key in sorted("AB", key=lambda k: k != first.key)] == [
        1,
        0,
    ]
    press(board, "n", "backspace", "2")
    assert shift.case(first.key).last_call.outcome == "busy"  # type: ignore[union-attr]
    press(board, "a", "'tomorrow 3pm", "enter", "enter", "'Ms Reyes", "enter", "enter")
    promised = shift.case("AB".replace(first.key, "")).appointment
    assert promised is not None
    assert (promised.details.start, promised.details.person) == ("2026-11-25T15:00", "Ms Reyes")
    nobody = station.view()
    assert isinstance(nobody, IdleView)
    assert nobody.next_at is not None
    assert f"{nobody.next_at:%H:%M}. The case comes by itself." in seen(board)
    shift.at = nobody.next_at
    board.beat()
    assert board.bell
    press(board, "i", "enter", "1", "2", "1", "x")
    assert shift.row(first.key).status == "done"
    press(board, "q", "y")
    assert board.left
