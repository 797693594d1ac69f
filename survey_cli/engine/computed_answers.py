"""Answers that the journal alone decides: the arm of a split, the drawn turn of a roster, a sample column."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from survey_cli.engine.order import choose_arm, draw_number
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.schema.items.unasked_items import (
    DrawItem,
    LookupItem,
    PickItem,
    SplitItem,
)
from survey_cli.values import NOT_ASKED, Cell, Code, Missing

NO_COUNTS: Final[Mapping[Code, int]] = MappingProxyType({})


def compute_answer(
    walk: RouteWalk, stop: RouteStop, counts: Mapping[Code, int] | None = NO_COUNTS
) -> tuple[Cell | None, int]:
    """Return the answer and, for a draw or a pick, the number of what could be drawn.

    Returns (None, 0) where only the session can look it up. `counts` are the interviews in which something was picked
    before; None: they are not known, so that what depends on them is looked up too.
    """
    match stop.item.question:
        case SplitItem(arms=arms):
            shares = {str(arm): share for arm, share in arms.items()}
            return choose_arm(shares, seed=walk.seed, key=stop.item.id, turn=stop.place.turn), 0
        case DrawItem():
            return _draw_turn(walk, stop)
        case PickItem(method=method):
            if counts is None and method == "least_filled":
                return None, 0
            return _rank_candidates(
                walk, stop, NO_COUNTS if counts is None or method == "random" else counts
            )
        case LookupItem(sample=column) if column is not None:
            return walk.known.value(str(column), otherwise=NOT_ASKED), 0
        case _:
            return None, 0


def has_changed(walk: RouteWalk, stop: RouteStop, cell: Cell | None, pool_size: int) -> bool:
    """Return whether a draw would have another result now. What was least filled then stays so."""
    expected, expected_size = compute_answer(walk, stop)
    question = stop.item.question
    least_filled = isinstance(question, PickItem) and question.method == "least_filled"
    if least_filled and isinstance(cell, tuple) and isinstance(expected, tuple):
        return (
            set(cell) != set(expected) or len(cell) != len(expected) or pool_size != expected_size
        )
    return (cell, pool_size) != (expected, expected_size)


def _rank_candidates(
    walk: RouteWalk, stop: RouteStop, counts: Mapping[Code, int]
) -> tuple[Cell, int]:
    """Return what can be picked, the least filled first and otherwise by chance; not asked if there is nothing."""
    candidates = walk.list_candidates(stop)
    if isinstance(candidates, Missing):
        return candidates, 0
    if not candidates:
        return NOT_ASKED, 0
    place = stop.place

    def rank(name: Code) -> tuple[int, int]:
        return counts.get(name, 0), draw_number(
            walk.seed, "pick", place.item, place.turn or 0, name
        )

    return tuple(sorted(candidates, key=rank)), len(candidates)


def _draw_turn(walk: RouteWalk, stop: RouteStop) -> tuple[Cell, int]:
    """Draw a turn and return it with the number of eligible ones.

    The answer is `not_asked` where no turn is eligible, and missing where the number of turns is.
    """
    item = stop.item
    assert isinstance(item.question, DrawItem)
    eligible = walk.select_turns(item.source, item.where)
    if isinstance(eligible, Missing):
        return eligible, 0
    by = item.question.by
    if not eligible:
        return NOT_ASKED, 0

    def rank(turn: int) -> tuple[object, ...]:
        answer = walk.known.value(item.using, turn) if item.using is not None else None
        number = draw_number(walk.seed, "draw", item.id, turn)
        match by:
            case "random":
                return (number,)
            case "youngest":
                return (_rank_by_age(answer), number)
            case "next_birthday":
                return (_count_days_to_birthday(answer, walk.known.today), number)

    return min(eligible, key=rank), len(eligible)


def _rank_by_age(born: Any) -> tuple[int, float]:
    """Return a key that is smaller for the younger; unknown ages come last.

    `born` is a date of birth, a year of birth or an age.
    """
    if isinstance(born, date):
        return 0, -born.toordinal()
    if isinstance(born, str) and born[:4].isdecimal():
        return 0, -date(int(born[:4]), 7, 1).toordinal()
    return (0, float(born)) if isinstance(born, int | float) else (1, 0.0)


def _count_days_to_birthday(born: Cell | None, today: date | Missing) -> int:
    """Count the days until the next birthday (today's is a year away); unknown dates come last."""
    if not isinstance(born, date) or isinstance(today, Missing):
        return 1000
    for year in (today.year, today.year + 1, today.year + 2):
        try:
            birthday = born.replace(year=year)
        except ValueError:  # 29 February in a common year
            birthday = date(year, 3, 1)
        if birthday > today:
            return (birthday - today).days
    return 1000
