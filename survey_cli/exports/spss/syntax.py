"""SPSS syntax that reads a file of comma-separated values with all its labels, for whoever may not receive binaries. SPSS
and GNU PSPP run it.

Whatever was typed stands in quotes, its quotes doubled and its line ends gone, so that no text ends a command.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.engine.codec import encode_cells, make_row_reader
from survey_cli.exports.answer_sets import answer_sets
from survey_cli.exports.csv_statistics import Extent, extents
from survey_cli.exports.limits import (
    DAY_SHOWN,
    MOMENT_SHOWN,
    SPSS,
    UserMissing,
    crowded,
    label_of,
    listed,
    notes_of,
    plain,
    shown_width,
    user_missing,
    value_labels,
)
from survey_cli.exports.missing_codes import missing_codes, offered_codes
from survey_cli.exports.text.csv import write_csv
from survey_cli.exports.typed_columns import measure_of
from survey_cli.table import Table
from survey_cli.table.timestamps import is_timestamp
from survey_cli.values import Cell, Code, Variable

if TYPE_CHECKING:
    from survey_cli.exports.formats import Manner

PIECE: Final = 120
"""Bytes of what stands in quotes on one line."""
LINE_ENDS: Final = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")


def write_spss_syntax(
    table: Table, to: Path, data: Path, named: str, raw: "Manner"
) -> tuple[int, tuple[str, ...]]:
    """The syntax into `to`, the data into `data`, which the syntax knows as `named`; the rows, and what is to be said."""
    joined = [0]
    kept = _kept_on_one_line(table, table.encoded_rows, joined) if table.encoded_rows is not None else None
    flat = Table(variables=table.variables, rows=_on_one_line(table.rows, joined), encoded_rows=kept)
    with data.open("w", encoding="utf-8", newline="") as file:
        rows = write_csv(flat, file, raw)
    codes = tuple(
        frozenset(str(code) for code, _ in missing_codes(v).values()) if v.storage != "text" else frozenset()
        for v in table.variables
    )
    left = tuple(frozenset(map(str, user_missing(v).left)) for v in table.variables)
    widths = extents(data, table.variables, codes, left)
    with to.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(line + "\n" for line in _syntax(table, named, widths))
    return rows, tuple(_notes(table, widths, joined[0]))


def _on_one_line(rows: Iterable[tuple[Cell, ...]], joined: list[int]) -> Iterator[tuple[Cell, ...]]:
    """SPSS reads a case a line, whatever stands in quotes."""
    for row in rows:
        if any(isinstance(cell, str) and LINE_ENDS.search(cell) for cell in row):
            joined[0] += 1
            row = tuple(LINE_ENDS.sub(" ", cell) if isinstance(cell, str) else cell for cell in row)
        yield row


def _kept_on_one_line(table: Table, kept: Iterable[str], joined: list[int]) -> Iterator[str]:
    """The same from rows as they are kept, where a line end is written with a backslash."""
    read = make_row_reader([variable.storage for variable in table.variables])
    for row in kept:
        if "\\" in row or LINE_ENDS.search(row):
            [row] = map(encode_cells, _on_one_line([read(row)], joined))
        yield row


def _notes(table: Table, widths: Sequence[Extent], joined: int) -> Iterator[str]:
    if joined:
        yield f"line ends within answers stand as spaces, in {joined:,} rows: SPSS reads a case a line"
    if left := {v.name: w.marked for v, w in zip(table.variables, widths, strict=True) if w.marked}:
        yield crowded(left)
    long = [v.name for v, w in zip(table.variables, widths, strict=True) if w.bytes > SPSS.text]
    if long:
        yield f"{listed(long)}: texts are read to {SPSS.text:,} bytes, no further"
    yield from notes_of(table.variables, SPSS, labels=[value_labels(v) for v in table.variables])


def _syntax(table: Table, named: str, widths: Sequence[Extent]) -> Iterator[str]:
    study, variables = table.study, table.variables
    yield f"* {plain(' '.join(filter(None, (study.title, study.version and f'version {study.version}')))) or 'Data'}."
    yield f"* Reads {plain(named)}: have it in the working directory, or write its folder before its name."
    yield "SET DECIMAL=DOT."
    yield "GET DATA"
    yield "  /TYPE=TXT"
    yield f"  /FILE={quoted(named)}"
    yield "  /ENCODING='UTF8'"
    yield "  /ARRANGEMENT=DELIMITED"
    yield "  /DELCASE=LINE"
    yield "  /FIRSTCASE=2"
    yield "  /DELIMITERS=','"
    yield "  /QUALIFIER='\"'"
    yield "  /VARIABLES="
    for variable, width in zip(variables, widths, strict=True):
        yield f"    {variable.name} {_format(variable, width)}"
    yield "  ."
    yield from _moments(variables)
    yield from _each("VARIABLE LABELS", variables, lambda v: _label(label_of(v), v.name))
    for variable in variables:
        yield from _value_labels(variable)
    not_asked: dict[Code, list[str]] = {}
    absent: dict[tuple[str, ...], list[str]] = {}
    levels: dict[str, list[str]] = {}
    shown: dict[int, list[str]] = {}
    for variable, width in zip(variables, widths, strict=True):
        levels.setdefault(measure_of(variable).upper(), []).append(variable.name)
        if is_timestamp(variable):
            shown.setdefault(MOMENT_SHOWN, []).append(variable.name)
        elif variable.storage == "text":
            shown.setdefault(shown_width(width.bytes), []).append(variable.name)
        elif variable.storage == "date":
            shown.setdefault(DAY_SHOWN, []).append(variable.name)
        codes = offered_codes(variable)
        if codes and variable.storage != "text":
            not_asked.setdefault(codes["not_asked"][0], []).append(variable.name)
        if written := _absent(variable, user_missing(variable)):
            absent.setdefault(written, []).append(variable.name)
    for code, names in not_asked.items():
        yield from _listed("RECODE", names, f"({code}=SYSMIS).")
    for values, names in absent.items():
        yield from _listed("MISSING VALUES", names, f"({', '.join(values)}).")
    for level, names in levels.items():
        yield from _listed("VARIABLE LEVEL", names, f"({level}).")
    for letters, names in shown.items():
        yield from _listed("VARIABLE WIDTH", names, f"({letters}).")
    for name, label, together in answer_sets(variables):
        yield f"MRSETS /MDGROUP NAME=${name[:60]} LABEL={_label(label, name)} CATEGORYLABELS=VARLABELS"
        yield from _listed("  VARIABLES =", together, "VALUE=1.")
    yield "EXECUTE."


def _moments(variables: Sequence[Variable]) -> Iterator[str]:
    """Moments are read as texts, since no format of SPSS reads them as they are written; then each is made a number, and
    stands where the text stood."""
    found = [at for at, variable in enumerate(variables) if is_timestamp(variable)]
    if not found:
        return
    taken = {v.name.casefold() for v in variables}
    made = {variables[at].name: _free(f"{variables[at].name}_", taken) for at in found}
    for name, new in made.items():
        parts = {
            part: f"NUMBER(SUBSTR({name}, {start}, {size}), F{size})"
            for part, start, size in (
                *(("year", 1, 4), ("month", 6, 2), ("day", 9, 2)),
                *(("hour", 12, 2), ("minute", 15, 2), ("second", 18, 2)),
            )
        }
        yield f"NUMERIC {new} (DATETIME20)."
        yield f"IF ({name} NE '') {new} ="
        yield f"    DATE.DMY({parts['day']}, {parts['month']}, {parts['year']})"
        yield f"    + TIME.HMS({parts['hour']}, {parts['minute']}, {parts['second']})."
    yield "EXECUTE."
    yield from _listed("DELETE VARIABLES", tuple(made), ".")
    yield "RENAME VARIABLES"
    yield from (f"    ({new} = {name})" for name, new in made.items())
    yield "    ."
    behind = "ALL." if found[-1] + 1 < len(variables) else "."
    yield from _listed("ADD FILES FILE=* /KEEP=", [v.name for v in variables[: found[-1] + 1]], behind)


def _free(name: str, taken: set[str]) -> str:
    while name.casefold() in taken:
        name += "_"
    return name


def _each(command: str, variables: Iterable[Variable], say: Callable[[Variable], str]) -> Iterator[str]:
    for variable in variables:
        yield f"{command} {variable.name} {say(variable)}."


def _listed(command: str, names: Sequence[str], end: str) -> Iterator[str]:
    yield command
    for at in range(0, len(names), 4):
        yield "    " + " ".join(names[at : at + 4])
    yield f"    {end}"


def _absent(variable: Variable, missing: UserMissing) -> tuple[str, ...]:
    between = () if missing.low is None else (f"{missing.low} THRU {missing.high}",)
    return (*between, *(_value(variable, code) for code in missing.codes))


def _value_labels(variable: Variable) -> Iterator[str]:
    labels = value_labels(variable)
    if not labels:
        return
    yield f"VALUE LABELS {variable.name}"
    for code, text in labels.items():
        yield f"    {_value(variable, code)} {_label(text, str(code), SPSS.value_label)}"
    yield "    ."


def _value(variable: Variable, code: Code) -> str:
    return quoted(str(code)) if variable.storage == "text" else str(code)


def _format(variable: Variable, width: Extent) -> str:
    match variable.storage:
        case "integer":
            return f"F{min(max(width.letters, 8), 40)}.0"
        case "decimal":
            places = max(variable.decimals, min(width.decimals, 16))
            return f"F{min(max(width.letters, places + 2, 8), 40)}.{places}"
        case "date":
            return "SDATE10"
        case "time":
            return "TIME5"
        case "text":
            codes = (*variable.labels, *(code for code, _ in missing_codes(variable).values()))
            widest = max([width.bytes, *(len(str(code).encode()) for code in codes)])
            return f"A{min(max(widest, 1), SPSS.text)}"


def _label(text: str, otherwise: str, most: int = SPSS.label) -> str:
    return quoted(SPSS.cut(plain(text) or otherwise, most))


def quoted(text: str) -> str:
    """A text in quotes, in pieces where it is long: no line grows past what SPSS reads."""
    pieces, piece = [], ""
    for character in text:
        if len((piece + character).encode()) > PIECE:
            pieces.append(piece)
            piece = ""
        piece += character
    pieces.append(piece)
    return " +\n      ".join("'" + p.replace("'", "''") + "'" for p in pieces)
