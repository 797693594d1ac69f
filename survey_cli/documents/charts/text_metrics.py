"""Estimated text widths in a sans-serif typeface, and line breaking for SVG, which cannot wrap.

Estimates are generous, so that nothing overflows.
"""

from typing import Final
from unicodedata import east_asian_width

NARROW_CHARACTERS: Final = frozenset("iljtfrI.,;:'|!()[] ‹›’“”-")
WIDE_CHARACTERS: Final = frozenset("mwMW@%—…&")


def estimate_width(text: str, size: float) -> float:
    """Return the width of a text in the unit of `size`, the font size."""
    return sum(map(_estimate_character, text)) * size


def _estimate_character(letter: str) -> float:
    if letter in NARROW_CHARACTERS:
        return 0.33
    if letter in WIDE_CHARACTERS:
        return 0.9
    if east_asian_width(letter) in "WF":
        return 1.0
    return 0.7 if letter.isupper() else 0.56


def wrap_text(text: str, room: float, size: float) -> list[str]:
    """Return one or more lines of at most `room` units; a word that is wider is cut."""
    lines, line = [], ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if estimate_width(joined, size) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        while estimate_width(word, size) > room and len(word) > 1:
            length = 1
            while estimate_width(word[: length + 1], size) <= room:
                length += 1
            lines.append(word[:length])
            word = word[length:]
        line = word
    return [*lines, line] if line or not lines else lines
