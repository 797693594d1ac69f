"""Reading of CSV files and workbooks into sheets of text, whatever program wrote them."""

import csv
import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from survey_cli.problems import suggest_nearest
from survey_cli.samples.files.problem_collector import ProblemCollector
from survey_cli.samples.files.sheet import InputRow, InputSheet

MAX_BYTES: Final = 200_000_000
DELIMITERS: Final = (",", ";", "\t", "|")
_WORKBOOK: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_BETWEEN_WORDS: Final = re.compile(rb"[\s,;|\"']")
_MAX_WORD: Final = 20
_COMMON_ENCODINGS: Final = ("cp1252", "cp1250", "cp1251", "cp1256", "cp932")
"""Western, Central European, Cyrillic, Arabic, Japanese."""
_SEP: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read_sheet(
    path: Path | str,
    collector: ProblemCollector,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    known: Collection[str] = (),
) -> InputSheet | None:
    """The rows of a CSV file (parted by commas, semicolons, tabs or strokes) or of one sheet of a workbook; None, with an
    error in `collector`, where there is no reading it. More errors may be found as one goes through the rows.

    `known` are names that the heading may have: they tell which delimiter it is, and which of a workbook's sheets.
    """
    contents = read_contents(path, collector)
    if contents is None:
        return None
    if contents.startswith(_WORKBOOK):
        from survey_cli.samples.files.xlsx import read_workbook

        return read_workbook(contents, collector, sheet=sheet)
    if contents.startswith(_OLD_WORKBOOK):
        collector.add_error(
            "sample-file", "", "this is a workbook of the old kind (.xls)", "save it as .xlsx or CSV UTF-8"
        )
        return None
    if sheet is not None:
        collector.add_error("sample-file", "", "a CSV file has no sheets", "leave the sheet's name out")
        return None
    text = decode_text(contents, collector, encoding=encoding)
    return None if text is None else _read_csv(text, collector, known)


def read_contents(path: Path | str, collector: ProblemCollector) -> bytes | None:
    """The file's bytes; None, with an error, where it can't be read or is too large."""
    file = Path(path)
    try:
        if file.is_dir():
            collector.add_error("sample-file", "", "this is a folder", "name the file in it")
            return None
        if not file.exists():
            near = [p.name for p in file.parent.iterdir()] if file.parent.is_dir() else []
            collector.add_error(
                "sample-file", "", "there is no such file", suggest_nearest(file.name, near, otherwise="check the path")
            )
            return None
        if not file.is_file():
            collector.add_error("sample-file", "", "this is no plain file", "name a CSV file or a workbook")
            return None
        with file.open("rb") as opened:
            contents = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as broken:  # RuntimeError: a link that leads to itself
        why = getattr(broken, "strerror", None) or "its name is no file's name"
        collector.add_error("sample-file", "", f"it can't be read: {why}", "check the path and your rights to it")
        return None
    if len(contents) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        collector.add_error("sample-file", "", what, "leave out columns that the study does not use, or divide it")
        return None
    return contents


def decode_text(contents: bytes, collector: ProblemCollector, *, encoding: str | None = None) -> str | None:
    """The text of a file: UTF-8, or UTF-16 that says so in its first bytes; another `encoding` only if it is named, for
    a wrong guess would garble names where nobody looks.
    """
    if encoding is not None:
        return _decode(contents, collector, encoding)
    if contents[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _decode(contents, collector, "utf-16")
    if (nul := contents.find(b"\0")) >= 0:
        what = "this is no text: there is a NUL byte in it"
        remedy = "save it as CSV UTF-8; if it is UTF-16, say --encoding utf-16"
        collector.add_error("encoding", "", what, remedy, line=contents.count(b"\n", 0, nul) + 1)
        return None
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        bad = contents[broken.start : broken.start + 1]
        what = f"the file is not UTF-8: here stands the byte 0x{bad.hex().upper()}"
        remedy = "save it as CSV UTF-8, or name its encoding"
        if readings := _list_decodings(contents, broken.start):
            remedy += f", the one that makes this word right: {', '.join(readings)}"
        collector.add_error("encoding", "", what, remedy, line=contents.count(b"\n", 0, broken.start) + 1)
        return None


def _list_decodings(contents: bytes, at: int) -> list[str]:
    """The word at a byte in each encoding that files often have (`--encoding cp1252 (José)`). Which it is, no program can
    tell: most bytes are letters in all of them.
    """
    before, after = contents[max(0, at - _MAX_WORD) : at], contents[at : at + _MAX_WORD]
    word = _BETWEEN_WORDS.split(before)[-1] + _BETWEEN_WORDS.split(after)[0]
    readings: dict[str, str] = {}
    for encoding in _COMMON_ENCODINGS:
        text = word.decode(encoding, "replace")
        if text.isprintable() and "\ufffd" not in text:
            readings.setdefault(text, f"--encoding {encoding} ({text})")
    return list(readings.values())


def _decode(contents: bytes, collector: ProblemCollector, encoding: str) -> str | None:
    try:
        return contents.decode(encoding).removeprefix("\ufeff")
    except LookupError:
        collector.add_error(
            "encoding", "", f"there is no encoding {encoding!r}", "write utf-8, cp1252, latin-1 or utf-16"
        )
    except ValueError as broken:
        at = getattr(broken, "start", 0)
        line = contents.count(b"\n", 0, at) + 1
        collector.add_error("encoding", "", f"the file is not {encoding}", "name another encoding", line=line)
    return None


def _read_csv(text: str, collector: ProblemCollector, known: Collection[str]) -> InputSheet | None:
    before = 0
    delimiter = ""
    if said := _SEP.match(text):  # Excel's own way of naming the delimiter
        delimiter = said[1]
        text = text[said.end() :]
        before = 1
    delimiter = delimiter or _find_delimiter(text, known)
    rows = _iterate_rows(text, delimiter, before, collector)
    heading = next(rows, None)
    if heading is None:
        if not collector.has_errors:
            collector.add_error("sample-file", "", "the file is empty", "its first row names the columns")
        return None
    return InputSheet(heading, rows, decimal_comma=delimiter != ",")


def _find_delimiter(text: str, known: Collection[str]) -> str:
    """What parts the heading into most names that are known, else into most cells; a comma before the others."""
    head = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    wanted = {name.casefold() for name in known}

    def parted(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([head], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        return sum(cell.strip().casefold() in wanted for cell in cells), len(cells)

    return max(DELIMITERS, key=parted)


def _iterate_rows(text: str, delimiter: str, before: int, collector: ProblemCollector) -> Iterator[InputRow]:
    """Each row in which something stands. At a quote out of place one can't go on: what follows would be guessed."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (TypeError, ValueError):  # a delimiter such as a quote or a line end
        what = f"{delimiter!r} can't part cells"
        collector.add_error("sample-file", "", what, "use a comma, a semicolon or a tab", line=1)
        return
    done = 0
    try:
        for cells in reader:
            line = done + 1 + before
            done = reader.line_num
            if any(cells) and any(map(str.strip, cells)):
                yield InputRow(line, cells)
    except csv.Error as broken:
        what, remedy = "a quote stands where none can", 'write each " inside a quoted cell twice'
        if "unexpected end" in str(broken) or "larger than" in str(broken):  # 131,072 characters
            what, remedy = "a cell that begins with a quote never ends", "close the quote, or double it"
        collector.add_error("quotes", "", f"{what}; nothing below is read", remedy, line=done + 1 + before)
