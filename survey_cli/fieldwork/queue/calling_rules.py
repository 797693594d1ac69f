"""The rules that decide whether an interviewer may call a case now. Every rule is decided and worded here, once.

Criteria rules need only the claim criteria, so that they decide about many cases at once: which buckets of the queue are
open (`call_order`), and what the cases of a report wait for. Case rules need the case and its history. `case why` shows
all of them.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias, assert_never

from survey_cli.fieldwork.appointments.appointment import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.calendar.calendar import Calendar, Opening
from survey_cli.fieldwork.case.case import (
    Case,
    NumberRecord,
    find_call_zones,
    list_call_zones,
    localize_plan,
)
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan, find_full_cell
from survey_cli.fieldwork.queue import scheduling
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, QueuePosition, parse_criteria


class CriteriaRule(StrEnum):
    """Rules that the claim criteria decide, in the order in which they are checked. The values are shown to people."""

    HOURS = "hours"
    DAYPART = "day part"
    QUOTA = "quota"
    OWNER = "owner"
    LANGUAGE = "language"
    SKILL = "skill"


class CaseRule(StrEnum):
    """Rules that need the case itself, in the order in which they are checked. The values are shown to people."""

    STUDY = "study"
    RELEASED = "released"
    OPEN = "open"
    DO_NOT_CALL = "do not call"
    SUPERVISOR = "supervisor"
    ATTEMPTS = "attempts"
    DUE = "due"
    LEASE = "lease"


CallingRule: TypeAlias = CriteriaRule | CaseRule

PERSONAL_RULES: Final = (CriteriaRule.OWNER, CriteriaRule.LANGUAGE, CriteriaRule.SKILL)
"""Rules that one interviewer may fulfill and another one not, at any time."""
WAIVABLE_RULES: Final = frozenset({CaseRule.DUE, CriteriaRule.DAYPART, *PERSONAL_RULES})
"""Rules that do not apply to a case claimed by its key: its respondent is on the line."""


class RuleResult(NamedTuple):
    """The result of one rule for one case at one time."""

    rule: CallingRule
    allows: bool
    explanation: str
    until: datetime | None = None
    """The time at which the rule will allow it again, if that is known."""


class ClaimContext(NamedTuple):
    """The interviewer who wants to call, and everything else that is known at that time."""

    at: datetime
    who: Interviewer
    people: People
    full_cells: Collection[str] = ()
    """Quota cells in which no more interviews are needed."""
    lease_holder: str = ""
    """Who has claimed the case, in words; empty if nobody else has."""
    on_do_not_call_list: bool = False
    """One of its numbers is on the do-not-call list."""
    pause_reason: str = ""
    """Why the study is paused; empty while it runs."""
    by_key: bool = False
    """The case is claimed by its key, with the respondent on the line: delays, parts of the day and owners do not
    apply; hours, limits of the study and prohibitions do."""


@dataclass(frozen=True)
class CriteriaCheck:
    """The criteria rules, for one interviewer and the cases with these criteria."""

    criteria: ClaimCriteria
    plan: Plan
    """The plan of the region of these cases."""
    context: ClaimContext
    is_open_to_all: bool = True
    """An appointment whose owner comes first was due so long ago that any interviewer may keep it. For a bucket it is
    true, because the appointments in it differ: `CallOrder.find_appointment_cutoff` selects them."""
    open_to_all_from: datetime | None = None
    """When it will be, for one case."""
    zone_rule: str = ""
    """How the zones of one case were found, in words."""

    @cached_property
    def opening(self) -> Opening:
        """Whether the calling hours are open in all zones of the cases."""
        return self.calendar.find_opening(self.criteria.zones, self.context.at)

    @cached_property
    def daypart(self) -> str:
        """The part of the day that it is now in the zones of the cases; empty if it is none."""
        return self.calendar.find_daypart(self.criteria.zones, self.context.at)

    @property
    def calendar(self) -> Calendar:
        return self.plan.calendar

    def find_obstacle(
        self, rules: Collection[CriteriaRule] = tuple(CriteriaRule)
    ) -> CriteriaRule | None:
        """Return the first of these rules that forbids the call; None if all allow it."""
        for rule in rules:
            if not self.allows(rule):
                return rule
        return None

    def allows(self, rule: CriteriaRule) -> bool:
        """Return whether a rule allows the call."""
        criteria = self.criteria
        who = self.context.who
        match rule:
            case CriteriaRule.HOURS:
                return self.opening.open
            case CriteriaRule.DAYPART:
                return not criteria.dayparts or self.daypart in criteria.dayparts
            case CriteriaRule.QUOTA:
                return not find_full_cell(criteria.cells, self.context.full_cells)
            case CriteriaRule.OWNER:
                return self._may_keep_appointment()
            case CriteriaRule.LANGUAGE:
                return who.speaks(criteria.language)
            case CriteriaRule.SKILL:
                # a skill that no interviewer has would keep its cases from being called at all
                return who.has_skill(criteria.skill) or not self.context.people.has_skill(
                    criteria.skill
                )
            case _:
                assert_never(rule)

    def _may_keep_appointment(self) -> bool:
        """Return whether the appointment may be kept by this interviewer; true if there is none."""
        criteria = self.criteria
        if criteria.owner in ("", self.context.who.login):
            return True
        match criteria.policy:
            case "anyone":
                return True
            case "me":
                return False
            case "me_first":
                return self.is_open_to_all
            case _:
                assert_never(criteria.policy)

    def explain_obstacle(self, rule: CriteriaRule) -> str:
        """Explain why a rule forbids the call."""
        criteria = self.criteria
        match rule:
            case CriteriaRule.HOURS:
                if criteria.zones and self.zone_rule:
                    return f"{self.opening.why}; {self._describe_zones()}"
                return self.opening.why
            case CriteriaRule.DAYPART:
                now = self.daypart or "no part of the day"
                return (
                    f"it is now {now}, and only {' or '.join(criteria.dayparts)} has attempts left"
                )
            case CriteriaRule.QUOTA:
                cell = find_full_cell(criteria.cells, self.context.full_cells)
                return f"{self.plan.quotas.cells[cell].label} is full: held back until it reopens"
            case CriteriaRule.OWNER:
                return f"the appointment is with {criteria.owner}"
            case CriteriaRule.LANGUAGE:
                if not self.context.people.speaks(criteria.language):
                    return f"it requires {criteria.language}, which no interviewer speaks"
                return (
                    f"it requires {criteria.language}, which {self.context.who.login} doesn't speak"
                )
            case CriteriaRule.SKILL:
                return f"it requires the skill {criteria.skill}"
            case _:
                assert_never(rule)

    def explain_permission(self, rule: CriteriaRule) -> str:
        """Explain why a rule allows the call."""
        criteria = self.criteria
        match rule:
            case CriteriaRule.HOURS:
                return f"open in {self._describe_zones()}"
            case CriteriaRule.DAYPART:
                return self._explain_daypart()
            case CriteriaRule.QUOTA:
                return "none of its cells is full"
            case CriteriaRule.OWNER:
                return "this interviewer may call"
            case CriteriaRule.LANGUAGE:
                return "this interviewer speaks it" if criteria.language else "any language"
            case CriteriaRule.SKILL:
                return "this interviewer has it" if criteria.skill else "no skill is required"
            case _:
                assert_never(rule)

    def find_end(self, rule: CriteriaRule) -> datetime | None:
        """Return when a rule that forbids the call will allow it; None if that is never, or unknown."""
        match rule:
            case CriteriaRule.HOURS:
                return self.opening.next
            case CriteriaRule.DAYPART:
                dayparts = self.criteria.dayparts
                return self.calendar.find_next_opening(
                    self.criteria.zones, self.context.at, dayparts
                )
            case CriteriaRule.OWNER:
                return self.open_to_all_from
            case CriteriaRule.QUOTA | CriteriaRule.LANGUAGE | CriteriaRule.SKILL:
                return None
            case _:
                assert_never(rule)

    def _describe_zones(self) -> str:
        """Describe the zones in which the hours must be open, and how they were found."""
        if not self.criteria.zones:
            return "no known zone"
        return f"{' and '.join(self.criteria.zones)} ({self.zone_rule})"

    def _explain_daypart(self) -> str:
        criteria = self.criteria
        if criteria.prefers and self.daypart not in criteria.prefers:
            now = self.daypart or "no part of the day"
            least = f"it is now {now}, and {' or '.join(criteria.prefers)} was tried least"
            return f"{least}: cases that prefer {self.daypart or 'this time'} come first"
        return f"{' or '.join(criteria.prefers or criteria.dayparts) or 'any time'} is allowed"


def is_allowed(case: Case, plan: Plan, context: ClaimContext) -> bool:
    """Return whether every rule allows the case to be called."""
    return all(result.allows for result in check_rules(case, plan, context))


def check_rules(case: Case, plan: Plan, context: ClaimContext) -> Iterator[RuleResult]:
    """Yield the results of all rules, in the order in which they are checked.

    What is due, and the criteria, are unknown for a case that is never called again: it has no such results.
    """
    plan = localize_plan(case, plan)
    position = scheduling.schedule_case(_drop_open_calls(case), plan, context.at)
    zones, zone_rule = find_call_zones(case, case.next_number, plan)
    results = list(_check_case_rules(case, plan, context, position, zones))
    yield from results
    if not all(result.allows for result in results if result.rule in _ENDING_RULES):
        return

    is_due = (position.due_at is not None and position.due_at <= context.at) or context.by_key
    not_yet = f"not due yet: {position.why}"
    yield _make_result(CaseRule.DUE, is_due, not_yet, position.why or "due now", position.due_at)
    criteria = ClaimCriteria(zones=zones, language=case.language)
    if position.bucket:
        criteria = parse_criteria(position.bucket)
    yield from _check_criteria_rules(criteria, plan, context, position, zone_rule)
    holder = context.lease_holder
    yield _make_result(CaseRule.LEASE, not holder, f"{holder} has it now", "nobody else has it")


_ENDING_RULES: Final = frozenset(
    {CaseRule.RELEASED, CaseRule.OPEN, CaseRule.SUPERVISOR, CaseRule.ATTEMPTS}
)
"""Case rules after which no further rule is checked."""


def _check_case_rules(
    case: Case, plan: Plan, context: ClaimContext, position: QueuePosition, zones: tuple[str, ...]
) -> Iterator[RuleResult]:
    """Yield the results of the rules that need no due time."""
    paused = context.pause_reason
    yield _make_result(CaseRule.STUDY, not paused, paused, "the study is not paused")
    unreleased = f"replicate {case.replicate} is not released"
    yield _make_result(CaseRule.RELEASED, case.released, unreleased, "its replicate is released")

    done_reason = scheduling.explain_done(case, plan)
    yield _make_result(
        CaseRule.OPEN, not done_reason, done_reason, f"code {position.code} allows a call"
    )
    is_listed = context.on_do_not_call_list or case.do_not_call
    on_list = "it is on the do-not-call list"
    yield _make_result(
        CaseRule.DO_NOT_CALL, not is_listed, on_list, "it is not on the do-not-call list"
    )

    held_reason = scheduling.explain_held(case, plan, zones)
    yield _make_result(
        CaseRule.SUPERVISOR, not held_reason, held_reason, "it is not waiting for a supervisor"
    )

    attempts = f"{position.attempts} of {plan.limits.total} attempts made"
    if case.reopened_at is not None:
        left = scheduling.count_attempts_left(_drop_open_calls(case), plan)
        attempts = f"{left} attempts left since it was reopened"
    end = None
    if case.released and not (done_reason or held_reason):
        end = scheduling.find_attempts_end(_drop_open_calls(case), plan, context.at)
    why_over = "" if end is None else f"{end.value}: {attempts}"
    yield _make_result(CaseRule.ATTEMPTS, end is None, why_over, attempts)


def _check_criteria_rules(
    criteria: ClaimCriteria,
    plan: Plan,
    context: ClaimContext,
    position: QueuePosition,
    zone_rule: str,
) -> Iterator[RuleResult]:
    """Yield the results of the criteria rules for one case."""
    open_to_all_from = None
    if criteria.policy == "me_first" and position.promised_at is not None:
        open_to_all_from = position.promised_at + OWNER_FIRST_PERIOD
    is_open_to_all = open_to_all_from is not None and context.at >= open_to_all_from
    check = CriteriaCheck(criteria, plan, context, is_open_to_all, open_to_all_from, zone_rule)

    for rule in CriteriaRule:
        is_waived = context.by_key and rule in (CriteriaRule.DAYPART, CriteriaRule.OWNER)
        if is_waived or check.allows(rule):
            yield RuleResult(rule, True, check.explain_permission(rule))
        else:
            yield RuleResult(rule, False, check.explain_obstacle(rule), check.find_end(rule))


def _drop_open_calls(case: Case) -> Case:
    """Return the case without the calls of the current attempt.

    Another number may be dialed in it, whatever its first call used up.
    """
    if case.open_attempt is None or not case.open_attempt.calls:
        return case
    return replace(
        case, attempts=case.attempts[:-1], open_attempt=case.open_attempt._replace(calls=())
    )


def _make_result(
    rule: CallingRule, allows: bool, no: str, yes: str, until: datetime | None = None
) -> RuleResult:
    if allows:
        return RuleResult(rule, allows, yes)
    return RuleResult(rule, allows, no, until)


def find_next_time(case: Case, plan: Plan, context: ClaimContext) -> datetime | None:
    """Return when the case may next be called by an interviewer whom it suits, if nothing happens until then.

    None if that is never, or unknown (a full quota cell, a supervisor's answer).
    """
    plan = localize_plan(case, plan)
    position = scheduling.schedule_case(case, plan, context.at)
    if position.due_at is None:
        return None
    criteria = parse_criteria(position.bucket)
    has_place = CriteriaCheck(criteria, plan, context).allows(CriteriaRule.QUOTA)
    if not has_place or context.on_do_not_call_list:
        return None
    return plan.calendar.find_next_opening(
        criteria.zones, max(position.due_at, context.at), criteria.dayparts
    )


def explain_forbidden(case: Case, plan: Plan, context: ClaimContext) -> str:
    """Return why no interviewer may call this case, even with its respondent on the line; empty if one may."""
    for result in check_rules(case, plan, context):
        if not result.allows and result.rule not in WAIVABLE_RULES:
            return result.explanation
    return ""


def explain_number_state(number: NumberRecord) -> str:
    """Return why this number is never dialed; empty if it is live."""
    return {
        "live": "",
        "dead": "this number is dead",
        "never_call": "this number must not be called",
    }[number.state]


def explain_number_closed(case: Case, number: NumberRecord, plan: Plan, at: datetime) -> str:
    """Return why this number may not be dialed now; empty if it may. Checked again at every call."""
    if why := explain_number_state(number):
        return why
    opening = localize_plan(case, plan).calendar.find_opening(
        list_call_zones(case, number, plan), at
    )
    return "" if opening.open else opening.why
