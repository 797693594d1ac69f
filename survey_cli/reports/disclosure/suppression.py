"""Which figures would tell of single people? Counts of more than none and under a threshold are hidden, and with them as
many others as keep a reader from working out that they are so small.

It sees counts and the sums that a reader may form, and no label.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, product
from typing import Final, NamedTuple, TypeAlias

from survey_cli.reports.disclosure.feasibility import Tableau

THRESHOLD: Final = 5


class Spot(NamedTuple):
    """One count of a table: a row (or `BASE`), and a column from 0, which is the total."""

    row: int
    column: int


BASE: Final = -1
"""The row of the bases."""

Sum: TypeAlias = Mapping[Spot, int]
"""Counts which, times 1 or -1, add up to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
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
    whole: Sequence[int]
    """Rows that add up to the base; none for a multiple."""
    within: Sequence[tuple[int, frozenset[int]]] = ()
    """Rows that add up to no more than another row, or the base: of a multiple."""
    over: Sequence[tuple[int, frozenset[int]]] = ()
    """Rows that add up to no less."""
    hidden: frozenset[Spot] = frozenset()
    """What is hidden already."""
    elsewhere: frozenset[Spot] = frozenset()
    """What another table says too, and hides."""
    linked: frozenset[Spot] = frozenset()
    """What another table says too."""
    settled: bool = False
    """Of the totals, the first column, as much is hidden already as they need by themselves."""
    everybody: bool = False
    """Who is asked depends on no answer, and so tells of none."""


def hidden_spots(table: Counted, threshold: int = THRESHOLD) -> frozenset[Spot]:
    """The counts, nets and bases to hide. Zeros stay, unless a small count needs company or the base is small itself.

    Every sum a reader can form (rows to a base, columns to the total, rows to a net) is an equation, and no count is
    negative. A small count is safe where another table of whole numbers agrees with all that is shown, in which it is not
    small; as long as there is none, another count is hidden, small ones first.
    """
    if threshold < 2:
        return frozenset()
    rows = {BASE: table.bases, **dict(enumerate(table.counts))}
    values = {Spot(r, c): n for r, counts in rows.items() for c, n in enumerate(counts)}
    small = {spot for spot, n in values.items() if 0 < n < threshold}
    few = {c for c, n in enumerate(table.bases) if 0 < n < threshold}
    hidden = small | {spot for spot in values if spot.column in few} | table.hidden | table.elsewhere
    lines = list(_sums(table, values))
    loose = values.keys() - {Spot(r, c) for r, counts in rows.items() for c in range(len(counts))}
    found = _Hidden(table, values, lines, hidden | loose, threshold)
    found.keep(small, table.elsewhere - small, few)
    return frozenset(found.spots - loose)


def hidden_parts(sizes: Sequence[int], threshold: int = THRESHOLD) -> frozenset[int]:
    """Which parts of a whole to hide, by their positions."""
    counts = [[n] for n in sizes]
    table = Counted(counts=counts, bases=[sum(sizes)], sums={}, whole=range(len(counts)))
    return frozenset(spot.row for spot in hidden_spots(table, threshold) if spot.row != BASE)


def _sums(table: Counted, values: dict[Spot, int]) -> Iterable[Sum]:
    """Each set of counts of which one follows from the others. What an inequality leaves open is a count that nobody
    prints: it is added to the values."""
    rows, columns = range(len(table.counts)), range(len(table.bases))
    open_row = count(len(table.counts))
    for c in columns:
        if table.whole:
            yield _sum(Spot(BASE, c), (Spot(r, c) for r in table.whole))
        for net, parts in table.sums.items():
            yield _sum(Spot(net, c), (Spot(r, c) for r in parts))
    for sign, limits in ((1, table.within), (-1, table.over)):
        for whole, some in limits:
            row = next(open_row)
            for c in columns:
                line = _sum(Spot(whole, c), (Spot(r, c) for r in some))
                left = sign * (values[Spot(whole, c)] - sum(values[Spot(r, c)] for r in some))
                values[Spot(row, c)] = max(left, 0)
                if left >= 0:
                    yield {**line, Spot(row, c): sign}
    for total, group in (*((0, frozenset(group)) for group in table.groups), *table.nested):
        for r in (BASE, *rows):
            yield _sum(Spot(r, total), (Spot(r, c) for c in group))


def _sum(whole: Spot, parts: Iterable[Spot]) -> Sum:
    return {whole: -1, **dict.fromkeys(parts, 1)}


class _Wish(NamedTuple):
    """What a reader must not be able to rule out: that a count is so great, or so small."""

    spot: Spot
    sign: int
    goal: int
    alone: bool = False
    """Without a change of what other tables say."""
    cheap: bool = False
    """Not at the price of a base or a total."""

    def has(self, value: int | None) -> bool:
        return value is not None and (value - self.goal) * self.sign >= 0


class _Hidden:
    """What is hidden so far. It only grows, so that what is safe once stays safe."""

    def __init__(
        self,
        table: Counted,
        values: Mapping[Spot, int],
        lines: Sequence[Sum],
        spots: Collection[Spot],
        threshold: int,
    ) -> None:
        self.spots = set(spots)
        self._table = table
        self._values = values
        self._lines = lines
        self._threshold = threshold
        self._through: dict[Spot, list[Sum]] = {}
        for line in lines:
            for spot in line:
                self._through.setdefault(spot, []).append(line)

    def keep(self, secrets: Collection[Spot], elsewhere: Collection[Spot], few: Collection[int]) -> None:
        """Hide until every secret may be as great as the threshold, for all that a reader knows, and what another table
        hides may be greater and less than it is. A secret may be so while other tables stay as they are, unless all its
        column is secret: the column's base is then another in all of them."""
        linked = self._table.linked
        open_ones = [
            _Wish(spot, 1, self._threshold, alone=spot not in linked and spot.column not in few)
            for spot in sorted(secrets)
        ]
        for spot in sorted(elsewhere):
            value = self._values[spot]
            open_ones.append(_Wish(spot, 1, value + self._threshold, cheap=True))
            open_ones.append(_Wish(spot, -1, max(value - self._threshold, 0), cheap=True))
        while open_ones:
            if any(self._join(self._tight(wish), wish) for wish in open_ones):
                continue
            tableaux: dict[tuple[bool, Spot], Tableau[Spot]] = {}
            for wish in list(open_ones):
                if wish not in open_ones:
                    continue
                if (wish.alone, wish.spot) not in tableaux:
                    near = self._near(wish)
                    tableaux |= dict.fromkeys([(wish.alone, spot) for spot in near], self._tableau(near))
                other = tableaux[wish.alone, wish.spot].reaching(wish.spot, wish.goal)
                if other is not None:
                    open_ones = [w for w in open_ones if w.alone > wish.alone or not w.has(other.get(w.spot))]
                elif self._join(self._blocking(wish), wish):
                    break
                else:  # its sums are hidden altogether
                    open_ones.remove(wish)
                    if wish.alone:
                        open_ones.append(wish._replace(alone=False))

    def _moves(self, spot: Spot, wish: _Wish) -> bool:
        """Whether a count may be another where the wish comes true."""
        return spot in self.spots and not (wish.alone and spot in self._table.linked)

    def _helps(self, spot: Spot, wish: _Wish) -> bool:
        """Whether it can be hidden, and the wish come true by it. The size of a group is hidden for another's alone, and
        what is hidden of a total is settled before it is divided: columns are hidden instead."""
        size = spot.row == BASE and self._table.everybody
        if self._table.settled and (spot.column == 0 or (size and wish.spot.row != BASE)):
            return False
        if spot in self.spots or (wish.alone and spot in self._table.linked):
            return False
        return not wish.cheap or self._readily(spot, wish.spot)

    def _tight(self, wish: _Wish) -> list[Sum]:
        """The sums which alone show that the count is not what it might be."""
        need = abs(wish.goal - self._values[wish.spot])
        return [line for line in self._through.get(wish.spot, ()) if self._room(wish, line) < need]

    def _room(self, wish: _Wish, line: Sum) -> float:
        """By how much a count may change without this sum being another."""
        spot, sign = wish.spot, wish.sign
        others = [s for s in line if s != spot and self._moves(s, wish)]
        if any(line[s] * sign != line[spot] for s in others):
            return float("inf")
        return sum(self._values[s] for s in others)

    def _near(self, wish: _Wish) -> list[Spot]:
        """What is hidden and stands in a sum with it, or with what does; the nearest first."""
        found = {wish.spot: None}
        queue = [wish.spot]
        for one in queue:
            lines = self._through.get(one, ())
            new = [s for line in lines for s in line if s not in found and self._moves(s, wish)]
            found |= dict.fromkeys(new)
            queue += dict.fromkeys(new)
        return list(found)

    def _tableau(self, spots: Sequence[Spot]) -> Tableau[Spot]:
        inside = set(spots)
        lines = [{s: sign for s, sign in line.items() if s in inside} for line in self._lines]
        return Tableau([line for line in lines if line], {s: self._values[s] for s in spots})

    def _blocking(self, wish: _Wish) -> list[Sum]:
        """The sums through what is linked with it in which one count stands alone; else those of the nearest with
        something that is shown. Where that is a base or a total, others come first."""
        kinds: dict[int, set[tuple[bool, bool]]] = {}
        found: dict[tuple[bool, bool], list[Sum]] = {}
        for one in self._near(wish):
            here: dict[tuple[bool, bool], list[Sum]] = {}
            for line in self._through.get(one, ()):
                if id(line) not in kinds:
                    kinds[id(line)] = self._kinds(line, wish)
                for kind in kinds[id(line)]:
                    here.setdefault(kind, []).append(line)
            found = {**here, **found}
            if (False, False) in found:
                break
        return found[min(found)] if found else []

    def _kinds(self, line: Sum, wish: _Wish) -> set[tuple[bool, bool]]:
        """As what a sum may block: with bases and totals, or without (first); with company, or alone (first)."""
        helping = [s for s in line if self._helps(s, wish)]
        if not helping:
            return set()
        last = not any(self._readily(s, wish.spot) for s in helping)
        company = sum(self._moves(s, wish) for s in line) > 1
        return set(product({last, True}, {company, True}))

    def _readily(self, spot: Spot, because: Spot) -> bool:
        """Neither a base, nor a total for what is none."""
        return spot.row != BASE and (spot.column != 0 or because.column == 0)

    def _join(self, lines: Sequence[Sum], wish: _Wish) -> bool:
        """Hide what helps in these sums; False where nothing of them is shown. First what helps in most, and is enough;
        nets, what is in the fewest sums that are whole, small counts; zeros, last totals and bases."""
        near = {s for line in lines for s in line if self._helps(s, wish)}
        if not near:
            return False
        own, spot = self._table, wish.spot
        need = abs(wish.goal - self._values[spot])

        def cost(s: Spot) -> tuple[object, ...]:
            return (
                s.row == BASE,
                s.column == 0 and spot.column != 0,
                self._values[s] == 0,
                s.row not in own.sums and self._values[s] < need,
                -sum(s in line for line in lines),
                s.row not in own.sums,
                sum(not any(o in self.spots for o in line) for line in self._through[s]),
                self._values[s],
                s,
            )

        self.spots.add(min(near, key=cost))
        return True
