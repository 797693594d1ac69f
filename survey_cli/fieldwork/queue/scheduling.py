"""Scheduling of cases: the queue position that a case has by its history and the plan, and its claim criteria.

Claim criteria are the zones, parts of the day, language, skill, owner and quota cells that a case requires. The store
groups cases by their text, the bucket, so that hours and quotas are checked once for all cases of a bucket.

Pure: every time is an argument. Uses nothing about the interviewer; the store keeps the result.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from enum import Enum
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.appointment import (
    MISSED_RETRY,
    find_open_appointment,
    is_missed,
    resolve_span,
)
from survey_cli.fieldwork.calendar.calendar import NO_ZONE_REASON, Calendar, format_short_day
from survey_cli.fieldwork.calendar.zones import get_zone
from survey_cli.fieldwork.case import disposition_coding as coding
from survey_cli.fieldwork.case.activity import UNRELEASED, Activity, count_activity, encode_activity
from survey_cli.fieldwork.case.case import (
    Attempt,
    Call,
    Case,
    find_other_region,
    list_call_zones,
    localize_plan,
)
from survey_cli.fieldwork.case.events import AppointmentPolicy
from survey_cli.fieldwork.plan.plan import Delay, Plan
from survey_cli.fieldwork.queue.quota_holds import keeps_places
from survey_cli.outcomes import FINAL_REFUSALS, INTERVIEW_END_OUTCOMES, REFUSAL_OUTCOMES

QueueStatus: TypeAlias = Literal["unreleased", "ready", "waiting", "held", "done"]
"""Unreleased: its replicate is not released yet. Ready and waiting: due now, due later. Held: a supervisor must
answer, or give it a number or a zone. Done: never called again, unless a supervisor reopens it."""


NO_ACTIVITY: Final = "{}"


class QueuePosition(NamedTuple):
    """The position of a case in the queue, derived from its history and stored beside it for claiming."""

    status: QueueStatus
    due_at: datetime | None
    """When it may be called, by delays, limits and appointments; hours belong to the bucket. None: never. It is not
    later than the study's last open hour."""
    bucket: str
    """The text of its claim criteria."""
    rank: str
    """A sort key for the order of calling; its first letter is the class: 1 appointments, 2 interrupted, 4 all
    others."""
    code: str
    """Its AAPOR code if fieldwork ended now."""
    outcome: str
    """The last outcome, or the supervisor's override."""
    attempts: int
    """The attempts that count toward the limit, including those before a supervisor reopened it."""
    why: str
    """The reason for the status; empty where it is due."""
    promised_at: datetime | None = None
    promised_until: datetime | None = None
    owner: str = ""
    """The owner of its appointment."""
    activity: str = NO_ACTIVITY
    """What its history adds to the live counts: see `fieldwork.case.activity`."""


class QueuedCase(NamedTuple):
    """A case that may be called now or later, in calling order."""

    rank: str
    key: str
    seq: int
    """Number of its events when it was queued."""
    bucket: str
    promised_at: datetime | None


class ClaimCriteria(NamedTuple):
    """The conditions that the time and the interviewer must fulfill before a case may be claimed."""

    zones: tuple[str, ...] = ()
    dayparts: tuple[str, ...] = ()
    """Only in these parts of the day; empty: in any."""
    language: str = ""
    skill: str = ""
    owner: str = ""
    """The owner of its appointment; empty: anybody."""
    policy: AppointmentPolicy = "anyone"
    cells: tuple[str, ...] = ()
    """Quota cells it is known to be in."""
    prefers: tuple[str, ...] = ()
    """Parts of the day that were tried least: in them such cases come before those that prefer another; empty: any."""
    region: str = ""
    """The country or region whose hours and holidays apply; empty: the study's."""

    def __str__(self) -> str:
        return format_criteria(self)


@lru_cache(maxsize=4096)
def format_criteria(criteria: ClaimCriteria) -> str:
    """Return the text of claim criteria; of a million cases, many share the same ones."""
    *parts, prefers, region = criteria
    if prefers or region:
        parts.append(prefers)
    if region:
        parts.append(region)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=4096)
def parse_criteria(text: str) -> ClaimCriteria:
    """Parse the text of claim criteria. Raises ValueError."""
    zones, dayparts, language, skill, owner, policy, cells, *more = json.loads(text)
    prefers, region = more[0] if more else (), more[1] if len(more) > 1 else ""
    dayparts, cells, prefers = map(tuple, (dayparts, cells, prefers))
    return ClaimCriteria(
        tuple(zones), dayparts, language, skill, owner, policy, cells, prefers, region
    )


class AttemptsEnd(Enum):
    """Why a case has no attempt left."""

    TOTAL = "the limit of attempts is reached"
    DAYPARTS = "the limit of attempts in each part of the day is reached"
    NO_PART_LEFT = "the parts of the day with attempts left don't come again"


ALWAYS_DUE: Final = datetime.fromtimestamp(0, UTC)
"""The due time of a case that nothing delays."""
TRIED_LEAST_SUFFIX: Final = ", the part of the day tried least"
"""The end of the reason where a case waits for that part of the day."""
MAX_PRIORITY: Final = 499_999_999
"""Sample priorities beyond it, or below its negative, are limited to it."""


class DueTime(NamedTuple):
    """The time from which a case may be called, by its own history."""

    at: datetime
    why: str
    dayparts: tuple[str, ...] = ()
    """Only in these parts of the day, since the others had their share; empty: in any."""
    prefers: tuple[str, ...] = ()
    """The parts of the day that were tried least; empty: all are equal."""


def schedule_case(case: Case, plan: Plan, at: datetime) -> QueuePosition:
    """Return the queue position of a case at this time, as if its current attempt were over.

    An appointment comes before limits and delays: it may use one attempt more than the limit, and is called on its day
    however often the case was called on it. The position depends on the time, too: it must be derived again from time
    to time, since a part of the day that a case waits for may not come again before the study's end.
    """
    activity: Activity = count_activity(case, plan) if case.seq > 1 else Counter()
    case, plan = case.end_attempt(), localize_plan(case, plan)
    override, last_call = case.override, case.last_call
    is_overridden = override is not None and (
        last_call is None or coding.has_final_override(case, plan)
    )
    decisive = override if is_overridden else last_call
    code, attempts = coding.code_case(case, plan).code, len(case.counted_attempts)
    outcome = decisive.outcome if decisive is not None else ""
    position = QueuePosition(
        "waiting", None, "", "", code, outcome, attempts, "", activity=encode_activity(activity)
    )
    if why := explain_done(case, plan):
        if not case.released:
            activity["", (UNRELEASED, code, case.frame)] += 1
            position = position._replace(activity=encode_activity(activity))
        return position._replace(status="done", why=why)
    if not case.released:
        return position._replace(
            status="unreleased", why=f"replicate {case.replicate} is not released"
        )
    zones = list_call_zones(case, case.next_number, plan)
    if why := explain_held(case, plan, zones):
        return position._replace(status="held", why=why)
    return _schedule_open_case(case, plan, at, zones, position)


def _schedule_open_case(
    case: Case, plan: Plan, at: datetime, zones: tuple[str, ...], position: QueuePosition
) -> QueuePosition:
    """Return the position of a case that is called again, if it ever may be."""
    cells: tuple[str, ...] = ()
    # an interview with places of its own is resumed even if its cells are full
    if not keeps_places(case, plan, at):
        cells = plan.quotas.list_known_cells(case.columns)
    # reopening a case does not undo its refusal
    skill = plan.converter if plan.converter and count_refusals(case.calls, plan) else ""
    appointment = find_open_appointment(case, plan)
    owner, starts, ends = "", None, None
    policy: AppointmentPolicy = "anyone"
    due: DueTime | AttemptsEnd
    if appointment is not None:
        starts, ends = resolve_span(appointment)
        if count_attempts_left(case, plan) < 0:
            return position._replace(status="done", why=AttemptsEnd.TOTAL.value)
        due = DueTime(starts, "appointment")
        # an appointment after a refusal counts as converted
        owner, policy, skill = appointment.owner, appointment.policy, ""
        rank = f"1{_format_sortable(ends)}"
    else:
        due = _find_due_time(case, plan, at, zones)
        last_attempt = _format_sortable(case.attempts[-1].started_at) if case.attempts else ""
        priority = max(-MAX_PRIORITY, min(case.priority, MAX_PRIORITY)) + MAX_PRIORITY
        order = "2" if case.has_unfinished_interview else f"4{priority:09}{int(not case.attempts)}"
        rank = f"{order}{last_attempt}"
    if isinstance(due, AttemptsEnd):
        return position._replace(status="done", why=due.value)
    calendar = plan.calendar
    if (
        calendar.ends is not None
        and calendar.find_next_opening(zones, max(due.at, at), due.dayparts) is None
    ):
        why = f"nobody is called after {format_short_day(calendar.ends)}"
        return position._replace(status="done", why=f"{due.why}, and {why}" if due.why else why)
    status: QueueStatus = "ready" if due.at <= at else "waiting"
    region = find_other_region(case, plan)
    criteria = ClaimCriteria(
        zones, due.dayparts, case.language, skill, owner, policy, cells, due.prefers, region
    )
    rank, why = (
        f"{rank}{_compute_tie_breaker(plan.study, case.key)}",
        "" if status == "ready" else due.why,
    )
    position = position._replace(promised_at=starts, promised_until=ends, owner=owner)
    return position._replace(
        status=status, due_at=due.at, bucket=format_criteria(criteria), rank=rank, why=why
    )


def _format_sortable(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")


@lru_cache(maxsize=4096)
def _compute_tie_breaker(study: str, key: str) -> str:
    """Return the hash that orders cases of equal rank, from the study and the case's key."""
    return blake2b(f"{study}\0{key}".encode(), digest_size=6).hexdigest()


def has_time_left(criteria: ClaimCriteria, plan: Plan, at: datetime) -> bool:
    """Return whether cases with these claim criteria, ready at an earlier time, can still be called."""
    if plan.calendar.ends is None and not criteria.dayparts:
        return True
    calendar = plan.calendar.for_region(criteria.region)
    return calendar.find_next_opening(criteria.zones, at, criteria.dayparts) is not None


# reasons that end a case


def explain_done(case: Case, plan: Plan) -> str:
    """Return why its history ends a case; empty where it does not.

    Limits and the study's end are not part of it.
    """
    if case.erased:
        return "erased"
    if case.do_not_call:
        return "must not be called again"
    if case.override is not None and coding.has_final_override(case, plan):
        return f"outcome set by {case.override.by}"
    calls = case.calls[case.calls_before_reopening :]
    for call in reversed(calls):
        row = coding.find_outcome_row(call, plan)
        if row is None:
            continue
        if coding.ends_case(row) or (
            call.code in ("1.1", "1.2") and row.kind in INTERVIEW_END_OUTCOMES
        ):
            return row.name.lower()
        if row.kind in FINAL_REFUSALS:
            return "refused permanently"
        if plan.delays.get(row.id) == "never" and row.temporary:
            return f"never again after {row.name.lower()}"
    refusals = count_refusals(calls, plan)
    if refusals >= plan.refusals:
        return f"refused {_format_times(refusals)}"
    if case.numbers and not case.live_numbers:
        return "no number is left"
    return "its identifying data were removed" if case.anonymized else ""


def explain_held(case: Case, plan: Plan, zones: tuple[str, ...]) -> str:
    """Return what a supervisor must do first; empty where nothing."""
    unanswered_calls = case.calls[case.calls_before_answer :]
    if unanswered_calls and _find_delay(unanswered_calls[-1], plan) == "held":
        return "a supervisor must answer first"
    if not case.numbers:
        return "it has no number: a supervisor must add one"
    return "" if zones else f"{NO_ZONE_REASON}: set the zone"


def count_refusals(calls: Iterable[Call], plan: Plan) -> int:
    """Count the refusals among these calls.

    Hanging up on the introduction and breaking off are refusals; an interview that counts is none.
    """
    outcomes = (
        coding.classify_outcome(call, plan) for call in calls if call.code not in ("1.1", "1.2")
    )
    return sum(outcome in REFUSAL_OUTCOMES for outcome in outcomes)


# delays


def count_attempts_left(case: Case, plan: Plan) -> int:
    """Return how many attempts the limit leaves; below zero where not even an appointment may have one more.

    Attempts before a supervisor reopened the case do not count.
    """
    counted = sum(
        case.reopened_at is None or a.started_at > case.reopened_at for a in case.counted_attempts
    )
    return plan.limits.total - counted


def find_attempts_end(case: Case, plan: Plan, at: datetime) -> AttemptsEnd | None:
    """Return why a case has no attempt left, as if its current attempt were over; None if it may have one more.

    An appointment may use one attempt more than the limit.
    """
    case = case.end_attempt()
    if find_open_appointment(case, plan) is not None:
        return AttemptsEnd.TOTAL if count_attempts_left(case, plan) < 0 else None
    due = _find_due_time(case, plan, at, list_call_zones(case, case.next_number, plan))
    return due if isinstance(due, AttemptsEnd) else None


def _find_due_time(
    case: Case, plan: Plan, at: datetime, zones: tuple[str, ...]
) -> DueTime | AttemptsEnd:
    """Return when delays, limits and parts of the day allow a call, or why a limit is reached for good."""
    if not case.attempts:
        return DueTime(ALWAYS_DUE, "")
    if count_attempts_left(case, plan) <= 0:
        return AttemptsEnd.TOTAL
    attempts = case.counted_attempts
    due, why = _find_rest_end(case, plan)
    next_day = _find_next_day(attempts, plan, zones)
    if next_day is not None and next_day > due:
        due, why = next_day, f"{_format_times(plan.limits.per_day or 0)} on one day"
    is_urgent = case.has_unfinished_interview or is_missed(case, plan) or case.attempts[-1].is_busy
    parts = _select_dayparts(attempts, plan, max(due, at), zones, is_urgent=is_urgent)
    if isinstance(parts, AttemptsEnd):
        return parts
    required, preferred = parts
    if preferred and plan.spread == "wait":
        since = max(due, case.attempts[-1].end)
        opens = plan.calendar.find_next_opening(zones, since, preferred)
        until = min(opens, since + plan.spread_wait) if opens is not None else due
        if until > since:
            due, why = until, f"{' or '.join(preferred)}{TRIED_LEAST_SUFFIX}"
    return DueTime(due, why, required, preferred)


def _find_rest_end(case: Case, plan: Plan) -> tuple[datetime, str]:
    """Return when the least time after each outcome is over, and after which outcome.

    This covers the calls since the last conversation, that conversation included; a later conversation ends an earlier
    one's wait, and so does an appointment. Calls before a supervisor reopened the case do not count. A call dated after
    its own correction was dated by a wrong clock: its wait begins with the correction.
    """
    due, why = ALWAYS_DUE, ""
    missed = is_missed(case, plan)
    override, number = case.override, len(case.calls)
    for attempt in reversed(case.attempts):
        ended = attempt.ended_at or attempt.calls[-1].at
        for call in reversed(attempt.calls):
            number -= 1
            if number < case.calls_before_reopening:
                return due, why
            if override is not None and number < override.calls_before:
                ended = min(ended, override.at)
            row, delay = coding.find_outcome_row(call, plan), _find_delay(call, plan)
            if row is not None and isinstance(delay, timedelta):
                delay = min(delay, MISSED_RETRY) if missed else delay
                if ended + delay > due:
                    due, why = ended + delay, f"{_format_length(delay)} after {row.name.lower()}"
            if coding.is_contact(call, plan):
                return due, why
    return due, why


def _find_delay(call: Call, plan: Plan) -> Delay | None:
    """Return the least time after a call.

    Where an override named an outcome that the study does not have, it is the time after the keyed one.
    """
    row = coding.find_outcome_row(call, plan)
    return plan.delays.get(row.id) if row is not None else None


def _find_next_day(
    attempts: tuple[Attempt, ...], plan: Plan, zones: tuple[str, ...]
) -> datetime | None:
    """Return the start of the day after the one on which the limit of attempts per day was reached.

    Of several zones, the latest counts. None where the limit was not reached.
    """
    limit = plan.limits.per_day
    if limit is None or not attempts:
        return None
    calendar, last = plan.calendar, attempts[-1].started_at
    days = {
        zone: Counter(calendar.find_local_day(zone, attempt.started_at) for attempt in attempts)
        for zone in zones
    }
    full_zones = (
        zone for zone in zones if days[zone][calendar.find_local_day(zone, last)] >= limit
    )
    return max((calendar.find_next_day(zone, last) for zone in full_zones), default=None)


def _select_dayparts(
    attempts: tuple[Attempt, ...],
    plan: Plan,
    at: datetime,
    zones: tuple[str, ...],
    *,
    is_urgent: bool,
) -> tuple[tuple[str, ...], tuple[str, ...]] | AttemptsEnd:
    """Return the parts of the day required for the next attempt, and those preferred; each empty for any.

    Required are the parts whose limit is not reached; preferred are those tried least that still come before the
    study's end; or why no part is left: every one has reached its limit, or does not come again. No part is
    preferred where `is_urgent`: for an interrupted interview, a missed appointment, or a busy line, whose redial is
    the same attempt.
    """
    names = [part.name for part in plan.calendar.parts]
    limit = plan.limits.per_daypart
    has_preference = plan.spread != "off" and not is_urgent
    if not names or not attempts or (limit is None and not has_preference):
        return (), ()
    attempt_counts = Counter(
        plan.calendar.find_daypart(zones, attempt.started_at) for attempt in attempts
    )
    open_parts = tuple(name for name in names if limit is None or attempt_counts[name] < limit)
    required = () if len(open_parts) == len(names) else open_parts
    if not open_parts:
        return AttemptsEnd.DAYPARTS
    if required and plan.calendar.find_next_opening(zones, at, required) is None:
        return AttemptsEnd.NO_PART_LEFT
    for group in (
        _group_by_share(open_parts, attempt_counts, plan.calendar) if has_preference else ()
    ):
        if len(group) == len(open_parts):
            break
        if plan.calendar.find_next_opening(zones, at, group) is not None:
            return required, group
    return required, ()


def _group_by_share(
    names: tuple[str, ...], attempt_counts: Mapping[str, int], calendar: Calendar
) -> list[tuple[str, ...]]:
    """Group the parts with equal numbers of attempts for their weights, the smallest first."""
    weights = {part.name: part.weight for part in calendar.parts}
    shares = {name: attempt_counts[name] / weights[name] for name in names}
    return [tuple(n for n in names if shares[n] == share) for share in sorted(set(shares.values()))]


def _format_length(delay: timedelta) -> str:
    minutes = delay // timedelta(minutes=1)
    size, unit = next(
        (u for u in ((1440, "d"), (60, "h")) if minutes and minutes % u[0] == 0), (1, "m")
    )
    return f"{minutes // size}{unit}"


def _format_times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


# the end of a case


def find_done_time(case: Case, plan: Plan, last: datetime, at: datetime) -> datetime | None:
    """Return when a case was done, from which retention periods run; None where it may still be called.

    This is its last event, at `last`, or the study's last day where it was still open then.
    """
    if schedule_case(case, plan, last).status == "done":
        return last
    study_end = find_study_end(plan)
    return max(last, study_end) if study_end is not None and study_end <= at else None


def find_study_end(plan: Plan) -> datetime | None:
    """Return the midnight after the study's last day, in UTC; None where it has no last day."""
    day = plan.calendar.ends
    if day is None:
        return None
    zone = get_zone(plan.zone) if plan.zone else UTC
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
