"""Queue of cases: refresh for the current date and time, and the order in which cases are called."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.call_order import CallOrder, CallPriority
from survey_cli.fieldwork.queue.queue_position import parse_criteria
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.store import Store
from survey_cli.store.cases.case_records import CaseRow, ExpiredLease, QueueHead
from survey_cli.study.consistency.reconciliation import reconcile_lapsed

BATCH_SIZE: Final = 1_000
"""Maximum number of cases of one bucket that one refresh schedules again; the next refresh continues."""


def refresh_queue(store: Store, plan: Plan, at: datetime) -> list[ExpiredLease]:
    """Put every case into the queue that belongs there at this time, and return the leases that expired.

    These are cases whose leases expired, cases that waited until now, and cases for a part of the day that doesn't occur
    again before the study's end. Raises StoreError.
    """
    cases = store.cases
    lapsed = end_expired_leases(store, plan, at)
    while stale := cases.queries.list_stale_rows():
        if not _update_positions(store, plan, stale, at):
            break  # other stations are updating them
    cases.queue_due_cases(at)
    if plan.calendar.ends is not None:
        for head in cases.queries.list_queue_heads():
            if not _has_time_left(head, plan, at):
                _update_positions(store, plan, cases.queries.list_queue([head.bucket], limit=BATCH_SIZE), at)
    return lapsed


def end_expired_leases(store: Store, plan: Plan, at: datetime) -> list[ExpiredLease]:
    """End the leases that have expired, and record the outcomes of interviews that had nothing left to ask.

    Returns these leases. Raises StoreError.
    """
    lapsed = store.cases.expire_leases(at)
    reconcile_lapsed(store, plan, [lease.key for lease in lapsed], at)
    return lapsed


def _has_time_left(head: QueueHead, plan: Plan, at: datetime) -> bool:
    """Return whether the cases of this head's bucket can still be called before the study's end."""
    bucket = parse_criteria(head.bucket)
    calendar = plan.calendar.for_region(bucket.region)
    return calendar.find_next_opening(bucket.zones, at, bucket.dayparts) is not None


def _update_positions(store: Store, plan: Plan, rows: list[CaseRow], at: datetime) -> int:
    """Schedule these cases again; returns how many positions were written."""
    cases = [Case.from_history(row.key, store.cases.queries.read_history(row.key)) for row in rows]
    count = store.cases.update_queue_positions((case.key, case.seq, schedule_case(case, plan, at)) for case in cases)
    drop_unused_quota_places(store, plan, cases, at)
    return count


def update_queue_position(store: Store, plan: Plan, key: str, at: datetime) -> None:
    """Schedule one case again, unless a station has it. Raises StoreError."""
    if (row := store.cases.queries.find_row(key)) is not None:
        _update_positions(store, plan, [row], at)


def drop_unused_quota_places(store: Store, plan: Plan, cases: Iterable[Case], at: datetime) -> None:
    """Drop the quota places of suspended interviews that will not be resumed because their case is done."""
    for case in cases:
        if case.interview and schedule_case(case, plan, at).status == "done" and code_case(case, plan).code != "1.1":
            store.cases.quotas.drop(case.interview)


def list_open_heads(store: Store, order: CallOrder) -> list[tuple[CallPriority, QueueHead]]:
    """Return the heads of all buckets that are open to this interviewer now, in the order of calling."""
    heads = []
    for head in store.cases.queries.list_queue_heads():
        bucket = parse_criteria(head.bucket)
        if not order.is_open(bucket):
            continue
        open_head: QueueHead | None = head
        if (cutoff := order.find_appointment_cutoff(bucket)) is not None:
            open_head = store.cases.queries.find_appointment_head(head.bucket, appointment_before=cutoff)
        if open_head is not None:
            heads.append((order.rank_case(bucket, open_head.rank), open_head))
    return sorted(heads)


def list_next_rows(store: Store, order: CallOrder, *, limit: int) -> list[CaseRow]:
    """Return the first `limit` ready cases that are open to this interviewer now, in the order of claiming.

    The rules that apply to each case are not checked here.
    """
    ranked: list[tuple[CallPriority, str, str, CaseRow]] = []
    for _, head in list_open_heads(store, order):
        bucket = parse_criteria(head.bucket)
        cutoff = order.find_appointment_cutoff(bucket)
        ranked += [
            (order.rank_case(bucket, row.rank), row.bucket, row.key, row)
            for row in store.cases.queries.list_queue([head.bucket], limit=limit)
            if cutoff is None or (row.promised_at is not None and row.promised_at <= cutoff)
        ]
    return [row for *_, row in sorted(ranked, key=lambda entry: entry[:3])[:limit]]
