"""The rules that decide whether an interviewer may call a case now.

Every rule is decided and worded here, once.

Criteria rules need only the claim criteria, so that they decide about many cases at once: which
buckets of the queue are open (`call_order`), and what the cases of a report wait for. Case rules
need the case and its history. `case why` shows all of them.
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
from survey_cli.fieldwork.queue.reasons import DUE, QueueReason, ReasonKind
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, QueuePosition, parse_criteria
from survey_cli.wording import Words, format_quantity


class CriteriaRule(StrEnum):
    """Rules that the claim criteria decide, in the order in which they are checked.

    The values are shown to people.
    """

    HOURS = "hours"
    DAYPART = "day part"
    QUOTA = "quota"
    OWNER = "owner"
    LANGUAGE = "language"
    SKILL = "skill"


class CaseRule(StrEnum):
    """Rules that need the case itself, in the order in which they are checked.

    The values are shown to people.
    """

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
"""Rules that keep nobody from a case whose respondent is on the line.

With `ClaimContext.by_key`, `check_rules` reports times and owners as allowed. It still reports that
the interviewer lacks a language or a skill.
"""


class RuleResult(NamedTuple):
    """The result of one rule for one case at one time."""

    rule: CallingRule
    allows: bool
    explanation: Words
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
    pause: Words | None = None
    """Why the study is paused; None while it runs."""
    by_key: bool = False
    """The case is claimed by its key, with the respondent on the line: delays, parts of the day and
    owners do not apply; hours, limits of the study and prohibitions do."""


@dataclass(frozen=True)
class CriteriaCheck:
    """The criteria rules, for one interviewer and the cases with these criteria."""

    criteria: ClaimCriteria
    plan: Plan
    """The plan of the region of these cases."""
    context: ClaimContext
    is_open_to_all: bool = True
    """An appointment whose owner comes first was due so long ago that any interviewer may keep it.
    The appointments of a bucket differ: for a bucket it is True, and
    `CallOrder.find_appointment_cutoff` selects those that it is true of."""
    open_to_all_from: datetime | None = None
    """The time from which it is, for one case."""
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

    def describe_obstacle(self, rule: CriteriaRule) -> Words:
        """Put into words why a rule forbids the call."""
        return Words(self._explain_obstacle(rule))

    def _explain_obstacle(self, rule: CriteriaRule) -> str:
        criteria = self.criteria
        match rule:
            case CriteriaRule.HOURS:
                if criteria.zones and self.zone_rule:
                    return f"{self.opening.why}; {self._describe_zones()}"
                return self.opening.why
            case CriteriaRule.DAYPART:
                now = self.daypart or "no part of the day"
                left = " or ".join(criteria.dayparts)
                return f"it is now {now}, and only {left} has attempts left"
            case CriteriaRule.QUOTA:
                cell = find_full_cell(criteria.cells, self.context.full_cells)
                return f"{self.plan.quotas.cells[cell].label} is full: held back until it reopens"
            case CriteriaRule.OWNER:
                return f"the appointment is with {criteria.owner}"
            case CriteriaRule.LANGUAGE:
                if not self.context.people.speaks(criteria.language):
                    return f"it requires {criteria.language}, which no interviewer speaks"
                login = self.context.who.login
                return f"it requires {criteria.language}, which {login} doesn't speak"
            case CriteriaRule.SKILL:
                return f"it requires the skill {criteria.skill}"
            case _:
                assert_never(rule)

    def describe_permission(self, rule: CriteriaRule) -> Words:
        """Put into words why a rule allows the call."""
        return Words(self._explain_permission(rule))

    def _explain_permission(self, rule: CriteriaRule) -> str:
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

    def find_obstacle_end(self, rule: CriteriaRule) -> datetime | None:
        """Return when a rule that forbids the call will allow it.

        None if that is never, or unknown.
        """
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
            least = " or ".join(criteria.prefers)
            others = f"cases that prefer {self.daypart or 'this time'}"
            return f"it is now {now}, and {least} was tried least: {others} come first"
        allowed = " or ".join(criteria.prefers or criteria.dayparts)
        return f"{allowed or 'any time'} is allowed"


def is_allowed(case: Case, plan: Plan, context: ClaimContext) -> bool:
    """Return whether every rule allows the case to be called."""
    return all(result.allows for result in check_rules(case, plan, context))


_ENDING_RULES: Final = frozenset(
    {CaseRule.RELEASED, CaseRule.OPEN, CaseRule.SUPERVISOR, CaseRule.ATTEMPTS}
)
"""Case rules after which no further rule is checked."""


def check_rules(case: Case, plan: Plan, context: ClaimContext) -> Iterator[RuleResult]:
    """Yield the results of all rules, in the order in which they are checked.

    What is due, and the criteria, are unknown for a case that is never called again: it has no such
    results.
    """
    plan = localize_plan(case, plan)
    position = scheduling.schedule_case(_drop_open_calls(case), plan, context.at)
    zones, zone_rule = find_call_zones(case, case.next_number, plan)
    results = list(_check_case_rules(case, plan, context, position, zones))
    yield from results
    for result in results:
        if result.rule in _ENDING_RULES and not result.allows:
            return

    is_due = position.due_at is not None and position.due_at <= context.at
    if is_due or context.by_key:
        yes = "due now" if position.reason == DUE else str(position.reason.words)
        yield RuleResult(CaseRule.DUE, True, Words(yes))
    else:
        no = f"not due yet: {position.reason.words}"
        yield RuleResult(CaseRule.DUE, False, Words(no), position.due_at)

    criteria = ClaimCriteria(zones=zones, language=case.language)
    if position.bucket:
        criteria = parse_criteria(position.bucket)
    yield from _check_criteria_rules(criteria, plan, context, position, zone_rule)

    yield _make_result(
        CaseRule.LEASE,
        allows=not context.lease_holder,
        no=Words(f"{context.lease_holder} has it now"),
        yes=Words("nobody else has it"),
    )


def _check_case_rules(
    case: Case, plan: Plan, context: ClaimContext, position: QueuePosition, zones: tuple[str, ...]
) -> Iterator[RuleResult]:
    """Yield the results of the rules that need no due time."""
    if context.pause is None:
        yield RuleResult(CaseRule.STUDY, True, Words("the study is not paused"))
    else:
        yield RuleResult(CaseRule.STUDY, False, context.pause)

    yield _make_result(
        CaseRule.RELEASED,
        allows=case.released,
        no=QueueReason(ReasonKind.UNRELEASED, case.replicate).words,
        yes=Words("its replicate is released"),
    )

    done_reason = scheduling.find_done_reason(case, plan)
    is_callable = Words(f"code {position.code} allows a call")
    yield _make_reason_result(CaseRule.OPEN, done_reason, is_callable)

    is_listed = context.on_do_not_call_list or case.do_not_call
    yield _make_result(
        CaseRule.DO_NOT_CALL,
        allows=not is_listed,
        no=Words("it is on the do-not-call list"),
        yes=Words("it is not on the do-not-call list"),
    )

    held_reason = scheduling.find_held_reason(case, plan, zones)
    is_not_held = Words("it is not waiting for a supervisor")
    yield _make_reason_result(CaseRule.SUPERVISOR, held_reason, is_not_held)

    attempts = f"{position.attempts} of {plan.limits.total} attempts made"
    if case.reopened_at is not None:
        left = scheduling.count_attempts_left(_drop_open_calls(case), plan)
        attempts = f"{format_quantity(left, 'attempt')} left since it was reopened"
    exhausted_reason = None
    # a case that is not called for another reason is not said to have used up its attempts
    if case.released and done_reason is None and held_reason is None:
        exhausted_reason = scheduling.find_exhausted_reason(
            _drop_open_calls(case), plan, context.at
        )
    if exhausted_reason is None:
        yield RuleResult(CaseRule.ATTEMPTS, True, Words(attempts))
    else:
        why = f"{exhausted_reason.words}: {attempts}"
        yield RuleResult(CaseRule.ATTEMPTS, False, Words(why))


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
            yield RuleResult(rule, True, check.describe_permission(rule))
        else:
            until = check.find_obstacle_end(rule)
            yield RuleResult(rule, False, check.describe_obstacle(rule), until)


def _drop_open_calls(case: Case) -> Case:
    """Return the case without the calls of the current attempt.

    Another number may be dialed in it, whatever its first call used up.
    """
    if case.open_attempt is None or not case.open_attempt.calls:
        return case
    return replace(
        case, attempts=case.attempts[:-1], open_attempt=case.open_attempt._replace(calls=())
    )


def _make_result(rule: CaseRule, *, allows: bool, no: Words, yes: Words) -> RuleResult:
    if allows:
        return RuleResult(rule, True, yes)
    return RuleResult(rule, False, no)


def _make_reason_result(rule: CaseRule, obstacle: QueueReason | None, yes: Words) -> RuleResult:
    """Return the result of a rule: forbidden for this reason, or allowed without one."""
    if obstacle is None:
        return RuleResult(rule, True, yes)
    return RuleResult(rule, False, obstacle.words)


def find_next_time(case: Case, plan: Plan, context: ClaimContext) -> datetime | None:
    """Return when an interviewer whom the case suits may next call it, if nothing happens before.

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


def find_prohibition(case: Case, plan: Plan, context: ClaimContext) -> RuleResult | None:
    """Return the rule that forbids calling this case even with its respondent on the line.

    None if none does.
    """
    for result in check_rules(case, plan, context):
        if not result.allows and result.rule not in WAIVABLE_RULES:
            return result
    return None


def describe_dead_number(number: NumberRecord) -> Words | None:
    """Put into words why this number is never dialed; None if it is live."""
    match number.state:
        case "live":
            return None
        case "dead":
            return Words("this number is dead")
        case "never_call":
            return Words("this number must not be called")
        case _:
            assert_never(number.state)


def find_number_obstacle(
    case: Case, number: NumberRecord, plan: Plan, at: datetime
) -> Words | None:
    """Return why this number may not be dialed now.

    None if it may. Checked again before every call.
    """
    why_dead = describe_dead_number(number)
    if why_dead is not None:
        return why_dead
    calendar = localize_plan(case, plan).calendar
    opening = calendar.find_opening(list_call_zones(case, number, plan), at)
    if opening.open:
        return None
    return Words(opening.why)
