"""Rows of the data that go out and come in: whole processes, and a database of interviews."""

import csv
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import questionnaires as made
from benchmarks.lines import Line, Row, at_most, below, unavailable
from benchmarks.measuring import SURVEY, Usage, run_process
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.simulate.interviews.respondents import Habits, simulate_interviews
from survey_cli.store import InstrumentRow, InterviewRow, Snapshot, Store, WholeInterview
from survey_cli.store.interviews.records import InterviewOrigin
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import Missing

MANY = 100_000
FEW = 10_000
ITEMS = 50
INVENTED = 1_000
"""Interviews that differ."""

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
study = survey_cli.open(sys.argv[1], db=sys.argv[2])
frame = polars.DataFrame(study.interviews(origin="simulated"))
assert frame.height == int(sys.argv[3])
"""


def csv_row(folder: Path) -> list[Line]:
    """`survey export` of 100,000 interviews of 50 items to CSV and SPSS, against the same values
    written from one wide table: by `sqlite3 -csv`, and by polars with pyreadstat. The interviews
    are 1,000 simulated ones, repeated."""
    file = made.written(made.plain(ITEMS), folder)
    databases = {count: find_filled(folder, count) for count in (FEW, MANY)}
    write_wide_table(folder / "wide.db", databases[MANY])

    def export(count: int, name: str) -> Usage:
        db = databases[count]
        options = ["--db", str(db), "--origin", "simulated", "--force", "-o", str(folder / name)]
        return run_process([SURVEY, "export", str(file), *options])

    few = export(FEW, "few.csv")
    compared = compare_processes(
        partial(export, MANY, "ours.csv"), partial(run_process, write_by_sqlite(folder))
    )
    with (folder / "ours.csv").open(encoding="utf-8") as lines:
        assert sum(1 for _ in lines) == MANY + 1

    what = f"CSV of {MANY:,} interviews × {ITEMS} items"
    growth = compared.peak / few.peak_mib
    peak = f"{compared.peak:.0f} MiB; {growth:.2f}× as much as for {FEW:,}"
    return [
        at_most(what, compared.ours, compared.theirs, 1.8, against="`sqlite3 -csv`", unit="s"),
        below(f"{what}: peak memory", compared.peak, 64, figure=peak, goal="≤ 64 MiB"),
        compare_sav(folder, partial(export, MANY, "ours.sav")),
    ]


def write_by_sqlite(folder: Path) -> list[str]:
    """Return the command that writes the wide table as CSV: SQLite's, or the same in Python."""
    binary = shutil.which("sqlite3")
    if binary is None:
        return [sys.executable, "-c", DUMP, str(folder / "wide.db"), str(folder / "theirs.csv")]
    dump = f'"{binary}" -csv -header wide.db "SELECT * FROM wide" > theirs.csv'
    return ["/bin/sh", "-c", f'cd "{folder}" && {dump}']


class Compared(NamedTuple):
    """Medians of two programs that ran in turn."""

    ours: float
    theirs: float
    peak: float
    """Our peak memory, in MiB."""


def compare_processes(ours: partial[Usage], theirs: partial[Usage]) -> Compared:
    """Run two programs in turn, three times each."""
    own = []
    other = []
    for _ in range(3):
        own.append(ours())
        other.append(theirs())
    return Compared(
        ours=median(usage.seconds for usage in own),
        theirs=median(usage.seconds for usage in other),
        peak=max(usage.peak_mib for usage in own),
    )


def compare_sav(folder: Path, export: partial[Usage]) -> Line:
    """The same interviews as an SPSS file, which is made in memory."""
    what = f".sav of {MANY:,} interviews × {ITEMS} items"
    if find_spec("pyreadstat") is None or find_spec("polars") is None:
        return unavailable(what, "install the extra [spss]")

    command = [sys.executable, "-c", SAV, str(folder / "wide.db"), str(folder / "theirs.sav")]
    compared = compare_processes(export, partial(run_process, command))
    against = "polars and pyreadstat"
    note = f", {compared.peak:.0f} MiB"
    return at_most(what, compared.ours, compared.theirs, 1, against=against, unit="s", note=note)


def arrow_row(folder: Path) -> list[Line]:
    """The same interviews as an Arrow stream into polars, in a process that also opens the
    study."""
    what = f"Arrow stream of {MANY:,} interviews × {ITEMS} items into polars"
    peak_what = f"{what}: peak memory"
    if find_spec("pyarrow") is None or find_spec("polars") is None:
        why = "install the extra [python]"
        return [unavailable(what, why), unavailable(peak_what, why)]

    file = made.written(made.plain(ITEMS), folder)
    db = find_filled(folder, MANY)
    command = [sys.executable, "-c", ARROW, str(file), str(db), str(MANY)]
    # The first compiles what was never imported here, which takes 65 MiB.
    run_process(command)
    runs = [run_process(command) for _ in range(3)]
    took = median(usage.seconds for usage in runs)
    peak = max(usage.peak_mib for usage in runs)
    return [
        below(what, took, 2.5, figure=f"{took:.2f} s", goal="≤ 2.5 s"),
        below(peak_what, peak, 250, figure=f"{peak:.0f} MiB", goal="≤ 250 MiB"),
    ]


def report_row(folder: Path) -> list[Line]:
    """`survey report` on the same interviews by three banners, in processor time."""
    file = made.written(made.plain(ITEMS), folder)
    db = find_filled(folder, MANY)
    options = ["--db", str(db), "--origin", "simulated", "--force", "--by", "q1,q2,q3"]
    command = [SURVEY, "report", str(file), *options, "-o", str(folder / "report.html")]
    took = median(run_process(command).processor for _ in range(3))
    what = f"report of {MANY:,} interviews × {ITEMS} items by three banners"
    return [below(what, took, 5, figure=f"{took:.2f} s of processor time", goal="≤ 5 s")]


def import_answers_row(folder: Path) -> list[Line]:
    """`survey import-answers` of a CSV file of 10,000 rows of 50 answers, each checked as if it
    were keyed, in processor time with the start of the program."""
    file = made.written(made.plain(ITEMS), folder)
    write_answers(folder / "in.csv")
    mapping = folder / "map.yaml"
    mapping.write_text("key: case\n", encoding="utf-8")
    times = []
    for number in range(3):
        options = ["--map", str(mapping), "--db", str(folder / f"in{number}.db")]
        command = [SURVEY, "import-answers", str(file), str(folder / "in.csv"), *options]
        times.append(run_process(command).processor)

    took = median(times)
    what = f"`import-answers` of {FEW:,} rows × {ITEMS} answers"
    figure = f"{FEW / took:,.0f} rows per second and core"
    return [below(what, took * 1000 / FEW, 1, figure=figure, goal="≥ 1,000")]


def write_answers(target: Path) -> None:
    """Write the answers of simulated interviews, as another program would export them."""
    instrument = made.instrument(made.plain(ITEMS))
    rows = []
    for interview in invent_interviews(instrument):
        cells = [write_cell(cell) for cell in build_row(interview)]
        rows.append(cells)

    names = ["case", *(variable.name for variable in build_columns(instrument))]
    with target.open("w", newline="", encoding="utf-8") as data:
        writer = csv.writer(data)
        writer.writerow(names)
        for number, row in enumerate(islice(cycle(rows), FEW)):
            writer.writerow([f"paper {number}", *row])


def write_cell(cell: object) -> object:
    """Write a declined answer as the codes that `import-answers` reads."""
    codes = {"dk": "-8", "refused": "-9"}
    if isinstance(cell, Missing):
        return codes[cell.kind]
    return cell


def invent_interviews(instrument: Instrument) -> list[Interview]:
    """Simulate the interviews that are repeated."""
    simulated = simulate_interviews(
        instrument, count=INVENTED, seed=7, start=made.NOON, habits=Habits()
    )
    return [invented.interview for invented in simulated]


def find_filled(folder: Path, count: int) -> Path:
    """Return a database of so many interviews, which rows of one run share."""
    db = folder.parent / f"interviews-{count}.db"
    if not db.exists():
        unfinished = folder / "unfinished.db"
        fill(unfinished, count)
        unfinished.rename(db)
    return db


def fill(
    db: Path,
    count: int,
    study: str = made.plain(ITEMS),
    origin: InterviewOrigin = "simulated",
) -> None:
    """Add so many interviews with the cases `simulated 0`, `simulated 1` …, the last the newest.

    Their journals have the first and the last event only: an export reads the data rows.
    """
    instrument = made.instrument(study)
    with Store.open(db, create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
        store.interviews.add(repeat_interviews(instrument, count, origin))


def repeat_interviews(
    instrument: Instrument, count: int, origin: InterviewOrigin
) -> Iterator[WholeInterview]:
    """Yield so many interviews with the answers of the invented ones."""
    crowd = [(interview, build_row(interview)) for interview in invent_interviews(instrument)]
    for number, (interview, row) in enumerate(islice(cycle(crowd), count)):
        at = made.NOON + timedelta(seconds=number)
        record = InterviewRow(
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
        events = (interview.events[0], interview.events[-1])
        yield WholeInterview(record, events, Snapshot(2, str(RULES_VERSION), row))


WIDE = """
CREATE TABLE wide AS
SELECT i.id, i.case_key, i.number, i.origin, '1' AS version, i.status, i.outcome, i.began_at,
    i.updated_at, i.by, {columns}
FROM kept.interviews i JOIN kept.snapshots s ON s.interview = i.id
ORDER BY i.began_at
"""

WIDE_COLUMN = """
CASE json_type(s.cells, '$[{place}]')
    WHEN 'object' THEN -8 ELSE coalesce(json_extract(s.cells, '$[{place}]'), -6)
END AS "{name}"
"""


def write_wide_table(wide: Path, kept: Path) -> None:
    """Write the same data as a table with a column for each variable."""
    variables: Sequence[str] = [
        variable.name for variable in build_columns(made.instrument(made.plain(ITEMS)))
    ]
    columns = [WIDE_COLUMN.format(place=place, name=name) for place, name in enumerate(variables)]
    with sqlite3.connect(wide) as db:
        db.execute("ATTACH ? AS kept", (str(kept),))
        db.execute(WIDE.format(columns=", ".join(columns)))
    db.close()


ROWS = (
    Row("csv", csv_row),
    Row("arrow", arrow_row),
    Row("report", report_row),
    Row("import-answers", import_answers_row),
)
