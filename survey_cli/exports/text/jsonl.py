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
from survey_cli.table import Table
from survey_cli.table.encoded_cells import make_cell_reader, split_row
from survey_cli.values import Variable

BATCH_SIZE: Final = 200
"""Lines written in one go."""
CACHE_SIZE: Final = 2_000
"""Different texts of one column that are not worked out again."""
_ENCODER: Final = JSONEncoder(ensure_ascii=False)


def write_jsonl(table: Table, to: TextIO, options: WriteOptions) -> int:
    """A line a row, UTF-8; the number of rows."""
    kept = table.encoded_rows if table.encoded_rows is not None else map(encode_cells, table.rows)
    names = [_ENCODER.encode(v.name) + ": " for v in table.variables]
    says = [(at, say) for at, v in enumerate(table.variables) if (say := _make_formatter(v, options)) is not None]
    width = len(names)
    rows, some = 0, []
    for row in kept:
        texts = split_row(row, width)
        for at, say in says:
            texts[at] = say(texts[at])
        some.append("{" + ", ".join(map(str.__add__, names, texts)) + "}\n")
        rows += 1
        if len(some) == BATCH_SIZE:
            to.write("".join(some))
            some = []
    to.write("".join(some))
    return rows


def _make_formatter(variable: Variable, options: WriteOptions) -> Callable[[str], str] | None:
    """How the kept texts of a column are written; None where as they are kept."""
    labels = variable.labels if options.labels else {}
    if not labels and variable.storage != "time":
        return None
    read = make_cell_reader(variable.storage)
    known: dict[str, str] = {}

    def say(text: str) -> str:
        if text in known:
            return known[text]
        cell = read(text)
        said = text
        if labels and isinstance(cell, int | str) and cell in labels:
            said = _ENCODER.encode(labels[cell])
        elif isinstance(cell, time):
            said = f'"{cell:%H:%M}"'
        if len(known) < CACHE_SIZE:
            known[text] = said
        return said

    return say
