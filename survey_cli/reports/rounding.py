"""How is a figure said? Halves away from zero from exact fractions, `*` for more than none that rounds to none, and one
mark for what is hidden. It counts nothing.
"""

from fractions import Fraction
from math import isqrt
from typing import Final

from survey_cli.reports.rates import number, rounded

HIDDEN: Final = "[c]"
"""Stands for a figure that is hidden, so that nobody is told apart by it: c for confidential."""
NOTHING: Final = "–"
"""Stands where there is nothing to count."""
TRACE: Final = "*"
"""More than none, and less than half of the last digit shown."""


def per_cent_text(share: Fraction | None, digits: int = 0) -> str:
    """A share (0 to 1) as a per cent without its sign; `*` for more than none that would read as none."""
    if share is None:
        return NOTHING
    text = rounded(share * 100, digits)
    return TRACE if share > 0 and Fraction(text.replace(",", "")) == 0 else text


def sum_of_rounded(shares: list[Fraction], digits: int = 0) -> Fraction:
    """What the per cents add up to as they are printed."""
    return sum((Fraction(rounded(share * 100, digits).replace(",", "")) for share in shares), Fraction(0))


def amount_text(amount: Fraction | int) -> str:
    """People, or a sum of weights to one decimal where it is no whole number."""
    return number(amount)


def root(value: Fraction, digits: int = 6) -> Fraction:
    """The square root, to so many decimals and exact up to there."""
    scale = 10**digits
    return Fraction(isqrt(value.numerator * value.denominator * scale * scale), value.denominator * scale)


def p_text(p: float) -> str:
    """`p = 0.031`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {rounded(Fraction(p), 3)}"
