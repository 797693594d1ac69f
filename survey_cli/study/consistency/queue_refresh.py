"""Queue of cases: refresh for the current date and time, and the order in which cases are called."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.call_order import CallOrder, CallPriority
from survey_cli.fieldwork.queue.claim_criteria import parse_criteria
from survey_cli.fieldwork.queue.scheduling import schedule_case
from survey_cli.store import Store
from survey_cli.store.cases.case_records import CaseRow, ExpiredLease, QueueHead
from survey_cli.study.consistency.reconciliation import reconcile_lapsed

BATCH_SIZE: Final = 1_000
"""Cases of one bucket that are looked at again; the others are when the next one asks."""


def refresh_queue(store: Store, plan: Plan, at: datetime) -> list[ExpiredLease]:
    """Have everything in the queue that belongs there at this moment: cases whose leases ran out, with the standing that
    came of it, those that waited until now, and those that were to be called in a part of the day that comes no more.
    Gives the leases that ran out. Raises StoreError.
    """
    cases = store.cases
    lapsed = cases.expire_leases(at)
    reconcile_lapsed(store, plan, [one.key for one in lapsed], at)
    while stale := cases.queries.list_stale_rows():
        if not _update_positions(store, plan, stale, at):
            break  # others are at them
    cases.queue_due_cases(at)
    if plan.calendar.ends is not None:
        for head in cases.queries.list_queue_heads():
            if not _has_time_left(head, plan, at):
                _update_positions(store, plan, cases.queries.list_queue([head.bucket], limit=BATCH_SIZE), at)
    return lapsed


def _has_time_left(head: QueueHead, plan: Plan, at: datetime) -> bool:
    """Whether there is any more time before the study's end to call the cases of this head's bucket."""
    bucket = parse_criteria(head.bucket)
    calendar = plan.calendar.for_region(bucket.region)
    return calendar.find_next_opening(bucket.zones, at, bucket.dayparts) is not None


def _update_positions(store: Store, plan: Plan, rows: list[CaseRow], at: datetime) -> int:
    """Work out where these cases stand; how many of them stand so now."""
    found = [Case.from_history(row.key, store.cases.queries.read_history(row.key)) for row in rows]
    done = store.cases.update_queue_positions((case.key, case.seq, schedule_case(case, plan, at)) for case in found)
    drop_unused_quota_places(store, plan, found, at)
    return done


def update_queue_position(store: Store, plan: Plan, key: str, at: datetime) -> None:
    """Work out where one case stands, unless a station has it. Raises StoreError."""
    if (row := store.cases.queries.find_row(key)) is not None:
        _update_positions(store, plan, [row], at)


def drop_unused_quota_places(store: Store, plan: Plan, cases: Iterable[Case], at: datetime) -> None:
    """Drop the quota places of suspended interviews that will not be resumed because their case is done."""
    for case in cases:
        if case.interview and schedule_case(case, plan, at).status == "done" and code_case(case, plan).code != "1.1":
            store.cases.quotas.drop(case.interview)


def list_open_heads(store: Store, turns: CallOrder) -> list[tuple[CallPriority, QueueHead]]:
    """The heads of all buckets that are open to this interviewer now, the first to be called first."""
    found = []
    for head in store.cases.queries.list_queue_heads():
        bucket = parse_criteria(head.bucket)
        if not turns.is_open(bucket):
            continue
        ours: QueueHead | None = head
        if (before := turns.find_appointment_cutoff(bucket)) is not None:
            ours = store.cases.queries.find_appointment_head(head.bucket, appointment_before=before)
        if ours is not None:
            found.append((turns.rank_case(bucket, ours.rank), ours))
    return sorted(found)


def list_next_rows(store: Store, turns: CallOrder, *, limit: int) -> list[CaseRow]:
    """The first `limit` ready cases that are open to this interviewer now, as they would be claimed one after another;
    each one's rules are still to be asked.
    """
    found: list[tuple[CallPriority, str, CaseRow]] = []
    for _, head in list_open_heads(store, turns):
        bucket = parse_criteria(head.bucket)
        before = turns.find_appointment_cutoff(bucket)
        found += [
            (turns.rank_case(bucket, row.rank), row.bucket, row)
            for row in store.cases.queries.list_queue([head.bucket], limit=limit)
            if before is None or (row.promised_at is not None and row.promised_at <= before)
        ]
    return [row for *_, row in sorted(found, key=lambda one: (*one[:2], one[2].key))[:limit]]
