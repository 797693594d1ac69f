"""The order in which cases of several buckets are called, for one interviewer at one time.

It claims no case and checks no rules of a single case.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.due_times import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import CellFill, find_full_cell
from survey_cli.fieldwork.queue.claim_criteria import ClaimCriteria, parse_criteria
from survey_cli.fieldwork.queue.scheduling import TRIED_LEAST_SUFFIX

CaseAvailability: TypeAlias = Literal[
    "callable", "restricted", "part", "hours", "delay", "appointment", "quota"
]
"""Availability of cases in the queue at one time: callable by all interviewers in question, or only by some or none of
them; waiting for a part of the day, for calling hours, for the least time after the last call, or for an appointment;
or held back because a quota cell is full."""


class CaseGroup(NamedTuple):
    """Cases in the same situation at one time."""

    status: str
    """`ready` also for those that waited until then."""
    bucket: str
    """Empty for those that are not in the queue."""
    why: str
    """What a waiting case waits for."""
    has_appointment: bool
    open_to_all: bool
    """The appointment was due so long ago that anybody may keep it, where its owner had precedence."""
    cases: int


class CallPriority(NamedTuple):
    """The position in the order of calling, as a sort key."""

    order: str
    """1 appointments, 2 interrupted interviews, 4 all others."""
    deferred: bool
    """It is not the part of the day that was tried least for it: cases for which it is come first."""
    quota_fill: int
    """How full the emptiest quota cell is, in thousandths: the emptier, the sooner. 0 where quotas don't matter."""
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
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
        return cls(
            plan=plan, people=people, who=who, at=at, fill=fill, full_cells=plan.quotas.list_full_cells(fill)
        )

    def rank_case(self, bucket: ClaimCriteria, rank: str) -> CallPriority:
        """Return the priority of a case with these criteria and this rank.

        Appointments and interrupted interviews come before any quota.
        """
        order = rank[:1]
        if order < "4":
            return CallPriority(order, False, 0, rank)
        return CallPriority(
            order,
            self.prefers_other_daypart(bucket),
            self.plan.quotas.compute_urgency(bucket.cells, self.fill),
            rank,
        )

    def prefers_other_daypart(self, bucket: ClaimCriteria) -> bool:
        """Return whether such cases prefer another part of the day than the current one."""
        return bool(bucket.prefers) and (
            self._find_calendar(bucket).find_daypart(bucket.zones, self.at) not in bucket.prefers
        )

    def is_open(self, bucket: ClaimCriteria) -> bool:
        """Return whether such cases may be called now by this interviewer."""
        return not self.explain_closed(bucket)

    def find_appointment_cutoff(self, bucket: ClaimCriteria) -> datetime | None:
        """Return until when another owner's appointments must have been due for this interviewer; None: no limit."""
        others = bucket.policy == "me_first" and bucket.owner not in ("", self.who.login)
        return self.at - OWNER_FIRST_PERIOD if others else None

    def find_opening(self, bucket: ClaimCriteria, since: datetime) -> datetime | None:
        """Return the next time from `since` on in the hours and the part of the day of such cases, or None."""
        if bucket.dayparts:
            return self._find_calendar(bucket).find_next_in(bucket.zones, since, bucket.dayparts)
        return self._find_calendar(bucket).find_opening(bucket.zones, since).next

    def _find_calendar(self, bucket: ClaimCriteria) -> Calendar:
        return self.plan.calendar.for_region(bucket.region)

    def suits(self, bucket: ClaimCriteria) -> bool:
        """Return whether such cases suit this interviewer, apart from hours and parts of the day."""
        return not find_full_cell(bucket.cells, self.full_cells) and bucket.suits(self.who, self.people)

    def classify_group(self, group: CaseGroup, staff: Iterable[Interviewer]) -> CaseAvailability:
        """Return the availability of a group of cases in the queue for these interviewers."""
        bucket = parse_criteria(group.bucket)
        calendar = self._find_calendar(bucket)
        if find_full_cell(bucket.cells, self.full_cells):
            return "quota"
        if group.status == "waiting":
            if group.has_appointment:
                return "appointment"
            return "part" if group.why.endswith(TRIED_LEAST_SUFFIX) else "delay"
        if not calendar.find_opening(bucket.zones, self.at).open:
            return "hours"
        if bucket.dayparts and calendar.find_daypart(bucket.zones, self.at) not in bucket.dayparts:
            return "part"
        return "callable" if all(self._is_for(bucket, one, group) for one in staff) else "restricted"

    def _is_for(self, bucket: ClaimCriteria, one: Interviewer, group: CaseGroup) -> bool:
        own = bucket.owner in ("", one.login)
        return bucket.suits(one, self.people) and (own or bucket.policy != "me_first" or group.open_to_all)

    def explain_closed(self, bucket: ClaimCriteria) -> str:
        """Return why such cases are not called now by this interviewer; empty where they are."""
        if cell := find_full_cell(bucket.cells, self.full_cells):
            return f"quota cell {cell} is full"
        if bucket.policy == "me" and bucket.owner not in ("", self.who.login):
            return f"the appointment is with {bucket.owner} only"
        if not self.who.speaks(bucket.language):
            return f"wants {bucket.language}, which {self.who.login} does not speak"
        if not bucket.suits(self.who, self.people):
            return f"wants a {bucket.skill}"
        calendar = self._find_calendar(bucket)
        opening = calendar.find_opening(bucket.zones, self.at)
        if not opening.open:
            return opening.why
        if bucket.dayparts and calendar.find_daypart(bucket.zones, self.at) not in bucket.dayparts:
            return f"waits for {' or '.join(bucket.dayparts)}"
        return ""
