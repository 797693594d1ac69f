"""Rows of the queue: how long a claim takes in a large sample, many stations at once, answers beside an import."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep

from benchmarks import questionnaires as made
from benchmarks.measuring import Line, at_most, below, medians, shown
from benchmarks.storing import Answers
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseSampled,
    HistoryEntry,
    NumberFacts,
    OutcomeRecorded,
)
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, QueuePosition
from survey_cli.store import Store
from survey_cli.store.cases.case_records import CaseRow, CaseUpdate, Contact, ContactNumber, Lease, NewCase

MANY, FEW = 1_000_000, 1_000
CLAIMERS, SHARED = 16, 4_000
"""Processes at one queue, and its cases."""
LONG_AGO = datetime.fromtimestamp(0, UTC)
BUCKETS = tuple(
    str(ClaimCriteria(zones=(zone,), prefers=parts, cells=cells))
    for zone in ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
    for parts in ((), ("day",), ("evening",))
    for cells in (("sectors",), ("region_kind:Central/1",))
)


def a_case(number: int, dice: Random) -> NewCase:
    """A fresh case as an import brings it: one number, a name, some columns."""
    sampled = CaseSampled(
        {"kind": number % 3, "region": "Central", "size": number % 500},
        (NumberFacts(1, "unknown", ("America/Denver",)),),
        "America/Denver",
    )
    digits = f"{2_000_000_000 + number}"
    return NewCase(
        f"unit {number:07}",
        [HistoryEntry(made.NOON, "bench", "bench", sampled)],
        QueuePosition("ready", LONG_AGO, BUCKETS[number % len(BUCKETS)], f"40500000000{dice.getrandbits(48):012x}",
                 "2.20", "", 0, ""),
        Contact(f"{dice.getrandbits(128):032x}", f"Unit of somebody {number}", {"city": "El Paso"},
                (ContactNumber(1, digits, f"+1{digits}", f"(200) {digits}"),)),
        f"{dice.getrandbits(64):016x}",
    )  # fmt: skip


def sample(count: int, *, first: int = 0) -> Iterator[NewCase]:
    dice = Random(first)
    return (a_case(number, dice) for number in range(first, first + count))


def bring(store: Store, count: int, *, id: str = "bench", pause: Callable[[], None] | None = None) -> None:
    store.cases.imports.add(sample(count), import_id=id, at=made.NOON, by="bench", file="bench", pause=pause)


class Station:
    """One that claims a case, and closes it."""

    def __init__(self, path: Path, name: str = "bench", *, patience: float = 5) -> None:
        self.store = Store.open(path, create=True, patience=patience)
        self.name = name
        self.claims = 0

    def claim(self) -> CaseRow | None:
        """All that is asked of the store before a case is on the screen."""
        cases = self.store.cases
        cases.expire_leases(made.NOON)
        cases.queue_due_cases(made.NOON)
        heads = sorted(cases.queries.list_queue_heads(), key=lambda head: head.rank)
        self.claims += 1
        lease = Lease(f"{self.name} {self.claims}", self.name, self.name, made.NOON + timedelta(minutes=30))
        return next((row for head in heads if (row := cases.claim(head.bucket, lease, made.NOON))), None)

    def close(self, row: CaseRow) -> None:
        entries = [
            HistoryEntry(made.NOON, self.name, self.name, event)
            for event in (OutcomeRecorded("complete", 1), AttemptClosed())
        ]
        done = QueuePosition("done", None, "", "", "1.1", "complete", 1, "complete")
        lost = self.store.cases.update(
            CaseUpdate(
                row.key,
                seq=row.seq,
                entries=entries,
                queue_position=done,
                token=f"{self.name} {self.claims}",
                release=True,
            )
        )
        assert lost is None


def claim_row(folder: Path) -> list[Line]:
    """Claims from a large and from a small sample by turns, each closed before the next."""

    def claiming(count: int) -> Callable[[], float]:
        station = Station(folder / f"{count}.db")
        bring(station.store, count)

        def several() -> float:
            times = []
            for _ in range(10):
                start = perf_counter()
                row = station.claim()
                times.append(perf_counter() - start)
                assert row is not None
                station.close(row)
            return median(times)

        return several

    large, small = medians(40, claiming(MANY), claiming(FEW))
    return [at_most(f"claim with {MANY:,} cases against {FEW:,}", large, small, 1.5, against="itself")]


def claimers_row(folder: Path) -> list[Line]:
    """Every case goes to one of them, and to one only."""
    path = folder / "shared.db"
    first = Station(path)
    bring(first.store, SHARED)
    readers = []
    start = perf_counter()
    for number in range(CLAIMERS):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            code = 1
            try:
                station, keys = Station(path, f"station {number}", patience=60), []
                while row := station.claim():
                    keys.append(row.key)
                    station.close(row)
                with os.fdopen(writer, "w", encoding="ascii") as pipe:
                    pipe.write("\n".join(keys))
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        readers.append((pid, reader))
    taken: Counter[str] = Counter()
    for pid, reader in readers:
        with os.fdopen(reader, encoding="ascii") as pipe:
            taken.update(pipe.read().split("\n"))
        _, status = os.waitpid(pid, 0)
        assert status == 0, "a station failed"
    took = perf_counter() - start
    twice = sum(times - 1 for times in taken.values())
    left = sum(kind[-1] for kind in first.store.cases.counts.count_by_outcome() if kind[0] in ("ready", "leased"))
    said = f"{twice} twice, {left} left of {SHARED:,}; {SHARED / took:,.0f} claimed and closed a second"
    what = f"claims by {CLAIMERS} processes, no double"
    return [below(what, twice + left, 0, said=said, goal="no case twice, none left")]


def import_row(folder: Path) -> list[Line]:
    """An answer every 20 ms while a sample is imported into the same database by another process."""
    path, count = folder / "shared.db", 20_000
    answers = Answers(path)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            with Store.open(path, create=False) as store:
                bring(store, count, pause=lambda: sleep(0.005))
            code = 0
        finally:
            os._exit(code)
    times, start = [], perf_counter()
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        begun = perf_counter()
        answers.commit()
        times.append(perf_counter() - begun)
        sleep(0.02)
    took = perf_counter() - start
    assert len(list(answers.store.cases.queries.iterate_keys())) == count, "the import failed"
    said = (
        f"max {shown(max(times), 'ms')}, p50 {shown(median(times), 'ms')} of {len(times):,};"
        f" {count / took:,.0f} cases/s"
    )
    return [below("an answer beside an import", max(times), 0.05, said=said, goal="max ≤ 50 ms")]


ROWS = {"claim": claim_row, "claimers": claimers_row, "import": import_row}
