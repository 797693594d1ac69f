"""English wording of quantities, lists and excerpts, in messages and documents.

Texts of a questionnaire are worded by `instrument.texts`, in the languages of the interviews.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from string import ascii_lowercase
from typing import Final, NoReturn, final

MAX_LISTED: Final = 8
"""Number of words that a message lists before it counts the others."""

_CONTROLS: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
"""Control characters, and characters that change the direction of the following text."""


@final
class Words:
    """Words shown to people, made from a reason. They can be printed and not compared.

    Decisions are taken on values, so that a sentence can be reworded without changing what the
    program does:

        words = Words("the appointment is with ann")
        f"not now: {words}"     # 'not now: the appointment is with ann'
        words == "…"            # TypeError
        bool(words)             # TypeError: ask the reason, or whether it is None
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Words({self._text!r})"

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("words can't be compared: compare the reason from which they are made")

    def __bool__(self) -> NoReturn:
        raise TypeError("words are neither true nor false: ask for the reason")


def escape_controls(text: str) -> str:
    """Return a text with control characters and direction controls made visible; line ends stay."""
    return _CONTROLS.sub(lambda match: f"<U+{ord(match.group()):04X}>", text.replace("\t", " "))


def pluralize(number: float, singular: str, plural: str = "") -> str:
    """Return the form of a word that goes with a number; the plural has an s unless it is given."""
    return singular if number == 1 else plural or f"{singular}s"


def format_quantity(number: int, singular: str, plural: str = "") -> str:
    """Return `1 case`, `1,200 cases`."""
    return f"{number:,} {pluralize(number, singular, plural)}"


def format_work_time(time: timedelta) -> str:
    """Return how long somebody worked, talked or waited: `1 h 05`, `47 min`, `40 s`.

    It can't be taken for a time of day, and fits a narrow column of the board.
    """
    seconds = max(int(time.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"

    hours, minutes = divmod(seconds // 60, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes:02}"


def join_words(words: Iterable[object], joint: str = "and", *, most: int | None = None) -> str:
    """Join words: `a`, `a and b`, `a, b and c`; more than `most` words as `a, b and 3 more`."""
    texts = [str(word) for word in words]
    if most is not None and len(texts) > most:
        return join_first(texts, most)
    if len(texts) < 2:
        return "".join(texts)
    return f"{', '.join(texts[:-1])} {joint} {texts[-1]}"


def shorten(text: str, most: int = 48) -> str:
    """Return a text on one line, at most so many characters long; a longer one ends with `…`."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    return f"{text[: most - 1]}…"


def shorten_between_words(text: str, most: int) -> str:
    """Return a text on one line, at most so many characters long; a longer one ends with ` …`.

    It is cut between two words, or within the first one if that is too long itself.
    """
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    # one character more than there is room for: a blank if the last word is complete
    words, _, _ = text[: most - 1].rpartition(" ")
    if not words:
        return shorten(text, most)
    return f"{words} …"


def join_first(words: Iterable[object], most: int = MAX_LISTED) -> str:
    """Return `a, b, c`; of more than `most` words the first, as `a, b and 3 more`."""
    texts = [str(word) for word in words]
    listed = ", ".join(texts[:most])
    if len(texts) <= most:
        return listed
    return f"{listed} and {len(texts) - most:,} more"


def format_letters(place: int) -> str:
    """Number a place (from 0) with letters, like a workbook's columns: `a` to `z`, then `aa`."""
    before, place_of_letter = divmod(place, len(ascii_lowercase))
    letter = ascii_lowercase[place_of_letter]
    if not before:
        return letter
    return format_letters(before - 1) + letter
