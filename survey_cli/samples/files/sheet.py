"""Rows of a CSV file or workbook as text; the meaning of cells is not known here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class InputRow(NamedTuple):
    """One row below the heading."""

    line: int
    """Where it begins, from 1."""
    cells: list[str]


@dataclass(frozen=True, slots=True)
class InputSheet:
    """A file's heading and its rows, which can be gone through once. Rows in which nothing stands are left out."""

    heading: InputRow
    rows: Iterator[InputRow]
    decimal_comma: bool = False
    """Its program wrote decimals with a comma, as programs do that part cells with semicolons."""
    letters: bool = False
    """Columns have letters, as in a workbook."""

    def describe_column(self, index: int) -> str:
        """What a person calls a column (from 0): `column C` in a workbook, else `column 3`."""
        return f"column {format_column_letter(index) if self.letters else index + 1}"


def format_column_letter(at: int) -> str:
    """A column's letter, from 0: A, …, Z, AA."""
    text = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        text = chr(ord("A") + rest) + text
    return text
