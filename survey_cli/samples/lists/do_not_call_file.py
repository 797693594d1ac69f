"""Which numbers does a registry or a client's list say are never to be called? It keeps no list."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import Problem
from survey_cli.samples.cases.columns import Unfit, clean, date_reader
from survey_cli.samples.cases.phone_numbers import Number, read_numbers
from survey_cli.samples.files.headings import folded
from survey_cli.samples.files.problem_collector import Findings
from survey_cli.samples.files.sheet import Row, Sheet, read_sheet

COLUMNS: Final = ("number", "date", "reason")
_NO_HEADING: Final = ""
"""Stands among the columns where the first row is a number already."""
_MEANS_NUMBER: Final = ("number", "phone", "telephone", "phonenumber", "telephonenumber", "tel", "e164")


class Barred(NamedTuple):
    """A number that is never to be called."""

    number: Number
    since: date | None
    reason: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverCall:
    """All numbers of a file, each once."""

    file: str
    barred: tuple[Barred, ...]
    problems: tuple[Problem, ...] = ()
    """Warnings, by line: what could not be read is not barred."""


def read_never_call(
    path: Path | str,
    *,
    country: str | None,
    today: date | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
) -> NeverCall | list[Problem]:
    """The numbers of a text file with one on each line, or of a table with the columns number, date and reason: in this
    order where the first row does not name them. An area code and seven digits in two cells, as the registry of the
    United States has them, are one number. A date after `today` is an error. All problems where one is an error."""
    findings = Findings(str(path))
    opened = read_sheet(path, findings, sheet=sheet, encoding=encoding, known=COLUMNS)
    if opened is None:
        return findings.problems()
    at = _columns(opened)
    if "number" not in at:
        remedy = "name the column number, or let the first row be a number"
        what = "no column holds numbers"
        findings.error("never-call", "", what, remedy, line=opened.heading.line)
        return findings.problems()
    barred: dict[str, Barred] = {}
    for row in _below(opened, at):
        for one in _barred(row, at, country, today, findings):
            same = barred.setdefault(one.number.e164, one)
            if (one.since or date.max) < (same.since or date.max):
                barred[one.number.e164] = one
    if findings.broken:
        return findings.problems()
    return NeverCall(file=str(path), barred=tuple(barred.values()), problems=tuple(findings.problems()))


def _columns(sheet: Sheet) -> dict[str, int]:
    at: dict[str, int] = {}
    for index, cell in enumerate(sheet.heading.cells):
        name = folded(cell)
        if name in COLUMNS or name in _MEANS_NUMBER:
            at.setdefault("number" if name in _MEANS_NUMBER else name, index)
    if "number" not in at and sum(map(str.isdecimal, sheet.heading.cells[0])) > 2:
        return {name: index for index, name in enumerate(COLUMNS)} | {_NO_HEADING: 0}
    return at


def _below(sheet: Sheet, at: dict[str, int]) -> Iterator[Row]:
    if _NO_HEADING in at:
        yield sheet.heading
    yield from sheet.rows


def _barred(
    row: Row, at: dict[str, int], country: str | None, today: date | None, findings: Findings
) -> Iterator[Barred]:
    text = _number_in(row.cells, at["number"])
    joined = text != _cell(row, at, "number")
    since: date | None = None
    if not joined and (said := _cell(row, at, "date")):
        value = date_reader(country or "")(said)
        if isinstance(value, Unfit):
            what = f"{said[:40]!r}: {value.what}; the number is barred all the same"
            findings.warning("never-call", "date", what, value.remedy, line=row.line)
        elif isinstance(value, date):
            since = value
            if today is not None and value > today:
                what = f"{said[:40]!r} is in the future; nothing of this file is put on the list"
                remedy = "write the day on which it was asked for, or leave the cell empty for today"
                findings.error("never-call", "date", what, remedy, line=row.line)
    reason = "" if joined else _cell(row, at, "reason")
    for read in read_numbers(text, country):
        if isinstance(read, Number):
            yield Barred(read, since, reason, row.line)
        else:
            what = f"{read.written[:40]!r}: {read.why}; it is not barred"
            findings.warning("never-call", "number", what, read.remedy, line=row.line)


def _cell(row: Row, at: dict[str, int], name: str) -> str:
    index = at.get(name)
    return clean(row.cells[index]) if index is not None and index < len(row.cells) else ""


def _number_in(cells: list[str], index: int) -> str:
    text = clean(cells[index]) if index < len(cells) else ""
    after = clean(cells[index + 1]) if index + 1 < len(cells) else ""
    if len(text) == 3 and len(after) == 7 and (text + after).isdecimal():
        return text + after
    return text
