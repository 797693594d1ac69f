"""Detection of texts cut short by a ` #`, and of comments written inside a text."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

READ_ALOUD_KEYS: Final = frozenset(
    (*("text", "intro", "instruction", "probe", "help", "label", "title", "say", "ask_for", "note", "until"), "base")
)
_NON_TEXT_KEYS: Final = frozenset(
    (
        *("id", "type", "ask_if", "unless", "expect", "if", "where", "count", "each", "from", "to", "min"),
        *("max", "scale"),
    )
)
_SINGLE_WORD_KEYS: Final = frozenset(
    (
        *("order", "by", "outcome", "role", "key", "country", "zone", "prefill", "anchor", "read", "specify"),
        *("exclusive", "missing", "soft", "personal", "partial", "decimals", "total", "per_day", "target", "like"),
        *("code", "moment", "temporary", "frame", "instrument", "mentions", "after", "using", "quota", "report"),
        *("balanced_within", "typed_as", "starts", "ends", "lease", "recording", "include", "prefix", "size"),
        *("complete_from", "partial_from", "eligible_from"),
    )
)
"""Keys whose value is one word or number; several words are a text, since an item or code may have such a name."""
_LETTER: Final = re.compile(r"[^\W\d]")
_NOTE: Final = re.compile(r"(?:^\s*|\s\s|(?<=[.?!…:])\s)(#(?:[#!=\s-]|$|[^\W\d]+:).*)")
"""What would be a comment elsewhere: at the start of a line, after two spaces, or after the end of a sentence."""


def is_cut_off(key: str, text: str, rest: str) -> bool:
    """Return whether the text under `key` continues in `rest`, which begins with ` #` and reads as a comment.

    `Brand #4` (one space before, none after) and `Brand # 4` are cut short; so is `Press # to go on` in a text that is
    read aloud, where a comment follows two spaces or the end of a sentence.
    """
    if not rest.startswith(" #") or not _LETTER.search(text) or key in _NON_TEXT_KEYS:
        return False
    if key in _SINGLE_WORD_KEYS and len(text.split()) == 1:
        return False
    after = rest[2:]
    if after[:1] not in ("", " ", "#", "!", "-", "="):
        return True
    return text[-1] not in ".?!:" and (key in READ_ALOUD_KEYS or after.lstrip()[:1].isdigit())


def find_cut(line: str, start: int, key: str) -> int:
    """Find where a ` #` cuts short the plain text that begins at column `start`; 0 if nowhere."""
    at = line.find(" #", start)
    if at <= 0 or line[at - 1] == " ":
        return 0
    return at if is_cut_off(key, line[start:at].rstrip(), line[at:]) else 0


def find_notes(key: str, lines: Sequence[str], first: int, last: int) -> Iterator[tuple[int, int, str]]:
    """Find what reads like a comment inside a text over several lines: line and column (from 0), and the words."""
    if key in _NON_TEXT_KEYS:
        return
    for at in range(first, min(last + 1, len(lines))):
        if "#" in lines[at] and (note := _NOTE.search(lines[at])):
            yield at, note.start(1), note[1].rstrip()
