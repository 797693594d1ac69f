"""Text formats: comma- and tab-separated values, JSON Lines, and statistics of the fields that were written.

No cell of a CSV or TSV file can run in a spreadsheet. In JSON Lines, each row is an object in the order of the columns:
numbers and codes are numbers, texts are texts, a date is `"2000-02-29"`, a time `"09:05"`. What was not asked is null;
any other missing value is `{"missing": "dk"}`, its kind by name.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from itertools import groupby, islice
from json.encoder import JSONEncoder
from operator import getitem
from pathlib import Path
from typing import Any, Final, TextIO

from survey_cli.exports.conventions import WriteOptions, WriteResult, list_missing_codes
from survey_cli.table.table import Table, encode_missing, make_cell_reader, split_row
from survey_cli.values import Cell, Missing, Variable

FORMULA_START: Final = re.compile(
    "'*[=+\\-@\t\r\n＝＋－＠]"
)  # the wide ones run in some languages' Excel
"""The beginning of a text that can run as a formula, or that looks like an escaped one."""
LINE_END: Final = "\r\n"
BATCH_SIZE: Final = 200
"""Lines written or read at a time."""
CACHE_SIZE: Final = 2_000
"""Maximum number of texts cached for columns of one kind."""
MAX_CACHED_LENGTH: Final = 40
"""Length from which a text is not cached, as it is unlikely to occur again."""
MAX_FIELD_SIZE: Final = 2**30
"""Maximum length of a field in characters: more than any answer has."""
CODES_ONLY: Final = re.compile(r"[0-9,\n-]*")
UNSAFE_START: Final = re.compile(r'"[^A-Za-z0-9",\n]')
"""The beginning of a stored text that may run as a formula or must be in quotes."""
PLAIN_TEXT: Final = re.compile(r'"[A-Za-z0-9][^"\\,\t\r\n]*"')
"""A stored text that can be written unchanged."""
_ENCODER: Final = JSONEncoder(ensure_ascii=False)


class FieldCache(dict[Any, str]):
    """A cache of written fields by the stored text of a cell, or those of several cells; long texts are not kept."""

    def __init__(self, format_field: Callable[[Any], str]) -> None:
        self._format_field = format_field

    def __missing__(self, key: Any) -> str:
        field = self._format_field(key)
        if len(self) < CACHE_SIZE and len(key) < MAX_CACHED_LENGTH:
            self[key] = field
        return field


def _write_lines(lines: Iterator[str], to: TextIO) -> WriteResult:
    rows = 0
    while batch := list(islice(lines, BATCH_SIZE)):
        to.write("".join(batch))
        rows += len(batch)
    return WriteResult(rows)


# ── CSV and TSV ──


def write_csv(table: Table, to: TextIO, options: WriteOptions, delimiter: str = ",") -> WriteResult:
    """Write a header and one line per row."""
    quote = _make_quoter(delimiter)
    header = [quote(v.name if options.raw else escape_formula(v.name)) for v in table.variables]
    to.write(("\ufeff" if options.bom else "") + delimiter.join(header) + LINE_END)
    rows = 0
    for lines in _iterate_batches(table, options, quote, delimiter):
        if len(header) == 1:
            lines = [line or '""' for line in lines]
        to.write(LINE_END.join([*lines, ""]))
        rows += len(lines)
    return WriteResult(rows)


write_tsv: Final = partial(write_csv, delimiter="\t")


def _iterate_batches(
    table: Table, options: WriteOptions, quote: Callable[[str], str], delimiter: str
) -> Iterator[list[str]]:
    """Yield the lines of stored rows in batches.

    Most cells of most surveys are codes, stored as they are written: the longest run of them is copied whole, and so
    are plain texts before it, in all rows of a batch. Other cells are looked up by their stored texts.
    """
    columns = _build_columns(table, options, quote)
    first, last, codes = _find_integer_run(table, options)
    width, after = len(columns), len(columns) - last
    before, behind = columns[:first], columns[last:]
    commas = last - first - 1  # −1 if there is no such run: no row has so few
    simple = (
        delimiter == ","
        and after == 0
        and all(
            v.storage in ("integer", "text") and not (options.labels and v.labels)
            for v in table.variables[:first]
        )
    )

    def format_row(row: str) -> str:
        texts = row[1:-1].split(",", first)
        numbers, *rest = texts.pop().rsplit(",", after)
        if numbers.count(",") == commas and len(texts) == first and len(rest) == after:
            numbers = _insert_missing_codes(numbers, codes)
            if CODES_ONLY.fullmatch(numbers):
                numbers = numbers if delimiter == "," else numbers.replace(",", delimiter)
                return delimiter.join(
                    [*map(getitem, before, texts), numbers, *map(getitem, behind, rest)]
                )
        return delimiter.join(map(getitem, columns, split_row(row, width)))

    rows = table.iterate_stored()
    while batch := list(islice(rows, BATCH_SIZE)):
        lines = _copy_rows(batch, first - 1, commas, codes) if simple else None
        yield lines or list(map(format_row, batch))


def _copy_rows(
    rows: Sequence[str], text_commas: int, code_commas: int, codes: Sequence[tuple[str, str]]
) -> list[str] | None:
    """Return the lines of rows of plain texts with codes behind them; None where a row has another cell."""
    ends = [row.rfind('",') + 1 for row in rows]
    words = [row[1:end] for row, end in zip(rows, ends, strict=True)]
    numbers = [row[end + 1 : -1] for row, end in zip(rows, ends, strict=True)]
    if {text.count(",") for text in words} != {text_commas} or {
        text.count(",") for text in numbers
    } != {code_commas}:
        return None
    text, run = "\n".join(words), _insert_missing_codes("\n".join(numbers), codes)
    if (
        text.count("\n") != len(rows) - 1
        or run.count("\n") != len(rows) - 1
        or not CODES_ONLY.fullmatch(run)
        or ("\\" in text or "{" in text or "null" in text or UNSAFE_START.search(text))
    ):
        return None
    return list(map(",".join, zip(text.replace('"', "").split("\n"), run.split("\n"), strict=True)))


def _insert_missing_codes(numbers: str, codes: Sequence[tuple[str, str]]) -> str:
    """Return stored numbers with codes instead of null and {"missing": …}."""
    if "n" in numbers:
        for text, code in codes:
            if text in numbers:
                numbers = numbers.replace(text, code)
    return numbers


def _build_columns(
    table: Table, options: WriteOptions, quote: Callable[[str], str]
) -> list[FieldCache]:
    """Return the cache of each column; columns of one kind share it."""
    kinds: dict[object, FieldCache] = {}
    columns = []
    for v in table.variables:
        labels = tuple(v.labels.items()) if options.labels else bool(v.labels)
        kind = v.storage, labels, tuple(v.declines.items())
        if kind not in kinds:
            kinds[kind] = FieldCache(_make_field_formatter(v, options, quote))
        columns.append(kinds[kind])
    return columns


def _make_field_formatter(
    variable: Variable, options: WriteOptions, quote: Callable[[str], str]
) -> Callable[[str], str]:
    """Make a function that returns the field of a stored text."""
    read, format_cell = make_cell_reader(variable.storage), _make_formatter(variable, options)
    is_text = variable.storage == "text" and not (options.labels and variable.labels)

    def format_field(text: str) -> str:
        return (
            text[1:-1] if is_text and PLAIN_TEXT.fullmatch(text) else quote(format_cell(read(text)))
        )

    return format_field


def _find_integer_run(
    table: Table, options: WriteOptions
) -> tuple[int, int, tuple[tuple[str, str], ...]]:
    """Return the ends of the longest run of integer columns that are written as stored, and their missing codes.

    All its columns have the same: how each missing value is stored, and how it is written.
    """

    def list_codes(at: int) -> tuple[tuple[str, str], ...] | None:
        v = table.variables[at]
        if v.storage != "integer" or (options.labels and (v.labels or v.declines)):
            return None
        return tuple(
            (encode_missing(kind), str(code)) for kind, (code, _) in list_missing_codes(v).items()
        )

    longest: tuple[int, int, tuple[tuple[str, str], ...]] = (0, 0, ())
    for codes, positions in groupby(range(len(table.variables)), list_codes):
        first, *others = positions
        if codes is not None and len(others) + 1 > longest[1] - longest[0]:
            longest = first, first + len(others) + 1, codes
    return longest


def _make_quoter(delimiter: str) -> Callable[[str], str]:
    """Make a function that puts a field in quotes where necessary."""
    needs_quotes = re.compile(f'[{delimiter}"\r\n]').search
    return lambda text: '"' + text.replace('"', '""') + '"' if needs_quotes(text) else text


def escape_formula(text: str) -> str:
    """Escape a text that a spreadsheet would run, by an apostrophe before it; removing one restores it."""
    return "'" + text if FORMULA_START.match(text) else text


def _make_formatter(variable: Variable, options: WriteOptions) -> Callable[[Cell], str]:
    """Make a function that formats the cells of one column."""
    labels = variable.labels if options.labels else {}
    escape = str if options.raw else escape_formula
    codes = list_missing_codes(variable)  # none in columns whose companion column says why
    missing = {
        kind: escape(text) if options.labels else str(code) for kind, (code, text) in codes.items()
    }

    def format_cell(cell: Cell) -> str:
        match cell:
            case Missing():
                return missing.get(cell.kind, escape(cell.kind) if codes and options.labels else "")
            case int() | str() if cell in labels:
                return escape(labels[cell])
            case int():
                return str(cell)
            case float():
                return format(cell, ".15g")  # all digits typed, without rounding errors
            case time():
                return cell.strftime("%H:%M")
            case date():
                return cell.isoformat()
            case _:
                return escape(str(cell))

    return format_cell


# ── JSON Lines ──


def write_jsonl(table: Table, to: TextIO, options: WriteOptions) -> WriteResult:
    """Write one line per row."""
    names = [_ENCODER.encode(v.name) + ": " for v in table.variables]
    caches = [
        (at, FieldCache(_make_json_formatter(v, options)))
        for at, v in enumerate(table.variables)
        if v.storage == "time" or (options.labels and v.labels)
    ]

    def iterate_lines() -> Iterator[str]:
        for texts in table.iterate_texts():
            for at, cache in caches:
                texts[at] = cache[texts[at]]
            yield "{" + ", ".join(map(str.__add__, names, texts)) + "}\n"

    return _write_lines(iterate_lines(), to)


def _make_json_formatter(variable: Variable, options: WriteOptions) -> Callable[[str], str]:
    """Make a function that formats the stored texts of a column with labels or times."""
    labels = variable.labels if options.labels else {}
    read = make_cell_reader(variable.storage)

    def format_text(text: str) -> str:
        match read(text):
            case int() | str() as cell if cell in labels:
                return _ENCODER.encode(labels[cell])
            case time() as cell:
                return f'"{cell:%H:%M}"'
            case _:
                return text

    return format_text


# ── statistics ──


@dataclass(slots=True)
class ColumnStatistics:
    """Statistics of one column of a CSV file."""

    characters: int = 0
    """Length of the longest field."""
    bytes: int = 0
    """Length of the longest field in bytes of UTF-8; 0 for numbers."""
    minimum: float | None = None
    """Smallest number that is not a missing code; None if there is none."""
    maximum: float | None = None
    """Largest number that is not a missing code."""
    marked: int = 0
    """Number of fields among the marked ones."""
    decimals: int = 0
    """Maximum number of decimals."""

    def add_numbers(self, fields: set[str]) -> None:
        """Add fields that are numbers."""
        if fields:
            values = [float(field) for field in fields]
            self.minimum = min(values) if self.minimum is None else min(self.minimum, *values)
            self.maximum = max(values) if self.maximum is None else max(self.maximum, *values)
            self.decimals = max(self.decimals, *(len(field.partition(".")[2]) for field in fields))


def read_statistics(
    file: Path,
    are_numbers: Sequence[bool],
    codes: Sequence[frozenset[str]],
    marked: Sequence[frozenset[str]] = (),
) -> list[ColumnStatistics]:
    """Return the statistics of each column of a CSV file that was just written, in one pass and little memory.

    `are_numbers` says which columns are numbers; `codes` holds the fields of each column that are missing codes,
    `marked` the fields that are counted.
    """
    statistics = [ColumnStatistics() for _ in codes]
    marks = marked or (frozenset[str](),) * len(codes)
    csv.field_size_limit(MAX_FIELD_SIZE)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        while batch := list(islice(reader, BATCH_SIZE)):
            columns = zip(
                zip(*batch, strict=True), statistics, are_numbers, codes, marks, strict=True
            )
            for fields, column, is_number, missing, mark in columns:
                distinct = set(fields)
                column.characters = max(column.characters, *map(len, distinct), 0)
                if not mark.isdisjoint(distinct):
                    column.marked += sum(field in mark for field in fields)
                if is_number:
                    column.add_numbers(distinct - missing - {""})
                else:
                    column.bytes = max(
                        column.bytes, *(len(field.encode()) for field in distinct), 0
                    )
    return statistics
