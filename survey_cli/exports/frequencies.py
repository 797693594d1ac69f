"""Frequencies and numeric statistics of every column of a table, neither rounded nor weighted."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from survey_cli.engine.codec import encode_cells
from survey_cli.table import Table
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.values import Cell, Missing

BATCH_SIZE: Final = 500
"""Rows looked at in one go."""


@dataclass(slots=True)
class ColumnFrequencies:
    """Frequencies of one column."""

    values: Counter[object] = field(default_factory=Counter)
    """By code, where the column has labels."""
    missing: Counter[str] = field(default_factory=Counter)
    """By kind."""
    valid: int = 0
    minimum: float | None = None
    maximum: float | None = None
    total: float = 0.0

    def add(self, cell: Cell, times: int, *, labeled: bool) -> None:
        """It stands there so many times more."""
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
    """How many rows there are, and the tally of each column; in one pass and little memory."""
    kept = iter(table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows))
    found = [ColumnFrequencies() for _ in table.variables]
    columns = [(tally, make_cell_reader(v.storage), v) for tally, v in zip(found, table.variables, strict=True)]
    width, count = len(columns), 0
    while some := [split_row(row, width) for row in islice(kept, BATCH_SIZE)]:
        count += len(some)
        for texts, (tally, read, variable) in zip(zip(*some, strict=True), columns, strict=True):
            words = variable.storage == "text" and not variable.labels
            for text, times in Counter(texts).items():
                if words and text[0] == '"':
                    tally.valid += times
                else:
                    tally.add(read(text), times, labeled=bool(variable.labels))
    return count, found
