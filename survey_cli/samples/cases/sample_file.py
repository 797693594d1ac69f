"""Cases of a sample file with their values and numbers."""

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from survey_cli.fieldwork.plan.plan import Quotas
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.problems import Position, Problem
from survey_cli.samples.cases import columns as sample_columns
from survey_cli.samples.cases.phone_numbers import (
    InvalidNumber,
    ParsedNumber,
    is_known_country,
    read_numbers,
)
from survey_cli.samples.cases.split_arms import draw_arms
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import (
    InputRow,
    InputSheet,
    ProblemCollector,
    find_columns,
    iterate_whole_rows,
)
from survey_cli.values import NOT_ASKED, Cell

NO_CASES: Final[Mapping[str, Mapping[str, Cell]]] = MappingProxyType({})
_MAX_KEY_LENGTH: Final = 200
_ROLES: Final = (
    "zone",
    "country",
    "region",
    "language",
    "weight",
    "priority",
    "frame",
    "replicate",
)
"""Roles that one column has; several may have the role `phone`."""


class SampleNumber(NamedTuple):
    """One number of a case and the column that contained it."""

    column: str
    read: ParsedNumber | InvalidNumber
    """The number. One that can't be dialed is stored as a dead number of its case."""


class SampleCase(NamedTuple):
    """One row of the file."""

    key: str
    line: int
    values: Mapping[str, Cell]
    """All sample columns of the instrument, in its order; texts keep their zeros and plus signs."""
    numbers: tuple[SampleNumber, ...] = ()
    """Distinct numbers, by column and in the order in which a cell lists them."""
    zone: str = ""
    """The respondent's IANA zone in the file, else the study's."""
    language: str = ""
    weight: str = ""
    """Weight in digits, with a point; empty for 1."""
    priority: int = 0
    """Lower numbers are called sooner; 0 if the file gives none."""
    frame: str = ""
    replicate: str = ""

    @property
    def dialable_numbers(self) -> tuple[ParsedNumber, ...]:
        """The numbers that can be dialed."""
        return tuple(n.read for n in self.numbers if isinstance(n.read, ParsedNumber))


def compute_row_digest(values: Mapping[str, Cell]) -> str:
    """Return a short digest of a row's values, independent of the order of the columns.

    A later import compares it to find unchanged rows. Verification compares it to find stored
    values that differ from the imported ones.
    """
    pairs = sorted((name, repr(value)) for name, value in values.items())
    return blake2b(repr(pairs).encode(), digest_size=8).hexdigest()


class SampleFile(NamedTuple):
    """All cases of a file that has no errors."""

    file: str
    cases: tuple[SampleCase, ...]
    columns: tuple[str, ...]
    """The sample columns in the file, in the instrument's order.

    An import doesn't change the other columns of stored cases.
    """
    problems: tuple[Problem, ...] = ()
    """Warnings, by line."""
    headings: tuple[str, ...] = ()
    """All headings of the file, as written."""


def read_sample(
    path: Path | str,
    instrument: Instrument,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    existing: Mapping[str, Mapping[str, Cell]] = NO_CASES,
) -> SampleFile | list[Problem]:
    """Read the cases of a CSV file or workbook.

    `existing` has the values of stored cases by key. These cases keep their split arms. Returns all
    problems, by line, if one of them is an error.
    """
    key = sample_columns.find_column(instrument, "key")
    if key is None:
        where = Position(instrument.document.find_position("sample").file or str(path))
        what = "no column is the key that identifies a case"
        remedy = "add role: key to the column of sample: that identifies a case"
        return [Problem("no-case-key", where, "sample", what, remedy)]

    collector = ProblemCollector(str(path))
    rows = read_sheet(path, collector, sheet=sheet, encoding=encoding, known=instrument.sample)
    if rows is None:
        return collector.list_problems()
    positions = find_columns(rows, instrument.sample, key, collector, list_of="sample:")
    if positions is None:
        return collector.list_problems()

    _check_settings(instrument, positions, rows, collector)
    reader = _CaseReader(instrument, key, positions, rows, collector)
    for row in iterate_whole_rows(rows, collector):
        reader.read_row(row)
    reader.check_replicates()
    if not reader.values and not collector.has_errors:
        what = "there is no case below the first row"
        collector.add_error("sample-file", "", what, "write one row per case")
    if collector.has_errors:
        return collector.list_problems()

    # The cases share their values with `reader.values`, so they have the drawn arms too.
    for name, column in instrument.sample.items():
        if column.type == "split":
            draw_arms(instrument, name, reader.values, existing)

    return SampleFile(
        file=str(path),
        cases=tuple(reader.cases),
        columns=tuple(name for name in instrument.sample if name in positions),
        problems=tuple(collector.list_problems()),
        headings=tuple(cell.strip() for cell in rows.heading.cells if cell.strip()),
    )


def _check_settings(
    instrument: Instrument,
    positions: Mapping[str, int],
    sheet: InputSheet,
    collector: ProblemCollector,
) -> None:
    """Warn of columns that the file doesn't have; report an unknown country of the study."""
    for name, column in instrument.sample.items():
        if name not in positions and column.type != "split":
            what = "the file has no such column, so no case has a value"
            remedy = "add it to the file, if the questionnaire needs it"
            collector.add_warning("heading", name, what, remedy, line=sheet.heading.line)

    country = sample_columns.find_country(instrument)
    if country and not is_known_country(country):
        what = f"the program knows no country {country!r}"
        remedy = "write two letters, such as US"
        if country == "UK":
            remedy = "write GB for the United Kingdom"
        collector.add_error("country", "fieldwork: country", what, remedy)


class _CaseReader:
    """Reader that converts rows to cases and collects their problems."""

    def __init__(
        self,
        instrument: Instrument,
        key: str,
        positions: dict[str, int],
        rows: InputSheet,
        collector: ProblemCollector,
    ) -> None:
        self.collector = collector
        self.cases: list[SampleCase] = []
        self.values: dict[str, dict[str, Cell]] = {}
        self._lines: dict[str, int] = {}
        """The line that a key occurs in first."""
        self._numbers: dict[tuple[str, str], int] = {}
        """The line that a number occurs in first, by its E.164 form and extension."""

        self._who = {name: name for name in positions}
        """How messages name the columns."""
        if rows.letters:
            self._who = {
                name: f"{name} ({rows.describe_column(at)})" for name, at in positions.items()
            }
        self._key = key
        self._key_index = positions[key]

        self._country = sample_columns.find_country(instrument)
        self._study_zone = ""
        fieldwork = instrument.document.fieldwork
        if fieldwork is not None and fieldwork.zone:
            self._study_zone = str(fieldwork.zone)

        self._phones: list[tuple[str, int]] = []
        self._columns: list[tuple[str, int, sample_columns.ColumnReader | None]] = []
        """Name, index and reader of the columns; a text without a reader may have several lines."""
        for name, column in instrument.sample.items():
            if name not in positions:
                continue
            if column.role == "phone":
                self._phones.append((name, positions[name]))
            if name != key:
                reader = None
                is_checked = column.role in ("zone", "country", "language")
                if is_checked or column.type != "text":
                    reader = sample_columns.make_role_reader(
                        instrument, column, decimal_comma=rows.decimal_comma
                    )
                self._columns.append((name, positions[name], reader))
        self._blank: dict[str, Cell] = dict.fromkeys(instrument.sample, NOT_ASKED)

        quotas = Quotas.from_instrument(instrument)
        self._quotas = [
            quota
            for quota in quotas.quotas
            if quota.list_inputs() and quota.list_inputs() <= quotas.known_variables
        ]
        """Quotas over sample columns, whose cell is known before the interview."""
        self._without_target: set[str] = set()

        self._roles: dict[str, str] = {}
        """Columns of the file by their role."""
        for role in _ROLES:
            role_column = sample_columns.find_column(instrument, role)
            if role_column is not None and role_column in positions:
                self._roles[role] = role_column

    def read_row(self, row: InputRow) -> None:
        """Add the row's case. A row with an error adds none, or one that is never used."""
        key = self._read_key(row)

        values = self._blank.copy()
        values[self._key] = key or ""
        for name, index, reader in self._columns:
            text = sample_columns.clean_text(row.cells[index], lines=reader is None)
            if not text:
                if name == self._roles.get("weight"):
                    remedy = "rates count 1, and weighted reports need it; give every case one"
                    self._warn(name, row.line, "there is no weight", remedy)
                continue
            value = text if reader is None else reader(text)
            if isinstance(value, sample_columns.InvalidValue):
                self._reject(name, row.line, f"{text[:60]!r}: {value.what}", value.remedy)
            else:
                values[name] = value

        # A row without a usable key is read so far, so that its other errors are reported as well.
        country = self._find_country(values, row)
        if key is None:
            return

        self._check_quotas(values, row)
        numbers: tuple[SampleNumber, ...] = ()
        if self._phones:
            numbers = self._read_numbers(key, row, country)
        self.values[key] = values
        self.cases.append(self._build_case(key, row.line, values, numbers))

    def _find_country(self, values: dict[str, Cell], row: InputRow) -> str | None:
        """Return the country of the row's numbers: its own, else the study's.

        Replaces the region in `values` with its full code (`DE-BY`).
        """
        country = self._country
        row_country = values.get(self._roles.get("country", ""), NOT_ASKED)
        has_country = row_country != NOT_ASKED
        if has_country:
            country = str(row_country)

        name = self._roles.get("region", "")
        text = values.get(name, NOT_ASKED)
        if text == NOT_ASKED:
            return country or None

        region = sample_columns.read_region(str(text), country or "")
        if isinstance(region, sample_columns.InvalidValue):
            self._reject(name, row.line, region.what, region.remedy)
            return country or None

        values[name] = region
        region_country = region[:2]
        if has_country and region_country != country:
            what = f"{region} is not a region of {country}, the country of this row"
            self._reject(name, row.line, what, "correct one of them")
        return region_country or None

    def _check_quotas(self, values: Mapping[str, Cell], row: InputRow) -> None:
        """Warn of a case that is in no cell of a quota over sample columns."""
        for quota in self._quotas:
            for name in sorted(quota.list_inputs() & self._who.keys()):
                if values[name] == NOT_ASKED:
                    what = (
                        f"there is no value, but the quota {quota.id} needs it:"
                        " the case is in none of its cells"
                    )
                    remedy = "fill it in; until then, no target limits the case"
                    self._warn(name, row.line, what, remedy)

            untargeted = quota.find_untargeted(Known(dict(values)))
            if untargeted and untargeted not in self._without_target:
                self._without_target.add(untargeted)  # the warning is about all such cases
                what = (
                    f"the quota {quota.id} has no target for {untargeted}:"
                    " such cases are in none of its cells"
                )
                remedy = "add a target, unless such cases need no limit"
                self.collector.add_warning("sample-value", quota.id, what, remedy, line=row.line)

    def check_replicates(self) -> None:
        """Warn of cases without a replicate if others have one: they don't wait for a release."""
        if not any(case.replicate for case in self.cases):
            return
        for case in self.cases:
            if not case.replicate:
                what = "there is no replicate: the case is released at once"
                remedy = "fill it in if the case should wait for a release"
                self._warn(self._roles["replicate"], case.line, what, remedy)

    def _read_key(self, row: InputRow) -> str | None:
        """Return the case's key; None, with an error, if it is missing or another case has it."""
        key = sample_columns.clean_text(row.cells[self._key_index])
        first = self._lines.setdefault(key, row.line)

        if not key:
            what = "the case has no key"
            remedy = "give every case a key, or remove the row"
        elif len(key) > _MAX_KEY_LENGTH:
            what = f"a key of {len(key)} characters is too long"
            remedy = "identify the case by a short code"
        elif first != row.line:
            what = f"{key[:60]!r} is already the case of line {first}"
            remedy = "write one row per case: give one of them another key, or remove it"
        else:
            return key

        self.collector.add_error("case-key", self._who[self._key], what, remedy, line=row.line)
        return None

    def _build_case(
        self, key: str, line: int, values: Mapping[str, Cell], numbers: tuple[SampleNumber, ...]
    ) -> SampleCase:
        by_role = {
            role: values[name] for role, name in self._roles.items() if values[name] != NOT_ASKED
        }
        weight = ""
        if "weight" in by_role:
            weight = _format_weight(by_role["weight"])
        priority = by_role.get("priority", 0)

        return SampleCase(
            key=key,
            line=line,
            values=values,
            numbers=numbers,
            zone=str(by_role.get("zone", self._study_zone)),
            language=str(by_role.get("language", "")),
            weight=weight,
            priority=priority if isinstance(priority, int) else 0,
            frame=str(by_role.get("frame", "")),
            replicate=str(by_role.get("replicate", "")),
        )

    def _read_numbers(
        self, key: str, row: InputRow, country: str | None
    ) -> tuple[SampleNumber, ...]:
        numbers: dict[tuple[str, str], SampleNumber] = {}
        for column, index in self._phones:
            text = sample_columns.clean_text(row.cells[index], lines=True)
            for read in read_numbers(text, country):
                written = repr(read.written[:40])
                if isinstance(read, InvalidNumber):
                    what = f"{written}: {read.why}; it will not be dialed"
                    self._warn(column, row.line, what, read.remedy, rule="number")
                    numbers[read.written, "?"] = SampleNumber(column, read)
                    continue
                for doubt in read.doubts:
                    remedy = "correct it if that is not meant"
                    self._warn(column, row.line, f"{written}: {doubt}", remedy, rule="number")
                numbers.setdefault((read.e164, read.extension), SampleNumber(column, read))

        if not numbers:
            what = "the case has no number"
            remedy = "it can't be called until it has one"
            self._warn_of_case("no-number", key, row.line, what, remedy)

        for identity, number in numbers.items():
            if isinstance(number.read, InvalidNumber):
                continue
            first = self._numbers.setdefault(identity, row.line)
            if first != row.line:
                what = f"the case of line {first} has the same number"
                remedy = "nothing, if both are reached there"
                self._warn_of_case("same-number", key, row.line, what, remedy)
        return tuple(numbers.values())

    def _reject(self, column: str, line: int, what: str, remedy: str) -> None:
        self.collector.add_error("sample-value", self._who[column], what, remedy, line=line)

    def _warn(
        self, column: str, line: int, what: str, remedy: str, *, rule: str = "sample-value"
    ) -> None:
        self.collector.add_warning(rule, self._who[column], what, remedy, line=line)

    def _warn_of_case(self, rule: str, key: str, line: int, what: str, remedy: str) -> None:
        self.collector.add_warning(rule, key[:60], what, remedy, line=line, of="cases")


def _format_weight(weight: Cell) -> str:
    """Return the exact weight in digits, if possible without an exponent."""
    if not isinstance(weight, float):
        return str(weight)

    text = f"{weight:.15f}".rstrip("0").rstrip(".")
    if float(text) == weight:
        return text
    return repr(weight)  # very small or large weights need an exponent after all
