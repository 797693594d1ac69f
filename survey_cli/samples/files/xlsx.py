"""Reader of Excel sheets, with cells as text: whole numbers without .0, dates as 2026-11-24."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final, cast

from survey_cli.problems import suggest_nearest
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector, format_column_letter

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

MAX_UNPACKED: Final = 1_000_000_000
"""Bytes; a workbook of a few kilobytes may unpack to a full disk."""
_ZEROS: Final = re.compile(r"0+\Z")
_FORMULA: Final = re.compile(rb"<c\s([^>]*)>\s*(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_CELL_REFERENCE: Final = re.compile(rb'r="([A-Z]+[0-9]+)"')
_ERRORS: Final = ("#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!")


def read_workbook(contents: bytes, collector: ProblemCollector, *, sheet: str | None = None) -> InputSheet | None:
    """Open the named sheet, else the first that is not hidden; None, with an error, where it can't be read."""
    book = _open_workbook(contents, collector)
    if book is None:
        return None
    name = _choose_sheet(book, collector, sheet)
    if name is None:
        return None
    rows = _iterate_rows(book, name, collector)
    uncalculated = _find_uncalculated_formula(contents, cast(Any, book[name])._worksheet_path.lstrip("/"))
    heading = next(rows, None)
    if heading is None:
        collector.add_error("sample-file", f"sheet {name}", "the sheet is empty", "its first row must name the columns")
        return None
    if uncalculated:
        what = f"the formula in {uncalculated} was not calculated by the program that wrote the workbook"
        remedy = "open it in a spreadsheet program and save it, or replace formulas with values"
        collector.add_error("formula", f"sheet {name}", what, remedy)
        return None
    return InputSheet(heading, rows, letters=True)


def _open_workbook(contents: bytes, collector: ProblemCollector) -> "Workbook | None":
    try:
        from openpyxl import load_workbook
    except ImportError:
        remedy = "install survey-cli[excel], or save the sheet as CSV UTF-8"
        collector.add_error("sample-file", "", "reading workbooks needs openpyxl, which is not installed", remedy)
        return None
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(contents)).infolist())
        if unpacked > MAX_UNPACKED:
            collector.add_error("sample-file", "", "the workbook is too large", "keep only the sheet of cases")
            return None
        return load_workbook(io.BytesIO(contents), read_only=True, data_only=True, keep_links=False)
    except Exception:  # the library raises any exception for a broken archive
        what = "this is not an Excel workbook, or it is damaged or locked with a password"
        remedy = "open it in a spreadsheet program and save it as .xlsx or CSV UTF-8"
        collector.add_error("sample-file", "", what, remedy)
        return None


def _choose_sheet(book: "Workbook", collector: ProblemCollector, sheet: str | None) -> str | None:
    names = [worksheet.title for worksheet in book.worksheets]
    if sheet is not None:
        if sheet in names:
            return sheet
        remedy = suggest_nearest(sheet, names, otherwise="it has " + ", ".join(names))
        collector.add_error("sample-file", "", f"the workbook has no sheet {sheet!r}", remedy)
        return None
    visible = [worksheet.title for worksheet in book.worksheets if worksheet.sheet_state == "visible"] or names
    if not visible:
        collector.add_error("sample-file", "", "the workbook has no sheet of cells", "put the cases in a sheet")
        return None
    if len(visible) > 1:
        what = f"the workbook has several sheets: {visible[0]!r} is read, not {', '.join(map(repr, visible[1:]))}"
        collector.add_warning("sample-file", "", what, "specify the one you want with --sheet")
    return visible[0]


def _iterate_rows(book: "Workbook", name: str, collector: ProblemCollector) -> Iterator[InputRow]:
    sheet: Any = book[name]
    sheet.reset_dimensions()  # some programs write wrong dimensions
    line = 0
    try:
        for line, cells in enumerate(sheet.iter_rows(), 1):
            texts = [_format_cell(cell.value, cell.number_format or "") for cell in cells]
            while texts and not texts[-1].strip():
                texts.pop()
            if not texts:
                continue
            for index, text in enumerate(texts):
                if text in _ERRORS:
                    cell_name = f"{format_column_letter(index)}{line}"
                    what = f"the cell's value is {text}"
                    collector.add_error("formula", cell_name, what, "fix the formula", line=line, of=text)
            yield InputRow(line, texts)
    except Exception:  # as above
        what, remedy = "the sheet is damaged below this row", "save the workbook again"
        collector.add_error("sample-file", f"sheet {name}", what, remedy, line=line)


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
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case date() | time():
            return value.isoformat()
        case int() | float():
            if isinstance(value, float) and not value.is_integer():
                return f"{value:.15g}"  # as many digits as Excel keeps
            digits = str(int(value))
            return digits.zfill(len(number_format)) if _ZEROS.match(number_format) else digits
        case _:
            return str(value)


def _find_uncalculated_formula(contents: bytes, part: str) -> str:
    """Return the first cell whose formula has no value; empty where there is none, as in files saved by a spreadsheet.

    `part` is the path of the sheet in the archive.
    """
    try:
        xml = zipfile.ZipFile(io.BytesIO(contents)).read(part)
    except Exception:  # the error is reported where the rows are read
        return ""
    for formula in _FORMULA.finditer(xml) if b"<f" in xml else ():
        reference = _CELL_REFERENCE.search(formula[1])
        if reference and b't="str"' not in formula[1]:  # a formula's text may be empty
            return reference[1].decode()
    return ""
