"""Lengths of time as people write them, in seconds: `90`, `1:30`, `1h30`, `1 hour 30 minutes`."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from survey_cli.entries import Rejection, to_ascii_digits


class DurationUnit(StrEnum):
    """The unit in which a length of time is stored."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"

    @property
    def name_of_one(self) -> str:
        """The unit in the singular, as it is also called in Unicode's data: `minute`."""
        return self.value.removesuffix("s")


SECONDS_IN: Final[Mapping[DurationUnit, int]] = {
    DurationUnit.SECONDS: 1,
    DurationUnit.MINUTES: 60,
    DurationUnit.HOURS: 3600,
    DurationUnit.DAYS: 86_400,
}
SECONDS_IN_WEEK: Final = 7 * 86_400
_EXAMPLES: Final[Mapping[DurationUnit, str]] = {
    DurationUnit.SECONDS: "90 (s) or 1:30",
    DurationUnit.MINUTES: "90 (min) or 1:30",
    DurationUnit.HOURS: "36 (h) or 1 d 12 h",
    DurationUnit.DAYS: "10 (d) or 1 w 3 d",
}
PARTS: Final[Mapping[DurationUnit, tuple[DurationUnit, ...]]] = {
    DurationUnit.SECONDS: (DurationUnit.HOURS, DurationUnit.MINUTES, DurationUnit.SECONDS),
    DurationUnit.MINUTES: (DurationUnit.HOURS, DurationUnit.MINUTES),
    DurationUnit.HOURS: (DurationUnit.HOURS,),
    DurationUnit.DAYS: (DurationUnit.DAYS,),
}
"""The units in which a length of time is written."""
_SHORT_NAMES: Final[Mapping[DurationUnit, str]] = {
    DurationUnit.SECONDS: "s",
    DurationUnit.MINUTES: "min",
    DurationUnit.HOURS: "h",
    DurationUnit.DAYS: "d",
}
_MAX_DIGITS: Final = 9
ENGLISH_WORDS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), SECONDS_IN_WEEK),
}
"""Words for units, and how many seconds one is."""
_NEXT_SMALLER: Final[Mapping[int, int]] = {3600: 60, 60: 1}
"""What a number without a unit is after hours or minutes: `1h30`."""
_CLOCK: Final = re.compile(r"(\d+):(\d\d)(?::(\d\d))?\Z", re.ASCII)
_PIECE: Final = re.compile(r"([0-9]+(?:[.,][0-9]{1,2}(?![0-9]))?)\s*([^\W\d_]*)\.?")
"""A number and its unit. With three digits after it, a comma would be one of thousands."""
_BETWEEN: Final = re.compile(r"[\s,]*(?:(?:and|und|y|et|e|en)\s+)?")
"""What may come between two parts: `1 hour and 30 minutes`."""


def describe_examples(unit: DurationUnit) -> str:
    """Return how a length of time can be typed: `90 (min) or 1:30`."""
    return _EXAMPLES[unit]


def split_duration(value: float, unit: DurationUnit) -> list[tuple[int, DurationUnit]]:
    """Split a length of time into its parts: hours and minutes, or nothing but zero minutes."""
    parts = []
    rest = int(abs(value)) * SECONDS_IN[unit]
    for larger in PARTS[unit]:
        number, rest = divmod(rest, SECONDS_IN[larger])
        if number:
            parts.append((number, larger))
    return parts or [(0, unit)]


def abbreviate(value: float, unit: DurationUnit) -> str:
    """Write a length of time as it can be typed: `1 h 30 min`."""
    parts = [f"{number} {_SHORT_NAMES[part]}" for number, part in split_duration(value, unit)]
    sign = "-" if value < 0 else ""
    return sign + " ".join(parts)


def read_seconds(
    text: str, unit: DurationUnit, words: Mapping[str, int] = ENGLISH_WORDS
) -> float | Rejection:
    """Read a length of time as seconds.

    A number alone is in the unit. `1:30` is hours and minutes, in seconds minutes and seconds.
    """
    typed = to_ascii_digits(text.strip()).casefold()
    otherwise = Rejection(f"{text[:20]} is not a length of time: type {_EXAMPLES[unit]}")
    if sum(character.isdecimal() for character in typed) > _MAX_DIGITS:
        return otherwise
    if typed.isdecimal():
        return int(typed) * SECONDS_IN[unit]

    clock = _CLOCK.match(typed)
    if clock is not None:
        seconds = _read_clock(clock, unit)
    else:
        seconds = _read_pieces(typed, words)
    return otherwise if seconds is None else seconds


def _read_clock(clock: re.Match[str], unit: DurationUnit) -> float | Rejection | None:
    """Read `1:30` or `1:30:00`; None if the unit has no such form."""
    first, second, third = clock.groups()
    if unit is DurationUnit.DAYS:
        return None
    smaller = [int(part) for part in (second, third) if part is not None]
    if max(smaller) > 59:
        return Rejection(f"{clock[0]}: after the colon comes a number from 00 to 59")

    if third is not None:
        return int(first) * 3600 + int(second) * 60 + int(third)
    if unit is DurationUnit.SECONDS:
        return int(first) * 60 + int(second)
    return int(first) * 3600 + int(second) * 60


def _read_pieces(typed: str, words: Mapping[str, int]) -> float | Rejection | None:
    """Read `1h30`, `1 hour 30 minutes`, `1.5 h`; None if it is no such text."""
    if not typed:
        return None

    total = 0.0
    before = 0
    at = 0
    while at < len(typed):
        piece = _PIECE.match(typed, at)
        if piece is None:
            return None
        digits, word = piece.groups()
        number = float(digits.replace(",", "."))
        if word:
            size = words.get(word, 0)
        else:
            size = _NEXT_SMALLER.get(before, 0)
        if not size:
            return None
        if before and size >= before:
            return Rejection(f"{typed}: the larger unit comes first, and each one once")
        if before and number * size >= before:
            return Rejection(f"{typed}: {piece[0].strip()} is as much as the unit before it")

        total += number * size
        before = size
        gap = _BETWEEN.match(typed, piece.end())
        assert gap is not None  # it may be empty
        at = gap.end()
    return round(total, 6)
