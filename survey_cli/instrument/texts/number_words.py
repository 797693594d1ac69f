"""Small numbers in words for texts that are read aloud: `{turn:ordinal}` is second, `{children:words}` is two."""

from typing import Final

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
    *("first", "second", "third", "fourth", "fifth", "sixth"),
    *("seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"),
)
_ENGLISH_ENDINGS: Final = {1: "st", 2: "nd", 3: "rd"}
_ENDINGS: Final = {"es": ".º", "pt": ".º", "it": "º", "fr": "e", "de": ".", "nl": "e"}
"""Endings after digits. Words would depend on the grammatical gender."""
SPELLED_LANGUAGES: Final = tuple(CARDINALS)


def spell_cardinal(number: float, language: str) -> str | None:
    """Spell a number, as `two`; None if the number or the language has no words here."""
    words = CARDINALS.get(language.partition("-")[0], "").split()
    return words[int(number)] if number == int(number) and 0 <= number < len(words) else None


def spell_ordinal(number: float, language: str) -> str | None:
    """Spell an ordinal: `second` in English, digits as `2.º` or `2e` in other languages; None if unknown."""
    base, n = language.partition("-")[0], int(number)
    if n != number or n < 1:
        return None
    if base == "en":
        if n <= len(_ORDINALS):
            return _ORDINALS[n - 1]
        return f"{n}{'th' if n % 100 in (11, 12, 13) else _ENGLISH_ENDINGS.get(n % 10, 'th')}"
    if base == "fr" and n == 1:
        return "1er"
    return f"{n}{_ENDINGS[base]}" if base in _ENDINGS else None
