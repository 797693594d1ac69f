"""Triple-S 2.0, the interchange format of survey programs: a definition in XML, and beside it the data as a file of
comma-separated values whose first line, with names, is to be skipped.

A question of several answers is one `multiple`, a bit an option in written order; its missings are further bits. Codes
are as they are: where one is a text or below nought, the variable is a `single` of literal codes. Not asked is an empty
field, every other missing a code with its label; dates, times and texts are empty, and their companion says why.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from operator import itemgetter
from pathlib import Path
from typing import Final

from survey_cli.engine.cell_texts import cell_reader, cell_texts
from survey_cli.engine.journal import encode_cells
from survey_cli.exports.extents import Extent, extents
from survey_cli.exports.missing_codes import missing_codes
from survey_cli.exports.multiples import answer_sets
from survey_cli.exports.xml_text import attribute, xml
from survey_cli.table import Table
from survey_cli.values import Cell, Code, Missing, Variable

AT_ONCE: Final = 500
"""Rows written in one go."""
REMEMBERED: Final = 2_000
"""Different texts of one field that are not worked out again."""
LONG: Final = 40
"""Letters of a text that does not come again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A variable of the definition: one column of the table, or those of a question of several answers."""

    name: str
    label: str
    first: Variable
    kind: str
    places: tuple[int, ...]
    """Its columns in the table."""
    values: tuple[tuple[Code, str], ...] = ()
    """Codes with their labels, missings after answers."""
    say: Callable[[Sequence[Cell]], str]


def write_triple_s(table: Table, to: Path, data: Path, named: str) -> int:
    """The definition into `to`, the data into `data`, which the definition knows as `named`; the rows."""
    fields = _fields(table.variables)
    kept = table.kept if table.kept is not None else map(encode_cells, table.rows)
    says = [_Said(field, table.variables) for field in fields]
    rows, width = 0, len(table.variables)
    with data.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([field.name for field in fields])
        some: list[list[str]] = []
        for row in kept:
            rows += 1
            texts = cell_texts(row, width)
            some.append([said[said.of(texts)] for said in says])
            if len(some) == AT_ONCE:
                writer.writerows(some)
                some = []
        writer.writerows(some)
    codes = tuple(frozenset(str(code) for code, _ in field.values) for field in fields)
    found = extents(data, tuple(_as_written(field) for field in fields), codes)
    with to.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in _definition(table, named, fields, found))
    return rows


class _Said(dict[str | tuple[str, ...], str]):
    """What a field says, by the texts its cells are kept as; each worked out once, unless it is long."""

    __slots__ = ("_field", "_reads", "of")

    def __init__(self, field: Field, variables: Sequence[Variable]) -> None:
        self._field = field
        self._reads = [cell_reader(variables[at].storage) for at in field.places]
        self.of: Callable[[Sequence[str]], str | tuple[str, ...]] = itemgetter(*field.places)

    def __missing__(self, kept: str | tuple[str, ...]) -> str:
        texts = (kept,) if isinstance(kept, str) else kept
        said = self._field.say([read(text) for read, text in zip(self._reads, texts, strict=True)])
        if len(self) < REMEMBERED and len(said) < LONG:
            self[kept] = said
        return said


def _as_written(field: Field) -> Variable:
    return Variable(name=field.name, storage="decimal" if field.kind == "quantity" else "text")


def _fields(variables: Sequence[Variable]) -> list[Field]:
    """In the order of the columns; a question of several answers stands where its first column does."""
    at = {variable.name: place for place, variable in enumerate(variables)}
    sets = {found.names[0]: found for found in answer_sets(variables)}
    within = {name for found in sets.values() for name in found.names[1:]}
    fields = []
    for variable in variables:
        if (found := sets.get(variable.name)) is not None:
            several = [variables[at[name]] for name in found.names]
            fields.append(
                _multiple(found.name, found.label, several, tuple(at[name] for name in found.names))
            )
        elif variable.name not in within:
            fields.append(_one(variable, at[variable.name]))
    return fields


def _multiple(name: str, label: str, several: Sequence[Variable], places: tuple[int, ...]) -> Field:
    absent = [(kind, text) for kind, (_, text) in missing_codes(several[0]).items() if kind != "not_asked"]
    labels = [v.label.removeprefix(f"{label}: ") for v in several] + [text for _, text in absent]
    bit_of = {kind: len(several) + bit for bit, (kind, _) in enumerate(absent)}
    none = "0" * len(labels)

    def say(cells: Sequence[Cell]) -> str:
        kinds = [cell.kind for cell in cells if isinstance(cell, Missing)]
        if len(kinds) < len(cells):
            flags = "".join("1" if cell == 1 else "0" for cell in cells)
            return flags + none[len(cells) :]
        bit = bit_of.get(kinds[0])
        return "" if bit is None else none[:bit] + "1" + none[bit + 1 :]

    return Field(
        name=name,
        label=label,
        first=several[0],
        kind="multiple",
        places=places,
        values=tuple(enumerate(labels, 1)),
        say=say,
    )


def _one(variable: Variable, place: int) -> Field:
    missing = missing_codes(variable) if variable.role != "admin" else {}
    absent = {kind: str(code) for kind, (code, _) in missing.items() if kind != "not_asked"}
    values: dict[Code, str] = dict(variable.labels) | {
        code: text for kind, (code, text) in missing.items() if kind != "not_asked"
    }
    single = bool(variable.labels) and variable.measure != "scale"
    kinds = {
        "integer": "quantity",
        "decimal": "quantity",
        "text": "character",
        "date": "date",
        "time": "time",
    }

    def say(cells: Sequence[Cell]) -> str:
        [cell] = cells
        match cell:
            case Missing():
                return absent.get(cell.kind, "")
            case float():
                return format(cell, ".15g")
            case date():
                return f"{cell:%Y%m%d}"
            case time():
                return f"{cell:%H%M%S}"
            case _:
                return str(cell)

    return Field(
        name=variable.name,
        label=variable.label or variable.name,
        first=variable,
        kind="single" if single else kinds[variable.storage],
        places=(place,),
        values=tuple(values.items()),
        say=say,
    )


def _definition(table: Table, named: str, fields: Sequence[Field], found: Sequence[Extent]) -> Iterator[str]:
    study = table.study
    title = " ".join(filter(None, (study.title, study.version and f"(version {study.version})")))
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield '<sss version="2.0" modes="interview analysis">'
    yield "<origin>survey-cli</origin>"
    yield "<survey>"
    yield f"<name>{xml(study.id or 'survey')}</name>"
    yield f"<title>{xml(title or study.id or 'Survey')}</title>"
    yield f'<record ident="V" format="csv" skip="1" href={attribute(named)}>'
    for number, (field, extent) in enumerate(zip(fields, found, strict=True), 1):
        yield from _variable(number, field, extent)
    yield "</record>"
    yield "</survey>"
    yield "</sss>"


def _variable(number: int, field: Field, extent: Extent) -> Iterator[str]:
    literal = field.kind == "single" and any(isinstance(code, str) or code < 0 for code, _ in field.values)
    form = ' format="literal"' if literal else ""
    serial = ' use="serial"' if field.name == "interview_id" else ""
    yield f'<variable ident="{number}" type="{field.kind}"{form}{serial}>'
    yield f"<name>{xml(field.name)}</name>"
    wording = field.first.wording
    asked = f'<text mode="interview">{xml(wording)}</text>' if wording and wording != field.label else ""
    yield f"<label>{xml(field.label)}{asked}</label>"
    yield f'<position start="{number}"/>'
    match field.kind:
        case "character":
            yield f"<size>{max(extent.letters, 1)}</size>"
        case "quantity":
            low, high = (format(n or 0, f".{min(extent.decimals, 15)}f") for n in (extent.least, extent.most))
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
