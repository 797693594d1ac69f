"""Corrections leave no trace in the data: any order of backs, jumps and corrections gives the data that keying the
final answers straight through gives, in random instruments too.
"""

from dataclasses import replace
from random import Random
from statistics import median
from time import perf_counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.example_files import NAMES
from support.random_instruments import instruments
from support.random_respondents import (
    assert_data_is_the_route,
    begun,
    forward,
    invented,
    portrait,
    replayed,
    wander,
)
from support.scale import SCALE
from support.scenario import STAMP, Scenario, instrument, scenario
from survey_cli.engine import prompts
from survey_cli.engine.events import QuestionAnswered, QuestionDeclined
from survey_cli.engine.interview import Interview
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.entries import ReadEntry
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.values import Missing, Place

# keying the final answers straight through


def straight(now: Scenario) -> Scenario:
    """A new interview of the same case into which the other's final answers are keyed, each where it is asked."""
    began = now.interview.start
    final = now.interview.evaluate_route().answers
    again = Scenario(Interview.begin(now.interview.instrument, began), now.quotas).settled()
    while again.status == "open":
        place = again.asked.place
        assert place in final, (
            f"{place} is asked straight through but was no answer after the corrections"
        )
        again = again.step(_event(place, final[place])).settled()
        assert not again.why, f"{place}: {again.why}"
        while again.status == "open" and again.asked.query is not None:
            again = again.key(".ok")
    return again


def _event(place: Place, held: RecordedAnswer) -> QuestionAnswered | QuestionDeclined:
    if isinstance(held.cell, Missing):
        return QuestionDeclined(STAMP, place, held.cell.kind)
    return QuestionAnswered(STAMP, place, held.cell, held.specify_texts)


def assert_no_trace(now: Scenario) -> None:
    again = straight(now)
    assert (again.data, again.outcome) == (now.data, now.outcome)
    assert again.row == now.row
    assert _known(again) == _known(now), "what is computed differs"


def _known(now: Scenario) -> Known:
    """All that is known at the end, but for the words of the sitting."""
    known = now.interview.evaluate_route().known
    return replace(known, interviewer=None, daypart=None, clock=None)


def corrected(made: Instrument, seed: int, moves: int) -> Scenario:
    """An interview with so many moves out of order, then on to its end."""
    dice = Random(seed)
    return forward(wander(begun(made, dice), dice, moves=moves), dice)


@settings(max_examples=3 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(instruments(), st.integers(0, 10**6), st.integers(0, 60))
def test_any_order_of_corrections_gives_the_data_of_the_final_answers(
    text: str, seed: int, moves: int
) -> None:
    now = corrected(instrument(text), seed, moves)
    if now.status == "ended":
        assert_data_is_the_route(now)
        assert_no_trace(now)
    assert portrait(replayed(now)) == portrait(now)


FILES = NAMES


@pytest.mark.parametrize("file", FILES)
def test_corrections_leave_no_trace_in_an_example(file: str) -> None:
    ended = 0
    for seed in range(10 * SCALE):
        now = corrected(instrument(file), seed, moves=40)
        if now.status == "ended":
            ended += 1
            assert_no_trace(now)
    assert ended


# correcting one by one, in any order


def person(now: Scenario) -> Scenario:
    """What this respondent always says here: it depends on the place and on what is offered, and on nothing else."""
    assert now.prompt is not None
    dice = Random(f"{now.place} {getattr(now.asked.entry, 'choices', '')}")
    while True:
        after = now.key("") if isinstance(now.asked.entry, ReadEntry) else _said(now, dice)
        while after.status == "open" and not after.why and after.asked.query is not None:
            after = after.key(".ok")
        if not after.why:
            return after


def _said(now: Scenario, dice: Random) -> Scenario:
    if now.asked.declines and dice.random() < 0.15:
        return now.key(f".{now.asked.declines[0].id}")
    return invented(now, dice)


@settings(max_examples=2 * settings().max_examples, suppress_health_check=[HealthCheck.too_slow])
@given(instruments(), st.integers(0, 10**6))
def test_jumps_to_mend_each_answer_give_what_the_person_says(text: str, seed: int) -> None:
    made, dice = instrument(text), Random(seed)
    begun_now = begun(made, dice)
    now = forward(begun_now, dice)
    for _ in range(60):
        before = now.data
        places = list(now.interview.evaluate_route().answers)
        dice.shuffle(places)
        for place in places:
            at = now.keys(".reopen") if now.status != "open" else now
            at = at.keys(f".jump {place}")
            if not at.why and at.status == "open" and at.asked.place == place:
                now = person(at)
        while now.status == "open":
            now = person(now)
        if now.data == before:
            break
    again = Scenario(Interview.begin(made, now.interview.start), now.quotas).settled()
    while again.status == "open":
        again = person(again)
    assert (again.data, again.outcome) == (now.data, now.outcome)


# what comes back is not revived of itself


def test_an_answer_whose_place_returns_is_shown_and_asked_again() -> None:
    now = scenario("features/ask_if.yaml").keys(
        "", "1", "a Fiat", "1", ".reopen", ".jump cars", "0"
    )
    assert (now.status, now.data) == ("ended", {"cars": 0, "bus": 1})
    now = now.keys(".reopen", ".jump cars", "1")
    assert (now.place, now.earlier) == ("makes", "answer: a Fiat")
    assert "makes" not in now.data
    assert now.keys("").data == {"cars": 1, "makes": "a Fiat", "bus": 1}
    assert now.keys("").status == "ended"
    assert replayed(now.keys("")).data == now.keys("").data


def test_a_turn_that_returns_is_asked_again() -> None:
    now = scenario("features/roster_count.yaml").keys("", "2", "Ann", "9", "Bo", "7", "", "")
    now = now.keys(".reopen", ".jump hh_size", "1")
    assert now.data == {"hh_size": 1, "name#1": "Ann", "age#1": 9}
    now = (
        now.keys(".jump hh_size", "2")
        if now.status == "open"
        else now.keys(".reopen", ".jump hh_size", "2")
    )
    assert (now.place, now.earlier) == ("name#2", "answer: Bo")
    assert now.keys("", "").data == {
        "hh_size": 2,
        "name#1": "Ann",
        "age#1": 9,
        "name#2": "Bo",
        "age#2": 7,
    }


@pytest.mark.parametrize(
    "way", [(".jump rooms", "2"), (".back", ".back", "2")], ids=["jump", "back"]
)
def test_an_answer_that_did_not_fit_is_not_revived_when_it_fits_again(way: tuple[str, ...]) -> None:
    now = scenario("features/hard_check.yaml").keys("", "3", "3", *way)
    assert (now.place, now.earlier) == ("bedrooms", "reopened: 3")
    now = now.keys(".jump rooms", "4")
    assert (now.place, now.earlier) == ("bedrooms", "answer: 3")
    assert "bedrooms" not in now.data
    assert now.keys("").data == {"rooms": 4, "bedrooms": 3}


def test_walking_back_and_on_again_loses_nothing() -> None:
    now = scenario("features/ask_if.yaml").keys("", "2", "a Fiat", "a bus")
    back = now.keys(".back", ".back", ".back")
    assert (back.place, back.data) == ("cars", {"cars": 2, "makes": "a Fiat", "second": "a bus"})
    assert back.keys("", "", "").place == "bus"


def test_an_interview_in_which_nobody_is_asked_can_be_reopened_and_closed() -> None:
    now = scenario("items:\n  - {id: arm, type: split, arms: {a: 1}}\n")
    assert (now.status, now.outcome) == ("ended", "complete")
    assert now.keys(".reopen").outcome == "complete"
    now = scenario(
        "items:\n  - {id: arm, type: split, arms: {a: 1}}\n  - {id: no, type: end, outcome: not_eligible}\n"
    )
    assert now.keys("").outcome == "not_eligible"
    assert now.keys("", ".reopen").place == "no"
    assert now.keys("", ".reopen", "").outcome == "not_eligible"


# what a broken-off interview can and cannot know

AHEAD = """
items:
  - {id: first, type: number, text: First?}
  - {id: second, type: number, text: Second?}
  - {id: none, type: end, unless: answered(second), outcome: not_eligible}
  - {id: not_this, type: read, ask_if: first == 1 and second == 1, text: Not this.}
  - {id: perhaps, type: read, ask_if: not answered(second), text: Perhaps.}
  - {id: by_compute, type: read, ask_if: size == 'small', text: By a compute.}
  - {id: last, type: number, text: Last?}
"""


def test_what_lay_ahead_of_a_break_off_is_not_reached() -> None:
    now = scenario(
        "instrument: ahead\ntitle: Ahead\ncompute: {size: \"'big' if second > 5 else 'small'\"}"
        + AHEAD
    )
    stopped = now.keys("2", ".suspend")
    assert stopped.unreached == {"second", "none", "perhaps", "by_compute", "last"}
    assert stopped.data == {"first": 2}


def test_turns_that_may_still_come_are_not_reached() -> None:
    now = scenario("features/roster_until.yaml").keys("", "Rome", "1", ".suspend")
    assert now.unreached == {"place#2", "trip_more#2", "place#3", "sum_up"}
    assert scenario("features/roster_until.yaml").keys("", "Rome", "2", ".suspend").unreached == {
        "sum_up"
    }


# what a step costs


def _long(items: int) -> str:
    lines = ["instrument: long", "title: Long", "items:"]
    for n in range(items):
        condition = f", ask_if: q{n - 1} >= 0" if n else ""
        lines.append(f"  - {{id: q{n}, type: number, max: 9, text: 'Question {n}'{condition}}}")
    return "\n".join([*lines, ""])


def _microseconds_a_step(text: str, steps: int) -> float:
    """The median over the last steps of an interview: an entry understood, taken, and the next Prompt made."""
    now = scenario(text)
    interview, took = now.interview, []
    while (asked := prompts.build_prompt(interview)) is not None:
        began = perf_counter()
        event = prompts.parse_reply(interview, "5", STAMP)
        assert isinstance(event, QuestionAnswered)
        after = interview.step(event)
        prompts.build_prompt(after)  # type: ignore[arg-type]
        took.append(perf_counter() - began)
        assert isinstance(after, Interview)
        assert event.place == asked.place
        interview = after
    return median(took[-steps:]) * 1e6


@pytest.mark.time_limit
def test_a_step_costs_the_same_in_a_long_instrument() -> None:
    short, long = _long(50), _long(3000)
    ratios = [_microseconds_a_step(long, 40) / _microseconds_a_step(short, 40) for _ in range(5)]
    assert median(ratios) <= 1.5, (
        f"a step at item 3,000 costs {median(ratios):.2f} times one at item 50"
    )
