"""`survey check --wording`: what is pointed out, and what looks like it and is not."""

import pytest

from survey_cli.instrument.checks.all_checks import check_instrument, check_wording
from survey_cli.instrument.source.load import load_source_text

YES_NO = "options: {1: Yes, 2: No}"


def list_rules(item: str) -> list[str]:
    result = check_instrument(
        load_source_text(f"instrument: t\ntitle: T\nitems:\n  - {{id: q, {item}}}\n", "f.yaml")
    )
    assert result.draft is not None
    return [problem.rule for problem in check_wording(result.draft)]


@pytest.mark.parametrize(
    ("item", "rule"),
    [
        ("type: multiple, text: Which?, options: {1: TV, 2: None of these}", "unkeyed-option"),
        ("type: single, text: Which?, options: {1: TV, 2: Some other place}", "unkeyed-option"),
        (f'type: single, text: "Do you work? And do you like it?", {YES_NO}', "two-questions"),
        (
            'type: scale, from: 0, to: 10, text: "How good are the pay and the hours?"',
            "two-questions",
        ),
        (f'type: single, text: "Do you not oppose it?", {YES_NO}', "double-negative"),
        (f'type: single, text: "{"very " * 40}good?", {YES_NO}', "long-question"),
        (
            "type: single, text: How?, options: {1: Excellent, 2: Very good, 3: Good, 4: Poor}",
            "unbalanced-scale",
        ),
        ("type: single, text: Age?, options: {1: 18 to 25, 2: 25 to 34}", "uneven-bands"),
        ("type: single, text: Age?, options: {1: 18-24, 2: 26-34}", "uneven-bands"),
        ("type: scale, from: 0, to: 10, text: From 1 to 10?", "other-numbers"),
        (f'type: single, text: "[READ] <b>Here</b>?", {YES_NO}', "markup-aloud"),
        ('type: number, text: "You said ${q}?"', "markup-aloud"),
    ],
)
def test_a_habit_is_pointed_out(item: str, rule: str) -> None:
    assert list_rules(item) == [rule]


@pytest.mark.parametrize(
    "item",
    [
        "type: multiple, text: Which?, options: {1: TV, 2: {text: None, exclusive: true}}",
        "type: single, text: Which?, options: {1: TV, 2: {text: Other, specify: true}}",
        "type: single, text: Who?, options: {1: None, 2: Other people}",
        'type: single, text: "How is it? Would you say {options}?", options: {1: good, 2: bad}',
        'type: scale, from: 0, to: 10, text: "How has it been between May and June?"',
        f'type: single, text: "Do you not work?", {YES_NO}',
        "type: single, text: How?, options: {1: Very good, 2: Good, 3: Neither, 4: Bad, 5: Very bad}",
        "type: single, text: How often?, options: {1: Always, 2: Often, 3: Seldom, 4: Never}",
        "type: single, text: Age?, options: {1: 18 to 24, 2: 25-34, 3: 35 or older}",
        'type: single, text: Income?, options: {1: "$10,000 to under $20,000", 2: "$20,000 to under $30,000"}',
        "type: scale, from: 0, to: 10, text: From 0 to 10?",
        f'type: single, text: "**Here**?", {YES_NO}',
    ],
)
def test_what_only_looks_like_it_is_not(item: str) -> None:
    assert list_rules(item) == []
