"""Margins of sampling error at 95 percent confidence, for shares and means.

The sample is treated as a simple random sample of its effective size.
"""

from fractions import Fraction
from functools import lru_cache
from math import atan, ceil, cos, pi, sin, sqrt
from typing import Final

from survey_cli.reports.rounding import compute_root, format_decimal

NORMAL_95: Final = Fraction("1.959964")
"""Standard deviations around the mean of a normal distribution that contain 95 percent of it."""
LARGE_FREEDOM: Final = 500
"""Degrees of freedom from which Student's t is computed by two terms of its expansion, exact to five digits."""


def format_share_margin(effective: Fraction, people: int, population: int | None) -> str:
    """Format half of the widest interval of a share, rounded up: `± 9.1 points at most`.

    `effective` is the effective number of interviews. The estimated variance of a share of 1/2 is N/(N − 1) times 1/4
    times the part that was not interviewed, (N − n)/N (Cochran, Sampling Techniques, 3.2).
    """
    correction = Fraction(1)
    if population and population > 1:
        correction = max(Fraction(0), Fraction(population - people, population - 1))
    tenths = ceil(NORMAL_95 * compute_root(Fraction(1, 4) / effective * correction) * 1000)
    return f"± {format_decimal(Fraction(tenths, 10), 1)} points at most"


@lru_cache(maxsize=256)
def compute_student_95(freedom: int) -> Fraction:
    """Return the two-sided 95 percent point of Student's t with these degrees of freedom."""
    if freedom >= LARGE_FREEDOM:
        return NORMAL_95 + (NORMAL_95**3 + NORMAL_95) / (4 * freedom)  # Abramowitz and Stegun, 26.7.5
    low, high = 1.9, 13.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _compute_probability(middle, freedom) < 0.95 else (low, middle)
    return Fraction(round(high * 10**6), 10**6)


def _compute_probability(t: float, freedom: int) -> float:
    """Return the probability of a value between -t and t (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = atan(t / sqrt(freedom))
    odd = freedom % 2
    term = cos(angle) if odd else 1.0
    total = 0.0
    for n in range(2 + odd, freedom + 1, 2):
        total += term
        term *= cos(angle) ** 2 * (n - 1) / n
    return 2 / pi * (angle + sin(angle) * total) if odd else sin(angle) * total
