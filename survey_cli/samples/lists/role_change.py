"""A change of one person's role in the list of people, which leaves every other byte as it is."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.permissions import StaffRole
from survey_cli.samples.files import sheet
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.lists.people_file import COLUMNS

BYTES_AS_LETTERS: Final = "latin-1"
"""An encoding in which each byte is one letter: text of any other one comes back as it was."""
_LINE_ENDS: Final = re.compile(r"(?<=\n)")


def build_changed_list(path: Path, login: str, role: StaffRole) -> bytes | None:
    """Return the contents of the list with another role of a person.

    Returns None if only a spreadsheet program can change it: it is a workbook, or the row of the
    person goes over several lines. The list must have been read before, without errors.
    """
    contents = path.read_bytes()
    before = _read_table(path, contents)
    if before is None or "role" not in before.headings:
        return None

    column = before.headings.index("role")
    for line, cells in before.rows.items():
        if cells[before.headings.index("login")].strip() != login:
            continue
        lines = _LINE_ENDS.split(contents.decode(BYTES_AS_LETTERS))
        lines[line - 1] = _change_cell(lines[line - 1], before.delimiter, column, role.value)
        changed = "".join(lines).encode(BYTES_AS_LETTERS)

        # Whatever the file is, it must say what it said before, except for this cell.
        expected = [*cells]
        expected[column] = role.value
        after = _read_table(path, changed)
        if after == before._replace(rows={**before.rows, line: tuple(expected)}):
            return changed
    return None


class _Table(NamedTuple):
    """A list of people as text."""

    delimiter: str
    headings: tuple[str, ...]
    rows: Mapping[int, tuple[str, ...]]
    """The cells of each row by the number of its line."""


def _read_table(path: Path, contents: bytes) -> _Table | None:
    """Return what a list says; None for a workbook, which has no lines."""
    rows = read_sheet(path, sheet.ProblemCollector(str(path)), known=COLUMNS, contents=contents)
    if rows is None or rows.letters:
        return None
    headings = tuple(sheet.normalize_heading(cell) for cell in rows.heading.cells)
    return _Table(rows.delimiter, headings, {row.line: tuple(row.cells) for row in rows.rows})


def _change_cell(line: str, delimiter: str, column: int, text: str) -> str:
    """Return a line with another text in a cell."""
    content = line.rstrip("\r\n")
    [cells] = csv.reader([content], delimiter=delimiter)
    cells += [""] * (column + 1 - len(cells))
    cells[column] = text

    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="").writerow(cells)
    return written.getvalue() + line[len(content) :]
