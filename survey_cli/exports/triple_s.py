"""Triple-S 2.0 and 3.0: an XML definition, and the data beside it as CSV or in fixed columns.

The first line of the CSV holds names and is to be skipped. A question with several answers is one
`multiple`, with a bit per option in the written order; its missing values are further bits. Codes
are kept: if one is a text or negative, the variable is a `single` with literal codes. Not asked is
an empty field, and a logical variable before it, its filter, is 0. Every other missing value is a
labeled code; dates, times and texts are empty then, and their companion column says why. Positions
of fixed columns count UTF-8 characters, not bytes.

The elements are those of version 2.0 (Triple-S XML, revision 2.0.002, September 2011), as other
programs describe and read them: STATS GET TRIPLES of SPSS, UNICOM Intelligence, and the reader
triple-s-survey, which accepts them under 3.0 too.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.exports.conventions import (
    MultipleResponseSet,
    WriteResult,
    find_response_sets,
    list_missing_codes,
    make_free_name,
)
from survey_cli.exports.templating import write_template
from survey_cli.exports.text import (
    BATCH_SIZE,
    MAX_FIELD_SIZE,
    ColumnStatistics,
    FieldCache,
    read_statistics,
)
from survey_cli.table.table import Table, make_cell_reader
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Storage, Variable
from survey_cli.wording import join_first

TripleSType: TypeAlias = Literal[
    "single", "multiple", "quantity", "character", "logical", "date", "time"
]
FIXED_WIDTHS: Final[Mapping[TripleSType, int]] = {"logical": 1, "date": 8, "time": 6}
"""Number of characters of the types whose fields all have the same length."""
TYPE_BY_STORAGE: Final[Mapping[Storage, TripleSType]] = {
    "integer": "quantity",
    "decimal": "quantity",
    "text": "character",
    "date": "date",
    "time": "time",
}
CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that end a line of fixed columns or are invisible; each is replaced by a space."""
LINE_ENDS_NOTE: Final = (
    "line ends are replaced by spaces, because fixed columns need one line per row"
)
NOT_ASCII_NOTE: Final = (
    "some characters take more than one byte of UTF-8, and positions count characters; "
    "a program that counts bytes misreads such lines: give it comma-separated values"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripleSField:
    """A variable of the definition.

    It is one column of the table, or the columns of a question with several answers.
    """

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
    """The logical field that is 1 if the question was on the route; empty if all are asked."""

    @property
    def is_literal(self) -> bool:
        """Whether its codes are texts, which are left-aligned in fixed columns."""
        if self.kind != "single":
            return False
        return any(isinstance(code, str) or code < 0 for code, _ in self.values)


class _Position(NamedTuple):
    """Where a field is in a line: a number in a CSV, or the characters of fixed columns."""

    start: int
    finish: int | Literal[""] = ""
    """The last character of fixed columns; empty in a CSV."""


def write_triple_s(
    table: Table,
    to: Path,
    data: Path,
    data_name: str,
    *,
    version: Literal["2.0", "3.0"] = "2.0",
    fixed: bool = False,
) -> WriteResult:
    """Write the definition to `to` and the data to `data`, with `fixed` in fixed columns.

    The definition refers to the data file as `data_name`. The notes of the result are the losses.
    """
    study = table.study
    fields = _build_fields(table.variables, study.universes, study.weight)
    notes = [f"{item}: {note}" for item, note in iterate_lost_codes(table.variables)]

    # The widths of fixed columns are known only when all fields have been written.
    with TemporaryDirectory(dir=data.parent) as folder:
        csv_file = Path(folder, "fields.csv") if fixed else data
        rows = _write_fields(table, fields, csv_file)
        statistics = _read_field_statistics(fields, csv_file)
        positions = [_Position(number) for number, _ in enumerate(fields, 1)]
        if fixed:
            widths = []
            for field, column in zip(fields, statistics, strict=True):
                widths.append(_compute_width(field, column))
            positions = _locate_fixed(widths)
            notes += _write_columns(fields, widths, csv_file, data)

    title = study.title
    if study.version:
        edition = f"(version {study.version})"
        title = f"{title} {edition}" if title else edition
    with to.open("w", encoding="utf-8", newline="\n") as file:
        write_template(
            file,
            "triple_s.xml.jinja",
            study=study,
            title=title,
            data_name=data_name,
            version=version,
            fixed=fixed,
            fields=list(zip(fields, statistics, positions, strict=True)),
            format_bounds=_format_bounds,
        )
    return WriteResult(rows, tuple(notes))


def iterate_lost_codes(variables: Sequence[Variable]) -> Iterator[tuple[str, str]]:
    """Yield each question with several answers whose codes Triple-S can't keep, and a note."""
    codes_by_item: dict[str, dict[Code, None]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            codes_by_item.setdefault(variable.item, {})[variable.option] = None

    for item, codes in codes_by_item.items():
        if list(codes) != list(range(1, len(codes) + 1)):
            lost = join_first(codes)
            yield (
                item,
                "Triple-S numbers the options of a multiple from 1: "
                f"the file lacks the codes {lost}",
            )


# ── data ──


def _write_fields(table: Table, fields: Sequence[TripleSField], data: Path) -> int:
    """Write comma-separated values with a line of names. Returns the number of rows."""
    readers = [make_cell_reader(variable.storage) for variable in table.variables]

    def format_texts(field: TripleSField, key: str | tuple[str, ...]) -> str:
        """Return the text of a field for the stored texts of its columns."""
        # Of one column, itemgetter returns the text; of several, a tuple.
        texts = (key,) if isinstance(key, str) else key
        cells = [readers[at](text) for at, text in zip(field.positions, texts, strict=True)]
        return field.format_cells(cells)

    columns = []
    for field in fields:
        cache = FieldCache(partial(format_texts, field))
        columns.append((itemgetter(*field.positions), cache))

    def iterate_lines() -> Iterator[list[str]]:
        for texts in table.iterate_texts():
            yield [cache[get_key(texts)] for get_key, cache in columns]

    lines = iterate_lines()
    rows = 0
    # A lone surrogate can't be written as UTF-8.
    with data.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([field.name for field in fields])
        while batch := list(islice(lines, BATCH_SIZE)):
            writer.writerows(batch)
            rows += len(batch)
    return rows


def _read_field_statistics(fields: Sequence[TripleSField], data: Path) -> list[ColumnStatistics]:
    are_numbers = [field.kind == "quantity" for field in fields]
    codes = [frozenset(str(code) for code, _ in field.values) for field in fields]
    return read_statistics(data, are_numbers, codes)


def _compute_width(field: TripleSField, column: ColumnStatistics) -> int:
    """Return the width of a field in fixed columns: that of its longest value, code or bound."""
    if field.kind == "multiple":
        return len(field.values)
    if field.kind in FIXED_WIDTHS:
        return FIXED_WIDTHS[field.kind]

    lengths = [1, column.characters]
    lengths += [len(str(code)) for code, _ in field.values]
    if field.kind == "quantity":
        lengths += [len(bound) for bound in _format_bounds(column)]
    return max(lengths)


def _format_bounds(column: ColumnStatistics) -> tuple[str, str]:
    """Return the lowest and the highest number of a column, with all its decimals."""
    decimals = min(column.decimals, 15)
    lowest = format(column.minimum or 0, f".{decimals}f")
    highest = format(column.maximum or 0, f".{decimals}f")
    return lowest, highest


def _locate_fixed(widths: Sequence[int]) -> list[_Position]:
    """Return the positions of fields that follow one another, from 1."""
    positions = []
    start = 1
    for width in widths:
        positions.append(_Position(start, start + width - 1))
        start += width
    return positions


def _write_columns(
    fields: Sequence[TripleSField], widths: Sequence[int], csv_file: Path, data: Path
) -> list[str]:
    """Convert comma-separated values to fixed columns. Returns notes on what was lost.

    Numbers are right-aligned, everything else is left-aligned.
    """
    are_texts = [field.kind == "character" or field.is_literal for field in fields]
    # The names of fields, in the order in which they were found.
    with_line_ends: dict[str, None] = {}
    not_ascii: dict[str, None] = {}

    csv.field_size_limit(MAX_FIELD_SIZE)
    with (
        csv_file.open(encoding="utf-8", newline="") as lines,
        data.open("w", encoding="utf-8", newline="") as file,
    ):
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        for row in reader:
            aligned = []
            for field, is_text, width, text in zip(fields, are_texts, widths, row, strict=True):
                if not is_text:
                    aligned.append(text.rjust(width))
                    continue
                if CONTROL_CHARACTERS.search(text):
                    with_line_ends[field.name] = None
                    text = CONTROL_CHARACTERS.sub(" ", text)
                if not text.isascii():
                    not_ascii[field.name] = None
                aligned.append(text.ljust(width))
            file.write("".join(aligned) + "\r\n")

    notes = []
    if with_line_ends:
        notes.append(f"{join_first(with_line_ends)}: {LINE_ENDS_NOTE}")
    if not_ascii:
        notes.append(f"{join_first(not_ascii)}: {NOT_ASCII_NOTE}")
    return notes


# ── fields ──


def _build_fields(
    variables: Sequence[Variable], universes: Mapping[str, str], weight: str
) -> list[TripleSField]:
    """Build the fields in the order of the columns.

    A question with several answers is at the place of its first column, and a filter before the
    first field that it applies to.
    """
    positions = {variable.name: position for position, variable in enumerate(variables)}
    response_sets = find_response_sets(variables)
    sets_by_first = {response_set.names[0]: response_set for response_set in response_sets}
    later_members: set[str] = set()
    for response_set in response_sets:
        later_members.update(response_set.names[1:])

    names = [*positions, *(response_set.name for response_set in response_sets)]
    filters = _FilterFields(universes, {name.casefold() for name in names})
    fields = []
    for position, variable in enumerate(variables):
        if variable.name in later_members:
            continue

        filter_name, new_filter = filters.find(variable, position)
        if new_filter is not None:
            fields.append(new_filter)
        members = sets_by_first.get(variable.name)
        if members is None:
            is_weight = variable.name == weight
            fields.append(_build_field(variable, position, filter_name, weight=is_weight))
        else:
            columns = tuple(positions[name] for name in members.names)
            member_variables = [variables[column] for column in columns]
            fields.append(_build_multiple(members, member_variables, columns, filter_name))
    return fields


class _FilterFields:
    """The logical fields that say whether a question was on the route."""

    def __init__(self, universes: Mapping[str, str], used_names: set[str]) -> None:
        self._universes = universes
        self._used_names = used_names
        """The names of other fields, in lower case."""
        self._names: dict[tuple[str, int | None, str], str] = {}
        """The name of each filter, by item, turn and version."""

    def find(self, variable: Variable, position: int) -> tuple[str, TripleSField | None]:
        """Return the name of a column's filter, and the filter if it is a new one.

        The name is empty if all respondents are asked.
        """
        is_of_item = variable.role in ("answer", "words", "state", "order")
        if variable.item not in self._universes or not is_of_item:
            return "", None

        # Columns of an older version have their own names and filter.
        _, _, version = variable.name.partition("__v")
        asked = (variable.item, variable.turn, version)
        if asked in self._names:
            return self._names[asked], None

        wanted = f"{variable.item}_asked"
        if variable.turn is not None:
            wanted += f"_{variable.turn}"
        if version:
            wanted += f"__v{version}"
        name = make_free_name(wanted, self._used_names)
        self._names[asked] = name
        return name, TripleSField(
            name=name,
            label=self._universes[variable.item],
            variable=variable,
            kind="logical",
            positions=(position,),
            format_cells=_format_filter,
        )


def _format_filter(cells: Sequence[Cell]) -> str:
    [cell] = cells
    return "0" if cell == NOT_ASKED else "1"


def _build_multiple(
    response_set: MultipleResponseSet,
    members: Sequence[Variable],
    positions: tuple[int, ...],
    filter_name: str,
) -> TripleSField:
    """Build the field of a question with several answers: a bit per option and missing value."""
    missing = {kind: text for kind, (_, text) in list_missing_codes(members[0]).items()}
    # Not asked is an empty field.
    missing.pop("not_asked", None)
    prefix = f"{response_set.label}: "
    labels = [variable.label.removeprefix(prefix) for variable in members]
    labels += missing.values()
    missing_bits = {kind: bit for bit, kind in enumerate(missing, len(members))}
    no_bits = "0" * len(labels)

    def format_cells(cells: Sequence[Cell]) -> str:
        kinds = [cell.kind for cell in cells if isinstance(cell, Missing)]
        has_answer = len(kinds) < len(cells)
        if has_answer:
            flags = "".join("1" if cell == 1 else "0" for cell in cells)
            return flags + no_bits[len(cells) :]

        bit = missing_bits.get(kinds[0])
        if bit is None:
            return ""
        return no_bits[:bit] + "1" + no_bits[bit + 1 :]

    return TripleSField(
        name=response_set.name,
        label=response_set.label,
        variable=members[0],
        kind="multiple",
        positions=positions,
        values=tuple(enumerate(labels, 1)),
        format_cells=format_cells,
        filter_name=filter_name,
    )


def _build_field(
    variable: Variable, position: int, filter_name: str, *, weight: bool
) -> TripleSField:
    """Build the field of one column."""
    missing = {}
    if variable.role != "admin" and not weight:
        missing = list_missing_codes(variable)
    # Not asked is an empty field.
    missing.pop("not_asked", None)
    missing_texts = {kind: str(code) for kind, (code, _) in missing.items()}
    values: dict[Code, str] = {**variable.labels, **dict(missing.values())}
    has_codes = bool(variable.labels) and variable.measure != "scale"

    def format_cells(cells: Sequence[Cell]) -> str:
        [cell] = cells
        match cell:
            case Missing():
                return missing_texts.get(cell.kind, "")
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
        kind="single" if has_codes else TYPE_BY_STORAGE[variable.storage],
        positions=(position,),
        values=tuple(values.items()),
        format_cells=format_cells,
        filter_name=filter_name,
    )
