"""Comma- and tab-separated values, written so that no cell can run in a spreadsheet."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, time
from operator import getitem
from typing import Final, TextIO

from survey_cli.exports.missing_codes import RESERVED_CODES, RESERVED_LABELS
from survey_cli.exports.options import WriteOptions
from survey_cli.table import Table
from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, make_cell_reader, split_row
from survey_cli.values import Cell, Missing, Variable

FORMULA_START: Final = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")  # the wide ones run in some languages' Excel
"""A text cell that begins so can run as a formula, or would be taken for one that was tamed."""
LINE_END: Final = "\r\n"
BATCH_SIZE: Final = 200
"""Lines written in one go."""
CACHE_SIZE: Final = 2_000
"""Different texts of one kind of column whose field is not worked out again."""
MAX_CACHED_LENGTH: Final = 40
"""Letters of a text that does not come again."""
CODES_ONLY: Final = re.compile(r"[0-9,-]*")
UNSAFE_START: Final = re.compile(r'"[^A-Za-z0-9",]')
"""The beginning of a kept text that may run or must be in quotes."""
PLAIN_TEXT: Final = re.compile(r'"[A-Za-z0-9][^"\\,\t\r\n]*"')
"""A kept text that can be written as it is."""


def write_csv(table: Table, to: TextIO, options: WriteOptions) -> int:
    """Write a header and a line a row; the number of rows."""
    return _write(table, to, options, ",")


def write_tsv(table: Table, to: TextIO, options: WriteOptions) -> int:
    """The same with tabs."""
    return _write(table, to, options, "\t")


def _write(table: Table, to: TextIO, options: WriteOptions, delimiter: str) -> int:
    quoted = _make_quoter(delimiter)
    header = [quoted(v.name if options.raw else escape_formula(v.name)) for v in table.variables]
    to.write(("\ufeff" if options.bom else "") + delimiter.join(header) + LINE_END)
    alone = len(header) == 1
    rows, some = 0, []
    for line in _iterate_lines(table, options, quoted, delimiter):
        rows += 1
        some.append('""' if alone and not line else line)
        if len(some) == BATCH_SIZE:
            some.append("")
            to.write(LINE_END.join(some))
            some = []
    if some:
        to.write(LINE_END.join([*some, ""]))
    return rows


def _iterate_lines(table: Table, options: WriteOptions, quoted: Callable[[str], str], delimiter: str) -> Iterator[str]:
    if table.encoded_rows is not None:
        yield from _iterate_stored_lines(table, table.encoded_rows, options, quoted, delimiter)
        return
    says = [_make_formatter(variable, options) for variable in table.variables]
    for row in table.rows:
        yield delimiter.join([quoted(say(cell)) for say, cell in zip(says, row, strict=True)])


def _iterate_stored_lines(
    table: Table, kept: Iterable[str], options: WriteOptions, quoted: Callable[[str], str], delimiter: str
) -> Iterator[str]:
    """Yield lines from stored rows.

    Most cells of most surveys are codes, stored as they are written: the longest run of them is copied whole, and so
    are plain texts before it. Other cells are looked up by their stored texts.
    """
    columns = _build_columns(table, options, quoted)
    first, last = _find_integer_run(table, options)
    width, after = len(columns), len(columns) - last
    before, behind = columns[:first], columns[last:]
    commas = last - first - 1  # −1 where there is no such stretch: then no row has so few
    codes = _list_missing_texts(table.variables[first]) if commas >= 0 else ()
    simple = delimiter == "," and after == 0 and all(column.is_simple for column in before)
    for row in kept:
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
    """Kept numbers with codes for null and for {"missing": …}."""
    if "n" in numbers:
        for text, code in codes:
            if text in numbers:
                numbers = numbers.replace(text, code)
    return numbers


def _build_columns(table: Table, options: WriteOptions, quoted: Callable[[str], str]) -> "list[_FieldCache]":
    """How each column is written; columns of a kind share it."""
    kinds: dict[object, _FieldCache] = {}
    columns = []
    for variable in table.variables:
        kind = (
            variable.storage,
            tuple(variable.labels.items()) if options.labels else bool(variable.labels),
            tuple(variable.declines.items()),
        )
        if kind not in kinds:
            kinds[kind] = _FieldCache(variable, options, quoted)
        columns.append(kinds[kind])
    return columns


def _find_integer_run(table: Table, options: WriteOptions) -> tuple[int, int]:
    """The longest stretch of columns of whole numbers that are written as they are kept, with missings of one coding."""
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
    """How missings are kept and how they are written."""
    codes = RESERVED_CODES | {kind: code for kind, (code, _) in variable.declines.items()}
    kept = {kind: f'{{"missing":"{kind}"}}' for kind in codes} | {"not_asked": NOT_ASKED_TEXT}
    return tuple((kept[kind], str(code)) for kind, code in codes.items())


class _FieldCache(dict[str, str]):
    """A cache of written fields by stored text, for columns of one kind."""

    __slots__ = ("_format", "_is_text", "_quote", "_read", "is_simple")

    def __init__(self, variable: Variable, options: WriteOptions, quoted: Callable[[str], str]) -> None:
        self._read = make_cell_reader(variable.storage)
        self._format = _make_formatter(variable, options)
        self._quote = quoted
        self.is_simple = variable.storage in ("integer", "text") and not (options.labels and variable.labels)
        self._is_text = variable.storage == "text" and not (options.labels and variable.labels)

    def __missing__(self, text: str) -> str:
        plain = self._is_text and PLAIN_TEXT.fullmatch(text)
        field = text[1:-1] if plain else self._quote(self._format(self._read(text)))
        if len(self) < CACHE_SIZE and len(text) < MAX_CACHED_LENGTH:
            self[text] = field
        return field


def _make_quoter(delimiter: str) -> Callable[[str], str]:
    """Writes a cell in quotes where it has to be."""
    wants = re.compile(f'[{delimiter}"\r\n]').search

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if wants(text) else text

    return quoted


def escape_formula(text: str) -> str:
    """Escape a text that a spreadsheet would run, by an apostrophe before it; removing one restores it."""
    return "'" + text if FORMULA_START.match(text) else text


def _make_formatter(variable: Variable, options: WriteOptions) -> Callable[[Cell], str]:
    """How the cells of one column are said."""
    coded = variable.storage in ("integer", "decimal") or bool(variable.labels)
    codes = {kind: str(code) for kind, (code, _) in variable.declines.items()}
    words = {kind: text for kind, (_, text) in variable.declines.items()}
    labels = variable.labels if options.labels else {}
    safe = (lambda text: text) if options.raw else escape_formula

    def absent(kind: str) -> str:
        """Where nothing but text can stand, nothing does: a companion says why."""
        if not coded:
            return ""
        if options.labels:
            return safe(words.get(kind) or RESERVED_LABELS.get(kind, kind))
        return codes.get(kind) or str(RESERVED_CODES.get(kind, ""))

    def say(cell: Cell) -> str:
        if isinstance(cell, Missing):
            return absent(cell.kind)
        if labels and isinstance(cell, int | str) and cell in labels:
            return safe(labels[cell])
        if isinstance(cell, int):
            return str(cell)
        if isinstance(cell, float):
            return format(cell, ".15g")  # all that was typed, and no more of a third than can be meant
        if isinstance(cell, time):
            return cell.strftime("%H:%M")
        if isinstance(cell, date):
            return cell.isoformat()
        return safe(str(cell))

    return say
