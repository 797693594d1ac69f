"""Parsers of hours, days of the week, durations and percentages, with an explanation of each mistake."""

import re
from typing import Final, NamedTuple

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(r"(\d\d):(\d\d) ?[-–] ?(\d\d):(\d\d)\Z", re.ASCII)
_DURATION: Final = re.compile(r"[1-9]\d{0,3}[mhd]\Z", re.ASCII)
_SHORT_DURATION: Final = re.compile(r"[1-9]\d{0,3}[sm]\Z", re.ASCII)
_SHARE: Final = re.compile(r"(\d{1,3})%\Z", re.ASCII)
DELAY_WORDS: Final = ("never", "held", "appointment")
"""Delays in the outcome table that are not durations."""


class Hours(NamedTuple):
    """Start and end in minutes after midnight; 24:00 is the end of the day."""

    start: int
    end: int


def format_clock(minute: int) -> str:
    """Format minutes after midnight as `09:05`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def parse_days(text: str) -> tuple[str, ...] | str:
    """Parse the days that `mon`, `mon-fri` or `fri-mon` names; returns what is wrong if it names none."""
    first, dash, last = text.strip().lower().partition("-")
    last = last if dash else first
    for day in (first, last):
        if day not in DAYS:
            return f"{day!r} is not a day"
    start, end = DAYS.index(first), DAYS.index(last)
    return DAYS[start : end + 1] if start <= end else (*DAYS[start:], *DAYS[: end + 1])


def parse_hours(text: str) -> Hours | tuple[str, str]:
    """Parse hours such as `09:00-20:30`; returns what is wrong, and the remedy, if they are not valid."""
    match = _HOURS.match(text.strip())
    if not match:
        return f"{str(text)!r} is not a range of hours", 'write "09:00-20:30", in quotes'
    start, end = (int(match[i]) * 60 + int(match[i + 1]) for i in (1, 3))
    if int(match[2]) > 59 or int(match[4]) > 59 or start > 1439 or end > 1440:
        return (
            f"{str(text)!r} is not a time of day",
            'write hours from 00 to 24 and minutes to 59: "09:00-20:30"',
        )
    if start >= end:
        what = f"{match[3]}:{match[4]} is not later than {match[1]}:{match[2]}"
        return what, "write the earlier time first, both on the same day"
    return Hours(start, end)


def validate_duration(text: str, *, words: bool) -> tuple[str, str] | None:
    """Return what is wrong with `20m`, `3h` or `7d` (or, with `words`, `never`), and the remedy; None if it is valid."""
    if _DURATION.match(text) or (words and text in DELAY_WORDS):
        return None
    remedy = "write minutes, hours or days: 20m, 3h, 7d" + (", or never" if words else "")
    number, word = _split_duration(text)
    if word.startswith("w"):
        remedy = f"write {number * 7}d"
    elif word[:1] in ("m", "h", "d") and not word.startswith("mo") and number:
        remedy = f"write {number}{word[0]}"
    return f"{str(text)!r} is not a duration", remedy


def _split_duration(text: str) -> tuple[int, str]:
    """Split `2 weeks` into the number and the word after it; 0 where there is no number."""
    match = re.match(r"\s*(\d+)\s*([a-z]*)", text.lower())
    return (int(match[1]), match[2]) if match else (0, "")


def validate_short_duration(text: str) -> tuple[str, str] | None:
    """Return what is wrong with `20s` or `2m`, and the remedy; None if it is valid."""
    if _SHORT_DURATION.match(text):
        return None
    number, word = _split_duration(text)
    remedy = (
        f"write {number}s"
        if number and word[:1] in ("", "s")
        else "write seconds or minutes: 20s, 2m"
    )
    return f"{str(text)!r} is not a number of seconds or minutes", remedy


def validate_share(text: str) -> str:
    """Return what is wrong with `50%`; empty if it is valid."""
    match = _SHARE.match(text)
    return (
        ""
        if match and 1 <= int(match[1]) <= 100
        else f"{str(text)!r} is not a percentage of the items"
    )
