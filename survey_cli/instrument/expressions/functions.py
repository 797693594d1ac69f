"""Functions of conditions: a fixed table of names, signatures and implementations.

A file can't add to it.
"""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.expressions.three_valued_logic import (
    combine_missing,
    replace_overflow,
    to_nfc,
)
from survey_cli.values import DK, NO_AMOUNT, NOT_ASKED, NOT_REACHED, Missing

ArgumentKind: TypeAlias = Literal[
    "item",
    "keyed",
    "truths",
    "numbers",
    "comparable",
    "number",
    "text",
    "dates",
    "mentions",
    "nothing",
    "alternatives",
    "replacement",
]
"""What a function accepts.

`item` and `keyed` are a variable. `truths`, `numbers`, `comparable` and `alternatives` are any
number of values, or a list over the turns of a roster; alternatives may be of any kind.
`replacement` is a value, the one that replaces it, and the kinds of missing values that are
replaced.
"""


class Function(NamedTuple):
    """One row of the table."""

    signature: str
    """The call as messages show it."""
    argument_kind: ArgumentKind
    min_arguments: int
    max_arguments: int
    apply: Callable[..., Any]
    """Maps cells to a cell. A function of any number of values receives them as one tuple."""

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]


def flatten(arguments: Iterable[Any]) -> tuple[Any, ...]:
    """Return several arguments as one tuple: a list contributes each of its turns."""
    cells: list[Any] = []
    for argument in arguments:
        if argument.__class__ is tuple:
            cells.extend(argument)
        else:
            cells.append(argument)
    return tuple(cells)


# Functions of several values


def _count_truths(truths: tuple[Any, ...]) -> Any:
    """Count what is true: a condition that is unknown doesn't count.

    If one has not been reached, the count isn't known yet, so it has not been reached either.
    """
    if NOT_REACHED in truths:
        return NOT_REACHED
    return sum(1 for truth in truths if truth is True)


def _add_up(numbers: tuple[Any, ...]) -> Any:
    return replace_overflow(sum(numbers))


def _average(numbers: tuple[Any, ...]) -> Any:
    return replace_overflow(sum(numbers) / len(numbers))


# Functions of a number, a text or a multiple


def _round_half_away(number: Any, digits: Any = 0) -> Any:
    """Round half away from zero: 2.5 becomes 3, and −2.5 becomes −3.

    The result is an integer unless it has decimals.
    """
    if number.__class__ is Missing or digits.__class__ is Missing:
        return combine_missing(number, digits)

    try:
        # repr, since Decimal(2.675) is a little less than 2.675 and would become 2.67
        rounded = Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        if digits > 0:
            return replace_overflow(float(rounded))
        return replace_overflow(int(rounded))
    except (TypeError, ValueError, ArithmeticError):
        # quantize refuses more than 28 digits, and such a number has no decimals to round
        return number if isinstance(number, int | float) else NOT_ASKED


def _count_characters(text: Any) -> Any:
    if text.__class__ is Missing:
        return text
    return len(str(to_nfc(text)))


def _contains_text(text: Any, word: Any) -> Any:
    """Return whether a text contains another one, in capitals or not."""
    if text.__class__ is Missing or word.__class__ is Missing:
        return combine_missing(text, word)
    return str(to_nfc(word)).casefold() in str(to_nfc(text)).casefold()


def count_codes(codes: Any) -> Any:
    """Count the codes chosen in a multiple."""
    if codes.__class__ is Missing:
        return codes
    return len(codes)


def _find_first_mention(codes: Any) -> Any:
    """Return the code that was mentioned first; not asked if none was."""
    if codes.__class__ is Missing:
        return codes
    return codes[0] if codes else NOT_ASKED


def _find_rank(codes: Any, code: Any) -> Any:
    """Return the position of a code in the order of mention, from 1.

    It is not asked if the code was not mentioned.
    """
    if codes.__class__ is Missing or code.__class__ is Missing:
        return combine_missing(codes, code)
    if code not in codes:
        return NOT_ASKED
    return codes.index(code) + 1


# Functions of two dates


def _count_between(count: Callable[[date, date], int]) -> Callable[[Any, Any], Any]:
    """Make a function that counts from one date to another, negative if the second comes first."""

    def run(start: Any, end: Any) -> Any:
        if start.__class__ is Missing or end.__class__ is Missing:
            return combine_missing(start, end)
        if not isinstance(start, date) or not isinstance(end, date):
            return DK  # a partial date: the day, or also the month, was not known
        if end < start:
            return -count(end, start)
        return count(start, end)

    return run


def _count_days(start: date, end: date) -> int:
    return (end - start).days


def _count_full_months(start: date, end: date) -> int:
    """Count full months.

    A month that began on the 31st is complete on the first day after a month of 30 days.
    """
    months = (end.year - start.year) * 12 + end.month - start.month
    if end.day < start.day:
        months -= 1
    return months


def _count_full_years(start: date, end: date) -> int:
    """Count full years.

    If a person was born on 29 February, and the year has no such day, the birthday is 1 March.
    """
    return _count_full_months(start, end) // 12


# Functions of an item


def _is_answered(cell: Any) -> bool:
    return cell.__class__ is not Missing


def _is_declined(cell: Any) -> bool:
    """Return whether it is don't know, refused, or any other decline."""
    if cell.__class__ is not Missing:
        return False
    return cell.kind not in (NOT_ASKED.kind, NOT_REACHED.kind, NO_AMOUNT.kind)


def _make_state_check(kind: str) -> Callable[[Any], bool]:
    return lambda cell: cell.__class__ is Missing and cell.kind == kind


# Functions that do without some values


def find_first_answered(cells: tuple[Any, ...]) -> Any:
    """Return the first cell that isn't missing; if all are, their missing values combined.

    It is not asked if there are no cells.
    """
    for cell in cells:
        if cell.__class__ is not Missing:
            return cell
    missing = combine_missing(*cells)
    if missing is None:  # not `or`: a missing value is false
        return NOT_ASKED
    return missing


def make_replacement(kinds: frozenset[str]) -> Callable[[Any, Any], Any]:
    """Make a function that replaces a value that is missing in one of these ways."""

    def replace(cell: Any, otherwise: Any) -> Any:
        if cell.__class__ is Missing and cell.kind in kinds:
            return otherwise
        return cell

    return replace


# The table

MAX_ARGUMENTS: Final = 400
"""More arguments than a condition can contain."""


def _define_list_function(
    signature: str,
    kind: ArgumentKind,
    function: Callable[[tuple[Any, ...]], Any],
    *,
    answered_only: bool = False,
) -> Function:
    """Define a function of any number of cells.

    Its result is missing if a cell is; with `answered_only`, if all are. It is not asked if there
    is none: no cells, cells that can't be compared, or a number that is too large.
    """

    def run(cells: tuple[Any, ...]) -> Any:
        answered = tuple([cell for cell in cells if cell.__class__ is not Missing])
        if len(answered) < len(cells):
            leaves_out_missing = answered_only and answered
            if not leaves_out_missing:
                return combine_missing(*cells)

        try:
            return function(answered)
        except (TypeError, ValueError, ArithmeticError):
            return NOT_ASKED

    return Function(signature, kind, 1, MAX_ARGUMENTS, run)


_TABLE: Final = (
    Function("answered(item)", "item", 1, 1, _is_answered),
    Function("dk(item)", "item", 1, 1, _make_state_check("dk")),
    Function("refused(item)", "item", 1, 1, _make_state_check("refused")),
    Function("declined(item)", "item", 1, 1, _is_declined),
    # its argument isn't converted to an amount, which is all that it does
    Function("keyed(item)", "keyed", 1, 1, lambda cell: cell),
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
    _define_list_function(
        "min_answered(value, value, …) or min_answered(roster.item)",
        "comparable",
        min,
        answered_only=True,
    ),
    _define_list_function(
        "max_answered(value, value, …) or max_answered(roster.item)",
        "comparable",
        max,
        answered_only=True,
    ),
    Function(
        "first_answered(value, value, …) or first_answered(roster.item)",
        "alternatives",
        1,
        MAX_ARGUMENTS,
        find_first_answered,
    ),
    # what it replaces depends on its further arguments, which the compiler of calls reads
    Function(
        "default(value, otherwise) or default(value, otherwise, dk, refused)",
        "replacement",
        2,
        MAX_ARGUMENTS,
        make_replacement(frozenset((NOT_ASKED.kind,))),
    ),
    Function("round(number) or round(number, digits)", "number", 1, 2, _round_half_away),
    Function("length(text)", "text", 1, 1, _count_characters),
    Function("years_between(date, date)", "dates", 2, 2, _count_between(_count_full_years)),
    Function("months_between(date, date)", "dates", 2, 2, _count_between(_count_full_months)),
    Function("days_between(date, date)", "dates", 2, 2, _count_between(_count_days)),
    Function("contains(text, 'word')", "text", 2, 2, _contains_text),
    Function("first(multiple)", "mentions", 1, 1, _find_first_mention),
    Function("rank(multiple, code)", "mentions", 2, 2, _find_rank),
    # these two read the interview, so that the compiler of calls evaluates them itself
    Function("elapsed()", "nothing", 0, 0, lambda: NOT_ASKED),
    Function("today()", "nothing", 0, 0, lambda: NOT_ASKED),
)
FUNCTIONS: Final[dict[str, Function]] = {function.name: function for function in _TABLE}
AMOUNT_FUNCTIONS: Final = frozenset(
    function.name
    for function in _TABLE
    if function.argument_kind in ("numbers", "comparable", "number")
)
"""Those that calculate with amounts: `sum`, `min_answered`, `round`."""
STATE_FUNCTIONS: Final = frozenset(
    function.name for function in _TABLE if function.argument_kind == "item"
)
"""Functions that say how an item was answered, such as `declined(q)`."""


def write_decline_test(item: str, kind: str) -> str:
    """Write the condition that an item was declined in this way: `dk(q1)`, or `q1 in [skipped]`."""
    if kind in FUNCTIONS:
        return f"{kind}({item})"
    return f"{item} in [{kind}]"
