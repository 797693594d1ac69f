"""How is a figure said? Halves away from zero from exact fractions, `*` for more than none that rounds to none, and one
mark for what is hidden. It counts nothing.
"""

from fractions import Fraction
from math import floor, isqrt
from typing import Final

from survey_cli.fieldwork.rates.counts import ExactNumber

HIDDEN: Final = "[c]"
"""Stands for a figure that is hidden, so that nobody is told apart by it: c for confidential."""
UNSURE: Final = "[u]"
"""Stands beside a small base in a table: u for unreliable."""
NOTHING: Final = "–"
"""Stands where there is nothing to count."""
TRACE: Final = "*"
"""More than none, and less than half of the last digit shown."""


def rounded(value: Fraction | int, digits: int) -> str:
    """Decimals, a half away from zero, from the exact value."""
    units = floor(abs(Fraction(value)) * 10**digits + Fraction(1, 2))
    whole, rest = divmod(units, 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}}" if digits else "")
    return f"-{text}" if value < 0 and units else text


def number(count: ExactNumber) -> str:
    """A count; a weighted one to one decimal."""
    return rounded(count, 0 if Fraction(count).denominator == 1 else 1)


def per_cent_text(share: Fraction | None, digits: int = 0) -> str:
    """A share (0 to 1) as a per cent without its sign; `*` for more than none that would read as none."""
    if share is None:
        return NOTHING
    text = rounded(share * 100, digits)
    return TRACE if share > 0 and Fraction(text.replace(",", "")) == 0 else text


def sum_of_rounded(shares: list[Fraction], digits: int = 0) -> Fraction:
    """What the per cents add up to as they are printed."""
    return sum((Fraction(rounded(share * 100, digits).replace(",", "")) for share in shares), Fraction(0))


def root(value: Fraction, digits: int = 6) -> Fraction:
    """The square root, to so many decimals and exact up to there."""
    scale = 10**digits
    return Fraction(isqrt(value.numerator * value.denominator * scale * scale), value.denominator * scale)


def p_text(p: float) -> str:
    """`p = 0.031`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {rounded(Fraction(p), 3)}"
