"""Editions 1 and 2 of the language side by side: what they share, and what each gives for unknown tests."""

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.editions import accept_edition
from support.known_values import make_known
from support.random_questionnaires import QuestionnaireWriter
from support.random_respondents import begun, forward, wander
from support.scale import SCALE
from support.scenario import Scenario, instrument
from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.source.load import load_source_text
from survey_cli.revisions.edition_changes import compile_in_edition, list_edition_changes
from survey_cli.table.columns import build_row
from survey_cli.values import (
    DK,
    NO_AMOUNT,
    NOT_ASKED,
    NOT_REACHED,
    REFUSED,
    Cell,
    Missing,
    get_missing,
)

HEAD = """\
instrument: e
edition: {edition}
title: Editions
declines: {{dk: {{code: -8, text: Don't know, key: d}}, refused: {{code: -9, text: Refused, key: r}},
  na: {{code: -5, text: None of it, key: n}}}}
compute:
  c: "{written}"
items:
  - {{id: x, type: number, text: X?, max: 9}}
  - {{id: y, type: number, text: Y?, max: 9}}
  - {{id: w, type: number, text: W?, max: 7, options: {{8: {{text: It varies, missing: true}}}}}}
  - {{id: z, type: single, text: Z?, options: {{1: A, 2: B}}}}
"""
NA = get_missing("na")
VARIES = 8
"""The code of w that has no amount."""
RANKED = [NOT_REACHED, NOT_ASKED, REFUSED, DK, NA, NO_AMOUNT]
"""The first of these, among what made a test unknown, is the kind of the missing result."""


def compile_compute(written: str, edition: int) -> Condition:
    with accept_edition():
        checked = check_instrument(load_source_text(HEAD.format(edition=edition, written=written)))
    assert checked.compiled is not None, checked.problems
    [condition] = checked.compiled.computes["c"].conditions.values()
    return condition


# Expressions, written and evaluated by the definition: `strict` says in which edition.

Env = Mapping[str, Cell]


def first_missing(cells: list[Any]) -> Any:
    for kind in RANKED:
        if kind in cells:
            return kind
    return None


def join(cells: list[Any], decisive: bool) -> Any:
    if decisive in [cell for cell in cells if isinstance(cell, bool)]:
        return decisive
    missing = first_missing(cells)
    return not decisive if missing is None else missing


def evaluate(term: Any, env: Env, strict: bool) -> Any:
    match term:
        case ("name", "w") if strict and env["w"] == VARIES:
            return NO_AMOUNT
        case ("name", name):
            return env[name]
        case ("number", number):
            return number
        case ("equal", name, number):
            # the code is known, whatever its amount is
            return env[name] if isinstance(env[name], Missing) else env[name] == number
        case ("less", left, right):
            cells = [evaluate(left, env, strict), evaluate(right, env, strict)]
            missing = first_missing(cells)
            return missing if missing is not None else cells[0] < cells[1]
        case ("and", left, right):
            return join([evaluate(left, env, strict), evaluate(right, env, strict)], False)
        case ("or", left, right):
            return join([evaluate(left, env, strict), evaluate(right, env, strict)], True)
        case ("not", operand):
            truth = evaluate(operand, env, strict)
            return truth if isinstance(truth, Missing) else not truth
        case ("choice", test, then, otherwise):
            truth = evaluate(test, env, strict)
            if strict and isinstance(truth, Missing):
                return truth
            return evaluate(then if truth is True else otherwise, env, strict)
    raise AssertionError(term)


def write(term: Any) -> str:
    match term:
        case ("name", name):
            return str(name)
        case ("number", number):
            return str(number)
        case ("equal", name, number):
            return f"({name} == {number})"
        case ("less", left, right):
            return f"({write(left)} < {write(right)})"
        case ("not", operand):
            return f"(not {write(operand)})"
        case ("choice", test, then, otherwise):
            return f"({write(then)} if {write(test)} else {write(otherwise)})"
        case (sign, left, right):
            return f"({write(left)} {sign} {write(right)})"
    raise AssertionError(term)


NUMBERS = st.one_of(
    st.tuples(st.just("name"), st.sampled_from(("w", "x", "y"))),
    st.tuples(st.just("number"), st.integers(0, 9)),
)
TESTS = st.recursive(
    st.one_of(
        st.tuples(st.just("less"), NUMBERS, NUMBERS),
        st.tuples(st.just("equal"), st.sampled_from(("x", "w")), st.integers(0, VARIES)),
    ),
    lambda tests: st.one_of(
        st.tuples(st.sampled_from(("and", "or")), tests, tests),
        st.tuples(st.just("not"), tests),
    ),
    max_leaves=3,
)
CHOICES = st.recursive(
    NUMBERS,
    lambda parts: st.tuples(
        st.just("choice"),
        st.one_of(TESTS, st.tuples(st.just("less"), parts, parts)),
        parts,
        parts,
    ),
    max_leaves=5,
)
CELLS = st.one_of(st.integers(0, 9), st.sampled_from(RANKED[:-1]))
W_CELLS = st.one_of(st.just(VARIES), st.integers(0, 7), st.sampled_from(RANKED[:-1]))
ANSWERS = {"x": CELLS, "y": CELLS, "w": W_CELLS}


@settings(max_examples=4 * settings().max_examples)
@given(CHOICES, st.fixed_dictionaries(ANSWERS))
def test_a_choice_has_the_value_that_its_edition_defines(term: Any, env: dict[str, Cell]) -> None:
    written = write(term)
    values = [compile_compute(written, edition).evaluate(make_known(env)) for edition in (1, 2)]
    assert values == [evaluate(term, env, strict=False), evaluate(term, env, strict=True)]
    if env["w"] != VARIES and not any(isinstance(cell, Missing) for cell in env.values()):
        assert values[0] == values[1]


@pytest.mark.parametrize(
    ("x", "y", "kind"),
    [
        (DK, REFUSED, REFUSED),
        (REFUSED, NOT_ASKED, NOT_ASKED),
        (NOT_ASKED, NOT_REACHED, NOT_REACHED),
        (NA, DK, DK),
        (NA, 3, NA),
    ],
)
@pytest.mark.parametrize(
    "written",
    [
        "1 if x < 5 and y < 5 else 2",
        # nested: the inner choice passes on what made it unknown
        "1 if (3 if y < 5 else 4) < 9 and x < 5 else 2",
        "(1 if x < 5 and y < 5 else 2) if z == 1 else 3",
        "{when: [[x < 5 and y < 5, 1]], else: 2}",
        "{when: [[x < 5, 1 if y < 5 else 2], [y < 5, 1]], else: 2}",
    ],
)
def test_the_kind_of_a_missing_result_is_the_first_that_made_it_unknown(
    written: str, x: Cell, y: Cell, kind: Missing
) -> None:
    known = make_known({"x": x, "y": y, "z": 1})
    if written.startswith("{"):
        with accept_edition():
            text = HEAD.format(edition=2, written="").replace('""', written)
            checked = check_instrument(load_source_text(text))
        assert checked.compiled is not None, checked.problems
        [condition] = checked.compiled.computes["c"].conditions.values()
        if "x < 5, 1 if" in written:
            kind = x if isinstance(x, Missing) else kind  # a table ends at its first unknown row
    else:
        condition = compile_compute(written, 2)
    assert condition.evaluate(known) == kind


def conduct(text: str, seed: int) -> Scenario:
    """Conduct an interview; equal seeds give equal answers as long as the same is asked."""
    made = instrument(text)
    dice = Random(seed)
    return forward(wander(begun(made, dice), dice, moves=dice.randint(0, 4)), dice)


def test_interviews_differ_only_if_check_says_so() -> None:
    """Where no condition is named, random interviews are the same; where some is, some differ."""
    same = named = differing = 0
    with accept_edition():
        for seed in range(60 * SCALE):
            dice = Random(seed)
            text = QuestionnaireWriter(dice).write()
            source = load_source_text(text)
            _, draft, _ = compile_in_edition(source, 1)
            _, newer, _ = compile_in_edition(source, 2)
            assert draft is not None
            assert newer is not None
            changes = list_edition_changes(draft, newer)
            second = text.replace("title: T\n", "title: T\nedition: 2\n", 1)
            for number in range(3):
                try:
                    before = conduct(text, number)
                except AssertionError:  # it has errors, or a question whose checks accept nothing
                    continue
                after = conduct(second, number)
                is_same = build_row(before.interview) == build_row(after.interview)
                if not changes:
                    assert is_same, text
                    same += 1
                else:
                    named += 1
                    differing += not is_same
    assert same > 60 * SCALE
    assert named > 0
    assert differing > 0
