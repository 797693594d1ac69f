"""Reader of do-not-call files from a registry or a client; nothing is stored here."""

from collections.abc import Iterator
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import Problem
from survey_cli.samples.cases.columns import InvalidValue, clean_text, make_date_reader
from survey_cli.samples.cases.phone_numbers import ParsedNumber, read_numbers
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector, normalize_heading

COLUMNS: Final = ("number", "date", "reason")
_HEADING_IS_ROW: Final = ""
"""Key among the columns of a file without headings, whose first row is a number."""
_NUMBER_HEADINGS: Final = (
    "number",
    "phone",
    "telephone",
    "phonenumber",
    "telephonenumber",
    "tel",
    "e164",
)


class DoNotCallNumber(NamedTuple):
    """A number on a do-not-call list."""

    number: ParsedNumber
    since: date | None
    reason: str


class DoNotCallFile(NamedTuple):
    """The distinct numbers of a file that has no errors."""

    numbers: tuple[DoNotCallNumber, ...]
    problems: tuple[Problem, ...] = ()
    """Warnings, by line; a number that could not be read is not blocked."""


def read_do_not_call_file(
    path: Path | str, *, country: str | None, today: date | None = None
) -> DoNotCallFile | list[Problem]:
    """Read a text file with one number per line, or a table with the columns number, date and reason.

    The columns are in this order where the first row does not name them. An area code and seven digits in two cells, as
    in the registry of the United States, are one number. Of repeated numbers the earliest date counts. A date after
    `today` is an error. Returns all problems where one of them is an error.
    """
    collector = ProblemCollector(str(path))
    rows = read_sheet(path, collector, known=COLUMNS)
    if rows is None:
        return collector.list_problems()
    columns = _find_columns(rows)
    if "number" not in columns:
        what, remedy = (
            "no column contains numbers",
            "name the column number, or begin the file with a telephone number",
        )
        collector.add_error("do-not-call", "", what, remedy, line=rows.heading.line)
        return collector.list_problems()
    entries: dict[str, DoNotCallNumber] = {}
    for row in chain([rows.heading] if _HEADING_IS_ROW in columns else (), rows.rows):
        for entry in _read_numbers(row, columns, country, today, collector):
            earlier = entries.setdefault(entry.number.e164, entry)
            if (entry.since or date.max) < (earlier.since or date.max):
                entries[entry.number.e164] = entry
    if collector.has_errors:
        return collector.list_problems()
    return DoNotCallFile(numbers=tuple(entries.values()), problems=tuple(collector.list_problems()))


def _find_columns(sheet: InputSheet) -> dict[str, int]:
    columns: dict[str, int] = {}
    for index, cell in enumerate(sheet.heading.cells):
        name = normalize_heading(cell)
        if name in COLUMNS or name in _NUMBER_HEADINGS:
            columns.setdefault("number" if name in _NUMBER_HEADINGS else name, index)
    if "number" not in columns and sum(map(str.isdecimal, sheet.heading.cells[0])) > 2:
        return {name: index for index, name in enumerate(COLUMNS)} | {_HEADING_IS_ROW: 0}
    return columns


def _read_numbers(
    row: InputRow,
    columns: dict[str, int],
    country: str | None,
    today: date | None,
    collector: ProblemCollector,
) -> Iterator[DoNotCallNumber]:
    text = _read_cell(row, columns["number"])
    following = _read_cell(row, columns["number"] + 1)
    in_two_cells = len(text) == 3 and len(following) == 7 and (text + following).isdecimal()
    if in_two_cells:  # no other columns
        text, date_text, reason = text + following, "", ""
    else:
        date_text, reason = (_read_cell(row, columns.get(name)) for name in ("date", "reason"))
    since = _read_date(date_text, row, country, today, collector) if date_text else None
    for number in read_numbers(text, country):
        if isinstance(number, ParsedNumber):
            yield DoNotCallNumber(number, since, reason)
        else:
            what = f"{number.written[:40]!r}: {number.why}; it is not blocked"
            collector.add_warning("do-not-call", "number", what, number.remedy, line=row.line)


def _read_date(
    text: str, row: InputRow, country: str | None, today: date | None, collector: ProblemCollector
) -> date | None:
    """Return the date since when a number is listed; None, with a warning, where it can't be read."""
    value = make_date_reader(country or "")(text)
    if not isinstance(value, date):
        what, remedy = (
            value
            if isinstance(value, InvalidValue)
            else ("it is not a date", "write it like 2026-11-24")
        )
        what = f"{text[:40]!r}: {what}; the number is still blocked"
        collector.add_warning("do-not-call", "date", what, remedy, line=row.line)
        return None
    if today is not None and value > today:
        what = f"{text[:40]!r} is in the future; no number of this file is added to the list"
        remedy = "write the day of the request, or leave the cell empty for today"
        collector.add_error("do-not-call", "date", what, remedy, line=row.line)
    return value


def _read_cell(row: InputRow, index: int | None) -> str:
    return clean_text(row.cells[index]) if index is not None and index < len(row.cells) else ""
