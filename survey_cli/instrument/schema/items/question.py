"""The base classes of all items, and the methods that each question type implements.

A question type is one class: how it is *written* (its fields), *asked* (`build_entry`), *parsed* (`parse_reply`,
`why_invalid`), *displayed* (`format_answer`), *stored* (`build_variables`, `build_cells`) and *simulated* (`invent`).
It receives everything it needs and stores no answer.
"""

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import BeforeValidator, Field

from survey_cli.entries import Entry, Reply, Unread
from survey_cli.instrument.compiled.model import (
    EMPTY_ENV,
    CompiledItem,
    Env,
    ItemContext,
    ParsedAnswer,
    RandomSource,
)
from survey_cli.instrument.schema.options import DeclineOverrides, SpecModel
from survey_cli.instrument.source.scalars import Expression, Flag, Name, Text
from survey_cli.values import Cell, Code, Missing, Value, Variable


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

    def build_entry(self, asking: ItemContext) -> Entry:
        """How it is asked."""
        raise NotImplementedError

    def parse_reply(self, asking: ItemContext, reply: Reply) -> ParsedAnswer | Unread:
        """The answer that was keyed, or one short line that says why it is none."""
        raise NotImplementedError

    def why_invalid(self, asking: ItemContext, value: Value | None) -> str:
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

    def invent(self, asking: ItemContext, dice: RandomSource) -> Reply:
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
        wording=leaf.text.markers(language),
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
