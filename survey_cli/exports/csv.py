"""Comma- and tab-separated values, written so that no cell can run in a spreadsheet."""

import csv
from collections.abc import Callable, Iterator
from datetime import date, time
from operator import getitem
from typing import TYPE_CHECKING, Final, TextIO

from survey_cli.table import Table
from survey_cli.values import Cell, Missing, Variable

if TYPE_CHECKING:
    from survey_cli.exports.formats import Manner

RESERVED: Final = {"dk": -8, "refused": -9, "not_asked": -6, "not_reached": -7}
RESERVED_WORDS: Final = {
    "dk": "Don't know",
    "refused": "Refused",
    "not_asked": "Not asked",
    "not_reached": "Not reached",
}
RUNS: Final = ("=", "+", "-", "@", "\t", "\r")
"""A text cell that begins so can run as a formula; an apostrophe before it keeps it text."""


def write_csv(table: Table, to: TextIO, manner: "Manner") -> int:
    """Write a header and a line a row; the number of rows."""
    return _write(table, to, manner, ",")


def write_tsv(table: Table, to: TextIO, manner: "Manner") -> int:
    """The same with tabs."""
    return _write(table, to, manner, "\t")


def _write(table: Table, to: TextIO, manner: "Manner", delimiter: str) -> int:
    if manner.bom:
        to.write("\ufeff")
    writer = csv.writer(to, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([v.name if manner.raw else tame(v.name) for v in table.variables])
    says = [Said(_sayer(v, manner)) for v in table.variables]
    rows = 0

    def lines() -> Iterator[list[object]]:
        nonlocal rows
        for row in table.rows:
            if len(row) != len(says):
                raise ValueError(f"a row of {len(row)} cells among {len(says)} columns")
            rows += 1
            yield list(map(getitem, says, row))

    writer.writerows(lines())
    return rows


class Said(dict[Cell, str]):
    """What has been said of a column's cells: most are said again and again, and looked up without a call. Floats are
    always said anew, since a whole one is equal to an integer, which may be written otherwise."""

    MOST: Final = 1000

    def __init__(self, say: Callable[[Cell], str]) -> None:
        super().__init__()
        self._say = say

    def __missing__(self, cell: Cell) -> str:
        said = self._say(cell)
        if len(self) < self.MOST and not isinstance(cell, float):
            self[cell] = said
        return said


def tame(text: str) -> str:
    """Text that no spreadsheet runs."""
    return "'" + text if text.startswith(RUNS) else text


def _sayer(variable: Variable, manner: "Manner") -> Callable[[Cell], str]:
    """How the cells of one column are written."""
    numeric = variable.storage in ("integer", "decimal")
    codes = {kind: code for kind, (code, _) in variable.declines.items()}
    said = {kind: text for kind, (_, text) in variable.declines.items()}
    labels = variable.labels if manner.labels else {}

    def absent(cell: Missing) -> str:
        if manner.labels and numeric:
            text = said.get(cell.kind) or RESERVED_WORDS.get(cell.kind, cell.kind)
            return text if manner.raw else tame(text)
        if numeric or (variable.role == "answer" and variable.labels):
            return str(codes.get(cell.kind, RESERVED.get(cell.kind, "")))
        return ""

    def say(cell: Cell) -> str:
        if isinstance(cell, Missing):
            return absent(cell)
        if labels and isinstance(cell, int | str) and cell in labels:
            return labels[cell] if manner.raw else tame(labels[cell])
        if isinstance(cell, int):
            return str(cell)
        if isinstance(cell, float):
            return format(cell, ".10g")
        if isinstance(cell, time):
            return cell.strftime("%H:%M")
        if isinstance(cell, date):
            return cell.isoformat()
        text = str(cell)
        return text if manner.raw else tame(text)

    return say
