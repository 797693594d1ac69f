"""Size of an Excel workbook, looked up before a library unpacks it.

A workbook is a ZIP archive. A file of some kilobytes can unpack to gigabytes, and one cell far to
the right and far down makes a table of billions of empty cells.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Final

MAX_RATIO: Final = 200
"""How many times larger an unpacked workbook may be. Sheets of real data become 5 to 30 times
larger."""
SMALL: Final = 50_000_000
"""Bytes that a workbook may have in any case once it is unpacked."""
CHUNK: Final = 1_000_000
"""Bytes that are read at once."""
OVERLAP: Final = 32
"""Bytes in which a reference to a cell fits, so that one that two chunks share is found."""

_SHEET_PART: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_REFERENCE: Final = re.compile(rb'\sr="([A-Z]{1,3})([0-9]{1,7})"')


def unpacks_too_far(contents: bytes, *, limit: int) -> bool:
    """Return whether a workbook unpacks to more than `limit` bytes, or to a suspicious size.

    Raises zipfile.BadZipFile.
    """
    parts = zipfile.ZipFile(io.BytesIO(contents)).infolist()
    unpacked = sum(part.file_size for part in parts)
    return unpacked > limit or unpacked > max(SMALL, MAX_RATIO * len(contents))


def iterate_chunks(contents: bytes, part: str) -> Iterator[bytes]:
    """Unpack a part of a workbook piece by piece.

    Raises zipfile.BadZipFile, or KeyError if there is no such part.
    """
    with zipfile.ZipFile(io.BytesIO(contents)).open(part) as stream:
        while chunk := stream.read(CHUNK):
            yield chunk


def measure_largest_sheet(contents: bytes) -> int:
    """Return the cells of the largest sheet, empty ones included, up to its last row and column.

    Raises zipfile.BadZipFile.
    """
    largest = 0
    for part in zipfile.ZipFile(io.BytesIO(contents)).namelist():
        if _SHEET_PART.fullmatch(part):
            largest = max(largest, _measure_sheet(contents, part))
    return largest


def _measure_sheet(contents: bytes, part: str) -> int:
    last_row = 0
    last_column = 0
    rest = b""
    for chunk in iterate_chunks(contents, part):
        text = rest + chunk
        for letters, digits in _REFERENCE.findall(text):
            last_row = max(last_row, int(digits))
            last_column = max(last_column, _read_column(letters))
        rest = text[-OVERLAP:]
    return last_row * last_column


def _read_column(letters: bytes) -> int:
    """Return the number of a column: 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number
