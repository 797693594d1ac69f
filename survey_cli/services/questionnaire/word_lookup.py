"""Lookup of a word of the language or of the trade in the vocabulary, which is a file written by `make docs`.

The definitions themselves are not imported: the language and its checks take four times as long as the lookup.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from survey_cli.instrument.source.foreign_words import Synonym, list_synonyms
from survey_cli.problems import UserError
from survey_cli.services.questionnaire.pages import list_pages
from survey_cli.wording import join_words

ReferenceKind: TypeAlias = Literal[
    "term", "command", "item type", "key", "function", "fill", "outcome", "figure", "problem"
]
REFERENCE_KINDS: Final[tuple[ReferenceKind, ...]] = get_args(ReferenceKind)

MAX_NAMED: Final = 6
"""The most terms that are named if a word is a part of many."""
MAX_SHOWN: Final = 3
"""The most meanings that are shown for a word that is only a part of them: `kish` of `Kish grid`."""


SHORTEST_MISSPELLED: Final = 4
"""The fewest letters of a word that is taken for a misspelling: of `NC`, one letter is half."""
SHORTEST_WITH_TWO_SLIPS: Final = 8
"""The fewest letters of a word that may differ in two of them."""
MISSING_CODE: Final = re.compile(r"[-−](\d+)")
"""A code such as -8, with a hyphen or with the sign that the documentation has."""
AAPOR_CODE: Final = re.compile(r"[1-4]\.\d+")


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
    trade: tuple[str, ...] = ()
    """What the trade calls it: `disposition` for outcome."""
    columns: str = ""
    """The columns of exports that contain it."""
    commands: tuple[str, ...] = ()
    page: str = ""
    """Where to read on: the command that prints a page of the documentation, and a heading of it."""
    instead_of: str = ""
    """The other word that was looked up: one of another program or of the trade. Only the first meaning has it."""
    is_foreign: bool = False
    """Whether the word that was looked up is one of other programs, which the language doesn't have."""

    def list_stored_fields(self) -> list[object]:
        """List what the vocabulary stores: all but the last two fields, which depend on the word that is looked up."""
        return list(self[:-2])


def explain_word(word: str) -> tuple[ReferenceEntry, ...]:
    """Return every meaning of a word of the language or the trade, or of its counterpart if other programs have it.

    Raises UserError if no meaning is known.
    """
    lookup = _clean(word)
    entries = read_vocabulary()
    found = _find_meanings(lookup, entries)
    if not found:
        found = _find_by_code(lookup, entries)
    if not found:
        found = _find_by_part(lookup, entries)
    if found:
        return tuple(found)
    raise UserError("explain", f"{word!r} is not in the vocabulary", _suggest(lookup, entries))


def is_known(word: str) -> bool:
    """Whether a word itself has a meaning: more than a part of a term, or a spelling near one."""
    return bool(_find_meanings(_clean(word), read_vocabulary()))


def _clean(word: str) -> str:
    """Return a word without the signs that surround it where it was copied."""
    return " ".join(word.split()).strip("`{}:'\"").removesuffix("()").removeprefix("survey ")


def _find_meanings(lookup: str, entries: list[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the meanings of a word as ours, as one of the trade, or as one of another program."""
    own = _find_own(lookup, entries)
    found = own + _find_by_trade(lookup, [entry for entry in entries if entry not in own])
    if not own:
        known = {entry.word for entry in found}
        found += [entry for entry in _find_foreign(lookup, entries) if entry.word not in known]
    return found


def _find_own(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the entries of a word as it is written, then those of words that people say and that are spelled so."""
    exact = []
    similar = []
    for entry in entries:
        # keys and problems are copied, and `answers` is not the key `answer`
        is_said = entry.kind not in ("key", "problem", "fill")
        if entry.word.casefold() == lookup.casefold():
            exact.append(entry)
        elif is_said and simplify_spelling(entry.word) == simplify_spelling(lookup):
            similar.append(entry)
    # people look up what a word means more often than how a file is written: `outcomes` is a key too
    return sorted(exact + similar, key=lambda entry: entry.kind != "term")


def _find_by_trade(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the entries that have a word as one of the trade's words."""
    spelling = simplify_spelling(lookup)
    found = [entry for entry in entries if spelling in map(simplify_spelling, entry.trade)]
    return [entry._replace(instead_of=lookup) for entry in found]


@lru_cache(
    maxsize=8_000
)  # the vocabulary's words, each of which is compared with the one looked up
def simplify_spelling(word: str) -> str:
    """Return a word without what people write differently: `Back-checks`, `back check` and `backcheck` are one."""
    parts = re.split(r"[\W_]+", word.casefold())
    return "".join(_drop_plural(part) for part in parts)


def _drop_plural(word: str) -> str:
    """Drop the ending of an English plural; a word that only looks like one loses it too, wherever it is written."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("xes", "hes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _find_foreign(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find what another program's word is here: a type of item, a key, or both (`randomize`)."""
    found: list[ReferenceEntry] = []
    synonyms: dict[str, Synonym] = {}
    for kind in ("types", "keys"):
        words = list_synonyms(kind)
        written = lookup.casefold().replace(" ", "_")
        synonym = words.get(written) or words.get(written.removesuffix("s"))
        if synonym is not None:
            synonyms.setdefault(synonym.word, synonym)

    for synonym in synonyms.values():
        advice = f"{synonym.remedy[0].upper()}{synonym.remedy[1:]}.\n\n" if synonym.remedy else ""
        meanings = [entry for entry in entries if entry.word == synonym.word]
        for number, entry in enumerate(meanings):
            is_first = number == 0
            foreign = entry._replace(
                meaning=f"{advice}{entry.meaning}",
                instead_of=lookup if is_first else "",
                is_foreign=True,
            )
            found.append(foreign)
    return found


def _find_by_code(code: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the terms that name the code of a missing value, or the outcomes that have a code of AAPOR."""
    if missing := MISSING_CODE.fullmatch(code):
        kind = "term"
        written = f"−{missing[1]}"
    elif AAPOR_CODE.fullmatch(code):
        kind = "outcome"
        written = code
    else:
        return []

    named = re.compile(rf"(?<![\d.]){re.escape(written)}(?!\d|\.\d)")
    return [entry for entry in entries if entry.kind == kind and named.search(entry.meaning)]


def _find_by_part(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the terms and figures of whose names a word is a part: `callable` of `callable now`.

    Raises UserError if they are many.
    """
    found = []
    for entry in entries:
        names = (entry.word, *entry.trade)
        parts = {part for name in names for part in name.casefold().split()}
        is_named = entry.kind == "figure" or entry.trade
        if is_named and lookup.casefold() in parts:
            found.append(entry)
    if len(found) <= MAX_SHOWN:
        return found
    choice = join_words([repr(entry.word) for entry in found], "or", most=MAX_NAMED)
    raise UserError("explain", f"{lookup!r} is a part of several terms", f"did you mean {choice}?")


def _suggest(lookup: str, entries: Iterable[ReferenceEntry]) -> str:
    """Return the remedy for an unknown word: the word of which it is a misspelling, or the way to all words."""
    known = {name for entry in entries for name in (entry.word, *entry.trade)}
    known |= list_synonyms("types").keys() | list_synonyms("keys").keys()
    known |= {name for names in list_pages().values() for name in names}
    near = _find_misspelled(lookup, sorted(known))
    return f"did you mean {near!r}?" if near else "`survey explain` lists every word"


def _find_misspelled(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that differs in a letter, or in two if it is long; another word misleads more than none."""
    spelling = word.casefold()
    if len(spelling) < SHORTEST_MISSPELLED:
        return None

    allowed = 2 if len(spelling) >= SHORTEST_WITH_TWO_SLIPS else 1
    nearest = None
    fewest = allowed + 1
    for candidate in known:
        if abs(len(candidate) - len(spelling)) > allowed:
            continue
        slips = _count_slips(spelling, candidate.casefold())
        if slips < fewest:
            nearest = candidate
            fewest = slips
    return nearest


def _count_slips(one: str, other: str) -> int:
    """Count the letters that are missing, too many, another one, or exchanged with their neighbor."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, other_letter in enumerate(other, start=1):
            slips = min(
                last[column] + 1, current[-1] + 1, last[column - 1] + (letter != other_letter)
            )
            is_exchanged = (
                row > 1 and column > 1 and one[row - 2 : row] == other_letter + other[column - 2]
            )
            if is_exchanged:
                slips = min(slips, before_last[column - 2] + 1)
            current.append(slips)
        before_last = last
        last = current
    return last[-1]


def list_vocabulary() -> dict[ReferenceKind, list[str]]:
    """Return the words that can be explained, by kind, without commands: `survey --help` lists those."""
    entries = [entry for entry in read_vocabulary() if entry.kind != "command"]
    return {
        kind: list(dict.fromkeys(e.word for e in entries if e.kind == kind))
        for kind in REFERENCE_KINDS
    }


def read_vocabulary() -> list[ReferenceEntry]:
    """Return every term, every word of the language, and every problem that `survey check` can report."""
    text = (
        files("survey_cli.services.questionnaire")
        .joinpath("vocabulary.json")
        .read_text(encoding="utf-8")
    )
    entries = []
    for (
        word,
        kind,
        meaning,
        accepts,
        within,
        keys,
        shared,
        trade,
        columns,
        commands,
        page,
    ) in json.loads(text):
        entry = ReferenceEntry(
            word,
            kind,
            meaning,
            accepts=accepts,
            within=tuple(within),
            keys=tuple(KeyReference(*key) for key in keys),
            shared_keys=tuple(shared),
            trade=tuple(trade),
            columns=columns,
            commands=tuple(commands),
            page=page,
        )
        entries.append(entry)
    return entries
