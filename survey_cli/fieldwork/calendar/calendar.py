"""May this zone be called at this moment, which part of the day is it there, when does calling open and close next?

Knows no clock: every moment is an aware datetime argument. Knows no cases and no attempts.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.zones import day_start, moment_of, stretches, wall_at
from survey_cli.instrument.countries import (
    build_usual_hours,
    find_permitted_hours,
    find_region,
    find_weekend,
    list_public_holidays,
    parse_country,
)
from survey_cli.instrument.schema.document import DaypartSpec, FieldworkSpec
from survey_cli.instrument.schema.hours import DAYS, Hours, format_clock, parse_days, parse_hours

SEARCHED_DAYS: Final = 400
"""How far ahead an opening is looked for: any yearly closing lies within."""
NO_ZONE: Final = "nobody knows what time it is there"

DAY_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def short_day(day: date) -> str:
    """`Thu 26 Nov`, in English whatever the machine speaks."""
    return f"{DAY_NAMES[day.weekday()][:3]} {day.day} {_MONTH_NAMES[day.month - 1]}"


class DayPart(NamedTuple):
    """A part of the day over which attempts are spread: these days of the week, or these hours of any day."""

    name: str
    days: frozenset[int] = frozenset()
    """Monday is 0; empty: the part is one of hours."""
    hours: Hours = Hours(0, 24 * 60)
    weight: int = 1
    """How many attempts it is given for one in a part of weight 1."""


def usual_parts(country: str) -> tuple[DayPart, ...]:
    """The parts where a study writes none: the country's weekend; on other days evening begins at 17:00."""
    return (
        DayPart("weekend", days=frozenset(find_weekend(country))),
        DayPart("day", hours=Hours(0, 17 * 60)),
        DayPart("evening", hours=Hours(17 * 60, 24 * 60)),
    )


USUAL_PARTS: Final = usual_parts("")


class Opening(NamedTuple):
    """Whether a case may be called at a moment."""

    open: bool
    why: str
    """Why not, as `before 09:00 there (it is 07:12)`, `Sunday there`, `closed on Thu 26 Nov`, `Thanksgiving Day`; empty
    where it is open."""
    until: datetime | None
    """The moment it closes, in UTC; None where it is not open."""
    next: datetime | None
    """The next moment it is open, in UTC: this one where it is open, None where there is no more before the last day."""


class _Stretch(NamedTuple):
    start: datetime
    end: datetime
    part: str


class _Day(NamedTuple):
    """One local day in one zone."""

    closed: str
    """Why nobody is called on any hour of it; empty where somebody may be."""
    hours: Hours
    stretches: tuple[_Stretch, ...]
    """The open time in order, cut where a part of the day ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a study calls."""

    hours: dict[int, Hours] = field(default_factory=lambda: build_usual_hours(""))
    """By day of the week, Monday is 0; days that are missing are never called."""
    own_hours: bool = True
    """The study wrote them; else they are the country's usual ones."""
    wide: bool = False
    """There is a reason for hours outside the band."""
    closed: frozenset[date] = frozenset()
    country: str | None = None
    """The country by whose holidays, calling hours and way of writing dates the study goes."""
    region: str = ""
    """The region whose holidays count, `DE-BY`; empty: the country's own only."""
    holidays: bool = True
    """Nobody is called on public holidays of the country and the region."""
    starts: date | None = None
    ends: date | None = None
    """The last day of calling, in the respondent's zone."""
    parts: tuple[DayPart, ...] = USUAL_PARTS
    """In the order they are asked: the first that fits a moment is its part."""
    own_parts: bool = True
    """The study wrote them; else they are the country's usual ones."""
    _known: dict[tuple[str, date], _Day] = field(default_factory=dict, init=False, repr=False, compare=False)
    _regional: "dict[str, Calendar]" = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, written: FieldworkSpec | None) -> "Calendar":
        """The calendar of a checked instrument; what its checks refuse is passed over here."""
        if written is None:
            return cls(own_hours=False, own_parts=False)
        spans = {
            DAYS.index(day): span
            for name, text in written.hours.items()
            if isinstance(named := parse_days(name), tuple) and isinstance(span := parse_hours(text), Hours)
            for day in named
        }
        parts = [part for name, entry in written.dayparts.items() if (part := _part(str(name), entry))]
        country = str(written.country or "")
        return cls(
            hours=spans if written.hours else build_usual_hours(country),
            own_hours=bool(written.hours),
            wide=written.reason is not None,
            closed=frozenset(day for text in written.closed if (day := _date(text))),
            country=country or None,
            region=find_region(str(written.region), country) if written.region else "",
            holidays=written.holidays,
            starts=_date(written.starts),
            ends=_date(written.ends),
            # a part of days beats one of hours: Saturday at 11 is the weekend, not the day
            parts=tuple(sorted(parts, key=lambda part: not part.days))
            if written.dayparts
            else usual_parts(country),
            own_parts=bool(written.dayparts),
        )

    def of_region(self, region: str) -> "Calendar":
        """The calendar for respondents in this country (`EG`) or region (`DE-BY`): its holidays, its band and, where the
        study wrote no hours, its usual ones. The study's own where `region` is empty."""
        if not region or region == (self.region or self.country):
            return self
        found = self._regional.get(region)
        if found is None:
            country = parse_country(region)
            found = self._regional[region] = replace(
                self,
                country=country,
                region=region if region != country else "",
                hours=self.hours if self.own_hours else build_usual_hours(country),
                parts=self.parts if self.own_parts else usual_parts(country),
            )
        return found

    def opening(self, zones: Sequence[str], at: datetime) -> Opening:
        """Whether a case that may be in any of these zones can be called: only where all of them are open."""
        if not zones:
            return Opening(False, NO_ZONE, None, None)
        until: datetime | None = None
        for zone in zones:
            end = self._end(zone, at)
            if end is None:
                why = self._why(zone, at)
                return Opening(
                    False, why if len(zones) == 1 else f"{zone}: {why}", None, self._next(zones, at)
                )
            until = end if until is None or end < until else until
        return Opening(True, "", until, at.astimezone(UTC))

    def daypart(self, zones: Sequence[str], at: datetime) -> str:
        """The name of the part of the day, whether or not it is open; of several zones the first, the likeliest,
        speaks. Empty where no part fits, or no zone is known."""
        if not zones:
            return ""
        wall = wall_at(zones[0], at)
        return self._part_of(wall.date(), wall.hour * 60 + wall.minute)

    def next_in(self, zones: Sequence[str], at: datetime, dayparts: Collection[str]) -> datetime | None:
        """The next open moment, in UTC, from `at` on that lies in one of these parts of the day; None where there is
        none before the last day."""
        return self._next(zones, at, dayparts) if zones else None

    def local_day(self, zone: str, at: datetime) -> date:
        """The day it is in the zone."""
        return wall_at(zone, at).date()

    def next_day(self, zone: str, at: datetime) -> datetime:
        """The moment the next local day begins, in UTC."""
        following = self.local_day(zone, at) + timedelta(days=1)
        begins = day_start(zone, following)
        if begins > at:
            return begins
        # the clock went back over midnight: the following day begins a second time
        return moment_of(zone, datetime.combine(following, time(fold=1)))

    def closed_on(self, day: date) -> str:
        """Why nobody is called on this day: `Sunday there`, `closed on Thu 26 Nov`, `Thanksgiving Day`, `after the
        study's last day, …`; empty where somebody is."""
        if self.starts is not None and day < self.starts:
            return f"before the study's first day, {short_day(self.starts)}"
        if self.ends is not None and day > self.ends:
            return f"after the study's last day, {short_day(self.ends)}"
        if day in self.closed:
            return f"closed on {short_day(day)}"
        where = self.region or self.country
        if self.holidays and where and (holiday := list_public_holidays(where, day.year).get(day)):
            return f"{holiday}, {short_day(day)}"
        return "" if self.hours_of(day) is not None else f"{DAY_NAMES[day.weekday()]} there"

    def hours_of(self, day: date) -> Hours | None:
        """The calling hours of this day of the week, within the band unless there is a reason for wider ones."""
        written = self.hours.get(day.weekday())
        if written is None or self.wide:
            return written
        band = find_permitted_hours(self.country or "", day.weekday())
        kept = Hours(max(written.start, band.start), min(written.end, band.end))
        return kept if kept.start < kept.end else None

    def _part_of(self, day: date, minute: int) -> str:
        for part in self.parts:
            if (day.weekday() in part.days) if part.days else part.hours.start <= minute < part.hours.end:
                return part.name
        return ""

    def _day(self, zone: str, day: date) -> _Day:
        known = self._known.get((zone, day))
        if known is None:
            known = self._known[zone, day] = self._made(zone, day)
        return known

    def _made(self, zone: str, day: date) -> _Day:
        why, span = self.closed_on(day), self.hours_of(day) or Hours(0, 0)
        if why:
            return _Day(why, span, ())
        edges = {edge for part in self.parts for edge in part.hours if span.start < edge < span.end}
        cuts = sorted({*edges, *span})
        found = sorted(
            _Stretch(start, end, self._part_of(day, first))
            for first, last in pairwise(cuts)
            for start, end in stretches(zone, _wall(day, first), _wall(day, last))
        )
        return _Day("", span, tuple(found))

    def _end(self, zone: str, at: datetime) -> datetime | None:
        """When the zone, open now, closes; None where it is not open."""
        end: datetime | None = None
        for stretch in self._day(zone, wall_at(zone, at).date()).stretches:
            if (stretch.start <= at < stretch.end) if end is None else stretch.start == end:
                end = stretch.end
        return end

    def _why(self, zone: str, at: datetime) -> str:
        wall = wall_at(zone, at)
        day = self._day(zone, wall.date())
        if day.closed:
            return day.closed
        now = wall.hour * 60 + wall.minute
        early = now < day.hours.start
        edge = format_clock(day.hours.start if early else day.hours.end)
        return f"{'before' if early else 'after'} {edge} there (it is {format_clock(now)})"

    def _next(
        self, zones: Sequence[str], at: datetime, parts: Collection[str] | None = None
    ) -> datetime | None:
        """Each zone puts the moment off to its own next opening, until none does."""
        began = at if self.starts is None else max(at, day_start(zones[0], self.starts))
        moment, last = at, began + timedelta(days=SEARCHED_DAYS)
        while True:
            put_off = moment
            for number, zone in enumerate(zones):
                found = self._next_of(zone, put_off, last, parts if number == 0 else None)
                if found is None:
                    return None
                put_off = found
            if put_off == moment:
                return moment.astimezone(UTC)
            moment = put_off

    def _next_of(
        self, zone: str, at: datetime, last: datetime, parts: Collection[str] | None
    ) -> datetime | None:
        for day in self._days(zone, at, last):
            for stretch in self._day(zone, day).stretches:
                if at < stretch.end and (parts is None or stretch.part in parts):
                    return max(at, stretch.start)
        return None

    def _days(self, zone: str, at: datetime, last: datetime) -> Iterator[date]:
        """The local days on which an opening may lie."""
        # where the clock goes back over midnight, the day before comes a second time
        day = self.local_day(zone, at) - timedelta(days=1)
        if self.starts is not None:
            day = max(day, self.starts)
        end = self.local_day(zone, last)
        if self.ends is not None:
            end = min(end, self.ends)
        while day <= end:
            yield day
            day += timedelta(days=1)


def _part(name: str, entry: DaypartSpec | str) -> DayPart | None:
    weight = 1
    if isinstance(entry, DaypartSpec):
        weight, entry = max(1, entry.weight), str(entry.days or entry.hours or "")
    named = parse_days(entry)
    if isinstance(named, tuple):
        return DayPart(name, days=frozenset(DAYS.index(day) for day in named), weight=weight)
    span = parse_hours(entry)
    return DayPart(name, hours=span, weight=weight) if isinstance(span, Hours) else None


def _date(text: str | None) -> date | None:
    """None where nothing is written, or no date."""
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError:
        return None


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minute)
