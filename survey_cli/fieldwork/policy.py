"""Who is called next, and when? What a case's history and the plan make of it: when it is due, before whom, by whom.

Pure: every moment is an argument. The store keeps what is decided here and claims the head of the queue; whoever claims
asks `verdicts` once more before anybody's telephone rings.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.buckets import Bucket, bucket_of
from survey_cli.fieldwork.case import Attempt, Case, Number
from survey_cli.fieldwork.coding import coded
from survey_cli.fieldwork.events import Promised
from survey_cli.fieldwork.people import Interviewer, People
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.quotas import shut
from survey_cli.fieldwork.zones import moment_of
from survey_cli.outcomes import Outcome

Status: TypeAlias = Literal["unreleased", "ready", "waiting", "held", "done"]
"""Unreleased: its replicate is not in the field yet. Ready and waiting: due now, due later. Held: a supervisor must
answer. Done: never called again, unless a supervisor puts it back."""

REFUSALS: Final = frozenset(
    {"refusal_soft", "refusal_hard", "refusal_household_soft", "refusal_household_hard", "hangup_intro"}
)
HARD: Final = frozenset({"refusal_hard", "refusal_household_hard", "never_call", "withdrawn"})
MISSED: Final = timedelta(minutes=30)
"""A promised call that nobody answered is made again after this, sooner than any other that nobody answered."""
EARLY: Final = timedelta(minutes=15)
"""A call so long before the promised time keeps the promise."""
MINE_FIRST: Final = timedelta(minutes=15)
"""A promise to be kept by its owner first is anybody's when it is so late."""


class Standing(NamedTuple):
    """Where a case stands in the queue. All of it is derived from its history, and kept beside it for claiming."""

    status: Status
    due_at: datetime | None
    """From when it may be called, as far as delays, limits and promises go; hours are the bucket's. None: never."""
    bucket: str
    """The kind of moment and interviewer it wants: see `buckets`."""
    rank: str
    """Sorts as the cases are called; its first letter is the class: 1 promises, 2 interrupted, 4 all others."""
    code: str
    """Its AAPOR code were the field closed now."""
    outcome: str
    """The outcome keyed last, or a supervisor's."""
    attempts: int
    """As the limit counts them."""
    why: str
    """Why it is done, held or due only later; empty where it is due."""
    promised_at: datetime | None = None
    promised_until: datetime | None = None
    owner: str = ""
    """Whose promise it is."""


class Verdict(NamedTuple):
    """What one rule says of one case at one moment."""

    rule: str
    allows: bool
    says: str
    until: datetime | None = None
    """When it will allow it again, where that is known."""


class Due(NamedTuple):
    """When a case may be called as far as its own history goes."""

    at: datetime
    why: str
    dayparts: tuple[str, ...] = ()


def standing(case: Case, plan: Plan, at: datetime) -> Standing:
    """The place of a case in the queue at this moment, sittings that are going on left out of account."""
    found = coded(case, plan)
    last = case.last_call
    outcome = case.ruling.outcome if case.ruling is not None else last.outcome if last is not None else ""
    blank = Standing("done", None, "", "", found.code, outcome, len(case.counted), "")
    if (over := _over(case, plan)) != "":
        return blank._replace(why=over)
    if not case.released:
        return blank._replace(status="unreleased", why=f"replicate {case.replicate} is not released")
    if case.referred:
        return blank._replace(status="held", why="a supervisor must answer first")
    booking = standing_promise(case, plan)
    bucket = Bucket(
        zones=case.zones(case.next_number),
        language=case.language,
        skill=plan.converter if refusals(case) else "",
        cells=plan.quotas.beforehand(case.columns),
    )
    if booking is not None:
        starts, ends = promise_span(booking)
        return blank._replace(
            status="ready" if starts <= at else "waiting",
            due_at=starts,
            bucket=str(replace(bucket, owner=booking.owner, policy=booking.policy)),
            rank=f"1{_sorted(ends)}{_tie(case, plan)}",
            why="" if starts <= at else "promised for then",
            promised_at=starts,
            promised_until=ends,
            owner=booking.owner,
        )
    due = _due(case, plan, at)
    if due is None:
        return blank._replace(why="the limit of attempts is reached")
    fresh = not case.attempts
    seen = _sorted(case.attempts[-1].began) if case.attempts else ""
    rank = f"2{seen}" if case.interrupted else f"4{case.priority + 500_000_000:010}{int(fresh)}{seen}"
    return blank._replace(
        status="ready" if due.at <= at else "waiting",
        due_at=due.at,
        bucket=str(replace(bucket, dayparts=due.dayparts)),
        rank=f"{rank}{_tie(case, plan)}",
        why="" if due.at <= at else due.why,
    )


def _sorted(at: datetime) -> str:
    return at.strftime("%Y%m%d%H%M%S")


def _tie(case: Case, plan: Plan) -> str:
    """The seed by which equal cases are put in order: the study and the case's key."""
    return blake2b(f"{plan.study}\0{case.key}".encode(), digest_size=6).hexdigest()


# what ends a case


def _over(case: Case, plan: Plan) -> str:
    """Why a case is never called again; empty where it may be."""
    if case.erased:
        return "erased"
    if case.blocked:
        return "never to be called again"
    ruling = case.ruling
    if ruling is not None:
        outcome = plan.outcomes.get(ruling.outcome)
        return f"ruled by {ruling.by}" if outcome is None or not outcome.temporary else ""
    for call in reversed(case.calls):
        if case.reopened is not None and call.at <= case.reopened:
            break
        outcome = plan.outcomes.get(call.outcome)
        if call.code in ("1.1", "1.2") or (outcome is not None and _final(outcome)):
            return (outcome.name if outcome is not None else call.outcome).lower()
        if outcome is not None and _kind(outcome) in HARD:
            return "refused for good"
    if refusals(case) >= plan.refusals and case.reopened is None:
        return f"refused {refusals(case)} times"
    if not case.live:
        return "no number is left"
    return ""


def _kind(outcome: Outcome) -> str:
    """The row of the table that it behaves like."""
    return outcome.like or outcome.id


def _final(outcome: Outcome) -> bool:
    """It ends the case, not only the number."""
    return not outcome.temporary and not outcome.next_number


def refusals(case: Case) -> int:
    """How often somebody refused since a supervisor last put the case back."""
    since = case.reopened
    return sum(
        call.outcome in REFUSALS or (call.outcome == "break_off" and call.code not in ("1.1", "1.2"))
        for call in case.calls
        if since is None or call.at > since
    )


# what delays it


def promise_span(promise: Promised) -> tuple[datetime, datetime]:
    """From when and until when it holds, in UTC: wall times are resolved here and now, so that no change of the clock
    moves them."""
    starts = moment_of(promise.zone, datetime.fromisoformat(promise.start).replace(fold=promise.fold))
    ends = moment_of(promise.zone, datetime.fromisoformat(promise.end).replace(fold=promise.fold))
    return starts, max(starts, ends)


def standing_promise(case: Case, plan: Plan) -> Promised | None:
    """The promise that still has to be kept: calling at its time, or speaking with somebody, has kept it."""
    booking = case.booking
    if booking is None:
        return None
    starts, _ = promise_span(booking.promise)
    for attempt in case.attempts:
        if attempt.ended is None or attempt.ended <= booking.at:
            continue
        spoke = any(call.at > booking.at and _spoke(call.outcome, plan) for call in attempt.calls)
        if spoke or attempt.began >= starts - EARLY:
            return None
    return booking.promise


def _spoke(outcome: str, plan: Plan) -> bool:
    row = plan.outcomes.get(outcome)
    return row is not None and row.moment != "before"


def _missed(case: Case, attempt: Attempt, plan: Plan) -> bool:
    """Whether this attempt was the promised call, and nobody answered it."""
    booking = case.booking
    if booking is None or attempt.ended is None or attempt.ended <= booking.at:
        return False
    starts, _ = promise_span(booking.promise)
    return attempt.began >= starts - EARLY and not any(_spoke(c.outcome, plan) for c in attempt.calls)


def _due(case: Case, plan: Plan, at: datetime) -> Due | None:
    """When delays, limits and parts of the day let it be called; None where a limit is reached for good."""
    counted, limits = case.counted, plan.limits
    zone = next(iter(case.zones(case.next_number)), "")
    missed = bool(case.attempts) and _missed(case, case.attempts[-1], plan)
    if len(counted) >= limits.total + _extra(case, plan):
        return None
    due, why = datetime.fromtimestamp(0, at.tzinfo), ""
    last = case.last_call
    if last is not None and not (case.reopened is not None and case.reopened > last.at):
        ended = case.attempts[-1].ended or last.at
        delay = plan.delays.get(last.outcome)
        if isinstance(delay, timedelta):
            delay = min(delay, MISSED) if missed else delay
            due, why = ended + delay, f"{_length(delay)} after {_name(last.outcome, plan)}"
    if zone and limits.per_day is not None and counted:
        day = plan.calendar.local_day(zone, counted[-1].began)
        if sum(plan.calendar.local_day(zone, a.began) == day for a in counted) >= limits.per_day:
            morrow = plan.calendar.next_day(zone, counted[-1].began)
            if morrow > due:
                due, why = morrow, f"{_times(limits.per_day)} on one day"
    if case.interrupted or missed:
        return Due(due, why)
    parts = _least_tried(case, plan, max(due, at), zone)
    return Due(due, why, parts) if parts is not None else None


def _extra(case: Case, plan: Plan) -> int:
    """A promise may use one attempt more than the limit."""
    return 1 if standing_promise(case, plan) is not None else 0


def _least_tried(case: Case, plan: Plan, at: datetime, zone: str) -> tuple[str, ...] | None:
    """The parts of the day for the next attempt, those tried least; empty for any; None where each has had its share."""
    names = [part.name for part in plan.calendar.parts]
    if not zone or not names or not case.counted:
        return ()
    tried = dict.fromkeys(names, 0)
    for attempt in case.counted:
        part = plan.calendar.daypart((zone,), attempt.began)
        if part in tried:
            tried[part] += 1
    most = plan.limits.per_daypart
    left = [name for name in names if most is None or tried[name] < most]
    if not left:
        return None
    for least in sorted({tried[name] for name in left}):
        wanted = tuple(name for name in left if tried[name] == least)
        if plan.calendar.next_in((zone,), at, wanted) is not None:
            return () if len(wanted) == len(names) else wanted
    return ()


def _length(delay: timedelta) -> str:
    minutes = int(delay.total_seconds() // 60)
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes % size == 0 and minutes:
            return f"{minutes // size}{unit}"
    return f"{minutes}m"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _name(outcome: str, plan: Plan) -> str:
    row = plan.outcomes.get(outcome)
    return (row.name if row is not None else outcome).lower()


# may it be called now?


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
    at, found = claimant.at, standing(case, plan, claimant.at)
    yield _verdict(
        "released", case.released, f"replicate {case.replicate} is not released", "it is in the field"
    )
    over = found.status == "done"
    yield _verdict("open", not over, found.why, f"code {found.code} lets it be called")
    listed = claimant.never_call or case.blocked
    yield _verdict("never call", not listed, "a number of it is never to be called", "no number is listed")
    yield _verdict(
        "supervisor", found.status != "held", "a supervisor must answer first", "nothing waits for one"
    )
    limit = plan.limits.total
    yield _verdict(
        "attempts",
        not over or found.why != "the limit of attempts is reached",
        f"{found.attempts} of {limit} are made",
        f"{found.attempts} of {limit} are made",
    )
    due = found.due_at
    late = due is None or due <= at or claimant.fetched
    yield Verdict(
        "due",
        late,
        (found.why or "due now") if late else f"not before then: {found.why}",
        None if late else due,
    )
    if over or found.status in ("held", "unreleased"):
        return
    yield from _moment(case, plan, claimant, found)


def _moment(case: Case, plan: Plan, claimant: Claimant, found: Standing) -> Iterator[Verdict]:
    at, bucket = claimant.at, bucket_of(found.bucket)
    zones = bucket.zones
    opening = plan.calendar.opening(zones, at)
    where = " and ".join(zones) or "nowhere known"
    yield Verdict(
        "hours", opening.open, opening.why or f"open in {where}", None if opening.open else opening.next
    )
    part = plan.calendar.daypart(zones, at)
    fits = not bucket.dayparts or part in bucket.dayparts or claimant.fetched
    wanted = " or ".join(bucket.dayparts)
    yield Verdict(
        "day part",
        fits,
        f"it is {part or 'none'}, and {wanted} was tried least" if not fits else f"{wanted or 'any'} will do",
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
        f"{bucket.owner} promised it" if not mine else "this interviewer may",
        None if mine else opens,
    )
    speaks = claimant.who.speaks(bucket.language)
    yield _verdict(
        "language", speaks, f"it wants {bucket.language}", "spoken here" if bucket.language else "any"
    )
    skilled = claimant.who.can(bucket.skill) or not claimant.people.skilled(bucket.skill)
    yield _verdict(
        "skill", skilled, f"it wants a {bucket.skill}", "none is wanted" if not bucket.skill else "learnt"
    )
    yield _verdict("lease", not claimant.leased, f"{claimant.leased} has it now", "nobody else has it")


def _verdict(rule: str, allows: bool, no: str, yes: str) -> Verdict:
    return Verdict(rule, allows, yes if allows else no)


def next_moment(case: Case, plan: Plan, claimant: Claimant) -> datetime | None:
    """The next moment at which the case may be called, were nothing to happen till then; None where that is never, or
    not to be foreseen (a full quota cell, a supervisor's answer)."""
    found = standing(case, plan, claimant.at)
    if found.due_at is None or found.status not in ("ready", "waiting"):
        return None
    bucket = bucket_of(found.bucket)
    if shut(bucket.cells, claimant.full) or claimant.never_call:
        return None
    at = max(found.due_at, claimant.at)
    parts = bucket.dayparts or None
    if parts:
        return plan.calendar.next_in(bucket.zones, at, parts)
    return plan.calendar.opening(bucket.zones, at).next


def number_opening(case: Case, number: Number, plan: Plan, at: datetime) -> str:
    """Why this number may not be dialled at this moment; empty where it may: asked again at every dial."""
    if number.state != "live":
        return "this number is dead" if number.state == "dead" else "this number is never to be called"
    opening = plan.calendar.opening(case.zones(number), at)
    return "" if opening.open else opening.why
