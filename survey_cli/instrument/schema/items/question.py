"""The base classes of all items, the compiled item, and the methods that each question type implements.

A question type is one class: how it is *written* (its fields), *asked* (`build_entry`), *parsed* (`parse_reply`,
`why_invalid`), *displayed* (`format_answer`), *stored* (`build_variables`, `build_cells`) and *simulated* (`invent`).
It receives everything it needs and stores no answer.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple, Protocol, TypeAlias

from pydantic import BeforeValidator, Field

from survey_cli.entries import (
    DeclineOption,
    Entry,
    OfferedOption,
    Rejection,
    Reply,
    StyledText,
    to_plain_text,
)
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.schema.options import DeclineOverrides, SpecModel
from survey_cli.instrument.source.scalars import Expression, Flag, Name, Text
from survey_cli.instrument.texts.placeholder_text import render_placeholders
from survey_cli.instrument.texts.templates import Template
from survey_cli.values import Cell, Code, Missing, Place, Value, Variable

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
            return render_placeholders(str(self.label.get(language)))
        return to_plain_text(self.text.fill(env, language))

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
class ItemContext:
    """One item where it is asked: what its question may look at."""

    leaf: CompiledItem
    env: Env
    language: str
    options: tuple[CompiledOption, ...] = ()
    """Offered now, in drawn order."""

    def fill(self, template: Template | None) -> StyledText:
        if template is None:
            return ()
        return template.fill(self.env, self.language, self.render_read_options(), self.render_joiner())

    def render_read_options(self) -> tuple[str, ...]:
        """The labels read aloud."""
        if not self.leaf.question.read:
            return ()
        return tuple(to_plain_text(o.text.fill(self.env, self.language)) for o in self.options if o.read)

    def render_joiner(self) -> str:
        joint = self.leaf.question.or_
        return str(joint.get(self.language)) if joint is not None else ""

    def build_choices(self) -> tuple[OfferedOption, ...]:
        aloud = self.leaf.question.read
        return tuple(
            OfferedOption(
                code=o.code,
                text=o.text.fill(self.env, self.language),
                read=o.read and aloud,
                note=to_plain_text(o.note.fill(self.env, self.language)) if o.note else "",
                exclusive=o.exclusive,
                specify=o.specify,
            )
            for o in self.options
        )

    def build_declines(self) -> tuple[DeclineOption, ...]:
        return tuple(
            DeclineOption(
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


class ItemSpec(SpecModel):
    """What any entry of `items:` can have."""

    id: Name
    """Names the item, and its column in the data: a letter, then letters, digits or `_`, at most 32."""
    ask_if: Expression | None = None
    """Asked only where this holds."""
    unless: Expression | None = None
    """Passed over where this holds. Applies on false *and on unknown*: `unless: consent == 1` stops the doubtful too."""
    anchor: Flag = False
    """`true`: keeps its written place when the items it stands among are shuffled."""

    is_group: ClassVar[bool] = False


class CheckSpec(SpecModel):
    """A rule an answer must meet: `{expect: hours <= 168, say: A week has 168 hours.}`."""

    expect: Expression
    """What should hold. An unknown check does not fire."""
    say: Text
    """What the interviewer is told where it does not."""
    soft: Flag = False
    """`true`: the interviewer may confirm the answer; both the warning and the decision are kept."""


def _wrap_in_list(node: object) -> object:
    return [node] if isinstance(node, dict) else node


if TYPE_CHECKING:
    Checks: TypeAlias = list[CheckSpec]
else:
    Checks = Annotated[
        list[CheckSpec],
        BeforeValidator(_wrap_in_list, json_schema_input_type=CheckSpec | list[CheckSpec]),
    ]


class ConfirmSpec(SpecModel):
    """A question read back to the respondent: `{if: hours > 100, text: "Did you say {hours} hours?"}`."""

    if_: Expression = Field(alias="if")
    """When it is asked."""
    text: Text
    """What is read aloud."""


class QuestionItem(ItemSpec):
    """What any question can have."""

    text: Text
    """What is read aloud."""
    instruction: Text | None = None
    """For the interviewer; never read."""
    probe: Text | None = None
    """What to say when the answer is not enough."""
    help: Text | None = None
    """Longer help, one key away."""
    label: Text | None = None
    """The variable's label in the data; the text where it is left out."""
    checks: Checks = Field(default_factory=list)
    """Rules the answer must meet: a list of them, or one."""
    confirm: ConfirmSpec | None = None
    """Read back to the respondent where its condition holds."""
    declines: DeclineOverrides | None = None
    """The declines permitted here: `[]` for none, `[dk]`, or codes of this item's own `{dk: 98, refused: 99}`."""
    prefill: Expression | None = None
    """What stands in the field to begin with, to be confirmed with Enter."""
    by: Name | None = None
    """`interviewer`: not asked at all; the interviewer answers."""
    personal: Flag = False
    """`true`: kept with the contacts, out of every export, report and log unless asked for by name."""
    read: Flag = True
    """`false`: the options are the interviewer's coding and not read."""
    or_: Text | None = Field(default=None, alias="or")
    """The words between the last two options in `{options}`: `or should they`."""
    base: Text | None = None
    """Who is asked, in the report's words: `who disagreed`."""
    nets: dict[Name, list[Name]] = Field(default_factory=dict)
    """Codes counted together in reports: `{Agree: [1, 2]}`."""
    report: Flag = True
    """`false`: left out of the report unless it is asked for by name: consent, or whether it is a good time."""

    asks: ClassVar[bool] = True
    """False for items to which nobody answers (read, end, …)."""
    condition_type: ClassVar[str] = "text"
    """What its name means to a condition."""

    def build_entry(self, context: ItemContext) -> Entry:
        """How it is asked."""
        raise NotImplementedError

    def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
        """The answer that was keyed, or one short line that says why it is none."""
        raise NotImplementedError

    def why_invalid(self, context: ItemContext, value: Value | None) -> str:
        """Empty where the item would accept this value now; else why not."""
        return ""

    def format_answer(
        self,
        leaf: CompiledItem,
        value: Value | None,
        words: Mapping[Code, str],
        language: str,
        env: Env = EMPTY_ENV,
    ) -> str:
        """The answer in words, for the interviewer. `env` is what the texts of options may fill in."""
        return "" if value is None else str(value)

    def format_as_typed(self, value: Value, words: Mapping[Code, str], language: str) -> str:
        """What would be typed to give it again."""
        return str(value)

    def build_variables(self, leaf: CompiledItem, language: str) -> tuple[Variable, ...]:
        """Its columns, as outside of a roster."""
        return ()

    def build_cells(
        self, leaf: CompiledItem, value: Value | None, words: Mapping[Code, str]
    ) -> tuple[Cell, ...]:
        """What stands in those columns for an answer."""
        return ()

    def build_missing_cells(self, leaf: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        """What stands in those columns where there is no answer."""
        return tuple(why for _ in self.build_variables(leaf, ""))

    def build_declined_cells(self, leaf: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        """The same where it was put and no answer came of it."""
        return self.build_missing_cells(leaf, why)

    def invent(self, context: ItemContext, rng: RandomSource) -> Reply:
        """An entry that a respondent could give."""
        raise NotImplementedError


_DIRECTION_MARKS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that turn the direction of what follows; nobody types them, and they hide what is written."""


def normalize_text(text: str, *, lines: bool) -> str:
    """Typed text as it is kept: NFC, without control characters (line ends stay where lines are wanted)."""
    text = unicodedata.normalize(
        "NFC", text.replace("\r\n", "\n").replace("\r", "\n").translate(_DIRECTION_MARKS)
    )
    kept = (c for c in text if (c >= " " and not "\x7f" <= c <= "\x9f") or (c == "\n" and lines))
    return "".join(kept).encode("utf-8", "ignore").decode().strip()


def build_variable(leaf: CompiledItem, language: str, suffix: str = "", **more: Any) -> Variable:
    """A column of this item, with what all of its columns share."""
    label = leaf.label.get(language)
    more.setdefault("label", str(label))
    declines = {d.id: (d.code, str(d.text.get(language))) for d in leaf.declines}
    more.setdefault("declines", declines)
    return Variable(
        name=leaf.id + suffix,
        wording=leaf.text.get_source_text(language),
        item=leaf.id,
        personal=leaf.question.personal,
        **more,
    )


def build_state_variable(leaf: CompiledItem, language: str) -> Variable:
    """The companion of a column whose cells are left empty where there is no answer: why it is empty."""
    return Variable(
        name=leaf.id + "_state",
        label=f"{leaf.label.get(language)} (state)",
        labels={0: "Answered"},
        declines={d.id: (d.code, str(d.text.get(language))) for d in leaf.declines},
        item=leaf.id,
        role="state",
        personal=leaf.question.personal,
    )
