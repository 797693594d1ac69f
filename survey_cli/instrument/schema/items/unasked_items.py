"""Items that no respondent answers: `read`, `handover`, `end`, and those computed: `split`, `draw`, `lookup`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from survey_cli.entries import Entry, LookupEntry, ReadEntry, Rejection, Reply
from survey_cli.instrument.schema.items.question import (
    CompiledItem,
    ItemContext,
    ParsedAnswer,
    QuestionItem,
    RandomSource,
    build_variable,
)
from survey_cli.instrument.source.scalars import Expression, Name, Text, Whole
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Value, Variable


class SpokenItem(QuestionItem):
    """Base class of items that are spoken and not answered."""

    expects_answer: ClassVar[bool] = False

    def build_entry(self, context: ItemContext) -> Entry:
        return ReadEntry()

    def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
        if reply == "":
            return ParsedAnswer(value=None)
        return Rejection("no answer is needed here: press Enter")

    def build_missing_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return ()

    def invent(self, context: ItemContext, rng: RandomSource) -> Reply:
        return ""


class ReadItem(SpokenItem):
    """A text that is read aloud."""

    type: Literal["read"]


class HandoverItem(SpokenItem):
    """Another person comes to the phone; later outcomes and appointments are that person's."""

    type: Literal["handover"]
    ask_for: Text
    """Whom to ask for: `the {youngest}`."""
    text: Text = Field(default_factory=lambda: Text.from_string("May I speak with that person?"))
    """What the interviewer says to the person on the line."""


class EndItem(SpokenItem):
    """The interview ends here with an outcome.

    A temporary outcome ("driving, call me later") suspends it instead, and it is resumed at the item that led here.
    `unless: consent == 1` also ends it for everybody who declines `consent`; an `ask_if` that such a decline leaves
    unknown is an error.
    """

    type: Literal["end"]
    outcome: Name
    """An outcome of the outcome table: `complete`, `refusal_hard`, `not_eligible`, `callback`, …"""
    text: Text = Field(default_factory=lambda: Text.from_string("Thank you. Goodbye."))
    """What the interviewer says before hanging up."""


class ComputedItem(QuestionItem):
    """Base class of items whose answer is computed."""

    expects_answer: ClassVar[bool] = False
    text: Text = Field(default_factory=lambda: Text.from_string(""))
    """Not used: nobody is asked."""

    def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
        return Rejection("this item is computed, not answered")

    def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
        label = str(item.label.get(language)) or item.id
        labels = {code: code for code in self.list_codes()}
        return (build_variable(item, language, storage="text", label=label, labels=labels),)

    def list_codes(self) -> tuple[str, ...]:
        """Return the codes it can have, if they are its own; each is its own label."""
        return ()

    def build_cells(self, item: CompiledItem, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        assert value is not None
        return (value,)

    def build_missing_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return (why,)

    def invent(self, context: ItemContext, rng: RandomSource) -> Reply:
        return ""


class SplitItem(ComputedItem):
    """An experimental arm, drawn from the seed and recorded like an answer."""

    type: Literal["split"]
    arms: dict[Name, Whole]
    """Each arm and its share: `{a: 1, b: 1}`."""

    condition_type: ClassVar[str] = "code"

    def build_entry(self, context: ItemContext) -> Entry:
        return LookupEntry(kind="split", target=context.item.id)

    def list_codes(self) -> tuple[str, ...]:
        return tuple(str(arm) for arm in self.arms)

    def why_invalid(self, context: ItemContext, value: Value | None) -> str:
        return "" if value in self.arms else f"{value} is not an arm"


class DrawItem(ComputedItem):
    """One turn drawn from a roster; the number of eligible turns is stored for weighting (`ID_of`)."""

    type: Literal["draw"]
    from_: Name = Field(alias="from")
    """The roster."""
    where: Expression | None = None
    """Which turns can be drawn: `age >= 18`."""
    by: Literal["random", "youngest", "next_birthday"] = "random"  # type: ignore[assignment]  # a draw's own meaning
    """How the turn is drawn."""
    using: Name | None = None
    """The roster's item that `youngest` (an age or a date of birth) or `next_birthday` (a date) compares."""

    condition_type: ClassVar[str] = "draw"

    def build_entry(self, context: ItemContext) -> Entry:
        return LookupEntry(kind="draw", target=context.item.id)

    def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
        label = str(item.label.get(language)) or item.id
        return (
            build_variable(item, language, label=f"{label} (turn of {self.from_})"),
            build_variable(item, language, "_of", label=f"{label}: drawn from how many", measure="scale"),
        )

    def build_cells(self, item: CompiledItem, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        assert value is not None
        return value, int(words.get("of", "0"))

    def build_missing_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, why

    def build_declined_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, 0 if why == NOT_ASKED else why


QUOTA_STATES = ("open", "full", "outside")


class LookupItem(ComputedItem):
    """A value that is looked up: whether a quota cell is open, or a sample column as an answer."""

    type: Literal["lookup"]
    quota: Name | None = None
    """The quota: the answer is `open`, `full` or `outside`; a place in an open cell is reserved until the interview
    ends."""
    sample: Name | None = None
    """The sample column."""

    condition_type: ClassVar[str] = "code"

    def build_entry(self, context: ItemContext) -> Entry:
        if self.quota is not None:
            return LookupEntry(kind="quota", target=str(self.quota))
        return LookupEntry(kind="sample", target=str(self.sample))

    def list_codes(self) -> tuple[str, ...]:
        return QUOTA_STATES if self.quota is not None else ()
