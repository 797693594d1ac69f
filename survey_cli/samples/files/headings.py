"""Matching of the headings of a file with the column names that are expected."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final

from survey_cli.problems import find_nearest, suggest_nearest
from survey_cli.samples.files.problem_collector import ProblemCollector
from survey_cli.samples.files.sheet import InputRow, InputSheet

_BETWEEN: Final = re.compile(r"[\s_.\-]+")


def normalize_heading(name: str) -> str:
    """A name without case, spaces, underscores, hyphens and points."""
    return _BETWEEN.sub("", name).casefold()


def find_columns(
    sheet: InputSheet, wanted: Iterable[str], needed: str, collector: ProblemCollector, *, list_of: str
) -> Mapping[str, int] | None:
    """Wanted name to its column (from 0), by the exact name or by one that differs only in case, spaces and
    underscores; None, with an error, where the needed one is not there. `list_of` is what names them: `sample:`.
    """
    names = [name.strip() for name in sheet.heading.cells]
    line = sheet.heading.line
    at: dict[str, int] = {}
    free = {index: name for index, name in enumerate(names) if name}
    wanted = list(wanted)
    for name in wanted:
        same = [index for index, given in free.items() if given == name]
        if not same:
            same = [
                index
                for index, given in free.items()
                if normalize_heading(given) == normalize_heading(name) and given not in wanted
            ]
            for index in same[:1]:
                what = f"the column {free[index]!r} is taken for it"
                collector.add_warning("heading", name, what, f"name it {name} to be sure", line=line, of="headings")
        if len(same) > 1:
            both = " and ".join(sheet.describe_column(index) for index in same[:2])
            collector.add_error("heading", name, f"{both} both have this name", "keep one", line=line)
        if same:
            at[name] = same[0]
        for index in same:
            del free[index]
    if needed not in at:
        _report_missing(sheet, wanted, needed, collector)
        return None
    for index, given in free.items():
        near = find_nearest(given, [name for name in wanted if name not in at])
        remedy = f"did you mean {near!r}?" if near else "nothing, if the study does not need it"
        collector.add_warning(
            "heading",
            given,
            f"{sheet.describe_column(index)} is not in {list_of}, left out",
            remedy,
            line=line,
            of="headings",
        )
    return at


def _report_missing(sheet: InputSheet, wanted: list[str], needed: str, collector: ProblemCollector) -> None:
    known = {normalize_heading(name) for name in wanted}
    line = sheet.heading.line
    for row in islice(sheet.rows, 10):
        if sum(normalize_heading(cell) in known for cell in row.cells) > 1 or needed in map(str.strip, row.cells):
            remedy = f"the names seem to stand in line {row.line}: take out what stands above"
            collector.add_error("heading", needed, "the first row does not name the columns", remedy, line=line)
            return
    names = [name.strip() for name in sheet.heading.cells if name.strip()]
    has = ", ".join(name[:40] for name in names[:12])
    remedy = suggest_nearest(needed, names, otherwise=f"the first row names the columns; it has {has}")
    collector.add_error("heading", needed, "there is no such column in the file", remedy, line=line)


def iterate_whole_rows(sheet: InputSheet, collector: ProblemCollector) -> Iterator[InputRow]:
    """Rows that have a cell for each name of the heading; of the others it is said why they are left out."""
    width = len(sheet.heading.cells)
    while width and not sheet.heading.cells[width - 1].strip():
        width -= 1
    for row in sheet.rows:
        cells = row.cells
        if len(cells) > width:
            if any(map(str.strip, cells[width:])):
                what = f"the row has {len(cells)} cells, the first row {width}"
                remedy = "put a cell that holds the delimiter in quotes, or name the column"
                collector.add_error("cells", "", what, remedy, line=row.line)
                continue
            del cells[width:]
        elif len(cells) < width:
            if not sheet.letters:
                what = f"the row has {len(cells)} cells, the first row {width}"
                remedy = "put a cell that goes over several lines in quotes, or add the delimiters"
                collector.add_error("cells", "", what, remedy, line=row.line)
                continue
            cells.extend([""] * (width - len(cells)))
        yield row
