"""Files with thousands of mistakes: the first hundred are reported, and how many more there are."""

import time

import pytest

from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.source.load import load_source_text
from survey_cli.problems import MAX_PER_RULE, Position, Problem, limit_per_rule

HEAD = "instrument: t\ntitle: T\nitems:\n  - {id: a, type: text, text: What}\n"
KINDS = {
    "unknown-key": "k{n}: v\n",
    "unknown-name": "  - {{id: q{n}, type: text, text: What, ask_if: z{n} == 1}}\n",
    "unknown-fill": "  - {{id: q{n}, type: text, text: 'What {{z{n}}}'}}\n",
    "unknown-type": "  - {{id: q{n}, type: txt{n}, text: What}}\n",
    "unknown-list": "  - {{id: q{n}, type: single, options: z{n}, text: What}}\n",
    "duplicate-id": "  - {{id: a, type: text, text: What}}\n",
    "duplicate-key": "title: {n}\n",
    "comma": "  - {{id: q{n}, type: text, text: Yes, often}}\n",
    "hash": "  - id: q{n}\n    type: text # a comment\n    text: Our #1\n",
    "comment-in-text": "  - id: q{n}\n    type: text\n    text: |\n      Yes\n      # no\n",
}


@pytest.mark.time_limit
@pytest.mark.parametrize("rule", KINDS)
def test_the_first_hundred_are_told_and_the_rest_counted(rule: str) -> None:
    many = 2000
    text = HEAD + "".join(KINDS[rule].format(n=n) for n in range(many))
    started = time.process_time()
    problems = [
        p for p in check_instrument(load_source_text(text)).problems if p.rule in (rule, "too-many")
    ]
    took = time.process_time() - started
    assert [p.rule for p in problems] == [rule] * MAX_PER_RULE + ["too-many"]
    assert problems == sorted(problems, key=lambda p: p.where)
    assert (
        f"{many - MAX_PER_RULE:,} more problems of this kind ({rule}) are not shown"
        in problems[-1].what
    )
    assert problems[-1].severity == "error"
    assert took < 4, "each was compared with all the others"


@pytest.mark.time_limit
def test_two_hundred_thousand_unknown_keys_take_no_longer_than_reading_them() -> None:
    text = HEAD + "".join(f"k{n}: v\n" for n in range(200_000))
    started = time.process_time()
    source = load_source_text(text)
    reading = time.process_time() - started
    started = time.process_time()
    assert "199,900 more" in check_instrument(source).problems[-1].what
    assert time.process_time() - started < 8 * reading


def test_a_long_chain_of_computes_is_followed_and_a_long_loop_is_told_shortly() -> None:
    links = "".join(f"  c{n}: c{n + 1} + 1\n" for n in range(3000))
    head, items = (
        "instrument: t\ntitle: T\ncompute:\n",
        "items:\n  - {id: a, type: number, text: What}\n",
    )
    assert (
        check_instrument(load_source_text(f"{head}{links}  c3000: a + 1\n{items}")).problems == ()
    )
    (loop,) = check_instrument(load_source_text(f"{head}{links}  c3000: c0 + 1\n{items}")).problems
    assert loop.rule == "circular"
    assert "c0 → c1 → " in loop.what
    assert loop.what.endswith(" → c3000 → c0")
    assert len(loop.what) < 300


def test_kinds_are_counted_apart_and_warnings_stay_warnings() -> None:
    def made(rule: str, lines: range, severity: str) -> list[Problem]:
        return [Problem(rule, Position("f", n), "", f"{n}", "", severity) for n in lines]  # type: ignore[arg-type]

    few = made("few", range(1, 101), "error")
    many = made("many", range(1, 102), "warning")
    found = limit_per_rule([*many, *few])
    assert [p for p in found if p.rule == "few"] == few
    assert [p for p in found if p.rule == "many"] == many[:100]
    assert [(p.where.line, p.severity, p.what) for p in found if p.rule == "too-many"] == [
        (100, "warning", "1 more such problem is not shown")
    ]


def test_a_cut_sentence_is_found_behind_any_number_of_comments() -> None:
    comments = "".join(
        f"  - id: q{n}\n    type: text # a comment\n    text: What\n" for n in range(1000)
    )
    text = HEAD + comments + "  - id: last\n    type: text\n    text: Do you like #1 shop?\n"
    assert [(p.rule, p.who) for p in check_instrument(load_source_text(text)).problems] == [
        ("hash", "last")
    ]


def test_the_rest_of_notes_is_a_note() -> None:
    notes = [
        Problem("undecided", Position("t.yaml", line), "q", str(line), "", "info")
        for line in range(1, 130)
    ]
    assert {problem.severity for problem in limit_per_rule(notes)} == {"info"}


def test_a_mistake_in_a_calculation_is_one_problem() -> None:
    text = """
instrument: t
title: T
compute:
  bmi: weight / (heigt * 2)
  group: {when: [[bmi < 18, 1]], else: 2}
items:
  - {id: weight, type: number, text: Weight}
  - {id: tall, type: read, ask_if: bmi > 7, text: "That makes {bmi:.1f}."}
  - {id: income, type: bracket, unit: USD, steps: [10, 20], text: "Less than {amount:USD}?"}
"""
    problems = check_instrument(load_source_text(text)).problems
    assert [(problem.rule, problem.who) for problem in problems] == [("unknown-name", "bmi")]
