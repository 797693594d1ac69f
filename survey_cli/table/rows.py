"""The data row of one interview: answers that count, and a typed missing value for every other cell."""

from typing import Any

from survey_cli.engine.interview import Interview, RouteState
from survey_cli.engine.order import apply_order
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.table.columns import ColumnBlock, build_blocks, build_columns
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Missing, Place


def build_row(interview: Interview) -> tuple[Cell, ...]:
    """One row, aligned with `columns(interview.instrument)`."""
    instrument = interview.instrument
    if (left := interview.remaining_answers) is not None:
        known = {**interview.start.sample, **left}
        return tuple(known.get(variable.name, NOT_ASKED) for variable in build_columns(instrument))
    standing = interview.evaluate_route()
    row: list[Cell] = []
    for block in build_blocks(instrument, instrument.language):
        row.extend(_build_cells(block, interview, standing))
    return tuple(row)


def _build_cells(block: ColumnBlock, interview: Interview, standing: RouteState) -> tuple[Cell, ...]:
    match block.source:
        case "leaf":
            assert block.leaf is not None
            return _build_leaf_cells(block.leaf, Place(block.id, block.turn), standing)
        case "sample":
            return (interview.start.sample.get(block.id, NOT_ASKED),)
        case "turns":
            assert isinstance(block.group, Roster)
            return (_count_turns(block.group, standing),)
        case "compute":
            return (convert_computed(standing.env.get(block.id, NOT_ASKED), block.variables[0].storage),)
        case "order":
            return _build_order_cells(block, interview)


def _count_turns(roster: Roster, standing: RouteState) -> Cell:
    """How many turns there were: 0 where none were due, missing where that is not known or the roster was not asked."""
    turns = standing.env.get("#" + roster.id, NOT_ASKED)
    if isinstance(turns, Missing):
        return turns
    if turns:
        return len(turns)
    if any(Place(leaf.id, 1) in standing.unreached for leaf in roster.leaves):
        return NOT_REACHED
    if roster.each is not None:
        return 0 if standing.env.get(roster.each.id) == () else NOT_ASKED
    count = roster.count.evaluate(standing.env) if roster.count is not None else NOT_ASKED
    if isinstance(count, Missing):
        return count
    return 0 if isinstance(count, int | float) and count < 1 else NOT_ASKED


def _build_leaf_cells(leaf: CompiledItem, place: Place, standing: RouteState) -> tuple[Cell, ...]:
    held = standing.answers.get(place)
    if held is None:
        return leaf.question.build_missing_cells(leaf, NOT_REACHED if place in standing.unreached else NOT_ASKED)
    if isinstance(held.cell, Missing):
        return leaf.question.build_declined_cells(leaf, held.cell)
    return leaf.question.build_cells(leaf, held.cell, held.specify_texts)


def convert_computed(value: Any, storage: str) -> Cell:
    """A computed value as its column holds it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple):
        return " ".join(str(v) for v in value)
    if storage == "text" and isinstance(value, int | float):
        return str(value)
    return value if value is not None else NOT_ASKED


def _build_order_cells(block: ColumnBlock, interview: Interview) -> tuple[Cell, ...]:
    found: list[Cell] = []
    several = len(block.variables) > 1 or block.variables[0].name != f"{block.id}_order"
    for turn in range(1, len(block.variables) + 1):
        at = turn if several else None
        seed = interview.start.seed
        if block.group is not None:
            group = block.group
            nodes = apply_order(
                group.children,
                group.order,
                seed=seed,
                key=group.id,
                turn=at,
                name=lambda n: n.id,
                is_fixed=lambda n: n.anchor,
            )
            found.append(" ".join(n.id for n in nodes))
        elif block.leaf is not None:
            leaf = block.leaf
            how, key = (leaf.scale_order, block.scale) if block.scale else (leaf.order, leaf.id)
            options = apply_order(
                leaf.options,
                how,
                seed=seed,
                key=key,
                turn=None if block.scale else at,
                name=lambda o: o.code,
                is_fixed=lambda o: o.is_fixed,
            )
            found.append(" ".join(str(o.code) for o in options))
        else:
            found.append(NOT_ASKED)
    return tuple(found)
