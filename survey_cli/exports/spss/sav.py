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

from survey_cli.exports import limits, typed_columns
from survey_cli.exports.answer_sets import find_response_sets
from survey_cli.exports.missing_codes import list_missing_codes
from survey_cli.exports.options import WriteOptions
from survey_cli.exports.reproducible_time import DEFAULT_TIMESTAMP, format_day
from survey_cli.exports.spss.records import add_records
from survey_cli.table.table import Table
from survey_cli.table.timestamps import LAST_ENTRY_COLUMN, is_timestamp
from survey_cli.values import Code, Variable
from survey_cli.wording import format_quantity

if TYPE_CHECKING:
    import polars as pl


MAX_FILE_LABEL_BYTES: Final = 64
"""Maximum length of a file label in bytes."""
MAX_NOTE_BYTES: Final = 80
"""Maximum length of a line of the notes in bytes."""
TIMESTAMP_OFFSET: Final = 92
"""Offset of the file's date and time."""
MAX_DECIMALS_SHOWN: Final = 6
"""Maximum number of decimals shown where the questionnaire sets none; all are stored."""


def write_sav(table: Table, to: Path, options: WriteOptions) -> tuple[int, tuple[str, ...]]:
    """Write the file; return the number of rows and the notes.

    A file name that ends in .zsav selects its compression. Raises ImportError without the libraries.
    """
    import pyreadstat

    columns = [
        SpssColumn.from_variable(variable, name)
        for variable, name in zip(
            table.variables, limits.fit_names([v.name for v in table.variables], limits.SPSS), strict=True
        )
    ]
    data, statistics = _build_data(table, columns)
    labels = {c.name: c.labels for c in columns if c.labels}
    missing = {c.name: c.user_missing for c in columns if c.user_missing}
    try:
        pyreadstat.write_sav(
            data,
            to,
            file_label=limits.SPSS.shorten(limits.to_single_line(table.study.title), MAX_FILE_LABEL_BYTES),
            column_labels=[limits.fit_label(limits.choose_label(v), limits.SPSS) or None for v in table.variables],
            compress=to.suffix.lower() == ".zsav",
            row_compress=to.suffix.lower() != ".zsav",
            note=[limits.SPSS.shorten(line, MAX_NOTE_BYTES) for line in _iterate_file_notes(table)],
            variable_value_labels=labels,
            missing_ranges=missing,
            variable_measure={c.name: typed_columns.choose_measure(c.variable) for c in columns},
            variable_display_width={c.name: statistics.choose_width(c) for c in columns},
            variable_format={c.name: form for c in columns if (form := statistics.choose_format(c))},
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    _write_timestamp(to, statistics.latest_entry or DEFAULT_TIMESTAMP)
    names = {column.variable.name: column.name for column in columns}
    weight = table.study.weight if table.study.weight in names else ""
    sets = [
        response_set._replace(label=limits.SPSS.shorten(limits.to_single_line(response_set.label), limits.SPSS.label))
        for response_set in find_response_sets(table.variables)
    ]
    if sets or weight:
        add_records(to, sets, weight, names)
    return data.height, tuple(_iterate_notes(table, columns, statistics))


@dataclass(frozen=True, slots=True, kw_only=True)
class SpssColumn:
    """A variable as it is stored in SPSS."""

    variable: Variable
    name: str
    labels: dict[Any, str]
    """Labels by value, in the type of the column."""
    user_missing: list[Any]
    """User-missing values, a range as a mapping."""
    unmarked: list[Any]
    """Missing codes for which there was no room among the user-missing values."""
    missing_codes: dict[str, int | str | None]
    """The code of a missing value by kind; None is system-missing."""

    @classmethod
    def from_variable(cls, variable: Variable, name: str) -> "SpssColumn":
        text = variable.storage == "text"
        labels = {code: limits.SPSS.shorten(limits.to_single_line(words) or str(code), limits.SPSS.value_label)
                  for code, words in limits.build_value_labels(variable).items()}  # fmt: skip
        choice = limits.choose_user_missing(variable)
        missing: list[Any] = [str(code) if text else code for code in choice.codes]
        unmarked: list[Any] = [str(code) if text else float(code) for code in choice.unmarked]
        if choice.low is not None:
            missing.append({"lo": choice.low, "hi": choice.high})
        codes: dict[str, int | str | None] = {
            kind: str(code) if text else code if kind != "not_asked" else None
            for kind, (code, _) in list_missing_codes(variable).items()
        }
        if variable.role == "admin":  # nobody was asked
            codes = {}
        if variable.storage in ("date", "time"):
            labels, missing, unmarked, codes = {}, [], [], {}
        return cls(
            variable=variable, name=name, labels=labels, user_missing=missing, unmarked=unmarked, missing_codes=codes
        )


@dataclass(slots=True)
class SpssStatistics:
    """Statistics of the columns, by name."""

    digits: dict[str, int]
    """Number of digits before the decimal point."""
    decimals: dict[str, int]
    """Number of decimals."""
    text_bytes: dict[str, int]
    """Length of the longest text in bytes."""
    shortened: dict[str, int]
    """Number of texts that were cut."""
    unmarked: dict[str, int]
    """Number of cells with a missing code that is not user-missing."""
    latest_entry: datetime | None = None
    """Time of the last entry of all interviews."""

    def choose_format(self, column: SpssColumn) -> str:
        """Return the SPSS format of a column; empty for texts."""
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
        """Return the display width of a column."""
        match column.variable.storage:
            case "integer" | "decimal":
                return self._choose_digits(column)
            case "date":
                return limits.DATE_DISPLAY_WIDTH
            case "time":
                return limits.MIN_DISPLAY_WIDTH
            case "text":
                return (
                    limits.TIMESTAMP_DISPLAY_WIDTH
                    if is_timestamp(column.variable)
                    else limits.choose_display_width(self.text_bytes[column.name])
                )

    def _choose_decimals(self, column: SpssColumn) -> int:
        if column.variable.storage == "integer":
            return 0
        return max(column.variable.decimals, min(self.decimals.get(column.name, 0), MAX_DECIMALS_SHOWN))

    def _choose_digits(self, column: SpssColumn) -> int:
        decimals = self._choose_decimals(column)
        width = self.digits.get(column.name, 1) + (1 + decimals if column.variable.storage == "decimal" else 0)
        return min(max(width, limits.MIN_DISPLAY_WIDTH), limits.MAX_DISPLAY_WIDTH)


def _build_data(table: Table, columns: Sequence[SpssColumn]) -> tuple["pl.DataFrame", SpssStatistics]:
    """Return the rows as SPSS stores them, and their statistics."""
    import polars as pl

    statistics = SpssStatistics({}, {}, {}, {}, {})
    batches = [_build_batch(texts, columns, statistics) for texts in typed_columns.read_batches(table)]
    if not batches:
        empty = pl.DataFrame({str(at): [] for at in range(len(columns))}, schema_overrides=None).cast(pl.String)
        batches = [_build_batch(empty, columns, statistics)]
    data = pl.concat(batches)
    for column in columns:
        if column.unmarked and (count := int(data[column.name].is_in(column.unmarked).sum())):
            statistics.unmarked[column.variable.name] = count
        if column.variable.storage in ("integer", "decimal"):
            extremes = [n for n in (data[column.name].min(), data[column.name].max()) if isinstance(n, float)]
            statistics.digits[column.name] = max((len(f"{n:.0f}") for n in extremes), default=1)
    if LAST_ENTRY_COLUMN in data.columns:
        latest = data[LAST_ENTRY_COLUMN].max()
        statistics.latest_entry = latest if isinstance(latest, datetime) else None
    return data, statistics


def _build_batch(texts: "pl.DataFrame", columns: Sequence[SpssColumn], statistics: SpssStatistics) -> "pl.DataFrame":
    import polars as pl

    expressions, decimals = [], []
    for at, column in enumerate(columns):
        text, variable = pl.col(str(at)), column.variable
        values = typed_columns.make_value_expression(variable.storage, text, timestamp=is_timestamp(variable))
        if column.missing_codes:
            values = typed_columns.make_coded_expression(text, values, column.missing_codes)
        if variable.storage == "text" and not is_timestamp(variable):
            values = values.fill_null("")
        expressions.append(values.alias(column.name))
        if variable.storage == "decimal":
            fraction = text.str.extract(r"^-?[0-9]+\.([0-9]*[1-9])0*$", 1).str.len_bytes().max()
            decimals.append(fraction.alias(column.name))
    data = typed_columns.convert_columns(texts, expressions)
    if decimals:
        for name, count in texts.select(decimals).row(0, named=True).items():
            statistics.decimals[name] = max(statistics.decimals.get(name, 0), count or 0)
    text_columns = [name for name, kind in data.schema.items() if kind == pl.String]
    sizes = data.select([pl.col(name).str.len_bytes().max() for name in text_columns])
    for name, size in sizes.row(0, named=True).items() if text_columns else ():
        statistics.text_bytes[name] = max(statistics.text_bytes.get(name, 0), size or 0)
        if (size or 0) <= limits.SPSS.text:
            continue
        statistics.shortened[name] = statistics.shortened.get(name, 0) + int(
            (data[name].str.len_bytes() > limits.SPSS.text).sum()
        )
        cut = [limits.SPSS.shorten(text, limits.SPSS.text) for text in data[name]]
        data = data.with_columns(pl.Series(name, cut, dtype=pl.String))
    return data


def _iterate_file_notes(table: Table) -> Iterator[str]:
    """Yield the origin of the data, for the notes of the file."""
    study = table.study
    version = " ".join(filter(None, (study.id, study.version and f"version {study.version}")))
    for label, text in (("Questionnaire", version), ("Sponsor", study.sponsor), ("Conducted by", study.conducted_by)):
        if text:
            yield f"{label}: {limits.to_single_line(text)}"
    yield f"Labels in the language {table.language}"


def _write_timestamp(file: Path, time: datetime) -> None:
    """Overwrite the file's date and time."""
    stamp = f"{format_day(time)} {time.year % 100:02}{time:%H:%M:%S}"
    with file.open("r+b") as target:
        target.seek(TIMESTAMP_OFFSET)
        target.write(stamp.encode("ascii"))


def _iterate_notes(table: Table, columns: Sequence[SpssColumn], statistics: SpssStatistics) -> Iterator[str]:
    labels: list[dict[Code, str]] = [limits.build_value_labels(v) for v in table.variables]
    yield from limits.iterate_notes(table.variables, limits.SPSS, labels=labels)
    if statistics.unmarked:
        yield limits.format_unmarked_note(statistics.unmarked)
    for name, count in statistics.shortened.items():
        texts = format_quantity(count, "text is", "texts are")
        yield f"{name}: {texts} cut to {limits.SPSS.text:,} bytes, the limit of SPSS"
    if any(v.name == table.study.weight for v in table.variables):
        yield f"SPSS weights by {table.study.weight} when it opens the file; WEIGHT OFF. turns this off"
    if len(columns) > limits.SPSS.columns:
        yield f"{len(columns):,} columns: other programs may read only {limits.SPSS.columns:,}"
