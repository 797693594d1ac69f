"""Translation of words for days and times into the English words that the appointment grammar reads.

Names of months and days come from Babel; the few other words of each language are in JSON beside this module. Nothing is
guessed: an unknown word stays, and is then reported as not understood.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from survey_cli.instrument.texts.date_text import DAYS, MONTHS
from survey_cli.instrument.texts.languages import list_date_names

TRANSLATIONS: Final[Mapping[str, Mapping[str, str]]] = json.loads(
    Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
)
"""English by pattern, of each language. Accents are left out, as in normalized texts."""
UNSPACED_LANGUAGES: Final = frozenset({"ja", "zh", "th"})
"""Languages without spaces between words."""
_MONTH_DAY: Final = re.compile(r"month (\d{1,2}) day (\d{1,2})")
_HALF_BEFORE: Final = re.compile(r"half before (\d{1,2})")


def translate_to_english(text: str, languages: Iterable[str], plain: Callable[[str], str]) -> str:
    """Replace words of these languages by English ones. `plain` is the function that normalized the text."""
    for language in languages:
        if language.partition("-")[0] != "en":
            for pattern, english in _build_rules(language, plain):
                text = pattern.sub(english, text)
    text = _MONTH_DAY.sub(
        lambda m: f" {m[2]} {dict(enumerate(MONTHS, 1)).get(int(m[1]), '').lower()} ", text
    )
    text = _HALF_BEFORE.sub(lambda m: f"{(int(m[1]) - 2) % 12 + 1}:30", text)
    return " ".join(text.split())


@lru_cache(maxsize=32)
def _build_rules(
    language: str, plain: Callable[[str], str]
) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Build the patterns of a language: its own words, then names of days and months, the longer ones first."""
    base = language.partition("-")[0]
    edges = ("", "") if base in UNSPACED_LANGUAGES else (r"(?<![\w:])", r"(?!\w)")
    rules = []
    for words, english in TRANSLATIONS.get(base, {}).items():
        # normalize the table's letters like the text; its pattern characters are ASCII and stay
        words = re.sub(r"[^\x00-\x7f]+", lambda m: plain(m[0]), words)
        replaced = f" {english} " if base in UNSPACED_LANGUAGES else english
        rules.append((re.compile(f"{edges[0]}(?:{words}){edges[1]}"), replaced))
    names: dict[str, str] = {}
    months, days = list_date_names(language)
    for shown, english_names in ((days, DAYS), (months, MONTHS)):
        for n, name in enumerate(shown):
            bare = plain(name).rstrip(". ")
            if bare and not bare[0].isdecimal():
                names.setdefault(bare, english_names[n % len(english_names)].lower())
    longest_first = sorted(names, key=len, reverse=True)
    rules += [
        (re.compile(rf"{edges[0]}{re.escape(n)}\.?{edges[1]}"), f" {names[n]} ")
        for n in longest_first
    ]
    return tuple(rules)
