"""Rounding and formatting of figures: halves away from zero, from exact fractions."""

from fractions import Fraction
from math import floor, isqrt
from typing import Final

from survey_cli.fieldwork.rates.counts import ExactNumber

HIDDEN_MARK: Final = "[c]"
"""Stands for a figure that is hidden, so that nobody is told apart by it: c for confidential."""
UNRELIABLE_MARK: Final = "[u]"
"""Stands beside a small base in a table: u for unreliable."""
EMPTY_MARK: Final = "–"
"""Stands where there is nothing to count."""
TRACE_MARK: Final = "*"
"""More than none, and less than half of the last digit shown."""


def format_decimal(value: Fraction | int, digits: int) -> str:
    """Decimals, a half away from zero, from the exact value."""
    units = floor(abs(Fraction(value)) * 10**digits + Fraction(1, 2))
    whole, rest = divmod(units, 10**digits)
    text = f"{whole:,}" + (f".{rest:0{digits}}" if digits else "")
    return f"-{text}" if value < 0 and units else text


def format_count(count: ExactNumber) -> str:
    """A count; a weighted one to one decimal."""
    return format_decimal(count, 0 if Fraction(count).denominator == 1 else 1)


def format_percentage(share: Fraction | None, digits: int = 0) -> str:
    """A share (0 to 1) as a percentage without its sign; `*` for more than none that would read as none."""
    if share is None:
        return EMPTY_MARK
    text = format_decimal(share * 100, digits)
    return TRACE_MARK if share > 0 and Fraction(text.replace(",", "")) == 0 else text


def sum_rounded_percentages(shares: list[Fraction], digits: int = 0) -> Fraction:
    """What the percentages add up to as they are printed."""
    return sum((Fraction(format_decimal(share * 100, digits).replace(",", "")) for share in shares), Fraction(0))


def compute_root(value: Fraction, digits: int = 6) -> Fraction:
    """The square root, to so many decimals and exact up to there."""
    scale = 10**digits
    return Fraction(isqrt(value.numerator * value.denominator * scale * scale), value.denominator * scale)


def format_p_value(p: float) -> str:
    """`p = 0.031`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {format_decimal(Fraction(p), 3)}"
