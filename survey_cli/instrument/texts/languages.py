"""Languages as Babel knows them: names, lists, letters, months, days and direction of writing.

English needs no Babel, whose import takes 60 ms. For other languages, it is imported when a text
needs it.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from survey_cli.wording import join_words

if TYPE_CHECKING:
    from babel.core import Locale

_NOUNS_WITH_CAPITALS: Final = ("de", "lb", "gsw", "nds", "bar", "ksh")
"""German and its neighbors, in which lower case would misspell nouns."""
_RIGHT_TO_LEFT: Final = (
    "apc ar ary bal bgn bqi brh ckb dv fa he iw ks lrc mzn nqo ps rhg sd sdh skr syr trw ug ur yi"
)
_RIGHT_TO_LEFT_SCRIPTS: Final = "adlm arab hebr nkoo rohg syrc thaa"
_DOTTED_I: Final = {"lower": str.maketrans("Iİ", "ıi"), "upper": str.maketrans("i", "İ")}
_WIDTHS: Final[tuple[Literal["wide", "abbreviated"], ...]] = ("wide", "abbreviated")
_CONTEXTS: Final[tuple[Literal["format", "stand-alone"], ...]] = ("format", "stand-alone")


def get_base(language: str) -> str:
    """Return the language without its script and region: `pt` of `pt-br`."""
    return language.replace("_", "-").partition("-")[0].lower()


@lru_cache(maxsize=64)
def find_locale(language: str) -> "Locale":
    """Return Babel's locale of a language, or of it without its region, or else of English."""
    from babel.core import Locale, UnknownLocaleError

    for tag in (language.replace("_", "-"), get_base(language)):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def get_language_name(language: str, into: str = "en") -> str:
    """Return a language's name in the language `into`; its code if it is unknown."""
    if language == into == "en":
        return "English"
    names = find_locale(into).languages
    name = names.get(language.replace("-", "_"))
    if name is None:
        name = names.get(get_base(language), language)
    return str(name)


def find_language(text: str, languages: Sequence[str]) -> str:
    """Find one of these languages by its code or name; the name may be in English or any of them.

    Returns its code; empty if it is none of them.
    """
    wanted = text.strip().casefold()
    for code in languages:
        if wanted == code.casefold():
            return code
    for code in languages:
        names = {get_language_name(code, into).casefold() for into in ("en", *languages)}
        if wanted in names:
            return code
    return ""


def list_languages(languages: Sequence[str]) -> str:
    """List languages by code and name: `en (English), es (Spanish)`."""
    return ", ".join(f"{code} ({get_language_name(code)})" for code in languages)


def is_right_to_left(language: str) -> bool:
    """Return whether a language is written from right to left, as Arabic and Hebrew are."""
    base, *subtags = language.replace("_", "-").lower().split("-")
    for tag in subtags:
        is_script = len(tag) == 4 and tag.isalpha()
        if is_script:  # Kurdish has several scripts, for example
            return tag in _RIGHT_TO_LEFT_SCRIPTS.split()
    return base in _RIGHT_TO_LEFT.split()


def join_list(words: Sequence[str], language: str, style: Literal["or", "standard"]) -> str:
    """Join words as a language lists alternatives (`or`) or what applies together: `a, b or c`."""
    if len(words) < 2:
        return "".join(words)
    if get_base(language) == "en":
        return join_words(words, "or" if style == "or" else "and")
    from babel.lists import format_list

    return format_list(words, style, find_locale(language))


def change_case(text: str, case: str, language: str) -> str:
    """Write a text in `lower` or `upper` case, or (`title`) with a capital first letter.

    In a language whose nouns have capitals, a text is not changed to lower case. Any other word
    for `case` changes nothing.
    """
    if case not in ("lower", "upper", "title"):
        return text
    if case == "title":
        return change_case(text[:1], "upper", language) + text[1:]
    base = get_base(language)
    if case == "lower" and base in _NOUNS_WITH_CAPITALS:
        return text
    if base in ("tr", "az"):
        text = text.translate(_DOTTED_I[case])
    return text.lower() if case == "lower" else text.upper()


@lru_cache(maxsize=64)
def list_date_names(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the names of the months, and of the days from Monday, in a language.

    They are English if the language is unknown. The forms follow one another: as in a date,
    standing alone, and the abbreviations of both.
    """
    from babel.dates import get_day_names, get_month_names

    locale = find_locale(language)
    months: list[str] = []
    days: list[str] = []
    for width in _WIDTHS:
        for context in _CONTEXTS:
            month_names = get_month_names(width, context, locale)
            months += [month_names[number] for number in range(1, 13)]
            day_names = get_day_names(width, context, locale)
            days += [day_names[number] for number in range(7)]
    return tuple(months), tuple(days)
