"""Clauses of a propositional formula, with gates that are shared and simplified."""

from collections.abc import Iterable
from typing import Final, TypeAlias

Literal: TypeAlias = int
"""A variable's number, from 1; negative: its negation."""

TRUE: Final[Literal] = 1
FALSE: Final[Literal] = -1


class Clauses:
    """A growing list of clauses. Variable 1 is true."""

    def __init__(self) -> None:
        self.count = 1
        """How many variables there are."""
        self.clauses: list[list[Literal]] = [[TRUE]]
        self._gates: dict[frozenset[Literal], Literal] = {}

    def make_variable(self) -> Literal:
        self.count += 1
        return self.count

    def require(self, *literals: Literal) -> None:
        """Require that at least one of these is true."""
        if TRUE in literals:
            return
        self.clauses.append([literal for literal in literals if literal != FALSE])

    def imply(self, condition: Literal, *literals: Literal) -> None:
        """Require that at least one of these is true where the condition is."""
        self.require(-condition, *literals)

    def all_of(self, literals: Iterable[Literal]) -> Literal:
        """Return a literal that is true exactly where all of these are."""
        parts = frozenset(literals) - {TRUE}
        if not parts:
            return TRUE
        if FALSE in parts or any(-part in parts for part in parts):
            return FALSE
        if len(parts) == 1:
            return next(iter(parts))
        gate = self._gates.get(parts)
        if gate is None:
            gate = self._gates[parts] = self.make_variable()
            for part in parts:
                self.clauses.append([-gate, part])
            self.clauses.append([gate, *(-part for part in parts)])
        return gate

    def any_of(self, literals: Iterable[Literal]) -> Literal:
        """Return a literal that is true exactly where at least one of these is."""
        return -self.all_of([-literal for literal in literals])

    def require_at_most_one(self, literals: list[Literal]) -> None:
        """Require that at most one of these is true."""
        if len(literals) <= 6:
            for index, one in enumerate(literals):
                for other in literals[index + 1 :]:
                    self.require(-one, -other)
            return
        before = literals[0]
        for literal in literals[1:]:
            self.require(-before, -literal)
            before = self.any_of([before, literal])
