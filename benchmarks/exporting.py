"""Rows of the data that go out and come in: whole processes, and a database of interviews with snapshots."""

import csv
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import questionnaires as made
from benchmarks.measuring import Line, at_most, below, later
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.store import InstrumentRow, InterviewRow, Snapshot, Store, WholeInterview
from survey_cli.store.interviews.records import InterviewOrigin
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import Missing

MANY, FEW, ITEMS = 100_000, 10_000, 50
DUMP = """
import csv, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
found = db.execute("SELECT * FROM wide")
with open(sys.argv[2], "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow([column[0] for column in found.description])
    writer.writerows(found)
"""

SAV = """
import sqlite3, sys
import polars, pyreadstat
frame = polars.read_database("SELECT * FROM wide", sqlite3.connect(sys.argv[1]))
pyreadstat.write_sav(frame, sys.argv[2])
"""


ARROW = """
import sys
import polars, survey_cli
frame = polars.DataFrame(survey_cli.open(sys.argv[1], db=sys.argv[2]).interviews(origin="simulated"))
assert frame.height == int(sys.argv[3])
"""


def csv_row(folder: Path) -> list[Line]:
    """100,000 interviews: the answers of 1,000 simulated ones, a hundred times. Their journals are cut to the first and
    the last event: an export from snapshots does not read them."""
    file = made.written(made.plain(ITEMS), folder)
    for count in (FEW, MANY):
        _filled(folder / f"{count}.db", count)
    _wide(folder / "wide.db", folder / f"{MANY}.db")
    survey = str(Path(sys.executable).with_name("survey"))

    def ours(count: int) -> Usage:
        return _process([*_export(survey, file, folder / f"{count}.db"), "-o", str(folder / "ours.csv")])

    def theirs() -> Usage:
        if binary := shutil.which("sqlite3"):
            command = f'"{binary}" -csv -header wide.db "SELECT * FROM wide" > theirs.csv'
            return _process(["/bin/sh", "-c", f'cd "{folder}" && {command}'])
        return _process([sys.executable, "-c", DUMP, str(folder / "wide.db"), str(folder / "theirs.csv")])

    times: tuple[list[float], list[float]] = ([], [])
    few = ours(FEW).peak
    most = 0
    for _ in range(3):
        usage = ours(MANY)
        times[0].append(usage.seconds)
        times[1].append(theirs().seconds)
        most = max(most, usage.peak)
    with (folder / "ours.csv").open(encoding="utf-8") as lines:
        assert sum(1 for _ in lines) == MANY + 1
    against = "`sqlite3 -csv` on an equal wide table" if shutil.which("sqlite3") else "sqlite3 and csv of Python"
    peak_said = f"{most / 1024:.0f} MiB ({few / 1024:.0f} MiB with {FEW:,})"
    return [
        at_most(f"CSV of {MANY:,} interviews × {ITEMS} items", *map(median, times), 1.8, against=against, unit="s"),
        below("peak memory of that", most / 1024, 64, said=peak_said, goal="≤ 64 MiB"),
        below(
            f"growth of the peak from {FEW:,} to {MANY:,}",
            most / few,
            1.05,
            said=f"{most / few:.2f}×",
            goal="flat",
        ),
        _sav_row(folder, [*_export(survey, file, folder / f"{MANY}.db"), "-o", str(folder / "ours.sav")]),
    ]


def _export(survey: str, file: Path, db: Path) -> list[str]:
    """The command, but for the file it writes."""
    return [survey, "export", str(file), "--db", str(db), "--origin", "simulated", "--force"]


def _sav_row(folder: Path, ours: list[str]) -> Line:
    """The same interviews as an SPSS file."""
    if find_spec("pyreadstat") is None or find_spec("polars") is None:
        return later(".sav", "≤ 1×", "needs the extra [spss]")
    theirs = [sys.executable, "-c", SAV, str(folder / "wide.db"), str(folder / "theirs.sav")]
    times: tuple[list[float], list[float]] = ([], [])
    most = 0
    for _ in range(3):
        usage = _process(ours)
        times[0].append(usage.seconds)
        times[1].append(_process(theirs).seconds)
        most = max(most, usage.peak)
    name = f".sav of the same, all in memory ({most / 1024:.0f} MiB)"
    return at_most(name, *map(median, times), 1, against="the wide table, polars and pyreadstat", unit="s")


def arrow_row(folder: Path) -> list[Line]:
    """The same interviews as an Arrow stream into polars, in a process that also opens the study."""
    what = f"Arrow stream of {MANY:,} interviews × {ITEMS} items into polars"
    if find_spec("pyarrow") is None or find_spec("polars") is None:
        return [later(what, "≤ 2.5 s", "needs the extra [python]")]
    file = made.written(made.plain(ITEMS), folder)
    _filled(folder / f"{MANY}.db", MANY)
    command = [sys.executable, "-c", ARROW, str(file), str(folder / f"{MANY}.db"), str(MANY)]
    _process(command)  # compiles what was never imported here, which takes 65 MiB
    runs = [_process(command) for _ in range(3)]
    took, most = median(usage.seconds for usage in runs), max(usage.peak for usage in runs) / 1024
    return [
        below(what, took, 2.5, said=f"{took:.2f} s", goal="≤ 2.5 s"),
        below("peak memory of that", most, 250, said=f"{most:.0f} MiB", goal="≤ 250 MiB"),
    ]


def import_row(folder: Path) -> list[Line]:
    """A CSV file of interviews as the answers of others, each through the engine with all checks."""
    file = made.written(made.plain(ITEMS), folder)
    instrument = made.instrument(made.plain(ITEMS))
    names = ["case", *(variable.name for variable in build_columns(instrument))]
    crowd = _invent(instrument)
    kinds = {"dk": "-8", "refused": "-9"}
    rows = [[kinds[cell.kind] if isinstance(cell, Missing) else cell for cell in build_row(one)] for one in crowd]
    with (folder / "in.csv").open("w", newline="", encoding="utf-8") as data:
        writer = csv.writer(data)
        writer.writerow(names)
        writer.writerows([f"paper {number}", *row] for number, row in enumerate(islice(cycle(rows), FEW)))
    (folder / "map.yaml").write_text("key: case\n", encoding="utf-8")
    survey = str(Path(sys.executable).with_name("survey"))
    times = []
    for number in range(3):
        command = [survey, "import-answers", str(file), str(folder / "in.csv"), "--map", str(folder / "map.yaml")]
        times.append(_process([*command, "--db", str(folder / f"in{number}.db")]).processor)
    took = median(times)
    what = f"`import-answers`, {FEW:,} rows of {ITEMS} answers, with its start"
    return [below(what, took * 1000 / FEW, 1, said=f"{FEW / took:,.0f} rows per second and core", goal="≥ 1,000")]


def report_row(folder: Path) -> list[Line]:
    """The same interviews as a report by three banners, in processor time: other programs do not count."""
    file = made.written(made.plain(ITEMS), folder)
    _filled(folder / f"{MANY}.db", MANY)
    survey = str(Path(sys.executable).with_name("survey"))
    command = [survey, "report", str(file), "--db", str(folder / f"{MANY}.db"), "--origin", "simulated", "--force"]
    command += ["--by", "q1,q2,q3", "-o", str(folder / "report.html")]
    took = median(_process(command).processor for _ in range(3))
    what = f"report of {MANY:,} interviews × {ITEMS} items by three banners"
    return [below(what, took, 5, said=f"{took:.2f} s of processor", goal="≤ 5 s")]


LAUNCH = """
import os, sys, time
start = time.perf_counter()
pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process between, since a child's peak memory is never below that of the process it was forked from."""


class Usage(NamedTuple):
    """What a whole process took."""

    seconds: float
    processor: float
    """Seconds of all its cores."""
    peak: int
    """Its peak memory, in KiB."""


def _process(command: list[str]) -> Usage:
    """Run a whole process."""
    child = [sys.executable, "-S", "-c", LAUNCH, *command]
    said = subprocess.run(child, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    seconds, processor, kibibytes = said.stdout.split()[-3:]
    return Usage(float(seconds), float(processor), int(kibibytes))


def _invent(instrument: Instrument) -> list[Interview]:
    """1,000 simulated interviews."""
    crowd = simulate_interviews(instrument, count=1000, seed=7, start=made.NOON, habits=Habits())
    return [invented.interview for invented in crowd]


def _filled(db: Path, count: int, study: str = made.plain(ITEMS), origin: InterviewOrigin = "simulated") -> None:
    """Add so many interviews with the cases `simulated 0`, `simulated 1` …, the last of them the newest."""
    instrument = made.instrument(study)
    crowd = _invent(instrument)
    rows = [build_row(interview) for interview in crowd]

    def wholes() -> Iterator[WholeInterview]:
        for number, (interview, row) in enumerate(islice(cycle(zip(crowd, rows, strict=True)), count)):
            at = made.NOON + timedelta(seconds=number)
            whole = InterviewRow(
                id=f"{number:08x}-0000-4000-8000-{number:012x}",
                case=f"simulated {number}",
                instrument=instrument.hash,
                began_at=at,
                by="simulated",
                updated_at=at,
                origin=origin,
                status="ended",
                outcome="complete",
                last_seq=2,
                answered=interview.answer_count,
            )
            yield WholeInterview(
                whole, (interview.events[0], interview.events[-1]), Snapshot(2, str(RULES_VERSION), row)
            )

    with Store.open(db, create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
        store.interviews.add(wholes())


def _wide(wide: Path, kept: Path) -> None:
    """The same data as a table with a column for each: what `sqlite3 -csv` writes out."""
    names = [variable.name for variable in build_columns(made.instrument(made.plain(ITEMS)))]
    admin = "i.id, i.case_key, i.number, i.origin, '1' AS version, i.status, i.outcome, i.began_at, i.updated_at, i.by"
    data = ", ".join(
        f"CASE json_type(s.cells, '$[{n}]') WHEN 'object' THEN -8 ELSE coalesce(json_extract(s.cells, '$[{n}]'), -6) END"
        f' AS "{name}"'
        for n, name in enumerate(names)
    )
    with sqlite3.connect(wide) as db:
        db.execute("ATTACH ? AS kept", (str(kept),))
        db.execute(
            f"CREATE TABLE wide AS SELECT {admin}, {data} FROM kept.interviews i "
            "JOIN kept.snapshots s ON s.interview = i.id ORDER BY i.began_at"
        )
    db.close()


ROWS = {"csv": csv_row, "arrow": arrow_row, "report": report_row, "import-answers": import_row}
