"""Lookup of words of the language and of the trade in the vocabulary, which `make docs` writes.

The definitions themselves are not imported: importing the language and its checks takes four times
as long as the lookup.
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
"""The most terms that are explained if a word is only a part of them: `kish` of `Kish grid`."""
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
    """What can follow the colon: `a text`, `true or false`."""
    meaning: str
    required: bool = False
    default: str = ""
    """What applies if the key is left out: `1`, or words such as `none`."""

    def describe(self) -> str:
        """Return the meaning, and what applies if the key is left out."""
        if self.default:
            return f"{self.meaning} If left out: {self.default}."
        return self.meaning


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
    """The names of its keys that other questions have too, with the same meaning."""
    trade: tuple[str, ...] = ()
    """What the trade calls it: `disposition` for outcome."""
    columns: str = ""
    """The columns of exports that contain it."""
    commands: tuple[str, ...] = ()
    page: str = ""
    """Where to read on: the command that prints a page of the documentation, and its heading."""
    instead_of: str = ""
    """The word that was looked up, if it is one of another program or of the trade.

    Of several meanings of a word of another program, only the first has it.
    """
    is_foreign: bool = False
    """Whether the word that was looked up is one of other programs, unknown to the language."""

    def list_stored_fields(self) -> list[object]:
        """List the fields that the vocabulary stores.

        The last two fields depend on the word that is looked up.
        """
        return list(self[:-2])


def explain_word(word: str) -> tuple[ReferenceEntry, ...]:
    """Return every meaning of a word of the language, of the trade, or of other programs.

    The meanings of another program's word are those of its counterpart here. Raises UserError if no
    meaning is known.
    """
    lookup = _clean(word)
    entries = read_vocabulary()
    found = _find_meanings(lookup, entries)
    if not found:
        found = _find_by_code(lookup, entries)
    if not found:
        found = _find_by_part(lookup, entries)
    if not found:
        remedy = _suggest(lookup, entries)
        raise UserError("explain", f"{word!r} is not in the vocabulary", remedy)
    return tuple(found)


def is_known(word: str) -> bool:
    """Return whether a word itself has a meaning; being a part of a term is not enough."""
    return bool(_find_meanings(_clean(word), read_vocabulary()))


def _clean(word: str) -> str:
    """Return a word without what surrounds it in a page or a file: backticks, `{}`, `:`, `()`."""
    single_spaced = " ".join(word.split())
    bare = single_spaced.strip("`{}:'\"")
    return bare.removesuffix("()").removeprefix("survey ")


def _find_meanings(lookup: str, entries: list[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the meanings of a word as ours, as one of the trade, or as one of another program."""
    own = _find_own(lookup, entries)
    others = [entry for entry in entries if entry not in own]
    found = own + _find_by_trade(lookup, others)
    if own:
        return found

    known = {entry.word for entry in found}
    found += [entry for entry in _find_foreign(lookup, entries) if entry.word not in known]
    return found


def _find_own(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the entries of a word: first of the word as it is written, then of similar spellings."""
    exact = []
    similar = []
    spelling = simplify_spelling(lookup)
    for entry in entries:
        # Keys and problems are copied from files, and `answers` is not the key `answer`.
        may_be_similar = entry.kind not in ("key", "problem", "fill")
        if entry.word.casefold() == lookup.casefold():
            exact.append(entry)
        elif may_be_similar and simplify_spelling(entry.word) == spelling:
            similar.append(entry)

    # Terms come first. People look up what a word means more often than how a file is written:
    # `outcomes` is a key too.
    return sorted(exact + similar, key=lambda entry: entry.kind != "term")


def _find_by_trade(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the entries for which the trade has this word."""
    spelling = simplify_spelling(lookup)
    found = []
    for entry in entries:
        trade_spellings = [simplify_spelling(word) for word in entry.trade]
        if spelling in trade_spellings:
            found.append(entry._replace(instead_of=lookup))
    return found


# The cache holds all words of the vocabulary: every lookup is compared with each of them.
@lru_cache(maxsize=8_000)
def simplify_spelling(word: str) -> str:
    """Return a word without what people write differently.

    simplify_spelling("Back-checks")  # "backcheck", as of "back check" and "backcheck"
    """
    parts = re.split(r"[\W_]+", word.casefold())
    return "".join(_drop_plural(part) for part in parts)


def _drop_plural(word: str) -> str:
    """Drop the ending of an English plural.

    A word that only looks like a plural loses it too. That does no harm: both words that are
    compared lose it.
    """
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(("xes", "hes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


def _find_foreign(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find what another program's word is here: a type of item, a key, or both (`randomize`)."""
    written = lookup.casefold().replace(" ", "_")
    synonyms: dict[str, Synonym] = {}
    for kind in ("types", "keys"):
        words = list_synonyms(kind)
        synonym = words.get(written) or words.get(written.removesuffix("s"))
        if synonym is not None:
            synonyms.setdefault(synonym.word, synonym)

    found: list[ReferenceEntry] = []
    for synonym in synonyms.values():
        advice = ""
        if synonym.remedy:
            advice = f"{synonym.remedy[0].upper()}{synonym.remedy[1:]}.\n\n"
        instead_of = lookup
        for entry in entries:
            if entry.word != synonym.word:
                continue
            foreign = entry._replace(
                meaning=f"{advice}{entry.meaning}", instead_of=instead_of, is_foreign=True
            )
            found.append(foreign)
            # Only the first meaning says what the word is called elsewhere.
            instead_of = ""
    return found


def _find_by_code(code: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the terms that name a code of missing values, or the outcomes with a code of AAPOR."""
    missing = MISSING_CODE.fullmatch(code)
    if missing is not None:
        kind = "term"
        # The vocabulary has the sign for minus, and people type a hyphen.
        written = f"−{missing[1]}"
    elif AAPOR_CODE.fullmatch(code):
        kind = "outcome"
        written = code
    else:
        return []

    # Not as a part of a longer code: 2.11 is not named by 2.112, nor 1.1 by 1.1.2.
    named = re.compile(rf"(?<![\d.]){re.escape(written)}(?!\d|\.\d)")
    return [entry for entry in entries if entry.kind == kind and named.search(entry.meaning)]


def _find_by_part(lookup: str, entries: Iterable[ReferenceEntry]) -> list[ReferenceEntry]:
    """Find the terms and figures that have a word in their names: `callable` in `callable now`.

    Raises UserError if they are many.
    """
    found = []
    for entry in entries:
        names = (entry.word, *entry.trade)
        parts = {part for name in names for part in name.casefold().split()}
        is_term_or_figure = entry.kind == "figure" or entry.trade
        if is_term_or_figure and lookup.casefold() in parts:
            found.append(entry)

    if len(found) > MAX_SHOWN:
        choice = join_words([repr(entry.word) for entry in found], "or", most=MAX_NAMED)
        what = f"{lookup!r} is a part of several terms"
        raise UserError("explain", what, f"did you mean {choice}?")
    return found


def _suggest(lookup: str, entries: Iterable[ReferenceEntry]) -> str:
    """Return the remedy for an unknown word: the word that was meant, or the list of all words."""
    known: set[str] = set()
    for entry in entries:
        known.update((entry.word, *entry.trade))
    known.update(list_synonyms("types"), list_synonyms("keys"))
    for pages in list_pages().values():
        known.update(pages)

    near = _find_misspelled(lookup, sorted(known))
    if near is None:
        return "`survey explain` lists every word"
    return f"did you mean {near!r}?"


def _find_misspelled(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that differs in a letter, or in two if it is long.

    A word that is less similar would mislead, so that None is returned.
    """
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
    """Count the letters that are missing, too many, wrong, or exchanged with their neighbor.

    This is the distance of Damerau and Levenshtein, of optimal string alignment.
    """
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, other_letter in enumerate(other, start=1):
            missing = last[column] + 1
            surplus = current[-1] + 1
            wrong = last[column - 1] + (letter != other_letter)
            slips = min(missing, surplus, wrong)

            has_neighbors = row > 1 and column > 1
            if has_neighbors and one[row - 2 : row] == other_letter + other[column - 2]:
                exchanged = before_last[column - 2] + 1
                slips = min(slips, exchanged)
            current.append(slips)
        before_last = last
        last = current
    return last[-1]


def list_vocabulary() -> dict[ReferenceKind, list[str]]:
    """Return the words that can be explained, by kind, in the order of the vocabulary."""
    # A key of several parts of a file has an entry for each, and is listed once.
    words: dict[ReferenceKind, dict[str, None]] = {kind: {} for kind in REFERENCE_KINDS}
    for entry in read_vocabulary():
        # `survey --help` lists the commands.
        if entry.kind != "command":
            words[entry.kind][entry.word] = None
    return {kind: list(of_kind) for kind, of_kind in words.items()}


def read_vocabulary() -> list[ReferenceEntry]:
    """Return the terms, the words of the language, and the problems that `survey check` reports."""
    file = files("survey_cli.services.questionnaire").joinpath("vocabulary.json")
    entries = []
    for fields in json.loads(file.read_text(encoding="utf-8")):
        # Written from `list_stored_fields`. JSON has lists only.
        entry = ReferenceEntry(*fields)
        entry = entry._replace(
            within=tuple(entry.within),
            keys=tuple(KeyReference(*key) for key in entry.keys),
            shared_keys=tuple(entry.shared_keys),
            trade=tuple(entry.trade),
            commands=tuple(entry.commands),
        )
        entries.append(entry)
    return entries
