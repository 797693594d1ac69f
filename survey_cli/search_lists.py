"""Search lists: thousands of answers, and an index that finds them by typed words.

Accents, case and the order of the words don't matter; a word may be only begun, and may have one
letter wrong.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from heapq import nsmallest
from typing import Final, NamedTuple

from survey_cli.values import Code

MAX_MATCHES: Final = 9
"""How many matches are shown: one digit chooses one."""
_SHORTEST_CORRECTED: Final = 4
"""A typed word of fewer letters is not corrected."""
_WORD: Final = re.compile(r"\w+")
_LETTERS: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
)
_EXACT: Final = 0
"""The penalty of a typed word that is a word of the text."""
_BEGUN: Final = 1
"""The penalty if it is the beginning of a word."""
_CORRECTED: Final = 4
"""The penalty if one of its letters is wrong."""
_ELSEWHERE: Final = 1
"""The additional penalty if the word isn't in the text but among the other words of the row."""
_FOUND: Final = 1000
"""How much each typed word that a row has counts, more than all penalties."""


class ListRow(NamedTuple):
    """One answer of a search list."""

    code: Code
    texts: Mapping[str, str]
    """By language; under "" the text of every other language."""
    also: str = ""
    """Other words by which it is found."""

    def get_text(self, language: str) -> str:
        """Return the text in a language."""
        return self.texts.get(language) or self.texts[""]


def split_words(text: str) -> list[str]:
    """Split a text into words without case and accents."""
    text = text.casefold()
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text).translate(_LETTERS)
        text = "".join(letter for letter in text if not unicodedata.combining(letter))
    return _WORD.findall(text)


class SearchList:
    """The rows of a list by code, and an index for each language, built at the first search."""

    def __init__(self, rows: Sequence[ListRow]) -> None:
        self.rows: Mapping[Code, ListRow] = {row.code: row for row in rows}
        self._indexes: dict[str, _WordIndex] = {}

    @cached_property
    def _codes(self) -> Mapping[str, ListRow]:
        return {str(code).casefold(): row for code, row in self.rows.items()}

    def find_code(self, typed: str) -> ListRow | None:
        """Find the row whose code was typed."""
        return self._codes.get(typed.strip().casefold())

    def find(self, typed: str, language: str, most: int = MAX_MATCHES) -> Sequence[ListRow]:
        """Find the rows that fit what was typed, the best first."""
        index = self._indexes.get(language)
        if index is None:
            index = _WordIndex(self.rows.values(), language)
            self._indexes[language] = index
        row = self.find_code(typed)
        matches = index.find(tuple(split_words(typed)), most)
        if row is None:
            return matches
        others = [match for match in matches if match is not row]
        listed = (row, *others)
        return listed[:most]


class _WordIndex:
    """The words of all rows in one language, sorted, and where each occurs."""

    def __init__(self, rows: Iterable[ListRow], language: str) -> None:
        words_and_rows = [(split_words(row.get_text(language)), row) for row in rows]
        words_and_rows.sort(key=lambda pair: len(pair[0]))
        self._rows = [row for _, row in words_and_rows]
        """Those with fewer words first."""
        self._occurrences: dict[str, dict[int, int]] = {}
        """For each word, the rows in which it occurs, with a penalty."""
        for number, (words, row) in enumerate(words_and_rows):
            for word in words:
                self._occurrences.setdefault(word, {})[number] = 0
            for word in (*split_words(row.also), str(row.code).casefold()):
                self._occurrences.setdefault(word, {}).setdefault(number, _ELSEWHERE)
        self._words = sorted(self._occurrences)
        self._tails = sorted((word[1:], word) for word in self._words)
        self._find_word = lru_cache(maxsize=64)(self._find_rows_of_word)
        self.find = lru_cache(maxsize=64)(self._find_matches)

    def _find_matches(self, typed: tuple[str, ...], most: int) -> Sequence[ListRow]:
        """Find the rows that have most of the typed words, the smallest penalties first."""
        penalties: dict[int, int] = {}
        for word in dict.fromkeys(typed):
            for number, penalty in self._find_word(word).items():
                penalties[number] = penalties.get(number, 0) + penalty - _FOUND
        best = nsmallest(most, ((penalty, number) for number, penalty in penalties.items()))
        found = []
        for penalty, number in best:
            # as many words found as in the best row: a penalty of one word is less than _FOUND
            if penalty // _FOUND == best[0][0] // _FOUND:
                found.append(self._rows[number])
        return tuple(found)

    def _find_rows_of_word(self, typed: str) -> Mapping[int, int]:
        """Find the rows with a word that fits the typed one, each with its smallest penalty."""
        rows: dict[int, int] = {}
        for word in self._iterate_begun(typed):
            penalty = _EXACT if word == typed else _BEGUN
            self._add(rows, word, penalty)
        if len(typed) >= _SHORTEST_CORRECTED:
            for word in self._iterate_corrected(typed):
                self._add(rows, word, _CORRECTED)
        return rows

    def _add(self, rows: dict[int, int], word: str, penalty: int) -> None:
        worst = _CORRECTED + _ELSEWHERE
        for number, elsewhere in self._occurrences[word].items():
            if penalty + elsewhere <= rows.get(number, worst):
                rows[number] = penalty + elsewhere

    def _iterate_begun(self, beginning: str) -> Iterator[str]:
        """Yield the words with this beginning."""
        for at in range(bisect_left(self._words, beginning), len(self._words)):
            if not self._words[at].startswith(beginning):
                return
            yield self._words[at]

    def _iterate_corrected(self, typed: str) -> Iterator[str]:
        """Yield words that begin as typed but for one wrong, missing, added or swapped letter."""
        for word in self._iterate_begun(typed[0]):
            if _is_corrected(typed, word):
                yield word
        for tail in (typed[1:], typed):  # the first letter is wrong, or missing
            for at in range(bisect_left(self._tails, (tail, "")), len(self._tails)):
                if not self._tails[at][0].startswith(tail):
                    break
                yield self._tails[at][1]
        yield from self._iterate_begun(typed[1:])
        yield from self._iterate_begun(typed[1] + typed[0] + typed[2:])


def _is_corrected(typed: str, word: str) -> bool:
    """Return whether a word begins as typed but for one letter after the first."""
    # the number of first letters that agree
    at = 1
    for letter, right in zip(typed[1:], word[1:], strict=False):
        if letter != right:
            break
        at += 1
    rest = typed[at:]
    if word.startswith(rest[1:], at + 1):  # a letter is wrong
        return True
    if word.startswith(rest, at + 1):  # a letter is missing
        return True
    if word.startswith(rest[1:], at):  # a letter was added
        return True
    swapped = rest[1:2] + rest[:1] + rest[2:]
    return word.startswith(swapped, at)
