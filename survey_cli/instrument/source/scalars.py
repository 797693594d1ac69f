"""Parsers of single scalars: text, number, code, flag, expression.

YAML's own guesses (`no` is false, `010` is eight) are not used. A scalar that does not fit raises a
`PydanticCustomError`, whose message and remedy are written for the designer.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple, NoReturn, TypeAlias

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from survey_cli.entries import Rejection
from survey_cli.instrument.durations import SECONDS_IN, DurationUnit, read_seconds
from survey_cli.instrument.number_ranges import NumberRange
from survey_cli.instrument.source.nodes import (
    NOWHERE,
    TextComposer,
    YamlList,
    YamlMapping,
    YamlScalar,
)
from survey_cli.problems import Position, suggest_nearest
from survey_cli.values import Code

DECIMAL: Final = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?\Z", re.ASCII)
WHOLE: Final = re.compile(r"-?(0|[1-9]\d*)\Z", re.ASCII)
_HAS_LETTER: Final = re.compile(r"[^\W\d_]")
_GROUPED_BY_COMMAS: Final = re.compile(r"[+-]?\d{1,3}(,\d{3})+\Z")
_RANGE: Final = re.compile(r"(\S+)\s+to\s+(\S+)\Z")
_OTHER_RANGE: Final = re.compile(
    r"([+-]?\d+(?:\.\d+)?)\s*(?:[-–—:…]|\.\.+|bis|through)\s*([+-]?\d+(?:\.\d+)?)\Z"
)
"""How other languages and programs write a range."""
_DURATION_RANGE: Final = re.compile(r"(\S.*?)\s+to\s+(\S.*)\Z")
_LIKE_DURATION: Final = re.compile(
    r"\d[\d.,]*\s*(?::|s\b|sec|m\b|min|h\b|h\d|hr|hour|d\b|day|w\b|wk|week)"
)
"""How a length of time begins, and no calculation."""
_OPEN_RANGE: Final = re.compile(r"(\S+)\s*(?:\+|or more|and more|to)\Z")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d\Z")
_DECIMAL_CODE: Final = re.compile(r"-?\d+\.\d+\Z")
_MAX_NUMBER_LENGTH: Final = 300
_MAX_CODE_BYTES: Final = 32
YAML_NULLS: Final = ("~", "null", "Null", "NULL")
"""What YAML writes for nothing, if it is not quoted."""


def reject(rule: str, what: str, remedy: str = "") -> NoReturn:
    """Reject a scalar: `what` was found and expected, and the `remedy`."""
    raise PydanticCustomError("written", "{what}", {"rule": rule, "what": what, "remedy": remedy})


def describe_node(node: object) -> str:
    """Describe a node in a designer's words."""
    match node:
        case YamlMapping() | dict():
            return "a mapping (key: value)"
        case YamlList() | list():
            return "a list"
        case "" | None:
            return "nothing"
        case _:
            return f"{str(node)!r}"


def parse_scalar(node: object, expected: str) -> YamlScalar:
    """Return the scalar at `node`; reject anything else with what was expected."""
    if isinstance(node, YamlScalar):
        return node
    if isinstance(node, str):
        return YamlScalar(node, NOWHERE)
    if node is None:
        return YamlScalar("", NOWHERE, plain=True)
    if isinstance(node, int | float) and not isinstance(node, bool):
        return YamlScalar(str(node), NOWHERE, plain=True)
    reject("wrong-kind", f"expected {expected}, found {describe_node(node)}", _suggest_quotes(node))


def _suggest_quotes(node: object) -> str:
    """Return the remedy for a text that reads as a list or mapping; empty if it can't be one."""
    if isinstance(node, YamlList):
        return "a text that begins with [ must be in quotes"
    if isinstance(node, YamlMapping) and len(node) == 1:
        # A fill at the beginning of a text is a key without a value.
        [(key, value)] = node.items()
        if not value:
            return f'a text that begins with {{ must be in quotes: "{{{key}}} …"'
    return ""


def parse_number(node: object) -> int | float:
    """Parse an ordinary decimal number: `12`, `-3` or `0.5`.

    YAML and Python accept other notations, which are rejected here.
    """
    text = parse_scalar(node, "a number").strip()
    if not DECIMAL.match(text) or len(text) > _MAX_NUMBER_LENGTH:
        reject("not-a-number", f"{describe_node(text)} is not a number", _correct_number(text))
    return float(text) if "." in text else int(text)


def _correct_number(text: str) -> str:
    """Return the remedy for a text that is not a number."""
    without_commas = text.replace(",", "")
    if not DECIMAL.match(without_commas):
        return "write it in digits, as 1000 or 0.5"
    if _GROUPED_BY_COMMAS.match(text):
        return f"write {without_commas} (no comma)"
    return "write a decimal point, not a comma"


def parse_whole(node: object) -> int:
    """Parse a whole number."""
    value = parse_number(node)
    if isinstance(value, int):
        return value

    remedy = "write it without decimals"
    if value == int(value):
        remedy = f"write {int(value)}"
    reject("not-a-number", f"{node} is not a whole number", remedy)


_FLAGS: Final = {"true": True, "false": False}
_OTHER_FLAGS: Final = {"yes": "true", "on": "true", "no": "false", "off": "false"}


def parse_flag(node: object) -> bool:
    """Parse `true` or `false`."""
    if isinstance(node, bool):
        return node
    text = parse_scalar(node, "true or false").strip().lower()
    if text in _FLAGS:
        return _FLAGS[text]

    remedy = f"write {_OTHER_FLAGS.get(text, 'true or false')}"
    reject("not-a-flag", f"{describe_node(text)} is neither true nor false", remedy)


def parse_words(node: object) -> YamlScalar:
    """Parse a text that is not empty."""
    text = parse_scalar(node, "text")
    is_null = text.plain and text in YAML_NULLS
    if is_null or not text.strip():
        reject("empty-text", "the text is empty", "write it, or leave the key out")
    return text


def parse_expression(node: object) -> YamlScalar:
    """Parse a condition or calculation of the instrument language; it is compiled later."""
    if isinstance(node, YamlList | YamlMapping):
        what = f"expected a condition, found {describe_node(node)}"
        reject("wrong-kind", what, "put the condition in quotes")
    return parse_scalar(node, "a condition")


def parse_limit(node: object) -> int | float | YamlScalar:
    """Parse the limit of a number: a number, or a calculation that is compiled later."""
    text = str(node)
    is_infinity = text.startswith(".")  # YAML's .inf
    if _HAS_LETTER.search(text) and not is_infinity:
        return parse_expression(node)
    return parse_number(node)


def parse_bracket_start(node: object) -> int | float | str:
    """Parse the first amount of a bracket: a number, or `random`."""
    text = parse_scalar(node, "an amount")
    if text.strip() == "random":
        return "random"
    if _HAS_LETTER.search(text):
        reject("unknown-word", f"{text!r} is not valid here", "write one of the steps, or random")
    return parse_number(node)


_DRAWN_NUMBERS: Final = re.compile(r"\s*(\d+)\s+to\s+(?=\S)", re.ASCII)


def parse_drawn_numbers(node: object) -> YamlScalar:
    """Parse the numbers of a draw: a whole number, `to`, and a number or a calculation."""
    text = parse_scalar(node, "numbers")
    if not _DRAWN_NUMBERS.match(text):
        what = f"expected numbers, found {describe_node(text)}"
        reject("wrong-kind", what, "write the lowest and the highest: 1 to adults")
    return text


def split_drawn_numbers(text: YamlScalar) -> tuple[int, YamlScalar]:
    """Split the numbers of a draw into the lowest, and the calculation of the highest."""
    match = _DRAWN_NUMBERS.match(text)
    assert match is not None

    composer = TextComposer()
    composer.add(text[match.end() :], text, match.end())
    return int(match[1]), composer.build(text.find_position(match.end()))


def parse_range(node: object) -> NumberRange:
    """Parse a range of numbers: `1 to 12`, or a single number of a list of ranges."""
    text = parse_scalar(node, "a range").strip()
    ends = _RANGE.match(text)
    if ends is not None:
        low = parse_number(ends[1])
        high = parse_number(ends[2])
        if low > high:
            reject("empty-range", f"no number is in {text}", f"write {ends[2]} to {ends[1]}")
        return NumberRange(low, high)
    if DECIMAL.match(text):
        number = parse_number(text)
        return NumberRange(number, number)

    remedy = "write the lowest and the highest number: 1 to 12"
    other = _OTHER_RANGE.match(text)
    open_end = _OPEN_RANGE.match(text)
    if other is not None:
        remedy = f"write {other[1]} to {other[2]}"
    elif open_end is not None and DECIMAL.match(open_end[1]):
        remedy = f"a range has two ends: write min: {open_end[1]} instead"
    reject("not-a-number", f"{describe_node(text)} is not a range", remedy)


class WrittenDuration(NamedTuple):
    """A length of time as it is written: `1:30`. Its unit is known only when it is used."""

    text: str

    def convert(self, unit: DurationUnit) -> int | float:
        """Return it as a number of a unit: a fraction if it isn't whole."""
        seconds = read_seconds(self.text, unit)
        if isinstance(seconds, Rejection):  # a clock time of days
            seconds = read_seconds(self.text, DurationUnit.MINUTES)
        assert not isinstance(seconds, Rejection)
        number = seconds / SECONDS_IN[unit]
        return int(number) if number == int(number) else number


class WrittenDurationRange(NamedTuple):
    """A range of lengths of time as it is written: `0:30 to 8:00`, or `30 to 480`."""

    low: int | float | WrittenDuration
    high: int | float | WrittenDuration

    def convert(self, unit: DurationUnit) -> NumberRange:
        """Return it as a range of numbers of a unit."""
        low = self.low
        high = self.high
        if isinstance(low, WrittenDuration):
            low = low.convert(unit)
        if isinstance(high, WrittenDuration):
            high = high.convert(unit)
        return NumberRange(low, high)


def parse_duration(node: object) -> int | float | WrittenDuration:
    """Parse a length of time: a number of the unit, or `1:30`, `1h30`, `1 hour 30 minutes`."""
    text = parse_scalar(node, "a length of time").strip()
    if DECIMAL.match(text):
        return parse_number(node)
    seconds = read_seconds(text, DurationUnit.MINUTES)
    if isinstance(seconds, Rejection):
        what = f"{describe_node(text)} is not a length of time"
        reject("not-a-number", what, "write 90, 1:30 or 1 h 30 min")
    return WrittenDuration(text)


def parse_duration_limit(node: object) -> int | float | WrittenDuration | YamlScalar:
    """Parse the limit of a length of time: one, or a calculation that is compiled later."""
    text = parse_scalar(node, "a length of time").strip()
    is_time = DECIMAL.match(text) or _LIKE_DURATION.match(text)
    if is_time or not _HAS_LETTER.search(text):
        return parse_duration(node)
    return parse_expression(node)


def parse_duration_range(node: object) -> WrittenDurationRange:
    """Parse a range of lengths of time: `0:05 to 16:00`."""
    text = parse_scalar(node, "a range").strip()
    ends = _DURATION_RANGE.match(text)
    if ends is not None:
        return WrittenDurationRange(parse_duration(ends[1]), parse_duration(ends[2]))
    if DECIMAL.match(text):
        number = parse_number(text)
        return WrittenDurationRange(number, number)
    what = f"{describe_node(text)} is not a range"
    reject("not-a-number", what, "write the shortest and the longest time: 0:05 to 16:00")


def _wrap_range(node: object) -> object:
    """Wrap a single range in a list."""
    return [node] if isinstance(node, str) else node


def parse_date_limit(node: object) -> date | YamlScalar:
    """Parse the limit of a date: a date, `today`, or a calculation that is compiled later."""
    text = parse_expression(node)
    if text.strip() == "today":
        return YamlScalar("today()", text.where, plain=text.plain)
    if _HAS_LETTER.search(text):
        return text
    return parse_day(text, "write year-month-day, as 2026-01-31, or today")


def parse_day(node: object, remedy: str = "write year-month-day, as 2026-01-31") -> date:
    """Parse a date."""
    text = parse_scalar(node, "a date").strip()
    # Python accepts other ISO notations too: 20260131, 2026-W05-6.
    if _DAY.match(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    reject("bad-day", f"{describe_node(text)} is not a date", remedy)


def parse_code(node: object) -> Code:
    """Parse an option's code: a number if it is an unquoted ordinary integer, otherwise a text."""
    text = parse_scalar(node, "a code")
    if text.plain and WHOLE.match(text):
        return int(text)
    if not text.strip():
        reject("empty-code", "the code is empty", "give the option a number or a short word")

    if text.plain and _DECIMAL_CODE.match(text):
        whole_part, _, decimals = text.partition(".")
        remedy = "write a whole number, or quote it"
        if not decimals.strip("0"):
            remedy = f"write {whole_part}: spreadsheets add the .{decimals}"
        reject("bad-code", f"{text} is not a code: codes are whole numbers or text", remedy)

    if any(letter.isspace() for letter in text):
        what = f"the code {str(text)!r} contains a space"
        reject("bad-code", what, "spaces separate codes; use _ or a number")
    if len(text.encode()) > _MAX_CODE_BYTES:
        what = f"the code {str(text)!r} is longer than {_MAX_CODE_BYTES} bytes"
        reject("bad-code", what, "codes are short: yes, no, tv")
    return unicodedata.normalize("NFC", str(text))


_NO_TRANSLATIONS: Final[Mapping[str, YamlScalar]] = MappingProxyType({})


@dataclass(slots=True, eq=False, repr=False)
class Text:
    """A text that is read or shown: one for all languages, or one for each.

    One of the first two fields is empty.
    """

    plain: YamlScalar | None
    """The text if it was written once."""
    by_language: Mapping[str, YamlScalar]
    """The texts if they were written as `{en: …, es: …}`."""
    outdated: Mapping[str, YamlScalar] = field(default_factory=lambda: _NO_TRANSLATIONS)
    """Translations that are never read: they are out of date, marked fuzzy, or can't be used."""

    @classmethod
    def from_string(cls, text: str) -> "Text":
        """Return a text that is not written in the file (a default label)."""
        return cls(YamlScalar(text, NOWHERE), {})

    def get(self, language: str) -> YamlScalar:
        """Return the text in a language; in the first one that was written if it is missing."""
        if self.plain is not None:
            return self.plain
        text = self.by_language.get(language)
        if text:
            return text
        return next(iter(self.by_language.values()))

    def add_translation(
        self, base: str, language: str, text: YamlScalar, *, is_outdated: bool
    ) -> None:
        """Add the translation from a file of its own, unless the text is written in this language.

        `base` is the language of a text that was written once.
        """
        if language in self.by_language:
            return
        if is_outdated:
            self.outdated = {**self.outdated, language: text}
            return

        if self.plain is not None:
            self.by_language = {base: self.plain}
            self.plain = None
        self.by_language = {**self.by_language, language: text}

    def withdraw_translation(self, language: str) -> None:
        """Set a translation aside that can't be used: the first language is read instead."""
        texts = dict(self.by_language)
        self.outdated = {**self.outdated, language: texts.pop(language)}
        self.by_language = texts

    def iterate_languages(self) -> Iterator[tuple[str, YamlScalar]]:
        """Yield the languages, and the text in each; the language is empty if one serves all."""
        if self.plain is not None:
            yield "", self.plain
        yield from self.by_language.items()

    @property
    def where(self) -> Position:
        """The position of the text in the first language."""
        _, text = next(self.iterate_languages())
        return text.where

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Text):
            return False
        return list(self.iterate_languages()) == list(other.iterate_languages())

    def __hash__(self) -> int:
        return hash(tuple(self.iterate_languages()))

    def __repr__(self) -> str:
        return f"Text({dict(self.iterate_languages())!r})"

    @classmethod
    def parse(cls, node: object) -> "Text":
        """Parse a text of the file: a scalar, or a mapping of languages."""
        if isinstance(node, Text):
            return node
        if not isinstance(node, YamlMapping):
            return cls(parse_words(node), {})

        # Whether these are languages of the instrument is checked later.
        are_languages = all(2 <= len(key) <= 8 for key in node)
        if node and are_languages and all(node.values()):
            by_language = {str(key).lower(): parse_words(text) for key, text in node.items()}
            return cls(None, by_language)

        quoting = _suggest_quotes(node)
        if quoting:
            reject("wrong-kind", f"expected text, found {describe_node(node)}", quoting)
        what = "expected text, found a mapping"
        reject("wrong-kind", what, "write the text, or {en: …, es: …}")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: Callable[[Any], CoreSchema]
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        by_language = {"type": "object", "additionalProperties": dict(ANY_SCALAR)}
        return {"anyOf": [dict(ANY_SCALAR), by_language]}


def build_word_parser(*allowed: str, remedy: str = "") -> Callable[[object], str]:
    """Return a parser of one word out of a few.

    `remedy` is for a word that is similar to none of them.
    """
    words = ", ".join(allowed)

    def parse_word(node: object) -> str:
        text = str(parse_scalar(node, f"one of {words}"))
        if text not in allowed:
            otherwise = remedy or f"write one of: {words}"
            suggestion = suggest_nearest(text, allowed, otherwise=otherwise)
            reject("unknown-word", f"{text!r} is not valid here", suggestion)
        return text

    return parse_word


_parse_unit_word: Final = build_word_parser(*(unit.value for unit in DurationUnit))


def _parse_duration_unit(node: object) -> DurationUnit:
    return DurationUnit(_parse_unit_word(node))


class ParseWith:
    """An annotation: the only function that parses a field, and the field's JSON Schema.

    A `PlainValidator` does the same, but inspects the function's signature and prepares a
    serializer for every key that has one.
    """

    def __init__(self, parse: Callable[[Any], object], json_schema: JsonSchemaValue) -> None:
        self.parse = parse
        self.json_schema = json_schema

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: Callable[[Any], CoreSchema]
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.parse)

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(self.json_schema)


ANY_SCALAR: Final = {"type": ["string", "number", "boolean"]}

# A text in an annotation tells the reference what the field accepts.

Number: TypeAlias = Annotated[int | float, ParseWith(parse_number, {"type": "number"}), "a number"]
Limit: TypeAlias = Annotated[
    int | float | YamlScalar,
    ParseWith(parse_limit, {"type": ["number", "string"]}),
    "a number or a calculation",
]
DrawnNumbers: TypeAlias = Annotated[
    YamlScalar, ParseWith(parse_drawn_numbers, {"type": "string"}), "numbers"
]
DurationUnitWord: TypeAlias = Annotated[
    DurationUnit,
    ParseWith(_parse_duration_unit, {"enum": [unit.value for unit in DurationUnit]}),
    "seconds, minutes, hours or days",
]
DurationLimit: TypeAlias = Annotated[
    int | float | YamlScalar,
    ParseWith(parse_duration_limit, {"type": ["number", "string"]}),
    "a length of time or a calculation",
]
DurationRangeScalar: TypeAlias = Annotated[
    NumberRange, ParseWith(parse_duration_range, {"type": ["string", "number"]}), "a range"
]
DurationRanges: TypeAlias = Annotated[
    list[DurationRangeScalar],
    BeforeValidator(
        _wrap_range, json_schema_input_type=DurationRangeScalar | list[DurationRangeScalar]
    ),
    "a range, or a list of ranges",
]
RangeScalar: TypeAlias = Annotated[
    NumberRange, ParseWith(parse_range, {"type": ["string", "number"]}), "a range"
]
Ranges: TypeAlias = Annotated[
    list[RangeScalar],
    BeforeValidator(_wrap_range, json_schema_input_type=RangeScalar | list[RangeScalar]),
    "a range, or a list of ranges",
]
DateLimit: TypeAlias = Annotated[
    date | YamlScalar,
    ParseWith(parse_date_limit, {"type": "string"}),
    "a date, today or a calculation",
]
Whole: TypeAlias = Annotated[int, ParseWith(parse_whole, {"type": "integer"}), "a whole number"]
Flag: TypeAlias = Annotated[bool, ParseWith(parse_flag, {"type": "boolean"}), "true or false"]
Label: TypeAlias = Annotated[YamlScalar, ParseWith(parse_words, ANY_SCALAR), "a text"]
Name: TypeAlias = Annotated[YamlScalar, ParseWith(parse_words, {"type": "string"}), "a name"]
Expression: TypeAlias = Annotated[
    YamlScalar, ParseWith(parse_expression, ANY_SCALAR), "a condition"
]
CodeKey: TypeAlias = Annotated[
    Code, ParseWith(parse_code, {"type": ["string", "integer"]}), "a code"
]
_ORDERS: Final = ("written", "random", "rotate", "flip")
Order: TypeAlias = Annotated[
    str,
    ParseWith(build_word_parser(*_ORDERS), {"enum": [*_ORDERS]}),
    "written, random, rotate or flip",
]
