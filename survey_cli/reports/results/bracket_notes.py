"""The note under the table of a bracket: which interval the median is in, or how much is open.

The mean of intervals is not known, and that of their numbers says nothing.
"""

from collections.abc import Sequence
from fractions import Fraction

from survey_cli.reports import rounding
from survey_cli.reports.results.crosstab import Crosstab, CrosstabLine
from survey_cli.reports.texts import translate

_TOTAL = 0
"""The column of all respondents."""


def describe_median(table: Crosstab, digits: int) -> str:
    """Describe where the median is. Empty if nobody has an amount, or if a count is hidden."""
    if table.has_hidden(_TOTAL):
        return ""
    intervals = [line for line in table.lines if line.kind == "answer"]
    known = _add_weights(intervals)
    if not known:
        return ""

    open_weight = _add_weights([line for line in table.lines if line.kind == "decline"])
    half = Fraction(known + open_weight, 2)
    # Wherever the amounts are of which more is left than one interval, the median is between
    # what it is if all of them are the lowest, and what it is if all of them are the highest.
    lowest = _find_interval(intervals, half - open_weight)
    highest = _find_interval(intervals, half)
    if not open_weight:
        return translate("Median: {interval}.", interval=lowest)

    share = Fraction(100 * open_weight, known + open_weight)
    percent = rounding.format_decimal(share, digits)
    if lowest == highest:
        return translate("median-known", interval=lowest, open=percent)
    return translate("median-open", lowest=lowest, highest=highest, open=percent)


def _add_weights(lines: Sequence[CrosstabLine]) -> int:
    return sum(line.counts[_TOTAL].weight for line in lines)


def _find_interval(intervals: Sequence[CrosstabLine], weight: Fraction) -> str:
    """Find the interval in which the cumulated weight reaches this; the highest if none does."""
    cumulated = 0
    for line in intervals:
        cumulated += line.counts[_TOTAL].weight
        if cumulated and cumulated >= weight:
            return line.label
    return intervals[-1].label
