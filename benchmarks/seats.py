"""Seats: `python -m benchmarks.seats --seats 1000 --minutes 10`, a floor on PostgreSQL behind PgBouncer.

It starts a server and a pooler in transaction mode (Debian's packages `postgresql` and `pgbouncer`), prepares roles, and
gives each seat an account. A seat is a store client that replays the transactions of a station: claim, contact and
do-not-call list, start, answers, close, with a time to think before each. As a station, it has two connections to the
pooler.
"""

import argparse
import os
import resource
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from glob import glob
from heapq import heappop, heappush
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from statistics import median
from tempfile import mkdtemp
from typing import NamedTuple

from benchmarks import questionnaires as made
from benchmarks import servers
from benchmarks.claiming import bring
from benchmarks.measuring import Forked, Line, below, list_children, observe, preparing, read_system_file, shown
from survey_cli.engine.events import QuestionAnswered
from survey_cli.fieldwork.case.events import AttemptClosed, HistoryEntry, InterviewOpened, OutcomeRecorded
from survey_cli.fieldwork.queue.scheduling import QueuePosition
from survey_cli.services.database import server
from survey_cli.store import InstrumentRow, InterviewRow, JournalUpdate, Store
from survey_cli.store.backends.address import parse_server_address
from survey_cli.store.cases.case_records import CaseUpdate, Lease
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.values import Place

ANSWERS, THINK, START = 20, 8.0, 60.0
"""Answers of an interview; mean seconds between two transactions of a seat; seconds in which all seats begin, at most
a quarter of the run."""
DRIVERS, THREADS = 4, 12
"""Processes that replay, and threads of each."""


class Step(NamedTuple):
    """One transaction, with how long it took."""

    kind: str
    seat: int
    seconds: float
    case: str = ""


class Seat:
    """A station that claims a case, interviews, and closes it, one transaction at a time."""

    def __init__(self, address: str, number: int, instrument: str) -> None:
        self.number, self.name, self.instrument = number, f"seat{number}", instrument
        self.store = Store.open(parse_server_address(address), create=False, patience=30)
        self.do_not_call = DoNotCallList.open_beside(address)
        self.claims, self.step, self.key, self.seq, self.event = 0, 0, "", 0, 0

    def act(self) -> Step:
        """Make the next transaction."""
        kind = "claim" if self.step == 0 else "start" if self.step == 1 else "answer"
        kind = "close" if self.step == ANSWERS + 2 else kind
        began = time.perf_counter()
        getattr(self, f"_{kind}")()
        took = time.perf_counter() - began
        self.step = 0 if kind == "close" else self.step + 1
        return Step(kind, self.number, took, self.key)

    @property
    def _token(self) -> str:
        return f"{self.name} {self.claims}"

    def _claim(self) -> None:
        cases = self.store.cases
        self.claims += 1
        lease = Lease(self._token, self.name, self.name, made.NOON + timedelta(minutes=60))
        heads = cases.queries.list_queue_heads()
        Random(self.number + self.claims).shuffle(heads)
        row = next(row for head in heads if (row := cases.claim(head.bucket, lease, made.NOON)) is not None)
        contact = cases.queries.find_contact(row.key)
        assert contact is not None
        assert contact.numbers, "the server refused the contact of the case"
        assert not self.do_not_call.select_listed([number.e164 for number in contact.numbers])
        self.key, self.seq = row.key, row.seq

    def _update(self, *events: object, done: bool = False) -> CaseUpdate:
        entries = [HistoryEntry(made.NOON, self.name, self.name, event) for event in events]
        update = CaseUpdate(self.key, self.seq, entries, None, self._token, release=done)
        if done:
            complete = QueuePosition("done", None, "", "", "1.1", "complete", 1, "complete")
            update = update._replace(queue_position=complete)
        self.seq += len(entries)
        return update

    def _start(self) -> None:
        self.id, self.event = f"{self.name} {self.claims}", 1
        row = InterviewRow(self.id, self.key, self.instrument, made.NOON, self.name, made.NOON)
        begun = made.beginning(made.instrument(made.plain(50)), self.id)
        assert self.store.interviews.start(row, begun, case=self._update(InterviewOpened(self.id))) is None

    def _answer(self, *, case: CaseUpdate | None = None) -> None:
        self.event += 1
        event = QuestionAnswered(made.STAMP, Place(f"q{self.event}"), self.event % 5)
        update = JournalUpdate(self.id, self.event, [event], "open", f"q{self.event + 1}", answered=self.event - 1)
        assert self.store.interviews.append(update._replace(case=case)) is None

    def _close(self) -> None:
        self._answer(case=self._update(OutcomeRecorded("complete", 1), AttemptClosed(), done=True))


def replay(addresses: list[tuple[int, str]], instrument: str, seconds: float, ready: Barrier) -> list[Step]:
    """Open the seats, wait for the others, and let them act for so long; errors end the process."""
    with preparing(ready):
        seats = [Seat(address, number, instrument) for number, address in addresses]
    dice, order, due = Random(addresses[0][0]), count(), list[tuple[float, int, Seat]]()
    ready.wait(len(addresses) * DRIVERS + 60)
    start = time.perf_counter()
    for seat in seats:
        heappush(due, (start + dice.random() * min(START, seconds / 4), next(order), seat))
    steps: list[Step] = []
    with ThreadPoolExecutor(THREADS) as pool:
        running: list[tuple[object, Seat]] = []
        while time.perf_counter() < start + seconds or running:
            now = time.perf_counter()
            while due and due[0][0] <= now < start + seconds:
                seat = heappop(due)[2]
                running.append((pool.submit(seat.act), seat))
            for future, seat in [pair for pair in running if pair[0].done()]:  # type: ignore[attr-defined]  # a future
                running.remove((future, seat))
                steps.append(future.result())  # type: ignore[attr-defined]  # a future
                heappush(due, (time.perf_counter() + dice.expovariate(1 / THINK), next(order), seat))
            time.sleep(0.002)
    return steps


def measure(folder: Path, seats: int, minutes: float, connections: int) -> list[Line]:
    """Let so many seats work for so long, with at most so many connections from the pooler to the server."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # the pooler needs three or four for each seat
    home, people = folder / "server", [f"seat{number}" for number in range(seats)]
    address, pooler = servers.start_server(home, connections=connections), None
    server_pid, owner = int((home / "data/postmaster.pid").read_text().split()[0]), f"{address}?schema=study"
    try:
        server.prepare_server(owner)
        instrument = made.instrument(made.plain(50))
        with Store.open(parse_server_address(owner), create=True) as store:
            store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
            bring(store, seats * 8)
            server.prepare_server(owner)
            for person in people:
                server.change_role(owner, person, "interviewer")
            pooler = servers.start_pooler(home, people, each=1, connections=connections)
            pooled = owner.replace(str(servers.PORT), str(servers.POOLER_PORT))
            addresses = [(n, pooled.replace("postgres@", f"{person}@")) for n, person in enumerate(people)]
            ready, parts = get_context("fork").Barrier(DRIVERS + 1), [addresses[n::DRIVERS] for n in range(DRIVERS)]
            drivers = [Forked(partial(replay, part, instrument.hash, minutes * 60, ready)) for part in parts]
            ready.wait(seats + 60)
            pids = [*(driver.pid for driver in drivers), server_pid, pooler.pid]
            *driving, serving, pooling = observe(pids, minutes * 60)
            steps = [step for driver in drivers for step in driver.result()]
            memory = read_private_memory(server_pid)
            claimed = Counter(key for (key,) in store.connector.read(
                "SELECT case_key FROM case_events WHERE kind = 'claimed'"))  # fmt: skip
            agree = store.cases.counts.agree()
    finally:
        if pooler is not None:
            servers.stop_pooler(pooler)
        servers.stop_server(home)
    answers = sorted(step.seconds for step in steps if step.kind == "answer")
    served, double = len({step.seat for step in steps}), sum(n - 1 for n in claimed.values())
    p99 = answers[int(len(answers) * 0.99)]
    by_kind: dict[str, list[float]] = {}
    for step in steps:
        by_kind.setdefault(step.kind, []).append(step.seconds)
    others = ", ".join(f"{kind} {shown(median(times), 'ms')}" for kind, times in by_kind.items() if kind != "answer")
    said = f"p99 {shown(p99, 'ms')}, p50 {shown(median(answers), 'ms')} of {len(answers):,}; p50 of {others}"
    whole = minutes * 60 * (os.cpu_count() or 1)
    share = f"of the processors: driver {sum(driving) / whole:.0%}"
    share += f", server {serving / whole:.0%}, pooler {pooling / whole:.0%}"
    each, through = (shown(used / len(steps), "ms") for used in (serving, pooling))
    sizes = f"{each} server and {through} pooler; {memory.connections:,} connections of {memory.each / 1024:.1f} MiB"
    return [
        below(f"an answer of {seats:,} seats, {THINK:g} s to think", p99, 0.05, said=said, goal="p99 ≤ 50 ms"),
        below("seats not served", seats - served, 0, said=f"{served:,} served; {share}", goal="all served"),
        below("double claims", double, 0, said=f"{double} of {len(claimed):,}; counts agree: {agree}", goal="none"),
        Line(what=f"processor of each of {len(steps):,} transactions", ours=sizes, shown=sizes),
    ]


class Memory(NamedTuple):
    """The connections of a server, and the mean memory that each has for itself."""

    connections: int
    each: float
    """In KiB."""


def read_private_memory(pid: int) -> Memory:
    """What the children of a server have for themselves; the few that serve no connection count too."""
    texts = [text for child in list_children(pid) if (text := read_system_file(f"/proc/{child}/smaps_rollup"))]
    lines = [line.split() for text in texts for line in text.splitlines() if line.startswith("Private_")]
    return Memory(len(texts), sum(int(fields[1]) for fields in lines) / max(len(texts), 1))


def seats_row(folder: Path) -> list[Line]:
    """A small floor; skipped where there is no server or pooler."""
    if not glob("/usr/lib/postgresql/*/bin/initdb") or not shutil.which("pgbouncer"):
        return [Line(what="seats", ours="", shown="needs postgresql and pgbouncer")]
    return measure(folder, 100, 0.5, 100)


ROWS = {"seats": seats_row}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seats", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--connections", type=int, default=1000, help="from the pooler to the server, at most")
    wanted = parser.parse_args()
    home = Path(mkdtemp(prefix="seats-"))
    for line in measure(home, wanted.seats, wanted.minutes, wanted.connections):
        verdict = f" ({line.goal}: {'met' if line.met else 'MISSED'})" if line.goal else ""
        sys.stdout.write(f"{line.what}: {line.shown}{verdict}\n")
    shutil.rmtree(home, ignore_errors=True)
