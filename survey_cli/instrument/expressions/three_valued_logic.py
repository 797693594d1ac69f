"""Three-valued logic, comparison and arithmetic over answers that may be missing, and the closures that read them.

It knows no syntax and checks nothing.
"""

import operator
from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from typing import Any, Final, NamedTuple, TypeAlias
from unicodedata import normalize

from survey_cli.values import MISSING_PRECEDENCE, NOT_ASKED, NOT_REACHED, Code, Missing

Env: TypeAlias = Mapping[Any, Any]
"""Answers by name, or by (name, turn) in a roster; `#turn` the current turn, `#person` the turns of
the roster `person` so far, `#today` the day of the interview. What is absent is not reached."""
Evaluator: TypeAlias = Callable[[Env], Any]

_RANK: Final = {kind: rank for rank, kind in enumerate(MISSING_PRECEDENCE)}
MAX_NUMBER: Final = 2**63 - 1
"""A result beyond this fits no column of any format: it is missing."""


def _rank(gone: Missing) -> tuple[int, str]:
    return _RANK.get(gone.kind, len(_RANK)), gone.kind


def combine_missing(*cells: Any) -> Missing | None:
    """The missing value that several give together: the first kind present in `MISSING_PRECEDENCE`, then by name.
    None where nothing is missing."""
    gone = [cell for cell in cells if cell.__class__ is Missing]
    return min(gone, key=_rank) if gone else None


def to_nfc(value: Any) -> Any:
    """Text in its composed form, so that the two ways to write é are equal; anything else as it is."""
    return normalize("NFC", value) if value.__class__ is str and not value.isascii() else value


# Truth (Kleene): False and unknown is False, True or unknown is True.


def logical_and(*truths: Any) -> Any:
    if False in truths:
        return False
    gone = combine_missing(*truths)
    return True if gone is None else gone


def logical_or(*truths: Any) -> Any:
    if True in truths:
        return True
    gone = combine_missing(*truths)
    return False if gone is None else gone


def logical_not(truth: Any) -> Any:
    return truth if truth.__class__ is Missing else not truth


def choose(truth: Any, then: Any, otherwise: Any) -> Any:
    """`then if truth else otherwise`: an unknown truth takes `otherwise`."""
    return then if truth is True else otherwise


def to_truth(cell: Any) -> Any:
    """A stored truth: kept as 1 or 0 by some stores."""
    return cell if cell.__class__ is Missing else bool(cell)


# Comparison: with anything not answered it is unknown, and so is ordering a text against a number.

COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def make_comparison(sign: str) -> Callable[[Any, Any], Any]:
    """The comparison as a function of two cells."""
    holds = COMPARE[sign]

    def compare(left: Any, right: Any) -> Any:
        if left.__class__ is Missing or right.__class__ is Missing:
            return combine_missing(left, right)
        try:
            return holds(to_nfc(left), to_nfc(right))
        except TypeError:
            return NOT_ASKED

    return compare


def make_membership(values: frozenset[Any], declines: frozenset[str]) -> Callable[[Any], Any]:
    """Whether a cell is one of `values`, or missing in one of the ways that `declines` names."""

    def is_member(cell: Any) -> Any:
        if cell.__class__ is Missing:
            return True if cell.kind in declines else cell
        return to_nfc(cell) in values

    return is_member


def is_chosen(code: Any, several: Any) -> Any:
    """Whether `code` is among the codes of a multiple."""
    if code.__class__ is Missing or several.__class__ is Missing:
        return combine_missing(code, several)
    return code in several


# Arithmetic: missing if a part is, or if the result is no number that can be kept.


def replace_overflow(number: Any) -> Any:
    """`number`, or not asked where it is infinite, no number, or larger than any column holds."""
    if number.__class__ is float:
        return number if isfinite(number) else NOT_ASKED
    return number if -MAX_NUMBER <= number <= MAX_NUMBER else NOT_ASKED


def _divide(left: Any, right: Any) -> Any:
    return left / right if right else NOT_ASKED


def make_arithmetic(sign: str) -> Callable[[Any, Any], Any]:
    """`+ - * /` as a function of two cells; division by zero gives not asked."""
    result = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": _divide}[sign]

    def calculate(left: Any, right: Any) -> Any:
        if left.__class__ is Missing or right.__class__ is Missing:
            return combine_missing(left, right)
        try:
            number = result(left, right)
            return number if number.__class__ is Missing else replace_overflow(number)
        except (TypeError, ArithmeticError):
            return NOT_ASKED

    return calculate


def negate(cell: Any) -> Any:
    if cell.__class__ is Missing:
        return cell
    return -cell if isinstance(cell, int | float) else NOT_ASKED


# Closures: how a part of a condition reads a mapping. The frequent shapes have one of their own.


def make_constant(value: Any) -> Evaluator:
    return lambda env: value


def make_reader(name: str) -> Evaluator:
    """An ordinary variable."""
    return lambda env: env.get(name, NOT_REACHED)


def make_turn_reader(name: str) -> Evaluator:
    """A roster's item, in the current turn."""
    return lambda env: env.get((name, env["#turn"]), NOT_REACHED)


def make_all_turns_reader(name: str, roster: str) -> Evaluator:
    """A roster's item, in all turns so far; missing where the roster is."""
    turns_of = "#" + roster

    def run(env: Env) -> Any:
        turns = env.get(turns_of, NOT_REACHED)
        if turns.__class__ is Missing:
            return turns
        return tuple([env.get((name, turn), NOT_REACHED) for turn in turns])

    return run


def make_one_turn_reader(name: str, roster: str, which: Evaluator) -> Evaluator:
    """A roster's item, in the turn that `which` gives; not asked where there is no such turn."""
    turns_of = "#" + roster

    def run(env: Env) -> Any:
        turns, turn = env.get(turns_of, NOT_REACHED), which(env)
        if turns.__class__ is Missing or turn.__class__ is Missing:
            return combine_missing(turns, turn)
        return env.get((name, turn), NOT_REACHED) if turn in turns else NOT_ASKED

    return run


class ConstantTest(NamedTuple):
    """An ordinary variable against constants: the shape of most comparisons, and quick for it."""

    name: str
    holds: Callable[[Any], Any]
    """Of an answer, never of a missing value. A TypeError says that it can't be told this way."""


_MIRRORED_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "!=": operator.ne,
    "<": operator.gt,
    "<=": operator.ge,
    ">": operator.lt,
    ">=": operator.le,
}
"""Each sign with its sides exchanged, so that the constant can be bound first."""


def make_comparison_test(name: str, sign: str, value: Any) -> ConstantTest:
    """An ordinary variable against a constant of its own kind."""
    if sign == "==":
        return ConstantTest(name, frozenset((value,)).__contains__)
    return ConstantTest(name, partial(_MIRRORED_COMPARISONS[sign], value))


def make_membership_test(name: str, values: frozenset[Any]) -> ConstantTest:
    """An ordinary variable in a list of constants, none of them a text that could be written in two ways."""
    return ConstantTest(name, values.__contains__)


def make_inclusion_test(code: Code, name: str) -> ConstantTest:
    """A constant code in a multiple."""
    return ConstantTest(name, lambda several: code in several)


def make_answered_reader(name: str) -> Evaluator:
    return lambda env: env.get(name, NOT_REACHED).__class__ is not Missing


def make_test_evaluator(test: ConstantTest, otherwise: Evaluator) -> Evaluator:
    """Whether the variable passes; what `otherwise` says where the test can't tell."""
    name, holds = test

    def run(env: Env) -> Any:
        cell = env.get(name, NOT_REACHED)
        try:
            return cell if cell.__class__ is Missing else holds(cell)
        except TypeError:
            return otherwise(env)

    return run


def make_all_tests_evaluator(tests: tuple[ConstantTest, ...], otherwise: Evaluator) -> Evaluator:
    """Whether all tests are passed: `logical_and` them, in one go."""

    def run(env: Env) -> Any:
        gone = None
        try:
            for name, holds in tests:
                cell = env.get(name, NOT_REACHED)
                if cell.__class__ is Missing:
                    gone = cell if gone is None else combine_missing(gone, cell)
                elif not holds(cell):
                    return False
        except TypeError:
            return otherwise(env)
        return True if gone is None else gone

    return run


def make_any_test_evaluator(tests: tuple[ConstantTest, ...], otherwise: Evaluator) -> Evaluator:
    """Whether one test at least is passed: `logical_or` them, in one go."""

    def run(env: Env) -> Any:
        gone = None
        try:
            for name, holds in tests:
                cell = env.get(name, NOT_REACHED)
                if cell.__class__ is Missing:
                    gone = cell if gone is None else combine_missing(gone, cell)
                elif holds(cell):
                    return True
        except TypeError:
            return otherwise(env)
        return False if gone is None else gone

    return run


def make_conjunction(parts: list[Evaluator]) -> Evaluator:
    """`logical_and` what the parts are worth; none is looked at after a false one."""

    def run(env: Env) -> Any:
        gone = None
        for part in parts:
            truth = part(env)
            if truth is False:
                return False
            if truth is not True:
                gone = truth if gone is None else combine_missing(gone, truth)
        return True if gone is None else gone

    return run


def make_disjunction(parts: list[Evaluator]) -> Evaluator:
    """`logical_or` what the parts are worth; none is looked at after a true one."""

    def run(env: Env) -> Any:
        gone = None
        for part in parts:
            truth = part(env)
            if truth is True:
                return True
            if truth is not False:
                gone = truth if gone is None else combine_missing(gone, truth)
        return False if gone is None else gone

    return run


def make_application(function: Callable[..., Any], parts: list[Evaluator]) -> Evaluator:
    """`function` of what the parts are worth."""
    match parts:
        case [one]:
            return lambda env: function(one(env))
        case [left, right]:
            return lambda env: function(left(env), right(env))
        case _:
            return lambda env: function(*[part(env) for part in parts])


def make_application_by_turn(
    function: Callable[..., Any], parts: list[Evaluator], listed: list[bool]
) -> Evaluator:
    """`function` turn by turn: the parts marked in `listed` give one cell for each turn, the others one for
    all. A roster that is missing as a whole gives that missing value."""

    def run(env: Env) -> Any:
        cells = [part(env) for part in parts]
        lists = [cell for cell, many in zip(cells, listed, strict=True) if many]
        gone = combine_missing(*lists)
        if gone is not None:
            return gone
        return tuple(
            [
                function(*[cell[at] if many else cell for cell, many in zip(cells, listed, strict=True)])
                for at in range(len(lists[0]))
            ]
        )

    return run
