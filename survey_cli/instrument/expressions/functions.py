"""Functions of conditions: a fixed table of names, signatures and implementations.

A file can't add to it.
"""

from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.expressions.three_valued_logic import (
    combine_missing,
    replace_overflow,
    to_nfc,
)
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, Missing

ArgumentKind: TypeAlias = Literal[
    "item", "truths", "numbers", "comparable", "number", "text", "dates", "mentions", "nothing"
]
"""`item`: a variable itself; `truths`, `numbers`, `comparable`: any number of values, or a list."""


class Function(NamedTuple):
    """One row of the table."""

    signature: str
    """As it is displayed to the designer."""
    argument_kind: ArgumentKind
    min_arguments: int
    max_arguments: int
    apply: Callable[..., Any]
    """Maps cells to a cell. Functions over lists receive one flat tuple."""

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]


def flatten(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return several arguments as one tuple: a list contributes each of its turns."""
    return tuple(
        [cell for each in arguments for cell in (each if each.__class__ is tuple else (each,))]
    )


def _count_truths(truths: tuple[Any, ...]) -> Any:
    """Count what is true. Declined and not asked don't count; while one is not reached, the count is not reached."""
    return NOT_REACHED if NOT_REACHED in truths else sum(1 for truth in truths if truth is True)


def count_codes(codes: Any) -> Any:
    """Count the codes chosen in a multiple."""
    return codes if codes.__class__ is Missing else len(codes)


def _add_up(numbers: tuple[Any, ...]) -> Any:
    return replace_overflow(sum(numbers))


def _average(numbers: tuple[Any, ...]) -> Any:
    return replace_overflow(sum(numbers) / len(numbers))


def round_half_away(number: Any, digits: Any = 0) -> Any:
    """Round half away from zero: 2.5 becomes 3, −2.5 becomes −3. The result is whole unless `digits` is given."""
    if number.__class__ is Missing or digits.__class__ is Missing:
        return combine_missing(number, digits)
    try:
        exact = Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        return replace_overflow(float(exact) if digits > 0 else int(exact))
    except (TypeError, ValueError, ArithmeticError):
        return number if isinstance(number, int | float) else NOT_ASKED


def count_characters(text: Any) -> Any:
    """Count the characters of a text."""
    return text if text.__class__ is Missing else len(str(to_nfc(text)))


def contains_text(text: Any, word: Any) -> Any:
    """Return whether a text contains another one, in capitals or not."""
    if text.__class__ is Missing or word.__class__ is Missing:
        return combine_missing(text, word)
    return str(to_nfc(word)).casefold() in str(to_nfc(text)).casefold()


def find_first_mention(codes: Any) -> Any:
    """Return the code that was mentioned first; not asked if none was."""
    if codes.__class__ is Missing:
        return codes
    return codes[0] if codes else NOT_ASKED


def find_rank(codes: Any, code: Any) -> Any:
    """Return the position of a code in the order of mention, from 1; not asked if it was not mentioned."""
    if codes.__class__ is Missing or code.__class__ is Missing:
        return combine_missing(codes, code)
    return codes.index(code) + 1 if code in codes else NOT_ASKED


def _count_between(count: Callable[[date, date], int]) -> Callable[[Any, Any], Any]:
    """Make a function that counts from one date to another, negative if the second comes first."""

    def run(start: Any, end: Any) -> Any:
        if start.__class__ is Missing or end.__class__ is Missing:
            return combine_missing(start, end)
        if not isinstance(start, date) or not isinstance(end, date):
            return DK  # a partial date: the day, or also the month, was not known
        return -count(end, start) if end < start else count(start, end)

    return run


def _count_full_months(start: date, end: date) -> int:
    """Count full months. One that began on the 31st is complete after a month of 30 days, on its next day."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


count_years_between = _count_between(lambda start, end: _count_full_months(start, end) // 12)
"""Counts full years. A person born on 29 February completes a year on 1 March if the year has no such day."""


def is_answered(cell: Any) -> bool:
    return cell.__class__ is not Missing


def is_declined(cell: Any) -> bool:
    """Return whether it is don't know, refused, or any other decline."""
    return cell.__class__ is Missing and cell.kind not in ("not_asked", "not_reached")


def _make_state_check(kind: str) -> Callable[[Any], bool]:
    return lambda cell: cell.__class__ is Missing and cell.kind == kind


MAX_ARGUMENTS: Final = 400
"""More arguments than a condition can contain."""


def _define_list_function(
    signature: str,
    kind: ArgumentKind,
    function: Callable[[tuple[Any, ...]], Any],
    *,
    answered_only: bool = False,
) -> Function:
    """Define a function of any number of cells: its result is missing if one of them is, or, of the answered ones, all.

    Not asked if it has no result: no cells, cells of different kinds, a number too large.
    """

    def run(cells: tuple[Any, ...]) -> Any:
        answered = tuple([cell for cell in cells if cell.__class__ is not Missing])
        if len(answered) < len(cells) and not (answered_only and answered):
            return combine_missing(*cells)
        try:
            return function(answered)
        except (TypeError, ValueError, ArithmeticError):
            return NOT_ASKED

    return Function(signature, kind, 1, MAX_ARGUMENTS, run)


_TABLE: Final = (
    Function("answered(item)", "item", 1, 1, is_answered),
    Function("dk(item)", "item", 1, 1, _make_state_check("dk")),
    Function("refused(item)", "item", 1, 1, _make_state_check("refused")),
    Function("declined(item)", "item", 1, 1, is_declined),
    Function("count(condition, …) or count(multiple)", "truths", 1, MAX_ARGUMENTS, _count_truths),
    _define_list_function("sum(number, number, …) or sum(roster.item)", "numbers", _add_up),
    _define_list_function("mean(number, number, …) or mean(roster.item)", "numbers", _average),
    _define_list_function(
        "sum_answered(number, number, …) or sum_answered(roster.item)",
        "numbers",
        _add_up,
        answered_only=True,
    ),
    _define_list_function(
        "mean_answered(number, number, …) or mean_answered(roster.item)",
        "numbers",
        _average,
        answered_only=True,
    ),
    _define_list_function("min(value, value, …) or min(roster.item)", "comparable", min),
    _define_list_function("max(value, value, …) or max(roster.item)", "comparable", max),
    Function("round(number) or round(number, digits)", "number", 1, 2, round_half_away),
    Function("length(text)", "text", 1, 1, count_characters),
    Function("years_between(date, date)", "dates", 2, 2, count_years_between),
    Function("months_between(date, date)", "dates", 2, 2, _count_between(_count_full_months)),
    Function(
        "days_between(date, date)",
        "dates",
        2,
        2,
        _count_between(lambda start, end: (end - start).days),
    ),
    Function("contains(text, 'word')", "text", 2, 2, contains_text),
    Function("first(multiple)", "mentions", 1, 1, find_first_mention),
    Function("rank(multiple, code)", "mentions", 2, 2, find_rank),
    Function("elapsed()", "nothing", 0, 0, lambda: NOT_ASKED),
    Function("today()", "nothing", 0, 0, lambda: NOT_ASKED),
)
FUNCTIONS: Final[dict[str, Function]] = {function.name: function for function in _TABLE}
