"""The full screen of a station: what keys do, what is shown, and that no key lands on the wrong case."""

import gc
import io
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import pexpect
import pyte
import pytest
from textual._styles_cache import StylesCache
from textual.widgets import Input

from support.fake_interview import FakeHand, FakeInterview, prompt
from support.fake_station import (
    HERE,
    NOW,
    FakeStation,
    a_case,
    a_number,
    an_appointment,
    interview,
    past,
    three_cases,
)
from support.scenario import instrument
from support.screens import StationHands, calling
from support.shift import CASES, Shift
from survey_cli.entries import ReadEntry
from survey_cli.fieldwork.plan.outcome_table import build_outcome_table
from survey_cli.fieldwork.shifts import list_shift_figures
from survey_cli.outcomes import OUTCOMES, SINGLE_KEY_OUTCOMES
from survey_cli.plain import conduct_interview, run_station
from survey_cli.sessions.station.station_views import BreakView, CaseView, IdleView, WrapUpView
from survey_cli.sessions.station.step import Step
from survey_cli.tui.station.pages import STATION_KEYS
from survey_cli.tui.station.views import build_history
from survey_cli.tui.widgets.themes import THEMES


def done(station: FakeStation) -> list[str]:
    """Return what was asked of the session after the first case was taken."""
    return station.calls[1:]


# Keys and the case they act on


def test_the_first_case_is_taken_and_a_dialed_call_is_closed_by_one_digit() -> None:
    station = FakeStation()
    with calling(station, "d", "1") as at:
        assert done(station) == ["dial EP-07", "record EP-07 no_answer"]
        assert at.key == "CH-01"
        assert at.station.unexpected, "another case came: keys typed ahead were not meant for it"


def test_an_outcome_without_a_call_asks_first_so_that_a_digit_typed_twice_closes_one_case() -> None:
    station = FakeStation()
    with calling(station, "d", "1", "1", "1", "1") as at:
        assert done(station) == ["dial EP-07", "record EP-07 no_answer"]
        assert at.panel == "choice"
        assert "not dialed" in at.text()
        assert "Chicago District" in at.text()
        at.press("y")
        assert done(station)[-1] == "record CH-01 no_answer"


def test_what_cannot_be_undone_by_calling_again_asks_once_more() -> None:
    station = FakeStation()
    with calling(station, "d", "9", "never", "enter") as at:
        assert at.panel == "choice"
        at.press("enter", "1", " ")
        assert done(station) == ["dial EP-07"], "only y is yes"
        at.press("n")
        assert at.panel == ""
        at.press("9", "never", "enter", "y")
        assert done(station)[-1] == "record EP-07 never_call"


@pytest.mark.parametrize(
    ("outcome", "line", "recorded"),
    [
        ("supervisor", "asks for a letter", "record EP-07 supervisor asks for a letter"),
        ("changed", "915 555 0123", "record EP-07 changed 915 555 0123"),
        ("language", "pl", "record EP-07 language pl"),
    ],
)
def test_an_outcome_that_requires_words_asks_for_them_first(
    outcome: str, line: str, recorded: str
) -> None:
    station = FakeStation()
    with calling(station, f".{outcome}", "enter", "enter") as at:
        assert done(station) == [], "an empty line is not enough"
        assert at.why
        at.press(f"{line}", "enter")
        assert done(station) == [recorded]


def test_a_rejected_outcome_leaves_the_case_and_what_was_typed() -> None:
    station = FakeStation(rejects={"record": "the database is locked"})
    with calling(station, ".changed", "enter", "915", "enter") as at:
        assert at.why == "the database is locked"
        assert at.station.bell_due
        assert "915" in at.text()
        assert "! the database is locked" in at.text()
        station.rejects.clear()
        at.press("enter")
        assert done(station) == ["record EP-07 changed 915"]


def test_the_list_of_outcomes_takes_a_number_at_once_where_no_longer_one_begins_with_it() -> None:
    station = FakeStation()
    with calling(station, "d", "9", "enter") as at:
        assert "mark one" in at.why, "Enter alone takes none of them"
        at.press("1")
        assert at.panel == "outcomes", "1 begins 11"
        at.press("enter")
        assert done(station) == ["dial EP-07"], "1 alone is no answer here"
        at.press("١")
        assert done(station) == ["dial EP-07", "record EP-07 blocked"]


def test_an_outcome_has_one_number_in_every_list() -> None:
    with calling(FakeStation(), "9", size=(80, 60)) as at:
        shown = {
            name: int(number)
            for number, name in re.findall(r"^ +(\d\d)  (.*)", at.text(), re.MULTILINE)
        }
    names = {row.name: row.number for row in OUTCOMES.values()}
    assert len(shown) > 10
    assert shown == {name: names[name] for name in shown}
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
    conduct_interview(
        FakeInterview((prompt("a", "A?", ReadEntry()),)), io.StringIO(".stop\n"), written
    )
    assert (
        f"[{OUTCOMES['language'].number}  Stop here: Language problem (language)]"
        in written.getvalue()
    )


OWN = """
outcomes:
  busy: {name: Line busy}
  moved: {name: Moved away, like: away}
  abroad: {name: Abroad, like: away}
items:
  - {id: q, type: text, text: Q?}
"""


def test_the_list_of_outcomes_is_narrowed_by_words_and_keeps_its_numbers() -> None:
    with calling(FakeStation(), "9", "lang") as at:
        assert f"{OUTCOMES['language'].number}  Language problem" in at.text()
        assert "Fax" not in at.text()
        at.press("xyz", "enter")
        assert at.why == "no outcome matches"


def test_next_number_goes_round_those_that_live_and_dial_asks_before_it_dials_twice() -> None:
    numbers = (
        a_number(1, "111", current=True, outcome="busy"),
        a_number(2, "222", state="dead"),
        a_number(3, "333"),
        a_number(4, "444", state="never_call"),
    )
    station = FakeStation([a_case("A", "A", numbers=numbers)])
    with calling(station, "n") as at:
        assert not at.station.unexpected, "the interviewer wanted it: a d typed behind it counts"
        at.press("d", "d")
        assert at.panel == "choice"
        at.press("n", "d", "y")
        assert done(station) == ["choose A 3", "dial A", "dial A"]


def test_a_case_with_one_number_says_so() -> None:
    with calling(
        FakeStation([a_case("A", "A", numbers=(a_number(1, "111", current=True),))]), "n"
    ) as at:
        assert "no other number" in at.why
        assert "next number" not in at.text()


def test_enter_and_letters_without_a_meaning_change_nothing() -> None:
    station = FakeStation()
    with calling(station) as at:
        unused = (
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
        )
        for key in unused:
            at.press(key)
            assert at.panel == "", key
    assert done(station) == []


def test_every_key_is_bound_once_and_does_what_its_word_does() -> None:
    keys = [key for each in STATION_KEYS for key in each.keys]
    assert len(keys) == len(set(keys))
    assert not set(keys) & set("12345678y")

    with calling(station := FakeStation()) as at:

        def act(*pressed: str) -> tuple[list[str], str, bool, str]:
            station.now, station.queue, station.conduct = (
                *three_cases()[:1],
                three_cases()[1:],
                interview(),
            )
            station.hand = FakeHand()
            at.beat()
            station.calls = []
            at.press(*pressed)
            effect = station.calls, at.panel, at.interviewing, at.why or station.hand.describe()
            at.press(*(("ctrl+c", "y") if at.interviewing else ("escape", "escape")))
            return effect

        for each in STATION_KEYS:
            by_key = act(each.keys[0])
            assert by_key[:3] == act(f".{each.action}", "enter")[:3], each.action
            assert any(by_key), f"{each.keys[0]} does nothing"


def test_the_page_of_keys_and_the_palette_have_them_all() -> None:
    with calling(FakeStation(), "f1", size=(100, 120)) as at:
        for each in STATION_KEYS:
            assert each.does[:30] in at.text()
            assert f".{each.action}" in at.text()
            assert each.sign in at.text()
        at.press("f1")
        assert at.panel == ""
        at.press("ctrl+p")
        for each in STATION_KEYS:
            assert each.does in at.text() or each.action == "palette"
    with calling(station := FakeStation(), "ctrl+p", "next number", "enter"):
        assert done(station) == ["choose EP-07 2"]


def test_a_dot_word_that_is_none_says_which_was_meant() -> None:
    with calling(FakeStation(), ".dail", "enter") as at:
        assert "did you mean .dial?" in at.why


def test_an_outcome_by_its_id_takes_its_words_on_the_same_line() -> None:
    station = FakeStation()
    with calling(station, ".supervisor asks for a letter", "enter", "enter"):
        assert done(station) == ["record EP-07 supervisor asks for a letter"]


def test_dot_words_take_what_follows_them() -> None:
    station = FakeStation()
    with calling(
        station, ".note ring twice", "enter", ".add 915 5", "enter", ".number 2", "enter"
    ) as at:
        at.press(".fetch DT-02", "enter")
        assert done(station) == [
            "remark EP-07 ring twice",
            "add_number EP-07 915 5",
            "choose EP-07 2",
            "fetch DT-02",
        ]
        at.press(".appointment tomorrow 3pm", "enter")
        assert at.panel == "appointment"
        assert "= Wed 25 Nov 15:00 there" in at.text()


def test_a_key_over_a_line_that_is_half_typed_loses_nothing() -> None:
    station = FakeStation()
    with calling(station, "t", "ring twice", "f5") as at:
        assert "finish this line first" in at.why
        at.press("enter")
        assert done(station) == ["remark EP-07 ring twice"]


# The appointment


def test_an_appointment_is_booked_with_one_enter_where_nothing_else_is_wanted() -> None:
    station = FakeStation()
    with calling(station, "a", "tomorrow 3pm") as at:
        assert "= Wed 25 Nov 15:00 there · 16:00 here" in at.text()
        at.press("enter")
        assert done(station) == ["book EP-07 tomorrow 3pm|0|anyone||"]
        assert at.key == "CH-01"
        assert at.panel == ""


def test_an_appointment_is_understood_while_it_is_typed_and_tab_goes_on_to_the_rest() -> None:
    station = FakeStation()
    with calling(station, "a", "tomorrow") as at:
        assert "? tomorrow is no time yet" in at.text()
        at.press("enter")
        assert "! tomorrow is no time yet" in at.text()
        assert at.text().count("is no time yet") == 1, "said once"
        at.press(" 3pm")
        assert "= Wed 25 Nov 15:00 there · 16:00 here" in at.text()
        assert "in 1 day" in at.text()
        at.press("tab", "3", "tab", "Ms Reyes", "down", "direct line", "enter")
        assert done(station) == ["book EP-07 tomorrow 3pm|0|me_first|Ms Reyes|direct line"]


def test_a_time_that_comes_twice_is_chosen_between() -> None:
    station = FakeStation()
    with calling(station, "a", "1 nov 1:30") as at:
        assert "1 1:30 before the change" in at.text()
        at.press("enter")
        assert done(station) == []
        assert "which one?" in at.why, "the form goes to what is missing"
        at.press("2")
        assert "(2nd)" in at.text()
        at.press("enter")
        assert done(station) == ["book EP-07 1 nov 1:30|2|anyone||"]


def test_another_time_forgets_the_reading_of_the_one_before() -> None:
    with calling(FakeStation(), "a", "1 nov 1:30", "tab", "2", "up", "backspace") as at:
        assert "before the change" not in at.text()
        at.press("0")
        assert "before the change" in at.text()
        at.press("enter")
        assert "which one?" in at.why


def test_escape_keeps_what_was_typed_for_this_case_only() -> None:
    with calling(FakeStation(), "a", "tomorrow 3pm", "tab", "tab", "Reyes", "escape") as at:
        assert at.panel == ""
        at.press("a")
        assert "tomorrow 3pm" in at.text()
        assert "Reyes" in at.text()
        at.press("escape", "d", "1", "a")
        assert "Reyes" not in at.text(), "that was the case before"


def test_a_booking_that_is_rejected_stays_in_the_form() -> None:
    station = FakeStation(rejects={"book": "that is past the study's end"})
    with calling(station, "a", "tomorrow 3pm", "enter") as at:
        assert at.why == "that is past the study's end"
        assert at.panel == "appointment"
        assert "tomorrow 3pm" in at.text()
        station.rejects.clear()
        at.press("enter")
        assert done(station) == ["book EP-07 tomorrow 3pm|0|anyone||"]


# A refusal


def test_a_refusal_is_described_in_a_form_before_its_outcome_is_recorded() -> None:
    station = FakeStation()
    with calling(station, "d", "7", "her husband", "tab", "no time", "tab", "2") as at:
        assert done(station) == ["dial EP-07"], "nothing is stored before Enter"
        for what in ("Respondent refuses (soft): El Paso", "her husband", "no time", "3 angry"):
            assert what in at.text()
        at.press("enter")
        assert done(station)[1:] == [
            "note_refusal EP-07 her husband|no time|2",
            "record EP-07 refusal_soft",
        ]
        assert at.panel == ""


def test_a_form_filled_in_one_burst_of_keys_takes_each_where_it_belongs() -> None:
    station = FakeStation()
    with calling(station, "d", "7") as at:
        at.burst("wife", "tab", "ill", "tab", "2", "up", "!", "enter")
        assert done(station)[1:] == ["note_refusal EP-07 wife|ill!|2", "record EP-07 refusal_soft"]


def test_a_click_into_a_line_of_a_form_gives_it_the_keys() -> None:
    station = FakeStation()
    with calling(station, "a", "tomorrow 3pm") as at:
        at.click("#field-note")
        at.press("direct line", "enter")
        assert at.key == "CH-01"
        assert "direct line" in station.calls[-1]


def test_an_empty_form_of_a_refusal_is_one_enter_and_stores_nothing() -> None:
    station = FakeStation()
    with calling(station, "d", "7", "tab", " ", "tab", "2", "backspace", "enter"):
        assert done(station) == ["dial EP-07", "record EP-07 refusal_soft"], (
            "a blank is nothing said"
        )
    with calling(station := FakeStation(), "d", "7", "enter"):
        assert done(station) == ["dial EP-07", "record EP-07 refusal_soft"]


def test_escape_from_the_form_goes_back_to_the_outcomes_and_keeps_what_was_typed_for_this_case() -> (
    None
):
    station = FakeStation()
    with calling(station, "d", "7", "her husband", "tab", "x", "escape") as at:
        assert at.panel == ""
        assert done(station) == ["dial EP-07"]
        at.press("9", "household refuses (soft", "enter")
        assert "Household refuses (soft)" in at.text()
        assert "her husband" in at.text()
        at.press("escape", "1", "d", "7")
        assert "her husband" not in at.text(), "that was the case before"


def test_a_grave_refusal_still_needs_its_yes_and_a_no_goes_back_to_the_form() -> None:
    station = FakeStation()
    keys = ("d", "9", "respondent refuses (hard", "enter", "tab", "never", "tab", "3", "enter")
    with calling(station, *keys) as at:
        assert at.panel == "choice"
        at.press("enter", "n")
        assert done(station) == ["dial EP-07"], "only y is yes"
        assert at.panel == "refusal"
        at.press("enter", "y")
        assert done(station)[1:] == ["note_refusal EP-07 |never|3", "record EP-07 refusal_hard"]


def test_a_refusal_without_a_call_asks_about_the_call_after_its_form() -> None:
    station = FakeStation()
    with calling(station, "7", "enter") as at:
        assert "not dialed" in at.text()
        at.press("y")
        assert done(station) == ["record EP-07 refusal_soft"]


def test_a_refusal_whose_outcome_is_rejected_is_noted_once() -> None:
    station = FakeStation(rejects={"record": "the database is locked"})
    with calling(station, "d", "7", "Ms Reyes", "enter") as at:
        assert at.why == "the database is locked"
        assert at.panel == "refusal"
        assert "Ms Reyes" in at.text()
        station.rejects.clear()
        at.press("enter")
        assert done(station)[1:] == ["note_refusal EP-07 Ms Reyes||0", "record EP-07 refusal_soft"]


def test_a_refusal_that_cannot_be_noted_is_not_recorded() -> None:
    station = FakeStation(rejects={"note_refusal": "the database is locked"})
    with calling(station, "d", "7", "x", "enter") as at:
        assert done(station) == ["dial EP-07"]
        assert at.why == "the database is locked"
        assert at.panel == "refusal"


def test_words_behind_a_refusals_dot_word_are_the_reason_and_pasted_words_go_where_the_cursor_is() -> (
    None
):
    station = FakeStation()
    with calling(station, "d", ".refusal_soft no time now", "enter") as at:
        at.paste("the\nsecretary")
        at.press("tab", "tab")
        at.paste("2")
        assert at.why
        at.press("7")
        assert "1 to 3" in at.why
        at.press("enter")
        assert done(station)[1:] == [
            "note_refusal EP-07 the secretary|no time now|0",
            "record EP-07 refusal_soft",
        ]


# The interview


def test_the_interview_has_the_keys_until_it_closes_and_then_the_station_again() -> None:
    station = FakeStation()
    with calling(station, "i") as at:
        assert at.interviewing
        at.press("2", "40", "enter", "enter")
        assert at.interviewing, "its closing review is still read"
        at.press("enter")
        assert not at.interviewing
        assert station.conduct.given == [("q1", "2"), ("q2", "40"), ("bye", "")]
        assert done(station) == ["interview EP-07", "came_back EP-07 ended"]
        assert at.station.unexpected
        assert "Chicago District" in at.text()


def test_a_suspended_interview_leaves_its_outcome_pending() -> None:
    station = FakeStation()
    with calling(station, "i", "ctrl+c", "y") as at:
        assert "not finished: key the outcome" in at.text()
        at.press("1")
        assert done(station)[-1] == "record EP-07 no_answer", (
            "the interview was the call: dialing is not asked about"
        )


def test_an_appointment_made_in_the_interview_opens_its_form() -> None:
    station = FakeStation()
    with calling(station, "i", "f8", "8", "y") as at:
        assert at.panel == "appointment"
        at.press("escape")
        assert "give the time (a)" in at.text()


def test_an_interview_that_cannot_begin_says_why() -> None:
    with calling(FakeStation(rejects={"interview": "it is complete"}), "i") as at:
        assert not at.interviewing
        assert at.why == "it is complete"


def test_keys_typed_ahead_of_an_interview_answer_it() -> None:
    station = FakeStation()
    with calling(station) as at:
        at.burst("i2")
        at.pause()
        assert at.interviewing
        assert station.conduct.given == [("q1", "2")]


def test_ended_from_outside_everything_is_stored() -> None:
    station = FakeStation()
    with calling(station, "i", "2") as at:
        at.run(at.app._save_and_exit())
        assert done(station) == ["interview EP-07", "came_back EP-07 suspended", "leave"]


# No case, other cases


def test_a_due_case_comes_by_itself_with_a_bell() -> None:
    station = FakeStation([], due=a_case("LATE", "Late Sector"))
    with calling(station) as at:
        assert "All 12 open cases are waiting" in at.text()
        assert "Next: 13:42" in at.text()
        at.press("i")
        assert "there is no case" in at.text()
        at.beat()
        assert at.station.bell_due
        assert "there is no case" not in at.text()
        assert at.station.unexpected
        assert "Late Sector" in at.text()
        at.beat()
        assert not at.station.bell_due


def test_no_case_comes_over_a_caller_who_is_being_searched_for() -> None:
    station = FakeStation([], due=a_case("LATE", "Late Sector"))
    with calling(station, "/", "555") as at:
        at.beat()
        assert at.panel == "find"
        assert isinstance(at.station.now, IdleView)
        at.press("escape", "escape")
        at.beat()
        assert isinstance(at.station.now, CaseView)


def test_a_case_lost_to_another_station_takes_what_was_open_with_it() -> None:
    station = FakeStation()
    with calling(station, "d", "9", "never", "enter") as at:
        assert at.panel == "choice"
        station.now = a_case("OTHER", "Other Sector")
        at.beat()
        at.press("y")
        assert done(station) == ["dial EP-07"]


def test_somebody_who_calls_back_is_found_by_a_part_of_a_number() -> None:
    station = FakeStation()
    with calling(station, "/", "313") as at:
        assert re.search("Detroit District DT-02 +\\(313\\) 555-0122 +waiting", at.text())
        assert "El Paso Sector EP-07" not in at.text()
        at.press("enter")
        assert done(station) == ["fetch DT-02"]
        assert "Detroit District" in at.text()
    with calling(FakeStation(), "/") as at:
        assert "type part of the number they call from, the name or the key" in at.text()
        assert "no case matches" not in at.text()
    with calling(FakeStation(), "/", "zzz", "enter") as at:
        assert "no case matches" in at.why
        at.press("escape", "escape")
        assert at.panel == ""


def test_appointments_are_listed_narrowed_and_fetched() -> None:
    station = FakeStation(
        appointments=(an_appointment(key="H", name="Houston", is_late=True), an_appointment())
    )
    with calling(station, "m") as at:
        assert at.panel == "appointments"
        assert "LATE" in at.text()
        assert "15:42 there" in at.text()
        at.press("detroit")
        assert "Houston" not in at.text()
        at.press("enter")
        assert done(station) == ["fetch DT-02"]
    with calling(FakeStation(), "m", "enter") as at:
        assert "you have no open appointments" in at.why


def test_a_due_appointment_is_announced_in_words_rings_once_and_is_listed_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SURVEY_BELL", "1")
    soon = an_appointment(key="DT-02", name="Blaine Sector", station_time=NOW.astimezone(HERE))
    station = FakeStation(appointments=(an_appointment(key="X", name="Houston"),))
    with calling(station) as at:
        rung: list[bool] = []
        at.app.bell = lambda: rung.append(True)  # type: ignore[method-assign]
        assert "Appointment" not in at.text()
        station.due_appointment = soon
        at.station.tick()
        at.station.tick()
        at.pause()
        assert "Appointment now: Blaine Sector" in at.text()
        assert rung == [True]
        at.press("m", "enter")
        assert done(station) == ["fetch DT-02"]


def test_an_appointment_that_becomes_due_in_an_interview_is_said_there() -> None:
    station = FakeStation()
    with calling(station, "i", size=(80, 24)) as at:
        station.due_appointment = an_appointment(name="Blaine Sector")
        at.beat()
        assert "Appointment in" in at.text()
        assert "Blaine Sector" in at.text()
        at.press("2")
        at.beat()
        assert "Blaine Sector" not in at.text(), "it is said once"


def test_a_break_has_a_reason_takes_no_keys_of_a_case_and_p_ends_it() -> None:
    station = FakeStation()
    with calling(station, "p") as at:
        assert at.panel == "pause"
        for reason in station.list_break_reasons():
            assert reason in at.text()
        at.press("2")
        assert isinstance(at.station.now, BreakView)
        assert "On a break: pause" in at.text()
        assert "12:00" in at.text()
        at.press("1", "d", "i")
        assert done(station) == ["pause pause"]
        at.press("p")
        assert done(station) == ["pause pause", "go_on"]
    with calling(station := FakeStation(), "p", "enter"):
        assert done(station) == ["pause"], "Enter alone gives no reason"


def test_no_break_is_offered_while_a_call_has_no_outcome() -> None:
    with calling(FakeStation(), "d", "p") as at:
        assert not at.panel
        assert "key the outcome of this call before the break" in at.text()


def test_after_a_call_a_note_can_be_added_and_the_next_case_comes_by_itself() -> None:
    station = FakeStation(wrapup=True)
    with calling(station, "d", "1") as at:
        assert isinstance(at.station.now, WrapUpView)
        assert "El Paso Sector: no answer" in at.text()
        assert "in 20 s" in at.text()
        at.press("t", "asks for Ms Reyes", "enter")
        assert done(station)[-1] == "remark EP-07 asks for Ms Reyes"
        at.press("enter")
        assert done(station)[-1] == "end_wrapup"
        assert at.key == "CH-01"
        at.press("d", "1", "backspace")
        assert at.key == "CH-01"


def test_no_case_comes_over_a_note_that_is_typed_after_a_call() -> None:
    station = FakeStation(wrapup=True)
    beats: list[None] = []

    def keep_alive() -> Step:
        beats.append(None)
        return station.look()

    station.keep_alive = keep_alive  # type: ignore[method-assign]
    with calling(station, "d", "1", "t", "asks for") as at:
        assert isinstance(station.now, WrapUpView)
        station.now = replace(station.now, until=station.now.station_time)
        at.station.tick()
        at.beat()
        assert beats == []
        at.press("enter")
        at.station.tick()
        at.pause()
        assert beats, "the time is over: the session looks for the next case at once"


def test_the_outcomes_with_a_key_are_grouped_as_all_others_are() -> None:
    with calling(FakeStation()) as at:
        lines = at.lines()
        calls = next(number for number, line in enumerate(lines) if "i  interview" in line)
        assert lines[calls + 1] == "", "they don't run into the keys of the call"
        assert re.search(r"Not reached +1 +No answer +2 +Busy", lines[calls + 2])
        assert re.search(r"Number +5 +Not working or disconnected +6 +Wrong number", at.text())
        assert re.search(r"Reached +7 +Respondent refuses \(soft\) +8 +Call back", at.text())
        at.press("9")
        listed = at.listed()
        assert [row for row in listed if row in ("Not reached", "Number", "Reached")] == [
            "Not reached",
            "Number",
            "Reached",
        ]
        assert listed.index("Number") < listed.index("Reached")
        fax = next(number for number, row in enumerate(listed) if "Fax or data" in row)
        assert listed.index("Number") < fax < listed.index("Reached")


def test_without_room_for_the_headings_the_groups_begin_new_lines() -> None:
    with calling(FakeStation(), size=(60, 20)) as at:
        assert "Not reached" not in at.text()
        for beginning in (r"1 +No answer", r"5 +Not working", r"7 +Respondent refuses", r"9 +more"):
            assert re.search(rf"^ *{beginning}", at.text(), re.MULTILINE)


@pytest.mark.parametrize("width", range(40, 76))
def test_a_name_in_the_history_is_never_alone_on_a_line(width: int) -> None:
    event = past(0, 9, "callback asked", note="use the direct line after ten", by="Pat Moore")
    first, *others = build_history([event], width)
    assert first.plain.startswith("Tue 24 Nov 09:10  callback")
    for line in others:
        assert line.plain.startswith(" " * 18), "further lines hang under the first"
    last = [first, *others][-1].plain
    assert last.endswith("  Pat Moore")
    assert last.removesuffix("Pat Moore").strip()
    assert all(line.cell_length <= width for line in (first, *others))


def test_undo_is_offered_only_if_there_is_something_to_undo() -> None:
    with calling(FakeStation()) as at:
        assert "Bksp" not in at.keys
        at.press("d", "1")
        assert "Bksp undo" in at.keys
        at.press("backspace")
        assert "Bksp" not in at.keys


def test_an_outcome_keyed_by_a_slip_is_taken_back() -> None:
    station = FakeStation()
    with calling(station, "d", "1", "backspace") as at:
        assert at.key == "EP-07"
        assert at.station.case is not None
        assert at.station.case.has_open_call
        at.press("backspace")
        assert "no outcome to undo" in at.why


def test_the_shift_is_summarized_before_it_ends_and_its_end_is_refused_while_something_is_pending() -> (
    None
):
    station = FakeStation(rejects={"leave": "key the outcome of the call first"})
    with calling(station, "ctrl+c", size=(120, 32)) as at:
        assert not at.station.left
        assert "End the shift?" in at.text()
        for label, figure in list_shift_figures(station.summarize_shift()):
            assert re.search(f"{label} +{re.escape(figure)}", at.text())
        at.press("y")
        assert not at.station.left
        assert at.why == "key the outcome of the call first"
        station.rejects.clear()
        at.press("q", "ctrl+c")
        assert at.station.left


def test_the_shift_is_not_ended_over_a_call_without_an_outcome() -> None:
    with calling(FakeStation(), "d", "q") as at:
        assert at.panel == ""
        assert "key the outcome of this call" in at.why


def test_a_script_is_read_in_full_and_noted_as_read() -> None:
    station = FakeStation()
    with calling(station, "s", "2") as at:
        assert at.panel == "scripts"
        assert "May I speak with the supervisor?" in at.text()
        at.press("enter")
        assert done(station) == ["spoke EP-07 gatekeeper"]
        assert "noted" in at.said


def test_what_respondents_ask_and_the_keys_open_and_close() -> None:
    with calling(FakeStation(), "f5") as at:
        assert "The Office of the Inspector General." in at.text()
        at.press("f1")
        assert at.panel == "help"
        at.press("f1")
        assert at.panel == ""


def test_a_key_that_breaks_something_is_said() -> None:
    station = FakeStation()
    station.dial = lambda: 1 // 0  # type: ignore[method-assign, assignment, return-value]
    with calling(station, "d") as at:
        assert "that failed (ZeroDivisionError)" in at.text()


# What is seen


LONG = a_case(
    "鍵" * 20,
    "Ciudad Juárez e\u0301 — 非常に長い名前の事務所 " * 4,
    history=tuple(past(n, 9, "no answer", note="語 " * 80) for n in range(40, 0, -1)),
    details=tuple((f"Column {n}", "x" * 30) for n in range(9)),
    notice="The terminal died while this case was called. " * 3,
    appointment="Thu 26 Nov 15:00 (Pat first): " + "z" * 90,
    numbers=tuple(
        a_number(n, f"(915) 555-01{n:02}", current=n == 1, why_not="after 20:30 there")
        for n in range(1, 8)
    ),
)
SIZES = ((60, 20), (80, 24), (120, 32), (200, 50))
OPENED = (
    (),
    ("9",),
    ("a", "1 nov 1:30"),
    ("t", "note"),
    ("7", "Ms Reyes of the front desk"),
    ("/", "555"),
    ("m",),
    ("p",),
    ("s",),
    ("f1",),
    ("f5",),
    ("f6",),
    ("q",),
)


@pytest.mark.parametrize(("width", "height", "cases"), [(60, 20, [LONG]), (120, 32, [])])
def test_everything_opens_with_a_long_case_and_without_one(
    width: int, height: int, cases: list[CaseView]
) -> None:
    with calling(FakeStation(cases), size=(width, height)) as at:
        for keys in OPENED:
            at.press(*keys)
            lines = at.text().splitlines()
            assert len(lines) == height
            assert "F1" in lines[-1] or "Esc" in lines[-1], keys
            at.press("escape", "escape")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_long_case_leaves_room_for_its_outcomes_and_for_what_is_said(
    width: int, height: int
) -> None:
    station = FakeStation([LONG], due_appointment=an_appointment(name="Blaine Sector " * 9))
    with calling(station, "z", size=(width, height)) as at:
        for what in (
            "Ciudad",
            "(915) 555-0101",
            "not now",
            "10:42 there",
            "the supervisor",
            "Blaine",
            "9  more",
            "! d dials",
        ):
            assert what in at.text(), what


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_matters_is_on_the_screen_from_60_by_20(width: int, height: int) -> None:
    with calling(FakeStation(), size=(width, height)) as at:
        text = at.text()
    for what in (
        "El Paso Sector",
        "attempt 3 of 8",
        "(915) 555-0122",
        "10:42 there",
        "11:42 here",
        "supervisor",
    ):
        assert what in text
    for key in ("i", "d", "a", "9", *"12345678"):
        assert re.search(rf"(^|\s){re.escape(key)}\s", text, re.MULTILINE), key
    assert "use direct line" in text, "the newest of its history"


def test_from_110_columns_the_side_panel_has_the_rest_and_f6_has_it_below() -> None:
    rest = (
        "Region: Central",
        "(915) 555-0177",
        "Detroit District",
        "SHIFT SO FAR",
        "Talk            50 min",
    )
    station = FakeStation(appointments=(an_appointment(),))
    with calling(station, size=(110, 40)) as at:
        for what in rest:
            assert what in at.text()
        assert "F6" not in at.text()
    with calling(FakeStation(appointments=(an_appointment(),)), "f6", size=(80, 40)) as at:
        for what in rest:
            assert what in at.text()


def test_the_outcomes_stand_under_the_history_on_a_tall_screen() -> None:
    with calling(FakeStation(), size=(80, 60)) as at:
        lines = at.text().splitlines()
        newest = next(n for n, line in enumerate(lines) if "use direct line" in line)
        outcomes = next(n for n, line in enumerate(lines) if "No answer" in line)
        assert outcomes - newest <= 5


def test_a_screen_too_small_says_so_and_takes_no_key_blindly() -> None:
    station = FakeStation()
    with calling(station, "d", "1", size=(40, 12)) as at:
        assert "60 × 20 are needed" in " ".join(at.text().split())
        assert done(station) == []
        at.run(at.pilot.resize_terminal(80, 24))
        at.pause()
        at.press("d")
        assert done(station) == ["dial EP-07"]


def test_the_history_shows_its_newest_end_and_scrolls_back_to_its_beginning() -> None:
    many = tuple(past(40 - n, 9, f"event {n:02}") for n in range(40))
    with calling(FakeStation([a_case("A", "A", history=many)])) as at:
        assert "event 39" in at.text()
        assert "event 00" not in at.text()
        assert "PgUp" in at.text()
        at.press(*["pageup"] * 20)
        assert "event 00" in at.text()
        assert "event 39" not in at.text()
        at.press(*["pagedown"] * 20)
        assert "event 39" in at.text()


def test_text_from_a_file_is_literal() -> None:
    case = a_case("[bold]", "[red]El Paso[/red]\x1b[31m", details=(("K", "a\nb\u202e"),))
    with calling(FakeStation([case])) as at:
        assert "[red]El Paso[/red]?[31m" in at.text()
        assert "\x1b" not in at.text()
        assert "\u202e" not in at.text()


def test_a_number_dialed_by_hand_a_dead_one_and_one_out_of_hours_are_described_in_words() -> None:
    numbers = (
        a_number(
            1,
            "111",
            current=True,
            line="mobile",
            by_hand=True,
            why_not="after 20:30 there (it is 20:41)",
        ),
        a_number(2, "222", state="dead"),
        a_number(3, "333", outcome="busy"),
    )
    case = a_case("A", "A", numbers=numbers, respondent_time=None, callable_until=None)
    with calling(FakeStation([case])) as at:
        for what in (
            "mobile · dial by hand · number 1 of 3",
            "not now: after 20:30 there (it is 20:41)",
            "landline · dead",
            "landline · busy",
            "their local time is not known",
        ):
            assert what in at.text()


def test_the_last_outcome_is_shown_with_the_key_that_takes_it_back() -> None:
    with calling(FakeStation(), "d", "1") as at:
        assert "No answer: kept at 11:43 · Bksp undoes it" in at.text()
        at.press("z")
        assert "No answer: kept" not in at.text()


def test_a_call_is_timed_since_it_was_dialed_and_a_simulated_one_is_heard() -> None:
    station = FakeStation(practice=True, spoken="It rings; nobody answers.")
    with calling(station, size=(120, 32)) as at:
        assert "PRACTICE" in at.text()
        assert "●" not in at.text()
        assert "3 done · 21 calls · 2.0 h" in at.text()
        at.press("d")
        assert "3 done · 21 calls   ● 2:00:00" in at.text()
        assert "It rings; nobody answers." in at.text()


@pytest.mark.parametrize("theme", THEMES)
def test_every_theme_shows_the_same(theme: str) -> None:
    with calling(FakeStation(), "d") as at:
        expected = at.text()
    with calling(FakeStation(), "d", theme=theme) as at:
        assert at.text() == expected


# With the mouse


def test_outcomes_keys_and_rows_can_be_clicked() -> None:
    station = FakeStation()
    with calling(station) as at:

        def click(text: str) -> None:
            lines = at.text().splitlines()
            y = next(n for n, line in enumerate(lines) if text in line)
            at.click(offset=(lines[y].index(text) + 1, y))

        click(" d  dial")
        click("Busy")
        assert done(station) == ["dial EP-07", "record EP-07 busy"]
        click("9  more")
        assert at.panel == "outcomes"
        click("Fax or data")
        assert at.panel == "choice"
        click("n no")
        click("q end")
        assert at.panel == "leave"


# On a screen


def test_keys_posted_before_the_next_case_was_painted_are_dropped() -> None:
    """All cases count as dialed, so that nothing but the dropping stands between a digit and the next case."""
    station = FakeStation([replace(case, has_open_call=True) for case in three_cases()])
    with calling(station) as at:
        at.burst("11111")
        at.pause()
        assert [c for c in station.calls if c.startswith("record")] == ["record EP-07 no_answer"]
        assert "4 keys typed ahead not used" in at.text()
        at.press("2")
    assert station.calls[-1] == "record CH-01 busy", "what is keyed once the case is seen counts"


def test_a_key_that_is_refused_again_and_again_leaves_the_keyboard_alive() -> None:
    station = FakeStation()
    with calling(station, "z", "z", "z", "d"):
        assert done(station) == ["dial EP-07"]


def test_nothing_is_read_from_the_database_per_key_or_second() -> None:
    station = FakeStation()
    with calling(station, "d") as at:
        station.list_appointments = lambda: pytest.fail("a read")  # type: ignore[method-assign]
        station.keep_alive = lambda: pytest.fail("a read")  # type: ignore[method-assign]
        at.press("z", "t", "x", "escape", "9", "escape", "pageup")
        at.station.tick()
        at.pause()
        assert not at.why.startswith("that failed")


RUN = """
import sys; sys.path[:0] = {path!r}
from support.fake_station import FakeStation
from survey_cli.tui import ScreenError, run_station
calling = FakeStation()
{after}
try:
    run_station(calling)
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
        self.child = pexpect.spawn(
            sys.executable, ["-c", program], dimensions=(24, 80), env=env, timeout=15
        )

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


def test_a_shift_on_a_terminal() -> None:
    terminal = Terminal()
    terminal.until("El Paso Sector")
    terminal.child.send("d11")
    terminal.until("Chicago District")
    terminal.child.send("i")
    terminal.until("Is the mission clear?")
    time.sleep(0.5)  # keys count once the whole screen was painted
    terminal.child.send("240\r\r")
    terminal.until("Every question is answered")
    time.sleep(1.0)  # an Enter sooner might be a key that is held down
    terminal.child.send("\r")
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


# On the real session


def test_a_shift_on_the_real_session(tmp_path: Path) -> None:
    """Keys become what the database holds, and one burst of digits is one call."""
    shift = Shift(tmp_path, cases=CASES + "B,2,Person B,312 555 0101,America/Chicago\n")
    station = shift.station()
    first = station.look().view
    assert isinstance(first, CaseView)
    with calling(station, "d", "1", "1", "1") as at:
        keys = sorted("AB", key=lambda key: key != first.key)
        assert [len(shift.case(key).counted_attempts) for key in keys] == [1, 0]
        at.press("n", "backspace", "2")
        assert shift.case(first.key).last_call.outcome == "busy"  # type: ignore[union-attr]
        at.press("a", "tomorrow 3pm", "tab", "tab", "Ms Reyes", "enter")
        appointment = shift.case("AB".replace(first.key, "")).appointment
        assert appointment is not None
        assert (appointment.details.start, appointment.details.person) == (
            "2026-11-25T15:00",
            "Ms Reyes",
        )
        idle = station.look().view
        assert isinstance(idle, IdleView)
        assert idle.next_at is not None
        assert f"{idle.next_at:%H:%M}. The case appears automatically." in at.text()
        shift.at = idle.next_at
        at.beat()
        assert at.station.bell_due
        at.press("escape")  # she was asked whether she is still there
        at.press("i", "enter", "1", "2", "1")
        at.press("enter", at=5.0)
        assert not at.interviewing
        assert shift.row(first.key).status == "done"
        at.press("q", "y")
        assert at.station.left


@pytest.mark.time_limit  # it counts what is in memory, so that it runs apart from what other tests left there
def test_what_was_open_leaves_nothing_in_memory() -> None:
    def count() -> int:
        gc.collect()
        return sum(isinstance(each, Input | StylesCache) for each in gc.get_objects())

    def open_and_close(at: StationHands) -> None:
        for keys in (("9",), ("escape", "t"), ("escape", "i"), ("ctrl+c",), ("y",)):
            at.press(*keys)
            at.paint()

    with calling(FakeStation(), "9", "escape", "i", "ctrl+c", "y") as at:
        open_and_close(
            at
        )  # the first round leaves a few parts of the screen, and none after it does
        before = count()
        for _ in range(6):
            open_and_close(at)
        assert count() < before + 12, (
            "one screen may still be on its way out; six rounds that leave two parts are more"
        )


def test_a_number_of_unknown_kind_says_nothing_of_its_kind() -> None:
    number = a_number(1, "555-0122", current=True, line="unknown")
    with calling(FakeStation([a_case("EP-07", "El Paso Sector", numbers=(number,))])) as at:
        assert "555-0122" in at.text()
        assert "unknown" not in at.text()
