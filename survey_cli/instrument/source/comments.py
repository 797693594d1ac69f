"""Detection of texts cut short by a ` #`, and of comments written inside a text."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

READ_ALOUD_KEYS: Final = frozenset(
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
_NON_TEXT_KEYS: Final = frozenset(
    (
        *("id", "type", "ask_if", "unless", "expect", "if", "where", "count", "each", "from", "to", "min"),
        *("max", "scale"),
    )
)
_SINGLE_WORD_KEYS: Final = frozenset(
    (
        *("order", "by", "outcome", "role", "key", "country", "zone", "prefill", "anchor", "read", "specify"),
        *(
            "exclusive",
            "missing",
            "soft",
            "personal",
            "partial",
            "decimals",
            "total",
            "per_day",
            "target",
            "like",
        ),
        *(
            "code",
            "moment",
            "temporary",
            "frame",
            "instrument",
            "mentions",
            "after",
            "using",
            "quota",
            "report",
        ),
        *("balanced_within", "typed_as", "starts", "ends", "lease", "recording", "include", "prefix", "size"),
        *("complete_from", "partial_from", "eligible_from"),
    )
)
"""Keys whose values are one word or number: of several words it is a text, since an item or code may be called so too."""
_LETTER: Final = re.compile(r"[^\W\d]")
_NOTE: Final = re.compile(r"(?:^\s*|\s\s|(?<=[.?!…:])\s)(#(?:[#!=\s-]|$|[^\W\d]+:).*)")
"""What would be a comment anywhere else: at the head of a line, behind two spaces, or behind the end of a sentence."""


def is_cut_off(key: str, text: str, rest: str) -> bool:
    """Whether the text under `key` goes on in `rest`, which begins with ` #` and reads as a comment.

    `Brand #4` (one space, none behind) and `Brand # 4` are cut short; so is `Press # to go on` in what is read aloud,
    where a comment stands behind two spaces or the end of a sentence.
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
    """Where a ` #` cuts the plain text short that begins at this column of a line; 0 where none does."""
    at = line.find(" #", start)
    if at <= 0 or line[at - 1] == " ":
        return 0
    return at if is_cut_off(key, line[start:at].rstrip(), line[at:]) else 0


def find_notes(key: str, lines: Sequence[str], first: int, last: int) -> Iterator[tuple[int, int, str]]:
    """What reads like a comment in a text over several lines, under this key: line (from 0), column (from 0), words."""
    if key in _NON_TEXT_KEYS:
        return
    for at in range(first, min(last + 1, len(lines))):
        if "#" in lines[at] and (found := _NOTE.search(lines[at])):
            yield at, found.start(1), found[1].rstrip()
