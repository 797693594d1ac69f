"""Cases of a sample file with their values and numbers. Nothing is stored here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from survey_cli.fieldwork.plan.quotas import Quotas
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import Position, Problem
from survey_cli.samples.cases.columns import (
    ColumnReader,
    InvalidValue,
    clean_text,
    find_column,
    find_country,
    find_key_column,
    make_role_reader,
    read_region,
)
from survey_cli.samples.cases.phone_numbers import InvalidNumber, ParsedNumber, is_known_country, read_numbers
from survey_cli.samples.cases.split_arms import draw_arms
from survey_cli.samples.files.headings import find_columns, iterate_whole_rows
from survey_cli.samples.files.problem_collector import ProblemCollector
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow, InputSheet, format_column_letter
from survey_cli.values import NOT_ASKED, Cell

NO_CASES: Final[Mapping[str, Mapping[str, Cell]]] = MappingProxyType({})
_MAX_KEY_LENGTH: Final = 200


class SampleNumber(NamedTuple):
    """One number of a case, and the column it stood in."""

    column: str
    read: ParsedNumber | InvalidNumber
    """What can't be dialed is kept as written: it is a dead number, and the case is there all the same."""


class SampleCase(NamedTuple):
    """One row of the file."""

    key: str
    line: int
    values: Mapping[str, Cell]
    """Every sample column of the instrument, in its order; texts as written, zeros and plus signs included."""
    numbers: tuple[SampleNumber, ...] = ()
    """In the order of the columns, and within a cell as written; none twice."""
    zone: str = ""
    """The respondent's IANA zone as the file gives it, else that of the study."""
    language: str = ""
    weight: str = ""
    """In digits, with a point; empty for 1."""
    priority: int = 0
    """The lower, the sooner; 0 where none is given, so that 1 or more comes after and less than 0 before."""
    frame: str = ""
    replicate: str = ""

    @property
    def dialable_numbers(self) -> tuple[ParsedNumber, ...]:
        """Those that can be dialed."""
        return tuple(n.read for n in self.numbers if isinstance(n.read, ParsedNumber))


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """All cases of a file that has no errors."""

    file: str
    cases: tuple[SampleCase, ...]
    columns: tuple[str, ...]
    """The sample columns that the file brought, in the instrument's order. Of the others it says nothing, so a later file
    with fewer columns takes nothing away."""
    problems: tuple[Problem, ...] = ()
    """Warnings, by line."""


def read_sample(
    path: Path | str,
    instrument: Instrument,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    existing: Mapping[str, Mapping[str, Cell]] = NO_CASES,
) -> SampleFile | list[Problem]:
    """The cases of a CSV file or a workbook; all its problems by line, warnings too, where one of them is an error.

    `existing` are the values of cases that are kept already, by key: their arms of splits stay as they are.
    """
    key = find_key_column(instrument)
    if key is None:
        where = Position(instrument.document.find_position("sample").file or str(path))
        remedy = "add role: key to the column of sample: that names a case"
        return [Problem("no-case-key", where, "sample", "no column is the key that names a case", remedy)]
    collector = ProblemCollector(str(path))
    opened = read_sheet(path, collector, sheet=sheet, encoding=encoding, known=instrument.sample)
    if opened is None:
        return collector.list_problems()
    at = find_columns(opened, instrument.sample, key, collector, list_of="sample:")
    if at is None:
        return collector.list_problems()
    _warn_of_missing_columns(instrument, at, opened, collector)
    reading = _CaseReader(instrument, key, at, opened, collector)
    for row in iterate_whole_rows(opened, collector):
        reading.read_row(row)
    reading.check_replicates()
    if not reading.values and not collector.has_errors:
        collector.add_error("sample-file", "", "there is no case below the first row", "give each case a row")
    if collector.has_errors:
        return collector.list_problems()
    for name, column in instrument.sample.items():
        if column.type == "split":
            draw_arms(instrument, name, reading.values, existing)
    return SampleFile(
        file=str(path),
        cases=tuple(reading.cases),
        columns=tuple(name for name in instrument.sample if name in at),
        problems=tuple(collector.list_problems()),
    )


def _warn_of_missing_columns(
    instrument: Instrument, at: Mapping[str, int], sheet: InputSheet, collector: ProblemCollector
) -> None:
    for name, column in instrument.sample.items():
        if name not in at and column.type != "split":
            remedy = "add it to the file, if the questionnaire needs it"
            what = "there is no such column in the file: every case is without"
            collector.add_warning("heading", name, what, remedy, line=sheet.heading.line)
    country = find_country(instrument)
    if country and not is_known_country(country):
        what = f"the numbers of a country {country!r} are not known"
        remedy = "write GB for the United Kingdom" if country == "UK" else "write two letters, as US"
        collector.add_error("country", "fieldwork: country", what, remedy)


class _CaseReader:
    """Rows become cases, and what is wrong with them is found."""

    def __init__(
        self, instrument: Instrument, key: str, at: Mapping[str, int], sheet: InputSheet, collector: ProblemCollector
    ) -> None:
        self.collector = collector
        self.cases: list[SampleCase] = []
        self.values: dict[str, dict[str, Cell]] = {}
        self._lines: dict[str, int] = {}
        self._numbers: dict[tuple[str, str], int] = {}
        letters = {name: f" (column {format_column_letter(index)})" for name, index in at.items() if sheet.letters}
        self._who = {name: name + letters.get(name, "") for name in at}
        self._key = key
        self._key_at = at[key]
        self._country = find_country(instrument)
        self._phones = [(n, at[n]) for n, c in instrument.sample.items() if c.role == "phone" and n in at]
        self._blank: dict[str, Cell] = dict.fromkeys(instrument.sample, NOT_ASKED)
        self._columns: list[tuple[str, int, ColumnReader | None, bool]] = []
        for name, column in instrument.sample.items():
            if name in at and name != key:
                plain = column.type == "text" and column.role not in ("zone", "country", "language")
                reader = make_role_reader(instrument, column, decimal_comma=sheet.decimal_comma)
                self._columns.append((name, at[name], None if plain else reader, plain))
        fieldwork = instrument.document.fieldwork
        self._study_zone = str(fieldwork.zone) if fieldwork is not None and fieldwork.zone else ""
        quotas = Quotas.from_instrument(instrument)
        self._quotas = [
            quota for quota in quotas.quotas if quota.list_inputs() and quota.list_inputs() <= quotas.known_variables
        ]
        self._without_target: set[str] = set()
        roles = ("zone", "country", "region", "language", "weight", "priority", "frame", "replicate")
        found = ((role, find_column(instrument, role)) for role in roles)
        self._roles = {role: name for role, name in found if name is not None and name in at}

    def read_row(self, row: InputRow) -> None:
        key = self._read_key(row)
        values = self._blank.copy()
        values[self._key] = key or ""
        for name, index, reader, lines in self._columns:
            text = clean_text(row.cells[index], lines=lines)
            if not text:
                if name == self._roles.get("weight"):
                    remedy = "it counts as 1; give every case a weight, or none"
                    self.collector.add_warning(
                        "sample-value", self._who[name], "there is no weight", remedy, line=row.line
                    )
                continue
            if reader is None:
                values[name] = text
                continue
            value = reader(text)
            if isinstance(value, InvalidValue):
                what = f"{text[:60]!r}: {value.what}"
                self.collector.add_error("sample-value", self._who[name], what, value.remedy, line=row.line)
            else:
                values[name] = value
        country = self._find_country(values, row)
        if key is None:
            return
        self._check_quotas(values, row)
        numbers = self._read_numbers(key, row, country) if self._phones else ()
        self.values[key] = values
        self.cases.append(self._build_case(key, row.line, values, numbers))

    def _find_country(self, values: dict[str, Cell], row: InputRow) -> str | None:
        """The country whose numbers a row has: its own, else the study's. Its region takes its full code (`DE-BY`)."""
        said = values.get(self._roles.get("country", ""), NOT_ASKED)
        country = str(said) if said != NOT_ASKED else self._country or ""
        name = self._roles.get("region", "")
        if (text := values.get(name, NOT_ASKED)) != NOT_ASKED:
            region = read_region(str(text), country)
            if isinstance(region, InvalidValue):
                self.collector.add_error("sample-value", self._who[name], region.what, region.remedy, line=row.line)
                return country or None
            values[name] = region
            if country and said != NOT_ASKED and region[:2] != country:
                what = f"{region} is no region of {country}, which the row names as the country"
                self.collector.add_error("sample-value", self._who[name], what, "correct one of them", line=row.line)
            country = region[:2]
        return country or None

    def _check_quotas(self, values: Mapping[str, Cell], row: InputRow) -> None:
        """A case that is in no cell of a quota over sample columns."""
        for quota in self._quotas:
            for name in sorted(quota.list_inputs() & self._who.keys()):
                if values[name] == NOT_ASKED:
                    what = f"there is no value, and the quota {quota.id} counts by it: the case is in no cell of it"
                    remedy = "fill it in; until then no target limits the case"
                    self.collector.add_warning("sample-value", self._who[name], what, remedy, line=row.line)
            lacking = quota.find_untargeted(values)
            if lacking and lacking not in self._without_target:
                self._without_target.add(lacking)
                what = f"there is no target for {lacking}: such cases are in no cell of the quota {quota.id}"
                remedy = "give it a target, unless such cases are not limited"
                self.collector.add_warning("sample-value", quota.id, what, remedy, line=row.line)

    def check_replicates(self) -> None:
        """Cases without a replicate beside others that have one: they do not wait for their release."""
        name = self._roles.get("replicate", "")
        if any(case.replicate for case in self.cases):
            for case in self.cases:
                if not case.replicate:
                    what = "there is no replicate: the case is released at once"
                    remedy = "fill it in if the case is to wait for its release"
                    self.collector.add_warning("sample-value", self._who[name], what, remedy, line=case.line)

    def _read_key(self, row: InputRow) -> str | None:
        """The case's key; None, with an error, where there is none or another case has it."""
        key = clean_text(row.cells[self._key_at])
        if not key:
            remedy = "give every case a key, or take the row out"
            self.collector.add_error("case-key", self._who[self._key], "the case has no key", remedy, line=row.line)
            return None
        if len(key) > _MAX_KEY_LENGTH:
            what = f"a key of {len(key)} characters is too long"
            self.collector.add_error(
                "case-key", self._who[self._key], what, "name the case by a short code", line=row.line
            )
            return None
        first = self._lines.setdefault(key, row.line)
        if first != row.line:
            what = f"{key[:60]!r} is the case of line {first} already"
            remedy = "one row for each case: give one another key, or take it out"
            self.collector.add_error("case-key", self._who[self._key], what, remedy, line=row.line)
            return None
        return key

    def _build_case(
        self, key: str, line: int, values: Mapping[str, Cell], numbers: tuple[SampleNumber, ...]
    ) -> SampleCase:
        said: dict[str, Cell] = {}
        for role, name in self._roles.items():
            if (value := values[name]) != NOT_ASKED:
                said[role] = value
        priority = said.get("priority", 0)
        return SampleCase(
            key=key,
            line=line,
            values=values,
            numbers=numbers,
            zone=str(said.get("zone", self._study_zone)),
            language=str(said.get("language", "")),
            weight=_format_weight(said["weight"]) if "weight" in said else "",
            priority=priority if isinstance(priority, int) else 0,
            frame=str(said.get("frame", "")),
            replicate=str(said.get("replicate", "")),
        )

    def _read_numbers(self, key: str, row: InputRow, country: str | None) -> tuple[SampleNumber, ...]:
        found: dict[tuple[str, str], SampleNumber] = {}
        for column, index in self._phones:
            for read in read_numbers(clean_text(row.cells[index], lines=True), country):
                if isinstance(read, InvalidNumber):
                    self._warn_of_number(
                        column, row, f"{read.written[:40]!r}: {read.why}; it will not be dialed", read.remedy
                    )
                    found[read.written, "?"] = SampleNumber(column, read)
                    continue
                for doubt in read.doubts:
                    self._warn_of_number(
                        column, row, f"{read.written[:40]!r}: {doubt}", "correct it if that is not meant"
                    )
                found.setdefault((read.e164, read.extension), SampleNumber(column, read))
        live = [same for same, number in found.items() if isinstance(number.read, ParsedNumber)]
        if not found:
            remedy = "it can't be called until it has one"
            self.collector.add_warning(
                "no-number", key[:60], "the case has no number", remedy, line=row.line, of="cases"
            )
        for same in live:
            first = self._numbers.setdefault(same, row.line)
            if first != row.line:
                what = f"the case of line {first} has the same number"
                remedy = "nothing, if both are reached there"
                self.collector.add_warning("same-number", key[:60], what, remedy, line=row.line, of="cases")
        return tuple(found.values())

    def _warn_of_number(self, column: str, row: InputRow, what: str, remedy: str) -> None:
        self.collector.add_warning("number", self._who[column], what, remedy, line=row.line)


def _format_weight(weight: Cell) -> str:
    """A weight in digits, without an exponent, exactly as kept."""
    text = f"{weight:.15f}".rstrip("0").rstrip(".") if isinstance(weight, float) else str(weight)
    return text if isinstance(weight, int) or float(text) == weight else repr(weight)
