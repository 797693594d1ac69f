"""Numbers of a do-not-call file, from a registry or a client. Nothing is stored here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import Problem
from survey_cli.samples.cases.columns import InvalidValue, clean_text, make_date_reader
from survey_cli.samples.cases.phone_numbers import ParsedNumber, read_numbers
from survey_cli.samples.files.headings import normalize_heading
from survey_cli.samples.files.problem_collector import ProblemCollector
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow, InputSheet

COLUMNS: Final = ("number", "date", "reason")
_HEADING_IS_ROW: Final = ""
"""Stands among the columns where the first row is a number already."""
_NUMBER_HEADINGS: Final = ("number", "phone", "telephone", "phonenumber", "telephonenumber", "tel", "e164")


class DoNotCallNumber(NamedTuple):
    """A number on a do-not-call list."""

    number: ParsedNumber
    since: date | None
    reason: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DoNotCallFile:
    """All numbers of a file, each once."""

    file: str
    numbers: tuple[DoNotCallNumber, ...]
    problems: tuple[Problem, ...] = ()
    """Warnings, by line: what could not be read is not barred."""


def read_do_not_call_file(
    path: Path | str,
    *,
    country: str | None,
    today: date | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
) -> DoNotCallFile | list[Problem]:
    """The numbers of a text file with one on each line, or of a table with the columns number, date and reason: in this
    order where the first row does not name them. An area code and seven digits in two cells, as the registry of the
    United States has them, are one number. A date after `today` is an error. All problems where one is an error.
    """
    collector = ProblemCollector(str(path))
    opened = read_sheet(path, collector, sheet=sheet, encoding=encoding, known=COLUMNS)
    if opened is None:
        return collector.list_problems()
    at = _find_columns(opened)
    if "number" not in at:
        remedy = "name the column number, or let the first row be a number"
        what = "no column holds numbers"
        collector.add_error("do-not-call", "", what, remedy, line=opened.heading.line)
        return collector.list_problems()
    barred: dict[str, DoNotCallNumber] = {}
    for row in _iterate_rows(opened, at):
        for one in _read_numbers(row, at, country, today, collector):
            same = barred.setdefault(one.number.e164, one)
            if (one.since or date.max) < (same.since or date.max):
                barred[one.number.e164] = one
    if collector.has_errors:
        return collector.list_problems()
    return DoNotCallFile(file=str(path), numbers=tuple(barred.values()), problems=tuple(collector.list_problems()))


def _find_columns(sheet: InputSheet) -> dict[str, int]:
    at: dict[str, int] = {}
    for index, cell in enumerate(sheet.heading.cells):
        name = normalize_heading(cell)
        if name in COLUMNS or name in _NUMBER_HEADINGS:
            at.setdefault("number" if name in _NUMBER_HEADINGS else name, index)
    if "number" not in at and sum(map(str.isdecimal, sheet.heading.cells[0])) > 2:
        return {name: index for index, name in enumerate(COLUMNS)} | {_HEADING_IS_ROW: 0}
    return at


def _iterate_rows(sheet: InputSheet, at: dict[str, int]) -> Iterator[InputRow]:
    if _HEADING_IS_ROW in at:
        yield sheet.heading
    yield from sheet.rows


def _read_numbers(
    row: InputRow, at: dict[str, int], country: str | None, today: date | None, collector: ProblemCollector
) -> Iterator[DoNotCallNumber]:
    text = _join_number(row.cells, at["number"])
    joined = text != _read_cell(row, at, "number")
    since: date | None = None
    if not joined and (said := _read_cell(row, at, "date")):
        value = make_date_reader(country or "")(said)
        if isinstance(value, InvalidValue):
            what = f"{said[:40]!r}: {value.what}; the number is barred all the same"
            collector.add_warning("do-not-call", "date", what, value.remedy, line=row.line)
        elif isinstance(value, date):
            since = value
            if today is not None and value > today:
                what = f"{said[:40]!r} is in the future; nothing of this file is put on the list"
                remedy = "write the day on which it was asked for, or leave the cell empty for today"
                collector.add_error("do-not-call", "date", what, remedy, line=row.line)
    reason = "" if joined else _read_cell(row, at, "reason")
    for read in read_numbers(text, country):
        if isinstance(read, ParsedNumber):
            yield DoNotCallNumber(read, since, reason, row.line)
        else:
            what = f"{read.written[:40]!r}: {read.why}; it is not barred"
            collector.add_warning("do-not-call", "number", what, read.remedy, line=row.line)


def _read_cell(row: InputRow, at: dict[str, int], name: str) -> str:
    index = at.get(name)
    return clean_text(row.cells[index]) if index is not None and index < len(row.cells) else ""


def _join_number(cells: list[str], index: int) -> str:
    text = clean_text(cells[index]) if index < len(cells) else ""
    after = clean_text(cells[index + 1]) if index + 1 < len(cells) else ""
    if len(text) == 3 and len(after) == 7 and (text + after).isdecimal():
        return text + after
    return text
