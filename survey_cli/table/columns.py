"""The variables of an instrument's data, and the row of one interview, with a cell per variable.

A cell has an answer or a typed missing value. The variables depend only on the instrument. This
module also decides which columns are personal, and which can identify a respondent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias, assert_never

from survey_cli.engine.interview import Interview, RouteState
from survey_cli.engine.order import order_children, order_options
from survey_cli.instrument.compiled.model import Instrument, ItemGroup, Roster, find_labels
from survey_cli.instrument.editions import TRANSLATED_LABELS_EDITION
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.quantity import QuantityItem, find_quantity_column
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.typed import DateItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, LookupItem
from survey_cli.instrument.source.nodes import find_named
from survey_cli.instrument.texts.languages import get_base
from survey_cli.table.decline_codes import move_taken_codes
from survey_cli.values import (
    NO_AMOUNT,
    NOT_ASKED,
    NOT_REACHED,
    Cell,
    Code,
    Measure,
    Missing,
    Place,
    Storage,
    Variable,
)

MAX_LABEL_LENGTH: Final = 80
"""Characters of a label that statistical software does not truncate."""

NOON: Final = time(12)
"""The time, in UTC, at which an imported interview began of which only the date is known."""
IMPORT_STATION: Final = "answers import"
"""The station of imported interviews, whose order of reading is not known."""
BlockSource: TypeAlias = Literal["sample", "item", "turns", "compute", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBlock:
    """The adjacent columns of one source, such as an item at one turn, or a sample column."""

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
    """Return the columns in order: sample, items as written, drawn orders, computes.

    The items of a roster are repeated turn by turn.
    """
    blocks = []
    for name in instrument.sample:
        variable = build_sample_variable(instrument, name, language)
        blocks.append(ColumnBlock(source="sample", id=name, variables=(variable,)))

    blocks += _iterate_item_blocks(instrument, instrument.root, language, None)
    blocks += _iterate_order_blocks(instrument)

    for compute in instrument.computes.values():
        if compute.is_column:
            blocks.append(_build_compute_block(instrument, compute, language))

    return tuple(blocks)


@lru_cache(maxsize=32)
def build_columns(instrument: Instrument, language: str = "") -> tuple[Variable, ...]:
    """Return the variables of an instrument's data; without a language, labels are in its first."""
    language = language or instrument.language
    declines = {
        kind: (decline.code, str(decline.text.get(language)))
        for kind, decline in instrument.declines.items()
    }
    unasked_kinds = (NOT_ASKED.kind, NOT_REACHED.kind)
    reserved = {kind: declines[kind] for kind in unasked_kinds if kind in declines}
    personal_names = find_personal_names(instrument)

    columns = []
    for block in build_blocks(instrument, language):
        declined = declines if _may_have_any_missing(block) else {}
        for variable in block.variables:
            others = declined
            if _may_lack_amount(instrument, block, variable):
                code = _choose_no_amount_code(declines)
                label = _label_no_amount(instrument, language)
                others = {**declined, NO_AMOUNT.kind: (code, label)}
            distinct = move_taken_codes(instrument, variable, others, reserved)
            unasked = {kind: distinct.get(kind, pair) for kind, pair in reserved.items()}
            column = replace(
                variable,
                declines={**distinct, **variable.declines, **unasked},
                personal=variable.personal or block.id in personal_names,
            )
            columns.append(column)
    return tuple(columns)


def have_same_cells(variables: Iterable[Variable], others: Iterable[Variable]) -> bool:
    """Return whether rows of two versions have the same cells, so that they can be read alike."""
    return _list_cell_properties(variables) == _list_cell_properties(others)


def _list_cell_properties(variables: Iterable[Variable]) -> list[tuple[str, Storage, bool]]:
    return [(variable.name, variable.storage, variable.personal) for variable in variables]


def _may_have_any_missing(block: ColumnBlock) -> bool:
    """Return whether cells of a block may have missing values that its own item does not offer."""
    if block.source in ("turns", "compute"):
        return True
    if block.source != "item" or block.item is None:
        return False
    question = block.item.question
    if isinstance(question, BracketResultItem):
        return False  # its missing values are those of its steps
    is_partial_date = isinstance(question, DateItem) and question.partial
    return is_partial_date or isinstance(question, ComputedItem)


def _may_lack_amount(instrument: Instrument, block: ColumnBlock, variable: Variable) -> bool:
    """Return whether a column may have no value because an answer has no amount.

    That can be a calculation, or the amount and the unit beside a quantity's "never".
    """
    if block.item is not None and isinstance(block.item.question, QuantityItem):
        return block.item.question.may_lack_amount(find_quantity_column(variable))
    if block.source != "compute":
        return False
    conditions = instrument.computes[block.id].conditions.values()
    return any(condition.result_type.may_lack_amount for condition in conditions)


_NO_AMOUNT_CODES: Final[Sequence[int]] = (-5, -4, -3, -2, *range(-10, -99, -1))
"""The codes that an answer without an amount can have, the preferred ones first."""
_NO_AMOUNT_LABELS: Final = {"en": "No amount", "es": "Sin cantidad"}
"""The label of an answer without an amount, in the languages of don't know and refused."""


def _choose_no_amount_code(declines: Mapping[str, tuple[int, str]]) -> int:
    """Return the code of an answer without an amount, which is none of the study's declines."""
    used = {code for code, _ in declines.values()}
    free = [code for code in _NO_AMOUNT_CODES if code not in used]
    return free[0]


def _label_no_amount(instrument: Instrument, language: str) -> str:
    """Return the label of an answer without an amount, in English if it isn't translated."""
    english = _NO_AMOUNT_LABELS["en"]
    if instrument.edition < TRANSLATED_LABELS_EDITION:
        return english
    return _NO_AMOUNT_LABELS.get(get_base(language), english)


_SAMPLE_STORAGE: Final[dict[str, Storage]] = {"number": "decimal", "date": "date"}


def build_sample_variable(instrument: Instrument, name: str, language: str) -> Variable:
    """Return the variable of a sample column."""
    column = instrument.sample[name]
    label = name
    if column.label:
        label = str(column.label.get(language))

    storage: Storage = "text"
    measure: Measure = "nominal"
    if column.type in _SAMPLE_STORAGE:
        storage = _SAMPLE_STORAGE[column.type]
        measure = "scale"

    labels = find_labels(instrument, name, language)
    if labels and all(isinstance(code, int) for code in labels):
        storage = "integer"

    return Variable(
        name=name,
        label=label,
        storage=storage,
        measure=measure,
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
                yield from _iterate_roster_blocks(instrument, node, language)
            case ItemGroup():
                yield from _iterate_item_blocks(instrument, node, language, turn)


def _iterate_roster_blocks(
    instrument: Instrument, roster: Roster, language: str
) -> Iterator[ColumnBlock]:
    """Yield the number of turns, and the columns of each turn."""
    turns = Variable(
        name=f"{roster.id}_turns",
        label=f"Turns of {roster.id}",
        measure="scale",
        item=roster.id,
    )
    yield ColumnBlock(source="turns", id=roster.id, group=roster, variables=(turns,))

    for turn in range(1, roster.maximum + 1):
        yield from _iterate_item_blocks(instrument, roster, language, turn)
        if roster.until is not None:
            yield from _iterate_item_block(instrument, roster.until, language, turn)


def _add_battery_label(
    block: ColumnBlock, item: CompiledItem, group: ItemGroup, language: str
) -> ColumnBlock:
    """Prefix a statement's label with that of its battery, up to `MAX_LABEL_LENGTH`.

    Statements with a label of their own, or whose text is a whole question, are left unchanged.
    """
    battery = group.spec
    if not isinstance(battery, BatteryItem):
        return block
    prefix = battery.label or battery.title
    statement = find_named(battery.statements, item.id)
    has_own_label = statement is not None and statement.label is not None
    is_whole_question = item.text.get_source_text(language) == str(item.label.get(language))
    if prefix is None or has_own_label or is_whole_question:
        return block

    labels = [f"{prefix.get(language)}: {variable.label}" for variable in block.variables]
    if max(map(len, labels)) > MAX_LABEL_LENGTH:
        return block

    pairs = zip(block.variables, labels, strict=True)
    variables = tuple(replace(variable, label=label) for variable, label in pairs)
    return replace(block, variables=variables)


def _iterate_item_block(
    instrument: Instrument, item: CompiledItem, language: str, turn: int | None
) -> Iterator[ColumnBlock]:
    """Yield the columns of an item at one turn; nothing if it has none."""
    question = item.question
    variables = question.build_variables(item, language)
    if isinstance(question, LookupItem) and question.sample in instrument.sample:
        column = build_sample_variable(instrument, str(question.sample), language)
        variables = (_describe_looked_up(variables[0], column),)
    if not variables:
        return

    if turn is not None:
        variables = tuple(
            replace(
                variable,
                name=f"{variable.name}_{turn}",
                label=f"{variable.label} ({turn})",
                turn=turn,
            )
            for variable in variables
        )
    yield ColumnBlock(source="item", id=item.id, turn=turn, item=item, variables=variables)


def _describe_looked_up(lookup: Variable, column: Variable) -> Variable:
    """Return the variable of an item that looks up a sample column."""
    label = column.label
    if lookup.label != lookup.item:  # an item without a label of its own is labeled with its id
        label = lookup.label

    return replace(
        column,
        name=lookup.name,
        label=label,
        wording=lookup.wording,
        item=lookup.item,
        role=lookup.role,
    )


def _iterate_order_blocks(instrument: Instrument) -> Iterator[ColumnBlock]:
    """Yield a text column for each drawn order of items or options."""
    for group in instrument.groups.values():
        if group.order != "written":
            first_item = group.items[0] if group.items else None
            variables = _build_order_variables(instrument, group.id, "items", first_item)
            yield ColumnBlock(source="order", id=group.id, variables=variables, group=group)

    for item in instrument.items.values():
        if item.order != "written":
            variables = _build_order_variables(instrument, item.id, "options", item)
            yield ColumnBlock(source="order", id=item.id, variables=variables, item=item)

    for key, scale in instrument.document.scales.items():
        if scale.order != "written":
            name = str(key)
            [variable] = _build_order_variables(instrument, name, "options", None)
            users = [item for item in instrument.items.values() if item.scale == name]
            yield ColumnBlock(
                source="order",
                id=name,
                variables=(replace(variable, item=""),),
                item=users[0] if users else None,
                scale=name,
            )


def _build_order_variables(
    instrument: Instrument, owner: str, content: str, item: CompiledItem | None
) -> tuple[Variable, ...]:
    """Return the order columns of a group, item or scale, one per turn of the roster of `item`.

    `content` is `items` or `options`.
    """
    endings = [""]
    if item is not None and item.roster is not None:
        roster = instrument.groups[item.roster]
        assert isinstance(roster, Roster)
        endings = [f"_{turn}" for turn in range(1, roster.maximum + 1)]

    label = f"Order of the {content} of {owner}"
    return tuple(
        Variable(
            name=f"{owner}_order{ending}", label=label, storage="text", item=owner, role="order"
        )
        for ending in endings
    )


_COMPUTE_STORAGE: Final[dict[str, Storage]] = {
    "number": "decimal",
    "flag": "integer",
    "date": "date",
    "time": "time",
}


def _build_compute_block(instrument: Instrument, compute: Compute, language: str) -> ColumnBlock:
    condition = compute.conditions.get(language) or next(iter(compute.conditions.values()))
    label = compute.id
    if compute.label is not None:
        label = str(compute.label.get(language))

    labels: dict[Code, str] = {0: "false", 1: "true"}
    if compute.type != "flag":
        labels = find_labels(instrument, compute.id, language)
    own_labels = {code: str(text.get(language)) for code, text in compute.labels.items()}

    wording = condition.text
    if compute.table is not None:
        wording = compute.table.write()

    variable = Variable(
        name=compute.id,
        label=label,
        storage=_find_compute_storage(compute, condition),
        measure=compute.measure or _find_compute_measure(compute),
        labels={**labels, **own_labels},
        wording=wording,
        item=compute.id,
        role="compute",
        decimals=compute.decimals if compute.type == "number" else 0,
    )
    return ColumnBlock(source="compute", id=compute.id, variables=(variable,))


def _find_compute_storage(compute: Compute, condition: Condition) -> Storage:
    if compute.type == "number" and not compute.decimals:
        return "integer"

    if compute.type == "code":
        codes = condition.result_type.codes
        if codes and all(isinstance(code, int) for code in codes):
            return "integer"

    return _COMPUTE_STORAGE.get(compute.type, "text")


def _find_compute_measure(compute: Compute) -> Measure:
    return "scale" if compute.type in ("number", "date", "time") else "nominal"


# ── the row of one interview ──


def build_row(interview: Interview) -> tuple[Cell, ...]:
    """Return the row of an interview, aligned with `build_columns(interview.instrument)`."""
    instrument = interview.instrument
    remaining = interview.remaining_answers
    if remaining is not None:  # its journal was erased
        known_cells = {**interview.start.sample, **remaining}
        columns = build_columns(instrument)
        return tuple(known_cells.get(variable.name, NOT_ASKED) for variable in columns)

    state = interview.evaluate_route()
    cells: list[Cell] = []
    for block in build_blocks(instrument, instrument.language):
        cells += _build_cells(block, interview, state)
    return tuple(cells)


def _build_cells(block: ColumnBlock, interview: Interview, state: RouteState) -> tuple[Cell, ...]:
    match block.source:
        case "item":
            assert block.item is not None
            place = block.item.place
            if block.turn is not None:
                place = Place(block.id, block.turn)
            return _build_item_cells(block.item, place, state)
        case "sample":
            return (interview.start.sample.get(block.id, NOT_ASKED),)
        case "turns":
            assert isinstance(block.group, Roster)
            return (_count_asked_turns(block.group, state),)
        case "compute":
            value = state.known.value(block.id, otherwise=NOT_ASKED)
            return (convert_computed(value, block.variables[0].storage),)
        case "order":
            return _build_order_cells(block, interview)
        case _:
            assert_never(block.source)


def _count_asked_turns(roster: Roster, state: RouteState) -> Cell:
    """Return the number of turns; missing if it is not known, or if the roster was not asked."""
    so_far = state.known.rosters.get(roster.id)
    if so_far is None:
        return NOT_ASKED
    if isinstance(so_far.turns, Missing):
        return so_far.turns
    if so_far.turns:
        return len(so_far.turns)

    # without turns: 0 if the roster came up and had nothing to ask about, missing otherwise
    if any(Place(item.id, 1) in state.unreached for item in roster.items):
        return NOT_REACHED

    if roster.over is not None:
        is_zero = so_far.is_entered
    elif roster.each is not None:
        is_zero = state.known.value(roster.each.id) == ()
    elif roster.count is not None:
        count = roster.count.evaluate(state.known)
        if isinstance(count, Missing):
            return count
        is_zero = isinstance(count, int | float) and count < 1
    else:
        is_zero = False
    return 0 if is_zero else NOT_ASKED


def _build_item_cells(item: CompiledItem, place: Place, state: RouteState) -> tuple[Cell, ...]:
    answer = state.answers.get(place)
    if answer is None:
        why = NOT_REACHED if place in state.unreached else NOT_ASKED
        return item.question.build_missing_cells(item, why)
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
    """Return the drawn order as ids or codes separated by spaces, one cell per turn.

    It is `not_asked` if it is not known.
    """
    if interview.start.stamp.station == IMPORT_STATION:
        return (NOT_ASKED,) * len(block.variables)

    seed = interview.start.seed
    # the columns of a roster are named after its turns even if it has only one
    is_repeated = block.variables[0].name != f"{block.id}_order"
    if not is_repeated:
        return (_format_order(block, seed, None),)

    turns = range(1, len(block.variables) + 1)
    return tuple(_format_order(block, seed, turn) for turn in turns)


def _format_order(block: ColumnBlock, seed: int, turn: int | None) -> Cell:
    if block.group is not None:
        return " ".join(node.id for node in order_children(block.group, seed=seed, turn=turn))

    item = block.item
    if item is None:
        return NOT_ASKED

    order = item.scale_order if block.scale else item.order
    key = block.scale or item.id
    options = order_options(item.options, order, seed=seed, key=key, turn=turn)
    return " ".join(str(option.code) for option in options)


# ── columns about a person ──


@lru_cache(maxsize=32)
def find_personal_names(instrument: Instrument) -> frozenset[str]:
    """Return the names of items, sample columns and computes that are personal.

    Computes that read a personal value are included, as are rosters whose number of turns depends
    on one.
    """
    names = {str(name) for name, column in instrument.sample.items() if column.is_personal}

    for item in instrument.items.values():
        question = item.question
        looked_up = question.sample if isinstance(question, LookupItem) else None
        if question.personal or looked_up in names:
            names.add(item.id)

    # a compute may read another that comes later in the file
    found = True
    while found:
        found = False
        for name, compute in instrument.computes.items():
            if name not in names and _reads(compute.conditions.values(), names):
                names.add(name)
                found = True

    for group in instrument.groups.values():
        if isinstance(group, Roster) and _has_personal_turns(group, names):
            names.add(group.id)

    return frozenset(names)


def _has_personal_turns(roster: Roster, personal_names: set[str]) -> bool:
    """Return whether the turns of a roster depend on something personal."""
    if roster.each is not None and roster.each.id in personal_names:
        return True
    if roster.over is not None and roster.over.id in personal_names:
        return True
    conditions = [condition for condition in (roster.count, roster.where) if condition is not None]
    return _reads(conditions, personal_names)


def _reads(conditions: Iterable[Condition], names: set[str]) -> bool:
    """Return whether any of the conditions reads one of the names."""
    return any(not condition.names.isdisjoint(names) for condition in conditions)


class IdentifyingKind(StrEnum):
    """Kinds of columns that can identify a respondent, as bundles and messages name them."""

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

    `keys` are the sample columns that identify cases. If one column of a question is identifying,
    all are.
    """
    kinds: dict[str, IdentifyingKind] = {}
    question_kinds: dict[tuple[str, int | None], IdentifyingKind] = {}
    for variable in variables:
        kind = _find_kind(variable)
        if variable.name in keys:
            kind = IdentifyingKind.KEYS
        if kind is not None:
            kinds[variable.name] = kind
            if variable.role == "answer":
                question_kinds[variable.item, variable.turn] = kind

    for variable in variables:
        question = (variable.item, variable.turn)
        if variable.role in ("answer", "state") and question in question_kinds:
            kinds.setdefault(variable.name, question_kinds[question])

    names_by_kind = {}
    for kind in IdentifyingKind:
        names = tuple(variable.name for variable in variables if kinds.get(variable.name) is kind)
        if names:
            names_by_kind[kind] = names
    return names_by_kind


def _find_kind(variable: Variable) -> IdentifyingKind | None:
    """Return the kind of one column, whatever its question has; None if it is not identifying."""
    if variable.role == "admin":
        return _ADMIN.get(variable.name)
    if variable.storage in ("date", "time"):
        return IdentifyingKind.DATES

    is_coded = bool(variable.labels) or variable.role == "order"
    is_mentions = variable.role == "words" and variable.name.startswith(f"{variable.item}_mentions")
    is_free_text = variable.storage == "text" and not is_coded and not is_mentions
    if is_free_text:
        return IdentifyingKind.FREE_TEXT
    return None
