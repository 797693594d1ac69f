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
from survey_cli.fieldwork.calendar.calendar import (
    DAY_NAMES,
    Calendar,
    ClosedDay,
    ClosingReason,
    format_short_day,
)
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
    """Resolve what was typed on the respondent's clock, or on the station's if the text says so.

    If the case may be in several zones, the first is taken if all give the same time, or the one
    named in the text; otherwise the interviewer is asked which.
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

    answers = []
    for zone in zones:
        reader = _Reader(now, zone, calendar)
        if typed.station_time:
            answers.append(reader.read_from(station_zone, typed))
        else:
            answers.append(reader.read(typed))
    if len(answers) == 1:
        return answers[0]
    same_time = typed.station_time or isinstance(typed.time, grammar.MinutesAhead)
    return _combine_zones(answers, zones, same_time=same_time)


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
        choices = _drop_duplicates(choice for answer in unclear for choice in answer.choices)
        return replace(unclear[0], choices=tuple(choices))
    if len(times) == 1 and not unclear:
        return times[0]
    what = f"in which zone? This number may be in {' or '.join(zones)}"
    return UnclearAppointment(what, "ask what time it is there, and choose", choices=tuple(times))


def _drop_duplicates(times: Iterable[AppointmentTime]) -> list[AppointmentTime]:
    """Return the first of those that begin together and, if they are spans, end together."""
    by_span: dict[tuple[datetime, datetime | None], AppointmentTime] = {}
    for time in times:
        end = None if time.exact else time.ends
        by_span.setdefault((time.starts, end), time)
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
        """Resolve what was typed on the clock of this zone."""
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

        answers = [answer for day in fitting for answer in self._read_on(day, typed)]
        answer = self._choose_one(answers)
        if isinstance(answer, AppointmentTime):
            hints = (self._explain_day(typed.day), answer.hint)
            return replace(answer, hint=" · ".join(hint for hint in hints if hint))

        # only a time was typed, which is not possible today: the next possible day is offered
        if typed.day is None and not answer.choices:
            return replace(answer, choices=self._find_following(self.today, typed))
        return answer

    def read_from(self, station_zone: str, typed: grammar.ParsedAppointment) -> AppointmentAnswer:
        """Resolve a time of day on the station's clock."""
        assert isinstance(typed.time, grammar.ClockTime)
        at_station = self._replace(zone=station_zone)
        if isinstance(typed.day, grammar.DaySpan):
            days = at_station._list_span_days(typed.day)
        else:
            listed = at_station._list_days(typed.day)
            if isinstance(listed, UnclearAppointment):
                return listed
            days = listed

        answers: list[AppointmentAnswer] = []
        for day in days:
            for minute in typed.time.list_minutes():
                station_wall = make_wall_time(day, minute)
                at = station_wall.replace(tzinfo=get_zone(station_zone)).astimezone(UTC)
                wall = to_wall_time(self.zone, at)
                local_minute = wall.hour * 60 + wall.minute
                answers += self._resolve_times(wall.date(), local_minute, None, wall.fold)

        times = [answer for answer in answers if isinstance(answer, AppointmentTime)]
        if isinstance(typed.day, grammar.DaySpan) and len(times) > 1:
            what = f"which day of {typed.day.name}?"
            return UnclearAppointment(what, "choose", choices=tuple(times))
        return self._choose_one(answers)

    def _read_minutes_ahead(self, minutes: int) -> AppointmentAnswer:
        """Resolve `in 20 minutes`, to the next whole minute."""
        at = self.now.astimezone(UTC) + timedelta(minutes=minutes)
        if at.second or at.microsecond:
            at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
        wall = to_wall_time(self.zone, at)
        minute = wall.hour * 60 + wall.minute
        return self._choose_one(self._resolve_times(wall.date(), minute, None, wall.fold))

    # days

    def _list_days(self, day: grammar.DayExpression | None) -> list[date] | UnclearAppointment:
        """Return the day, or all possible days if it is not certain."""
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
                if coming == self.today and week is None:
                    return [coming, coming + timedelta(days=7)]
                return [coming]
            case grammar.CalendarDate(month=month, day=number, year=year):
                return self._list_dates(month, number, year)
            case grammar.AmbiguousDate(first=first, second=second, year=year):
                return self._list_ambiguous_dates(first, second, year)
            case grammar.DayOfMonth(day=number):
                return self._list_days_of_month(number)
            case grammar.DaySpan():
                raise AssertionError("a span is no day")
            case _:
                assert_never(day)

    def _list_ambiguous_dates(
        self, first: int, second: int, year: int | None
    ) -> list[date] | UnclearAppointment:
        """Return the dates that `4/5` may mean: the usual order of the country, or both orders."""
        orders = {(first, second), (second, first)}
        usual = find_date_order(self.calendar.country or "")
        # a 13th month shows that the other order was written
        if usual == "mdy":
            orders = {(first, second)} if first <= 12 else {(second, first)}
        elif usual == "dmy":
            orders = {(second, first)} if second <= 12 else {(first, second)}
        possible = [order for order in sorted(orders) if 1 <= order[0] <= 12]
        if not possible:
            return UnclearAppointment(f"there is no month {second}", "write it like 26 nov")

        candidates = [self._list_dates(month, number, year) for month, number in possible]
        dates = []
        for candidate in candidates:
            if not isinstance(candidate, UnclearAppointment):
                dates += candidate
        return dates or candidates[0]

    def _list_days_of_month(self, number: int) -> list[date] | UnclearAppointment:
        """Return the next day with this number, in the first month that has it."""
        month_start = self.today.replace(day=1)
        for _ in range(13):
            day = _find_day_in_month(month_start, number)
            if day is not None and day >= self.today:
                return [day]
            month_start = _find_next_month(month_start)
        return UnclearAppointment(f"no month has a day {number}")

    def _list_dates(
        self, month: int, number: int, year: int | None
    ) -> list[date] | UnclearAppointment:
        """Return the date in this or a coming year.

        Two dates if the nearer one may be meant and has passed.
        """
        if year is not None and not self.today.year - 1 <= year <= self.today.year + 2:
            return UnclearAppointment(f"the year {year} is out of range", "write it like 26 nov")
        years = [self.today.year, self.today.year + 1, self.today.year + 2]
        if year is not None:
            years = [year]
        days = []
        if 1 <= month <= 12:
            dates = [_find_day_in_month(date(year, month, 1), number) for year in years]
            days = [day for day in dates if day is not None]
        if not days:
            what = f"there is no such day: {number}/{month}"
            return UnclearAppointment(what, "write it like 26 nov")

        later = [day for day in days if day >= self.today]
        coming = later[0] if later else days[-1]
        is_far_ahead = coming - self.today > FAR_AHEAD
        # in November, "20 nov" may be last week's: keep it, so that the reason against it is
        # reported
        if is_far_ahead and days[0] != coming:
            return [days[0], coming]
        return [coming]

    def _find_monday(self, week: int) -> date:
        """Return the Monday of this week (0), or of the week so many weeks later."""
        return self.today + timedelta(days=7 * week - self.today.weekday())

    def _explain_day(self, day: grammar.DayExpression | None) -> str:
        """Return a hint to the nearer day that `next tuesday` does not mean.

        Empty if there isn't one.
        """
        if not isinstance(day, grammar.Weekday) or day.week != 1:
            return ""
        nearest = self.today + timedelta(days=(day.day - self.today.weekday() - 1) % 7 + 1)
        next_week = self._find_monday(1) + timedelta(days=day.day)
        if nearest == next_week:
            return ""
        return f"not {format_short_day(nearest)}, which is this week's"

    # times

    def _read_on(self, day: date, typed: grammar.ParsedAppointment) -> list[AppointmentAnswer]:
        """Return all times that may be meant on this day."""
        hours = self._find_hours(day)
        match typed.time:
            case grammar.ClockTime():
                minutes = _list_halves(typed.time, hours)
                spans: list[tuple[int, int | None]] = [(minute, None) for minute in minutes]
            case grammar.SameTime():
                spans = [(self.local_now.hour * 60 + self.local_now.minute, None)]
            case grammar.TimeRange(start=start, end=end):
                spans = list(_list_spans(start, end, hours))
            case grammar.NamedDaypart(hours=part_hours):
                spans = [(part_hours.start, part_hours.end)]
            case None:
                spans = [(hours.start, hours.end)]
            case grammar.MinutesAhead():
                raise AssertionError("minutes from now have no day")
            case _:
                assert_never(typed.time)

        if not spans:
            what = "the end is not later than the beginning"
            return [UnclearAppointment(what, "write it like between 2 and 4")]

        answers: list[AppointmentAnswer] = []
        for first, last in spans:
            answers += self._resolve_times(day, first, last, typed.fold)
        return answers

    def _find_hours(self, day: date) -> Hours:
        """Return the calling hours of this weekday, or the permitted hours if it has none."""
        return self.calendar.find_hours(day) or PERMITTED_HOURS

    def _resolve_times(
        self, day: date, start: int, end: int | None, fold: int | None
    ) -> list[AppointmentAnswer]:
        """Return the time on this day, twice if the clock shows it twice, or why it can't be.

        A time without an end is exact.
        """
        closed = self._explain_closed(day, start, end)
        if closed is not None:
            return [closed]
        if end is None:
            return self._resolve_exact_time(day, make_wall_time(day, start), fold)

        hours = self._find_hours(day)
        wall = make_wall_time(day, max(start, hours.start))
        wall_end = make_wall_time(day, min(end, hours.end))
        fold = fold or 0
        if resolve_start(self.zone, wall_end, fold) <= self._round_now():
            past = self._make_span(wall, wall_end, fold, _format_times(wall, wall_end))
            return [self._explain_past(past)]
        # of a span that has begun the rest is left
        if resolve_start(self.zone, wall, fold) < self._round_now():
            wall = self.local_now.replace(fold=0)
            fold = self.local_now.fold
        return [self._make_span(wall, wall_end, fold, _format_times(wall, wall_end))]

    def _resolve_exact_time(
        self, day: date, wall: datetime, fold: int | None
    ) -> list[AppointmentAnswer]:
        """Return a time on the clock, twice if the clock shows it twice, or why it can't be."""
        kind = classify_wall_time(self.zone, wall)
        if kind == "never":
            return [self._explain_skipped(day, wall)]
        folds = [0]
        marks = ["", ""]
        if kind == "twice":
            folds = [0, 1] if fold is None else [fold]
            marks = [" (first)", " (second)"]

        wall_end = min(wall + DEFAULT_WINDOW, make_wall_time(day, self._find_hours(day).end))
        answers: list[AppointmentAnswer] = []
        for number in folds:
            text = f"{wall:%H:%M}{marks[number]}"
            time = self._make_time(wall, wall_end, number, text, exact=True)
            if time.starts >= self._round_now():
                answers.append(time)
            else:
                answers.append(self._explain_past(time))
        return answers

    def _make_span(
        self, wall: datetime, wall_end: datetime, fold: int, times: str
    ) -> AppointmentTime:
        return self._make_time(wall, wall_end, fold, times, exact=False)

    def _make_time(
        self, wall: datetime, wall_end: datetime, fold: int, times: str, *, exact: bool
    ) -> AppointmentTime:
        ahead = wall.date() - self.today
        hint = ""
        if ahead > FAR_AHEAD:
            hint = f"that is {round(ahead.days / 30.44)} months ahead"
        return AppointmentTime(
            wall=wall,
            wall_end=wall_end,
            zone=self.zone,
            fold=fold,
            exact=exact,
            text=f"{self._format_day(wall.date())} {times}",
            hint=hint,
        )

    def _format_day(self, day: date) -> str:
        """Return `Thu 26 Nov`, with the year if it is another one."""
        if day.year == self.today.year:
            return format_short_day(day)
        return f"{format_short_day(day)} {day.year}"

    def _round_now(self) -> datetime:
        """Return the beginning of this minute, at which a time of this minute has not passed."""
        return self.now.replace(second=0, microsecond=0)

    # reasons why a time is not possible

    def _explain_past(self, time: AppointmentTime) -> UnclearAppointment:
        now = f"{format_short_day(self.today)} {self.local_now:%H:%M}"
        what = f"{time.text} has passed there, where it is {now}"
        return UnclearAppointment(what, "write a later time")

    def _explain_closed(self, day: date, start: int, end: int | None) -> UnclearAppointment | None:
        if day < self.today:
            return UnclearAppointment(f"{self._format_day(day)} has passed", "write a later day")
        if day.year > self.today.year + 2:
            return UnclearAppointment(
                f"{self._format_day(day)} is too far ahead", "write an earlier day"
            )
        closing = self.calendar.find_closing(day)
        if closing is not None:
            return self._explain_closed_day(day, closing, start, end)

        hours = self._find_hours(day)
        last_minute = start if end is None else end - 1
        if start >= hours.end:
            edge = f"after {format_clock(hours.end)}"
        elif last_minute < hours.start:
            edge = f"before {format_clock(hours.start)}"
        else:
            return None
        what = f"the study does not call {edge} there on {format_short_day(day)}"
        from_to = f"from {format_clock(hours.start)} to {format_clock(hours.end)}"
        remedy = f"choose a time {from_to} there"
        return UnclearAppointment(what, remedy)

    def _explain_closed_day(
        self, day: date, closing: ClosedDay, start: int, end: int | None
    ) -> UnclearAppointment:
        """Explain why this day has no calls, and offer the same time on the next possible day."""
        if closing.reason is ClosingReason.AFTER_END:
            what = f"{self._format_day(day)} is {closing.words}"
            remedy = "choose an earlier day, or close the case with an outcome"
            return UnclearAppointment(what, remedy)
        time: grammar.ClockTime | grammar.TimeRange = grammar.ClockTime(start, True)
        if end is not None:
            time = grammar.TimeRange(grammar.ClockTime(start, True), grammar.ClockTime(end, True))
        following = self._find_following(day, grammar.ParsedAppointment(time=time))
        what = f"nobody is called then: {closing.words}"
        return UnclearAppointment(what, "choose another day", choices=following)

    def _explain_skipped(self, day: date, wall: datetime) -> UnclearAppointment:
        """Explain that the clock skips this time, and offer times before and after the change."""
        choices = []
        for fold in (0, 1):
            at = wall.replace(tzinfo=get_zone(self.zone), fold=fold).astimezone(UTC)
            near = to_wall_time(self.zone, at)
            answers = self._resolve_times(near.date(), near.hour * 60 + near.minute, None, 0)
            choices += [answer for answer in answers if isinstance(answer, AppointmentTime)]
        date_text = format_short_day(day)
        what = f"{wall:%H:%M} does not exist there on {date_text}, because the clock is put forward"
        remedy = "which time is meant?" if choices else "choose another time"
        return UnclearAppointment(what, remedy, tuple(choices))

    def _find_following(
        self, day: date, typed: grammar.ParsedAppointment
    ) -> tuple[AppointmentTime, ...]:
        """Return the same time on the next possible day after this one."""
        for number in range(1, 15):
            later = day + timedelta(days=number)
            if self.calendar.is_closed_day(later):
                continue
            answers = self._read_on(later, typed)
            times = [answer for answer in answers if isinstance(answer, AppointmentTime)]
            if times:
                return tuple(times)
        return ()

    def _read_in_span(
        self, span: grammar.DaySpan, typed: grammar.ParsedAppointment
    ) -> AppointmentAnswer:
        """Resolve a span of days to all its calling hours or, with a time, to one of its days."""
        days = self._list_span_days(span)
        answers: list[AppointmentAnswer] = []
        for day in days:
            answers += self._read_on(day, typed)
        times = [answer for answer in answers if isinstance(answer, AppointmentTime)]
        if not times:
            closing = self.calendar.find_closing(days[-1])
            why = "its hours have passed" if closing is None else str(closing.words)
            return UnclearAppointment(
                f"nobody is called on any day of {span.name}: {why}", "choose another day"
            )
        if len(times) == 1:
            return times[0]
        if typed.time is not None:
            return UnclearAppointment(f"which day of {span.name}?", "choose", choices=tuple(times))

        first = times[0].wall
        last = times[-1].wall_end
        span_text = f"{first:%H:%M} to {self._format_day(last.date())} {last:%H:%M}"
        return self._make_span(first, last, times[0].fold, span_text)

    def _list_span_days(self, span: grammar.DaySpan) -> list[date]:
        """Return the days of a span that have not passed. There is always one."""
        week = span.week
        # on a Saturday, "weekdays" are those of next week
        if span.last < self.today.weekday():
            week += 1
        monday = self._find_monday(week)
        days = [monday + timedelta(days=number) for number in range(span.first, span.last + 1)]
        return [day for day in days if day >= self.today]

    def _choose_one(self, answers: list[AppointmentAnswer]) -> AppointmentAnswer:
        """Return the only time of the answers, a question if there are several, or why none is."""
        times = _drop_duplicates(
            answer for answer in answers if isinstance(answer, AppointmentTime)
        )
        if not times:
            return answers[0]
        if len(times) == 1:
            return times[0]
        first = times[0].wall
        what = f"{' or '.join(time.text for time in times)}?"
        if first == times[1].wall:
            twice = f"{first:%H:%M} occurs twice there on {format_short_day(first.date())}"
            what = f"{twice}, because the clock is put back: the first or the second?"
        return UnclearAppointment(what, "choose", choices=tuple(times))


def _format_times(wall: datetime, wall_end: datetime) -> str:
    end = "24:00" if wall_end.date() > wall.date() else f"{wall_end:%H:%M}"
    return f"{wall:%H:%M}–{end}"


def _list_halves(clock: grammar.ClockTime, hours: Hours) -> list[int]:
    """Return the minutes that a time may mean: in calling hours, or else in permitted hours."""
    minutes = clock.list_minutes()
    inside = [minute for minute in minutes if hours.start <= minute < hours.end]
    if inside:
        return inside
    permitted = [minute for minute in minutes if minute >= PERMITTED_HOURS.start]
    return [permitted[0] if permitted else clock.minute]


def _list_spans(
    start: grammar.ClockTime | None, end: grammar.ClockTime | None, hours: Hours
) -> Iterator[tuple[int, int]]:
    """Yield the shortest spans that may be meant: those that touch the calling hours, if any do."""
    pairs: list[tuple[int, int]] = []
    if start is not None and end is not None:
        pairs = [
            (first, last)
            for first in start.list_minutes()
            for last in end.list_minutes()
            if first < last
        ]
    elif start is not None:
        pairs = [(first, max(hours.end, first + 1)) for first in _list_halves(start, hours)]
    elif end is not None:
        pairs = [(min(hours.start, last), last) for last in _list_halves(end, hours)]

    touching = [(first, last) for first, last in pairs if first < hours.end and last > hours.start]
    possible = touching or pairs
    shortest = min((last - first for first, last in possible), default=0)
    for first, last in possible:
        if last - first == shortest:
            yield first, last


def _find_day_in_month(first: date, number: int) -> date | None:
    """Return a day of the month that begins with `first`; None if it has no such day."""
    try:
        return first.replace(day=number)
    except ValueError:
        return None


def _find_next_month(first: date) -> date:
    """Return the first day of the month after the one that begins with `first`."""
    # no month has 32 days
    return (first + timedelta(days=32)).replace(day=1)


def _add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day."""
    month_start = day.replace(day=1)
    for _ in range(months):
        month_start = _find_next_month(month_start)
    month_end = _find_next_month(month_start) - timedelta(days=1)
    return month_start.replace(day=min(day.day, month_end.day))
