"""Parsers of hours, days of the week, durations and percentages. They explain each mistake."""

import re
from typing import Final, NamedTuple

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DELAY_WORDS: Final = ("never", "held", "appointment")
"""Delays in the outcome table that are not durations."""

_HOURS: Final = re.compile(r"(\d\d):(\d\d) ?[-–] ?(\d\d):(\d\d)\Z", re.ASCII)
_DURATION: Final = re.compile(r"[1-9]\d{0,3}[mhd]\Z", re.ASCII)
_SHORT_DURATION: Final = re.compile(r"[1-9]\d{0,3}[sm]\Z", re.ASCII)
_SHARE: Final = re.compile(r"(\d{1,3})%\Z", re.ASCII)
_MINUTES_OF_DAY: Final = 24 * 60


class Hours(NamedTuple):
    """Start and end in minutes after midnight; 24:00 is the end of the day."""

    start: int
    end: int


def format_clock(minute: int) -> str:
    """Format minutes after midnight as `09:05`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def parse_days(text: str) -> tuple[str, ...] | str:
    """Parse `mon`, `mon-fri` or `fri-mon` as days. Returns what is wrong if it can't."""
    first, dash, last = text.strip().lower().partition("-")
    if not dash:
        last = first
    for day in (first, last):
        if day not in DAYS:
            return f"{day!r} is not a day"

    start = DAYS.index(first)
    end = DAYS.index(last)
    if start <= end:
        return DAYS[start : end + 1]
    return (*DAYS[start:], *DAYS[: end + 1])


def parse_hours(text: str) -> Hours | tuple[str, str]:
    """Parse hours such as `09:00-20:30`. Returns what is wrong, and the remedy, if it can't."""
    match = _HOURS.match(text.strip())
    if not match:
        return f"{str(text)!r} is not a range of hours", 'write "09:00-20:30", in quotes'

    start_hour, start_minute, end_hour, end_minute = map(int, match.groups())
    start = start_hour * 60 + start_minute
    end = end_hour * 60 + end_minute
    has_minutes = start_minute < 60 and end_minute < 60
    # 24:00 ends a day and begins none
    if not has_minutes or start >= _MINUTES_OF_DAY or end > _MINUTES_OF_DAY:
        what = f"{str(text)!r} is not a time of day"
        return what, 'write hours from 00 to 24 and minutes to 59: "09:00-20:30"'

    if start >= end:
        what = f"{match[3]}:{match[4]} is not later than {match[1]}:{match[2]}"
        return what, "write the earlier time first, both on the same day"
    return Hours(start, end)


def validate_duration(text: str, *, words: bool) -> tuple[str, str] | None:
    """Return what is wrong with `20m`, `3h` or `7d`, and the remedy; None if it is valid.

    With `words`, the delays that are not durations are valid too: `never`.
    """
    if _DURATION.match(text) or (words and text in DELAY_WORDS):
        return None

    remedy = "write minutes, hours or days: 20m, 3h, 7d"
    if words:
        remedy += ", or never"
    number, unit = _split_duration(text)
    is_month = unit.startswith("mo")
    if unit.startswith("w"):
        remedy = f"write {number * 7}d"
    elif number and unit[:1] in ("m", "h", "d") and not is_month:
        remedy = f"write {number}{unit[0]}"
    return f"{str(text)!r} is not a duration", remedy


def _split_duration(text: str) -> tuple[int, str]:
    """Split `2 weeks` into the number and the word after it. Without a number they are 0 and ""."""
    match = re.match(r"\s*(\d+)\s*([a-z]*)", text.lower())
    return (int(match[1]), match[2]) if match else (0, "")


def validate_short_duration(text: str) -> tuple[str, str] | None:
    """Return what is wrong with `20s` or `2m`, and the remedy; None if it is valid."""
    if _SHORT_DURATION.match(text):
        return None

    number, unit = _split_duration(text)
    remedy = "write seconds or minutes: 20s, 2m"
    if number and unit[:1] in ("", "s"):
        remedy = f"write {number}s"
    return f"{str(text)!r} is not a number of seconds or minutes", remedy


def validate_share(text: str) -> str:
    """Return what is wrong with `50%`; empty if it is valid."""
    match = _SHARE.match(text)
    if match and 1 <= int(match[1]) <= 100:
        return ""
    return f"{str(text)!r} is not a percentage of the items"
