"""What every item has in common: how it is written, and the five things each type of question must say of itself.

A question type is one class: how it is *written* (its fields), *asked* (`entry`), *read* (`understood`, `fits`), *said*
(`said`), *stored* (`variables`, `cells`) and *invented* (`invent`). It is handed what it needs and keeps no answer.
"""

import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import BeforeValidator, Field

from survey_cli.entries import Entry, Reply, Unread
from survey_cli.instrument.compiled.model import NOTHING, Asking, Dice, Env, Leaf, Reading
from survey_cli.instrument.schema.options import DeclinesHere, Part
from survey_cli.instrument.source.scalars import Expression, Flag, Name, Text
from survey_cli.values import Cell, Code, Missing, Value, Variable


class ItemWritten(Part):
    """What any entry of `items:` can have."""

    id: Name
    """Names the item, and its column in the data: a letter, then letters, digits or `_`, at most 32."""
    ask_if: Expression | None = None
    """Asked only where this holds."""
    unless: Expression | None = None
    """Passed over where this holds. Applies on false *and on unknown*: `unless: consent == 1` stops the doubtful too."""
    anchor: Flag = False
    """`true`: keeps its written place when the items it stands among are shuffled."""

    groups: ClassVar[bool] = False


class CheckWritten(Part):
    """A rule an answer must meet: `{expect: hours <= 168, say: A week has 168 hours.}`."""

    expect: Expression
    """What should hold. An unknown check does not fire."""
    say: Text
    """What the interviewer is told where it does not."""
    soft: Flag = False
    """`true`: the interviewer may confirm the answer; both the warning and the decision are kept."""


def _one_or_more(node: object) -> object:
    return [node] if isinstance(node, dict) else node


if TYPE_CHECKING:
    Checks: TypeAlias = list[CheckWritten]
else:
    Checks = Annotated[
        list[CheckWritten],
        BeforeValidator(_one_or_more, json_schema_input_type=CheckWritten | list[CheckWritten]),
    ]


class ConfirmWritten(Part):
    """A question read back to the respondent: `{if: hours > 100, text: "Did you say {hours} hours?"}`."""

    if_: Expression = Field(alias="if")
    """When it is asked."""
    text: Text
    """What is read aloud."""


class Question(ItemWritten):
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
    confirm: ConfirmWritten | None = None
    """Read back to the respondent where its condition holds."""
    declines: DeclinesHere | None = None
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
    known: ClassVar[str] = "text"
    """What its name means to a condition."""

    def entry(self, asking: Asking) -> Entry:
        """How it is asked."""
        raise NotImplementedError

    def understood(self, asking: Asking, reply: Reply) -> Reading | Unread:
        """The answer that was keyed, or one short line that says why it is none."""
        raise NotImplementedError

    def fits(self, asking: Asking, value: Value | None) -> str:
        """Empty where the item would accept this value now; else why not."""
        return ""

    def said(
        self, leaf: Leaf, value: Value | None, words: Mapping[Code, str], language: str, env: Env = NOTHING
    ) -> str:
        """The answer in words, for the interviewer. `env` is what the texts of options may fill in."""
        return "" if value is None else str(value)

    def typed(self, value: Value, words: Mapping[Code, str], language: str) -> str:
        """What would be typed to give it again."""
        return str(value)

    def variables(self, leaf: Leaf, language: str) -> tuple[Variable, ...]:
        """Its columns, as outside of a roster."""
        return ()

    def cells(self, leaf: Leaf, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        """What stands in those columns for an answer."""
        return ()

    def absent(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        """What stands in those columns where there is no answer."""
        return tuple(why for _ in self.variables(leaf, ""))

    def declined(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        """The same where it was put and no answer came of it."""
        return self.absent(leaf, why)

    def invent(self, asking: Asking, dice: Dice) -> Reply:
        """An entry that a respondent could give."""
        raise NotImplementedError


_TURNS_TEXT: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that turn the direction of what follows; nobody types them, and they hide what is written."""


def tidy(text: str, *, lines: bool) -> str:
    """Typed text as it is kept: NFC, without control characters (line ends stay where lines are wanted)."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n").translate(_TURNS_TEXT))
    kept = (c for c in text if (c >= " " and not "\x7f" <= c <= "\x9f") or (c == "\n" and lines))
    return "".join(kept).encode("utf-8", "ignore").decode().strip()


def variable(leaf: Leaf, language: str, suffix: str = "", **more: Any) -> Variable:
    """A column of this item, with what all of its columns share."""
    label = leaf.label.written(language)
    more.setdefault("label", str(label))
    declines = {d.id: (d.code, str(d.text.written(language))) for d in leaf.declines}
    more.setdefault("declines", declines)
    return Variable(
        name=leaf.id + suffix,
        wording=leaf.text.markers(language),
        item=leaf.id,
        personal=leaf.question.personal,
        **more,
    )


def state_variable(leaf: Leaf, language: str) -> Variable:
    """The companion of a column whose cells are left empty where there is no answer: why it is empty."""
    return Variable(
        name=leaf.id + "_state",
        label=f"{leaf.label.written(language)} (state)",
        labels={0: "Answered"},
        declines={d.id: (d.code, str(d.text.written(language))) for d in leaf.declines},
        item=leaf.id,
        role="state",
        personal=leaf.question.personal,
    )
