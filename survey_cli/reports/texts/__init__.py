"""Texts of reports in their languages.

A language has a table in this folder, such as `es.json`, with translations of the English texts;
words in braces are filled in. Short texts are in English in the code. Long ones have a name there,
and are in English in `en.json`. A text that a table lacks stays English.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Final

from survey_cli.wording import pluralize

ENGLISH: Final = "en"
_language: ContextVar[str] = ContextVar("report_language", default=ENGLISH)


@cache
def _load_texts(language: str) -> Mapping[str, str] | None:
    """Return the table of a language, or of the language without its region; None without one."""
    for name in (language.lower(), language.replace("_", "-").partition("-")[0].lower()):
        table = files(__name__) / f"{name}.json"
        if table.is_file():
            texts: dict[str, str] = json.loads(table.read_text(encoding="utf-8"))
            return texts
    return None


def find_language(language: str) -> str:
    """Return the language of a report's own texts: English if the language has no table."""
    if _load_texts(language) is None:
        return ENGLISH
    return language


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Build texts in a language: a context manager that builders and writers of reports open."""
    before = _language.set(find_language(language))
    try:
        yield
    finally:
        _language.reset(before)


def is_english() -> bool:
    """Whether texts are in English."""
    return _language.get().replace("_", "-").partition("-")[0] == ENGLISH


def translate(text: str, /, **values: object) -> str:
    """Return a text in the language that was chosen, with its values filled in.

    The text is given in English, or by its name.
    """
    found = text
    for language in (_language.get(), ENGLISH):
        table = _load_texts(language)
        if table is not None and text in table:
            found = table[text]
            break
    return found.format(**values) if values else found


def translate_quantity(number: int, singular: str, plural: str = "") -> str:
    """Return `1 case`, `1,200 cases` in the language that was chosen."""
    return f"{number:,} {translate(pluralize(number, singular, plural))}"
