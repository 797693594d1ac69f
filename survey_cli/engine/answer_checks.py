"""Checks of an answer at its stop: mistakes, open queries, and queries that were confirmed."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from survey_cli.engine import computed_answers
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.entries import to_plain_text
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.question import CompiledCheck
from survey_cli.instrument.schema.items.unasked_items import (
    POOL_SIZE_KEY,
    ComputedItem,
    DrawItem,
    PickItem,
    SplitItem,
)
from survey_cli.values import Cell, Missing, Place


class InvalidAnswer(NamedTuple):
    """Why an item doesn't accept an answer."""

    words: str
    check: CompiledCheck | None = None
    """The hard check that failed; None if the type, the options or the draw exclude the answer."""


def find_mistake(
    walk: RouteWalk, stop: RouteStop, answer: RecordedAnswer, language: str
) -> InvalidAnswer | None:
    """Return why the item would not accept this answer now; None if it would.

    Its type and options are checked first, then its hard checks.
    """
    item = stop.item
    cell = answer.cell
    # the first test is fast, and enough for nearly all items of a walk
    if not item.question.expects_answer and isinstance(
        item.question, DrawItem | PickItem | SplitItem | BracketResultItem
    ):
        pool_size = int(answer.specify_texts.get(POOL_SIZE_KEY, "0"))
        if computed_answers.has_changed(walk, stop, cell, pool_size):
            return InvalidAnswer("the draw has changed")
        return None

    if isinstance(cell, Missing):
        is_offered = any(decline.id == cell.kind for decline in item.declines)
        if is_offered or isinstance(item.question, ComputedItem):
            return None
        return InvalidAnswer("this can no longer be declined")

    why = item.question.why_invalid(walk.build_item_context(stop, language), cell)
    if why:
        return InvalidAnswer(why)
    return _find_failed_check(walk, stop, cell, language)


def _find_failed_check(
    walk: RouteWalk, stop: RouteStop, cell: Cell | None, language: str
) -> InvalidAnswer | None:
    """Return the first hard check that fails with this answer, and what it says."""
    if not stop.item.checks:
        return None
    with walk.suppose(stop, cell) as known:
        for check in stop.item.checks:
            if not check.soft and check.fires(known):
                return InvalidAnswer(to_plain_text(check.say.fill(known, language)), check)
    return None


# queries: soft checks that the interviewer confirms


def find_open_query(walk: RouteWalk, stop: RouteStop, answer: RecordedAnswer) -> int | None:
    """Return the first query about an answer that is not confirmed, by its index.

    The answer is already known to the walk.
    """
    if isinstance(answer.cell, Missing):
        return None
    for index, check in enumerate(stop.item.checks):
        if check.soft and check.fires(walk.known):
            query = (index, _collect_inputs(walk, stop, check))
            if query not in answer.confirmed_queries:
                return index
    return None


def add_confirmation(
    walk: RouteWalk, stop: RouteStop, answer: RecordedAnswer, index: int
) -> RecordedAnswer:
    """Return the answer with the confirmation of one query. It counts again if it had lapsed."""
    with walk.suppose(stop, answer.cell):
        inputs = _collect_inputs(walk, stop, stop.item.checks[index])
    confirmed = answer.confirmed_queries | {(index, inputs)}
    return RecordedAnswer(answer.cell, answer.specify_texts, confirmed)


def list_accepted_warnings(
    walk: RouteWalk, stop: RouteStop, answer: RecordedAnswer
) -> tuple[int, ...]:
    """Return the warnings, by index, that were confirmed with the values known now."""
    accepted = []
    for index, inputs in sorted(answer.confirmed_queries):
        check = stop.item.checks[index]
        # what is read aloud was put to the respondent: the interviewer accepted nothing
        if not check.aloud and inputs == _collect_inputs(walk, stop, check):
            accepted.append(index)
    return tuple(accepted)


def _collect_inputs(walk: RouteWalk, stop: RouteStop, check: CompiledCheck) -> tuple[str, ...]:
    """Return the values on which a check depends.

    A confirmation is for them: if they have changed, the check fires again.
    """
    names = sorted(check.condition.names)
    return tuple(str(walk.known.value_as_read(name, stop.place.turn)) for name in names)


# the answers that a check uses


def list_failed_places(
    walk: RouteWalk, stop: RouteStop, invalid: InvalidAnswer
) -> tuple[Place, ...]:
    """Return the other places that a failed hard check used; none if it was no check."""
    if invalid.check is None:
        return ()
    return list_check_places(walk, stop, invalid.check)


class _Input(NamedTuple):
    """One item that a condition reads."""

    item: str
    has_roster: bool
    """It is named with its roster, so that other turns than the current one are read."""


def list_check_places(walk: RouteWalk, stop: RouteStop, check: CompiledCheck) -> tuple[Place, ...]:
    """Return the places before this stop whose answers the check uses, also through computes."""
    same_turn_rosters = _list_same_turn_rosters(walk.instrument, stop)
    inputs = frozenset(_iterate_inputs(walk.instrument, check.condition, frozenset()))

    places = []
    for earlier in walk.stops:
        if earlier is stop or isinstance(earlier.item.question, ComputedItem):
            continue

        # an item that is named alone is read in the current turn, if it has one
        is_in_turn = (
            earlier.item.roster not in same_turn_rosters or earlier.place.turn == stop.place.turn
        )
        in_any_turn = _Input(earlier.place.item, has_roster=True) in inputs
        in_this_turn = _Input(earlier.place.item, has_roster=False) in inputs
        if in_any_turn or (in_this_turn and is_in_turn):
            places.append(earlier.place)
    return tuple(places)


def _list_same_turn_rosters(instrument: Instrument, stop: RouteStop) -> list[str | None]:
    """Return the rosters whose turns are those of the stop; None for items outside of rosters."""
    rosters: list[str | None] = [None]
    roster = instrument.groups.get(stop.item.roster or "")
    if isinstance(roster, Roster):
        rosters.extend(source.id for source in roster.sources)
    return rosters


def _iterate_inputs(
    instrument: Instrument, condition: Condition, within: frozenset[str]
) -> Iterator[_Input]:
    """Yield the items that a condition reads. `within` are the computes that lead to it."""
    for node in ast.walk(condition.tree):
        match node:
            case ast.Attribute(attr=name):
                yield _Input(name, has_roster=True)
            case ast.Name(id=name) if name in instrument.items:
                yield _Input(name, has_roster=False)
            case ast.Name(id=name) if name in instrument.computes and name not in within:
                for part in instrument.computes[name].conditions.values():
                    yield from _iterate_inputs(instrument, part, within | {name})
