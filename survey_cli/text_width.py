"""Width of text on a terminal, the one measure by which screens and tables are laid out.

rich counts spacing combining marks (the vowel sign in का) as zero cells wide, as the wcwidth
library does for single characters; terminals and the C library give each a cell of its own. rich's
table is corrected here, so that rich and Textual measure by it as well. Everything else is as rich
measures it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import groupby
from typing import Final, NamedTuple

import rich.cells
from rich.cells import CellTable

_JOINER: Final = "\u200d"
_IDLE_JOINER: Final = re.compile(_JOINER + r"(?=[\x00-\x7f])")
"""A joiner that has nothing to join: before a space or a Latin letter."""
_HANGUL_TONES: Final = "\u302e\u302f"
"""The only spacing marks that are as wide as an ideograph."""

# rich does not export the function
_load_library_table = rich.cells.load_cell_table  # type: ignore[attr-defined]


@cache
def _load_table(unicode_version: str = "auto") -> CellTable:
    """Load rich's table, with spacing marks as wide as terminals show them."""
    table = _load_library_table(unicode_version)
    return table._replace(widths=tuple(_correct_widths(table)))


def _correct_widths(table: CellTable) -> Iterator[tuple[int, int, int]]:
    for start, end, width in table.widths:
        if width:
            yield start, end, width
            continue
        for corrected, points in groupby(range(start, end + 1), _measure_mark):
            run = list(points)
            # rich gives one cell to every character that isn't in the table
            if corrected != 1:
                yield run[0], run[-1], corrected


def _measure_mark(point: int) -> int:
    """Measure a character that rich takes to have no width."""
    mark = chr(point)
    if unicodedata.category(mark) != "Mc":
        return 0
    return 2 if mark in _HANGUL_TONES else 1


rich.cells.load_cell_table = _load_table  # type: ignore[attr-defined]  # rich does not export it


@lru_cache(maxsize=8192)
def measure_width(text: str) -> int:
    """Return how many cells the text takes."""
    if text.isascii():
        return len(text)
    return rich.cells.cell_len(_IDLE_JOINER.sub("", text))


@lru_cache(maxsize=8192)
def is_certain(text: str) -> bool:
    """Return whether all terminals measure the text alike: no spacing marks or joined letters."""
    if text.isascii():
        return True
    return all(
        unicodedata.category(c) != "Mc" and c not in "\u200c\u200d\ufe0e\ufe0f" for c in text
    )


def is_joining(letter: str) -> bool:
    """Return whether a character is shown as one with the character before it.

    These are accents, vowel signs, joiners and variation selectors.
    """
    return unicodedata.category(letter) in ("Mn", "Mc", "Me") or letter == _JOINER


def find_letter_end(text: str, at: int) -> int:
    """Return where the letter that begins at `at` ends, with its marks and joined characters."""
    end = at + 1
    while end < len(text) and (is_joining(text[end]) or text[end - 1] == _JOINER):
        end += 1
    return min(end, len(text))


def count_fitting(text: str, width: int) -> int:
    """Count the characters that fit into `width` cells, without splitting letters from marks."""
    if text.isascii():
        return min(len(text), max(width, 0))
    at = 0
    while at < len(text):
        end = find_letter_end(text, at)
        if measure_width(text[:end]) > width:
            return at
        at = end
    return at


def fit(text: str, width: int) -> str:
    """Cut the text, or fill it with spaces, to exactly `width` cells."""
    cut = text[: count_fitting(text, width)]
    return cut + " " * (width - measure_width(cut))


class Snippet(NamedTuple):
    """A line of the file and the carets below it, both as shown on the terminal."""

    line: str
    carets: str


def cut_snippet(
    line: str, show: Callable[[str], str], *, column: int, length: int, width: int
) -> Snippet:
    """Cut the line to `width` cells, with carets under `length` characters from `column` (from 1).

    `show` returns a character as it is shown; tabs become four spaces. A long line is cut around
    the carets, with … where something is left out.
    """
    characters = [" " * 4 if letter == "\t" else show(letter) for letter in line]
    cells = [_measure_shown(line, number, character) for number, character in enumerate(characters)]
    at = min(max(column - 1, 0), len(line))
    end = max(min(at + max(length, 1), len(line)), at)

    first = 0
    last = len(line)
    before = ""
    after = ""
    if sum(cells) > width:
        room = width - 1

        # a third of the width is left for what is before the carets
        ahead = sum(cells[:at])
        while first < at and ahead > room // 3:
            ahead -= cells[first]
            first += 1
        if first:
            before = "…"
            room -= len(before)

        last = first
        while last < len(line) and room >= cells[last]:
            room -= cells[last]
            last += 1
        if last < len(line):
            after = "…"

    text = before + "".join(characters[first:last]) + after
    indent = len(before) + sum(cells[first:at])
    return Snippet(text, " " * indent + "^" * max(1, sum(cells[at : min(end, last)])))


def _measure_shown(line: str, number: int, shown: str) -> int:
    """Measure the shown form of a character. One that is joined to another takes no cells."""
    joined = line[number] == _JOINER or (number > 0 and line[number - 1] == _JOINER)
    if joined:
        return 0
    return measure_width(shown)
