"""Questions answered by typing: `number`, `text`, `verbatim`, `date`, `time`."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, time
from functools import partial
from math import ceil, floor, inf, isinf
from random import Random
from typing import Any, ClassVar, Final, Literal, NamedTuple, TypeAlias

from pydantic import Field, model_validator

from survey_cli.entries import (
    Entry,
    ExactText,
    LineEntry,
    PossibleMeaning,
    Rejection,
    Reply,
    VerbatimEntry,
    to_ascii_digits,
    to_plain_text,
)
from survey_cli.instrument.durations import DurationUnit, abbreviate, describe_examples
from survey_cli.instrument.number_ranges import (
    NumberRange,
    NumberRanges,
    clip_ranges,
    contain,
    find_limits,
    format_limits,
    format_ranges,
    intersect,
    list_sums,
)
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.amount_columns import split_cells, split_columns
from survey_cli.instrument.schema.items.possible_answers import (
    ANY_TEXT,
    Amount,
    Day,
    PossibleAnswers,
    TimeOfDay,
)
from survey_cli.instrument.schema.options import NumberOption, SpecModel, list_value_labels
from survey_cli.instrument.source.scalars import (
    DateLimit,
    DurationLimit,
    DurationRanges,
    DurationUnitWord,
    Flag,
    Label,
    Limit,
    Ranges,
    Text,
    Whole,
    WrittenDuration,
)
from survey_cli.instrument.texts.date_text import (
    DAYS,
    MONTHS,
    format_date,
    format_time,
    read_date,
    read_time,
)
from survey_cli.instrument.texts.duration_text import format_duration, name_unit, read_duration
from survey_cli.instrument.texts.languages import list_date_names
from survey_cli.instrument.texts.number_text import NumberRejection, format_number, read_number
from survey_cli.values import (
    DK,
    Cell,
    Code,
    DateOrder,
    Missing,
    Storage,
    Value,
    Variable,
    format_clock_time,
)

_LETTERS: Final = re.compile(r"[^\W\d_]")
MAX_TEXT_BYTES: Final = 30_000
"""A little less than the longest text, in bytes, that an SPSS file can store in one piece."""


_CODE_SHARE: Final = 0.2
"""How many simulated respondents answer a number with a code that isn't an amount itself."""

LimitKey: TypeAlias = Literal["min", "max"]
LIMIT_KEYS: Final[tuple[LimitKey, LimitKey]] = ("min", "max")


class LimitedItem(question.QuestionItem):
    """Base class of `number` and `date`: an answer between two limits.

    Such a type has the keys `min` and `max`. They are values, or calculations that are compiled to
    `CompiledItem.limits`:

        class RatingItem(LimitedItem):
            type: Literal["rating"]
            min: Limit = 0
            max: Limit | None = None
    """

    def find_limit(self, context: question.ItemContext, key: LimitKey) -> Any:
        """Return the `min` or `max` that applies now.

        None if there is none, or if the answer that it depends on is missing.
        """
        if key in context.item.limits:
            return self.compute_limit(context, key)
        return getattr(self, key)

    def compute_limit(self, context: question.ItemContext, key: LimitKey) -> Any:
        """Return the `min` or `max` that depends on other answers.

        None if it depends on none, or if the answer is missing.
        """
        computed = context.item.limits.get(key)
        if computed is None:
            return None
        value = computed.condition.evaluate(context.known)
        return None if isinstance(value, Missing) else value

    def explain_limit(
        self, context: question.ItemContext, answer: str, key: LimitKey, words: str, bound: str
    ) -> str:
        """Explain that an answer is beyond a limit: `5 is more than 4 (people in the home)`."""
        computed = context.item.limits.get(key)
        why = f"{answer} is {words} {bound}"
        return why if computed is None else f"{why} ({computed.words})"


class RangeFields(SpecModel):
    """The keys of a number, or of a length of time, that say what is accepted."""

    min: Limit = 0
    """The lowest number that is accepted: a number, an earlier item, a sample column or a
    calculation: `hh_size - 1`. If the answer that it depends on is missing, there is no lower
    limit, but the code of a decline is never a number."""
    max: Limit | None = None
    """The highest number that is accepted, as for `min`: `168`, `hh_size`. There is no limit if the
    answer that it depends on is missing. If left out: no limit."""
    range: Ranges | None = None
    """The numbers that are accepted, instead of `min` and `max`: `0 to 30`, or several ranges,
    `[1 to 12, 101 to 199]`. The codes of declines may lie between them. A `min` or `max` that is
    calculated can limit the ranges further. If left out: `min` to `max`."""
    options: dict[Whole, NumberOption] = Field(default_factory=dict)
    """Numbers with a meaning of their own, which are also accepted outside the range: `{97: {text:
    97 or older, at_least: 97}}`. With none of `value`, `at_least`, `at_most` and `missing` they
    count as these numbers; in means, if they are within the range. If left out: none."""

    @property
    def ranges(self) -> NumberRanges:
        """The numbers that are accepted besides options, as far as no other answer decides."""
        if self.range is not None:
            return tuple(sorted(self.range))
        low = -inf
        high = inf
        if not isinstance(self.min, str):
            low = self.min
        if self.max is not None and not isinstance(self.max, str):
            high = self.max
        return (NumberRange(low, high),)

    @property
    def lowest(self) -> float | None:
        """The lowest number that is ever accepted, besides options.

        None if it depends on other answers.
        """
        return find_limits(self.ranges)[0]

    @property
    def highest(self) -> float | None:
        """The highest number that is ever accepted, besides options.

        None if there is no limit, or if it depends on other answers.
        """
        return find_limits(self.ranges)[1]

    def describe_ranges(self, limits: Mapping[str, str], format_one: Callable[[float], str]) -> str:
        """Describe what is accepted: `0 to 4`, `1 to 12 or 101 to 199`.

        `limits` has the words of those that depend on other answers: `1 to (hh_size)`.
        """
        if self.range is None:
            low = limits.get("min", "")
            high = limits.get("max", "")
            if self.lowest is not None:
                low = format_one(self.lowest)
            if self.highest is not None:
                high = format_one(self.highest)
            return format_limits(low, high)

        phrases = [format_ranges(self.ranges, format_one)]
        if "min" in limits:
            phrases.append(f"at least {limits['min']}")
        if "max" in limits:
            phrases.append(f"at most {limits['max']}")
        return ", ".join(phrases)


class NumberFields(RangeFields):
    """The keys of a number."""

    decimals: Whole = 0
    """The number of decimal places that are accepted and stored, at most 6."""
    unit: Text | None = None
    """The unit that is shown beside the field: `hours`. If left out: none."""


class NumberAnswer(NumberFields):
    """The number with which each statement of a battery is answered: `{type: number, max: 60}`."""

    type: Literal["number"]


class NumericItem(RangeFields, LimitedItem):
    """Base class of `number` and `duration`: a number within ranges.

    Such a type says how a number is typed and written:

        class PercentageItem(NumericItem):
            type: Literal["percentage"]

            def read_typed(
                self, context: ItemContext, text: str
            ) -> int | float | NumberRejection:
                return int(text.removesuffix("%"))

            def write_number(self, value: float, language: str) -> str:
                return f"{value} %"
    """

    condition_type: ClassVar[str] = "number"
    answer_seconds: ClassVar[float] = 4.0

    @property
    def places(self) -> int:
        """The number of decimal places that are accepted and stored."""
        return 0

    def read_typed(self, context: question.ItemContext, text: str) -> int | float | NumberRejection:
        """Read what was typed."""
        raise NotImplementedError

    def write_number(self, value: float, language: str) -> str:
        """Write a number for the interviewer, without its unit if the field shows that."""
        return format_number(value, language)

    def get_unit(self, language: str) -> str:
        """Return the name of the unit; empty if there is none."""
        return ""

    def format_amount(self, value: float, language: str) -> str:
        """Write a number with its unit."""
        return self.write_number(value, language)

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return Amount(self.ranges, self.places, special=tuple(self.options))

    def find_ranges(self, context: question.ItemContext) -> NumberRanges:
        """Find which numbers are accepted now, besides options.

        In a battery with a total, these are fewer: the statements to come must reach the total.
        """
        ranges = self._find_own_ranges(context)
        left = context.amount_left
        if left is None:
            return ranges

        sums = list_sums(ranges, left.later, self.places)
        if not left.is_certain:
            # after a decline the answers need not add up, and none is too low
            least, _ = find_limits(sums)
            if least is None:
                return ranges
            return clip_ranges(ranges, None, self._subtract(left.amount, least))

        leaves_a_sum = [
            NumberRange(self._subtract(left.amount, high), self._subtract(left.amount, low))
            for low, high in reversed(sums)
        ]
        return intersect(ranges, leaves_a_sum)

    def _subtract(self, amount: float, number: float) -> float:
        difference = amount - number
        if isinf(difference):
            return difference
        return round(difference, self.places)

    def _find_own_ranges(self, context: question.ItemContext) -> NumberRanges:
        """Find which numbers are accepted now, whatever is left of a battery's total."""
        low = self.compute_limit(context, "min")
        high = self.compute_limit(context, "max")
        return clip_ranges(self.ranges, low, high)

    def build_entry(self, context: question.ItemContext) -> LineEntry:
        format_one = partial(self.write_number, language=context.language)
        labels = [
            (code, to_plain_text(context.fill(label)))
            for code, label in context.item.labels.items()
        ]
        return LineEntry(
            kind="number",
            hint=format_ranges(self.find_ranges(context), format_one),
            unit=self.get_unit(context.language),
            labels=tuple(labels),
            personal=self.personal,
        )

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = _read_line(reply)
        if not text:
            return Rejection("a number is needed")

        number = self.read_typed(context, text)
        if not isinstance(number, NumberRejection):
            return question.ParsedAnswer(value=number)

        meanings = []
        for value in number.values:
            label = self.format_amount(value, context.language)
            typed = self.format_as_typed(value, question.NO_WORDS, context.language)
            meanings.append(PossibleMeaning(label, ExactText(typed)))
        return Rejection(number.reason, tuple(meanings))

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if not isinstance(value, int | float):
            return "a number is needed"
        if value in self.options:
            return ""
        language = context.language
        decline = context.item.kept_codes.get(value)
        if decline is not None:
            number = self.write_number(value, language)
            return f"{number} is the code of {str(decline.get(language))!r}, not a number here"

        why = self._why_outside(value, language)
        if why:
            return why
        for key in LIMIT_KEYS:
            why = self._why_beyond(context, value, key)
            if why:
                return why
        return self._why_no_part(context, value)

    def _why_outside(self, value: int | float, language: str) -> str:
        """Return why a number is in none of the fixed ranges; empty if it is in one."""
        if contain(self.ranges, value):
            return ""
        number = self.write_number(value, language)
        if self.lowest is not None and value < self.lowest:
            return f"{number} is less than {self.write_number(self.lowest, language)}"
        if self.highest is not None and value > self.highest:
            return f"{number} is more than {self.write_number(self.highest, language)}"
        accepted = format_ranges(self.ranges, partial(self.write_number, language=language))
        return f"{number} is not accepted: {accepted}"

    def _why_beyond(self, context: question.ItemContext, value: int | float, key: LimitKey) -> str:
        """Return why a number is beyond a limit that depends on other answers; empty if not."""
        limit = self.compute_limit(context, key)
        if limit is None or not _is_beyond(value, limit, key):
            return ""
        words = "less than" if key == "min" else "more than"
        number = self.write_number(value, context.language)
        bound = self.write_number(limit, context.language)
        return self.explain_limit(context, number, key, words, bound)

    def _why_no_part(self, context: question.ItemContext, value: int | float) -> str:
        """Return why a number can't be a part of a battery's total; empty if it can."""
        left = context.amount_left
        if left is None:
            return ""
        ranges = self.find_ranges(context)
        if contain(ranges, value):
            return ""

        language = context.language
        number = self.write_number(value, language)
        what_is_left = left.describe(language)
        least, most = find_limits(ranges)
        if least is not None and value < least:
            difference = self.write_number(round(least - value, self.places), language)
            return f"{number} is {difference} too few: {what_is_left}"
        if most is not None and value > most:
            difference = self.write_number(round(value - most, self.places), language)
            return f"{number} is {difference} too many: {what_is_left}"
        return f"{number} doesn't fit: {what_is_left}"

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        if isinstance(value, int) and value in item.labels:
            label = to_plain_text(item.labels[value].fill(wording.known, wording.language))
            return f"{value} {label}" if wording.with_code else label
        if isinstance(value, int | float):
            return self.format_amount(value, wording.language)
        return str(value)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        if isinstance(value, int | float):
            return format_number(value, language, grouped=False)
        return str(value)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        keyed = question.build_variable(
            item,
            language,
            storage="decimal" if self.places else "integer",
            measure="scale",
            decimals=self.places,
            labels=self._list_labels(language),
            user_missing=tuple(code for code, option in self.options.items() if option.missing),
        )
        return split_columns(keyed, item.amounts)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        assert value is not None
        return split_cells(value, item.amounts)

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return split_cells(why, item.amounts)

    def _list_labels(self, language: str) -> dict[Code, str]:
        return list_value_labels(self.options, language)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        amounts = context.item.amounts
        if amounts is not None and rng.random() < _CODE_SHARE:
            return str(rng.choice(list(amounts.by_code)))

        ranges = self.find_ranges(context)
        low, high = find_limits(ranges)
        if low is None:
            low = min(0, high or 0)
        if high is None:
            high = max(low, 0) + 100

        # Whole numbers only: a range without one has its lowest number.
        candidates: list[Sequence[float]] = []
        for one in clip_ranges(ranges, low, high):
            bottom = ceil(one.low)
            top = floor(one.high)
            if bottom <= top:
                candidates.append(range(bottom, top + 1))
            else:
                candidates.append([one.low])
        count = sum(map(len, candidates))
        if not count:
            return str(round(low))
        return str(_pick(candidates, rng.randint(0, count - 1)))


class NumberItem(NumberFields, NumericItem):
    """A number, typed in the notation of the interview's language.

    `12,000` in English is `12.000` in German.
    """

    type: Literal["number"]

    @property
    def places(self) -> int:
        """The number of decimal places that are accepted and stored."""
        return self.decimals

    def read_typed(self, context: question.ItemContext, text: str) -> int | float | NumberRejection:
        why_not = partial(self.why_invalid, context)
        return read_number(text, context.language, decimals=self.decimals, why_not=why_not)

    def get_unit(self, language: str) -> str:
        return "" if self.unit is None else str(self.unit.get(language))

    def format_amount(self, value: float, language: str) -> str:
        number = format_number(value, language)
        return f"{number} {self.get_unit(language)}".rstrip()


class DurationItem(NumericItem):
    """A length of time, typed as `90`, `1:30`, `1h30` or `1 hour 30 minutes`.

    The screen repeats it in words. It is stored as a number of its unit, and is that number in
    conditions and calculations: `sleep < 360`.
    """

    type: Literal["duration"]
    unit: DurationUnitWord = DurationUnit.MINUTES
    """The unit in which it is stored, and that a number without a unit has. `1:30` is hours and
    minutes, and with `seconds` minutes and seconds."""
    min: DurationLimit = 0
    """The shortest time that is accepted: a number of the unit, `0:30`, `1 h 30 min`, or a
    calculation of such numbers. If the answer that it depends on is missing, there is no lower
    limit."""
    max: DurationLimit | None = None
    """The longest time that is accepted, as for `min`. If left out: no limit."""
    range: DurationRanges | None = None
    """The times that are accepted, instead of `min` and `max`: `0:05 to 16:00`, or several ranges.
    If left out: `min` to `max`."""

    answer_seconds: ClassVar[float] = 6.0

    @model_validator(mode="after")
    def _convert_limits(self) -> "DurationItem":
        """Write the limits that are times as numbers of the unit, which may be read after them."""
        keys = self.__dict__
        for key in LIMIT_KEYS:
            limit = keys[key]
            if isinstance(limit, WrittenDuration):
                keys[key] = limit.convert(self.unit)
        if self.range is not None:
            keys["range"] = [one.convert(self.unit) for one in keys["range"]]
        return self

    def build_entry(self, context: question.ItemContext) -> LineEntry:
        entry = super().build_entry(context)
        # in few characters: a field has less than fifty
        accepted = format_ranges(self.find_ranges(context), partial(abbreviate, unit=self.unit))
        hint = f"{accepted}, as {describe_examples(self.unit)}"
        return entry._replace(kind="duration", hint=hint, unit="")

    def read_typed(self, context: question.ItemContext, text: str) -> int | float | NumberRejection:
        number = read_duration(text, self.unit, context.language)
        if isinstance(number, Rejection):
            return NumberRejection(number.why)
        why = self.why_invalid(context, number)
        if why:
            return NumberRejection(why)
        return number

    def write_number(self, value: float, language: str) -> str:
        # in English, as dates: these are words of the program, not of the questionnaire
        return format_duration(value, self.unit, "en")

    def get_unit(self, language: str) -> str:
        return name_unit(self.unit, language)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        [column] = super().build_variables(item, language)
        return (replace(column, label=f"{column.label} ({name_unit(self.unit, language)})"),)


def _pick(lists: Sequence[Sequence[float]], index: int) -> float:
    """Return the number with an index in lists that follow each other."""
    for numbers in lists:
        if index < len(numbers):
            return numbers[index]
        index -= len(numbers)
    raise IndexError(index)


def _read_line(reply: Reply) -> str:
    """Return what was typed; empty if something was picked."""
    return reply.strip() if isinstance(reply, str) else ""


def _is_beyond(value: float, limit: float, key: LimitKey) -> bool:
    return value < limit if key == "min" else value > limit


class FreeTextItem(question.StatedItem):
    """Base class of `text` and `verbatim`.

    `_read` normalizes what was typed, and rejects what is empty or too long:

        class NameItem(FreeTextItem):
            type: Literal["name"]

            answer_seconds: ClassVar[float] = 6.0

            def build_entry(self, context: ItemContext) -> Entry:
                return LineEntry(kind="text")

            def parse_reply(self, context: ItemContext, reply: Reply) -> ParsedAnswer | Rejection:
                name = self._read(reply, lines=False)
                return name if isinstance(name, Rejection) else ParsedAnswer(name)

            def invent(self, context: ItemContext, rng: Random) -> Reply:
                return "Kim"
    """

    storage: ClassVar[Storage] = "text"
    shorten: ClassVar[str] = "shorten it"
    """What to do with a text that is too long."""

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return ANY_TEXT

    def _read(self, reply: Reply, *, lines: bool) -> str | Rejection:
        """Read a text that can be stored, or reject what was entered."""
        text = question.normalize_text(reply, lines=lines) if isinstance(reply, str) else ""
        if not text:
            return Rejection("an answer is needed")
        if len(text.encode()) > MAX_TEXT_BYTES:
            return Rejection(f"longer than {MAX_TEXT_BYTES} bytes: {self.shorten}")
        return text


class TextKind(NamedTuple):
    """A kind of text that `like:` names."""

    words: str
    form: re.Pattern[str]
    example: str


_HOST: Final = r"[^\s@/:?#.,;]+(?:\.[^\s@/:?#.,;]+)+"
TEXT_KINDS: Final = {
    "email": TextKind("an email address", re.compile(rf"[^\s@,;]+@{_HOST}"), "kim@example.org"),
    "url": TextKind(
        "the address of a website",
        re.compile(rf"(?:\w+://)?{_HOST}(?::\d+)?(?:[/?#]\S*)?"),
        "example.org",
    ),
    "phone": TextKind(
        "a telephone number",
        re.compile(r"\+?(?:[\s()./-]*\d){6,15}(?:\s*(?:x|ext\.?)\s*\d{1,6})?"),
        "202 555 0100",
    ),
}


class TextItem(FreeTextItem):
    """One line of text."""

    type: Literal["text"]
    pattern: Label | None = None
    """The pattern that the text must have: `9` is a digit, `A` a letter, `X` either, and any other
    character itself. If left out: any text."""
    like: Literal["email", "url", "phone"] | None = None
    """The kind of text that is accepted: an `email` address, the address of a website (`url`), or a
    `phone` number. If left out: any text."""

    answer_seconds: ClassVar[float] = 6.0

    def build_entry(self, context: question.ItemContext) -> Entry:
        width = len(self.pattern) if self.pattern else 0
        hint = ""
        if self.pattern:
            hint = f"as {self.pattern}"
        elif self.like:
            hint = TEXT_KINDS[self.like].words
        return LineEntry(kind="text", hint=hint, width=width, personal=self.personal)

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = self._read(reply, lines=False)
        if isinstance(text, Rejection):
            return text
        # digits of any script are accepted, and stored as 0 to 9
        if self.pattern is not None and len(text) == len(self.pattern):
            text = _convert_digits(text, self.pattern)
        elif self.like == "phone":
            text = to_ascii_digits(text)
        why = self.why_invalid(context, text)
        return Rejection(why) if why else question.ParsedAnswer(value=text)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        text = str(value)
        if self.like is not None:
            kind = TEXT_KINDS[self.like]
            if not kind.form.fullmatch(text):
                return f"{text[:60]} is not {kind.words}"
        if self.pattern is not None and not _matches(text, self.pattern):
            return f"{text[:30]} does not match {self.pattern} (9: a digit, A: a letter)"
        return ""

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        if self.like is not None:
            return TEXT_KINDS[self.like].example
        if self.pattern is None:
            return str(rng.choice(("Alex", "Sam", "Robin", "Kim", "Lee")))
        drawn = {"9": "0123456789", "A": "ABCDEFGH", "X": "ABC123"}
        return "".join(rng.choice(drawn[sign]) if sign in drawn else sign for sign in self.pattern)


def _convert_digits(text: str, pattern: str) -> str:
    """Convert the characters of a text that are digits in its pattern, which is as long."""
    converted = [
        to_ascii_digits(character) if sign == "9" else character
        for character, sign in zip(text, pattern, strict=True)
    ]
    return "".join(converted)


_TESTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "9": str.isdecimal,
    "A": str.isalpha,
    "X": str.isalnum,
}
"""The characters that a sign of a pattern stands for. Any other sign stands for itself."""


def _matches(text: str, pattern: str) -> bool:
    if len(text) != len(pattern):
        return False
    for character, sign in zip(text, pattern, strict=True):
        test = _TESTS.get(sign)
        fits = character == sign if test is None else test(character)
        if not fits:
            return False
    return True


class VerbatimItem(FreeTextItem):
    """An answer of any length, in the respondent's own words."""

    type: Literal["verbatim"]

    answer_seconds: ClassVar[float] = 30.0
    shorten: ClassVar[str] = "shorten it, or put the rest in a note"

    def build_entry(self, context: question.ItemContext) -> Entry:
        return VerbatimEntry(personal=self.personal)

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = self._read(reply, lines=True)
        return text if isinstance(text, Rejection) else question.ParsedAnswer(value=text)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        answers = ("Nobody told us.", "It changes every year.", "Things are fine as they are.")
        return str(rng.choice(answers))


class DateItem(LimitedItem, question.StatedItem):
    """A date in any usual notation, which the screen repeats in words."""

    type: Literal["date"]
    min: DateLimit | None = None
    """The earliest date that is accepted: `2020-01-01`, `today`, an earlier item or a sample
    column. Of a partial date only what is known is compared. There is no limit if the answer that
    it depends on is missing. If left out: no limit."""
    max: DateLimit | None = None
    """The latest date that is accepted, as for `min`. If left out: no limit."""
    partial: Flag = False
    """`true`: a month and year, or a year alone, is accepted. The data then have the date as text,
    and its parts in `ID_y`, `ID_m` and `ID_d`."""
    typed_as: Literal["dmy", "mdy"] | None = None
    """Whether the day or the month comes first in `3/4/1985`: `dmy` or `mdy`. If left out: as in
    the country of `fieldwork:`, in which appointments are typed too; without one, `dmy`."""

    _country_order: ClassVar[DateOrder] = "dmy"
    condition_type: ClassVar[str] = "date"
    storage: ClassVar[Storage] = "date"
    answer_seconds: ClassVar[float] = 6.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        low = self.min if isinstance(self.min, date) else None
        high = self.max if isinstance(self.max, date) else None
        return Day(low, high, is_partial=self.partial)

    @property
    def order(self) -> DateOrder:
        """Whether the day or the month is typed first."""
        return self.typed_as or self._country_order

    def use_country_order(self, order: DateOrder) -> None:
        """Read dates in the order of the study's country, if the item has none of its own."""
        self.__dict__["_country_order"] = order

    def build_entry(self, context: question.ItemContext) -> Entry:
        hint = "day month year" if self.order == "dmy" else "month day year"
        if self.partial:
            hint += ", or the year"
        return LineEntry(kind="date", hint=hint, personal=self.personal)

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = _read_line(reply)
        names: tuple[tuple[str, ...], tuple[str, ...]] = (MONTHS, DAYS)
        # without letters there is no name, and Babel need not be imported
        if context.language != "en" and _LETTERS.search(text):
            names = list_date_names(context.language)
        value = read_date(text, month_first=self.order == "mdy", partial=self.partial, names=names)
        if isinstance(value, Rejection):
            return value
        why = self.why_invalid(context, value)
        return Rejection(why) if why else question.ParsedAnswer(value=value)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if value is None:
            return ""
        for key in LIMIT_KEYS:
            limit = self.find_limit(context, key)
            if limit is not None and _is_date_beyond(value, limit, key):
                words = "before" if key == "min" else "after"
                answer = format_date(value)
                return self.explain_limit(context, answer, key, words, format_date(limit))
        return ""

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        return format_date(value)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        return value.isoformat() if isinstance(value, date) else str(value)

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        if not self.partial:
            return super().build_variables(item, language)
        columns = [question.build_variable(item, language, storage="text")]
        for suffix, part in (("_y", "year"), ("_m", "month"), ("_d", "day")):
            label = f"{item.label.get(language)} ({part})"
            columns.append(
                question.build_variable(item, language, suffix, label=label, measure="scale")
            )
        columns.append(question.build_state_variable(item, language))
        return tuple(columns)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        if not self.partial:
            return super().build_cells(item, value, words)
        text = value.isoformat() if isinstance(value, date) else str(value)
        parts: list[Cell] = [int(part) for part in text.split("-")]
        while len(parts) < 3:
            # the respondent did not know the day, or the month and the day
            parts.append(DK)
        return text, *parts, 0

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        if not self.partial:
            return super().build_missing_cells(item, why)
        # the text, its three parts, and the state
        return (why,) * 5

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        low = self.find_limit(context, "min")
        high = self.find_limit(context, "max")
        if isinstance(low, date):
            first = low.toordinal()
        elif isinstance(high, date):
            first = high.toordinal() - 20_000
        else:
            year = rng.randint(1935, 2008)
            month = rng.randint(1, 12)
            day = rng.randint(1, 28)
            return f"{year}-{month:02}-{day:02}"

        last = high.toordinal() if isinstance(high, date) else first + 400
        return date.fromordinal(rng.randint(first, max(first, last))).isoformat()


def _is_date_beyond(value: Value, limit: Value, key: LimitKey) -> bool:
    """Return whether a date, which may be partial, is before `min` or after `max`.

    As a text it is year-month-day, or the first of these. Only what both dates have is compared.
    """
    known = min(len(str(value)), len(str(limit)))
    own = str(value)[:known]
    bound = str(limit)[:known]
    return own < bound if key == "min" else own > bound


class TimeItem(question.StatedItem):
    """A time of day in any usual notation: `930`, `9:30 pm`, `21.30`."""

    type: Literal["time"]

    condition_type: ClassVar[str] = "time"
    storage: ClassVar[Storage] = "time"
    answer_seconds: ClassVar[float] = 4.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return TimeOfDay()

    def build_entry(self, context: question.ItemContext) -> Entry:
        return LineEntry(kind="time", hint="as 9:30, 9:30 pm or 21:30", personal=self.personal)

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        value = read_time(_read_line(reply))
        if isinstance(value, Rejection):
            return value
        return question.ParsedAnswer(value=value)

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        return format_time(value) if isinstance(value, time) else str(value)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        return format_clock_time(value) if isinstance(value, time) else str(value)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        hour = rng.randint(0, 23)
        minute = rng.choice((0, 15, 30, 45))
        return f"{hour:02}:{minute:02}"
