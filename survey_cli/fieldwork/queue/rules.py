"""Who is called next, and when? The rules as they are asked of one case, one interviewer and one moment, each with its
verdict.

Pure: every moment is an argument. Where a case stands in the queue is `standings`' to say; whoever claims its head asks
`verdicts` once more before anybody's telephone rings.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.fieldwork.appointments.due_times import (
    EARLY,
    MINE_FIRST,
    MISSED,
    promise_span,
    standing_promise,
)
from survey_cli.fieldwork.case.case import Case, Number
from survey_cli.fieldwork.case.locations import call_zones, plan_for, zones_of
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import shut
from survey_cli.fieldwork.queue.claim_criteria import Bucket, bucket_of
from survey_cli.fieldwork.queue.queue_position import Standing, Status
from survey_cli.fieldwork.queue.scheduling import (
    HARD,
    LIMIT_REACHED,
    REFUSALS,
    held,
    limit_left,
    over,
    refusals,
    standing,
)

__all__ = [
    "EARLY",
    "HARD",
    "MINE_FIRST",
    "MISSED",
    "REFUSALS",
    "Claimant",
    "Standing",
    "Status",
    "Verdict",
    "allowed",
    "forbidden",
    "never_dialled",
    "next_moment",
    "number_opening",
    "promise_span",
    "refusals",
    "standing",
    "standing_promise",
    "verdicts",
    "zones_of",
]

GIVES_WAY: Final = frozenset({"due", "day part", "owner", "skill", "language"})
"""Rules that a case fetched by its key need not keep: its respondent is on the line."""


class Verdict(NamedTuple):
    """What one rule says of one case at one moment."""

    rule: str
    allows: bool
    says: str
    until: datetime | None = None
    """When it will allow it again, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimant:
    """Who wants to call, and what else is known at the moment."""

    at: datetime
    who: Interviewer
    people: People
    full: Collection[str] = ()
    """Quota cells that nobody more is wanted in."""
    leased: str = ""
    """Who has the case just now, in words; empty: nobody else."""
    never_call: bool = False
    """A number of it stands on the list of those never to be called."""
    paused: str = ""
    """That the study is paused, in words; empty while it runs."""
    fetched: bool = False
    """The case was asked for by its key, by somebody who has it on the line: delays, parts of the day and owners give
    way; hours, limits of the study and prohibitions do not."""


def verdicts(case: Case, plan: Plan, claimant: Claimant) -> tuple[Verdict, ...]:
    """Every rule with its verdict, in the order in which they are asked."""
    return tuple(_verdicts(case, plan, claimant))


def allowed(case: Case, plan: Plan, claimant: Claimant) -> bool:
    """Whether every rule lets it be called."""
    return all(verdict.allows for verdict in _verdicts(case, plan, claimant))


def _verdicts(case: Case, plan: Plan, claimant: Claimant) -> Iterator[Verdict]:
    plan = plan_for(case, plan)
    at, found = claimant.at, standing(_as_claimed(case), plan, claimant.at)
    zones, rule = call_zones(case, case.next_number, plan)
    ends, waits = over(case, plan), held(case, plan, zones)
    yield _verdict("study", not claimant.paused, claimant.paused, "it is not paused")
    yield _verdict(
        "released", case.released, f"replicate {case.replicate} is not released", "it is in the field"
    )
    yield _verdict("open", not ends, ends, f"code {found.code} lets it be called")
    listed = claimant.never_call or case.blocked
    yield _verdict("never call", not listed, "a number of it is never to be called", "no number is listed")
    yield _verdict("supervisor", not waits, waits, "nothing waits for one")
    made = f"{found.attempts} of {plan.limits.total} are made"
    if case.reopened is not None:
        made = f"{limit_left(_as_claimed(case), plan)} are left since it was put back"
    yield _verdict("attempts", found.why != LIMIT_REACHED, f"{LIMIT_REACHED}: {made}", made)
    if ends or waits or not case.released or found.why == LIMIT_REACHED:
        return
    due = found.due_at
    may = (due is not None and due <= at) or claimant.fetched
    yield Verdict(
        "due", may, (found.why or "due now") if may else f"not before then: {found.why}", None if may else due
    )
    bucket = bucket_of(found.bucket) if found.bucket else Bucket(zones=zones, language=case.language)
    yield from _moment(plan, claimant, found, bucket, rule)


def _as_claimed(case: Case) -> Case:
    """The case without the calls of the sitting that is going on: another number may be dialled in it whatever its first
    call used up."""
    if case.claimed is None or not case.claimed.calls:
        return case
    return replace(case, attempts=case.attempts[:-1], claimed=replace(case.claimed, calls=()))


def _moment(
    plan: Plan, claimant: Claimant, found: Standing, bucket: Bucket, zone_rule: str
) -> Iterator[Verdict]:
    at, zones = claimant.at, bucket.zones
    opening = plan.calendar.opening(zones, at)
    where = f"{' and '.join(zones)} ({zone_rule})" if zones else "nowhere known"
    why = f"{opening.why}; {where}" if zones else opening.why
    yield Verdict(
        "hours",
        opening.open,
        why if opening.why else f"open in {where}",
        None if opening.open else opening.next,
    )
    part = plan.calendar.daypart(zones, at)
    fits = not bucket.dayparts or part in bucket.dayparts or claimant.fetched
    yield Verdict(
        "day part",
        fits,
        _part_words(part, bucket, fits=fits),
        None if fits else plan.calendar.next_in(zones, at, bucket.dayparts),
    )
    cell = shut(bucket.cells, claimant.full)
    yield _verdict("quota", not cell, f"{cell} is full: parked until it reopens", "no cell of it is full")
    mine = bucket.policy == "anyone" or bucket.owner in ("", claimant.who.login) or claimant.fetched
    if not mine and bucket.policy == "me_first" and found.promised_at is not None:
        mine = at >= found.promised_at + MINE_FIRST
    opens = found.promised_at + MINE_FIRST if bucket.policy == "me_first" and found.promised_at else None
    yield Verdict(
        "owner",
        mine,
        f"the appointment is with {bucket.owner}" if not mine else "this interviewer may",
        None if mine else opens,
    )
    wants = f"it wants {bucket.language}"
    if not claimant.people.speaks(bucket.language):
        wants = f"{wants}, and nobody here speaks it"
    yield _verdict(
        "language",
        claimant.who.speaks(bucket.language),
        wants,
        "spoken here" if bucket.language else "any will do",
    )
    skilled = claimant.who.can(bucket.skill) or not claimant.people.skilled(bucket.skill)
    yield _verdict(
        "skill", skilled, f"it wants a {bucket.skill}", "none is wanted" if not bucket.skill else "learnt"
    )
    yield _verdict("lease", not claimant.leased, f"{claimant.leased} has it now", "nobody else has it")


def _part_words(part: str, bucket: Bucket, *, fits: bool) -> str:
    if not fits:
        return f"it is {part or 'none'}, and only {' or '.join(bucket.dayparts)} has attempts left"
    if bucket.prefers and part not in bucket.prefers:
        tried = " or ".join(bucket.prefers)
        return f"it is {part or 'none'}, and {tried} was tried least: cases that {part or 'now'} suits better come first"
    return f"{' or '.join(bucket.prefers or bucket.dayparts) or 'any'} will do"


def _verdict(rule: str, allows: bool, no: str, yes: str) -> Verdict:
    return Verdict(rule, allows, yes if allows else no)


def next_moment(case: Case, plan: Plan, claimant: Claimant) -> datetime | None:
    """The next moment at which the case may be called by whoever its promise, language and skill are for, were nothing to
    happen till then; None where that is never, or not to be foreseen (a full quota cell, a supervisor's answer)."""
    plan = plan_for(case, plan)
    found = standing(case, plan, claimant.at)
    if found.due_at is None:
        return None
    bucket = bucket_of(found.bucket)
    if shut(bucket.cells, claimant.full) or claimant.never_call:
        return None
    at = max(found.due_at, claimant.at)
    if bucket.dayparts:
        return plan.calendar.next_in(bucket.zones, at, bucket.dayparts)
    return plan.calendar.opening(bucket.zones, at).next


def forbidden(case: Case, plan: Plan, claimant: Claimant) -> str:
    """Why nobody may ring this case, its respondent on the line or not; empty where somebody may."""
    said = _verdicts(case, plan, claimant)
    return next((v.says for v in said if not v.allows and v.rule not in GIVES_WAY), "")


def never_dialled(number: Number) -> str:
    """Why this number is not dialled at any time; empty where it is live."""
    if number.state == "live":
        return ""
    return "this number is dead" if number.state == "dead" else "this number is never to be called"


def number_opening(case: Case, number: Number, plan: Plan, at: datetime) -> str:
    """Why this number may not be dialled at this moment; empty where it may: asked again at every dial."""
    if why := never_dialled(number):
        return why
    opening = plan_for(case, plan).calendar.opening(zones_of(case, number, plan), at)
    return "" if opening.open else opening.why
