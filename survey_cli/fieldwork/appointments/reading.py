"""Resolution of typed appointments to a time on the respondent's clock, or to a question back.

Uses no clock: the current time is an argument.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias, assert_never

from survey_cli.fieldwork.appointments import grammar
from survey_cli.fieldwork.appointments.appointment import (
    AppointmentTime,
    UnclearAppointment,
    resolve_start,
)
from survey_cli.fieldwork.calendar.calendar import DAY_NAMES, Calendar, format_short_day
from survey_cli.fieldwork.calendar.zones import (
    classify_wall_time,
    get_zone,
    make_wall_time,
    to_wall_time,
)
from survey_cli.instrument.countries import PERMITTED_HOURS, find_date_order
from survey_cli.instrument.schema.hours import Hours, format_clock

AppointmentAnswer: TypeAlias = AppointmentTime | UnclearAppointment
DEFAULT_WINDOW: Final = timedelta(minutes=30)
"""The time after which an appointment at one exact time counts as missed."""
FAR_AHEAD: Final = timedelta(days=183)
"""An appointment further ahead than this gets a hint."""


def parse_appointment(
    text: str,
    *,
    now: datetime,
    zones: Sequence[str],
    calendar: Calendar,
    station_zone: str = "",
    languages: Sequence[str] = (),
) -> AppointmentAnswer:
    """Resolve what was typed on the respondent's clock, or on the station's where the text says so.

    Of several possible zones the first is taken where all give the same time, or the one named in the text; otherwise
    the interviewer is asked which.
    """
    if not zones:
        return UnclearAppointment(
            "no time zone is known for this case", "set the time zone of the respondent"
        )
    parts = {part.name: part.hours for part in calendar.parts if not part.days}
    typed = grammar.parse_text(
        text, year=to_wall_time(zones[0], now).year, parts=parts, languages=languages
    )
    if isinstance(typed, UnclearAppointment):
        return typed
    if typed.zone is not None:
        try:
            get_zone(typed.zone)
        except (KeyError, ValueError, OSError):
            return UnclearAppointment(
                f"there is no time zone {typed.zone}", "write it like America/Denver"
            )
        zones = [typed.zone]
    if typed.station_time and not station_zone:
        return UnclearAppointment(
            "this station's time zone is not known", "write the respondent's time"
        )
    readers = [_Reader(now, zone, calendar) for zone in zones]
    answers = [
        r.read_from(station_zone, typed) if typed.station_time else r.read(typed) for r in readers
    ]
    same_time = typed.station_time or isinstance(typed.time, grammar.MinutesAhead)
    return answers[0] if len(answers) == 1 else _combine_zones(answers, zones, same_time=same_time)


def _combine_zones(
    answers: list[AppointmentAnswer], zones: Sequence[str], *, same_time: bool
) -> AppointmentAnswer:
    """Return one answer for a case that may be in any of these zones.

    `same_time`: what was typed is the same time in all zones, such as `in 2 hours`.
    """
    unclear = [answer for answer in answers if isinstance(answer, UnclearAppointment)]
    times = _drop_duplicates(answer for answer in answers if isinstance(answer, AppointmentTime))
    if same_time and unclear:
        return unclear[0]
    if not times:
        return replace(
            unclear[0],
            choices=tuple(_drop_duplicates(c for answer in unclear for c in answer.choices)),
        )
    if len(times) == 1 and not unclear:
        return times[0]
    what = f"in which zone? This number may be in {' or '.join(zones)}"
    return UnclearAppointment(what, "ask what time it is there, and choose", choices=tuple(times))


def _drop_duplicates(times: Iterable[AppointmentTime]) -> list[AppointmentTime]:
    """Return the first of those that begin and, where they are spans, end together."""
    by_span: dict[tuple[datetime, datetime | None], AppointmentTime] = {}
    for time in times:
        by_span.setdefault((time.starts, None if time.exact else time.ends), time)
    return list(by_span.values())


class _Reader(NamedTuple):
    """A reader of appointments for one zone."""

    now: datetime
    zone: str
    calendar: Calendar

    @property
    def local_now(self) -> datetime:
        """The wall time now, to the minute."""
        return to_wall_time(self.zone, self.now).replace(second=0, microsecond=0)

    @property
    def today(self) -> date:
        return self.local_now.date()

    def read(self, typed: grammar.ParsedAppointment) -> AppointmentAnswer:
        if isinstance(typed.time, grammar.MinutesAhead):
            return self._read_minutes_ahead(typed.time.minutes)
        if isinstance(typed.day, grammar.DaySpan):
            return self._read_in_span(typed.day, typed)
        days = self._list_days(typed.day)
        if isinstance(days, UnclearAppointment):
            return days
        fitting = [day for day in days if typed.weekday in (None, day.weekday())]
        if not fitting:
            what = f"{format_short_day(days[0])} is not a {DAY_NAMES[typed.weekday or 0]}"
            return UnclearAppointment(what, "write the day or the date")
        answer = self._choose_one(
            [answer for day in fitting for answer in self._read_on(day, typed)]
        )
        if isinstance(answer, AppointmentTime):
            return replace(
                answer, hint=" · ".join(filter(None, (self._explain_day(typed.day), answer.hint)))
            )
        if typed.day is None and not answer.choices:
            return replace(answer, choices=self._find_following(self.today, typed))
        return answer

    def read_from(self, station_zone: str, typed: grammar.ParsedAppointment) -> AppointmentAnswer:
        """Resolve a time of day on the station's clock."""
        assert isinstance(typed.time, grammar.ClockTime)
        days = self._replace(zone=station_zone)._list_days(typed.day)
        if isinstance(days, UnclearAppointment):
            return days
        answers: list[AppointmentAnswer] = []
        for day in days:
            for minute in typed.time.list_minutes():
                at = (
                    make_wall_time(day, minute)
                    .replace(tzinfo=get_zone(station_zone))
                    .astimezone(UTC)
                )
                wall = to_wall_time(self.zone, at)
                answers += self._resolve_times(
                    wall.date(), wall.hour * 60 + wall.minute, None, wall.fold
                )
        return self._choose_one(answers)

    def _read_minutes_ahead(self, minutes: int) -> AppointmentAnswer:
        at = self.now.astimezone(UTC) + timedelta(minutes=minutes)
        if at.second or at.microsecond:
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        wall = to_wall_time(self.zone, at)
        minute = wall.hour * 60 + wall.minute
        return self._choose_one(self._resolve_times(wall.date(), minute, None, wall.fold))

    # days

    def _list_days(self, day: grammar.DayExpression | None) -> list[date] | UnclearAppointment:
        """Return the day or, where it is not certain, all possible days."""
        match day:
            case None:
                return [self.today]
            case grammar.DaysAhead(days=days):
                return [self.today + timedelta(days=days)]
            case grammar.MonthsAhead(months=months):
                return [_add_months(self.today, months)]
            case grammar.Weekday(day=number, week=week):
                coming = self.today + timedelta(days=(number - self.today.weekday()) % 7)
                if week == 1:
                    return [self._find_monday(1) + timedelta(days=number)]
                # on a Tuesday, "tuesday" is today's or the next one
                return (
                    [coming, coming + timedelta(days=7)]
                    if coming == self.today and week is None
                    else [coming]
                )
            case grammar.CalendarDate(month=month, day=number, year=year):
                return self._list_dates(month, number, year)
            case grammar.AmbiguousDate(first=first, second=second, year=year):
                orders = {(first, second), (second, first)}
                usual = find_date_order(self.calendar.country or "")
                if usual == "mdy":
                    orders = {(first, second)} if first <= 12 else {(second, first)}
                elif usual == "dmy":
                    orders = {(second, first)} if second <= 12 else {(first, second)}
                possible = [order for order in sorted(orders) if 1 <= order[0] <= 12]
                if not possible:
                    return UnclearAppointment(f"there is no month {second}", "write it like 26 nov")
                candidates = [self._list_dates(month, number, year) for month, number in possible]
                dates = [
                    date
                    for dates in candidates
                    if not isinstance(dates, UnclearAppointment)
                    for date in dates
                ]
                return dates or candidates[0]
            case grammar.DayOfMonth(day=number):
                month_start = self.today.replace(day=1)
                for _ in range(13):
                    date_in_month = _find_day_in_month(month_start, number)
                    if date_in_month is not None and date_in_month >= self.today:
                        return [date_in_month]
                    month_start = (month_start + timedelta(days=32)).replace(day=1)
                return UnclearAppointment(f"no month has a day {number}")
            case grammar.DaySpan():
                raise AssertionError("a span is no day")
            case _:
                assert_never(day)

    def _list_dates(
        self, month: int, number: int, year: int | None
    ) -> list[date] | UnclearAppointment:
        if year is not None and not self.today.year - 1 <= year <= self.today.year + 2:
            return UnclearAppointment(f"the year {year} is out of range", "write it like 26 nov")
        years = range(self.today.year, self.today.year + 3) if year is None else [year]
        days = (
            [d for y in years if (d := _find_day_in_month(date(y, month, 1), number))]
            if 1 <= month <= 12
            else []
        )
        if not days:
            return UnclearAppointment(
                f"there is no such day: {number}/{month}", "write it like 26 nov"
            )
        coming = next((day for day in days if day >= self.today), days[-1])
        # in November, "20 nov" may be last week's: keep it, so that the reason against it is reported
        return (
            [days[0], coming] if coming - self.today > FAR_AHEAD and days[0] != coming else [coming]
        )

    def _find_monday(self, week: int) -> date:
        return self.today + timedelta(days=7 * week - self.today.weekday())

    def _explain_day(self, day: grammar.DayExpression | None) -> str:
        """Return a hint to the nearer day that `next tuesday` does not mean; empty where there is none."""
        if not isinstance(day, grammar.Weekday) or day.week != 1:
            return ""
        nearest = self.today + timedelta(days=(day.day - self.today.weekday() - 1) % 7 + 1)
        next_week = self._find_monday(1) + timedelta(days=day.day)
        return (
            f"not {format_short_day(nearest)}, which is this week's" if nearest != next_week else ""
        )

    # times

    def _read_on(self, day: date, typed: grammar.ParsedAppointment) -> list[AppointmentAnswer]:
        """Return all times that may be meant on this day."""
        span = self.calendar.find_hours(day) or PERMITTED_HOURS
        match typed.time:
            case grammar.ClockTime():
                spans: list[tuple[int, int | None]] = [
                    (m, None) for m in _list_halves(typed.time, span)
                ]
            case grammar.SameTime():
                spans = [(self.local_now.hour * 60 + self.local_now.minute, None)]
            case grammar.TimeRange(start=start, end=end):
                spans = list(_list_spans(start, end, span))
            case grammar.NamedDaypart(hours=hours):
                spans = [(hours.start, hours.end)]
            case None:
                spans = [(span.start, span.end)]
            case grammar.MinutesAhead():
                raise AssertionError("minutes from now have no day")
            case _:
                assert_never(typed.time)
        if not spans:
            return [
                UnclearAppointment(
                    "the end is not later than the beginning", "write it like between 2 and 4"
                )
            ]
        return [
            answer
            for start, end in spans
            for answer in self._resolve_times(day, start, end, typed.fold)
        ]

    def _resolve_times(
        self, day: date, start: int, end: int | None, fold: int | None
    ) -> list[AppointmentAnswer]:
        """Return the time on this day, twice where the clock shows it twice, or why it can't be.

        A time without an end is exact.
        """
        wall = make_wall_time(day, start)
        if closed := self._explain_closed(day, start, end):
            return [closed]
        span = self.calendar.find_hours(day) or PERMITTED_HOURS
        if end is None:
            kind = classify_wall_time(self.zone, wall)
            if kind == "never":
                return [self._explain_skipped(day, wall)]
            folds = [0] if kind == "once" else [0, 1] if fold is None else [fold]
            wall_end = min(wall + DEFAULT_WINDOW, make_wall_time(day, span.end))
            marks = ("",) if kind == "once" else (" (first)", " (second)")
            times = [
                self._make_time(wall, wall_end, f, True, f"{wall:%H:%M}{marks[f]}") for f in folds
            ]
            return [
                time if time.starts >= self._round_now() else self._explain_past(time)
                for time in times
            ]
        wall = max(wall, make_wall_time(day, span.start))
        wall_end = min(make_wall_time(day, end), make_wall_time(day, span.end))
        fold = fold or 0
        if resolve_start(self.zone, wall_end, fold) <= self._round_now():
            return [
                self._explain_past(
                    self._make_time(wall, wall_end, fold, False, _format_times(wall, wall_end))
                )
            ]
        if resolve_start(self.zone, wall, fold) < self._round_now():
            wall, fold = self.local_now.replace(fold=0), self.local_now.fold
        return [self._make_time(wall, wall_end, fold, False, _format_times(wall, wall_end))]

    def _make_time(
        self, wall: datetime, wall_end: datetime, fold: int, exact: bool, times: str
    ) -> AppointmentTime:
        ahead, text = wall.date() - self.today, f"{self._format_day(wall.date())} {times}"
        hint = f"that is {round(ahead.days / 30.44)} months ahead" if ahead > FAR_AHEAD else ""
        return AppointmentTime(
            wall=wall,
            wall_end=wall_end,
            zone=self.zone,
            fold=fold,
            exact=exact,
            text=text,
            hint=hint,
        )

    def _format_day(self, day: date) -> str:
        return (
            format_short_day(day)
            if day.year == self.today.year
            else f"{format_short_day(day)} {day.year}"
        )

    def _round_now(self) -> datetime:
        return self.now.replace(second=0, microsecond=0)

    # reasons why a time is not possible

    def _explain_past(self, time: AppointmentTime) -> UnclearAppointment:
        what = f"{time.text} has passed there, where it is {format_short_day(self.today)} {self.local_now:%H:%M}"
        return UnclearAppointment(what, "write a later time")

    def _explain_closed(self, day: date, start: int, end: int | None) -> UnclearAppointment | None:
        if day < self.today:
            return UnclearAppointment(f"{self._format_day(day)} has passed", "write a later day")
        if day.year > self.today.year + 2:
            return UnclearAppointment(
                f"{self._format_day(day)} is too far ahead", "write an earlier day"
            )
        if why := self.calendar.explain_closed_day(day):
            last = self.calendar.ends
            if last is not None and day > last:
                what = f"{self._format_day(day)} is {why}"
                return UnclearAppointment(
                    what, "choose an earlier day, or close the case with an outcome"
                )
            start_time, what = grammar.ClockTime(start, True), f"nobody is called then: {why}"
            time = (
                start_time
                if end is None
                else grammar.TimeRange(start_time, grammar.ClockTime(end, True))
            )
            following = self._find_following(day, grammar.ParsedAppointment(time=time))
            return UnclearAppointment(what, "choose another day", choices=following)
        span = self.calendar.find_hours(day) or PERMITTED_HOURS
        remedy = f"choose a time from {format_clock(span.start)} to {format_clock(span.end)} there"
        edge = f"after {format_clock(span.end)}" if start >= span.end else ""
        if not edge and (start if end is None else end - 1) < span.start:
            edge = f"before {format_clock(span.start)}"
        what = f"the study does not call {edge} there on {format_short_day(day)}"
        return UnclearAppointment(what, remedy) if edge else None

    def _explain_skipped(self, day: date, wall: datetime) -> UnclearAppointment:
        choices = []
        for fold in (0, 1):
            near = to_wall_time(
                self.zone, wall.replace(tzinfo=get_zone(self.zone), fold=fold).astimezone(UTC)
            )
            answers = self._resolve_times(near.date(), near.hour * 60 + near.minute, None, 0)
            choices += [answer for answer in answers if isinstance(answer, AppointmentTime)]
        what = f"{wall:%H:%M} does not exist there on {format_short_day(day)}, because the clock is put forward"
        return UnclearAppointment(
            what, "which time is meant?" if choices else "choose another time", tuple(choices)
        )

    def _find_following(
        self, day: date, typed: grammar.ParsedAppointment
    ) -> tuple[AppointmentTime, ...]:
        """Return the same time on the next possible day after this one."""
        for later in (day + timedelta(days=n) for n in range(1, 15)):
            if not self.calendar.explain_closed_day(later):
                times = [
                    answer
                    for answer in self._read_on(later, typed)
                    if isinstance(answer, AppointmentTime)
                ]
                if times:
                    return tuple(times)
        return ()

    def _read_in_span(
        self, span: grammar.DaySpan, typed: grammar.ParsedAppointment
    ) -> AppointmentAnswer:
        """Resolve a span of days: all of its calling hours or, with a time of day, one of its days."""
        week = span.week
        if span.last < self.today.weekday():
            week += 1  # on a Saturday, "weekdays" are those of next week
        monday = self._find_monday(week)
        days = [monday + timedelta(days=n) for n in range(span.first, span.last + 1)]
        answers = [
            answer for day in days if day >= self.today for answer in self._read_on(day, typed)
        ]
        times = [answer for answer in answers if isinstance(answer, AppointmentTime)]
        if not times:
            why = self.calendar.explain_closed_day(days[-1]) or "its hours have passed"
            return UnclearAppointment(
                f"nobody is called on any day of {span.name}: {why}", "choose another day"
            )
        if len(times) == 1:
            return times[0]
        if typed.time is not None:
            return UnclearAppointment(f"which day of {span.name}?", "choose", choices=tuple(times))
        first, last = times[0].wall, times[-1].wall_end
        span_text = f"{first:%H:%M} to {self._format_day(last.date())} {last:%H:%M}"
        return self._make_time(first, last, times[0].fold, False, span_text)

    def _choose_one(self, answers: list[AppointmentAnswer]) -> AppointmentAnswer:
        times = _drop_duplicates(
            answer for answer in answers if isinstance(answer, AppointmentTime)
        )
        if len(times) > 1:
            what = f"{' or '.join(time.text for time in times)}?"
            if times[0].wall == times[1].wall:
                twice = f"{times[0].wall:%H:%M} occurs twice there on {format_short_day(times[0].wall.date())}"
                what = f"{twice}, because the clock is put back: the first or the second?"
            return UnclearAppointment(what, "choose", choices=tuple(times))
        return times[0] if times else answers[0]


def _format_times(wall: datetime, wall_end: datetime) -> str:
    end = "24:00" if wall_end.date() > wall.date() else f"{wall_end:%H:%M}"
    return f"{wall:%H:%M}–{end}"


def _list_halves(clock: grammar.ClockTime, span: Hours) -> list[int]:
    """Return the minutes that may be meant: those within the calling hours where there are any."""
    inside = [minute for minute in clock.list_minutes() if span.start <= minute < span.end]
    return inside or [
        next((m for m in clock.list_minutes() if m >= PERMITTED_HOURS.start), clock.minute)
    ]


def _list_spans(
    start: grammar.ClockTime | None, end: grammar.ClockTime | None, span: Hours
) -> Iterator[tuple[int, int]]:
    """Yield the shortest spans that may be meant: those that touch the calling hours where there are any."""
    starts = (start.list_minutes() if end else _list_halves(start, span)) if start else ()
    ends = (end.list_minutes() if start else _list_halves(end, span)) if end else ()
    if not end:
        pairs = [(a, max(span.end, a + 1)) for a in starts]
    elif not start:
        pairs = [(min(span.start, b), b) for b in ends]
    else:
        pairs = [(a, b) for a in starts for b in ends if a < b]
    touching = [(a, b) for a, b in pairs if a < span.end and b > span.start] or pairs
    shortest = min((b - a for a, b in touching), default=0)
    yield from (pair for pair in touching if pair[1] - pair[0] == shortest)


def _find_day_in_month(first: date, number: int) -> date | None:
    """Return a day of the month that begins with `first`; None where it has no such day."""
    try:
        return first.replace(day=number)
    except ValueError:
        return None


def _add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    month_start = day.replace(day=1)
    for _ in range(months):
        month_start = (month_start + timedelta(days=32)).replace(day=1)
    month_end = (month_start + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return month_start.replace(day=min(day.day, month_end.day))
