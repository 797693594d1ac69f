"""The code of a decline, typed like that of an option."""

import pytest

from support.scenario import TODAY, Scenario, instrument, scenario
from survey_cli.entries import PickEntry
from survey_cli.instrument.source.load import load_source_text
from survey_cli.scenarios.reading import compare, read_scenarios
from survey_cli.scenarios.running import run_scenario
from survey_cli.values import DK, REFUSED

HEALTH = """
instrument: typed
title: Typed
edition: {edition}
defaults: {{declines: by_width}}
items:
  - {{id: health, type: single, text: Health?, options: {{1: Good, 2: Fair, 3: Poor}}}}
  - {{id: point, type: scale, text: Points?, from: 1, to: 15}}
  - {{id: media, type: multiple, text: Which?, options: {{1: TV, 2: Radio, 7: Web}}}}
  - id: trust
    type: battery
    text: How much do you trust {{statement}}?
    options: {{1: A lot, 2: Not at all}}
    statements: {{police: the police}}
  - {{id: days, type: number, text: Days?, range: 0 to 30}}
"""


def begin(edition: int = 2) -> Scenario:
    return scenario(HEALTH.format(edition=edition))


def pick(now: Scenario) -> PickEntry:
    entry = now.asked.entry
    assert isinstance(entry, PickEntry)
    return entry


def test_the_code_of_a_decline_declines() -> None:
    now = begin().keys("7", "99", "9", "9", "77")
    assert now.data == {
        "health": DK,
        "point": REFUSED,
        "media": REFUSED,
        "police": REFUSED,
        "days": DK,
    }


def test_an_option_goes_before_a_decline_with_its_code() -> None:
    now = begin().keys("1", "1")
    assert [decline.typed_code for decline in pick(now).declines] == ["", "9"]
    assert now.key("7").data["media"] == (7,)


def test_a_decline_is_no_answer_among_others() -> None:
    now = begin().keys("1", "1", "1 9")
    assert now.why == "9 (Refused) cannot be combined with other answers"


def test_what_is_not_offered_names_the_keys_of_declines() -> None:
    assert begin().key("5").why == "5 is not offered here: 1 to 3; d don't know, r refused"
    assert begin(edition=1).key("5").why == "5 is not offered here: 1 to 3"


def test_codes_of_declines_are_complete_like_those_of_options() -> None:
    entry = pick(begin())
    assert entry.is_complete_decline("7")
    assert entry.is_code_prefix("9")
    assert pick(begin(edition=1)).declines == ()

    with_seventy = entry._replace(
        options=(*entry.options, entry.options[0]._replace(code=70)),
    )
    assert not with_seventy.is_complete_decline("7"), "70 begins with it"
    assert with_seventy.is_complete_decline("9")

    wide = tuple(decline._replace(typed_code=decline.typed_code * 2) for decline in entry.declines)
    seven = entry.options[0]._replace(code=7)
    with_seven = entry._replace(options=(*entry.options, seven), declines=wide)
    assert with_seven.is_complete_code("7"), "one key still answers 7"
    assert not with_seven.is_complete_decline("9")
    assert with_seven.is_complete_decline("99")


@pytest.mark.parametrize("edition", [1, 2])
def test_negative_codes_are_typed_on_a_line_as_before(edition: int) -> None:
    source = HEALTH.format(edition=edition).replace("defaults: {declines: by_width}\n", "")
    now = scenario(source)
    assert not any(decline.typed_code for decline in now.asked.declines)
    assert now.key("-8").place == "point"
    assert now.key("8").place == "health"


def test_scenarios_take_the_codes_of_declines() -> None:
    source = HEALTH.format(edition=2)
    text = """
scenarios:
- name: A
  answers: {health: 7, point: 99, media: 7, police: 9, days: 77}
  expect: {ends: complete, value: {health: .dk, media: [7], police: .refused, days: .dk}}
"""
    compiled = instrument(source)
    tests, problems = read_scenarios(
        load_source_text(text, "s.yaml"), compiled, TODAY, lambda *_: DK
    )
    assert not problems
    run = run_scenario(compiled, tests[0].scenario)
    assert [str(departure) for departure in compare(tests[0], run)] == []
