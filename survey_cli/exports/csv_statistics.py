"""Column statistics of a CSV file that was just written: field widths, minimum and maximum.

The descriptions beside such a file state them.
"""

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from survey_cli.values import Variable

MAX_FIELD_SIZE: Final = 2**30
"""Maximum length of a field in characters: more than any answer has."""
BATCH_SIZE: Final = 500
"""Rows read at a time."""


@dataclass(slots=True)
class ColumnStatistics:
    """Statistics of one column."""

    characters: int = 0
    """Length of the longest field."""
    bytes: int = 0
    """Length of the longest field in bytes of UTF-8; 0 for numbers."""
    minimum: float | None = None
    """Smallest number that is not a missing code; None if there is none."""
    maximum: float | None = None
    """Largest number that is not a missing code."""
    marked: int = 0
    """Number of fields among the marked ones."""
    decimals: int = 0
    """Maximum number of decimals."""


def read_statistics(
    file: Path,
    variables: tuple[Variable, ...],
    codes: tuple[frozenset[str], ...],
    marked: tuple[frozenset[str], ...] = (),
) -> list[ColumnStatistics]:
    """Return the statistics of each column, in one pass and little memory.

    `codes` holds the fields of each column that are missing codes; `marked` the fields that are counted.
    """
    statistics = [ColumnStatistics() for _ in variables]
    marks = marked or (frozenset[str](),) * len(variables)
    are_numbers = [variable.storage in ("integer", "decimal") for variable in variables]
    csv.field_size_limit(MAX_FIELD_SIZE)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        while batch := list(islice(reader, BATCH_SIZE)):
            for fields, column, is_number, missing, mark in zip(
                zip(*batch, strict=True), statistics, are_numbers, codes, marks, strict=True
            ):
                distinct = set(fields)
                column.characters = max(column.characters, *map(len, distinct), 0)
                if not mark.isdisjoint(distinct):
                    column.marked += sum(field in mark for field in fields)
                if is_number:
                    _add_numbers(column, distinct - missing - {""})
                else:
                    column.bytes = max(column.bytes, *(len(field.encode()) for field in distinct), 0)
    return statistics


def _add_numbers(column: ColumnStatistics, fields: set[str]) -> None:
    if not fields:
        return
    values = [float(field) for field in fields]
    column.minimum = min(values) if column.minimum is None else min(column.minimum, *values)
    column.maximum = max(values) if column.maximum is None else max(column.maximum, *values)
    column.decimals = max(column.decimals, *(len(field.partition(".")[2]) for field in fields))
