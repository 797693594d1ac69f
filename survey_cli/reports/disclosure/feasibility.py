"""Feasibility search: alternative whole, non-negative counts that satisfy every published sum."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Generic, TypeAlias, TypeVar

Name = TypeVar("Name")
Number: TypeAlias = int | Fraction


class Tableau(Generic[Name]):
    """Linear equations over unknown counts, solved exactly for some of them.

    The method is Gauss-Jordan elimination.
    """

    def __init__(self, equations: Sequence[Mapping[Name, int]], values: Mapping[Name, int]) -> None:
        """Solve the equations: signed sums of unknowns, which equal those of the true `values`."""
        self._values = values
        self._equations: dict[Name, dict[Name, Number]] = {}
        """By solved unknown, the coefficients of the others.

        The unknown plus their products is constant.
        """
        self._dependents: dict[Name, set[Name]] = {}
        """By unknown, the solved unknowns whose equation contains it."""
        for equation in equations:
            row: dict[Name, Number] = {}
            for name, sign in equation.items():
                if name in self._equations:
                    _add(row, self._equations[name], -sign)
                else:
                    _add(row, {name: 1}, sign)
            # An equation without unknowns follows from those before it. The others are solved for
            # their largest count, which can fall most before it reaches 0.
            if row:
                self._solve(max(row, key=lambda name: values[name]), row)

    def _solve(self, name: Name, row: dict[Name, Number]) -> None:
        """Solve an equation for one of its unknowns, and substitute it in the others."""
        factor = row.pop(name)
        # It is nearly always 1 or -1, and fractions are slow.
        if factor in (1, -1):
            solved = {other: value * factor for other, value in row.items()}
        else:
            solved = {other: _simplify(Fraction(value) / factor) for other, value in row.items()}
        for dependent in self._dependents.pop(name, ()):
            equation = self._equations[dependent]
            for other in _add(equation, solved, -equation.pop(name)):
                if other in equation:
                    self._dependents.setdefault(other, set()).add(dependent)
                else:
                    self._dependents[other].discard(dependent)
        self._equations[name] = solved
        for other in solved:
            self._dependents.setdefault(other, set()).add(name)

    def _copy(self) -> "Tableau[Name]":
        copy: Tableau[Name] = Tableau((), self._values)
        copy._equations = {name: dict(row) for name, row in self._equations.items()}
        copy._dependents = {name: set(dependents) for name, dependents in self._dependents.items()}
        return copy

    def _swap(self, solved: Name, other: Name) -> None:
        """Solve the equation of a solved unknown for another unknown in it."""
        row = self._equations.pop(solved)
        for name in row:
            self._dependents[name].discard(solved)
        self._solve(other, {**row, solved: 1})

    def find_solution(self, name: Name, goal: int) -> Mapping[Name, int] | None:
        """Return whole numbers for all unknowns with `goal` for this one; None if none are found.

        This is the simplex method, starting from the true values: the unknown moves toward the
        goal, and the solved ones change with it. When one of these reaches zero, its equation is
        solved for another that can still change.
        """
        return self._copy()._move(name, goal)

    def _move(self, name: Name, goal: int) -> Mapping[Name, int] | None:
        if name in self._equations:
            row = self._equations[name]
            if not row:
                return None
            # Only unsolved unknowns may be moved.
            self._swap(name, max(row, key=lambda other: self._values[other]))
        values: dict[Name, Number] = dict(self._values)
        sign = 1 if goal > values[name] else -1

        # A step may have no length, if a count is 0 already, so that nothing else ends the loop.
        for _ in range(2 * len(self._equations) + 10):
            # The longest step before a solved unknown would fall below zero (ratio test).
            step: Number = abs(Fraction(goal) - values[name])
            first_at_zero: Name | None = None
            for solved in self._dependents.get(name, ()):
                decrease = self._equations[solved][name] * sign
                if decrease > 0 and values[solved] < step * decrease:
                    step = Fraction(values[solved]) / Fraction(decrease)
                    first_at_zero = solved
            step = _simplify(step)

            values[name] += sign * step
            for solved in self._dependents.get(name, ()):
                values[solved] -= sign * step * self._equations[solved][name]
            if first_at_zero is None:
                break

            # Another unknown of the equation takes over from the one that is zero now: one that
            # can grow, or has something left to lose.
            row = self._equations[first_at_zero]
            changeable = [
                other
                for other, factor in row.items()
                if other != name and (factor < 0 or values[other] > 0)
            ]
            if not changeable:
                return None
            largest = max(changeable, key=lambda other: (values[other], row[other] < 0))
            self._swap(first_at_zero, largest)

        # Halves of people would convince no reader.
        if values[name] != goal or any(value.denominator != 1 for value in values.values()):
            return None
        return {other: int(value) for other, value in values.items()}


def _add(row: dict[Name, Number], other: Mapping[Name, Number], times: Number) -> list[Name]:
    """Add another row this many times; return the unknowns that the row got or lost."""
    changed: list[Name] = []
    for name, value in other.items():
        before = row.get(name, 0)
        total = before + times * value
        if not total:
            del row[name]
        elif type(total) is int:
            row[name] = total
        else:
            row[name] = _simplify(total)
        if not (before and total):
            changed.append(name)
    return changed


def _simplify(value: Number) -> Number:
    return value.numerator if value.denominator == 1 else value
