"""Conversion of stored rows into typed polars columns and kinds of missing values, batch by batch.

It knows no file format.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from survey_cli.exports.conventions import DEFAULT_TIMESTAMP
from survey_cli.table.table import (
    LAST_ENTRY_COLUMN,
    NOT_ASKED_TEXT,
    Table,
    encode_missing,
    is_timestamp,
    split_row,
)
from survey_cli.values import Measure, Variable

if TYPE_CHECKING:
    import polars as pl

T = TypeVar("T")
BATCH_SIZE: Final = 20_000
"""Rows per batch."""
_COMMA: Final = "\\u002c"


def convert_batches(
    table: Table, convert: "Callable[[pl.DataFrame], T]", size: int = BATCH_SIZE
) -> Iterator[T]:
    """Yield what `convert` makes of every batch of rows; without rows, of one empty batch.

    `convert` receives the stored texts of the cells, one column per variable, named by position
    (`"0"`, `"1"`, …). While one batch is split and converted, the next is read. Raises ValueError
    for a row that does not fit this table.
    """
    width = len(table.variables)

    def convert_rows(rows: list[str]) -> T:
        return convert(_split_rows(rows, width))

    with ThreadPoolExecutor(1) as executor:
        # Polars releases the interpreter lock, so that reading goes on during a conversion.
        converting: Future[T] | None = None
        for rows in _read_batches(table, width, size):
            next_batch = executor.submit(convert_rows, rows)
            if converting is not None:
                yield converting.result()
            converting = next_batch

        if converting is not None:
            yield converting.result()


def _read_batches(table: Table, width: int, size: int) -> Iterator[list[str]]:
    """Yield the stored rows in batches, without commas inside their texts."""
    rows = table.iterate_stored()
    is_first = True
    while True:
        batch = []
        for row in islice(rows, size):
            if row.count(",") != width - 1:
                row = _escape_commas(row, width)
            batch.append(row)

        # An empty table needs one batch: the types of the columns come from it.
        if not batch and not is_first:
            return
        yield batch
        is_first = False


def _escape_commas(row: str, width: int) -> str:
    """Return the row with commas inside its texts escaped."""
    texts = [text.replace(",", _COMMA) for text in split_row(row, width)]
    return f"[{','.join(texts)}]"


def _split_rows(rows: list[str], width: int) -> "pl.DataFrame":
    import polars as pl

    bare = pl.Series("row", rows, dtype=pl.String).str.strip_prefix("[").str.strip_suffix("]")
    # The reading thread keeps this list until it has the next one.
    rows.clear()
    split = bare.str.split_exact(",", width - 1).struct.unnest()
    return split.rename({f"field_{at}": str(at) for at in range(width)})


def convert_columns(frame: "pl.DataFrame", columns: Iterable["pl.Expr"]) -> "pl.DataFrame":
    """Return columns computed from stored texts. Raises ValueError for a text that is no cell."""
    import polars as pl

    try:
        return frame.select(list(columns))
    except pl.exceptions.PolarsError as error:
        what = str(error).partition("\n")[0][:200]
        # Polars has no class of its own for a text without a replacement; the message names the
        # function.
        if "replace_strict" in what:
            what = "a missing value of a kind that no column has"
        raise ValueError(what) from None


def make_value_expression(variable: Variable, text: "pl.Expr") -> "pl.Expr":
    """Make an expression for the values of a column, null for a cell without one.

    It is also null for a text that is not a number: the expression for missing values finds these.
    """
    import polars as pl

    if variable.storage in ("integer", "decimal"):
        return text.cast(pl.Float64, strict=False)
    bare = pl.when(~text.str.starts_with("{") & (text != NOT_ASKED_TEXT)).then(text)
    match variable.storage:
        case "date":
            return bare.str.strip_chars('"').str.to_date("%Y-%m-%d", strict=True)
        case "time":
            return bare.str.strip_chars('"').str.slice(0, 8).str.to_time("%H:%M:%S", strict=True)
        case _:
            # A text column may hold codes too. They are stored without quotes, and are texts as
            # they are.
            is_quoted = bare.str.starts_with('"')
            decoded = pl.when(is_quoted).then(bare).str.json_decode(pl.String)
            words = decoded.fill_null(pl.when(~is_quoted).then(bare))
            if is_timestamp(variable):
                seconds = pl.when(words != "").then(words.str.slice(0, 19))
                return seconds.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms")

            # A null character would end the text in the libraries written in C.
            return words.str.replace_all("\x00", "", literal=True)


def find_latest_entry(data: "pl.DataFrame") -> datetime:
    """Return the time of the last entry of all interviews, by which a file is dated."""
    if LAST_ENTRY_COLUMN not in data.columns:
        return DEFAULT_TIMESTAMP

    latest = data[LAST_ENTRY_COLUMN].max()
    if isinstance(latest, datetime):
        return latest
    # The column has no values.
    return DEFAULT_TIMESTAMP


def choose_measure(variable: Variable) -> Measure:
    """Return the level of measurement; timestamps are scales, as dates and times are."""
    return "scale" if is_timestamp(variable) else variable.measure


def make_state_expression(text: "pl.Expr", values: "pl.Expr", kinds: Sequence[str]) -> "pl.Expr":
    """Make an expression for 0 if a cell has a value, or for its kind of missing value, from 1.

    It is null for a cell with neither.
    """
    import polars as pl

    kinds_as_stored = pl.Enum([encode_missing(kind) for kind in kinds])
    # The physical value of an enum is the position of its text, from 0.
    position = text.cast(kinds_as_stored, strict=False).to_physical().cast(pl.Int8)
    return pl.when(values.is_null()).then(position + 1).otherwise(0)


def make_coded_expression(
    text: "pl.Expr", values: "pl.Expr", codes: Mapping[str, int | float | str | None]
) -> "pl.Expr":
    """Make an expression for values, with codes for missing values.

    It fails for a kind that is not among `codes`.
    """
    import polars as pl

    return pl.coalesce(values, make_missing_expression(text, values, codes))


def make_missing_expression(
    text: "pl.Expr", values: "pl.Expr", codes: Mapping[str, int | float | str | None]
) -> "pl.Expr":
    """Make an expression for the codes of missing values, null for a cell with a value."""
    import polars as pl

    # Without a type, polars would guess it from the codes, which may all be None.
    has_texts = any(isinstance(code, str) for code in codes.values())
    column_type = pl.String if has_texts else pl.Float64

    by_text = {encode_missing(kind): code for kind, code in codes.items()}
    missing = pl.when(values.is_null()).then(text)
    return missing.replace_strict(by_text, return_dtype=column_type)
