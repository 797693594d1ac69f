"""Cells of variables whose amount isn't what was keyed: codes that count as numbers, or as none."""

from collections.abc import Callable, Container, Iterable, Mapping
from enum import Enum, auto

from survey_cli.instrument.amounts import (
    AmountReading,
    Interval,
    compare_intervals,
    merge_amounts,
    to_interval,
)
from survey_cli.instrument.expressions.three_valued_logic import COMPARE
from survey_cli.proof.bracket_cells import BracketCell
from survey_cli.proof.cells import Cell, CodedCell, Constant, OrderedCell
from survey_cli.proof.clauses import Clauses, Literal, Truth
from survey_cli.proof.terms import Alternative, Leaf, Term, list_values
from survey_cli.values import Missing


class AmountForm(Enum):
    """What an expression takes a variable for."""

    CODE = auto()
    """A code: `==` compares it as such, and only `<` and `>` read its amount."""
    AMOUNT = auto()
    """An amount. A constant that is a code without an amount is compared as a code."""
    NUMBER = auto()
    """The number with which can be calculated: an interval, and no amount, are missing."""


class AmountCell(Cell):
    """A variable as an expression reads it, made from the cell of what was keyed.

    The codes that aren't amounts themselves, those of `reading.by_code`, are compared one by one.
    All other answers are compared together: as they were keyed, or converted.
    """

    def __init__(self, keyed: Cell, reading: AmountReading, form: AmountForm) -> None:
        # it has no variables of its own: all of its literals are made from those of `keyed`
        self.clauses: Clauses = keyed.clauses
        self.asked = keyed.asked
        self.answered = keyed.answered
        self.declines = keyed.declines
        self.keyed = keyed
        self.reading = reading
        self.form = form

    @property
    def known(self) -> Literal:
        if self.form is not AmountForm.NUMBER:
            return self.answered
        no_number = [
            literal
            for code, literal in self._list_codes().items()
            if isinstance(self.reading.read(code), Interval | Missing)
        ]
        return self.clauses.all_of([self.answered, *[-literal for literal in no_number]])

    @property
    def has_intervals(self) -> bool:
        """Whether an answer may stand for several amounts."""
        return any(isinstance(amount, Interval) for amount in self.reading.by_code.values())

    def change_form(self, form: AmountForm) -> "AmountCell":
        """Return the same variable, taken for something else."""
        return AmountCell(self.keyed, self.reading, form)

    def compare(self, sign: str, value: Constant) -> Truth:
        if isinstance(value, str | bool):
            return self.keyed.compare(sign, value)
        if self.form is AmountForm.CODE:
            is_equality = sign in ("==", "!=")
            # a bracket compares its limits, which say more than the code of its interval
            if is_equality or isinstance(self.keyed, BracketCell):
                return self.keyed.compare(sign, value)

        true: list[Literal] = []
        false: list[Literal] = []
        codes = self._list_codes()
        for code, literal in codes.items():
            holds = self._compare_code(code, sign, value)
            if holds is True:
                true.append(literal)
            elif holds is False:
                false.append(literal)
            # otherwise it is unknown, and thus neither

        clauses = self.clauses
        others = self._compare_others(sign, value)
        is_other = clauses.all_of([-literal for literal in codes.values()])
        is_true = clauses.any_of([*true, clauses.all_of([is_other, others.true])])
        is_false = clauses.any_of([*false, clauses.all_of([is_other, others.false])])
        return Truth(is_true, is_false)

    def _compare_others(self, sign: str, value: Constant) -> Truth:
        """Compare all answers except the codes of `reading.by_code`."""
        if self.reading.convert is None:
            return self.keyed.compare(sign, value)
        if self.reading.find_keyed is not None and isinstance(self.keyed, OrderedCell):
            assert not isinstance(value, str)
            found = self.reading.find_keyed(sign, value)
            is_found = [self.keyed.is_between(low, high) for low, high in found]
            return self.keyed.settle(self.clauses.any_of(is_found))

        values = self.keyed.list_values()
        if values is None:
            # too many to try each: the solver may choose true, false or unknown
            all_of = self.clauses.all_of
            is_true = self.clauses.make_variable()
            is_known = all_of([self.clauses.make_variable(), self.answered])
            return Truth(all_of([is_known, is_true]), all_of([is_known, -is_true]))

        true: list[Literal] = []
        false: list[Literal] = []
        for keyed, literal in values.items():
            if COMPARE[sign](self.reading.convert(keyed), value):
                true.append(literal)
            else:
                false.append(literal)
        return Truth(self.clauses.any_of(true), self.clauses.any_of(false))

    def _compare_code(self, code: Constant, sign: str, value: int | float) -> bool | None:
        """Return whether the amount of a code fulfills a comparison; None if that is unknown."""
        amount = self.reading.read(code)
        if self.form is AmountForm.NUMBER:
            if isinstance(amount, Interval | Missing):
                return None
            return bool(COMPARE[sign](amount, value))

        if sign in ("==", "!="):
            is_equal = self.reading.make_equation(value)(code)
            if isinstance(is_equal, Missing):
                return None
            return bool(is_equal) is (sign == "==")
        if isinstance(amount, Missing):
            return None
        return compare_intervals(to_interval(amount), sign, to_interval(value))

    def _list_codes(self) -> Mapping[Constant, Literal]:
        """List the codes that aren't amounts themselves, each with the literal that it is keyed."""
        return {code: self.keyed.compare("==", code).true for code in self.reading.by_code}

    def list_values(self) -> Mapping[Constant, Literal] | None:
        return self._read_amounts(self.keyed.list_values())

    def list_usual_values(self) -> tuple[Mapping[Constant, Literal] | None, Literal]:
        values, is_other = self.keyed.list_usual_values()
        return self._read_amounts(values), is_other

    def _read_amounts(
        self, values: Mapping[Constant, Literal] | None
    ) -> Mapping[Constant, Literal] | None:
        """Return the amounts of values that were keyed."""
        if values is None or self.form is AmountForm.CODE:
            return values

        literals: dict[Constant, list[Literal]] = {}
        for keyed, literal in values.items():
            amount = self.reading.read_number(keyed)
            if not isinstance(amount, Missing):
                literals.setdefault(amount, []).append(literal)
        return {amount: self.clauses.any_of(ways) for amount, ways in literals.items()}

    def read(self, true: Container[Literal], wish: float) -> Constant:
        raise NotImplementedError("the answer is read from the cell of what was keyed")


def attach_amounts(term: Term, reading: AmountReading | None) -> Term:
    """Return a variable as expressions read it."""
    if reading is None:
        return term
    found: Term = []
    for guard, leaf in term:
        if isinstance(leaf, Cell):
            is_code = isinstance(leaf, CodedCell) and not reading.has_numbers
            form = AmountForm.CODE if is_code else AmountForm.AMOUNT
            leaf = AmountCell(leaf, reading, form)
        found.append(Alternative(guard, leaf))
    return found


def to_keyed(term: Term) -> Term:
    """Return what was keyed. A calculated number stays what it is."""
    found: Term = []
    for guard, leaf in term:
        if isinstance(leaf, AmountCell) and leaf.form is not AmountForm.NUMBER:
            leaf = leaf.keyed
        found.append(Alternative(guard, leaf))
    return found


def list_full_amounts(leaf: Leaf) -> list[tuple[Interval, Literal]] | None:
    """List the amounts of a leaf, with the literal of each; None if there are too many.

    A number is the interval that contains only it. An answer without an amount is left out.
    """
    keyed: Leaf = leaf
    read: Callable[[Constant], object] | None = None
    if isinstance(leaf, AmountCell):
        # a bracket compares its limits, which say more than its interval
        if isinstance(leaf.keyed, BracketCell):
            return None
        keyed = leaf.keyed
        read = leaf.reading.read
        if leaf.form is AmountForm.NUMBER:
            read = leaf.reading.read_number
    values = list_values(keyed)
    if values is None:
        return None

    amounts = []
    for value, literal in values.items():
        amount: object = value
        if read is not None:
            amount = read(value)
        if isinstance(amount, int | float | Interval):
            amounts.append((to_interval(amount), literal))
    return amounts


def to_numbers(term: Term) -> Term:
    """Return the numbers with which can be calculated."""
    return [Alternative(guard, to_number(leaf)) for guard, leaf in term]


def to_number(leaf: Leaf) -> Leaf:
    """Return a leaf taken for the number with which can be calculated."""
    if isinstance(leaf, AmountCell):
        return leaf.change_form(AmountForm.NUMBER)
    return leaf


def are_codes(terms: Iterable[Term]) -> bool | None:
    """Return whether a choice between terms is a code; None if that can't be told here.

    It is one if all of them are codes, and no code has two amounts.
    """
    leaves = [leaf for term in terms for _, leaf in term]
    lists: list[tuple[Iterable[Constant], AmountReading | None]] = []
    for leaf in leaves:
        match leaf:
            case AmountCell(form=AmountForm.CODE, keyed=CodedCell(values=values)):
                lists.append((values, leaf.reading))
            case CodedCell(values=values):
                lists.append((values, None))
            case Cell():
                return False
            # otherwise the leaf lists the values that a calculation can have
            case _ if len(leaf) == 1:
                return False  # a constant, which needn't be a code
            case _:
                return None
    return merge_amounts(lists) is not None


def reads_amounts(terms: Iterable[Term]) -> bool:
    """Return whether one of the terms is a variable whose amount isn't what was keyed."""
    return any(isinstance(leaf, AmountCell) for term in terms for _, leaf in term)
