"""Rows of a CSV file or workbook as text, the search for its columns, and its problems."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple

from survey_cli.problems import Position, Problem, Severity, find_nearest, suggest_nearest
from survey_cli.wording import format_letters, format_quantity


class InputRow(NamedTuple):
    """One row below the heading."""

    line: int
    """The line of the file in which the row begins, from 1."""
    cells: list[str]


class InputSheet(NamedTuple):
    """A file's heading and its rows, without empty rows; the rows can be iterated once."""

    heading: InputRow
    rows: Iterator[InputRow]
    delimiter: str = ","
    letters: bool = False
    """Columns have letters, as in a workbook."""

    @property
    def decimal_comma(self) -> bool:
        """Whether decimals may have a comma, as in files with semicolons between cells."""
        return self.delimiter != ","

    def describe_column(self, index: int) -> str:
        """Return how messages name a column (from 0): `column C` (workbook) or `column 3`."""
        if self.letters:
            return f"column {format_letters(index).upper()}"
        return f"column {index + 1}"


MAX_SHOWN: Final = 20
"""Problems of one kind that are shown; a wrong column repeats the same problem in every row."""


class ProblemCollector:
    """Collected problems of one file.

    Problems of one kind have the same rule, severity and subject. The subject is `of`, or `who` if
    `of` is empty.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self._shown: list[Problem] = []
        self._counts: dict[tuple[str, Severity, str], int] = {}
        self._first_hidden: dict[tuple[str, Severity, str], Position] = {}
        self.has_errors = False

    def add_error(
        self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = ""
    ) -> None:
        """Add an error. `line` counts from 1; 0 is the file as a whole."""
        self._add("error", rule, who, what, remedy, line, of)

    def add_warning(
        self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = ""
    ) -> None:
        """Add a warning. `line` counts from 1; 0 is the file as a whole."""
        self._add("warning", rule, who, what, remedy, line, of)

    def _add(
        self, severity: Severity, rule: str, who: str, what: str, remedy: str, line: int, of: str
    ) -> None:
        self.has_errors |= severity == "error"
        kind = (rule, severity, of or who)
        count = self._counts.get(kind, 0) + 1
        self._counts[kind] = count

        where = Position(self.file, line)
        if count <= MAX_SHOWN:
            self._shown.append(Problem(rule, where, who, what, remedy, severity))
        else:
            self._first_hidden.setdefault(kind, where)

    def list_problems(self) -> list[Problem]:
        """Return the problems by line: the first ones of every kind, and the number of others."""
        problems = [*self._shown]
        for (rule, severity, subject), where in self._first_hidden.items():
            hidden = self._counts[rule, severity, subject] - MAX_SHOWN
            what = f"and {hidden} more of this kind"
            remedy = "start with the first ones"
            problems.append(Problem(rule, where, subject, what, remedy, severity))
        return sorted(problems, key=lambda problem: problem.where)


_BETWEEN: Final = re.compile(r"[\s_.\-]+")


def normalize_heading(name: str) -> str:
    """Return a name in lower case without spaces, underscores, hyphens and points."""
    return _BETWEEN.sub("", name).casefold()


def find_columns(
    sheet: InputSheet,
    names: Iterable[str],
    required: str,
    collector: ProblemCollector,
    *,
    list_of: str,
) -> dict[str, int] | None:
    """Return the positions (from 0) that these columns have in the file.

    A heading matches exactly, or differs only in case, spaces, underscores, hyphens and points.
    Returns None, with an error, if the required column is missing. `list_of` says in messages where
    the names are listed: `sample:`.
    """
    names = list(names)
    line = sheet.heading.line
    positions: dict[str, int] = {}
    unmatched = {
        index: cell.strip() for index, cell in enumerate(sheet.heading.cells) if cell.strip()
    }

    for name in names:
        matches = [index for index, heading in unmatched.items() if heading == name]
        if not matches:
            matches = _list_similar_headings(name, unmatched, names)
            if matches:
                what = f"the column {unmatched[matches[0]]!r} is read instead"
                remedy = f"if that is right, rename it to {name}"
                collector.add_warning("heading", name, what, remedy, line=line, of="headings")

        if len(matches) > 1:
            both = " and ".join(sheet.describe_column(index) for index in matches[:2])
            collector.add_error(
                "heading", name, f"{both} both have this name", "keep one of them", line=line
            )
        if matches:
            positions[name] = matches[0]
        for index in matches:
            del unmatched[index]

    if required not in positions:
        _report_missing(sheet, names, required, collector)
        return None

    missing = [name for name in names if name not in positions]
    for index, heading in unmatched.items():
        what = f"{sheet.describe_column(index)} is not in {list_of} and is left out"
        remedy = "ignore this if the study does not need it"
        near = find_nearest(heading, missing)
        if near:
            remedy = f"did you mean {near!r}?"
        collector.add_warning("heading", heading, what, remedy, line=line, of="headings")
    return positions


def _list_similar_headings(
    name: str, headings: Mapping[int, str], names: Collection[str]
) -> list[int]:
    """Return the positions of headings that are spelled a little differently from the name."""
    normalized = normalize_heading(name)
    return [
        index
        for index, heading in headings.items()
        # A heading that is exactly another column's name belongs to that column.
        if heading not in names and normalize_heading(heading) == normalized
    ]


def _report_missing(
    sheet: InputSheet, names: list[str], required: str, collector: ProblemCollector
) -> None:
    """Report that the required column is missing, or which of the first rows seems to name it."""
    known = {normalize_heading(name) for name in names}
    line = sheet.heading.line

    for row in islice(sheet.rows, 10):
        known_names = sum(normalize_heading(cell) in known for cell in row.cells)
        has_required = required in [cell.strip() for cell in row.cells]
        if known_names > 1 or has_required:
            remedy = f"the names seem to be in line {row.line}: remove the lines above it"
            collector.add_error(
                "heading", required, "the first row does not name the columns", remedy, line=line
            )
            return

    headings = [cell.strip() for cell in sheet.heading.cells if cell.strip()]
    listed = ", ".join(heading[:40] for heading in headings[:12])
    remedy = suggest_nearest(
        required, headings, otherwise=f"the first row must name the columns; it has {listed}"
    )
    collector.add_error("heading", required, "the file has no such column", remedy, line=line)


def iterate_whole_rows(sheet: InputSheet, collector: ProblemCollector) -> Iterator[InputRow]:
    """Yield rows with one cell per heading, and report the others.

    Cells that are missing in a workbook are empty.
    """
    width = len(sheet.heading.cells)
    while width and not sheet.heading.cells[width - 1].strip():
        width -= 1

    for row in sheet.rows:
        cells = row.cells
        missing = max(0, width - len(cells))
        is_longer = any(cell.strip() for cell in cells[width:])
        # Workbooks don't store the empty cells at the end of a row; CSV files do.
        is_shorter = missing > 0 and not sheet.letters

        if is_longer or is_shorter:
            what = f"the row has {format_quantity(len(cells), 'cell')}, the first row {width}"
            if is_longer:
                remedy = (
                    "put a cell that contains the delimiter in quotes,"
                    " or give the extra column a name"
                )
            else:
                remedy = "put a cell with several lines in quotes, or add the missing delimiters"
            collector.add_error("cells", "", what, remedy, line=row.line)
            continue

        del cells[width:]
        cells.extend([""] * missing)
        yield row
