"""Due times of appointments: whether one is still open, when it starts and ends, whether it was missed.

Wall times are resolved here, as late as possible; the queue is computed in `scheduling`.
"""

from datetime import datetime, timedelta
from typing import Final

from survey_cli.fieldwork.calendar.zones import to_utc
from survey_cli.fieldwork.case.case import Attempt, Case
from survey_cli.fieldwork.case.disposition_coding import classify_outcome, is_contact
from survey_cli.fieldwork.case.events import AppointmentMade
from survey_cli.fieldwork.plan.plan import Plan

MISSED_RETRY: Final = timedelta(minutes=30)
"""A promised call that nobody answered is made again after this, sooner than any other that nobody answered."""
EARLY_WINDOW: Final = timedelta(minutes=15)
"""A call so long before the promised time keeps the promise."""
OWNER_FIRST_PERIOD: Final = timedelta(minutes=15)
"""A promise to be kept by its owner first is anybody's when it is so late."""


def resolve_span(promise: AppointmentMade) -> tuple[datetime, datetime]:
    """From when and until when it holds, in UTC: wall times are resolved here and now, so that no change of the clock
    moves them."""
    starts = to_utc(promise.zone, datetime.fromisoformat(promise.start).replace(fold=promise.fold))
    ends = to_utc(promise.zone, datetime.fromisoformat(promise.end).replace(fold=promise.fold))
    return starts, max(starts, ends)


def find_open_appointment(case: Case, plan: Plan) -> AppointmentMade | None:
    """The promise that still has to be kept: calling at its time, or speaking with somebody since, has kept it. The call
    in which it was made is none of these, however near the promised time it was."""
    booking = case.appointment
    if booking is None or _has_spoken_since(case, plan) or _list_attempts_at_its_time(case):
        return None
    return booking.details


def is_missed(case: Case, plan: Plan) -> bool:
    """Whether the last attempt was the promised call and nobody answered it: the first at its time, and any other while
    the promised time lasts."""
    booking = case.appointment
    if booking is None or not case.attempts or _has_spoken_since(case, plan):
        return False
    tries = _list_attempts_at_its_time(case)
    if not tries or tries[-1] is not case.attempts[-1]:
        return False
    return len(tries) == 1 or tries[-1].started_at <= resolve_span(booking.details)[1]


def _has_spoken_since(case: Case, plan: Plan) -> bool:
    """Whether somebody was spoken with after the promise was made; an appointment is the talk in which it was."""
    booking = case.appointment
    if booking is None:
        return False
    for attempt in reversed(case.attempts):
        if attempt.ended_at is not None and attempt.ended_at < booking.at:
            return False
        for call in attempt.calls:
            if (
                call.at > booking.at
                and is_contact(call, plan)
                and classify_outcome(call, plan) != "appointment"
            ):
                return True
    return False


def _list_attempts_at_its_time(case: Case) -> list[Attempt]:
    """The attempts since the promise that were made at its time, or later."""
    booking = case.appointment
    if booking is None:
        return []
    starts, _ = resolve_span(booking.details)
    return [a for a in case.attempts if a.started_at > booking.at and a.started_at >= starts - EARLY_WINDOW]
