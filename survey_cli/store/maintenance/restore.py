"""Restoring a database file from a backup: the backup is copied and checked, the replaced files are kept.

It deletes no answers, and changes nothing while another program has the file open.
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

from survey_cli.engine.codec import decode_timestamp
from survey_cli.problems import StoreError
from survey_cli.store.backends import open_database
from survey_cli.store.backends.sqlite.database_files import (
    GROUP_FILE_MODE,
    UNFINISHED_SUFFIX,
    is_shared_by_group,
    iterate_free_names,
    sync_folder,
)

SHARED_BYTES: Final = (0x40000002, 510)
"""The bytes by which SQLite locks an open file, first byte and length: see its file format."""
LOG_SUFFIXES: Final = ("-wal", "-journal")
SIDE_FILE_SUFFIXES: Final = (*LOG_SUFFIXES, "-shm")
"""Endings of the names of files that SQLite keeps beside a database."""

COUNT_LOST_DATA: Final = """
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
            UNION ALL SELECT max(at) FROM replaced.case_events))"""


class LostData(NamedTuple):
    """What the replaced database has and the backup does not."""

    interviews: int
    answers: int
    cases: int
    calls: int
    newest: datetime | None
    """When the last event of the replaced database happened."""


@contextlib.contextmanager
def lock_database_file(path: Path, *, where: str, what: str) -> Iterator[BinaryIO | None]:
    """Context manager that locks a database file, so that no other program opens it; None where there is no such file.

    Raises StoreError where a program has it open. The file must not be opened and closed within, as that releases its
    locks.
    """
    import fcntl

    if not path.exists():
        yield None
        return
    first, length = SHARED_BYTES
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, first)
        except OSError as error:
            remedy = "close every station and command that uses it, then run the command again"
            raise StoreError(where, f"{what} is in use", remedy) from error
        yield file


@contextlib.contextmanager
def copy_backup(backup: Path, target: Path) -> Iterator[Path]:
    """Context manager with a copy of a backup beside the database that it will replace.

    Its log is merged into it, and its schema is the present one. Raises StoreError where it is not a backup.
    """
    where = str(backup)
    with lock_database_file(backup, where=where, what="the backup") as file:
        if file is None:
            raise StoreError(where, "there is no such backup", "check the name")
        target.parent.mkdir(parents=True, exist_ok=True)
        with _copy_temporarily(file, target) as copy:
            open_database.prepare_copy(copy, where=where)
            yield copy


def replace_database(copy: Path, target: Path, *, at: datetime, where: str) -> tuple[Path | None, LostData | None]:
    """Replace the database by the copy.

    Returns the path under which the replaced database is kept, with its log if it has one, or None where there was
    none; and what only that database has, or None where it can't be read.
    """
    replaced, lost = None, None
    with lock_database_file(target, where=where, what="the database") as file:
        try:
            if file is not None:
                lost = _count_lost_data(copy, file, target)
                replaced = next(iterate_free_names(target, f"replaced-{at.astimezone():%Y%m%d-%H%M%S}"))
                os.link(target, replaced)
            for ending in SIDE_FILE_SUFFIXES:
                side_file = Path(f"{target}{ending}")
                if ending in LOG_SUFFIXES and replaced is not None and side_file.exists():
                    side_file.rename(f"{replaced}{ending}")
                side_file.unlink(missing_ok=True)
            copy.chmod(GROUP_FILE_MODE if is_shared_by_group(target.parent) else 0o600)
            copy.replace(target)
            sync_folder(target.parent)
        except OSError as error:
            what = f"the backup can't replace it ({error.strerror})"
            raise StoreError(where, what, "check the folder and the disk, then run the command again") from error
    return replaced, lost


def _count_lost_data(copy: Path, file: BinaryIO, target: Path) -> LostData | None:
    try:
        with _copy_temporarily(file, target) as replaced, contextlib.closing(sqlite3.connect(copy)) as db:
            open_database.prepare_copy(replaced, where=str(target))
            db.execute("ATTACH ? AS replaced", (str(replaced),))
            interviews, answers, cases, calls, newest = db.execute(COUNT_LOST_DATA).fetchone()
        return LostData(interviews, answers, cases, calls, decode_timestamp(newest) if newest else None)
    except (StoreError, sqlite3.Error, ValueError):
        return None


@contextlib.contextmanager
def _copy_temporarily(source: BinaryIO, target: Path) -> Iterator[Path]:
    """Context manager with a copy of a database file and its logs in the target's folder, deleted unless it is moved."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=UNFINISHED_SUFFIX, dir=target.parent)  # 0600
    try:
        with open(handle, "wb") as file:
            shutil.copyfileobj(source, file)
        for ending in LOG_SUFFIXES:
            if Path(f"{source.name}{ending}").exists():
                shutil.copyfile(f"{source.name}{ending}", f"{name}{ending}")
        yield Path(name)
    finally:
        for ending in ("", *SIDE_FILE_SUFFIXES):
            Path(name + ending).unlink(missing_ok=True)
