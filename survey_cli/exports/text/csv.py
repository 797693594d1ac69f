"""Comma- and tab-separated values, written so that no cell can run in a spreadsheet."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time
from operator import getitem
from typing import Final, TextIO

from survey_cli.exports.missing_codes import RESERVED_CODES, RESERVED_LABELS
from survey_cli.exports.options import WriteOptions
from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, make_cell_reader, split_row
from survey_cli.table.table import Table
from survey_cli.values import Cell, Missing, Variable

FORMULA_START: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")  # the wide ones run in some languages' Excel
"""The beginning of a text that can run as a formula, or that looks like an escaped one."""
LINE_END: Final = "\r\n"
BATCH_SIZE: Final = 200
"""Lines written at a time."""
CACHE_SIZE: Final = 2_000
"""Maximum number of texts cached for columns of one kind."""
MAX_CACHED_LENGTH: Final = 40
"""Length from which a text is not cached, as it is unlikely to occur again."""
CODES_ONLY: Final = re.compile(r"[0-9,-]*")
UNSAFE_START: Final = re.compile(r'"[^A-Za-z0-9",]')
"""The beginning of a stored text that may run as a formula or must be in quotes."""
PLAIN_TEXT: Final = re.compile(r'"[A-Za-z0-9][^"\\,\t\r\n]*"')
"""A stored text that can be written unchanged."""


def write_csv(table: Table, to: TextIO, options: WriteOptions) -> int:
    """Write a header and one line per row; return the number of rows."""
    return _write(table, to, options, ",")


def write_tsv(table: Table, to: TextIO, options: WriteOptions) -> int:
    """Write the same with tabs; return the number of rows."""
    return _write(table, to, options, "\t")


def _write(table: Table, to: TextIO, options: WriteOptions, delimiter: str) -> int:
    quote = _make_quoter(delimiter)
    header = [quote(v.name if options.raw else escape_formula(v.name)) for v in table.variables]
    to.write(("\ufeff" if options.bom else "") + delimiter.join(header) + LINE_END)
    single_column = len(header) == 1
    rows, batch = 0, []
    for line in _iterate_lines(table, options, quote, delimiter):
        rows += 1
        batch.append('""' if single_column and not line else line)
        if len(batch) == BATCH_SIZE:
            to.write(LINE_END.join([*batch, ""]))
            batch = []
    if batch:
        to.write(LINE_END.join([*batch, ""]))
    return rows


def _iterate_lines(table: Table, options: WriteOptions, quote: Callable[[str], str], delimiter: str) -> Iterator[str]:
    if table.encoded_rows is not None:
        yield from _iterate_stored_lines(table, table.encoded_rows, options, quote, delimiter)
        return
    formatters = [_make_formatter(variable, options) for variable in table.variables]
    for row in table.rows:
        yield delimiter.join([quote(format_cell(cell)) for format_cell, cell in zip(formatters, row, strict=True)])


def _iterate_stored_lines(
    table: Table, encoded_rows: Iterable[str], options: WriteOptions, quote: Callable[[str], str], delimiter: str
) -> Iterator[str]:
    """Yield lines from stored rows.

    Most cells of most surveys are codes, stored as they are written: the longest run of them is copied whole, and so
    are plain texts before it. Other cells are looked up by their stored texts.
    """
    columns = _build_columns(table, options, quote)
    first, last = _find_integer_run(table, options)
    width, after = len(columns), len(columns) - last
    before, behind = columns[:first], columns[last:]
    commas = last - first - 1  # −1 if there is no such run: no row has so few
    codes = _list_missing_texts(table.variables[first]) if commas >= 0 else ()
    simple = delimiter == "," and after == 0 and all(column.is_simple for column in before)
    for row in encoded_rows:
        if simple:
            end = row.rfind('",') + 1
            words, numbers = row[1:end], _insert_missing_codes(row[end + 1 : -1], codes)
            if (
                (words.count(","), numbers.count(",")) == (first - 1, commas)
                and CODES_ONLY.fullmatch(numbers)
                and not ("\\" in words or "{" in words or "null" in words or UNSAFE_START.search(words))
            ):
                yield words.replace('"', "") + "," + numbers
                continue
        texts = row[1:-1].split(",", first)
        numbers, *rest = texts.pop().rsplit(",", after)
        if numbers.count(",") == commas and len(texts) == first and len(rest) == after:
            numbers = _insert_missing_codes(numbers, codes)
            if CODES_ONLY.fullmatch(numbers):
                numbers = numbers if delimiter == "," else numbers.replace(",", delimiter)
                yield delimiter.join([*map(getitem, before, texts), numbers, *map(getitem, behind, rest)])
                continue
        yield delimiter.join(map(getitem, columns, split_row(row, width)))


def _insert_missing_codes(numbers: str, codes: tuple[tuple[str, str], ...]) -> str:
    """Return stored numbers with codes instead of null and {"missing": …}."""
    if "n" in numbers:
        for text, code in codes:
            if text in numbers:
                numbers = numbers.replace(text, code)
    return numbers


def _build_columns(table: Table, options: WriteOptions, quote: Callable[[str], str]) -> "list[_FieldCache]":
    """Return the cache of each column; columns of one kind share it."""
    kinds: dict[object, _FieldCache] = {}
    columns = []
    for variable in table.variables:
        kind = (
            variable.storage,
            tuple(variable.labels.items()) if options.labels else bool(variable.labels),
            tuple(variable.declines.items()),
        )
        if kind not in kinds:
            kinds[kind] = _FieldCache(variable, options, quote)
        columns.append(kinds[kind])
    return columns


def _find_integer_run(table: Table, options: WriteOptions) -> tuple[int, int]:
    """Return the ends of the longest run of integer columns that are written as stored, with the same missing codes."""
    best, start, coding = (0, 0), 0, None
    for at, variable in enumerate(table.variables):
        plain = variable.storage == "integer" and not (options.labels and (variable.labels or variable.declines))
        now = _list_missing_texts(variable) if plain else None
        if now is None or now != coding:
            start = at
        coding = now
        if now is not None and at + 1 - start > best[1] - best[0]:
            best = (start, at + 1)
    return best


def _list_missing_texts(variable: Variable) -> tuple[tuple[str, str], ...]:
    """Return how each missing value is stored and how it is written."""
    codes = RESERVED_CODES | {kind: code for kind, (code, _) in variable.declines.items()}
    stored = {kind: f'{{"missing":"{kind}"}}' for kind in codes} | {"not_asked": NOT_ASKED_TEXT}
    return tuple((stored[kind], str(code)) for kind, code in codes.items())


class _FieldCache(dict[str, str]):
    """A cache of written fields by stored text, for columns of one kind."""

    __slots__ = ("_format", "_is_text", "_quote", "_read", "is_simple")

    def __init__(self, variable: Variable, options: WriteOptions, quote: Callable[[str], str]) -> None:
        self._read = make_cell_reader(variable.storage)
        self._format = _make_formatter(variable, options)
        self._quote = quote
        self.is_simple = variable.storage in ("integer", "text") and not (options.labels and variable.labels)
        self._is_text = variable.storage == "text" and not (options.labels and variable.labels)

    def __missing__(self, text: str) -> str:
        plain = self._is_text and PLAIN_TEXT.fullmatch(text)
        field = text[1:-1] if plain else self._quote(self._format(self._read(text)))
        if len(self) < CACHE_SIZE and len(text) < MAX_CACHED_LENGTH:
            self[text] = field
        return field


def _make_quoter(delimiter: str) -> Callable[[str], str]:
    """Make a function that puts a field in quotes where necessary."""
    needs_quotes = re.compile(f'[{delimiter}"\r\n]').search

    def quote(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if needs_quotes(text) else text

    return quote


def escape_formula(text: str) -> str:
    """Escape a text that a spreadsheet would run, by an apostrophe before it; removing one restores it."""
    return "'" + text if FORMULA_START.match(text) else text


def _make_formatter(variable: Variable, options: WriteOptions) -> Callable[[Cell], str]:
    """Make a function that formats the cells of one column."""
    coded = variable.storage in ("integer", "decimal") or bool(variable.labels)
    codes = {kind: str(code) for kind, (code, _) in variable.declines.items()}
    decline_labels = {kind: text for kind, (_, text) in variable.declines.items()}
    labels = variable.labels if options.labels else {}
    escape = (lambda text: text) if options.raw else escape_formula

    def format_missing(kind: str) -> str:
        """Return nothing in columns without codes: their companion column says why."""
        if not coded:
            return ""
        if options.labels:
            return escape(decline_labels.get(kind) or RESERVED_LABELS.get(kind, kind))
        return codes.get(kind) or str(RESERVED_CODES.get(kind, ""))

    def format_cell(cell: Cell) -> str:
        if isinstance(cell, Missing):
            return format_missing(cell.kind)
        if labels and isinstance(cell, int | str) and cell in labels:
            return escape(labels[cell])
        if isinstance(cell, int):
            return str(cell)
        if isinstance(cell, float):
            return format(cell, ".15g")  # all digits typed, without rounding errors
        if isinstance(cell, time):
            return cell.strftime("%H:%M")
        if isinstance(cell, date):
            return cell.isoformat()
        return escape(str(cell))

    return format_cell
