"""Whose turn is it to be called, among cases of several buckets? The written order, as one interviewer has it at one
moment; it takes no case and asks no case's rules.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.appointments.due_times import MINE_FIRST
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import Fill, shut
from survey_cli.fieldwork.queue.claim_criteria import Bucket, bucket_of
from survey_cli.fieldwork.queue.scheduling import TRIED_LEAST

QueueState: TypeAlias = Literal["callable", "restricted", "part", "hours", "delay", "appointment", "quota"]
"""Where a case in the queue stands at one moment: callable by all who were asked for, or only by some or none of them;
waiting for a part of the day, for calling hours, for the least time after its last call, or for an appointment; parked
because a quota cell is full."""


class CaseGroup(NamedTuple):
    """Cases that stand alike at one moment."""

    status: str
    """`ready` also for those that waited until then."""
    bucket: str
    """Empty for those that are not in the queue."""
    why: str
    """What a waiting one waits for."""
    promised: bool
    anybodys: bool
    """The appointment was due so long ago that anybody may keep one that is its maker's first."""
    cases: int


class Turn(NamedTuple):
    """Sorts as cases are called."""

    order: str
    """1 promises, 2 interrupted interviews, 4 all others."""
    aside: bool
    """It is not the part of the day that was tried least for it: those for which it is come first."""
    filled: int
    """How full the emptiest quota cell is, in thousandths: the emptier, the sooner. 0 where quotas wait."""
    rank: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The order of calling for one interviewer at one moment."""

    plan: Plan
    people: People
    who: Interviewer
    at: datetime
    fill: Mapping[str, Fill]
    full: Collection[str]
    """The quota cells that nobody more is wanted in: `Quotas.full` of `fill`."""

    @classmethod
    def of(
        cls, plan: Plan, *, people: People, who: Interviewer, at: datetime, fill: Mapping[str, Fill]
    ) -> "Turns":
        return cls(plan=plan, people=people, who=who, at=at, fill=fill, full=plan.quotas.full(fill))

    def turn(self, bucket: Bucket, rank: str) -> Turn:
        """The turn of a case of this bucket and rank: promises and interrupted interviews come before any quota."""
        order = rank[:1]
        if order < "4":
            return Turn(order, False, 0, rank)
        return Turn(order, self.aside(bucket), self.plan.quotas.urgency(bucket.cells, self.fill), rank)

    def aside(self, bucket: Bucket) -> bool:
        """Whether such cases prefer another part of the day than it is for them now."""
        return bool(bucket.prefers) and (
            self._calendar(bucket).daypart(bucket.zones, self.at) not in bucket.prefers
        )

    def open(self, bucket: Bucket) -> bool:
        """Whether cases of this bucket may be called now by this interviewer."""
        return not self.closed(bucket)

    def promised_before(self, bucket: Bucket) -> datetime | None:
        """Of another's promises only those that were due by then are this interviewer's to keep; None: any."""
        others = bucket.policy == "me_first" and bucket.owner not in ("", self.who.login)
        return self.at - MINE_FIRST if others else None

    def opens(self, bucket: Bucket, since: datetime) -> datetime | None:
        """The next moment, from `since` on, at which it is the hour and the part of the day for such cases; None where
        that is never."""
        if bucket.dayparts:
            return self._calendar(bucket).next_in(bucket.zones, since, bucket.dayparts)
        return self._calendar(bucket).opening(bucket.zones, since).next

    def _calendar(self, bucket: Bucket) -> Calendar:
        return self.plan.calendar.of_region(bucket.region)

    def suits(self, bucket: Bucket) -> bool:
        """Whether it is for this interviewer but for the hour and the part of the day."""
        return not shut(bucket.cells, self.full) and bucket.suits(self.who, self.people)

    def state(self, group: CaseGroup, staff: Iterable[Interviewer]) -> QueueState:
        """Where the cases of a group in the queue stand, for those who call."""
        bucket = bucket_of(group.bucket)
        calendar = self._calendar(bucket)
        if shut(bucket.cells, self.full):
            return "quota"
        if group.status == "waiting":
            if group.promised:
                return "appointment"
            return "part" if group.why.endswith(TRIED_LEAST) else "delay"
        if not calendar.opening(bucket.zones, self.at).open:
            return "hours"
        if bucket.dayparts and calendar.daypart(bucket.zones, self.at) not in bucket.dayparts:
            return "part"
        return "callable" if all(self._for(bucket, one, group) for one in staff) else "restricted"

    def _for(self, bucket: Bucket, one: Interviewer, group: CaseGroup) -> bool:
        own = bucket.owner in ("", one.login)
        return bucket.suits(one, self.people) and (own or bucket.policy != "me_first" or group.anybodys)

    def closed(self, bucket: Bucket) -> str:
        """Why cases of this bucket are not called now by this interviewer; empty where they are."""
        if cell := shut(bucket.cells, self.full):
            return f"quota cell {cell} is full"
        if bucket.policy == "me" and bucket.owner not in ("", self.who.login):
            return f"the appointment is with {bucket.owner} only"
        if not self.who.speaks(bucket.language):
            return f"wants {bucket.language}, which {self.who.login} does not speak"
        if not bucket.suits(self.who, self.people):
            return f"wants a {bucket.skill}"
        calendar = self._calendar(bucket)
        opening = calendar.opening(bucket.zones, self.at)
        if not opening.open:
            return opening.why
        if bucket.dayparts and calendar.daypart(bucket.zones, self.at) not in bucket.dayparts:
            return f"waits for {' or '.join(bucket.dayparts)}"
        return ""
