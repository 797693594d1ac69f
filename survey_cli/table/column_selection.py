"""Some columns of a table, by their names: the same rows with fewer cells."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from survey_cli.table.encoded_cells import cell_texts, row_of
from survey_cli.table.table import Table
from survey_cli.values import Cell


def narrowed(table: Table, names: Collection[str]) -> Table:
    """The columns with these names, in the order they have."""
    picks = [at for at, variable in enumerate(table.variables) if variable.name in names]
    width = len(table.variables)

    def rows() -> Iterator[tuple[Cell, ...]]:
        for row in table.rows:
            yield tuple([row[at] for at in picks])

    def kept() -> Iterator[str]:
        for row in table.kept or ():
            texts = cell_texts(row, width)
            yield row_of([texts[at] for at in picks])

    return replace(
        table,
        variables=tuple(table.variables[at] for at in picks),
        rows=rows(),
        kept=kept() if table.kept is not None else None,
    )
