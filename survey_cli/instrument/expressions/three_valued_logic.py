"""Three-valued logic, comparison and arithmetic over answers that may be missing.

Its evaluators are closures that read what is known. It knows no syntax and checks nothing.
"""

# An interview evaluates conditions at every key. That is why
# - `cell.__class__ is Missing` is written here instead of `isinstance`, which takes twice as long
#   for an answer;
# - cells are `Any`: the expression checker has made sure which types can meet.

import operator
from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from math import isfinite
from typing import Any, Final, NamedTuple, TypeAlias
from unicodedata import normalize

from survey_cli.instrument.expressions.known import Known
from survey_cli.values import (
    MISSING_PRECEDENCE,
    NO_AMOUNT,
    NOT_ASKED,
    NOT_REACHED,
    Code,
    Missing,
)

Evaluator: TypeAlias = Callable[[Known], Any]
"""Returns a cell, a truth value, or a tuple of them over the turns of a roster."""

_RANK: Final = {kind: rank for rank, kind in enumerate(MISSING_PRECEDENCE)}
MAX_NUMBER: Final = 2**63 - 1
"""A result beyond this fits no column of any format and becomes missing."""


def _rank(missing: Missing) -> tuple[int, str]:
    if missing.kind == NO_AMOUNT.kind:
        return len(_RANK) + 1, missing.kind  # the only one that follows an answer
    return _RANK.get(missing.kind, len(_RANK)), missing.kind


def combine_missing(*cells: Any) -> Missing | None:
    """Combine the missing values among cells into one; None if none is missing.

    The first kind present in `MISSING_PRECEDENCE` wins, then the first by name, then `NO_AMOUNT`.
    """
    missing = [cell for cell in cells if cell.__class__ is Missing]
    if not missing:
        return None
    return min(missing, key=_rank)


def to_nfc(value: Any) -> Any:
    """Return a text in composed form, so that both encodings of é are equal."""
    if value.__class__ is str and not value.isascii():
        return normalize("NFC", value)
    return value


# Truth values (Kleene): False and unknown is False, True or unknown is True.


def _make_logical_operator(*, decisive: bool) -> Callable[..., Any]:
    """Make `and`, which one False decides, or `or`, which one True decides."""

    def join(*truths: Any) -> Any:
        if decisive in truths:
            return decisive
        missing = combine_missing(*truths)
        if missing is not None:
            return missing
        return not decisive

    return join


logical_and: Final = _make_logical_operator(decisive=False)
logical_or: Final = _make_logical_operator(decisive=True)


def logical_not(truth: Any) -> Any:
    if truth.__class__ is Missing:
        return truth
    return not truth


def choose(truth: Any, then: Any, otherwise: Any) -> Any:
    """Return `then` if the truth value is true, else `otherwise`, also if it is unknown."""
    return then if truth is True else otherwise


def choose_if_known(truth: Any, then: Any, otherwise: Any) -> Any:
    """Return `then` if the truth value is true, else `otherwise`; missing if it is unknown."""
    if truth.__class__ is Missing:
        return truth
    return then if truth is True else otherwise


def to_truth(cell: Any) -> Any:
    """Convert a stored truth value, which some databases keep as 1 or 0."""
    if cell.__class__ is Missing:
        return cell
    return bool(cell)


# Comparison: unknown if an operand has no answer, or if a text is ordered against a number.

COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED_SIGNS: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
"""The sign that means the same if the operands are exchanged."""


def make_comparison(sign: str) -> Callable[[Any, Any], Any]:
    """Make a comparison of two cells. Its result is missing if one of them is."""
    holds = COMPARE[sign]

    def compare(left: Any, right: Any) -> Any:
        if left.__class__ is Missing or right.__class__ is Missing:
            return combine_missing(left, right)
        try:
            return holds(to_nfc(left), to_nfc(right))
        except TypeError:  # such as a date and a partial date, which is a text
            return NOT_ASKED

    return compare


def make_membership(values: frozenset[Any], declines: frozenset[str]) -> Callable[[Any], Any]:
    """Make a test whether a cell is one of `values`, or missing as one of `declines`."""

    def is_member(cell: Any) -> Any:
        if cell.__class__ is not Missing:
            return to_nfc(cell) in values
        if cell.kind in declines:
            return True
        return cell

    return is_member


def make_equations(
    equations: Sequence[Callable[[Any], Any]], declines: frozenset[str]
) -> Callable[[Any], Any]:
    """Make a test whether one of the equations holds, or a cell is missing as one of `declines`."""

    def is_member(cell: Any) -> Any:
        if cell.__class__ is Missing:
            return True if cell.kind in declines else cell
        return logical_or(*[equation(cell) for equation in equations])

    return is_member


def is_chosen(code: Any, chosen_codes: Any) -> Any:
    """Return whether `code` is chosen in a multiple."""
    if code.__class__ is Missing or chosen_codes.__class__ is Missing:
        return combine_missing(code, chosen_codes)
    return code in chosen_codes


# Arithmetic: missing if an operand is, or if the result is not a number that can be stored.


def replace_overflow(number: Any) -> Any:
    """Return `number`, or not asked if it isn't finite, or is too large for any column."""
    if number.__class__ is float:
        can_be_stored = isfinite(number)
    else:
        can_be_stored = -MAX_NUMBER <= number <= MAX_NUMBER
    return number if can_be_stored else NOT_ASKED


_CALCULATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def make_arithmetic(sign: str) -> Callable[[Any, Any], Any]:
    """Make `+ - * / // %` as a function of two cells. A division by zero is not asked.

    `//` rounds down, and the remainder of `%` has the sign of the divisor, as in Python.
    """
    calculate = _CALCULATIONS[sign]

    def run(left: Any, right: Any) -> Any:
        if left.__class__ is Missing or right.__class__ is Missing:
            return combine_missing(left, right)
        try:
            return replace_overflow(calculate(left, right))
        except (TypeError, ArithmeticError):
            return NOT_ASKED

    return run


def negate(cell: Any) -> Any:
    if cell.__class__ is Missing:
        return cell
    if not isinstance(cell, int | float):
        return NOT_ASKED
    return -cell


# Closures that evaluate parts of a condition, with special ones for frequent forms. They read the
# dictionaries of `Known` themselves: a call of one of its methods would take longer than the rest.


def make_constant(value: Any) -> Evaluator:
    return lambda _known: value


def make_reader(name: str) -> Evaluator:
    """Make an evaluator that reads an ordinary variable."""
    return lambda known: known.values.get(name, NOT_REACHED)


def make_turn_reader(name: str) -> Evaluator:
    """Make an evaluator that reads a roster item in the current turn."""
    return lambda known: known.values_by_turn.get((name, known.turn), NOT_REACHED)


def make_all_turns_reader(name: str, roster: str) -> Evaluator:
    """Make an evaluator that reads a roster item in all turns so far; missing if the roster is."""

    def run(known: Known) -> Any:
        turns = known.turns_of(roster)
        if isinstance(turns, Missing):
            return turns

        values = known.values_by_turn
        return tuple([values.get((name, turn), NOT_REACHED) for turn in turns])

    return run


def make_one_turn_reader(name: str, roster: str, which: Evaluator) -> Evaluator:
    """Make an evaluator that reads a roster item in the turn that `which` returns.

    It is not asked if the roster has no such turn.
    """

    def run(known: Known) -> Any:
        turns = known.turns_of(roster)
        turn = which(known)
        if isinstance(turns, Missing) or isinstance(turn, Missing):
            return combine_missing(turns, turn)
        if turn not in turns:
            return NOT_ASKED
        return known.values_by_turn.get((name, turn), NOT_REACHED)

    return run


def make_turn_test(roster: str, which: Evaluator) -> Evaluator:
    """Make an evaluator of whether a roster has the turn that `which` returns.

    While an open answer decides about further turns, a turn that isn't there is not reached.
    """

    def run(known: Known) -> Any:
        turns = known.turns_of(roster)
        turn = which(known)
        if isinstance(turns, Missing) or isinstance(turn, Missing):
            return combine_missing(turns, turn)
        if turn in turns:
            return True
        if known.may_have_more_turns(roster):
            return NOT_REACHED
        return False

    return run


class ConstantTest(NamedTuple):
    """A comparison of an ordinary variable with constants, the most frequent form."""

    name: str
    holds: Callable[[Any], Any]
    """Receives an answer, never a missing value. On a TypeError the general form decides."""


def make_comparison_test(name: str, sign: str, value: Any) -> ConstantTest:
    """Make a test that compares an ordinary variable with a constant of its own kind."""
    if sign == "==":
        # a set finds a text faster than `operator.eq` compares it
        return ConstantTest(name, frozenset((value,)).__contains__)

    # partial fixes the left operand, so that the value stands there and the sign is mirrored
    return ConstantTest(name, partial(COMPARE[MIRRORED_SIGNS[sign]], value))


def make_membership_test(name: str, values: frozenset[Any]) -> ConstantTest:
    """Make a test that looks for a variable in a list of constants.

    Neither side is brought into composed form, as `make_membership` does.
    """
    return ConstantTest(name, values.__contains__)


def make_inclusion_test(code: Code, name: str) -> ConstantTest:
    """Make a test that looks for a constant code in a multiple."""
    return ConstantTest(name, lambda chosen_codes: code in chosen_codes)


def make_answered_reader(name: str) -> Evaluator:
    return lambda known: known.values.get(name, NOT_REACHED).__class__ is not Missing


def make_test_evaluator(test: ConstantTest, otherwise: Evaluator) -> Evaluator:
    """Make an evaluator of one test; `otherwise` decides if the test can't."""
    name, holds = test

    def run(known: Known) -> Any:
        cell = known.values.get(name, NOT_REACHED)
        if cell.__class__ is Missing:
            return cell
        try:
            return holds(cell)
        except TypeError:
            return otherwise(known)

    return run


def make_tests_evaluator(
    tests: tuple[ConstantTest, ...], otherwise: Evaluator, *, conjunction: bool
) -> Evaluator:
    """Make an evaluator of `logical_and`, or of `logical_or`, over several tests."""

    def run(known: Known) -> Any:
        missing = None
        values = known.values
        try:
            for name, holds in tests:
                cell = values.get(name, NOT_REACHED)
                if cell.__class__ is Missing:
                    missing = combine_missing(missing, cell)
                elif holds(cell) is not conjunction:
                    return not conjunction
        except TypeError:
            return otherwise(known)

        if missing is not None:
            return missing
        return conjunction

    return run


def make_junction(parts: list[Evaluator], *, conjunction: bool) -> Evaluator:
    """Make an evaluator of `logical_and` (or `logical_or`).

    It evaluates no part after a false (true) one.
    """

    def run(known: Known) -> Any:
        missing = None
        for part in parts:
            truth = part(known)
            if truth.__class__ is Missing:
                missing = combine_missing(missing, truth)
            elif truth is not conjunction:
                return not conjunction

        if missing is not None:
            return missing
        return conjunction

    return run


def make_application(function: Callable[..., Any], parts: list[Evaluator]) -> Evaluator:
    """Make an evaluator that applies `function` to the values of the parts."""
    match parts:
        case [one]:
            return lambda known: function(one(known))
        case [left, right]:
            return lambda known: function(left(known), right(known))
        case _:
            return lambda known: function(*[part(known) for part in parts])


def make_application_by_turn(
    function: Callable[..., Any], parts: list[Evaluator], is_list: list[bool]
) -> Evaluator:
    """Make an evaluator that applies `function` turn by turn.

    The parts marked in `is_list` have one cell per turn, the others one for all turns. If a roster
    is missing as a whole, the result is that missing value.
    """

    def run(known: Known) -> Any:
        columns: list[Any] = []
        missing = None
        for part, has_cell_per_turn in zip(parts, is_list, strict=True):
            cells = part(known)
            if not has_cell_per_turn:
                columns.append(repeat(cells))
            elif cells.__class__ is Missing:
                missing = combine_missing(missing, cells)
            else:
                columns.append(cells)

        if missing is not None:
            return missing
        return tuple(map(function, *columns))

    return run
