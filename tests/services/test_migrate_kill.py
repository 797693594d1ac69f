"""A migration that is killed, or run twice at once, leaves each interview wholly migrated or not at all."""

import signal
import sqlite3
import time
from pathlib import Path

import pytest

from support.forked_survey import start_forked_survey
from support.programs import Program
from support.shift import TUESDAY
from survey_cli.engine.events import (
    EventStamp,
    InterviewStarted,
    InterviewSuspended,
    QuestionAnswered,
    SessionContext,
)
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.services.cases import interview_migration
from survey_cli.services.database.administration import verify_database
from survey_cli.store import InstrumentRow, InterviewRow, Snapshot, Store, WholeInterview
from survey_cli.table.columns import build_row
from survey_cli.values import Place

COUNT = 1_000
TEXT = 'instrument: k\ntitle: K\nversion: "1"\nitems:\n' + "".join(
    f"  - {{id: q{n}, type: text, text: Question {n}}}\n" for n in range(1, 8)
)


@pytest.fixture(name="file")
def a_file(tmp_path: Path) -> Path:
    file = tmp_path / "k.yaml"
    file.write_text(TEXT)
    instrument = open_instrument(str(file))
    stamp = EventStamp(TUESDAY, "ann", "s1")
    now = Interview.begin(
        instrument,
        InterviewStarted(
            stamp, instrument.hash, 1, "", TUESDAY.date(), SessionContext("A", "morning", "en")
        ),
    )
    for event in (
        *(QuestionAnswered(stamp, Place(f"q{n}"), f"answer {n}") for n in (1, 2, 3)),
        InterviewSuspended(stamp),
    ):
        now = now.step(event)  # type: ignore[assignment]
    began, *events = now.events
    (tmp_path / "responses").mkdir()
    with Store.open(tmp_path / "responses" / "k.db", create=True) as store:
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=TUESDAY))
        store.interviews.add(
            WholeInterview(
                InterviewRow(
                    id=f"i{number}", case=f"case {number}", instrument=instrument.hash, began_at=TUESDAY, by="ann",
                    updated_at=TUESDAY, status="suspended", last_seq=now.seq, at_item="q4", answered=3,
                ),
                [began._replace(case=f"case {number}"), *events],
                Snapshot(now.seq, str(RULES_VERSION), build_row(now)),
            )
            for number in range(COUNT)
        )  # fmt: skip
    file.write_text(
        TEXT.replace('"1"', '"2"').replace(
            "items:\n", "items:\n  - {id: new, type: text, text: New?}\n"
        )
    )
    return file


def state(file: Path) -> set[tuple[str, int, str, int, int]]:
    """What interviews look like: version, number of events, item, and what the journal and the snapshot end with."""
    with sqlite3.connect(file.parent / "responses" / "k.db") as db:
        return set(
            db.execute("""
                SELECT n.version, i.last_seq, i.at_item, s.seq, (SELECT count(*) FROM journal j WHERE j.interview = i.id)
                FROM interviews i JOIN instruments n ON n.hash = i.instrument JOIN snapshots s ON s.interview = i.id
            """)
        )


OLD, NEW = ("1", 5, "q4", 5, 5), ("2", 6, "new", 6, 6)


def migrating(file: Path) -> Program:
    return start_forked_survey("case", "migrate", str(file))


def test_a_killed_migration_leaves_each_interview_migrated_or_not_and_is_run_again(
    file: Path,
) -> None:
    partly = 0
    for wait in (0.0, 0.15, 0.3, 0.1, 0.2):
        process = migrating(file)
        before = len(state(file))
        deadline = time.monotonic() + 60
        while process.poll() is None and len(state(file)) == before and time.monotonic() < deadline:
            time.sleep(0.01)  # until it has written something
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = state(file)
        assert found <= {OLD, NEW}
        partly += found == {OLD, NEW}
        if found == {NEW}:
            break
    assert partly
    assert verify_database(file).findings == ()
    assert migrating(file).wait() == 0
    assert state(file) == {NEW}
    assert verify_database(file).findings == ()


def test_two_migrations_at_once_migrate_each_interview_once(file: Path) -> None:
    processes = [migrating(file), migrating(file)]
    assert {process.wait() for process in processes} <= {0, 1}
    assert state(file) == {NEW}
    assert verify_database(file).findings == ()


def test_many_interviews_are_migrated_by_several_processes(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interview_migration, "CHUNK_SIZE", 250)
    reports: list[tuple[int, int]] = []
    request = interview_migration.Request(path=str(file), at=TUESDAY)
    done = interview_migration.migrate_interviews(
        request, (), progress=lambda *report: reports.append(report)
    )
    assert (len(done.cases), done.skipped, reports[-1]) == (COUNT, (), (COUNT, COUNT))
    assert state(file) == {NEW}
