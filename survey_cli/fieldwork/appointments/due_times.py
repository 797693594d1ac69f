"""Does a promise still have to be kept, and when? Wall times are resolved here, late; the queue is decided elsewhere."""

from datetime import datetime, timedelta
from typing import Final

from survey_cli.fieldwork.calendar.zones import moment_of
from survey_cli.fieldwork.case.case import Attempt, Case
from survey_cli.fieldwork.case.disposition_coding import kind, reached
from survey_cli.fieldwork.case.events import Promised
from survey_cli.fieldwork.plan.plan import Plan

MISSED: Final = timedelta(minutes=30)
"""A promised call that nobody answered is made again after this, sooner than any other that nobody answered."""
EARLY: Final = timedelta(minutes=15)
"""A call so long before the promised time keeps the promise."""
MINE_FIRST: Final = timedelta(minutes=15)
"""A promise to be kept by its owner first is anybody's when it is so late."""


def promise_span(promise: Promised) -> tuple[datetime, datetime]:
    """From when and until when it holds, in UTC: wall times are resolved here and now, so that no change of the clock
    moves them."""
    starts = moment_of(promise.zone, datetime.fromisoformat(promise.start).replace(fold=promise.fold))
    ends = moment_of(promise.zone, datetime.fromisoformat(promise.end).replace(fold=promise.fold))
    return starts, max(starts, ends)


def standing_promise(case: Case, plan: Plan) -> Promised | None:
    """The promise that still has to be kept: calling at its time, or speaking with somebody since, has kept it. The call
    in which it was made is none of these, however near the promised time it was."""
    booking = case.booking
    if booking is None or _spoken_since(case, plan) or _at_its_time(case):
        return None
    return booking.promise


def missed(case: Case, plan: Plan) -> bool:
    """Whether the last attempt was the promised call and nobody answered it: the first at its time, and any other while
    the promised time lasts."""
    booking = case.booking
    if booking is None or not case.attempts or _spoken_since(case, plan):
        return False
    tries = _at_its_time(case)
    if not tries or tries[-1] is not case.attempts[-1]:
        return False
    return len(tries) == 1 or tries[-1].began <= promise_span(booking.promise)[1]


def _spoken_since(case: Case, plan: Plan) -> bool:
    """Whether somebody was spoken with after the promise was made; an appointment is the talk in which it was."""
    booking = case.booking
    if booking is None:
        return False
    for attempt in reversed(case.attempts):
        if attempt.ended is not None and attempt.ended < booking.at:
            return False
        for call in attempt.calls:
            if call.at > booking.at and reached(call, plan) and kind(call, plan) != "appointment":
                return True
    return False


def _at_its_time(case: Case) -> list[Attempt]:
    """The attempts since the promise that were made at its time, or later."""
    booking = case.booking
    if booking is None:
        return []
    starts, _ = promise_span(booking.promise)
    return [a for a in case.attempts if a.began > booking.at and a.began >= starts - EARLY]
