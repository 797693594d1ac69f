"""Calling hours of a study: whether a zone is open, its part of the day, the next changes.

Uses no clock: every time is an aware datetime argument. Uses no cases and no attempts.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from itertools import pairwise
from typing import Final, NamedTuple, assert_never

from survey_cli.fieldwork.calendar.zones import (
    find_day_start,
    iterate_intervals,
    make_wall_time,
    to_utc,
    to_wall_time,
)
from survey_cli.instrument import countries
from survey_cli.instrument.schema.document import DaypartSpec, FieldworkSpec
from survey_cli.instrument.schema.hours import DAYS, Hours, format_clock, parse_days, parse_hours
from survey_cli.wording import Words

MAX_SEARCH_DAYS: Final = 400
"""Number of days ahead in which an opening is searched for: more than a year, which contains every
yearly closing."""
NO_ZONE_REASON: Final = "its time zone is not known"

DAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NAMES: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def format_short_day(day: date) -> str:
    """Return `Thu 26 Nov`, in English whatever the machine's locale."""
    return f"{DAY_NAMES[day.weekday()][:3]} {day.day} {_MONTH_NAMES[day.month - 1]}"


class Daypart(NamedTuple):
    """A part of the day over which attempts are spread: days of the week, or hours of any day."""

    name: str
    days: frozenset[int] = frozenset()
    """Monday is 0. Empty if the part consists of hours."""
    hours: Hours = Hours(0, 24 * 60)
    weight: int = 1
    """The number of attempts it gets for one attempt in a part of weight 1."""

    def contains(self, day: date, minute: int) -> bool:
        """Return whether a minute of a day lies in this part."""
        if self.days:
            return day.weekday() in self.days
        return self.hours.start <= minute < self.hours.end


def build_usual_dayparts(country: str) -> tuple[Daypart, ...]:
    """Build the parts for a study that defines none.

    These are the country's weekend, and on other days the evening from 17:00 and the time before.
    """
    return (
        Daypart("weekend", days=frozenset(countries.find_weekend(country))),
        Daypart("day", hours=Hours(0, 17 * 60)),
        Daypart("evening", hours=Hours(17 * 60, 24 * 60)),
    )


USUAL_DAYPARTS: Final = build_usual_dayparts("")


class ClosingReason(Enum):
    """Why nobody is called on a day. Under each reason: what `ClosedDay.detail` contains."""

    BEFORE_START = auto()
    """The first day of the study."""
    AFTER_END = auto()
    """Its last day."""
    CLOSED = auto()
    """The day."""
    HOLIDAY = auto()
    """The name of the holiday, and the day."""
    WEEKDAY = auto()
    """The day of the week."""


class ClosedDay(NamedTuple):
    """Why nobody is called on one day, with the data that its words need."""

    reason: ClosingReason
    detail: str

    @property
    def words(self) -> Words:
        """The reason in words: `Sunday there`, `closed on Thu 26 Nov`, `Thanksgiving Day, …`."""
        match self.reason:
            case ClosingReason.BEFORE_START:
                return Words(f"before the study's first day, {self.detail}")
            case ClosingReason.AFTER_END:
                return Words(f"after the study's last day, {self.detail}")
            case ClosingReason.CLOSED:
                return Words(f"closed on {self.detail}")
            case ClosingReason.HOLIDAY:
                return Words(self.detail)
            case ClosingReason.WEEKDAY:
                return Words(f"{self.detail} there")
            case _:
                assert_never(self.reason)


class Opening(NamedTuple):
    """Whether a case may be called at a time."""

    open: bool
    why: str
    """Why it is not open, such as `before 09:00 there (it is 07:12)`, `Sunday there`, `Thanksgiving
    Day`; empty if it is open."""
    until: datetime | None
    """The time at which it closes, in UTC; None if it is not open."""
    next: datetime | None
    """The next open time, in UTC: the time itself if it is open, None if it does not open before
    the last day."""


class _OpenInterval(NamedTuple):
    start: datetime
    end: datetime
    part: str


class _Day(NamedTuple):
    """One local day in one zone."""

    closing: ClosedDay | None
    """Why nobody is called on this day; None if it has calling hours."""
    hours: Hours
    intervals: tuple[_OpenInterval, ...]
    """The open time in order, cut where a part of the day ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The calling hours, holidays and parts of the day of a study, in one country or region."""

    hours: dict[int, Hours] = field(default_factory=lambda: countries.build_usual_hours(""))
    """Calling hours by day of the week (Monday is 0); nobody is called on missing days."""
    own_hours: bool = True
    """The hours are the study's own; otherwise they are the country's usual ones."""
    wide_hours: bool = False
    """There is a reason for hours outside the permitted ones."""
    closed_days: frozenset[date] = frozenset()
    country: str | None = None
    """The country whose holidays, calling hours and date format apply."""
    region: str = ""
    """The region whose holidays apply, `DE-BY`; empty for only those of the country."""
    holidays: bool = True
    """Nobody is called on public holidays of the country and the region."""
    starts: date | None = None
    ends: date | None = None
    """The last day of calling, in the respondent's zone."""
    parts: tuple[Daypart, ...] = USUAL_DAYPARTS
    """In the order in which they are tried: the first that contains a time is its part."""
    own_parts: bool = True
    """The parts are the study's own; otherwise they are the country's usual ones."""
    _days: dict[tuple[str, date], _Day] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _regional: "dict[str, Calendar]" = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def from_written(cls, spec: FieldworkSpec | None) -> "Calendar":
        """Build the calendar of a checked instrument; values that its checks reject are skipped."""
        if spec is None:
            return cls(own_hours=False, own_parts=False)

        country = str(spec.country or "")
        region = ""
        if spec.region:
            region = countries.find_region(str(spec.region), country)
        hours = countries.build_usual_hours(country)
        if spec.hours:
            hours = _parse_all_hours(spec)
        parts = build_usual_dayparts(country)
        if spec.dayparts:
            parts = _parse_dayparts(spec)
        closed_days = {_parse_date(text) for text in spec.closed}
        return cls(
            hours=hours,
            own_hours=bool(spec.hours),
            wide_hours=spec.reason is not None,
            closed_days=frozenset(day for day in closed_days if day is not None),
            country=country or None,
            region=region,
            holidays=spec.holidays,
            starts=_parse_date(spec.starts),
            ends=_parse_date(spec.ends),
            parts=parts,
            own_parts=bool(spec.dayparts),
        )

    def for_region(self, region: str) -> "Calendar":
        """Return the calendar for respondents in this country (`EG`) or region (`DE-BY`).

        It has the holidays and permitted hours of the region, and the region's usual hours if the
        study has no own hours. For an empty region it is the study's calendar.
        """
        if not region or region == (self.region or self.country):
            return self
        calendar = self._regional.get(region)
        if calendar is None:
            country = countries.parse_country(region)
            calendar = self._regional[region] = replace(
                self,
                country=country,
                region=region if region != country else "",
                hours=self.hours if self.own_hours else countries.build_usual_hours(country),
                parts=self.parts if self.own_parts else build_usual_dayparts(country),
            )
        return calendar

    def find_opening(self, zones: Sequence[str], at: datetime) -> Opening:
        """Return whether all these zones are open: the case may be in any of them."""
        if not zones:
            return Opening(False, NO_ZONE_REASON, None, None)
        ends = []
        for zone in zones:
            end = self._find_end(zone, at)
            if end is None:
                why = self._explain_closed(zone, at)
                if len(zones) > 1:
                    why = f"{zone}: {why}"
                return Opening(False, why, None, self.find_next_opening(zones, at))
            ends.append(end)
        return Opening(True, "", min(ends), at.astimezone(UTC))

    def find_daypart(self, zones: Sequence[str], at: datetime) -> str:
        """Return the name of the part of the day, open or not.

        Empty if no part fits or no zone is known. The first zone counts, which is the most likely
        one.
        """
        if not zones:
            return ""
        wall = to_wall_time(zones[0], at)
        return self._find_part(wall.date(), wall.hour * 60 + wall.minute)

    def find_next_opening(
        self, zones: Sequence[str], at: datetime, dayparts: Collection[str] = ()
    ) -> datetime | None:
        """Return the next open time from `at` on, in UTC; only in `dayparts`, if any are given.

        None if no such time comes before the last day. Each zone moves the time on to its own next
        opening, until none does.
        """
        if not zones:
            return None
        search_start = at
        if self.starts is not None:
            search_start = max(at, find_day_start(zones[0], self.starts))
        search_end = search_start + timedelta(days=MAX_SEARCH_DAYS)

        # every zone may move the time on to an hour at which another one is closed
        current = at
        while True:
            postponed = current
            for number, zone in enumerate(zones):
                # the part of the day is that of the first zone
                zone_parts = dayparts if number == 0 else ()
                opening = self._find_next_of_zone(zone, postponed, search_end, zone_parts)
                if opening is None:
                    return None
                postponed = opening
            if postponed == current:
                return current.astimezone(UTC)
            current = postponed

    def find_local_day(self, zone: str, at: datetime) -> date:
        """Return the current day in the zone."""
        return to_wall_time(zone, at).date()

    def find_next_day(self, zone: str, at: datetime) -> datetime:
        """Return when the next local day begins, in UTC."""
        next_day = self.find_local_day(zone, at) + timedelta(days=1)
        start = find_day_start(zone, next_day)
        if start > at:
            return start
        # the clock went back over midnight: the next day begins a second time
        return to_utc(zone, datetime.combine(next_day, time(fold=1)))

    def find_closing(self, day: date) -> ClosedDay | None:
        """Return why nobody is called on this day; None if it has calling hours."""
        if self.starts is not None and day < self.starts:
            return ClosedDay(ClosingReason.BEFORE_START, format_short_day(self.starts))
        if self.ends is not None and day > self.ends:
            return ClosedDay(ClosingReason.AFTER_END, format_short_day(self.ends))
        if day in self.closed_days:
            return ClosedDay(ClosingReason.CLOSED, format_short_day(day))
        where = self.region or self.country
        if self.holidays and where:
            holiday = countries.list_public_holidays(where, day.year).get(day)
            if holiday:
                detail = f"{holiday}, {format_short_day(day)}"
                return ClosedDay(ClosingReason.HOLIDAY, detail)
        if self.find_hours(day) is None:
            return ClosedDay(ClosingReason.WEEKDAY, DAY_NAMES[day.weekday()])
        return None

    def is_closed_day(self, day: date) -> bool:
        """Return whether nobody is called on this day."""
        return self.find_closing(day) is not None

    def find_hours(self, day: date) -> Hours | None:
        """Return the calling hours of this day of the week.

        They are within the permitted hours unless there is a reason for wider ones.
        """
        hours = self.hours.get(day.weekday())
        if hours is None or self.wide_hours:
            return hours
        permitted = countries.find_permitted_hours(self.country or "", day.weekday())
        hours = Hours(max(hours.start, permitted.start), min(hours.end, permitted.end))
        return hours if hours.start < hours.end else None

    def _find_part(self, day: date, minute: int) -> str:
        for part in self.parts:
            if part.contains(day, minute):
                return part.name
        return ""

    def _get_day(self, zone: str, day: date) -> _Day:
        if (zone, day) not in self._days:
            self._days[zone, day] = self._build_day(zone, day)
        return self._days[zone, day]

    def _build_day(self, zone: str, day: date) -> _Day:
        hours = self.find_hours(day) or Hours(0, 0)
        closing = self.find_closing(day)
        if closing is not None:
            return _Day(closing, hours, ())

        cuts = {hours.start, hours.end}
        for part in self.parts:
            cuts |= {edge for edge in part.hours if hours.start < edge < hours.end}
        intervals = []
        for first, last in pairwise(sorted(cuts)):
            part_name = self._find_part(day, first)
            # an hour that clocks skip or repeat makes no interval, or two
            times = iterate_intervals(zone, make_wall_time(day, first), make_wall_time(day, last))
            intervals += [_OpenInterval(start, end, part_name) for start, end in times]
        return _Day(None, hours, tuple(sorted(intervals)))

    def _find_end(self, zone: str, at: datetime) -> datetime | None:
        """Return when the zone, open now, closes; None if it is not open."""
        end: datetime | None = None
        for interval in self._get_day(zone, to_wall_time(zone, at).date()).intervals:
            is_current = interval.start <= at < interval.end
            # intervals are cut where a part of the day ends, and the zone stays open
            continues = end is not None and interval.start == end
            if is_current or continues:
                end = interval.end
        return end

    def _explain_closed(self, zone: str, at: datetime) -> str:
        """Return why a zone is not open now."""
        wall = to_wall_time(zone, at)
        day = self._get_day(zone, wall.date())
        if day.closing is not None:
            return str(day.closing.words)
        minute = wall.hour * 60 + wall.minute
        now = format_clock(minute)
        if minute < day.hours.start:
            return f"before {format_clock(day.hours.start)} there (it is {now})"
        return f"after {format_clock(day.hours.end)} there (it is {now})"

    def _find_next_of_zone(
        self, zone: str, at: datetime, search_end: datetime, dayparts: Collection[str]
    ) -> datetime | None:
        """Return the next open time of one zone up to `search_end`; None if there isn't one."""
        # if the clock goes back over midnight, the day before comes a second time
        day = self.find_local_day(zone, at) - timedelta(days=1)
        if self.starts is not None:
            day = max(day, self.starts)
        last_day = self.find_local_day(zone, search_end)
        if self.ends is not None:
            last_day = min(last_day, self.ends)

        while day <= last_day:
            for interval in self._get_day(zone, day).intervals:
                is_in_part = not dayparts or interval.part in dayparts
                if at < interval.end and is_in_part:
                    return max(at, interval.start)
            day += timedelta(days=1)
        return None


def _parse_all_hours(spec: FieldworkSpec) -> dict[int, Hours]:
    """Parse calling hours by day of the week; entries that the checks reject are skipped."""
    hours_by_day = {}
    for name, text in spec.hours.items():
        days = parse_days(name)
        hours = parse_hours(text)
        if isinstance(days, tuple) and isinstance(hours, Hours):
            for day in days:
                hours_by_day[DAYS.index(day)] = hours
    return hours_by_day


def _parse_dayparts(spec: FieldworkSpec) -> tuple[Daypart, ...]:
    """Parse parts of the day, in the order in which they are tried.

    Entries that the checks reject are skipped.
    """
    parsed = [_parse_daypart(str(name), entry) for name, entry in spec.dayparts.items()]
    parts = [part for part in parsed if part is not None]
    # parts of days go before parts of hours: Saturday at 11 is the weekend, not the day
    return tuple(sorted(parts, key=lambda part: not part.days))


def _parse_daypart(name: str, entry: DaypartSpec | str) -> Daypart | None:
    """Parse one part of the day; None if it is neither days nor hours."""
    weight = 1
    if isinstance(entry, DaypartSpec):
        weight = max(1, entry.weight)
        entry = str(entry.days or entry.hours or "")
    days = parse_days(entry)
    if isinstance(days, tuple):
        return Daypart(name, days=frozenset(DAYS.index(day) for day in days), weight=weight)
    hours = parse_hours(entry)
    if isinstance(hours, Hours):
        return Daypart(name, hours=hours, weight=weight)
    return None


def _parse_date(text: str | None) -> date | None:
    """Parse a date; None for any other text."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
