"""SPSS data files (.sav, .zsav): codes with their labels, and missing values as user-missing codes.

A number that was not asked is system-missing; any other missing value is its code. A text column with labels holds
the code as a text, for "not asked" too. Texts, dates and times are empty where there is no answer, and their
companion column, `q_state`, says why. Where SPSS has no room for all codes, `limits.choose_user_missing` decides
which are user-missing. Multiple response sets and the weight variable are added to the finished file, since the
library cannot write them. The whole table is held in memory, at twice its size as 8-byte numbers.
"""

import errno
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from survey_cli.exports.answer_sets import find_response_sets
from survey_cli.exports.limits import (
    DATE_DISPLAY_WIDTH,
    MAX_DISPLAY_WIDTH,
    MIN_DISPLAY_WIDTH,
    SPSS,
    TIMESTAMP_DISPLAY_WIDTH,
    build_value_labels,
    choose_display_width,
    choose_label,
    choose_user_missing,
    fit_label,
    fit_names,
    format_unmarked_note,
    iterate_notes,
    to_single_line,
)
from survey_cli.exports.missing_codes import list_missing_codes
from survey_cli.exports.options import WriteOptions
from survey_cli.exports.reproducible_time import DEFAULT_TIMESTAMP, format_day
from survey_cli.exports.spss.records import add_records
from survey_cli.exports.typed_columns import (
    choose_measure,
    convert_columns,
    make_coded_expression,
    make_value_expression,
    read_batches,
)
from survey_cli.table import Table
from survey_cli.table.timestamps import LAST_ENTRY_COLUMN, is_timestamp
from survey_cli.values import Code, Variable
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    import polars as pl


MAX_FILE_LABEL_BYTES: Final = 64
"""Bytes of the label of a file."""
MAX_NOTE_BYTES: Final = 80
"""Bytes of a line of its notes."""
TIMESTAMP_OFFSET: Final = 92
"""Where in the file the day and time stand at which it was made."""
MAX_DECIMALS_SHOWN: Final = 6
"""Places that are shown of numbers whose places nobody set; all are kept."""


def write_sav(table: Table, to: Path, options: WriteOptions) -> tuple[int, tuple[str, ...]]:
    """Write the file; return the number of rows and the notes.

    A name that ends in .zsav is compressed as such. Raises ImportError where the libraries are missing.
    """
    import pyreadstat

    columns = [
        SpssColumn.from_variable(variable, name)
        for variable, name in zip(table.variables, fit_names([v.name for v in table.variables], SPSS), strict=True)
    ]
    data, seen = _build_data(table, columns)
    labels = {c.name: c.labels for c in columns if c.labels}
    absent = {c.name: c.user_missing for c in columns if c.user_missing}
    try:
        pyreadstat.write_sav(
            data,
            to,
            file_label=SPSS.shorten(to_single_line(table.study.title), MAX_FILE_LABEL_BYTES),
            column_labels=[fit_label(choose_label(v), SPSS) or None for v in table.variables],
            compress=to.suffix.lower() == ".zsav",
            row_compress=to.suffix.lower() != ".zsav",
            note=[SPSS.shorten(line, MAX_NOTE_BYTES) for line in _iterate_file_notes(table)],
            variable_value_labels=labels,
            missing_ranges=absent,
            variable_measure={c.name: choose_measure(c.variable) for c in columns},
            variable_display_width={c.name: seen.choose_width(c) for c in columns},
            variable_format={c.name: form for c in columns if (form := seen.choose_format(c))},
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    _write_timestamp(to, seen.latest_entry or DEFAULT_TIMESTAMP)
    names = {column.variable.name: column.name for column in columns}
    weight = table.study.weight if table.study.weight in names else ""
    sets = [
        one._replace(label=SPSS.shorten(to_single_line(one.label), SPSS.label))
        for one in find_response_sets(table.variables)
    ]
    if sets or weight:
        add_records(to, sets, weight, names)
    return data.height, tuple(_iterate_notes(table, columns, seen))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpssColumn:
    """A variable as SPSS has it."""

    variable: Variable
    name: str
    labels: dict[Any, str]
    """Labels by value, as the file holds values."""
    user_missing: list[Any]
    """User-missing values, a range as a mapping."""
    unmarked: list[Any]
    """Values for which there was no room among them."""
    missing_codes: dict[str, int | str | None]
    """By kind what stands for a missing; nothing is system-missing."""

    @classmethod
    def from_variable(cls, variable: Variable, name: str) -> "SpssColumn":
        text = variable.storage == "text"
        labels = {code: SPSS.shorten(to_single_line(words) or str(code), SPSS.value_label)
                  for code, words in build_value_labels(variable).items()}  # fmt: skip
        found = choose_user_missing(variable)
        absent: list[Any] = [str(code) if text else code for code in found.codes]
        left: list[Any] = [str(code) if text else float(code) for code in found.unmarked]
        if found.low is not None:
            absent.append({"lo": found.low, "hi": found.high})
        codes: dict[str, int | str | None] = {
            kind: str(code) if text else code if kind != "not_asked" else None
            for kind, (code, _) in list_missing_codes(variable).items()
        }
        if variable.role == "admin":  # nobody was asked
            codes = {}
        if variable.storage in ("date", "time"):
            labels, absent, left, codes = {}, [], [], {}
        return cls(variable=variable, name=name, labels=labels, user_missing=absent, unmarked=left, missing_codes=codes)


@dataclass(slots=True)
class SpssStatistics:
    """What stands in the columns."""

    digits: dict[str, int]
    """Before the point, by name."""
    decimals: dict[str, int]
    """Behind it."""
    text_bytes: dict[str, int]
    """Bytes of the longest text, by name."""
    shortened: dict[str, int]
    """Texts that are too long, by name."""
    unmarked: dict[str, int]
    """Cells whose code is to be left out, and had no room among those that are, by name."""
    latest_entry: datetime | None = None
    """The last entry of all interviews."""

    def choose_format(self, column: SpssColumn) -> str:
        """How SPSS shows a column: width and places of numbers, dates by year, month and day."""
        match column.variable.storage:
            case "integer":
                return f"F{self._choose_digits(column)}.0"
            case "decimal":
                return f"F{self._choose_digits(column)}.{self._choose_decimals(column)}"
            case "date":
                return "SDATE10"
            case "time":
                return "TIME5"
            case "text":
                return "DATETIME20" if is_timestamp(column.variable) else ""

    def choose_width(self, column: SpssColumn) -> int:
        """How wide SPSS shows a column."""
        match column.variable.storage:
            case "integer" | "decimal":
                return self._choose_digits(column)
            case "date":
                return DATE_DISPLAY_WIDTH
            case "time":
                return MIN_DISPLAY_WIDTH
            case "text":
                return (
                    TIMESTAMP_DISPLAY_WIDTH
                    if is_timestamp(column.variable)
                    else choose_display_width(self.text_bytes[column.name])
                )

    def _choose_decimals(self, column: SpssColumn) -> int:
        if column.variable.storage == "integer":
            return 0
        return max(column.variable.decimals, min(self.decimals.get(column.name, 0), MAX_DECIMALS_SHOWN))

    def _choose_digits(self, column: SpssColumn) -> int:
        places = self._choose_decimals(column)
        wide = self.digits.get(column.name, 1) + (1 + places if column.variable.storage == "decimal" else 0)
        return min(max(wide, MIN_DISPLAY_WIDTH), MAX_DISPLAY_WIDTH)


def _build_data(table: Table, columns: Sequence[SpssColumn]) -> tuple["pl.DataFrame", SpssStatistics]:
    """The rows as SPSS has them, and what stands in them."""
    import polars as pl

    seen = SpssStatistics({}, {}, {}, {}, {})
    made = [_build_batch(texts, columns, seen) for texts in read_batches(table)]
    if not made:
        none = pl.DataFrame({str(at): [] for at in range(len(columns))}, schema_overrides=None).cast(pl.String)
        made = [_build_batch(none, columns, seen)]
    data = pl.concat(made)
    for column in columns:
        if column.unmarked and (count := int(data[column.name].is_in(column.unmarked).sum())):
            seen.unmarked[column.variable.name] = count
        if column.variable.storage in ("integer", "decimal"):
            extremes = [n for n in (data[column.name].min(), data[column.name].max()) if isinstance(n, float)]
            seen.digits[column.name] = max((len(f"{n:.0f}") for n in extremes), default=1)
    if LAST_ENTRY_COLUMN in data.columns:
        latest = data[LAST_ENTRY_COLUMN].max()
        seen.latest_entry = latest if isinstance(latest, datetime) else None
    return data, seen


def _build_batch(texts: "pl.DataFrame", columns: Sequence[SpssColumn], seen: SpssStatistics) -> "pl.DataFrame":
    import polars as pl

    made, places = [], []
    for at, column in enumerate(columns):
        text, variable = pl.col(str(at)), column.variable
        values = make_value_expression(variable.storage, text, moment=is_timestamp(variable))
        if column.missing_codes:
            values = make_coded_expression(text, values, column.missing_codes)
        if variable.storage == "text" and not is_timestamp(variable):
            values = values.fill_null("")
        made.append(values.alias(column.name))
        if variable.storage == "decimal":
            fraction = text.str.extract(r"^-?[0-9]+\.([0-9]*[1-9])0*$", 1).str.len_bytes().max()
            places.append(fraction.alias(column.name))
    data = convert_columns(texts, made)
    if places:
        for name, found in texts.select(places).row(0, named=True).items():
            seen.decimals[name] = max(seen.decimals.get(name, 0), found or 0)
    long = [name for name, kind in data.schema.items() if kind == pl.String]
    sizes = data.select([pl.col(name).str.len_bytes().max() for name in long])
    for name, size in sizes.row(0, named=True).items() if long else ():
        seen.text_bytes[name] = max(seen.text_bytes.get(name, 0), size or 0)
        if (size or 0) <= SPSS.text:
            continue
        seen.shortened[name] = seen.shortened.get(name, 0) + int((data[name].str.len_bytes() > SPSS.text).sum())
        cut = [SPSS.shorten(text, SPSS.text) for text in data[name]]
        data = data.with_columns(pl.Series(name, cut, dtype=pl.String))
    return data


def _iterate_file_notes(table: Table) -> Iterator[str]:
    """Where the data come from, in the notes of the file."""
    study = table.study
    named = " ".join(filter(None, (study.id, study.version and f"version {study.version}")))
    told = (("Questionnaire", named), ("Sponsor", study.sponsor), ("Conducted by", study.conducted_by))
    for what, words in told:
        if words:
            yield f"{what}: {to_single_line(words)}"
    yield f"Labels in the language {table.language}"


def _write_timestamp(file: Path, moment: datetime) -> None:
    """Write the day and time of the file into it."""
    stamp = f"{format_day(moment)} {moment.year % 100:02}{moment:%H:%M:%S}"
    with file.open("r+b") as held:
        held.seek(TIMESTAMP_OFFSET)
        held.write(stamp.encode("ascii"))


def _iterate_notes(table: Table, columns: Sequence[SpssColumn], seen: SpssStatistics) -> Iterator[str]:
    labels: list[dict[Code, str]] = [build_value_labels(v) for v in table.variables]
    yield from iterate_notes(table.variables, SPSS, labels=labels)
    if seen.unmarked:
        yield format_unmarked_note(seen.unmarked)
    for name, count in seen.shortened.items():
        texts = format_quantity(count, "text is", "texts are")
        yield f"{name}: {texts} cut to {SPSS.text:,} bytes, the most that SPSS has"
    if any(v.name == table.study.weight for v in table.variables):
        yield f"SPSS weights by {table.study.weight} as it opens the file: WEIGHT OFF. ends that"
    if len(columns) > SPSS.columns:
        yield f"{len(columns):,} columns: programs may read {SPSS.columns:,} only"
