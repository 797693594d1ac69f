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
"""The unit of a number without one, after hours or minutes: the 30 of `1h30` are minutes."""
_CLOCK: Final = re.compile(r"(\d+):(\d\d)(?::(\d\d))?\Z", re.ASCII)
_PIECE: Final = re.compile(r"([0-9]+(?:[.,][0-9]{1,2}(?![0-9]))?)\s*([^\W\d_]*)\.?")
"""A number and its unit, which may be left out. A comma before three digits isn't read, since it
could set off thousands."""
_BETWEEN: Final = re.compile(r"[\s,]*(?:(?:and|und|y|et|e|en)\s+)?")
"""What may come between two such pieces: `1 hour and 30 minutes`."""


def describe_examples(unit: DurationUnit) -> str:
    """Return how a length of time can be typed: `90 (min) or 1:30`."""
    return _EXAMPLES[unit]


def split_duration(value: float, unit: DurationUnit) -> list[tuple[int, DurationUnit]]:
    """Split a length of time into its parts: 90 minutes into 1 hour and 30 minutes.

    Parts that are 0 are left out, except that 0 minutes are 0 minutes. The sign is left out.
    """
    parts = []
    rest = int(abs(value)) * SECONDS_IN[unit]
    for part in PARTS[unit]:
        number, rest = divmod(rest, SECONDS_IN[part])
        if number:
            parts.append((number, part))
    if not parts:
        return [(0, unit)]
    return parts


def abbreviate(value: float, unit: DurationUnit) -> str:
    """Write a length of time as it can be typed: `1 h 30 min`."""
    parts = [f"{number} {_SHORT_NAMES[part]}" for number, part in split_duration(value, unit)]
    sign = "-" if value < 0 else ""
    return sign + " ".join(parts)


def read_seconds(
    text: str, unit: DurationUnit, words: Mapping[str, int] = ENGLISH_WORDS
) -> float | Rejection:
    """Read a length of time as seconds.

    A number alone is in the unit. `1:30` is minutes and seconds if the unit is seconds, otherwise
    hours and minutes.
    """
    typed = to_ascii_digits(text.strip()).casefold()
    not_read = Rejection(f"{text[:20]} is not a length of time: type {_EXAMPLES[unit]}")
    if sum(character.isdecimal() for character in typed) > _MAX_DIGITS:
        return not_read
    if typed.isdecimal():
        return int(typed) * SECONDS_IN[unit]

    clock = _CLOCK.match(typed)
    if clock is not None:
        seconds = _read_clock(clock, unit)
    else:
        seconds = _read_pieces(typed, words)
    if seconds is None:
        return not_read
    return seconds


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
    size_before = 0  # the seconds of the unit of the piece before; 0 at the first
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
            size = _NEXT_SMALLER.get(size_before, 0)
        if not size:
            return None

        is_first = size_before == 0
        if not is_first and size >= size_before:
            return Rejection(f"{typed}: the larger unit comes first, and each one once")
        # 1 h 90 min may be a slip of the hand
        if not is_first and number * size >= size_before:
            return Rejection(f"{typed}: {piece[0].strip()} is as much as the unit before it")

        total += number * size
        size_before = size
        gap = _BETWEEN.match(typed, piece.end())
        assert gap is not None  # it may be empty
        at = gap.end()
    return round(total, 6)
