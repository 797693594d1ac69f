"""A queue of cases in memory, for simulations of fieldwork.

It can begin with the queue of a stored study, of which it reads only as many cases as are claimed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from heapq import heappop, heappush, nsmallest
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from survey_cli.fieldwork.appointments.appointment import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.plan.plan import find_full_cell
from survey_cli.fieldwork.queue.call_order import CallOrder, CallPriority, CaseGroup
from survey_cli.fieldwork.queue.reasons import DUE, QueueReason
from survey_cli.fieldwork.queue.scheduling import (
    ClaimCriteria,
    QueuedCase,
    QueuePosition,
    parse_criteria,
)

IN_QUEUE: Final = ("ready", "waiting")
UNQUEUED: Final = 0
"""The version of a case that is claimed, or that the queue does not have yet."""

Entry = TypeVar("Entry", bound=tuple[object, ...])


class QueueSource(Protocol):
    """A stored queue from which a queue in memory begins, as `CaseQueries` of the store reads it.

    Both methods yield in calling order and read page by page, so that a caller who stops early
    reads little:

        entries = source.iterate_ready('[["America/Denver"],[],"","","","anyone",[]]')
        first = next(entries, None)
    """

    def iterate_ready(self, bucket: str) -> Iterator[QueuedCase]:
        """Yield the ready cases of a bucket in the order of (rank, key)."""

    def iterate_waiting(self) -> Iterator[tuple[datetime, QueuedCase]]:
        """Yield the waiting cases and when they are due, the first due first."""


class MergedHeap(Generic[Entry]):
    """A heap and a sorted iterator, which is read only up to the first entry of the heap."""

    def __init__(self, stored: Iterator[Entry]) -> None:
        self._heap: list[Entry] = []
        self._stored = stored
        self._next = next(stored, None)

    def push(self, entry: Entry) -> None:
        """Add an entry."""
        heappush(self._heap, entry)

    def peek(self) -> Entry | None:
        """Return the first entry; None if there isn't one."""
        if self._next is not None:
            is_before_heap = not self._heap or not self._heap[0] < self._next
            if is_before_heap:
                heappush(self._heap, self._next)
                self._next = next(self._stored, None)
        return self._heap[0] if self._heap else None

    def pop(self) -> Entry:
        """Remove the entry that `peek` has returned, and return it."""
        return heappop(self._heap)


class PositionedKey(NamedTuple):
    """A case with its position in the queue."""

    key: str
    position: QueuePosition


class _GroupKey(NamedTuple):
    """The fields of a `CaseGroup` by which cases are counted."""

    status: str
    bucket: str
    reason: QueueReason
    has_appointment: bool
    open_to_all: bool


class MemoryQueue:
    """A queue of cases in memory: see `CallQueue`.

    A position that is replaced stays in its heap. Every position has a version, and an entry whose
    version is not that of its case any more is passed over when it comes to the front.

    All orders must be those of one plan and one list of people, since the queue remembers what they
    decided.
    """

    def __init__(
        self,
        source: QueueSource | None = None,
        *,
        callable_counts: Mapping[str, int] | None = None,
        known: Iterable[str] = (),
    ) -> None:
        """Begin with the cases of `source` without the `known` ones, which the caller puts in.

        `callable_counts` are the numbers of cases by bucket that the source has.
        """
        self._source = source
        self._versions: dict[str, int] = dict.fromkeys(known, UNQUEUED)
        """By key of a case that was put or claimed: the version of its position.

        They are negative, so that none is that of an entry of the source, whose version is the
        number of its events.
        """
        self._last_version = UNQUEUED
        self._positions: dict[str, QueuePosition] = {}
        self._claimed: set[str] = set()
        self._callable_counts: Counter[str] = Counter(callable_counts or {})
        """By bucket, cases that may be called now or later and are not claimed."""

        waiting = iter(()) if source is None else source.iterate_waiting()
        self._waiting = MergedHeap(
            (due_at, entry) for due_at, entry in waiting if entry.key not in self._versions
        )
        self._ready: dict[str, MergedHeap[QueuedCase]] = {}
        # of the source, the first case of every bucket is known from the beginning
        for bucket in self._callable_counts:
            self._get_heap(bucket)

        self._minute = datetime.min.replace(tzinfo=UTC)
        self._open_buckets: dict[tuple[str, str], bool] = {}
        """By bucket and login, whether this interviewer may call such cases in this minute."""
        self._deferred_buckets: dict[str, bool] = {}
        """Whether such cases prefer another part of the day than that of this minute."""

    def put(
        self,
        key: str,
        seq: int,  # noqa: ARG002 - only a queue with several writers needs it
        position: QueuePosition,
    ) -> None:
        """Give a case this position; if it was claimed, it is free again."""
        self._forget_position(key)
        self._last_version -= 1
        self._versions[key] = self._last_version
        self._positions[key] = position
        if position.status not in IN_QUEUE:
            return

        self._callable_counts[position.bucket] += 1
        entry = QueuedCase(
            rank=position.rank,
            key=key,
            seq=self._last_version,
            bucket=position.bucket,
            promised_at=position.promised_at,
        )
        if position.status == "ready":
            self._get_heap(position.bucket).push(entry)
        elif position.due_at is not None:
            self._waiting.push((position.due_at, entry))

    def make_due(self, at: datetime) -> None:
        """Make waiting cases ready that are due at this time."""
        due_at = self.find_next_due_time()
        while due_at is not None and due_at <= at:
            _, entry = self._waiting.pop()
            self._get_heap(entry.bucket).push(entry)
            position = self._positions.get(entry.key)
            if position is not None:
                self._positions[entry.key] = position._replace(status="ready", reason=DUE)
            due_at = self.find_next_due_time()

    def find_next_due_time(self) -> datetime | None:
        """Return when the next waiting case is due; None if no case waits."""
        first = self._waiting.peek()
        while first is not None:
            due_at, entry = first
            if self._is_current(entry):
                return due_at
            self._waiting.pop()
            first = self._waiting.peek()
        return None

    def claim_first(self, order: CallOrder, *, skipped: Collection[str] = ()) -> QueuedCase | None:
        """Claim the first ready case for the interviewer of this order; None if there isn't one."""
        self._begin_minute(order.at)
        found: list[tuple[CallPriority, str, str, QueuedCase]] = []
        for bucket, heap in self._ready.items():
            if heap.peek() is None or not self._is_open(order, bucket):
                continue
            criteria = parse_criteria(bucket)
            first = self._find_first(heap, order.find_appointment_cutoff(criteria), skipped)
            if first is not None:
                priority = self._rank(order, bucket, criteria, first.rank)
                found.append((priority, bucket, first.key, first))
        if not found:
            return None

        *_, claimed = min(found, key=lambda ranked: ranked[:3])
        if claimed.key not in self._positions:
            # a case of the source is counted until it is claimed
            self._callable_counts[claimed.bucket] -= 1
        self._forget_position(claimed.key)
        self._versions[claimed.key] = UNQUEUED
        self._claimed.add(claimed.key)
        return claimed

    def is_exhausted(self, full_cells: Collection[str]) -> bool:
        """Return whether no case is claimed and none can be called while these cells are full."""
        if self._claimed:
            return False
        for bucket, cases in self._callable_counts.items():
            if cases and not find_full_cell(parse_criteria(bucket).cells, full_cells):
                return False
        return True

    def count_groups(self, at: datetime) -> Sequence[CaseGroup]:
        """Count all cases by what decides whether they may be called at this time.

        Raises ValueError for a queue with a source, whose cases it doesn't know before they are
        claimed.
        """
        if self._source is not None:
            raise ValueError("the cases of a stored queue are counted by the store")
        groups: Counter[_GroupKey] = Counter()
        for position in self._positions.values():
            groups[_find_group(position, at)] += 1
        if self._claimed:
            groups[_GroupKey("leased", "", DUE, False, False)] += len(self._claimed)
        return [CaseGroup(*group, cases) for group, cases in groups.items()]

    def list_waiting(self, *, limit: int) -> Sequence[PositionedKey]:
        """Return the first waiting cases that were put, by due time and key."""
        waiting = [
            (position.due_at, key)
            for key, position in self._positions.items()
            if position.status == "waiting" and position.due_at is not None
        ]
        return [PositionedKey(key, self._positions[key]) for _, key in nsmallest(limit, waiting)]

    def list_appointments(self, before: datetime, *, limit: int) -> Sequence[PositionedKey]:
        """Return the queued cases with an appointment by that time, the first to end first."""
        promised = [
            (position.promised_until, key)
            for key, position in self._positions.items()
            if position.status in IN_QUEUE
            and position.promised_until is not None
            and position.promised_at is not None
            and position.promised_at <= before
        ]
        return [PositionedKey(key, self._positions[key]) for _, key in nsmallest(limit, promised)]

    def _get_heap(self, bucket: str) -> MergedHeap[QueuedCase]:
        """Return the ready cases of a bucket; a new heap begins with those of the source."""
        heap = self._ready.get(bucket)
        if heap is None:
            stored = iter(()) if self._source is None else self._source.iterate_ready(bucket)
            heap = MergedHeap(entry for entry in stored if entry.key not in self._versions)
            self._ready[bucket] = heap
        return heap

    def _forget_position(self, key: str) -> None:
        """Forget the position of a case and its claim."""
        self._claimed.discard(key)
        before = self._positions.pop(key, None)
        if before is not None and before.status in IN_QUEUE:
            self._callable_counts[before.bucket] -= 1

    def _is_current(self, entry: QueuedCase) -> bool:
        """Return whether this is still the position of its case."""
        version = self._versions.get(entry.key)
        # a case without a version was read from the source, and has not been claimed since
        return version is None or version == entry.seq

    def _find_first(
        self, heap: MergedHeap[QueuedCase], cutoff: datetime | None, skipped: Collection[str]
    ) -> QueuedCase | None:
        """Find the first case not skipped; with a cutoff, one with an appointment by that time."""
        passed = []
        first = heap.peek()
        while first is not None:
            if not self._is_current(first):
                heap.pop()
                first = heap.peek()
                continue
            is_due = cutoff is None or (
                first.promised_at is not None and first.promised_at <= cutoff
            )
            if is_due and first.key not in skipped:
                break
            passed.append(heap.pop())
            first = heap.peek()

        for entry in passed:
            heap.push(entry)
        return first

    # what an order has decided is remembered for a minute, with which hours and parts of the day
    # begin and end

    def _begin_minute(self, at: datetime) -> None:
        """Forget what was decided in an earlier minute."""
        minute = at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._open_buckets.clear()
            self._deferred_buckets.clear()

    def _is_open(self, order: CallOrder, bucket: str) -> bool:
        """Return whether the interviewer of this order may call cases of a bucket now."""
        criteria = parse_criteria(bucket)
        # quota cells fill at any time
        if find_full_cell(criteria.cells, order.full_cells):
            return False
        decision = (bucket, order.who.login)
        is_open = self._open_buckets.get(decision)
        if is_open is None:
            is_open = order.is_open(criteria)
            self._open_buckets[decision] = is_open
        return is_open

    def _rank(
        self, order: CallOrder, bucket: str, criteria: ClaimCriteria, rank: str
    ) -> CallPriority:
        """Return what `CallOrder.rank_case` returns."""
        if rank < "4":
            return order.rank_case(criteria, rank)
        deferred = self._deferred_buckets.get(bucket)
        if deferred is None:
            deferred = order.prefers_other_daypart(criteria)
            self._deferred_buckets[bucket] = deferred
        lowest_fill = order.plan.quotas.compute_lowest_fill(criteria.cells, order.fill)
        return CallPriority("4", deferred, lowest_fill, rank)


def _find_group(position: QueuePosition, at: datetime) -> _GroupKey:
    """Return the group in which a case with this position counts."""
    has_appointment = position.promised_at is not None
    open_to_all = (
        position.promised_at is not None and position.promised_at <= at - OWNER_FIRST_PERIOD
    )
    if position.status not in IN_QUEUE:
        return _GroupKey(position.status, "", DUE, has_appointment, open_to_all=False)
    is_due = position.due_at is not None and position.due_at <= at
    if position.status == "ready" or is_due:
        return _GroupKey("ready", position.bucket, DUE, has_appointment, open_to_all)
    return _GroupKey("waiting", position.bucket, position.reason, has_appointment, open_to_all)
