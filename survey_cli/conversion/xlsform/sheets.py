"""Sheets of XLSForms (.xlsx, .xls, .csv, .md), and their rows with named columns."""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final, NamedTuple, TypeAlias

from survey_cli.conversion.input_files import (
    MAX_CELLS,
    MAX_UNPACKED,
    InputFile,
    remove_unwritable,
)
from survey_cli.instrument.texts.invisible_characters import remove_invisible
from survey_cli.problems import UserError
from survey_cli.workbook_size import measure_largest_sheet, unpacks_too_far

SHEETS: Final = ("survey", "choices", "settings")

_ZIP: Final = b"PK"
_SYNONYMS: Final = {
    "relevance": "relevant",
    "calculate": "calculation",
    "caption": "label",
    "value": "name",
    "guidance": "guidance_hint",
    "readonly": "read_only",
    "repeat": "repeat_count",
    "jr:count": "repeat_count",
    "constraintmsg": "constraint_message",
    "requiredmsg": "required_message",
    "jr:constraintmsg": "constraint_message",
}
"""The names of columns by the other headings that they may have."""
_WITHOUT_MEANING: Final = ("bind", "control", "body", "instance", "media")
"""First words of headings such as `bind::relevant`, whose second word is the column."""

NumberedRow: TypeAlias = tuple[int, list[str]]
"""The number of a row in its sheet, from 1, and its cells."""
Sheets: TypeAlias = dict[str, list[NumberedRow]]


class SheetRow(NamedTuple):
    """A row that is not empty."""

    number: int
    """Its number in the sheet, from 1."""
    cells: Mapping[tuple[str, str], str]
    """By column and the name of its language, which is empty if the column has none."""

    def get(self, column: str) -> str:
        """Return the cell of a column without a language; empty if there isn't one."""
        return self.cells.get((column, ""), "")

    def get_texts(self, column: str) -> dict[str, str]:
        """Return the texts of a column by the names of their languages."""
        return {language: text for (name, language), text in self.cells.items() if name == column}


def read_sheets(file: InputFile) -> dict[str, list[SheetRow]]:
    """Read the rows of a form by the names of its sheets. Raises UserError if it isn't a form."""
    if file.is_workbook:
        sheets = _read_workbook(file)
    elif file.text.lstrip().startswith("|"):
        sheets = _split_sheets(_read_markdown(file.text))
    else:
        sheets = _split_sheets(file.read_csv())

    form = {name: _name_columns(rows) for name, rows in sheets.items()}
    if not form.get("survey"):
        what = "there is no sheet 'survey' with rows"
        raise UserError(file.name, what, "an XLSForm has the sheets survey, choices")
    return form


def _refuse_workbook(file: InputFile) -> UserError:
    what = "this is not a workbook, or it is damaged"
    return UserError(file.name, what, "save it again as .xlsx")


def _read_workbook(file: InputFile) -> Sheets:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        from survey_cli.installation import make_install_command

        what = "reading workbooks needs python-calamine, which is not installed"
        remedy = f"{make_install_command('excel')}, or save each sheet in one .csv"
        raise UserError(file.name, what, remedy) from None

    try:
        is_too_large = _is_too_large(file.contents)
    except zipfile.BadZipFile as error:
        raise _refuse_workbook(file) from error
    if is_too_large:
        what = "the workbook is too large: once unpacked, it has far more cells than a form"
        remedy = "delete the empty rows and columns around the data, and save it again"
        raise UserError(file.name, what, remedy)

    sheets: Sheets = {}
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(file.contents))
        for title in book.sheet_names:
            name = title.strip().lower()
            if name not in SHEETS:
                continue
            # Empty rows at the top are kept: reports give the numbers that a spreadsheet shows.
            rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            sheets[name] = [
                (number, [_format_cell(value) for value in row])
                for number, row in enumerate(rows, 1)
            ]
    except CalamineError as error:
        raise _refuse_workbook(file) from error
    return sheets


def _is_too_large(contents: bytes) -> bool:
    """Return whether python-calamine, which makes a table of all cells, would need too much memory.

    Raises zipfile.BadZipFile.
    """
    if not contents.startswith(_ZIP):
        return False  # the old format has at most 65,536 rows and 256 columns
    if unpacks_too_far(contents, limit=MAX_UNPACKED):
        return True
    return measure_largest_sheet(contents) > MAX_CELLS


def _format_cell(value: object) -> str:
    """Write the value of a cell as a form understands it: `true`, `1` for 1.0, `2020-01-31`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))

    text = remove_unwritable(str(value))
    if isinstance(value, date):
        text = text.removesuffix(" 00:00:00")
    return text.replace("\xa0", " ").strip()


def _read_markdown(text: str) -> Iterator[NumberedRow]:
    """Yield the rows of tables; other lines count, but are no rows."""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("|"):
            yield number, _split_line(line)


def _split_line(line: str) -> list[str]:
    r"""Split a line of a table at every `|` but those written as `\|`."""
    inside = line[1:].removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inside)]


def _split_sheets(rows: Iterable[NumberedRow]) -> Sheets:
    """Split a text file into sheets: a row with a name in the first cell begins one."""
    sheets: Sheets = {}
    current: list[NumberedRow] = []  # rows before the first name belong to no sheet
    for number, row in rows:
        name = row[0].strip().lower() if row else ""
        cells = [cell.strip() for cell in row[1:]]
        if name and not any(cells):
            current = sheets.setdefault(name, [])
        elif any(cell.strip(" -:") for cell in row[1:]):  # otherwise it is the line `|---|:-:|`
            current.append((number, cells))
    return sheets


def _name_columns(rows: list[NumberedRow]) -> list[SheetRow]:
    """Return the rows by the names of the columns, which are in the first row with a cell."""
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        return []

    headings = [_parse_heading(cell) for cell in filled[0][1]]
    return [SheetRow(number, _name_cells(headings, cells)) for number, cells in filled[1:]]


def _name_cells(headings: list[tuple[str, str]], cells: list[str]) -> dict[tuple[str, str], str]:
    named: dict[tuple[str, str], str] = {}
    for heading, cell in zip(headings, cells, strict=False):
        column, _language = heading
        visible = remove_invisible(cell)
        if column and visible:
            named[heading] = visible
    return named


def _parse_heading(cell: str) -> tuple[str, str]:
    """Return the column and the language of `label::English (en)`, or an empty language."""
    first, *others = [part.strip() for part in re.split(r"::|(?<!jr):", cell)]
    column = first.lower().replace(" ", "_").replace("-", "_")
    if column in _WITHOUT_MEANING and others:
        return _parse_heading("::".join(others))

    language = others[0] if others else ""
    return _SYNONYMS.get(column, column), language
