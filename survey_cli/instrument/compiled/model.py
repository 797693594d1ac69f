"""The compiled instrument: a tree of items and groups with resolved names and compiled conditions.

These are values: they neither ask nor answer anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from survey_cli.entries import Choice, Decline, Words, plain
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.placeholder_text import shown
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import Code, Place, Value

if TYPE_CHECKING:
    from survey_cli.instrument.schema.document import Document, SampleColumn
    from survey_cli.instrument.schema.items.groups import BatteryItem, RosterItem, SectionItem
    from survey_cli.instrument.schema.items.question import QuestionItem

Env: TypeAlias = Mapping[Any, Any]
"""What is known where something is asked: variables by name, a roster's by (name, turn), the rest by `#word`."""


EMPTY_ENV: Final[Env] = MappingProxyType({})
NO_LABELS: Final[Mapping[Code, Template]] = MappingProxyType({})
NO_WORDS: Final[Mapping[Code, str]] = MappingProxyType({})


class RandomSource(Protocol):
    """What inventing an answer needs of chance."""

    def random(self) -> float: ...
    def randint(self, a: int, b: int) -> int: ...
    def choice(self, seq: Sequence[Any], /) -> Any: ...


class CompiledOption(NamedTuple):
    """One option, compiled."""

    code: Code
    text: Template
    label: Text
    read: bool = True
    specify: bool = False
    exclusive: bool = False
    missing: bool = False
    anchor: bool = False
    note: Template | None = None
    ask_if: Condition | None = None

    def render_label(self, env: Env, language: str) -> str:
        """Its label, or where it has none of its own its text, filled in."""
        if self.label is not self.text.source:
            return shown(str(self.label.get(language)))
        return plain(self.text.fill(env, language))

    @property
    def is_fixed(self) -> bool:
        """Keeps its written place when the others are shuffled."""
        return self.anchor or self.missing or self.exclusive or not self.read


class CompiledDecline(NamedTuple):
    """A decline as it is coded at one item."""

    id: str
    code: int
    text: Text
    key: Text | None = None
    """The letter that gives it, by language."""

    def find_key(self, language: str) -> str:
        """The letter that gives it in a language, in lower case; empty where none does."""
        return str(self.key.get(language)).lower() if self.key is not None else ""


class CompiledCheck(NamedTuple):
    """A check or a `confirm`, compiled. `fires` is told the environment with the answer in it."""

    condition: Condition
    say: Template
    soft: bool
    aloud: bool = False
    """True for a `confirm`: read to the respondent, and it fires where its condition is true."""

    def fires(self, env: Env) -> bool:
        """An unknown condition never fires."""
        return self.condition.evaluate(env) is self.aloud


@dataclass(slots=True, eq=False, kw_only=True)
class CompiledItem:
    """One item that is asked, looked up or read: the unit of the route."""

    id: str
    question: "QuestionItem"
    text: Template
    label: Text
    ask_if: Condition | None = None
    unless: Condition | None = None
    instruction: Template | None = None
    probe: Template | None = None
    help: Template | None = None
    options: tuple[CompiledOption, ...] = ()
    labels: Mapping[Code, Template] = field(default_factory=lambda: NO_LABELS)
    """Of a number: the words of those with a meaning of their own."""
    scale: str | None = None
    """The named list its options come from, if they do."""
    scale_order: str = "written"
    """The order of that list, drawn once an interview."""
    order: str = "written"
    checks: tuple[CompiledCheck, ...] = ()
    declines: tuple[CompiledDecline, ...] = ()
    prefill: Condition | None = None
    roster: str | None = None
    section: Template | None = None
    anchor: bool = False
    after_hangup: bool = False
    ask_for: Template | None = None
    """At a handover: the person who is to come to the phone."""
    where: Condition | None = None
    """A draw's condition on the turns."""
    source: str = ""
    """The roster a draw draws from."""
    turn_name: str | None = None
    """The roster's item by which a turn is called."""
    using: str | None = None
    """The roster's item that a draw by youngest or by birthday compares."""
    computes: tuple["Compute", ...] = ()
    """What can be computed once this item is settled."""
    counts_in_progress: bool = True
    """Asked of somebody, so that the progress counts it."""
    options_vary: bool = False
    """Some option has a condition or the order is drawn: what is offered must be found each time."""
    options_conditional: bool = False
    """Every option has a condition: there may be none to offer, and then nothing is asked."""

    place: Place = field(init=False)
    """Where it stands outside of a roster."""

    def __post_init__(self) -> None:
        self.place = Place(self.id)

    def __repr__(self) -> str:
        return f"Leaf({self.id})"


@dataclass(slots=True, eq=False, kw_only=True)
class Compute:
    """A named calculation; several where it is written for each language, the first being the default's."""

    id: str
    conditions: Mapping[str, Condition]
    """By language; "" where one serves all."""
    type: str = "text"
    where: str = ""


@dataclass(slots=True, eq=False, kw_only=True)
class ItemGroup:
    """A section, a battery or the whole."""

    id: str
    spec: "SectionItem | BatteryItem | RosterItem | None"
    children: tuple["CompiledNode", ...]
    title: Template | None = None
    intro: Template | None = None
    ask_if: Condition | None = None
    unless: Condition | None = None
    order: str = "written"
    anchor: bool = False
    after_hangup: bool = False
    leaves: tuple[CompiledItem, ...] = ()
    """All leaves below, in written order."""
    asked_count: int = 0
    """How many of them are asked of somebody: what the progress counts."""
    computes: tuple[Compute, ...] = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


@dataclass(slots=True, eq=False, kw_only=True)
class Roster(ItemGroup):
    """A group gone through once for each turn."""

    maximum: int = 1
    count: Condition | None = None
    each: CompiledItem | None = None
    until: CompiledItem | None = None
    """The question at the end of each turn: another one?"""
    turn_name: str | None = None


CompiledNode: TypeAlias = CompiledItem | ItemGroup | Roster


@dataclass(slots=True, eq=False, kw_only=True)
class ItemContext:
    """One item where it is asked: what its question may look at."""

    leaf: CompiledItem
    env: Env
    language: str
    options: tuple[CompiledOption, ...] = ()
    """Offered now, in drawn order."""

    def fill(self, template: Template | None) -> Words:
        if template is None:
            return ()
        return template.fill(self.env, self.language, self.render_read_options(), self.render_joiner())

    def render_read_options(self) -> tuple[str, ...]:
        """The labels read aloud."""
        if not self.leaf.question.read:
            return ()
        return tuple(plain(o.text.fill(self.env, self.language)) for o in self.options if o.read)

    def render_joiner(self) -> str:
        joint = self.leaf.question.or_
        return str(joint.get(self.language)) if joint is not None else ""

    def build_choices(self) -> tuple[Choice, ...]:
        aloud = self.leaf.question.read
        return tuple(
            Choice(
                code=o.code,
                words=o.text.fill(self.env, self.language),
                read=o.read and aloud,
                note=plain(o.note.fill(self.env, self.language)) if o.note else "",
                exclusive=o.exclusive,
                specify=o.specify,
            )
            for o in self.options
        )

    def build_declines(self) -> tuple[Decline, ...]:
        return tuple(
            Decline(
                id=d.id,
                code=d.code,
                text=str(d.text.get(self.language)),
                key=d.find_key(self.language),
            )
            for d in self.leaf.declines
        )


class ParsedAnswer(NamedTuple):
    """An entry understood."""

    value: Value | None
    words: Mapping[Code, str] = NO_WORDS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instrument:
    """One survey's questionnaire, ready. Equal content has an equal `hash`."""

    id: str
    title: Text
    version: str
    hash: str
    languages: tuple[str, ...]
    document: "Document"
    root: ItemGroup
    leaves: Mapping[str, CompiledItem]
    groups: Mapping[str, ItemGroup]
    sample: Mapping[str, "SampleColumn"]
    computes: Mapping[str, Compute]
    first_computes: tuple[Compute, ...]
    """Those that need no answer, only the sample."""
    declines: Mapping[str, CompiledDecline]
    faq: tuple[tuple[Template, Template], ...]
    texts: Mapping[str, str]
    """The full text of every file, by name."""
    scales: Mapping[str, tuple[CompiledOption, ...]] = field(default_factory=dict)

    @property
    def language(self) -> str:
        return self.languages[0]
