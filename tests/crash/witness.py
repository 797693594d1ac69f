"""The database of a crash test, seen from outside: its journal in plain SQL, copies of its files, and whether the
program finds them whole.
"""

import json
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from crash.script import END
from survey_cli.problems import UserError
from survey_cli.services.database.administration import verify_database
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume

Entry = tuple[str, str, str]
JOURNAL = """
    SELECT j.kind, j.item, j.payload, j.at FROM journal j JOIN interviews i ON i.id = j.interview
    WHERE i.case_key = ? ORDER BY i.number, j.seq
"""


def journal(database: Path, case: str) -> list[tuple[str, str, str, str]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(JOURNAL, (case,)).fetchall()


def missing(entries: Sequence[Entry], rows: Sequence[tuple[str, str, str, str]]) -> list[Entry]:
    """The entries that the journal does not hold, in their order."""
    lost, after = [], 0
    for kind, item, value in entries:
        for at in range(after, len(rows)):
            row = rows[at]
            if (
                row[0] == kind
                and row[1] == item
                and value in json.dumps(json.loads(row[2] or "null"))
            ):
                after = at + 1
                break
        else:
            lost.append((kind, item, value))
    return lost


def is_open(database: Path, case: str) -> bool:
    """Whether the case's interview is open, as one that was killed at its closing review is."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        rows = connection.execute(
            "SELECT status FROM interviews WHERE case_key = ?", (case,)
        ).fetchall()
    return rows == [("open",)]


def backwards(rows: Sequence[tuple[str, str, str, str]]) -> int:
    """How often the journal's times run backwards."""
    return sum(a[3] > b[3] for a, b in pairwise(rows))


def copied(database: Path, to: Path, *, index: bool) -> Path:
    """The files as they are on the disk now; `index` says whether the -shm goes along, which no power cut leaves."""
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for ending in ("", "-wal", *(("-shm",) if index else ())):
        source = Path(f"{database}{ending}")
        if source.exists():
            shutil.copyfile(source, to / source.name)
    return to / database.name


def findings(instrument: Path, database: Path) -> list[str]:
    """What `survey db verify` finds."""
    try:
        return list(verify_database(instrument, db=str(database)).findings)
    except UserError as error:
        return [str(error)]


def resumes_at(instrument: Path, database: Path, case: str) -> str:
    """The item at which the program goes on with a case of a copied database; or why it does not."""
    desk = start_or_resume(
        instrument, StartOptions(case=case, interviewer="witness", db=str(database))
    )
    if not isinstance(desk, InterviewSession):
        return str(desk)
    try:
        prompt = desk.prompt()
        return str(prompt.place) if prompt is not None else END
    finally:
        desk.close()
