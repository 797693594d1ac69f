"""Reader of XLSForm files (.xlsx, .xls, .csv, .md): the rows of each sheet, with cells as text."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeAlias

from survey_cli.problems import UserError

MAX_BYTES: Final = 50_000_000
SHEETS: Final = ("survey", "choices", "settings")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\ufeff]")
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
_WITHOUT_MEANING: Final = ("bind", "control", "body", "instance")
"""First words of headings such as `bind::relevant`, whose second word is the column."""

Heading: TypeAlias = tuple[str, str]
"""A column and the name of its language, which is empty where the column has none."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row that is not empty."""

    number: int
    """Its number in the sheet, from 1."""
    cells: Mapping[Heading, str]

    def get(self, column: str) -> str:
        """Return the cell of a column without a language."""
        return self.cells.get((column, ""), "")

    def get_texts(self, column: str) -> dict[str, str]:
        """Return a text by language."""
        return {language: text for (name, language), text in self.cells.items() if name == column}


def read_form(path: Path) -> dict[str, list[FormRow]]:
    """Read the sheets of a form. Raises UserError where it is not one."""
    try:
        contents = path.read_bytes()
    except OSError as error:
        raise UserError(str(path), f"it can't be read: {error.strerror}", "check the path") from error
    if len(contents) > MAX_BYTES:
        raise UserError(str(path), "the file is larger than 50 MB", "remove sheets that are not part of the form")
    match path.suffix.lower():
        case ".xlsx" | ".xlsm" | ".xls":
            sheets = _read_workbook(path, contents)
        case ".csv":
            rows = csv.reader(io.StringIO(_decode(path, contents), newline=""))
            sheets = _split_sheets(enumerate(rows, 1))
        case ".md":
            lines = (line.strip() for line in _decode(path, contents).splitlines())
            sheets = _split_sheets((n, _split_line(line)) for n, line in enumerate(lines, 1) if line.startswith("|"))
        case _:
            raise UserError(str(path), "this is not an XLSForm", "its name must end in .xlsx, .xls, .csv or .md")
    form = {name: _name_columns(rows) for name, rows in sheets.items()}
    if not form.get("survey"):
        raise UserError(str(path), "there is no sheet 'survey' with rows", "an XLSForm has the sheets survey, choices")
    return form


def _read_workbook(path: Path, contents: bytes) -> dict[str, list[tuple[int, list[str]]]]:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        what = "reading workbooks needs python-calamine, which is not installed"
        raise UserError(str(path), what, "install survey-cli[excel], or save each sheet in one .csv") from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(contents))
        return {
            name.strip().lower(): [
                (number, [_format_cell(value) for value in row])
                for number, row in enumerate(book.get_sheet_by_name(name).to_python(skip_empty_area=False), 1)
            ]
            for name in book.sheet_names
            if name.strip().lower() in SHEETS
        }
    except CalamineError as error:
        raise UserError(str(path), "this is not a workbook, or it is damaged", "save it again as .xlsx") from error


def _format_cell(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case datetime() | date():
            return str(value).removesuffix(" 00:00:00")
        case _:
            return str(value).replace("\xa0", " ").strip()


def _decode(path: Path, contents: bytes) -> str:
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(str(path), "the file is not UTF-8", "save it as CSV UTF-8") from error


def _split_line(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line[1:].removesuffix("|"))]


def _split_sheets(rows: Iterable[tuple[int, list[str]]]) -> dict[str, list[tuple[int, list[str]]]]:
    """Split a text file into sheets: a row with a name in the first cell begins one."""
    sheets: dict[str, list[tuple[int, list[str]]]] = {}
    current: list[tuple[int, list[str]]] = []
    for number, row in rows:
        name = row[0].strip().lower() if row else ""
        if name and all(not cell.strip() for cell in row[1:]):
            current = sheets.setdefault(name, [])
        elif any(cell.strip(" -:") for cell in row[1:]):
            current.append((number, [cell.strip() for cell in row[1:]]))
    return sheets


def _name_columns(rows: list[tuple[int, list[str]]]) -> list[FormRow]:
    headings: list[Heading] = []
    named: list[FormRow] = []
    for number, row in rows:
        if not any(row):
            continue
        if not headings:
            headings = [_parse_heading(cell) for cell in row]
            continue
        cleaned = [_INVISIBLE.sub("", cell) for cell in row]
        cells = {heading: cell for heading, cell in zip(headings, cleaned, strict=False) if cell and heading[0]}
        named.append(FormRow(number, cells))
    return named


def _parse_heading(cell: str) -> Heading:
    parts = [part.strip() for part in re.split(r"::|(?<!jr):", cell)]
    first = parts[0].lower().replace(" ", "_").replace("-", "_")
    if first in _WITHOUT_MEANING and len(parts) > 1:
        return _parse_heading("::".join(parts[1:]))
    if first == "media" and len(parts) > 1:
        return _parse_heading("::".join(parts[1:]))
    return _SYNONYMS.get(first, first), parts[1] if len(parts) > 1 else ""
