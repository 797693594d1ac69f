"""Backups of a database that is in use."""

import contextlib
import sqlite3
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.store.backends import open_database
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.decoding import translate_decoding_errors
from survey_cli.store.backends.errors import StoreError, translate_error
from survey_cli.store.backends.schema import views
from survey_cli.store.backends.sqlite.connection import SqliteConnector
from survey_cli.store.backends.sqlite.database_files import create_atomically
from survey_cli.store.interviews import statements as sql
from survey_cli.store.interviews.row_mapping import decode_variable

BACKUP_STEP: Final = 2_000
"""Pages copied in one go, some 8 MB; or rows, from a server."""

TABLES: Final = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite_%' ORDER BY name
"""
"""Ours: neither SQLite's own nor the list of steps."""

NOTE_BACKUP: Final = "INSERT INTO backups (at, by) VALUES (?, ?)"
LAST_BACKUP: Final = "SELECT max(at) FROM backups"


def backup(db: Connector, to: Path, *, progress: Callable[[int, int], None] | None) -> None:
    """Copies into a file under a temporary name, checks the copy and links it into place."""
    where = str(to)
    if to.exists():
        raise _make_exists_error(where)
    if not to.parent.is_dir():
        raise StoreError(where, f"the folder {to.parent} does not exist", "make it, or name another")

    def copy(temporary: Path) -> None:
        if isinstance(db, SqliteConnector):
            _copy_pages(db, temporary, where, progress)
        else:
            _copy_rows(db, temporary, where, progress)

    try:
        if not create_atomically(to, copy, where=where):
            raise _make_exists_error(where)
    except sqlite3.Error as error:
        raise translate_error(error, where) or error from error


def record_backup(db: Connector, *, at: datetime, by: str) -> None:
    """Record that a backup was made."""
    db.run(NOTE_BACKUP, (encode_timestamp(at), by))


def find_last_backup(db: Connector) -> datetime | None:
    """Date and time of the last recorded backup; None where there is none."""
    [(at,)] = db.read(LAST_BACKUP)
    with translate_decoding_errors(db.where, "the list of backups"):
        return decode_timestamp(at) if at is not None else None


def _make_exists_error(where: str) -> StoreError:
    return StoreError(where, "exists already, and a backup overwrites nothing", "name another file")


def _copy_pages(db: SqliteConnector, temporary: Path, where: str, progress: Callable[[int, int], None] | None) -> None:
    def tell(_: int, left: int, whole: int) -> None:
        if progress is not None:
            progress(whole - left, whole)

    with contextlib.ExitStack() as open_now:
        source = db.connection
        if db.path is not None:
            source = SqliteConnector.open_file(db.path, where=db.where, patience=5, read_only=db.read_only).connection
            open_now.enter_context(contextlib.closing(source))
        target = open_now.enter_context(contextlib.closing(sqlite3.connect(temporary, isolation_level=None)))
        # As long as we are reading, we see one moment: else each answer given meanwhile begins the copy anew.
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM sqlite_master").fetchall()
            source.backup(target, pages=BACKUP_STEP, progress=tell)
        finally:
            source.execute("ROLLBACK")
        _check_copy(target, where)


def _copy_rows(db: Connector, temporary: Path, where: str, progress: Callable[[int, int], None] | None) -> None:
    """From a server into a file of this program's own schema, table by table, all of one moment."""
    open_database.create_database(temporary, where=where)
    with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as target, db.open_reader() as rows:
        tables = [name for (name,) in target.execute(TABLES).fetchall()]
        sizes = [next(rows(f"SELECT count(*) FROM {table}", ()))[0] for table in tables]
        whole, done = sum(sizes), 0
        target.execute("BEGIN")
        for table in tables:
            columns = [name for _, name, *_ in target.execute(f"PRAGMA table_info({table})").fetchall()]
            found = rows(f"SELECT {', '.join(columns)} FROM {table}", ())
            adding = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"
            while several := list(islice(found, BACKUP_STEP)):
                done += target.executemany(adding, several).rowcount
                if progress is not None:
                    progress(done, whole)
        for hash, view in target.execute("SELECT hash, data_view FROM instruments").fetchall():
            variables = [decode_variable(row) for row in target.execute(sql.VARIABLES, (hash,)).fetchall()]
            for statement in views.build_data_views(name=view, hash=hash, variables=variables):
                target.execute(statement)
        target.execute("COMMIT")
        if target.execute("PRAGMA foreign_key_check").fetchall():
            raise StoreError(where, "the copy is not whole", f"check the database {db.where}")
        _check_copy(target, where)


def _check_copy(copy: sqlite3.Connection, where: str) -> None:
    [(verdict,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise StoreError(where, f"the copy is damaged ({verdict})", "check the database and the disk")
