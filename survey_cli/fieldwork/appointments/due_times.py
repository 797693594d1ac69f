"""Due times of appointments: whether one is still open, when it starts and ends, whether it was missed.

Wall times are resolved here, as late as possible; the queue is computed in `scheduling`.
"""

from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from survey_cli.fieldwork.appointments.appointment import resolve_end, resolve_start
from survey_cli.fieldwork.case.case import Appointment, Attempt, Case
from survey_cli.fieldwork.case.disposition_coding import classify_outcome, is_contact
from survey_cli.fieldwork.case.events import AppointmentMade
from survey_cli.fieldwork.plan.plan import Plan

MISSED_RETRY: Final = timedelta(minutes=30)
"""An appointment call that nobody answered is repeated after this, sooner than any other unanswered call."""
EARLY_WINDOW: Final = timedelta(minutes=15)
"""A call this long before the appointed time keeps the appointment."""
OWNER_FIRST_PERIOD: Final = timedelta(minutes=15)
"""An appointment that its owner may keep first is open to everybody when it is this late."""


def resolve_span(details: AppointmentMade) -> tuple[datetime, datetime]:
    """Return when an appointment begins and ends, in UTC.

    Wall times are resolved as late as this, so that no change of the clock moves them.
    """
    wall, wall_end = datetime.fromisoformat(details.start), datetime.fromisoformat(details.end)
    return resolve_start(details.zone, wall, details.fold), resolve_end(details.zone, wall, wall_end, details.fold)


def find_open_appointment(case: Case, plan: Plan) -> AppointmentMade | None:
    """Return the appointment that still has to be kept, or None.

    A call at its time keeps it, and so does any later conversation. The call in which it was made does neither, however
    near the appointed time it was.
    """
    appointment = case.appointment
    if appointment is None or _has_spoken_since(case, plan, appointment.at) or _list_attempts(case, appointment):
        return None
    return appointment.details


def is_missed(case: Case, plan: Plan) -> bool:
    """Return whether the last attempt was the appointment call and nobody answered it.

    This is the first attempt at its time, or any other as long as the appointed time lasts.
    """
    appointment = case.appointment
    if appointment is None or not case.attempts or _has_spoken_since(case, plan, appointment.at):
        return False
    attempts = _list_attempts(case, appointment)
    if not attempts or attempts[-1] is not case.attempts[-1]:
        return False
    return len(attempts) == 1 or attempts[-1].started_at <= resolve_span(appointment.details)[1]


def _has_spoken_since(case: Case, plan: Plan, made_at: datetime) -> bool:
    """Return whether there was a conversation after the appointment was made.

    An outcome `appointment` is the conversation in which it was made.
    """
    later = takewhile(lambda attempt: attempt.ended_at is None or attempt.ended_at >= made_at, reversed(case.attempts))
    contacts = (c for attempt in later for c in attempt.calls if c.at > made_at and is_contact(c, plan))
    return any(classify_outcome(call, plan) != "appointment" for call in contacts)


def _list_attempts(case: Case, appointment: Appointment) -> list[Attempt]:
    """Return the attempts since the appointment was made that began at its time or later."""
    starts, _ = resolve_span(appointment.details)
    return [a for a in case.attempts if a.started_at > appointment.at and a.started_at >= starts - EARLY_WINDOW]
