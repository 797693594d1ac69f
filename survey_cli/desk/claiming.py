"""Which case comes next to this station? The order of doing: wake what is due, take the head of the queue, ask the rules
once more, and only then show it. The rules are fieldwork's, the queue is the store's.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.fieldwork.buckets import bucket_of
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.events import Blocked, Entry, Event, Returned
from survey_cli.fieldwork.people import Interviewer, People
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.policy import Claimant, allowed, forbidden, standing
from survey_cli.fieldwork.quotas import shut
from survey_cli.fieldwork.turns import Turns
from survey_cli.store import Store
from survey_cli.store.case_records import CaseRow, Lease
from survey_cli.study.opening import Study
from survey_cli.study.pause import Pause, read_pause
from survey_cli.study.queueing import caught_up, open_heads, rows_in_turn

TRIES: Final = 50
"""Cases at the head of the queue that the rules may turn down before it is said that there is none."""

OnTheList = Callable[[Collection[str]], bool]
"""Whether one of these numbers (E.164) is never to be called."""


SEEN_AHEAD: Final = 20
"""Waiting cases that are looked at to say when the next one can be called."""


class Outlook(NamedTuple):
    """Why nobody can be called, and when somebody can."""

    why: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """The queue as one station sees it."""

    store: Store
    plan: Plan
    people: People
    who: Interviewer
    station: str
    listed: OnTheList

    @classmethod
    def of(cls, study: Study, station: str) -> "Queue":
        """The queue of an open study as the station of this name sees it."""
        return cls(
            store=study.store,
            plan=study.plan,
            people=study.people,
            who=study.who,
            station=station,
            listed=study.listed,
        )

    def next(self, at: datetime, token: str, *, passed: Collection[str] = ()) -> tuple[CaseRow, Case] | None:
        """Claim the case that is next for this interviewer at this moment; None where there is none. Those that were
        `passed` over are left for others. Raises StoreProblem."""
        cases = self.store.cases
        caught_up(self.store, self.plan, at)
        turns = self._turns(at)
        lease = Lease(token, self.who.login, self.station, at + self.plan.lease)
        turned_down: set[str] = set()
        for row in self._claimed(turns, lease, at, passed):
            case = Case.of(row.key, cases.history(row.key))
            if row.was == "ready" and self._may(row, case, at, turns.full):
                return row, case
            self._give_back(row, case, at, token)
            if row.key in turned_down or len(turned_down) == TRIES:
                return None
            turned_down.add(row.key)
        return None

    def _claimed(
        self, turns: Turns, lease: Lease, at: datetime, passed: Collection[str]
    ) -> Iterator[CaseRow]:
        """Cases in the order they are called, each claimed when it is asked for."""
        cases = self.store.cases
        if passed:
            for listed in rows_in_turn(self.store, turns, limit=len(passed) + TRIES):
                row = cases.claim_case(listed.key, lease, at) if listed.key not in passed else None
                if isinstance(row, CaseRow):
                    yield row
            return
        for _, head in open_heads(self.store, turns):
            before = turns.promised_before(bucket_of(head.bucket))
            while (row := cases.claim(head.bucket, lease, at, promised_before=before)) is not None:
                yield row

    def pause(self) -> Pause | None:
        """The pause of the study; None while cases may be claimed and dialed. Raises StoreProblem."""
        return read_pause(self.store)

    def _turns(self, at: datetime) -> Turns:
        return Turns.of(self.plan, people=self.people, who=self.who, at=at, fill=self.store.cases.fill())

    def outlook(self, at: datetime) -> "Outlook":
        """Why there is nobody to call at this moment, and when there will be. Raises StoreProblem."""
        cases, turns = self.store.cases, self._turns(at)
        by_status = cases.counts().by_status
        moments: list[datetime] = []
        others = parked = 0
        for head in cases.heads():
            bucket = bucket_of(head.bucket)
            if shut(bucket.cells, turns.full):
                parked += 1
            elif not bucket.suits(self.who, self.people):
                others += 1
            elif (opens := turns.opens(bucket, at)) is not None:
                moments.append(opens)
        for row in cases.due_next(limit=SEEN_AHEAD):
            bucket = bucket_of(row.bucket)
            if (
                row.due_at is not None
                and bucket.suits(self.who, self.people)
                and not shut(bucket.cells, turns.full)
            ):
                opens = turns.opens(bucket, max(at, row.due_at))
                if opens is not None:
                    moments.append(opens)
        ready, waiting = by_status.get("ready", 0), by_status.get("waiting", 0)
        why = _why(ready, waiting, by_status.get("held", 0), others, parked, by_status)
        return Outlook(why, min(moments, default=None))

    def _may(self, row: CaseRow, case: Case, at: datetime, full: Collection[str]) -> bool:
        claimant = Claimant(
            at=at, who=self.who, people=self.people, full=full, never_call=self.on_the_list(row.key)
        )
        return allowed(case, self.plan, claimant)

    def forbids(self, case: Case, at: datetime) -> str:
        """Why nobody may ring this case at this moment, whoever asks for it. Raises StoreProblem."""
        claimant = Claimant(
            at=at,
            who=self.who,
            people=self.people,
            full=self.plan.quotas.full(self.store.cases.fill()),
            never_call=self.on_the_list(case.key),
            fetched=True,
        )
        return forbidden(case, self.plan, claimant)

    def on_the_list(self, key: str) -> bool:
        """Whether a number of the case is never to be called."""
        contact = self.store.cases.contact(key)
        return contact is not None and self.listed([n.e164 for n in contact.numbers if n.e164])

    def _give_back(self, row: CaseRow, case: Case, at: datetime, token: str) -> None:
        """Put a case that the rules turn down where it belongs now."""
        events: list[Event] = [Blocked("on the list")] if self.on_the_list(row.key) else []
        entries = [Entry(at, self.who.login, self.station, e) for e in (*events, Returned("given back"))]
        for entry in entries:
            case = case.after(entry)
        self.store.cases.write(
            row.key,
            seq=row.seq,
            entries=entries,
            standing=standing(case, self.plan, at),
            token=token,
            release=True,
        )


def _why(ready: int, waiting: int, held: int, others: int, parked: int, by_status: Mapping[str, int]) -> str:
    if not sum(by_status.values()):
        return "there are no cases yet: a supervisor imports the sample"
    parts = []
    if waiting:
        parts.append(f"{waiting} waiting for their time")
    if ready:
        outside = "outside calling hours, or for another part of the day"
        parts.append(
            f"{ready} may not be called now ({outside})"
            if not (others or parked)
            else f"{ready} are not for now or not for you"
        )
    if held:
        parts.append(f"{held} with the supervisor")
    if by_status.get("leased"):
        parts.append(f"{by_status['leased']} at other stations")
    if not parts:
        return "every case is done"
    return ", ".join(parts)
