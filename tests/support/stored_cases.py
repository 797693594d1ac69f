"""Helpers of tests of cases in the store: cases, queue positions, leases, and a program that claims."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseSampled,
    HistoryEntry,
    NumberFacts,
    OutcomeRecorded,
)
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.fieldwork.queue.scheduling import QueuePosition
from survey_cli.store import Store
from survey_cli.store.cases.case_records import CaseRow, Contact, ContactNumber, Lease, NewCase

NOON = datetime(2000, 6, 1, 12, tzinfo=UTC)
BUCKET = '[["America/Denver"],[],"","","","anyone",[]]'
OTHER = '[["America/New_York"],["evening"],"","","","anyone",["sectors"]]'


def at(minutes: float = 0) -> datetime:
    return NOON + timedelta(minutes=minutes)


def standing(rank: str = "4", **other) -> QueuePosition:
    """Ready since long ago, never called."""
    fresh = QueuePosition("ready", datetime.fromtimestamp(0, UTC), BUCKET, rank, "2.20", "", 0, DUE)
    return fresh._replace(**other)


def a_case(
    key: str, rank: str = "4", *, contact: Contact | None = None, replicate: str = "", **other
) -> NewCase:
    sampled = CaseSampled({"kind": 1, "region": "señal"}, (NumberFacts(1, "mobile"),), "America/Denver", frame="list",
                      replicate=replicate)  # fmt: skip
    return NewCase(
        key,
        [HistoryEntry(NOON, "sue", "s0", sampled)],
        standing(rank, **other),
        contact,
        f"mark of {key}",
    )


def count_by(store: Store, column: str) -> dict[str, int]:
    """How many cases have each value: of status, outcome or code."""
    counts: Counter[str] = Counter()
    for *state, cases in store.cases.counts.count_by_outcome():
        counts[state[("status", "outcome", "code").index(column)]] += cases
    return dict(counts)


def several(count: int, *, first: int = 0, prefix: str = "c"):
    """Cases that are called in the order of their numbers."""
    return [a_case(f"{prefix}{k:05}", f"4{k:05}") for k in range(first, first + count)]


def bring(store: Store, cases, *, id: str = "import 1", **other) -> int:
    return store.cases.imports.add(
        cases, **{"import_id": id, "at": NOON, "by": "sue", "file": "units.csv", **other}
    )


def a_contact(link: str, name: str = "", *numbers: str) -> Contact:
    called = tuple(ContactNumber(k, n, n, f"shown {n}") for k, n in enumerate(numbers, 1))
    return Contact(link, name, {"street": "Calle Núñez 5"}, called)


def lease(token: str = "t1", by: str = "ann", station: str = "s1", *, until: float = 30) -> Lease:
    return Lease(token, by, station, at(until))


def claimed(store: Store, bucket: str = BUCKET, token: str = "t1", **other) -> CaseRow | None:
    return store.cases.claim(bucket, lease(token, **other), NOON)


def called(minutes: float = 1, outcome: str = "no_answer", key: str = "") -> HistoryEntry:
    return HistoryEntry(at(minutes), "ann", "s1", OutcomeRecorded(outcome, 1), key)


CLAIMED = HistoryEntry(NOON, "ann", "s1", CaseClaimed())
CLOSED = HistoryEntry(at(2), "ann", "s1", AttemptClosed())
