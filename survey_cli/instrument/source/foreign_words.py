"""Words and signs of other questionnaire languages and programs, and what is written here instead.

The table is in the JSON file beside this module: it is long, and has words of many languages.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, overload

_SEPARATOR: Final = " | "
"""Separates a word from its remedy."""


class Synonym(NamedTuple):
    """The word of the language for a foreign one or, in conditions, what is wrong with it."""

    word: str
    remedy: str
    """What to write; empty if the word says it all."""


@overload
def read_foreign_words(
    kind: Literal["types", "keys", "signs", "words", "functions"],
) -> Mapping[str, str]: ...
@overload
def read_foreign_words(kind: Literal["declines"]) -> Mapping[str, Sequence[str]]: ...
def read_foreign_words(kind: str) -> Mapping[str, Any]:
    """Read the words of a kind.

    The kinds are `types`, `keys`, the `signs` and `words` of conditions, `functions` with what to
    write instead, and `declines` with what they are called in many languages.
    """
    return _read_table()[kind]


@cache
def _read_table() -> dict[str, Mapping[str, Any]]:
    text = Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    table: dict[str, Mapping[str, Any]] = json.loads(text)
    return table


@cache
def list_synonyms(kind: Literal["types", "keys", "signs", "words"]) -> Mapping[str, Synonym]:
    """Return the foreign words of a kind and their synonyms."""
    synonyms: dict[str, Synonym] = {}
    for foreign_words, entry in read_foreign_words(kind).items():
        word, _, remedy = entry.partition(_SEPARATOR)
        for foreign_word in foreign_words.split():
            synonyms[foreign_word] = Synonym(word, remedy)
    return synonyms
