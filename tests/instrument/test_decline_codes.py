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


@pytest.mark.parametrize(
    ("declines", "expected"),
    [
        ("[refused]", {"refused": 9}),
        ("[dk]", {"dk": 77}),
        ("[dk, refused]", {"dk": 77, "refused": 99}),
        ("by_width", {"dk": 77, "refused": 99}),
    ],
)
def test_only_the_listed_kinds_decide_the_width(declines: str, expected: dict[str, int]) -> None:
    options = ", ".join(f"{code}: Kind {code}" for code in range(1, 9))
    text = f"""
instrument: kinds
title: Kinds
edition: 2
defaults: {{declines: by_width}}
items:
  - {{id: job, type: single, text: Job?, declines: {declines}, options: {{{options}}}}}
"""
    checked = check_instrument(load_source_text(text))
    assert checked.instrument is not None, select_errors(checked.problems)
    declined = checked.instrument.items["job"].declines
    assert {decline.id: decline.code for decline in declined} == expected


def test_a_kind_that_the_default_has_not_keeps_the_code_of_the_file() -> None:
    codes = find_codes("no_dk")
    assert codes["days"] == {"refused": 999, "dk": -8}
    assert codes["often"] == {"dk": -8}


def test_in_edition_1_a_list_has_the_codes_of_the_file() -> None:
    codes = find_codes("by_width", edition=1)
    assert codes["sex"] == codes["police"] == {"refused": -9}
    assert codes["often"] == {"dk": -8}


def check_lines(*items: str) -> list[str]:
    """Return the problems of a questionnaire with these items."""
    lines = ["instrument: t", "title: T", "edition: 2", "defaults: {declines: by_width}", "items:"]
    text = "\n".join([*lines, *(f"  - {{{item}}}" for item in items)])
    return [str(problem) for problem in check_instrument(load_source_text(text, "t.yaml")).problems]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Don't know / Not sure", "dk"),
        ("Don't know/not sure", "dk"),
        ("Not sure", "dk"),
        ("Unsure", "dk"),
        ("DK", "dk"),
        ("Don't know or not sure", "dk"),
        ("Weiß nicht / unsicher", "dk"),
        ("No sabe o no está seguro", "dk"),
        ("Refuse to answer", "refused"),
        ("Prefer not to answer", "refused"),
        ("Refused / No answer", "refused"),
        ("Antwort verweigert", "refused"),
        ("Don't know / Refused", ""),
        ("Not sure about the price", ""),
        ("Tea or coffee", ""),
    ],
)
def test_an_option_in_the_words_of_a_decline_is_found(words: str, kind: str) -> None:
    item = f'id: q, type: single, text: Well?, options: {{1: "Yes", 2: "No", 5: "{words}"}}'
    found = [line for line in check_lines(item) if "the same meaning" in line]
    assert [f"same meaning as .{kind} " in line for line in found] == [True] * bool(kind)


@pytest.mark.parametrize(
    ("item", "remedy"),
    [
        ("id: b, type: single, text: B?, options: {1: A, 2: B}, ask_if: q == 7", "write dk(q)"),
        (
            "id: b, type: single, text: B?, options: {1: A, 2: B}, ask_if: 'q in [1, 9]'",
            "write refused(q)",
        ),
        ("id: b, type: single, text: B?, options: {1: A, 2: B}, ask_if: q == 8", "add the option"),
        ("id: b, type: single, text: B?, options: {1: A, 2: B}, ask_if: n == 77", "write dk(n)"),
        ("id: b, type: single, text: B?, options: {1: A, 2: B}, ask_if: n == 88", "the range"),
    ],
)
def test_a_condition_on_the_code_of_a_decline_names_its_function(item: str, remedy: str) -> None:
    lines = check_lines(
        "id: q, type: single, text: Well?, options: {1: A, 2: B}",
        "id: n, type: number, text: Days?, range: 0 to 30",
        item,
    )
    [line] = [line for line in lines if "b: ask_if" in line]
    assert line.endswith(remedy)


@pytest.mark.parametrize(
    ("item", "meant"),
    [
        (
            "type: number, range: 0 to 30, options: {88: None, value: 0}",
            "88: {text: None, value: 0}",
        ),
        (
            "type: number, range: 0 to 30, options: {87: A lot, 88: None, value: 0, label: 'a, b'}",
            '88: {text: None, value: 0, label: "a, b"}',
        ),
        (
            'type: single, options: {1: "Yes", 8: No opinion, missing: true, 2: "No"}',
            "8: {text: No opinion, missing: true}",
        ),
    ],
)
def test_forgotten_braces_of_an_option_are_written_out(item: str, meant: str) -> None:
    lines = check_lines(f"id: q, text: Well?, {item}")
    assert lines
    assert {line.rpartition(" — write ")[2] for line in lines} == {meant}
    assert "is a key of an option, and no code" in lines[0]
