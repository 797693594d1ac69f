"""Habits of simulated interviewers: seconds that each action takes, breaks, the times they offer for appointments."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.case.events import AppointmentPolicy
from survey_cli.simulate.fieldwork.households import DialResult, Propensities
from survey_cli.simulate.interviews.respondents import Habits

ActionTimes: TypeAlias = Iterator[datetime]
"""Times of the next actions."""

DIAL_SECONDS: Final[dict[DialResult, int]] = {
    "somebody": 12, "no_answer": 30, "busy": 8, "machine": 25, "disconnected": 12, "fax": 8, "wrong_number": 35,
}  # fmt: skip
"""Seconds from dialing to the result; a wrong number talks."""
LOOK_SECONDS: Final = (8, 25)
"""Seconds on a case before it is dialed."""
KEY_SECONDS: Final = 4
"""Seconds to enter an outcome."""
TALK_SECONDS: Final = (20, 90)
"""Seconds of conversation before an interview, or instead of one."""
MESSAGE_SECONDS: Final = 25
"""Seconds to leave a message."""
BREAK_INTERVAL: Final = timedelta(hours=2)
"""Time between breaks."""
BREAK_LENGTH: Final = timedelta(minutes=15)
RETRY_INTERVAL: Final = timedelta(minutes=5)
"""While no case can be called, others may return one sooner than expected."""
MIN_WAIT: Final = timedelta(seconds=10)
APPOINTMENT_DAYS: Final = 5
"""Appointments are made for today or one of the next days."""
HARD_REFUSALS: Final = frozenset({"refusal_hard", "refusal_household_hard"})
CALL_AGAIN_OUTCOMES: Final = frozenset({"callback", "appointment"})
OWNER_POLICY_WEIGHTS: Final[tuple[tuple[AppointmentPolicy, ...], tuple[int, ...]]] = (
    ("anyone", "me_first", "me"),
    (70, 20, 10),
)
UNWILLING_OUTCOMES: Final = (
    HARD_REFUSALS | CALL_AGAIN_OUTCOMES | {"refusal_soft", "refusal_household_soft", "not_eligible"}
)
"""Ends that a willing, eligible respondent does not reach: the answers that led there are changed."""
SHIFT_MINUTES: Final = 6 * 60
"""Longest shift in minutes; on a longer day, one shift starts it and the next ends it."""
ITEM_SECONDS: Final = 12.0
CHANGE_ATTEMPTS: Final = 30
"""How often the answers before one end are changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkSettings:
    """What is simulated."""

    starts: date
    days: int
    """Calendar days."""
    seed: int = 1
    zone: ZoneInfo
    """The time zone of the stations."""
    propensities: Propensities = field(default_factory=Propensities)
    habits: Habits = field(default_factory=Habits)
    item_seconds: float = ITEM_SECONDS
    """Average seconds per item of an interview."""


def find_free_time(calendar: Calendar, zone: ZoneInfo, local_time: datetime, rng: Random) -> datetime | None:
    """Find a quarter of an hour on the respondent's clock within the study's hours, there and at the stations.

    `local_time` is now on the respondent's clock, `zone` is that of the stations. None where none was found.
    """
    for _ in range(CHANGE_ATTEMPTS):
        day = local_time.date() + timedelta(days=rng.randrange(APPOINTMENT_DAYS))
        hours = calendar.find_hours(day)
        if hours is None or calendar.explain_closed_day(day):
            continue
        minute = rng.randrange(hours.start, hours.end, 15)
        appointment_time = datetime.combine(day, time(), local_time.tzinfo) + timedelta(minutes=minute)
        if (
            appointment_time > local_time + timedelta(minutes=5)
            and calendar.find_opening((zone.key,), appointment_time).open
        ):
            return appointment_time
    return None
