"""Matching of a file's headings with the expected column names."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from survey_cli.problems import find_nearest, suggest_nearest
from survey_cli.samples.files.problem_collector import ProblemCollector
from survey_cli.samples.files.sheet import InputRow, InputSheet

_BETWEEN: Final = re.compile(r"[\s_.\-]+")


def normalize_heading(name: str) -> str:
    """Return a name in lower case without spaces, underscores, hyphens and points."""
    return _BETWEEN.sub("", name).casefold()


def find_columns(
    sheet: InputSheet, names: Iterable[str], required: str, collector: ProblemCollector, *, list_of: str
) -> Mapping[str, int] | None:
    """Return the position (from 0) of each of these columns in the file.

    A heading matches exactly, or differs only in case, spaces, underscores, hyphens and points. None, with an error,
    where the required column is missing. `list_of` says in messages where the names are listed: `sample:`.
    """
    names = list(names)
    line = sheet.heading.line
    positions: dict[str, int] = {}
    unmatched = {index: cell.strip() for index, cell in enumerate(sheet.heading.cells) if cell.strip()}
    for name in names:
        matches = [index for index, heading in unmatched.items() if heading == name]
        if not matches:
            matches = [
                index
                for index, heading in unmatched.items()
                if normalize_heading(heading) == normalize_heading(name) and heading not in names
            ]
            for index in matches[:1]:
                what = f"the column {unmatched[index]!r} is read instead"
                collector.add_warning(
                    "heading", name, what, f"if that is right, rename it to {name}", line=line, of="headings"
                )
        if len(matches) > 1:
            both = " and ".join(sheet.describe_column(index) for index in matches[:2])
            collector.add_error("heading", name, f"{both} both have this name", "keep one of them", line=line)
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


def _report_missing(sheet: InputSheet, names: list[str], required: str, collector: ProblemCollector) -> None:
    """Report that the required column is missing, or in which of the first rows the names seem to be."""
    known = {normalize_heading(name) for name in names}
    line = sheet.heading.line
    for row in islice(sheet.rows, 10):
        if sum(normalize_heading(cell) in known for cell in row.cells) > 1 or required in map(str.strip, row.cells):
            remedy = f"the names seem to be in line {row.line}: remove the lines above it"
            collector.add_error("heading", required, "the first row does not name the columns", remedy, line=line)
            return
    headings = [cell.strip() for cell in sheet.heading.cells if cell.strip()]
    listed = ", ".join(heading[:40] for heading in headings[:12])
    remedy = suggest_nearest(required, headings, otherwise=f"the first row must name the columns; it has {listed}")
    collector.add_error("heading", required, "the file has no such column", remedy, line=line)


def iterate_whole_rows(sheet: InputSheet, collector: ProblemCollector) -> Iterator[InputRow]:
    """Yield rows with one cell per heading, and report the others. Cells missing in a workbook are empty."""
    width = len(sheet.heading.cells)
    while width and not sheet.heading.cells[width - 1].strip():
        width -= 1
    for row in sheet.rows:
        cells = row.cells
        if len(cells) > width:
            if any(map(str.strip, cells[width:])):
                what = f"the row has {len(cells)} cells, the first row {width}"
                remedy = "put a cell that contains the delimiter in quotes, or give the extra column a name"
                collector.add_error("cells", "", what, remedy, line=row.line)
                continue
            del cells[width:]
        elif len(cells) < width:
            if not sheet.letters:
                what = f"the row has {len(cells)} cells, the first row {width}"
                remedy = "put a cell with several lines in quotes, or add the missing delimiters"
                collector.add_error("cells", "", what, remedy, line=row.line)
                continue
            cells.extend([""] * (width - len(cells)))
        yield row
