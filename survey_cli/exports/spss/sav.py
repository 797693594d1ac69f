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
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from survey_cli.exports import limits, typed_columns
from survey_cli.exports.conventions import (
    WriteOptions,
    WriteResult,
    find_response_sets,
    format_day,
    list_missing_codes,
)
from survey_cli.exports.spss.records import add_records
from survey_cli.table.table import Table, is_timestamp
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


def write_sav(table: Table, to: Path, options: WriteOptions) -> WriteResult:
    """Write the file. A file name that ends in .zsav selects its compression.

    Raises ImportError without the libraries.
    """
    import pyreadstat

    file_names = limits.fit_names([v.name for v in table.variables], limits.SPSS)
    columns = [
        SpssColumn.from_variable(v, name)
        for v, name in zip(table.variables, file_names, strict=True)
    ]
    data = _build_data(table, columns)
    layouts = {c.name: c.choose_layout() for c in columns}
    try:
        pyreadstat.write_sav(
            data,
            to,
            file_label=limits.SPSS.fit(table.study.title, MAX_FILE_LABEL_BYTES),
            column_labels=[
                limits.SPSS.fit(limits.choose_label(v), limits.SPSS.label) or None
                for v in table.variables
            ],
            compress=to.suffix.lower() == ".zsav",
            row_compress=to.suffix.lower() != ".zsav",
            note=[limits.SPSS.shorten(line, MAX_NOTE_BYTES) for line in _iterate_file_notes(table)],
            variable_value_labels={c.name: c.labels for c in columns if c.labels},
            missing_ranges={c.name: c.user_missing for c in columns if c.user_missing},
            variable_measure={c.name: typed_columns.choose_measure(c.variable) for c in columns},
            variable_display_width={name: width for name, (_, width) in layouts.items()},
            variable_format={name: form for name, (form, _) in layouts.items() if form},
        )
    except pyreadstat.ReadstatError as error:
        raise OSError(errno.EIO, str(error)) from error
    time = typed_columns.find_latest_entry(data)
    with to.open("r+b") as file:
        file.seek(TIMESTAMP_OFFSET)
        file.write(f"{format_day(time)} {time.year % 100:02}{time:%H:%M:%S}".encode("ascii"))
    names = {column.variable.name: column.name for column in columns}
    weight = table.study.weight if table.study.weight in names else ""
    sets = [
        some._replace(label=limits.SPSS.fit(some.label, limits.SPSS.label))
        for some in find_response_sets(table.variables)
    ]
    if sets or weight:
        add_records(to, sets, weight, names)
    return WriteResult(data.height, tuple(_iterate_notes(table, columns)))


@dataclass(slots=True, kw_only=True)
class SpssColumn:
    """A variable as it is stored in SPSS, with statistics of its data."""

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
    digits: int = 1
    """Number of digits before the decimal point."""
    decimals: int = 0
    """Number of decimals."""
    text_bytes: int = 0
    """Length of the longest text in bytes."""
    shortened_cells: int = 0
    """Number of texts that were cut."""
    unmarked_cells: int = 0
    """Number of cells with a missing code that is not user-missing."""

    @classmethod
    def from_variable(cls, variable: Variable, name: str) -> "SpssColumn":
        if variable.storage in ("date", "time"):
            return cls(
                variable=variable,
                name=name,
                labels={},
                user_missing=[],
                unmarked=[],
                missing_codes={},
            )
        text = variable.storage == "text"
        choice = limits.choose_user_missing(variable)
        missing: list[Any] = [str(code) if text else code for code in choice.codes]
        if choice.low is not None:
            missing.append({"lo": choice.low, "hi": choice.high})
        codes = list_missing_codes(variable) if variable.role != "admin" else {}  # nobody was asked
        return cls(
            variable=variable,
            name=name,
            labels={
                code: limits.SPSS.fit(words, limits.SPSS.value_label, str(code))
                for code, words in limits.build_value_labels(variable).items()
            },
            user_missing=missing,
            unmarked=[str(code) if text else float(code) for code in choice.unmarked],
            missing_codes={
                kind: str(code) if text else code if kind != "not_asked" else None
                for kind, (code, _) in codes.items()
            },
        )

    def choose_layout(self) -> tuple[str, int]:
        """Return the SPSS format of the column, empty for texts, and its display width."""
        match self.variable.storage:
            case "integer":
                width = limits.choose_display_width(self.digits)
                return f"F{width}.0", width
            case "decimal":
                decimals = max(self.variable.decimals, min(self.decimals, MAX_DECIMALS_SHOWN))
                width = limits.choose_display_width(self.digits + 1 + decimals)
                return f"F{width}.{decimals}", width
            case "date":
                return "SDATE10", limits.DATE_DISPLAY_WIDTH
            case "time":
                return "TIME5", limits.MIN_DISPLAY_WIDTH
            case "text":
                if is_timestamp(self.variable):
                    return "DATETIME20", limits.TIMESTAMP_DISPLAY_WIDTH
                return "", limits.choose_display_width(self.text_bytes)


def _build_data(table: Table, columns: Sequence[SpssColumn]) -> "pl.DataFrame":
    """Return the rows as SPSS stores them; the columns receive their statistics."""
    import polars as pl

    data = pl.concat(
        typed_columns.convert_batches(table, lambda texts: _build_batch(texts, columns))
    )
    for column in columns:
        values = data[column.name]
        if column.unmarked:
            column.unmarked_cells = int(values.is_in(column.unmarked).sum())
        if column.variable.storage in ("integer", "decimal"):
            extremes = [n for n in (values.min(), values.max()) if isinstance(n, float)]
            column.digits = max((len(f"{n:.0f}") for n in extremes), default=1)
    return data


def _build_batch(texts: "pl.DataFrame", columns: Sequence[SpssColumn]) -> "pl.DataFrame":
    import polars as pl

    expressions, longest, text_columns = [], [], []
    for at, column in enumerate(columns):
        text, variable = pl.col(str(at)), column.variable
        values = typed_columns.make_value_expression(variable, text)
        if column.missing_codes:
            values = typed_columns.make_coded_expression(text, values, column.missing_codes)
        if variable.storage == "text" and not is_timestamp(variable):
            values = values.fill_null("")
            text_columns.append(column)
        expressions.append(values.alias(column.name))
        if variable.storage == "decimal":
            fraction = text.str.extract(r"^-?[0-9]+\.([0-9]*[1-9])0*$", 1)
            longest.append(fraction.str.len_bytes().max().alias(column.name))
    data = typed_columns.convert_columns(texts, expressions)
    decimals = texts.select(longest).to_dicts()[0] if longest else {}
    sizes = (
        data.select(pl.col(c.name).str.len_bytes().max() for c in text_columns).to_dicts()
        if text_columns
        else [{}]
    )
    for column in columns:
        column.decimals = max(column.decimals, decimals.get(column.name) or 0)
        size = sizes[0].get(column.name) or 0
        column.text_bytes = max(column.text_bytes, size)
        if size > limits.SPSS.text:
            cells = data[column.name]
            column.shortened_cells += int((cells.str.len_bytes() > limits.SPSS.text).sum())
            cut = [limits.SPSS.shorten(text, limits.SPSS.text) for text in cells]
            data = data.with_columns(pl.Series(column.name, cut, dtype=pl.String))
    return data


def _iterate_file_notes(table: Table) -> Iterator[str]:
    """Yield the origin of the data, for the notes of the file."""
    study = table.study
    version = " ".join(filter(None, (study.id, study.version and f"version {study.version}")))
    for label, text in (
        ("Questionnaire", version),
        ("Sponsor", study.sponsor),
        ("Conducted by", study.conducted_by),
    ):
        if text:
            yield f"{label}: {limits.to_single_line(text)}"
    yield f"Labels in the language {table.language}"


def _iterate_notes(table: Table, columns: Sequence[SpssColumn]) -> Iterator[str]:
    labels: list[dict[Code, str]] = [limits.build_value_labels(v) for v in table.variables]
    yield from limits.iterate_notes(table.variables, limits.SPSS, labels=labels)
    if unmarked := {c.variable.name: c.unmarked_cells for c in columns if c.unmarked_cells}:
        yield limits.format_unmarked_note(unmarked)
    for column in columns:
        if column.shortened_cells:
            texts = format_quantity(column.shortened_cells, "text is", "texts are")
            yield f"{column.name}: {texts} cut to {limits.SPSS.text:,} bytes, the limit of SPSS"
    if any(v.name == table.study.weight for v in table.variables):
        yield f"SPSS weights by {table.study.weight} when it opens the file; WEIGHT OFF. turns this off"
    if len(columns) > limits.SPSS.columns:
        yield f"{len(columns):,} columns: other programs may read only {limits.SPSS.columns:,}"
