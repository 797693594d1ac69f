"""Rows of many stations on PostgreSQL behind PgBouncer.

`python -m benchmarks.stations --stations 500 --minutes 2` tries other numbers, and writes nothing.

A station is a client of the store with its own account. It replays the transactions of a station:
claim with contact and do-not-call list, start, answers, close, with a time to think before each. As
a real station, it has two connections to the pooler, and writes under the name of its account and
at the present time: the server refuses anything else.
"""

import argparse
import resource
import shutil
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from statistics import median
from tempfile import mkdtemp
from time import perf_counter, sleep
from typing import Literal, NamedTuple

from benchmarks import questionnaires as made
from benchmarks import servers
from benchmarks.claiming import import_cases
from benchmarks.lines import Line, Row, below, format_lines, format_time, unavailable
from benchmarks.measuring import (
    Forked,
    high,
    list_children,
    observe,
    preparing,
    read_private_memory,
)
from survey_cli.engine.events import EventStamp, InterviewStarted, QuestionAnswered
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseEvent,
    HistoryEntry,
    InterviewOpened,
    OutcomeRecorded,
)
from survey_cli.fieldwork.queue.reasons import QueueReason, ReasonKind
from survey_cli.fieldwork.queue.scheduling import QueuePosition
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.services.database import server
from survey_cli.store import InstrumentRow, InterviewRow, JournalUpdate, Store
from survey_cli.store.backends.address import parse_server_address
from survey_cli.store.cases.case_records import CaseUpdate, Lease
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.values import Place

ANSWERS = 20
"""Answers of an interview."""
THINK = 8.0
"""Seconds between two transactions of a station, on average."""
BEGINNING = 60.0
"""Seconds in which all stations begin, but at most a quarter of the run."""
PROCESSES = 4
"""Processes that play the stations."""
THREADS = 12
"""Threads of each process: so many transactions at once."""
CASES_EACH = 8
"""Cases in the sample for each station."""

Kind = Literal["claim", "start", "answer", "close"]


class Transaction(NamedTuple):
    """What a station did once, and how long it took."""

    kind: Kind
    station: int
    seconds: float


class PlayedStation:
    """A station that claims a case, interviews, and closes it, one transaction at a time."""

    def __init__(self, address: str, number: int, beginning: InterviewStarted) -> None:
        self.number = number
        self.name = f"station{number}"
        self.beginning = beginning
        self.instrument = beginning.instrument
        self.store = Store.open(parse_server_address(address), create=False, patience=30)
        self.do_not_call = DoNotCallList.open_beside(address)
        self.claims = 0
        self.done = 0
        """Transactions of this case so far."""
        self.key = ""
        self.seq = 0
        self.id = ""
        self.event = 0

    def act(self) -> Transaction:
        """Make the next transaction."""
        kind = self._choose()
        start = perf_counter()
        match kind:
            case "claim":
                self._claim()
            case "start":
                self._start()
            case "answer":
                self._answer()
            case "close":
                self._close()
        took = perf_counter() - start

        self.done += 1
        if kind == "close":
            self.done = 0
        return Transaction(kind, self.number, took)

    def _choose(self) -> Kind:
        if self.done == 0:
            return "claim"
        if self.done == 1:
            return "start"
        if self.done < ANSWERS + 2:
            return "answer"
        return "close"

    def _stamp(self) -> EventStamp:
        return EventStamp(datetime.now(UTC), self.name, self.name)

    @property
    def _token(self) -> str:
        return f"{self.name} {self.claims}"

    def _claim(self) -> None:
        cases = self.store.cases
        self.claims += 1
        now = datetime.now(UTC)
        lease = Lease(self._token, self.name, self.name, now + timedelta(minutes=60))
        heads = cases.queries.list_queue_heads()
        # Stations that begin at once don't all try the same group first.
        Random(self.number + self.claims).shuffle(heads)
        for head in heads:
            row = cases.claim(head.bucket, lease, now)
            if row is not None:
                break
        else:
            raise AssertionError("the queue is empty")

        contact = cases.queries.find_contact(row.key)
        assert contact is not None
        assert contact.numbers, "the server refused the contact of the case"
        numbers = [number.e164 for number in contact.numbers]
        assert not self.do_not_call.select_listed(numbers)
        self.key = row.key
        self.seq = row.seq

    def _start(self) -> None:
        self.id = f"{self.name} {self.claims}"
        self.event = 1
        stamp = self._stamp()
        row = InterviewRow(self.id, self.key, self.instrument, stamp.at, self.name, stamp.at)
        begun = self.beginning._replace(stamp=stamp, case=self.key)
        update = self._update_case(InterviewOpened(self.id))
        assert self.store.interviews.start(row, begun, case=update) is None

    def _answer(self, *, case: CaseUpdate | None = None) -> None:
        self.event += 1
        event = QuestionAnswered(self._stamp(), Place(f"q{self.event}"), self.event % 5)
        update = JournalUpdate(
            self.id, self.event, [event], "open", f"q{self.event + 1}", answered=self.event - 1
        )
        assert self.store.interviews.append(update._replace(case=case)) is None

    def _close(self) -> None:
        update = self._update_case(OutcomeRecorded("complete", 1), AttemptClosed())
        complete = QueuePosition(
            "done", None, "", "", "1.1", "complete", 1, QueueReason(ReasonKind.OUTCOME, "complete")
        )
        self._answer(case=update._replace(release=True, queue_position=complete))

    def _update_case(self, *events: CaseEvent) -> CaseUpdate:
        stamp = self._stamp()
        entries = [HistoryEntry(*stamp, event) for event in events]
        update = CaseUpdate(self.key, self.seq, entries, None, self._token)
        self.seq += len(entries)
        return update


class Address(NamedTuple):
    """A station's number, and its address at the pooler."""

    number: int
    url: str


def play(
    addresses: Sequence[Address], beginning: InterviewStarted, seconds: float, ready: Barrier
) -> list[Transaction]:
    """Open the stations, wait for the other processes, and let the stations act for so long.

    An error of a station ends the process.
    """
    with preparing(ready):
        stations = [PlayedStation(url, number, beginning) for number, url in addresses]
    dice = Random(addresses[0].number)
    order = count()
    due: list[tuple[float, int, PlayedStation]] = []
    ready.wait(len(addresses) * PROCESSES + 60)

    start = perf_counter()
    for station in stations:
        begins = start + dice.random() * min(BEGINNING, seconds / 4)
        heappush(due, (begins, next(order), station))

    transactions = []
    running: list[tuple[Future[Transaction], PlayedStation]] = []
    with ThreadPoolExecutor(THREADS) as pool:
        while perf_counter() < start + seconds or running:
            now = perf_counter()
            while due and due[0][0] <= now < start + seconds:
                station = heappop(due)[2]
                running.append((pool.submit(station.act), station))

            still_running = []
            for future, station in running:
                if future.done():
                    transactions.append(future.result())
                    after = perf_counter() + dice.expovariate(1 / THINK)
                    heappush(due, (after, next(order), station))
                else:
                    still_running.append((future, station))
            running = still_running
            sleep(0.002)
    return transactions


class Played(NamedTuple):
    """What all stations did, and what it took."""

    transactions: list[Transaction]
    claims: Counter[str]
    """How often each case was claimed."""
    counts_agree: bool
    """Whether the live counts agree with the histories."""
    server_seconds: float
    """Processor time of the server."""
    pooler_seconds: float
    connections: int
    """Processes of the server, of which a few serve no connection."""
    memory: float
    """Mean memory of a connection, in MiB."""


def play_stations(folder: Path, stations: int, minutes: float, connections: int) -> Played:
    """Let the stations work, with at most so many connections from the pooler to the server."""
    raise_file_limit()
    home = folder / "server"
    people = [f"station{number}" for number in range(stations)]
    instrument = made.instrument(made.plain(50))
    with ExitStack() as stack:
        address = servers.start_server(home, connections=connections)
        stack.callback(servers.stop_server, home)
        server_pid = servers.read_server_pid(home)
        owner = f"{address}?schema=study"
        server.prepare_server(owner)
        store = stack.enter_context(Store.open(parse_server_address(owner), create=True))
        prepare_study(store, owner, instrument, people)
        pooler = servers.start_pooler(home, people, each=1, connections=connections)
        stack.callback(servers.stop_pooler, pooler)

        pooled = owner.replace(str(servers.PORT), str(servers.POOLER_PORT))
        addresses = []
        for number, person in enumerate(people):
            addresses.append(Address(number, pooled.replace("postgres@", f"{person}@")))

        ready = get_context("fork").Barrier(PROCESSES + 1)
        seconds = minutes * 60
        beginning = made.beginning(instrument)
        players = []
        for number in range(PROCESSES):
            part = addresses[number::PROCESSES]
            players.append(Forked(partial(play, part, beginning, seconds, ready)))
        ready.wait(stations + 60)
        serving, pooling = observe([server_pid, pooler.pid], seconds)
        transactions = []
        for player in players:
            transactions += player.result()

        children = list_children(server_pid)
        memory = [read_private_memory(child) / 1024 for child in children]
        query = "SELECT case_key FROM case_events WHERE kind = 'claimed'"
        claims = Counter(key for (key,) in store.connector.read(query))
        return Played(
            transactions=transactions,
            claims=claims,
            counts_agree=store.cases.counts.agree(),
            server_seconds=serving,
            pooler_seconds=pooling,
            connections=len(children),
            memory=sum(memory) / max(len(memory), 1),
        )


def raise_file_limit() -> None:
    """Allow as many open files as we may: the pooler needs three or four for each station."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def prepare_study(store: Store, owner: str, instrument: Instrument, people: Sequence[str]) -> None:
    """Import a sample, and give each interviewer an account."""
    store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
    import_cases(store, len(people) * CASES_EACH)
    # Once more, for the tables of the study.
    server.prepare_server(owner)
    for person in people:
        server.change_role(owner, person, "interviewer")


def measure(folder: Path, stations: int, minutes: float, connections: int) -> list[Line]:
    """Let the stations work, and describe it in lines."""
    where = f"{stations:,} stations, {connections:,} connections"
    if servers.find_server_programs() is None or not servers.POOLER.exists():
        return [
            unavailable(what.format(where), "install postgresql and pgbouncer")
            for what in (ANSWER, CLAIM, PROCESSOR, MEMORY)
        ]

    played = play_stations(folder, stations, minutes, connections)
    served = {transaction.station for transaction in played.transactions}
    assert len(served) == stations, f"{stations - len(served)} stations were not served"
    assert played.counts_agree, "the live counts differ from the histories"

    times: dict[Kind, list[float]] = defaultdict(list)
    for transaction in played.transactions:
        times[transaction.kind].append(transaction.seconds)
    slow = high(times["answer"], 0.99)
    usual = format_time(median(times["answer"]), "ms")
    answer_figure = f"{format_time(slow, 'ms')}; median {usual} of {len(times['answer']):,}"

    twice = sum(number - 1 for number in played.claims.values())
    claim_figure = (
        f"{twice} of {len(played.claims):,}; median {format_time(median(times['claim']), 'ms')}"
    )

    serving = format_time(played.server_seconds / len(played.transactions), "ms")
    pooling = format_time(played.pooler_seconds / len(played.transactions), "ms")
    processor_figure = f"server {serving}, PgBouncer {pooling}"
    return [
        below(ANSWER.format(where), slow, 0.05, figure=answer_figure, goal="≤ 50 ms"),
        below(CLAIM.format(where), twice, 0, figure=claim_figure, goal="none"),
        Line(what=PROCESSOR.format(where), figure=processor_figure),
        Line(what=MEMORY.format(where), figure=f"{played.memory:.1f} MiB"),
    ]


ANSWER = "an answer of {}, 99th percentile"
CLAIM = "cases claimed twice, {}"
PROCESSOR = "processor time of a transaction, {}"
MEMORY = "memory of a connection, {}"


def stations_server_row(folder: Path) -> list[Line]:
    """100 stations on PostgreSQL behind PgBouncer for half a minute, with eight seconds on average
    between two transactions of a station. All run on this machine."""
    return measure(folder, 100, 0.5, 100)


def stations_1000_row(folder: Path) -> list[Line]:
    """The same with 1,000 stations, each with a connection of its own, for ten minutes."""
    return measure(folder, 1000, 10, 1000)


def stations_250_row(folder: Path) -> list[Line]:
    """The same with 1,000 stations that share 250 connections, for one minute. A connection belongs
    to an account, so that it is opened anew for nearly each transaction."""
    return measure(folder, 1000, 1, 250)


ROWS = (
    Row("stations-server", stations_server_row),
    Row("stations-1000", stations_1000_row, by_name=True),
    Row("stations-250", stations_250_row, by_name=True),
)


def main() -> None:
    """Measure the stations that the options say, and print it."""
    parser = argparse.ArgumentParser(description="Many stations on PostgreSQL behind PgBouncer.")
    parser.add_argument("--stations", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument(
        "--connections", type=int, default=1000, help="from the pooler to the server, at most"
    )
    options = parser.parse_args()
    home = Path(mkdtemp(prefix="stations-"))
    try:
        lines = measure(home, options.stations, options.minutes, options.connections)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print("\n".join(format_lines(lines)))


if __name__ == "__main__":
    main()
