"""Parsers of single scalars: text, number, code, flag, expression.

YAML's own guesses (`no` is false, `010` is eight) are not used. A scalar that does not fit raises a
`PydanticCustomError` whose message and remedy are written for the designer.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final, NoReturn, TypeAlias

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from survey_cli.instrument.source.nodes import NOWHERE, YamlList, YamlMapping, YamlScalar
from survey_cli.problems import Position, suggest_nearest
from survey_cli.values import Code

DECIMAL: Final = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?\Z", re.ASCII)
WHOLE: Final = re.compile(r"-?(0|[1-9]\d*)\Z", re.ASCII)
_HAS_LETTER: Final = re.compile(r"[^\W\d_]")
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
    if isinstance(node, YamlMapping) and len(node) == 1 and not next(iter(node.values())):
        return f'a text that begins with {{ must be in quotes: "{{{next(iter(node))}}} …"'
    return "a text that begins with [ must be in quotes" if isinstance(node, YamlList) else ""


def parse_number(node: object) -> int | float:
    """Parse an ordinary decimal number, `12`, `-3`, `0.5`, and nothing else that YAML or Python would accept."""
    text = parse_scalar(node, "a number").strip()
    if not DECIMAL.match(text) or len(text) > 300:
        without_commas = text.replace(",", "")
        remedy = "write it in digits, as 1000 or 0.5"
        if DECIMAL.match(without_commas):
            is_grouped = re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+", text)
            remedy = (
                f"write {without_commas} (no comma)"
                if is_grouped
                else "write a decimal point, not a comma"
            )
        reject("not-a-number", f"{describe_node(text)} is not a number", remedy)
    return float(text) if "." in text else int(text)


def parse_whole(node: object) -> int:
    """Parse a whole number."""
    value = parse_number(node)
    if isinstance(value, float):
        what = f"{node} is not a whole number"
        reject(
            "not-a-number",
            what,
            f"write {int(value) if value == int(value) else 'it without decimals'}",
        )
    return value


def parse_flag(node: object) -> bool:
    """Parse `true` or `false`."""
    if isinstance(node, bool):
        return node
    text = parse_scalar(node, "true or false").strip().lower()
    if text in ("true", "false"):
        return text == "true"
    remedy = {
        "yes": "write true",
        "on": "write true",
        "no": "write false",
        "off": "write false",
    }.get(text)
    reject(
        "not-a-flag",
        f"{describe_node(text)} is neither true nor false",
        remedy or "write true or false",
    )


def parse_words(node: object) -> YamlScalar:
    """Parse a text that is not empty."""
    text = parse_scalar(node, "text")
    if not text.strip() or (text.plain and text in YAML_NULLS):
        reject("empty-text", "the text is empty", "write it, or leave the key out")
    return text


def parse_expression(node: object) -> YamlScalar:
    """Parse a condition or calculation of the instrument language; it is compiled later."""
    if isinstance(node, YamlList | YamlMapping):
        reject(
            "wrong-kind",
            f"expected a condition, found {describe_node(node)}",
            "put the condition in quotes",
        )
    return parse_scalar(node, "a condition")


def parse_limit(node: object) -> int | float | YamlScalar:
    """Parse the limit of a number: a number, or a calculation that is compiled later."""
    is_expression = _HAS_LETTER.search(str(node)) and not str(node).startswith(
        "."
    )  # YAML's .inf is no limit
    return parse_expression(node) if is_expression else parse_number(node)


def parse_date_limit(node: object) -> date | YamlScalar:
    """Parse the limit of a date: a date, `today`, or a calculation that is compiled later."""
    text = parse_expression(node)
    if text.strip() == "today":
        return YamlScalar("today()", text.where, plain=text.plain)
    return (
        text
        if _HAS_LETTER.search(text)
        else parse_day(text, "write year-month-day, as 2026-01-31, or today")
    )


def parse_day(node: object, remedy: str = "write year-month-day, as 2026-01-31") -> date:
    """Parse a date."""
    text = parse_scalar(node, "a date").strip()
    try:
        return date.fromisoformat(text if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else "")
    except ValueError:
        reject("bad-day", f"{describe_node(text)} is not a date", remedy)


def parse_code(node: object) -> Code:
    """Parse an option's code: a number if it is an unquoted ordinary integer, otherwise the text as written."""
    text = parse_scalar(node, "a code")
    if text.plain and WHOLE.match(text):
        return int(text)
    if not text.strip():
        reject("empty-code", "the code is empty", "give the option a number or a short word")
    if text.plain and re.fullmatch(r"-?\d+\.\d+", text):
        whole_part, _, rest = text.partition(".")
        remedy = "write a whole number, or quote it"
        if not rest.strip("0"):
            remedy = f"write {whole_part}: spreadsheets add the .{rest}"
        reject("bad-code", f"{text} is not a code: codes are whole numbers or text", remedy)
    if any(c.isspace() for c in text):
        reject(
            "bad-code",
            f"the code {str(text)!r} contains a space",
            "spaces separate codes; use _ or a number",
        )
    if len(text.encode()) > 32:
        reject(
            "bad-code",
            f"the code {str(text)!r} is longer than 32 bytes",
            "codes are short: yes, no, tv",
        )
    return unicodedata.normalize("NFC", str(text))


_NO_TRANSLATIONS: Final[Mapping[str, YamlScalar]] = MappingProxyType({})


@dataclass(slots=True, eq=False, repr=False)
class Text:
    """A text that is read or shown: one for all languages, or one for each.

    `plain` is the text if it was written once; `by_language` if it was written as `{en: …, es: …}`.
    """

    plain: YamlScalar | None
    by_language: Mapping[str, YamlScalar]
    outdated: Mapping[str, YamlScalar] = field(default_factory=lambda: _NO_TRANSLATIONS)
    """Translations that are never read: they are out of date, marked fuzzy, or can't be used."""

    @classmethod
    def from_string(cls, text: str) -> "Text":
        """Return a text that is not written in the file (a default label)."""
        return cls(YamlScalar(text, NOWHERE), {})

    def get(self, language: str) -> YamlScalar:
        """Return the text in a language, or in the first language written if that one is missing."""
        if self.plain is not None:
            return self.plain
        return self.by_language.get(language) or next(iter(self.by_language.values()))

    def add_translation(
        self, base: str, language: str, text: YamlScalar, *, is_outdated: bool
    ) -> None:
        """Add the translation from a file of its own, unless the text is written in this language."""
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
        """Set a translation aside that can't be used. The text is then read in the first language."""
        texts = dict(self.by_language)
        self.outdated = {**self.outdated, language: texts.pop(language)}
        self.by_language = texts

    def iterate_languages(self) -> Iterator[tuple[str, YamlScalar]]:
        """Yield each (language, text); the language is empty where one text serves all."""
        if self.plain is not None:
            yield "", self.plain
        yield from self.by_language.items()

    @property
    def where(self) -> Position:
        return next(self.iterate_languages())[1].where

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and list(self.iterate_languages()) == list(
            other.iterate_languages()
        )

    def __hash__(self) -> int:
        return hash(tuple(self.iterate_languages()))

    def __repr__(self) -> str:
        return f"Text({dict(self.iterate_languages())!r})"

    @classmethod
    def parse(cls, node: object) -> "Text":
        """Parse a text of the file: a scalar, or a mapping of languages."""
        if isinstance(node, Text):
            return node
        if isinstance(node, YamlMapping):
            if node and all(2 <= len(k) <= 8 for k in node) and all(node.values()):
                return cls(None, {str(k).lower(): parse_words(v) for k, v in node.items()})
            if _suggest_quotes(node):
                reject(
                    "wrong-kind",
                    f"expected text, found {describe_node(node)}",
                    _suggest_quotes(node),
                )
            reject(
                "wrong-kind", "expected text, found a mapping", "write the text, or {en: …, es: …}"
            )
        return cls(parse_words(node), {})

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: Callable[[Any], CoreSchema]
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "anyOf": [
                dict(ANY_SCALAR),
                {"type": "object", "additionalProperties": dict(ANY_SCALAR)},
            ]
        }


def build_word_parser(*allowed: str, remedy: str = "") -> Callable[[object], str]:
    """Return a parser of one word out of a few. `remedy` is that for a word that is similar to none of them."""

    def parse_word(node: object) -> str:
        text = str(parse_scalar(node, f"one of {', '.join(allowed)}"))
        if text not in allowed:
            otherwise = remedy or f"write one of: {', '.join(allowed)}"
            reject(
                "unknown-word",
                f"{text!r} is not valid here",
                suggest_nearest(text, allowed, otherwise=otherwise),
            )
        return text

    return parse_word


class ParseWith:
    """An annotation: the function that alone parses a field, and the field's JSON Schema.

    A `PlainValidator` does the same, but inspects the function's signature and prepares a serializer for every key that
    has one.
    """

    def __init__(self, read: Callable[[Any], object], described: JsonSchemaValue) -> None:
        self.parse = read
        self.json_schema = described

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
