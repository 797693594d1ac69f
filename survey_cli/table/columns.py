"""Which columns do the data of an instrument have? Fixed by the instrument alone, whatever was answered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, TypeAlias

from survey_cli.instrument.program import Compute, Group, Instrument, Leaf, Node, Roster
from survey_cli.values import Storage, Variable

Source: TypeAlias = Literal["sample", "leaf", "turns", "compute", "order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some neighbouring columns that come from one thing: a leaf at one turn, a sample column, a compute, an order."""

    source: Source
    id: str
    turn: int | None = None
    variables: tuple[Variable, ...]
    leaf: Leaf | None = None
    group: Group | None = None
    scale: str = ""


@lru_cache(maxsize=32)
def blocks(instrument: Instrument, language: str) -> tuple[Block, ...]:
    """The columns in order: the sample, the items as written (a roster's turns after one another), the orders that were
    drawn, the computes."""
    return (
        *_sample(instrument, language),
        *_items(instrument.root.children, language, None),
        *_orders(instrument, language),
        *(_compute(instrument, c) for c in instrument.computes.values()),
    )


def columns(instrument: Instrument, language: str = "") -> tuple[Variable, ...]:
    """The variables of an instrument's data, labels in `language` (its first, unless said)."""
    language = language or instrument.language
    reserved = {
        kind: (d.code, str(d.text.written(language)))
        for kind, d in instrument.declines.items()
        if kind in ("not_asked", "not_reached")
    }
    return tuple(
        replace(v, declines={**v.declines, **reserved})
        for block in blocks(instrument, language)
        for v in block.variables
    )


def _sample(instrument: Instrument, language: str) -> Iterator[Block]:
    storages: dict[str, Storage] = {"number": "decimal", "date": "date"}
    for name, column in instrument.sample.items():
        options = column.options
        listed = instrument.written.scales[options].options if isinstance(options, str) else options or {}
        labels = {code: str((o.label or o.text).written(language)) for code, o in listed.items()}
        numbers = labels and all(isinstance(code, int) for code in labels)
        yield Block(
            source="sample",
            id=name,
            variables=(
                Variable(
                    name=name,
                    label=str(column.label.written(language)) if column.label else name,
                    storage="integer" if numbers else storages.get(column.type, "text"),
                    measure="scale" if column.type in storages else "nominal",
                    labels=labels,
                    item=name,
                    role="sample",
                    personal=column.hidden,
                ),
            ),
        )


def _items(nodes: tuple[Node, ...], language: str, turn: int | None) -> Iterator[Block]:
    for node in nodes:
        match node:
            case Leaf():
                yield from _leaf(node, language, turn)
            case Roster():
                label = f"Turns of {node.id}"
                yield Block(
                    source="turns",
                    id=node.id,
                    group=node,
                    variables=(
                        Variable(name=f"{node.id}_turns", label=label, measure="scale", item=node.id),
                    ),
                )
                for each in range(1, node.maximum + 1):
                    yield from _items(node.children, language, each)
                    if node.until is not None:
                        yield from _leaf(node.until, language, each)
            case Group():
                yield from _items(node.children, language, turn)


def _leaf(leaf: Leaf, language: str, turn: int | None) -> Iterator[Block]:
    variables = leaf.question.variables(leaf, language)
    if not variables:
        return
    if turn is not None:
        variables = tuple(
            replace(v, name=f"{v.name}_{turn}", label=f"{v.label} ({turn})", turn=turn) for v in variables
        )
    yield Block(source="leaf", id=leaf.id, turn=turn, leaf=leaf, variables=variables)


def _orders(instrument: Instrument, language: str) -> Iterator[Block]:
    """A text column for each order that is drawn: what was asked or read in which order."""
    for group in instrument.groups.values():
        if group.order != "written":
            yield _order(
                group.id,
                "items",
                turns_of(instrument, group.children[0] if group.children else None),
                group=group,
            )
    for leaf in instrument.leaves.values():
        if leaf.order != "written":
            yield _order(leaf.id, "options", turns_of(instrument, leaf), leaf=leaf)
    for name, scale in instrument.written.scales.items():
        if scale.order != "written":
            leaf_of = next((leaf for leaf in instrument.leaves.values() if leaf.scale == name), None)
            yield Block(
                source="order",
                id=str(name),
                scale=str(name),
                leaf=leaf_of,
                variables=(
                    Variable(
                        name=f"{name}_order",
                        label=f"Order of the options of {name}",
                        storage="text",
                        role="order",
                    ),
                ),
            )


def turns_of(instrument: Instrument, node: Node | None) -> int:
    """How many turns a node can be gone through in: 0 outside of a roster."""
    roster_id = (
        node.roster if isinstance(node, Leaf) else node.leaves[0].roster if node and node.leaves else None
    )
    roster = instrument.groups.get(roster_id) if roster_id else None
    return roster.maximum if isinstance(roster, Roster) else 0


def _order(id: str, of: str, turns: int, *, group: Group | None = None, leaf: Leaf | None = None) -> Block:
    label = f"Order of the {of} of {id}"
    names = [f"{id}_order"] if not turns else [f"{id}_order_{turn}" for turn in range(1, turns + 1)]
    return Block(
        source="order",
        id=id,
        group=group,
        leaf=leaf,
        variables=tuple(Variable(name=n, label=label, storage="text", item=id, role="order") for n in names),
    )


_COMPUTED: dict[str, Storage] = {"number": "decimal", "flag": "integer", "date": "date", "time": "time"}


def _compute(instrument: Instrument, compute: Compute) -> Block:
    return Block(
        source="compute",
        id=compute.id,
        variables=(
            Variable(
                name=compute.id,
                label=compute.id,
                storage=_COMPUTED.get(compute.type, "text"),
                measure="scale" if compute.type in ("number", "date", "time") else "nominal",
                labels={0: "false", 1: "true"} if compute.type == "flag" else {},
                item=compute.id,
                role="compute",
                decimals=2 if compute.type == "number" else 0,
            ),
        ),
    )
