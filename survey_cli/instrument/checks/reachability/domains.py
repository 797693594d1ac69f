"""Which cells can a variable have? Sets of codes, spans of numbers and kinds of missing, that are narrowed and put
together. A set may be too large, never too small.
"""

from itertools import pairwise
from math import ceil, floor, inf, isinf
from typing import Any, Final, NamedTuple, TypeAlias

MOST_SPANS: Final = 16
"""More spans of numbers are taken as one that holds them all."""
NONE_GONE: Final[frozenset[str]] = frozenset()
UNASKED: Final = frozenset(("not_asked", "not_reached"))


class Span(NamedTuple):
    """The numbers from `low` to `high`; an open end is not among them."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


Values: TypeAlias = frozenset[Any] | tuple[Span, ...]
EVERY: Final = (Span(-inf, inf),)
ANSWERED: Final[Values] = frozenset(("an answer",))
"""Stands for all answers of a variable whose values are not told apart."""


class Cells(NamedTuple):
    """What a variable can be: an answer among `values`, or missing in one of the ways in `gone`."""

    values: Values
    gone: frozenset[str] = NONE_GONE

    @property
    def some(self) -> bool:
        """Whether anything is left."""
        return bool(self.values or self.gone)


def meet(left: Cells, right: Cells, *, whole: bool) -> Cells:
    """What is in both; `whole` where numbers have no decimals."""
    return Cells(_shared(left.values, right.values, whole), left.gone & right.gone)


def join(left: Cells, right: Cells) -> Cells:
    """What is in either."""
    gone = left.gone | right.gone
    if not left.values or not right.values:
        return Cells(left.values or right.values, gone)
    if isinstance(left.values, frozenset) and isinstance(right.values, frozenset):
        return Cells(left.values | right.values, gone)
    if isinstance(left.values, tuple) and isinstance(right.values, tuple):
        return Cells(_few(tuple(dict.fromkeys((*left.values, *right.values)))), gone)
    raise TypeError("values of unlike kinds")


def _shared(left: Values, right: Values, whole: bool) -> Values:
    if isinstance(left, frozenset) and isinstance(right, frozenset):
        return left & right
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _few(tuple([s for a in left for b in right if (s := _overlap(a, b, whole)) is not None]))
    if not left or not right:
        return ()
    raise TypeError("values of unlike kinds")


def _overlap(a: Span, b: Span, whole: bool) -> Span | None:
    low, low_open = max((a.low, a.low_open), (b.low, b.low_open))
    high, closed = min((a.high, not a.high_open), (b.high, not b.high_open))
    if whole:
        if not isinf(low):
            low, low_open = (floor(low) + 1 if low_open else ceil(low)), False
        if not isinf(high):
            high, closed = (floor(high) if closed else ceil(high) - 1), True
    if low > high or (low == high and (low_open or not closed)):
        return None
    return Span(low, high, low_open, not closed)


def _few(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    if len(spans) <= MOST_SPANS:
        return spans
    return (Span(min(s.low for s in spans), max(s.high for s in spans)),)


def beside(sign: str, value: float) -> tuple[Span, ...]:
    """The numbers that `sign value` holds of."""
    match sign:
        case "==":
            return (Span(value, value),)
        case "!=":
            return Span(-inf, value, False, True), Span(value, inf, True, False)
        case "<" | "<=":
            return (Span(-inf, value, False, sign == "<"),)
        case _:
            return (Span(value, inf, sign == ">", False),)


def among(values: list[float]) -> tuple[Span, ...]:
    """These numbers and no others."""
    return _few(tuple([Span(value, value) for value in sorted(set(values))]))


def but(values: list[float]) -> tuple[Span, ...]:
    """All numbers but these."""
    points = sorted(set(values))
    if len(points) >= MOST_SPANS:
        return EVERY
    edges = [-inf, *points, inf]
    return tuple([Span(a, b, True, True) for a, b in pairwise(edges)])
