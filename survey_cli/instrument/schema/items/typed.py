"""Questions answered by typing: `number`, `text`, `verbatim`, `date`, `time`."""

import re
from datetime import date, time
from functools import partial
from random import Random
from typing import Any, ClassVar, Final, Literal, NamedTuple

from pydantic import Field

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
from survey_cli.instrument.schema.items import question
from survey_cli.instrument.schema.items.possible_answers import (
    ANY_TEXT,
    Amount,
    Day,
    PossibleAnswers,
    TimeOfDay,
)
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.scalars import DateLimit, Flag, Label, Limit, Text, Whole
from survey_cli.instrument.texts.date_text import (
    DAYS,
    MONTHS,
    format_date,
    format_time,
    read_date,
    read_time,
)
from survey_cli.instrument.texts.languages import list_date_names
from survey_cli.instrument.texts.number_text import NumberRejection, format_number, read_number
from survey_cli.values import Cell, DateOrder, Missing, Storage, Value, Variable

_LETTERS: Final = re.compile(r"[^\W\d_]")
MAX_TEXT_BYTES: Final = 30_000
"""A little less than the longest text, in bytes, that an SPSS file can store in one piece."""


class LimitedItem(question.QuestionItem):
    """Base class of `number` and `date`: an answer between two limits."""

    def find_limit(self, context: question.ItemContext, key: str) -> Any:
        """Return the `min` or `max` that applies now; None if there is none, or the answer it depends on is missing."""
        limit = context.item.limits.get(key)
        value = getattr(self, key) if limit is None else limit.condition.evaluate(context.known)
        return None if isinstance(value, Missing) else value

    def explain_limit(
        self, context: question.ItemContext, answer: str, key: str, words: str, bound: str
    ) -> str:
        """Explain that an answer is beyond a limit: `5 is more than 4 (people in the household)`."""
        limit = context.item.limits.get(key)
        return f"{answer} is {words} {bound}" + (f" ({limit.words})" if limit is not None else "")


class NumberFields(SpecModel):
    """The keys that say which numbers are accepted."""

    min: Limit = 0
    """The lowest number that is accepted: a number, an earlier item, a sample column or a
    calculation: `hh_size - 1`. If the answer that it depends on is missing, there is no lower
    limit, but the code of a decline is never a number."""
    max: Limit | None = None
    """The highest number that is accepted, as for `min`: `168`, `hh_size`. There is no limit if the
    answer that it depends on is missing. If left out: no limit."""
    decimals: Whole = 0
    """The number of decimal places that are accepted and stored, at most 6."""
    unit: Text | None = None
    """The unit that is shown beside the field: `hours`. If left out: none."""
    options: dict[Whole, Text] = Field(default_factory=dict)
    """Numbers with a meaning of their own, which are also accepted outside the range: `{97: 97 or
    older}`. In conditions and calculations they count as these numbers; in means, if they are
    within the range. If left out: none."""


class NumberAnswer(NumberFields):
    """The number with which each statement of a battery is answered: `{type: number, unit: minutes}`."""

    type: Literal["number"]


class NumberItem(NumberFields, LimitedItem):
    """A number, typed in the notation of the interview's language: `12,000` in English, `12.000` in German."""

    type: Literal["number"]

    condition_type: ClassVar[str] = "number"
    answer_seconds: ClassVar[float] = 4.0

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return Amount(self.lowest, self.highest, self.decimals, special=tuple(self.options))

    @property
    def lowest(self) -> float | None:
        """The lowest number that is ever accepted, options aside; None if that depends on other answers."""
        return None if isinstance(self.min, str) else self.min

    @property
    def highest(self) -> float | None:
        """The highest number that is ever accepted, options aside; None if there is no limit, or it depends."""
        return None if isinstance(self.max, str) else self.max

    def format_range(self, low: str, high: str) -> str:
        """Format two limits, of which an empty one does not exist: `0 to 4`, `0 or more`, `up to 4`."""
        if not high:
            return f"{low} or more" if low else "any number"
        if low == high:
            return f"exactly {low}"
        return f"{low} to {high}" if low else f"up to {high}"

    def find_limit(self, context: question.ItemContext, key: str) -> Any:
        """Return the `min` or `max` that applies now.

        In a battery with a total it may be closer, so that the statements to come can reach the
        total.
        """
        limit = super().find_limit(context, key)
        left = context.amount_left
        if left is None or (key == "min" and not left.is_certain):
            return limit

        # the least that may be answered here leaves the most to the others, and the other way round
        limit_of_others: float | None = 0
        if left.later:
            limit_of_others = super().find_limit(context, "max" if key == "min" else "min")
        if limit_of_others is None:
            return limit

        bound = round(left.amount - left.later * limit_of_others, self.decimals)
        if limit is None:
            return bound
        return max(limit, bound) if key == "min" else min(limit, bound)

    def build_entry(self, context: question.ItemContext) -> Entry:
        language = context.language
        unit = str(self.unit.get(language)) if self.unit else ""
        limits = (self.find_limit(context, key) for key in ("min", "max"))
        hint = self.format_range(
            *("" if limit is None else format_number(limit, language) for limit in limits)
        )
        labels = tuple((c, to_plain_text(context.fill(t))) for c, t in context.item.labels.items())
        return LineEntry(kind="number", hint=hint, unit=unit, labels=labels, personal=self.personal)

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = reply.strip() if isinstance(reply, str) else ""
        if not text:
            return Rejection("a number is needed")
        language, why_not = context.language, partial(self.why_invalid, context)
        number = read_number(text, language, decimals=self.decimals, why_not=why_not)
        if not isinstance(number, NumberRejection):
            return question.ParsedAnswer(value=number)
        texts = [
            (self._format_with_unit(v, language), self.format_as_typed(v, {}, language))
            for v in number.values
        ]
        return Rejection(
            number.reason, tuple(PossibleMeaning(label, ExactText(typed)) for label, typed in texts)
        )

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if not isinstance(value, int | float):
            return "a number is needed"
        if value in self.options:
            return ""
        language = context.language
        number = format_number(value, language)
        reserved = context.item.kept_codes.get(value)
        if reserved is not None:
            return f"{number} is the code of {str(reserved.get(language))!r}, not a number here"
        for key, words, too, sign in (
            ("min", "less than", "too few", 1),
            ("max", "more than", "too many", -1),
        ):
            bound = super().find_limit(context, key)
            if bound is not None and sign * (bound - value) > 0:
                return self.explain_limit(
                    context, number, key, words, format_number(bound, language)
                )
            bound = self.find_limit(context, key)
            if context.amount_left is not None and bound is not None and sign * (bound - value) > 0:
                difference = format_number(round(sign * (bound - value), self.decimals), language)
                return f"{number} is {difference} {too}: {context.amount_left.describe(language)}"
        return ""

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        if isinstance(value, int) and value in item.labels:
            label = to_plain_text(item.labels[value].fill(wording.known, wording.language))
            return f"{value} {label}" if wording.with_code else label
        return self._format_with_unit(value, wording.language)

    def _format_with_unit(self, value: Value | None, language: str) -> str:
        """Format the number with its unit."""
        unit = f" {self.unit.get(language)}" if self.unit else ""
        number = format_number(value, language) if isinstance(value, int | float) else str(value)
        return f"{number}{unit}"

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        return (
            format_number(value, language, grouped=False)
            if isinstance(value, int | float)
            else str(value)
        )

    def build_variables(self, item: question.CompiledItem, language: str) -> tuple[Variable, ...]:
        storage = "decimal" if self.decimals else "integer"
        more: dict[str, Any] = {
            "labels": {c: str(t.get(language)) for c, t in self.options.items()}
        }
        more |= {"storage": storage, "decimals": self.decimals, "measure": "scale"}
        return (question.build_variable(item, language, **more),)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        low, high = self.find_limit(context, "min"), self.find_limit(context, "max")
        bottom = low if low is not None else min(0, high or 0)
        top = high if high is not None else max(bottom, 0) + 100
        return str(rng.randint(round(bottom), max(round(bottom), int(top))))


class FreeTextItem(question.StatedItem):
    """Base class of `text` and `verbatim`."""

    storage: ClassVar[Storage] = "text"
    shorten: ClassVar[str] = "shorten it"
    """What to do with a text that is too long."""

    def describe_answers(self, item: question.CompiledItem) -> PossibleAnswers:
        return ANY_TEXT

    def _read(self, reply: Reply, *, lines: bool) -> str | Rejection:
        text = question.normalize_text(reply, lines=lines) if isinstance(reply, str) else ""
        if len(text.encode()) > MAX_TEXT_BYTES:
            return Rejection(f"longer than {MAX_TEXT_BYTES} bytes: {self.shorten}")
        return text or Rejection("an answer is needed")


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
        if self.pattern is not None and len(text) == len(
            self.pattern
        ):  # a digit of any script is accepted
            text = "".join(
                to_ascii_digits(c) if p == "9" else c
                for c, p in zip(text, self.pattern, strict=True)
            )
        elif self.like == "phone":
            text = to_ascii_digits(text)
        why = self.why_invalid(context, text)
        return Rejection(why) if why else question.ParsedAnswer(value=text)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        if self.like is not None and not TEXT_KINDS[self.like].form.fullmatch(str(value)):
            return f"{str(value)[:60]} is not {TEXT_KINDS[self.like].words}"
        if self.pattern is None:
            return ""
        shape = {"9": str.isdecimal, "A": str.isalpha, "X": str.isalnum}
        text = str(value)
        if len(text) == len(self.pattern) and all(
            shape[p](c) if p in shape else p == c for p, c in zip(self.pattern, text, strict=True)
        ):
            return ""
        return f"{text[:30]} does not match {self.pattern} (9: a digit, A: a letter)"

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        if self.like is not None:
            return TEXT_KINDS[self.like].example
        if self.pattern is None:
            return str(rng.choice(("Alex", "Sam", "Robin", "Kim", "Lee")))
        drawn = {"9": "0123456789", "A": "ABCDEFGH", "X": "ABC123"}
        return "".join(rng.choice(drawn[p]) if p in drawn else p for p in self.pattern)


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
        return str(
            rng.choice(
                ("Nobody told us.", "It changes every year.", "Things are fine as they are.")
            )
        )


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
        order = "day month year" if self.order == "dmy" else "month day year"
        return LineEntry(
            kind="date",
            hint=order + (", or the year" if self.partial else ""),
            personal=self.personal,
        )

    def parse_reply(
        self, context: question.ItemContext, reply: Reply
    ) -> question.ParsedAnswer | Rejection:
        text = reply.strip() if isinstance(reply, str) else ""
        language = context.language
        english = language == "en" or not _LETTERS.search(text)
        names = (MONTHS, DAYS) if english else list_date_names(language)
        value = read_date(text, month_first=self.order == "mdy", partial=self.partial, names=names)
        if isinstance(value, Rejection):
            return value
        why = self.why_invalid(context, value)
        return Rejection(why) if why else question.ParsedAnswer(value=value)

    def why_invalid(self, context: question.ItemContext, value: Value | None) -> str:
        for key, words, sign in (("min", "before", -1), ("max", "after", 1)):
            limit = self.find_limit(context, key)
            if limit is not None and value is not None:
                known = min(
                    len(str(value)), len(str(limit))
                )  # a date as text is year-month-day, or the first of these
                own, other = str(value)[:known], str(limit)[:known]
                if (own > other) - (own < other) == sign:
                    return self.explain_limit(
                        context, format_date(value), key, words, format_date(limit)
                    )
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
        parts = (("_y", "year"), ("_m", "month"), ("_d", "day"))
        labels = {suffix: f"{item.label.get(language)} ({word})" for suffix, word in parts}
        numbers = (
            question.build_variable(item, language, s, label=t, measure="scale")
            for s, t in labels.items()
        )
        text = question.build_variable(item, language, storage="text")
        return text, *numbers, question.build_state_variable(item, language)

    def build_cells(
        self, item: question.CompiledItem, value: Value | None, words: question.Words
    ) -> tuple[Cell, ...]:
        if not self.partial:
            return super().build_cells(item, value, words)
        text = value.isoformat() if isinstance(value, date) else str(value)
        numbers = [int(part) for part in text.split("-")]
        absent: list[Cell] = [Missing("dk")] * (3 - len(numbers))
        return text, *numbers, *absent, 0

    def build_missing_cells(self, item: question.CompiledItem, why: Missing) -> tuple[Cell, ...]:
        return (why,) * (5 if self.partial else 2)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        low, high = self.find_limit(context, "min"), self.find_limit(context, "max")
        if not isinstance(low, date) and not isinstance(high, date):
            return f"{rng.randint(1935, 2008)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        first = low.toordinal() if isinstance(low, date) else high.toordinal() - 20_000
        last = high.toordinal() if isinstance(high, date) else first + 400
        return date.fromordinal(rng.randint(first, max(first, last))).isoformat()


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
        value = read_time(reply.strip() if isinstance(reply, str) else "")
        return value if isinstance(value, Rejection) else question.ParsedAnswer(value=value)

    def format_answer(
        self, item: question.CompiledItem, value: Value | None, wording: question.AnswerWording
    ) -> str:
        return format_time(value) if isinstance(value, time) else str(value)

    def format_as_typed(self, value: Value, words: question.Words, language: str) -> str:
        return value.strftime("%H:%M") if isinstance(value, time) else str(value)

    def invent(self, context: question.ItemContext, rng: Random) -> Reply:
        return f"{rng.randint(0, 23):02}:{rng.choice((0, 15, 30, 45)):02}"
