"""Words that say "don't know" or "refused" in texts of forms."""

import re
from collections.abc import Iterable
from typing import Final

_DECLINE_WORDS: Final = {
    "dk": re.compile(
        r"(do(es)?n['’]?t|do(es)? not) know\W*|\bdk\b|no sabe|no sé|ne sai[st] pas", re.IGNORECASE
    ),
    "refused": re.compile(
        r"(?i)refused?s?( to (answer|respond|say))?|prefers? not to (say|answer)|no responde"
    ),
}


def find_decline_kind(text: str) -> str:
    """Return dk or refused if a text contains words for it, otherwise an empty text."""
    for kind, words in _DECLINE_WORDS.items():
        if words.search(text):
            return kind
    return ""


def find_exact_decline(texts: Iterable[str]) -> str:
    """Return dk or refused if one of the texts says nothing else, otherwise an empty text."""
    plain = [re.sub(r"<[^>]*>|[*_]", "", text).strip(" .()") for text in texts]
    for kind, words in _DECLINE_WORDS.items():
        for text in plain:
            if words.fullmatch(text):
                return kind
    return ""
