"""Questions about an amount in a unit that the respondent chooses: `quantity`."""

from collections.abc import Iterator
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from random import Random
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from survey_cli.entries import (
    Entry,
    ExactText,
    LineEntry,
    PossibleMeaning,
    Rejection,
    Reply,
    to_plain_text,
)
from survey_cli.instrument.number_ranges import NumberRange, NumberRanges
from survey_cli.instrument.quantities import MAX_DIGITS, Quantity, QuantityUnit, UnitPart
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.amount_columns import KEYED_SUFFIX
from survey_cli.instrument.schema.items.possible_answers import Amount, PossibleAnswers
from survey_cli.instrument.schema.options import (
    NumberOption,
    ShortSpec,
    SpecModel,
    list_value_labels,
)
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.scalars import Name, Text, Whole
from survey_cli.instrument.texts.number_text import NumberRejection, format_number
from survey_cli.instrument.texts.quantity_text import UnitWords, read_quantity
from survey_cli.values import NO_AMOUNT, Cell, Code, Missing, Storage, Value, Variable

_DECIMALS: Final = 2
"""How many decimals of an amount in the main unit are shown. Files have all of them."""


class QuantityColumn(StrEnum):
    """The columns of a quantity, with what follows the item's id in their names."""

    MAIN = ""
    """The amount in the main unit."""
    AMOUNT = "_amount"
    """The amount as it was answered."""
    UNIT = "_unit"
    """The unit in which it was answered."""
    KEYED = KEYED_SUFFIX
    """The number that was keyed."""


def find_quantity_column(variable: Variable) -> QuantityColumn:
    """Return which column of its quantity a variable is, also at a turn of a roster."""
    ending = variable.name.removeprefix(variable.item)
    if variable.turn is not None:
        ending = ending.removesuffix(f"_{variable.turn}")
    return QuantityColumn(ending)


def _parse_times(node: object) -> Fraction:
    """Parse how many main units a unit is: a number, or a fraction such as `12/52`."""
    text = str(scalars.parse_scalar(node, "a number")).strip()
    numerator, slash, denominator = text.partition("/")
    parts = [numerator.strip()]
    if slash:
        parts.append(denominator.strip())

    for part in parts:
        if not scalars.DECIMAL.match(part):
            remedy = "write a number or a fraction of two: 7, 2.54, 12/52"
            scalars.reject("not-a-number", f"{text!r} is not a number", remedy)
    numbers = [Fraction(part) for part in parts]
    if min(numbers) <= 0:
        what = f"{text} is not more than 0"
        scalars.reject("bad-quantity", what, "write how many main units one of it is")

    if slash:
        return numbers[0] / numbers[1]
    return numbers[0]


Times: TypeAlias = Annotated[
    Fraction,
    scalars.ParseWith(_parse_times, {"type": ["number", "string"]}),
    "a number or a fraction",
]


def _parse_written_range(node: object) -> NumberRange:
    """Parse a range of the digits after a key."""
    one = scalars.parse_range(node)
    for number in one:
        if number < 0 or number != int(number):
            remedy = "write whole numbers of 0 or more: 1 to 99"
            scalars.reject("bad-quantity", f"{number:.10g} can't be keyed", remedy)
        if number >= 10**MAX_DIGITS:
            what = f"{number:.10g} has more than {MAX_DIGITS} digits"
            scalars.reject("bad-quantity", what, "use a larger unit")
    return one


def _wrap_range(node: object) -> object:
    return [node] if isinstance(node, str) else node


_WrittenRange: TypeAlias = Annotated[
    NumberRange,
    scalars.ParseWith(_parse_written_range, {"type": ["string", "number"]}),
    "a range",
]
WrittenRanges: TypeAlias = Annotated[
    list[_WrittenRange],
    BeforeValidator(_wrap_range, json_schema_input_type=_WrittenRange | list[_WrittenRange]),
    "a range, or a list of ranges",
]


class PartSpec(ShortSpec):
    """A part of a unit, such as the feet of 5 feet 11: how many of the last part it is."""

    times: Whole
    """How many of the last part it is: `12` for feet before inches. Of the last part itself: `1`.
    """
    text: Text | None = None
    """The words after its number: `ft`. If left out: its name."""


def _check_parts(parts: dict[Name, PartSpec]) -> dict[Name, PartSpec]:
    """Check that each part is a whole number of the next one, and the last is 1."""
    example = "write parts: {ft: 12, in: 1}"
    if len(parts) < 2:
        scalars.reject("bad-quantity", "a unit has two parts or more", example)
    sizes = [part.times for part in parts.values()]
    names = list(parts)
    if sizes[-1] != 1:
        what = f"{names[-1]} is the last, and counts as 1, not {sizes[-1]}"
        scalars.reject("bad-quantity", what, example)
    for name, size, next_name, next_size in zip(names, sizes, names[1:], sizes[1:], strict=False):
        if size <= next_size or size % next_size:
            what = f"{name} ({size}) is not several times {next_name} ({next_size})"
            scalars.reject("bad-quantity", what, f"{example}: the largest part first")
    return parts


Parts: TypeAlias = Annotated[dict[Name, PartSpec], AfterValidator(_check_parts)]


def _check_digits(digits: int) -> int:
    if not 1 <= digits <= MAX_DIGITS:
        what = f"{digits} digits can't be keyed"
        scalars.reject("bad-quantity", what, f"write a number from 1 to {MAX_DIGITS}")
    return digits


class UnitSpec(SpecModel):
    """A unit in which the amount can be given: `{key: 2, range: 1 to 99, text: per week}`."""

    key: Whole | None = None
    """The first digits of a number in this unit: with `1`, 107 is 7 of it. If left out: all digits
    are the amount."""
    times: Times | None = None
    """How many of the main unit it is: a number, or an exact fraction such as `12/52`. If left out:
    1, which only the main unit can be."""
    range: WrittenRanges
    """The amounts that are accepted, which are the digits after the key: `1 to 99`, or several
    ranges. The key is no part of them. The highest one says how many digits follow the key, unless
    `digits:` does: up to 99 it is 107, not 17. Of a unit in parts they are written as they are
    keyed: `300 to 711`."""
    digits: Annotated[Whole, AfterValidator(_check_digits)] | None = None
    """How many digits are keyed after the key, filled with zeros: with `key: 1, range: 1 to 7,
    digits: 2`, 5 is keyed as 105. If left out: as many as the highest amount has."""
    parts: Parts | None = None
    """The parts in which the amount is given, the largest first, each as how many of the last it
    is: `{ft: 12, in: 1}`. They are keyed one behind the other, as in 511, and can be typed as
    `5'11`. If left out: the amount is one number."""
    text: Text | None = None
    """The words after the amount: `per week`. If left out: its name."""

    def build(self, name: str) -> QuantityUnit:
        """Build the unit with the numbers that are keyed for it."""
        parts = []
        larger: int | None = None  # the size of the part before: 12 for inches, after feet
        for part_name, part in (self.parts or {}).items():
            most = None
            if larger is not None:
                most = larger // part.times - 1
            parts.append(UnitPart(str(part_name), part.times, most))
            larger = part.times

        times = self.times
        if times is None:
            times = Fraction(1)
        written = tuple(sorted(self.range))
        return QuantityUnit(
            name,
            written,
            times,
            key=self.key,
            parts=tuple(parts),
            filled_digits=self.digits or 0,
        )


class QuantityItem(question.QuestionItem):
    """An amount in a unit that the respondent chooses: 7 per week, or 5 feet 11.

    One whole number is keyed, whose first digits are the `key` of the unit: 207. The words of a
    unit can be typed, too: `7 per week`, `7 w`, `5'11`. Conditions, calculations and means use the
    amount in the main unit, and `keyed(ID)` the number that was keyed. The data have the columns
    `ID` (in the main unit), `ID_amount` and `ID_unit` (as it was answered), and `ID_keyed`.
    """

    type: Literal["quantity"]
    main_unit: Name
    """The unit in which amounts are compared and calculated: one of those under `in`."""
    in_: dict[Name, UnitSpec] = Field(alias="in")
    """The units by name, in the order in which the interviewer sees them."""
    options: dict[Whole, NumberOption] = Field(default_factory=dict)
    """Numbers with a meaning of their own, with the amount that they count as: `{555: {text: Never,
    value: 0}}`, or with none: `missing: true`. A `value:` needs edition 2. If left out: none."""

    condition_type: ClassVar[str] = "number"
    answer_seconds: ClassVar[float] = 6.0

    @cached_property
    def quantity(self) -> Quantity:
        """The units with the numbers that are keyed for them."""
        return Quantity([unit.build(str(name)) for name, unit in self.in_.items()])

    def list_words(self, language: str) -> list[UnitWords]:
        """List the units with their words in a language."""
        words = []
        for unit, spec in zip(self.quantity.units, self.in_.values(), strict=True):
            text = _get_text(spec.text, unit.name, language)
            part_texts = [
                _get_text(part.text, str(name), language)
                for name, part in (spec.parts or {}).items()
            ]
            words.append(UnitWords(unit, text, tuple(part_texts)))
        return words

    def list_texts(self) -> list[Text]:
        """List the texts of its units, parts and options."""
        texts = [text for _, text in self.name_unit_texts()]
        for option in self.options.values():
            texts.append(option.text)
            if option.label is not None:
                texts.append(option.label)
        return texts

    def name_unit_texts(self) -> Iterator[tuple[str, Text]]:
        """Yield the texts that are written at units and parts, each with the name of its owner."""
        for name, unit in self.in_.items():
            if unit.text is not None:
                yield str(name), unit.text
            for part_name, part in (unit.parts or {}).items():
                if part.text is not None:
                    yield str(part_name), part.text

    def describe_main_unit(self, language: str) -> str:
        """Return the words of the main unit."""
        for words in self.list_words(language):
            if words.unit.name == self.main_unit:
                return words.find_label()
        return str(self.main_unit)

    def describe_units(self) -> str:
        """Describe what is keyed for which amount: `2.. week, 1.. day (7 week)`.

        Two versions with the same description read the same amounts from keyed numbers.
        """
        described = []
        for unit in self.quantity.units:
            words = f"{write_form(unit)} {unit.name}"
            if unit.parts:
                parts = ", ".join([f"{part.name}: {part.size}" for part in unit.parts])
                words += f" {{{parts}}}"
            if unit.name != self.main_unit:
                words += f" ({unit.times} {self.main_unit})"
            described.append(words)
        return ", ".join(described)

    def list_used_numbers(self) -> NumberRanges:
        """List the numbers that its columns contain: no decline has one of these codes."""
        used = [NumberRange(1, len(self.in_)), *self.quantity.keyed]
        for code, option in self.options.items():
            used.append(NumberRange(code, code))
            if option.value is not None:
                used.append(NumberRange(option.value, option.value))
        for unit in self.quantity.units:
            if not unit.keyed:
                continue  # `check` reports it
            low = int(unit.keyed[0].low)
            high = int(unit.keyed[-1].high)
            used.append(NumberRange(unit.count(low), unit.count(high)))
            used.append(NumberRange(unit.convert(low), unit.convert(high)))
        return tuple(used)

    def label_main_unit(self, label: str, language: str) -> str:
        """Return a label of the item with the words of the main unit: `Fruit (per week)`."""
        return f"{label} ({self.describe_main_unit(language)})"

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return Amount(self.quantity.keyed, special=tuple(self.options))

    def build_entry(self, context: question.ItemContext) -> Entry:
        language = context.language
        forms = [
            (write_form(words.unit), words.format_written(language))
            for words in self.list_words(language)
        ]
        labels = [
            (code, to_plain_text(context.fill(label)))
            for code, label in context.item.labels.items()
        ]
        return LineEntry(
            kind="quantity",
            hint=self._describe_typing(language),
            labels=tuple(labels),
            forms=tuple(forms),
            personal=self.personal,
        )

    def _describe_typing(self, language: str) -> str:
        """Describe how an amount is typed, by its first unit: `as 101, or 1 per day`."""
        words = self.list_words(language)[0]
        keyed = words.unit.find_first_amount()
        return f"as {keyed}, or {words.format(keyed, language)}"

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = reply.strip() if isinstance(reply, str) else ""
        if not text:
            return Rejection("an amount is needed")
        language = context.language
        number = self._read_option(text)
        if number is None:
            number = read_quantity(text, language, self.quantity, self.list_words(language))
        if not isinstance(number, NumberRejection):
            return question.ParsedAnswer(value=number)

        meanings = []
        for value in number.values:
            label = self.format_amount(int(value), language)
            names = self._list_names(int(value), language)
            meanings.append(PossibleMeaning(label, ExactText(str(value)), names=names))
        return Rejection(number.reason, tuple(meanings))

    def _list_names(self, keyed: int, language: str) -> tuple[str, ...]:
        """List what the unit of a keyed number can be called."""
        for words in self.list_words(language):
            if words.unit.contains(keyed):
                return tuple(words.list_names())
        return ()

    def _read_option(self, text: str) -> int | NumberRejection | None:
        """Return the option whose number was typed; None if it is none."""
        if not text.isdecimal():
            return None
        number = int(text)
        return number if number in self.options else None

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if not isinstance(value, int):
            return "a whole number is needed"
        if value in self.options or self.quantity.find_unit(value) is not None:
            return ""
        language = context.language
        read = read_quantity(str(value), language, self.quantity, self.list_words(language))
        assert isinstance(read, NumberRejection)
        return read.reason

    def format_amount(self, keyed: int, language: str) -> str:
        """Format a keyed number in words: `7 per week`, `5 ft 11 in`."""
        for words in self.list_words(language):
            if words.unit.contains(keyed):
                return words.format(keyed, language)
        return format_number(keyed, language)

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        if not isinstance(value, int):
            return str(value)
        if value in item.labels:
            label = to_plain_text(item.labels[value].fill(wording.known, wording.language))
            if wording.with_code:
                return f"{value} {label}"
            return label
        return self.format_amount(value, wording.language)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        label = str(item.label.get(language))
        words = self.list_words(language)
        labels = list_value_labels(self.options, language)
        without_amount = tuple(code for code, option in self.options.items() if option.missing)
        storage: Storage = "integer"
        decimals = 0
        if not self.quantity.is_whole:
            storage = "decimal"
            decimals = _DECIMALS
        amount = question.build_variable(
            item,
            language,
            storage=storage,
            measure="scale",
            decimals=decimals,
            label=self.label_main_unit(label, language),
        )
        answered = question.build_variable(
            item, language, QuantityColumn.AMOUNT, label=f"{label} (amount)", measure="scale"
        )
        unit_labels: dict[Code, str] = {
            number: one.find_label() for number, one in enumerate(words, 1)
        }
        unit = question.build_variable(
            item, language, QuantityColumn.UNIT, label=f"{label} (unit)", labels=unit_labels
        )
        keyed = question.build_variable(
            item,
            language,
            QuantityColumn.KEYED,
            label=f"{label} (as keyed)",
            labels=labels,
            user_missing=without_amount,
        )
        return amount, answered, unit, keyed

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert isinstance(value, int)
        assert item.amounts is not None
        amount = item.amounts.read(value)
        unit = self.quantity.find_unit(value)
        # an option has no unit, and so has a number that only another version accepted
        if value in self.options or unit is None:
            return amount, NO_AMOUNT, NO_AMOUNT, value
        number = self.quantity.units.index(unit) + 1
        return amount, unit.count(value), number, value

    def may_lack_amount(self, column: QuantityColumn) -> bool:
        """Return whether an answer may leave a column without a value, as "never" does the unit."""
        match column:
            case QuantityColumn.MAIN:
                return any(option.missing for option in self.options.values())
            case QuantityColumn.AMOUNT | QuantityColumn.UNIT:
                return bool(self.options)
            case _:
                return False

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        # in the main unit, as answered, its unit, and as keyed
        return (why,) * 4

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        # a unit or a number with a meaning of its own, all equally often
        candidates: list[QuantityUnit | int] = [*self.quantity.units, *self.options]
        chosen = rng.choice(candidates)
        if isinstance(chosen, int):
            return str(chosen)
        one: NumberRange = rng.choice(chosen.keyed)
        return str(rng.randint(int(one.low), int(one.high)))


def write_form(unit: QuantityUnit) -> str:
    """Write the key of a unit, and a dot for each digit after it: `2..`."""
    key = ""
    if unit.key is not None:
        key = str(unit.key)
    return key + "." * unit.digits


def _get_text(text: Text | None, name: str, language: str) -> str:
    """Return a text in a language, or the name of its owner if it is left out."""
    if text is None:
        return name
    return str(text.get(language))
