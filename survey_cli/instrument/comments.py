"""Does a ` #` begin a comment, or cut a text short? Looks at one text and what follows it on its line; opens no file."""

import re
from typing import Final

READ_ALOUD: Final = frozenset(
    (
        *(
            "text",
            "intro",
            "instruction",
            "probe",
            "help",
            "label",
            "title",
            "say",
            "ask_for",
            "note",
            "until",
        ),
        "base",
    )
)
_NO_TEXT: Final = frozenset(
    (
        *("id", "type", "ask_if", "unless", "expect", "if", "where", "count", "each", "from", "to", "min"),
        *("max", "scale"),
    )
)
_LETTER: Final = re.compile(r"[^\W\d]")


def cut_off(key: str, text: str, rest: str) -> bool:
    """Whether the text under `key` goes on in `rest`, which begins with ` #` and reads as a comment.

    `Brand #4` (one space, none behind) is a text cut short; so is `Press # to go on.` in what is read aloud.
    """
    if not rest.startswith(" #") or not _LETTER.search(text) or key in _NO_TEXT:
        return False
    after = rest[2:]
    if after[:1] not in ("", " ", "#", "!", "-", "="):
        return True
    return key in READ_ALOUD and text[-1] not in ".?!:" and after.rstrip()[-1:] in (".", "?", "!")


def cut_at(line: str, start: int, key: str) -> int:
    """Where a ` #` cuts the plain text short that begins at this column of a line; 0 where none does."""
    at = line.find(" #", start)
    if at <= 0 or line[at - 1] == " ":
        return 0
    return at if cut_off(key, line[start:at].rstrip(), line[at:]) else 0
