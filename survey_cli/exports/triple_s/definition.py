"""Triple-S definition of each variable: type, position in the data, wording, labeled codes, filter.

It reads no data and writes no file.

The elements are those of version 2.0 (Triple-S XML, revision 2.0.002, September 2011), as other programs describe and
read them: STATS GET TRIPLES of SPSS, UNICOM Intelligence, and the reader triple-s-survey, which accepts them under
3.0 too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from xml.etree.ElementTree import Element

from survey_cli.exports.csv_statistics import ColumnStatistics
from survey_cli.exports.xml_elements import add_element, add_text
from survey_cli.table.table import StudyDescription
from survey_cli.values import Cell, Code, Variable

TripleSType: TypeAlias = Literal["single", "multiple", "quantity", "character", "logical", "date", "time"]
FIXED_WIDTHS: Final = {"logical": 1, "date": 8, "time": 6}
"""Number of characters of the types whose fields all have the same length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleSField:
    """A variable of the definition: one column of the table, or the columns of a question with several answers."""

    name: str
    label: str
    variable: Variable
    kind: TripleSType
    positions: tuple[int, ...]
    """The positions of its columns in the table."""
    values: tuple[tuple[Code, str], ...] = ()
    """Codes with their labels: first answers, then missing values."""
    format_cells: Callable[[Sequence[Cell]], str]
    """Returns the text of the field for the cells of its columns."""
    filter_name: str = ""
    """The logical field that is 1 where the question was on the route; empty if everybody is asked."""

    @property
    def is_literal(self) -> bool:
        """Whether its codes are texts, which are left-aligned in fixed columns."""
        return self.kind == "single" and any(isinstance(code, str) or code < 0 for code, _ in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleSVariant:
    """The version of the standard, and the format of the data file."""

    version: Literal["2.0", "3.0"] = "2.0"
    fixed: bool = False
    """Fixed columns instead of comma-separated values."""


def build_definition(
    study: StudyDescription,
    data_name: str,
    fields: Sequence[TripleSField],
    statistics: Sequence[ColumnStatistics],
    variant: TripleSVariant,
) -> Element:
    """Return the definition. `data_name` is the name of the data file; `statistics` are those of its fields."""
    root = Element("sss", version=variant.version, modes="interview analysis")
    add_element(root, "origin", "survey-cli")
    survey = add_element(root, "survey")
    add_element(survey, "name", study.id or "survey")
    title = " ".join(filter(None, (study.title, study.version and f"(version {study.version})")))
    add_element(survey, "title", title or study.id or "Survey")
    file_format, skip = ("fixed", "") if variant.fixed else ("csv", "1")
    record = add_element(survey, "record", ident="V", format=file_format, skip=skip, href=data_name)
    start = 1
    for number, (field, column) in enumerate(zip(fields, statistics, strict=True), 1):
        position = {"start": str(number)}
        if variant.fixed:
            finish = start + compute_width(field, column) - 1
            position = {"start": str(start), "finish": str(finish)}
            start = finish + 1
        _add_variable(record, number, field, column, position, study.weight)
    return root


def compute_width(field: TripleSField, column: ColumnStatistics) -> int:
    """Return the width of a field in fixed columns: the characters of its longest value, code or bound."""
    if field.kind == "multiple":
        return len(field.values)
    bounds = _format_bounds(column) if field.kind == "quantity" else ()
    return FIXED_WIDTHS.get(
        field.kind, max(1, column.characters, *(len(str(code)) for code, _ in field.values), *map(len, bounds))
    )


def _format_bounds(column: ColumnStatistics) -> tuple[str, str]:
    low, high = (format(n or 0, f".{min(column.decimals, 15)}f") for n in (column.minimum, column.maximum))
    return low, high


def _add_variable(
    record: Element, number: int, field: TripleSField, column: ColumnStatistics, position: dict[str, str], weight: str
) -> None:
    use = ""
    if field.name == "interview_id":
        use = "serial"
    elif field.kind == "quantity" and field.name == weight:
        use = "weight"
    value_format = "literal" if field.is_literal else ""
    variable = add_element(record, "variable", ident=str(number), type=field.kind, format=value_format, use=use)
    add_element(variable, "name", field.name)
    label = add_element(variable, "label", field.label)
    wording = field.variable.wording
    if wording and wording != field.label and field.kind != "logical" and field.variable.role != "compute":
        add_element(label, "text", wording, mode="interview")
    add_text(variable, "filter", field.filter_name)
    add_element(variable, "position", **position)
    if field.kind == "character":
        add_element(variable, "size", str(max(column.characters, 1)))
    elif field.kind in ("quantity", "single", "multiple"):
        values = add_element(variable, "values")
        if field.kind == "quantity":
            low, high = _format_bounds(column)
            add_element(values, "range", **{"from": low, "to": high})
        for code, text in field.values:
            add_element(values, "value", text or str(code), code=str(code))
