"""The parts of a calculation that is written as a table, as documents show them."""

from typing import NamedTuple

from survey_cli.instrument.expressions.conditions import Condition


class CompiledRow(NamedTuple):
    """A row of a table, compiled: its value counts if it is the first whose condition is true."""

    test: Condition
    value: Condition


class TableParts(NamedTuple):
    """The compiled parts of a table."""

    rows: tuple[CompiledRow, ...]
    otherwise: Condition | None
    """The value after `else`; None if it is left out, and so for `unknown`."""
    unknown: Condition | None

    def list_values(self) -> list[Condition]:
        """List all values that the calculation can have."""
        values = [row.value for row in self.rows]
        if self.otherwise is not None:
            values.append(self.otherwise)
        if self.unknown is not None:
            values.append(self.unknown)
        return values

    def write(self) -> str:
        """Write the table on one line: `{when: [[age < 30, 1]], else: 2, unknown: 9}`."""
        rows = [f"[{_write(row.test)}, {_write(row.value)}]" for row in self.rows]
        keys = [f"when: [{', '.join(rows)}]"]
        if self.otherwise is not None:
            keys.append(f"else: {_write(self.otherwise)}")
        if self.unknown is not None:
            keys.append(f"unknown: {_write(self.unknown)}")
        return f"{{{', '.join(keys)}}}"


def _write(part: Condition) -> str:
    """Write a condition or value as in the file, on one line."""
    return " ".join(part.text.split())
