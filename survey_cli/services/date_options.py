"""Parsing of dates and times given as options, in the user's time zone.

The current time is a parameter.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple

from survey_cli.problems import UserError

FORMAT_REMEDY: Final = (
    "write a date as 2026-11-24, or a date and time as '2026-11-24 17:00' or 2026-11-24T17:00-05:00"
)
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_TICK: Final = timedelta(microseconds=1)
"""The smallest difference of two times: the end of a day is so much before the next day."""


class RequestedTime(NamedTuple):
    """A point in time that is not in the future."""

    at: datetime
    """Aware, UTC."""
    text: str
    """In the user's time zone, which is named: `Tue 24 Nov 2026 17:00 (CET, UTC+01:00)`."""
    past: bool
    """Whether it is earlier than now."""


def describe_now(now: datetime, zone: tzinfo | None) -> RequestedTime:
    """Return the current time as text in a time zone; None means the computer's."""
    return RequestedTime(now.astimezone(UTC), _format_local(now.astimezone(zone)), past=False)


def parse_past_time(text: str, now: datetime, zone: tzinfo | None, *, option: str) -> RequestedTime:
    """Parse a past time, which is local if it has no offset.

    A day means its end, today means now. Of a wall time that occurs twice, the first is meant.
    Raises UserError.
    """
    value = text.strip()
    try:
        if _DAY.match(value):
            return _resolve_end_of_day(date.fromisoformat(value), now, zone, option)
        parsed = datetime.fromisoformat(value)
    except (ValueError, OverflowError):
        raise UserError(option, f"{value!r} is not a date and time", FORMAT_REMEDY) from None
    if parsed.tzinfo is None:
        parsed = _to_local(parsed, zone)
    at = parsed.astimezone(UTC)
    if at > now:
        # `parse_start_time` added it to a day.
        raise _make_future_error(value.removesuffix(" 00:00"), option)
    return RequestedTime(at, _format_local(at.astimezone(zone)), past=True)


def parse_as_of(text: str, now: datetime, zone: tzinfo | None) -> RequestedTime:
    """Parse the time of `--as-of`; an empty text means now. Raises UserError."""
    if not text:
        return describe_now(now, zone)
    return parse_past_time(text, now, zone, option="--as-of")


def parse_start_time(
    text: str, now: datetime, zone: tzinfo | None, *, option: str
) -> RequestedTime:
    """Parse a past time; a day means its beginning. Raises UserError."""
    value = text.strip()
    if _DAY.match(value):
        value = f"{value} 00:00"
    return parse_past_time(value, now, zone, option=option)


def _resolve_end_of_day(
    day: date, now: datetime, zone: tzinfo | None, option: str
) -> RequestedTime:
    """Return the end of a day, or now if it is today. Raises UserError if it is in the future."""
    if day > now.astimezone(zone).date():
        raise _make_future_error(day.isoformat(), option)
    next_day = datetime.combine(day + timedelta(days=1), time.min)
    last = _to_local(next_day, zone) - _TICK
    if last.astimezone(UTC) > now:
        return describe_now(now, zone)
    text = f"the end of {last:%a} {last.day} {last:%b} {last.year} ({_format_zone(last)})"
    return RequestedTime(last.astimezone(UTC), text, past=True)


def _make_future_error(value: str, option: str) -> UserError:
    remedy = "give a time in the past, or leave the option out"
    return UserError(option, f"{value} is in the future", remedy)


def _to_local(wall: datetime, zone: tzinfo | None) -> datetime:
    """Return a wall time as a time in a time zone; None means the computer's."""
    if zone is None:
        return wall.astimezone()
    return wall.replace(tzinfo=zone)


def _format_local(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b} {local.year} {local:%H:%M} ({_format_zone(local)})"


def _format_zone(local: datetime) -> str:
    """Return the name of the time zone and its offset: `CET, UTC+01:00`."""
    utc = "UTC"
    offset = local.strftime("%z")
    if offset.strip("+0"):
        utc = f"UTC{offset[:3]}:{offset[3:5]}"

    # Many zones have no name but their offset: `+03`.
    name = local.tzname() or ""
    if name in ("", "UTC") or name[0] in "+-":
        return utc
    return f"{name}, {utc}"
