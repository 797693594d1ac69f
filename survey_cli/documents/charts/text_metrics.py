"""How wide is a text in a sans-serif type, and where does it break? Estimates for pictures, which cannot wrap; on the
wide side, so that nothing runs over.
"""

from typing import Final
from unicodedata import east_asian_width

NARROW: Final = frozenset("iljtfrI.,;:'|!()[] ‹›’“”-")
WIDE: Final = frozenset("mwMW@%—…&")


def width_of(text: str, size: float) -> float:
    """In the unit of `size`, the height of the type."""
    return sum(map(_share, text)) * size


def _share(letter: str) -> float:
    if letter in NARROW:
        return 0.33
    if letter in WIDE:
        return 0.9
    if east_asian_width(letter) in "WF":
        return 1.0
    return 0.7 if letter.isupper() else 0.56


def broken(text: str, room: float, size: float) -> list[str]:
    """Lines of at most this width, at least one; a word that is wider is cut."""
    lines, line = [], ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width_of(joined, size) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        while width_of(word, size) > room and len(word) > 1:
            most = 1
            while width_of(word[: most + 1], size) <= room:
                most += 1
            lines.append(word[:most])
            word = word[most:]
        line = word
    return [*lines, line] if line or not lines else lines
