"""The resolved time of an appointment, and the question asked back where the text is unclear.

Uses no clock.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.calendar.zones import to_utc, to_wall_time
from survey_cli.fieldwork.case.events import AppointmentMade, AppointmentPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentTime:
    """A resolved time for an appointment."""

    wall: datetime
    """Its beginning on the respondent's clock, naive."""
    wall_end: datetime
    """Its end; for one exact time, the time until which the appointment is not missed."""
    zone: str
    fold: int = 0
    """1 where the clock shows this time twice and the second is meant."""
    exact: bool
    """One time was given, not a span in which to call."""
    text: str
    """`Thu 26 Nov 15:00`, `Thu 26 Nov 14:00–16:00`: typed again, it is read as the same time. Spans of several days,
    `Mon 30 Nov 09:00 to Fri 4 Dec 20:30`, are only for reading."""
    hint: str = ""
    """A hint for the interviewer, such as `that is 8 months ahead`."""

    @property
    def starts(self) -> datetime:
        """Its beginning, in UTC."""
        return resolve_start(self.zone, self.wall, self.fold)

    @property
    def ends(self) -> datetime:
        """Its end, in UTC."""
        return resolve_end(self.zone, self.wall, self.wall_end, self.fold)

    def make_event(
        self, *, person: str = "", owner: str = "", policy: AppointmentPolicy = "anyone", note: str = ""
    ) -> AppointmentMade:
        """Return the event of an appointment at this wall time."""
        start, end = (wall.isoformat(timespec="minutes") for wall in (self.wall, self.wall_end))
        return AppointmentMade(start, end, self.zone, self.fold, person, owner, policy, note)

    def format_both_clocks(self, station_zone: str = "") -> str:
        """Return the time on both clocks: `Thu 26 Nov 15:00 there (America/Denver) · 17:00 here`."""
        respondent_time = f"{self.text} there ({self.zone})"
        if not station_zone:
            return respondent_time
        start, end = to_wall_time(station_zone, self.starts), to_wall_time(station_zone, self.ends)
        if (start, end) == (self.wall, self.wall_end):
            return f"{respondent_time} · the same here"
        day = "" if start.date() == self.wall.date() else f"{format_short_day(start.date())} "
        if self.exact:
            station_time = f"{start:%H:%M}"
        elif self.wall_end - self.wall > timedelta(days=1):
            station_time = f"{start:%H:%M} to {format_short_day(end.date())} {end:%H:%M}"
        else:
            station_time = f"{start:%H:%M}–{end:%H:%M}"
        return f"{respondent_time} · {day}{station_time} here"


@dataclass(frozen=True, slots=True)
class UnclearAppointment:
    """A typed text that is no appointment yet: a question with its choices, or a reason with a remedy."""

    what: str
    remedy: str = ""
    choices: tuple[AppointmentTime, ...] = ()
    """In the order in which they are offered; one of them is chosen by its number, or something else is typed."""

    def __str__(self) -> str:
        return f"{self.what} — {self.remedy}" if self.remedy else self.what


def resolve_start(zone: str, wall: datetime, fold: int) -> datetime:
    """Return when the clock shows `wall`, in UTC."""
    return to_utc(zone, wall.replace(fold=fold))


def resolve_end(zone: str, wall: datetime, wall_end: datetime, fold: int) -> datetime:
    """Return when the clock shows `wall_end`, in UTC, never before it shows `wall`."""
    # 01:45 the second time lasts until 02:15; 00:45 until the first 01:15
    return max(resolve_start(zone, wall, fold), to_utc(zone, wall_end.replace(fold=fold)))
