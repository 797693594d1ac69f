"""SPSS data files (.sav, .zsav): codes with their labels, and missing values as user-missing codes.

A number that was not asked is system-missing; any other missing value is its code. A text column
with labels holds the code as a text, for "not asked" too. Texts, dates and times without an answer
are empty, and their companion column, `q_state`, says why. If SPSS has no room for all codes,
`limits.choose_user_missing` decides which are user-missing. Multiple response sets and the weight
variable are added to the finished file, since the library cannot write them. The whole table is
held in memory, at twice its size as 8-byte numbers.
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
"""Maximum number of decimals shown if the questionnaire sets none; all are stored."""


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

    column_labels: list[str | None] = []
    widths: dict[str, int] = {}
    formats: dict[str, str] = {}
    for column in columns:
        label = limits.SPSS.fit(limits.choose_label(column.variable), limits.SPSS.label)
        column_labels.append(label)
        formats[column.name], widths[column.name] = column.choose_layout()

    is_zsav = to.suffix.lower() == ".zsav"
    try:
        pyreadstat.write_sav(
            data,
            to,
            file_label=limits.SPSS.fit(table.study.title, MAX_FILE_LABEL_BYTES),
            column_labels=column_labels,
            compress=is_zsav,
            row_compress=not is_zsav,
            note=[limits.SPSS.shorten(line, MAX_NOTE_BYTES) for line in _iterate_file_notes(table)],
            variable_value_labels={c.name: c.labels for c in columns},
            missing_ranges={c.name: c.user_missing for c in columns},
            variable_measure={c.name: typed_columns.choose_measure(c.variable) for c in columns},
            variable_display_width=widths,
            variable_format=formats,
        )
    except pyreadstat.ReadstatError as error:
        # Callers report an OSError; the library's own error has no number of the system.
        raise OSError(errno.EIO, str(error)) from error

    # The library writes the time of the clock.
    time = typed_columns.find_latest_entry(data)
    timestamp = f"{format_day(time)} {time.year % 100:02}{time:%H:%M:%S}"
    with to.open("r+b") as file:
        file.seek(TIMESTAMP_OFFSET)
        file.write(timestamp.encode("ascii"))

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

        is_text = variable.storage == "text"
        choice = limits.choose_user_missing(variable)
        user_missing: list[Any]
        unmarked: list[Any]
        if is_text:
            user_missing = [str(code) for code in choice.codes]
            unmarked = [str(code) for code in choice.unmarked]
        else:
            # Numbers are read as floats, with which the unmarked codes are compared.
            user_missing = list(choice.codes)
            unmarked = [float(code) for code in choice.unmarked]
        if choice.low is not None:
            user_missing.append({"lo": choice.low, "hi": choice.high})

        labels: dict[Any, str] = {}
        for code, words in limits.build_value_labels(variable).items():
            labels[code] = limits.SPSS.fit(words, limits.SPSS.value_label, str(code))

        return cls(
            variable=variable,
            name=name,
            labels=labels,
            user_missing=user_missing,
            unmarked=unmarked,
            missing_codes=_choose_missing_codes(variable),
        )

    def choose_layout(self) -> tuple[str, int]:
        """Return the SPSS format of the column and its display width.

        The format of texts is empty: the library chooses it by their length.
        """
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


def _choose_missing_codes(variable: Variable) -> dict[str, int | str | None]:
    """Return what stands for a missing value, by kind; None is system-missing."""
    if variable.role == "admin":
        # It holds no answers.
        return {}

    missing_codes: dict[str, int | str | None] = {}
    for kind, (code, _) in list_missing_codes(variable).items():
        if variable.storage == "text":
            missing_codes[kind] = str(code)
        elif kind == "not_asked":
            missing_codes[kind] = None
        else:
            missing_codes[kind] = code
    return missing_codes


def _build_data(table: Table, columns: Sequence[SpssColumn]) -> "pl.DataFrame":
    """Return the rows as SPSS stores them; the columns receive their statistics."""
    import polars as pl

    def convert(texts: "pl.DataFrame") -> "pl.DataFrame":
        return _build_batch(texts, columns)

    data = pl.concat(typed_columns.convert_batches(table, convert))

    for column in columns:
        values = data[column.name]
        if column.unmarked:
            column.unmarked_cells = int(values.is_in(column.unmarked).sum())
        if column.variable.storage in ("integer", "decimal"):
            # The extremes of a column without values are None.
            for extreme in (values.min(), values.max()):
                if isinstance(extreme, float):
                    column.digits = max(column.digits, len(f"{extreme:.0f}"))

    return data


def _build_batch(texts: "pl.DataFrame", columns: Sequence[SpssColumn]) -> "pl.DataFrame":
    import polars as pl

    expressions = []
    longest_fractions = []
    longest_texts = []
    for at, column in enumerate(columns):
        text = pl.col(str(at))
        variable = column.variable
        values = typed_columns.make_value_expression(variable, text)
        if column.missing_codes:
            values = typed_columns.make_coded_expression(text, values, column.missing_codes)

        if variable.storage == "text" and not is_timestamp(variable):
            values = values.fill_null("")
            longest_texts.append(pl.col(column.name).str.len_bytes().max())
        expressions.append(values.alias(column.name))

        if variable.storage == "decimal":
            # Counted in the stored text, since a float has no number of decimals.
            fraction = text.str.extract(r"^-?[0-9]+\.([0-9]*[1-9])0*$", 1)
            longest_fractions.append(fraction.str.len_bytes().max().alias(column.name))

    data = typed_columns.convert_columns(texts, expressions)

    # One selection for all columns: polars computes them at the same time. A selection of no
    # columns has no row.
    decimals: dict[str, int | None] = {}
    if longest_fractions:
        decimals = texts.select(longest_fractions).to_dicts()[0]
    sizes: dict[str, int | None] = {}
    if longest_texts:
        sizes = data.select(longest_texts).to_dicts()[0]

    for column in columns:
        # The maximum of a batch without values is None.
        column.decimals = max(column.decimals, decimals.get(column.name) or 0)
        size = sizes.get(column.name) or 0
        column.text_bytes = max(column.text_bytes, size)
        if size > limits.SPSS.text:
            cells = data[column.name]
            column.shortened_cells += int((cells.str.len_bytes() > limits.SPSS.text).sum())
            cut = [limits.SPSS.shorten(cell, limits.SPSS.text) for cell in cells]
            data = data.with_columns(pl.Series(column.name, cut, dtype=pl.String))

    return data


def _iterate_file_notes(table: Table) -> Iterator[str]:
    """Yield the origin of the data, for the notes of the file."""
    study = table.study

    origin = []
    if study.id:
        origin.append(study.id)
    if study.version:
        origin.append(f"version {study.version}")
    if origin:
        yield f"Questionnaire: {limits.to_single_line(' '.join(origin))}"

    if study.sponsor:
        yield f"Sponsor: {limits.to_single_line(study.sponsor)}"
    if study.conducted_by:
        yield f"Conducted by: {limits.to_single_line(study.conducted_by)}"
    yield f"Labels in the language {table.language}"


def _iterate_notes(table: Table, columns: Sequence[SpssColumn]) -> Iterator[str]:
    labels: list[dict[Code, str]] = [limits.build_value_labels(v) for v in table.variables]
    yield from limits.iterate_notes(table.variables, limits.SPSS, labels=labels)

    unmarked = {c.variable.name: c.unmarked_cells for c in columns if c.unmarked_cells}
    if unmarked:
        yield limits.format_unmarked_note(unmarked)

    for column in columns:
        if column.shortened_cells:
            texts = format_quantity(column.shortened_cells, "text is", "texts are")
            yield f"{column.name}: {texts} cut to {limits.SPSS.text:,} bytes, the limit of SPSS"

    weight = table.study.weight
    if any(variable.name == weight for variable in table.variables):
        yield f"SPSS weights by {weight} when it opens the file; WEIGHT OFF. turns this off"

    if len(columns) > limits.SPSS.columns:
        yield f"{len(columns):,} columns: other programs may read only {limits.SPSS.columns:,}"
