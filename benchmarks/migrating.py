"""Row of the migration: unfinished interviews taken to another version, whole processes."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks import questionnaires as made
from benchmarks.lines import Line, Row, below
from benchmarks.measuring import SURVEY, run, run_process
from survey_cli.engine.events import InterviewStarted, InterviewSuspended
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.store import InstrumentRow, InterviewRow, Snapshot, Store, WholeInterview
from survey_cli.table.columns import build_row

MANY = 100_000
ITEMS = 30
ANSWERED = 20


def migrate_row(folder: Path) -> list[Line]:
    """`survey case migrate` of 100,000 interviews of 20 answers to a version that has a further
    question at its beginning, and another label."""
    file = made.written(made.plain(ITEMS), folder)
    text = file.read_text(encoding="utf-8")
    instrument = made.instrument(text)
    (folder / "responses").mkdir()
    with Store.open(folder / "responses" / f"{file.stem}.db", create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=made.NOON))
        store.interviews.add(suspend_interviews(instrument, MANY))

    text = text.replace("items:\n", "items:\n  - {id: new, type: text, text: New?}\n", 1)
    text = text.replace('version: "1"', 'version: "2"')
    text = text.replace("5: Five, end-00003", "5: Any, end-00003")
    file.write_text(text, encoding="utf-8")
    run([SURVEY, "check", str(file), "--accept", "q3", "--reason", "bench"])
    took = run_process([SURVEY, "case", "migrate", str(file)]).seconds
    what = f"`case migrate` of {MANY:,} interviews of {ANSWERED} answers"
    return [below(what, took, 60, figure=f"{took:.1f} s", goal="≤ 60 s")]


def suspend_interviews(instrument: Instrument, count: int) -> Iterator[WholeInterview]:
    """Make so many suspended interviews, all with the same answers."""
    suspended = made.answered(instrument, ANSWERED).step(InterviewSuspended(made.STAMP))
    assert isinstance(suspended, Interview)
    began, *events = suspended.events
    assert isinstance(began, InterviewStarted)
    snapshot = Snapshot(suspended.seq, str(RULES_VERSION), build_row(suspended))
    for number in range(count):
        row = InterviewRow(
            id=f"interview {number}",
            case=f"unit {number}",
            instrument=instrument.hash,
            began_at=made.NOON,
            by="bench",
            updated_at=made.NOON,
            status="suspended",
            last_seq=suspended.seq,
            at_item=str(suspended.place),
            answered=ANSWERED,
        )
        yield WholeInterview(row, [began._replace(case=row.case), *events], snapshot)


ROWS = (Row("migrate", migrate_row, by_name=True),)
