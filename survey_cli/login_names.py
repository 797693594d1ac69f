"""Login names: how two are compared, and what makes one unfit to tell people apart.

A name with a character that can't be seen, or with a letter of another alphabet, looks like that of
somebody else, in lists, in logs, and in an event of an interview.
"""

import unicodedata
from enum import Enum
from typing import Final

_UNSEEN_CATEGORIES: Final = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
"""Controls, formats such as a zero-width space, characters without a meaning, line separators."""
_UNSEEN: Final = frozenset(
    (
        *("\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"),
        *(chr(code) for code in range(0x180B, 0x1810)),
        *(chr(code) for code in range(0xFE00, 0xFE10)),
    )
)
"""Letters and marks that are nevertheless drawn as nothing."""
_ALPHABETS: Final = ("LATIN", "GREEK", "CYRILLIC")
"""Alphabets with letters that look the same, as the names of their characters begin."""
_LOOKS: Final = str.maketrans("аеорсухіјѕһԁԛԝανορικχ", "aeopcyxijshdqwavopikx")
"""Small Cyrillic and Greek letters, and the Latin ones that they look like."""


class NameProblem(Enum):
    """Why a name can't tell people apart, as the end of a sentence."""

    UNSEEN = "has a character that can't be seen"
    MIXED = "mixes letters of two alphabets that look alike"


def find_name_problem(name: str) -> NameProblem | None:
    """Return why a name can't be a login, or None."""
    if name.isascii() and name.isprintable():
        return None

    alphabets = set()
    for letter in name:
        if _is_unseen(letter):
            return NameProblem.UNSEEN
        alphabet = unicodedata.name(letter, "").partition(" ")[0]
        if alphabet in _ALPHABETS:
            alphabets.add(alphabet)
    if len(alphabets) > 1:
        return NameProblem.MIXED
    return None


def fold_name(name: str) -> str:
    """Return the form by which names are compared: people type `Ann` for `ann`.

    Some keyboards compose a letter with its accent, others send both.
    """
    return unicodedata.normalize("NFKC", name.strip()).casefold()


def fold_looks(name: str) -> str:
    """Return what a name looks like: two people must not have names that look the same."""
    return fold_name(name).translate(_LOOKS)


def escape_unseen(name: str) -> str:
    """Return a name with the characters that can't be seen written as `<U+200B>`."""
    shown = [f"<U+{ord(letter):04X}>" if _is_unseen(letter) else letter for letter in name]
    return "".join(shown)


def _is_unseen(letter: str) -> bool:
    return letter in _UNSEEN or unicodedata.category(letter) in _UNSEEN_CATEGORIES
