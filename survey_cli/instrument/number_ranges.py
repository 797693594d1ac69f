"""Ranges of numbers: `0 to 30`, or several with numbers between them that aren't accepted."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import inf
from typing import Final, NamedTuple, TypeAlias

from survey_cli.wording import join_words

_ROUNDING: Final = 1e-9
"""How far 0.3 and 0.1 + 0.2, say, may be apart: decimals are stored inexactly."""


class NumberRange(NamedTuple):
    """The numbers from `low` to `high`, both included. Without a limit, they are infinite."""

    low: float = -inf
    high: float = inf

    def contains(self, number: float) -> bool:
        return self.low <= number <= self.high


NumberRanges: TypeAlias = tuple[NumberRange, ...]
"""Ranges in ascending order, none of which overlaps another."""


def count_decimals(number: float) -> int:
    """Count the decimals of a number: 2 of 0.25, none of 3.0."""
    # not from `repr` itself, which writes 0.00001 as 1e-05
    written = format(Decimal(repr(number)), "f")
    _, _, decimals = written.partition(".")
    return len(decimals.rstrip("0"))


def contain(ranges: Iterable[NumberRange], number: float) -> bool:
    """Return whether a number is in one of the ranges."""
    return any(one.contains(number) for one in ranges)


def find_limits(ranges: Sequence[NumberRange]) -> tuple[float | None, float | None]:
    """Return the lowest and the highest number; None if there is no limit."""
    if not ranges:
        return None, None

    low: float | None = ranges[0].low
    high: float | None = ranges[-1].high
    if low == -inf:
        low = None
    if high == inf:
        high = None
    return low, high


def clip_ranges(
    ranges: Iterable[NumberRange], low: float | None, high: float | None
) -> NumberRanges:
    """Return what is left of the ranges between two limits. None is no limit."""
    if low is None:
        low = -inf
    if high is None:
        high = inf
    return intersect(ranges, [NumberRange(low, high)])


def intersect(ranges: Iterable[NumberRange], others: Sequence[NumberRange]) -> NumberRanges:
    """Return the numbers that are in both."""
    common = []
    for one in ranges:
        for other in others:
            low = max(one.low, other.low)
            high = min(one.high, other.high)
            if low <= high:
                common.append(NumberRange(low, high))
    return tuple(common)


def merge_ranges(ranges: Iterable[NumberRange], decimals: int) -> NumberRanges:
    """Join ranges that overlap, or between which there is no number with so many decimals.

    1 to 4 and 5 to 9 are 1 to 9 if numbers are whole.
    """
    step = 10**-decimals
    merged: list[NumberRange] = []
    for one in sorted(ranges):
        if merged and one.low - merged[-1].high <= step + _ROUNDING:
            last = merged.pop()
            merged.append(NumberRange(last.low, max(last.high, one.high)))
        else:
            merged.append(one)
    return tuple(merged)


def are_within(ranges: Iterable[NumberRange], others: Iterable[NumberRange], decimals: int) -> bool:
    """Return whether every number of the ranges is also in the others."""
    wider = merge_ranges(others, decimals)
    return all(_is_within_one(one, wider) for one in merge_ranges(ranges, decimals))


def _is_within_one(one: NumberRange, others: Iterable[NumberRange]) -> bool:
    """Return whether one of the other ranges contains a whole range."""
    return any(other.low <= one.low and one.high <= other.high for other in others)


def list_sums(ranges: Sequence[NumberRange], count: int, decimals: int) -> NumberRanges:
    """List what so many numbers of these ranges can add up to."""
    sums: NumberRanges = (NumberRange(0, 0),)
    for _ in range(count):
        with_next = [
            NumberRange(before.low + one.low, before.high + one.high)
            for before in sums
            for one in ranges
        ]
        sums = merge_ranges(with_next, decimals)
    return sums


def format_ranges(ranges: Sequence[NumberRange], format_one: Callable[[float], str]) -> str:
    """Format ranges: `0 to 4`, `1 to 12 or 101 to 199`; without a limit `0 or more`."""
    if not ranges:
        return "no number"
    if len(ranges) == 1:
        lowest, highest = find_limits(ranges)
        low = ""
        high = ""
        if lowest is not None:
            low = format_one(lowest)
        if highest is not None:
            high = format_one(highest)
        return format_limits(low, high)

    formatted = []
    for one in ranges:
        if one.low == one.high:
            formatted.append(format_one(one.low))
        else:
            formatted.append(f"{format_one(one.low)} to {format_one(one.high)}")
    return join_words(formatted, "or")


def format_limits(low: str, high: str) -> str:
    """Format two limits: `0 to 4`. Without one of them: `0 or more`, `up to 4`."""
    if low and not high:
        return f"{low} or more"
    if high and not low:
        return f"up to {high}"
    if not low and not high:
        return "any number"
    if low == high:
        return f"exactly {low}"
    return f"{low} to {high}"
