"""What stands in the columns of a file of comma-separated values that was just written? How wide its fields are and
between which numbers they lie, for a description beside it that must say so. It reads that file and no other."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from survey_cli.values import Variable

LONGEST: Final = 2**30
"""Letters of a field that may be read: more than any answer has."""


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
    decimals: int = 0
    """Places behind the point of the number that has most."""


def extents(file: Path, variables: tuple[Variable, ...], codes: tuple[frozenset[str], ...]) -> list[Extent]:
    """Of each column, in one pass and little memory. `codes`: the fields of each that stand for missings."""
    found = [Extent() for _ in variables]
    numbers = [variable.storage in ("integer", "decimal") for variable in variables]
    csv.field_size_limit(LONGEST)
    with file.open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines, strict=True)
        next(reader, None)
        for fields in reader:
            for field, extent, number, missing in zip(fields, found, numbers, codes, strict=True):
                if len(field) > extent.letters:
                    extent.letters = len(field)
                if not number:
                    if len(field) * 4 > extent.bytes:
                        extent.bytes = max(extent.bytes, len(field.encode()))
                elif field and field not in missing:
                    value = float(field)
                    extent.least = value if extent.least is None else min(extent.least, value)
                    extent.most = value if extent.most is None else max(extent.most, value)
                    extent.decimals = max(extent.decimals, len(field.partition(".")[2]))
    return found
