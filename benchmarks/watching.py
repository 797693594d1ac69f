"""Row of monitoring: how far behind running interviews their watchers are.

Stations conduct real interviews; a reply comes after a time to think. A watcher reads what `survey
watch` reads, as often. Stations and watchers share few processes: one process for each of them
would measure the processors only.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
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
from benchmarks.lines import Line, Row, below, format_time
from benchmarks.measuring import Forked, high, observe, preparing
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

STATIONS = 64
"""And as many watchers."""
THINK = 5.0
"""Seconds before a reply, on average."""
SECONDS = 30.0
"""How long is measured."""
PROCESSES = 2
"""For the stations, and as many for the watchers."""
READY = 120
"""Seconds for which the processes wait for each other to be prepared."""
QUESTIONS = "\n".join(
    f"  - {{id: q{n}, type: single, text: Question {n}?, options: {{1: One, 2: Two, 3: Three}}}}"
    for n in range(1, 25)
)
STUDY = f"""
instrument: watched
title: Watched
sample:
  unit: {{type: text, role: key}}
  phone: {{type: text, role: phone}}
items:
  - {{id: notice, type: read, text: A supervisor may listen to this call.}}
{QUESTIONS}
fieldwork:
  frame: list
  country: US
  zone: America/Chicago
  hours: {{mon-sun: "00:00-24:00"}}
  holidays: false
  reason: The benchmark runs at any time.
  monitoring: notice
"""


class Address(NamedTuple):
    """A person's login, and the database as that person opens it."""

    login: str
    db: str


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
        self.station = open_station(
            file,
            db=db,
            interviewer=login,
            zone="America/Chicago",
            clock_is_right=True,
            clock=lambda: datetime.now(UTC),
        )
        self.session: InterviewSession | None = None
        self.keyed: Seen = {}
        self.took: list[float] = []

    def act(self) -> None:
        """Reply to the next question; dial and begin if no interview is open."""
        session = self.session
        if session is None:
            self._begin()
            return

        prompt = session.prompt()
        if prompt is None:
            assert session.result() is not None
            self.station.close_interview()
            self._begin()
            return

        text = "1"
        if isinstance(prompt.entry, ReadEntry):
            text = ""
        before = session.interview.seq
        start = perf_counter()
        assert session.reply(text) is None
        self.took.append(perf_counter() - start)
        for seq in range(before + 1, session.interview.seq + 1):
            self.keyed[session.id, seq] = start

    def _begin(self) -> None:
        assert self.station.dial().rejection is None
        session = self.station.open_interview().interview
        assert session is not None
        self.session = session


class Watcher:
    """A supervisor who watches, and notes when each event was first shown."""

    def __init__(self, file: Path, db: str, login: str, by: str) -> None:
        self.watch = Watch(open_study(file, db=db, by=by), login)
        self.seen: Seen = {}
        self._interview = ""
        self._known = 0
        """The last event of that interview that was shown."""

    def act(self) -> None:
        """Read what is new."""
        has_changed = self.watch.advance()
        session = self.watch.session
        if not has_changed or session is None:
            return

        if session.id != self._interview:
            self._interview = session.id
            # The first event was written before the interview could be watched.
            self._known = 1
        now = perf_counter()
        for seq in range(self._known + 1, session.interview.seq + 1):
            self.seen[session.id, seq] = now
        self._known = session.interview.seq


def take_turns(
    acts: Sequence[Callable[[], None]],
    wait: Callable[[], float],
    ready: Barrier,
    seconds: float,
) -> None:
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


def work(file: Path, addresses: Sequence[Address], ready: Barrier, seconds: float) -> Worked:
    """Conduct interviews at several stations."""
    dice = Random(addresses[0].login)
    with preparing(ready):
        interviewers = [Interviewer(file, db, login) for login, db in addresses]

    acts = [interviewer.act for interviewer in interviewers]
    take_turns(acts, lambda: dice.expovariate(1 / THINK), ready, seconds)
    worked = Worked({}, [])
    for interviewer in interviewers:
        worked.keyed.update(interviewer.keyed)
        worked.took.extend(interviewer.took)
    return worked


def follow(
    file: Path, supervisor: Address, logins: Sequence[str], ready: Barrier, seconds: float
) -> Seen:
    """Watch several interviewers, a little longer than they work."""
    with preparing(ready):
        watchers = [Watcher(file, supervisor.db, login, supervisor.login) for login in logins]

    take_turns([watcher.act for watcher in watchers], lambda: Watch.seconds, ready, seconds + 1)
    seen: Seen = {}
    for watcher in watchers:
        seen.update(watcher.seen)
    return seen


def measure(
    folder: Path,
    where: str,
    addresses: Sequence[Address],
    supervisor: Address,
    server_pid: int | None = None,
) -> list[Line]:
    """Let all stations work without watchers, then with them."""
    file = folder / "watched.yaml"
    alone = work_alone(file, addresses)
    watched = work_watched(file, addresses, supervisor, server_pid)

    behind = []
    missed = 0
    for event, at in watched.worked.keyed.items():
        seen_at = watched.seen.get(event)
        if seen_at is not None:
            behind.append(seen_at - at)
        elif event[1] > 2:
            # The events that begin an interview may precede its first reading.
            missed += 1

    slow = high(behind, 0.99)
    usual = format_time(median(behind), "ms")
    figure = f"{format_time(slow, 'ms')}; median {usual} of {len(behind):,}"
    missed_figure = f"{missed}; {watched.watching:.1%} of a processor for each watcher"
    if watched.serving is not None:
        missed_figure += f", {watched.serving:.0%} for the server"

    meanwhile = high(watched.worked.took, 0.99)
    what = f"{STATIONS} watchers of {STATIONS} stations on {where}"
    return [
        below(
            f"{what}: behind the key, 99th percentile", slow, 0.3, figure=figure, goal="≤ 300 ms"
        ),
        below(f"{what}: answers never seen", missed, 0, figure=missed_figure, goal="none"),
        Line(
            what=f"{what}: an answer, 99th percentile",
            figure=format_time(meanwhile, "ms"),
            peer=format_time(alone, "ms"),
            against="without watchers",
            ratio=f"{meanwhile / alone:.2f}×",
        ),
    ]


def work_alone(file: Path, addresses: Sequence[Address]) -> float:
    """Return the 99th percentile of an answer without watchers."""
    ready = get_context("fork").Barrier(PROCESSES + 1)
    drivers = start_stations(file, addresses, ready, SECONDS / 2)
    ready.wait(READY)
    times = []
    for driver in drivers:
        times += driver.result().took
    return high(times, 0.99)


class Watched(NamedTuple):
    """What stations did and watchers saw, and what it took."""

    worked: Worked
    seen: Seen
    watching: float
    """Processors in use for one watcher."""
    serving: float | None
    """Processors in use for the server; None for a file."""


def work_watched(
    file: Path, addresses: Sequence[Address], supervisor: Address, server_pid: int | None
) -> Watched:
    """Let the stations work while each is watched."""
    ready = get_context("fork").Barrier(2 * PROCESSES + 1)
    drivers = start_stations(file, addresses, ready, SECONDS)
    logins = [address.login for address in addresses]
    watchers = []
    for number in range(PROCESSES):
        part = logins[number::PROCESSES]
        watchers.append(Forked(partial(follow, file, supervisor, part, ready, SECONDS)))
    ready.wait(READY)
    pids = [watcher.pid for watcher in watchers]
    if server_pid is not None:
        pids.append(server_pid)
    used = observe(pids, SECONDS)

    worked = Worked({}, [])
    for driver in drivers:
        part_worked = driver.result()
        worked.keyed.update(part_worked.keyed)
        worked.took.extend(part_worked.took)
    seen: Seen = {}
    for watcher in watchers:
        seen.update(watcher.result())
    serving = None
    if server_pid is not None:
        serving = used[-1] / SECONDS
    watching = sum(used[:PROCESSES]) / STATIONS / SECONDS
    return Watched(worked, seen, watching, serving)


def start_stations(
    file: Path, addresses: Sequence[Address], ready: Barrier, seconds: float
) -> list[Forked[Worked]]:
    """Start the processes of the stations."""
    drivers = []
    for number in range(PROCESSES):
        part = addresses[number::PROCESSES]
        drivers.append(Forked(partial(work, file, part, ready, seconds)))
    return drivers


def prepare(folder: Path, db: str, *supervisors: str) -> list[str]:
    """Write the study, its people and its sample; return the logins of its interviewers."""
    logins = [f"station{number}" for number in range(STATIONS)]
    people = ["login,role"]
    people += [f"{login},interviewer" for login in logins]
    people += [f"{login},supervisor" for login in supervisors]
    cases = ["unit,phone"]
    cases += [f"unit {number},312 200 {number:04}" for number in range(STATIONS * 8)]
    (folder / "watched.yaml").write_text(STUDY)
    (folder / "interviewers.csv").write_text("\n".join(people) + "\n")
    (folder / "cases.csv").write_text("\n".join(cases) + "\n")

    request = Request(path=str(folder / "watched.yaml"), at=made.NOON, db=db)
    if is_server_address(db):
        publish_version(request)
    import_sample(request, ImportOptions(file=str(folder / "cases.csv"), rng=Random(1)))
    return logins


def watch_row(folder: Path) -> list[Line]:
    """From the key at a station until its watcher has read the event: 64 stations that answer every
    five seconds on average and 64 watchers, for half a minute, in a file and on PostgreSQL. A
    watcher reads every 200 ms."""
    return [*watch_on_file(folder), *watch_on_server(folder)]


def watch_on_file(folder: Path) -> list[Line]:
    """All of them use one file."""
    by = read_system_account()
    db = str(folder / "watched.db")
    addresses = [Address(login, db) for login in prepare(folder, db, by)]
    return measure(folder, "a file", addresses, Address(by, db))


def watch_on_server(folder: Path) -> list[Line]:
    """Everybody has an account on the server."""
    home = folder / "server"
    address = servers.start_server(home, connections=STATIONS * 4 + 20)
    try:
        owner = servers.add_to_address(address, schema="study")
        server.prepare_server(owner)
        logins = prepare(folder, owner, "postgres", "sue")
        server.change_role(owner, "sue", "supervisor")
        for login in logins:
            server.change_role(owner, login, "interviewer")

        def find_address(login: str) -> Address:
            return Address(login, owner.replace("postgres@", f"{login}@"))

        addresses = [find_address(login) for login in logins]
        pid = servers.read_server_pid(home)
        return measure(folder, "a server", addresses, find_address("sue"), pid)
    finally:
        servers.stop_server(home)


ROWS = (Row("watch", watch_row, by_name=True),)
