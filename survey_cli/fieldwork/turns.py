"""Whose turn is it to be called, among cases of several buckets? The written order, as one interviewer has it at one
moment; it takes no case and asks no case's rules.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from survey_cli.fieldwork.bookings import MINE_FIRST
from survey_cli.fieldwork.buckets import Bucket
from survey_cli.fieldwork.people import Interviewer, People
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.quotas import Fill, shut


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
            self.plan.calendar.daypart(bucket.zones, self.at) not in bucket.prefers
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
            return self.plan.calendar.next_in(bucket.zones, since, bucket.dayparts)
        return self.plan.calendar.opening(bucket.zones, since).next

    def suits(self, bucket: Bucket) -> bool:
        """Whether it is for this interviewer but for the hour and the part of the day."""
        return not shut(bucket.cells, self.full) and bucket.suits(self.who, self.people)

    def closed(self, bucket: Bucket) -> str:
        """Why cases of this bucket are not called now by this interviewer; empty where they are."""
        if cell := shut(bucket.cells, self.full):
            return f"quota cell {cell} is full"
        if bucket.policy == "me" and bucket.owner not in ("", self.who.login):
            return f"promised by {bucket.owner} alone"
        if not self.who.speaks(bucket.language):
            return f"wants {bucket.language}, which {self.who.login} does not speak"
        if not bucket.suits(self.who, self.people):
            return f"wants a {bucket.skill}"
        opening = self.plan.calendar.opening(bucket.zones, self.at)
        if not opening.open:
            return opening.why
        if bucket.dayparts and self.plan.calendar.daypart(bucket.zones, self.at) not in bucket.dayparts:
            return f"waits for {' or '.join(bucket.dayparts)}"
        return ""
