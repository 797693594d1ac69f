"""Items to which no respondent answers: `read`, `handover`, `end`; and those the computer answers: `split`, `draw`,
`lookup`."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from survey_cli.entries import Entry, Lookup, Read, Reply, Unread
from survey_cli.instrument.compiled.model import Asking, Dice, Leaf, Reading
from survey_cli.instrument.schema.items.question import Question, variable
from survey_cli.instrument.source.scalars import Expression, Name, Text, Whole
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Value, Variable


class Aloud(Question):
    """What is said and not answered."""

    asks: ClassVar[bool] = False

    def entry(self, asking: Asking) -> Entry:
        return Read()

    def understood(self, asking: Asking, reply: Reply) -> Reading | Unread:
        if reply == "":
            return Reading(value=None)
        return Unread("nothing is answered here: Enter goes on")

    def absent(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        return ()

    def invent(self, asking: Asking, dice: Dice) -> Reply:
        return ""


class ReadItem(Aloud):
    """Read aloud, and on."""

    type: Literal["read"]


class Handover(Aloud):
    """Another person comes to the phone; later outcomes and appointments are that person's."""

    type: Literal["handover"]
    ask_for: Text
    """Whom to ask for: `the {youngest}`."""
    text: Text = Field(default_factory=lambda: Text.of("May I speak with that person?"))
    """What is said to whoever is on the line."""


class End(Aloud):
    """The interview ends here with an outcome. A temporary outcome ("driving, call me later") suspends it instead, and it
    is resumed at the item that led here. `unless: consent == 1` also ends it for whoever declines `consent`; an `ask_if`
    that such a decline leaves unknown is an error."""

    type: Literal["end"]
    outcome: Name
    """One of the outcome table: `complete`, `refusal_hard`, `not_eligible`, `callback`, …"""
    text: Text = Field(default_factory=lambda: Text.of("Thank you. Goodbye."))
    """What is said before hanging up."""


class Computed(Question):
    """What the computer answers."""

    asks: ClassVar[bool] = False
    text: Text = Field(default_factory=lambda: Text.of(""))
    """Not used: nobody is asked."""

    def understood(self, asking: Asking, reply: Reply) -> Reading | Unread:
        return Unread("the computer answers this")

    def variables(self, leaf: Leaf, language: str) -> tuple[Variable, ...]:
        label = str(leaf.label.written(language)) or leaf.id
        labels = {code: code for code in self.codes()}
        return (variable(leaf, language, storage="text", label=label, labels=labels),)

    def codes(self) -> tuple[str, ...]:
        """The words that it can answer, where they are its own; each is its own label."""
        return ()

    def cells(self, leaf: Leaf, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        assert value is not None
        return (value,)

    def absent(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        return (why,)

    def invent(self, asking: Asking, dice: Dice) -> Reply:
        return ""


class Split(Computed):
    """An experimental arm, drawn from the seed and recorded like an answer."""

    type: Literal["split"]
    arms: dict[Name, Whole]
    """Each arm and its share: `{a: 1, b: 1}`."""

    known: ClassVar[str] = "code"

    def entry(self, asking: Asking) -> Entry:
        return Lookup(kind="split", of=asking.leaf.id)

    def codes(self) -> tuple[str, ...]:
        return tuple(str(arm) for arm in self.arms)

    def fits(self, asking: Asking, value: Value | None) -> str:
        return "" if value in self.arms else f"{value} is no arm"


class Draw(Computed):
    """One turn of a roster is drawn; kept with of how many, for weights (`ID_of`)."""

    type: Literal["draw"]
    from_: Name = Field(alias="from")
    """The roster."""
    where: Expression | None = None
    """Which turns can be drawn: `age >= 18`."""
    by: Literal["random", "youngest", "next_birthday"] = "random"  # type: ignore[assignment]  # a draw's own meaning
    """How it is drawn."""
    using: Name | None = None
    """The roster's item that `youngest` (an age or a date of birth) or `next_birthday` (a date) compares."""

    known: ClassVar[str] = "draw"

    def entry(self, asking: Asking) -> Entry:
        return Lookup(kind="draw", of=asking.leaf.id)

    def variables(self, leaf: Leaf, language: str) -> tuple[Variable, ...]:
        label = str(leaf.label.written(language)) or leaf.id
        return (
            variable(leaf, language, label=f"{label} (turn of {self.from_})"),
            variable(leaf, language, "_of", label=f"{label}: drawn from how many", measure="scale"),
        )

    def cells(self, leaf: Leaf, value: Value | None, words: Mapping[Code, str]) -> tuple[Cell, ...]:
        assert value is not None
        return value, int(words.get("of", "0"))

    def absent(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        return why, why

    def declined(self, leaf: Leaf, why: Missing) -> tuple[Cell, ...]:
        return why, 0 if why == NOT_ASKED else why


QUOTA_STATES = ("open", "full", "outside")


class LookupItem(Computed):
    """The computer looks something up: whether a quota cell is open, or a sample column as an answer."""

    type: Literal["lookup"]
    quota: Name | None = None
    """The quota: the answer is `open`, `full` or `outside`; an open place is held until the interview closes."""
    sample: Name | None = None
    """The sample column."""

    known: ClassVar[str] = "code"

    def entry(self, asking: Asking) -> Entry:
        if self.quota is not None:
            return Lookup(kind="quota", of=str(self.quota))
        return Lookup(kind="sample", of=str(self.sample))

    def codes(self) -> tuple[str, ...]:
        return QUOTA_STATES if self.quota is not None else ()
