"""Rows of a CSV file or workbook as text; no cell is interpreted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple


class InputRow(NamedTuple):
    """One row below the heading."""

    line: int
    """The line of the file in which the row begins, from 1."""
    cells: list[str]


@dataclass(frozen=True, slots=True)
class InputSheet:
    """A file's heading and its rows, without empty rows; the rows can be iterated once."""

    heading: InputRow
    rows: Iterator[InputRow]
    decimal_comma: bool = False
    """Decimals have a comma, as in files whose cells are separated by semicolons."""
    letters: bool = False
    """Columns have letters, as in a workbook."""

    def describe_column(self, index: int) -> str:
        """Return the name of a column (from 0) for messages: `column C` in a workbook, else `column 3`."""
        return f"column {format_column_letter(index) if self.letters else index + 1}"


def format_column_letter(index: int) -> str:
    """Return a column's letters in a workbook: A for 0, Z for 25, AA for 26."""
    letters = ""
    number = index + 1
    while number:
        number, remainder = divmod(number - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters
