"""Cells: what the answer to one item, or the value of one sample column, can be, as literals."""

from bisect import bisect_left
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from itertools import product
from math import floor, inf, nextafter
from typing import Final, TypeAlias

from survey_cli.instrument.expressions.three_valued_logic import COMPARE, to_nfc
from survey_cli.proof.clauses import FALSE, TRUE, UNKNOWN, Clauses, Literal, Truth
from survey_cli.values import Code

Constant: TypeAlias = bool | int | float | str
"""What conditions compare with, and calculate with: a code, a number, a text, a truth value."""

FAR: Final = 1_000_000
"""How far from its limit a number of a witness is if it should be large and has no other limit."""
MAX_LISTED: Final = 100
"""The widest range of whole numbers that is listed value by value."""
OTHER_TEXT: Final = "something else"
"""The answer of a witness that is none of the texts that conditions name."""


def compare_values(
    clauses: Clauses,
    lefts: Mapping[Constant, Literal],
    sign: str,
    rights: Mapping[Constant, Literal],
) -> Truth:
    """Compare every value on the left with every one on the right."""
    true: list[Literal] = []
    false: list[Literal] = []
    for (left, is_left), (right, is_right) in product(lefts.items(), rights.items()):
        with suppress(TypeError):  # a text has no order with a number: unknown
            holds = COMPARE[sign](to_nfc(left), to_nfc(right))
            both = clauses.all_of([is_left, is_right])
            if holds:
                true.append(both)
            else:
                false.append(both)
    is_true = clauses.any_of(true)
    is_false = clauses.any_of(false)
    return Truth(is_true, is_false)


class Cell:
    """A variable at one place: an item in one turn of its roster, or a column of the sample.

    If it is asked, it is answered or missing. A subclass says what the answer is: it has literals
    that can be true only if the cell is answered, and overrides `compare` and `read`, and
    `list_values` if there are few of them:

        class SwitchCell(Cell):
            def __init__(self, clauses: Clauses, asked: Literal) -> None:
                super().__init__(clauses, asked, declines=())
                self.on = self.make_variables(["on"])["on"]

            def compare(self, sign: str, value: Constant) -> Truth:
                is_on = self.settle(self.on)
                return is_on if (sign, value) == ("==", "on") else UNKNOWN

            def read(self, true: Container[Literal], wish: float) -> Constant:
                return "on" if self.on in true else "off"
    """

    def __init__(self, clauses: Clauses, asked: Literal, declines: Iterable[str]) -> None:
        self.clauses = clauses
        self.asked = asked
        self.answered = clauses.make_variable()
        self.declines: Mapping[str, Literal] = {kind: clauses.make_variable() for kind in declines}
        states = [self.answered, *self.declines.values()]
        for state in states:
            clauses.imply(state, asked)
        clauses.require_at_most_one(states)

    @property
    def known(self) -> Literal:
        """The literal that an expression has a value from it."""
        return self.answered

    def make_variables(self, codes: Iterable[Code]) -> dict[Code, Literal]:
        """Make a variable for each code, which can be true only if there is an answer."""
        literals = {code: self.clauses.make_variable() for code in codes}
        for literal in literals.values():
            self.clauses.imply(literal, self.answered)
        return literals

    def require_answer(self, unless: Literal = FALSE) -> None:
        """Require an answer or a decline if it is asked."""
        self.clauses.imply(self.asked, self.answered, *self.declines.values(), unless)

    def compare(self, sign: str, value: Constant) -> Truth:
        """Compare the answer with a constant. The result is unknown without an answer."""
        raise NotImplementedError

    def list_values(self) -> Mapping[Constant, Literal] | None:
        """Return each possible value with its literal; None if there are too many."""
        return None

    def list_usual_values(self) -> tuple[Mapping[Constant, Literal] | None, Literal]:
        """Return the values to calculate with, and the literal that the answer is another one.

        There are no other ones if `list_values` returns all.
        """
        return self.list_values(), FALSE

    def read(self, true: Container[Literal], wish: float, /) -> Constant | tuple[Code, ...]:
        """Return the answer in a solution of the solver, of which these literals are true.

        If the solution permits several numbers, it is the one nearest to `wish`.
        """
        raise NotImplementedError

    def settle(self, true: Literal) -> Truth:
        """Return the truth of something that is true or false whenever there is an answer."""
        is_true = self.clauses.all_of([true, self.answered])
        is_false = self.clauses.all_of([-is_true, self.answered])
        return Truth(is_true, is_false)


class CodedCell(Cell):
    """One of several codes."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], codes: Iterable[Code]
    ) -> None:
        super().__init__(clauses, asked, declines)
        self.values: Mapping[Constant, Literal] = dict(self.make_variables(codes).items())
        clauses.imply(self.answered, *self.values.values())
        clauses.require_at_most_one(list(self.values.values()))

    def compare(self, sign: str, value: Constant) -> Truth:
        return compare_values(self.clauses, self.values, sign, {value: TRUE})

    def list_values(self) -> Mapping[Constant, Literal]:
        return self.values

    def read(self, true: Container[Literal], _wish: float) -> Constant:
        return next(code for code, literal in self.values.items() if literal in true)


class OrderedCell(Cell):
    """A number, or a day or time as a number.

    It has no literal for each number, of which there may be very many. Its literals say whether the
    answer is at most some bound, and are made as conditions need them.
    """

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], *, whole: bool
    ) -> None:
        super().__init__(clauses, asked, declines)
        self.whole = whole
        self.bounds: list[float] = []
        """The bounds that have a literal, in rising order."""
        self._literals: list[Literal] = []
        """For each bound, the literal that the answer is at most this."""
        self.low = -inf
        self.high = inf
        self.usual_high = inf
        """The highest number that a limit permits if it is known. An unknown one limits nothing."""

    def restrict(self, ranges: list[tuple[float, float]]) -> None:
        """Restrict the answer to these ranges, of which some may overlap."""
        ranges = sorted(ranges)
        self.low = ranges[0][0]
        self.high = max(high for _, high in ranges)
        if self.low > -inf:
            self.clauses.imply(self.answered, -self.at_most(_find_below(self.low, self.whole)))
        if self.high < inf:
            self.clauses.imply(self.answered, self.at_most(self.high))

        reached = ranges[0][1]
        for low, high in ranges[1:]:
            is_next = self.whole and low == reached + 1
            if low > reached and not is_next:
                # the answer is not in the gap between two ranges
                self.clauses.imply(
                    self.answered,
                    self.at_most(reached),
                    -self.at_most(_find_below(low, self.whole)),
                )
            reached = max(reached, high)

    def at_most(self, bound: float) -> Literal:
        """Return the literal that the answer is at most this."""
        if bound == inf:
            return TRUE
        if bound == -inf:
            return FALSE
        if self.whole:
            bound = floor(bound)
        index = bisect_left(self.bounds, bound)
        if index < len(self.bounds) and self.bounds[index] == bound:
            return self._literals[index]

        # what is at most the bound before is at most this one, and so on
        literal = self.clauses.make_variable()
        if index > 0:
            self.clauses.require(-self._literals[index - 1], literal)
        if index < len(self.bounds):
            self.clauses.require(-literal, self._literals[index])
        self.bounds.insert(index, bound)
        self._literals.insert(index, literal)
        return literal

    def is_between(self, low: float, high: float) -> Literal:
        """Return the literal that the answer is one of these numbers, both limits included."""
        below = self.at_most(_find_below(low, self.whole))
        return self.clauses.all_of([-below, self.at_most(high)])

    def compare(self, sign: str, value: Constant) -> Truth:
        if isinstance(value, bool | str):
            return self._compare_with_other_kind(sign)

        at_most = self.at_most(value)
        below = self.at_most(_find_below(value, self.whole))
        match sign:
            case "<=":
                return self.settle(at_most)
            case "<":
                return self.settle(below)
            case ">":
                return self.settle(-at_most)
            case ">=":
                return self.settle(-below)

        equal = self.clauses.all_of([at_most, -below])
        if self.whole and value != floor(value):
            equal = FALSE
        if sign == "==":
            return self.settle(equal)
        return self.settle(-equal)

    def _compare_with_other_kind(self, sign: str) -> Truth:
        """Compare with a text or a truth value, which is no number and has no order with one."""
        match sign:
            case "==":
                return self.settle(FALSE)
            case "!=":
                return self.settle(TRUE)
            case _:
                return UNKNOWN

    def list_values(self) -> Mapping[Constant, Literal] | None:
        return self._list_up_to(self.high)

    def list_usual_values(self) -> tuple[Mapping[Constant, Literal] | None, Literal]:
        values = self.list_values()
        if values is not None or self.usual_high >= self.high:
            return values, FALSE
        is_beyond = self.clauses.all_of([self.answered, -self.at_most(self.usual_high)])
        return self._list_up_to(self.usual_high), is_beyond

    def _list_up_to(self, high: float) -> Mapping[Constant, Literal] | None:
        if not self.whole or high - self.low > MAX_LISTED:
            return None
        numbers = range(int(self.low), floor(high) + 1)
        return {number: self.compare("==", number).true for number in numbers}

    def read(self, true: Container[Literal], wish: float) -> Constant:
        number = self.choose(true, wish)
        if number == int(number):
            return int(number)
        return number

    def choose(self, true: Container[Literal], wish: float) -> float:
        """Return the number nearest to a wish that fits the truth of the bounds."""
        low = self.low
        high = self.high
        for bound, literal in zip(self.bounds, self._literals, strict=True):
            if literal in true:
                high = min(high, bound)
            elif self.whole:
                low = max(low, bound + 1)
            else:
                low = max(low, nextafter(bound, inf))
        return _find_nearest(wish, low, high)


def _find_nearest(wish: float, low: float, high: float) -> float:
    """Return the number between two limits that is nearest to a wish, which may be infinite."""
    nearest = min(max(wish, low), high)
    if abs(nearest) < inf:
        return nearest
    if nearest > 0 and low > -inf:
        return low + FAR
    if nearest < 0 and high < inf:
        return high - FAR
    return 0


def _find_below(bound: float, whole: bool) -> float:
    """Return the greatest number that is less than this one."""
    if not whole:
        return nextafter(bound, -inf)
    if bound == floor(bound):
        return floor(bound) - 1
    return floor(bound)


class MultipleCell(Cell):
    """Any number of codes."""

    def __init__(
        self, clauses: Clauses, asked: Literal, declines: Iterable[str], codes: Iterable[Code]
    ) -> None:
        super().__init__(clauses, asked, declines)
        self.chosen: Mapping[Code, Literal] = self.make_variables(codes)
        self.positions: dict[Code, list[Literal]] = {}
        """For each code, literals that it was mentioned first, second, and so on.

        It is empty while no condition uses the order.
        """

    def order(self) -> Mapping[Code, list[Literal]]:
        """Return the positions of each code in the order of mention.

        Every code that is chosen has one position, and none is skipped.
        """
        if self.positions:
            return self.positions

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

        before = [TRUE]
        for now in taken:
            self.clauses.require_at_most_one(now)
            for literal in now:
                self.clauses.imply(literal, *before)
            before = now
        return self.positions

    def contains(self, code: Code) -> Truth:
        """Return whether a code was chosen."""
        return self.settle(self.chosen.get(code, FALSE))

    def read(self, true: Container[Literal], _wish: float) -> tuple[Code, ...]:
        codes = [code for code, literal in self.chosen.items() if literal in true]
        if self.positions:
            codes.sort(key=lambda code: self._find_position(code, true))
        return tuple(codes)

    def _find_position(self, code: Code, true: Container[Literal]) -> int:
        literals = self.positions[code]
        return next(number for number, literal in enumerate(literals) if literal in true)


class TurnsCell(MultipleCell):
    """The turns of a roster: which of them exist, if their number is known."""

    def __init__(self, clauses: Clauses, known: Literal, turns: list[Literal]) -> None:
        # nothing is asked of it, so that it needs no variables of its own
        self.clauses = clauses
        self.answered = known
        self.declines = {}
        self.chosen = dict(enumerate(turns, 1))
        self.positions = {}


class TextCell(Cell):
    """A text: one of those that conditions name, or any other."""

    def __init__(self, clauses: Clauses, asked: Literal, declines: Iterable[str]) -> None:
        super().__init__(clauses, asked, declines)
        self.texts: dict[str, Literal] = {}

    def compare(self, sign: str, value: Constant) -> Truth:
        if sign not in ("==", "!="):
            return UNKNOWN  # texts have no order
        equal = FALSE
        if isinstance(value, str):
            equal = self._find(value)
        if sign == "==":
            return self.settle(equal)
        return self.settle(-equal)

    def read(self, true: Container[Literal], _wish: float) -> str:
        for text, literal in self.texts.items():
            if literal in true:
                return text
        return OTHER_TEXT

    def _find(self, text: str) -> Literal:
        """Return the literal that the answer is this text."""
        text = to_nfc(text)
        literal = self.texts.get(text)
        if literal is not None:
            return literal

        literal = self.clauses.make_variable()
        self.clauses.imply(literal, self.answered)
        for other in self.texts.values():
            self.clauses.require(-literal, -other)
        self.texts[text] = literal
        return literal
