"""Ranges of numbers with round edges, wide enough to identify nobody."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Final, NamedTuple

from survey_cli.reports.rounding import format_decimal
from survey_cli.reports.texts import translate

MAX_POSSIBLE_VALUES: Final = 15
"""Fewer possible numbers than this are shown one by one."""
MAX_SINGLE_VALUES: Final = 10
"""Up to this many distinct numbers are shown one by one if the questionnaire has no limits."""
MAX_BINS: Final = 8
"""Largest number of ranges of the numbers that were answered."""
MAX_BOUNDED_BINS: Final = 12
"""Largest number of ranges of the possible numbers, of which some may be empty."""
STUB_SHARE: Final = Fraction(1, 4)
"""Relative width of an outer range up to which it is merged: 18 to 29, not 18 and 19, then 20 to
29."""


class Bin(NamedTuple):
    """Numbers from `low` up to, but not including, `high`."""

    low: Fraction
    high: Fraction
    label: str
    last: Fraction | None
    """The largest number that the label names; None for `90 or more`."""


def build_bins(
    people: Mapping[Fraction, int],
    *,
    decimals: int,
    threshold: int,
    least: Fraction | None = None,
    most: Fraction | None = None,
    plain: bool = False,
) -> list[Bin]:
    """Build ranges over these numbers, given the number of people with each.

    All ranges have one width of 1, 2, 5, 10, 20, 25, 50 …. There are at most eight, or twelve if
    they cover every possible answer. A few numbers get a line each. Neighbors are merged until each
    range has `threshold` people.

    `least` and `most` limit the possible answers: with both, edges depend on the questionnaire and
    not on the respondents. Without `most`, or if all answers would share the first range, edges
    depend on the answers and the last range is open. `plain` is for years, which have no thousands
    separator and are never open.
    """
    if not people:
        return []
    step = Fraction(1, 10**decimals)
    values = sorted(people)
    lowest = values[0] if least is None else min(least, values[0])
    highest = values[-1] if most is None else max(most, values[-1])
    lowest = floor(lowest / step) * step
    highest = ceil(highest / step) * step

    is_bounded = least is not None and most is not None
    are_few_possible = (highest - lowest) / step < MAX_POSSIBLE_VALUES
    are_few_answered = not are_few_possible and not is_bounded and len(values) <= MAX_SINGLE_VALUES
    has_single_values = are_few_possible or are_few_answered
    if are_few_possible:
        count = int((highest - lowest) / step) + 1
        edges = [lowest + i * step for i in range(count + 1)]
    elif are_few_answered:
        edges = [*values, values[-1] + step]
    else:
        bounds = (least is not None, most is not None)
        max_bins = MAX_BOUNDED_BINS if is_bounded else MAX_BINS
        edges = _choose_edges(lowest, highest + step, step, max_bins, bounds=bounds)
        are_all_in_first = values[-1] < edges[1]
        if is_bounded and are_all_in_first:
            return build_bins(
                people, decimals=decimals, threshold=threshold, least=least, plain=plain
            )

    merged = edges
    if threshold > 1:
        counts = [0] * (len(edges) - 1)
        for value, number in people.items():
            counts[bisect_right(edges, value) - 1] += number
        merged = _merge_thin_bins(edges, counts, threshold)

    single_values = set(pairwise(edges)) if has_single_values else set()
    has_open_end = not plain and not has_single_values and most is None
    bins = []
    for low, high in pairwise(merged):
        if (low, high) in single_values:
            last = low
        elif are_few_answered:
            last = max(value for value in values if value < high)
        else:
            last = high - step
        if has_open_end and high == merged[-1] and len(merged) > 2:
            label = translate("{n} or more", n=_format_number(low, decimals, plain=plain))
            bins.append(Bin(low, high, label, None))
        else:
            label = _format_label(low, last, decimals, plain=plain)
            bins.append(Bin(low, high, label, last))
    return bins


def _choose_edges(
    low: Fraction, end: Fraction, step: Fraction, max_bins: int, *, bounds: tuple[bool, bool]
) -> list[Fraction]:
    """Return the edges of at most `max_bins` ranges, with the smallest round width that suffices.

    They cover the numbers from `low` to less than `end`. `bounds` says for either end whether it is
    the limit of the possible numbers. The outer range stops there.
    """
    is_low_limit, is_end_limit = bounds
    for width in _iterate_widths(step):
        first = floor(low / width)
        last = ceil(end / width)
        # Too many, even after merging a stub at either end.
        if last - first > max_bins + 2:
            continue

        edges = [i * width for i in range(first, last + 1)]
        longest_stub = width * STUB_SHARE
        if is_low_limit:
            edges[0] = low
            if edges[1] - low <= longest_stub and len(edges) > 2:
                del edges[1]
        if is_end_limit:
            edges[-1] = end
            if end - edges[-2] <= longest_stub and len(edges) > 2:
                del edges[-2]
        if len(edges) <= max_bins + 1:
            return edges
    raise AssertionError("one of the widths suffices")


def _iterate_widths(step: Fraction) -> Iterator[Fraction]:
    """Yield round multiples of the step: 1, 2, 5, 10, 20, 25, 50, 100 …."""
    tens = Fraction(1)
    while True:
        for digits in (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5)):
            if (digits * tens).denominator == 1:
                yield digits * tens * step
        tens *= 10


def _merge_thin_bins(
    edges: Sequence[Fraction], counts: Sequence[int], threshold: int
) -> list[Fraction]:
    """Merge small ranges until all have `threshold` people, and return their edges."""
    merged = [edges[0]]
    people = 0
    for edge, count in zip(edges[1:], counts, strict=True):
        people += count
        if people >= threshold:
            merged.append(edge)
            people = 0
    if len(merged) == 1:
        merged.append(edges[-1])
    # A remainder below the threshold is merged with the last range.
    merged[-1] = edges[-1]
    return merged


def _format_label(low: Fraction, last: Fraction, decimals: int, *, plain: bool) -> str:
    first = _format_number(low, decimals, plain=plain)
    if low == last:
        return first
    end = _format_number(last, decimals, plain=plain)
    # A dash beside a minus would be misread.
    if low < 0 or last < 0:
        return translate("{first} to {last}", first=first, last=end)
    return f"{first}–{end}"


def _format_number(value: Fraction, decimals: int, *, plain: bool) -> str:
    text = format_decimal(value, decimals)
    return text.replace(",", "") if plain else text
