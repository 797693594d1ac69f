"""Terms: what a part of an expression can be, such as a variable, a constant or a sum."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from survey_cli.proof.cells import Cell, Constant
from survey_cli.proof.clauses import FALSE, TRUE, Clauses, Literal
from survey_cli.values import Missing

MAX_PAIRS: Final = 2_500
"""How many pairs of values are compared one by one; more are left open."""
MAX_SUM_PAIRS: Final = 30_000
"""How many pairs of values one calculation may combine, such as a sum of three percentages."""
MAX_ALL_SUM_PAIRS: Final = 400_000
"""How many pairs all calculations with more than `MAX_PAIRS` may combine together."""
MAX_VALUES: Final = 400
"""How many values a calculated number may have; one with more is left open."""

Turns: TypeAlias = Mapping[str, int]
"""The turn of each roster that an expression is evaluated in."""
NO_TURNS: Final[Turns] = MappingProxyType({})

Values: TypeAlias = Mapping[Constant, Literal]
"""Values that exclude one another, each with its literal. If none holds there is no value."""
Leaf: TypeAlias = Cell | Values
"""A variable; or the values that a constant, a condition or a calculation can have."""
Operation: TypeAlias = Callable[[Any, Any], Any]
"""A calculation with two values. It returns a missing value if it has no result."""


class Alternative(NamedTuple):
    """One thing that a term can be."""

    guard: Literal
    """It is that."""
    leaf: Leaf


Term: TypeAlias = list[Alternative]
"""What a part of an expression can be.

An item or a constant has one alternative. `a if test else b` has two, and `roster[n].item` one for
each turn. Their guards exclude one another; if none holds the term is missing.
"""


class Surroundings(Protocol):
    """What an expression finds around it: the route of its questionnaire.

    The smallest one has a day and nothing else:

        class NoSurroundings:
            def __init__(self, clauses: Clauses) -> None:
                self.day = CalendarCell(clauses, TRUE, ())

            def compare_with_day(self, cell: Cell) -> tuple[Literal, Literal]:
                return FALSE, FALSE

            def find_term(self, name: str, turns: Turns) -> Term | None:
                return []

            def find_roster(self, name: str) -> str | None:
                return None

            def list_turns(self, roster: str) -> tuple[Literal, list[Literal]]:
                return FALSE, []
    """

    @property
    def day(self) -> Cell:
        """The day of the interview."""

    def compare_with_day(self, cell: Cell) -> tuple[Literal, Literal]:
        """Return that the date in a cell is before the day of the interview, and after it."""

    def find_term(self, name: str, turns: Turns) -> Term | None:
        """Return the variable of this name.

        None if it is in a roster, and `turns` doesn't say in which turn.
        """

    def find_roster(self, name: str) -> str | None:
        """Return the roster that a variable belongs to."""

    def list_turns(self, roster: str) -> tuple[Literal, list[Literal]]:
        """Return that the number of turns is known, and for each turn that it exists."""


def list_values(leaf: Leaf) -> Values | None:
    """Return each value that a leaf can have; None if there are too many."""
    if isinstance(leaf, Cell):
        return leaf.list_values()
    return leaf


def list_usual_values(leaf: Leaf) -> tuple[Values | None, Literal]:
    """Return the values of a leaf to calculate with, and that it has another one."""
    if isinstance(leaf, Cell):
        return leaf.list_usual_values()
    return leaf, FALSE


def guard_term(clauses: Clauses, guard: Literal, term: Term) -> Term:
    """Return a term that is missing unless the guard holds too."""
    guarded = [Alternative(clauses.all_of([guard, own]), leaf) for own, leaf in term]
    return [alternative for alternative in guarded if alternative.guard != FALSE]


def find_known(clauses: Clauses, term: Term) -> Literal:
    """Return the literal that a term has a value."""
    known = []
    for guard, leaf in term:
        if isinstance(leaf, Cell):
            has_value = leaf.known
        else:
            has_value = clauses.any_of(leaf.values())
        known.append(clauses.all_of([guard, has_value]))
    return clauses.any_of(known)


def find_first_leaf(term: Term | None) -> Leaf:
    """Return the first alternative of a term; no values if it has none."""
    if not term:
        return {}
    return term[0].leaf


class Operand(NamedTuple):
    """What a calculation takes: values that are combined one by one."""

    values: Values
    is_other: Literal
    """It has a value that isn't among these. The result is left open then."""


class Calculator:
    """Calculations with terms, value by value, within a budget for the whole questionnaire."""

    def __init__(self, clauses: Clauses) -> None:
        self.clauses = clauses
        self._sum_pairs_left = MAX_ALL_SUM_PAIRS

    def collect_values(self, term: Term) -> Values | None:
        """Return the values of all alternatives together; None if there are too many."""
        operand = self.collect_operand(term)
        if operand is None or operand.is_other != FALSE:
            return None
        return operand.values

    def collect_operand(self, term: Term) -> Operand | None:
        """Return the values of all alternatives to calculate with; None if there are too many."""
        literals: dict[Constant, list[Literal]] = {}
        others: list[Literal] = []
        for guard, leaf in term:
            own, is_other = list_usual_values(leaf)
            if own is None or len(literals) + len(own) > MAX_VALUES:
                return None
            for value, literal in own.items():
                literals.setdefault(value, []).append(self.clauses.all_of([guard, literal]))
            others.append(self.clauses.all_of([guard, is_other]))
        return Operand(self._unite(literals), self.clauses.any_of(others))

    def combine(self, operands: Sequence[Values | None], operation: Operation) -> Values | None:
        """Calculate with each combination of values; None if there are too many."""
        total: Values | None = {0: TRUE}
        if operands:
            total = operands[0]
        for values in operands[1:]:
            if total is None or values is None:
                return None
            if not self._spend_pairs(len(total) * len(values)):
                return None
            total = self._combine_two(total, values, operation)
        return total

    def _combine_two(self, lefts: Values, rights: Values, operation: Operation) -> Values:
        literals: dict[Constant, list[Literal]] = {}
        for (left, is_left), (right, is_right) in product(lefts.items(), rights.items()):
            result = operation(left, right)
            if not isinstance(result, Missing):
                both = self.clauses.all_of([is_left, is_right])
                literals.setdefault(result, []).append(both)
        return self._unite(literals)

    def _unite(self, literals: Mapping[Constant, Iterable[Literal]]) -> Values:
        return {value: self.clauses.any_of(ways) for value, ways in literals.items()}

    def _spend_pairs(self, pairs: int) -> bool:
        """Return whether so many pairs may be combined. Many are taken from a budget."""
        if pairs <= MAX_PAIRS:
            return True
        if pairs > MAX_SUM_PAIRS or pairs > self._sum_pairs_left:
            return False
        self._sum_pairs_left -= pairs
        return True
