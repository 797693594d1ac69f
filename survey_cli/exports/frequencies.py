"""Frequencies and numeric statistics of every column of a table, neither rounded nor weighted."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from survey_cli.engine.codec import encode_cells
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.table.table import Table
from survey_cli.values import Cell, Missing

BATCH_SIZE: Final = 500
"""Rows read at a time."""


@dataclass(slots=True)
class ColumnFrequencies:
    """Frequencies of one column."""

    values: Counter[object] = field(default_factory=Counter)
    """Number of rows by code; empty if the column has no labels."""
    missing: Counter[str] = field(default_factory=Counter)
    """Number of rows by kind of missing value."""
    valid: int = 0
    """Number of rows with a value."""
    minimum: float | None = None
    maximum: float | None = None
    total: float = 0.0

    def add(self, cell: Cell, times: int, *, labeled: bool) -> None:
        """Count a cell that occurs so many times."""
        if isinstance(cell, Missing):
            self.missing[cell.kind] += times
            return
        self.valid += times
        if labeled:
            self.values[cell] += times
        if isinstance(cell, int | float):
            self.total += cell * times
            self.minimum = cell if self.minimum is None else min(self.minimum, cell)
            self.maximum = cell if self.maximum is None else max(self.maximum, cell)


def count_values(table: Table) -> tuple[int, list[ColumnFrequencies]]:
    """Return the number of rows and the frequencies of each column, in one pass and little memory."""
    encoded_rows = iter(table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows))
    frequencies = [ColumnFrequencies() for _ in table.variables]
    columns = [(column, make_cell_reader(v.storage), v) for column, v in zip(frequencies, table.variables, strict=True)]
    width, count = len(columns), 0
    while batch := [split_row(row, width) for row in islice(encoded_rows, BATCH_SIZE)]:
        count += len(batch)
        for texts, (column, read, variable) in zip(zip(*batch, strict=True), columns, strict=True):
            is_free_text = variable.storage == "text" and not variable.labels
            for text, times in Counter(texts).items():
                if is_free_text and text[0] == '"':
                    column.valid += times
                else:
                    column.add(read(text), times, labeled=bool(variable.labels))
    return count, frequencies
