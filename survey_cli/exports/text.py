"""Text formats: comma- and tab-separated values, JSON Lines, and statistics of written fields.

No cell of a CSV or TSV file can run in a spreadsheet. In JSON Lines, each row is an object in the
order of the columns: numbers and codes are numbers, texts are texts, a date is `"2000-02-29"`, a
time `"09:05"`. What was not asked is null; any other missing value is `{"missing": "dk"}`, its kind
by name.
"""

import csv
import re
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from itertools import groupby, islice
from json.encoder import JSONEncoder
from operator import getitem
from pathlib import Path
from typing import Final, NamedTuple, TextIO, TypeAlias, TypeVar

from survey_cli.exports.conventions import WriteOptions, WriteResult, list_missing_codes
from survey_cli.table.table import Table, encode_missing, make_cell_reader, split_row
from survey_cli.values import Cell, Missing, Variable, format_clock_time

K = TypeVar("K", bound=Sized)

# The wide signs run too, in the Excel of some languages.
FORMULA_START: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
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


class FieldCache(dict[K, str]):
    """Written fields by the stored text of their cell, or by those of their cells.

    Long texts are not kept.
    """

    def __init__(self, format_field: Callable[[K], str]) -> None:
        self._format_field = format_field

    def __missing__(self, key: K) -> str:
        field = self._format_field(key)
        if len(self) < CACHE_SIZE and len(key) < MAX_CACHED_LENGTH:
            self[key] = field
        return field


# ── CSV and TSV ──


def write_csv(table: Table, to: TextIO, options: WriteOptions, delimiter: str = ",") -> WriteResult:
    """Write a header and one line per row."""
    quote = _make_quoter(delimiter)
    escape = str if options.raw else escape_formula
    header = delimiter.join([quote(escape(variable.name)) for variable in table.variables])
    if options.bom:
        to.write("\ufeff")
    to.write(header + LINE_END)

    format_batch = _make_batch_formatter(table, options, quote, delimiter)
    has_one_column = len(table.variables) == 1
    rows = table.iterate_stored()
    count = 0
    while batch := list(islice(rows, BATCH_SIZE)):
        lines = format_batch(batch)
        if has_one_column:
            # Readers skip an empty line, so an empty field is written as "".
            lines = [line or '""' for line in lines]
        to.write(LINE_END.join([*lines, ""]))
        count += len(lines)
    return WriteResult(count)


write_tsv: Final = partial(write_csv, delimiter="\t")

MissingTexts: TypeAlias = tuple[tuple[str, str], ...]
"""How each missing value of a column is stored, and how it is written."""


class _CodeRun(NamedTuple):
    """Neighboring columns whose numbers are written as they are stored."""

    start: int = 0
    end: int = 0
    """The position after the last column."""
    missing: MissingTexts = ()
    """The missing values, which are the same in all its columns."""

    @property
    def width(self) -> int:
        return self.end - self.start


def _make_batch_formatter(
    table: Table, options: WriteOptions, quote: Callable[[str], str], delimiter: str
) -> Callable[[Sequence[str]], list[str]]:
    """Make a function that returns the lines of stored rows.

    Most cells of most surveys are codes, which are stored as they are written. The longest run of
    them is copied whole, and so are plain texts before it, in all rows of a batch. Other cells are
    looked up by their stored texts.
    """
    run = _find_code_run(table, options)
    format_row = _make_row_formatter(_build_columns(table, options, quote), run, delimiter)
    ends_with_codes = run.end == len(table.variables)
    has_texts_before = all(
        variable.storage in ("integer", "text") and not (options.labels and variable.labels)
        for variable in table.variables[: run.start]
    )
    may_copy = delimiter == "," and ends_with_codes and has_texts_before

    def format_batch(rows: Sequence[str]) -> list[str]:
        if may_copy:
            lines = _copy_rows(rows, run)
            if lines is not None:
                return lines
        return [format_row(row) for row in rows]

    return format_batch


def _make_row_formatter(
    columns: Sequence[FieldCache[str]], run: _CodeRun, delimiter: str
) -> Callable[[str], str]:
    """Make a function that returns the line of a stored row."""
    width = len(columns)
    before = columns[: run.start]
    behind = columns[run.end :]
    # Without a run it is −1, which no row has.
    commas_in_run = run.width - 1

    def format_row(row: str) -> str:
        texts = row[1:-1].split(",", len(before))
        run_text, *texts_behind = texts.pop().rsplit(",", len(behind))
        # If a text contains a comma, the row isn't split where its cells end.
        is_split = (
            run_text.count(",") == commas_in_run
            and len(texts) == len(before)
            and len(texts_behind) == len(behind)
        )
        if is_split:
            run_text = _insert_missing_codes(run_text, run.missing)
            if CODES_ONLY.fullmatch(run_text):
                if delimiter != ",":
                    run_text = run_text.replace(",", delimiter)
                fields_before = map(getitem, before, texts)
                fields_behind = map(getitem, behind, texts_behind)
                return delimiter.join([*fields_before, run_text, *fields_behind])
        return delimiter.join(map(getitem, columns, split_row(row, width)))

    return format_row


def _copy_rows(rows: Sequence[str], run: _CodeRun) -> list[str] | None:
    """Return the lines of rows of plain texts with codes behind them.

    None if a row has another cell.
    """
    texts = []
    codes = []
    for row in rows:
        # The last text ends at the last quote before a comma.
        end = row.rfind('",') + 1
        texts.append(row[1:end])
        codes.append(row[end + 1 : -1])

    # A text with a comma makes the number of commas differ.
    commas_in_texts = {text.count(",") for text in texts}
    commas_in_codes = {text.count(",") for text in codes}
    if commas_in_texts != {run.start - 1} or commas_in_codes != {run.width - 1}:
        return None

    # All rows are looked at together, which takes half the time if rows are short.
    text_lines = "\n".join(texts)
    code_lines = _insert_missing_codes("\n".join(codes), run.missing)
    line_ends = len(rows) - 1
    if text_lines.count("\n") != line_ends or code_lines.count("\n") != line_ends:
        return None
    if not CODES_ONLY.fullmatch(code_lines):
        return None
    has_missing = "{" in text_lines or "null" in text_lines
    if has_missing or "\\" in text_lines or UNSAFE_START.search(text_lines):
        return None

    # Only the quotes around texts are left: those in a text have a backslash.
    text_lines = text_lines.replace('"', "")
    pairs = zip(text_lines.split("\n"), code_lines.split("\n"), strict=True)
    return list(map(",".join, pairs))


def _insert_missing_codes(numbers: str, missing: MissingTexts) -> str:
    """Return stored numbers with codes instead of null and {"missing": …}."""
    # Both contain an n, and no number does.
    if "n" in numbers:
        for text, code in missing:
            if text in numbers:
                numbers = numbers.replace(text, code)
    return numbers


def _build_columns(
    table: Table, options: WriteOptions, quote: Callable[[str], str]
) -> list[FieldCache[str]]:
    """Return the cache of each column; columns of one kind share it."""
    caches: dict[object, FieldCache[str]] = {}
    columns = []
    for variable in table.variables:
        labels: object = bool(variable.labels)
        if options.labels:
            labels = tuple(variable.labels.items())
        kind = (variable.storage, labels, tuple(variable.declines.items()))
        if kind not in caches:
            caches[kind] = FieldCache(_make_field_formatter(variable, options, quote))
        columns.append(caches[kind])
    return columns


def _make_field_formatter(
    variable: Variable, options: WriteOptions, quote: Callable[[str], str]
) -> Callable[[str], str]:
    """Make a function that returns the field of a stored text."""
    read = make_cell_reader(variable.storage)
    format_cell = _make_formatter(variable, options)
    has_labels = bool(options.labels and variable.labels)
    is_text = variable.storage == "text" and not has_labels

    def format_field(text: str) -> str:
        if is_text and PLAIN_TEXT.fullmatch(text):
            return text[1:-1]
        return quote(format_cell(read(text)))

    return format_field


def _find_code_run(table: Table, options: WriteOptions) -> _CodeRun:
    """Return the longest run of integer columns that are written as they are stored.

    Its columns have the same missing values. The first of several runs of the same length counts.
    """

    def list_missing_texts(position: int) -> MissingTexts | None:
        variable = table.variables[position]
        has_labels = options.labels and (variable.labels or variable.declines)
        if variable.storage != "integer" or has_labels:
            return None
        codes = list_missing_codes(variable).items()
        return tuple((encode_missing(kind), str(code)) for kind, (code, _) in codes)

    longest = _CodeRun()
    for missing, group in groupby(range(len(table.variables)), list_missing_texts):
        positions = list(group)
        if missing is not None and len(positions) > longest.width:
            longest = _CodeRun(positions[0], positions[-1] + 1, missing)
    return longest


def _make_quoter(delimiter: str) -> Callable[[str], str]:
    """Make a function that puts a field in quotes if necessary."""
    needs_quotes = re.compile(f'[{delimiter}"\r\n]').search

    def quote(text: str) -> str:
        if needs_quotes(text):
            return '"' + text.replace('"', '""') + '"'
        return text

    return quote


def escape_formula(text: str) -> str:
    """Escape a text that a spreadsheet would run, by an apostrophe; removing one restores it."""
    return "'" + text if FORMULA_START.match(text) else text


def _make_formatter(variable: Variable, options: WriteOptions) -> Callable[[Cell], str]:
    """Make a function that formats the cells of one column."""
    labels = variable.labels if options.labels else {}
    escape = str if options.raw else escape_formula
    # A column whose companion column says why a value is missing has no codes.
    codes = list_missing_codes(variable)
    missing = {}
    for kind, (code, label) in codes.items():
        missing[kind] = escape(label) if options.labels else str(code)

    def format_missing(kind: str) -> str:
        if kind in missing:
            return missing[kind]
        # A kind without a label: its name is all there is to write.
        return escape(kind) if codes and options.labels else ""

    def format_cell(cell: Cell) -> str:
        match cell:
            case Missing():
                return format_missing(cell.kind)
            case int() | str() if cell in labels:
                return escape(labels[cell])
            case int():
                return str(cell)
            case float():
                # All digits that were typed, without rounding errors.
                return format(cell, ".15g")
            case time():
                return format_clock_time(cell)
            case date():
                return cell.isoformat()
            case _:
                return escape(str(cell))

    return format_cell


# ── JSON Lines ──


def write_jsonl(table: Table, to: TextIO, options: WriteOptions) -> WriteResult:
    """Write one line per row."""
    names = [_ENCODER.encode(variable.name) + ": " for variable in table.variables]
    # Only times and labels are written otherwise than they are stored.
    caches = []
    for position, variable in enumerate(table.variables):
        has_labels = bool(options.labels and variable.labels)
        if variable.storage == "time" or has_labels:
            caches.append((position, FieldCache(_make_json_formatter(variable, options))))

    def iterate_lines() -> Iterator[str]:
        for texts in table.iterate_texts():
            for position, cache in caches:
                texts[position] = cache[texts[position]]
            members = [name + text for name, text in zip(names, texts, strict=True)]
            yield "{" + ", ".join(members) + "}\n"

    lines = iterate_lines()
    count = 0
    while batch := list(islice(lines, BATCH_SIZE)):
        to.write("".join(batch))
        count += len(batch)
    return WriteResult(count)


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
    """Smallest number that is not a missing code; None without any numbers."""
    maximum: float | None = None
    """Largest number that is not a missing code."""
    marked: int = 0
    """Number of fields among the marked ones."""
    decimals: int = 0
    """Maximum number of decimals."""

    def add_numbers(self, fields: set[str]) -> None:
        """Add fields that are numbers."""
        if not fields:
            return

        values = [float(field) for field in fields]
        minimum = min(values)
        maximum = max(values)
        if self.minimum is None or minimum < self.minimum:
            self.minimum = minimum
        if self.maximum is None or maximum > self.maximum:
            self.maximum = maximum
        for field in fields:
            _, _, decimals = field.partition(".")
            self.decimals = max(self.decimals, len(decimals))

    def add_texts(self, fields: set[str]) -> None:
        """Add fields that are texts."""
        for field in fields:
            self.bytes = max(self.bytes, len(field.encode()))


def read_statistics(
    file: Path,
    are_numbers: Sequence[bool],
    codes: Sequence[frozenset[str]],
    marked: Sequence[frozenset[str]] = (),
) -> list[ColumnStatistics]:
    """Return the statistics of the columns of a CSV file that was just written.

    It is read in one pass and little memory. `are_numbers` says which columns are numbers; `codes`
    holds the fields of each column that are missing codes, `marked` the fields that are counted.
    """
    statistics = [ColumnStatistics() for _ in codes]
    csv.field_size_limit(MAX_FIELD_SIZE)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        while batch := list(islice(reader, BATCH_SIZE)):
            for position, fields in enumerate(zip(*batch, strict=True)):
                column = statistics[position]
                distinct = set(fields)
                column.characters = max(column.characters, *map(len, distinct))
                if marked and not marked[position].isdisjoint(distinct):
                    column.marked += sum(field in marked[position] for field in fields)
                if are_numbers[position]:
                    column.add_numbers(distinct - codes[position] - {""})
                else:
                    column.add_texts(distinct)
    return statistics
