"""Rows of the store: answers of one station, of many, and beside others' bulk work."""

import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep

from benchmarks import questionnaires as made
from benchmarks.lines import Line, Row, at_most, below, format_time
from benchmarks.measuring import SURVEY, Forked, high, medians, time_call, typical
from benchmarks.peers.commits import Commits
from survey_cli.engine.events import QuestionAnswered
from survey_cli.store import InstrumentRow, InterviewRow, JournalUpdate, Store
from survey_cli.values import Place

STATIONS = 64
"""Processes that answer at once."""
THINK = 0.5
"""Seconds between two answers of a station, on average."""
SECONDS = 3.0
"""How long a round lasts."""
PAUSE = 0.02
"""Seconds between two answers beside bulk work."""


class Answers:
    """An interview in the store that is given one answer at a time."""

    def __init__(self, path: Path, station: int = 0) -> None:
        self.store = Store.open(path, create=True)
        self.id = f"station {station}"
        self.seq = 1
        instrument = made.instrument(made.plain(50))
        self.store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
        row = InterviewRow(
            id=self.id,
            case=self.id,
            instrument=instrument.hash,
            began_at=made.NOON,
            by="bench",
            updated_at=made.NOON,
        )
        beginning = made.beginning(instrument, self.id)
        assert self.store.interviews.start(row, beginning) is None

    def commit(self) -> None:
        """Commit one answer; it is on the disk when this returns."""
        self.seq += 1
        event = QuestionAnswered(made.STAMP, Place(f"q{self.seq}"), self.seq % 5)
        update = JournalUpdate(
            self.id, self.seq, [event], "open", f"q{self.seq + 1}", answered=self.seq - 1
        )
        assert self.store.interviews.append(update) is None


def commit_row(folder: Path) -> list[Line]:
    """One answer in the store, against a bare row by `sqlite3`: both are on the disk when the call
    returns."""
    ours = Answers(folder / "ours.db")
    theirs = Commits(folder / "raw.db")
    took, raw = medians(
        30,
        partial(typical, 20, ours.commit),
        partial(typical, 20, theirs.commit),
    )
    return [at_most("one durable answer", took, raw, 1.3, against="a bare commit")]


def stations_file_row(folder: Path) -> list[Line]:
    """Answers of 64 stations to one file, each every half second, against bare commits of as many
    processes. Rounds of either kind take turns."""
    names = iter(range(100))

    def ours() -> list[list[float]]:
        path = folder / f"ours{next(names)}.db"
        Answers(path, -1).store.close()
        return run_stations(lambda station: Answers(path, station).commit)

    def theirs() -> list[list[float]]:
        path = folder / f"raw{next(names)}.db"
        Commits(path, -1).db.close()
        return run_stations(lambda station: Commits(path, station).commit)

    own: list[float] = []
    bare: list[float] = []
    for _ in range(3):
        stations = ours()
        assert all(stations), "a station was not served"
        own += [time for times in stations for time in times]
        bare += [time for times in theirs() for time in times]

    what = f"an answer of {STATIONS} stations, 95th percentile"
    note = ", all served"
    return [at_most(what, high(own), high(bare), 1.5, against="bare commits", note=note)]


def run_stations(prepare: Callable[[int], Callable[[], None]]) -> list[list[float]]:
    """Return the times of the answers of each station. A station that fails ends the row."""
    stations = [Forked(partial(answer, prepare, station)) for station in range(STATIONS)]
    return [station.result() for station in stations]


def answer(prepare: Callable[[int], Callable[[], None]], station: int) -> list[float]:
    """Answer at one station until the round ends."""
    dice = Random(station)
    commit = prepare(station)
    # All stations are open before the first answers.
    sleep(1.5 + dice.random() * THINK)
    times = []
    end = perf_counter() + SECONDS
    while perf_counter() < end:
        times.append(time_call(commit))
        sleep(THINK * (0.8 + 0.4 * dice.random()))
    return times


def beside_row(folder: Path) -> list[Line]:
    """An answer every 20 ms while `survey simulate --keep` fills the same database."""
    file = made.written(made.plain(50), folder)
    db = folder / "shared.db"
    answers = Answers(db)
    settings = folder / "beside.simulation.yaml"
    settings.write_text("beside_real: true\n", encoding="utf-8")
    command = [
        SURVEY,
        "simulate",
        str(file),
        "-n",
        "6000",
        "--keep",
        "--settings",
        str(settings),
        "--db",
        str(db),
    ]
    filling = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        times = list(answer_while(answers, lambda: filling.poll() is None))
    finally:
        filling.kill()
        filling.wait()
    assert filling.returncode == 0, "the simulation failed"
    return [describe_slowest("an answer during `simulate --keep`, slowest", times)]


def answer_while(answers: Answers, is_working: Callable[[], bool]) -> Iterator[float]:
    """Yield the time of each answer until the other program has ended."""
    while is_working():
        yield time_call(answers.commit)
        sleep(PAUSE)


def describe_slowest(what: str, times: list[float]) -> Line:
    """The slowest of the answers, which none may exceed."""
    slowest = max(times)
    usual = format_time(median(times), "ms")
    figure = f"{format_time(slowest, 'ms')}; median {usual} of {len(times):,}"
    return below(what, slowest, 0.05, figure=figure, goal="≤ 50 ms")


ROWS = (
    Row("commit", commit_row),
    Row("stations-file", stations_file_row),
    Row("during-simulate", beside_row),
)
