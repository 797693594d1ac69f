"""Means, medians, quartiles and standard deviations of scales and numbers."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import inf
from typing import Final

from survey_cli.reports import rounding
from survey_cli.reports.disclosure.suppression import BASE
from survey_cli.reports.results.crosstab import Crosstab, ResultOptions
from survey_cli.reports.results.open_amounts import describe_mean
from survey_cli.reports.results.report_model import (
    QuantileFigure,
    QuantileName,
    SummaryStatistics,
)
from survey_cli.reports.weighting import answer_counts
from survey_cli.reports.weighting.answer_counts import (
    DesignDifference,
    DesignError,
    DesignEstimate,
    WeightedCount,
)

MEAN_DIGITS: Final = 2
QUARTILES: Final = (Fraction(1, 4), Fraction(3, 4))
_QUANTILES: Final[Mapping[QuantileName, Fraction]] = {
    "first quartile": QUARTILES[0],
    "median": Fraction(1, 2),
    "third quartile": QUARTILES[1],
}


def has_statistics(table: Crosstab) -> bool:
    """Return whether the question has a mean."""
    return bool(table.values) or table.question.kind in ("scale", "number")


def make_unshown_summary(mark: str) -> SummaryStatistics:
    """Make statistics that show a mark in place of each figure."""
    return SummaryStatistics(None, mark, mark, mark, mark, hidden=True)


def compute_summary(
    table: Crosstab, column: int, options: ResultOptions, difference: DesignDifference | None
) -> SummaryStatistics:
    """Compute the statistics of a scale or number in one column."""
    values = [(value, counts[column]) for value, counts in table.values if counts[column].people]
    people, weight, squares = answer_counts.sum_counts(count for _, count in values)
    if not weight:
        empty = rounding.EMPTY_MARK
        return SummaryStatistics(None, "0", empty, empty, empty)

    weighted_sum = sum((value * count.weight for value, count in values), Fraction(0))
    mean = weighted_sum / weight
    error_of_design = None
    if table.design is not None:
        error_of_design = table.design.measure(BASE, column)

    deviation = rounding.EMPTY_MARK
    margin = ""
    standard_error = ""
    variance = compute_variance(values, mean, people)
    if variance is not None:
        deviation = rounding.format_decimal(rounding.compute_root(variance), MEAN_DIGITS)
        correction = options.compute_population_correction(people)
        error = rounding.compute_root(variance * squares / weight**2 * correction)
        if options.margins:
            half = answer_counts.compute_student_point(people - 1, options.level) * error
            margin = f"± {rounding.format_decimal(half, MEAN_DIGITS)}"
        if "se" in options.statistics:
            if error_of_design is not None:
                error = Fraction(error_of_design.standard_error)
            standard_error = rounding.format_decimal(error, MEAN_DIGITS + 1)

    total = None
    # The sum of the codes of a scale means nothing.
    has_sum = "totals" in options.statistics and table.question.kind == "number"
    if has_sum and table.design is not None:
        total = table.design.measure_total(BASE, column)

    quartiles = ""
    if "quartiles" in options.statistics:
        quartiles = " · ".join(_format_quantile(table, values, share) for share in QUARTILES)

    open_amounts = {
        value: table.open_amounts[value] for value, _ in values if value in table.open_amounts
    }
    if open_amounts:
        # no deviation and no error can be computed of amounts that aren't known
        mean_text = rounding.format_decimal(mean, MEAN_DIGITS)
        return SummaryStatistics(
            mean=None,
            count_text=f"{people:,}",
            mean_text=describe_mean(mean_text, open_amounts),
            median_text=_format_quantile(table, values, Fraction(1, 2)),
            deviation_text=rounding.EMPTY_MARK,
            quartiles_text=quartiles,
        )
    return SummaryStatistics(
        mean=mean,
        count_text=f"{people:,}",
        mean_text=rounding.format_decimal(mean, MEAN_DIGITS),
        median_text=_format_quantile(table, values, Fraction(1, 2)),
        deviation_text=deviation,
        margin_text=margin,
        quartiles_text=quartiles,
        error_text=standard_error,
        error=error_of_design,
        difference=difference,
        quantiles=_measure_quantiles(table, column, values, options),
        total=total,
    )


def _measure_quantiles(
    table: Crosstab,
    column: int,
    values: Sequence[tuple[Fraction, WeightedCount]],
    options: ResultOptions,
) -> tuple[QuantileFigure, ...]:
    """Return the median and the requested quartiles with their precision under the design."""
    if table.design is None:
        return ()
    figures = []
    for name, share in _QUANTILES.items():
        if share in QUARTILES and "quartiles" not in options.statistics:
            continue
        estimate = table.design.measure_quantile(BASE, column, float(share))
        if estimate is None:
            continue
        error = _protect_interval(estimate, table, options)
        if error is not None:
            value = compute_quantile(values, share)
            text = _format_quantile(table, values, share)
            figures.append(QuantileFigure(name, value, text, error))
    return tuple(figures)


def _protect_interval(
    estimate: DesignEstimate, table: Crosstab, options: ResultOptions
) -> DesignError | None:
    """Return the precision of a quantile, as far as it may be shown.

    An end of the interval is the answer of one person: in a small group, even the largest one. If
    small counts of known people are hidden, the ends are those of the ranges in the table, which
    its counts tell anyhow. There is none in an open range (`90 or more`).
    """
    ranges = [line.limits for line in table.lines if line.limits is not None]
    error = estimate.error
    if options.threshold < 2 or options.units == "anonymous" or not ranges:
        return error

    low = error.low
    high: float | None = error.high
    for first, last in ranges:
        end = inf if last is None else float(last)
        if float(first) <= error.low <= end:
            low = float(first)
        if float(first) <= error.high <= end:
            high = None if last is None else end
    if high is None:
        return None

    # A table with a design has loaded numpy, which this module doesn't need otherwise.
    from survey_cli.reports.weighting.design_errors import make_interval_error

    return make_interval_error(estimate.value, low, high, error.freedom, options.level)


def compute_variance(
    values: Sequence[tuple[Fraction, WeightedCount]], mean: Fraction, people: int
) -> Fraction | None:
    """Return the sample variance, or None for fewer than two people.

    The denominator is n − 1. Under weights it is Σw(x − m)²/Σw · n/(n − 1).
    """
    if people < 2:
        return None
    weight = sum(count.weight for _, count in values)
    # The sums are exact, so that their difference loses no digits.
    squares = sum((count.weight * value**2 for value, count in values), Fraction(0))
    return (squares / weight - mean**2) * Fraction(people, people - 1)


def compute_quantile(values: Sequence[tuple[Fraction, WeightedCount]], share: Fraction) -> Fraction:
    """Return the value at this share of the weights; exactly between two values, their mean.

    This is the second definition of R. J. Hyndman and Y. Fan (The American Statistician 50, 1996).
    `values` is in ascending order. Raises ValueError if nobody has a value.
    """
    found = find_quantile_values(values, share)
    return sum(found, Fraction(0)) / len(found)


def find_quantile_values(
    values: Sequence[tuple[Fraction, WeightedCount]], share: Fraction
) -> tuple[Fraction, ...]:
    """Return the value at this share of the weights, or the two that it is exactly between."""
    part = sum(count.weight for _, count in values) * share
    cumulated = 0
    for position, (value, count) in enumerate(values):
        cumulated += count.weight
        if cumulated > part:
            return (value,)
        if cumulated == part:
            next_value, _ = values[position + 1]
            return (value, next_value)
    raise ValueError("nobody has a value")


def _format_quantile(
    table: Crosstab, values: Sequence[tuple[Fraction, WeightedCount]], share: Fraction
) -> str:
    """Format a quantile with as few decimals as it needs; one in an interval has its label."""
    for value in find_quantile_values(values, share):
        if value in table.open_amounts:
            return table.open_amounts[value].label
    value = compute_quantile(values, share)
    for digits in range(MEAN_DIGITS):
        is_exact = (value * 10**digits).denominator == 1
        if is_exact:
            return rounding.format_decimal(value, digits)
    return rounding.format_decimal(value, MEAN_DIGITS)
