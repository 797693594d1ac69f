"""Values that a choice leaves missing from edition 2 on: where limits, quotas, ends and texts read them."""

from datetime import date

import pytest

from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.scenarios.route_check import check_route

TEXT = """\
instrument: m
title: T
edition: {edition}
compute:
  most: {most}
  word: {word}
items:
  - {{id: child, type: single, text: "Child?", options: {{1: A, 2: B}}}}
  - {{id: hours, type: number, text: "Hours?", max: most}}
  - {{id: days, type: number, text: "Days?", max: "7 if child == 1 else 5"}}
  - {{id: older, type: number, text: "Years?", max: child}}
  - {{id: stop, type: end, outcome: not_eligible, ask_if: "hours < (1 if most == 10 else 2)"}}
  - {{id: sure, type: read, text: "At most {{most}}.", ask_if: answered(most)}}
  - {{id: bye, type: read, text: "Good bye to {{word}}."}}
quotas:
  - {{id: much, where: most == 10, target: 5}}
"""
CHOICE = "10 if child == 1 else 20"
TABLE = "{when: [[child == 1, 10]], else: 20, unknown: 20}"
WORD = "\"'him' if child == 1 else 'her'\""


def check(edition: int, most: str = CHOICE, word: str = WORD) -> dict[str, list[str]]:
    """Return the problems of the two rules, by severity and rule."""
    checked = check_instrument(load_source_text(TEXT.format(edition=edition, most=most, word=word)))
    problems, _ = check_route(checked, date(2026, 12, 1))
    found: dict[str, list[str]] = {}
    for problem in problems:
        if problem.rule in ("missing-value", "unfilled", "decline-passes-end"):
            text = f"{problem.severity} {problem.who}: {problem.what}"
            found.setdefault(problem.rule, []).append(text)
    return found


def test_each_reader_of_a_value_that_can_now_be_missing_is_named(edition_2: None) -> None:
    found = check(2)
    after = "after don't know or refused at child"
    assert found["missing-value"] == [
        f"warning hours: max: {after}, most is missing, and there is then no maximum",
        f"warning days: max: {after}, 7 if child == 1 else 5 is missing, and there is then no maximum",
        f"warning much: where: {after}, most == 10 is unknown, and the interview then counts in no cell",
    ]
    # ends have a rule of their own, which is an error in both editions
    assert {text.partition(":")[0] for text in found["decline-passes-end"]} == {"error stop"}
    [fill] = found["unfilled"]
    assert fill.startswith("error bye: {word} may have no value when this is read (for example: ")


def test_nothing_of_it_in_edition_1(edition_2: None) -> None:
    found = check(1)
    assert "missing-value" not in found
    assert "unfilled" not in found


@pytest.mark.parametrize("most", [TABLE, "default(10 if child == 1 else 20, 20, dk, refused)"])
def test_a_value_for_unknown_answers_settles_it(edition_2: None, most: str) -> None:
    word = "{when: [[child == 1, \"'him'\"]], else: \"'her'\", unknown: \"'them'\"}"
    found = check(2, most, word)
    assert [text.partition(":")[0] for text in found["missing-value"]] == ["warning days"]
    assert "unfilled" not in found


@pytest.mark.parametrize(
    ("test", "count"),
    [
        ("answered(child) and child == 1", 0),
        ("sure == 1", 0),
        ("child == 1", 1),
        ("answered(child) and sure / child > 1", 1),
    ],
)
def test_words_of_two_languages_whose_test_is_known_need_no_others(
    edition_2: None, test: str, count: int
) -> None:
    """The proof doesn't decide them, since it knows the value in the first language only."""
    words = f"{{en: \"'you' if {test} else 'they'\", es: \"'usted' if {test} else 'ellos'\"}}"
    text = f"""\
instrument: m
title: T
edition: 2
languages: [en, es]
compute:
  word: {words}
items:
  - {{id: child, type: single, text: {{en: C?, es: C?}}, options: {{1: {{en: A, es: A}}}}}}
  - {{id: sure, type: number, text: {{en: C?, es: C?}}, max: 9, declines: []}}
  - {{id: bye, type: read, text: {{en: "Do {{word}}?", es: "Do {{word}}?"}}}}
"""
    rules = [problem.rule for problem in check_instrument(load_source_text(text)).problems]
    assert rules.count("unsure-fill") == count
