"""Conversion between wall times of a zone and UTC, across clock changes.

Wall times are naive datetimes, UTC times aware ones. Uses no clock of its own.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

ToLocal: TypeAlias = Callable[[datetime], datetime]
"""Converts a time to a station's clock."""
WallTimeKind: TypeAlias = Literal["once", "never", "twice"]
"""How often a clock shows a wall time: never if it is put forward past it, twice if it is put
back."""


@lru_cache(maxsize=1024)
def get_zone(name: str) -> ZoneInfo:
    """Return the zone of an IANA name.

    Raises `KeyError` (`ZoneInfoNotFoundError`) or `ValueError` if there is no such zone.
    """
    return ZoneInfo(name)


def to_wall_time(zone: str, at: datetime) -> datetime:
    """Return the wall time at a time; its `fold` is 1 the second time the clock shows it."""
    return at.astimezone(get_zone(zone)).replace(tzinfo=None)


def make_wall_time(day: date, minute: int) -> datetime:
    """Return the wall time so many minutes after midnight.

    1440 is the midnight at the end of the day.
    """
    return datetime.combine(day, time.min) + timedelta(minutes=minute)


def classify_wall_time(zone: str, wall: datetime) -> WallTimeKind:
    """Return whether the clock shows this wall time once, never, or twice."""
    first = _find_offset(zone, wall.replace(fold=0))
    second = _find_offset(zone, wall.replace(fold=1))
    if first == second:
        return "once"
    # a clock that is put back is less far ahead of UTC afterwards
    return "twice" if first > second else "never"


def to_utc(zone: str, wall: datetime) -> datetime:
    """Return when the clock shows this wall time, in UTC: first or, with `fold` 1, second.

    A time that is never shown becomes the time at which the clock was put forward past it, so that
    later walls are never earlier times.
    """
    if classify_wall_time(zone, wall) == "never":
        # of a skipped time, fold 1 has the offset after the change, which gives the earlier time
        before = _subtract_offset(wall, _find_offset(zone, wall.replace(fold=1)))
        after = _subtract_offset(wall, _find_offset(zone, wall.replace(fold=0)))
        return _locate_change(zone, before, after)
    return _subtract_offset(wall, _find_offset(zone, wall))


def find_day_start(zone: str, day: date) -> datetime:
    """Return when a local day begins, in UTC; for a day that a zone skipped, when it did so."""
    return to_utc(zone, datetime.combine(day, time.min))


def find_midnight(at: datetime, to_local: ToLocal) -> datetime:
    """Return when the day of this time began on a station's clock.

    If the clock showed midnight twice it is the first one, and if it was put forward past midnight
    it is the time of that change.
    """
    local = to_local(at)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    # The offset of midnight is not always that of now: clocks may have changed since, or at
    # midnight itself. So that of the day before is tried first.
    before = midnight.replace(tzinfo=to_local(midnight - timedelta(days=1)).tzinfo)
    after = midnight.replace(tzinfo=to_local(midnight).tzinfo)
    for candidate in (before, after):
        # By way of UTC, since a time that is already in the zone is left as it is.
        shown = to_local(candidate.astimezone(UTC))
        if shown.replace(tzinfo=None) == midnight.replace(tzinfo=None):
            return shown
    return to_local(before.astimezone(UTC))


def iterate_intervals(
    zone: str, wall_from: datetime, wall_to: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the time during which the clock shows `wall_from` or later, but not yet `wall_to`.

    These are pairs of times in UTC: one pair, or none or two on a day on which the clock changes.
    """
    # no zone is, or was, further from UTC than this
    farthest = timedelta(hours=16)
    least = _subtract_offset(wall_from, farthest)
    most = _subtract_offset(wall_to, -farthest)
    start_of_offset = least
    while start_of_offset < most:
        offset = _find_offset_at(zone, start_of_offset)
        until = _find_next_change(zone, start_of_offset, most)
        start = max(start_of_offset, _subtract_offset(wall_from, offset))
        end = min(until, _subtract_offset(wall_to, offset))
        if start < end:
            yield start, end
        start_of_offset = until


def _find_offset(zone: str, wall: datetime) -> timedelta:
    return wall.replace(tzinfo=get_zone(zone)).utcoffset() or timedelta()


def _subtract_offset(wall: datetime, offset: timedelta) -> datetime:
    return (wall.replace(fold=0) - offset).replace(tzinfo=UTC)


def _find_offset_at(zone: str, at: datetime) -> timedelta:
    return at.astimezone(get_zone(zone)).utcoffset() or timedelta()


def _find_next_change(zone: str, since: datetime, until: datetime) -> datetime:
    """Return the first change of the clock after `since`, or `until`.

    Zones change at most once in twelve hours.
    """
    offset = _find_offset_at(zone, since)
    while since < until:
        probe = min(since + timedelta(hours=12), until)
        if _find_offset_at(zone, probe) != offset:
            return _locate_change(zone, since, probe)
        since = probe
    return until


def _locate_change(zone: str, before: datetime, after: datetime) -> datetime:
    """Find the whole second between the two times at which the offset becomes that of `after`."""
    before = before.replace(microsecond=0)
    offset = _find_offset_at(zone, after)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _find_offset_at(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after
