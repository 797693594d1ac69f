"""Rows of the interviewer's screen: whole processes, in pseudo-terminals, with a real database."""

import json
import sqlite3
import sys
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from benchmarks import questionnaires as made
from benchmarks.lines import Line, Row, at_most, below, format_time
from benchmarks.measuring import (
    SURVEY,
    by_turns,
    high,
    medians,
    read_private_memory,
    run,
    time_call,
)
from benchmarks.peers.commits import Commits
from benchmarks.terminal import Terminal
from survey_cli.engine.interview import Interview
from survey_cli.store import InstrumentRow, InterviewRow, Store, WholeInterview

PEERS = Path(__file__).parent / "peers"
INSTRUMENTS = Path(__file__).parents[1] / "instruments"

LEFT = "\x1b[D"
KEYS = 200
"""Keys that are measured."""
WARM_UP = 20
"""Keys before them."""

FRAME = 0.020
"""Textual paints 60 times a second at most: a key sooner than this after the last one would
measure the wait for the next picture, in ours as in the peer."""


def peer(name: str) -> list[str]:
    return [sys.executable, str(PEERS / f"{name}.py")]


def interview(file: Path, folder: Path, case: str) -> list[str]:
    """Return the command of an interview in the questionnaire's database."""
    db = folder / f"{file.stem}.db"
    options = ["--case", case, "--db", str(db), "--interviewer", "bench"]
    return [SURVEY, "interview", str(file), *options]


def help_row(folder: Path) -> list[Line]:
    """`survey --help`, against that of a minimal Typer app."""
    ours, theirs = medians(
        15,
        partial(run, [SURVEY, "--help"]),
        partial(run, [*peer("typed"), "--help"]),
    )
    return [at_most("`survey --help`", ours, theirs, 1.2, against="a minimal Typer app")]


def first_row(folder: Path) -> list[Line]:
    """From the command to the first of 50 questions, for a new case in a database that exists,
    against an app that imports the same libraries and shows one text."""
    file = made.written(made.plain(50), folder)

    def open_screen(command: list[str]) -> float:
        with Terminal(command) as terminal:
            return terminal.until(made.mark(1)) - terminal.started

    def ours() -> float:
        return open_screen(interview(file, folder, str(uuid4())))

    def theirs() -> float:
        return open_screen(peer("imports"))

    # The database is created.
    ours()
    took, bare = medians(11, ours, theirs)
    against = "an app with the same libraries"
    return [at_most("first question on the screen", took, bare, 1.25, against=against)]


def key_row(folder: Path) -> list[Line]:
    """From a key to the last line of the next question, the answer being on the disk by then,
    against a minimal Textual app that stores nothing. Two screens at once get keys in turn."""
    file = made.written(made.plain(500), folder)
    with Terminal(interview(file, folder, "key")) as ours, Terminal(peer("screen")) as theirs:
        for terminal in (ours, theirs):
            terminal.until(made.mark(1))
            terminal.rest(0.3)

        times: dict[Terminal, list[float]] = {ours: [], theirs: []}
        for number in range(1, WARM_UP + KEYS + 1):
            for terminal, kept in times.items():
                terminal.rest(FRAME)
                kept.append(terminal.key(str(made.code(number)), made.mark(number + 1)))

    check_as_keyed(folder / f"{file.stem}.db", WARM_UP + KEYS)
    own = times[ours][WARM_UP:]
    bare = times[theirs][WARM_UP:]
    against = "a minimal Textual app"
    what = "key to next question painted"
    return [
        at_most(f"{what}, median", median(own), median(bare), 1.3, against=against),
        at_most(f"{what}, 95th percentile", high(own), high(bare), 2, against=against),
    ]


def check_as_keyed(db: Path, count: int) -> None:
    """Check that the answers are in the journal as they were keyed, each at its own question."""
    query = "SELECT item, payload FROM journal WHERE kind = 'answered' ORDER BY seq"
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as connection:
        rows = connection.execute(query).fetchall()
    connection.close()

    kept = [(item, json.loads(payload)["value"]) for item, payload in rows]
    keyed = [(f"q{number}", made.code(number)) for number in range(1, count + 1)]
    right = sum(one == other for one, other in zip(kept, keyed, strict=False))
    assert kept == keyed, f"{right} of {count} answers are where they were keyed, {len(kept)} kept"


def depth_row(folder: Path) -> list[Line]:
    """A key at item 3,000 of 3,000, against one at item 3 of 30: to and fro between an item and
    the one before."""
    with (
        Terminal(_suspend_at(30, 2, folder)) as near,
        Terminal(_suspend_at(3000, 2999, folder)) as far,
    ):
        for terminal, at in ((near, 2), (far, 2999)):
            terminal.until(made.mark(at))
            terminal.rest(0.3)

        def go(terminal: Terminal, at: int) -> float:
            took = terminal.key("3", made.mark(at + 1))
            terminal.key(LEFT, made.mark(at))
            return took

        early, late = by_turns(40, partial(go, near, 2), partial(go, far, 2999))

    what = "key at item 3,000 of 3,000"
    return [at_most(what, median(late), median(early), 1.15, against="item 3 of 30")]


def _suspend_at(count: int, at: int, folder: Path) -> list[str]:
    """Store an interview that waits at an item; return the command that resumes it."""
    file = made.written(made.plain(count), folder)
    instrument = made.instrument(made.plain(count))
    _store(folder / f"{file.stem}.db", made.answered(instrument, at - 1))
    return interview(file, folder, "deep")


def _store(db: Path, interview: Interview) -> None:
    """Put an interview aside where it is."""
    with Store.open(db, create=True) as store:
        store.data.add_instrument(
            InstrumentRow.from_instrument(interview.instrument, kept_at=made.NOON)
        )
        row = InterviewRow(
            id=str(uuid4()),
            case="deep",
            instrument=interview.instrument.hash,
            began_at=made.NOON,
            by="bench",
            updated_at=made.NOON,
            last_seq=interview.seq,
            at_item=str(interview.place),
            answered=interview.answer_count,
        )
        store.interviews.add([WholeInterview(row, interview.events)])


def ahead_row(folder: Path) -> list[Line]:
    """60 keys at once, five times over. The journal is read afterwards: every answer must be where
    it was keyed."""
    count = 60
    rounds = 5
    file = made.written(made.plain(400), folder)
    raw = Commits(folder / "raw.db")
    times = []
    commits = []
    with Terminal(interview(file, folder, "ahead")) as terminal:
        terminal.until(made.mark(1))
        terminal.rest(0.3)
        for number in range(rounds):
            first = number * count + 1
            keys = "".join(str(made.code(n)) for n in range(first, first + count))
            start = perf_counter()
            terminal.key(keys, made.mark(first + count))
            times.append((perf_counter() - start) / count)
            commits += [time_call(raw.commit) for _ in range(count)]

    check_as_keyed(folder / f"{file.stem}.db", count * rounds)
    took = median(times)
    commit = format_time(median(commits), "ms")
    keyed = f"{count * rounds} of {count * rounds} in place"
    figure = f"{format_time(took, 'ms')} per key, {keyed}; a bare commit {commit}"
    what = "60 keys typed ahead, five times"
    return [below(what, took, 0.003, figure=figure, goal="≤ 3 ms, all in place")]


def memory_row(folder: Path) -> list[Line]:
    """Private memory of a station on the full screen, with a case, after ten questions and a
    list."""
    file = str(INSTRUMENTS / "asu_2000.yaml")
    units = str(INSTRUMENTS / "asu_2000_units.csv")
    db = str(folder / "memory.db")
    run([SURVEY, "sample", "import", file, units, "--db", db])
    with Terminal([SURVEY, "station", file, "--db", db, "--interviewer", "bench"]) as terminal:
        terminal.until("No answer")
        terminal.rest(0.5)
        for keys in ("i", "\r", "1", "1", *"1234123412", "\x1bOR", "\x1b", "\x03", "y"):
            terminal.key(keys, "")
            terminal.rest(0.2)
        private = read_private_memory(terminal.pid) / 1024

    what = "private memory of a station"
    return [below(what, private, 60, figure=f"{private:.0f} MiB", goal="≤ 60 MiB")]


ROWS = (
    Row("first", first_row),
    Row("key", key_row),
    Row("depth", depth_row),
    Row("ahead", ahead_row),
    Row("memory", memory_row),
    Row("help", help_row),
)
