"""Splitting of stored data rows into the JSON texts of their cells, which are decoded only where needed.

The meaning of a text depends on the storage of its column.
"""

import re
from collections.abc import Callable, Iterable
from json import JSONDecoder, JSONEncoder
from typing import Final

from survey_cli.engine.codec import EventDecodeError, make_row_reader
from survey_cli.values import Cell, Storage

NOT_ASKED_TEXT: Final = "null"

_CELL: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\{[^{}]*\}|[^",\[\]{}]+')
_DECODER: Final = JSONDecoder()
_ENCODER: Final = JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def split_row(row: str, width: int) -> list[str]:
    """Return the texts of a row's cells. Raises EventDecodeError where it is no row of `width` cells."""
    texts = row[1:-1].split(",")
    if len(texts) == width and row[0] == "[" and row[-1] == "]":
        return texts  # the row has one comma fewer than cells, so none of them is inside a text
    texts = _CELL.findall(row, 1, len(row) - 1)
    if len(texts) == width and f"[{','.join(texts)}]" == row:
        return texts
    try:
        cells = _DECODER.decode(row)
    except (ValueError, RecursionError) as error:
        raise EventDecodeError(f"not a row of data ({error}): {row[:40]!r}") from None
    if not isinstance(cells, list) or len(cells) != width:
        raise EventDecodeError(f"a row of {width} columns was expected, not {row[:40]!r}")
    return [_ENCODER.encode(cell) for cell in cells]


def join_row(texts: Iterable[str]) -> str:
    """Return the row whose cells have these texts."""
    return f"[{','.join(texts)}]"


def make_cell_reader(storage: Storage) -> Callable[[str], Cell]:
    """Return a function that decodes the texts of one column. It raises EventDecodeError where a text is no cell."""
    read = make_row_reader([storage])
    return lambda text: read(f"[{text}]")[0]
