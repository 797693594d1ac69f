"""The queue of a stored study, as a `CallQueue`: SQL proposes cases, the rules decide."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.queue.call_order import CallOrder, CallPriority, CaseGroup
from survey_cli.fieldwork.queue.scheduling import QueuePosition, parse_criteria
from survey_cli.store import Store
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate, Lease, QueueHead

MAX_PASSED: Final = 50
"""Cases at the head of the queue that may be passed, besides the skipped ones, before the search
ends."""


@dataclass(frozen=True, slots=True)
class StoredQueue:
    """The queue of a stored study, from which a station claims with this lease.

    Methods raise StoreError.
    """

    store: Store
    lease: Lease | None = None
    """The lease of the next claim; None to look at the queue only."""

    def put(self, key: str, seq: int, position: QueuePosition) -> None:
        """Give a case this position; if this lease has claimed it, it is free again.

        Raises ValueError if another station has it, or has written to it since.
        """
        row = self.store.cases.queries.find_row(key)
        is_claimed = row is not None and row.holder is not None
        token = self.lease.token if is_claimed and self.lease is not None else None
        update = CaseUpdate(key, seq, (), position, token, release=is_claimed)
        refusal = self.store.cases.update(update)
        if refusal is not None:
            raise ValueError(refusal.message)

    def make_due(self, at: datetime) -> None:
        """Make waiting cases ready that are due at this time.

        If there are very many, some of them.
        """
        self.store.cases.queue_due_cases(at)

    def claim_first(self, order: CallOrder, *, skipped: Collection[str] = ()) -> CaseRow | None:
        """Claim the first ready case for the interviewer of this order; None if there isn't one."""
        if self.lease is None:
            raise ValueError("a claim needs a lease")
        cases = self.store.cases
        if skipped:
            # the head of a bucket may be a skipped case, which a claim by the bucket would take
            for next_row in list_next_rows(self.store, order, limit=len(skipped) + MAX_PASSED):
                if next_row.key in skipped:
                    continue
                claimed = cases.claim_case(next_row.key, self.lease, order.at)
                if isinstance(claimed, CaseRow):
                    return claimed
            return None

        for _, head in list_open_heads(self.store, order):
            cutoff = order.find_appointment_cutoff(parse_criteria(head.bucket))
            row = cases.claim(head.bucket, self.lease, order.at, appointment_before=cutoff)
            # another station may have taken the last case of the bucket since its head was read
            if row is not None:
                return row
        return None

    def count_groups(self, at: datetime) -> Sequence[CaseGroup]:
        """Count all cases by what decides whether they may be called at this time."""
        return self.store.cases.counts.count_groups(at)

    def list_waiting(self, *, limit: int) -> Sequence[CaseRow]:
        """Return the first waiting cases, by due time and key."""
        return self.store.cases.queries.list_waiting_rows(limit=limit)

    def list_appointments(self, before: datetime, *, limit: int) -> Sequence[CaseRow]:
        """Return the queued cases with an appointment by that time, the first to end first."""
        return self.store.cases.queries.list_due_appointments(before, limit=limit)


def list_open_heads(store: Store, order: CallOrder) -> list[tuple[CallPriority, QueueHead]]:
    """Return the heads of the buckets open to this interviewer now, in the order of calling."""
    heads = []
    for head in store.cases.queries.list_queue_heads():
        criteria = parse_criteria(head.bucket)
        if not order.is_open(criteria):
            continue
        open_head: QueueHead | None = head
        cutoff = order.find_appointment_cutoff(criteria)
        if cutoff is not None:
            open_head = store.cases.queries.find_appointment_head(
                head.bucket, appointment_before=cutoff
            )
        if open_head is not None:
            heads.append((order.rank_case(criteria, open_head.rank), open_head))
    return sorted(heads)


def list_next_rows(store: Store, order: CallOrder, *, limit: int) -> list[CaseRow]:
    """Return the first `limit` ready cases open to this interviewer now, in the order of claiming.

    The rules that need the case itself are not checked here.
    """
    ranked: list[tuple[CallPriority, str, str, CaseRow]] = []
    for _, head in list_open_heads(store, order):
        criteria = parse_criteria(head.bucket)
        cutoff = order.find_appointment_cutoff(criteria)
        for row in store.cases.queries.list_queue([head.bucket], limit=limit):
            promised_at = row.position.promised_at
            if cutoff is None or (promised_at is not None and promised_at <= cutoff):
                priority = order.rank_case(criteria, row.position.rank)
                ranked.append((priority, row.position.bucket, row.key, row))
    ranked.sort(key=lambda entry: entry[:3])
    return [row for *_, row in ranked[:limit]]
