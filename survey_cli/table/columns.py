"""The variables of an instrument's data, and the row of one interview: an answer or a typed missing value per variable.

The variables depend on the instrument alone. Here are also the columns that are personal, and those that can identify
a respondent by themselves.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from survey_cli.engine.interview import Interview, RouteState
from survey_cli.engine.order import order_children, order_options
from survey_cli.instrument.compiled.model import Instrument, ItemGroup, Roster, find_labels
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.typed import DateItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, LookupItem
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Code, Missing, Place, Storage, Variable

MAX_LABEL_LENGTH: Final = 80
"""Characters of a label that statistical software does not truncate."""

NOON: Final = time(12)
"""The time, in UTC, at which an imported interview began of which only the date is known."""
IMPORT_STATION: Final = "answers import"
"""The station of imported interviews, in which nobody knows the order of what was read."""
BlockSource: TypeAlias = Literal["sample", "item", "turns", "compute", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBlock:
    """Adjacent columns with one source: an item at one turn, a sample column, a compute, or an order."""

    source: BlockSource
    id: str
    """The id of the source."""
    turn: int | None = None
    variables: tuple[Variable, ...]
    item: CompiledItem | None = None
    """The item, or for an order the item whose options are ordered."""
    group: ItemGroup | None = None
    """The roster whose turns are counted, or the group whose items are ordered."""
    scale: str = ""
    """The scale whose options are ordered."""


@lru_cache(maxsize=32)
def build_blocks(instrument: Instrument, language: str) -> tuple[ColumnBlock, ...]:
    """Return the columns in order: sample, items as written (a roster turn by turn), drawn orders, computes."""
    return (
        *(
            ColumnBlock(
                source="sample",
                id=name,
                variables=(build_sample_variable(instrument, name, language),),
            )
            for name in instrument.sample
        ),
        *_iterate_item_blocks(instrument, instrument.root, language, None),
        *_iterate_order_blocks(instrument),
        *(
            _build_compute_block(instrument, c, language)
            for c in instrument.computes.values()
            if c.is_column
        ),
    )


def build_columns(instrument: Instrument, language: str = "") -> tuple[Variable, ...]:
    """Return the variables of an instrument's data, with labels in `language` (by default its first)."""
    language = language or instrument.language
    declines = {
        kind: (d.code, str(d.text.get(language))) for kind, d in instrument.declines.items()
    }
    reserved = {kind: declines[kind] for kind in ["not_asked", "not_reached"] if kind in declines}
    personal_names = find_personal_names(instrument)
    return tuple(
        replace(
            v,
            declines={
                **(declines if _may_have_any_missing(block) else {}),
                **v.declines,
                **reserved,
            },
            personal=v.personal or block.id in personal_names,
        )
        for block in build_blocks(instrument, language)
        for v in block.variables
    )


def have_same_cells(variables: Iterable[Variable], others: Iterable[Variable]) -> bool:
    """Return whether a row with the columns of one version has those of another."""
    columns, other_columns = (
        [(v.name, v.storage, v.personal) for v in each] for each in (variables, others)
    )
    return columns == other_columns


def _may_have_any_missing(block: ColumnBlock) -> bool:
    """Return whether its cells may have missing values that its own item does not offer."""
    question = block.item.question if block.item is not None and block.source == "item" else None
    is_partial_date = isinstance(question, DateItem) and question.partial
    return (
        block.source in ("turns", "compute")
        or isinstance(question, ComputedItem)
        or is_partial_date
    )


def build_sample_variable(instrument: Instrument, name: str, language: str) -> Variable:
    """Return the variable of a sample column."""
    storages: dict[str, Storage] = {"number": "decimal", "date": "date"}
    column = instrument.sample[name]
    labels = find_labels(instrument, name, language)
    has_integer_codes = labels and all(isinstance(code, int) for code in labels)
    return Variable(
        name=name,
        label=str(column.label.get(language)) if column.label else name,
        storage="integer" if has_integer_codes else storages.get(column.type, "text"),
        measure="scale" if column.type in storages else "nominal",
        labels=labels,
        item=name,
        role="sample",
        personal=column.is_personal,
    )


def _iterate_item_blocks(
    instrument: Instrument, group: ItemGroup, language: str, turn: int | None
) -> Iterator[ColumnBlock]:
    for node in group.children:
        if isinstance(node, ItemGroup) and node.pick is not None:
            yield from _iterate_item_block(instrument, node.pick, language, turn)
        match node:
            case CompiledItem():
                for block in _iterate_item_block(instrument, node, language, turn):
                    yield _add_battery_label(block, node, group, language)
            case Roster():
                turns = Variable(
                    name=f"{node.id}_turns",
                    label=f"Turns of {node.id}",
                    measure="scale",
                    item=node.id,
                )
                yield ColumnBlock(source="turns", id=node.id, group=node, variables=(turns,))
                for each_turn in range(1, node.maximum + 1):
                    yield from _iterate_item_blocks(instrument, node, language, each_turn)
                    if node.until is not None:
                        yield from _iterate_item_block(instrument, node.until, language, each_turn)
            case ItemGroup():
                yield from _iterate_item_blocks(instrument, node, language, turn)


def _add_battery_label(
    block: ColumnBlock, item: CompiledItem, group: ItemGroup, language: str
) -> ColumnBlock:
    """Prefix a statement's label with that of its battery, as long as it does not exceed `MAX_LABEL_LENGTH`.

    Statements with a label of their own, or whose text is a whole question, are left unchanged.
    """
    battery = group.spec
    if not isinstance(battery, BatteryItem):
        return block
    prefix = battery.label or battery.title
    has_own_label = any(
        str(key) == item.id and s.label is not None for key, s in battery.statements.items()
    )
    if (
        prefix is None
        or has_own_label
        or item.text.get_source_text(language) == str(item.label.get(language))
    ):
        return block
    labels = [f"{prefix.get(language)}: {v.label}" for v in block.variables]
    if max(map(len, labels)) > MAX_LABEL_LENGTH:
        return block
    variables = (replace(v, label=label) for v, label in zip(block.variables, labels, strict=True))
    return replace(block, variables=tuple(variables))


def _iterate_item_block(
    instrument: Instrument, item: CompiledItem, language: str, turn: int | None
) -> Iterator[ColumnBlock]:
    """Yield the columns of an item at one turn; nothing where it has none."""
    question = item.question
    variables = question.build_variables(item, language)
    if isinstance(question, LookupItem) and question.sample in instrument.sample:
        lookup, column = (
            variables[0],
            build_sample_variable(instrument, str(question.sample), language),
        )
        label = column.label if lookup.label == lookup.item else lookup.label
        column = replace(column, name=lookup.name, label=label, wording=lookup.wording)
        variables = (replace(column, item=lookup.item, role=lookup.role),)
    if not variables:
        return
    if turn is not None:
        variables = tuple(
            replace(v, name=f"{v.name}_{turn}", label=f"{v.label} ({turn})", turn=turn)
            for v in variables
        )
    yield ColumnBlock(source="item", id=item.id, turn=turn, item=item, variables=variables)


def _iterate_order_blocks(instrument: Instrument) -> Iterator[ColumnBlock]:
    """Yield a text column for each drawn order of items or options."""
    items = instrument.items.values()
    for group in instrument.groups.values():
        if group.order != "written":
            variables = _build_order_variables(
                instrument, group.id, "items", next(iter(group.items), None)
            )
            yield ColumnBlock(source="order", id=group.id, variables=variables, group=group)
    for item in items:
        if item.order != "written":
            variables = _build_order_variables(instrument, item.id, "options", item)
            yield ColumnBlock(source="order", id=item.id, variables=variables, item=item)
    for name, scale in instrument.document.scales.items():
        if scale.order != "written":
            [variable] = _build_order_variables(instrument, str(name), "options", None)
            first = next((item for item in items if item.scale == name), None)
            yield ColumnBlock(
                source="order",
                id=str(name),
                variables=(replace(variable, item=""),),
                item=first,
                scale=str(name),
            )


def _build_order_variables(
    instrument: Instrument, owner: str, content: str, item: CompiledItem | None
) -> tuple[Variable, ...]:
    """Return the order columns of a group, item or scale, one per turn of the roster of `item`.

    `content` is `items` or `options`.
    """
    roster = instrument.groups.get(item.roster) if item is not None and item.roster else None
    turns = (
        [f"_{turn}" for turn in range(1, roster.maximum + 1)]
        if isinstance(roster, Roster)
        else [""]
    )
    label = f"Order of the {content} of {owner}"
    return tuple(
        Variable(name=f"{owner}_order{turn}", label=label, storage="text", item=owner, role="order")
        for turn in turns
    )


_COMPUTE_STORAGE: Final[dict[str, Storage]] = {
    "number": "decimal",
    "flag": "integer",
    "date": "date",
    "time": "time",
}


def _build_compute_block(instrument: Instrument, compute: Compute, language: str) -> ColumnBlock:
    condition = compute.conditions.get(language) or next(iter(compute.conditions.values()))
    codes = condition.result_type.codes or frozenset() if compute.type == "code" else frozenset()
    storage = _COMPUTE_STORAGE.get(compute.type, "text")
    if codes and all(isinstance(code, int) for code in codes):
        storage = "integer"
    if compute.type == "number" and not compute.decimals:
        storage = "integer"
    labels: dict[Code, str] = {0: "false", 1: "true"} if compute.type == "flag" else {}
    labels = labels or find_labels(instrument, compute.id, language)
    variable = Variable(
        name=compute.id,
        label=str(compute.label.get(language)) if compute.label is not None else compute.id,
        storage=storage,
        measure=compute.measure
        or ("scale" if compute.type in ("number", "date", "time") else "nominal"),
        labels={
            **labels,
            **{code: str(text.get(language)) for code, text in compute.labels.items()},
        },
        wording=condition.text,
        item=compute.id,
        role="compute",
        decimals=compute.decimals if compute.type == "number" else 0,
    )
    return ColumnBlock(source="compute", id=compute.id, variables=(variable,))


# ── the row of one interview ──


def build_row(interview: Interview) -> tuple[Cell, ...]:
    """Return the row of an interview, aligned with `build_columns(interview.instrument)`."""
    instrument = interview.instrument
    if (remaining := interview.remaining_answers) is not None:
        cells = {**interview.start.sample, **remaining}
        return tuple(cells.get(variable.name, NOT_ASKED) for variable in build_columns(instrument))
    state = interview.evaluate_route()
    blocks = build_blocks(instrument, instrument.language)
    return tuple(cell for block in blocks for cell in _build_cells(block, interview, state))


def _build_cells(block: ColumnBlock, interview: Interview, state: RouteState) -> tuple[Cell, ...]:
    match block.source:
        case "item":
            assert block.item is not None
            place = block.item.place if block.turn is None else Place(block.id, block.turn)
            return _build_item_cells(block.item, place, state)
        case "sample":
            return (interview.start.sample.get(block.id, NOT_ASKED),)
        case "turns":
            assert isinstance(block.group, Roster)
            return (_count_asked_turns(block.group, state),)
        case "compute":
            return (
                convert_computed(
                    state.known.value(block.id, otherwise=NOT_ASKED), block.variables[0].storage
                ),
            )
        case "order":
            return _build_order_cells(block, interview)


def _count_asked_turns(roster: Roster, state: RouteState) -> Cell:
    """Return the number of turns; missing where it is not known or the roster was not asked."""
    so_far = state.known.rosters.get(roster.id)
    if so_far is None:
        return NOT_ASKED
    if isinstance(so_far.turns, Missing):
        return so_far.turns
    if so_far.turns:
        return len(so_far.turns)

    if any(Place(item.id, 1) in state.unreached for item in roster.items):
        return NOT_REACHED
    if roster.over is not None:
        return 0 if so_far.is_entered else NOT_ASKED
    if roster.each is not None:
        return 0 if state.known.value(roster.each.id) == () else NOT_ASKED
    count = roster.count.evaluate(state.known) if roster.count is not None else NOT_ASKED
    if isinstance(count, Missing):
        return count
    return 0 if isinstance(count, int | float) and count < 1 else NOT_ASKED


def _build_item_cells(item: CompiledItem, place: Place, state: RouteState) -> tuple[Cell, ...]:
    answer = state.answers.get(place)
    if answer is None:
        return item.question.build_missing_cells(
            item, NOT_REACHED if place in state.unreached else NOT_ASKED
        )
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
    """Return the drawn order as ids or codes separated by spaces, one cell per turn; not asked if it is not known."""
    if interview.start.stamp.station == IMPORT_STATION:
        return (NOT_ASKED,) * len(block.variables)
    seed = interview.start.seed
    repeated = len(block.variables) > 1 or block.variables[0].name != f"{block.id}_order"
    return tuple(
        _format_order(block, seed, turn if repeated else None)
        for turn in range(1, len(block.variables) + 1)
    )


def _format_order(block: ColumnBlock, seed: int, turn: int | None) -> Cell:
    if block.group is not None:
        return " ".join(node.id for node in order_children(block.group, seed=seed, turn=turn))
    if block.item is None:
        return NOT_ASKED
    order, key = (
        (block.item.scale_order, block.scale) if block.scale else (block.item.order, block.item.id)
    )
    return " ".join(
        str(option.code)
        for option in order_options(block.item.options, order, seed=seed, key=key, turn=turn)
    )


# ── columns about a person ──


@lru_cache(maxsize=32)
def find_personal_names(instrument: Instrument) -> frozenset[str]:
    """Return the names of items, sample columns and computes that are personal.

    Computes that read a personal value are included, as are rosters whose number of turns depends on one.
    """
    names = {str(name) for name, column in instrument.sample.items() if column.is_personal}
    for item in instrument.items.values():
        question = item.question
        column = question.sample if isinstance(question, LookupItem) else None
        if question.personal or column in names:
            names.add(item.id)
    computes = {c.id: tuple(c.conditions.values()) for c in instrument.computes.values()}
    while added := {
        key
        for key, conditions in computes.items()
        if key not in names and _reads(conditions, names)
    }:
        names |= added
    for group in instrument.groups.values():
        if isinstance(group, Roster) and (
            _reads(
                [condition for condition in (group.count, group.where) if condition is not None],
                names,
            )
            or (group.each is not None and group.each.id in names)
            or (group.over is not None and group.over.id in names)
        ):
            names.add(group.id)
    return frozenset(names)


def _reads(conditions: Iterable[Condition], names: set[str]) -> bool:
    """Return whether any of the conditions reads one of the names."""
    return any(not condition.names.isdisjoint(names) for condition in conditions)


class IdentifyingKind(StrEnum):
    """Kinds of columns by which a respondent may be identified, as bundles and messages name them."""

    KEYS = "keys"
    FREE_TEXT = "free text"
    DATES = "dates and times"


_ADMIN: Final[dict[str, IdentifyingKind]] = {
    "interview_id": IdentifyingKind.KEYS,
    "interview_case": IdentifyingKind.KEYS,
    "interview_by": IdentifyingKind.KEYS,
    "interview_began": IdentifyingKind.DATES,
    "interview_updated": IdentifyingKind.DATES,
}


def find_identifying_columns(
    variables: Sequence[Variable], keys: Sequence[str] = ()
) -> dict[IdentifyingKind, tuple[str, ...]]:
    """Return the names of identifying columns by kind.

    `keys` are the sample columns that identify cases. Where one column of a question is identifying, all are.
    """
    found = {v.name: IdentifyingKind.KEYS if v.name in keys else _find_kind(v) for v in variables}
    kinds = {name: kind for name, kind in found.items() if kind}
    item_kinds = {
        (v.item, v.turn): kinds[v.name] for v in variables if v.name in kinds and v.role == "answer"
    }
    for variable in variables:
        if variable.role in ("answer", "state") and (variable.item, variable.turn) in item_kinds:
            kinds.setdefault(variable.name, item_kinds[variable.item, variable.turn])
    return {
        kind: names
        for kind in IdentifyingKind
        if (names := tuple(v.name for v in variables if kinds.get(v.name) == kind))
    }


def _find_kind(variable: Variable) -> IdentifyingKind | None:
    """Return the kind of a column taken by itself; None where it is not identifying."""
    if variable.role == "admin":
        return _ADMIN.get(variable.name)
    if variable.storage in ("date", "time"):
        return IdentifyingKind.DATES
    is_coded = bool(variable.labels) or variable.role == "order"
    is_mentions = variable.role == "words" and variable.name.startswith(f"{variable.item}_mentions")
    is_free_text = variable.storage == "text" and not is_coded and not is_mentions
    return IdentifyingKind.FREE_TEXT if is_free_text else None
