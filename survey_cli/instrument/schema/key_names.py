"""Keys that are not known here: what the designer meant by them."""

from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final

from pydantic import BaseModel

from survey_cli.instrument.schema.items import groups
from survey_cli.instrument.schema.node_paths import list_keys
from survey_cli.instrument.source.foreign_words import Synonym, list_synonyms
from survey_cli.problems import find_nearest

_MIN_SIMILARITY: Final = 0.74
"""The similarity (up to 1) at which a key is taken for another: `titel` and `title` have 0.8."""


def find_synonym(key: str) -> Synonym | None:
    """Find what the word of another program is called here."""
    return list_synonyms("keys").get(key.casefold())


def find_nearest_key(key: str, known: Sequence[str]) -> str | None:
    """Find the known key that a mistyped or foreign one was probably meant to be."""
    lowercase = key.casefold()
    if lowercase in known:
        return lowercase

    synonym = find_synonym(key)
    if synonym is not None and synonym.word in known:
        return synonym.word

    near = find_nearest(key, known)
    if near is not None:
        return near
    for other in known:
        if _has_same_letters(key, other):
            return other
    return None


def _has_same_letters(key: str, other: str) -> bool:
    """Return whether only the order of the letters differs: `tpye`."""
    return sorted(key) == sorted(other)


def is_similar(key: str, near: str) -> bool:
    """Return whether a key can be taken for another.

    It is similar, or another program's word for the same.
    """
    synonym = find_synonym(key)
    if synonym is not None and synonym.word == near:
        # a remedy says that it isn't quite the same
        return not synonym.remedy
    return _has_same_letters(key, near) or _measure_similarity(key, near) > _MIN_SIMILARITY


def _measure_similarity(key: str, other: str) -> float:
    return SequenceMatcher(None, key, other).ratio()


def list_types_with_key(key: str, model: type[BaseModel] | None) -> list[str]:
    """List the item types that have this key, if the model is that of another item type."""
    if model not in groups.ITEM_TYPES.values():
        return []
    return [name for name, other in groups.ITEM_TYPES.items() if key in list_keys(other)]
