"""Rows of the interviewer's screen: whole processes, in pseudo-terminals of 80×24, with the real database."""

import json
import sqlite3
import sys
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from benchmarks import questionnaires as made
from benchmarks.measuring import Line, at_most, below, by_turns, each, high, medians, run, shown
from benchmarks.peers.stations import Commits
from benchmarks.terminal import Terminal
from survey_cli.engine.interview import Interview
from survey_cli.store import InstrumentRow, InterviewRow, Store, WholeInterview

SURVEY = str(Path(sys.executable).with_name("survey"))
PEERS = Path(__file__).parent / "peers"
LEFT = "\x1b[D"
KEYS = 200
FRAME = 0.020
"""Textual paints 60 times a second at most: a key sooner than this after the last one would measure the wait for the next
picture, in ours as in the peer."""


def peer(name: str) -> list[str]:
    return [sys.executable, str(PEERS / f"{name}.py")]


def interview(file: Path, folder: Path, case: str) -> list[str]:
    db = folder / f"{file.stem}.db"
    return [SURVEY, "interview", str(file), "--case", case, "--db", str(db), "--interviewer", "bench"]


def help_row(folder: Path) -> list[Line]:
    ours, theirs = medians(15, lambda: run([SURVEY, "--help"]), lambda: run([*peer("typed"), "--help"]))
    return [at_most("`survey --help`", ours, theirs, 1.2, against="a minimal Typer app")]


def first_row(folder: Path) -> list[Line]:
    """The database exists; each round is a new case of a 50-item instrument."""
    file = made.written(made.plain(50), folder)

    def opened(command: list[str]) -> float:
        with Terminal(command) as terminal:
            return terminal.until(made.mark(1)) - terminal.started

    opened(interview(file, folder, "0"))
    ours, theirs = medians(15, lambda: opened(interview(file, folder, str(uuid4()))), lambda: opened(peer("imports")))
    against = "an app using typer, textual, pydantic, sqlite3, yaml"
    return [at_most("first question on the screen", ours, theirs, 1.25, against=against)]


def key_row(folder: Path) -> list[Line]:
    """Two screens at once, a key to each by turns."""
    file = made.written(made.plain(500), folder)
    with Terminal(interview(file, folder, "key")) as ours, Terminal(peer("screen")) as theirs:
        for terminal in (ours, theirs):
            terminal.until(made.mark(1))
            terminal.rest(0.3)
        number = 1

        def press() -> None:
            nonlocal number
            key, awaited = str(made.code(number)), made.mark(number + 1)
            for terminal, taken in ((ours, times[0]), (theirs, times[1])):
                terminal.rest(FRAME)
                taken.append(terminal.key(key, awaited))
            number += 1

        times: list[list[float]] = [[], []]
        for _ in range(20):
            press()
        times = [[], []]
        for _ in range(KEYS):
            press()
    _as_keyed(folder / f"{file.stem}.db", number - 1)
    against = "a minimal Textual app that only updates statics"
    p50 = at_most("key → next question painted: p50", median(times[0]), median(times[1]), 1.3, against=against)
    return [
        p50,
        at_most("key → next question painted: p95", high(times[0]), high(times[1]), 2, against=against),
    ]


def _as_keyed(db: Path, count: int) -> int:
    """How many of the first `count` answers stand as they were keyed; the others would be lost or on the wrong item."""
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as found:
        rows = found.execute("SELECT item, payload FROM journal WHERE kind = 'answered' ORDER BY seq").fetchall()
    found.close()
    kept = [(item, json.loads(payload)["value"]) for item, payload in rows]
    wanted = [(f"q{n}", made.code(n)) for n in range(1, count + 1)]
    right = sum(one == other for one, other in zip(kept, wanted, strict=False))
    assert right == count == len(kept), f"{right} of {count} answers are where they were keyed, {len(kept)} kept"
    return right


def depth_row(folder: Path) -> list[Line]:
    """To and fro between an item and the one before, early in a short interview and at the end of a long one."""
    commands = []
    for count, at in ((30, 2), (3000, 2999)):
        file = made.written(made.plain(count), folder)
        commands.append((interview(file, folder, "deep"), at))
        _stored(folder / f"{file.stem}.db", file, made.answered(made.instrument(made.plain(count)), at - 1))
    (short, early), (long, late) = commands
    with Terminal(short) as near, Terminal(long) as far:
        for terminal, at in ((near, early), (far, late)):
            terminal.until(made.mark(at))
            terminal.rest(0.3)

        def there(terminal: Terminal, at: int) -> float:
            took = terminal.key("3", made.mark(at + 1))
            terminal.key(LEFT, made.mark(at))
            return took

        times = by_turns(60, lambda: there(near, early), lambda: there(far, late))
    what = "key at item 3,000 of 3,000 against item 3 of 30"
    return [at_most(what, median(times[1]), median(times[0]), 1.15, against="itself")]


def _stored(db: Path, file: Path, interview: Interview) -> None:
    """An interview put aside where it stands."""
    with Store.open(db, create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(interview.instrument, kept_at=made.NOON))
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
    """60 keys in one go, five times over; then the journal is read: is each answer where it was keyed?"""
    count, rounds = 60, 5
    file = made.written(made.plain(400), folder)
    times: list[float] = []
    synced: list[float] = []
    raw = each(1, Commits(folder / "raw.db").commit)
    with Terminal(interview(file, folder, "ahead")) as terminal:
        terminal.until(made.mark(1))
        terminal.rest(0.3)
        for number in range(rounds):
            first = number * count + 1
            keys = "".join(str(made.code(n)) for n in range(first, first + count))
            start = perf_counter()
            terminal.key(keys, made.mark(first + count))
            times.append((perf_counter() - start) / count)
            synced += [raw() for _ in range(count)]
    right = _as_keyed(folder / f"{file.stem}.db", count * rounds)
    took = median(times)
    return [
        below(
            f"{count} keys typed ahead, {rounds} times ({right} of {count * rounds} answers in their place)",
            took,
            0.003,
            said=f"{shown(took, 'ms')} a key (a raw commit: {shown(median(synced), 'ms')})",
            goal="all, ≤ 3 ms a key",
        )
    ]


def memory_row(folder: Path) -> list[Line]:
    """Private memory of a station on the full screen: with a case, after an interview of ten questions and a list."""
    instruments = Path(__file__).parents[1] / "instruments"
    file, db = str(instruments / "asu_2000.yaml"), str(folder / "memory.db")
    run([SURVEY, "sample", "import", file, str(instruments / "asu_2000_units.csv"), "--db", db])
    with Terminal([SURVEY, "station", file, "--db", db, "--interviewer", "bench"]) as terminal:
        terminal.until("No answer")
        terminal.rest(0.5)
        for keys in ("i", "\r", "1", "1", *"1234123412", "\x1bOR", "\x1b", "\x03", "y"):
            terminal.key(keys, "")
            terminal.rest(0.2)
        pages = Path(f"/proc/{terminal.pid}/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in pages if line.startswith("Private_")) / 1024
    return [below("private memory of a station", private, 60, said=f"{private:.0f} MiB", goal="≤ 60 MiB")]


ROWS = {
    "help": help_row,
    "first": first_row,
    "key": key_row,
    "depth": depth_row,
    "ahead": ahead_row,
    "memory": memory_row,
}
