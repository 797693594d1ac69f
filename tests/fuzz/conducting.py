"""Whatever the checks accept can be asked: simulated interviews come to an end, and their data can be written and
read.
"""

import csv
import io
from datetime import UTC, date, datetime, time

from survey_cli.engine.codec import decode_record, encode_cells, encode_record, make_row_reader
from survey_cli.engine.interview import Interview
from survey_cli.exports import FORMATS, WriteOptions
from survey_cli.exports.text import escape_formula
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.table.columns import build_columns, build_row
from survey_cli.table.table import ADMIN_VARIABLES, Table
from survey_cli.values import Cell, Missing, Variable

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
HABITS = Habits(decline=0.1, back=0.1)
RUNS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet runs begins so."""


def conducted(instrument: Instrument, *, seed: int, count: int = 3) -> list[Interview]:
    """So many invented interviews, each looked at from all sides."""
    variables = build_columns(instrument)
    names = [v.name.casefold() for v in (*ADMIN_VARIABLES, *variables)]
    twice = (
        {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    )
    assert not twice, f"columns of the same name: {sorted(twice)[:4]}"
    interviews, rows = [], []
    for invented in simulate_interviews(
        instrument, count=count, seed=seed, start=START, habits=HABITS
    ):
        interview = invented.interview
        assert interview.status in ("ended", "suspended", "stopped") or invented.stuck, "no end"
        again = Interview.replay(
            instrument, [decode_record(encode_record(event)) for event in interview.events]
        )
        row = build_row(interview)
        assert len(row) == len(variables), f"{len(row)} cells for {len(variables)} columns"
        assert build_row(again) == row, "a replayed interview has other data"
        assert make_row_reader([v.storage for v in variables])(encode_cells(row)) == row, (
            "a snapshot is read otherwise"
        )
        interviews.append(interview)
        rows.append(row)
    for manner in (WriteOptions(), WriteOptions(labels=True, bom=True), WriteOptions(raw=True)):
        written_and_read(variables, rows, manner, "csv")
    return interviews


def written_and_read(
    variables: tuple[Variable, ...], rows: list[tuple[Cell, ...]], manner: WriteOptions, name: str
) -> None:
    """A table written by one format, read by Python's own reader: every cell is there, and none can run."""
    to = io.StringIO(newline="")
    write = FORMATS[name].write
    assert write is not None
    assert write(Table(variables=variables, rows=iter(rows)), to, manner).rows == len(rows)
    text = to.getvalue().encode().decode("utf-8-sig" if manner.bom else "utf-8")
    read = list(csv.reader(io.StringIO(text, newline=""), delimiter="," if name == "csv" else "\t"))
    if not variables:
        return
    header, *lines = read
    assert len(lines) == len(rows), f"{len(rows)} rows were written and {len(lines)} read"
    assert header == [v.name if manner.raw else escape_formula(v.name) for v in variables]
    for row, line in zip(rows, lines, strict=True):
        for variable, cell, text in zip(variables, row, line, strict=True):
            _cell(variable, cell, text, manner)


def _cell(variable: Variable, cell: Cell, text: str, manner: WriteOptions) -> None:
    if not manner.raw and text.startswith(RUNS):
        number = isinstance(cell, int | float) or (
            isinstance(cell, Missing) and text.lstrip("-").isdecimal()
        )
        assert number, f"{variable.name}: {text!r} can run in a spreadsheet"
        float(text)
    if isinstance(cell, Missing):
        return
    if manner.labels and isinstance(cell, int | str) and cell in variable.labels:
        assert text in (variable.labels[cell], escape_formula(variable.labels[cell]))
    elif isinstance(cell, int):
        assert int(text) == cell
    elif isinstance(cell, float):
        assert abs(float(text) - cell) <= abs(cell) * 1e-9, f"{cell!r} is written {text!r}"
    elif isinstance(cell, time):
        assert time.fromisoformat(text) == cell.replace(second=0, microsecond=0)
    elif isinstance(cell, date):
        assert date.fromisoformat(text) == cell
    elif isinstance(cell, str):
        assert text == (cell if manner.raw else escape_formula(cell)), (
            f"{cell!r} is written {text!r}"
        )
