"""The order in which cases of several buckets are called, for one interviewer at one time.

It claims no case and checks no rules of a single case.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.due_times import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import CellFill, find_full_cell
from survey_cli.fieldwork.queue.queue_position import ClaimCriteria, parse_criteria
from survey_cli.fieldwork.queue.scheduling import TRIED_LEAST_SUFFIX

CaseAvailability: TypeAlias = Literal["callable", "restricted", "part", "hours", "delay", "appointment", "quota"]
"""Availability of cases in the queue at one time: callable by all interviewers in question, or only by some or none of
them; waiting for a part of the day, for calling hours, for the least time after the last call, or for an appointment;
or held back because a quota cell is full."""


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
        return "callable" if all(self._is_for(criteria, interviewer, group) for interviewer in staff) else "restricted"

    def _is_for(self, criteria: ClaimCriteria, interviewer: Interviewer, group: CaseGroup) -> bool:
        may_keep = criteria.owner in ("", interviewer.login) or criteria.policy != "me_first" or group.open_to_all
        return may_keep and criteria.suits(interviewer, self.people)

    def explain_closed(self, criteria: ClaimCriteria) -> str:
        """Return why such cases are not called now by this interviewer; empty where they are."""
        if cell := find_full_cell(criteria.cells, self.full_cells):
            return f"quota cell {cell} is full"
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
