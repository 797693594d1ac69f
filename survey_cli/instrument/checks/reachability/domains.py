"""Domains of variables: sets of codes, ranges of numbers and kinds of missing value, with intersection and union.

A domain may be too large, never too small.
"""

from itertools import pairwise
from math import ceil, floor, inf, isinf
from typing import Any, Final, NamedTuple, TypeAlias

MAX_RANGES: Final = 16
"""More ranges than this are replaced by one that contains them all."""
NO_MISSING: Final[frozenset[str]] = frozenset()
NOT_ASKED_KINDS: Final = frozenset(("not_asked", "not_reached"))


class NumberRange(NamedTuple):
    """The numbers from `low` to `high`; an open end is excluded."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


Values: TypeAlias = frozenset[Any] | tuple[NumberRange, ...]
ALL_NUMBERS: Final = (NumberRange(-inf, inf),)
ANY_ANSWER: Final[Values] = frozenset(("an answer",))
"""Stands for all answers of a variable whose values are not distinguished."""


class Domain(NamedTuple):
    """What a variable can be: an answer among `values`, or missing in one of the ways in `missing`."""

    values: Values
    missing: frozenset[str] = NO_MISSING

    @property
    def is_possible(self) -> bool:
        """Whether any value or missing kind remains."""
        return bool(self.values or self.missing)


def intersect_domains(left: Domain, right: Domain, *, whole_numbers: bool) -> Domain:
    """Return what is in both; with `whole_numbers`, numbers have no decimals."""
    return Domain(_intersect_values(left.values, right.values, whole_numbers), left.missing & right.missing)


def unite_domains(left: Domain, right: Domain) -> Domain:
    """Return what is in either."""
    missing = left.missing | right.missing
    if not left.values or not right.values:
        return Domain(left.values or right.values, missing)
    if isinstance(left.values, frozenset) and isinstance(right.values, frozenset):
        return Domain(left.values | right.values, missing)
    if isinstance(left.values, tuple) and isinstance(right.values, tuple):
        return Domain(_limit_ranges(tuple(dict.fromkeys((*left.values, *right.values)))), missing)
    raise TypeError("values of unlike kinds")


def _intersect_values(left: Values, right: Values, whole_numbers: bool) -> Values:
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        return left & right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _limit_ranges(
            tuple([s for a in left for b in right if (s := _intersect_ranges(a, b, whole_numbers)) is not None])
        )
    if not left or not right:
        return ()
    raise TypeError("values of unlike kinds")


def _intersect_ranges(a: NumberRange, b: NumberRange, whole_numbers: bool) -> NumberRange | None:
    low, low_open = max((a.low, a.low_open), (b.low, b.low_open))
    high, closed = min((a.high, not a.high_open), (b.high, not b.high_open))
    if whole_numbers:
        if not isinf(low):
            low, low_open = (floor(low) + 1 if low_open else ceil(low)), False
        if not isinf(high):
            high, closed = (floor(high) if closed else ceil(high) - 1), True
    if low > high or (low == high and (low_open or not closed)):
        return None
    return NumberRange(low, high, low_open, not closed)


def _limit_ranges(ranges: tuple[NumberRange, ...]) -> tuple[NumberRange, ...]:
    if len(ranges) <= MAX_RANGES:
        return ranges
    return (NumberRange(min(s.low for s in ranges), max(s.high for s in ranges)),)


def build_comparison_ranges(sign: str, value: float) -> tuple[NumberRange, ...]:
    """Return the numbers for which `sign value` holds."""
    match sign:
        case "==":
            return (NumberRange(value, value),)
        case "!=":
            return NumberRange(-inf, value, False, True), NumberRange(value, inf, True, False)
        case "<" | "<=":
            return (NumberRange(-inf, value, False, sign == "<"),)
        case _:
            return (NumberRange(value, inf, sign == ">", False),)


def build_ranges_of(values: list[float]) -> tuple[NumberRange, ...]:
    """Return these numbers and no others."""
    return _limit_ranges(tuple([NumberRange(value, value) for value in sorted(set(values))]))


def build_ranges_without(values: list[float]) -> tuple[NumberRange, ...]:
    """Return all numbers except these."""
    points = sorted(set(values))
    if len(points) >= MAX_RANGES:
        return ALL_NUMBERS
    edges = [-inf, *points, inf]
    return tuple([NumberRange(a, b, True, True) for a, b in pairwise(edges)])
