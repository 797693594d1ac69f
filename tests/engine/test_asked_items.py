"""Items already asked, in words: the answer at a place, the last ones, and the places that a failed check used."""

import pytest

from support.scenario import Scenario, scenario
from survey_cli.engine import asked_items, prompts
from survey_cli.engine.events import list_notes
from survey_cli.entries import ExactText, Rejection
from survey_cli.values import Place

ITEMS = """
items:
  - {id: hello, type: read, text: Good morning.}
  - {id: sat, type: single, text: Are you satisfied?, options: {1: Agree, 2: Disagree}}
  - {id: born, type: date, text: When were you born?}
  - {id: arm, type: split, arms: {a: 1, b: 1}}
  - {id: hours, type: number, unit: hours, text: "Hours, since you {sat}?"}
  - id: people
    type: roster
    count: 2
    max: 2
    items:
      - {id: name, type: text, text: Name?}
      - {id: older, type: single, text: "Is {name} older?", options: {1: "Yes, {name}", 2: "No"}}
  - {id: last, type: single, text: Last?, options: {1: "Yes", 2: "No"}}
"""
CHECKS = """
compute:
  age: 2026 - born
  double: age * 2
items:
  - {id: hello, type: read, text: Good morning.}
  - {id: born, type: number, text: Born?}
  - {id: arm, type: split, arms: {a: 1, b: 1}}
  - {id: began, type: number, text: Began?}
  - {id: job, type: number, text: Job?, checks: [{expect: job >= born + 14, say: Too early.}]}
  - {id: years, type: number, text: Years?, checks: [{expect: years + began < double, soft: true, say: So long?}]}
  - {id: odd, type: number, text: Odd?, checks: [{expect: "arm != 'a' or odd < 9", say: Too odd.}]}
  - id: people
    type: roster
    count: 2
    max: 2
    items:
      - {id: head, type: number, text: Head?, checks: [{expect: sum(people.head) <= 10, soft: true, say: So many?}]}
      - {id: legs, type: number, text: Legs?, checks: [{expect: legs >= head, say: Fewer legs.}]}
  - {id: sum, type: number, text: Sum?, checks: [{expect: sum == sum(people.legs), soft: true, say: Not the sum.}]}
"""


def ask(now: Scenario, place: str) -> str:
    return asked_items.describe_answer(now.interview, Place.parse(place))


def test_the_answer_at_a_place_is_said_in_words() -> None:
    now = scenario(ITEMS).keys("", "2")
    assert (ask(now, "sat"), ask(now, "born"), ask(now, "hello"), ask(now, "nowhere")) == (
        "Disagree",
        "",
        "",
        "",
    )
    now = now.keys("3.3.1985", ".dk", "Ana", "1", "Ben")
    assert ask(now, "born") == "Sunday 3 March 1985"
    assert ask(now, "hours") == "Don't know"
    assert (ask(now, "name#1"), ask(now, "older#1"), ask(now, "name#2")) == (
        "Ana",
        "Yes, Ana",
        "Ben",
    )


def test_an_answer_is_said_without_its_code() -> None:
    text = """
items:
  - {id: news, type: multiple, text: Which?, options: {1: Television, 2: Radio, 7: {text: Other, specify: true}}}
  - {id: far, type: scale, from: 0, to: 10, labels: {0: Not at all}, text: How far?}
  - {id: age, type: number, options: {97: 97 or older}, text: Age?}
  - {id: end, type: text, text: End?}
"""
    now = scenario(text).keys("1 7 a newsletter", "0", "97")
    assert [ask(now, place) for place in ("news", "far", "age")] == [
        "Television, Other: a newsletter",
        "Not at all",
        "97 or older",
    ]
    assert ask(now.keys(".jump far", "6"), "far") == "6"


def test_an_answer_ahead_is_said_too_and_one_off_the_route_is_not() -> None:
    text = """
items:
  - {id: own, type: single, text: Own?, options: {1: "Yes", 2: "No"}}
  - {id: cars, type: number, ask_if: own == 1, text: Cars?}
  - {id: age, type: number, text: Age?}
"""
    now = scenario(text).keys("1", "3", "40", ".reopen", ".jump own")
    assert (ask(now, "cars"), ask(now, "age")) == ("3", "40")
    now = now.key("2")
    assert (ask(now, "own"), ask(now, "cars")) == ("No", "")


def test_what_may_follow_is_listed_in_the_order_of_the_route() -> None:
    text = """
items:
  - {id: own, type: single, text: Own?, options: {1: "Yes", 2: "No"}}
  - {id: cars, type: number, ask_if: own == 1, text: Cars?}
  - {id: make, type: text, ask_if: cars > 1, text: "Of these {cars}, which one is newest?"}
  - {id: thanks, type: read, text: Thanks.}
  - {id: age, type: number, text: Age?}
"""
    now = scenario(text)
    of_these = "Of these …, which one is newest?"
    assert asked_items.list_following(now.interview, 9) == ("Cars?", of_these, "Age?")
    assert asked_items.list_following(now.interview, 1) == ("Cars?",)
    assert asked_items.list_following(now.keys("2").interview, 9) == ("Age?",)
    of_three = "Of these 3, which one is newest?"
    assert asked_items.list_following(now.keys("1").interview, 9) == (of_these, "Age?")
    back = now.keys("1", "3", ".back")
    assert asked_items.list_following(back.interview, 9) == (of_three, "Age?")


def test_the_last_answers_are_listed_newest_first() -> None:
    now = scenario(ITEMS).keys("", "1", ".dk", "40")
    recent = asked_items.list_recent(now.interview, 2)
    assert [(str(item.place), item.text, item.answer) for item in recent] == [
        ("hours", "Hours, since you Agree?", "40 hours"),
        ("born", "When were you born?", "Don't know"),
    ]
    everything = asked_items.list_recent(now.interview, 99)
    assert [str(item.place) for item in everything] == ["hours", "born", "sat"], (
        "no text, and nothing computed"
    )
    assert asked_items.list_recent(now.interview, 0) == ()
    back = now.keys("Ana", "1", "Ben", ".back", ".back")
    assert (back.place, [item.text for item in asked_items.list_recent(back.interview, 1)]) == (
        "older#1",
        ["Name?"],
    )
    done = back.keys("", "", "2", "1")
    assert done.status == "ended"
    assert [(str(i.place), i.text) for i in asked_items.list_recent(done.interview, 2)] == [
        ("last", "Last?"),
        ("older#2", "Is Ben older?"),
    ]


def test_only_what_was_declined_or_accepted_in_spite_of_a_warning_is_listed() -> None:
    text = """
items:
  - {id: a, type: number, text: A?, checks: [{expect: a < 5, soft: true, say: So much?}]}
  - {id: b, type: number, text: B?, confirm: {if: b > 2, text: "{b}, is that right?"}}
  - {id: c, type: number, text: C?, checks: [{expect: c < a, soft: true, say: More than A?}]}
  - {id: d, type: text, text: D?}
"""
    now = scenario(text).keys("7", ".ok twins", "3", ".ok", "8", ".ok", ".dk")
    warned = asked_items.list_accepted_warnings(now.interview)
    assert [(str(i.place), i.answer, i.reason) for i in warned] == [
        ("a", "7", "twins"),
        ("c", "8", ""),
    ]
    assert [str(i.place) for i in asked_items.list_declined(now.interview)] == ["d"]
    again = now.keys(".reopen", ".jump c", "6", ".reopen", ".jump a", ".refused")
    assert asked_items.list_accepted_warnings(again.interview) == ()
    assert [str(i.place) for i in asked_items.list_declined(again.interview)] == ["a", "d"]


# The places that a failed check used


def rejected(now: Scenario, entry: str) -> tuple[str, list[str]]:
    """Why an entry is rejected, and the places that it names."""
    event = prompts.parse_reply(now.interview, ExactText(entry), now.interview.last_stamp)
    assert not isinstance(event, Rejection)
    rejection = now.interview.step(event)
    assert isinstance(rejection, Rejection)
    return rejection.why, [str(place) for place in rejection.places]


def queried(now: Scenario) -> tuple[str, list[str]]:
    query = now.asked.query
    assert query is not None
    return now.query, [str(place) for place in query.places]


def test_a_hard_check_names_the_other_item() -> None:
    now = scenario(CHECKS, seed=1).keys("", "1990", "2010")
    assert rejected(now, "2001") == ("Too early.", ["born"])
    corrected = now.keys("2001", ".jump born", "1980")
    assert (corrected.place, corrected.why) == ("job", "")
    assert corrected.key("2001").place == "years"


def test_a_kept_answer_that_no_longer_fits_names_the_other_item() -> None:
    now = scenario(CHECKS).keys("", "1980", "2010", "2001", ".jump born", "1990")
    assert now.place == "job"
    rejection = now.interview.step(prompts.parse_reply(now.interview, "", now.interview.last_stamp))  # type: ignore[arg-type]
    assert isinstance(rejection, Rejection)
    assert (rejection.why, rejection.places) == (
        "the earlier answer no longer fits: Too early.",
        (Place("born"),),
    )


def test_a_soft_check_names_the_items_behind_computes_too() -> None:
    now = scenario(CHECKS).keys("", "1990", "20", "2010", "60")
    assert queried(now) == ("So long?", ["born", "began"])
    jumped = now.key(".jump began")
    assert jumped.place == "began"
    assert queried(jumped.key("19")) == ("So long?", ["born", "began"]), (
        "it is asked again as long as it fails"
    )
    assert jumped.key("2").place == "odd"


@pytest.mark.parametrize("seed", range(1, 9))
def test_what_the_computer_answered_is_not_named(seed: int) -> None:
    now = scenario(CHECKS, seed=seed).keys("", "1990", "2", "2010", "1")
    if now.data["arm"] == "a":
        assert rejected(now, "9") == ("Too odd.", [])


def test_an_answer_of_the_wrong_kind_names_nothing() -> None:
    now = scenario(
        "items:\n  - {id: a, type: number, max: 3, text: A?, checks: [{expect: a < 2, say: No.}]}\n"
    )
    rejection = prompts.parse_reply(now.interview, "9", now.interview.last_stamp)
    assert isinstance(rejection, Rejection)
    assert rejection.places == ()


def test_in_a_roster_the_same_turn_is_meant_unless_the_roster_is_named() -> None:
    now = scenario(CHECKS, seed=2).keys("", "1990", "2", "2010", "1", "1", "4", "4", "5")
    assert now.place == "legs#2"
    assert rejected(now, "3") == ("Fewer legs.", ["head#2"])
    assert queried(now.keys(".back", "7")) == ("So many?", ["head#1"])
    assert queried(now.keys("6", "3")) == ("Not the sum.", ["legs#1", "legs#2"])


# Notes


def test_notes_are_kept_with_the_state_as_they_are_in_the_journal() -> None:
    now = scenario(ITEMS).keys("", ".note calm", "1", ".note unsure")
    first, second = now.interview.notes
    assert (first.text, second.text, str(second.place)) == ("calm", "unsure", "born")
    earlier = now.interview
    later = now.key(".note more").interview
    assert [note.text for note in later.notes] == ["calm", "unsure", "more"]
    assert later.notes == list_notes(later.events)
    assert earlier.notes == (first, second), "an earlier state keeps its own"
