"""Characters that nobody sees: those of zero width, and those that change the direction."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

DIRECTION_MARKS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of the text after them: it is displayed differently."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180e\u200b\u200d-\u200f\u2060-\u2064"
    "\u206a-\u206f\u3164\ufeff\uffa0\U000e0000-\U000e007f]"
)
_JOINER: Final = "\u200d"
_TAGS: Final = ("\U000e0020", "\U000e007f")
_BLACK_FLAG: Final = "\U0001f3f4"


def find_invisible(text: str) -> Iterator[int]:
    """Yield the positions of characters of zero width, except those that are correct there."""
    matches = list(_INVISIBLE.finditer(text))
    if not matches:
        return

    is_right_to_left = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    flag = text.find(_BLACK_FLAG)
    for match in matches:
        at = match.start()
        letter = text[at]
        is_tag = _TAGS[0] <= letter <= _TAGS[1]
        if letter == _JOINER:
            is_correct = _joins(text, at)
        elif letter in "\u200e\u200f":
            # Right-to-left texts need direction marks beside digits and signs.
            is_correct = is_right_to_left
        else:
            # The flag of England is a black flag with tags.
            is_correct = is_tag and 0 <= flag < at
        if not is_correct:
            yield at


def remove_invisible(text: str) -> str:
    """Remove direction marks and characters of zero width, except those that are correct there."""
    if text.isascii():
        return text
    unmarked = DIRECTION_MARKS.sub("", text)
    removed = set(find_invisible(unmarked))
    return "".join(letter for at, letter in enumerate(unmarked) if at not in removed)


def _joins(text: str, at: int) -> bool:
    """Return whether a joiner is between emojis, or letters of a script whose letters join."""
    before = text[max(0, at - 2) : at]
    after = text[at + 1 : at + 2]
    if not after or not _is_joining(after):
        return False
    return any(_is_joining(character) for character in before)


def _is_joining(letter: str) -> bool:
    """Return whether it is an emoji, or a letter of a script whose letters join."""
    return unicodedata.category(letter) in ("So", "Sk", "Mn", "Mc", "Lo")
