"""Translation of words for days and times into the English words of the appointment grammar.

Names of months and days come from Babel; the few other words of a language are in JSON beside
this module. Nothing is guessed: an unknown word stays, and is then reported as not understood.
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


def translate_to_english(
    text: str, languages: Iterable[str], normalize: Callable[[str], str]
) -> str:
    """Replace words of these languages by English ones.

    `normalize` is the function by which the text was normalized.
    """
    for language in languages:
        if language.partition("-")[0] != "en":
            for pattern, english in _build_rules(language, normalize):
                text = pattern.sub(english, text)
    text = _MONTH_DAY.sub(_replace_month_day, text)
    text = _HALF_BEFORE.sub(_replace_half_before, text)
    return " ".join(text.split())


def _replace_month_day(match: re.Match[str]) -> str:
    """Write `month 11 day 26` as `26 november`; a month that doesn't exist is left out."""
    month = int(match[1])
    name = ""
    if 1 <= month <= len(MONTHS):
        name = MONTHS[month - 1].lower()
    return f" {match[2]} {name} "


def _replace_half_before(match: re.Match[str]) -> str:
    """Write `half before 3`, as German and others say, as `2:30`; 12 comes before 1."""
    hour_before = (int(match[1]) - 2) % 12 + 1
    return f"{hour_before}:30"


@lru_cache(maxsize=32)
def _build_rules(
    language: str, normalize: Callable[[str], str]
) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Build the patterns of a language: its words, then days and months, the longer ones first."""
    base = language.partition("-")[0]
    is_spaced = base not in UNSPACED_LANGUAGES
    word_start = r"(?<![\w:])" if is_spaced else ""
    word_end = r"(?!\w)" if is_spaced else ""
    rules = []
    for words, english in TRANSLATIONS.get(base, {}).items():
        # normalize the table's letters like the text; its pattern characters are ASCII and stay
        words = re.sub(r"[^\x00-\x7f]+", lambda m: normalize(m[0]), words)
        replaced = english if is_spaced else f" {english} "
        rules.append((re.compile(f"{word_start}(?:{words}){word_end}"), replaced))

    names: dict[str, str] = {}
    months, days = list_date_names(language)
    for own_names, english_names in ((days, DAYS), (months, MONTHS)):
        for number, name in enumerate(own_names):
            bare = normalize(name).rstrip(". ")
            # names that are numbers, as in Chinese, would replace all numbers
            if bare and not bare[0].isdecimal():
                # long and short forms of all names follow one another
                names.setdefault(bare, english_names[number % len(english_names)].lower())
    for name in sorted(names, key=len, reverse=True):
        pattern = re.compile(rf"{word_start}{re.escape(name)}\.?{word_end}")
        rules.append((pattern, f" {names[name]} "))
    return tuple(rules)
