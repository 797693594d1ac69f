"""The rules that decide whether a case may be called, each checked for one case, interviewer and time.

Pure: every time is an argument. `scheduling` derives the queue position; whoever claims the first case calls
`check_rules` once more before any telephone rings.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.fieldwork.appointments.due_times import (
    EARLY_WINDOW,
    MISSED_RETRY,
    OWNER_FIRST_PERIOD,
    find_open_appointment,
    resolve_span,
)
from survey_cli.fieldwork.case.case import Case, NumberRecord
from survey_cli.fieldwork.case.locations import find_call_zones, list_call_zones, localize_plan
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import find_full_cell
from survey_cli.fieldwork.queue.claim_criteria import ClaimCriteria, parse_criteria
from survey_cli.fieldwork.queue.queue_position import QueuePosition, QueueStatus
from survey_cli.fieldwork.queue.scheduling import (
    FINAL_REFUSALS,
    LIMIT_REACHED,
    REFUSAL_OUTCOMES,
    count_attempts_left,
    count_refusals,
    explain_done,
    explain_held,
    schedule_case,
)

__all__ = [
    "EARLY_WINDOW",
    "FINAL_REFUSALS",
    "MISSED_RETRY",
    "OWNER_FIRST_PERIOD",
    "REFUSAL_OUTCOMES",
    "ClaimContext",
    "QueuePosition",
    "QueueStatus",
    "RuleResult",
    "check_rules",
    "count_refusals",
    "explain_forbidden",
    "explain_number_closed",
    "explain_number_state",
    "find_next_time",
    "find_open_appointment",
    "is_allowed",
    "list_call_zones",
    "resolve_span",
    "schedule_case",
]

WAIVABLE_RULES: Final = frozenset({"due", "day part", "owner", "skill", "language"})
"""Rules that do not apply to a case claimed by its key: its respondent is on the line."""


class RuleResult(NamedTuple):
    """The result of one rule for one case at one time."""

    rule: str
    allows: bool
    explanation: str
    until: datetime | None = None
    """When the rule will allow it again, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimContext:
    """Who wants to call, and everything else that is known at that time."""

    at: datetime
    who: Interviewer
    people: People
    full_cells: Collection[str] = ()
    """Quota cells in which no more interviews are needed."""
    lease_holder: str = ""
    """Who has the case now, in words; empty: nobody else."""
    on_do_not_call_list: bool = False
    """One of its numbers is on the do-not-call list."""
    pause_reason: str = ""
    """That the study is paused, in words; empty while it runs."""
    by_key: bool = False
    """The case is claimed by its key, with the respondent on the line: delays, parts of the day and owners do not
    apply; hours, limits of the study and prohibitions do."""


def check_rules(case: Case, plan: Plan, claimant: ClaimContext) -> tuple[RuleResult, ...]:
    """Return the results of all rules, in the order in which they are checked."""
    return tuple(_iterate_rules(case, plan, claimant))


def is_allowed(case: Case, plan: Plan, claimant: ClaimContext) -> bool:
    """Return whether every rule allows the case to be called."""
    return all(verdict.allows for verdict in _iterate_rules(case, plan, claimant))


def _iterate_rules(case: Case, plan: Plan, claimant: ClaimContext) -> Iterator[RuleResult]:
    plan = localize_plan(case, plan)
    at, found = claimant.at, schedule_case(_drop_open_calls(case), plan, claimant.at)
    zones, rule = find_call_zones(case, case.next_number, plan)
    ends, waits = explain_done(case, plan), explain_held(case, plan, zones)
    yield _make_result("study", not claimant.pause_reason, claimant.pause_reason, "it is not paused")
    yield _make_result(
        "released", case.released, f"replicate {case.replicate} is not released", "it is in the field"
    )
    yield _make_result("open", not ends, ends, f"code {found.code} lets it be called")
    listed = claimant.on_do_not_call_list or case.do_not_call
    yield _make_result(
        "never call", not listed, "a number of it is never to be called", "no number is listed"
    )
    yield _make_result("supervisor", not waits, waits, "nothing waits for one")
    made = f"{found.attempts} of {plan.limits.total} are made"
    if case.reopened_at is not None:
        made = f"{count_attempts_left(_drop_open_calls(case), plan)} are left since it was put back"
    yield _make_result("attempts", found.why != LIMIT_REACHED, f"{LIMIT_REACHED}: {made}", made)
    if ends or waits or not case.released or found.why == LIMIT_REACHED:
        return
    due = found.due_at
    may = (due is not None and due <= at) or claimant.by_key
    yield RuleResult(
        "due", may, (found.why or "due now") if may else f"not before then: {found.why}", None if may else due
    )
    bucket = (
        parse_criteria(found.bucket) if found.bucket else ClaimCriteria(zones=zones, language=case.language)
    )
    yield from _iterate_time_rules(plan, claimant, found, bucket, rule)


def _drop_open_calls(case: Case) -> Case:
    """Return the case without the calls of the current attempt.

    Another number may be dialed in it, whatever its first call used up.
    """
    if case.open_attempt is None or not case.open_attempt.calls:
        return case
    return replace(case, attempts=case.attempts[:-1], open_attempt=replace(case.open_attempt, calls=()))


def _iterate_time_rules(
    plan: Plan, claimant: ClaimContext, found: QueuePosition, bucket: ClaimCriteria, zone_rule: str
) -> Iterator[RuleResult]:
    at, zones = claimant.at, bucket.zones
    opening = plan.calendar.find_opening(zones, at)
    where = f"{' and '.join(zones)} ({zone_rule})" if zones else "nowhere known"
    why = f"{opening.why}; {where}" if zones else opening.why
    yield RuleResult(
        "hours",
        opening.open,
        why if opening.why else f"open in {where}",
        None if opening.open else opening.next,
    )
    part = plan.calendar.find_daypart(zones, at)
    fits = not bucket.dayparts or part in bucket.dayparts or claimant.by_key
    yield RuleResult(
        "day part",
        fits,
        _explain_daypart(part, bucket, fits=fits),
        None if fits else plan.calendar.find_next_in(zones, at, bucket.dayparts),
    )
    cell = find_full_cell(bucket.cells, claimant.full_cells)
    yield _make_result("quota", not cell, f"{cell} is full: parked until it reopens", "no cell of it is full")
    mine = bucket.policy == "anyone" or bucket.owner in ("", claimant.who.login) or claimant.by_key
    if not mine and bucket.policy == "me_first" and found.promised_at is not None:
        mine = at >= found.promised_at + OWNER_FIRST_PERIOD
    opens = (
        found.promised_at + OWNER_FIRST_PERIOD if bucket.policy == "me_first" and found.promised_at else None
    )
    yield RuleResult(
        "owner",
        mine,
        f"the appointment is with {bucket.owner}" if not mine else "this interviewer may",
        None if mine else opens,
    )
    wants = f"it wants {bucket.language}"
    if not claimant.people.speaks(bucket.language):
        wants = f"{wants}, and nobody here speaks it"
    yield _make_result(
        "language",
        claimant.who.speaks(bucket.language),
        wants,
        "spoken here" if bucket.language else "any will do",
    )
    skilled = claimant.who.has_skill(bucket.skill) or not claimant.people.has_skill(bucket.skill)
    yield _make_result(
        "skill", skilled, f"it wants a {bucket.skill}", "none is wanted" if not bucket.skill else "learnt"
    )
    yield _make_result(
        "lease", not claimant.lease_holder, f"{claimant.lease_holder} has it now", "nobody else has it"
    )


def _explain_daypart(part: str, bucket: ClaimCriteria, *, fits: bool) -> str:
    if not fits:
        return f"it is {part or 'none'}, and only {' or '.join(bucket.dayparts)} has attempts left"
    if bucket.prefers and part not in bucket.prefers:
        tried = " or ".join(bucket.prefers)
        return f"it is {part or 'none'}, and {tried} was tried least: cases that {part or 'now'} suits better come first"
    return f"{' or '.join(bucket.prefers or bucket.dayparts) or 'any'} will do"


def _make_result(rule: str, allows: bool, no: str, yes: str) -> RuleResult:
    return RuleResult(rule, allows, yes if allows else no)


def find_next_time(case: Case, plan: Plan, claimant: ClaimContext) -> datetime | None:
    """Return when the case may next be called by somebody whom it suits, if nothing happens until then.

    None where that is never, or unknown (a full quota cell, a supervisor's answer).
    """
    plan = localize_plan(case, plan)
    found = schedule_case(case, plan, claimant.at)
    if found.due_at is None:
        return None
    bucket = parse_criteria(found.bucket)
    if find_full_cell(bucket.cells, claimant.full_cells) or claimant.on_do_not_call_list:
        return None
    at = max(found.due_at, claimant.at)
    if bucket.dayparts:
        return plan.calendar.find_next_in(bucket.zones, at, bucket.dayparts)
    return plan.calendar.find_opening(bucket.zones, at).next


def explain_forbidden(case: Case, plan: Plan, claimant: ClaimContext) -> str:
    """Return why nobody may call this case, even with its respondent on the line; empty where somebody may."""
    said = _iterate_rules(case, plan, claimant)
    return next((v.explanation for v in said if not v.allows and v.rule not in WAIVABLE_RULES), "")


def explain_number_state(number: NumberRecord) -> str:
    """Return why this number is never dialed; empty where it is live."""
    if number.state == "live":
        return ""
    return "this number is dead" if number.state == "dead" else "this number is never to be called"


def explain_number_closed(case: Case, number: NumberRecord, plan: Plan, at: datetime) -> str:
    """Return why this number may not be dialed now; empty where it may. Checked again at every call."""
    if why := explain_number_state(number):
        return why
    opening = localize_plan(case, plan).calendar.find_opening(list_call_zones(case, number, plan), at)
    return "" if opening.open else opening.why
