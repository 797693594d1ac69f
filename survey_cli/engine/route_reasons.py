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
from survey_cli.values import Cell, Place


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
    values: Mapping[str, Any]
    """The values that decide, by name: of an `end`, its id; of turns without a count, the turns."""
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

    def note(item: str, turn: int | None, node: CompiledNode) -> None:
        excluding[Place(item, turn)] = node

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

    known = state.known.in_turn(place.turn)
    for exclusion, condition, is_on_route in (
        (Exclusion.ASK_IF, node.ask_if, True),
        (Exclusion.UNLESS, node.unless, False),
    ):
        truth = condition.evaluate(known) if condition is not None else None
        if condition is not None and (truth is True) is not is_on_route:
            values = collect_values(condition, known)
            return RouteReason(exclusion, node, condition, values, truth)

    if isinstance(node, Roster):
        count = node.count
        turns: Mapping[str, Any]
        if count is not None:
            turns = collect_values(count, known)
        else:
            turns = {"turns": known.turns_of(node.id) if node.id in known.rosters else ()}
        return RouteReason(Exclusion.NO_TURN, node, count, turns)

    condition = None
    values = {}
    if isinstance(node, CompiledItem) and node.options:
        condition = node.options[0].ask_if
    if condition is not None:
        values = collect_values(condition, known)
    return RouteReason(Exclusion.NO_OPTION, node, condition, values)


def collect_values(condition: Condition, known: Known) -> dict[str, Cell]:
    """Return the values that a condition reads, by name."""
    return {name: known.value_as_read(name, known.turn) for name in sorted(condition.names)}
