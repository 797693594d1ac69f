"""The variables of an instrument's data, determined by the instrument alone, whatever was answered."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem, Compute
from survey_cli.instrument.schema.items.typed import DateItem
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, LookupItem
from survey_cli.table.personal import find_personal_names
from survey_cli.values import Code, Storage, Variable

MAX_LABEL_LENGTH: Final = 80
"""Letters of a label that the programs of analysts take whole."""

BlockSource: TypeAlias = Literal["sample", "leaf", "turns", "compute", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBlock:
    """Some neighbouring columns that come from one thing: a leaf at one turn, a sample column, a compute, an order."""

    source: BlockSource
    id: str
    turn: int | None = None
    variables: tuple[Variable, ...]
    leaf: CompiledItem | None = None
    group: ItemGroup | None = None
    scale: str = ""


@lru_cache(maxsize=32)
def build_blocks(instrument: Instrument, language: str) -> tuple[ColumnBlock, ...]:
    """The columns in order: the sample, the items as written (a roster's turns after one another), the orders that were
    drawn, the computes.
    """
    return (
        *(
            ColumnBlock(source="sample", id=name, variables=(build_sample_variable(instrument, name, language),))
            for name in instrument.sample
        ),
        *_iterate_item_blocks(instrument, instrument.root, language, None),
        *_iterate_order_blocks(instrument),
        *(_build_compute_block(instrument, c, language) for c in instrument.computes.values()),
    )


def build_columns(instrument: Instrument, language: str = "") -> tuple[Variable, ...]:
    """The variables of an instrument's data, labels in `language` (its first, unless said)."""
    language = language or instrument.language
    study = {kind: (d.code, str(d.text.get(language))) for kind, d in instrument.declines.items()}
    reserved: dict[str, tuple[int, str]] = {kind: study[kind] for kind in ("not_asked", "not_reached") if kind in study}
    personal = find_personal_names(instrument)
    return tuple(
        replace(
            v,
            declines={**(study if _has_foreign_missings(block) else {}), **v.declines, **reserved},
            personal=v.personal or block.id in personal,
        )
        for block in build_blocks(instrument, language)
        for v in block.variables
    )


def _has_foreign_missings(block: ColumnBlock) -> bool:
    """Whether its cells can be missing in a way that its own item does not offer."""
    match block.source:
        case "turns" | "compute":
            return True
        case "leaf":
            question = block.leaf.question if block.leaf is not None else None
            return isinstance(question, ComputedItem) or (isinstance(question, DateItem) and question.partial)
        case "sample" | "order":
            return False


def build_sample_variable(instrument: Instrument, name: str, language: str) -> Variable:
    storages: dict[str, Storage] = {"number": "decimal", "date": "date"}
    column = instrument.sample[name]
    options = column.options
    listed = instrument.document.scales[options].options if isinstance(options, str) else options or {}
    labels: dict[Code, str] = {code: str((o.label or o.text).get(language)) for code, o in listed.items()}
    if column.type == "split":
        labels = {str(arm): str(arm) for arm in column.arms}
    numbers = labels and all(isinstance(code, int) for code in labels)
    return Variable(
        name=name,
        label=str(column.label.get(language)) if column.label else name,
        storage="integer" if numbers else storages.get(column.type, "text"),
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
        match node:
            case CompiledItem():
                block = _build_leaf_block(instrument, node, language, turn)
                if block is not None:
                    yield _add_battery_label(block, node, group, language)
            case Roster():
                label = f"Turns of {node.id}"
                yield ColumnBlock(
                    source="turns",
                    id=node.id,
                    group=node,
                    variables=(Variable(name=f"{node.id}_turns", label=label, measure="scale", item=node.id),),
                )
                for each in range(1, node.maximum + 1):
                    yield from _iterate_item_blocks(instrument, node, language, each)
                    if node.until is not None and (block := _build_leaf_block(instrument, node.until, language, each)):
                        yield block
            case ItemGroup():
                yield from _iterate_item_blocks(instrument, node, language, turn)


def _add_battery_label(block: ColumnBlock, leaf: CompiledItem, group: ItemGroup, language: str) -> ColumnBlock:
    """A statement that ends a question which others share has the battery's label before its own words, as long as the
    whole is no longer than `MAX_LABEL_LENGTH`.
    """
    battery = group.spec
    if not isinstance(battery, BatteryItem):
        return block
    head, own = battery.label or battery.title, str(leaf.label.get(language))
    labelled = any(str(key) == leaf.id and s.label is not None for key, s in battery.statements.items())
    if head is None or labelled or leaf.text.get_source_text(language) == own:
        return block
    whole = [f"{head.get(language)}: {v.label}" for v in block.variables]
    if max(map(len, whole)) > MAX_LABEL_LENGTH:
        return block
    labelled_variables = (replace(v, label=label) for v, label in zip(block.variables, whole, strict=True))
    return replace(block, variables=tuple(labelled_variables))


def _build_leaf_block(
    instrument: Instrument, leaf: CompiledItem, language: str, turn: int | None
) -> ColumnBlock | None:
    variables = leaf.question.build_variables(leaf, language)
    if isinstance(leaf.question, LookupItem) and leaf.question.sample in instrument.sample:
        variables = (
            _copy_sample_variable(build_sample_variable(instrument, str(leaf.question.sample), language), variables[0]),
        )
    if not variables:
        return None
    if turn is not None:
        variables = tuple(
            replace(v, name=f"{v.name}_{turn}", label=f"{v.label} ({turn})", turn=turn) for v in variables
        )
    return ColumnBlock(source="leaf", id=leaf.id, turn=turn, leaf=leaf, variables=variables)


def _iterate_order_blocks(instrument: Instrument) -> Iterator[ColumnBlock]:
    """A text column for each order that is drawn: what was asked or read in which order."""
    for group in instrument.groups.values():
        if group.order != "written":
            yield _build_order_block(
                group.id, "items", count_turns(instrument, group.children[0] if group.children else None), group=group
            )
    for leaf in instrument.leaves.values():
        if leaf.order != "written":
            yield _build_order_block(leaf.id, "options", count_turns(instrument, leaf), leaf=leaf)
    for name, scale in instrument.document.scales.items():
        if scale.order != "written":
            leaf_of = next((leaf for leaf in instrument.leaves.values() if leaf.scale == name), None)
            yield ColumnBlock(
                source="order",
                id=str(name),
                scale=str(name),
                leaf=leaf_of,
                variables=(
                    Variable(
                        name=f"{name}_order", label=f"Order of the options of {name}", storage="text", role="order"
                    ),
                ),
            )


def count_turns(instrument: Instrument, node: CompiledNode | None) -> int:
    """How many turns a node can be gone through in: 0 outside of a roster."""
    roster_id = (
        node.roster if isinstance(node, CompiledItem) else node.leaves[0].roster if node and node.leaves else None
    )
    roster = instrument.groups.get(roster_id) if roster_id else None
    return roster.maximum if isinstance(roster, Roster) else 0


def _build_order_block(
    owner: str, of: str, turns: int, *, group: ItemGroup | None = None, leaf: CompiledItem | None = None
) -> ColumnBlock:
    label = f"Order of the {of} of {owner}"
    names = [f"{owner}_order"] if not turns else [f"{owner}_order_{turn}" for turn in range(1, turns + 1)]
    return ColumnBlock(
        source="order",
        id=owner,
        group=group,
        leaf=leaf,
        variables=tuple(Variable(name=n, label=label, storage="text", item=owner, role="order") for n in names),
    )


def _copy_sample_variable(column: Variable, lookup: Variable) -> Variable:
    """A lookup's column: it holds what the sample column holds."""
    return replace(
        column,
        name=lookup.name,
        label=column.label if lookup.label == lookup.item else lookup.label,
        wording=lookup.wording,
        item=lookup.item,
        role=lookup.role,
    )


_COMPUTE_STORAGE: dict[str, Storage] = {"number": "decimal", "flag": "integer", "date": "date", "time": "time"}


def _build_compute_block(instrument: Instrument, compute: Compute, language: str) -> ColumnBlock:
    condition = compute.conditions.get(language) or next(iter(compute.conditions.values()))
    codes = condition.result_type.codes or frozenset() if compute.type == "code" else frozenset()
    storage = _COMPUTE_STORAGE.get(compute.type, "text")
    if codes and all(isinstance(code, int) for code in codes):
        storage = "integer"
    labels: dict[Code, str] = {0: "false", 1: "true"} if compute.type == "flag" else {}
    return ColumnBlock(
        source="compute",
        id=compute.id,
        variables=(
            Variable(
                name=compute.id,
                label=compute.id,
                storage=storage,
                measure="scale" if compute.type in ("number", "date", "time") else "nominal",
                labels=labels or _find_labels(instrument, condition, codes, language),
                wording=condition.text,
                item=compute.id,
                role="compute",
                decimals=2 if compute.type == "number" else 0,
            ),
        ),
    )


def _find_labels(
    instrument: Instrument, condition: Condition, codes: Collection[Code], language: str
) -> dict[Code, str]:
    """What a computed code means: what it means where the condition reads it, if that is one thing only."""
    meant: dict[Code, set[str]] = {}
    for name in condition.names:
        if name in instrument.leaves:
            for option in instrument.leaves[name].options:
                meant.setdefault(option.code, set()).add(str(option.label.get(language)))
        elif name in instrument.sample:
            for code, text in build_sample_variable(instrument, name, language).labels.items():
                meant.setdefault(code, set()).add(text)
    return {code: min(texts) for code, texts in meant.items() if code in codes and len(texts) == 1}
