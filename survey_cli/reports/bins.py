"""Into which ranges do numbers go, so that a reader sees how they lie and nobody is told apart? It counts nothing but
what it is handed.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final, NamedTuple

from survey_cli.reports.rounding import rounded

MOST_SINGLE: Final = 10
"""So many different numbers are each shown by themselves."""
MOST_BINS: Final = 8


class Bin(NamedTuple):
    """Numbers from `low` up to, not including, `high`."""

    low: Fraction
    high: Fraction
    label: str


def bins(people: Mapping[Fraction, int], *, decimals: int, threshold: int, plain: bool = False) -> list[Bin]:
    """Ranges over these numbers with how many people have each, all of one width of 1, 2 or 5 tens, hundreds …, at most
    eight; few different numbers stand alone. Neighbours are put together until each range has `threshold` people.

    `plain`: years, which are written without a comma for thousands.
    """
    if not people:
        return []
    step = Fraction(1, 10**decimals)
    values = sorted(people)
    edges: list[Fraction]
    if len(values) <= MOST_SINGLE:
        edges = [*values, values[-1] + step]
    else:
        width = _width(values[0], values[-1], step)
        first = floor(values[0] / width) * width
        edges = [first + i * width for i in range(ceil((values[-1] + step - first) / width) + 1)]
    counts = [0] * (len(edges) - 1)
    for value, n in people.items():
        counts[bisect_right(edges, value) - 1] += n
    kept = _merged(edges, counts, threshold) if threshold > 1 else edges
    apart = set(pairwise(edges)) if len(values) <= MOST_SINGLE else set()
    made = []
    for low, high in pairwise(kept):
        alone = (low, high) in apart
        last = max(v for v in values if v < high) if len(values) <= MOST_SINGLE else high - step
        made.append(Bin(low, high, _label(low, low if alone else last, decimals, plain=plain)))
    return made


def _width(least: Fraction, most: Fraction, step: Fraction) -> Fraction:
    """The smallest of 1, 2, 5, 10, 20 … steps that needs no more than `MOST_BINS` ranges."""
    span = most + step - least
    power = max(0, floor(log10(max(span / step / MOST_BINS, Fraction(1)))))
    while True:
        for digit in (1, 2, 5):
            width: Fraction = step * (digit * 10**power)
            if ceil((most + step) / width) - floor(least / width) <= MOST_BINS:
                return width
        power += 1


def _merged(edges: Sequence[Fraction], counts: Sequence[int], threshold: int) -> list[Fraction]:
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


def _label(low: Fraction, last: Fraction, decimals: int, *, plain: bool) -> str:
    first, end = rounded(low, decimals), rounded(last, decimals)
    if plain:
        first, end = first.replace(",", ""), end.replace(",", "")
    if low == last:
        return first
    return f"{first} to {end}" if "-" in first + end else f"{first}–{end}"
