"""The note under the table of a bracket: which intervals the median can be in.

The mean of intervals is not known, and that of their numbers says nothing.

An answer of which more is left than one interval counts with its own limits, and nothing is assumed
about where it is between them. The median is then at least the median of all lowest possible
amounts, and at most that of all highest possible ones: with interval data, quantiles have these
sharp bounds (C. F. Manski, Partial Identification of Probability Distributions, 2003, chapter 1).
Estimates such as Turnbull's (1976) would be narrower. They assume that whoever declines a step
doesn't differ from others with the same limits, which is least likely of incomes.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate

from survey_cli.instrument.amounts import Interval
from survey_cli.reports import rounding
from survey_cli.reports.results.crosstab import Crosstab, CrosstabLine
from survey_cli.reports.results.open_limits import find_overlap
from survey_cli.reports.texts import translate

_TOTAL = 0
"""The column of all respondents."""


def describe_median(table: Crosstab, digits: int) -> str:
    """Describe where the median is. Empty if nothing is known of it, or if a count is hidden."""
    if table.has_hidden(_TOTAL):
        return ""
    lines = [line for line in table.lines if line.kind == "answer"]
    known = [line.counts[_TOTAL].weight for line in lines]
    open_limits = table.open_limits
    if table.is_valid:
        open_limits = {}

    lowest_weights = list(known)
    highest_weights = list(known)
    intervals = _list_intervals(table, lines)
    is_limited = False
    for left, weight in open_limits.items():
        possible = find_overlap(left, intervals)
        lowest_weights[possible[0]] += weight
        highest_weights[possible[-1]] += weight
        if len(possible) < len(lines):
            is_limited = True
    if not any(known) and not is_limited:
        return ""

    lowest = lines[_find_median(lowest_weights)].label
    highest = lines[_find_median(highest_weights)].label
    open_weight = sum(open_limits.values())
    if not open_weight:
        return translate("Median: {interval}.", interval=lowest)

    share = Fraction(100 * open_weight, sum(known) + open_weight)
    percent = rounding.format_decimal(share, digits)
    if lowest == highest:
        return translate("median-known", interval=lowest, open=percent)
    return translate("median-open", lowest=lowest, highest=highest, open=percent)


def _list_intervals(table: Crosstab, lines: Sequence[CrosstabLine]) -> dict[int, Interval]:
    """List the amounts of the lines by their position.

    A code that an earlier questionnaire had, and the newest hasn't, is left out.
    """
    amounts = table.question.amounts
    intervals = {}
    for position, line in enumerate(lines):
        if amounts is None or not line.code.isdecimal():
            continue
        amount = amounts.by_code.get(int(line.code))
        if isinstance(amount, Interval):
            intervals[position] = amount
    return intervals


def _find_median(weights: Sequence[int]) -> int:
    """Return the first position up to which at least half of the weight lies."""
    half = Fraction(sum(weights), 2)
    for position, cumulated in enumerate(accumulate(weights)):
        if cumulated and cumulated >= half:
            return position
    return len(weights) - 1
