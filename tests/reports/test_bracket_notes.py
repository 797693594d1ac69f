"""The note on the median of a bracket, under its table."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from survey_cli.reports.results.bracket_notes import describe_median
from survey_cli.reports.results.crosstab import Crosstab, CrosstabLine
from survey_cli.reports.weighting.answer_counts import WeightedCount


@pytest.mark.parametrize(
    ("counts", "is_open", "note"),
    [
        ((2, 5, 3), 0, "Median: B."),
        ((5, 5, 0), 0, "Median: A."),
        ((20, 60, 20), 10, "Median: B, whatever the amounts are of the 9 percent"),
        ((40, 20, 40), 50, "anywhere from “A” to “C”"),
        ((0, 0, 0), 5, ""),
    ],
)
def test_the_median_is_said_as_far_as_it_is_known(
    counts: tuple[int, ...], is_open: int, note: str
) -> None:
    lines = [make_line("answer", label, count) for label, count in zip("ABC", counts, strict=True)]
    lines.append(make_line("decline", "Don't know", is_open))
    question = cast(Any, SimpleNamespace())
    table = Crosstab(question=question, lines=tuple(lines), bases=())
    said = describe_median(table, 0)
    assert note in said
    assert bool(said) is bool(note)


def make_line(kind: Any, label: str, count: int) -> CrosstabLine:
    return CrosstabLine(kind=kind, code="", label=label, counts=(count_people(count),))


def count_people(count: int) -> WeightedCount:
    return WeightedCount(count, count, count)
