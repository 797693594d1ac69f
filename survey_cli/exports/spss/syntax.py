"""SPSS syntax that reads a CSV file with all its labels, for those who may not receive binary files.

SPSS and GNU PSPP run it. Every text is quoted, with its quotes doubled and its line ends removed, so that no text
ends a command.
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
from survey_cli.values import Code, Variable
from survey_cli.wording import format_quantity, join_first

MAX_PIECE_BYTES: Final = 120
"""Maximum length of a quoted piece in bytes."""
LINE_ENDS: Final = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def write_spss_syntax(
    table: Table, to: Path, data: Path, data_name: str
) -> conventions.WriteResult:
    """Write the syntax, and the data that it reads as `data_name`."""
    joined = [0]
    with data.open("w", encoding="utf-8", newline="") as file:
        rows = write_csv(
            replace(table, rows=_join_lines(table, joined)),
            file,
            conventions.WriteOptions(raw=True),
        ).rows
    codes = [
        frozenset(str(code) for code, _ in conventions.list_missing_codes(v).values())
        if v.storage != "text"
        else frozenset[str]()
        for v in table.variables
    ]
    unmarked = [
        frozenset(map(str, limits.choose_user_missing(v).unmarked)) for v in table.variables
    ]
    are_numbers = [v.storage in ("integer", "decimal") for v in table.variables]
    statistics = read_statistics(data, are_numbers, codes, unmarked)
    with to.open("w", encoding="utf-8", newline="\n") as file:
        write_template(
            file, "spss_syntax.jinja", **_list_values(table, statistics), data_name=data_name
        )
    return conventions.WriteResult(rows, tuple(_iterate_notes(table, statistics, joined[0])))


def _join_lines(table: Table, joined: list[int]) -> Iterator[str]:
    """Yield stored rows without line ends, since SPSS reads one case per line even within quotes.

    Counts the rows that were changed. In a stored row, a line end may be written with a backslash.
    """
    read = make_row_reader([variable.storage for variable in table.variables])
    for row in table.iterate_stored():
        if "\\" in row or LINE_ENDS.search(row):
            cells = read(row)
            flat = [LINE_ENDS.sub(" ", cell) if isinstance(cell, str) else cell for cell in cells]
            joined[0] += flat != list(cells)
            row = encode_cells(flat)
        yield row


def _iterate_notes(
    table: Table, statistics: Sequence[ColumnStatistics], joined: int
) -> Iterator[str]:
    if joined:
        rows = format_quantity(joined, "row")
        yield f"line ends within answers are replaced by spaces in {rows}: SPSS reads one case per line"
    columns = list(zip(table.variables, statistics, strict=True))
    if unmarked := {v.name: column.marked for v, column in columns if column.marked}:
        yield limits.format_unmarked_note(unmarked)
    long = [v.name for v, column in columns if column.bytes > limits.SPSS.text]
    if long:
        yield f"{join_first(long)}: texts are read only up to {limits.SPSS.text:,} bytes"
    yield from limits.iterate_notes(
        table.variables, limits.SPSS, labels=[limits.build_value_labels(v) for v in table.variables]
    )


def _list_values(table: Table, statistics: Sequence[ColumnStatistics]) -> dict[str, Any]:
    """Return the values of the template."""
    study, variables = table.study, table.variables
    title = " ".join(filter(None, (study.title, study.version and f"version {study.version}")))
    properties: dict[str, dict[str, list[str]]] = {
        "RECODE": {}, "MISSING VALUES": {}, "VARIABLE LEVEL": {}, "VARIABLE WIDTH": {}
    }  # fmt: skip
    for variable, column in zip(variables, statistics, strict=True):
        codes = conventions.list_offered_codes(variable)
        for command, value in (
            (
                "RECODE",
                f"{codes['not_asked'][0]}=SYSMIS" if codes and variable.storage != "text" else "",
            ),
            (
                "MISSING VALUES",
                _render_missing_values(variable, limits.choose_user_missing(variable)),
            ),
            ("VARIABLE LEVEL", choose_measure(variable).upper()),
            ("VARIABLE WIDTH", _choose_width(variable, column)),
        ):
            if value:
                properties[command].setdefault(value, []).append(variable.name)
    names, used_names = [v.name for v in variables], {v.name.casefold() for v in variables}
    timestamps = {
        v.name: conventions.make_free_name(f"{v.name}_", used_names)
        for v in variables
        if is_timestamp(v)
    }
    return {
        "title": limits.to_single_line(title) or "Data",
        "variables": [
            (v, _choose_format(v, column)) for v, column in zip(variables, statistics, strict=True)
        ],
        "timestamps": timestamps,
        "names_to_keep": names[: max((names.index(name) + 1 for name in timestamps), default=0)],
        "properties": properties,
        "sets": conventions.find_response_sets(variables),
        "limits": limits,
        "quote": quote,
        "render_label": _render_label,
        "render_value": _render_value,
    }


def _render_missing_values(variable: Variable, missing: limits.UserMissing) -> str:
    missing_range = () if missing.low is None else (f"{missing.low} THRU {missing.high}",)
    return ", ".join([*missing_range, *(_render_value(variable, code) for code in missing.codes)])


def _choose_width(variable: Variable, column: ColumnStatistics) -> str:
    """Return the display width of a text or date; empty for others, whose format has it."""
    if is_timestamp(variable):
        return str(limits.TIMESTAMP_DISPLAY_WIDTH)
    if variable.storage == "text":
        return str(limits.choose_display_width(column.bytes))
    return str(limits.DATE_DISPLAY_WIDTH) if variable.storage == "date" else ""


def _render_value(variable: Variable, code: Code) -> str:
    return quote(str(code)) if variable.storage == "text" else str(code)


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
            codes = (
                *variable.labels,
                *(code for code, _ in conventions.list_missing_codes(variable).values()),
            )
            widest = max([column.bytes, *(len(str(code).encode()) for code in codes)])
            return f"A{min(max(widest, 1), limits.SPSS.text)}"


def _render_label(text: str, default: str, limit: int = limits.SPSS.label) -> str:
    return quote(limits.SPSS.fit(text, limit, default))


def quote(text: str) -> str:
    """Return a text in quotes, in pieces short enough for the lines that SPSS reads."""
    pieces, piece = [], ""
    for character in text:
        if len((piece + character).encode()) > MAX_PIECE_BYTES:
            pieces.append(piece)
            piece = ""
        piece += character
    pieces.append(piece)
    return " +\n      ".join("'" + p.replace("'", "''") + "'" for p in pieces)
