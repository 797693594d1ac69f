"""What stands in the columns of a file of comma-separated values that was just written? How wide its fields are and
between which numbers they lie, for a description beside it that must say so. It reads that file and no other."""

import csv
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from survey_cli.values import Variable

LONGEST: Final = 2**30
"""Letters of a field that may be read: more than any answer has."""
AT_ONCE: Final = 500
"""Rows looked at in one go."""


@dataclass(slots=True)
class Extent:
    """Of one column."""

    letters: int = 0
    """Of the longest field."""
    bytes: int = 0
    """The same in UTF-8."""
    least: float | None = None
    """Of numbers that are no codes for missings; None where there are none."""
    most: float | None = None
    marked: int = 0
    """Fields among those that were to be counted."""
    decimals: int = 0
    """Places behind the point of the number that has most."""


def extents(
    file: Path,
    variables: tuple[Variable, ...],
    codes: tuple[frozenset[str], ...],
    marked: tuple[frozenset[str], ...] = (),
) -> list[Extent]:
    """Of each column, in one pass and little memory. `codes`: the fields of each that stand for missings; `marked`:
    those that are counted."""
    found = [Extent() for _ in variables]
    marks = marked or (frozenset[str](),) * len(variables)
    numbers = [variable.storage in ("integer", "decimal") for variable in variables]
    csv.field_size_limit(LONGEST)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        while some := list(islice(reader, AT_ONCE)):
            for column, extent, number, missing, mark in zip(
                zip(*some, strict=True), found, numbers, codes, marks, strict=True
            ):
                distinct = set(column)
                extent.letters = max(extent.letters, *map(len, distinct), 0)
                if not mark.isdisjoint(distinct):
                    extent.marked += sum(field in mark for field in column)
                if number:
                    _numbers(extent, distinct - missing - {""})
                else:
                    extent.bytes = max(extent.bytes, *(len(field.encode()) for field in distinct), 0)
    return found


def _numbers(extent: Extent, fields: set[str]) -> None:
    if not fields:
        return
    values = [float(field) for field in fields]
    extent.least = min(values) if extent.least is None else min(extent.least, *values)
    extent.most = max(values) if extent.most is None else max(extent.most, *values)
    extent.decimals = max(extent.decimals, *(len(field.partition(".")[2]) for field in fields))
