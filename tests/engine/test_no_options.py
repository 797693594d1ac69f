"""A question none of whose options is offered is skipped as not asked, and nobody is stuck there."""

import pytest

from support.scenario import STAMP, TODAY, Scenario, instrument, scenario, source_of
from survey_cli.documents.questionnaire.questionnaire import build_booklet
from survey_cli.engine.codec import decode_record, encode_record
from survey_cli.engine.events import InterviewStarted, SessionContext
from survey_cli.engine.interview import Interview
from survey_cli.engine.prompts import find_previous_place
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.scenarios.route_check import check_route
from survey_cli.values import NOT_ASKED

TRAVEL = """\
instrument: travel
title: Travel
items:
  - {id: owns, type: multiple, min: 0, options: {1: a car, 2: a bicycle, 3: a boat}, text: What do you own?}
  - id: best
    type: single
    text: Which do you like best?
    declines: []
    options: {1: {text: The car, ask_if: 1 in owns}, 2: {text: The bicycle, ask_if: 2 in owns}}
  - {id: far, type: number, ask_if: best == 1, max: 99, text: How far?}
  - {id: last, type: text, text: Anything else?}
"""
EACH = """\
instrument: each
title: Each
items:
  - id: person
    type: roster
    count: "2"
    max: 2
    items:
      - {id: age, type: number, max: 99, text: How old?}
      - {id: does, type: multiple, text: A?, options: {1: {text: A, ask_if: age > 17}, 2: {text: B, ask_if: age > 20}}}
      - {id: glad, type: single, options: {1: "Yes", 2: "No"}, text: Glad?}
"""


def route(now: Scenario) -> list[str]:
    return [place for place in now.route if place != "hello"]


def test_it_is_passed_over_and_the_data_say_not_asked() -> None:
    now = scenario(TRAVEL).keys("3")
    assert now.place == "last"
    assert find_previous_place(now.interview) is not None
    now = now.keys("x")
    assert now.status == "ended"
    assert route(now) == ["owns", "last"]
    values = now.interview.evaluate_route().known.values
    assert (values["best"], values["far"]) == (NOT_ASKED, NOT_ASKED)


@pytest.mark.parametrize("key", [".dk", ""])
def test_so_it_is_where_it_is_unknown_whether_any_is_offered(key: str) -> None:
    assert scenario(TRAVEL).keys(key).place == "last"


def test_with_one_option_it_is_asked() -> None:
    now = scenario(TRAVEL).keys("2 3")
    assert (now.place, now.offered) == ("best", {2: "The bicycle"})


def test_a_correction_brings_it_back_and_takes_it_away() -> None:
    now = scenario(TRAVEL).keys("3", "x", ".reopen", ".jump owns", "1")
    assert (now.place, now.offered) == ("best", {1: "The car"})
    now = now.keys("1", "40")
    assert now.data == {"owns": (1,), "best": 1, "far": 40, "last": "x"}
    now = now.keys(".reopen", ".jump owns", "3")
    assert now.status == "ended"
    assert now.data == {"owns": (3,), "last": "x"}


def test_in_a_roster_each_turn_decides_for_itself() -> None:
    now = scenario(EACH).keys("10")
    assert now.place == "glad#1"
    now = now.keys("1", "19")
    assert (now.place, now.offered) == ("does#2", {1: "A"})


def test_beyond_an_open_place_it_is_not_known_whether_it_will_be_asked() -> None:
    assert "best" in scenario(TRAVEL).unreached
    assert "best" not in scenario(TRAVEL).keys("3").unreached


def test_an_interview_that_began_before_stands_where_it_stood() -> None:
    """Under the rules of its time it was put, and its journal may hold a decline there."""
    made = instrument(TRAVEL.replace("    declines: []\n", ""))
    began = InterviewStarted(
        STAMP, made.hash, 1, "7", TODAY, SessionContext("Pat", "morning", "en"), rules=1
    )
    now = Scenario(Interview.begin(made, began)).keys("3")
    assert (now.place, now.offered) == ("best", {})
    now = now.keys(".dk", "x")
    assert now.status == "ended"
    assert (
        Interview.replay(made, now.interview.events).evaluate_route()
        == now.interview.evaluate_route()
    )


def test_the_journal_keeps_the_rules_and_an_older_one_has_those_of_its_time() -> None:
    began = scenario(TRAVEL).interview.start
    record = encode_record(began)
    assert began.rules == 2
    assert decode_record(record) == began
    older = record._replace(payload=record.payload.replace(',"rules":2', ""))
    assert decode_record(older) == began._replace(rules=1)


def test_it_is_said_in_print_and_warned_of() -> None:
    made = instrument(TRAVEL)
    assert "Not asked if none of the answers is offered." in repr(build_booklet(made, ("en",)))
    problems, _ = check_route(check_instrument(source_of(TRAVEL)), TODAY)
    assert [p.who for p in problems if p.rule == "no-option"] == ["best"]
