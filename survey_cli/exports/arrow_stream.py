"""Rows as an Arrow stream, which polars, pandas, pyarrow and DuckDB take directly."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final

from survey_cli.exports.parquet import open_batches
from survey_cli.problems import UserError
from survey_cli.table.table import Table

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa  # type: ignore[import-untyped]  # it has no types


BATCH_SIZE: Final = 5_000
"""Rows per batch: fewer than in files, since all batches may stay in memory."""


class Rows:
    """Rows of a study, which every conversion reads anew. Libraries that know Arrow streams take the object itself.

    Beside a column that can be without an answer, a column `q_state` says why: `answered`, `dk`, `refused`,
    `not_asked`, `not_reached`, or a decline of the study's own. Labels and wordings are in the Arrow schema's metadata.
    """

    def __init__(self, open_table: Callable[[], AbstractContextManager[Table]], *, labels: bool = False) -> None:
        self._open_table = open_table
        self._labels = labels

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.read().__arrow_c_stream__(requested_schema)

    def read(self) -> "pa.RecordBatchReader":
        """Return a reader of batches, with which memory use does not grow with the rows."""
        parts = self._iterate_parts()
        try:
            schema = next(parts)
            import pyarrow as pa
        except ImportError as error:
            what, remedy = f"{error.name} is not installed", "pip install 'survey-cli[python]'"
            raise UserError("data as Arrow", what, remedy) from error
        return pa.RecordBatchReader.from_batches(schema, parts)

    def _iterate_parts(self) -> "Iterator[Any]":
        """Yield the schema, then the batches; the rows are open meanwhile."""
        with self._open_table() as table:
            schema, batches = open_batches(table, labels=self._labels, small=True, size=BATCH_SIZE)
            yield schema
            yield from batches

    def to_arrow(self) -> "pa.Table":
        """Return the rows as a `pyarrow.Table`."""
        return self.read().read_all()

    def to_polars(self) -> "pl.DataFrame":
        """Return the rows as a `polars.DataFrame`."""
        reader = self.read()
        import polars as pl

        return pl.DataFrame(reader)

    def to_pandas(self) -> Any:
        """Return the rows as a `pandas.DataFrame`; needs pandas."""
        return self.to_arrow().to_pandas()
