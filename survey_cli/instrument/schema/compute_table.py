"""Calculations that are written as a table: conditions, of which the first true one decides."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

from pydantic import Discriminator, Field, Tag

from survey_cli.instrument.schema.options import SpecModel
from survey_cli.instrument.source import scalars
from survey_cli.instrument.source.nodes import (
    TextComposer,
    YamlList,
    YamlMapping,
    YamlScalar,
)
from survey_cli.problems import Position
from survey_cli.values import NO_AMOUNT

_TABLE_KEYS: Final = frozenset(("when", "else", "unknown"))
_ROW_SCHEMA: Final = {
    "type": "array",
    "items": {"type": ["string", "number"]},
    "minItems": 2,
    "maxItems": 2,
}


class TableRow(NamedTuple):
    """One row of a table: `[age < 30, 1]`."""

    test: YamlScalar
    value: YamlScalar


def _parse_row(node: object) -> TableRow:
    if not isinstance(node, YamlList) or len(node) != 2:
        what = f"expected a row of a condition and a value, found {scalars.describe_node(node)}"
        scalars.reject("wrong-kind", what, "write it in brackets: [age < 30, 1]")
    test, value = node
    return TableRow(scalars.parse_expression(test), scalars.parse_expression(value))


Row: TypeAlias = Annotated[TableRow, scalars.ParseWith(_parse_row, _ROW_SCHEMA), "a row"]
TableValue: TypeAlias = Annotated[scalars.Expression, "a value or a calculation"]


class ComputeTable(SpecModel):
    """A calculation by rows: `{when: [[bmi < 18.5, 1], [bmi < 25, 2]], else: 3, unknown: 9}`.

    The first row whose condition is true gives the value. A row counts only if the conditions of
    all rows before it are false: if one of them is unknown, the value is missing. So is that of a
    choice `x if c else y` within a table.
    """

    when: list[Row]
    """The rows, each a condition and a value."""
    else_: TableValue | None = Field(default=None, alias="else")
    """The value if no row's condition is true and all are known. If left out: `survey check` proves
    that some row always applies."""
    unknown: TableValue | None = None
    """The value if there is none because an answer is missing that it depends on, or has no amount,
    except in an interview that ended before. It is a value like any other: a mean counts 99900, so
    that amounts are better without this key. If left out: it is missing, as *don't know*, *refused*
    or *not asked*, whichever that answer is, and means leave it out.
    """

    def iterate_expressions(self) -> Iterator[YamlScalar]:
        """Yield each condition and each value."""
        for row in self.when:
            yield from row
        for value in (self.else_, self.unknown):
            if value is not None:
                yield value


def _find_form(node: Any) -> str:
    if isinstance(node, YamlMapping) and not _TABLE_KEYS.isdisjoint(node):
        return "table"
    return "text"


Calculation: TypeAlias = Annotated[
    Annotated[scalars.Text, Tag("text")] | Annotated[ComputeTable, Tag("table")],
    Discriminator(_find_form),
]
"""An expression, one per language, or a table."""


def write_as_choices(table: ComputeTable, declines: tuple[str, ...], where: Position) -> YamlScalar:
    """Write a table as the expression that means the same: `1 if age < 30 else 2`.

    Its choices must be compiled as strict ones. Without `else`, the last row's value ends it. Each
    part keeps its position in the table, so that a problem is reported where it is written.
    """
    composer = TextComposer()
    if table.unknown is not None:
        composer.add("default(", table.unknown)

    for test, value in table.when:
        _add_part(composer, value)
        composer.add(" if ", test)
        _add_part(composer, test)
        composer.add(" else ", test)
    rest = table.else_
    if rest is None:
        rest = table.when[-1].value
    _add_part(composer, rest)

    if table.unknown is not None:
        composer.add(", ", table.unknown)
        composer.add(table.unknown, table.unknown)
        replaced_kinds = ", ".join((*declines, NO_AMOUNT.kind))
        composer.add(f", {replaced_kinds})", table.unknown)
    return composer.build(where)


def _add_part(composer: TextComposer, part: YamlScalar) -> None:
    """Add a part of a choice, in brackets if it could be one itself."""
    text = part.strip()
    start = part.index(text)
    if re.search(r"\bif\b", text):
        composer.add("(", part)
        composer.add(text, part, start)
        composer.add(")", part)
    else:
        composer.add(text, part, start)
