"""Marks among the keys of a seat: whoever sends one learns when all keys before it have acted.

A mark is a key that no keyboard has. The full screen answers it after the keys before it, with a
sequence that never reaches a browser. On a terminal that knows nothing of marks, none is asked for.
"""

import re
from typing import Final

MOST_MARKS: Final = 6000
"""The greatest number of a mark. The one after it is 1 again."""
_FIRST_CODE: Final = 0xF0000
"""The characters from here on are for private use."""
_END_OF_PASTE: Final = "\x1b[201~"
ANSWER_FINAL: Final = "z"
_ANSWERED: Final = re.compile(r"=(\d{1,4})")


def ask_mark(number: int) -> bytes:
    """Return what asks for a mark, as a terminal sends a key.

    A paste of which the rest was lost would swallow it, so that one is ended before.
    """
    return f"{_END_OF_PASTE}\x1b[{_FIRST_CODE + number}u".encode()


def read_mark(character: str | None) -> int | None:
    """Return the number of the mark that a key asks for; None if it is an ordinary key."""
    if character is None or len(character) != 1:
        return None
    number = ord(character) - _FIRST_CODE
    if 1 <= number <= MOST_MARKS:
        return number
    return None


def answer_mark(number: int) -> str:
    """Return the sequence that answers a mark."""
    return f"\x1b[={number}{ANSWER_FINAL}"


def read_answer(parameters: str, final: str) -> int | None:
    """Return the number of the mark that a control sequence answers; None if it answers none."""
    answered = _ANSWERED.fullmatch(parameters)
    if final != ANSWER_FINAL or answered is None:
        return None
    return int(answered.group(1))
