"""Which figures would tell of single people? Counts of more than none and under a threshold are hidden, and with each a
second in its row and column, so that nothing hidden follows from what is shown.

It sees counts and the sums that a reader may form, and no label.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple

THRESHOLD: Final = 5


class Spot(NamedTuple):
    """One count of a table: a row (or `BASE`), and a column from 0, which is the total."""

    row: int
    column: int


BASE: Final = -1
"""The row of the bases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The counts of one item in all its tables: its topline is the first column of its banner."""

    counts: Sequence[Sequence[int]]
    """By row, by column: people, unweighted."""
    bases: Sequence[int]
    """By column."""
    groups: Sequence[Sequence[int]] = ()
    """The columns of each grouping: together they are the total."""
    sums: Mapping[int, Sequence[int]]
    """Rows that are sums of other rows: nets."""
    whole: Sequence[int]
    """Rows that add up to the base; none for a multiple."""
    told: Sequence[tuple[int, frozenset[int]]] = ()
    """Columns with rows whose sum another item's base tells: `asked of 16 who disagreed`."""


def hidden_spots(table: Counted, threshold: int = THRESHOLD) -> frozenset[Spot]:
    """The counts, nets and bases to hide. Zeros stay, unless a small count needs company or the base is small itself.

    Every sum a reader can form (rows to a base, columns to the total, rows to a net) is an equation; where the equations
    and what is shown leave one value for a hidden count, another that stands in one of them is hidden, small ones first.
    """
    if threshold < 2:
        return frozenset()
    values = {
        Spot(r, c): n for r, counts in enumerate([*table.counts, table.bases]) for c, n in enumerate(counts)
    }
    last = len(table.counts)
    values = {Spot(BASE if s.row == last else s.row, s.column): n for s, n in values.items()}
    hidden = {spot for spot, n in values.items() if 0 < n < threshold}
    small = [c for c, n in enumerate(table.bases) if 0 < n < threshold]
    hidden |= {spot for spot in values if spot.column in small}
    secret = frozenset(hidden)
    equations = [frozenset(line) for line in _equations(table)]
    while exposed := _exposed(hidden, secret, equations, table.sums):
        for spot in exposed:
            company = _company(spot, hidden, equations, values, table)
            if company is not None:
                hidden.add(company)
                break
        else:
            break  # its lines are hidden altogether
    return frozenset(hidden)


def _equations(table: Counted) -> Iterable[Iterable[Spot]]:
    """Each set of counts of which one follows from the others."""
    rows, columns = range(len(table.counts)), range(len(table.bases))
    for c in columns:
        if table.whole:
            yield [Spot(BASE, c), *(Spot(r, c) for r in table.whole)]
        for net, parts in table.sums.items():
            yield [Spot(net, c), *(Spot(r, c) for r in parts)]
    for c, asked in table.told:
        yield [Spot(r, c) for r in asked]
    for group in table.groups:
        for r in (BASE, *rows):
            yield [Spot(r, 0), *(Spot(r, c) for c in group)]


def _exposed(
    hidden: set[Spot], secret: frozenset[Spot], equations: Sequence[frozenset[Spot]], sums: Collection[int]
) -> list[Spot]:
    """What gives a secret away; nothing where no secret follows from what is shown. Secrets alone in an equation come
    first; else, where solving all equations gives one, whatever is alone, since it begins there, and the secrets."""
    lines = [line & hidden for line in equations]
    alone = {next(iter(line)) for line in lines if len(line) == 1}
    if alone & secret:
        return sorted(alone & secret)
    solved = _solved(lines, equations, sums) & secret
    return [*sorted(alone), *sorted(solved)] if solved else []


def _solved(
    lines: Sequence[frozenset[Spot]], equations: Sequence[frozenset[Spot]], sums: Collection[int]
) -> set[Spot]:
    """Unknowns to which the equations leave one value: Gauss and Jordan's elimination over exact numbers."""
    reduced: dict[Spot, dict[Spot, Fraction]] = {}
    for line, equation in zip(lines, equations, strict=True):
        if not line:
            continue
        row = {spot: Fraction(_sign(spot, equation, sums)) for spot in line}
        for pivot, known in reduced.items():
            if pivot in row:
                row = _without(row, pivot, known)
        if not row:
            continue
        pivot = min(row)
        factor = row[pivot]
        row = {spot: value / factor for spot, value in row.items()}
        for other, known in list(reduced.items()):
            if pivot in known:
                reduced[other] = _without(known, pivot, row)
        reduced[pivot] = row
    return {pivot for pivot, row in reduced.items() if len(row) == 1}


def _without(
    row: Mapping[Spot, Fraction], pivot: Spot, known: Mapping[Spot, Fraction]
) -> dict[Spot, Fraction]:
    factor = row[pivot]
    made = dict(row)
    for spot, value in known.items():
        made[spot] = made.get(spot, Fraction(0)) - factor * value
    return {spot: value for spot, value in made.items() if value}


def _sign(spot: Spot, equation: frozenset[Spot], sums: Collection[int]) -> int:
    """-1 for the sum, 1 for its parts: the sum is the base of a column, the total of a row, or the net; what another item
    tells has none."""
    columns = {s.column for s in equation}
    if len(columns) > 1:
        return -1 if spot.column == 0 else 1
    rows = {s.row for s in equation}
    whole = BASE if BASE in rows else max(rows)  # nets come after the rows they sum up
    return -1 if spot.row == whole and whole in (BASE, *sums) else 1


def _company(
    spot: Spot,
    hidden: Collection[Spot],
    equations: Sequence[frozenset[Spot]],
    values: Mapping[Spot, int],
    table: Counted,
) -> Spot | None:
    """What is hidden with it: of the shown counts that stand in a sum in which it is alone (else in any with it, or with
    what hides it), first what helps in most of these sums, nets, what is alone in the fewest other sums, small counts,
    zeros, last totals and bases."""
    alone = [line for line in equations if spot in line and sum(s in hidden for s in line) == 1]
    near = {s for line in alone for s in line if s not in hidden}
    if not near:
        near = {s for line in equations if spot in line for s in line if s not in hidden}
    if not near:
        linked = {s for line in equations if spot in line for s in line}
        near = {s for line in equations if line & linked for s in line if s not in hidden}
    if not near:
        return None
    return min(
        near,
        key=lambda s: (
            s.row == BASE,
            s.column == 0 and spot.column != 0,
            values[s] == 0,
            -sum(s in line for line in alone),
            s.row not in table.sums,
            sum(s in line and not any(o in hidden for o in line) for line in equations),
            values[s],
            s,
        ),
    )
