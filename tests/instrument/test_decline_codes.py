"""Which codes the declines of an item have: those of the default around it, or its own."""

import pytest

from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import select_errors

QUESTIONNAIRE = """
instrument: codes
title: Codes
edition: {edition}
defaults: {{declines: {default}}}
decline_sets: {{two_digit: {{dk: 77, refused: 99}}, no_dk: {{refused: 999}}}}
items:
  - {{id: sex, type: single, text: Sex?, declines: [refused], options: {{1: Male, 2: Female}}}}
  - {{id: days, type: number, text: Days?, declines: [refused, dk], range: 0 to 30}}
  - id: trust
    type: battery
    text: How much do you trust {{statement}}?
    declines: [refused]
    options: {{1: A lot, 2: Not at all}}
    statements: {{police: the police, courts: the courts}}
  - id: none
    type: section
    defaults: {{declines: [dk]}}
    items:
      - {{id: always, type: single, text: Always?, declines: [], options: {{1: "Yes", 2: "No"}}}}
      - {{id: often, type: single, text: Often?, options: {{1: "Yes", 2: "No"}}}}
  - id: other
    type: section
    defaults: {{declines: two_digit}}
    items:
      - {{id: seldom, type: single, text: Seldom?, declines: [dk], options: {{1: "Yes", 2: "No"}}}}
"""


def find_codes(default: str, edition: int = 2) -> dict[str, dict[str, int]]:
    """Return the codes of the declines of every item."""
    text = QUESTIONNAIRE.format(default=default, edition=edition)
    checked = check_instrument(load_source_text(text))
    assert checked.instrument is not None, select_errors(checked.problems)
    return {
        item.id: {decline.id: decline.code for decline in item.declines}
        for item in checked.instrument.items.values()
    }


def test_a_list_of_declines_has_the_codes_of_the_default_around_it() -> None:
    assert find_codes("by_width") == {
        "sex": {"refused": 9},
        "days": {"refused": 99, "dk": 77},
        "police": {"refused": 9},
        "courts": {"refused": 9},
        "always": {},
        "often": {"dk": 7},
        "seldom": {"dk": 77},
    }


@pytest.mark.parametrize("default", ["two_digit", "{dk: 77, refused: 99}"])
def test_a_list_of_declines_has_the_codes_of_a_set(default: str) -> None:
    codes = find_codes(default)
    assert codes["sex"] == codes["police"] == {"refused": 99}
    assert codes["often"] == {"dk": 77}


def test_a_kind_that_the_default_has_not_keeps_the_code_of_the_file() -> None:
    codes = find_codes("no_dk")
    assert codes["days"] == {"refused": 999, "dk": -8}
    assert codes["often"] == {"dk": -8}


def test_in_edition_1_a_list_has_the_codes_of_the_file() -> None:
    codes = find_codes("by_width", edition=1)
    assert codes["sex"] == codes["police"] == {"refused": -9}
    assert codes["often"] == {"dk": -8}
