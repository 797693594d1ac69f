"""Rows of the store: durable commits by one station, by 64, and beside others' bulk work."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep

from benchmarks import questionnaires as made
from benchmarks.measuring import Line, at_most, below, high, medians, shown
from benchmarks.peers.stations import Commits
from survey_cli.engine.events import QuestionAnswered
from survey_cli.store import InstrumentRow, InterviewRow, JournalUpdate, Store
from survey_cli.values import Place

STATIONS, THINK, SITTING = 64, 0.5, 4.0
"""Processes; seconds between two answers of one; seconds a round lasts."""


class Answers:
    """An interview in the store that is given one answer at a time."""

    def __init__(self, path: Path, station: int = 0) -> None:
        self.store = Store.open(path, create=True)
        self.id, self.seq = f"station {station}", 1
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
        assert self.store.interviews.start(row, made.beginning(instrument, self.id)) is None

    def commit(self) -> None:
        self.seq += 1
        event = QuestionAnswered(made.STAMP, Place(f"q{self.seq}"), self.seq % 5)
        update = JournalUpdate(self.id, self.seq, [event], "open", f"q{self.seq + 1}", answered=self.seq - 1)
        assert self.store.interviews.append(update) is None


def commit_row(folder: Path) -> list[Line]:
    """One answer in the store, with its row's new state, against a raw row: both on the disk when the call returns."""
    ours, theirs = Answers(folder / "ours.db"), Commits(folder / "raw.db")

    def many(act: Callable[[], None], count: int = 20) -> float:
        times = []
        for _ in range(count):
            start = perf_counter()
            act()
            times.append(perf_counter() - start)
        return median(times)

    took, raw = medians(60, lambda: many(ours.commit), lambda: many(theirs.commit))
    against = "a raw sqlite3 commit, WAL, FULL"
    return [at_most("one durable answer", took, raw, 1.3, against=against)]


def stations_row(folder: Path) -> list[Line]:
    """Rounds of ours and of raw commits by turns, 64 processes each; p95 over all their answers."""
    numbers = iter(range(100))

    def ours() -> list[list[float]]:
        path = folder / f"ours{next(numbers)}.db"
        Answers(path, -1).store.close()
        return _sit(lambda station: Answers(path, station).commit)

    def theirs() -> list[list[float]]:
        path = folder / f"raw{next(numbers)}.db"
        Commits(path, -1).db.close()
        return _sit(lambda station: Commits(path, station).commit)

    found: tuple[list[list[float]], list[list[float]]] = ([], [])
    for _ in range(3):
        found[0].extend(ours())
        found[1].extend(theirs())
    served = sum(bool(times) for times in found[0])
    p95 = [high([time for station in stations for time in station]) for stations in found]
    line = at_most(
        f"{STATIONS} stations, {THINK} s think time: p95, {served} of {len(found[0])} served, 0 errors",
        p95[0],
        p95[1],
        1.5,
        against="a raw loop of as many processes",
    )
    return [line]


def _sit(seat: Callable[[int], Callable[[], None]]) -> list[list[float]]:
    """The times of the answers of each station. An error in one of them ends the benchmark."""
    children = []
    for station in range(STATIONS):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            code = 1
            try:
                _station(seat(station), station, writer)
                code = 0
            finally:
                os._exit(code)
        os.close(writer)
        children.append((pid, reader))
    found = []
    for pid, reader in children:
        with os.fdopen(reader, encoding="ascii") as pipe:
            found.append([float(word) for word in pipe.read().split()])
        _, status = os.waitpid(pid, 0)
        assert status == 0, "a station failed"
    return found


def _station(commit: Callable[[], None], station: int, writer: int) -> None:
    dice = Random(station)
    sleep(1.5 + dice.random() * THINK)  # until all are seated
    times = []
    end = perf_counter() + SITTING
    while perf_counter() < end:
        start = perf_counter()
        commit()
        times.append(perf_counter() - start)
        sleep(THINK * (0.8 + 0.4 * dice.random()))
    os.write(writer, " ".join(f"{time:.6f}" for time in times).encode())


def beside_row(folder: Path) -> list[Line]:
    """An answer every 20 ms while `survey simulate --keep` fills the same database from another process."""
    file = made.written(made.plain(50), folder)
    db = folder / "shared.db"
    answers = Answers(db)
    survey = str(Path(sys.executable).with_name("survey"))
    command = [survey, "simulate", str(file), "-n", "6000", "--keep", "--force", "--db", str(db)]
    filling = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    times = []
    try:
        while filling.poll() is None:
            start = perf_counter()
            answers.commit()
            times.append(perf_counter() - start)
            sleep(0.02)
    finally:
        filling.kill()
        filling.wait()
    assert filling.returncode == 0, "the simulation failed"
    said = f"max {shown(max(times), 'ms')}, p50 {shown(median(times), 'ms')} of {len(times):,}"
    return [below("an answer beside `simulate --keep`", max(times), 0.05, said=said, goal="max ≤ 50 ms")]


ROWS = {"commit": commit_row, "stations": stations_row, "beside": beside_row}
