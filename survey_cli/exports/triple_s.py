"""Triple-S 2.0 and 3.0: an XML definition, and the data beside it as CSV or in fixed columns.

The first line of the CSV holds names and is to be skipped. A question with several answers is one `multiple`, with a
bit per option in the written order; its missing values are further bits. Codes are kept: where one is a text or
negative, the variable is a `single` with literal codes. Not asked is an empty field, and a logical variable before
it, its filter, is 0; every other missing value is a labeled code; dates, times and texts are empty, and their
companion column says why. Positions of fixed columns count UTF-8 characters, not bytes.

The elements are those of version 2.0 (Triple-S XML, revision 2.0.002, September 2011), as other programs describe and
read them: STATS GET TRIPLES of SPSS, UNICOM Intelligence, and the reader triple-s-survey, which accepts them under
3.0 too.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from itertools import accumulate, islice
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

from survey_cli.exports.conventions import (
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
FIXED_WIDTHS: Final = {"logical": 1, "date": 8, "time": 6}
"""Number of characters of the types whose fields all have the same length."""
TYPE_BY_STORAGE: Final[Mapping[Storage, TripleSType]] = {
    **dict.fromkeys(("integer", "decimal"), "quantity"), "text": "character", "date": "date", "time": "time"
}  # fmt: skip
CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Characters that would end a line of fixed columns or are invisible; each is replaced by a space."""


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
        return self.kind == "single" and any(
            isinstance(code, str) or code < 0 for code, _ in self.values
        )


def write_triple_s(
    table: Table,
    to: Path,
    data: Path,
    data_name: str,
    *,
    version: Literal["2.0", "3.0"] = "2.0",
    fixed: bool = False,
) -> WriteResult:
    """Write the definition to `to` and the data to `data`, with `fixed` in fixed columns; the notes are the losses.

    The definition refers to the data file as `data_name`.
    """
    study = table.study
    fields = _build_fields(table.variables, study.universes, study.weight)
    notes = tuple(f"{item}: {note}" for item, note in iterate_lost_codes(table.variables))
    with TemporaryDirectory(dir=data.parent) as folder:
        csv_file = Path(folder, "fields.csv") if fixed else data
        rows = _write_fields(table, fields, csv_file)
        codes = tuple(frozenset(str(code) for code, _ in field.values) for field in fields)
        statistics = read_statistics(
            csv_file, [field.kind == "quantity" for field in fields], codes
        )
        widths = (
            [_compute_width(*pair) for pair in zip(fields, statistics, strict=True)]
            if fixed
            else []
        )
        if fixed:
            notes += _write_columns(fields, widths, csv_file, data)
    starts = [*accumulate(widths, initial=1)] if fixed else range(1, len(fields) + 1)
    positions = [(start, start + width - 1) for start, width in zip(starts, widths, strict=False)]
    title = " ".join(filter(None, (study.title, study.version and f"(version {study.version})")))
    with to.open("w", encoding="utf-8", newline="\n") as file:
        write_template(
            file,
            "triple_s.xml.jinja",
            study=study,
            title=title,
            data_name=data_name,
            version=version,
            fixed=fixed,
            fields=list(
                zip(fields, statistics, positions or ((start, "") for start in starts), strict=True)
            ),
            format_bounds=_format_bounds,
        )
    return WriteResult(rows, notes)


def iterate_lost_codes(variables: Sequence[Variable]) -> Iterator[tuple[str, str]]:
    """Yield each question with several answers whose codes Triple-S cannot keep, and a note."""
    codes: dict[str, dict[Code, None]] = {}
    for variable in variables:
        if variable.option is not None and variable.role == "answer":
            codes.setdefault(variable.item, {})[variable.option] = None
    for item, options in codes.items():
        if list(options) != list(range(1, len(options) + 1)):
            lost = join_first(options)
            yield (
                item,
                f"Triple-S numbers the options of a multiple from 1: the file lacks the codes {lost}",
            )


def _write_fields(table: Table, fields: Sequence[TripleSField], data: Path) -> int:
    """Write comma-separated values with a line of names; return the number of rows."""
    readers = [make_cell_reader(variable.storage) for variable in table.variables]

    def format_texts(field: TripleSField, key: str | tuple[str, ...]) -> str:
        """Return the text of a field for the stored texts of its columns."""
        texts = (key,) if isinstance(key, str) else key
        return field.format_cells(
            [readers[at](text) for at, text in zip(field.positions, texts, strict=True)]
        )

    columns = [
        (itemgetter(*field.positions), FieldCache(partial(format_texts, field))) for field in fields
    ]
    lines = (
        [cache[get_key(texts)] for get_key, cache in columns] for texts in table.iterate_texts()
    )
    rows = 0
    with data.open("w", encoding="utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([field.name for field in fields])
        while batch := list(islice(lines, BATCH_SIZE)):
            writer.writerows(batch)
            rows += len(batch)
    return rows


def _write_columns(
    fields: Sequence[TripleSField], widths: Sequence[int], csv_file: Path, data: Path
) -> tuple[str, ...]:
    """Convert comma-separated values to fixed columns; return notes on what was lost.

    Numbers are right-aligned, everything else is left-aligned.
    """
    texts = [
        (at, field.name)
        for at, field in enumerate(fields)
        if field.kind == "character" or field.is_literal
    ]
    aligners = [str.rjust] * len(fields)
    for at, _ in texts:
        aligners[at] = str.ljust
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
            for at, name in texts:
                if CONTROL_CHARACTERS.search(row[at]):
                    with_line_ends[name] = None
                    row[at] = CONTROL_CHARACTERS.sub(" ", row[at])
                if not row[at].isascii():
                    not_ascii[name] = None
            file.write(
                "".join(
                    align(text, width)
                    for align, text, width in zip(aligners, row, widths, strict=True)
                )
            )
            file.write("\r\n")
    notes = (
        (with_line_ends, "line ends are replaced by spaces, because fixed columns need one line per row"),
        (not_ascii, "some characters take more than one byte of UTF-8, and positions count characters; a program that "
                    "counts bytes misreads such lines: give it comma-separated values"),
    )  # fmt: skip
    return tuple(f"{join_first(names)}: {note}" for names, note in notes if names)


def _build_fields(
    variables: Sequence[Variable], universes: Mapping[str, str], weight: str
) -> list[TripleSField]:
    """Build the fields in the order of the columns.

    A question with several answers stands at its first column, and a filter before the first field that it applies to.
    """
    positions = {variable.name: position for position, variable in enumerate(variables)}
    sets = {response_set.names[0]: response_set for response_set in find_response_sets(variables)}
    later_members = {name for response_set in sets.values() for name in response_set.names[1:]}
    used_names = {
        name.casefold()
        for name in (*positions, *(response_set.name for response_set in sets.values()))
    }
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
                turn, version = (
                    "" if variable.turn is None else f"_{variable.turn}",
                    asked[2] and f"__v{asked[2]}",
                )
                filters[asked] = make_free_name(f"{variable.item}_asked{turn}{version}", used_names)
                fields.append(TripleSField(
                    name=filters[asked], label=universes[variable.item], variable=variable, kind="logical",
                    positions=(positions[variable.name],), format_cells=lambda cells: str(int(cells[0] != NOT_ASKED)),
                ))  # fmt: skip
            filter_name = filters[asked]
        if (response_set := sets.get(variable.name)) is not None:
            columns = tuple(positions[name] for name in response_set.names)
            members = [variables[position] for position in columns]
            fields.append(
                _build_multiple(
                    response_set.name, response_set.label, members, columns, filter_name
                )
            )
        else:
            is_weight = variable.name == weight
            fields.append(
                _build_field(variable, positions[variable.name], filter_name, weight=is_weight)
            )
    return fields


def _build_multiple(
    name: str, label: str, members: Sequence[Variable], positions: tuple[int, ...], filter_name: str
) -> TripleSField:
    missing = {
        kind: text
        for kind, (_, text) in list_missing_codes(members[0]).items()
        if kind != "not_asked"
    }
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


def _build_field(
    variable: Variable, position: int, filter_name: str, *, weight: bool
) -> TripleSField:
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


def _compute_width(field: TripleSField, column: ColumnStatistics) -> int:
    """Return the width of a field in fixed columns: the characters of its longest value, code or bound."""
    if field.kind == "multiple":
        return len(field.values)
    bounds = _format_bounds(column) if field.kind == "quantity" else ()
    return FIXED_WIDTHS.get(
        field.kind,
        max(1, column.characters, *(len(str(code)) for code, _ in field.values), *map(len, bounds)),
    )


def _format_bounds(column: ColumnStatistics) -> tuple[str, str]:
    low, high = (
        format(n or 0, f".{min(column.decimals, 15)}f") for n in (column.minimum, column.maximum)
    )
    return low, high
