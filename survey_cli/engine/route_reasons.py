"""Reasons why a place is off the route: the condition that excludes it, and the values it reads."""

from collections.abc import Mapping
from copy import copy
from enum import Enum
from typing import Any, NamedTuple

from survey_cli.engine.interview import RouteState, walk_from_start
from survey_cli.engine.machine import Machine
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.instrument.compiled.model import CompiledNode, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.values import Cell, Missing, Place


class Exclusion(Enum):
    """What excludes a place from the route."""

    ASK_IF = "ask_if"
    UNLESS = "unless"
    NO_OPTION = "options"
    """None of its options is offered."""
    NO_TURN = "turns"
    """The roster does not have so many turns."""
    EARLIER_END = "end"
    """The interview ends before it."""


class RouteReason(NamedTuple):
    """Why a place is off the route."""

    exclusion: Exclusion
    node: CompiledNode | None
    """The item or group that excludes it; None if an `end` comes before it."""
    condition: Condition | None
    """The condition that excludes it, or the number of turns; None if neither is written."""
    values: Mapping[str, Any]
    """The values that the condition reads, by name.

    Without a condition these are `end`, the id of the `end`, or `turns`, the turns of the roster.
    """
    truth: Any = None
    """What the condition evaluates to."""


def walk_with_answers(
    machine: Machine, answers: Mapping[Place, RecordedAnswer]
) -> tuple[RouteState, Mapping[Place, CompiledNode]]:
    """Walk the route of an interview as if it had these answers.

    Return its state, and for each place off the route the item or group that excludes it.
    """
    other = copy(machine)
    other.recorded_answers = dict(answers)
    excluding: dict[Place, CompiledNode] = {}

    def note(place: Place, node: CompiledNode) -> None:
        excluding[place] = node

    return walk_from_start(other, note), excluding


def find_end(machine: Machine, excluding: Mapping[Place, CompiledNode]) -> str:
    """Return the first `end` that nothing excludes; empty if there is none."""
    for id, item in machine.instrument.items.items():
        if isinstance(item.question, EndItem) and Place(id) not in excluding:
            return id
    return ""


def explain_absence(
    machine: Machine, answers: Mapping[Place, RecordedAnswer], place: Place
) -> RouteReason | None:
    """Return why a place is off the route with these answers.

    It is None if the place is on the route, or not reached.
    """
    state, excluding = walk_with_answers(machine, answers)
    if place in state.answers or place in state.unreached:
        return None

    node = excluding.get(place)
    if node is None:
        end = find_end(machine, excluding)
        if not end:
            return None
        return RouteReason(Exclusion.EARLIER_END, None, None, {"end": end})

    # in the order in which the walk looks at them
    known = state.known.in_turn(place.turn)
    reason = _explain_by_conditions(node, known)
    if reason is not None:
        return reason
    if isinstance(node, Roster):
        return _explain_by_turns(node, known)
    return _explain_by_options(node, known)


def _explain_by_conditions(node: CompiledNode, known: Known) -> RouteReason | None:
    """Return the condition of a node that excludes it; None if none of them does."""
    if node.ask_if is not None:
        truth = node.ask_if.evaluate(known)
        if truth is not True:
            values = collect_values(node.ask_if, known)
            return RouteReason(Exclusion.ASK_IF, node, node.ask_if, values, truth)

    if node.unless is not None:
        truth = node.unless.evaluate(known)
        if truth is True:
            values = collect_values(node.unless, known)
            return RouteReason(Exclusion.UNLESS, node, node.unless, values, truth)
    return None


def _explain_by_turns(roster: Roster, known: Known) -> RouteReason:
    """Return which turns a roster has, to one of which the place doesn't belong."""
    if roster.count is not None:
        values = collect_values(roster.count, known)
        return RouteReason(Exclusion.NO_TURN, roster, roster.count, values)

    turns: tuple[int, ...] | Missing = ()
    if roster.id in known.rosters:
        turns = known.turns_of(roster.id)
    return RouteReason(Exclusion.NO_TURN, roster, None, {"turns": turns})


def _explain_by_options(node: CompiledNode, known: Known) -> RouteReason:
    """Return the condition of the first option: none of the options is offered."""
    if isinstance(node, CompiledItem) and node.options:
        condition = node.options[0].ask_if
        if condition is not None:
            values = collect_values(condition, known)
            return RouteReason(Exclusion.NO_OPTION, node, condition, values)
    return RouteReason(Exclusion.NO_OPTION, node, None, {})


def collect_values(condition: Condition, known: Known) -> dict[str, Cell]:
    """Return the values that a condition reads, by name."""
    return {name: known.value_as_read(name, known.turn) for name in sorted(condition.names)}
