"""The compiled instrument: a tree of items and groups with compiled conditions and texts.

These are values: they neither ask nor answer anything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.document import Document, SampleColumn
from survey_cli.instrument.schema.items.brackets import BracketResultItem
from survey_cli.instrument.schema.items.groups import (
    BatteryItem,
    BracketSection,
    RosterItem,
    SectionItem,
)
from survey_cli.instrument.schema.items.question import (
    CompiledDecline,
    CompiledItem,
    Compute,
)
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.instrument.schema.options import OptionSpec, list_value_labels
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import Code
from survey_cli.wording import format_letters


@dataclass(slots=True, eq=False, kw_only=True)
class ItemGroup:
    """A section, a battery, or the whole questionnaire."""

    id: str
    spec: SectionItem | BatteryItem | RosterItem | None
    children: tuple["CompiledNode", ...]
    title: Template | None = None
    """What the screen shows: a group without a title has that of the group around it."""
    intro: Template | None = None
    ask_if: Condition | None = None
    unless: Condition | None = None
    order: str = "written"
    anchor: bool = False
    after_hangup: bool = False
    items: tuple[CompiledItem, ...] = ()
    """All items below, in written order."""
    asked_count: int = 0
    """How many of the items below count for the progress display."""
    computes: tuple[Compute, ...] = ()
    pick: CompiledItem | None = None
    """What is picked, if only some of its items or turns are asked. It precedes the group."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"

    @property
    def own_title(self) -> Template | None:
        """The title that the designer gave it, for lists that name the groups around it, too."""
        if self.spec is None or self.spec.title is None:
            return None
        return self.title


@dataclass(slots=True, eq=False, kw_only=True)
class Roster(ItemGroup):
    """A group that is repeated once per turn."""

    maximum: int = 1
    count: Condition | None = None
    each: CompiledItem | None = None
    until: CompiledItem | None = None
    """The question asked at the end of each turn: is there another one?"""
    turn_name: str | None = None
    over: "Roster | None" = None
    """The roster over whose turns it runs, if it runs over those of another one."""
    where: Condition | None = None
    """The condition that a turn of that roster must meet."""

    @property
    def sources(self) -> tuple["Roster", ...]:
        """This roster and those over whose turns it runs. A turn may name the items of all."""
        if self.over is None:
            return (self,)
        return (self, *self.over.sources)


CompiledNode: TypeAlias = CompiledItem | ItemGroup | Roster


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instrument:
    """One survey's questionnaire, compiled. Equal content has an equal `hash`."""

    id: str
    title: Text
    version: str
    hash: str
    languages: tuple[str, ...]
    document: Document
    root: ItemGroup
    items: Mapping[str, CompiledItem]
    groups: Mapping[str, ItemGroup]
    sample: Mapping[str, SampleColumn]
    computes: Mapping[str, Compute]
    first_computes: tuple[Compute, ...]
    """Computes that need no answer, only the sample."""
    declines: Mapping[str, CompiledDecline]
    faq: tuple[tuple[Template, Template], ...]
    texts: Mapping[str, str]
    """The full text of every file, by name."""
    interviewer_attributes: frozenset[str] = frozenset()
    """The entries of the list of people that its conditions use."""
    hidden: frozenset[str] = frozenset()
    """The names whose values a person who watches an interview doesn't see."""

    @property
    def language(self) -> str:
        return self.languages[0]

    def find_written_name(self, name: str) -> str:
        """Return the bracket that an item or group was made for; the name itself for any other."""
        group = self.groups.get(name)
        if group is not None and isinstance(group.spec, BracketSection):
            return str(group.spec.bracket.id)
        item = self.items.get(name)
        if item is not None and item.bracket:
            return item.bracket
        return name

    @property
    def written_count(self) -> int:
        """How many items are written; a bracket is one, and each statement of a battery."""
        return sum(1 for item in self.items.values() if item.bracket in ("", item.id))

    @property
    def edition(self) -> int:
        """The edition of the language in which it is written."""
        return self.document.edition


def list_column_options(instrument: Instrument, column: SampleColumn) -> Mapping[Code, OptionSpec]:
    """Return the options of a sample column by their codes; empty if it has none."""
    options = column.options
    if options is None:
        return {}
    if isinstance(options, str):
        return instrument.document.scales[options].options
    return options


def find_labels(instrument: Instrument, name: str, language: str) -> dict[Code, str]:
    """Return the codes of a sample column, an item or a compute with their labels.

    It is empty if the name has no codes. The labels of a compute are those of its inputs, for the
    codes that have the same label in all of them.
    """
    if name in instrument.sample:
        return _find_column_labels(instrument, instrument.sample[name], language)
    if name in instrument.items:
        return _find_item_labels(instrument, instrument.items[name], language)
    if name in instrument.computes:
        return _find_compute_labels(instrument, instrument.computes[name], language)
    return {}


def _find_column_labels(
    instrument: Instrument, column: SampleColumn, language: str
) -> dict[Code, str]:
    if column.arms:
        return {str(arm): str(arm) for arm in column.arms}

    return list_value_labels(list_column_options(instrument, column), language)


def _find_item_labels(instrument: Instrument, item: CompiledItem, language: str) -> dict[Code, str]:
    question = item.question
    if isinstance(question, LookupItem) and question.sample is not None:
        return find_labels(instrument, str(question.sample), language)
    if isinstance(question, BracketResultItem) and not question.part:
        return {code: question.spec.label_interval(code, language) for code in question.spec.codes}
    return {option.code: str(option.label.get(language)) for option in item.options}


def _find_compute_labels(
    instrument: Instrument, compute: Compute, language: str
) -> dict[Code, str]:
    if compute.type != "code":
        return {}
    condition = compute.conditions.get(language)
    if condition is None:
        condition = next(iter(compute.conditions.values()))

    labels_by_code: dict[Code, set[str]] = {}
    for name in condition.names - instrument.computes.keys():
        for code, label in find_labels(instrument, name, language).items():
            labels_by_code.setdefault(code, set()).add(label)

    possible_codes = condition.result_type.codes or ()
    common_labels = {}
    for code, labels in labels_by_code.items():
        if code in possible_codes and len(labels) == 1:
            [common_labels[code]] = labels
    return common_labels


def find_inputs(names: Iterable[str], computes: Mapping[str, Compute]) -> dict[str, None]:
    """Find these names and all that the computes among them depend on, in order."""
    inputs: dict[str, None] = {}
    pending = list(names)
    for name in pending:  # it grows meanwhile
        if name in inputs:
            continue
        inputs[name] = None
        if name in computes:
            for condition in computes[name].conditions.values():
                pending.extend(sorted(condition.names))
    return inputs


def number_items(instrument: Instrument) -> Mapping[str, str]:
    """Number all items from 1, in written order.

    A battery has one number, and each of its statements adds a letter: `9`, `9a`. All steps of a
    bracket have the same.
    """
    return dict(_iterate_numbers(instrument.root.children, count(1)))


def _iterate_numbers(
    nodes: Sequence[CompiledNode], numbers: Iterator[int]
) -> Iterator[tuple[str, str]]:
    """Yield the items below these nodes with their numbers, which are taken from `numbers`."""
    for node in nodes:
        if isinstance(node, CompiledItem):
            yield node.id, str(next(numbers))
        elif isinstance(node.spec, BracketSection):
            number = str(next(numbers))
            yield node.id, number
            for item in node.items:
                yield item.id, number
        elif isinstance(node.spec, BatteryItem):
            number = str(next(numbers))
            yield node.id, number
            for index, statement in enumerate(node.items):
                yield statement.id, number + format_letters(index)
        else:
            yield from _iterate_numbers(node.children, numbers)
            if isinstance(node, Roster) and node.until is not None:
                yield node.until.id, str(next(numbers))
