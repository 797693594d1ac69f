"""Excel workbooks, .xlsx: a sheet `data` with a row a case, a sheet `codebook` with a row a variable, a sheet `labels`
with a row a code. Every text is a text, whatever it begins with: none runs as a formula, nor when its cell is edited.

A number or code that was not asked is an empty cell; any other missing is its kind as a word, `dk`, `refused`,
`not_reached`, which Excel's functions leave out of sums and means (where an option has that word for a code, the missing
has its number). Texts, dates and times are empty, and their companion says why. With labels, words stand for codes and
missings. Rows or columns beyond what a sheet holds go on in a further sheet. Rows go into temporary files as they come,
so that memory does not grow with them.
"""

import errno
import gc
import re
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from survey_cli.exports.limits import EXCEL, EXCEL_ROWS, label_of, plain, value_labels
from survey_cli.exports.missing_codes import coded, missing_codes, offered_codes
from survey_cli.exports.reproducible_time import NEVER
from survey_cli.exports.typed_columns import measure_of
from survey_cli.table import Table
from survey_cli.table.timestamps import LAST_ENTRY_COLUMN, is_timestamp
from survey_cli.values import Cell, Code, Missing, Storage, Variable

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

    from survey_cli.exports.formats import Manner

T = TypeVar("T")

DATA, CODEBOOK, LABELS = "data", "codebook", "labels"
FIRST_DAY: Final = date(1900, 3, 1)
"""The first that Excel does not count wrongly; earlier ones are texts."""
UNSAID: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML file may hold."""
ESCAPED: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""What Excel would read as an escape."""
TRICKY: Final = re.compile(r"['=+\-@\t\r\n#＝＋－＠]")
"""A text that begins so gets the mark by which it stays a text."""
WIDE: Final[dict[Storage, int]] = {"integer": 9, "decimal": 11, "text": 14, "date": 12, "time": 10}
"""Letters that fit into a column of data, at least; one of moments takes `MOMENT`, and a heading up to `HEADING`."""
MOMENT: Final = 20
HEADING: Final = 32
WIDTHS: Final = {CODEBOOK: (22, 40, 60, 10, 10, 20, 40, 40), LABELS: (22, 14, 40, 16)}
"""Letters that fit into the columns."""


def write_xlsx(table: Table, to: Path, manner: "Manner") -> tuple[int, tuple[str, ...]]:
    """The rows, and what is to be said. Raises ImportError where the library is missing, OSError for a full disk."""
    return telling_full_disk(lambda: _written(table, to, labels=manner.labels))


def telling_full_disk(write: Callable[[], T]) -> T:
    """Have a full disk be an OSError, whichever library meets it, and end without a word what was left half written."""
    complaints = sys.unraisablehook
    try:
        try:
            return write()
        except OSError as error:
            sys.unraisablehook = _say_nothing
            told = OSError(error.errno, error.strerror)
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "lxml":  # where openpyxl finds it
                raise
            sys.unraisablehook = _say_nothing
            told = OSError(errno.EIO, str(error))
        gc.collect()
    finally:
        sys.unraisablehook = complaints
    raise told


def _say_nothing(_: object) -> None:
    """What is dropped half written can't be ended, which was told already."""


def _written(table: Table, to: Path, *, labels: bool) -> tuple[int, tuple[str, ...]]:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    data = _Data(book, table, labels=labels)
    codebook, codes = book.create_sheet(CODEBOOK), book.create_sheet(LABELS)
    for row in table.rows:
        data.append(row)
    for sheet, lines in ((codebook, _codebook(table)), (codes, _labels(table.variables))):
        _begin(sheet, WIDTHS[str(sheet.title)])
        for number, line in enumerate(lines):
            sheet.append([_text(sheet, words, bold=not number) for words in line])
    _saved(book, to, data.latest())
    return data.rows, tuple(data.notes())


class _Data:
    """The sheets of data: one, unless there are more columns or rows than it holds."""

    def __init__(self, book: "Workbook", table: Table, *, labels: bool) -> None:
        self._book = book
        self._variables = table.variables
        self._says = [_sayer(v, labels=labels) for v in table.variables]
        self._moment = next((at for at, v in enumerate(table.variables) if v.name == LAST_ENTRY_COLUMN), None)
        self._sheets: list[WriteOnlyWorksheet] = []
        self._cut: dict[str, int] = {}
        self._latest = ""
        self._room = 0
        self.rows = 0
        self._further()

    def append(self, row: Sequence[Cell]) -> None:
        """One row, in as many sheets as its columns take."""
        if not self._room:
            self._further()
        self._room -= 1
        self.rows += 1
        if self._moment is not None:
            self._latest = max(self._latest, str(row[self._moment]))
        cells = [say(cell) for say, cell in zip(self._says, row, strict=True)]
        for number, sheet in enumerate(self._sheets):
            start = number * EXCEL.columns
            some = cells[start : start + EXCEL.columns]
            sheet.append(
                [
                    self._long_or_text(sheet, value, start + at) if type(value) is str else value
                    for at, value in enumerate(some)
                ]
            )

    def _long_or_text(self, sheet: "WriteOnlyWorksheet", text: str, at: int) -> Any:
        if len(text) > EXCEL.text:
            name = self._variables[at].name
            self._cut[name] = self._cut.get(name, 0) + 1
            text = EXCEL.cut(text, EXCEL.text)
        return _text(sheet, text)

    def _further(self) -> None:
        """The sheet, or sheets, of the next rows, with their headings."""
        stretches = range(0, len(self._variables) or 1, EXCEL.columns)
        self._sheets = []
        for start in stretches:
            number = len([s for s in self._book.worksheets if str(s.title).startswith(DATA)]) + 1
            sheet = self._book.create_sheet(DATA if number == 1 else f"{DATA} {number}")
            some = self._variables[start : start + EXCEL.columns]
            _begin(sheet, [_width(v) for v in some])
            sheet.append([_text(sheet, v.name, bold=True) for v in some])
            self._sheets.append(sheet)
        self._room = EXCEL_ROWS - 1

    def latest(self) -> datetime:
        """The moment of the last entry in the data."""
        try:
            return datetime.fromisoformat(self._latest)
        except ValueError:
            return NEVER

    def notes(self) -> Iterator[str]:
        """What did not fit."""
        sheets = [str(s.title) for s in self._book.worksheets if str(s.title).startswith(DATA)]
        if len(self._variables) > EXCEL.columns:
            yield (
                f"{len(self._variables):,} columns: a sheet holds {EXCEL.columns:,}; they go on in "
                f"{', '.join(sheets[1:])}"
            )
        if self.rows > EXCEL_ROWS - 1:
            yield f"{self.rows:,} rows: a sheet holds {EXCEL_ROWS:,}; they go on in {', '.join(sheets[1:])}"
        for name, count in self._cut.items():
            texts = "a text is" if count == 1 else f"{count:,} texts are"
            yield f"{name}: {texts} cut to {EXCEL.text:,} letters, the most that a cell holds"


def _begin(sheet: Any, widths: Sequence[int]) -> None:
    """The heading stays in sight."""
    sheet.freeze_panes = "A2"
    from openpyxl.utils import get_column_letter

    for number, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width


def _width(variable: Variable) -> int:
    """So that the heading can be read, and no day or moment is shown as ###."""
    least = MOMENT if is_timestamp(variable) else WIDE[variable.storage]
    return max(least, min(len(variable.name) + 2, HEADING))


def _text(sheet: "WriteOnlyWorksheet", text: str, *, bold: bool = False) -> Any:
    """A text as a cell that stays a text."""
    if UNSAID.search(text):
        text = UNSAID.sub("", text)
    if "_x" in text:
        text = ESCAPED.sub("_x005F_", text)
    if not bold and not TRICKY.match(text):
        return text
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell: Any = WriteOnlyCell(sheet)
    cell._value = text  # past openpyxl's guess, for which = is a formula and #N/A an error
    cell.data_type = "s"
    if TRICKY.match(text):
        cell.quotePrefix = True
    if bold:
        cell.font = Font(bold=True)
    return cell


def _sayer(variable: Variable, *, labels: bool) -> Callable[[Cell], Any]:
    """What stands in the cells of a column: a number, text, day or time, or nothing."""
    codes: dict[str, int | str] = {}
    if coded(variable):
        codes = {
            kind: words if labels else str(code) if kind in variable.labels else kind
            for kind, (code, words) in missing_codes(variable).items()
            if kind != "not_asked"
        }
    words = variable.labels if labels else {}
    moment = is_timestamp(variable)

    def say(cell: Cell) -> Any:
        match cell:
            case Missing():
                return codes.get(cell.kind)
            case int() | float():
                return words.get(cell, cell) if isinstance(cell, int) else cell
            case str() if moment and cell:
                return datetime.fromisoformat(cell).astimezone(UTC).replace(tzinfo=None)
            case str():
                return words.get(cell, cell) or None
            case date():
                return cell if cell >= FIRST_DAY else cell.isoformat()
            case time():
                return cell
            case _:
                return str(cell)

    return say


def _codebook(table: Table) -> Iterator[tuple[str, ...]]:
    """A line a variable."""
    yield "variable", "label", "wording", "measure", "stored as", "item", "asked", "missing"
    for v in table.variables:
        missing = "; ".join(f"{kind} {code} {plain(text)}" for kind, (code, text) in offered_codes(v).items())
        asked = table.study.universes.get(v.item, "") if v.role == "answer" else ""
        yield v.name, label_of(v), v.wording, measure_of(v), v.storage, v.item, asked, missing


def _labels(variables: Sequence[Variable]) -> Iterator[tuple[str, ...]]:
    """A line a code: of answers, then of missings."""
    yield "variable", "code", "label", "missing"
    for v in variables:
        kinds: dict[Code, str] = {code: kind for kind, (code, _) in missing_codes(v).items()}
        for code, words in value_labels(v).items():
            number = int(code) if v.storage == "text" and str(code) in map(str, kinds) else code
            out = "" if code in v.labels else kinds.get(number, "")
            yield v.name, str(code), words, out or ("left out of means" if code in v.user_missing else "")


class _Dated(zipfile.ZipFile):
    """An archive whose parts all bear one moment."""

    moment = NEVER

    def writestr(
        self,
        zinfo_or_arcname: str | zipfile.ZipInfo,
        data: Any,
        compress_type: int | None = None,
        compresslevel: int | None = None,
    ) -> None:
        """A part from what is in memory."""
        super().writestr(self._part(str(zinfo_or_arcname)), data, compress_type, compresslevel)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **more: Any) -> None:
        """A part from a file."""
        with open(filename, "rb") as held, self.open(self._part(str(arcname)), "w", force_zip64=True) as part:
            shutil.copyfileobj(held, part)

    def _part(self, name: str) -> zipfile.ZipInfo:
        part = zipfile.ZipInfo(name, date_time=self.moment.timetuple()[:6])
        part.compress_type = zipfile.ZIP_DEFLATED
        return part


def _saved(book: "Workbook", to: Path, moment: datetime) -> None:
    """Write the workbook, dated by its data."""
    from openpyxl.writer.excel import ExcelWriter

    archive = _Dated(to, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
    archive.moment = max(moment, NEVER)
    naive = archive.moment.astimezone(UTC).replace(tzinfo=None)
    book.properties.created = book.properties.modified = naive
    book.properties.creator = "survey-cli"
    ExcelWriter(book, archive).save()
