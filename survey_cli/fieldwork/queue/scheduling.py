"""Scheduling: a case's position in the queue, by its history and the plan, and claim criteria.

Claim criteria are the zones, parts of the day, language, skill, owner and quota cells that a case
requires. The store groups cases by their text, the bucket, so that hours and quotas are checked
once for all cases of a bucket.

Pure: every time is an argument. Uses nothing about the interviewer; the store keeps the result.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.appointment import (
    MISSED_RETRY,
    find_open_appointment,
    is_missed,
    resolve_span,
)
from survey_cli.fieldwork.calendar.calendar import Calendar, format_short_day
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
from survey_cli.fieldwork.case.events import AppointmentMade, AppointmentPolicy
from survey_cli.fieldwork.plan.plan import Delay, Plan
from survey_cli.fieldwork.queue.quota_holds import keeps_places
from survey_cli.fieldwork.queue.reasons import DUE, QueueReason, ReasonKind
from survey_cli.outcomes import FINAL_REFUSALS, INTERVIEW_END_OUTCOMES, REFUSAL_OUTCOMES

QueueStatus: TypeAlias = Literal["unreleased", "ready", "waiting", "held", "done"]
"""Unreleased: its replicate is not released yet. Ready and waiting: due now, due later. Held: a
supervisor must answer, or give it a number or a zone. Done: never called again, unless a supervisor
reopens it."""


NO_ACTIVITY: Final = "{}"


class QueuePosition(NamedTuple):
    """The position of a case in the queue, derived from its history and stored for claiming."""

    status: QueueStatus
    due_at: datetime | None
    """When it may be called, by delays, limits and appointments; hours belong to the bucket. None:
    never. It is not later than the study's last open hour."""
    bucket: str
    """The text of its claim criteria."""
    rank: str
    """A sort key for the order of calling; its first letter is the class: 1 appointments, 2
    interrupted, 4 all others."""
    code: str
    """Its AAPOR code if fieldwork ended now."""
    outcome: str
    """The last outcome, or the supervisor's override."""
    attempts: int
    """The attempts that count toward the limit, including those before a supervisor reopened it."""
    reason: QueueReason
    """Why it has this status; `DUE` if it may be called."""
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
    """The conditions that the time and the interviewer must meet before a case may be claimed."""

    zones: tuple[str, ...] = ()
    dayparts: tuple[str, ...] = ()
    """Only in these parts of the day; empty for any."""
    language: str = ""
    skill: str = ""
    owner: str = ""
    """The owner of its appointment; empty if it has no owner."""
    policy: AppointmentPolicy = "anyone"
    cells: tuple[str, ...] = ()
    """Quota cells it is known to be in."""
    prefers: tuple[str, ...] = ()
    """Parts of the day that were tried least: in them such cases come before those that prefer
    another. Empty for any."""
    region: str = ""
    """The country or region whose hours and holidays apply; empty for the study's."""

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
    # the last two are left out if they are empty, as in texts of earlier versions
    prefers = more[0] if more else ()
    region = more[1] if len(more) > 1 else ""
    return ClaimCriteria(
        zones=tuple(zones),
        dayparts=tuple(dayparts),
        language=language,
        skill=skill,
        owner=owner,
        policy=policy,
        cells=tuple(cells),
        prefers=tuple(prefers),
        region=region,
    )


ALWAYS_DUE: Final = datetime.fromtimestamp(0, UTC)
"""The due time of a case that nothing delays."""
MAX_PRIORITY: Final = 499_999_999
"""Sample priorities beyond it, or below its negative, are limited to it."""


class DueTime(NamedTuple):
    """The time from which a case may be called, by its own history."""

    at: datetime
    reason: QueueReason
    dayparts: tuple[str, ...] = ()
    """Only in these parts of the day, since the others had their share; empty for any."""
    prefers: tuple[str, ...] = ()
    """The parts of the day that were tried least; empty if all are equal."""


def schedule_case(case: Case, plan: Plan, at: datetime) -> QueuePosition:
    """Derive the queue position of a case at this time, as if its current attempt were over.

    An appointment comes before limits and delays: it may use one attempt more than the limit, and
    it is kept on its day however often the case was called on that day. The position also depends
    on the time and must be derived again now and then: a part of the day that a case waits for may
    not come again before the study ends.
    """
    activity: Activity = Counter()
    # a case that was only imported has nothing to count
    if case.seq > 1:
        activity = count_activity(case, plan)
    case = case.end_attempt()
    plan = localize_plan(case, plan)
    code = coding.code_case(case, plan).code
    done_reason = find_done_reason(case, plan)
    if done_reason is not None and not case.released:
        # a case that ends before its release counts in no replicate
        activity["", (UNRELEASED, code, case.frame)] += 1

    # the fields that do not depend on why it is called or not; the others follow
    position = QueuePosition(
        status="waiting",
        due_at=None,
        bucket="",
        rank="",
        code=code,
        outcome=_find_decisive_outcome(case, plan),
        attempts=len(case.counted_attempts),
        reason=DUE,
        activity=encode_activity(activity),
    )

    if done_reason is not None:
        return position._replace(status="done", reason=done_reason)
    if not case.released:
        unreleased = QueueReason(ReasonKind.UNRELEASED, case.replicate)
        return position._replace(status="unreleased", reason=unreleased)

    zones = list_call_zones(case, case.next_number, plan)
    held_reason = find_held_reason(case, plan, zones)
    if held_reason is not None:
        return position._replace(status="held", reason=held_reason)

    return _schedule_open_case(case, plan, at, zones, position)


def _find_decisive_outcome(case: Case, plan: Plan) -> str:
    """Return the outcome of the last call, or the supervisor's if it replaces it.

    Empty before the first call.
    """
    override = case.override
    last_call = case.last_call
    if override is not None and (last_call is None or coding.has_final_override(case, plan)):
        return override.outcome
    if last_call is not None:
        return last_call.outcome
    return ""


def _schedule_open_case(
    case: Case, plan: Plan, at: datetime, zones: tuple[str, ...], position: QueuePosition
) -> QueuePosition:
    """Return the position of a case that is called again, if it ever may be."""
    appointment = find_open_appointment(case, plan)
    promised_at = None
    promised_until = None
    owner = ""
    if appointment is not None:
        if count_attempts_left(case, plan) < 0:
            return position._replace(status="done", reason=QueueReason(ReasonKind.ATTEMPTS_TOTAL))
        promised_at, promised_until = resolve_span(appointment)
        owner = appointment.owner
        due = DueTime(promised_at, QueueReason(ReasonKind.APPOINTMENT))
        rank = f"1{_format_sortable(promised_until)}"
    else:
        found = _find_due_time(case, plan, at, zones)
        if isinstance(found, QueueReason):
            return position._replace(status="done", reason=found)
        due = found
        rank = _compute_rank(case)

    end_reason = _find_study_end_reason(due, plan.calendar, zones, at)
    if end_reason is not None:
        return position._replace(status="done", reason=end_reason)

    status: QueueStatus = "waiting"
    reason = due.reason
    if due.at <= at:
        status = "ready"
        reason = DUE
    return position._replace(
        status=status,
        due_at=due.at,
        bucket=format_criteria(_build_criteria(case, plan, at, zones, due, appointment)),
        rank=f"{rank}{_compute_tie_breaker(plan.study, case.key)}",
        reason=reason,
        promised_at=promised_at,
        promised_until=promised_until,
        owner=owner,
    )


def _compute_rank(case: Case) -> str:
    """Return the sort key of a case without an appointment.

    Interrupted interviews come first. The others are sorted by priority; of equal priority, cases
    that were called before come before new ones, and the longest not called comes first.
    """
    last_attempt = ""
    if case.attempts:
        last_attempt = _format_sortable(case.attempts[-1].started_at)
    if case.has_unfinished_interview:
        return f"2{last_attempt}"

    limited = max(-MAX_PRIORITY, min(case.priority, MAX_PRIORITY))
    # text sorts like the number only if it is never negative and always has nine digits
    priority = f"{limited + MAX_PRIORITY:09}"
    is_new = int(not case.attempts)
    return f"4{priority}{is_new}{last_attempt}"


def _build_criteria(
    case: Case,
    plan: Plan,
    at: datetime,
    zones: tuple[str, ...],
    due: DueTime,
    appointment: AppointmentMade | None,
) -> ClaimCriteria:
    """Build the conditions that a claim of this case must fulfill."""
    cells: tuple[str, ...] = ()
    # an interview with places of its own is resumed even if its cells are full
    if not keeps_places(case, plan, at):
        cells = plan.quotas.list_known_cells(case.columns)

    skill = ""
    # reopening a case does not undo its refusal; an appointment after a refusal counts as converted
    if appointment is None and plan.converter and count_refusals(case.calls, plan):
        skill = plan.converter

    owner = ""
    policy: AppointmentPolicy = "anyone"
    if appointment is not None:
        owner = appointment.owner
        policy = appointment.policy
    return ClaimCriteria(
        zones=zones,
        dayparts=due.dayparts,
        language=case.language,
        skill=skill,
        owner=owner,
        policy=policy,
        cells=cells,
        prefers=due.prefers,
        region=find_other_region(case, plan),
    )


def _find_study_end_reason(
    due: DueTime, calendar: Calendar, zones: tuple[str, ...], at: datetime
) -> QueueReason | None:
    """Return why a case is done although it is due at some time: the study ends before.

    None if it doesn't.
    """
    if calendar.ends is None:
        return None
    if calendar.find_next_opening(zones, max(due.at, at), due.dayparts) is not None:
        return None
    waits_for = None if due.reason == DUE else due.reason
    last_day = format_short_day(calendar.ends)
    return QueueReason(ReasonKind.STUDY_END, last_day, waits_for=waits_for)


def _format_sortable(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")


@lru_cache(maxsize=4096)
def _compute_tie_breaker(study: str, key: str) -> str:
    """Return the hash that orders cases of equal rank, from the study and the case's key."""
    return blake2b(f"{study}\0{key}".encode(), digest_size=6).hexdigest()


def has_time_left(criteria: ClaimCriteria, plan: Plan, at: datetime) -> bool:
    """Return whether cases with these criteria, ready at an earlier time, can still be called."""
    if plan.calendar.ends is None and not criteria.dayparts:
        return True
    calendar = plan.calendar.for_region(criteria.region)
    return calendar.find_next_opening(criteria.zones, at, criteria.dayparts) is not None


# reasons that end a case


def find_done_reason(case: Case, plan: Plan) -> QueueReason | None:
    """Return why its history ends a case.

    None if it does not. Limits and the study's end are other reasons.
    """
    if case.erased:
        return QueueReason(ReasonKind.ERASED)
    if case.do_not_call:
        return QueueReason(ReasonKind.DO_NOT_CALL)
    if case.override is not None and coding.has_final_override(case, plan):
        return QueueReason(ReasonKind.OUTCOME_SET, case.override.by)

    calls = case.calls[case.calls_before_reopening :]
    for call in reversed(calls):
        ending = _find_ending(call, plan)
        if ending is not None:
            return ending
    refusals = count_refusals(calls, plan)
    if refusals >= plan.refusals:
        return QueueReason(ReasonKind.REFUSALS, str(refusals))

    if case.numbers and not case.live_numbers:
        return QueueReason(ReasonKind.NO_NUMBER_LEFT)
    if case.anonymized:
        return QueueReason(ReasonKind.ANONYMIZED)
    return None


def _find_ending(call: Call, plan: Plan) -> QueueReason | None:
    """Return why this call ends its case; None if it does not."""
    row = coding.find_outcome_row(call, plan)
    if row is None:
        return None
    name = row.name.lower()
    # an interview that counts ends the case, even if the outcome alone would not
    is_counted_interview = call.code in ("1.1", "1.2") and row.kind in INTERVIEW_END_OUTCOMES
    if coding.ends_case(row) or is_counted_interview:
        return QueueReason(ReasonKind.OUTCOME, name)
    if row.kind in FINAL_REFUSALS:
        return QueueReason(ReasonKind.REFUSED_FINALLY)
    if row.temporary and plan.delays.get(row.id) == "never":
        return QueueReason(ReasonKind.NEVER_AGAIN, name)
    return None


def find_held_reason(case: Case, plan: Plan, zones: tuple[str, ...]) -> QueueReason | None:
    """Return what a supervisor must do before the case can be called; None if nothing."""
    unanswered_calls = case.calls[case.calls_before_answer :]
    if unanswered_calls and _find_delay(unanswered_calls[-1], plan) == "held":
        return QueueReason(ReasonKind.SUPERVISOR_ANSWER)
    if not case.numbers:
        return QueueReason(ReasonKind.NO_NUMBER)
    if not zones:
        return QueueReason(ReasonKind.NO_ZONE)
    return None


def count_refusals(calls: Iterable[Call], plan: Plan) -> int:
    """Count the refusals among these calls.

    Hanging up on the introduction and breaking off are refusals, except in an interview that
    counts.
    """
    refusals = 0
    for call in calls:
        is_counted_interview = call.code in ("1.1", "1.2")
        if not is_counted_interview and coding.classify_outcome(call, plan) in REFUSAL_OUTCOMES:
            refusals += 1
    return refusals


# delays


def count_attempts_left(case: Case, plan: Plan) -> int:
    """Return how many attempts the limit leaves.

    Below zero if even an appointment may have no more.

    Attempts before a supervisor reopened the case do not count.
    """
    counted = 0
    for attempt in case.counted_attempts:
        if case.reopened_at is None or attempt.started_at > case.reopened_at:
            counted += 1
    return plan.limits.total - counted


def find_exhausted_reason(case: Case, plan: Plan, at: datetime) -> QueueReason | None:
    """Return why a case has no attempt left, as if its current attempt were over.

    None if it may have one more. An appointment may use one attempt more than the limit.
    """
    case = case.end_attempt()
    if find_open_appointment(case, plan) is not None:
        if count_attempts_left(case, plan) < 0:
            return QueueReason(ReasonKind.ATTEMPTS_TOTAL)
        return None
    due = _find_due_time(case, plan, at, list_call_zones(case, case.next_number, plan))
    if isinstance(due, QueueReason):
        return due
    return None


def _find_due_time(
    case: Case, plan: Plan, at: datetime, zones: tuple[str, ...]
) -> DueTime | QueueReason:
    """Return when delays, limits and parts of the day allow a call, or which limit forbids it."""
    if not case.attempts:
        return DueTime(ALWAYS_DUE, DUE)
    if count_attempts_left(case, plan) <= 0:
        return QueueReason(ReasonKind.ATTEMPTS_TOTAL)

    attempts = case.counted_attempts
    due, reason = _find_wait_end(case, plan)
    next_day = _find_next_day(attempts, plan, zones)
    if next_day is not None and next_day > due:
        due = next_day
        reason = QueueReason(ReasonKind.ATTEMPTS_PER_DAY, str(plan.limits.per_day or 0))

    is_urgent = case.has_unfinished_interview or is_missed(case, plan) or case.attempts[-1].is_busy
    parts = _select_dayparts(attempts, plan, max(due, at), zones, is_urgent=is_urgent)
    if isinstance(parts, QueueReason):
        return parts

    # the case waits for a preferred part of the day, but not longer than the plan's `spread_wait`
    if parts.preferred and plan.spread == "wait":
        since = max(due, case.attempts[-1].end)
        opens = plan.calendar.find_next_opening(zones, since, parts.preferred)
        if opens is not None:
            until = min(opens, since + plan.spread_wait)
            if until > since:
                due = until
                reason = QueueReason(ReasonKind.TRIED_LEAST, " or ".join(parts.preferred))
    return DueTime(due, reason, parts.required, parts.preferred)


def _find_wait_end(case: Case, plan: Plan) -> tuple[datetime, QueueReason]:
    """Return when the least time after each outcome is over, and after which outcome.

    The calls since the last conversation count, and that conversation: a later conversation ends
    the wait after an earlier one. Calls before a supervisor reopened the case do not count.
    """
    due = ALWAYS_DUE
    reason = DUE
    missed = is_missed(case, plan)
    override = case.override
    index = len(case.calls)
    for attempt in reversed(case.attempts):
        ended = attempt.ended_at or attempt.calls[-1].at
        for call in reversed(attempt.calls):
            index -= 1
            if index < case.calls_before_reopening:
                return due, reason

            # a call dated after its own correction was dated by a wrong clock: its wait begins with
            # the correction
            if override is not None and index < override.calls_before:
                ended = min(ended, override.at)
            row = coding.find_outcome_row(call, plan)
            delay = _find_delay(call, plan)
            if row is not None and isinstance(delay, timedelta):
                if missed:
                    delay = min(delay, MISSED_RETRY)
                if ended + delay > due:
                    due = ended + delay
                    reason = QueueReason(
                        ReasonKind.DELAY, row.name.lower(), length=_format_length(delay)
                    )
            if coding.is_contact(call, plan):
                return due, reason
    return due, reason


def _find_delay(call: Call, plan: Plan) -> Delay | None:
    """Return the least time after a call.

    If an override named an outcome that the study does not have, it is the time after the keyed
    one.
    """
    row = coding.find_outcome_row(call, plan)
    if row is None:
        return None
    return plan.delays.get(row.id)


def _find_next_day(
    attempts: tuple[Attempt, ...], plan: Plan, zones: tuple[str, ...]
) -> datetime | None:
    """Return the start of the day after the one on which the limit of attempts per day was reached.

    If a case may be in several zones, the latest start counts. None if the limit was not reached.
    """
    limit = plan.limits.per_day
    if limit is None or not attempts:
        return None

    calendar = plan.calendar
    last = attempts[-1].started_at
    starts = []
    for zone in zones:
        last_day = calendar.find_local_day(zone, last)
        on_last_day = [
            attempt
            for attempt in attempts
            if calendar.find_local_day(zone, attempt.started_at) == last_day
        ]
        if len(on_last_day) >= limit:
            starts.append(calendar.find_next_day(zone, last))
    return max(starts, default=None)


class _DaypartChoice(NamedTuple):
    """Parts of the day for the next attempt."""

    required: tuple[str, ...] = ()
    """Those with attempts left, if another one has none left; empty if it may be in any."""
    preferred: tuple[str, ...] = ()
    """Those tried least that still come before the study's end; empty if all are equal."""


def _select_dayparts(
    attempts: tuple[Attempt, ...],
    plan: Plan,
    at: datetime,
    zones: tuple[str, ...],
    *,
    is_urgent: bool,
) -> _DaypartChoice | QueueReason:
    """Return the parts of the day for the next attempt, or why no part is left.

    Urgent cases (interrupted, missed appointment, busy) have no preference: the redial of a busy
    number belongs to the same attempt.
    """
    names = [part.name for part in plan.calendar.parts]
    limit = plan.limits.per_daypart
    has_preference = plan.spread != "off" and not is_urgent
    has_rule = limit is not None or has_preference
    if not names or not attempts or not has_rule:
        return _DaypartChoice()

    attempt_counts = Counter(
        plan.calendar.find_daypart(zones, attempt.started_at) for attempt in attempts
    )
    open_parts = tuple(name for name in names if limit is None or attempt_counts[name] < limit)
    if not open_parts:
        return QueueReason(ReasonKind.ATTEMPTS_IN_DAYPARTS)
    required = open_parts
    if len(open_parts) == len(names):
        required = ()
    if required and plan.calendar.find_next_opening(zones, at, required) is None:
        return QueueReason(ReasonKind.NO_DAYPART_LEFT)
    if not has_preference:
        return _DaypartChoice(required)

    for group in _group_by_share(open_parts, attempt_counts, plan.calendar):
        if len(group) == len(open_parts):
            break
        # a part that does not come again before the study's end can't be preferred
        if plan.calendar.find_next_opening(zones, at, group) is not None:
            return _DaypartChoice(required, group)
    return _DaypartChoice(required)


def _group_by_share(
    names: tuple[str, ...], attempt_counts: Mapping[str, int], calendar: Calendar
) -> list[tuple[str, ...]]:
    """Group the parts that have equal numbers of attempts for their weights, the smallest first."""
    weights = {part.name: part.weight for part in calendar.parts}
    shares = {name: attempt_counts[name] / weights[name] for name in names}
    names_by_share: dict[float, list[str]] = {}
    for name in names:
        names_by_share.setdefault(shares[name], []).append(name)
    return [tuple(names_by_share[share]) for share in sorted(names_by_share)]


def _format_length(delay: timedelta) -> str:
    """Format a delay as in a questionnaire, in the largest unit that divides it: `2d`, `30m`."""
    minutes = delay // timedelta(minutes=1)
    if minutes and minutes % 1440 == 0:
        return f"{minutes // 1440}d"
    if minutes and minutes % 60 == 0:
        return f"{minutes // 60}h"
    return f"{minutes}m"


# the end of a case


def find_done_time(case: Case, plan: Plan, last: datetime, at: datetime) -> datetime | None:
    """Return when a case was done, from which retention periods run.

    None if it may still be called. It is done with its last event, at `last`, or with the study's
    last day if it was still open then.
    """
    if schedule_case(case, plan, last).status == "done":
        return last
    study_end = find_study_end(plan)
    return max(last, study_end) if study_end is not None and study_end <= at else None


def find_study_end(plan: Plan) -> datetime | None:
    """Return the midnight after the study's last day, in UTC; None if it has no last day."""
    day = plan.calendar.ends
    if day is None:
        return None
    zone = get_zone(plan.zone) if plan.zone else UTC
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
