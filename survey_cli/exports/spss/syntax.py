"""SPSS syntax that reads a CSV file with all its labels, if binary files are not allowed.

SPSS and GNU PSPP run it. Every text is quoted, with its quotes doubled and its line ends removed,
so that no text ends a command.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from survey_cli.engine.codec import encode_cells, make_row_reader
from survey_cli.exports import conventions, limits
from survey_cli.exports.templating import write_template
from survey_cli.exports.text import ColumnStatistics, read_statistics, write_csv
from survey_cli.exports.typed_columns import choose_measure
from survey_cli.table.table import Table, is_timestamp
from survey_cli.values import Cell, Code, Variable
from survey_cli.wording import format_quantity, join_first

MAX_PIECE_BYTES: Final = 120
"""Maximum length of a quoted piece in bytes."""
LINE_ENDS: Final = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def write_spss_syntax(
    table: Table, to: Path, data: Path, data_name: str
) -> conventions.WriteResult:
    """Write the syntax, and the data that it reads as `data_name`."""
    lines = _LineJoiner()
    with data.open("w", encoding="utf-8", newline="") as file:
        flat_table = replace(table, rows=lines.iterate_rows(table))
        result = write_csv(flat_table, file, conventions.WriteOptions(raw=True))

    are_numbers = []
    missing_codes = []
    unmarked_codes = []
    for variable in table.variables:
        are_numbers.append(variable.storage in ("integer", "decimal"))

        codes: frozenset[str] = frozenset()
        if variable.storage != "text":
            missing = conventions.list_missing_codes(variable)
            codes = frozenset(str(code) for code, _ in missing.values())
        missing_codes.append(codes)

        unmarked = limits.choose_user_missing(variable).unmarked
        unmarked_codes.append(frozenset(str(code) for code in unmarked))
    statistics = read_statistics(data, are_numbers, missing_codes, unmarked_codes)

    values = _list_values(table, statistics)
    with to.open("w", encoding="utf-8", newline="\n") as file:
        write_template(file, "spss_syntax.jinja", **values, data_name=data_name)

    notes = tuple(_iterate_notes(table, statistics, lines.joined_rows))
    return conventions.WriteResult(result.rows, notes)


class _LineJoiner:
    """Removes line ends within texts, and counts the rows that it changes.

    SPSS reads one case per line, even within quotes.
    """

    def __init__(self) -> None:
        self.joined_rows = 0

    def iterate_rows(self, table: Table) -> Iterator[str]:
        """Yield stored rows without line ends."""
        read = make_row_reader([variable.storage for variable in table.variables])
        for row in table.iterate_stored():
            # In a stored row, a line end may be written with a backslash. Most rows have neither.
            if "\\" not in row and not LINE_ENDS.search(row):
                yield row
                continue

            cells = list(read(row))
            flat_cells: list[Cell] = []
            for cell in cells:
                if isinstance(cell, str):
                    flat_cells.append(LINE_ENDS.sub(" ", cell))
                else:
                    flat_cells.append(cell)
            if flat_cells != cells:
                self.joined_rows += 1
            yield encode_cells(flat_cells)


def _iterate_notes(
    table: Table, statistics: Sequence[ColumnStatistics], joined: int
) -> Iterator[str]:
    if joined:
        rows = format_quantity(joined, "row")
        yield (
            f"line ends within answers are replaced by spaces in {rows}: "
            "SPSS reads one case per line"
        )

    columns = list(zip(table.variables, statistics, strict=True))
    unmarked = {v.name: column.marked for v, column in columns if column.marked}
    if unmarked:
        yield limits.format_unmarked_note(unmarked)

    long = [v.name for v, column in columns if column.bytes > limits.SPSS.text]
    if long:
        yield f"{join_first(long)}: texts are read only up to {limits.SPSS.text:,} bytes"

    labels = [limits.build_value_labels(variable) for variable in table.variables]
    yield from limits.iterate_notes(table.variables, limits.SPSS, labels=labels)


def _list_values(table: Table, statistics: Sequence[ColumnStatistics]) -> dict[str, Any]:
    """Return the values of the template."""
    study = table.study
    variables = table.variables

    title_parts = [study.title]
    if study.version:
        title_parts.append(f"version {study.version}")
    title = " ".join(title_parts)

    properties: dict[str, dict[str, list[str]]] = {
        "RECODE": {}, "MISSING VALUES": {}, "VARIABLE LEVEL": {}, "VARIABLE WIDTH": {}
    }  # fmt: skip
    for variable, column in zip(variables, statistics, strict=True):
        codes = conventions.list_offered_codes(variable)
        recoding = ""
        if codes and variable.storage != "text":
            not_asked, _ = codes["not_asked"]
            recoding = f"{not_asked}=SYSMIS"
        missing = _render_missing_values(variable, limits.choose_user_missing(variable))
        commands = {
            "RECODE": recoding,
            "MISSING VALUES": missing,
            "VARIABLE LEVEL": choose_measure(variable).upper(),
            "VARIABLE WIDTH": _choose_width(variable, column),
        }
        # One command names all variables that share a value.
        for command, value in commands.items():
            if value:
                properties[command].setdefault(value, []).append(variable.name)

    # A timestamp is read as a text, which is converted into a new variable. SPSS adds new variables
    # at the end: those up to the last timestamp are named to keep the order.
    names = [variable.name for variable in variables]
    used_names = {name.casefold() for name in names}
    timestamps = {}
    kept = 0
    for number, variable in enumerate(variables, 1):
        if is_timestamp(variable):
            timestamps[variable.name] = conventions.make_free_name(f"{variable.name}_", used_names)
            kept = number

    return {
        "title": limits.to_single_line(title) or "Data",
        "variables": [
            (v, _choose_format(v, column)) for v, column in zip(variables, statistics, strict=True)
        ],
        "timestamps": timestamps,
        "names_to_keep": names[:kept],
        "properties": properties,
        "sets": conventions.find_response_sets(variables),
        "limits": limits,
        "quote": quote,
        "render_label": _render_label,
        "render_value": _render_value,
    }


def _render_missing_values(variable: Variable, missing: limits.UserMissing) -> str:
    parts = []
    if missing.low is not None:
        parts.append(f"{missing.low} THRU {missing.high}")
    parts.extend(_render_value(variable, code) for code in missing.codes)
    return ", ".join(parts)


def _choose_width(variable: Variable, column: ColumnStatistics) -> str:
    """Return the display width of a text or date; empty for others, whose format has it."""
    if is_timestamp(variable):
        return str(limits.TIMESTAMP_DISPLAY_WIDTH)
    if variable.storage == "text":
        return str(limits.choose_display_width(column.bytes))
    if variable.storage == "date":
        return str(limits.DATE_DISPLAY_WIDTH)
    return ""


def _render_value(variable: Variable, code: Code) -> str:
    if variable.storage == "text":
        return quote(str(code))
    return str(code)


def _choose_format(variable: Variable, column: ColumnStatistics) -> str:
    match variable.storage:
        case "integer":
            return f"F{min(max(column.characters, 8), 40)}.0"
        case "decimal":
            decimals = max(variable.decimals, min(column.decimals, 16))
            return f"F{min(max(column.characters, decimals + 2, 8), 40)}.{decimals}"
        case "date":
            return "SDATE10"
        case "time":
            return "TIME5"
        case "text":
            # Codes that do not occur must fit too, since the syntax labels them.
            codes: list[Code] = list(variable.labels)
            codes += [code for code, _ in conventions.list_missing_codes(variable).values()]
            widest = max(column.bytes, 1)
            for code in codes:
                widest = max(widest, len(str(code).encode()))
            return f"A{min(widest, limits.SPSS.text)}"


def _render_label(text: str, default: str, limit: int = limits.SPSS.label) -> str:
    return quote(limits.SPSS.fit(text, limit, default))


def quote(text: str) -> str:
    """Return a text in quotes, in pieces short enough for the lines that SPSS reads."""
    pieces = []
    piece = ""
    for character in text:
        if len((piece + character).encode()) > MAX_PIECE_BYTES:
            pieces.append(piece)
            piece = ""
        piece += character
    pieces.append(piece)

    # A quote within a piece is doubled after it was measured: lines have room for both.
    quoted = ["'" + piece.replace("'", "''") + "'" for piece in pieces]
    return " +\n      ".join(quoted)
