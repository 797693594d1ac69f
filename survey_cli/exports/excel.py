"""Excel workbooks (.xlsx): sheets `data` (one row per case), `codebook` and `labels`.

Every text stays a text, whatever it begins with: none runs as a formula, not even after its cell is
edited. A number or code that was not asked is an empty cell; any other missing value is its kind as
a word, `dk`, `refused`, `not_reached`, which Excel's functions leave out of sums and means (if an
option has that word as its code, the missing value has its number). Texts, dates and times are
empty, and their companion column says why. With labels, words replace codes and missing values.
Rows or columns beyond the capacity of a sheet continue on another sheet. Rows are written to
temporary files as they arrive, so that memory use does not grow with them.
"""

import errno
import gc
import re
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from survey_cli.exports import conventions
from survey_cli.exports.limits import (
    EXCEL,
    EXCEL_ROWS,
    build_value_labels,
    choose_label,
    to_single_line,
)
from survey_cli.exports.typed_columns import choose_measure
from survey_cli.table.table import LAST_ENTRY_COLUMN, Table, is_timestamp
from survey_cli.values import Cell, Code, Missing, Storage, Variable
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet


T = TypeVar("T")

DATA_SHEET: Final = "data"
CODEBOOK_SHEET: Final = "codebook"
LABELS_SHEET: Final = "labels"
FIRST_SAFE_DATE: Final = date(1900, 3, 1)
"""The first date that Excel counts correctly; earlier ones are texts."""
ILLEGAL_IN_CELLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold."""
ESCAPE_LIKE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Text that Excel would read as an escape."""
FORMULA_LIKE: Final = re.compile(r"['=+\-@\t\r\n#＝＋－＠]")
"""The beginning of texts that are marked as texts."""
DATA_WIDTHS: Final[dict[Storage, int]] = {
    "integer": 9,
    "decimal": 11,
    "text": 14,
    "date": 12,
    "time": 10,
}
"""Minimum width of a data column, in characters."""
TIMESTAMP_WIDTH: Final = 20
MAX_HEADING_WIDTH: Final = 32
SHEET_WIDTHS: Final = {
    CODEBOOK_SHEET: (22, 40, 60, 10, 10, 20, 40, 40),
    LABELS_SHEET: (22, 14, 40, 16),
}
"""Column widths in characters."""


def write_xlsx(
    table: Table, to: Path, options: conventions.WriteOptions
) -> conventions.WriteResult:
    """Write the workbook. Raises ImportError without the library, OSError for a full disk."""
    return report_full_disk(lambda: _write(table, to, labels=options.labels))


def report_full_disk(write: Callable[[], T]) -> T:
    """Report a full disk as an OSError in any library, and discard the half-written file."""
    hook = sys.unraisablehook
    try:
        try:
            return write()
        except OSError as error:
            sys.unraisablehook = _ignore
            failure = OSError(error.errno, error.strerror)
        except Exception as error:
            # If lxml is installed, openpyxl writes with it, and its error is no OSError.
            if type(error).__module__.partition(".")[0] != "lxml":
                raise
            sys.unraisablehook = _ignore
            failure = OSError(errno.EIO, str(error))
        gc.collect()
    finally:
        sys.unraisablehook = hook
    raise failure


def _ignore(_: object) -> None:
    """Ignore that a half-written file cannot be closed: the error is reported already."""


def _write(table: Table, to: Path, *, labels: bool) -> conventions.WriteResult:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    data = _DataSheets(book, table, labels=labels)
    # Sheets are in the order in which they are created: these before further sheets of data.
    codebook = book.create_sheet(CODEBOOK_SHEET)
    codes = book.create_sheet(LABELS_SHEET)

    for row in table.iterate_cells():
        data.append(row)
    _fill_sheet(codebook, _iterate_codebook(table))
    _fill_sheet(codes, _iterate_labels(table.variables))

    _save(book, to, data.find_latest_entry())
    return conventions.WriteResult(data.rows, tuple(data.iterate_notes()))


def _fill_sheet(sheet: "WriteOnlyWorksheet", lines: Iterator[tuple[str, ...]]) -> None:
    """Write lines of texts, the first of which is the heading."""
    # A write-only sheet ignores widths and panes that are set after its first row.
    _set_up_sheet(sheet, SHEET_WIDTHS[str(sheet.title)])
    is_heading = True
    for line in lines:
        sheet.append([_make_text(sheet, words, bold=is_heading) for words in line])
        is_heading = False


class _DataSheets:
    """The sheets of data: one, unless there are more columns or rows than it holds."""

    def __init__(self, book: "Workbook", table: Table, *, labels: bool) -> None:
        self._book = book
        self._variables = table.variables
        self._converters = [_make_converter(v, labels=labels) for v in table.variables]
        self._timestamp_column: int | None = None
        for at, variable in enumerate(table.variables):
            if variable.name == LAST_ENTRY_COLUMN:
                self._timestamp_column = at
        self._sheets: list[WriteOnlyWorksheet] = []
        self._shortened: dict[str, int] = {}
        self._latest_entry = ""
        self._rows_left = 0
        self.rows = 0
        self._add_sheets()

    def append(self, row: Sequence[Cell]) -> None:
        """Add one row, on as many sheets as its columns need."""
        if not self._rows_left:
            self._add_sheets()
        self._rows_left -= 1
        self.rows += 1

        # Timestamps are stored in one form, so that their texts can be compared.
        if self._timestamp_column is not None:
            self._latest_entry = max(self._latest_entry, str(row[self._timestamp_column]))

        values = [convert(cell) for convert, cell in zip(self._converters, row, strict=True)]
        for number, sheet in enumerate(self._sheets):
            start = number * EXCEL.columns
            end = start + EXCEL.columns
            part = []
            for at, value in enumerate(values[start:end], start):
                if type(value) is str:
                    part.append(self._make_text_cell(sheet, value, at))
                else:
                    part.append(value)
            sheet.append(part)

    def _make_text_cell(self, sheet: "WriteOnlyWorksheet", text: str, at: int) -> Any:
        if len(text) > EXCEL.text:
            name = self._variables[at].name
            self._shortened[name] = self._shortened.get(name, 0) + 1
            text = EXCEL.shorten(text, EXCEL.text)
        return _make_text(sheet, text)

    def _add_sheets(self) -> None:
        """Add the sheets of the next rows, with their headings."""
        self._sheets = []
        # A table without columns has a sheet too.
        column_count = len(self._variables) or 1
        for start in range(0, column_count, EXCEL.columns):
            number = len(self._list_titles()) + 1
            title = DATA_SHEET if number == 1 else f"{DATA_SHEET} {number}"
            sheet = self._book.create_sheet(title)

            part = self._variables[start : start + EXCEL.columns]
            _set_up_sheet(sheet, [_choose_width(variable) for variable in part])
            sheet.append([_make_text(sheet, variable.name, bold=True) for variable in part])
            self._sheets.append(sheet)

        self._rows_left = EXCEL_ROWS - 1

    def _list_titles(self) -> list[str]:
        """Return the titles of all sheets of data so far."""
        titles = [str(sheet.title) for sheet in self._book.worksheets]
        return [title for title in titles if title.startswith(DATA_SHEET)]

    def find_latest_entry(self) -> datetime:
        """Return the time of the last entry in the data."""
        try:
            return datetime.fromisoformat(self._latest_entry)
        except ValueError:
            return conventions.DEFAULT_TIMESTAMP

    def iterate_notes(self) -> Iterator[str]:
        """Yield notes on what did not fit."""
        further_sheets = ", ".join(self._list_titles()[1:])
        column_count = len(self._variables)
        if column_count > EXCEL.columns:
            yield (
                f"{column_count:,} columns: a sheet holds {EXCEL.columns:,}; "
                f"they continue in {further_sheets}"
            )
        if self.rows > EXCEL_ROWS - 1:
            yield (
                f"{self.rows:,} rows: a sheet holds {EXCEL_ROWS:,}; "
                f"they continue in {further_sheets}"
            )

        for name, count in self._shortened.items():
            texts = format_quantity(count, "text is", "texts are")
            yield f"{name}: {texts} cut to {EXCEL.text:,} characters, the limit of a cell"


def _set_up_sheet(sheet: Any, widths: Sequence[int]) -> None:
    """Set column widths, and keep the heading visible."""
    sheet.freeze_panes = "A2"
    from openpyxl.utils import get_column_letter

    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width


def _choose_width(variable: Variable) -> int:
    """Return a width at which the heading can be read and no date is shown as ###."""
    minimum = TIMESTAMP_WIDTH if is_timestamp(variable) else DATA_WIDTHS[variable.storage]
    return max(minimum, min(len(variable.name) + 2, MAX_HEADING_WIDTH))


def _make_text(sheet: "WriteOnlyWorksheet", text: str, *, bold: bool = False) -> Any:
    """Return a cell that stays a text."""
    if ILLEGAL_IN_CELLS.search(text):
        text = ILLEGAL_IN_CELLS.sub("", text)
    if "_x" in text:
        text = ESCAPE_LIKE.sub("_x005F_", text)
    if not bold and not FORMULA_LIKE.match(text):
        return text
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell: Any = WriteOnlyCell(sheet)
    # Set past openpyxl's guess that = begins a formula and #N/A is an error.
    cell._value = text
    cell.data_type = "s"
    if FORMULA_LIKE.match(text):
        cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    return cell


def _make_converter(variable: Variable, *, labels: bool) -> Callable[[Cell], Any]:
    """Make a function that returns a cell's value in Excel: a number, text, date, time, or None."""
    missing_texts = {}
    for kind, (code, words) in conventions.list_missing_codes(variable).items():
        if kind == "not_asked":
            # An empty cell.
            continue
        if labels:
            missing_texts[kind] = words
        elif kind in variable.labels:
            # An option has this word as its code.
            missing_texts[kind] = str(code)
        else:
            missing_texts[kind] = kind

    value_labels = variable.labels if labels else {}
    timestamp = is_timestamp(variable)

    def convert(cell: Cell) -> Any:
        match cell:
            case Missing():
                return missing_texts.get(cell.kind)
            case int():
                return value_labels.get(cell, cell)
            case float():
                return cell
            case str() if timestamp and cell:
                # Excel knows no time zones, and openpyxl refuses them.
                return datetime.fromisoformat(cell).astimezone(UTC).replace(tzinfo=None)
            case str():
                return value_labels.get(cell, cell) or None
            case date():
                if cell < FIRST_SAFE_DATE:
                    return cell.isoformat()
                return cell
            case time():
                return cell
            case _:
                return str(cell)

    return convert


def _iterate_codebook(table: Table) -> Iterator[tuple[str, ...]]:
    """Yield one line per variable."""
    yield "variable", "label", "wording", "measure", "stored as", "item", "asked", "missing"
    for v in table.variables:
        missing = []
        for kind, (code, text) in conventions.list_offered_codes(v).items():
            missing.append(f"{kind} {code} {to_single_line(text)}")

        asked = ""
        if v.role == "answer":
            asked = table.study.universes.get(v.item, "")

        yield (
            v.name,
            choose_label(v),
            v.wording,
            choose_measure(v),
            v.storage,
            v.item,
            asked,
            "; ".join(missing),
        )


def _iterate_labels(variables: Sequence[Variable]) -> Iterator[tuple[str, ...]]:
    """Yield one line per code: answers, then missing values."""
    yield "variable", "code", "label", "missing"
    for v in variables:
        kinds: dict[Code, str] = {
            code: kind for kind, (code, _) in conventions.list_missing_codes(v).items()
        }
        if v.storage == "text":
            # A column of texts holds the missing codes as texts.
            kinds |= {str(code): kind for code, kind in kinds.items()}

        for code, words in build_value_labels(v).items():
            missing = ""
            if code not in v.labels:
                missing = kinds.get(code, "")
            if not missing and code in v.user_missing:
                missing = "excluded from means"
            yield v.name, str(code), words, missing


class _ReproducibleZip(zipfile.ZipFile):
    """An archive whose parts all have the same time."""

    timestamp = conventions.DEFAULT_TIMESTAMP

    def open(self, name: Any, *args: Any, **options: Any) -> Any:
        """Open a part, through which everything is added."""
        name.date_time = self.timestamp.timetuple()[:6]
        name.external_attr = 0
        return super().open(name, *args, **options)


def _save(book: "Workbook", to: Path, time_of_data: datetime) -> None:
    """Write the workbook with the time of its data."""
    from openpyxl.writer.excel import ExcelWriter

    archive = _ReproducibleZip(to, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
    archive.timestamp = max(time_of_data, conventions.DEFAULT_TIMESTAMP)
    naive = archive.timestamp.astimezone(UTC).replace(tzinfo=None)
    book.properties.created = naive
    book.properties.modified = naive
    book.properties.creator = "survey-cli"
    ExcelWriter(book, archive).save()
