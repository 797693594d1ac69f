"""Numbers as people type them in different languages, as they are written back, and in words.

A point or a comma may set off decimals or group thousands, depending on the language. If a text
allows two readings, both are returned and the caller has to choose.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.entries import to_ascii_digits
from survey_cli.instrument.texts.languages import find_locale, get_base
from survey_cli.wording import format_quantity

MAX_DIGITS: Final = 15
"""With more digits a decimal number is no longer exact."""

_PLAIN_NUMBER: Final = re.compile(r"[+-]?(0|[1-9]\d*|(?=\.))(\.\d+)?\Z", re.ASCII)
_GROUPING_MARKS: Final = " \u00a0\u202f\u2009'’٬"
"""A space, an apostrophe and the Arabic thousands separator are never decimal marks."""
_ARABIC_DECIMAL_MARK: Final = "٫"
_SHAPE: Final = re.compile(r"([+-]?)([\d.,]+)\Z", re.ASCII)
# S is the separator. After the first group, all have three digits, or (India) two but for the last.
_GROUPED: Final = re.compile(r"(?:[1-9]\d{0,2}(?:S\d{3})+|[1-9]\d?(?:S\d{2})+S\d{3})\Z", re.ASCII)


class Separators(NamedTuple):
    """The number separators of a language, and the sizes of its groups of digits."""

    decimal: str = "."
    group: str = ","
    last: int = 3
    """The number of digits in the last group."""
    before: int = 3
    """The number of digits in the groups before it: two in India."""


class NumberReading(NamedTuple):
    """One number that a text can mean."""

    value: int | float
    places: int
    """The number of decimal places typed."""
    usual: bool
    """Whether it is the usual notation in the language."""

    def fits(self, decimals: int) -> bool:
        """Return whether the value has no more than so many significant decimal places."""
        return self.value == round(self.value, decimals)


@lru_cache(maxsize=64)
def get_separators(language: str) -> Separators:
    """Return the separators of a language; the English ones if it is unknown."""
    if language == "en":
        return Separators()
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = find_locale(language)
    last, before = locale.decimal_formats[None].grouping[:2]
    return Separators(get_decimal_symbol(locale), get_group_symbol(locale), last, before)


def format_number(value: int | float, language: str, *, grouped: bool = True) -> str:
    """Format a number as a language writes it: `12,000`, `12.000`, `1,25,000`.

    Four digits are not grouped: `2500`.
    """
    text = format(value, ".15g") if isinstance(value, float) else str(value)
    has_exponent = "e" in text
    may_be_grouped = abs(value) >= 10_000 and not has_exponent
    return write_digits(text, language, grouped=grouped and may_be_grouped)


def write_digits(text: str, language: str, *, grouped: bool) -> str:
    """Write plain digits (`-12345.60`) with the separators of a language."""
    separators = get_separators(language)
    integer_part, point, fraction = text.partition(".")
    sign = "-" if text.startswith("-") else ""
    digits = integer_part.lstrip("-")

    groups: list[str] = []
    size = separators.last if grouped else len(digits)
    # The groups are counted from the right.
    while digits:
        groups.insert(0, digits[-size:])
        digits = digits[:-size]
        size = separators.before

    number = sign + separators.group.join(groups)
    if point:
        number += separators.decimal + fraction
    return number


def format_percentage(digits: str, language: str) -> str:
    """Write plain digits as a percentage, as the language writes it: `25%`, `25 %`, `%25`."""
    number = write_digits(digits, language, grouped=False)
    if language == "en":
        return f"{number}%"
    pattern = find_locale(language).percent_formats[None]
    return f"{pattern.prefix[0]}{number}{pattern.suffix[0]}"


def is_currency(code: str) -> bool:
    """Return whether a code is that of a currency: `EUR`, `USD`."""
    looks_like_one = len(code) == 3 and code.isascii() and code.isupper()
    return looks_like_one and code in find_locale("en").currencies


def format_money(value: int | float, currency: str, language: str) -> str:
    """Write an amount as the language does: `€2,500.50`, `2.500,50 €`.

    A whole amount has no decimals.
    """
    from babel.numbers import get_currency_precision, get_currency_symbol

    is_whole = value == int(value)
    places = 0 if is_whole else get_currency_precision(currency)
    digits = format(abs(value), f".{places}f")
    number = write_digits(digits, language, grouped=True)

    locale = find_locale(language)
    pattern = locale.currency_formats["standard"]
    is_negative = value < 0
    prefix = pattern.prefix[is_negative]
    suffix = pattern.suffix[is_negative]
    text = f"{prefix}{number}{suffix}"
    return text.replace("¤", get_currency_symbol(currency, locale))


def list_number_readings(text: str, language: str | None) -> tuple[NumberReading, ...]:
    """List the numbers that a text can mean, the language's own notation first.

    The list is empty if it is not a number. Without a language no reading is more usual than
    another.
    """
    typed = to_ascii_digits(text.strip()).replace("−", "-")
    has_arabic_mark = _ARABIC_DECIMAL_MARK in typed
    typed = typed.replace(_ARABIC_DECIMAL_MARK, ".")
    shape = _SHAPE.match(_remove_grouping_marks(typed))
    if shape is None:
        return ()

    sign, digits = shape.groups()
    marks = [character for character in digits if character in ".,"]
    if not marks or has_arabic_mark:
        return _remove_duplicates([_parse_digits(sign, digits, usual=True)])
    if len(set(marks)) == 2:
        return _remove_duplicates([_read_both_marks(sign, digits, marks)])

    mark = marks[0]
    separators = get_separators(language) if language else None
    readings: list[NumberReading | None] = []
    if _is_grouped(digits, mark):
        usual = separators is None or separators.group == mark or len(marks) > 1
        grouped = _parse_digits(sign, digits.replace(mark, ""), usual=usual)
        readings.append(grouped)
    if len(marks) == 1:
        usual = separators is None or separators.decimal == mark
        is_grouped_as_usual = any(reading and reading.usual for reading in readings)
        is_odd_either_way = bool(readings) and not is_grouped_as_usual
        # Computers write a point in all languages.
        if usual or mark == "." or is_odd_either_way:
            decimal = _parse_digits(sign, digits.replace(mark, "."), usual=usual)
            readings.append(decimal)

    found = _remove_duplicates(readings)
    return tuple(sorted(found, key=lambda reading: not reading.usual))


def _read_both_marks(sign: str, digits: str, marks: Sequence[str]) -> NumberReading | None:
    """Read a number with points and commas. The last one is the decimal mark: 1.234,50."""
    decimal_mark = marks[-1]
    group_mark = "," if decimal_mark == "." else "."
    whole, _, fraction = digits.rpartition(decimal_mark)
    if marks.count(decimal_mark) > 1 or not _is_grouped(whole, group_mark):
        return None
    return _parse_digits(sign, f"{whole.replace(group_mark, '')}.{fraction}", usual=True)


def _remove_grouping_marks(text: str) -> str:
    """Remove separators that can only group digits: `12 000`, `12'000`."""
    for mark in _GROUPING_MARKS:
        integer_part = re.match(r"[+-]?([^.,]*)", text)
        if mark in text and integer_part and _is_grouped(integer_part[1], mark):
            text = text.replace(mark, "")
    return text


def _is_grouped(digits: str, mark: str) -> bool:
    """Return whether a mark separates groups of digits, as in some language."""
    return bool(_GROUPED.match(digits.replace(mark, "S")))


def _parse_digits(sign: str, digits: str, *, usual: bool) -> NumberReading | None:
    """Parse digits with a point for the decimals; None if they are no number that can be stored."""
    text = sign + digits
    if not _PLAIN_NUMBER.match(text) or len(text) > MAX_DIGITS:
        return None

    fraction = digits.partition(".")[2]
    if not fraction:
        return NumberReading(int(text), 0, usual)
    return NumberReading(float(text), len(fraction), usual)


def _remove_duplicates(readings: list[NumberReading | None]) -> tuple[NumberReading, ...]:
    distinct: dict[float, NumberReading] = {}
    for reading in readings:
        if reading is not None:
            distinct.setdefault(reading.value, reading)
    return tuple(distinct.values())


class NumberRejection(NamedTuple):
    """Why a text is not accepted as a number."""

    reason: str
    values: tuple[int | float, ...] = ()
    """The values if one of several must be chosen."""


def read_number(
    text: str, language: str, *, decimals: int, why_not: Callable[[int | float], str]
) -> int | float | NumberRejection:
    """Read a number with at most `decimals` decimal places.

    The language's own notation counts. It is rejected as ambiguous if the text is also a plain
    decimal (2.500 in German, three decimals), or if it would be a decimal and whole numbers are
    expected (12.000 in English). `why_not` explains why a value is not accepted.
    """
    if sum(character.isdecimal() for character in text) > MAX_DIGITS:
        return NumberRejection(f"more than {MAX_DIGITS} digits are not stored exactly")
    readings = list_number_readings(text, language)
    if not readings:
        example_value = 12345.5 if decimals else 12345
        example = format_number(example_value, language)
        return NumberRejection(f"{text[:20]} is not a number: write digits, such as {example}")

    first = readings[0]
    is_only_meaning = first.usual or len(readings) == 1
    if is_only_meaning and not first.fits(decimals):
        if not decimals:
            return NumberRejection("whole numbers only")
        return NumberRejection(f"{format_quantity(decimals, 'decimal place')} only")

    if first.usual and first.places <= decimals and not _may_be_decimal(readings, decimals):
        readings = (first,)
    accepted = [r for r in readings if r.fits(decimals) and not why_not(r.value)]
    # An unusual reading isn't taken only because the usual one is out of range.
    is_other_meaning = first.usual and first not in accepted
    if not accepted or (len(accepted) == 1 and is_other_meaning):
        return NumberRejection(why_not(first.value) or f"{text[:20]} is not accepted here")

    values = tuple(_round_value(reading.value, decimals) for reading in accepted)
    if len(values) == 1:
        return values[0]
    choices = " or ".join(format_number(value, language) for value in values)
    return NumberRejection(f"{text[:20]}: {choices}?", values)


def _may_be_decimal(readings: Sequence[NumberReading], decimals: int) -> bool:
    """Return whether the first reading is a whole number and another one a decimal."""
    first, *others = readings
    if first.places:
        return False
    return any(0 < reading.places <= decimals for reading in others)


def _round_value(value: int | float, decimals: int) -> int | float:
    if decimals and isinstance(value, float):
        return round(value, decimals)
    return int(value)


# Small numbers in words for texts that are read aloud: `{turn:ordinal}` is second,
# `{children:words}` is two.

CARDINALS: Final = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
}
"""Zero to twelve; larger numbers are written in digits, as style guides recommend."""
_ORDINALS: Final = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
)
_ENGLISH_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}
_ENDINGS: Final = {"es": ".º", "pt": ".º", "it": "º", "fr": "e", "de": ".", "nl": "e"}
"""Endings after digits. Words would depend on the grammatical gender."""
SPELLED_LANGUAGES: Final = tuple(CARDINALS)


def spell_cardinal(number: float, language: str) -> str | None:
    """Spell a number, as `two`; None if the number or the language has no words here."""
    words = CARDINALS.get(get_base(language), "").split()
    if number == int(number) and 0 <= number < len(words):
        return words[int(number)]
    return None


def spell_ordinal(number: float, language: str) -> str | None:
    """Spell an ordinal: `second` in English, `2.º` or `2e` in other languages; None if unknown."""
    base = get_base(language)
    n = int(number)
    if n != number or n < 1:
        return None
    if base == "en":
        return _spell_english_ordinal(n)
    if base == "fr" and n == 1:
        return "1er"
    if base in _ENDINGS:
        return f"{n}{_ENDINGS[base]}"
    return None


def _spell_english_ordinal(n: int) -> str:
    words = _ORDINALS.split()
    if n <= len(words):
        return words[n - 1]
    if n % 100 in (11, 12, 13):  # 111th, but 121st
        return f"{n}th"
    ending = _ENGLISH_ENDINGS.get(n % 10, "th")
    return f"{n}{ending}"
