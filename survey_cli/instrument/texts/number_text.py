"""Numbers as people type them in different languages, as they are written back, and small ones in words.

A point or a comma may set off decimals or group thousands, depending on the language. Where a text allows two
readings, both are returned and the caller has to choose.
"""

import re
from collections.abc import Callable
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
_SHAPE: Final = re.compile(r"([+-]?)([\d.,]+)\Z", re.ASCII)
_GROUPED: Final = re.compile(r"(?:[1-9]\d{0,2}(?:S\d{3})+|[1-9]\d?(?:S\d{2})+S\d{3})\Z", re.ASCII)


class Separators(NamedTuple):
    """The number separators of a language, and how many digits stand in the last group and in those before it."""

    decimal: str = "."
    group: str = ","
    last: int = 3
    before: int = 3


class NumberReading(NamedTuple):
    """One number that a text can mean."""

    value: int | float
    places: int
    """The number of decimal places typed."""
    usual: bool
    """The usual notation in the language."""

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
    return Separators(
        get_decimal_symbol(locale),
        get_group_symbol(locale),
        *locale.decimal_formats[None].grouping[:2],
    )


def format_number(value: int | float, language: str, *, grouped: bool = True) -> str:
    """Format a number as a language writes it: `12,000`, `12.000`, `1,25,000`. Four digits are not grouped (2500)."""
    text = format(value, ".15g") if isinstance(value, float) else str(value)
    return write_digits(
        text, language, grouped=grouped and abs(value) >= 10_000 and "e" not in text
    )


def write_digits(text: str, language: str, *, grouped: bool) -> str:
    """Write plain digits (`-12345.60`) with the separators of a language."""
    separators = get_separators(language)
    integer_part, point, fraction = text.partition(".")
    digits = integer_part.lstrip("-")
    groups: list[str] = []
    size = separators.last if grouped else len(digits)
    while digits:
        groups.insert(0, digits[-size:])
        digits, size = digits[:-size], separators.before
    sign = "-" if text.startswith("-") else ""
    return sign + separators.group.join(groups) + (separators.decimal + fraction if point else "")


def format_percentage(digits: str, language: str) -> str:
    """Write plain digits as a percentage, as the language writes it: `25%`, `25 %`, `%25`."""
    number = write_digits(digits, language, grouped=False)
    pattern = find_locale(language).percent_formats[None] if language != "en" else None
    return (
        f"{pattern.prefix[0]}{number}{pattern.suffix[0]}" if pattern is not None else f"{number}%"
    )


def is_currency(code: str) -> bool:
    """Return whether a code is that of a currency: `EUR`, `USD`."""
    return (
        len(code) == 3
        and code.isascii()
        and code.isupper()
        and code in find_locale("en").currencies
    )


def format_money(value: int | float, currency: str, language: str) -> str:
    """Write an amount as the language does: `€2,500.50`, `2.500,50 €`. A whole amount has no decimals."""
    from babel.numbers import get_currency_precision, get_currency_symbol

    locale = find_locale(language)
    pattern = locale.currency_formats["standard"]
    digits = format(
        abs(value), ".0f" if value == int(value) else f".{get_currency_precision(currency)}f"
    )
    number = write_digits(digits, language, grouped=True)
    text = f"{pattern.prefix[value < 0]}{number}{pattern.suffix[value < 0]}"
    return text.replace("¤", get_currency_symbol(currency, locale))


def list_number_readings(text: str, language: str | None) -> tuple[NumberReading, ...]:
    """List the numbers that a text can mean, the language's own notation first; empty if it is not a number.

    Without a language no reading is more usual than another.
    """
    typed = to_ascii_digits(text.strip()).replace("−", "-").replace("٫", ".·")
    is_certain, typed = ".·" in typed, typed.replace(".·", ".")
    shape = _SHAPE.match(_remove_grouping_marks(typed))
    if shape is None:
        return ()
    sign, digits = shape.groups()
    marks = [c for c in digits if c in ".,"]
    separators = get_separators(language) if language else None
    if not marks or is_certain:
        return _remove_duplicates([_parse_digits(sign, digits, None, usual=True)])
    last = marks[-1]
    if len(set(marks)) == 2:  # 1.234,50: the last one is the decimal mark
        other = "," if last == "." else "."
        whole, _, rest = digits.rpartition(last)
        if marks.count(last) > 1 or not _is_grouped(whole, other):
            return ()
        return _remove_duplicates(
            [_parse_digits(sign, f"{whole.replace(other, '')}.{rest}", None, usual=True)]
        )
    readings: list[NumberReading | None] = []
    if _is_grouped(digits, last):
        usual = separators is None or separators.group == last or len(marks) > 1
        readings.append(_parse_digits(sign, digits.replace(last, ""), 0, usual=usual))
    if len(marks) == 1:
        usual = separators is None or separators.decimal == last
        grouped_as_usual = any(r is not None and r.usual for r in readings)
        if (
            usual or last == "." or (readings and not grouped_as_usual)
        ):  # a point, which computers use everywhere
            readings.append(_parse_digits(sign, digits.replace(last, "."), None, usual=usual))
    return _remove_duplicates(sorted(readings, key=lambda r: r is not None and not r.usual))


def _remove_grouping_marks(text: str) -> str:
    """Remove separators that can only group digits: `12 000`, `12'000`."""
    for mark in _GROUPING_MARKS:
        integer_part = re.match(r"[+-]?([^.,]*)", text)
        if mark in text and integer_part and _is_grouped(integer_part[1], mark):
            text = text.replace(mark, "")
    return text


def _is_grouped(digits: str, mark: str) -> bool:
    """Return whether the mark separates every third digit from the right, or (India) the third and then every second."""
    return bool(_GROUPED.match(digits.replace(mark, "S")))


def _parse_digits(
    sign: str, digits: str, places: int | None, *, usual: bool
) -> NumberReading | None:
    text = sign + digits
    if not _PLAIN_NUMBER.match(text) or len(text) > MAX_DIGITS:
        return None
    fraction = digits.partition(".")[2]
    value: int | float = float(text) if fraction else int(text)
    return NumberReading(value, len(fraction) if places is None else places, usual)


def _remove_duplicates(readings: list[NumberReading | None]) -> tuple[NumberReading, ...]:
    distinct: dict[float, NumberReading] = {}
    for reading in readings:
        if reading is not None:
            distinct.setdefault(reading.value, reading)
    return tuple(distinct.values())


class NumberRejection(NamedTuple):
    """Why a text is not accepted as a number: the reason, and the values if one of several must be chosen."""

    reason: str
    values: tuple[int | float, ...] = ()


def read_number(
    text: str, language: str, *, decimals: int, why_not: Callable[[int | float], str]
) -> int | float | NumberRejection:
    """Read a number with at most `decimals` decimal places; `why_not` explains why a value is not accepted.

    The language's own notation counts. It is rejected as ambiguous if the text is also a plain decimal (2.500 in German,
    three decimals), or if it would be a decimal and whole numbers are expected (12.000 in English).
    """
    readings = list_number_readings(text, language)
    if sum(c.isdecimal() for c in text) > MAX_DIGITS:
        return NumberRejection(f"more than {MAX_DIGITS} digits are not stored exactly")
    if not readings:
        example = format_number(12345.5 if decimals else 12345, language)
        return NumberRejection(f"{text[:20]} is not a number: write digits, such as {example}")
    if not readings[0].fits(decimals) and (readings[0].usual or len(readings) == 1):
        return NumberRejection(
            f"{format_quantity(decimals, 'decimal place') if decimals else 'whole numbers'} only"
        )
    usual_reading = readings[0] if readings[0].usual else None
    if usual_reading is not None and usual_reading.places <= decimals:
        may_be_decimal = usual_reading.places == 0 and any(
            r.places and r.places <= decimals for r in readings[1:]
        )
        readings = readings if may_be_decimal else (usual_reading,)
    accepted = [r for r in readings if r.fits(decimals) and not why_not(r.value)]
    if not accepted or (len(accepted) == 1 and usual_reading not in (None, accepted[0])):
        return NumberRejection(why_not(readings[0].value) or f"{text[:20]} is not accepted here")
    exact = (r.value for r in accepted)
    values = tuple(
        round(value, decimals) if decimals and isinstance(value, float) else int(value)
        for value in exact
    )
    if len(values) == 1:
        return values[0]
    return NumberRejection(
        f"{text[:20]}: {' or '.join(format_number(v, language) for v in values)}?", values
    )


# Small numbers in words for texts that are read aloud: `{turn:ordinal}` is second, `{children:words}` is two.

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
    return words[int(number)] if number == int(number) and 0 <= number < len(words) else None


def spell_ordinal(number: float, language: str) -> str | None:
    """Spell an ordinal: `second` in English, digits as `2.º` or `2e` in other languages; None if unknown."""
    base, n = get_base(language), int(number)
    if n != number or n < 1:
        return None
    if base == "en":
        if n <= len(words := _ORDINALS.split()):
            return words[n - 1]
        return f"{n}{'th' if n % 100 in (11, 12, 13) else _ENGLISH_ENDINGS.get(n % 10, 'th')}"
    if base == "fr" and n == 1:
        return "1er"
    return f"{n}{_ENDINGS[base]}" if base in _ENDINGS else None
