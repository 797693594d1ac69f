"""Triple-S export: an XML definition, and the data beside it as CSV or in fixed columns.

The first line of the CSV holds names and is to be skipped. A question with several answers is one `multiple`, with a
bit per option in the written order; its missing values are further bits. Codes are kept: where one is a text or
negative, the variable is a `single` with literal codes. Not asked is an empty field, and a logical variable before
it, its filter, is 0; every other missing value is a labeled code; dates, times and texts are empty, and their
companion column says why. Positions of fixed columns count UTF-8 characters, not bytes.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from survey_cli.engine.codec import encode_cells
from survey_cli.exports.answer_sets import find_response_sets
from survey_cli.exports.csv_statistics import MAX_FIELD_SIZE, ColumnStatistics, read_statistics
from survey_cli.exports.missing_codes import list_missing_codes
from survey_cli.exports.triple_s.definition import (
    TripleSField,
    TripleSType,
    TripleSVariant,
    build_definition,
    compute_width,
)
from survey_cli.exports.xml_elements import write_document
from survey_cli.table import Table
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.values import Cell, Code, Missing, Storage, Variable
from survey_cli.wording import join_first

BATCH_SIZE: Final = 500
"""Rows written in one go."""
CACHE_SIZE: Final = 2_000
"""Different texts of one field that are not worked out again."""
MAX_CACHED_LENGTH: Final = 40
"""Letters of a text that does not come again."""
TYPE_BY_STORAGE: Final[Mapping[Storage, TripleSType]] = {
    "integer": "quantity",
    "decimal": "quantity",
    "text": "character",
    "date": "date",
    "time": "time",
}
CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What would end a line of fixed columns, or is seen by nobody; a space stands for each."""


def write_triple_s(
    table: Table, to: Path, data: Path, named: str, edition: TripleSVariant
) -> tuple[int, tuple[str, ...]]:
    """Write the definition to `to` and the data to `data`; return the number of rows and the losses.

    The definition refers to the data file as `named`.
    """
    fields = _build_fields(table.variables, table.study.universes, table.study.weight)
    notes = tuple(f"{item}: {what}" for item, what in iterate_lost_codes(table.variables))
    if edition.fixed:
        with TemporaryDirectory(dir=data.parent) as folder:
            between = Path(folder, "fields.csv")
            rows = _write_fields(table, fields, between)
            found = _read_statistics(between, fields)
            notes += _write_columns(fields, found, between, data)
    else:
        rows = _write_fields(table, fields, data)
        found = _read_statistics(data, fields)
    with to.open("w", encoding="utf-8", newline="\n") as file:
        write_document(build_definition(table.study, named, fields, found, edition), file)
    return rows, notes


def iterate_lost_codes(variables: Sequence[Variable]) -> Iterator[tuple[str, str]]:
    """Each question of several answers whose codes are not as Triple-S numbers them, and what is said of it."""
    codes: dict[str, dict[Code, None]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            codes.setdefault(variable.item, {})[variable.option] = None
    for item, options in codes.items():
        if list(options) != list(range(1, len(options) + 1)):
            lost = join_first(options)
            yield item, f"Triple-S numbers the options of a multiple from 1: the codes {lost} are lost"


def _write_fields(table: Table, fields: Sequence[TripleSField], data: Path) -> int:
    """As comma-separated values with a line of names; the rows."""
    kept = table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows)
    says = [_FieldCache(field, table.variables) for field in fields]
    rows, columns = 0, len(table.variables)
    with data.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([field.name for field in fields])
        some: list[list[str]] = []
        for row in kept:
            rows += 1
            texts = split_row(row, columns)
            some.append([said[said.get_key(texts)] for said in says])
            if len(some) == BATCH_SIZE:
                writer.writerows(some)
                some = []
        writer.writerows(some)
    return rows


def _read_statistics(data: Path, fields: Sequence[TripleSField]) -> list[ColumnStatistics]:
    codes = tuple(frozenset(str(code) for code, _ in field.values) for field in fields)
    return read_statistics(data, tuple(_make_csv_variable(field) for field in fields), codes)


def _write_columns(
    fields: Sequence[TripleSField], found: Sequence[ColumnStatistics], between: Path, data: Path
) -> tuple[str, ...]:
    """Convert comma-separated values to fixed columns; return notes on what was lost.

    Numbers are right-aligned, everything else is left-aligned.
    """
    widths = [compute_width(field, extent) for field, extent in zip(fields, found, strict=True)]
    places = [str.ljust if _is_left_aligned(field) else str.rjust for field in fields]
    texts = [(at, field.name) for at, field in enumerate(fields) if _is_left_aligned(field)]
    broken: dict[str, None] = {}
    wide: dict[str, None] = {}
    csv.field_size_limit(MAX_FIELD_SIZE)
    with between.open(encoding="utf-8", newline="") as lines, data.open("w", encoding="utf-8", newline="") as file:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        for row in reader:
            for at, name in texts:
                if CONTROL_CHARACTERS.search(row[at]):
                    broken[name] = None
                    row[at] = CONTROL_CHARACTERS.sub(" ", row[at])
                if not row[at].isascii():
                    wide[name] = None
            file.write("".join(place(text, w) for place, text, w in zip(places, row, widths, strict=True)))
            file.write("\r\n")
    return tuple(_iterate_notes(broken, wide))


def _is_left_aligned(field: TripleSField) -> bool:
    return field.kind == "character" or field.is_literal


def _iterate_notes(broken: Iterable[str], wide: Iterable[str]) -> Iterator[str]:
    if names := join_first(broken):
        yield f"{names}: ends of lines are spaces there, since fixed columns have one line for each row"
    if names := join_first(wide):
        yield (
            f"{names}: some characters take more than one byte of UTF-8, and positions count characters; a program that "
            "counts bytes misreads such lines: give it comma-separated values"
        )


class _FieldCache(dict[str | tuple[str, ...], str]):
    """A cache of field texts by the stored texts of their cells; long ones are not cached."""

    __slots__ = ("_field", "_readers", "get_key")

    def __init__(self, field: TripleSField, variables: Sequence[Variable]) -> None:
        self._field = field
        self._readers = [make_cell_reader(variables[at].storage) for at in field.positions]
        self.get_key: Callable[[Sequence[str]], str | tuple[str, ...]] = itemgetter(*field.positions)

    def __missing__(self, kept: str | tuple[str, ...]) -> str:
        texts = (kept,) if isinstance(kept, str) else kept
        said = self._field.format_cells([read(text) for read, text in zip(self._readers, texts, strict=True)])
        if len(self) < CACHE_SIZE and max(len(said), *map(len, texts)) < MAX_CACHED_LENGTH:
            self[kept] = said
        return said


def _make_csv_variable(field: TripleSField) -> Variable:
    return Variable(name=field.name, storage="decimal" if field.kind == "quantity" else "text")


def _build_fields(variables: Sequence[Variable], asked: Mapping[str, str], weight: str) -> list[TripleSField]:
    """Build the fields in the order of the columns.

    A question with several answers stands at its first column, and a filter before the first field that it applies to.
    """
    at = {variable.name: place for place, variable in enumerate(variables)}
    sets = {found.names[0]: found for found in find_response_sets(variables)}
    within = {name for found in sets.values() for name in found.names[1:]}
    taken = {*at, *(found.name for found in sets.values())}
    filters: dict[tuple[str, int | None, str], str] = {}
    fields = []
    for variable in variables:
        if variable.name in within:
            continue
        filter_name = ""
        if variable.item in asked and variable.role in ("answer", "words", "state", "order"):
            # columns of an older version have names of their own, and were asked by themselves
            asking = (variable.item, variable.turn, variable.name.partition("__v")[2])
            if asking not in filters:
                filters[asking] = _make_free_name(asking, taken)
                fields.append(_build_filter(filters[asking], asked[variable.item], variable, at[variable.name]))
            filter_name = filters[asking]
        if (found := sets.get(variable.name)) is not None:
            several = [variables[at[name]] for name in found.names]
            places = tuple(at[name] for name in found.names)
            fields.append(_build_multiple(found.name, found.label, several, places, filter_name))
        else:
            fields.append(_build_field(variable, at[variable.name], filter_name, weight=variable.name == weight))
    return fields


def _make_free_name(asking: tuple[str, int | None, str], taken: set[str]) -> str:
    item, turn, older = asking
    name = f"{item}_asked" + (f"_{turn}" if turn is not None else "") + (f"__v{older}" if older else "")
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _build_filter(name: str, label: str, variable: Variable, place: int) -> TripleSField:
    def say(cells: Sequence[Cell]) -> str:
        [cell] = cells
        return "0" if isinstance(cell, Missing) and cell.kind == "not_asked" else "1"

    return TripleSField(name=name, label=label, variable=variable, kind="logical", positions=(place,), format_cells=say)


def _build_multiple(
    name: str, label: str, several: Sequence[Variable], places: tuple[int, ...], filter_name: str
) -> TripleSField:
    absent = [(kind, text) for kind, (_, text) in list_missing_codes(several[0]).items() if kind != "not_asked"]
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

    return TripleSField(
        name=name,
        label=label,
        variable=several[0],
        kind="multiple",
        positions=places,
        values=tuple(enumerate(labels, 1)),
        format_cells=say,
        filter_name=filter_name,
    )


def _build_field(variable: Variable, place: int, filter_name: str, *, weight: bool) -> TripleSField:
    missing = list_missing_codes(variable) if variable.role != "admin" and not weight else {}
    absent = {kind: str(code) for kind, (code, _) in missing.items() if kind != "not_asked"}
    values: dict[Code, str] = dict(variable.labels) | {
        code: text for kind, (code, text) in missing.items() if kind != "not_asked"
    }
    single = bool(variable.labels) and variable.measure != "scale"

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

    return TripleSField(
        name=variable.name,
        label=variable.label or variable.name,
        variable=variable,
        kind="single" if single else TYPE_BY_STORAGE[variable.storage],
        positions=(place,),
        values=tuple(values.items()),
        format_cells=say,
        filter_name=filter_name,
    )
