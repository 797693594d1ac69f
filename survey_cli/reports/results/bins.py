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
"""Up to this many distinct numbers are shown one by one where the questionnaire has no limits."""
MAX_BINS: Final = 8
"""Largest number of ranges of the numbers that were answered."""
MAX_BOUNDED_BINS: Final = 12
"""Largest number of ranges of the possible numbers, of which some may be empty."""
STUB_SHARE: Final = Fraction(1, 4)
"""An outer range of at most this share of the others' width is merged with its neighbor: 18 to 29, not 18 and 19."""


class Bin(NamedTuple):
    """Numbers from `low` up to, but not including, `high`."""

    low: Fraction
    high: Fraction
    label: str


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

    All ranges have one width of 1, 2, 5, 10, 20, 25, 50 …; there are at most eight, or twelve if they cover every
    possible answer. Few numbers stand alone. Neighbors are merged until each range has `threshold` people.

    `least` and `most` limit the possible answers: with both, edges depend on the questionnaire and not on the
    respondents. Without `most`, or where it is so high that all answers would share the first range, edges depend on
    the answers and the last range is open. `plain` is for years, which have no thousands separator and are never open.
    """
    if not people:
        return []
    step = Fraction(1, 10**decimals)
    values = sorted(people)
    low = values[0] if least is None else min(least, values[0])
    high = values[-1] if most is None else max(most, values[-1])
    low, high = floor(low / step) * step, ceil(high / step) * step
    bounded = least is not None and most is not None
    few = (high - low) / step < MAX_POSSIBLE_VALUES
    sparse = not few and not bounded and len(values) <= MAX_SINGLE_VALUES
    if few:
        edges = [low + i * step for i in range(int((high - low) / step) + 2)]
    elif sparse:
        edges = [*values, values[-1] + step]
    else:
        max_bins = MAX_BOUNDED_BINS if bounded else MAX_BINS
        edges = _choose_edges(
            low, high + step, step, max_bins, bounds=(least is not None, most is not None)
        )
        if bounded and values[-1] < edges[1]:
            return build_bins(
                people, decimals=decimals, threshold=threshold, least=least, plain=plain
            )
    counts = [0] * (len(edges) - 1)
    for value, number in people.items():
        counts[bisect_right(edges, value) - 1] += number
    merged = _merge_thin_bins(edges, counts, threshold) if threshold > 1 else edges
    single_values = set(pairwise(edges)) if few or sparse else set()
    has_open_end = not (plain or few or sparse) and most is None
    bins = []
    for low, high in pairwise(merged):
        last = (
            low
            if (low, high) in single_values
            else max(v for v in values if v < high)
            if sparse
            else high - step
        )
        label = _format_label(low, last, decimals, plain=plain)
        if has_open_end and high == merged[-1] and len(merged) > 2:
            label = translate("{n} or more", n=_format_number(low, decimals, plain=plain))
        bins.append(Bin(low, high, label))
    return bins


def _choose_edges(
    low: Fraction, end: Fraction, step: Fraction, max_bins: int, *, bounds: tuple[bool, bool]
) -> list[Fraction]:
    """Return the edges of at most `max_bins` ranges, with the smallest round width that suffices.

    They cover the numbers from `low` to less than `end`. `bounds` says for either end whether it is the limit of the
    possible numbers, where the outer range stops.
    """
    for width in _iterate_widths(step):
        first, last = floor(low / width), ceil(end / width)
        if last - first > max_bins + 2:  # too many even after merging a stub at either end
            continue
        edges = [i * width for i in range(first, last + 1)]
        if bounds[0]:
            edges[0] = low
            if edges[1] - low <= width * STUB_SHARE and len(edges) > 2:
                del edges[1]
        if bounds[1]:
            edges[-1] = end
            if end - edges[-2] <= width * STUB_SHARE and len(edges) > 2:
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
    """Return the edges of ranges with at least `threshold` people, merging smaller ones with their neighbors."""
    merged, people = [edges[0]], 0
    for edge, count in zip(edges[1:], counts, strict=True):
        people += count
        if people >= threshold:
            merged.append(edge)
            people = 0
    if len(merged) == 1:
        merged.append(edges[-1])
    merged[-1] = edges[-1]  # a remainder below the threshold is merged with the last range
    return merged


def _format_label(low: Fraction, last: Fraction, decimals: int, *, plain: bool) -> str:
    first, end = (
        _format_number(low, decimals, plain=plain),
        _format_number(last, decimals, plain=plain),
    )
    if low == last:
        return first
    return (
        translate("{first} to {last}", first=first, last=end)
        if "-" in first + end
        else f"{first}–{end}"
    )


def _format_number(value: Fraction, decimals: int, *, plain: bool) -> str:
    text = format_decimal(value, decimals)
    return text.replace(",", "") if plain else text
