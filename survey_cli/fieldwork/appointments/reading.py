"""Which time on the respondent's clock does `tomorrow 3pm` mean?

What is typed at a station is read into a wall time in its zone, or asked about. Knows no clock: the moment it is now is
an argument.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, assert_never

from survey_cli.fieldwork.appointments.appointment import Meant, Unclear, begin
from survey_cli.fieldwork.appointments.grammar import (
    Ahead,
    Between,
    Clock,
    Day,
    DayOfMonth,
    Minutes,
    NotRead,
    OnDate,
    Part,
    SameTime,
    Span,
    TwoNumbers,
    Typed,
    Weekday,
    read_text,
)
from survey_cli.fieldwork.calendar.calendar import DAY_NAMES, Calendar, short_day
from survey_cli.fieldwork.calendar.zones import standing, wall_at, zone_of
from survey_cli.instrument.countries import PERMITTED_HOURS
from survey_cli.instrument.schema.hours import Hours, format_clock

WINDOW: Final = timedelta(minutes=30)
"""How long a promise of one time lasts before it is missed."""
FAR: Final = timedelta(days=183)
"""An appointment further ahead than this is remarked upon."""
MONTH_FIRST: Final = frozenset({"US", "FM", "GU", "MH", "MP", "AS", "PR", "PW", "VI"})
"""Countries where 11/5 is the fifth of November."""
EITHER_FIRST: Final = frozenset({"CA", "PH"})
"""Countries where both are usual, so it is asked."""


def read_appointment(
    text: str,
    *,
    now: datetime,
    zones: Sequence[str],
    calendar: Calendar,
    window: timedelta = WINDOW,
    here: str = "",
    languages: Sequence[str] = (),
) -> Meant | Unclear:
    """What is typed at the station, on the respondent's clock, or on that of the zone `here` where the text says so. Of
    several possible zones the first is taken where all come to the same moment, or one is named in the text; else it is
    asked which."""
    if not zones:
        return Unclear(
            what="no time zone is known for this case", remedy="set the zone where the respondent is"
        )
    parts = {part.name: part.hours for part in calendar.parts if not part.days}
    typed = read_text(text, year=wall_at(zones[0], now).year, parts=parts, languages=languages)
    if isinstance(typed, NotRead):
        return Unclear(what=typed.what, remedy=typed.remedy)
    if typed.zone is not None:
        if not _is_zone(typed.zone):
            return Unclear(what=f"there is no time zone {typed.zone}", remedy="write it as America/Denver")
        zones = [typed.zone]
    if typed.here and not here:
        return Unclear(what="this station's time zone is not known", remedy="write the time there")
    readers = [_Reader(now, zone, calendar, window) for zone in zones]
    answers = [reader.read_from(here, typed) if typed.here else reader.read(typed) for reader in readers]
    certain = typed.here or isinstance(typed.time, Minutes)
    return answers[0] if len(answers) == 1 else _of_all(answers, zones, relative=certain)


def _is_zone(name: str) -> bool:
    try:
        zone_of(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _of_all(answers: list[Meant | Unclear], zones: Sequence[str], *, relative: bool) -> Meant | Unclear:
    """One answer for a case that may be in any of these zones."""
    refused = [answer for answer in answers if isinstance(answer, Unclear)]
    meant = _distinct(answer for answer in answers if isinstance(answer, Meant))
    if relative and refused:
        return refused[0]
    if not meant:
        return replace(refused[0], choices=tuple(_distinct(c for answer in refused for c in answer.choices)))
    if len(meant) == 1 and not refused:
        return meant[0]
    return Unclear(
        what=f"in which zone? This number may be in {' or '.join(zones)}",
        remedy="ask what time it is there, and choose",
        choices=tuple(meant),
    )


def _distinct(meant: Iterable[Meant]) -> list[Meant]:
    """The first of those that begin, and if they are spans end, together."""
    return list({(m.starts, None if m.exact else m.ends): m for m in reversed(list(meant))}.values())[::-1]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads for one zone."""

    now: datetime
    zone: str
    calendar: Calendar
    window: timedelta

    @property
    def here(self) -> datetime:
        """The wall time now, to the minute."""
        return wall_at(self.zone, self.now).replace(second=0, microsecond=0)

    @property
    def today(self) -> date:
        return self.here.date()

    def read(self, typed: Typed) -> Meant | Unclear:
        if isinstance(typed.time, Minutes):
            return self._later(typed.time.minutes)
        if isinstance(typed.day, Span):
            return self._in_span(typed.day, typed)
        days = self._days(typed.day)
        if isinstance(days, Unclear):
            return days
        fitting = [day for day in days if typed.weekday in (None, day.weekday())]
        if not fitting:
            return Unclear(
                what=f"{short_day(days[0])} is no {DAY_NAMES[typed.weekday or 0]}",
                remedy="write the day or the date",
            )
        answer = self._one_of([answer for day in fitting for answer in self._on(day, typed)])
        match answer:
            case Meant():
                return replace(answer, hint=" · ".join(filter(None, (self._taken(typed.day), answer.hint))))
            case Unclear(choices=()) if typed.day is None:
                return replace(answer, choices=self._following(self.today, typed))
        return answer

    def read_from(self, here: str, typed: Typed) -> Meant | Unclear:
        """A time of day on another clock, as it is on this one."""
        assert isinstance(typed.time, Clock)
        days = replace(self, zone=here)._days(typed.day)
        if isinstance(days, Unclear):
            return days
        answers: list[Meant | Unclear] = []
        for day in days:
            for minute in typed.time.halves():
                at = _wall(day, minute).replace(tzinfo=zone_of(here)).astimezone(UTC)
                wall = wall_at(self.zone, at)
                answers += self._made(wall.date(), wall.hour * 60 + wall.minute, None, wall.fold)
        return self._one_of(answers)

    def _later(self, minutes: int) -> Meant | Unclear:
        at = self.now.astimezone(UTC) + timedelta(minutes=minutes)
        if at.second or at.microsecond:
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        wall = wall_at(self.zone, at)
        minute = wall.hour * 60 + wall.minute
        return self._one_of(self._made(wall.date(), minute, None, wall.fold))

    # --- the day

    def _days(self, day: Day | None) -> list[date] | Unclear:
        """The day or, where it is not certain, those it may be."""
        match day:
            case None:
                return [self.today]
            case Ahead(days=days):
                return [self.today + timedelta(days=days)]
            case Weekday(day=number, week=week):
                coming = self.today + timedelta(days=(number - self.today.weekday()) % 7)
                if week == 1:
                    return [self._monday(1) + timedelta(days=number)]
                # on a Tuesday, "tuesday" is today's or the next one
                return (
                    [coming, coming + timedelta(days=7)]
                    if coming == self.today and week is None
                    else [coming]
                )
            case OnDate(month=month, day=number, year=year):
                return self._date(month, number, year)
            case TwoNumbers(first=first, second=second, year=year):
                orders = {(first, second), (second, first)}
                if self.calendar.country in MONTH_FIRST:
                    orders = {(first, second)} if first <= 12 else {(second, first)}
                elif self.calendar.country and self.calendar.country not in EITHER_FIRST:
                    orders = {(second, first)} if second <= 12 else {(first, second)}
                possible = [order for order in sorted(orders) if 1 <= order[0] <= 12]
                if not possible:
                    return Unclear(what=f"there is no month {second}", remedy="write 26 nov")
                found = [self._date(month, number, year) for month, number in possible]
                dates = [date for dates in found if not isinstance(dates, Unclear) for date in dates]
                return dates or found[0]
            case DayOfMonth(day=number):
                first_days = (_month_after(self.today, n) for n in range(13))
                coming_ones = (d for first in first_days if (d := _day_in(first, number)) and d >= self.today)
                found_day = next(coming_ones, None)
                return [found_day] if found_day else Unclear(what=f"no month has a day {number}")
            case Span():
                raise AssertionError("a span is no day")
            case _:
                assert_never(day)

    def _date(self, month: int, number: int, year: int | None) -> list[date] | Unclear:
        if year is not None and not self.today.year - 1 <= year <= self.today.year + 2:
            return Unclear(what=f"the year {year} is out of range", remedy="write it as 26 nov")
        years = range(self.today.year, self.today.year + 3) if year is None else [year]
        days = [d for y in years if (d := _day_in(date(y, month, 1), number))] if 1 <= month <= 12 else []
        if not days:
            return Unclear(what=f"there is no such day: {number}/{month}", remedy="write it as 26 nov")
        coming = next((day for day in days if day >= self.today), days[-1])
        # in November, "20 nov" may be last week's, so the refusal of this year's is worth hearing
        return [days[0], coming] if coming - self.today > FAR and days[0] != coming else [coming]

    def _monday(self, week: int) -> date:
        return self.today + timedelta(days=7 * week - self.today.weekday())

    def _taken(self, day: Day | None) -> str:
        """Which day `next tuesday` was taken to be, where there is a nearer one."""
        if not isinstance(day, Weekday) or day.week != 1:
            return ""
        nearer = self.today + timedelta(days=(day.day - self.today.weekday() - 1) % 7 + 1)
        taken = self._monday(1) + timedelta(days=day.day)
        return f"not {short_day(nearer)}, which is this week's" if nearer != taken else ""

    # --- the time

    def _on(self, day: date, typed: Typed) -> list[Meant | Unclear]:
        """What may be meant on this day."""
        span = self.calendar.hours_of(day) or PERMITTED_HOURS
        match typed.time:
            case Clock():
                spans: list[tuple[int, int | None]] = [(m, None) for m in _halves(typed.time, span)]
            case SameTime():
                spans = [(self.here.hour * 60 + self.here.minute, None)]
            case Between(start=start, end=end):
                spans = list(_ends(start, end, span))
            case Part(hours=hours):
                spans = [(hours.start, hours.end)]
            case None:
                spans = [(span.start, span.end)]
            case Minutes():
                raise AssertionError("minutes from now have no day")
            case _:
                assert_never(typed.time)
        if not spans:
            return [
                Unclear(
                    what="the end is not later than the beginning", remedy="write them as between 2 and 4"
                )
            ]
        return [answer for start, end in spans for answer in self._made(day, start, end, typed.fold)]

    def _made(self, day: date, start: int, end: int | None, fold: int | None) -> list[Meant | Unclear]:
        """The time on this day, twice where the clock shows it twice; or why it is none. Without an end it is exact."""
        wall = _wall(day, start)
        if closed := self._closed(day, start, end):
            return [closed]
        span = self.calendar.hours_of(day) or PERMITTED_HOURS
        if end is None:
            shown = standing(self.zone, wall)
            if shown == "never":
                return [self._skipped(day, wall)]
            folds = [0] if shown == "once" else [0, 1] if fold is None else [fold]
            wall_end = min(wall + self.window, _wall(day, span.end))
            marks = ("",) if shown == "once" else (" (first)", " (second)")
            made = [self._meant(wall, wall_end, f, True, f"{wall:%H:%M}{marks[f]}") for f in folds]
            return [m if m.starts >= self._minute() else self._passed(m) for m in made]
        wall, wall_end, fold = (
            max(wall, _wall(day, span.start)),
            min(_wall(day, end), _wall(day, span.end)),
            fold or 0,
        )
        if begin(self.zone, wall_end, fold) <= self._minute():
            return [self._passed(self._meant(wall, wall_end, fold, False, _times(wall, wall_end)))]
        if begin(self.zone, wall, fold) < self._minute():
            wall, fold = self.here.replace(fold=0), self.here.fold
        return [self._meant(wall, wall_end, fold, False, _times(wall, wall_end))]

    def _meant(self, wall: datetime, wall_end: datetime, fold: int, exact: bool, times: str) -> Meant:
        ahead = wall.date() - self.today
        return Meant(
            wall=wall,
            wall_end=wall_end,
            zone=self.zone,
            fold=fold,
            exact=exact,
            told=f"{self._day(wall.date())} {times}",
            hint=f"that is {round(ahead.days / 30.44)} months ahead" if ahead > FAR else "",
        )

    def _day(self, day: date) -> str:
        return short_day(day) if day.year == self.today.year else f"{short_day(day)} {day.year}"

    def _minute(self) -> datetime:
        return self.now.replace(second=0, microsecond=0)

    # --- refusals

    def _passed(self, meant: Meant) -> Unclear:
        return Unclear(
            what=f"{meant.told} has passed there, where it is {short_day(self.today)} {self.here:%H:%M}",
            remedy="write a later time",
        )

    def _closed(self, day: date, start: int, end: int | None) -> Unclear | None:
        if day < self.today:
            return Unclear(what=f"{self._day(day)} has passed", remedy="write a later day")
        if day.year > self.today.year + 2:
            return Unclear(what=f"{self._day(day)} is too far ahead", remedy="write a nearer day")
        if why := self.calendar.closed_on(day):
            last = self.calendar.ends
            if last is not None and day > last:
                return Unclear(
                    what=f"{self._day(day)} is {why}",
                    remedy="take an earlier day, or close the case with an outcome",
                )
            minutes = Typed(
                time=Clock(start, True) if end is None else Between(Clock(start, True), Clock(end, True))
            )
            return Unclear(
                what=f"nobody is called then: {why}",
                remedy="take another day",
                choices=self._following(day, minutes),
            )
        span = self.calendar.hours_of(day) or PERMITTED_HOURS
        remedy = f"take a time from {format_clock(span.start)} to {format_clock(span.end)} there"
        if start >= span.end:
            return Unclear(
                what=f"the study does not call after {format_clock(span.end)} there on {short_day(day)}",
                remedy=remedy,
            )
        if (start if end is None else end - 1) < span.start:
            return Unclear(
                what=f"the study does not call before {format_clock(span.start)} there on {short_day(day)}",
                remedy=remedy,
            )
        return None

    def _skipped(self, day: date, wall: datetime) -> Unclear:
        walls = [
            wall_at(self.zone, wall.replace(tzinfo=zone_of(self.zone), fold=fold).astimezone(UTC))
            for fold in (0, 1)
        ]
        choices = [
            answer
            for near in walls
            for answer in self._made(near.date(), near.hour * 60 + near.minute, None, 0)
            if isinstance(answer, Meant)
        ]
        return Unclear(
            what=f"{wall:%H:%M} does not exist on {short_day(day)} there, the clock is put forward over it",
            remedy="which is meant?" if choices else "take another time",
            choices=tuple(choices),
        )

    def _following(self, day: date, typed: Typed) -> tuple[Meant, ...]:
        """The same time on the next day after this one on which it can be."""
        for later in (day + timedelta(days=n) for n in range(1, 15)):
            if not self.calendar.closed_on(later):
                made = [answer for answer in self._on(later, typed) if isinstance(answer, Meant)]
                if made:
                    return tuple(made)
        return ()

    def _in_span(self, span: Span, typed: Typed) -> Meant | Unclear:
        """A span of days: all of its calling hours, or with a time of day, which of its days."""
        monday = self._monday(span.week)
        days = [monday + timedelta(days=n) for n in range(span.first, span.last + 1)]
        answers = [answer for day in days if day >= self.today for answer in self._on(day, typed)]
        meant = [answer for answer in answers if isinstance(answer, Meant)]
        if not meant:
            why = self.calendar.closed_on(days[-1]) or "its hours have passed"
            return Unclear(
                what=f"nobody is called on any day of {span.name}: {why}", remedy="take another day"
            )
        if len(meant) == 1:
            return meant[0]
        if typed.time is not None:
            return Unclear(what=f"which day of {span.name}?", remedy="choose", choices=tuple(meant))
        first, last = meant[0].wall, meant[-1].wall_end
        return self._meant(
            first, last, meant[0].fold, False, f"{first:%H:%M} to {self._day(last.date())} {last:%H:%M}"
        )

    def _one_of(self, answers: list[Meant | Unclear]) -> Meant | Unclear:
        meant = _distinct(answer for answer in answers if isinstance(answer, Meant))
        if len(meant) > 1:
            what = f"{' or '.join(m.told for m in meant)}?"
            if meant[0].wall == meant[1].wall:
                twice = f"{meant[0].wall:%H:%M} comes twice on {short_day(meant[0].wall.date())} there"
                what = f"{twice}, the clock is put back: the first or the second?"
            return Unclear(what=what, remedy="choose", choices=tuple(meant))
        return meant[0] if meant else answers[0]


def _wall(day: date, minute: int) -> datetime:
    return datetime.combine(day, time.min) + timedelta(minutes=minute)


def _times(wall: datetime, wall_end: datetime) -> str:
    end = "24:00" if wall_end.date() > wall.date() else f"{wall_end:%H:%M}"
    return f"{wall:%H:%M}–{end}"


def _halves(clock: Clock, span: Hours) -> list[int]:
    """The minutes that may be meant: within the calling hours where any is."""
    inside = [minute for minute in clock.halves() if span.start <= minute < span.end]
    return inside or [next((m for m in clock.halves() if m >= PERMITTED_HOURS.start), clock.minute)]


def _ends(start: Clock | None, end: Clock | None, span: Hours) -> Iterator[tuple[int, int]]:
    """The shortest spans that may be meant, those that touch the calling hours where any does."""
    starts = (start.halves() if end else _halves(start, span)) if start else ()
    ends = (end.halves() if start else _halves(end, span)) if end else ()
    if not end:
        pairs = [(a, max(span.end, a + 1)) for a in starts]
    elif not start:
        pairs = [(min(span.start, b), b) for b in ends]
    else:
        pairs = [(a, b) for a in starts for b in ends if a < b]
    touching = [(a, b) for a, b in pairs if a < span.end and b > span.start] or pairs
    shortest = min((b - a for a, b in touching), default=0)
    yield from (pair for pair in touching if pair[1] - pair[0] == shortest)


def _month_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def _day_in(first: date, number: int) -> date | None:
    """The day of the month that begins with `first`; None where it has no such day."""
    try:
        return first.replace(day=number)
    except ValueError:
        return None
