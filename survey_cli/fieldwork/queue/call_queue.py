"""The interface of a queue of cases that stations claim from, and questions to any such queue.

`study.consistency.stored_queue` implements it over the database of a study, `memory_queue` in
memory for simulations. One test runs random histories over both and demands the same case for the
same station at the same time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol, TypeVar

from survey_cli.fieldwork.queue.call_order import CallOrder, CaseAvailability, CaseGroup
from survey_cli.fieldwork.queue.scheduling import QueuePosition, parse_criteria
from survey_cli.wording import Words

WAITING_CASES_CHECKED: Final = 20
"""Waiting cases that are checked to find when the next one can be called."""
DUE_APPOINTMENTS: Final = 3
"""Appointments that a station is reminded of at a time."""
MAX_DUE_APPOINTMENTS: Final = 50
"""Appointments that are checked for one that an interviewer may keep."""


class ClaimedKey(Protocol):
    """A case that was claimed."""

    @property
    def key(self) -> str: ...


class PlacedCase(Protocol):
    """A case with its position in the queue."""

    @property
    def key(self) -> str: ...

    @property
    def position(self) -> QueuePosition: ...


PlacedT = TypeVar("PlacedT", bound=PlacedCase)


class CallQueue(Protocol):
    """A queue of cases.

    A station that looks for a case first lets the time pass, then claims, and gives the case back
    with the position that follows from its call:

        queue.make_due(order.at)
        claimed = queue.claim_first(order)
        if claimed is None:
            return find_outlook(queue, order).words
        case = call(claimed.key)
        queue.put(case.key, case.seq, schedule_case(case, plan, at))

    An implementation keeps three things apart: the ready cases of each bucket in the order of
    (rank, key), of which `claim_first` looks at the first only; the waiting cases in the order of
    their due times; and the claimed cases, which are in neither. The order of buckets and whether a
    station may call their cases is the business of `CallOrder`.
    """

    def put(self, key: str, seq: int, position: QueuePosition) -> None:
        """Give a case this position, which follows from its first `seq` events.

        If it was claimed, it is free again.
        """

    def make_due(self, at: datetime) -> None:
        """Make waiting cases ready that are due at this time."""

    def claim_first(self, order: CallOrder, *, skipped: Collection[str] = ()) -> ClaimedKey | None:
        """Claim the first ready case for the interviewer of this order; None if there isn't one.

        The cases in `skipped` are left to others.
        """

    def count_groups(self, at: datetime) -> Sequence[CaseGroup]:
        """Count all cases by what decides whether they may be called at this time."""

    def list_waiting(self, *, limit: int) -> Sequence[PlacedCase]:
        """Return the first waiting cases, by due time and key."""

    def list_appointments(self, before: datetime, *, limit: int) -> Sequence[PlacedCase]:
        """Return the queued cases with an appointment by that time, the first to end first."""


# what a station says when it has no case

STATE_WORDS: Final = {
    CaseAvailability.DELAY: "waiting for their time",
    CaseAvailability.APPOINTMENT: "waiting for an appointment",
    CaseAvailability.PART: "waiting for another part of the day",
    CaseAvailability.HOURS: "outside calling hours",
    CaseAvailability.BY_SOME: "for others (language, skill or appointment)",
    CaseAvailability.QUOTA: "parked because a quota cell is full",
    CaseAvailability.BY_ALL: "due now: look again",
    "held": "with the supervisor",
    "leased": "at other stations",
}
"""What a station says of the cases in each state, in the order in which they are listed."""


class Outlook(NamedTuple):
    """Why a station has no case, and when it may have one."""

    states: Mapping[str, int]
    """Number of cases by `CaseAvailability`, or by status if they are not in the queue."""
    next_at: datetime | None
    """When a case can be called next, if that is known."""

    @property
    def words(self) -> Words:
        """Why there is no case."""
        if not sum(self.states.values()):
            return Words("there are no cases yet: ask a supervisor to import the sample")
        parts = []
        for state, words in STATE_WORDS.items():
            cases = self.states.get(state, 0)
            if cases:
                parts.append(f"{cases} {words}")
        return Words(", ".join(parts) or "every case is done")


def find_outlook(queue: CallQueue, order: CallOrder) -> Outlook:
    """Find why the interviewer of this order has no case now, and when the next can be called."""
    states: Counter[str] = Counter()
    openings: list[datetime | None] = []
    for group in queue.count_groups(order.at):
        state: str = group.status
        if group.bucket:
            state = order.classify_group(group, [order.who])
        states[state] += group.cases
        if group.bucket and group.status == "ready":
            openings.append(_find_opening(order, group.bucket, order.at))

    for case in queue.list_waiting(limit=WAITING_CASES_CHECKED):
        position = case.position
        if position.due_at is not None:
            since = max(order.at, position.due_at)
            openings.append(_find_opening(order, position.bucket, since))
    next_at = min((at for at in openings if at is not None), default=None)
    return Outlook(states, next_at)


def _find_opening(order: CallOrder, bucket: str, since: datetime) -> datetime | None:
    """Return when this interviewer may next call cases of a bucket, from `since` on."""
    criteria = parse_criteria(bucket)
    if not order.suits(criteria):
        return None
    return order.find_opening(criteria, since)


def select_appointments(order: CallOrder, cases: Iterable[PlacedT]) -> list[PlacedT]:
    """Return the first cases whose appointments the interviewer of this order may keep now."""
    selected = []
    for case in cases:
        criteria = parse_criteria(case.position.bucket)
        if order.may_keep_appointment(criteria, case.position.promised_at):
            selected.append(case)
    return selected[:DUE_APPOINTMENTS]
