"""Words and signs of other questionnaire languages and programs, and what is written here: a table in JSON beside it."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple


class Synonym(NamedTuple):
    """The word of the language for a foreign one or, in conditions, what is wrong with a foreign one."""

    word: str
    remedy: str
    """What to write."""


@cache
def read_foreign_words(kind: str) -> Mapping[str, Any]:
    """Read the words of a kind: `types`, `keys`, `signs` and `words` of conditions, `functions` or `declines`."""
    words: dict[str, Mapping[str, Any]] = json.loads(
        Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    )
    return words[kind]


@cache
def list_synonyms(kind: Literal["types", "keys", "signs", "words"]) -> Mapping[str, Synonym]:
    """Return the foreign words of a kind, each with its counterpart; they are written as `word | remedy`."""
    synonyms: dict[str, Synonym] = {}
    for foreign_words, entry in read_foreign_words(kind).items():
        word, _, remedy = entry.partition(" | ")
        synonyms.update(dict.fromkeys(foreign_words.split(), Synonym(word, remedy)))
    return synonyms
