"""Triple-S definition of each variable: type, position in the data, wording, labeled codes, filter.

It reads no data and writes no file.

The elements are those of version 2.0 (Triple-S XML, revision 2.0.002, September 2011), as other programs describe and
read them: STATS GET TRIPLES of SPSS, UNICOM Intelligence, and the reader triple-s-survey, which accepts them under
3.0 too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from survey_cli.exports.csv_statistics import ColumnStatistics
from survey_cli.exports.xml_text import escape_text, quote_attribute
from survey_cli.table import StudyDescription
from survey_cli.values import Cell, Code, Variable

TripleSType: TypeAlias = Literal["single", "multiple", "quantity", "character", "logical", "date", "time"]
FIXED_WIDTHS: Final = {"logical": 1, "date": 8, "time": 6}
"""Characters of the types whose fields are always equally long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleSField:
    """A variable of the definition: one column of the table, or those of a question of several answers."""

    name: str
    label: str
    variable: Variable
    kind: TripleSType
    positions: tuple[int, ...]
    """Its columns in the table."""
    values: tuple[tuple[Code, str], ...] = ()
    """Codes with their labels, missings after answers."""
    format_cells: Callable[[Sequence[Cell]], str]
    filter_name: str = ""
    """The logical field that says whether it was on the route; none where everybody is asked."""

    @property
    def is_literal(self) -> bool:
        """Whether its codes are texts, left in their columns, and no numbers."""
        return self.kind == "single" and any(isinstance(code, str) or code < 0 for code, _ in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleSVariant:
    """Which version is written, and how the data lie beside it."""

    version: Literal["2.0", "3.0"] = "2.0"
    fixed: bool = False
    """In fixed columns, else as comma-separated values."""


def render_definition(
    study: StudyDescription,
    named: str,
    fields: Sequence[TripleSField],
    found: Sequence[ColumnStatistics],
    edition: TripleSVariant,
) -> Iterator[str]:
    """Its lines. `named`: the file with the data; `found`: what stands in each field there."""
    title = " ".join(filter(None, (study.title, study.version and f"(version {study.version})")))
    form = 'format="fixed"' if edition.fixed else 'format="csv" skip="1"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<sss version="{edition.version}" modes="interview analysis">'
    yield "<origin>survey-cli</origin>"
    yield "<survey>"
    yield f"<name>{escape_text(study.id or 'survey')}</name>"
    yield f"<title>{escape_text(title or study.id or 'Survey')}</title>"
    yield f'<record ident="V" {form} href={quote_attribute(named)}>'
    begin = 1
    for number, (field, extent) in enumerate(zip(fields, found, strict=True), 1):
        position = f'start="{number}"'
        if edition.fixed:
            finish = begin + compute_width(field, extent) - 1
            position, begin = f'start="{begin}" finish="{finish}"', finish + 1
        yield from _render_variable(number, field, extent, position, study.weight)
    yield "</record>"
    yield "</survey>"
    yield "</sss>"


def compute_width(field: TripleSField, extent: ColumnStatistics) -> int:
    """Characters it takes in fixed columns: those of its longest value, code or bound."""
    if field.kind == "multiple":
        return len(field.values)
    bounds = _format_bounds(extent) if field.kind == "quantity" else ()
    return FIXED_WIDTHS.get(
        field.kind, max(1, extent.characters, *(len(str(code)) for code, _ in field.values), *map(len, bounds))
    )


def _format_bounds(extent: ColumnStatistics) -> tuple[str, str]:
    low, high = (format(n or 0, f".{min(extent.decimals, 15)}f") for n in (extent.minimum, extent.maximum))
    return low, high


def _render_variable(
    number: int, field: TripleSField, extent: ColumnStatistics, position: str, weight: str
) -> Iterator[str]:
    form = ' format="literal"' if field.is_literal else ""
    use = ""
    if field.name == "interview_id":
        use = ' use="serial"'
    elif field.kind == "quantity" and field.name == weight:
        use = ' use="weight"'
    yield f'<variable ident="{number}" type="{field.kind}"{form}{use}>'
    yield f"<name>{escape_text(field.name)}</name>"
    said = field.kind != "logical" and field.variable.role != "compute"
    wording = field.variable.wording if said else ""
    asked = f'<text mode="interview">{escape_text(wording)}</text>' if wording and wording != field.label else ""
    yield f"<label>{escape_text(field.label)}{asked}</label>"
    if field.filter_name:
        yield f"<filter>{escape_text(field.filter_name)}</filter>"
    yield f"<position {position}/>"
    match field.kind:
        case "character":
            yield f"<size>{max(extent.characters, 1)}</size>"
        case "quantity":
            low, high = _format_bounds(extent)
            yield "<values>"
            yield f'<range from="{low}" to="{high}"/>'
            yield from _render_values(field)
            yield "</values>"
        case "single" | "multiple":
            yield "<values>"
            yield from _render_values(field)
            yield "</values>"
        case _:
            pass
    yield "</variable>"


def _render_values(field: TripleSField) -> Iterator[str]:
    for code, text in field.values:
        yield f"<value code={quote_attribute(str(code))}>{escape_text(text or str(code))}</value>"
