"""Checks of texts and languages: invisible characters, and labels that differ only in quotes or accents."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final

from survey_cli.instrument.checks.source_items import list_option_lists
from survey_cli.instrument.checks.wording.text_list import list_texts
from survey_cli.instrument.compiled.draft import InstrumentDraft, once_per_draft
from survey_cli.instrument.source.nodes import YamlScalar, locate_key
from survey_cli.problems import Position, Problem

_DIRECTION_MARKS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that change the direction of the text after them, so that it reads differently from how it is written."""
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u180e\u200b\u200d-\u200f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0\U000e0000-\U000e007f]"
)
_JOINER: Final = "\u200d"
_TAGS: Final = ("\U000e0020", "\U000e007f")
_QUOTES: Final = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "´": "'", "`": "'", "“": '"', "”": '"', "„": '"'})


def _iterate_non_ascii(draft: InstrumentDraft) -> Iterator[tuple[str, YamlScalar]]:
    """Yield every text and code that is not plain ASCII, with its owner."""
    for who, text in list_texts(draft):
        if text.plain is not None:
            if not text.plain.isascii():
                yield who, text.plain
            continue
        for scalar in text.by_language.values():
            if not scalar.isascii():
                yield who, scalar
    for listed in list_option_lists(draft):
        if not "".join(map(str, listed.options)).isascii():
            for key in listed.node or ():
                if not key.isascii() and isinstance(key, YamlScalar):
                    yield listed.owner, key


def turned_text(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text contains a character that changes the direction of the text after it, so that it is displayed differently.

    Remove the character; the message names its position. Arabic and Hebrew do not need it.
    """
    for who, scalar in _list_non_ascii(draft):
        if match := _DIRECTION_MARKS.search(scalar):
            yield _make_problem("turned-text", who, scalar, match.start(), "changes the direction of the text after it")


def invisible(draft: InstrumentDraft) -> Iterator[Problem]:
    """A text or code contains a character of zero width. It was most likely pasted with the text.

    Texts that look alike would differ, and searches miss them. Remove it (the problem names its position). Within an
    emoji, and between Arabic or Indic letters, a joiner is correct and is not reported.
    """
    for who, scalar in _list_non_ascii(draft):
        for match in _INVISIBLE.finditer(scalar):
            if not _is_appropriate(scalar, match.start()):
                yield _make_problem("invisible", who, scalar, match.start(), "is invisible")
                break


@once_per_draft
def _list_non_ascii(draft: InstrumentDraft) -> Sequence[tuple[str, YamlScalar]]:
    """Return every non-ASCII text once, even if several items share it."""
    texts: dict[Position, tuple[str, YamlScalar]] = {}
    for who, scalar in _iterate_non_ascii(draft):
        texts.setdefault(scalar.where, (who, scalar))
    return list(texts.values())


def _is_appropriate(text: str, at: int) -> bool:
    """Return whether a character of zero width is correct at its position."""
    letter = text[at]
    if letter == _JOINER:
        before, after = text[max(0, at - 2) : at], text[at + 1 : at + 2]
        return bool(after) and any(_is_joining(c) for c in before) and _is_joining(after)
    if letter in "\u200e\u200f":  # direction marks, which right-to-left texts need beside digits and signs
        return any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    return _TAGS[0] <= letter <= _TAGS[1] and "\U0001f3f4" in text[:at]


def _is_joining(letter: str) -> bool:
    """Return whether it is an emoji, or a letter of a script whose letters join."""
    return unicodedata.category(letter) in ("So", "Sk", "Mn", "Mc", "Lo")


def _make_problem(rule: str, who: str, scalar: YamlScalar, at: int, why: str) -> Problem:
    letter = scalar[at]
    name = unicodedata.name(letter, "").lower()
    name_note = f" ({name})" if name else ""
    near = " ".join(scalar[max(0, at - 12) : at].split())
    after = f" after {near!r}" if near else " at the beginning"
    what = f"U+{ord(letter):04X}{name_note}{after} {why}"
    return Problem(rule, scalar.find_position(at), who, what, "remove it: delete and retype the letters around it")


def unlike_quotes(draft: InstrumentDraft) -> Iterator[Problem]:
    """Two labels differ only in their quotes (Don't, Don’t) or in how an accent is composed.

    Tables and programs treat them as two different answers. Write both the same way.
    """
    seen: dict[str, tuple[str, Position]] = {}
    reported: set[str] = set()
    for listed in list_option_lists(draft):
        for code, option in listed.options.items():
            for text in option.text.by_language.values() if option.text.plain is None else (option.text.plain,):
                if text.isascii() and "'" not in text and '"' not in text and "`" not in text:
                    continue
                normalized = unicodedata.normalize("NFC", text.translate(_QUOTES)).strip()
                first, where = seen.setdefault(normalized, (str(text), text.where))
                if first == text or normalized in reported:
                    continue
                reported.add(normalized)
                differs_in_accents = unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", text)
                how = "way of composing accents" if differs_in_accents else "quotes"
                at = text.where if text.where.line else locate_key(listed.node, code)
                what = f"{str(text)!r} differs from {first!r} at {where} only in its {how}"
                yield Problem("unlike-quotes", at, listed.owner, what, "write both the same way", "warning", len(text))
