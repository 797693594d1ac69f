"""The order in which one interviewer calls the cases of several buckets, at a given time.

`scheduling` derives the queue position; whoever claims the first case checks its rules once more
(`calling_rules`) before any telephone rings.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from survey_cli.fieldwork.appointments.appointment import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.calling_rules import (
    PERSONAL_RULES,
    ClaimContext,
    CriteriaCheck,
    CriteriaRule,
)
from survey_cli.fieldwork.queue.reasons import QueueReason, ReasonKind
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, parse_criteria
from survey_cli.figures import NamedFigure
from survey_cli.wording import Words


class CaseAvailability(StrEnum):
    """What cases in the queue wait for at one time, or who may call them now."""

    BY_ALL = "by_all"
    """All interviewers in question may call them."""
    BY_SOME = "by_some"
    """Only some of them may, or none: a language, a skill, or the owner of an appointment is
    needed."""
    PART = "part"
    """They wait for another part of the day."""
    HOURS = "hours"
    DELAY = "delay"
    """They wait for the least time after the last call."""
    APPOINTMENT = "appointment"
    QUOTA = "quota"
    """They are held back because a quota cell is full."""


LASTING_FIRST: Final = (
    CriteriaRule.QUOTA,
    *PERSONAL_RULES,
    CriteriaRule.HOURS,
    CriteriaRule.DAYPART,
)
"""The criteria rules, those first whose obstacle doesn't end with the hour."""

CALLABLE: Final = frozenset({CaseAvailability.BY_ALL, CaseAvailability.BY_SOME})
CALLABLE_NOW: Final = NamedFigure(
    "callable now",
    "Cases that at least one interviewer of the list may call at this time: due, in calling hours,"
    " in no full quota cell, and at no station. Some may need a language, a skill or the owner of"
    " an appointment.",
    "status, board, client's page",
)


class CaseGroup(NamedTuple):
    """Cases in the same situation at one time."""

    status: str
    """Their queue status; `ready` also for those that waited until that time."""
    bucket: str
    """The text of their claim criteria; empty for those that are not in the queue."""
    reason: QueueReason
    """Why waiting cases wait."""
    has_appointment: bool
    open_to_all: bool
    """Their appointments were due so long ago that their owners have no precedence any more."""
    cases: int
    """The number of cases."""


class CallPriority(NamedTuple):
    """The position in the order of calling, as a sort key."""

    order: str
    """1 appointments, 2 interrupted interviews, 4 all others."""
    deferred: bool
    """Another part of the day was tried least for it: cases for which it is the current one come
    first."""
    quota_fill: int
    """The share of the emptiest quota cell that is filled, in thousandths; emptier ones come first.
    0 if quotas don't matter."""
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
        cls,
        plan: Plan,
        *,
        people: People,
        who: Interviewer,
        at: datetime,
        fill: Mapping[str, CellFill],
    ) -> "CallOrder":
        """Return the order of calling, with the full quota cells counted from `fill`."""
        return cls(
            plan=plan,
            people=people,
            who=who,
            at=at,
            fill=fill,
            full_cells=plan.quotas.list_full_cells(fill),
        )

    def rank_case(self, criteria: ClaimCriteria, rank: str) -> CallPriority:
        """Return the priority of a case with these criteria and this rank.

        Appointments and interrupted interviews come before any quota.
        """
        order = rank[:1]
        if order < "4":
            return CallPriority(order, False, 0, rank)
        lowest_fill = self.plan.quotas.compute_lowest_fill(criteria.cells, self.fill)
        return CallPriority(order, self.prefers_other_daypart(criteria), lowest_fill, rank)

    def prefers_other_daypart(self, criteria: ClaimCriteria) -> bool:
        """Return whether such cases prefer another part of the day than the current one."""
        if not criteria.prefers:
            return False
        calendar = self._localize_plan(criteria).calendar
        return calendar.find_daypart(criteria.zones, self.at) not in criteria.prefers

    def is_open(self, criteria: ClaimCriteria) -> bool:
        """Return whether such cases may be called now by this interviewer."""
        return self.check(criteria).find_obstacle() is None

    def may_keep_appointment(self, criteria: ClaimCriteria, promised_at: datetime | None) -> bool:
        """Return whether this interviewer may keep an appointment with these criteria now."""
        is_open_to_all = promised_at is not None and promised_at <= self.at - OWNER_FIRST_PERIOD
        return self.check(criteria, is_open_to_all=is_open_to_all).find_obstacle() is None

    def find_lasting_obstacle(self, criteria: ClaimCriteria) -> CriteriaRule | None:
        """Return the rule that keeps this interviewer from calling such cases now.

        None if none does. Of several, it is the one that lasts longest: hours and parts of the day
        end by themselves.
        """
        return self.check(criteria).find_obstacle(LASTING_FIRST)

    def describe_obstacle(self, criteria: ClaimCriteria, rule: CriteriaRule) -> Words:
        """Put into words why this rule forbids calling such cases."""
        return self.check(criteria).describe_obstacle(rule)

    def check(
        self,
        criteria: ClaimCriteria,
        who: Interviewer | None = None,
        *,
        is_open_to_all: bool = True,
    ) -> CriteriaCheck:
        """Return the rules for such cases and this interviewer, or another one."""
        context = ClaimContext(self.at, who or self.who, self.people, self.full_cells)
        return CriteriaCheck(criteria, self._localize_plan(criteria), context, is_open_to_all)

    def find_appointment_cutoff(self, criteria: ClaimCriteria) -> datetime | None:
        """Return until when an appointment must have been due for this interviewer to keep it.

        None if at any time. The owner of an appointment comes first, and after a while anyone may
        keep it.
        """
        is_others = criteria.owner not in ("", self.who.login)
        if criteria.policy == "me_first" and is_others:
            return self.at - OWNER_FIRST_PERIOD
        return None

    def find_opening(self, criteria: ClaimCriteria, since: datetime) -> datetime | None:
        """Return the next time from `since` on in the hours and part of the day of such cases."""
        return self._localize_plan(criteria).calendar.find_next_opening(
            criteria.zones, since, criteria.dayparts
        )

    def _localize_plan(self, criteria: ClaimCriteria) -> Plan:
        return self.plan.for_region(criteria.region)

    def suits(self, criteria: ClaimCriteria) -> bool:
        """Return whether such cases suit this interviewer, at whatever time of day."""
        return self.check(criteria).find_obstacle((CriteriaRule.QUOTA, *PERSONAL_RULES)) is None

    def classify_group(self, group: CaseGroup, staff: Iterable[Interviewer]) -> CaseAvailability:
        """Return the availability of a group of cases in the queue for these interviewers."""
        check = self.check(parse_criteria(group.bucket))
        if not check.allows(CriteriaRule.QUOTA):
            return CaseAvailability.QUOTA
        if group.status == "waiting":
            return _classify_waiting(group)
        if not check.allows(CriteriaRule.HOURS):
            return CaseAvailability.HOURS
        if not check.allows(CriteriaRule.DAYPART):
            return CaseAvailability.PART

        for interviewer in staff:
            own_check = self.check(check.criteria, interviewer, is_open_to_all=group.open_to_all)
            if own_check.find_obstacle(PERSONAL_RULES) is not None:
                return CaseAvailability.BY_SOME
        return CaseAvailability.BY_ALL


def _classify_waiting(group: CaseGroup) -> CaseAvailability:
    """Return what waiting cases wait for."""
    if group.has_appointment:
        return CaseAvailability.APPOINTMENT
    if group.reason.kind is ReasonKind.TRIED_LEAST:
        return CaseAvailability.PART
    return CaseAvailability.DELAY
