"""Row of the migration: unfinished interviews taken to another version, whole processes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from benchmarks import questionnaires as made
from benchmarks.measuring import Line, below
from survey_cli.engine.events import InterviewStarted, InterviewSuspended
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.store import InstrumentRow, InterviewRow, Snapshot, Store, WholeInterview
from survey_cli.table.columns import build_row

MANY, ITEMS, ANSWERED = 100_000, 30, 20


def migrate_row(folder: Path, count: int = MANY) -> list[Line]:
    """Interviews of 20 answers; the new version has a question more at its beginning, and another label."""
    file = made.written(made.plain(ITEMS), folder)
    instrument = made.instrument(file.read_text())
    (folder / "responses").mkdir()
    with Store.open(folder / "responses" / "plain_30.db", create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
        store.interviews.add(_suspended(instrument, count))
    survey = str(Path(sys.executable).with_name("survey"))
    new = file.read_text().replace("items:\n", "items:\n  - {id: new, type: text, text: New?}\n", 1)
    file.write_text(new.replace('version: "1"', 'version: "2"').replace("5: Five, end-00003", "5: Any, end-00003"))
    subprocess.run([survey, "check", file, "--accept", "q3", "--reason", "bench"], check=True, capture_output=True)
    start = perf_counter()
    subprocess.run([survey, "case", "migrate", file], check=True, capture_output=True)
    took = perf_counter() - start
    what = f"`case migrate` of {count:,} interviews of {ANSWERED} answers"
    return [below(what, took, 60, said=f"{took:.1f} s", goal="≤ 60 s")]


def _suspended(instrument: Instrument, count: int) -> Iterator[WholeInterview]:
    suspended = made.answered(instrument, ANSWERED).step(InterviewSuspended(made.STAMP))
    assert isinstance(suspended, Interview)
    began, *events = suspended.events
    assert isinstance(began, InterviewStarted)
    snapshot = Snapshot(suspended.seq, str(RULES_VERSION), build_row(suspended))
    for number in range(count):
        row = InterviewRow(
            id=f"interview {number}", case=f"unit {number}", instrument=instrument.hash, began_at=made.NOON,
            by="bench", updated_at=made.NOON, status="suspended", last_seq=suspended.seq,
            at_item=str(suspended.place), answered=ANSWERED,
        )  # fmt: skip
        yield WholeInterview(row, [began._replace(case=row.case), *events], snapshot)


ROWS = {"migrate": migrate_row}
