"""Ranges of numbers: readable, and wide enough that they identify nobody."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import Final, NamedTuple

from survey_cli.reports.rounding import format_decimal

MAX_POSSIBLE_VALUES: Final = 15
"""So many numbers that can be are each shown by themselves."""
MAX_SINGLE_VALUES: Final = 10
"""So many different numbers are, where the questionnaire does not say which can be."""
MAX_BINS: Final = 8
"""Ranges of the numbers that were given."""
MAX_BOUNDED_BINS: Final = 12
"""Ranges of those that can be, of which some are empty."""
STUB_SHARE: Final = Fraction(1, 4)
"""An outer range of no more than this share of the others' width joins its neighbor: 18 to 29, not 18 and 19 alone."""


class Bin(NamedTuple):
    """Numbers from `low` up to, not including, `high`."""

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
        wanted = MAX_BOUNDED_BINS if bounded else MAX_BINS
        edges = _choose_edges(low, high + step, step, wanted, ends=(least is not None, most is not None))
        if bounded and values[-1] < edges[1]:
            return build_bins(people, decimals=decimals, threshold=threshold, least=least, plain=plain)
    counts = [0] * (len(edges) - 1)
    for value, n in people.items():
        counts[bisect_right(edges, value) - 1] += n
    kept = _merge_thin_bins(edges, counts, threshold) if threshold > 1 else edges
    apart = set(pairwise(edges)) if few or sparse else set()
    opened = not (plain or few or sparse) and most is None
    made = []
    for low, high in pairwise(kept):
        last = low if (low, high) in apart else max(v for v in values if v < high) if sparse else high - step
        label = _format_label(low, last, decimals, plain=plain)
        if opened and high == kept[-1] and len(kept) > 2:
            label = f"{_format_number(low, decimals, plain=plain)} or more"
        made.append(Bin(low, high, label))
    return made


def _choose_edges(
    low: Fraction, end: Fraction, step: Fraction, wanted: int, *, ends: tuple[bool, bool]
) -> list[Fraction]:
    """Return the edges of ranges of the smallest round width that is enough.

    They cover the numbers from `low` to less than `end` in at most `wanted` ranges. The outer ranges stop there where
    `ends` says that nothing lies beyond.
    """
    for width in _iterate_widths(step):
        first, last = floor(low / width), ceil(end / width)
        if last - first > wanted + 2:  # even without a stub at either end
            continue
        edges = [i * width for i in range(first, last + 1)]
        if ends[0]:
            edges[0] = low
            if edges[1] - low <= width * STUB_SHARE and len(edges) > 2:
                del edges[1]
        if ends[1]:
            edges[-1] = end
            if end - edges[-2] <= width * STUB_SHARE and len(edges) > 2:
                del edges[-2]
        if len(edges) <= wanted + 1:
            return edges
    raise AssertionError("a width is great enough")


def _iterate_widths(step: Fraction) -> Iterator[Fraction]:
    """1, 2, 5, 10, 20, 25, 50, 100 … steps."""
    tens = Fraction(1)
    while True:
        for digits in (Fraction(1), Fraction(2), Fraction(5, 2), Fraction(5)):
            if (digits * tens).denominator == 1:
                yield digits * tens * step
        tens *= 10


def _merge_thin_bins(edges: Sequence[Fraction], counts: Sequence[int], threshold: int) -> list[Fraction]:
    """Edges less those between ranges that are too thin."""
    kept, held = [edges[0]], 0
    for edge, count in zip(edges[1:], counts, strict=True):
        held += count
        if held >= threshold:
            kept.append(edge)
            held = 0
    if len(kept) == 1:
        kept.append(edges[-1])
    kept[-1] = edges[-1]  # the thin rest joins the last
    return kept


def _format_label(low: Fraction, last: Fraction, decimals: int, *, plain: bool) -> str:
    first, end = _format_number(low, decimals, plain=plain), _format_number(last, decimals, plain=plain)
    if low == last:
        return first
    return f"{first} to {end}" if "-" in first + end else f"{first}–{end}"


def _format_number(value: Fraction, decimals: int, *, plain: bool) -> str:
    told = format_decimal(value, decimals)
    return told.replace(",", "") if plain else told
