"""Answers that the journal decides: the arm of a split, a drawn turn, a sample column."""

from collections.abc import Mapping
from datetime import date
from math import floor
from types import MappingProxyType
from typing import Final, cast

from survey_cli.engine.order import choose_arm, choose_position, draw_number
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.amounts import Interval
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.unasked_items import (
    DrawItem,
    LookupItem,
    PickItem,
    SplitItem,
)
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Code, Missing

NO_COUNTS: Final[Mapping[Code, int]] = MappingProxyType({})
AFTER_ALL_BIRTHDAYS: Final = 1000
"""More days than there are until any birthday."""


def compute_answer(
    walk: RouteWalk, stop: RouteStop, counts: Mapping[Code, int] | None = NO_COUNTS
) -> tuple[Cell | None, int]:
    """Return the answer and, for a draw or a pick, the number of what could be drawn.

    Return (None, 0) if only the session can look it up. `counts` are the interviews in which
    something was picked before. If they are None, what depends on them is looked up too.
    """
    match stop.item.question:
        case SplitItem(arms=arms):
            shares = {str(arm): share for arm, share in arms.items()}
            return choose_arm(shares, seed=walk.seed, key=stop.item.id, turn=stop.place.turn), 0
        case DrawItem(numbers=None):
            return _draw_turn(walk, stop)
        case DrawItem() as draw:
            return _draw_number(walk, stop, draw)
        case BracketResultItem():
            return _compute_result(walk, stop), 0
        case PickItem(method="random"):
            return _rank_candidates(walk, stop, NO_COUNTS)
        case PickItem() if counts is not None:
            return _rank_candidates(walk, stop, counts)
        case LookupItem(sample=column) if column is not None:
            return walk.known.value(str(column), otherwise=NOT_ASKED), 0
        case _:
            return None, 0


def has_changed(walk: RouteWalk, stop: RouteStop, cell: Cell | None, pool_size: int) -> bool:
    """Return whether a draw would have another result now."""
    expected, expected_size = compute_answer(walk, stop)
    if pool_size != expected_size:
        return True

    question = stop.item.question
    by_counts = isinstance(question, PickItem) and question.method == "least_filled"
    if by_counts and isinstance(cell, tuple) and isinstance(expected, tuple):
        # the order came from the counts of that time, so that only what was ranked is compared
        return set(cell) != set(expected) or len(cell) != len(expected)
    return cell != expected


def _rank_candidates(
    walk: RouteWalk, stop: RouteStop, counts: Mapping[Code, int]
) -> tuple[Cell, int]:
    """Return what can be picked, the least filled first and otherwise in a drawn order.

    It is not asked if there is nothing to pick.
    """
    candidates = walk.list_candidates(stop)
    if isinstance(candidates, Missing):
        return candidates, 0
    if not candidates:
        return NOT_ASKED, 0

    item, turn = stop.place

    def rank(name: Code) -> tuple[int, int]:
        drawn = draw_number(walk.seed, "pick", item, turn or 0, name)
        return counts.get(name, 0), drawn

    return tuple(sorted(candidates, key=rank)), len(candidates)


def _compute_result(walk: RouteWalk, stop: RouteStop) -> Cell:
    """Return what the steps of a bracket have found.

    If they have not found it, it is the decline that ended them.
    """
    item = stop.item
    for case in item.cases:
        if case.condition.evaluate(walk.known) is True:
            return case.value
    if item.default != NOT_ASKED:
        return item.default

    for name in item.sources:
        cell = walk.known.value(name, stop.place.turn)
        if isinstance(cell, Missing) and cell not in (NOT_ASKED, NOT_REACHED):
            return cell
    return NOT_ASKED


def _draw_number(walk: RouteWalk, stop: RouteStop, draw: DrawItem) -> tuple[Cell, int]:
    """Draw a number and return it with the count of those that could be drawn.

    The answer is not asked if there are none, and missing if the highest is.
    """
    assert stop.item.highest_number is not None
    highest = stop.item.highest_number.evaluate(walk.known)
    if isinstance(highest, Missing):
        return highest, 0

    lowest, _ = draw.split_numbers()
    count = floor(highest) - lowest + 1
    if count < 1:
        return NOT_ASKED, 0

    position = choose_position(count, seed=walk.seed, key=stop.item.id, turn=stop.place.turn)
    return lowest + position - 1, count


def _draw_turn(walk: RouteWalk, stop: RouteStop) -> tuple[Cell, int]:
    """Draw a turn and return it with the number of eligible ones.

    The answer is not asked if no turn is eligible, and missing if the number of turns is.
    """
    item = stop.item
    assert isinstance(item.question, DrawItem)
    eligible = walk.select_turns(item.source, item.where)
    if isinstance(eligible, Missing):
        return eligible, 0
    if not eligible:
        return NOT_ASKED, 0

    by = item.question.by

    def rank(turn: int) -> tuple[object, ...]:
        # the drawn number decides between people of the same age or birthday
        drawn = draw_number(walk.seed, "draw", item.id, turn)
        born = _read_born(walk, item.using, turn)
        match by:
            case "random":
                return (drawn,)
            case "youngest":
                return (_rank_by_age(born), drawn)
            case "next_birthday":
                return (_count_days_to_birthday(born, walk.known.today), drawn)

    return min(eligible, key=rank), len(eligible)


def _read_born(walk: RouteWalk, using: str | None, turn: int) -> Cell | None:
    """Return the date of birth or the age of a turn; None if nothing is compared."""
    if using is None:
        return None
    born = walk.known.value(using, turn)
    amounts = walk.instrument.items[using].amounts
    if amounts is None:
        return born
    age = amounts.read(born)
    if isinstance(age, Interval):
        return max(age.low, 0)  # "97 or older" comes after everybody whose age is known
    return cast(Cell, age)


def _rank_by_age(born: Cell | None) -> tuple[int, float]:
    """Return a key that is smaller for younger people. Unknown ages come last.

    `born` is a date of birth, a year of birth or an age.
    """
    match born:
        case date():
            return 0, -born.toordinal()
        case str() if born[:4].isdecimal():
            # a partial date, of which the middle of the year stands for all days
            return 0, -date(int(born[:4]), 7, 1).toordinal()
        case int() | float():
            return 0, float(born)
        case _:
            return 1, 0.0


def _count_days_to_birthday(born: Cell | None, today: date | Missing) -> int:
    """Return the number of days until the next birthday. Today's is a year away.

    Unknown dates come last.
    """
    if not isinstance(born, date) or isinstance(today, Missing):
        return AFTER_ALL_BIRTHDAYS

    # of somebody born on 29 February, the birthday of this year and of the next may be past
    for year in (today.year, today.year + 1, today.year + 2):
        try:
            birthday = born.replace(year=year)
        except ValueError:  # 29 February, in a year that has no such day
            birthday = date(year, 3, 1)
        if birthday > today:
            return (birthday - today).days
    return AFTER_ALL_BIRTHDAYS
