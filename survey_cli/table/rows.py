"""The data row of one interview: answers that count, and a typed missing value for every other cell."""

from typing import Any

from survey_cli.engine.interview import Interview, RouteState
from survey_cli.engine.order import order_children, order_options
from survey_cli.instrument.compiled.model import Roster
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.table.columns import ColumnBlock, build_blocks, build_columns
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Missing, Place


def build_row(interview: Interview) -> tuple[Cell, ...]:
    """Return the row of an interview, aligned with `build_columns(interview.instrument)`."""
    instrument = interview.instrument
    if (remaining := interview.remaining_answers) is not None:
        cells = {**interview.start.sample, **remaining}
        return tuple(cells.get(variable.name, NOT_ASKED) for variable in build_columns(instrument))
    state = interview.evaluate_route()
    row: list[Cell] = []
    for block in build_blocks(instrument, instrument.language):
        row.extend(_build_cells(block, interview, state))
    return tuple(row)


def _build_cells(block: ColumnBlock, interview: Interview, state: RouteState) -> tuple[Cell, ...]:
    match block.source:
        case "item":
            assert block.item is not None
            return _build_item_cells(block.item, Place(block.id, block.turn), state)
        case "sample":
            return (interview.start.sample.get(block.id, NOT_ASKED),)
        case "turns":
            assert isinstance(block.group, Roster)
            return (_count_turns(block.group, state),)
        case "compute":
            return (convert_computed(state.env.get(block.id, NOT_ASKED), block.variables[0].storage),)
        case "order":
            return _build_order_cells(block, interview)


def _count_turns(roster: Roster, state: RouteState) -> Cell:
    """Return the number of turns; missing where it is not known or the roster was not asked."""
    turns = state.env.get("#" + roster.id, NOT_ASKED)
    if isinstance(turns, Missing):
        return turns
    if turns:
        return len(turns)
    if any(Place(item.id, 1) in state.unreached for item in roster.items):
        return NOT_REACHED
    if roster.over is not None:
        return 0 if state.env.get(("#entered", roster.id)) else NOT_ASKED
    if roster.each is not None:
        return 0 if state.env.get(roster.each.id) == () else NOT_ASKED
    count = roster.count.evaluate(state.env) if roster.count is not None else NOT_ASKED
    if isinstance(count, Missing):
        return count
    return 0 if isinstance(count, int | float) and count < 1 else NOT_ASKED


def _build_item_cells(item: CompiledItem, place: Place, state: RouteState) -> tuple[Cell, ...]:
    answer = state.answers.get(place)
    if answer is None:
        return item.question.build_missing_cells(item, NOT_REACHED if place in state.unreached else NOT_ASKED)
    if isinstance(answer.cell, Missing):
        return item.question.build_declined_cells(item, answer.cell)
    return item.question.build_cells(item, answer.cell, answer.specify_texts)


def convert_computed(value: Any, storage: str) -> Cell:
    """Return a computed value as the cell of a column with this storage."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, tuple):
        return " ".join(str(v) for v in value)
    if storage == "text" and isinstance(value, int | float):
        return str(value)
    return value if value is not None else NOT_ASKED


def _build_order_cells(block: ColumnBlock, interview: Interview) -> tuple[Cell, ...]:
    """Return the drawn order as ids or codes separated by spaces, one cell per turn."""
    seed = interview.start.seed
    repeated = len(block.variables) > 1 or block.variables[0].name != f"{block.id}_order"
    return tuple(_format_order(block, seed, turn if repeated else None) for turn in range(1, len(block.variables) + 1))


def _format_order(block: ColumnBlock, seed: int, turn: int | None) -> Cell:
    if block.group is not None:
        return " ".join(node.id for node in order_children(block.group, seed=seed, turn=turn))
    if block.item is None:
        return NOT_ASKED
    order, key = (block.item.scale_order, block.scale) if block.scale else (block.item.order, block.item.id)
    return " ".join(
        str(option.code) for option in order_options(block.item.options, order, seed=seed, key=key, turn=turn)
    )
