"""The compiled instrument: a tree of items and groups with resolved names and compiled conditions, and item numbers.

These are values: they neither ask nor answer anything.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeAlias

from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.document import Document, SampleColumn
from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.question import (
    CompiledDecline,
    CompiledItem,
    CompiledOption,
    Compute,
)
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.instrument.schema.options import OptionSpec
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
    """Where only some of its items or turns are asked: what is picked, which is looked up before the group."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


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
    """The roster over whose turns it runs."""
    where: Condition | None = None
    """The condition on those turns."""

    @property
    def sources(self) -> tuple["Roster", ...]:
        """This roster and those over whose turns it runs: an item of any of them can be named in a turn."""
        return (self,) if self.over is None else (self, *self.over.sources)


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
    scales: Mapping[str, tuple[CompiledOption, ...]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    """Names of which an interview shows no value, to somebody who watches."""

    @property
    def language(self) -> str:
        return self.languages[0]

    @property
    def edition(self) -> int:
        """The edition of the language in which it is written."""
        return self.document.edition


def list_column_options(instrument: Instrument, column: SampleColumn) -> Mapping[Code, OptionSpec]:
    """Return the options of a sample column by their codes; empty where it has none."""
    options = column.options
    return (
        instrument.document.scales[options].options if isinstance(options, str) else options or {}
    )


def find_labels(instrument: Instrument, name: str, language: str) -> dict[Code, str]:
    """Return the codes of a sample column, an item or a compute with their labels; empty where it has none.

    Computed codes have the labels of the inputs of their condition, where they agree.
    """
    if name in instrument.sample:
        column = instrument.sample[name]
        options = list_column_options(instrument, column)
        arms: dict[Code, str] = {str(arm): str(arm) for arm in column.arms}
        return arms or {code: str((o.label or o.text).get(language)) for code, o in options.items()}
    if name in instrument.items:
        question = instrument.items[name].question
        if isinstance(question, LookupItem) and question.sample is not None:
            return find_labels(instrument, str(question.sample), language)
        return {
            option.code: str(option.label.get(language))
            for option in instrument.items[name].options
        }
    if name not in instrument.computes or (compute := instrument.computes[name]).type != "code":
        return {}
    condition = compute.conditions.get(language) or next(iter(compute.conditions.values()))
    labels: dict[Code, set[str]] = {}
    for need in condition.names - instrument.computes.keys():
        for code, text in find_labels(instrument, need, language).items():
            labels.setdefault(code, set()).add(text)
    codes = condition.result_type.codes or ()
    return {code: min(texts) for code, texts in labels.items() if code in codes and len(texts) == 1}


def find_inputs(names: Iterable[str], computes: Mapping[str, Compute]) -> dict[str, None]:
    """Find what these names stand for: themselves, and what the computes among them depend on, in order."""
    pending, inputs = list(names), dict[str, None]()
    for name in pending:
        if name not in inputs and name in computes:
            pending += [
                need for c in computes[name].conditions.values() for need in sorted(c.names)
            ]
        inputs.setdefault(name)
    return inputs


def number_items(instrument: Instrument) -> Mapping[str, str]:
    """Number all items from 1, in written order.

    A battery has one number, and each of its statements adds a letter: `9`, `9a`.
    """
    numbers = count(1)

    def walk(nodes: Sequence[CompiledNode]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            if isinstance(node, CompiledItem):
                yield node.id, str(next(numbers))
            elif isinstance(node.spec, BatteryItem):
                number = str(next(numbers))
                yield node.id, number
                yield from (
                    (item.id, number + format_letters(n)) for n, item in enumerate(node.items)
                )
            else:
                yield from walk(node.children)
                if isinstance(node, Roster) and node.until is not None:
                    yield from walk([node.until])

    return dict(walk(instrument.root.children))
