"""Amounts in means and medians that are only known to be at least, or at most, a number."""

from collections.abc import Collection, Mapping
from fractions import Fraction
from math import inf
from typing import NamedTuple

from survey_cli.instrument.amounts import AmountReading, Interval
from survey_cli.reports.results.questions import ReportQuestion
from survey_cli.reports.texts import translate
from survey_cli.values import Code


class OpenAmount(NamedTuple):
    """An answer that is an interval, such as "97 or older", and was counted as one number."""

    label: str
    is_lowest: bool
    """Whether the number is the lowest amount of the interval; otherwise it is the highest."""


def find_bound(amounts: AmountReading, code: Code) -> Fraction | None:
    """Return the number that a code counts as in means; None if it has no amount.

    An interval counts as its lowest amount, or its highest one if there is no lowest.
    """
    amount = amounts.read(code)
    if isinstance(amount, Interval):
        has_lowest = amount.low > -inf
        if has_lowest:
            amount = amount.low
        else:
            amount = amount.high
    if not isinstance(amount, int | float):
        return None
    return Fraction(repr(amount))


def list_open_amounts(
    question: ReportQuestion, counted: Collection[Fraction]
) -> dict[Fraction, OpenAmount]:
    """List the numbers among those counted that may be intervals, each with its answer."""
    amounts = question.amounts
    if amounts is None:
        return {}
    labels = {point.code: point.label for point in question.points}
    found = {}
    for code, amount in amounts.by_code.items():
        bound = find_bound(amounts, code)
        if isinstance(amount, Interval) and bound is not None and bound in counted:
            label = labels.get(code, str(code))
            found[bound] = OpenAmount(label, is_lowest=amount.low > -inf)
    return found


def describe_mean(mean: str, open_amounts: Mapping[Fraction, OpenAmount]) -> str:
    """Describe a mean in which some amounts were counted as the limit of an interval.

    With lowest amounts only, the true mean isn't less; with highest ones, it isn't more.
    """
    sides = {amount.is_lowest for amount in open_amounts.values()}
    if sides == {True}:
        return translate("at least {mean}", mean=mean)
    if sides == {False}:
        return translate("at most {mean}", mean=mean)
    return translate("about {mean}", mean=mean)
