"""The order in which cases of several buckets are called, and the rules that decide whether one case may be called.

Both are for one interviewer at one time, which is an argument. `scheduling` derives the queue position; whoever claims
the first case calls `check_rules` once more before any telephone rings.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.appointment import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.case.case import Case, NumberRecord, find_call_zones, list_call_zones, localize_plan
from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan, find_full_cell
from survey_cli.fieldwork.queue import scheduling
from survey_cli.fieldwork.queue.scheduling import TRIED_LEAST_SUFFIX, ClaimCriteria, QueuePosition, parse_criteria
from survey_cli.figures import NamedFigure

CaseAvailability: TypeAlias = Literal["by_all", "by_some", "part", "hours", "delay", "appointment", "quota"]
"""Availability of cases in the queue at one time: callable by all interviewers in question, or only by some or none of
them; waiting for a part of the day, for calling hours, for the least time after the last call, or for an appointment;
or held back because a quota cell is full."""


CALLABLE: Final = frozenset({"by_all", "by_some"})
CALLABLE_NOW: Final = NamedFigure(
    "callable now",
    "Cases that at least one interviewer of the list may call at this time: due, in calling hours, in no"
    " full quota cell, and at no station. Some may need a language, a skill or the owner of an"
    " appointment.",
    "status, board, client's page",
)


class CaseGroup(NamedTuple):
    """Cases in the same situation at one time."""

    status: str
    """Their queue status; `ready` also for those that waited until that time."""
    bucket: str
    """The text of their claim criteria; empty for those that are not in the queue."""
    why: str
    """The reason why waiting cases wait."""
    has_appointment: bool
    open_to_all: bool
    """The appointment was due so long ago that anybody may keep it, where its owner had precedence."""
    cases: int
    """The number of cases."""


class CallPriority(NamedTuple):
    """The position in the order of calling, as a sort key."""

    order: str
    """1 appointments, 2 interrupted interviews, 4 all others."""
    deferred: bool
    """Another part of the day was tried least for it: cases for which it is the current one come first."""
    quota_fill: int
    """The share of the emptiest quota cell that is filled, in thousandths; emptier ones come first. 0 where quotas don't
    matter."""
    rank: str


class CallOrder(NamedTuple):
    """The order of calling for one interviewer at one time."""

    plan: Plan
    people: People
    who: Interviewer
    at: datetime
    fill: Mapping[str, CellFill]
    full_cells: Collection[str]
    """The quota cells in which no more interviews are needed, by `fill`."""

    @classmethod
    def for_interviewer(
        cls, plan: Plan, *, people: People, who: Interviewer, at: datetime, fill: Mapping[str, CellFill]
    ) -> "CallOrder":
        """Return the order of calling, with the full quota cells counted from `fill`."""
        return cls(plan=plan, people=people, who=who, at=at, fill=fill, full_cells=plan.quotas.list_full_cells(fill))

    def rank_case(self, criteria: ClaimCriteria, rank: str) -> CallPriority:
        """Return the priority of a case with these criteria and this rank.

        Appointments and interrupted interviews come before any quota.
        """
        order = rank[:1]
        if order < "4":
            return CallPriority(order, False, 0, rank)
        urgency = self.plan.quotas.compute_urgency(criteria.cells, self.fill)
        return CallPriority(order, self.prefers_other_daypart(criteria), urgency, rank)

    def prefers_other_daypart(self, criteria: ClaimCriteria) -> bool:
        """Return whether such cases prefer another part of the day than the current one."""
        part = self._find_calendar(criteria).find_daypart(criteria.zones, self.at) if criteria.prefers else ""
        return bool(criteria.prefers) and part not in criteria.prefers

    def is_open(self, criteria: ClaimCriteria) -> bool:
        """Return whether such cases may be called now by this interviewer."""
        return not self.explain_closed(criteria)

    def find_appointment_cutoff(self, criteria: ClaimCriteria) -> datetime | None:
        """Return until when another owner's appointments must have been due for this interviewer; None: no limit."""
        owner_first = criteria.policy == "me_first" and criteria.owner not in ("", self.who.login)
        return self.at - OWNER_FIRST_PERIOD if owner_first else None

    def find_opening(self, criteria: ClaimCriteria, since: datetime) -> datetime | None:
        """Return the next time from `since` on in the hours and the part of the day of such cases, or None."""
        return self._find_calendar(criteria).find_next_opening(criteria.zones, since, criteria.dayparts)

    def _find_calendar(self, criteria: ClaimCriteria) -> Calendar:
        return self.plan.calendar.for_region(criteria.region)

    def suits(self, criteria: ClaimCriteria) -> bool:
        """Return whether such cases suit this interviewer, apart from hours and parts of the day."""
        return not find_full_cell(criteria.cells, self.full_cells) and criteria.suits(self.who, self.people)

    def classify_group(self, group: CaseGroup, staff: Iterable[Interviewer]) -> CaseAvailability:
        """Return the availability of a group of cases in the queue for these interviewers."""
        criteria = parse_criteria(group.bucket)
        calendar = self._find_calendar(criteria)
        if find_full_cell(criteria.cells, self.full_cells):
            return "quota"
        if group.status == "waiting":
            if group.has_appointment:
                return "appointment"
            return "part" if group.why.endswith(TRIED_LEAST_SUFFIX) else "delay"
        if not calendar.find_opening(criteria.zones, self.at).open:
            return "hours"
        if criteria.dayparts and calendar.find_daypart(criteria.zones, self.at) not in criteria.dayparts:
            return "part"
        return "by_all" if all(self._is_for(criteria, interviewer, group) for interviewer in staff) else "by_some"

    def _is_for(self, criteria: ClaimCriteria, interviewer: Interviewer, group: CaseGroup) -> bool:
        may_keep = criteria.owner in ("", interviewer.login) or criteria.policy != "me_first" or group.open_to_all
        return may_keep and criteria.suits(interviewer, self.people)

    def explain_closed(self, criteria: ClaimCriteria) -> str:
        """Return why such cases are not called now by this interviewer; empty where they are."""
        if cell := find_full_cell(criteria.cells, self.full_cells):
            return f"quota cell {self.plan.quotas.cells[cell].label} is full"
        if criteria.policy == "me" and criteria.owner not in ("", self.who.login):
            return f"the appointment is with {criteria.owner} only"
        if not self.who.speaks(criteria.language):
            return f"requires {criteria.language}, which {self.who.login} does not speak"
        if not criteria.suits(self.who, self.people):
            return f"requires the skill {criteria.skill}"
        calendar = self._find_calendar(criteria)
        opening = calendar.find_opening(criteria.zones, self.at)
        if not opening.open:
            return opening.why
        if criteria.dayparts and calendar.find_daypart(criteria.zones, self.at) not in criteria.dayparts:
            return f"waits for {' or '.join(criteria.dayparts)}"
        return ""


WAIVABLE_RULES: Final = frozenset({"due", "day part", "owner", "skill", "language"})
"""Rules that do not apply to a case claimed by its key: its respondent is on the line."""


class RuleResult(NamedTuple):
    """The result of one rule for one case at one time."""

    rule: str
    allows: bool
    explanation: str
    until: datetime | None = None
    """The time at which the rule will allow it again, where that is known."""


class ClaimContext(NamedTuple):
    """The interviewer who wants to call, and everything else that is known at that time."""

    at: datetime
    who: Interviewer
    people: People
    full_cells: Collection[str] = ()
    """Quota cells in which no more interviews are needed."""
    lease_holder: str = ""
    """Who has claimed the case, in words; empty where nobody else has."""
    on_do_not_call_list: bool = False
    """One of its numbers is on the do-not-call list."""
    pause_reason: str = ""
    """Why the study is paused; empty while it runs."""
    by_key: bool = False
    """The case is claimed by its key, with the respondent on the line: delays, parts of the day and owners do not
    apply; hours, limits of the study and prohibitions do."""


def is_allowed(case: Case, plan: Plan, context: ClaimContext) -> bool:
    """Return whether every rule allows the case to be called."""
    return all(result.allows for result in check_rules(case, plan, context))


def check_rules(case: Case, plan: Plan, context: ClaimContext) -> Iterator[RuleResult]:
    """Yield the results of all rules, in the order in which they are checked."""
    plan = localize_plan(case, plan)
    at, position = context.at, scheduling.schedule_case(_drop_open_calls(case), plan, context.at)
    zones, rule = find_call_zones(case, case.next_number, plan)
    done_reason, held_reason = scheduling.explain_done(case, plan), scheduling.explain_held(case, plan, zones)
    yield _make_result("study", not context.pause_reason, context.pause_reason, "the study is not paused")
    unreleased = f"replicate {case.replicate} is not released"
    yield _make_result("released", case.released, unreleased, "its replicate is released")
    yield _make_result("open", not done_reason, done_reason, f"code {position.code} allows a call")
    may_call = not (context.on_do_not_call_list or case.do_not_call)
    yield _make_result("do not call", may_call, "it is on the do-not-call list", "it is not on the do-not-call list")
    yield _make_result("supervisor", not held_reason, held_reason, "it is not waiting for a supervisor")
    attempts = f"{position.attempts} of {plan.limits.total} attempts made"
    if case.reopened_at is not None:
        attempts = f"{scheduling.count_attempts_left(_drop_open_calls(case), plan)} attempts left since it was reopened"
    attempts_end = None
    if not (done_reason or held_reason) and case.released:
        attempts_end = scheduling.find_attempts_end(_drop_open_calls(case), plan, at)
    has_attempts = attempts_end is None
    why_over = f"{attempts_end.value}: {attempts}" if attempts_end is not None else ""
    yield _make_result("attempts", has_attempts, why_over, attempts)
    if done_reason or held_reason or not case.released or not has_attempts:
        return
    due = position.due_at
    is_due = (due is not None and due <= at) or context.by_key
    yield _make_result("due", is_due, f"not due yet: {position.why}", position.why or "due now", due)
    usual = ClaimCriteria(zones=zones, language=case.language)
    criteria = parse_criteria(position.bucket) if position.bucket else usual
    yield from _iterate_time_rules(plan, context, position, criteria, rule)


def _drop_open_calls(case: Case) -> Case:
    """Return the case without the calls of the current attempt.

    Another number may be dialed in it, whatever its first call used up.
    """
    if case.open_attempt is None or not case.open_attempt.calls:
        return case
    return replace(case, attempts=case.attempts[:-1], open_attempt=case.open_attempt._replace(calls=()))


def _iterate_time_rules(
    plan: Plan, context: ClaimContext, position: QueuePosition, criteria: ClaimCriteria, zone_rule: str
) -> Iterator[RuleResult]:
    at, zones = context.at, criteria.zones
    opening = plan.calendar.find_opening(zones, at)
    where = f"{' and '.join(zones)} ({zone_rule})" if zones else "no known zone"
    why_closed = f"{opening.why}; {where}" if zones else opening.why
    yield _make_result("hours", opening.open, why_closed, f"open in {where}", opening.next)
    part = plan.calendar.find_daypart(zones, at)
    fits = not criteria.dayparts or part in criteria.dayparts or context.by_key
    next_at = None if fits else plan.calendar.find_next_opening(zones, at, criteria.dayparts)
    yield RuleResult("day part", fits, _explain_daypart(part, criteria, fits=fits), next_at)
    cell = find_full_cell(criteria.cells, context.full_cells)
    full = f"{plan.quotas.cells[cell].label} is full: held back until it reopens" if cell else ""
    yield _make_result("quota", not cell, full, "none of its cells is full")
    open_from: datetime | None = None
    if criteria.policy == "me_first" and position.promised_at is not None:
        open_from = position.promised_at + OWNER_FIRST_PERIOD
    is_theirs = criteria.policy == "anyone" or criteria.owner in ("", context.who.login)
    may_keep = is_theirs or context.by_key or (open_from is not None and at >= open_from)
    why_owned = f"the appointment is with {criteria.owner}"
    yield _make_result("owner", may_keep, why_owned, "this interviewer may call", open_from)
    nobody = "" if context.people.speaks(criteria.language) else ", which no interviewer speaks"
    speaks = "this interviewer speaks it" if criteria.language else "any language"
    requirement = f"it requires {criteria.language}{nobody}"
    yield _make_result("language", context.who.speaks(criteria.language), requirement, speaks)
    has_skill = context.who.has_skill(criteria.skill) or not context.people.has_skill(criteria.skill)
    skilled = "this interviewer has it" if criteria.skill else "no skill is required"
    yield _make_result("skill", has_skill, f"it requires the skill {criteria.skill}", skilled)
    yield _make_result("lease", not context.lease_holder, f"{context.lease_holder} has it now", "nobody else has it")


def _explain_daypart(part: str, criteria: ClaimCriteria, *, fits: bool) -> str:
    if not fits:
        return f"it is now {part or 'no part of the day'}, and only {' or '.join(criteria.dayparts)} has attempts left"
    if criteria.prefers and part not in criteria.prefers:
        least = f"it is now {part or 'no part of the day'}, and {' or '.join(criteria.prefers)} was tried least"
        return f"{least}: cases that prefer {part or 'this time'} come first"
    return f"{' or '.join(criteria.prefers or criteria.dayparts) or 'any time'} is allowed"


def _make_result(rule: str, allows: bool, no: str, yes: str, until: datetime | None = None) -> RuleResult:
    return RuleResult(rule, allows, yes, None) if allows else RuleResult(rule, allows, no, until)


def find_next_time(case: Case, plan: Plan, context: ClaimContext) -> datetime | None:
    """Return when the case may next be called by somebody whom it suits, if nothing happens until then.

    None where that is never, or unknown (a full quota cell, a supervisor's answer).
    """
    plan = localize_plan(case, plan)
    position = scheduling.schedule_case(case, plan, context.at)
    if position.due_at is None:
        return None
    criteria = parse_criteria(position.bucket)
    if find_full_cell(criteria.cells, context.full_cells) or context.on_do_not_call_list:
        return None
    return plan.calendar.find_next_opening(criteria.zones, max(position.due_at, context.at), criteria.dayparts)


def explain_forbidden(case: Case, plan: Plan, context: ClaimContext) -> str:
    """Return why nobody may call this case, even with its respondent on the line; empty where somebody may."""
    results = check_rules(case, plan, context)
    return next((r.explanation for r in results if not r.allows and r.rule not in WAIVABLE_RULES), "")


def explain_number_state(number: NumberRecord) -> str:
    """Return why this number is never dialed; empty where it is live."""
    return {"live": "", "dead": "this number is dead", "never_call": "this number must not be called"}[number.state]


def explain_number_closed(case: Case, number: NumberRecord, plan: Plan, at: datetime) -> str:
    """Return why this number may not be dialed now; empty where it may. Checked again at every call."""
    if why := explain_number_state(number):
        return why
    opening = localize_plan(case, plan).calendar.find_opening(list_call_zones(case, number, plan), at)
    return "" if opening.open else opening.why
