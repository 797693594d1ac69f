"""What does a Triple-S definition say of each variable: type, place in the data, wording, codes with labels, and whether
it was asked? It reads no data and writes no file.

The elements are those of version 2.0 (Triple-S XML, revision 2.0.002, September 2011), as other programs describe and
read them: STATS GET TRIPLES of SPSS, UNICOM Intelligence, the reader triple-s-survey, which takes them under 3.0 too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from survey_cli.exports.csv_statistics import Extent
from survey_cli.exports.xml_text import attribute, xml
from survey_cli.table import StudyDescription
from survey_cli.values import Cell, Code, Variable

Kind: TypeAlias = Literal["single", "multiple", "quantity", "character", "logical", "date", "time"]
WIDTHS: Final = {"logical": 1, "date": 8, "time": 6}
"""Characters of the types whose fields are always equally long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A variable of the definition: one column of the table, or those of a question of several answers."""

    name: str
    label: str
    first: Variable
    kind: Kind
    places: tuple[int, ...]
    """Its columns in the table."""
    values: tuple[tuple[Code, str], ...] = ()
    """Codes with their labels, missings after answers."""
    say: Callable[[Sequence[Cell]], str]
    filter: str = ""
    """The logical field that says whether it was on the route; none where everybody is asked."""

    @property
    def literal(self) -> bool:
        """Whether its codes are texts, left in their columns, and no numbers."""
        return self.kind == "single" and any(isinstance(code, str) or code < 0 for code, _ in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Which version is written, and how the data lie beside it."""

    version: Literal["2.0", "3.0"] = "2.0"
    fixed: bool = False
    """In fixed columns, else as comma-separated values."""


def definition(
    study: StudyDescription, named: str, fields: Sequence[Field], found: Sequence[Extent], edition: Edition
) -> Iterator[str]:
    """Its lines. `named`: the file with the data; `found`: what stands in each field there."""
    title = " ".join(filter(None, (study.title, study.version and f"(version {study.version})")))
    form = 'format="fixed"' if edition.fixed else 'format="csv" skip="1"'
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield f'<sss version="{edition.version}" modes="interview analysis">'
    yield "<origin>survey-cli</origin>"
    yield "<survey>"
    yield f"<name>{xml(study.id or 'survey')}</name>"
    yield f"<title>{xml(title or study.id or 'Survey')}</title>"
    yield f'<record ident="V" {form} href={attribute(named)}>'
    begin = 1
    for number, (field, extent) in enumerate(zip(fields, found, strict=True), 1):
        position = f'start="{number}"'
        if edition.fixed:
            finish = begin + width(field, extent) - 1
            position, begin = f'start="{begin}" finish="{finish}"', finish + 1
        yield from _variable(number, field, extent, position, study.weight)
    yield "</record>"
    yield "</survey>"
    yield "</sss>"


def width(field: Field, extent: Extent) -> int:
    """Characters it takes in fixed columns: those of its longest value, code or bound."""
    if field.kind == "multiple":
        return len(field.values)
    bounds = _bounds(extent) if field.kind == "quantity" else ()
    return WIDTHS.get(
        field.kind, max(1, extent.letters, *(len(str(code)) for code, _ in field.values), *map(len, bounds))
    )


def _bounds(extent: Extent) -> tuple[str, str]:
    low, high = (format(n or 0, f".{min(extent.decimals, 15)}f") for n in (extent.least, extent.most))
    return low, high


def _variable(number: int, field: Field, extent: Extent, position: str, weight: str) -> Iterator[str]:
    form = ' format="literal"' if field.literal else ""
    use = ""
    if field.name == "interview_id":
        use = ' use="serial"'
    elif field.kind == "quantity" and field.name == weight:
        use = ' use="weight"'
    yield f'<variable ident="{number}" type="{field.kind}"{form}{use}>'
    yield f"<name>{xml(field.name)}</name>"
    said = field.kind != "logical" and field.first.role != "compute"
    wording = field.first.wording if said else ""
    asked = f'<text mode="interview">{xml(wording)}</text>' if wording and wording != field.label else ""
    yield f"<label>{xml(field.label)}{asked}</label>"
    if field.filter:
        yield f"<filter>{xml(field.filter)}</filter>"
    yield f"<position {position}/>"
    match field.kind:
        case "character":
            yield f"<size>{max(extent.letters, 1)}</size>"
        case "quantity":
            low, high = _bounds(extent)
            yield "<values>"
            yield f'<range from="{low}" to="{high}"/>'
            yield from _values(field)
            yield "</values>"
        case "single" | "multiple":
            yield "<values>"
            yield from _values(field)
            yield "</values>"
        case _:
            pass
    yield "</variable>"


def _values(field: Field) -> Iterator[str]:
    for code, text in field.values:
        yield f"<value code={attribute(str(code))}>{xml(text or str(code))}</value>"
