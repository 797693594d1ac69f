"""Properties of the parts of a questionnaire as written, by which two versions are compared."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from survey_cli.instrument.expressions.parsing import (
    ParsedExpression,
    parse_expression,
    write_expression,
)
from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source.nodes import YamlScalar
from survey_cli.instrument.source.scalars import Text
from survey_cli.instrument.texts.templates import Template
from survey_cli.problems import Position


class Property(NamedTuple):
    """One property as written."""

    value: Any
    where: Position


def list_properties(
    part: SpecModel, skip: frozenset[str] = frozenset(), prefix: str = ""
) -> dict[str, Property]:
    """List the properties of a part of the file by key, without those to skip."""
    properties: dict[str, Property] = {}
    for name, info in type(part).model_fields.items():
        if name not in skip:
            key = info.alias or name
            properties.update(_flatten(prefix + key, getattr(part, name), part.find_position(key)))
    return properties


def _flatten(key: str, value: Any, where: Position) -> Iterator[tuple[str, Property]]:
    match value:
        case None:
            return
        case Text():
            # a text that was not read from the file has no line
            place = value.where if value.where.line else where
            yield key, Property(value, place)
        case SpecModel():
            yield from list_properties(value, prefix=f"{key}.").items()
        case dict():
            for name, inner in value.items():
                at = name.where if isinstance(name, YamlScalar) else where
                yield from _flatten(f"{key}.{name}", inner, at)
        case list() if value and isinstance(value[0], SpecModel):
            for number, inner in enumerate(value, 1):
                name = str(getattr(inner, "id", getattr(inner, "ask", number)))
                yield from _flatten(f"{key}.{name}", inner, inner.find_position())
        case _:
            yield key, Property(value, where)


def render_value(key: str, value: Any, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Render a value in each language, without differences of spacing or notation."""
    if isinstance(value, Template):
        value = value.source
    if isinstance(value, Text):
        return tuple(" ".join(value.get(language).split()) for language in languages)
    if isinstance(value, bool):
        return ("true",) if value else ("false",)
    if isinstance(value, list):
        return (", ".join(map(str, value)),)

    is_expression = key.rpartition(".")[2] in ("where", "prefill")
    if is_expression:
        parsed = parse_expression(str(value))
        if isinstance(parsed, ParsedExpression):
            return (write_expression(parsed.tree),)
    return (" ".join(str(value).split()),)
