"""Suppression of small counts, and of as many others as keep a reader from deriving them.

It works on counts and on the sums that a reader can form, never on labels.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from typing import Final, NamedTuple, TypeAlias

from survey_cli.reports.disclosure.feasibility import Tableau

DEFAULT_THRESHOLD: Final = 5


class CellPosition(NamedTuple):
    """One count of a table: a row (or `BASE`), and a column from 0, which is the total."""

    row: int
    column: int


BASE: Final = -1
"""The row of the bases."""

SumEquation: TypeAlias = Mapping[CellPosition, int]
"""Counts which, times 1 or -1, add up to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTable:
    """The counts of one item in all its tables: its topline is the first column of its banner."""

    counts: Sequence[Sequence[int]]
    """By row, by column: people, unweighted. Rows that another item's bases print come last: see `sums`."""
    bases: Sequence[int]
    """By column."""
    groups: Sequence[Sequence[int]] = ()
    """The columns of each grouping: together they are the total."""
    nested: Sequence[tuple[int, frozenset[int]]] = ()
    """Columns that are the sum of columns of another grouping: a state of its counties."""
    sums: Mapping[int, Collection[int]]
    """Rows that are sums of other rows: nets, and the bases that other items print (`asked of 16 who disagreed`)."""
    base_rows: Sequence[int]
    """Rows that add up to the base; none for a multiple."""
    at_most: Sequence[tuple[int, frozenset[int]]] = ()
    """Rows that add up to no more than another row, or the base: of a multiple."""
    at_least: Sequence[tuple[int, frozenset[int]]] = ()
    """Rows that add up to no less."""
    hidden: frozenset[CellPosition] = frozenset()
    """What is hidden already."""
    hidden_elsewhere: frozenset[CellPosition] = frozenset()
    """What another table says too, and hides."""
    linked: frozenset[CellPosition] = frozenset()
    """What another table says too."""
    totals_settled: bool = False
    """Of the totals, the first column, as much is hidden already as they need by themselves."""
    asked_of_everybody: bool = False
    """Who is asked depends on no answer, and so tells of none."""


def find_hidden_positions(table: CountTable, threshold: int = DEFAULT_THRESHOLD) -> frozenset[CellPosition]:
    """Return the counts, nets and bases to hide.

    Zeros stay, unless a small count needs company or the base itself is small. Every sum that a reader can form (rows
    to a base, columns to the total, rows to a net) is an equation, and no count is negative. A small count is safe
    where another table of whole numbers, in which it is not small, agrees with everything shown. While there is none,
    another count is hidden, small ones first.
    """
    if threshold < 2:
        return frozenset()
    rows = {BASE: table.bases, **dict(enumerate(table.counts))}
    values = {CellPosition(r, c): n for r, counts in rows.items() for c, n in enumerate(counts)}
    small = {spot for spot, n in values.items() if 0 < n < threshold}
    few = {c for c, n in enumerate(table.bases) if 0 < n < threshold}
    hidden = small | {spot for spot in values if spot.column in few} | table.hidden | table.hidden_elsewhere
    lines = list(_iterate_equations(table, values))
    loose = values.keys() - {CellPosition(r, c) for r, counts in rows.items() for c in range(len(counts))}
    found = _Suppressor(table, values, lines, hidden | loose, threshold)
    found.protect(small, table.hidden_elsewhere - small, few)
    return frozenset(found.hidden - loose)


def find_hidden_parts(sizes: Sequence[int], threshold: int = DEFAULT_THRESHOLD) -> frozenset[int]:
    """Which parts of a whole to hide, by their positions."""
    counts = [[n] for n in sizes]
    table = CountTable(counts=counts, bases=[sum(sizes)], sums={}, base_rows=range(len(counts)))
    return frozenset(spot.row for spot in find_hidden_positions(table, threshold) if spot.row != BASE)


def _iterate_equations(table: CountTable, values: dict[CellPosition, int]) -> Iterable[SumEquation]:
    """Yield each set of counts in which one follows from the others.

    The slack of an inequality is a count that nobody prints; it is added to the values.
    """
    rows, columns = range(len(table.counts)), range(len(table.bases))
    open_row = count(len(table.counts))
    for c in columns:
        if table.base_rows:
            yield _make_equation(CellPosition(BASE, c), (CellPosition(r, c) for r in table.base_rows))
        for net, parts in table.sums.items():
            yield _make_equation(CellPosition(net, c), (CellPosition(r, c) for r in parts))
    for sign, limits in ((1, table.at_most), (-1, table.at_least)):
        for whole, some in limits:
            row = next(open_row)
            for c in columns:
                line = _make_equation(CellPosition(whole, c), (CellPosition(r, c) for r in some))
                left = sign * (values[CellPosition(whole, c)] - sum(values[CellPosition(r, c)] for r in some))
                values[CellPosition(row, c)] = max(left, 0)
                if left >= 0:
                    yield {**line, CellPosition(row, c): sign}
    for total, group in (*((0, frozenset(group)) for group in table.groups), *table.nested):
        for r in (BASE, *rows):
            yield _make_equation(CellPosition(r, total), (CellPosition(r, c) for c in group))


def _make_equation(whole: CellPosition, parts: Iterable[CellPosition]) -> SumEquation:
    return {whole: -1, **dict.fromkeys(parts, 1)}


class _Requirement(NamedTuple):
    """What a reader must not be able to rule out: that a count is so great, or so small."""

    position: CellPosition
    sign: int
    goal: int
    keeps_linked: bool = False
    """Without a change of what other tables say."""
    spares_totals: bool = False
    """Not at the price of a base or a total."""

    def is_met_by(self, value: int | None) -> bool:
        return value is not None and (value - self.goal) * self.sign >= 0


class _Suppressor:
    """What is hidden so far. It only grows, so that what is safe once stays safe."""

    def __init__(
        self,
        table: CountTable,
        values: Mapping[CellPosition, int],
        lines: Sequence[SumEquation],
        spots: Collection[CellPosition],
        threshold: int,
    ) -> None:
        self.hidden = set(spots)
        self._table = table
        self._values = values
        self._equations = lines
        self._threshold = threshold
        self._equations_by_position: dict[CellPosition, list[SumEquation]] = {}
        for line in lines:
            for spot in line:
                self._equations_by_position.setdefault(spot, []).append(line)

    def protect(
        self, secrets: Collection[CellPosition], elsewhere: Collection[CellPosition], few: Collection[int]
    ) -> None:
        """Hide counts until every secret may be as large as the threshold, for all a reader knows.

        What another table hides may then be larger and smaller than it is. A secret may be large while other tables
        stay the same, unless its whole column is secret: the base of the column then differs in all of them.
        """
        linked = self._table.linked
        open_ones = [
            _Requirement(spot, 1, self._threshold, keeps_linked=spot not in linked and spot.column not in few)
            for spot in sorted(secrets)
        ]
        for spot in sorted(elsewhere):
            value = self._values[spot]
            open_ones.append(_Requirement(spot, 1, value + self._threshold, spares_totals=True))
            open_ones.append(_Requirement(spot, -1, max(value - self._threshold, 0), spares_totals=True))
        while open_ones:
            if any(self._hide_next(self._find_tight_equations(wish), wish) for wish in open_ones):
                continue
            tableaux: dict[tuple[bool, CellPosition], Tableau[CellPosition]] = {}
            for wish in list(open_ones):
                if wish not in open_ones:
                    continue
                if (wish.keeps_linked, wish.position) not in tableaux:
                    near = self._find_connected(wish)
                    tableaux |= dict.fromkeys([(wish.keeps_linked, spot) for spot in near], self._build_tableau(near))
                other = tableaux[wish.keeps_linked, wish.position].find_solution(wish.position, wish.goal)
                if other is not None:
                    open_ones = [
                        w
                        for w in open_ones
                        if w.keeps_linked > wish.keeps_linked or not w.is_met_by(other.get(w.position))
                    ]
                elif self._hide_next(self._find_blocking_equations(wish), wish):
                    break
                else:  # its sums are hidden altogether
                    open_ones.remove(wish)
                    if wish.keeps_linked:
                        open_ones.append(wish._replace(keeps_linked=False))

    def _may_change(self, spot: CellPosition, wish: _Requirement) -> bool:
        """Whether a count may be another where the wish comes true."""
        return spot in self.hidden and not (wish.keeps_linked and spot in self._table.linked)

    def _can_hide(self, spot: CellPosition, wish: _Requirement) -> bool:
        """Tell whether hiding this count is possible and helps to meet the requirement.

        The size of a group is hidden only for that of another group. The totals are settled before they are divided:
        columns are hidden instead.
        """
        size = spot.row == BASE and self._table.asked_of_everybody
        if self._table.totals_settled and (spot.column == 0 or (size and wish.position.row != BASE)):
            return False
        if spot in self.hidden or (wish.keeps_linked and spot in self._table.linked):
            return False
        return not wish.spares_totals or self._is_inner_cell(spot, wish.position)

    def _find_tight_equations(self, wish: _Requirement) -> list[SumEquation]:
        """The sums which alone show that the count is not what it might be."""
        need = abs(wish.goal - self._values[wish.position])
        return [
            line
            for line in self._equations_by_position.get(wish.position, ())
            if self._measure_slack(wish, line) < need
        ]

    def _measure_slack(self, wish: _Requirement, line: SumEquation) -> float:
        """By how much a count may change without this sum being another."""
        spot, sign = wish.position, wish.sign
        others = [s for s in line if s != spot and self._may_change(s, wish)]
        if any(line[s] * sign != line[spot] for s in others):
            return float("inf")
        return sum(self._values[s] for s in others)

    def _find_connected(self, wish: _Requirement) -> list[CellPosition]:
        """What is hidden and stands in a sum with it, or with what does; the nearest first."""
        found = {wish.position: None}
        queue = [wish.position]
        for one in queue:
            lines = self._equations_by_position.get(one, ())
            new = [s for line in lines for s in line if s not in found and self._may_change(s, wish)]
            found |= dict.fromkeys(new)
            queue += dict.fromkeys(new)
        return list(found)

    def _build_tableau(self, spots: Sequence[CellPosition]) -> Tableau[CellPosition]:
        inside = set(spots)
        lines = [{s: sign for s, sign in line.items() if s in inside} for line in self._equations]
        return Tableau([line for line in lines if line], {s: self._values[s] for s in spots})

    def _find_blocking_equations(self, wish: _Requirement) -> list[SumEquation]:
        """Find the equations that keep the requirement from being met.

        These are the sums of connected counts in which one count stands alone, otherwise the nearest sums with
        something shown. Sums of which only a base or a total could be hidden come last.
        """
        kinds: dict[int, set[tuple[bool, bool]]] = {}
        found: dict[tuple[bool, bool], list[SumEquation]] = {}
        for one in self._find_connected(wish):
            here: dict[tuple[bool, bool], list[SumEquation]] = {}
            for line in self._equations_by_position.get(one, ()):
                if id(line) not in kinds:
                    kinds[id(line)] = self._classify_equation(line, wish)
                for kind in kinds[id(line)]:
                    here.setdefault(kind, []).append(line)
            found = {**here, **found}
            if (False, False) in found:
                break
        return found[min(found)] if found else []

    def _classify_equation(self, line: SumEquation, wish: _Requirement) -> set[tuple[bool, bool]]:
        """As what a sum may block: with bases and totals, or without (first); with company, or alone (first)."""
        helping = [s for s in line if self._can_hide(s, wish)]
        if not helping:
            return set()
        last = not any(self._is_inner_cell(s, wish.position) for s in helping)
        company = sum(self._may_change(s, wish) for s in line) > 1
        return set(product({last, True}, {company, True}))

    def _is_inner_cell(self, spot: CellPosition, because: CellPosition) -> bool:
        """Neither a base, nor a total for what is none."""
        return spot.row != BASE and (spot.column != 0 or because.column == 0)

    def _hide_next(self, lines: Sequence[SumEquation], wish: _Requirement) -> bool:
        """Hide the most useful count of these sums; return False where nothing in them is shown.

        Preferred are counts that help in most sums and are large enough; then nets, counts in the fewest complete sums,
        and small counts; then zeros, and last totals and bases.
        """
        near = {s for line in lines for s in line if self._can_hide(s, wish)}
        if not near:
            return False
        own, spot = self._table, wish.position
        need = abs(wish.goal - self._values[spot])

        def cost(s: CellPosition) -> tuple[object, ...]:
            return (
                s.row == BASE,
                s.column == 0 and spot.column != 0,
                self._values[s] == 0,
                s.row not in own.sums and self._values[s] < need,
                -sum(s in line for line in lines),
                s.row not in own.sums,
                sum(not any(o in self.hidden for o in line) for line in self._equations_by_position[s]),
                self._values[s],
                s,
            )

        self.hidden.add(min(near, key=cost))
        return True
