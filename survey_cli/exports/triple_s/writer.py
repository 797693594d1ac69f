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
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.table.table import Table
from survey_cli.values import Cell, Code, Missing, Storage, Variable
from survey_cli.wording import join_first

BATCH_SIZE: Final = 500
"""Rows written at a time."""
CACHE_SIZE: Final = 2_000
"""Maximum number of texts cached for a field."""
MAX_CACHED_LENGTH: Final = 40
"""Length from which a text is not cached, as it is unlikely to occur again."""
TYPE_BY_STORAGE: Final[Mapping[Storage, TripleSType]] = {
    "integer": "quantity",
    "decimal": "quantity",
    "text": "character",
    "date": "date",
    "time": "time",
}
CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that would end a line of fixed columns or are invisible; each is replaced by a space."""


def write_triple_s(
    table: Table, to: Path, data: Path, data_name: str, variant: TripleSVariant
) -> tuple[int, tuple[str, ...]]:
    """Write the definition to `to` and the data to `data`; return the number of rows and the losses.

    The definition refers to the data file as `data_name`.
    """
    fields = _build_fields(table.variables, table.study.universes, table.study.weight)
    notes = tuple(f"{item}: {note}" for item, note in iterate_lost_codes(table.variables))
    if variant.fixed:
        with TemporaryDirectory(dir=data.parent) as folder:
            csv_file = Path(folder, "fields.csv")
            rows = _write_fields(table, fields, csv_file)
            statistics = _read_statistics(csv_file, fields)
            notes += _write_columns(fields, statistics, csv_file, data)
    else:
        rows = _write_fields(table, fields, data)
        statistics = _read_statistics(data, fields)
    with to.open("w", encoding="utf-8", newline="\n") as file:
        write_document(build_definition(table.study, data_name, fields, statistics, variant), file)
    return rows, notes


def iterate_lost_codes(variables: Sequence[Variable]) -> Iterator[tuple[str, str]]:
    """Yield each question with several answers whose codes Triple-S cannot keep, and a note."""
    codes: dict[str, dict[Code, None]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            codes.setdefault(variable.item, {})[variable.option] = None
    for item, options in codes.items():
        if list(options) != list(range(1, len(options) + 1)):
            yield (
                item,
                f"Triple-S numbers the options of a multiple from 1: the file lacks the codes {join_first(options)}",
            )


def _write_fields(table: Table, fields: Sequence[TripleSField], data: Path) -> int:
    """Write comma-separated values with a line of names; return the number of rows."""
    encoded_rows = table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows)
    caches = [_FieldCache(field, table.variables) for field in fields]
    rows, columns = 0, len(table.variables)
    with data.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([field.name for field in fields])
        batch: list[list[str]] = []
        for row in encoded_rows:
            rows += 1
            texts = split_row(row, columns)
            batch.append([cache[cache.get_key(texts)] for cache in caches])
            if len(batch) == BATCH_SIZE:
                writer.writerows(batch)
                batch = []
        writer.writerows(batch)
    return rows


def _read_statistics(data: Path, fields: Sequence[TripleSField]) -> list[ColumnStatistics]:
    codes = tuple(frozenset(str(code) for code, _ in field.values) for field in fields)
    return read_statistics(data, tuple(_make_csv_variable(field) for field in fields), codes)


def _write_columns(
    fields: Sequence[TripleSField], statistics: Sequence[ColumnStatistics], csv_file: Path, data: Path
) -> tuple[str, ...]:
    """Convert comma-separated values to fixed columns; return notes on what was lost.

    Numbers are right-aligned, everything else is left-aligned.
    """
    widths = [compute_width(field, column) for field, column in zip(fields, statistics, strict=True)]
    aligners = [str.ljust if _is_left_aligned(field) else str.rjust for field in fields]
    texts = [(at, field.name) for at, field in enumerate(fields) if _is_left_aligned(field)]
    with_line_ends: dict[str, None] = {}
    not_ascii: dict[str, None] = {}
    csv.field_size_limit(MAX_FIELD_SIZE)
    with csv_file.open(encoding="utf-8", newline="") as lines, data.open("w", encoding="utf-8", newline="") as file:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        for row in reader:
            for at, name in texts:
                if CONTROL_CHARACTERS.search(row[at]):
                    with_line_ends[name] = None
                    row[at] = CONTROL_CHARACTERS.sub(" ", row[at])
                if not row[at].isascii():
                    not_ascii[name] = None
            file.write("".join(align(text, width) for align, text, width in zip(aligners, row, widths, strict=True)))
            file.write("\r\n")
    return tuple(_iterate_notes(with_line_ends, not_ascii))


def _is_left_aligned(field: TripleSField) -> bool:
    return field.kind == "character" or field.is_literal


def _iterate_notes(with_line_ends: Iterable[str], not_ascii: Iterable[str]) -> Iterator[str]:
    if names := join_first(with_line_ends):
        yield f"{names}: line ends are replaced by spaces, because fixed columns need one line per row"
    if names := join_first(not_ascii):
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

    def __missing__(self, key: str | tuple[str, ...]) -> str:
        texts = (key,) if isinstance(key, str) else key
        field = self._field.format_cells([read(text) for read, text in zip(self._readers, texts, strict=True)])
        if len(self) < CACHE_SIZE and max(len(field), *map(len, texts)) < MAX_CACHED_LENGTH:
            self[key] = field
        return field


def _make_csv_variable(field: TripleSField) -> Variable:
    return Variable(name=field.name, storage="decimal" if field.kind == "quantity" else "text")


def _build_fields(variables: Sequence[Variable], universes: Mapping[str, str], weight: str) -> list[TripleSField]:
    """Build the fields in the order of the columns.

    A question with several answers stands at its first column, and a filter before the first field that it applies to.
    """
    positions = {variable.name: position for position, variable in enumerate(variables)}
    sets = {response_set.names[0]: response_set for response_set in find_response_sets(variables)}
    later_members = {name for response_set in sets.values() for name in response_set.names[1:]}
    used_names = {*positions, *(response_set.name for response_set in sets.values())}
    filters: dict[tuple[str, int | None, str], str] = {}
    fields = []
    for variable in variables:
        if variable.name in later_members:
            continue
        filter_name = ""
        if variable.item in universes and variable.role in ("answer", "words", "state", "order"):
            # columns of an older version have their own names and filter
            asked = (variable.item, variable.turn, variable.name.partition("__v")[2])
            if asked not in filters:
                filters[asked] = _make_free_name(asked, used_names)
                label = universes[variable.item]
                fields.append(_build_filter(filters[asked], label, variable, positions[variable.name]))
            filter_name = filters[asked]
        if (response_set := sets.get(variable.name)) is not None:
            columns = tuple(positions[name] for name in response_set.names)
            members = [variables[position] for position in columns]
            fields.append(_build_multiple(response_set.name, response_set.label, members, columns, filter_name))
        else:
            is_weight = variable.name == weight
            fields.append(_build_field(variable, positions[variable.name], filter_name, weight=is_weight))
    return fields


def _make_free_name(asked: tuple[str, int | None, str], used_names: set[str]) -> str:
    item, turn, version = asked
    name = f"{item}_asked" + (f"_{turn}" if turn is not None else "") + (f"__v{version}" if version else "")
    while name in used_names:
        name += "_"
    used_names.add(name)
    return name


def _build_filter(name: str, label: str, variable: Variable, position: int) -> TripleSField:
    def format_cells(cells: Sequence[Cell]) -> str:
        [cell] = cells
        return "0" if isinstance(cell, Missing) and cell.kind == "not_asked" else "1"

    return TripleSField(
        name=name, label=label, variable=variable, kind="logical", positions=(position,), format_cells=format_cells
    )


def _build_multiple(
    name: str, label: str, members: Sequence[Variable], positions: tuple[int, ...], filter_name: str
) -> TripleSField:
    missing = {kind: text for kind, (_, text) in list_missing_codes(members[0]).items() if kind != "not_asked"}
    labels = [*(v.label.removeprefix(f"{label}: ") for v in members), *missing.values()]
    missing_bits = {kind: bit for bit, kind in enumerate(missing, len(members))}
    no_bits = "0" * len(labels)

    def format_cells(cells: Sequence[Cell]) -> str:
        kinds = [cell.kind for cell in cells if isinstance(cell, Missing)]
        if len(kinds) < len(cells):
            flags = "".join("1" if cell == 1 else "0" for cell in cells)
            return flags + no_bits[len(cells) :]
        bit = missing_bits.get(kinds[0])
        return "" if bit is None else no_bits[:bit] + "1" + no_bits[bit + 1 :]

    return TripleSField(
        name=name,
        label=label,
        variable=members[0],
        kind="multiple",
        positions=positions,
        values=tuple(enumerate(labels, 1)),
        format_cells=format_cells,
        filter_name=filter_name,
    )


def _build_field(variable: Variable, position: int, filter_name: str, *, weight: bool) -> TripleSField:
    missing = list_missing_codes(variable) if variable.role != "admin" and not weight else {}
    missing.pop("not_asked", None)
    missing_codes = {kind: str(code) for kind, (code, _) in missing.items()}
    values: dict[Code, str] = {**variable.labels, **dict(missing.values())}
    single = bool(variable.labels) and variable.measure != "scale"

    def format_cells(cells: Sequence[Cell]) -> str:
        [cell] = cells
        match cell:
            case Missing():
                return missing_codes.get(cell.kind, "")
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
        positions=(position,),
        values=tuple(values.items()),
        format_cells=format_cells,
        filter_name=filter_name,
    )
