"""Rows of monitoring: how far behind running interviews their watchers are, on a file and on a server.

Stations conduct real interviews; each reply comes after a time to think. A watcher reads what `survey watch` reads, as
often. Stations and watchers share few processes: so many of either measure the processors only.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep
from typing import NamedTuple

from benchmarks import questionnaires as made
from benchmarks import servers
from benchmarks.measuring import Forked, Line, below, high, observe, preparing, shown
from survey_cli.entries import ReadEntry
from survey_cli.services.database import server
from survey_cli.services.run_on_study import Request
from survey_cli.services.sample.import_sample import ImportOptions, import_sample
from survey_cli.services.study_administration import publish_version
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.monitoring import Watch
from survey_cli.sessions.station.open_station import open_station
from survey_cli.store.backends.account import read_system_account
from survey_cli.store.backends.address import is_server_address
from survey_cli.study.open_study import open_study

STATIONS, THINK, SECONDS, PROCESSES = 64, 5.0, 30.0, 2
"""Stations, and as many watchers; mean seconds before a reply; seconds measured; processes of either kind."""
READY = 120
"""Seconds for which the processes wait for each other to be prepared."""
STUDY = """
instrument: watched
title: Watched
sample:
  unit: {type: text, role: key}
  phone: {type: text, role: phone}
items:
  - {id: notice, type: read, text: A supervisor may listen to this call.}
""" + "\n".join(
    f"  - {{id: q{n}, type: single, text: Question {n}?, options: {{1: One, 2: Two, 3: Three}}}}" for n in range(1, 25)
)
FIELDWORK = """
fieldwork: {frame: list, country: US, zone: America/Chicago, hours: {mon-fri: "09:00-20:30"}, monitoring: notice}
"""

Seen = dict[tuple[str, int], float]
"""When an event of an interview was first seen: by its interview and number."""


class Worked(NamedTuple):
    """What the stations of one process did."""

    keyed: Seen
    """When the key was pressed that led to the event."""
    took: list[float]
    """Seconds of each reply."""


class Interviewer:
    """A station whose replies come one at a time."""

    def __init__(self, file: Path, db: str, login: str) -> None:
        begun = perf_counter()
        self.station = open_station(
            file, db=db, interviewer=login, zone="America/Chicago", clock_is_right=True,
            clock=lambda: made.NOON + timedelta(hours=5, seconds=perf_counter() - begun),
        )  # fmt: skip
        self.session: InterviewSession | None = None
        self.keyed, self.took = Seen(), list[float]()

    def act(self) -> None:
        """Reply to the next question; dial and begin where there is none."""
        if self.session is None or self.session.prompt() is None:
            if self.session is not None:
                assert self.session.result() is not None
                self.station.close_interview()
            assert isinstance(self.station.dial(), str)
            session = self.station.open_interview()
            assert isinstance(session, InterviewSession), session
            self.session = session
            return
        session, prompt = self.session, self.session.prompt()
        assert prompt is not None
        before, start = session.interview.seq, perf_counter()
        assert session.reply("" if isinstance(prompt.entry, ReadEntry) else "1") is None
        self.took.append(perf_counter() - start)
        self.keyed |= {(session.id, seq): start for seq in range(before + 1, session.interview.seq + 1)}


class Watcher:
    """One who watches, and notes when each event was first shown."""

    def __init__(self, file: Path, db: str, login: str, by: str) -> None:
        self.watch, self.seen = Watch(open_study(file, db=db, by=by), login), Seen()
        self._last = ("", 0)

    def act(self) -> None:
        if not self.watch.advance() or (session := self.watch.session) is None:
            return
        id, known = self._last
        known, now = known if id == session.id else 1, perf_counter()
        self.seen |= {(session.id, seq): now for seq in range(known + 1, session.interview.seq + 1)}
        self._last = (session.id, session.interview.seq)


def take_turns(acts: list[Callable[[], None]], wait: Callable[[], float], ready: Barrier, seconds: float) -> None:
    """Let each act again and again for so long, each time after a wait."""
    order = count()
    ready.wait(READY)
    end = perf_counter() + seconds
    due = [(perf_counter() + wait(), next(order), act) for act in acts]
    due.sort()
    while due[0][0] < end:
        at, _, act = heappop(due)
        sleep(max(at - perf_counter(), 0))
        act()
        heappush(due, (perf_counter() + wait(), next(order), act))


def work(file: Path, addresses: list[tuple[str, str]], ready: Barrier, seconds: float) -> Worked:
    """Conduct interviews at several stations."""
    dice = Random(addresses[0][0])
    with preparing(ready):
        interviewers = [Interviewer(file, db, login) for login, db in addresses]
    take_turns([one.act for one in interviewers], lambda: dice.expovariate(1 / THINK), ready, seconds)
    keyed = {event: at for one in interviewers for event, at in one.keyed.items()}
    return Worked(keyed, [time for one in interviewers for time in one.took])


def follow(file: Path, db: str, logins: list[str], by: str, ready: Barrier, seconds: float) -> Seen:
    """Watch several interviewers, a little longer than they work."""
    with preparing(ready):
        watchers = [Watcher(file, db, login, by) for login in logins]
    take_turns([one.act for one in watchers], lambda: Watch.seconds, ready, seconds + 1)
    return {event: at for one in watchers for event, at in one.seen.items()}


def measure(
    folder: Path, where: str, db: str, addresses: list[tuple[str, str]], by: str, server_pid: int
) -> list[Line]:
    """Let all stations work without watchers, then with them."""
    file, logins = folder / "watched.yaml", [login for login, _ in addresses]
    ready = get_context("fork").Barrier(PROCESSES + 1)
    drivers = [Forked(partial(work, file, addresses[n::PROCESSES], ready, SECONDS / 2)) for n in range(PROCESSES)]
    ready.wait(READY)
    alone = high([time for driver in drivers for time in driver.result().took], 0.99)
    ready = get_context("fork").Barrier(2 * PROCESSES + 1)
    drivers = [Forked(partial(work, file, addresses[n::PROCESSES], ready, SECONDS)) for n in range(PROCESSES)]
    watchers = [Forked(partial(follow, file, db, logins[n::PROCESSES], by, ready, SECONDS)) for n in range(PROCESSES)]
    ready.wait(READY)
    pids = [*(one.pid for one in watchers), *([server_pid] if server_pid else [])]
    used = observe(pids, SECONDS)
    worked, followed = [one.result() for one in drivers], [one.result() for one in watchers]
    keyed = {event: at for one in worked for event, at in one.keyed.items()}
    seen = {event: at for one in followed for event, at in one.items()}
    behind = [seen[event] - at for event, at in keyed.items() if event in seen]
    last = {id: max(seq for other, seq in keyed if other == id) for id, _ in keyed}
    missed = sum(event not in seen and event[1] > 2 for event in keyed)
    p99, watching = high(behind, 0.99), sum(used[:PROCESSES]) / STATIONS / SECONDS
    said = (
        f"p99 {shown(p99, 'ms')}, p50 {shown(median(behind), 'ms')} of {len(behind):,}, max {shown(max(behind), 'ms')}"
    )
    cost = f"{watching:.1%} of a processor each" + (f", server {used[-1] / SECONDS:.0%}" if server_pid else "")
    answered = high([time for one in worked for time in one.took], 0.99)
    what = f"{STATIONS} watchers of {STATIONS} stations on {where}: behind the key"
    return [
        below(what, p99, 0.3, said=said, goal="p99 ≤ 300 ms"),
        below("answers that no watcher saw", missed, 0, said=f"{missed} of {len(last)} interviews; {cost}", goal="none"),
        Line(what="an answer meanwhile, p99", ours=shown(answered, "ms"), theirs=shown(alone, "ms"),
             against="without watchers", shown=f"{answered / alone:.2f}×"),
    ]  # fmt: skip


def prepare(folder: Path, db: str, *supervisors: str) -> list[str]:
    """Write the study, its people and its sample; the logins of its interviewers."""
    logins = [f"seat{number}" for number in range(STATIONS)]
    (folder / "watched.yaml").write_text(STUDY + FIELDWORK)
    people = [*(f"{login},interviewer\n" for login in logins), *(f"{login},supervisor\n" for login in supervisors)]
    (folder / "interviewers.csv").write_text("login,role\n" + "".join(people))
    numbers = (f"unit {number},312 {200 + number // 10_000} {number % 10_000:04}\n" for number in range(STATIONS * 8))
    (folder / "cases.csv").write_text("unit,phone\n" + "".join(numbers))
    request = Request(path=str(folder / "watched.yaml"), at=made.NOON, db=db)
    if is_server_address(db):
        publish_version(request)
    import_sample(request, ImportOptions(file=str(folder / "cases.csv"), rng=Random(1)))
    return logins


def watch_row(folder: Path) -> list[Line]:
    """The same on a file and on a server, each person with an account there."""
    by, home = read_system_account(), folder / "server"
    db = str(folder / "watched.db")
    lines = measure(folder, "a file", db, [(login, db) for login in prepare(folder, db, by)], by, 0)
    address = servers.start_server(home, connections=STATIONS * 4 + 20)
    try:
        owner = f"{address}{'&' if '?' in address else '?'}schema=study"
        server.prepare_server(owner)
        logins = prepare(folder, owner, "postgres", "sue")
        server.change_role(owner, "sue", "supervisor")
        for login in logins:
            server.change_role(owner, login, "interviewer")
        addresses = [(login, owner.replace("postgres@", f"{login}@")) for login in (*logins, "sue")]
        pid = int((home / "data/postmaster.pid").read_text().split()[0])
        return lines + measure(folder, "a server", addresses.pop()[1], addresses, "sue", pid)
    finally:
        servers.stop_server(home)


ROWS = {"watch": watch_row}
