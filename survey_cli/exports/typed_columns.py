"""Conversion of stored rows into typed polars columns, batch by batch.

It also says why a cell has no value, and knows no file format.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final

from survey_cli.engine.codec import encode_cells
from survey_cli.table import Table
from survey_cli.table.encoded_cells import NOT_ASKED_TEXT, split_row
from survey_cli.table.timestamps import is_timestamp
from survey_cli.values import Measure, Storage, Variable

if TYPE_CHECKING:
    import polars as pl

BATCH_SIZE: Final = 20_000
"""Rows of one stretch."""
_COMMA: Final = "\\u002c"


def read_batches(table: Table, at_once: int = BATCH_SIZE) -> Iterator["pl.DataFrame"]:
    """Yield the stored texts of the cells, one column per variable, named by position (`"0"`, `"1"`, …).

    Nothing is yielded where there are no rows. Raises ValueError for a row that does not fit this table.
    """
    width = len(table.variables)
    kept = iter(table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows))
    while some := list(islice(kept, at_once)):
        frame = _split(some, width)
        some.clear()  # or two stretches would be held while the next is read
        yield frame


def _split(rows: list[str], width: int) -> "pl.DataFrame":
    import polars as pl

    flat = [row if row.count(",") == width - 1 else _escape_commas(row, width) for row in rows]
    bare = pl.Series("row", flat, dtype=pl.String).str.strip_prefix("[").str.strip_suffix("]")
    split = bare.str.split_exact(",", width - 1).struct.unnest()
    return split.rename({f"field_{at}": str(at) for at in range(width)})


def _escape_commas(row: str, width: int) -> str:
    """The same row without commas inside its texts."""
    return f"[{','.join([text.replace(',', _COMMA) for text in split_row(row, width)])}]"


def convert_columns(frame: "pl.DataFrame", columns: Iterable["pl.Expr"]) -> "pl.DataFrame":
    """The columns made of a stretch of texts. Raises ValueError for a text that is no cell."""
    import polars as pl

    try:
        return frame.select(list(columns))
    except pl.exceptions.PolarsError as error:
        what = str(error).partition("\n")[0][:200]
        unknown = "replace_strict" in what  # polars' word where a text has nothing that stands for it
        raise ValueError("a missing of a kind that no column has" if unknown else what) from None


def make_value_expression(storage: Storage, text: "pl.Expr", *, moment: bool = False) -> "pl.Expr":
    """The values of a column, null where there is none."""
    import polars as pl

    bare = pl.when(~text.str.starts_with("{") & (text != NOT_ASKED_TEXT)).then(text)
    match storage:
        case "integer" | "decimal":
            return bare.cast(pl.Float64)
        case "date":
            return bare.str.strip_chars('"').str.to_date("%Y-%m-%d", strict=True)
        case "time":
            return bare.str.strip_chars('"').str.slice(0, 8).str.to_time("%H:%M:%S", strict=True)
        case "text":
            words = (
                pl.when(bare.str.starts_with('"'))
                .then(bare)
                .str.json_decode(pl.String)
                .fill_null(pl.when(~bare.str.starts_with('"')).then(bare))
            )
            if moment:
                said = pl.when(words != "").then(words.str.slice(0, 19))
                return said.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="ms")
            return words.str.replace_all("\x00", "", literal=True)  # where C ends a text


def choose_measure(variable: Variable) -> Measure:
    """A moment can be counted with, like any day or time."""
    return "scale" if is_timestamp(variable) else variable.measure


def make_missing_expression(text: "pl.Expr") -> "pl.Expr":
    """By what kind of missing a cell has no value, null where it has one."""
    import polars as pl

    kind = text.str.extract(r'^\{"missing":"([^"]+)"\}$', 1)
    return (
        pl.when(text == NOT_ASKED_TEXT)
        .then(pl.lit("not_asked"))
        .when(text.str.starts_with("{"))
        .then(kind.fill_null(text))
    )


def make_coded_expression(
    text: "pl.Expr", values: "pl.Expr", codes: Mapping[str, int | float | str | None]
) -> "pl.Expr":
    """The values, and by kind what stands where there are none. A kind that is not among `codes` is refused."""
    import polars as pl

    texts = any(isinstance(code, str) for code in codes.values())
    by_text = {
        NOT_ASKED_TEXT if kind == "not_asked" else f'{{"missing":"{kind}"}}': code for kind, code in codes.items()
    }
    absent = pl.when(text.str.starts_with("{") | (text == NOT_ASKED_TEXT)).then(text)
    return pl.coalesce(values, absent.replace_strict(by_text, return_dtype=pl.String if texts else pl.Float64))
