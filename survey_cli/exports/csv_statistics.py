"""Column statistics of a CSV file that was just written: field widths, minimum and maximum.

The descriptions beside such a file state them. Only that file is read.
"""

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from survey_cli.values import Variable

MAX_FIELD_SIZE: Final = 2**30
"""Letters of a field that may be read: more than any answer has."""
BATCH_SIZE: Final = 500
"""Rows looked at in one go."""


@dataclass(slots=True)
class ColumnStatistics:
    """Statistics of one column."""

    characters: int = 0
    """Of the longest field."""
    bytes: int = 0
    """The same in UTF-8."""
    minimum: float | None = None
    """Of numbers that are no codes for missings; None where there are none."""
    maximum: float | None = None
    marked: int = 0
    """Fields among those that were to be counted."""
    decimals: int = 0
    """Places behind the point of the number that has most."""


def read_statistics(
    file: Path,
    variables: tuple[Variable, ...],
    codes: tuple[frozenset[str], ...],
    marked: tuple[frozenset[str], ...] = (),
) -> list[ColumnStatistics]:
    """Return the statistics of each column, in one pass and little memory.

    `codes` holds the fields of each column that stand for missing values; `marked` those that are counted.
    """
    found = [ColumnStatistics() for _ in variables]
    marks = marked or (frozenset[str](),) * len(variables)
    numbers = [variable.storage in ("integer", "decimal") for variable in variables]
    csv.field_size_limit(MAX_FIELD_SIZE)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        while some := list(islice(reader, BATCH_SIZE)):
            for column, extent, number, missing, mark in zip(
                zip(*some, strict=True), found, numbers, codes, marks, strict=True
            ):
                distinct = set(column)
                extent.characters = max(extent.characters, *map(len, distinct), 0)
                if not mark.isdisjoint(distinct):
                    extent.marked += sum(field in mark for field in column)
                if number:
                    _add_numbers(extent, distinct - missing - {""})
                else:
                    extent.bytes = max(extent.bytes, *(len(field.encode()) for field in distinct), 0)
    return found


def _add_numbers(extent: ColumnStatistics, fields: set[str]) -> None:
    if not fields:
        return
    values = [float(field) for field in fields]
    extent.minimum = min(values) if extent.minimum is None else min(extent.minimum, *values)
    extent.maximum = max(values) if extent.maximum is None else max(extent.maximum, *values)
    extent.decimals = max(extent.decimals, *(len(field.partition(".")[2]) for field in fields))
