"""Rows of a CSV file or workbook as text, the matching of headings with column names, and the problems of one file."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from survey_cli.problems import Position, Problem, Severity, find_nearest, suggest_nearest
from survey_cli.wording import format_letters


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
        """Whether decimals may have a comma, as in files whose cells are separated by semicolons."""
        return self.delimiter != ","

    def describe_column(self, index: int) -> str:
        """Return the name of a column (from 0) for messages: `column C` in a workbook, else `column 3`."""
        return f"column {format_letters(index).upper() if self.letters else index + 1}"


MAX_SHOWN: Final = 20
"""Problems of one kind that are shown; a wrong column would repeat the same problem in every row."""


class ProblemCollector:
    """Collected problems of one file.

    Problems of one kind have the same rule, severity and subject: `of` or, where it is empty, `who`.
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
        """Add an error; `line` counts from 1, and 0 is the file as a whole."""
        self._add("error", rule, who, what, remedy, line, of)

    def add_warning(
        self, rule: str, who: str, what: str, remedy: str, *, line: int = 0, of: str = ""
    ) -> None:
        """Add a warning; `line` counts from 1, and 0 is the file as a whole."""
        self._add("warning", rule, who, what, remedy, line, of)

    def _add(
        self, severity: Severity, rule: str, who: str, what: str, remedy: str, line: int, of: str
    ) -> None:
        self.has_errors |= severity == "error"
        kind = (rule, severity, of or who)
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        where = Position(self.file, line)
        if count <= MAX_SHOWN:
            self._shown.append(Problem(rule, where, who, what, remedy, severity))
        else:
            self._first_hidden.setdefault(kind, where)

    def list_problems(self) -> list[Problem]:
        """Return the problems by line: of each kind the first ones, and the number of the others."""
        more = [
            Problem(rule, where, of, f"and {self._counts[rule, severity, of] - MAX_SHOWN} more of this kind",
                    "start with the first ones", severity)
            for (rule, severity, of), where in self._first_hidden.items()
        ]  # fmt: skip
        return sorted([*self._shown, *more], key=lambda problem: problem.where)


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
    """Return the position (from 0) of each of these columns in the file.

    A heading matches exactly, or differs only in case, spaces, underscores, hyphens and points. None, with an error,
    where the required column is missing. `list_of` says in messages where the names are listed: `sample:`.
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
            others = (
                (index, heading) for index, heading in unmatched.items() if heading not in names
            )
            matches = [
                index
                for index, heading in others
                if normalize_heading(heading) == normalize_heading(name)
            ]
            for index in matches[:1]:
                what = f"the column {unmatched[index]!r} is read instead"
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
        near = find_nearest(heading, missing)
        what = f"{sheet.describe_column(index)} is not in {list_of} and is left out"
        remedy = f"did you mean {near!r}?" if near else "ignore this if the study does not need it"
        collector.add_warning("heading", heading, what, remedy, line=line, of="headings")
    return positions


def _report_missing(
    sheet: InputSheet, names: list[str], required: str, collector: ProblemCollector
) -> None:
    """Report that the required column is missing, or in which of the first rows the names seem to be."""
    known = {normalize_heading(name) for name in names}
    line = sheet.heading.line
    for row in islice(sheet.rows, 10):
        if sum(normalize_heading(cell) in known for cell in row.cells) > 1 or required in map(
            str.strip, row.cells
        ):
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
    """Yield rows with one cell per heading, and report the others. Cells missing in a workbook are empty."""
    width = len(sheet.heading.cells)
    while width and not sheet.heading.cells[width - 1].strip():
        width -= 1
    for row in sheet.rows:
        cells, missing = row.cells, width - len(row.cells)
        is_longer = missing < 0 and any(map(str.strip, cells[width:]))
        if is_longer or (missing > 0 and not sheet.letters):
            remedy = "put a cell with several lines in quotes, or add the missing delimiters"
            if is_longer:
                remedy = "put a cell that contains the delimiter in quotes, or give the extra column a name"
            what = f"the row has {len(cells)} cells, the first row {width}"
            collector.add_error("cells", "", what, remedy, line=row.line)
            continue
        del cells[width:]
        cells.extend([""] * missing)
        yield row
