"""Clauses of a propositional formula, as the solver reads them, with shared gates."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

Literal: TypeAlias = int
"""A fact that is true or false: the number of a variable of the formula, from 1, or its negative
for the opposite."""

TRUE: Final[Literal] = 1
FALSE: Final[Literal] = -1

MAX_PAIRED: Final = 6
"""Up to how many literals `require_at_most_one` excludes each pair. For more it adds variables."""


class Truth(NamedTuple):
    """A condition with three truth values: if neither of the literals is true, it is unknown."""

    true: Literal
    false: Literal


ALWAYS: Final = Truth(TRUE, FALSE)
NEVER: Final = Truth(FALSE, TRUE)
UNKNOWN: Final = Truth(FALSE, FALSE)


def negate(truth: Truth) -> Truth:
    """Return the truth of the opposite. It is unknown if the condition is."""
    return Truth(truth.false, truth.true)


class Clauses:
    """A growing list of clauses: in each, at least one literal must be true.

    `all_of` and `any_of` make gates: a gate is a new variable with clauses that tie it to others,
    so that a whole expression becomes one literal. Equal expressions share a gate.
    """

    def __init__(self) -> None:
        self.variable_count = 1
        """The first variable is always true."""
        self.clauses: list[list[Literal]] = [[TRUE]]
        self._gates: dict[frozenset[Literal], Literal] = {}

    def make_variable(self) -> Literal:
        """Make a variable that no clause constrains yet."""
        self.variable_count += 1
        return self.variable_count

    def require(self, *literals: Literal) -> None:
        """Require that at least one of these is true."""
        if TRUE in literals:
            return
        self.clauses.append([literal for literal in literals if literal != FALSE])

    def imply(self, condition: Literal, *literals: Literal) -> None:
        """Require that at least one of these is true if the condition is."""
        self.require(-condition, *literals)

    def require_equal(self, literal: Literal, other: Literal) -> None:
        """Require that two literals are both true or both false."""
        self.imply(literal, other)
        self.imply(other, literal)

    def all_of(self, literals: Iterable[Literal]) -> Literal:
        """Return the literal that all of these are true."""
        parts = frozenset(literals) - {TRUE}
        if not parts:
            return TRUE
        if FALSE in parts or not parts.isdisjoint([-part for part in parts]):
            return FALSE
        if len(parts) == 1:
            return next(iter(parts))

        gate = self._gates.get(parts)
        if gate is None:
            gate = self.make_variable()
            self._gates[parts] = gate
            for part in parts:
                self.clauses.append([-gate, part])
            self.clauses.append([gate, *(-part for part in parts)])
        return gate

    def any_of(self, literals: Iterable[Literal]) -> Literal:
        """Return the literal that at least one of these is true."""
        # that not all of them are false: both kinds of gates are kept in one table
        return -self.all_of([-literal for literal in literals])

    def require_at_most_one(self, literals: list[Literal]) -> None:
        """Require that at most one of these is true."""
        if len(literals) <= MAX_PAIRED:
            for index, one in enumerate(literals):
                for other in literals[index + 1 :]:
                    self.require(-one, -other)
            return

        # one more variable for each literal, instead of a clause for each pair
        is_before = literals[0]
        for literal in literals[1:]:
            self.require(-is_before, -literal)
            is_before = self.any_of([is_before, literal])

    def at_least(self, count: int, literals: Sequence[Literal]) -> Literal:
        """Return the literal that at least so many of these are true."""
        counts = [TRUE]
        for so_far in self.iterate_counts(literals, count):
            counts = so_far
        if len(counts) <= count:
            return FALSE
        return counts[count]

    def iterate_counts(self, literals: Sequence[Literal], most: int) -> Iterator[list[Literal]]:
        """Yield before each literal, and after the last, how many of those before it are true.

        A count is a list of literals: that at least 0, 1, … are true, up to `most`.
        """
        counts = [TRUE]
        yield counts
        for literal in literals:
            next_counts = [TRUE]
            for number, fewer in enumerate(counts[:most], 1):
                as_many_before = FALSE
                if number < len(counts):
                    as_many_before = counts[number]
                one_more = self.all_of([fewer, literal])
                next_counts.append(self.any_of([as_many_before, one_more]))
            counts = next_counts
            yield counts
