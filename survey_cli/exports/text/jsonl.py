"""JSON Lines: one object per row, in the order of the columns, with typed values.

Numbers and codes are numbers, texts are texts, a date is `"2000-02-29"`, a time `"09:05"`. What was not asked is
null; any other missing value is `{"missing": "dk"}`, its kind by name.
"""

from collections.abc import Callable
from datetime import time
from json.encoder import JSONEncoder
from typing import Final, TextIO

from survey_cli.engine.codec import encode_cells
from survey_cli.exports.options import WriteOptions
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.table.table import Table
from survey_cli.values import Variable

BATCH_SIZE: Final = 200
"""Lines written at a time."""
CACHE_SIZE: Final = 2_000
"""Maximum number of texts cached for a column."""
_ENCODER: Final = JSONEncoder(ensure_ascii=False)


def write_jsonl(table: Table, to: TextIO, options: WriteOptions) -> int:
    """Write one line per row; return the number of rows."""
    encoded_rows = table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows)
    names = [_ENCODER.encode(v.name) + ": " for v in table.variables]
    formatters = [(at, f) for at, v in enumerate(table.variables) if (f := _make_formatter(v, options)) is not None]
    width = len(names)
    rows, batch = 0, []
    for row in encoded_rows:
        texts = split_row(row, width)
        for at, format_text in formatters:
            texts[at] = format_text(texts[at])
        batch.append("{" + ", ".join(map(str.__add__, names, texts)) + "}\n")
        rows += 1
        if len(batch) == BATCH_SIZE:
            to.write("".join(batch))
            batch = []
    to.write("".join(batch))
    return rows


def _make_formatter(variable: Variable, options: WriteOptions) -> Callable[[str], str] | None:
    """Make a function that formats the stored texts of a column; None if they are written unchanged."""
    labels = variable.labels if options.labels else {}
    if not labels and variable.storage != "time":
        return None
    read = make_cell_reader(variable.storage)
    cache: dict[str, str] = {}

    def format_text(text: str) -> str:
        if text in cache:
            return cache[text]
        cell = read(text)
        formatted = text
        if labels and isinstance(cell, int | str) and cell in labels:
            formatted = _ENCODER.encode(labels[cell])
        elif isinstance(cell, time):
            formatted = f'"{cell:%H:%M}"'
        if len(cache) < CACHE_SIZE:
            cache[text] = formatted
        return formatted

    return format_text
