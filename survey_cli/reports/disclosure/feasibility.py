"""Feasibility search: alternative whole, non-negative counts that satisfy every published sum."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Generic, TypeAlias, TypeVar

Name = TypeVar("Name")
Number: TypeAlias = int | Fraction


class Tableau(Generic[Name]):
    """Unknown counts under sums, solved for some of them (Gauss and Jordan), exact."""

    def __init__(self, lines: Sequence[Mapping[Name, int]], values: Mapping[Name, int]) -> None:
        """`lines`: unknowns with their signs, whose sum is what it is at `values`."""
        self._values = values
        self._equations: dict[Name, dict[Name, Number]] = {}
        """Each solved unknown, plus these times others, is constant."""
        self._dependents: dict[Name, set[Name]] = {}
        """The solved unknowns in whose equation another stands."""
        for line in lines:
            row: dict[Name, Number] = {}
            for name, sign in line.items():
                _add(row, self._equations.get(name, {}), -sign) if name in self._equations else _add(
                    row, {name: 1}, sign
                )
            if row:
                self._solve(max(row, key=lambda name: values[name]), row)

    def _solve(self, name: Name, row: dict[Name, Number]) -> None:
        """Take a line (its unknowns unsolved) as the equation of one of them."""
        factor = row.pop(name)
        if factor in (1, -1):  # nearly always
            solved = {other: value * factor for other, value in row.items()}
        else:
            solved = {other: _simplify(Fraction(value) / factor) for other, value in row.items()}
        for holder in self._dependents.pop(name, ()):
            held = self._equations[holder]
            times = held.pop(name)
            _add(held, solved, -times)
            for other in solved:
                _mark(self._dependents, other, holder, there=other in held)
        self._equations[name] = solved
        for other in solved:
            self._dependents.setdefault(other, set()).add(name)

    def _copy(self) -> "Tableau[Name]":
        made: Tableau[Name] = Tableau((), self._values)
        made._equations = {name: dict(row) for name, row in self._equations.items()}
        made._dependents = {name: set(holders) for name, holders in self._dependents.items()}
        return made

    def _swap(self, solved: Name, other: Name) -> None:
        """Solve the equation of one for the other."""
        row = self._equations.pop(solved)
        for name in row:
            self._dependents[name].discard(solved)
        self._solve(other, {**row, solved: 1})

    def find_solution(self, name: Name, goal: int) -> Mapping[Name, int] | None:
        """Return whole values in which this unknown equals `goal`; None if none were found.

        This is the simplex method, starting from the true values: the unknown moves, and the solved ones follow. One
        that reaches zero is released, and its equation is solved for another that can still change.
        """
        return self._copy()._move(name, goal)

    def _move(self, name: Name, goal: int) -> Mapping[Name, int] | None:
        if name in self._equations:
            row = self._equations[name]
            if not row:
                return None
            self._swap(name, max(row, key=lambda other: self._values[other]))
        at: dict[Name, Number] = dict(self._values)
        sign = 1 if goal > at[name] else -1
        for _ in range(2 * len(self._equations) + 10):
            step: Number = abs(Fraction(goal) - at[name])
            stop: Name | None = None
            for solved in self._dependents.get(name, ()):
                times = self._equations[solved][name] * sign
                if times > 0 and at[solved] < step * times:
                    step = Fraction(at[solved]) / Fraction(times)
                    stop = solved
            at[name] += sign * step
            for solved in self._dependents.get(name, ()):
                at[solved] -= sign * step * self._equations[solved][name]
            if stop is None:
                break
            row = self._equations[stop]
            able = [other for other, times in row.items() if other != name and (times < 0 or at[other] > 0)]
            if not able:
                return None
            self._swap(stop, max(able, key=lambda other: (at[other], row[other] < 0)))
        if at[name] != goal or any(Fraction(value).denominator != 1 for value in at.values()):
            return None
        return {other: int(value) for other, value in at.items()}


def _add(row: dict[Name, Number], other: Mapping[Name, Number], times: Number) -> None:
    for name, value in other.items():
        total = row.get(name, 0) + times * value
        if total:
            row[name] = _simplify(total)
        else:
            row.pop(name, None)


def _simplify(value: Number) -> Number:
    return value.numerator if value.denominator == 1 else value


def _mark(holders: dict[Name, set[Name]], name: Name, holder: Name, *, there: bool) -> None:
    if there:
        holders.setdefault(name, set()).add(holder)
    else:
        holders.get(name, set()).discard(holder)
