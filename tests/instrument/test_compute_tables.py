"""Calculations that are written as tables: rows in their order, `else` for known answers, `unknown` for the rest."""

from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey_cli.instrument.checks.all_checks import check_instrument
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.expressions.parsing import write_expression
from survey_cli.instrument.source.load import load_source_text
from survey_cli.scenarios.route_check import check_route
from survey_cli.table.columns import build_columns
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, REFUSED, Cell

HEAD = """\
instrument: tables
title: Tables
compute:
  group: {table}
items:
  - {{id: age, type: number, text: How old are you?, max: 120}}
  - {{id: pay, type: number, text: What do you earn?, max: 9000}}
"""
PLAIN = "{when: [[age < 30, 1], [age < 65 and pay > 100, 2]], else: 3}"
WITH_UNKNOWN = "{when: [[age < 30, 1], [age < 65 and pay > 100, 2]], else: 3, unknown: 9}"


@cache
def compile_group(table: str) -> Condition:
    checked = check_instrument(load_source_text(HEAD.format(table=table)))
    assert checked.compiled is not None, checked.problems
    [condition] = checked.compiled.computes["group"].conditions.values()
    return condition


def compute(table: str, age: Cell, pay: Cell) -> Cell:
    return compile_group(table).evaluate(Known({"age": age, "pay": pay}))


@pytest.mark.parametrize(
    ("age", "pay", "plain", "with_unknown"),
    [
        (20, 5, 1, 1),
        (20, DK, 1, 1),
        (40, 500, 2, 2),
        (40, 50, 3, 3),
        (70, DK, 3, 3),
        # an earlier row that may be true keeps a later one from deciding
        (DK, 500, DK, 9),
        (40, REFUSED, REFUSED, 9),
        (NOT_ASKED, REFUSED, NOT_ASKED, 9),
        # an interview that ends before gets no value
        (40, NOT_REACHED, NOT_REACHED, NOT_REACHED),
    ],
)
def test_the_first_true_row_decides(age: Cell, pay: Cell, plain: Cell, with_unknown: Cell) -> None:
    assert compute(PLAIN, age, pay) == plain
    assert compute(WITH_UNKNOWN, age, pay) == with_unknown


ANSWERS = st.one_of(st.integers(0, 120), st.sampled_from((DK, REFUSED, NOT_ASKED)))


@given(ANSWERS, ANSWERS)
def test_unknown_replaces_what_is_missing_and_nothing_else(age: Cell, pay: Cell) -> None:
    plain = compute(PLAIN, age, pay)
    expected = plain
    if not isinstance(plain, int):
        expected = 9
    assert compute(WITH_UNKNOWN, age, pay) == expected


def find_gaps(table: str) -> list[str]:
    checked = check_instrument(load_source_text(HEAD.format(table=table)))
    problems, _ = check_route(checked, date(2026, 12, 1))
    return [problem.what for problem in problems if problem.rule == "table-gap"]


@pytest.mark.parametrize(
    ("rows", "gap"),
    [
        ("[age < 30, 1], [age >= 30, 2]", ""),
        ("[age < 30, 1], [age <= 120, 2]", ""),
        ("[age < 30, 1], [age > 30, 2]", "for example: age = 30"),
        ("[pay / 2 < 30, 1], [pay / 2 >= 30, 2]", ""),
        # the solver knows no division of so many amounts
        ("[pay / 2 < 30, 1], [pay / 2 > 30, 2]", "isn't proved"),
        # whoever has no answer is not in a gap
        ("[age < 30 and pay < 100, 1], [not (age < 30 and pay < 100), 2]", ""),
    ],
)
def test_a_table_without_else_has_a_row_for_everybody(rows: str, gap: str) -> None:
    gaps = find_gaps(f"{{when: [{rows}]}}")
    assert [gap in what for what in gaps] == [True] * bool(gap)


def test_a_table_of_codes_is_a_whole_number() -> None:
    codes = "{when: [[age < 30, 1], [age >= 30, 2]], unknown: 9}"
    amounts = "{when: [[age < 30, 0.5], [pay > 100, pay]], else: 3}"
    for table, storage in ((codes, "integer"), (amounts, "decimal")):
        instrument = check_instrument(load_source_text(HEAD.format(table=table))).compiled
        assert instrument is not None
        [variable] = [v for v in build_columns(instrument) if v.name == "group"]
        assert variable.storage == storage


def test_too_many_rows_are_refused_in_words() -> None:
    rows = ", ".join(f"[age == {age}, {age}]" for age in range(41))
    checked = check_instrument(load_source_text(HEAD.format(table=f"{{when: [{rows}], else: 99}}")))
    [problem] = checked.problems
    assert (problem.rule, problem.what) == (
        "condition-too-large",
        "the table has 41 rows; 40 is the maximum",
    )


def test_a_table_is_written_whole_and_is_no_ordinary_choice() -> None:
    """Versions are compared by this text, and the solver knows parts by it."""
    first = write_expression(compile_group("{when: [[age < 30, 1]], else: 2}").tree)
    second = write_expression(compile_group("{when: [[age < 31, 1]], else: 2}").tree)
    ordinary = write_expression(compile_group("1 if age < 30 else 2").tree)
    assert len({first, second, ordinary}) == 3
    assert "age < 30" in first


@pytest.mark.parametrize("name", ["default", "keyed"])
def test_an_earlier_questionnaire_may_have_an_item_named_like_a_new_function(name: str) -> None:
    text = HEAD.format(table=f"{name} + pay").replace("id: age", f"id: {name}")
    assert check_instrument(load_source_text(text)).problems == ()
