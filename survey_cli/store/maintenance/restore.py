"""Restoring a database file from a backup: the backup is copied and checked, the replaced files are kept beside.

It never deletes what anybody answered, and changes nothing while anybody has the file open.
"""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from survey_cli.engine.codec import decode_moment
from survey_cli.store.backends import open_database
from survey_cli.store.backends.errors import StoreError
from survey_cli.store.backends.sqlite.database_files import (
    GROUPS_FILE,
    UNFINISHED,
    shared_by_group,
    sync_folder,
)

SHARED_BYTES: Final = (0x40000002, 510)
"""Where SQLite locks a file that it has open (first byte, length): see its file format."""
LOGS: Final = ("-wal", "-journal")
BESIDE: Final = (*LOGS, "-shm")
"""What SQLite keeps beside a database, by the end of its name."""

NOT_THERE: Final = """
    SELECT
        (SELECT count(*) FROM replaced.interviews r
            WHERE NOT EXISTS (SELECT 1 FROM main.interviews m WHERE m.id = r.id)),
        (SELECT count(*) FROM replaced.journal r WHERE r.kind = 'answered'
            AND NOT EXISTS (SELECT 1 FROM main.journal m WHERE m.interview = r.interview AND m.seq = r.seq)),
        (SELECT count(*) FROM replaced.cases r
            WHERE NOT EXISTS (SELECT 1 FROM main.cases m WHERE m.key = r.key)),
        (SELECT count(*) FROM replaced.case_events r WHERE r.kind = 'called'
            AND NOT EXISTS (SELECT 1 FROM main.case_events m WHERE m.case_key = r.case_key AND m.seq = r.seq)),
        (SELECT max(at) FROM (SELECT max(at) AS at FROM replaced.journal
            UNION ALL SELECT max(at) FROM replaced.case_events))
"""


class Lost(NamedTuple):
    """What the replaced database has and the backup does not."""

    interviews: int
    answers: int
    cases: int
    calls: int
    newest: datetime | None
    """When the last thing in the replaced database happened."""


@contextlib.contextmanager
def alone(path: Path, *, where: str, what: str) -> Iterator[BinaryIO | None]:
    """Keep a database file locked, so that no other program opens it; None where there is no such file. Raises
    StoreError where one has it open. Nothing else may open and close the file within: that lets its locks go."""
    import fcntl

    if not path.exists():
        yield None
        return
    first, length = SHARED_BYTES
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, first)
        except OSError as error:
            remedy = "close every station and command that uses it, then give the command again"
            raise StoreError(where, f"{what} is in use", remedy) from error
        yield file


@contextlib.contextmanager
def copied(backup: Path, target: Path) -> Iterator[Path]:
    """A copy of a backup beside the database that it will replace, with its log folded in and this program's schema.
    Raises StoreError where it is none."""
    where = str(backup)
    with alone(backup, where=where, what="the backup") as file:
        if file is None:
            raise StoreError(where, "there is no such backup", "check the name")
        with _temporary(file, target) as copy:
            open_database.prepare(copy, where=where)
            yield copy


def replace(copy: Path, target: Path, *, at: datetime, where: str) -> tuple[Path | None, Lost | None]:
    """Put the copy in the place of the database; gives where the replaced one is kept, with its log if it has one (None
    where there was none), and what only that one has (None where it can't be read)."""
    kept, lost = None, None
    with alone(target, where=where, what="the database") as file:
        try:
            if file is not None:
                lost = _lost(copy, file, target)
                kept = _free(target, at)
                os.link(target, kept)
            for ending in BESIDE:
                beside = Path(f"{target}{ending}")
                if ending in LOGS and kept is not None and beside.exists():
                    beside.rename(f"{kept}{ending}")
                beside.unlink(missing_ok=True)
            copy.chmod(GROUPS_FILE if shared_by_group(target.parent) else 0o600)
            copy.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            what = f"the backup can't be put in its place ({error.strerror})"
            raise StoreError(
                where, what, "look at the folder and the disk, then give the command again"
            ) from error
    return kept, lost


def _lost(copy: Path, file: BinaryIO, target: Path) -> Lost | None:
    try:
        with _temporary(file, target) as old, contextlib.closing(sqlite3.connect(copy)) as db:
            open_database.prepare(old, where=str(target))
            db.execute("ATTACH ? AS replaced", (str(old),))
            interviews, answers, cases, calls, newest = db.execute(NOT_THERE).fetchone()
        return Lost(interviews, answers, cases, calls, decode_moment(newest) if newest else None)
    except (StoreError, sqlite3.Error, ValueError):
        return None


def _free(target: Path, at: datetime) -> Path:
    """A dated name beside the database that nothing has."""
    name = f"{target.stem}.replaced-{at.astimezone():%Y%m%d-%H%M%S}"
    kept = target.with_name(f"{name}{target.suffix}")
    number = 1
    while kept.exists():
        number += 1
        kept = target.with_name(f"{name}-{number}{target.suffix}")
    return kept


@contextlib.contextmanager
def _temporary(source: BinaryIO, target: Path) -> Iterator[Path]:
    """A copy of a database file and its logs in the target's folder, which goes again unless it is moved away."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=UNFINISHED, dir=target.parent)  # 0600
    try:
        with open(handle, "wb") as file:
            shutil.copyfileobj(source, file)
        for ending in LOGS:
            if Path(f"{source.name}{ending}").exists():
                shutil.copyfile(f"{source.name}{ending}", f"{name}{ending}")
        yield Path(name)
    finally:
        for ending in ("", *BESIDE):
            Path(name + ending).unlink(missing_ok=True)
