"""The resolved time of an appointment, and the question asked back if the text is unclear.

Whether it is still open, when it starts and ends, whether it was missed: wall times are resolved
here, as late as possible; the queue is computed in `scheduling`. No clock is used.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.calendar.zones import to_utc, to_wall_time
from survey_cli.fieldwork.case.case import Appointment, Attempt, Case
from survey_cli.fieldwork.case.disposition_coding import classify_outcome, is_contact
from survey_cli.fieldwork.case.events import AppointmentMade, AppointmentPolicy
from survey_cli.fieldwork.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentTime:
    """A resolved time for an appointment."""

    wall: datetime
    """Its beginning on the respondent's clock, naive."""
    wall_end: datetime
    """Its end; for one exact time, the time until which the appointment is not missed."""
    zone: str
    fold: int = 0
    """1 if the clock shows this time twice and the second is meant."""
    exact: bool
    """One time was given, not a span in which to call."""
    text: str
    """`Thu 26 Nov 15:00`, `Thu 26 Nov 14:00–16:00`: typed again, it is read as the same time. Spans
    of several days, `Mon 30 Nov 09:00 to Fri 4 Dec 20:30`, are only for reading."""
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
        self,
        *,
        person: str = "",
        owner: str = "",
        policy: AppointmentPolicy = "anyone",
        note: str = "",
    ) -> AppointmentMade:
        """Return the event of an appointment at this wall time."""
        return AppointmentMade(
            start=self.wall.isoformat(timespec="minutes"),
            end=self.wall_end.isoformat(timespec="minutes"),
            zone=self.zone,
            fold=self.fold,
            person=person,
            owner=owner,
            policy=policy,
            note=note,
        )

    def format_both_clocks(self, station_zone: str = "") -> str:
        """Format both clocks: `Thu 26 Nov 15:00 there (America/Denver) · 17:00 here`."""
        respondent_time = f"{self.text} there ({self.zone})"
        if not station_zone:
            return respondent_time
        start = to_wall_time(station_zone, self.starts)
        end = to_wall_time(station_zone, self.ends)
        if start == self.wall and end == self.wall_end:
            return f"{respondent_time} · the same here"

        day = ""
        if start.date() != self.wall.date():
            day = f"{format_short_day(start.date())} "
        if self.exact:
            station_time = f"{start:%H:%M}"
        elif self.wall_end - self.wall > timedelta(days=1):
            station_time = f"{start:%H:%M} to {format_short_day(end.date())} {end:%H:%M}"
        else:
            station_time = f"{start:%H:%M}–{end:%H:%M}"
        return f"{respondent_time} · {day}{station_time} here"


@dataclass(frozen=True, slots=True)
class UnclearAppointment:
    """A text that is no appointment yet: a question with its choices, or a reason and a remedy."""

    what: str
    remedy: str = ""
    choices: tuple[AppointmentTime, ...] = ()
    """In the order in which they are offered; one of them is chosen by its number, or something
    else is typed."""

    def __str__(self) -> str:
        if not self.remedy:
            return self.what
        return f"{self.what} — {self.remedy}"


def resolve_start(zone: str, wall: datetime, fold: int) -> datetime:
    """Return when the clock shows `wall`, in UTC."""
    return to_utc(zone, wall.replace(fold=fold))


def resolve_end(zone: str, wall: datetime, wall_end: datetime, fold: int) -> datetime:
    """Return when the clock shows `wall_end`, in UTC, never before it shows `wall`."""
    # if 02:00 becomes 01:00 again, 00:45 lasts until the first 01:15, and the second 01:45 until
    # 02:15
    return max(resolve_start(zone, wall, fold), to_utc(zone, wall_end.replace(fold=fold)))


MISSED_RETRY: Final = timedelta(minutes=30)
"""An appointment call that nobody answered is repeated after this, sooner than any other unanswered
call."""
EARLY_WINDOW: Final = timedelta(minutes=15)
"""A call this long before the appointed time keeps the appointment."""
OWNER_FIRST_PERIOD: Final = timedelta(minutes=15)
"""An appointment that its owner may keep first is open to all interviewers when it is this late."""


def resolve_span(details: AppointmentMade) -> tuple[datetime, datetime]:
    """Return when an appointment begins and ends, in UTC.

    Wall times are resolved when they are needed, so that no change of the clock moves them.
    """
    wall = datetime.fromisoformat(details.start)
    wall_end = datetime.fromisoformat(details.end)
    starts = resolve_start(details.zone, wall, details.fold)
    ends = resolve_end(details.zone, wall, wall_end, details.fold)
    return starts, ends


def find_open_appointment(case: Case, plan: Plan) -> AppointmentMade | None:
    """Return the appointment that still has to be kept, or None.

    A call at its time keeps it, and so does any later conversation. The call in which it was made
    does neither, however near the appointed time it was.
    """
    appointment = case.appointment
    if appointment is None or _has_spoken_since(case, plan, appointment.at):
        return None
    if _list_attempts_at_its_time(case, appointment):
        return None
    return appointment.details


def is_missed(case: Case, plan: Plan) -> bool:
    """Return whether the last attempt was the appointment call and nobody answered it.

    This is the first attempt at its time, or any other as long as the appointed time lasts.
    """
    appointment = case.appointment
    if appointment is None or not case.attempts or _has_spoken_since(case, plan, appointment.at):
        return False
    attempts = _list_attempts_at_its_time(case, appointment)
    if not attempts or attempts[-1] is not case.attempts[-1]:
        return False
    _, ends = resolve_span(appointment.details)
    return len(attempts) == 1 or attempts[-1].started_at <= ends


def _has_spoken_since(case: Case, plan: Plan, made_at: datetime) -> bool:
    """Return whether there was a conversation after the appointment was made.

    An outcome `appointment` is the conversation in which it was made.
    """
    for attempt in reversed(case.attempts):
        if attempt.ended_at is not None and attempt.ended_at < made_at:
            return False
        for call in attempt.calls:
            is_later_contact = call.at > made_at and is_contact(call, plan)
            if is_later_contact and classify_outcome(call, plan) != "appointment":
                return True
    return False


def _list_attempts_at_its_time(case: Case, appointment: Appointment) -> list[Attempt]:
    """Return the attempts since the appointment was made that began at its time or later."""
    starts, _ = resolve_span(appointment.details)
    earliest = starts - EARLY_WINDOW
    return [
        attempt
        for attempt in case.attempts
        if attempt.started_at > appointment.at and attempt.started_at >= earliest
    ]
