"""How often does each value stand in the columns of a table, and what are its numbers like? For formats that say so; it
rounds nothing and weights nothing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from survey_cli.values import Cell, Missing, Variable


@dataclass(slots=True)
class Tally:
    """Of one column."""

    values: Counter[object] = field(default_factory=Counter)
    """By code, where the column has labels."""
    missing: Counter[str] = field(default_factory=Counter)
    """By kind."""
    valid: int = 0
    least: float | None = None
    most: float | None = None
    total: float = 0.0


def tallied_columns(
    rows: Iterable[tuple[Cell, ...]], variables: Sequence[Variable]
) -> tuple[int, list[Tally]]:
    """How many rows there are, and the tally of each column; in one pass."""
    found = [Tally() for _ in variables]
    coded = [bool(variable.labels) for variable in variables]
    count = 0
    for row in rows:
        count += 1
        for cell, tally, labelled in zip(row, found, coded, strict=True):
            if isinstance(cell, Missing):
                tally.missing[cell.kind] += 1
                continue
            tally.valid += 1
            if labelled:
                tally.values[cell] += 1
            if isinstance(cell, int | float):
                tally.total += cell
                tally.least = cell if tally.least is None else min(tally.least, cell)
                tally.most = cell if tally.most is None else max(tally.most, cell)
    return count, found
