"""Rows of the queue: claims in a large sample, by many stations at once, and beside an import."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep

from benchmarks import questionnaires as made
from benchmarks.lines import Line, Row, at_most, below
from benchmarks.measuring import Forked, medians
from benchmarks.storing import Answers, answer_while, describe_slowest
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseSampled,
    HistoryEntry,
    NumberFacts,
    OutcomeRecorded,
)
from survey_cli.fieldwork.queue.reasons import DUE, QueueReason, ReasonKind
from survey_cli.fieldwork.queue.scheduling import ClaimCriteria, QueuePosition
from survey_cli.store import Store
from survey_cli.store.cases.case_records import (
    CaseRow,
    CaseUpdate,
    Contact,
    ContactNumber,
    Lease,
    NewCase,
)
from survey_cli.values import Value

LARGEST = 1_000_000
LARGE = 100_000
SMALL = 1_000
CLAIMERS = 16
"""Processes at one queue."""
SHARED = 4_000
"""Cases of that queue."""
LONG_AGO = datetime.fromtimestamp(0, UTC)
ZONES = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
PARTS_OF_DAY = ((), ("day",), ("evening",))
QUOTA_CELLS = (("sectors",), ("region_kind:Central/1",))
BUCKETS = tuple(
    str(ClaimCriteria(zones=(zone,), prefers=parts, cells=cells))
    for zone in ZONES
    for parts in PARTS_OF_DAY
    for cells in QUOTA_CELLS
)


def make_case(number: int, dice: Random) -> NewCase:
    """Make a fresh case as an import brings it: one number, a name, some columns."""
    columns: dict[str, Value] = {"kind": number % 3, "region": "Central", "size": number % 500}
    facts = NumberFacts(1, "unknown", ("America/Denver",))
    sampled = CaseSampled(columns, (facts,), "America/Denver")
    rank = f"40500000000{dice.getrandbits(48):012x}"
    position = QueuePosition(
        "ready", LONG_AGO, BUCKETS[number % len(BUCKETS)], rank, "2.20", "", 0, DUE
    )
    digits = f"{2_000_000_000 + number}"
    contact = Contact(
        f"{dice.getrandbits(128):032x}",
        f"Unit {number}",
        {"city": "El Paso"},
        (ContactNumber(1, digits, f"+1{digits}", f"(200) {digits}"),),
    )
    return NewCase(
        f"unit {number:07}",
        [HistoryEntry(made.NOON, "bench", "bench", sampled)],
        position,
        contact,
        f"{dice.getrandbits(64):016x}",
    )


def make_sample(count: int) -> Iterator[NewCase]:
    """Make so many cases, always the same."""
    dice = Random(0)
    return (make_case(number, dice) for number in range(count))


def import_cases(store: Store, count: int, *, pause: Callable[[], None] | None = None) -> None:
    """Import so many cases; pause after each batch."""
    store.cases.imports.add(
        make_sample(count), import_id="bench", at=made.NOON, by="bench", file="bench", pause=pause
    )


class ClaimingStation:
    """A station that claims a case, and closes it."""

    def __init__(self, path: Path, name: str = "bench", *, patience: float = 5) -> None:
        self.store = Store.open(path, create=True, patience=patience)
        self.name = name
        self.claims = 0

    @property
    def _token(self) -> str:
        return f"{self.name} {self.claims}"

    def claim(self) -> CaseRow | None:
        """Ask the store all that is asked before a case is on the screen."""
        cases = self.store.cases
        cases.expire_leases(made.NOON)
        cases.queue_due_cases(made.NOON)
        heads = sorted(cases.queries.list_queue_heads(), key=lambda head: head.rank)
        self.claims += 1
        lease = Lease(self._token, self.name, self.name, made.NOON + timedelta(minutes=30))
        for head in heads:
            row = cases.claim(head.bucket, lease, made.NOON)
            if row is not None:
                return row
        return None

    def close(self, row: CaseRow) -> None:
        """Record that the interview is complete."""
        entries = [
            HistoryEntry(made.NOON, self.name, self.name, event)
            for event in (OutcomeRecorded("complete", 1), AttemptClosed())
        ]
        done = QueuePosition(
            "done", None, "", "", "1.1", "complete", 1, QueueReason(ReasonKind.OUTCOME, "complete")
        )
        update = CaseUpdate(
            row.key,
            seq=row.seq,
            entries=entries,
            queue_position=done,
            token=self._token,
            release=True,
        )
        assert self.store.cases.update(update) is None


def claim_row(folder: Path) -> list[Line]:
    """A claim from 100,000 cases, against one from 1,000; the case is closed before the next."""
    return [compare_claims(folder, LARGE)]


def claim_million_row(folder: Path) -> list[Line]:
    """A claim from 1,000,000 cases, against one from 1,000."""
    return [compare_claims(folder, LARGEST)]


def compare_claims(folder: Path, count: int) -> Line:
    """Compare claims from so many cases with claims from few."""

    def prepare(count: int) -> Callable[[], float]:
        station = ClaimingStation(folder / f"{count}.db")
        import_cases(station.store, count)
        return partial(claim_several, station)

    large, small = medians(40, prepare(count), prepare(SMALL))
    what = f"claim from {count:,} cases"
    return at_most(what, large, small, 1.5, against=f"from {SMALL:,}")


def claim_several(station: ClaimingStation) -> float:
    """Return the median time of ten claims."""
    times = []
    for _ in range(10):
        start = perf_counter()
        row = station.claim()
        times.append(perf_counter() - start)
        assert row is not None
        station.close(row)
    return median(times)


def claimers_row(folder: Path) -> list[Line]:
    """16 processes claim 4,000 cases from one file: every case goes to one of them only."""
    path = folder / "shared.db"
    first = ClaimingStation(path)
    import_cases(first.store, SHARED)

    start = perf_counter()
    claimers = [Forked(partial(claim_all, path, number)) for number in range(CLAIMERS)]
    taken: Counter[str] = Counter()
    for claimer in claimers:
        taken.update(claimer.result())
    took = perf_counter() - start

    twice = sum(times - 1 for times in taken.values())
    left = SHARED - len(taken)
    figure = f"{twice} twice, {left} left; {SHARED / took:,.0f} closed per second"
    what = f"{SHARED:,} cases claimed by {CLAIMERS} processes"
    return [below(what, twice + left, 0, figure=figure, goal="none twice, none left")]


def claim_all(path: Path, number: int) -> list[str]:
    """Claim and close cases until none is left; return their keys."""
    station = ClaimingStation(path, f"station {number}", patience=60)
    keys: list[str] = []
    while True:
        row = station.claim()
        if row is None:
            return keys
        keys.append(row.key)
        station.close(row)


def import_row(folder: Path) -> list[Line]:
    """An answer every 20 ms while another process imports 20,000 cases into the same database."""
    path = folder / "shared.db"
    count = 20_000
    answers = Answers(path)
    importing = Forked(partial(import_beside, path, count))
    times = list(answer_while(answers, importing.is_running))
    importing.result()
    assert len(list(answers.store.cases.queries.iterate_keys())) == count
    return [describe_slowest("an answer during an import, slowest", times)]


def import_beside(path: Path, count: int) -> None:
    """Import as `survey sample import` does while interviews are conducted."""
    with Store.open(path, create=False) as store:
        import_cases(store, count, pause=lambda: sleep(0.005))


ROWS = (
    Row("claim", claim_row),
    Row("claim-million", claim_million_row, by_name=True),
    Row("claimers", claimers_row, guard=True),
    Row("during-import", import_row),
)
