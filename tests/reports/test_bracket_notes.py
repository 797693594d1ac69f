"""The note on the median of a bracket, under its table."""

from dataclasses import replace
from fractions import Fraction
from math import inf
from types import SimpleNamespace
from typing import Any, cast

import pytest

from support.scenario import instrument, scenario
from survey_cli.instrument.amounts import AmountReading, Interval
from survey_cli.reports.results.bracket_notes import describe_median
from survey_cli.reports.results.crosstab import Crosstab, CrosstabLine, ResultOptions, tabulate
from survey_cli.reports.results.questions import list_questions
from survey_cli.reports.weighting.answer_counts import AnswerColumns, WeightedCount
from survey_cli.table.columns import build_columns
from survey_cli.table.table import Table, encode_cells
from survey_cli.values import NOT_ASKED

# A is less than 10, B is 10 to less than 20, C is 20 or more
AMOUNTS = AmountReading(
    {
        1: Interval(0, 10, includes_high=False),
        2: Interval(10, 20, includes_high=False),
        3: Interval(20, inf, includes_high=False),
    }
)
ALL = (0, inf)
"""The limits of a respondent who declined the first step."""


@pytest.mark.parametrize(
    ("counts", "is_open", "note"),
    [
        # the fifth of ten is in B
        ((2, 5, 3), {}, "Median: B."),
        # exactly half have less than 10
        ((5, 5, 0), {}, "Median: A."),
        # half of 110 is 55: 30 + 60 at the lowest, 20 + 60 at the highest
        ((20, 60, 20), {ALL: 10}, "Median: B, wherever the amounts are, between the limits"),
        # half of 150 is 75: 40 + 50 are in A, or 40 + 20 below C
        ((40, 20, 40), {ALL: 50}, "anywhere from “A” to “C”"),
        # of 150, all 50 have less than 20: 40 + 50 are in A, or 40 + 20 + 50 below C
        ((40, 20, 40), {(0, 20): 50}, "anywhere from “A” to “B”"),
        # all 50 have 10 or more: half are reached in B, with 40 + 20 + 50, or only in C
        ((40, 20, 40), {(10, inf): 50}, "anywhere from “B” to “C”"),
        # half of 130 is 65. At the lowest: 45 in A, 90 below C; at the highest: 30, 80
        ((30, 40, 40), {(0, 20): 10, (10, inf): 5, ALL: 5}, "Median: B"),
        # nobody has one interval, and still none of ten have more than 20
        ((0, 0, 0), {(0, 20): 10}, "anywhere from “A” to “B”"),
        ((0, 0, 0), {ALL: 5}, ""),
    ],
)
def test_the_median_is_narrowed_by_the_limits_of_each_answer(
    counts: tuple[int, ...], is_open: dict[tuple[float, float], int], note: str
) -> None:
    said = describe_median(make_table(counts, is_open), 0)
    assert note in said
    assert bool(said) is bool(note)


def test_the_note_says_how_much_is_open() -> None:
    # 10 + 5 + 5 of 130 are 15.4 percent, whatever is known of them
    said = describe_median(make_table((30, 40, 40), {(0, 20): 10, (10, inf): 5, ALL: 5}), 1)
    assert "of the 15.4 percent of whom more is left than one interval" in said


def test_limits_of_other_steps_leave_all_intervals_that_they_overlap() -> None:
    """An earlier questionnaire read 15: less than 15 may be A or B, and 15 or more B or C."""
    narrow = describe_median(make_table((40, 20, 40), {(0, 15): 50}), 0)
    assert "from “A” to “B”" in narrow
    wide = describe_median(make_table((40, 20, 40), {(15, inf): 50}), 0)
    assert "from “B” to “C”" in wide


def test_a_table_of_those_with_an_answer_leaves_out_what_is_open() -> None:
    table = make_table((40, 20, 30), {ALL: 50})
    assert describe_median(replace(table, is_valid=True), 0) == "Median: B."


LADDER = """
instrument: t
title: T
items:
  - {id: b, type: bracket, steps: [10, 20, 30], start: 20, text: "Less than {amount}?"}
"""
# In 1 to 4: 2, 2, 3 and 1. Two declined below 20 (1 or 2), and one from 20 on (3 or 4).
ANSWERS = [
    *[("1", "1")] * 2,
    *[("1", "2")] * 2,
    *[("2", "1")] * 3,
    ("2", "2"),
    *[("1", ".dk")] * 2,
    ("2", ".refused"),
]


def tabulate_ladder(weights: list[int] | None = None) -> Crosstab:
    """Count interviews with the bracket from their rows of data."""
    compiled = instrument(LADDER)
    columns = build_columns(compiled)
    rows = []
    for keys in ANSWERS:
        row = scenario(LADDER).keys(*keys).row
        rows.append(encode_cells(tuple(row.get(column.name, NOT_ASKED) for column in columns)))
    answers = AnswerColumns.from_table(Table(variables=columns, rows=rows))
    if weights is not None:
        answers = answers.with_weights([Fraction(weight) for weight in weights])
    questions, _ = list_questions(compiled, columns)
    [question] = [question for question in questions if question.item == "b"]
    return tabulate(question, answers, [], ResultOptions())


def test_the_limits_in_the_data_decide() -> None:
    # half of 11 is 5.5. At the lowest: 4, 6 in 2; at the highest: 2, 6 in 2.
    # With all three wholly open, it would be 2 or 3.
    said = describe_median(tabulate_ladder(), 0)
    assert said.startswith("Median: 10 to less than 20, wherever the amounts are")
    assert "of the 27 percent" in said


def test_weights_count_between_the_limits_too() -> None:
    # The three in interval 3 weigh 2: half of 14 is 7. Lowest: 4, 6, 13; highest: 2, 6, 12.
    weights = [1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1]
    said = describe_median(tabulate_ladder(weights), 0)
    assert said.startswith("Median: 20 to less than 30, wherever the amounts are")
    assert "of the 21 percent" in said


def make_table(counts: tuple[int, ...], is_open: dict[tuple[float, float], int]) -> Crosstab:
    lines = [
        make_line("answer", str(code), label, count)
        for code, (label, count) in enumerate(zip("ABC", counts, strict=True), 1)
    ]
    lines.append(make_line("decline", "-8", "Don't know", sum(is_open.values())))
    question = cast(Any, SimpleNamespace(amounts=AMOUNTS))
    open_limits = {
        Interval(low, high, includes_high=False): count for (low, high), count in is_open.items()
    }
    return Crosstab(question=question, lines=tuple(lines), bases=(), open_limits=open_limits)


def make_line(kind: Any, code: str, label: str, count: int) -> CrosstabLine:
    return CrosstabLine(kind=kind, code=code, label=label, counts=(count_people(count),))


def count_people(count: int) -> WeightedCount:
    return WeightedCount(count, count, count)
