"""Reader of XLSForm files (.xlsx, .xls, .csv, .md): the rows of each sheet, with cells as text."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, TypeAlias

from survey_cli.problems import UserError

MAX_BYTES: Final = 50_000_000
SHEETS: Final = ("survey", "choices", "settings")
_INVISIBLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u2028\u2029\ufeff]")
_SYNONYMS: Final[dict[str, str]] = dict(
    re.findall(
        r"(\S+)=(\S+)",
        "relevance=relevant calculate=calculation caption=label value=name guidance=guidance_hint readonly=read_only"
        " repeat=repeat_count jr:count=repeat_count constraintmsg=constraint_message"
        " requiredmsg=required_message jr:constraintmsg=constraint_message",
    )
)
_WITHOUT_MEANING: Final = ("bind", "control", "body", "instance", "media")
"""First words of headings such as `bind::relevant`, whose second word is the column."""

Sheets: TypeAlias = dict[str, list[tuple[int, list[str]]]]
"""The rows of each sheet with their numbers."""


@dataclass(frozen=True, slots=True)
class FormRow:
    """A row that is not empty."""

    number: int
    """Its number in the sheet, from 1."""
    cells: Mapping[tuple[str, str], str]
    """By column and the name of its language, which is empty where the column has none."""

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


def _read_workbook(path: Path, contents: bytes) -> Sheets:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        what = "reading workbooks needs python-calamine, which is not installed"
        raise UserError(str(path), what, "install survey-cli[excel], or save each sheet in one .csv") from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(contents))
        names = [name for name in book.sheet_names if name.strip().lower() in SHEETS]
        tables = [book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in names]
    except CalamineError as error:
        raise UserError(str(path), "this is not a workbook, or it is damaged", "save it again as .xlsx") from error
    return {
        name.strip().lower(): [(number, [_format_cell(cell) for cell in row]) for number, row in enumerate(table, 1)]
        for name, table in zip(names, tables, strict=True)
    }


def _format_cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00" * isinstance(value, date)).replace("\xa0", " ").strip()


def _decode(path: Path, contents: bytes) -> str:
    try:
        return contents.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(str(path), "the file is not UTF-8", "save it as CSV UTF-8") from error


def _split_line(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line[1:].removesuffix("|"))]


def _split_sheets(rows: Iterable[tuple[int, list[str]]]) -> Sheets:
    """Split a text file into sheets: a row with a name in the first cell begins one."""
    sheets: Sheets = {}
    current: list[tuple[int, list[str]]] = []
    for number, row in rows:
        name = row[0].strip().lower() if row else ""
        if name and all(not cell.strip() for cell in row[1:]):
            current = sheets.setdefault(name, [])
        elif any(cell.strip(" -:") for cell in row[1:]):
            current.append((number, [cell.strip() for cell in row[1:]]))
    return sheets


def _name_columns(rows: list[tuple[int, list[str]]]) -> list[FormRow]:
    (_, first), *others = [row for row in rows if any(row[1])] or [(0, [])]
    headings, named = [_parse_heading(cell) for cell in first], []
    for number, row in others:
        cleaned = zip(headings, (_INVISIBLE.sub("", cell) for cell in row), strict=False)
        named.append(FormRow(number, {heading: cell for heading, cell in cleaned if cell and heading[0]}))
    return named


def _parse_heading(cell: str) -> tuple[str, str]:
    first, *others = [part.strip() for part in re.split(r"::|(?<!jr):", cell)]
    first = first.lower().replace(" ", "_").replace("-", "_")
    if first in _WITHOUT_MEANING and others:
        return _parse_heading("::".join(others))
    return _SYNONYMS.get(first, first), others[0] if others else ""
