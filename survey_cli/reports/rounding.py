"""Rounding and formatting of exact figures; halves are rounded away from zero."""

from fractions import Fraction
from math import floor, isqrt
from typing import Final

from survey_cli.fieldwork.rates.rates import ExactNumber

HIDDEN_MARK: Final = "[c]"
"""Mark of a figure that is hidden to protect respondents: c for confidential."""
UNRELIABLE_MARK: Final = "[u]"
"""Mark of a small base in a table: u for unreliable."""
EMPTY_MARK: Final = "–"
"""Mark of a figure with an empty base."""
TRACE_MARK: Final = "*"
"""Mark of a percentage above 0 and below half of the last digit shown."""


def format_decimal(value: Fraction | int, digits: int) -> str:
    """Format a number with so many decimals and separators of thousands."""
    units = floor(abs(Fraction(value)) * 10**digits + Fraction(1, 2))
    whole, decimals = divmod(units, 10**digits)
    text = f"{whole:,}"
    if digits:
        text += f".{decimals:0{digits}}"
    # A small negative number is rounded to 0, which has no sign.
    if value < 0 and units:
        return f"-{text}"
    return text


def format_count(count: ExactNumber) -> str:
    """Format a count; one that is not a whole number, as with weights, has one decimal."""
    digits = 0 if Fraction(count).denominator == 1 else 1
    return format_decimal(count, digits)


def format_percentage(share: Fraction | None, digits: int = 0) -> str:
    """Format a share (0 to 1) as a percentage without its sign.

    It is `*` for a share above 0 that would be printed as 0.
    """
    if share is None:
        return EMPTY_MARK
    text = format_decimal(share * 100, digits)
    if share > 0 and Fraction(text.replace(",", "")) == 0:
        return TRACE_MARK
    return text


def sum_rounded_percentages(shares: list[Fraction], digits: int = 0) -> Fraction:
    """Return the sum of the percentages as they are printed."""
    total = Fraction(0)
    for share in shares:
        printed = format_decimal(share * 100, digits).replace(",", "")
        total += Fraction(printed)
    return total


def compute_root(value: Fraction, digits: int = 6) -> Fraction:
    """Return the square root, cut off after so many decimals."""
    scale = 10**digits
    # √(n/d) = √(n·d)/d
    root = isqrt(value.numerator * value.denominator * scale * scale)
    return Fraction(root, value.denominator * scale)


def format_p_value(p: float) -> str:
    """Format a p value: `p = 0.031`, `p < 0.001`."""
    if p < 0.001:
        return "p < 0.001"
    return f"p = {format_decimal(Fraction(p), 3)}"
