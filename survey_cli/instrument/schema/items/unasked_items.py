"""Items that no respondent answers: spoken ones, and those that are computed.

`read`, `handover` and `end` are spoken. `split`, `draw`, `lookup` and what a group picks are
computed.
"""

from random import Random
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from survey_cli.entries import Entry, LookupEntry, ReadEntry, Rejection, Reply
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.possible_answers import (
    NO_ANSWER,
    Computed,
    PossibleAnswers,
)
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.source.scalars import (
    DrawnNumbers,
    Expression,
    Flag,
    Name,
    Text,
    Whole,
    split_drawn_numbers,
)
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Value, Variable


class SpokenItem(question.QuestionItem):
    """Base class of items that are spoken and not answered.

    Such a type only adds keys:

        class NoticeItem(SpokenItem):
            type: Literal["notice"]
            document: Name
    """

    expects_answer: ClassVar[bool] = False
    answer_seconds: ClassVar[float] = 0.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return NO_ANSWER

    def build_entry(self, context: question.ItemContext) -> Entry:
        return ReadEntry()

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        if reply == "":
            return question.ParsedAnswer(value=None)
        return Rejection("no answer is needed here: press Enter")

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        return ()

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return ()

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        return ""


class ReadItem(SpokenItem):
    """A text that is read aloud, with nothing to answer."""

    type: Literal["read"]


class HandoverItem(SpokenItem):
    """A request for another person.

    When that person has come to the phone, later outcomes and appointments are that person's.
    """

    type: Literal["handover"]
    ask_for: Text
    """The person to ask for: `the {youngest}`."""
    text: Text = Field(default_factory=lambda: Text.from_string("May I speak with that person?"))
    """What the interviewer says to the person on the line. If left out: `May I speak with that
    person?`"""

    answer_seconds: ClassVar[float] = 20.0


class EndItem(SpokenItem):
    """The end of the interview, with an outcome.

    After a temporary outcome ("I am driving, call me later") the interview is suspended. It is
    resumed at the item that led to the end. `unless: consent == 1` also ends the interview if the
    respondent declines to answer `consent`. An `ask_if` that would be unknown after such a decline
    is an error.
    """

    type: Literal["end"]
    outcome: Annotated[Name, "an outcome"]
    """An outcome of the outcome table, or of the file: `complete`, `refusal_hard`, `not_eligible`,
    `callback`."""
    text: Text = Field(default_factory=lambda: Text.from_string("Thank you. Goodbye."))
    """What the interviewer says before hanging up. If left out: `Thank you. Goodbye.`"""


POOL_SIZE_KEY: Final = "of"
"""The key in the specified texts of a draw or a pick: of how many it selected."""


class ComputedItem(question.QuestionItem):
    """Base class of items whose answer is computed.

    Such a type says which codes it can have, if they are its own. `engine` computes the answer:

        class CoinItem(ComputedItem):
            type: Literal["coin"]

            condition_type: ClassVar[str] = "code"

            def list_codes(self) -> tuple[str, ...]:
                return ("heads", "tails")
    """

    expects_answer: ClassVar[bool] = False
    answer_seconds: ClassVar[float] = 0.0
    text: Text = Field(default_factory=lambda: Text.from_string(""))
    """Not used, because nobody is asked. If left out: empty."""

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return Computed(self.list_codes())

    def build_entry(self, context: question.ItemContext) -> Entry:
        # every item type has `type`, but this base class can't know which
        return LookupEntry(kind=self.type, target=context.item.id)  # type: ignore[attr-defined]

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        return Rejection("this item is computed, not answered")

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        column = question.build_variable(
            item,
            language,
            storage="text",
            label=_find_label(item, language),
            labels={code: code for code in self.list_codes()},
        )
        return (column,)

    def list_codes(self) -> tuple[str, ...]:
        """Return the codes it can have; empty if they are those of its source.

        Each is its own label.
        """
        return ()

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        return ""


def _find_label(item: question.CompiledItem, language: str) -> str:
    """Return the label of the item, or its id, since a computed item usually has no text."""
    return str(item.label.get(language)) or item.id


class SplitItem(ComputedItem):
    """A random assignment to an experimental condition, stored like an answer."""

    type: Literal["split"]
    arms: dict[Name, Whole]
    """The conditions and their shares: `{a: 1, b: 1}` assigns half of the interviews to each."""

    condition_type: ClassVar[str] = "code"

    def list_codes(self) -> tuple[str, ...]:
        return tuple(str(arm) for arm in self.arms)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if value in self.arms:
            return ""
        return f"{value} is not an arm"


class SelectedItem(ComputedItem):
    """Base class of items that select something. A column `ID_of` says of how many.

    The number is among the words of the answer, under `of`:

        class FirstItem(SelectedItem):
            type: Literal["first"]

            def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
                column = build_variable(item, language)
                return column, self.build_number(item, language, "How many there were")

            def build_cells(
                self, item: CompiledItem, value: Value | None, words: Words
            ) -> tuple[Cell, ...]:
                assert value is not None
                return value, self.read_number(words)
    """

    def build_number(self, item: question.CompiledItem, language: str, label: str) -> Variable:
        """Build the column that says of how many something was selected."""
        return question.build_variable(item, language, "_of", label=label, measure="scale")

    def read_number(self, words: question.Words) -> int:
        """Return of how many something was selected; 0 if that isn't stored."""
        return int(words.get(POOL_SIZE_KEY, "0"))

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, why

    def build_declined_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        # the item was reached, and there was nothing to select from
        number = 0 if why == NOT_ASKED else why
        return why, number


class DrawItem(SelectedItem):
    """One turn drawn from a roster, such as one person of a household, or one of some numbers.

    Of how many it was drawn is stored in `ID_of`, for weighting. Exactly one of `from` and
    `numbers` is required.
    """

    type: Literal["draw"]
    from_: Annotated[Name, "a roster"] | None = Field(default=None, alias="from")
    """The roster from which a turn is drawn. If left out: `numbers` is required."""
    numbers: DrawnNumbers | None = None
    """The numbers of which one is drawn at random: `1 to adults`. The second one can be a
    calculation. Nothing is drawn if it is missing, or smaller than the first. If it is corrected,
    the number stays, unless it is too great now or one of the added numbers is drawn. If left out:
    `from` is required."""
    where: Expression | None = None
    """The turns that can be drawn: `age >= 18`. If left out: all turns."""
    # `by` of a question says who answers it, and has another type
    by: Literal["random", "youngest", "next_birthday"] = "random"  # type: ignore[assignment]
    """How the turn is selected: at `random`, the `youngest`, or the one with the
    `next_birthday`."""
    using: Annotated[Name, "an item"] | None = None
    """The item of the roster that is compared: an age or a date of birth for `youngest`, a date for
    `next_birthday`. If left out: the turn is drawn at random; the other two require it."""
    weight: Flag = False
    """`true`: in reports and exports an interview counts as often as there were turns or numbers to
    draw from, since the one that is drawn stands for all."""

    condition_type: ClassVar[str] = "draw"

    def split_numbers(self) -> tuple[int, YamlScalar]:
        """Return the lowest number that can be drawn, and the calculation of the highest."""
        assert self.numbers is not None
        return split_drawn_numbers(self.numbers)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        label = _find_label(item, language)
        drawn_from = f"turn of {self.from_}"
        if self.numbers is not None:
            drawn_from = f"a number drawn of {self.numbers}"
        drawn = question.build_variable(item, language, label=f"{label} ({drawn_from})")
        return drawn, self.build_number(item, language, f"{label}: drawn from how many")

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return value, self.read_number(words)


QUOTA_STATES: Final = ("open", "full", "outside")


class LookupItem(ComputedItem):
    """A value that is looked up and stored like an answer.

    It is the state of a quota cell, or a sample column. Exactly one of `quota` and `sample` is
    required.
    """

    type: Literal["lookup"]
    quota: Annotated[Name, "a quota"] | None = None
    """The quota. The value is `open`, `full` or `outside`; a place in an open cell is reserved
    until the interview ends. If left out: `sample` is required."""
    sample: Annotated[Name, "a column"] | None = None
    """The sample column. If left out: `quota` is required."""

    condition_type: ClassVar[str] = "code"

    def build_entry(self, context: question.ItemContext) -> Entry:
        if self.quota is not None:
            return LookupEntry(kind="quota", target=str(self.quota))
        return LookupEntry(kind="sample", target=str(self.sample))

    def list_codes(self) -> tuple[str, ...]:
        return QUOTA_STATES if self.quota is not None else ()


PickMethod: TypeAlias = Literal["random", "least_filled"]


class PickItem(SelectedItem):
    """What is picked of a group. It is made for a group with `pick`, and is not written in a file.

    Its value is everything that could be picked, in the order of picking. The first `count` are
    picked.
    """

    type: Literal["pick"]
    group: str
    names: tuple[Code, ...]
    """The items or turns of the group, as written."""
    count: Whole
    method: PickMethod

    condition_type: ClassVar[str] = "code"

    def list_picked(self, value: object) -> tuple[Code, ...]:
        """Return what is picked, in written order."""
        picked = value[: self.count] if isinstance(value, tuple) else ()
        return tuple(name for name in self.names if name in picked)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        label = f"Picked of {self.group}"
        picked = question.build_variable(item, language, storage="text", label=label)
        return picked, self.build_number(item, language, f"{label}: of how many")

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        picked = " ".join(str(name) for name in self.list_picked(value))
        return picked, self.read_number(words)
