"""Estimated text widths in a sans-serif typeface, and line breaking for SVG, which cannot wrap.

Estimates are generous, so that nothing overflows.
"""

from typing import Final
from unicodedata import east_asian_width

NARROW_CHARACTERS: Final = frozenset("iljtfrI.,;:'|!()[] ‹›’“”-")
WIDE_CHARACTERS: Final = frozenset("mwMW@%—…&")


def estimate_width(text: str, size: float) -> float:
    """In the unit of `size`, the height of the type."""
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
    """Lines of at most this width, at least one; a word that is wider is cut."""
    lines, line = [], ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if estimate_width(joined, size) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        while estimate_width(word, size) > room and len(word) > 1:
            most = 1
            while estimate_width(word[: most + 1], size) <= room:
                most += 1
            lines.append(word[:most])
            word = word[most:]
        line = word
    return [*lines, line] if line or not lines else lines
