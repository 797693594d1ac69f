"""Suppression of small counts, and of the others from which a reader could derive them.

It works on counts and on the sums that a reader can form, without labels.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from typing import Final, NamedTuple, TypeAlias

from survey_cli.reports.disclosure.feasibility import Tableau
from survey_cli.reports.disclosure.thresholds import DEFAULT_THRESHOLD, find_bounds


class CellPosition(NamedTuple):
    """The position of a count in a table: a row (or `BASE`) and a column, where 0 is the total."""

    row: int
    column: int


BASE: Final = -1
"""The row of the bases."""

SumEquation: TypeAlias = Mapping[CellPosition, int]
"""Counts whose sum is 0 when each is multiplied by its sign, 1 or -1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountTable:
    """The counts of one item in all its tables; the topline is the first column of the banner."""

    counts: Sequence[Sequence[int]]
    """Unweighted number of people by row and column.

    Rows for bases that other items print come last.
    """
    bases: Sequence[int]
    """Base of each column."""
    groups: Sequence[Sequence[int]] = ()
    """The columns of each grouping, which add up to the total."""
    nested: Sequence[tuple[int, frozenset[int]]] = ()
    """Columns that are sums of columns of another grouping, as a state of its counties."""
    sums: Mapping[int, Collection[int]]
    """Rows that are sums of other rows: nets, and bases of other items (`asked of 16 who
    agreed`)."""
    base_rows: Sequence[int]
    """Rows that add up to the base; empty for a multiple."""
    at_most: Sequence[tuple[int, frozenset[int]]] = ()
    """Rows of a multiple whose sum is no more than another row or the base: (that row, summed
    rows)."""
    at_least: Sequence[tuple[int, frozenset[int]]] = ()
    """Rows of a multiple whose sum is no less than another row or the base: (that row, summed
    rows)."""
    hidden: frozenset[CellPosition] = frozenset()
    """Counts that are hidden already."""
    hidden_elsewhere: frozenset[CellPosition] = frozenset()
    """Counts that another table repeats and hides."""
    hideable: frozenset[CellPosition] | None = None
    """The only counts that may be hidden, since a larger threshold shows the others; None for
    all."""
    linked: frozenset[CellPosition] = frozenset()
    """Counts that another table repeats."""
    totals_settled: bool = False
    """Whether the first column already hides as much as it needs without the other columns."""
    asked_of_everybody: bool = False
    """Whether the base depends on no answer, and so reveals none."""


def find_hidden_positions(
    table: CountTable, threshold: int = DEFAULT_THRESHOLD
) -> frozenset[CellPosition]:
    """Return the counts, nets and bases to hide.

    Zeros stay, unless a small count needs another hidden count beside it, or the base itself is
    small. Every sum that a reader can form (rows to a base, columns to the total, rows to a net) is
    an equation, and no count is negative. A small count is safe if another table of whole numbers,
    in which it is not small, agrees with everything shown. Until one does, further counts are
    hidden, small ones first.
    """
    if threshold < 2:
        return frozenset()
    rows = {BASE: table.bases, **dict(enumerate(table.counts))}
    values = {
        CellPosition(row, c): number
        for row, counts in rows.items()
        for c, number in enumerate(counts)
    }
    printed = frozenset(values)

    small = {position for position, number in values.items() if 0 < number < threshold}
    small_columns = {c for c, number in enumerate(table.bases) if 0 < number < threshold}
    hidden = small | {position for position in printed if position.column in small_columns}
    hidden |= table.hidden | table.hidden_elsewhere

    # The equations add the slacks of inequalities to the values; these are never printed.
    equations = list(_iterate_equations(table, values))
    slacks = values.keys() - printed
    suppressor = _Suppressor(table, values, equations, hidden | slacks, threshold)
    suppressor.protect(small, table.hidden_elsewhere - small, small_columns)
    return frozenset(suppressor.hidden - slacks)


def find_hidden_parts(sizes: Sequence[int], threshold: int = DEFAULT_THRESHOLD) -> frozenset[int]:
    """Return the positions of the parts of a whole that are to be hidden."""
    if threshold < 2:
        return frozenset()
    positions = _find_between_bounds(build_parts_table(sizes), threshold)
    return frozenset(position.row for position in positions if position.row != BASE)


def _find_between_bounds(table: CountTable, threshold: int) -> frozenset[CellPosition]:
    """Return the counts to hide, no fewer and no more than the thresholds around it allow."""
    below, above = find_bounds(threshold)
    if below is not None:
        table = replace(table, hidden=_find_between_bounds(table, below))
    if above is not None:
        table = replace(table, hideable=_find_between_bounds(table, above))
    return find_hidden_positions(table, threshold)


def build_parts_table(sizes: Sequence[int]) -> CountTable:
    """Build a table of one column with the sizes of the parts of a whole."""
    return CountTable(
        counts=[[size] for size in sizes],
        bases=[sum(sizes)],
        sums={},
        base_rows=range(len(sizes)),
    )


def _iterate_equations(table: CountTable, values: dict[CellPosition, int]) -> Iterable[SumEquation]:
    """Yield each set of counts in which any one follows from the others.

    The slack of an inequality becomes a count that is never printed; it is added to `values`.
    """
    columns = range(len(table.bases))
    for column in columns:
        if table.base_rows:
            yield _sum_rows(BASE, table.base_rows, column)
        for net, parts in table.sums.items():
            yield _sum_rows(net, parts, column)

    slack_rows = count(len(table.counts))
    for sign, limits in ((1, table.at_most), (-1, table.at_least)):
        for whole, parts in limits:
            slack_row = next(slack_rows)
            for column in columns:
                sum_of_parts = sum(values[CellPosition(row, column)] for row in parts)
                slack = sign * (values[CellPosition(whole, column)] - sum_of_parts)
                slack_position = CellPosition(slack_row, column)
                values[slack_position] = max(slack, 0)

                # With a negative slack, the counts violate the limit, and no equation follows.
                if slack >= 0:
                    yield {**_sum_rows(whole, parts, column), slack_position: sign}

    # The columns of a grouping add up to the total, which is column 0.
    sums_of_columns = [(0, frozenset(group)) for group in table.groups]
    sums_of_columns += table.nested
    for total, group in sums_of_columns:
        for row in (BASE, *range(len(table.counts))):
            yield _make_equation(
                CellPosition(row, total), (CellPosition(row, column) for column in group)
            )


def _sum_rows(whole: int, parts: Iterable[int], column: int) -> SumEquation:
    """Return the equation of a row that is the sum of other rows in a column."""
    return _make_equation(CellPosition(whole, column), (CellPosition(row, column) for row in parts))


def _make_equation(whole: CellPosition, parts: Iterable[CellPosition]) -> SumEquation:
    return {whole: -1, **dict.fromkeys(parts, 1)}


class _Requirement(NamedTuple):
    """A value that a count must allow for a reader: `goal` or more; with sign -1, or less."""

    position: CellPosition
    sign: int
    goal: int
    keeps_linked: bool = False
    """Whether counts that other tables repeat must stay the same."""
    spares_totals: bool = False
    """Whether no base or total may be hidden for it."""

    def is_met_by(self, value: int | None) -> bool:
        return value is not None and (value - self.goal) * self.sign >= 0


class _Suppressor:
    """The hidden counts of one table. More are added, and none is removed: protection remains."""

    def __init__(
        self,
        table: CountTable,
        values: Mapping[CellPosition, int],
        equations: Sequence[SumEquation],
        hidden: Collection[CellPosition],
        threshold: int,
    ) -> None:
        self.hidden = set(hidden)
        self._table = table
        self._values = values
        self._equations = equations
        self._threshold = threshold
        self._equations_by_position: dict[CellPosition, list[SumEquation]] = {}
        for equation in equations:
            for position in equation:
                self._equations_by_position.setdefault(position, []).append(equation)

    def protect(
        self,
        small: Collection[CellPosition],
        elsewhere: Collection[CellPosition],
        small_columns: Collection[int],
    ) -> None:
        """Hide counts until a reader must think that every small count may reach the threshold.

        Counts that another table hides (`elsewhere`) may then be larger and smaller than they are.
        A small count may be large while other tables stay the same, unless its whole column is
        small: the base of the column then differs in all of them.
        """
        unmet = list(self._iterate_requirements(small, elsewhere, small_columns))
        unchecked = list(unmet)
        while unmet:
            # Only once: what is hidden later makes no equation tight.
            for requirement in unchecked:
                if requirement in unmet:
                    self._loosen_equations(requirement)
            unchecked = []

            # Hidden counts that are connected share a tableau, until one more is hidden.
            tableaux: dict[tuple[bool, CellPosition], Tableau[CellPosition]] = {}
            for requirement in list(unmet):
                # The numbers found for another requirement may have met this one.
                if requirement not in unmet:
                    continue
                keeps_linked = requirement.keeps_linked
                position = requirement.position
                if (keeps_linked, position) not in tableaux:
                    connected = dict(self._iterate_connected(requirement))
                    tableau = self._build_tableau(connected)
                    for other in connected:
                        tableaux[keeps_linked, other] = tableau
                tableau = tableaux[keeps_linked, position]
                solution = tableau.find_solution(position, requirement.goal)
                if solution is not None:
                    # The same numbers often meet other requirements too. They may change counts
                    # that other tables repeat, unless this requirement kept these.
                    unmet = [
                        other
                        for other in unmet
                        if other.keeps_linked > keeps_linked
                        or not other.is_met_by(solution.get(other.position))
                    ]
                elif self._hide_next(self._find_blocking_equations(requirement), requirement):
                    # The tableaux lack the count that is hidden now.
                    break
                else:
                    # Nothing more can be hidden for it. The linked counts may have to differ.
                    unmet.remove(requirement)
                    if keeps_linked:
                        weaker = requirement._replace(keeps_linked=False)
                        unchecked.append(weaker)
                        unmet.append(weaker)

    def _iterate_requirements(
        self,
        small: Collection[CellPosition],
        elsewhere: Collection[CellPosition],
        small_columns: Collection[int],
    ) -> Iterator[_Requirement]:
        """Yield what `protect` requires, in the order in which counts are hidden for it."""
        linked = self._table.linked
        for position in sorted(small):
            keeps_linked = position not in linked and position.column not in small_columns
            yield _Requirement(position, 1, self._threshold, keeps_linked=keeps_linked)

        for position in sorted(elsewhere):
            most = self._values[position] + self._threshold
            least = max(self._values[position] - self._threshold, 0)
            yield _Requirement(position, 1, most, spares_totals=True)
            yield _Requirement(position, -1, least, spares_totals=True)

    def _loosen_equations(self, requirement: _Requirement) -> None:
        """Hide counts until no single equation excludes the required value."""
        while True:
            tight = self._find_tight_equations(requirement)
            if not self._hide_next(tight, requirement):
                return

    def _may_change(self, position: CellPosition, requirement: _Requirement) -> bool:
        """Return whether a count may have another value when the requirement is met."""
        is_fixed = requirement.keeps_linked and position in self._table.linked
        return position in self.hidden and not is_fixed

    def _can_hide(self, position: CellPosition, requirement: _Requirement) -> bool:
        """Return whether hiding this count is possible and helps to meet the requirement.

        The size of a group is hidden only for that of another group. Once the totals are settled,
        columns are hidden instead.
        """
        hideable = self._table.hideable
        if hideable is not None and position not in hideable:
            return False
        is_group_size = position.row == BASE and self._table.asked_of_everybody
        is_settled = position.column == 0 or (is_group_size and requirement.position.row != BASE)

        # A larger threshold that hides this total shows columns for which it has to stay hidden.
        if self._table.totals_settled and is_settled and hideable is None:
            return False
        is_fixed = requirement.keeps_linked and position in self._table.linked
        if position in self.hidden or is_fixed:
            return False

        if requirement.spares_totals:
            return self._is_inner_cell(position, requirement.position)
        return True

    def _find_tight_equations(self, requirement: _Requirement) -> list[SumEquation]:
        """Return the equations that exclude the required value without the others."""
        change = abs(requirement.goal - self._values[requirement.position])
        return [
            equation
            for equation in self._equations_by_position.get(requirement.position, ())
            if self._measure_slack(requirement, equation) < change
        ]

    def _measure_slack(self, requirement: _Requirement, equation: SumEquation) -> float:
        """Return by how much the count may change, compensated by other counts of this equation."""
        own_sign = equation[requirement.position]
        slack = 0
        for other, sign in equation.items():
            if other == requirement.position or not self._may_change(other, requirement):
                continue
            # This count compensates the change by growing, for which there is no limit.
            if sign * requirement.sign != own_sign:
                return float("inf")
            # This one compensates it by falling, at most to 0.
            slack += self._values[other]
        return slack

    def _iterate_connected(
        self, requirement: _Requirement
    ) -> Iterator[tuple[CellPosition, list[SumEquation]]]:
        """Yield the changeable counts connected with the requirement's, nearest first.

        A count comes with the equations that no nearer one is in.
        """
        connected = {requirement.position}
        reached: set[int] = set()
        queue = [requirement.position]
        for position in queue:
            equations = [
                equation
                for equation in self._equations_by_position.get(position, ())
                if id(equation) not in reached
            ]
            yield position, equations
            reached.update(id(equation) for equation in equations)
            for equation in equations:
                new = [
                    other
                    for other in equation
                    if other not in connected and self._may_change(other, requirement)
                ]
                connected.update(new)
                queue += new

    def _build_tableau(
        self, connected: Mapping[CellPosition, Sequence[SumEquation]]
    ) -> Tableau[CellPosition]:
        """Build the equations of connected counts, in the order of all equations."""
        reached = {id(equation) for equations in connected.values() for equation in equations}
        equations = [
            {p: sign for p, sign in equation.items() if p in connected}
            for equation in self._equations
            if id(equation) in reached
        ]
        return Tableau(equations, {position: self._values[position] for position in connected})

    def _find_blocking_equations(self, requirement: _Requirement) -> list[SumEquation]:
        """Find the equations that keep the requirement from being met.

        These are the equations of connected counts in which only one count may change, otherwise
        the nearest equations with something shown. Equations in which only a base or a total could
        be hidden come last.
        """
        blocking: dict[tuple[bool, bool], list[SumEquation]] = {}
        for _, equations in self._iterate_connected(requirement):
            nearest: dict[tuple[bool, bool], list[SumEquation]] = {}
            for equation in equations:
                for order in self._classify_equation(equation, requirement):
                    nearest.setdefault(order, []).append(equation)
            blocking = {**nearest, **blocking}
            if (False, False) in blocking:
                break
        return blocking[min(blocking)] if blocking else []

    def _classify_equation(
        self, equation: SumEquation, requirement: _Requirement
    ) -> set[tuple[bool, bool]]:
        """Return the classes in which an equation is tried; none if nothing can be hidden in it.

        The lowest class is tried first. The flags of a class allow that only bases or totals can be
        hidden, and that several counts may change.
        """
        candidates = [position for position in equation if self._can_hide(position, requirement)]
        if not candidates:
            return set()
        only_totals = not any(
            self._is_inner_cell(position, requirement.position) for position in candidates
        )
        several_change = sum(self._may_change(position, requirement) for position in equation) > 1
        return set(product({only_totals, True}, {several_change, True}))

    def _is_inner_cell(self, position: CellPosition, protected: CellPosition) -> bool:
        """Return whether a count is no base and, unless it protects a total, no total."""
        return position.row != BASE and (position.column != 0 or protected.column == 0)

    def _hide_next(self, equations: Sequence[SumEquation], requirement: _Requirement) -> bool:
        """Hide the most useful count of these equations; return False if none can be hidden.

        Counts that help in most equations and are large enough come first; then nets, counts in the
        fewest equations without hidden counts, and small counts; then zeros, and last totals and
        bases.
        """
        candidates = {
            position
            for equation in equations
            for position in equation
            if self._can_hide(position, requirement)
        }
        if not candidates:
            return False

        protected = requirement.position
        change = abs(requirement.goal - self._values[protected])

        def rank(position: CellPosition) -> tuple[object, ...]:
            value = self._values[position]
            is_base = position.row == BASE
            is_total = position.column == 0 and protected.column != 0
            is_sum = position.row in self._table.sums
            is_too_small = not is_sum and value < change
            loosened = sum(position in equation for equation in equations)
            own_equations = self._equations_by_position[position]
            # With one hidden count only, such an equation would reveal it: more have to follow.
            newly_broken = sum(self.hidden.isdisjoint(equation) for equation in own_equations)
            return (
                is_base,
                is_total,
                value == 0,
                is_too_small,
                -loosened,
                not is_sum,
                newly_broken,
                value,
                # Equal candidates are hidden in the same order in all reports.
                position,
            )

        self.hidden.add(min(candidates, key=rank))
        return True
