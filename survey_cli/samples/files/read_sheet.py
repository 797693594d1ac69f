"""Reader of CSV files and workbooks, whatever program wrote them.

Cells of workbooks are text: whole numbers without .0, dates as 2026-11-24.
"""

import csv
import io
import re
from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from survey_cli.problems import suggest_nearest
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector
from survey_cli.wording import format_letters
from survey_cli.workbook_size import iterate_chunks, unpacks_too_far

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_BYTES: Final = 200_000_000
MAX_UNPACKED: Final = 1_000_000_000
"""Bytes; a workbook of a few kilobytes may unpack to a full disk."""
MAX_ROWS: Final = 1_048_576
"""Rows of a sheet in Excel."""
MAX_CELLS: Final = 50_000_000
"""Cells of a sheet with the empty ones: one cell far to the right makes a row of thousands."""
MAX_FORMULA: Final = 100_000
"""Longest formula, in bytes, that is found if it begins in one chunk and ends in the next."""
MAX_CELL: Final = 131_072
"""Characters of a cell of a CSV file."""
DELIMITERS: Final = (",", ";", "\t", "|")
_WORKBOOK: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_BETWEEN_WORDS: Final = re.compile(rb"[\s,;|\"']")
_MAX_WORD: Final = 20
_COMMON_ENCODINGS: Final = ("cp1252", "cp1250", "cp1251", "cp1256", "cp932")
"""Encodings of Western European, Central European, Cyrillic, Arabic and Japanese texts."""
_SEPARATOR_LINE: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)

_ZEROS: Final = re.compile(r"0+\Z")
_FORMULA: Final = re.compile(
    rb"<c\s([^>]*)>\s*(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>"
)
_CELL_REFERENCE: Final = re.compile(rb'r="([A-Z]+[0-9]+)"')
_ERRORS: Final = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


class _UnreadableError(Exception):
    """A reason why a file can't be read; line 0 is the file as a whole."""

    def __init__(self, rule: str, who: str, what: str, remedy: str, line: int = 0) -> None:
        super().__init__(what)
        self.rule = rule
        self.who = who
        self.what = what
        self.remedy = remedy
        self.line = line


def read_sheet(
    path: Path | str,
    collector: ProblemCollector,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    known: Collection[str] = (),
    contents: bytes | None = None,
) -> InputSheet | None:
    """Open one sheet of a workbook, or a CSV file with commas, semicolons, tabs or vertical bars.

    Returns None, with an error in `collector`, if it can't be read. More errors may be added while
    the rows are iterated. `known` lists names that the heading may have, from which the delimiter
    is inferred. `contents` are the bytes of the file if the caller has read them already.
    """
    try:
        if contents is None:
            contents = _read_contents(Path(path))
        return _open_sheet(contents, collector, sheet, encoding, known)
    except _UnreadableError as error:
        collector.add_error(error.rule, error.who, error.what, error.remedy, line=error.line)
        return None


def _open_sheet(
    contents: bytes,
    collector: ProblemCollector,
    sheet: str | None,
    encoding: str | None,
    known: Collection[str],
) -> InputSheet | None:
    if len(contents) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
        raise _refuse(what, "remove columns that the study does not use, or split the file")

    # The first bytes decide, not the name: workbooks named .csv are common.
    if contents.startswith(_WORKBOOK):
        return _read_workbook(contents, collector, sheet)
    if contents.startswith(_OLD_WORKBOOK):
        what = "this is a workbook in the old format (.xls)"
        raise _refuse(what, "save it as .xlsx or CSV UTF-8")

    if sheet is not None:
        raise _refuse("a CSV file has no sheets", "omit the sheet's name")
    return _read_csv(_decode_text(contents, encoding), collector, known)


def _refuse(what: str, remedy: str, *, who: str = "") -> _UnreadableError:
    return _UnreadableError("sample-file", who, what, remedy)


def _read_contents(file: Path) -> bytes:
    try:
        if file.is_dir():
            raise _refuse("this is a folder", "specify a file in it")
        if not file.exists():
            names = []
            if file.parent.is_dir():
                names = [path.name for path in file.parent.iterdir()]
            remedy = suggest_nearest(file.name, names, otherwise="check the path")
            raise _refuse("there is no such file", remedy)
        if not file.is_file():
            raise _refuse("this is not a regular file", "specify a CSV file or a workbook")

        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: a link to itself
        why = getattr(error, "strerror", None) or "its name is not a valid file name"
        remedy = "check the path and your permission to read it"
        raise _refuse(f"it can't be read: {why}", remedy) from error


# ── CSV ──────────────────────────────────────────────────────────────────────────────────────────


def _decode_text(contents: bytes, encoding: str | None) -> str:
    """Decode a file in UTF-8, or in UTF-16 with a byte order mark.

    Any other `encoding` must be named, since a wrong guess would garble names unnoticed.
    """
    if encoding is not None:
        return _decode(contents, encoding)
    if contents.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decode(contents, "utf-16")

    nul = contents.find(b"\0")
    if nul >= 0:
        what = "this is not a text file: it contains a NUL byte"
        remedy = "save it as CSV UTF-8; if it is UTF-16, use --encoding utf-16"
        raise _UnreadableError("encoding", "", what, remedy, _find_line(contents, nul))

    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"the file is not UTF-8: it contains the byte 0x{contents[error.start]:02X}"
        remedy = "save it as CSV UTF-8, or specify its encoding"
        decodings = _list_decodings(contents, error.start)
        if decodings:
            remedy += f", the one that makes this word right: {', '.join(decodings)}"
        line = _find_line(contents, error.start)
        raise _UnreadableError("encoding", "", what, remedy, line) from error


def _find_line(contents: bytes, at: int) -> int:
    """Return the line, from 1, of a byte."""
    return contents.count(b"\n", 0, at) + 1


def _list_decodings(contents: bytes, at: int) -> list[str]:
    """Return the word at a byte in the common encodings (`--encoding cp1252 (José)`).

    No program can tell which encoding it is, because most bytes are letters in all of them.
    """
    before = contents[max(0, at - _MAX_WORD) : at]
    after = contents[at : at + _MAX_WORD]
    word = _BETWEEN_WORDS.split(before)[-1] + _BETWEEN_WORDS.split(after)[0]

    options: dict[str, str] = {}
    for encoding in _COMMON_ENCODINGS:
        text = word.decode(encoding, "replace")
        if text.isprintable() and "\ufffd" not in text:
            options.setdefault(text, f"--encoding {encoding} ({text})")
    return list(options.values())


def _decode(contents: bytes, encoding: str) -> str:
    try:
        return contents.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        what = f"there is no encoding {encoding!r}"
        remedy = "write utf-8, cp1252, latin-1 or utf-16"
        raise _UnreadableError("encoding", "", what, remedy) from error
    except ValueError as error:
        # Some codecs raise a ValueError that doesn't say which byte is wrong.
        line = _find_line(contents, getattr(error, "start", 0))
        what = f"the file is not {encoding}"
        raise _UnreadableError("encoding", "", what, "specify another encoding", line) from error


def _read_csv(text: str, collector: ProblemCollector, known: Collection[str]) -> InputSheet | None:
    separator_line = _SEPARATOR_LINE.match(text)
    if separator_line:  # Excel writes and reads a first line such as sep=;
        delimiter = separator_line[1]
        text = text[separator_line.end() :]
        lines_before = 1
    else:
        delimiter = _find_delimiter(text, known)
        lines_before = 0

    rows = _iterate_rows(text, delimiter, lines_before, collector)
    heading = next(rows, None)
    if heading is not None:
        return InputSheet(heading, rows, delimiter)
    if collector.has_errors:  # a misplaced quote in the heading is reported already
        return None
    raise _refuse("the file is empty", "its first row must name the columns")


def _find_delimiter(text: str, known: Collection[str]) -> str:
    """Return the delimiter that splits the heading into most known names, else into most cells."""
    heading = ""
    for line in io.StringIO(text, newline=""):
        if line.strip():
            heading = line
            break

    folded = {name.casefold() for name in known}

    def count_names_and_cells(delimiter: str) -> tuple[int, int]:
        try:
            cells = next(csv.reader([heading], delimiter=delimiter), [])
        except csv.Error:
            return 0, 0
        known_names = sum(cell.strip().casefold() in folded for cell in cells)
        return known_names, len(cells)

    return max(DELIMITERS, key=count_names_and_cells)


def _iterate_rows(
    text: str, delimiter: str, lines_before: int, collector: ProblemCollector
) -> Iterator[InputRow]:
    """Yield the rows that are not empty; stop with an error at a misplaced quote."""
    try:
        csv.field_size_limit(MAX_CELL)  # it is global, and an export in the same process raises it
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except (TypeError, ValueError):  # a delimiter such as a quote or a line end
        what = f"{delimiter!r} can't be a delimiter"
        collector.add_error("sample-file", "", what, "use a comma, a semicolon or a tab", line=1)
        return

    lines_read = 0
    try:
        for cells in reader:
            # A row with quoted line ends has several lines; it is reported at its first one.
            line = lines_read + 1 + lines_before
            lines_read = reader.line_num
            if any(cell.strip() for cell in cells):
                yield InputRow(line, cells)
    except csv.Error as error:
        # csv.Error has no code: only the text of the standard library tells what is wrong.
        if "unexpected end" in str(error):
            what = "a quoted cell is never closed"
            remedy = "close the quote, or write it twice"
        elif "larger than" in str(error):
            what = f"a cell has more than {MAX_CELL:,} characters"
            remedy = "shorten it, or close the quote it begins with"
        else:
            what = "a quote is in the wrong place"
            remedy = 'write each " inside a quoted cell twice'

        line = lines_read + 1 + lines_before
        what = f"{what}; the lines after it are not read"
        collector.add_error("quotes", "", what, remedy, line=line)


# ── workbooks ────────────────────────────────────────────────────────────────────────────────────


def _read_workbook(contents: bytes, collector: ProblemCollector, sheet: str | None) -> InputSheet:
    """Open the named sheet, else the first that is not hidden."""
    book = _open_workbook(contents)
    name = _choose_sheet(book, collector, sheet)
    rows = _iterate_sheet(book, name, collector)
    heading = next(rows, None)
    if heading is None:
        who = f"sheet {name}"
        raise _refuse("the sheet is empty", "its first row must name the columns", who=who)

    part = cast(Any, book[name])._worksheet_path.lstrip("/")  # openpyxl has no public name for it
    uncalculated = _find_uncalculated_formula(contents, part)
    if uncalculated:
        what = (
            f"the formula in {uncalculated} was not calculated"
            " by the program that wrote the workbook"
        )
        remedy = "open it in a spreadsheet program and save it, or replace formulas with values"
        raise _UnreadableError("formula", f"sheet {name}", what, remedy)
    return InputSheet(heading, rows, letters=True)


def _open_workbook(contents: bytes) -> "Workbook":
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        from survey_cli.installation import make_install_command

        remedy = f"{make_install_command('excel')}, or save the sheet as CSV UTF-8"
        raise _refuse("reading workbooks needs openpyxl, which is not installed", remedy) from error

    try:
        if not unpacks_too_far(contents, limit=MAX_UNPACKED):
            stream = io.BytesIO(contents)
            return load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # the library raises any exception for a broken archive
        what = "this is not an Excel workbook, or it is damaged or locked with a password"
        remedy = "open it in a spreadsheet program and save it as .xlsx or CSV UTF-8"
        raise _refuse(what, remedy) from error

    what = (
        "the workbook is too large:"
        " once unpacked, it has far more data than a file of its size can need"
    )
    raise _refuse(what, "keep only the sheet of cases, without empty rows, or save it as CSV UTF-8")


def _choose_sheet(book: "Workbook", collector: ProblemCollector, sheet: str | None) -> str:
    names = [worksheet.title for worksheet in book.worksheets]
    if sheet is not None:
        if sheet in names:
            return sheet
        remedy = suggest_nearest(sheet, names, otherwise="it has " + ", ".join(names))
        raise _refuse(f"the workbook has no sheet {sheet!r}", remedy)

    visible = [
        worksheet.title for worksheet in book.worksheets if worksheet.sheet_state == "visible"
    ]
    candidates = visible or names
    if not candidates:  # charts have no cells
        raise _refuse("the workbook has no sheet of cells", "put the cases in a sheet")

    chosen = candidates[0]
    if len(candidates) > 1:
        others = ", ".join(repr(name) for name in candidates[1:])
        what = f"the workbook has several sheets: {chosen!r} is read, not {others}"
        collector.add_warning("sample-file", "", what, "specify the one you want with --sheet")
    return chosen


def _iterate_sheet(book: "Workbook", name: str, collector: ProblemCollector) -> Iterator[InputRow]:
    sheet: Any = book[name]
    sheet.reset_dimensions()  # some programs write wrong dimensions
    line = 0
    cell_count = 0
    try:
        for line, cells in enumerate(sheet.iter_rows(), 1):
            cell_count += len(cells)
            if line > MAX_ROWS or cell_count > MAX_CELLS:
                what = (
                    f"the sheet has more than {MAX_ROWS:,} rows, or {MAX_CELLS:,} cells;"
                    " the rows below are not read"
                )
                remedy = (
                    "delete the empty rows and columns around the data, or save it as CSV UTF-8"
                )
                collector.add_error("sample-file", f"sheet {name}", what, remedy, line=line)
                return

            texts = [_format_cell(cell.value, cell.number_format or "") for cell in cells]
            while texts and not texts[-1].strip():
                texts.pop()
            if not texts:
                continue
            _report_formula_errors(texts, line, collector)
            yield InputRow(line, texts)
    except Exception:  # the library raises any exception for a damaged sheet
        what = "the sheet is damaged below this row"
        remedy = "save the workbook again"
        collector.add_error("sample-file", f"sheet {name}", what, remedy, line=line)


def _report_formula_errors(texts: list[str], line: int, collector: ProblemCollector) -> None:
    for index, text in enumerate(texts):
        if text in _ERRORS:
            cell_name = f"{format_letters(index).upper()}{line}"
            what = f"the cell's value is {text}"
            # Every error value is a kind of its own, so that a column of them is reported briefly.
            collector.add_error("formula", cell_name, what, "fix the formula", line=line, of=text)


def _format_cell(value: object, number_format: str = "") -> str:
    """Return a cell's value as a spreadsheet shows it in a wide column."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime():
            is_date = value.time() == time()  # workbooks store dates as midnight
            return value.date().isoformat() if is_date else value.isoformat(" ", "minutes")
        case date() | time():
            return value.isoformat()
        case int() | float():
            if isinstance(value, float) and not value.is_integer():
                return f"{value:.15g}"  # as many digits as Excel keeps
            digits = str(int(value))
            if _ZEROS.match(number_format):  # the format 00000 shows the zeros of a postal code
                digits = digits.zfill(len(number_format))
            return digits
        case _:
            return str(value)


def _find_uncalculated_formula(contents: bytes, part: str) -> str:
    """Return the first cell whose formula has no value; empty if all have one.

    Spreadsheet programs save the values, libraries that write workbooks don't. `part` is the path
    of the sheet in the archive.
    """
    rest = b""
    try:
        for chunk in iterate_chunks(contents, part):
            xml = rest + chunk
            reference = _find_reference(xml)
            if reference:
                return reference
            rest = xml[-MAX_FORMULA:]  # a formula may begin in this chunk and end in the next
    except Exception:  # a damaged archive is reported by the code that reads the rows
        return ""
    return ""


def _find_reference(xml: bytes) -> str:
    if b"<f" not in xml:
        return ""
    for formula in _FORMULA.finditer(xml):
        reference = _CELL_REFERENCE.search(formula[1])
        if reference and b't="str"' not in formula[1]:  # a formula's text may be empty
            return reference[1].decode()
    return ""
