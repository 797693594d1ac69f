"""Base classes of all items, the compiled item, and the methods that each question type implements.

A question type is one class. Its fields say how a question is written, and its methods how it is
asked (`build_entry`), parsed (`parse_reply`, `why_invalid`), displayed (`format_answer`), stored
(`build_variables`, `build_cells`) and simulated (`invent`). `describe_answers` and `answer_seconds`
describe it to those who look at a questionnaire without an interview. It receives everything it
needs and stores no answer.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, NamedTuple, TypeAlias

from pydantic import BeforeValidator, Field

from survey_cli.entries import (
    DeclineOption,
    Entry,
    OfferedOption,
    Rejection,
    Reply,
    StyledText,
    to_ascii_digits,
    to_plain_text,
)
from survey_cli.instrument.amounts import AmountReading
from survey_cli.instrument.expressions.conditions import Condition
from survey_cli.instrument.expressions.known import NOTHING_KNOWN, Known
from survey_cli.instrument.expressions.table_parts import TableParts
from survey_cli.instrument.schema.items.possible_answers import PossibleAnswers
from survey_cli.instrument.schema.options import DeclineOverrides, OptionSourceSpec, SpecModel
from survey_cli.instrument.source.scalars import Expression, Flag, Name, Text
from survey_cli.instrument.texts.languages import join_list
from survey_cli.instrument.texts.number_text import format_number
from survey_cli.instrument.texts.templates import Template, render_placeholders
from survey_cli.values import (
    NOT_ASKED,
    Cell,
    Code,
    Measure,
    Missing,
    Place,
    Storage,
    Value,
    Variable,
    VariableRole,
)
from survey_cli.wording import join_words

Words: TypeAlias = Mapping[Code, str]
"""The words given with options that require them, by the option's code."""

NO_WORDS: Final[Words] = MappingProxyType({})
_NO_LABELS: Final[Mapping[Code, Template]] = MappingProxyType({})
_NO_VALUE_LABELS: Final[Mapping[Code, str]] = MappingProxyType({})
_NO_CODES: Final[Mapping[float, Text]] = MappingProxyType({})
_NO_LIMITS: Final[Mapping[str, "CompiledLimit"]] = MappingProxyType({})


class AnswerWording(NamedTuple):
    """How an answer is put into words."""

    language: str
    words: Words = NO_WORDS
    known: Known = NOTHING_KNOWN
    """What the texts of options fill in."""
    with_code: bool = True
    """A code is written before its label: `3 Disagree`."""


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
    is_turn: bool = False
    """It stands for a turn of a roster. Its label is only for data, and its text is an answer."""

    def render_label(self, known: Known, language: str) -> str:
        """Return the label, or, if it has none of its own, the text with its fills."""
        has_own_label = self.label is not self.text.source
        if has_own_label and not self.is_turn:
            return render_placeholders(str(self.label.get(language)))
        return to_plain_text(self.text.fill(known, language))

    @property
    def is_fixed(self) -> bool:
        """Whether it keeps its written position when the others are shuffled."""
        return self.anchor or self.missing or self.exclusive or not self.read


class CompiledDecline(NamedTuple):
    """A decline with its code at one item."""

    id: str
    code: int
    text: Text
    key: Text | None = None
    """The letter that enters it, by language."""

    def find_key(self, language: str) -> str:
        """Return the letter that enters it in a language, in lower case; empty if there is none."""
        if self.key is None:
            return ""
        return str(self.key.get(language)).lower()


class CompiledCheck(NamedTuple):
    """A check or a `confirm`, compiled."""

    condition: Condition
    say: Template
    soft: bool
    aloud: bool = False
    """True for a `confirm`. It is read to the respondent, and fires if its condition is true."""
    otherwise: Template | None = None
    """What is read after a no to a `confirm`."""

    def fires(self, known: Known) -> bool:
        """Return whether the check fires, with the answer among what is known.

        It doesn't if its condition is unknown.
        """
        # a check fires if its condition is false, and a `confirm` if it is true
        return self.condition.evaluate(known) is self.aloud


class CompiledLimit(NamedTuple):
    """The `min` or `max` of a number or date that depends on other answers."""

    condition: Condition
    words: str
    """What the limit is, for the interviewer."""


class AmountLeft(NamedTuple):
    """What is left of a battery's total at one of its statements."""

    amount: float
    total: float
    later: int
    """How many statements are asked after this one."""
    is_certain: bool = True
    """False after a decline: the answers then need not add up."""

    def describe(self, language: str, unit: str = "") -> str:
        """Describe it for the interviewer: `40 of 100 minutes left for 3 answers`."""
        amount = format_number(self.amount, language)
        total = format_number(self.total, language)
        words = [amount, "of", total]
        if unit:
            words.append(unit)
        words.append("left")
        if self.later:
            words.append(f"for {self.later + 1} answers")
        return " ".join(words)


ResultValue: TypeAlias = int | float | str
"""What a result of a bracket can be: an interval, a limit, or what ended the steps."""


class ResultCase(NamedTuple):
    """A value that a result of a bracket has if a condition is true."""

    value: ResultValue
    condition: Condition


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
    # In Python 3.11 a MappingProxyType is no default of a dataclass, since it can't be hashed.
    labels: Mapping[Code, Template] = field(default_factory=lambda: _NO_LABELS)
    """The labels of a number's values that have a meaning of their own."""
    amounts: AmountReading | None = None
    """How its amount is read from what was keyed; None if that is the amount."""
    scale: str | None = None
    """The named list its options come from, if any."""
    scale_order: str = "written"
    """The order of that list, drawn once per interview."""
    order: str = "written"
    checks: tuple[CompiledCheck, ...] = ()
    limits: Mapping[str, CompiledLimit] = field(default_factory=lambda: _NO_LIMITS)
    """The `min` and `max` that depend on other answers."""
    declines: tuple[CompiledDecline, ...] = ()
    takes_decline_codes: bool = False
    """The code of a decline can be typed like that of an answer (from edition 2 on)."""
    kept_codes: Mapping[float, Text] = field(default_factory=lambda: _NO_CODES)
    """The codes of declines, of not asked and of not reached, for a number whose limits depend on
    other answers. They are never an amount, not even if there is no limit because the other answer
    is missing."""
    next_text: Template | None = None
    """The text of a battery's statement that is read if another one was asked before it."""
    total: Condition | None = None
    """What the answers to a battery's statements must add up to."""
    prefill: Condition | None = None
    roster: str | None = None
    section: Template | None = None
    anchor: bool = False
    after_hangup: bool = False
    ask_for: Template | None = None
    """The person who is asked to the phone by a handover."""
    where: Condition | None = None
    """The condition that a draw, or a source of options, imposes on the turns."""
    source: str = ""
    """The roster from which a draw selects."""
    turn_name: str | None = None
    """The roster's item that names a turn."""
    using: str | None = None
    """The roster's item that a draw by youngest or by birthday compares."""
    bracket: str = ""
    """The bracket that it was made for; empty for an item that is written in the file."""
    cases: tuple["ResultCase", ...] = ()
    """For a result of a bracket: its values. The first one whose condition is true is taken."""
    default: ResultValue | Missing = NOT_ASKED
    """For a result of a bracket: the value if no condition is true."""
    sources: tuple[str, ...] = ()
    """For a result of a bracket: the items whose decline it has if no condition is true."""
    highest_number: Condition | None = None
    """The highest number that a draw of `numbers` can have."""
    computes: tuple["Compute", ...] = ()
    """What can be computed once this item is settled."""
    counts_in_progress: bool = True
    """Asked of a person, so that it counts in the progress display."""
    options_vary: bool = False
    """An option has a condition, or the order is drawn: the options must be determined each
    time."""
    options_conditional: bool = False
    """Every option has a condition: if none is left to offer, the item is not asked."""
    options_source: OptionSourceSpec | None = None
    """Where the options come from, if they are not written out."""

    place: Place = field(init=False)
    """Its place outside of a roster."""
    specify_codes: tuple[Code, ...] = field(init=False)
    """The options that require words."""

    def __post_init__(self) -> None:
        self.place = Place(self.id)
        self.specify_codes = tuple(option.code for option in self.options if option.specify)

    def __repr__(self) -> str:
        return f"CompiledItem({self.id})"

    def find_typed_code(self, decline: CompiledDecline) -> str:
        """Return the code of a decline as it can be typed; empty if it can't.

        The code of an option that isn't offered now is no decline meanwhile.
        """
        is_taken = any(option.code == decline.code for option in self.options)
        if not self.takes_decline_codes or is_taken or decline.code < 0:
            return ""
        return str(decline.code)

    def find_typed_decline(self, typed: str) -> CompiledDecline | None:
        """Return the decline whose code was typed."""
        code = to_ascii_digits(typed.strip())
        for decline in self.declines:
            if code and code == self.find_typed_code(decline):
                return decline
        return None

    @property
    def is_result(self) -> bool:
        """Whether it is a result of a bracket, and no answer: it says what the steps say."""
        return bool(self.cases)

    @property
    def has_amounts(self) -> bool:
        """Whether some of what can be keyed counts as another number, the amount."""
        return self.amounts is not None and self.amounts.has_numbers


@dataclass(slots=True, eq=False, kw_only=True)
class Compute:
    """A named calculation, or one per language, the first for the default language."""

    id: str
    conditions: Mapping[str, Condition]
    """The condition in each language. One that applies to all has an empty key."""
    type: str = "text"
    table: TableParts | None = None
    """What it is made of, if it is written as a table; its condition stands for the whole."""
    gap_tests: tuple[Condition, ...] = ()
    """The conditions of a table without `else`, of which one must always be true."""
    label: Text | None = None
    """The label of a variable of the analysis file."""
    labels: Mapping[Code, Text] = field(default_factory=dict)
    """The labels of its codes."""
    measure: Measure | None = None
    """The measure of its column; None if it is that of its type."""
    decimals: int = 2
    """How many decimals of a number are shown. None are for a table of whole numbers."""
    is_column: bool = True
    """False for a filter of the analysis file, which only conditions use."""
    is_reported: bool | None = None
    """Whether reports have a table of a variable of the analysis file. None for other computes."""


@dataclass(slots=True, eq=False, kw_only=True)
class ItemContext:
    """An item at the moment it is asked, with everything its question needs."""

    item: CompiledItem
    known: Known
    language: str
    options: tuple[CompiledOption, ...] = ()
    """The options offered now, in drawn order."""
    amount_left: AmountLeft | None = None
    """What is left of the battery's total."""

    def fill(self, template: Template | None) -> StyledText:
        """Return a text with its fills; empty if there is none."""
        if template is None:
            return ()
        return template.fill(self.known, self.language, self.join_options)

    def join_options(self) -> str:
        """Return the options that are read aloud as a list in words: `bus, car or train`."""
        question = self.item.question
        texts = []
        if question.read:
            for option in self.options:
                if option.read:
                    text = option.text.fill(self.known, self.language)
                    texts.append(to_plain_text(text))
        if question.or_ is not None:
            return join_words(texts, str(question.or_.get(self.language)))
        return join_list(texts, self.language, "or")

    def build_choices(self) -> tuple[OfferedOption, ...]:
        """Return the options as they are shown to the interviewer."""
        return tuple([self._build_choice(option) for option in self.options])

    def _build_choice(self, option: CompiledOption) -> OfferedOption:
        return OfferedOption(
            option.code,
            self.fill(option.text),
            option.read and self.item.question.read,
            to_plain_text(self.fill(option.note)),
            option.exclusive,
            option.specify,
        )

    def build_declines(self) -> tuple[DeclineOption, ...]:
        """Return the declines as they are shown to the interviewer."""
        return tuple([self._build_decline(decline) for decline in self.item.declines])

    def _build_decline(self, decline: CompiledDecline) -> DeclineOption:
        return DeclineOption(
            decline.id,
            decline.code,
            str(decline.text.get(self.language)),
            decline.find_key(self.language),
            self.item.find_typed_code(decline),
        )

    def list_typed_declines(self) -> tuple[DeclineOption, ...]:
        """Return the declines of which the codes can be typed; none in edition 1."""
        if not self.item.takes_decline_codes:
            return ()
        return self.build_declines()


class ParsedAnswer(NamedTuple):
    """An entry that was parsed."""

    value: Value | None
    words: Words = NO_WORDS


class ItemSpec(SpecModel):
    """The keys of every entry of `items:`."""

    id: Name
    """The name of the item, and of its column in the data: a letter, then letters, digits or `_`,
    at most 32 characters."""
    ask_if: Expression | None = None
    """The item is asked only if this condition is true. If left out: always asked."""
    unless: Expression | None = None
    """The item is skipped if this condition is true, and asked if it is false *or unknown*. An
    `end` with `unless: consent == 1` therefore also ends the interview after a refusal to answer
    `consent`. If left out: never skipped."""
    anchor: Flag = False
    """`true`: the item keeps its written position when the items around it are shuffled."""

    is_group: ClassVar[bool] = False


class CheckSpec(SpecModel):
    """A rule for the answer: `{expect: hours <= 168, say: A week has 168 hours.}`."""

    expect: Expression
    """The condition that a valid answer fulfills. If the condition is unknown, the answer is
    accepted."""
    say: Text
    """The message that the interviewer sees if the condition is false."""
    soft: Flag = False
    """`true`: the interviewer may keep the answer; the warning and the decision are stored.
    `false`: the answer is not accepted."""


def _wrap_in_list(node: object) -> object:
    return [node] if isinstance(node, dict) else node


class ConfirmSpec(SpecModel):
    """A question that reads the answer back: `{if: hours > 100, text: "Is it {hours} hours?"}`."""

    if_: Expression = Field(alias="if")
    """The answer is read back only if this condition is true."""
    text: Text
    """The text that is read aloud."""
    otherwise: Text | None = None
    """The text that is read aloud after a no, before the right answer is entered: `How many hours
    was it?` If left out: the question again."""


Checks: TypeAlias = Annotated[
    list[CheckSpec],
    BeforeValidator(_wrap_in_list, json_schema_input_type=CheckSpec | list[CheckSpec]),
]
Confirms: TypeAlias = Annotated[
    list[ConfirmSpec],
    BeforeValidator(_wrap_in_list, json_schema_input_type=ConfirmSpec | list[ConfirmSpec]),
]


class QuestionItem(ItemSpec):
    """The keys of every question, and the methods that its type implements.

    A number from 0 to 10:

        class WarmthItem(QuestionItem):
            type: Literal["warmth"]

            condition_type: ClassVar[str] = "number"
            answer_seconds: ClassVar[float] = 4.0

            def describe_answers(self, item: CompiledItem) -> PossibleAnswers:
                return Amount((NumberRange(0, 10),))

            def build_entry(self, context: ItemContext) -> Entry:
                return LineEntry("number", "0 to 10")

            def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
                if reply not in map(str, range(11)):
                    return Rejection("a number from 0 to 10")
                return ParsedAnswer(int(reply))

            def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
                return (build_variable(item, language, measure="scale"),)

            def invent(self, context: ItemContext, rng: Random) -> Reply:
                return str(rng.randint(0, 10))

    CONTRIBUTING.md lists what else a new type needs.
    """

    text: Text
    """The text that is read aloud."""
    instruction: Text | None = None
    """A note to the interviewer; never read aloud. If left out: none."""
    probe: Text | None = None
    """What the interviewer says if the answer is not sufficient. If left out: none."""
    help: Text | None = None
    """A longer explanation for the interviewer, shown on request. If left out: none."""
    label: Text | None = None
    """The label of the variable in data files and reports. If left out: the text."""
    checks: Checks = Field(default_factory=list)
    """Rules for the answer: one, or a list of them. If left out: none."""
    confirm: Confirms = Field(default_factory=list)
    """Questions that read an unlikely answer back to the respondent: one, or a list of them, each
    of which is read if its condition is true. If left out: none."""
    declines: DeclineOverrides | None = None
    """The declines permitted here: `[]` for none, `[dk]` for some, other codes for this item: `{dk:
    98, refused: 99}`, or the name of a set under `decline_sets`. `by_width` gives don't know the
    first of 7, 77, 777 and so on, and refused the first of 9, 99 and 999, that no answer can have.
    From edition 2 on, a list has the codes of the `defaults` around it, if these are a set or
    `by_width`. If left out: every decline of the file."""
    prefill: Annotated[Expression, "a calculation"] | None = None
    """The initial content of the field, which Enter confirms: a sample column, an earlier item or a
    calculation. If left out: empty."""
    by: Annotated[Name, "interviewer"] | None = None
    """`interviewer`: the question is not read aloud; the interviewer answers it. If left out: the
    respondent answers."""
    personal: Flag = False
    """`true`: the answer is stored with the contacts, and is left out of every export, report and
    log unless it is requested by name."""
    read: Flag = True
    """`false`: the options are not read aloud; the interviewer chooses the one that fits the
    answer."""
    or_: Text | None = Field(default=None, alias="or")
    """The words before the last option in `{options}`: `or should they`. If left out: *or*, in the
    language of the interview."""
    base: Text | None = None
    """Who is asked, in words for the report: `who disagreed`. If left out: the report words the
    condition."""
    nets: dict[Name, list[Annotated[Name, "a code"]]] = Field(default_factory=dict)
    """Codes that reports also count together: `{Agree: [1, 2]}`. If left out: none."""
    report: Flag = True
    """`false`: left out of reports unless requested by name, as for consent and other questions of
    the introduction. If left out: `true`, but `false` for what the interviewer answers (`by:
    interviewer`)."""

    expects_answer: ClassVar[bool] = True
    """False for items that nobody answers (read, end, …)."""
    condition_type: ClassVar[str] = "text"
    """The type its name has in a condition."""
    answer_seconds: ClassVar[float]
    """Seconds from the end of the text to the key, for the estimated length of an interview. Every
    type has its own."""

    def describe_answers(self, item: CompiledItem) -> PossibleAnswers:
        """Describe what the item can be answered with, whatever was answered before."""
        raise NotImplementedError

    def build_entry(self, context: ItemContext) -> Entry:
        """Build the entry that asks for the answer."""
        raise NotImplementedError

    def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
        """Parse what was entered.

        Returns the answer, or one short line that says why it is not one.
        """
        raise NotImplementedError

    def why_invalid(self, context: ItemContext, value: Value | None) -> str:
        """Return why the item does not accept this value now; empty if it does."""
        return ""

    def format_answer(self, item: CompiledItem, value: Value | None, wording: AnswerWording) -> str:
        """Format the answer for the interviewer."""
        return "" if value is None else str(value)

    def format_as_typed(self, value: Value, words: Words, language: str) -> str:
        """Format the answer as it would be typed."""
        return str(value)

    def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
        """Build its columns, as they are outside of a roster."""
        return ()

    def build_cells(
        self, item: CompiledItem, value: Value | None, words: Words
    ) -> tuple[Cell, ...]:
        """Build the cells of those columns for an answer. By default there is one column."""
        assert value is not None
        return (value,)

    def build_missing_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        """Build the cells of those columns if there is no answer."""
        return (why,)

    def build_declined_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        """Build the cells of those columns if the question was asked and declined."""
        return self.build_missing_cells(item, why)

    def invent(self, context: ItemContext, rng: Random) -> Reply:
        """Return an entry that a respondent could give."""
        raise NotImplementedError


_DIRECTION_MARKS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
"""Characters that change the direction of text. They are never typed, and hide what is written."""


def normalize_text(text: str, *, lines: bool) -> str:
    """Normalize typed text for storage: NFC, without control characters.

    Line ends stay if `lines` is true.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_DIRECTION_MARKS)
    text = unicodedata.normalize("NFC", text)
    kept = []
    for character in text:
        is_control = character < " " or "\x7f" <= character <= "\x9f"
        if not is_control or (lines and character == "\n"):
            kept.append(character)
    # a lone surrogate can't be encoded, and therefore not be stored
    return "".join(kept).encode("utf-8", "ignore").decode().strip()


def build_variable(
    item: CompiledItem,
    language: str,
    suffix: str = "",
    *,
    label: str | None = None,
    storage: Storage = "integer",
    measure: Measure = "nominal",
    decimals: int = 0,
    labels: Mapping[Code, str] = _NO_VALUE_LABELS,
    user_missing: tuple[Code, ...] = (),
    option: Code | None = None,
    role: VariableRole = "answer",
) -> Variable:
    """Build a column of this item. Without a label of its own it has that of the item."""
    declines = {
        decline.id: (decline.code, str(decline.text.get(language))) for decline in item.declines
    }
    return Variable(
        name=item.id + suffix,
        label=str(item.label.get(language)) if label is None else label,
        storage=storage,
        measure=measure,
        decimals=decimals,
        labels=labels,
        user_missing=user_missing,
        declines=declines,
        wording=item.text.get_source_text(language),
        item=item.id,
        option=option,
        role=role,
        personal=item.question.personal,
    )


class StatedItem(QuestionItem):
    """Base class of types with a second column that says why the first is empty.

    The codes of declines are values of a number. A text, a date or a time can't have them, and
    their column is empty without an answer. Such a type names the storage of its answers, and needs
    no `build_variables` and `build_cells`:

        class PostcodeItem(StatedItem):
            storage: ClassVar[Storage] = "text"
    """

    storage: ClassVar[Storage]

    def build_variables(self, item: CompiledItem, language: str) -> tuple[Variable, ...]:
        measure: Measure = "nominal" if self.storage == "text" else "scale"
        column = build_variable(item, language, storage=self.storage, measure=measure)
        return column, build_state_variable(item, language)

    def build_cells(
        self, item: CompiledItem, value: Value | None, words: Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return value, 0

    def build_missing_cells(self, item: CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return why, why


def build_state_variable(item: CompiledItem, language: str) -> Variable:
    """Build the second column of a question, which says why the cells of the first are empty."""
    label = f"{item.label.get(language)} (state)"
    labels: dict[Code, str] = {0: "Answered"}
    state = build_variable(item, language, "_state", label=label, labels=labels, role="state")
    # nobody is asked for a state
    return replace(state, wording="")
