"""Lookup of a word of the language in the vocabulary, which is a file written by `make docs`.

The definitions themselves are not imported: the language and its checks take four times as long as the lookup.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from survey_cli.instrument.source.foreign_words import list_synonyms
from survey_cli.problems import UserError, find_nearest

ReferenceKind: TypeAlias = Literal["item type", "key", "function", "fill", "outcome", "problem", "figure"]
REFERENCE_KINDS: Final[tuple[ReferenceKind, ...]] = get_args(ReferenceKind)


FIGURE_SYNONYMS: Final = {
    "taken": "counted",
    "held": "in progress",
    "dialed": "calls",
    "completes": "completed",
    "refused": "refusals",
    "on cases": "hours on cases",
    "at a station": "at stations",
    "do-not-call": "closed by do-not-call",
}
"""Other words for figures."""


class KeyReference(NamedTuple):
    """One key as it can be written in one part of a file."""

    name: str
    accepts: str
    """What can follow the colon, in words: `a text`, `true or false`."""
    meaning: str
    required: bool = False
    default: str = ""
    """What applies if the key is left out: `1`, or words such as `none`."""

    def describe(self) -> str:
        """Return the meaning, and what applies if the key is left out."""
        return f"{self.meaning} If left out: {self.default}." if self.default else self.meaning


class ReferenceEntry(NamedTuple):
    """One meaning of one word."""

    word: str
    kind: ReferenceKind
    meaning: str
    accepts: str = ""
    """What can follow the colon of a key."""
    within: tuple[str, ...] = ()
    """The parts of a file that have a key; empty for the other kinds."""
    keys: tuple[KeyReference, ...] = ()
    """The keys of an item type, without those of any question."""
    shared_keys: tuple[str, ...] = ()
    """The names of the keys that any question has too, with the same meaning."""
    instead_of: str = ""
    """The other word that was looked up: one of another program, or a synonym of a figure. Only the first meaning has
    it."""
    is_foreign: bool = False
    """Whether the word that was looked up is one of other programs, which the language doesn't have."""

    def list_stored_fields(self) -> list[object]:
        """List what the vocabulary stores: all but the last two fields, which depend on the word that is looked up."""
        return list(self[:-2])


def explain_word(word: str) -> tuple[ReferenceEntry, ...]:
    """Return every meaning of a word of the language, or of its counterpart if it is a word of another program.

    Raises UserError where it is none.
    """
    lookup = word.strip().strip("`{}:'\"").removesuffix("()").casefold()
    entries = read_vocabulary()
    figure = FIGURE_SYNONYMS.get(lookup)
    meanings = [entry for entry in entries if entry.word.casefold() == lookup]
    meanings += [entry._replace(instead_of=lookup) for entry in entries if entry.word.casefold() == figure]
    if meanings:
        return tuple(meanings)
    if foreign := tuple(_explain_foreign_word(lookup, entries)):
        return foreign
    figures = (entry for entry in entries if entry.kind == "figure")
    if named := tuple(entry for entry in figures if lookup in entry.word.split()):
        return named
    near = find_nearest(lookup, {entry.word for entry in entries})
    remedy = f"did you mean {near!r}?" if near else "`survey explain` lists every word"
    raise UserError("explain", f"{word!r} is not a word of the questionnaire language", remedy)


def _explain_foreign_word(lookup: str, entries: list[ReferenceEntry]) -> Iterator[ReferenceEntry]:
    """Yield what another program's word is here: as a type of item, as a key, or as both (`randomize`)."""
    synonyms = [list_synonyms("types").get(lookup), list_synonyms("keys").get(lookup)]
    seen: set[str] = set()
    for synonym in synonyms:
        if synonym is None or synonym.word in seen:
            continue
        seen.add(synonym.word)
        advice = f"{synonym.remedy[0].upper()}{synonym.remedy[1:]}.\n\n" if synonym.remedy else ""
        meanings = [entry for entry in entries if entry.word == synonym.word]
        for number, entry in enumerate(meanings):
            is_first = number == 0
            yield entry._replace(
                meaning=f"{advice}{entry.meaning}",
                instead_of=lookup if is_first else "",
                is_foreign=True,
            )


def list_vocabulary() -> dict[ReferenceKind, list[str]]:
    """Return every word that can be explained, by kind."""
    entries = read_vocabulary()
    return {kind: list(dict.fromkeys(e.word for e in entries if e.kind == kind)) for kind in REFERENCE_KINDS}


def read_vocabulary() -> list[ReferenceEntry]:
    """Return every word of the language, and every problem that `survey check` can report."""
    text = files("survey_cli.services.questionnaire").joinpath("vocabulary.json").read_text(encoding="utf-8")
    return [
        ReferenceEntry(
            word, kind, meaning, accepts, tuple(within), tuple(KeyReference(*key) for key in keys), tuple(shared)
        )
        for word, kind, meaning, accepts, within, keys, shared in json.loads(text)
    ]
