"""Which functions does a condition know, how are they called, what is each worth? A fixed table; nothing can
be added to it from a file.
"""

from collections.abc import Callable, Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.expressions.three_valued_logic import first, kept, nfc
from survey_cli.values import DK, NOT_ASKED, NOT_REACHED, Missing

Takes: TypeAlias = Literal["item", "truths", "numbers", "comparable", "number", "text", "dates", "nothing"]
"""`item`: a variable itself; `truths`, `numbers`, `comparable`: any number of them, or a list."""


class Function(NamedTuple):
    """One row of the table."""

    signature: str
    """As it is shown to a designer."""
    takes: Takes
    least: int
    most: int
    worth: Callable[..., Any]
    """From cells to a cell. Of the functions over lists: from one flat tuple."""


def in_all(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The parts of several arguments as one: a list gives each of its turns."""

    def parts() -> Iterator[Any]:
        for argument in arguments:
            if argument.__class__ is tuple:
                yield from argument
            else:
                yield argument

    return tuple(parts())


def _count(truths: tuple[Any, ...]) -> Any:
    """What is true counts; what is declined or was not asked does not; what is not reached may yet be either."""
    if NOT_REACHED in truths:
        return NOT_REACHED
    return sum(1 for truth in truths if truth is True)


def how_many(several: Any) -> Any:
    """The number of codes chosen in a multiple."""
    return several if several.__class__ is Missing else len(several)


def _whole(worth: Callable[[tuple[Any, ...]], Any]) -> Callable[[tuple[Any, ...]], Any]:
    """Missing if a part is."""

    def run(cells: tuple[Any, ...]) -> Any:
        gone = first(*cells)
        return worth(cells) if gone is None else gone

    return run


def _answered_only(worth: Callable[[tuple[Any, ...]], Any]) -> Callable[[tuple[Any, ...]], Any]:
    """Over the parts that are answered; missing if there are parts and none is."""

    def run(cells: tuple[Any, ...]) -> Any:
        answered = tuple([cell for cell in cells if cell.__class__ is not Missing])
        return worth(answered) if answered or not cells else first(*cells)

    return run


def _guarded(worth: Callable[[tuple[Any, ...]], Any]) -> Callable[[tuple[Any, ...]], Any]:
    """Not asked where there is no result: no part at all, parts of unlike kinds, a number too large."""

    def run(cells: tuple[Any, ...]) -> Any:
        try:
            return worth(cells)
        except (TypeError, ValueError, ArithmeticError):
            return NOT_ASKED

    return run


def _sum(numbers: tuple[Any, ...]) -> Any:
    return kept(sum(numbers))


def _mean(numbers: tuple[Any, ...]) -> Any:
    return kept(sum(numbers) / len(numbers))


def rounded(number: Any, digits: Any = 0) -> Any:
    """Rounded half away from zero: 2.5 gives 3, −2.5 gives −3. Whole unless `digits` is given."""
    if number.__class__ is Missing or digits.__class__ is Missing:
        return first(number, digits)
    try:
        exact = Decimal(repr(number)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
        return kept(float(exact) if digits > 0 else int(exact))
    except (TypeError, ValueError, ArithmeticError):
        return number if isinstance(number, int | float) else NOT_ASKED


def length(text: Any) -> Any:
    """The number of characters."""
    return text if text.__class__ is Missing else len(str(nfc(text)))


def years_between(start: Any, end: Any) -> Any:
    """Whole years from `start` to `end`, negative if `end` comes first. Who was born on 29 February completes
    a year on 1 March where the year has no such day."""
    if start.__class__ is Missing or end.__class__ is Missing:
        return first(start, end)
    if not isinstance(start, date) or not isinstance(end, date):
        return DK  # a partial date: the day, or the month too, is what they did not know
    if end < start:
        return -_years(end, start)
    return _years(start, end)


def _years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def answered(cell: Any) -> bool:
    return cell.__class__ is not Missing


def declined(cell: Any) -> bool:
    """Don't know, refused, or any other decline."""
    return cell.__class__ is Missing and cell.kind not in ("not_asked", "not_reached")


def _state(kind: str) -> Callable[[Any], bool]:
    return lambda cell: cell.__class__ is Missing and cell.kind == kind


MANY: Final = 400
"""More arguments than a condition has room for."""


def _over(signature: str, takes: Takes, worth: Callable[[tuple[Any, ...]], Any]) -> Function:
    return Function(signature=signature, takes=takes, least=1, most=MANY, worth=_guarded(worth))


def _of_item(name: str, worth: Callable[[Any], bool]) -> Function:
    return Function(signature=f"{name}(item)", takes="item", least=1, most=1, worth=worth)


FUNCTIONS: Final[dict[str, Function]] = {
    "answered": _of_item("answered", answered),
    "dk": _of_item("dk", _state("dk")),
    "refused": _of_item("refused", _state("refused")),
    "declined": _of_item("declined", declined),
    "count": _over("count(truth, …) or count(multiple)", "truths", _count),
    "sum": _over("sum(number, number, …) or sum(roster.item)", "numbers", _whole(_sum)),
    "mean": _over("mean(number, number, …) or mean(roster.item)", "numbers", _whole(_mean)),
    "sum_answered": _over(
        "sum_answered(number, number, …) or sum_answered(roster.item)", "numbers", _answered_only(_sum)
    ),
    "mean_answered": _over(
        "mean_answered(number, number, …) or mean_answered(roster.item)", "numbers", _answered_only(_mean)
    ),
    "min": _over("min(value, value, …) or min(roster.item)", "comparable", _whole(min)),
    "max": _over("max(value, value, …) or max(roster.item)", "comparable", _whole(max)),
    "round": Function(
        signature="round(number) or round(number, digits)", takes="number", least=1, most=2, worth=rounded
    ),
    "length": Function(signature="length(text)", takes="text", least=1, most=1, worth=length),
    "years_between": Function(
        signature="years_between(date, date)", takes="dates", least=2, most=2, worth=years_between
    ),
    "today": Function(signature="today()", takes="nothing", least=0, most=0, worth=lambda: NOT_ASKED),
}
