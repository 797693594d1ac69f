"""Places whose answers a check uses, so that the interviewer can go from a failed check to the other answer."""

import ast
from collections.abc import Iterator
from typing import NamedTuple

from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.instrument.compiled.model import Instrument, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.question import CompiledCheck
from survey_cli.instrument.schema.items.unasked_items import ComputedItem
from survey_cli.values import Place


class _Input(NamedTuple):
    """One item that a condition reads."""

    item: str
    has_roster: bool
    """It is named with its roster: other turns than the current one are read."""


def list_check_places(walk: RouteWalk, stop: RouteStop, check: CompiledCheck) -> tuple[Place, ...]:
    """Return the places before this stop whose answers the check uses, also by way of computes."""
    roster = walk.instrument.groups.get(stop.item.roster or "")
    same_turns = [None, *(source.id for source in roster.sources)] if isinstance(roster, Roster) else [None]
    inputs = frozenset(_iterate_inputs(walk.instrument, check.condition, frozenset()))
    return tuple(
        earlier.place
        for earlier in walk.stops
        if earlier is not stop
        and not isinstance(earlier.item.question, ComputedItem)
        and (
            _Input(earlier.place.item, True) in inputs
            or (
                _Input(earlier.place.item, False) in inputs
                and (earlier.item.roster not in same_turns or earlier.place.turn == stop.place.turn)
            )
        )
    )


def _iterate_inputs(instrument: Instrument, condition: Condition, within: frozenset[str]) -> Iterator[_Input]:
    """Yield the items that a condition reads; `within` are the computes that lead to it."""
    for node in ast.walk(condition.tree):
        if isinstance(node, ast.Attribute):
            yield _Input(node.attr, True)
        elif isinstance(node, ast.Name) and node.id in instrument.items:
            yield _Input(node.id, False)
        elif isinstance(node, ast.Name) and node.id in instrument.computes and node.id not in within:
            for part in instrument.computes[node.id].conditions.values():
                yield from _iterate_inputs(instrument, part, within | {node.id})
