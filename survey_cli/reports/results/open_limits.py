"""Limits of the amounts of a bracket of which more is left than one interval."""

from collections.abc import Mapping
from math import inf

from survey_cli.instrument.amounts import Interval
from survey_cli.reports.results.questions import UNASKED_KINDS, ReportQuestion, get_missing_kind
from survey_cli.reports.weighting.answer_counts import AnswerColumns
from survey_cli.values import Cell


def weigh_open_limits(question: ReportQuestion, answers: AnswerColumns) -> dict[Interval, int]:
    """Add up the weights of a bracket's declines by what their steps have left.

    It is every amount if the limits are not among the columns.
    """
    names = [question.columns[0]]
    if question.limit_columns is not None:
        names += question.limit_columns
    if not all(name in answers.columns for name in names):
        names = names[:1]

    cells_of_columns = [answers.read_cells(name) for name in names]
    weights: dict[Interval, int] = {}
    for key, counts in answers.count(answers.iterate_keys(names), []).items():
        texts = key if isinstance(key, tuple) else (key,)
        cells = [read[text] for read, text in zip(cells_of_columns, texts, strict=True)]
        kind = get_missing_kind(cells[0])
        if not kind or kind in UNASKED_KINDS:
            continue
        left = Interval()
        if len(cells) > 1:
            left = _make_interval(cells[1], cells[2])
        weights[left] = weights.get(left, 0) + counts[0].weight
    return weights


def _make_interval(low: Cell, high: Cell) -> Interval:
    """Make the interval between two limits, of which each may be missing."""
    lowest = -inf
    if isinstance(low, int | float):
        lowest = low
    highest = inf
    if isinstance(high, int | float):
        highest = high
    return Interval(lowest, highest, includes_high=False)


def find_overlap(left: Interval, intervals: Mapping[int, Interval]) -> range:
    """Find which intervals, by their position, an amount may be in; all if it is in none."""
    positions = [
        position
        for position, interval in intervals.items()
        if not left.is_below(interval) and not interval.is_below(left)
    ]
    if not positions:
        positions = list(intervals)
    return range(positions[0], positions[-1] + 1)
