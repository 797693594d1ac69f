"""Reader of do-not-call files from a registry or a client; nothing is stored here."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import Problem
from survey_cli.samples.cases.columns import InvalidValue, clean_text, make_date_reader
from survey_cli.samples.cases.phone_numbers import ParsedNumber, read_numbers
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow, InputSheet, ProblemCollector, normalize_heading

COLUMNS: Final = ("number", "date", "reason")
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
    """Read a text file with one number per line, or a table of number, date and reason.

    The columns are in this order if the first row doesn't name them. An area code and seven digits
    in two cells, as in the registry of the United States, are one number. If a number is repeated,
    its earliest date counts. A date after `today` is an error. Returns all problems if one of them
    is an error.
    """
    collector = ProblemCollector(str(path))
    rows = read_sheet(path, collector, known=COLUMNS)
    if rows is None:
        return collector.list_problems()

    columns = _find_columns(rows.heading)
    has_heading = "number" in columns
    if not has_heading:
        if not _begins_with_number(rows.heading):
            what = "no column contains numbers"
            remedy = "name the column number, or begin the file with a telephone number"
            collector.add_error("do-not-call", "", what, remedy, line=rows.heading.line)
            return collector.list_problems()
        columns = {name: index for index, name in enumerate(COLUMNS)}

    entries: dict[str, DoNotCallNumber] = {}
    for row in _iterate_data_rows(rows, has_heading=has_heading):
        for entry in _read_numbers(row, columns, country, today, collector):
            earlier = entries.setdefault(entry.number.e164, entry)
            if (entry.since or date.max) < (earlier.since or date.max):
                entries[entry.number.e164] = entry

    if collector.has_errors:
        return collector.list_problems()
    return DoNotCallFile(numbers=tuple(entries.values()), problems=tuple(collector.list_problems()))


def _find_columns(heading: InputRow) -> dict[str, int]:
    """Return the positions of the columns that the heading names."""
    columns: dict[str, int] = {}
    for index, cell in enumerate(heading.cells):
        name = normalize_heading(cell)
        if name in _NUMBER_HEADINGS:
            columns.setdefault("number", index)
        elif name in COLUMNS:
            columns.setdefault(name, index)
    return columns


def _begins_with_number(row: InputRow) -> bool:
    """Return whether the first cell has digits enough for the shortest telephone numbers."""
    return sum(character.isdecimal() for character in row.cells[0]) > 2


def _iterate_data_rows(sheet: InputSheet, *, has_heading: bool) -> Iterator[InputRow]:
    """Yield the rows with numbers, beginning with the first one of a file without a heading."""
    if not has_heading:
        yield sheet.heading
    yield from sheet.rows


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

    if in_two_cells:
        # The registry's files have only these two columns.
        text += following
        date_text = ""
        reason = ""
    else:
        date_text = _read_cell(row, columns.get("date"))
        reason = _read_cell(row, columns.get("reason"))

    since = None
    if date_text:
        since = _read_date(date_text, row, country, today, collector)

    for number in read_numbers(text, country):
        if isinstance(number, ParsedNumber):
            yield DoNotCallNumber(number, since, reason)
        else:
            what = f"{number.written[:40]!r}: {number.why}; it is not blocked"
            collector.add_warning("do-not-call", "number", what, number.remedy, line=row.line)


def _read_date(
    text: str, row: InputRow, country: str | None, today: date | None, collector: ProblemCollector
) -> date | None:
    """Return the date of the request; None, with a warning, if it can't be read."""
    read = make_date_reader(country or "")
    value = read(text)
    if isinstance(value, InvalidValue):
        # Blocking the number without its date is safer than leaving it out.
        what = f"{text[:40]!r}: {value.what}; the number is still blocked"
        collector.add_warning("do-not-call", "date", what, value.remedy, line=row.line)
        return None

    if today is not None and value > today:
        what = f"{text[:40]!r} is in the future; no number of this file is added to the list"
        remedy = "write the day of the request, or leave the cell empty for today"
        collector.add_error("do-not-call", "date", what, remedy, line=row.line)
    return value


def _read_cell(row: InputRow, index: int | None) -> str:
    if index is None or index >= len(row.cells):
        return ""
    return clean_text(row.cells[index])
