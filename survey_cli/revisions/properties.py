"""Properties of the parts of a questionnaire: what two versions are compared by, and a change of one."""

from collections.abc import Iterator
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.items.groups import BatteryItem
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.nodes import YamlScalar, locate_name
from survey_cli.instrument.source.scalars import Text
from survey_cli.problems import Position
from survey_cli.values import Code

ChangeKind: TypeAlias = Literal[
    "removed",
    "type",
    "recoded",
    "narrowed",
    "widened",
    "route",
    "order",
    "added",
    "text",
    "fieldwork",
]
LOSSES: Final = ("removed", "type", "recoded", "narrowed")
"""The kinds after which stored answers and new ones are not of one piece."""


class ComparedChange(NamedTuple):
    """One change between two versions."""

    kind: ChangeKind
    items: tuple[str, ...]
    """The items, groups, sample columns or computes that have it; empty for the study's settings."""
    what: str
    places: tuple[Position | None, ...]
    """Its positions in both versions."""
    code: Code | None = None
    """The code that it concerns, if it concerns one."""
    decided: bool = True
    """False: nobody has proved that it makes a difference."""
    affected: tuple[str, ...] = ()
    """The items of a group that are asked of other people."""

    @property
    def where(self) -> Position:
        """Its position in the newer version; in the older one where it is gone."""
        return self.places[1] or self.places[0] or Position("")

    @property
    def answers(self) -> tuple[str, ...]:
        """The items whose stored answers it concerns, by their names in the older version."""
        return () if self.kind in ("widened", "added", "fieldwork") else self.affected or self.items


class Property(NamedTuple):
    """One property as written."""

    value: Any
    where: Position


class Node(NamedTuple):
    """An item, a statement or a group, with its place in the questionnaire."""

    id: str
    compiled: CompiledNode
    spec: SpecModel
    where: Position
    ancestors: tuple[str, ...]
    """The groups around it, from the outermost."""

    @property
    def roster(self) -> str | None:
        """The roster in whose turns it is asked."""
        return self.compiled.roster if isinstance(self.compiled, CompiledItem) else None


def list_nodes(instrument: Instrument) -> dict[str, Node]:
    """List all items and groups by id, in written order."""
    return {node.id: node for node in _iterate_below(instrument.root, ())}


def _iterate_below(group: ItemGroup, ancestors: tuple[str, ...]) -> Iterator[Node]:
    until = group.until if isinstance(group, Roster) else None
    for child in (*group.children, *([until] if until is not None else [])):
        spec: Any = child.question if isinstance(child, CompiledItem) else child.spec
        where = locate_name(spec.id)
        if isinstance(group.spec, BatteryItem):
            name, spec = next((n, s) for n, s in group.spec.statements.items() if n == child.id)
            where = locate_name(name)
        yield Node(child.id, child, spec, where, ancestors)
        if isinstance(child, ItemGroup):
            yield from _iterate_below(child, (*ancestors, child.id))


def list_properties(
    part: SpecModel, skip: frozenset[str] = frozenset(), prefix: str = ""
) -> dict[str, Property]:
    """List the properties of a part of the file by key, without those to skip."""
    properties: dict[str, Property] = {}
    for name, info in type(part).model_fields.items():
        if name not in skip:
            key = info.alias or name
            properties.update(_flatten(prefix + key, getattr(part, name), part.find_position(key)))
    return properties


def _flatten(key: str, value: Any, where: Position) -> Iterator[tuple[str, Property]]:
    match value:
        case None:
            return
        case Text():
            yield key, Property(value, value.where if value.where.line else where)
        case SpecModel():
            yield from list_properties(value, prefix=f"{key}.").items()
        case dict():
            for name, inner in value.items():
                yield from _flatten(
                    f"{key}.{name}", inner, name.where if isinstance(name, YamlScalar) else where
                )
        case list() if value and isinstance(value[0], SpecModel):
            for number, inner in enumerate(value, 1):
                name = str(getattr(inner, "id", getattr(inner, "ask", number)))
                yield from _flatten(f"{key}.{name}", inner, inner.find_position())
        case _:
            yield key, Property(value, where)
