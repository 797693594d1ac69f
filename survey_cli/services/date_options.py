"""Which moment does somebody mean who writes `2026-11-24`, or `2026-11-24 17:00`? Read on the clock of whoever asks; now
is handed in.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple

from survey_cli.problems import UserError

WRITTEN: Final = "write a day as 2026-11-24, or a moment as '2026-11-24 17:00' or 2026-11-24T17:00-05:00"
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_TICK: Final = timedelta(microseconds=1)


class Moment(NamedTuple):
    """A moment that is not after now."""

    at: datetime
    """Aware, UTC."""
    words: str
    """On the clock of whoever asked, its zone said: `Tue 24 Nov 2026 17:00 (CET, UTC+01:00)`."""
    past: bool
    """Another moment than now was asked for."""


def now_said(now: datetime, zone: tzinfo | None) -> Moment:
    """This moment in words; `zone` is the computer's own where it is None."""
    return Moment(now.astimezone(UTC), _words(now.astimezone(zone)), past=False)


def past_moment(text: str, now: datetime, zone: tzinfo | None, *, option: str) -> Moment | UserError:
    """The moment that was written, local where no offset is: of a day its end, of today now. A wall time that the clock
    shows twice is the first one."""
    written = text.strip()
    try:
        if _DAY.match(written):
            return _end_of(date.fromisoformat(written), now, zone, option)
        found = datetime.fromisoformat(written)
    except (ValueError, OverflowError):
        return UserError(option, f"{written!r} is no moment", WRITTEN)
    at = (found if found.tzinfo else _local(found, zone)).astimezone(UTC)
    if at > now:
        return _to_come(written.removesuffix(" 00:00"), option)
    return Moment(at, _words(at.astimezone(zone)), past=True)


def begin_of(text: str, now: datetime, zone: tzinfo | None, *, option: str) -> Moment | UserError:
    """The same, but of a day its beginning."""
    return past_moment(
        f"{text.strip()} 00:00" if _DAY.match(text.strip()) else text, now, zone, option=option
    )


def _end_of(day: date, now: datetime, zone: tzinfo | None, option: str) -> Moment | UserError:
    if day > now.astimezone(zone).date():
        return _to_come(day.isoformat(), option)
    last = _local(datetime.combine(day + timedelta(days=1), time.min), zone) - _TICK
    if last.astimezone(UTC) > now:
        return now_said(now, zone)
    return Moment(
        last.astimezone(UTC),
        f"the end of {last:%a} {last.day} {last:%b} {last.year} ({_zone(last)})",
        past=True,
    )


def _to_come(written: str, option: str) -> UserError:
    return UserError(
        option, f"{written} is still to come", "name a moment that is past, or leave it out for now"
    )


def _local(wall: datetime, zone: tzinfo | None) -> datetime:
    return wall.astimezone() if zone is None else wall.replace(tzinfo=zone)


def _words(local: datetime) -> str:
    return f"{local:%a} {local.day} {local:%b} {local.year} {local:%H:%M} ({_zone(local)})"


def _zone(local: datetime) -> str:
    offset = local.strftime("%z")
    name = local.tzname() or ""
    utc = f"UTC{offset[:3]}:{offset[3:5]}" if offset.strip("+0") else "UTC"
    return utc if name in ("", "UTC") or name[:1] in "+-" else f"{name}, {utc}"
