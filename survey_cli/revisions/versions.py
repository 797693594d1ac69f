"""Two versions of a questionnaire that are compared, with the items and groups of each."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, NamedTuple

from survey_cli.instrument.compiled.model import CompiledNode, Instrument, ItemGroup, Roster
from survey_cli.instrument.schema.compute_table import ComputeTable
from survey_cli.instrument.schema.items.brackets import BracketItem, BracketStepItem
from survey_cli.instrument.schema.items.groups import BatteryItem, BracketSection
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.nodes import find_named, get_named, locate_name
from survey_cli.problems import Position

OUTCOME_PREFIX: Final = "outcomes."
"""What the names of outcomes begin with, among those of items and sample columns."""


class Node(NamedTuple):
    """An item, a statement or a group, with its position in the questionnaire."""

    id: str
    compiled: CompiledNode
    spec: SpecModel
    where: Position
    ancestors: tuple[str, ...]
    """The groups around it, from the outermost."""

    @property
    def item(self) -> CompiledItem | None:
        """The item; None if it is a group."""
        return self.compiled if isinstance(self.compiled, CompiledItem) else None

    @property
    def roster(self) -> str | None:
        """The roster in whose turns it is asked."""
        return self.item.roster if self.item is not None else None


class Version:
    """One of two versions that are compared."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.nodes = {node.id: node for node in _iterate_below(instrument.root, ())}
        """All items and groups by id, in written order."""

    def locate(self, name: str) -> Position | None:
        """Locate an item, group, sample column, compute or outcome; None if it is missing."""
        if name in self.nodes:
            return self.nodes[name].where
        document = self.instrument.document
        if name in self.instrument.computes:
            calculation = get_named(document.compute, name)
            if isinstance(calculation, ComputeTable):
                return calculation.find_position()
            return calculation.where
        if name in self.instrument.sample:
            return self.instrument.sample[name].find_position()
        if name.startswith(OUTCOME_PREFIX):
            outcome = find_named(document.outcomes, name.removeprefix(OUTCOME_PREFIX))
            if outcome is not None:
                return outcome.find_position()
        return None


class VersionPair:
    """An older and a newer version, and what both have."""

    def __init__(self, old: Instrument, new: Instrument) -> None:
        self.old = Version(old)
        self.new = Version(new)
        common = tuple(language for language in old.languages if language in new.languages)
        self.languages = common or new.languages[:1]
        """The languages in which texts are compared."""
        self.common = tuple(name for name in self.old.nodes if name in self.new.nodes)
        """The items and groups that both have."""

    def get_nodes(self, name: str) -> tuple[Node, Node]:
        """Return an item or group of both."""
        return self.old.nodes[name], self.new.nodes[name]

    def locate(self, name: str) -> tuple[Position | None, Position | None]:
        """Locate a name in both."""
        return self.old.locate(name), self.new.locate(name)


def _iterate_below(group: ItemGroup, ancestors: tuple[str, ...]) -> Iterator[Node]:
    children = list(group.children)
    if isinstance(group, Roster) and group.until is not None:
        children.append(group.until)

    for child in children:
        if isinstance(child, ItemGroup) and isinstance(child.spec, BracketSection):
            yield from _iterate_bracket(child, child.spec.bracket, ancestors)
            continue

        spec: Any = child.question if isinstance(child, CompiledItem) else child.spec
        name = spec.id
        if isinstance(group.spec, BatteryItem):
            for statement, statement_spec in group.spec.statements.items():
                if statement == child.id:
                    name = statement
                    spec = statement_spec

        yield Node(child.id, child, spec, locate_name(name), ancestors)
        if isinstance(child, ItemGroup):
            yield from _iterate_below(child, (*ancestors, child.id))


class _MadeSpec(SpecModel):
    """What is compared of an item that was made: nothing, since nobody has written it."""


def _iterate_bracket(
    group: ItemGroup, bracket: BracketItem, ancestors: tuple[str, ...]
) -> Iterator[Node]:
    """Yield what has columns. The first result stands for all that is written at the bracket."""
    where = locate_name(bracket.id)
    for item in group.items:
        if item.id == item.bracket:
            whole = replace(item, ask_if=group.ask_if, unless=group.unless)
            yield Node(item.id, whole, bracket, where, ancestors)
        elif not isinstance(item.question, BracketStepItem):
            part = replace(item, ask_if=None, checks=())
            yield Node(item.id, part, _MadeSpec(), where, ancestors)
