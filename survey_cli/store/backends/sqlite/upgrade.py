"""Upgrade of a database file to the current schema, under an exclusive lock and after a copy.

A program that was started before the upgrade still expects the old tables, so nothing is changed while another
program has the file open.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.errors import get_primary_code
from survey_cli.store.backends.sqlite.connection import SqliteConnector
from survey_cli.store.backends.sqlite.database_files import create_atomically, iterate_free_names

log: Final = logging.getLogger(__name__)
"""An upgrade is logged as a warning, which a command prints on standard error."""


def upgrade_file(path: Path, where: str, steps: Sequence[str], *, apply: Callable[[SqliteConnector], None]) -> None:
    """Apply the steps that a database lacks, after copying it to a file beside it.

    Raises StoreError, and changes nothing, where somebody else uses it.
    """
    with contextlib.closing(SqliteConnector.open_file(path, where=where, patience=0)) as db:
        try:
            lock_exclusively(db)
        except DatabaseInUseError as error:
            earlier = f"was written by an earlier version of this program (the step {steps[0]!r} is missing)"
            raise StoreError(
                where,
                f"{earlier}, and it is in use now",
                "close every station and command that uses it, then run: survey db upgrade FILE",
            ) from error
        copy = _copy_before_upgrade(db, path, steps[0])
        apply(db)
        db.read("PRAGMA locking_mode = NORMAL")
        db.read("PRAGMA journal_mode = WAL")
    log.warning("%s: upgraded for this version of the program; a copy from before the upgrade: %s", where, copy)


class DatabaseInUseError(Exception):
    """Another program has the file open."""


def lock_exclusively(db: SqliteConnector) -> None:
    """Lock the file, so that nobody else opens it while this connection is open. Raises DatabaseInUseError."""
    try:
        db.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.connection.execute("PRAGMA journal_mode = DELETE").fetchall()  # only the last connection may
        db.connection.execute("BEGIN EXCLUSIVE")
        db.connection.execute("COMMIT")
    except sqlite3.Error as error:
        if get_primary_code(error) != sqlite3.SQLITE_BUSY:
            raise db.translate_error(error) from error
        raise DatabaseInUseError from error


def _copy_before_upgrade(db: SqliteConnector, path: Path, step: str) -> Path:
    """Copy the database to a file beside it that only its owner can read, named after the first step that is applied."""

    def copy(temporary: Path) -> None:
        with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as target:
            db.connection.backup(target)

    for target_path in iterate_free_names(path, f"before-{step}"):
        if create_atomically(target_path, copy, where=str(target_path)):
            return target_path
    raise AssertionError("numbers do not end")
