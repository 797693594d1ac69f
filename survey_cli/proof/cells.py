"""Clauses of a propositional formula with shared gates, and cells: what one variable can be at one place, as literals."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import product
from math import floor, inf, nextafter
from typing import Any, Final, NamedTuple, TypeAlias

from survey_cli.instrument.expressions.three_valued_logic import COMPARE, to_nfc

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

    def compare(
        self, lefts: Mapping[Any, Literal], sign: str, rights: Mapping[Any, Literal]
    ) -> "Truth":
        """Compare each value on the left with each on the right."""
        truths: dict[bool, list[Literal]] = {True: [], False: []}
        for (left, left_literal), (right, right_literal) in product(lefts.items(), rights.items()):
            with suppress(TypeError):  # a text ordered against a number
                holds = bool(COMPARE[sign](to_nfc(left), to_nfc(right)))
                truths[holds].append(self.all_of([left_literal, right_literal]))
        return Truth(self.any_of(truths[True]), self.any_of(truths[False]))


MANY: Final = 1_000_000
"""How far from its other limit the value of a number without limit is."""


class Truth(NamedTuple):
    """A condition: where it is true and where it is false. Where neither holds it is unknown."""

    true: Literal
    false: Literal


ALWAYS: Final = Truth(TRUE, FALSE)
NEVER: Final = Truth(FALSE, TRUE)
UNKNOWN: Final = Truth(FALSE, FALSE)


class Cell:
    """A variable at a place: answered, or missing in one of several ways."""

    def __init__(self, clauses: Clauses, asked: Literal, declines: Iterable[str]) -> None:
        self.clauses = clauses
        self.asked = asked
        self.answered = clauses.make_variable()
        self.declines: Mapping[str, Literal] = {kind: clauses.make_variable() for kind in declines}
        states = [self.answered, *self.declines.values()]
        for state in states:
            clauses.imply(state, asked)
        clauses.require_at_most_one(states)

    def make_variables(self, codes: Iterable[Any]) -> dict[Any, Literal]:
        """Make a variable for each code, which can be true only where there is an answer."""
        literals = {code: self.clauses.make_variable() for code in codes}
        for literal in literals.values():
            self.clauses.imply(literal, self.answered)
        return literals

    def require_answer(self, unless: Literal = FALSE) -> None:
        """Require an answer or a decline where it is asked."""
        self.clauses.imply(self.asked, self.answered, *self.declines.values(), unless)

    def compare(self, sign: str, value: Any) -> Truth:
        """Compare the answer with a constant; unknown where there is none."""
        raise NotImplementedError

    def list_values(self) -> Mapping[Any, Literal] | None:
        """Return each value with its literal where there are few; None where there are many."""
        return None

    def settle(self, true: Literal) -> Truth:
        """Return the truth of something that is true or false wherever there is an answer."""
        true = self.clauses.all_of([true, self.answered])
        return Truth(true, self.clauses.all_of([-true, self.answered]))


class CodedCell(Cell):
    """One of several codes."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], codes: Iterable[Any]
    ) -> None:
        super().__init__(clauses, asked, declines)
        self.values = self.make_variables(codes)
        clauses.imply(self.answered, *self.values.values())
        clauses.require_at_most_one(list(self.values.values()))

    def compare(self, sign: str, value: Any) -> Truth:
        return self.clauses.compare(self.values, sign, {value: TRUE})

    def list_values(self) -> Mapping[Any, Literal]:
        return self.values


class OrderedCell(Cell):
    """A number, or a day or time as a number: literals say whether it is at most some bound."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], *, whole: bool
    ) -> None:
        super().__init__(clauses, asked, declines)
        self.whole = whole
        self.bounds: list[float] = []
        """The bounds that have a literal, in rising order."""
        self._literals: list[Literal] = []
        self.low, self.high = -inf, inf

    def restrict(self, ranges: list[tuple[float, float]]) -> None:
        """Restrict the answer to these ranges, in rising order and apart from each other."""
        ranges = sorted(ranges)
        self.low, self.high = ranges[0][0], max(high for _, high in ranges)
        if self.low > -inf:
            self.clauses.imply(self.answered, -self.at_most(_below(self.low, whole=self.whole)))
        if self.high < inf:
            self.clauses.imply(self.answered, self.at_most(self.high))
        reach = ranges[0][1]
        for low, high in ranges[1:]:
            if low > reach and not (self.whole and low == reach + 1):
                self.clauses.imply(
                    self.answered, self.at_most(reach), -self.at_most(_below(low, whole=self.whole))
                )
            reach = max(reach, high)

    def at_most(self, bound: float) -> Literal:
        """Return the literal that the answer is at most this."""
        if self.whole and bound not in (inf, -inf):
            bound = floor(bound)
        if bound == inf:
            return TRUE
        if bound == -inf:
            return FALSE
        index = bisect_left(self.bounds, bound)
        if index < len(self.bounds) and self.bounds[index] == bound:
            return self._literals[index]
        literal = self.clauses.make_variable()
        if index > 0:
            self.clauses.require(-self._literals[index - 1], literal)
        if index < len(self.bounds):
            self.clauses.require(-literal, self._literals[index])
        self.bounds.insert(index, bound)
        self._literals.insert(index, literal)
        return literal

    def compare(self, sign: str, value: Any) -> Truth:
        if isinstance(value, bool) or not isinstance(value, int | float):
            if sign not in ("==", "!="):
                return UNKNOWN
            return self.settle(TRUE if sign == "!=" else FALSE)  # a text is no number
        at_most, below = self.at_most(value), self.at_most(_below(value, whole=self.whole))
        orders = {"<=": at_most, "<": below, ">": -at_most, ">=": -below}
        if sign in orders:
            return self.settle(orders[sign])
        equal = (
            FALSE
            if self.whole and value != floor(value)
            else self.clauses.all_of([at_most, -below])
        )
        return self.settle(equal if sign == "==" else -equal)

    def list_values(self) -> Mapping[Any, Literal] | None:
        if not self.whole or self.high - self.low > 100:
            return None
        low, high = int(self.low), int(self.high)
        return {value: self.compare("==", value).true for value in range(low, high + 1)}

    def choose(self, holds: Callable[[Literal], bool], wish: float = -inf) -> float:
        """Return the value nearest to a wish that fits the truth of the bounds."""
        low, high = self.low, self.high
        for bound, literal in zip(self.bounds, self._literals, strict=True):
            if holds(literal):
                high = min(high, bound)
            else:
                low = max(low, bound + 1 if self.whole else nextafter(bound, inf))
        value = min(max(wish, low), high)
        if abs(value) < inf:
            return value
        if value > 0 and low > -inf:
            return low + MANY
        if value < 0 and high < inf:
            return high - MANY
        return 0


def _below(bound: float, *, whole: bool) -> float:
    """Return the greatest number that is less than this one."""
    if whole:
        return floor(bound) - 1 if bound == floor(bound) else floor(bound)
    return nextafter(bound, -inf)


class MultipleCell(Cell):
    """Any number of codes."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], codes: Iterable[Any]
    ) -> None:
        super().__init__(clauses, asked, declines)
        self.chosen = self.make_variables(codes)
        self.positions: dict[Any, list[Literal]] = {}
        """Of each code, where it was mentioned first, second, and so on; empty while no condition uses the order."""

    def order(self) -> Mapping[Any, list[Literal]]:
        """Return the positions of each code in the order of mention: each one that is chosen has its own."""
        if not self.positions:
            numbers = range(len(self.chosen))
            self.positions = {
                code: [self.clauses.make_variable() for _ in numbers] for code in self.chosen
            }
            taken = [[own[number] for own in self.positions.values()] for number in numbers]
            for code, own in self.positions.items():
                self.clauses.require_at_most_one(own)
                self.clauses.imply(self.chosen[code], *own)
                for literal in own:
                    self.clauses.imply(literal, self.chosen[code])
            for before, now in zip([[TRUE], *taken], taken, strict=False):
                self.clauses.require_at_most_one(now)
                for literal in now:
                    self.clauses.imply(literal, *before)
        return self.positions

    def contains(self, code: Any) -> Truth:
        return self.settle(self.chosen.get(code, FALSE))


class TurnsCell(MultipleCell):
    """The turns of a roster: which of them exist, where their number is known."""

    def __init__(self, clauses: Clauses, known: Literal, turns: list[Literal]) -> None:
        self.clauses, self.answered, self.declines = clauses, known, {}
        self.chosen = dict(enumerate(turns, 1))


class TextCell(Cell):
    """A text, of which only is known whether it is one of those that conditions name."""

    def __init__(self, clauses: Clauses, asked: Literal, declines: Iterable[str]) -> None:
        super().__init__(clauses, asked, declines)
        self.texts: dict[str, Literal] = {}

    def compare(self, sign: str, value: Any) -> Truth:
        if sign in ("==", "!="):
            equal = self._find(value) if isinstance(value, str) else FALSE
            return self.settle(equal if sign == "==" else -equal)
        return UNKNOWN  # texts have no order

    def _find(self, text: str) -> Literal:
        text = to_nfc(text)
        literal = self.texts.get(text)
        if literal is None:
            literal = self.clauses.make_variable()
            self.clauses.imply(literal, self.answered)
            for other in self.texts.values():
                self.clauses.require(-literal, -other)
            self.texts[text] = literal
        return literal
