"""Selection of some columns of a table by name."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from survey_cli.table.encoded_cells import join_row, split_row
from survey_cli.table.table import Table
from survey_cli.values import Cell


def select_columns(table: Table, names: Collection[str]) -> Table:
    """The columns with these names, in the order they have."""
    picks = [at for at, variable in enumerate(table.variables) if variable.name in names]
    width = len(table.variables)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for row in table.rows:
            yield tuple([row[at] for at in picks])

    def kept() -> Iterator[str]:
        for row in table.encoded_rows or ():
            texts = split_row(row, width)
            yield join_row([texts[at] for at in picks])

    return replace(
        table,
        variables=tuple(table.variables[at] for at in picks),
        rows=rows(),
        encoded_rows=kept() if table.encoded_rows is not None else None,
    )
