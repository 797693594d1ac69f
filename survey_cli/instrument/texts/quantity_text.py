"""Amounts in a chosen unit as people type them, and as they are written back in words.

`207`, `7 per week` and `7 w` are the same amount, and so are `511`, `5'11` and `5 ft 11 in`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from survey_cli.entries import to_ascii_digits
from survey_cli.instrument.number_ranges import find_limits, format_ranges
from survey_cli.instrument.quantities import MAX_DIGITS, Quantity, QuantityUnit
from survey_cli.instrument.texts.number_text import (
    NumberRejection,
    format_number,
    list_number_readings,
)
from survey_cli.wording import join_words

_NUMBER_AND_WORDS: Final = re.compile(r"\s*(\d+)\s*([^\d]*)", re.ASCII)
_DECIMAL: Final = re.compile(r"(\d+)\s*[.,]\s*\d", re.ASCII)
_FIRST_PART_MARKS: Final = frozenset("'’′:")
_SECOND_PART_MARKS: Final = frozenset(("“", "”", '"', "″", "''", "’’", "′′"))
_MAX_MEANINGS: Final = 6
"""The most meanings that an interviewer is offered to choose from."""


class UnitWords(NamedTuple):
    """A unit with its words in one language."""

    unit: QuantityUnit
    text: str
    """What follows the amount: `per week`. Empty if the unit is in parts."""
    part_texts: tuple[str, ...] = ()
    """What follows the number of each part: `ft`, `in`."""

    def format(self, keyed: int, language: str) -> str:
        """Format a keyed number in words: `7 per week`, `5 ft 11 in`."""
        if not self.unit.parts:
            amount = format_number(self.unit.count(keyed), language)
            return f"{amount} {self.text}"

        numbers = self.unit.split(keyed - self.unit.offset)
        parts = []
        for number, text in zip(numbers, self.part_texts, strict=True):
            if number:
                parts.append(f"{format_number(number, language)} {text}")
        if not parts:
            return f"0 {self.part_texts[-1]}"
        return " ".join(parts)

    def format_written(self, language: str) -> str:
        """Format the amounts that are accepted: `1 to 99 per week`, `3 ft to 7 ft 11 in`."""
        if self.unit.parts and self.unit.keyed:
            keyed = self.unit.keyed
            low = self.format(int(keyed[0].low), language)
            high = self.format(int(keyed[-1].high), language)
            return f"{low} to {high}"
        ranges = format_ranges(self.unit.written, lambda number: format_number(number, language))
        return f"{ranges} {self.text}"

    def list_names(self) -> list[str]:
        """List what the unit or its parts can be called."""
        if not self.unit.parts:
            return _list_names(self.unit.name, self.text)
        names = []
        for part, text in zip(self.unit.parts, self.part_texts, strict=True):
            names += _list_names(part.name, text)
        return names

    def find_label(self) -> str:
        """Return what its amounts are counted in: its text, or that of its last part."""
        if self.part_texts:
            return self.part_texts[-1]
        return self.text


def read_quantity(
    text: str, language: str, quantity: Quantity, units: Sequence[UnitWords]
) -> int | NumberRejection:
    """Read what was typed as a keyed number, with or without the words of a unit."""
    typed = to_ascii_digits(text.strip())
    whole = _read_whole(typed, language)
    if whole is not None:
        return _check_number(typed, whole, language, quantity, units)
    expected = join_words([one.format_written(language) for one in units], "or")
    decimal = _DECIMAL.search(typed)
    if decimal is not None:
        example = _find_example(decimal[1], language, units) or expected
        return NumberRejection(f"whole numbers only: {example}")

    pairs = _split_pairs(typed)
    if not pairs:
        return NumberRejection(f"{text[:20]} is not an amount: {expected}")
    readings = list(_iterate_readings(pairs, units))
    if not readings:
        words: list[str] = []
        for one in units:
            words += one.part_texts or [one.text]
        return NumberRejection(f"{text[:20]}: after the number write {join_words(words, 'or')}")
    return _choose(text, readings, language)


class _Reading(NamedTuple):
    """One amount that a typed text can mean."""

    words: UnitWords
    keyed: int
    is_exact: bool
    """Whether the words of its unit are complete: `m` is a meter, and not the beginning of mile."""
    excess: str = ""
    """Why it can't be one: a part is too high."""

    def explain(self, language: str) -> str:
        """Explain why it isn't accepted; empty if it is."""
        if self.excess:
            return self.excess
        return _explain_beyond(self.words, self.keyed, language)


def _read_whole(typed: str, language: str) -> int | None:
    """Return a whole number in the notation of a language; None if it is something else."""
    if typed.isdecimal() and len(typed) <= MAX_DIGITS:
        return int(typed)  # 0150 is no number elsewhere, and is keyed like this on paper
    for reading in list_number_readings(typed, language):
        if reading.usual and not reading.places and reading.value >= 0:
            return int(reading.value)
    return None


def _find_example(whole: str, language: str, units: Sequence[UnitWords]) -> str:
    """Show how an amount in two parts is typed, beginning with the whole part of a decimal number.

    For 5.5 it is "5 ft 6 in is typed as 5'6 or 506". It isn't said to be the same amount: 5.5 can
    stand for 5 ft 5 in, too. It is empty if no unit has two parts and such an amount.
    """
    if len(whole) > MAX_DIGITS:
        return ""
    for one in units:
        if len(one.unit.parts) != 2:
            continue
        numbers = (int(whole), one.unit.parts[0].size // 2)
        keyed = one.unit.offset + one.unit.join(numbers)
        if one.unit.contains(keyed):
            return f"{one.format(keyed, language)} is typed as {numbers[0]}'{numbers[1]} or {keyed}"
    return ""


def _check_number(
    typed: str, number: int, language: str, quantity: Quantity, units: Sequence[UnitWords]
) -> int | NumberRejection:
    """Return a keyed number if it is an amount, or explain what is missing of one."""
    if quantity.find_unit(number) is not None:
        return number
    candidates = list(_iterate_meanings(typed, number, units))
    if candidates:
        return _ask_for_unit(typed, candidates, language, units)

    meant = quantity.find_meant_unit(number)
    for one in units:
        if one.unit is meant:
            reading = _Reading(one, number, is_exact=True, excess=_find_excess(one, number))
            return NumberRejection(reading.explain(language))
    ranges = format_ranges(quantity.keyed, lambda value: format_number(value, language))
    if len(quantity.keyed) > len(units):  # of parts, each of which has a range of its own
        ranges = join_words([one.format_written(language) for one in units], "or")
    return NumberRejection(f"{format_number(number, language)} is not {ranges}")


def _iterate_meanings(typed: str, number: int, units: Sequence[UnitWords]) -> Iterator[int]:
    """Yield the keyed numbers that a number without a unit may stand for, the likeliest first.

    A key may have too few digits after it (`17` for `107`), and so may a part (`59` for `509`). Or
    there is no key, and the number is the amount, of parts in the last of them.
    """
    found = []
    for one in units:
        unit = one.unit
        if unit.key is None or not typed.isdecimal():
            continue
        key = str(unit.key)
        if typed.startswith(key) and len(typed) > len(key):
            found.append(unit.offset + int(typed[len(key) :]))
    for one in units:
        if typed.isdecimal():
            found += _list_short_parts(typed, one.unit)
    for one in units:
        # 71 is no number of feet and inches, but it can be inches
        found.append(one.unit.compose(number))

    for one in units:
        for keyed in dict.fromkeys(found):
            if one.unit.contains(keyed):
                yield keyed


def _list_short_parts(typed: str, unit: QuantityUnit) -> list[int]:
    """List what digits stand for if zeros are missing: `6` for 6 ft 0, `59` for 5 ft 09."""
    if not unit.parts:
        return []
    other_parts = unit.parts[1:]
    only_first = [int(typed)] + [0] * len(other_parts)
    found = [unit.join(only_first)]

    # with three parts, it isn't known which of them lacks a zero
    if len(other_parts) == 1:
        for count in range(1, other_parts[0].digits):
            first = typed[:-count]
            second = typed[-count:]
            if first:
                found.append(unit.join((int(first), int(second))))
    return [unit.offset + digits for digits in found]


def _split_pairs(typed: str) -> list[tuple[int, str]]:
    """Split what was typed into numbers and the words after each; empty if it isn't like that."""
    pairs = []
    end = 0
    for match in _NUMBER_AND_WORDS.finditer(typed):
        if match.start() != end or len(match[1]) > MAX_DIGITS:
            return []
        pairs.append((int(match[1]), _normalize(match[2])))
        end = match.end()
    if end != len(typed):
        return []
    return pairs


def _normalize(words: str) -> str:
    """Return words without case, repeated blanks, and the signs beside them: `/week`, `in.`."""
    return " ".join(words.casefold().split()).strip(" ./")


def _iterate_readings(
    pairs: Sequence[tuple[int, str]], units: Sequence[UnitWords]
) -> Iterator[_Reading]:
    """Yield the amounts that numbers with words can mean in any unit."""
    for one in units:
        if one.unit.parts:
            yield from _iterate_readings_in_parts(pairs, one)
        elif len(pairs) == 1:
            number, words = pairs[0]
            names = _list_names(one.unit.name, one.text)
            if _matches(words, names):
                is_exact = words in names
                yield _Reading(one, one.unit.offset + number, is_exact)


def _iterate_readings_in_parts(
    pairs: Sequence[tuple[int, str]], one: UnitWords
) -> Iterator[_Reading]:
    """Yield the amount that numbers mean as parts, if they can be some of the unit's parts."""
    parts = one.unit.parts
    numbers: dict[int, int] = {}
    is_exact = True
    for number, words in pairs:
        expected = max(numbers, default=-1) + 1
        index = _find_part(words, one, expected)
        if index is None or index < expected or index >= len(parts):
            return
        numbers[index] = number
        names = _list_names(parts[index].name, one.part_texts[index])
        is_word = bool(words) and words[0].isalpha()
        if is_word and words not in names:
            is_exact = False

    is_only_last = list(numbers) == [len(parts) - 1]
    if is_only_last:
        # 71 inches are 5 feet 11
        yield _Reading(one, one.unit.compose(numbers[len(parts) - 1]), is_exact)
        return
    in_order = [numbers.get(index, 0) for index in range(len(parts))]
    excess = _explain_excess(one, in_order)
    yield _Reading(one, one.unit.offset + one.unit.join(in_order), is_exact, excess)


def _find_part(words: str, one: UnitWords, expected: int) -> int | None:
    """Find the part that a number's words or marks name; without any it is the next one."""
    parts = one.unit.parts
    if not words:
        return expected

    is_mark = words in _FIRST_PART_MARKS or words in _SECOND_PART_MARKS
    if is_mark and len(parts) != 2:
        return None
    if words in _FIRST_PART_MARKS:
        return 0
    if words in _SECOND_PART_MARKS:
        return 1

    for index, part in enumerate(parts):
        if _matches(words, _list_names(part.name, one.part_texts[index])):
            return index
    return None


def _list_names(name: str, text: str) -> list[str]:
    """List what a unit can be called: its name, its text, and the ends of it: `week`."""
    words = _normalize(text).split()
    ends = [" ".join(words[start:]) for start in range(len(words))]
    return [name.casefold(), *ends]


def _matches(words: str, names: Iterable[str]) -> bool:
    """Return whether words are one of these names, or the beginning of one."""
    return bool(words) and any(name.startswith(words) for name in names)


def _choose(text: str, readings: Sequence[_Reading], language: str) -> int | NumberRejection:
    """Return the only amount that is meant, or ask which one it is."""
    exact = [reading for reading in readings if reading.is_exact]
    meant = exact or list(readings)
    accepted = [reading.keyed for reading in meant if not reading.explain(language)]
    if len(accepted) == 1:
        return accepted[0]
    if not accepted:
        return NumberRejection(meant[0].explain(language))
    return _ask_for_unit(text, accepted, language, [reading.words for reading in readings])


def _ask_for_unit(
    typed: str, candidates: Sequence[int], language: str, units: Sequence[UnitWords]
) -> NumberRejection:
    """Ask which amount is meant, or whether it is the only one that it can be."""
    values = tuple(candidates[:_MAX_MEANINGS])
    meant = [one for one in units if any(one.unit.contains(value) for value in values)]
    question = "in which unit?"
    if len(values) == 1:
        question = f"{meant[0].format(values[0], language)}?"
    elif len(meant) == 1:
        question = "which amount?"
    return NumberRejection(f"{typed[:20]}: {question}", values)


def _find_excess(one: UnitWords, keyed: int) -> str:
    if not one.unit.parts:
        return ""
    return _explain_excess(one, one.unit.split(keyed - one.unit.offset))


def _explain_excess(one: UnitWords, numbers: Sequence[int]) -> str:
    """Explain that a part is too high: `13 in is more than 11`; empty if none is."""
    part = one.unit.find_excess(numbers)
    if part is None:
        return ""
    index = one.unit.parts.index(part)
    return f"{numbers[index]} {one.part_texts[index]} is more than {part.most}"


def _explain_beyond(one: UnitWords, keyed: int, language: str) -> str:
    """Explain that an amount isn't within the unit's range; empty if it is."""
    unit = one.unit
    if unit.contains(keyed):
        return ""
    low, high = find_limits(unit.keyed)
    amount = one.format(keyed, language)
    if low is not None and keyed < low:
        return f"{amount} is less than {one.format(int(low), language)}"
    if high is not None and keyed > high:
        return f"{amount} is more than {one.format(int(high), language)}"
    return f"{amount} is not {one.format_written(language)}"
