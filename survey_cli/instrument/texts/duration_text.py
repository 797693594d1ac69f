"""Lengths of time in the words of a language: `1 hour 30 minutes`, `1 Stunde 30 Minuten`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from survey_cli.entries import Rejection
from survey_cli.instrument.durations import (
    ENGLISH_WORDS,
    SECONDS_IN,
    SECONDS_IN_WEEK,
    DurationUnit,
    read_seconds,
    split_duration,
)
from survey_cli.instrument.texts.languages import find_locale
from survey_cli.instrument.texts.number_text import format_number
from survey_cli.wording import pluralize

_WORD: Final = re.compile(r"[^\W\d_]+")
_WORD_LENGTHS: Final[tuple[Literal["long", "short", "narrow"], ...]] = ("long", "short", "narrow")
_NUMBERS_OF_FORMS: Final = (1, 2, 5, 20)
"""Numbers after which a language has different forms of a word."""


def read_duration(text: str, unit: DurationUnit, language: str) -> int | Rejection:
    """Read a length of time as a whole number of its unit.

    Words for units are those of the language, or the English ones.
    """
    words = ENGLISH_WORDS
    if language != "en":
        words = _list_words(language)
    seconds = read_seconds(text, unit, words)
    if isinstance(seconds, Rejection):
        return seconds

    number = seconds / SECONDS_IN[unit]
    if number != int(number):
        found = format_duration(seconds, DurationUnit.SECONDS, "en")
        return Rejection(f"{found}: whole {unit.value} only")
    return int(number)


@lru_cache(maxsize=32)
def _list_words(language: str) -> Mapping[str, int]:
    """List the words for units in a language, and the English ones, with their seconds."""
    from babel.units import format_unit

    sizes = {unit.name_of_one: seconds for unit, seconds in SECONDS_IN.items()}
    sizes["week"] = SECONDS_IN_WEEK
    locale = find_locale(language)
    words = dict(ENGLISH_WORDS)
    for name, seconds in sizes.items():
        for length in _WORD_LENGTHS:
            for number in _NUMBERS_OF_FORMS:
                phrase = format_unit(number, f"duration-{name}", length, locale=locale)
                found = _WORD.search(phrase)
                if found is not None:
                    words[found[0].casefold()] = seconds
    return words


def format_duration(value: float, unit: DurationUnit, language: str) -> str:
    """Write a length of time in words: `1 hour 30 minutes`, `1 Stunde 30 Minuten`.

    Hours and minutes are made of minutes and seconds. Days stay days, and hours hours.
    """
    if value != int(value):
        return f"{format_number(value, language)} {name_unit(unit, language)}"

    parts = [_format_part(number, part, language) for number, part in split_duration(value, unit)]
    sign = "-" if value < 0 else ""
    return sign + " ".join(parts)


def _format_part(number: int, unit: DurationUnit, language: str) -> str:
    if language == "en":
        return f"{number} {pluralize(number, unit.name_of_one)}"
    from babel.units import format_unit

    return format_unit(number, f"duration-{unit.name_of_one}", "long", locale=find_locale(language))


def name_unit(unit: DurationUnit, language: str) -> str:
    """Return the name of a unit in the plural: `minutes`, `Minuten`."""
    if language == "en":
        return unit.value
    from babel.units import get_unit_name

    name = get_unit_name(f"duration-{unit.name_of_one}", "long", locale=find_locale(language))
    return name or unit.value
