"""Reader of CSV files and workbooks, whatever program wrote them."""

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from survey_cli.problems import suggest_nearest
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector

MAX_BYTES: Final = 200_000_000
DELIMITERS: Final = (",", ";", "\t", "|")
_WORKBOOK: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_BETWEEN_WORDS: Final = re.compile(rb"[\s,;|\"']")
_MAX_WORD: Final = 20
_COMMON_ENCODINGS: Final = ("cp1252", "cp1250", "cp1251", "cp1256", "cp932")
"""Encodings of Western European, Central European, Cyrillic, Arabic and Japanese texts."""
_SEP: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_sheet(
    path: Path | str,
    collector: ProblemCollector,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    known: Collection[str] = (),
    contents: bytes | None = None,
) -> InputSheet | None:
    """Open a CSV file (separated by commas, semicolons, tabs or vertical bars) or one sheet of a workbook.

    Returns None, with an error in `collector`, where it can't be read. More errors may be added while the rows are
    iterated. `known` lists names that the heading may have, by which the delimiter is found; `contents` are those of the
    file where they have been read.
    """
    contents = _read_contents(path, collector) if contents is None else contents
    if contents is None:
        return None
    if len(contents) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        collector.add_error("sample-file", "", what, "remove columns that the study does not use, or split the file")
        return None
    if contents.startswith(_WORKBOOK):
        from survey_cli.samples.files.xlsx import read_workbook

        return read_workbook(contents, collector, sheet=sheet)
    if contents.startswith(_OLD_WORKBOOK):
        what = "this is a workbook in the old format (.xls)"
        collector.add_error("sample-file", "", what, "save it as .xlsx or CSV UTF-8")
        return None
    if sheet is not None:
        collector.add_error("sample-file", "", "a CSV file has no sheets", "omit the sheet's name")
        return None
    text = _decode_text(contents, collector, encoding=encoding)
    return None if text is None else _read_csv(text, collector, known)


def _read_contents(path: Path | str, collector: ProblemCollector) -> bytes | None:
    """Return the file's bytes; None, with an error, where it can't be read or is too large."""
    file = Path(path)
    try:
        if file.is_dir():
            collector.add_error("sample-file", "", "this is a folder", "specify a file in it")
            return None
        if not file.exists():
            names = [path.name for path in file.parent.iterdir()] if file.parent.is_dir() else []
            remedy = suggest_nearest(file.name, names, otherwise="check the path")
            collector.add_error("sample-file", "", "there is no such file", remedy)
            return None
        if not file.is_file():
            collector.add_error("sample-file", "", "this is not a regular file", "specify a CSV file or a workbook")
            return None
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a link to itself
        why = getattr(error, "strerror", None) or "its name is not a valid file name"
        what = f"it can't be read: {why}"
        collector.add_error("sample-file", "", what, "check the path and your permission to read it")
        return None


def _decode_text(contents: bytes, collector: ProblemCollector, *, encoding: str | None = None) -> str | None:
    """Decode a file in UTF-8, or in UTF-16 with a byte order mark; None, with an error, where it is neither.

    Another `encoding` is only used where it is named, since a wrong guess would garble names unnoticed.
    """
    if encoding is not None:
        return _decode(contents, collector, encoding)
    if contents[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decode(contents, collector, "utf-16")
    if (nul := contents.find(b"\0")) >= 0:
        what = "this is not a text file: it contains a NUL byte"
        remedy = "save it as CSV UTF-8; if it is UTF-16, use --encoding utf-16"
        collector.add_error("encoding", "", what, remedy, line=contents.count(b"\n", 0, nul) + 1)
        return None
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"the file is not UTF-8: it contains the byte 0x{contents[error.start]:02X}"
        remedy = "save it as CSV UTF-8, or specify its encoding"
        if decodings := _list_decodings(contents, error.start):
            remedy += f", the one that makes this word right: {', '.join(decodings)}"
        collector.add_error("encoding", "", what, remedy, line=contents.count(b"\n", 0, error.start) + 1)
        return None


def _list_decodings(contents: bytes, at: int) -> list[str]:
    """Return the word at a byte in each common encoding (`--encoding cp1252 (José)`).

    No program can tell which encoding it is, because most bytes are letters in all of them.
    """
    before, after = contents[max(0, at - _MAX_WORD) : at], contents[at : at + _MAX_WORD]
    word = _BETWEEN_WORDS.split(before)[-1] + _BETWEEN_WORDS.split(after)[0]
    options: dict[str, str] = {}
    for encoding in _COMMON_ENCODINGS:
        text = word.decode(encoding, "replace")
        if text.isprintable() and "\ufffd" not in text:
            options.setdefault(text, f"--encoding {encoding} ({text})")
    return list(options.values())


def _decode(contents: bytes, collector: ProblemCollector, encoding: str) -> str | None:
    try:
        return contents.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        what = f"there is no encoding {encoding!r}"
        collector.add_error("encoding", "", what, "write utf-8, cp1252, latin-1 or utf-16")
    except ValueError as error:
        line = contents.count(b"\n", 0, getattr(error, "start", 0)) + 1
        collector.add_error("encoding", "", f"the file is not {encoding}", "specify another encoding", line=line)
    return None


def _read_csv(text: str, collector: ProblemCollector, known: Collection[str]) -> InputSheet | None:
    if separator := _SEP.match(text):  # a first line as Excel reads it: sep=;
        delimiter, text, lines_before = separator[1], text[separator.end() :], 1
    else:
        delimiter, lines_before = _find_delimiter(text, known), 0
    rows = _iterate_rows(text, delimiter, lines_before, collector)
    heading = next(rows, None)
    if heading is None:
        if not collector.has_errors:
            collector.add_error("sample-file", "", "the file is empty", "its first row must name the columns")
        return None
    return InputSheet(heading, rows, delimiter)


def _find_delimiter(text: str, known: Collection[str]) -> str:
    """Return the delimiter that splits the heading into most known names, else into most cells."""
    heading = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    folded = {name.casefold() for name in known}

    def count_names_and_cells(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([heading], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return sum(cell.strip().casefold() in folded for cell in cells), len(cells)

    return max(DELIMITERS, key=count_names_and_cells)


def _iterate_rows(text: str, delimiter: str, lines_before: int, collector: ProblemCollector) -> Iterator[InputRow]:
    """Yield each row that is not empty; stop with an error at a misplaced quote."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (TypeError, ValueError):  # a delimiter such as a quote or a line end
        what = f"{delimiter!r} can't be a delimiter"
        collector.add_error("sample-file", "", what, "use a comma, a semicolon or a tab", line=1)
        return
    lines_read = 0
    try:
        for cells in reader:
            line = lines_read + 1 + lines_before
            lines_read = reader.line_num
            if any(cells) and any(map(str.strip, cells)):
                yield InputRow(line, cells)
    except csv.Error as error:
        what, remedy = "a quote is in the wrong place", 'write each " inside a quoted cell twice'
        if "unexpected end" in str(error) or "larger than" in str(error):  # 131,072 characters
            what, remedy = "a quoted cell is never closed", "close the quote, or write it twice"
        what, line = f"{what}; the lines after it are not read", lines_read + 1 + lines_before
        collector.add_error("quotes", "", what, remedy, line=line)
