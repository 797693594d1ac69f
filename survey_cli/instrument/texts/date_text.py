"""Dates and times of day as people type them, and as they are written back.

It reads no clock, and does not accept `today`.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, time
from typing import Final

from survey_cli.entries import Rejection, to_ascii_digits
from survey_cli.values import Value

_MONTHS: Final = (
    "January February March April May June July August September October November December"
)
MONTHS: Final = tuple(_MONTHS.split())
FIRST_YEAR: Final = 1800
LAST_YEAR: Final = 2200
"""The first and the last year that a date may have."""
DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FILLERS: Final = "of de del the den der el feira ngày tháng năm г р ค ศ วัน ที่ 年 月 日 년 월 일"
FILLER_WORDS: Final = frozenset(_FILLERS.split())
"""Words between the parts of a date that have no meaning of their own."""
_ORDINAL: Final = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)


def read_date(
    text: str,
    *,
    month_first: bool = False,
    partial: bool = False,
    names: Sequence[Sequence[str]] = (MONTHS, DAYS),
) -> date | str | Rejection:
    """Read `3 Mar 1985`, `3/3/1985`, `1985-03-03`; if `partial`, also `Mar 1985`, `3/1985`, `1985`.

    A partial date is returned as ISO text. Years need four digits: two would leave the century
    open. `names` are those of months and days in another language, January and Monday first, which
    are accepted in addition to the English ones.
    """
    months, days = names
    if not text:
        return Rejection("a date is required")
    otherwise = Rejection(f"{text[:20]} is not a date: write day, month and year")
    pieces = _split_pieces(_ORDINAL.sub("", to_ascii_digits(text)))
    if pieces is None or len(text) > 60:
        return otherwise

    numbers: list[str] = []
    named_months: list[int] = []
    weekdays: list[int] = []
    for piece in pieces:
        if piece.isdecimal():
            numbers.append(piece)
            continue
        if piece.casefold() in FILLER_WORDS:
            continue
        month = _find_name(piece, months, 12) or _find_name(piece, MONTHS, 12)
        if month:
            named_months.append(month)
            continue
        weekday = _find_name(piece, days, 7) or _find_name(piece, DAYS, 7)
        if not weekday:
            return otherwise
        weekdays.append(weekday)
    if len(named_months) > 1 or len(weekdays) > 1:
        return otherwise

    value = _build_date(numbers, named_months, month_first=month_first, partial=partial)
    if not value:
        return otherwise
    if weekdays and isinstance(value, date) and value.isoweekday() != weekdays[0]:
        day = DAYS[weekdays[0] - 1]
        return Rejection(f"{format_date(value)}, not a {day}: which date is meant?")
    return value


def _split_pieces(text: str) -> list[str] | None:
    """Split a text into numbers and words; None if anything else is between them."""
    pieces: list[str] = []
    before = ""
    for character in text.replace("\u200c", ""):
        if character.isdecimal():
            kind = "number"
        elif unicodedata.category(character)[0] in "LM":  # letters, and the marks above them
            kind = "word"
        elif character.isspace() or character in ".,،、/-\u200e\u200f\u061c":
            kind = ""
        else:
            return None

        if kind == "word" and before == "number" and character in FILLER_WORDS:
            kind = ""  # 2026年11月24日
        elif kind and kind == before:
            pieces[-1] += character
        elif kind:
            pieces.append(character)
        before = kind
    return pieces


def _build_date(
    numbers: list[str], named_months: list[int], *, month_first: bool, partial: bool
) -> date | str | Rejection | None:
    """Build the date from the numbers typed and the months named; None if that is not possible."""
    years = [int(number) for number in numbers if len(number) == 4]
    if not years:
        return Rejection("write the year with four digits")
    year = years[0]
    others = [int(number) for number in numbers]
    is_year_first = others[0] == year
    others.remove(year)
    if len(others) > 2 - len(named_months):
        return None

    if named_months:
        day_month = [*others[:1], *named_months]
    else:
        day_month = others
        if is_year_first or month_first:
            day_month.reverse()

    if not FIRST_YEAR <= year <= LAST_YEAR:
        return Rejection(f"the year {year} is out of range")
    month = day_month[-1] if day_month else 1
    if not 1 <= month <= 12:
        return Rejection(f"there is no month {month}")
    if len(day_month) == 2:
        return _build_full_date(year, month, day_month[0])
    if day_month and partial:
        return f"{year:04}-{month:02}"
    if partial:
        return f"{year:04}"
    if day_month:
        return Rejection("the day is required too")
    return Rejection("day and month are required too")


def _build_full_date(year: int, month: int, day: int) -> date | Rejection:
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return Rejection(f"there is no {day} {MONTHS[month - 1]} {year}")


def _find_name(word: str, names: Sequence[str], count: int) -> int | None:
    """Find the month or day, from 1, whose name is this word or starts with it.

    The beginning has three letters or more. `names` may contain several forms of all `count` names,
    one list after another.
    """
    folded = word.casefold()
    folded_names = [name.casefold().replace("\u200c", "") for name in names]
    if folded in folded_names:
        return folded_names.index(folded) % count + 1
    if len(folded) < 3:
        return None
    for index, name in enumerate(folded_names):
        if name.startswith(folded):
            return index % count + 1
    return None


def format_date(value: Value | None) -> str:
    """Format a full or partial date: `Sunday 3 March 1985`, `March 1985`, `1985`."""
    if isinstance(value, date):
        return f"{value:%A} {value.day} {MONTHS[value.month - 1]} {value.year}"
    parts = str(value).split("-")
    if len(parts) == 2 and parts[1].isdecimal():
        year, month = parts
        return f"{MONTHS[int(month) - 1]} {year}"
    return str(value)


_TIME: Final = re.compile(r"(\d{1,2})(?:[:.h ]?(\d{2}))?\s*([ap])?\.?(?:m\.?)?\Z", re.IGNORECASE)


def read_time(text: str) -> time | Rejection:
    """Read `930`, `9:30`, `9.30 pm`, `21:30`, `9 am`, `noon` or `midnight`."""
    word = to_ascii_digits(text).strip().lower()
    if word == "midnight":
        return time(0)
    if word in ("noon", "midday"):
        return time(12)
    match = _TIME.match(word)
    if match is None:
        what = f"{text[:20]} is not a time"
        if not word:
            what = "a time is required"
        return Rejection(f"{what}: 9:30, 9:30 pm or 21:30")

    hour = int(match[1])
    minute = int(match[2] or 0)
    half_of_day = match[3]
    if half_of_day:
        if not 1 <= hour <= 12:
            return Rejection(f"there is no {hour} {half_of_day}m")
        hour %= 12  # 12 am is midnight, and 12 pm noon
        if half_of_day == "p":
            hour += 12
    if hour > 23 or minute > 59:
        return Rejection(f"there is no {hour}:{minute:02}")
    return time(hour, minute)


def format_time(value: time) -> str:
    """Format a time of day with its part of the day: `09:30 (9:30 in the morning)`.

    The part makes it likely that a mistake is noticed.
    """
    hour = value.hour % 12 or 12
    if value.hour < 5:
        part = "at night"
    elif value.hour < 12:
        part = "in the morning"
    elif value.hour < 18:
        part = "in the afternoon"
    else:
        part = "in the evening"
    return f"{value:%H:%M} ({hour}:{value.minute:02} {part})"
