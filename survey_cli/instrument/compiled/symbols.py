"""Symbols: the names of an instrument with their types, options and positions.

`SymbolTable` collects them from the document.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from survey_cli.entries import TextSpan
from survey_cli.instrument.expressions.conditions import ValueType
from survey_cli.instrument.schema.document import Document
from survey_cli.instrument.schema.items.coded import SearchItem
from survey_cli.instrument.schema.items.groups import AnyItem, BatteryItem, RosterItem, SectionItem
from survey_cli.instrument.schema.items.quantity import QuantityItem
from survey_cli.instrument.schema.items.question import QuestionItem
from survey_cli.instrument.schema.options import DeclineSpec, OptionSpec
from survey_cli.instrument.source.nodes import NOWHERE, YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position
from survey_cli.values import Code


class GroupStep(NamedTuple):
    """One group on the path to an item."""

    group: str
    child: int
    """Which child leads to the item."""
    shuffled: bool
    """Whether the group's children are shuffled."""


GroupPath: TypeAlias = tuple[GroupStep, ...]
OptionSpecs: TypeAlias = Mapping[Code, OptionSpec]


def is_shuffled(group: SectionItem | BatteryItem | RosterItem) -> bool:
    """Return whether an item of the group can't know of the others.

    It can't if their order is drawn, or which of them are asked. A roster picks turns instead, and
    all items of a turn are asked in their order.
    """
    if group.order != "written":
        return True
    return group.pick is not None and not isinstance(group, RosterItem)


class SymbolKind(StrEnum):
    """What a name stands for, as problems call it."""

    ITEM = "item"
    STATEMENT = "statement"
    SAMPLE_COLUMN = "sample column"
    COMPUTE = "compute"
    QUESTION_AFTER_TURN = "question after each turn"
    """Whether a roster has another turn."""
    VARIABLE = "variable"
    """A variable of the analysis file."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One name: a question, a statement, a sample column or a compute."""

    id: str
    kind: SymbolKind
    where: Position
    index: int
    """When it is settled, in written order from 0; −1 for the sample."""
    value_type: ValueType
    path: GroupPath = ()
    question: QuestionItem | None = None
    options: OptionSpecs = field(default_factory=dict)
    scale: str | None = None
    """The named list that its options come from, if they come from one."""


@dataclass(frozen=True, slots=True, eq=False)
class ListLabels(Mapping[Code, Template]):
    """The texts of a search list as labels, each made when it is needed."""

    item: SearchItem

    def __getitem__(self, code: Code) -> Template:
        texts = self.item.entries.rows[code].texts
        spans = {language: (TextSpan(text),) for language, text in texts.items()}
        runs = {language: (((text,), False),) for language, text in texts.items()}
        return Template(Text.from_string(texts[""]), runs, spans)

    def __iter__(self) -> Iterator[Code]:
        return iter(self.item.entries.rows)

    def __len__(self) -> int:
        return len(self.item.entries.rows)


@dataclass(frozen=True, slots=True, eq=False)
class QuantityLabels(Mapping[Code, Template]):
    """The words of the amounts of a quantity as labels: `7 per week` for 207."""

    item: QuantityItem
    languages: Sequence[str]

    def __getitem__(self, code: Code) -> Template:
        if not isinstance(code, int) or self.item.quantity.find_unit(code) is None:
            raise KeyError(code)
        words = {lang: self.item.format_amount(code, lang) for lang in self.languages}
        return Template.from_words(words)

    def __iter__(self) -> Iterator[Code]:
        for low, high in self.item.quantity.keyed:
            yield from range(int(low), int(high) + 1)

    def __len__(self) -> int:
        return sum(int(high - low) + 1 for low, high in self.item.quantity.keyed)


@dataclass(frozen=True, slots=True, eq=False)
class ListCodes(AbstractSet[Code]):
    """The codes of a search item: those of its list, which is read when it is needed, and options.

    It is empty if the list can't be read, so that no code is called unknown.
    """

    item: SearchItem
    options: OptionSpecs

    @classmethod
    def _from_iterable(  # type: ignore[override]  # of codes only
        cls, codes: Iterable[Code]
    ) -> AbstractSet[Code]:
        return frozenset(codes)

    def __hash__(self) -> int:
        return id(self.item)

    def __contains__(self, code: object) -> bool:
        return code in self.item.entries.rows or code in self.options

    def __iter__(self) -> Iterator[Code]:
        rows = self.item.entries.rows
        if not rows:
            return iter(())
        return chain(rows, self.options)

    def __len__(self) -> int:
        rows = self.item.entries.rows
        if not rows:
            return 0
        return len(rows) + len(self.options)


class _DefaultDecline(NamedTuple):
    code: int
    texts: Mapping[str, str]
    """Its text by language."""
    key: str


_DEFAULT_DECLINES: Final = {
    "dk": _DefaultDecline(-8, {"en": "Don't know", "es": "No sabe"}, "d"),
    "refused": _DefaultDecline(-9, {"en": "Refused", "es": "No responde"}, "r"),
}


def list_declines(document: Document) -> dict[str, DeclineSpec]:
    """Return the declines that are offered: the file's, or else don't know and refused.

    Reserved kinds, which only have codes, are not among them.
    """
    if document.declines:
        return {
            kind: decline
            for kind, decline in document.declines.items()
            if kind not in ("not_asked", "not_reached")
        }

    declines = {}
    for kind, default in _DEFAULT_DECLINES.items():
        texts = {
            language: YamlScalar(text, NOWHERE)
            for language, text in default.texts.items()
            if language in document.languages
        }
        text = Text(None, texts)
        if not texts:
            text = Text.from_string(default.texts["en"])
        declines[kind] = DeclineSpec.model_construct(
            code=default.code, text=text, key=Text.from_string(default.key)
        )
    return declines


def iterate_below(
    items: Sequence[AnyItem], kinds: tuple[type[SectionItem | RosterItem], ...]
) -> Iterator[AnyItem]:
    """Yield items, and those in groups of these kinds, in written order."""
    for item in items:
        yield item
        if isinstance(item, kinds):
            yield from iterate_below(item.items, kinds)


def list_sources(rosters: Mapping[str, RosterItem], roster: str | None) -> list[str]:
    """List a roster and those over whose turns it runs, the one that defines the turns last."""
    sources: list[str] = []
    while roster is not None and roster in rosters and roster not in sources:
        sources.append(roster)
        roster = str(rosters[roster].each)
    return sources


def find_turn_name(rosters: Mapping[str, RosterItem], roster: str) -> str | None:
    """Find the item that names a turn: the first text item of a roster, or of its sources."""
    for source in list_sources(rosters, roster):
        for item in iterate_below(rosters[source].items, (SectionItem,)):
            if item.type == "text":
                return str(item.id)
    return None


def name_repeat_question(roster: str) -> str:
    """Return the name of the question at the end of each turn of an `until` roster."""
    return f"{roster}_more"
