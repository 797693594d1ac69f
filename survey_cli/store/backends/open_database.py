"""Opening, creating and upgrading a study's database, in a file or on a server.

A database that can't be trusted with answers is refused with the reason.
"""

import contextlib
import logging
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.address import ServerAddress, is_server_address, parse_server_address
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.errors import (
    DAMAGED,
    DatabaseNotFoundError,
    close_on_error,
    require_driver,
)
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.sqlite import database_files
from survey_cli.store.backends.sqlite.connection import (
    APPLICATION_ID,
    DatabaseInUseError,
    SqliteConnector,
)

log: Final = logging.getLogger(__name__)
"""An upgrade is logged as a warning, which a command prints on standard error."""

APPLIED_STEPS: Final = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id"


FULL_CHECK_PAGES: Final = 2_000
"""A file with at most so many pages, some 8 MB, is checked completely."""
TABLES: Final = """
    SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.cid = 0"""


def find_damage(db: SqliteConnector) -> Iterator[str]:
    """Yield a description of visible damage in a few milliseconds, whatever the size of the file.

    It finds pages with foreign content (SQLite itself finds a truncated file); `survey db verify`
    reads everything. The file is read through SQLite alone, because opening and closing it here
    would release SQLite's locks. Raises StoreError where the pages can't be read.
    """
    [(pages,)] = db.read("PRAGMA page_count")
    if pages <= FULL_CHECK_PAGES:
        [(verdict,)] = db.read("PRAGMA quick_check(1)")
        if verdict != "ok":
            yield str(verdict).strip().splitlines()[-1]
        return
    for table, column in db.read(TABLES):
        for order in ("", " DESC"):
            db.read(
                "SELECT count(x) FROM"
                f" (SELECT {column} AS x FROM {table} ORDER BY 1{order} LIMIT 1)"
            )


def connect(path: str | Path, *, create: bool, patience: float, upgrade: bool = False) -> Connector:
    """Open a database for use.

    An earlier schema is upgraded, on a server only with `upgrade`. While others use the database,
    only additive steps are applied. Raises StoreError, and DatabaseNotFoundError where there is
    none and `create` is False.
    """
    if isinstance(path, str) and is_server_address(path):
        address = path if isinstance(path, ServerAddress) else parse_server_address(path)
        with require_driver(address):
            from survey_cli.store.backends.postgres.connection import connect as connect_to_server
        return connect_to_server(address, create=create, patience=patience, upgrade=upgrade)

    if str(path) == ":memory:":
        memory = SqliteConnector.open_in_memory()
        _create_tables(memory)
        return memory
    return _connect_to_file(path, create=create, patience=patience)


def _connect_to_file(path: str | Path, *, create: bool, patience: float) -> SqliteConnector:
    """Open a database file, create it if it is missing, and upgrade its schema."""
    where = str(path)
    file = database_files.resolve_link(path)
    if not create and database_files.is_read_only(file):
        return _open_read_only(file, where, patience)
    if not create and not file.exists():
        raise DatabaseNotFoundError(
            where, "there is no such database", "check the name, or start an interview first"
        )

    database_files.check_folder(file.parent, where=where)
    if not file.exists():
        database_files.create_atomically(
            file, lambda temporary: create_database(temporary, where=where), where=where
        )

    database_files.check_file(file, where=where)
    database_files.check_no_hard_link(file, where=where)
    with database_files.lock_folder(file.parent, alone=False):
        db = _open_checked(file, where, patience)
    if not _list_missing_steps(db):
        return db

    # an upgrade needs the folder for itself, and a connection of its own
    db.close()
    with database_files.lock_folder(file.parent, alone=True):
        db = _open_checked(file, where, patience)
        # again, as another program may have upgraded it before the folder was locked
        steps = _list_missing_steps(db)
        if steps:
            db.close()
            _upgrade_file(file, where, steps)
            db = _open_checked(file, where, patience)
    return db


def _upgrade_file(path: Path, where: str, steps: Sequence[str]) -> None:
    """Apply the steps that a database lacks, after copying it to a file beside it.

    Only the owner of the copy reads it, and its group in a folder that is shared by a group.

    A program that was started before the upgrade still expects the old tables. So it raises
    StoreError, and changes nothing, where another program has the file open, unless all steps are
    additive.
    """
    additive = migrations.are_additive(steps)
    patience = 5 if additive else 0
    with contextlib.closing(SqliteConnector.open_file(path, where=where, patience=patience)) as db:
        try:
            if not additive:
                db.lock_exclusively()
        except DatabaseInUseError as error:
            step = next(name for name in steps if not migrations.are_additive([name]))
            what = (
                f"was written by an earlier version of this program (the step {step!r} is missing)"
            )
            remedy = (
                "close every station and command that uses it, then run: survey db upgrade FILE"
            )
            raise StoreError(where, f"{what}, and it is in use now", remedy) from error

        def copy(temporary: Path) -> None:
            with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as target:
                db.connection.backup(target)

        names = database_files.iterate_free_names(
            path, f"before-{steps[0].removesuffix(migrations.ADDITIVE)}"
        )
        kept = next(
            name for name in names if database_files.create_atomically(name, copy, where=str(name))
        )
        _apply_steps(db)
        db.read("PRAGMA locking_mode = NORMAL")
        db.read("PRAGMA journal_mode = WAL")
    log.warning(
        "%s: upgraded for this version of the program; a copy from before the upgrade: %s",
        where,
        kept,
    )


def _open_read_only(file: Path, where: str, patience: float) -> SqliteConnector:
    database_files.check_folder(file.parent, where=where, written=False)
    database_files.check_no_hard_link(file, where=where)
    db = _open_checked(file, where, patience, read_only=True)
    steps = _list_missing_steps(db)
    if steps:
        db.close()
        raise StoreError(
            where,
            "was written by an earlier version of this program (the step"
            f" {steps[0]!r} is missing), and can't be upgraded where nothing can be written",
            "copy its files to a folder that you can write to, and specify the copy with --db",
        )
    return db


def _open_checked(
    file: Path, where: str, patience: float, *, read_only: bool = False
) -> SqliteConnector:
    db = SqliteConnector.open_file(file, where=where, patience=patience, read_only=read_only)
    with close_on_error(db):
        _check_database(db)
    return db


def create_database(temporary: Path, *, where: str) -> None:
    """Create the tables of a database in an empty file."""
    with contextlib.closing(SqliteConnector.open_file(temporary, where=where, patience=1)) as db:
        _create_tables(db)
        db.run("PRAGMA journal_mode = WAL")


def prepare_copy(copy: Path, *, where: str) -> None:
    """Merge the log of a copied database into it, and upgrade its schema.

    Raises StoreError where it is not a database of this program.
    """
    with contextlib.closing(_open_checked(copy, where, patience=1)) as db:
        # leaving WAL mode merges the log into the file
        db.read("PRAGMA journal_mode = DELETE")
        if _list_missing_steps(db):
            _apply_steps(db)
        db.read("PRAGMA journal_mode = WAL")


def _create_tables(db: SqliteConnector) -> None:
    db.run(f"PRAGMA application_id = {APPLICATION_ID}")
    _apply_steps(db)


def _check_database(db: SqliteConnector) -> None:
    [(mark,)] = db.read("PRAGMA application_id")
    if mark != APPLICATION_ID:
        raise StoreError(db.where, "is another program's database", "specify another file")

    # raises StoreError for the schema of a newer version; steps that are missing are no error here
    _list_missing_steps(db)

    if not db.read_only:
        db.run("PRAGMA journal_mode = WAL")
    for what in find_damage(db):
        raise DAMAGED.make_error(db.where, f"{DAMAGED.what} ({what})")


def _list_missing_steps(db: SqliteConnector) -> list[str]:
    """List the steps that the database lacks. Raises StoreError for that of a newer version."""
    applied = [name for (name,) in db.read(APPLIED_STEPS, (migrations.MIGRATION_SET,))]
    return migrations.list_missing_steps(applied, db.where)


def _apply_steps(db: SqliteConnector) -> None:
    """Apply the missing steps, all or none. Of two programs that find some, one applies them."""
    modules: dict[str, Any] = sys.modules
    # sqlite-utils would import these where they are installed, which takes most of a second
    hidden = [name for name in ("numpy", "pandas") if modules.setdefault(name, None) is None]
    from sqlite_utils import Database

    for name in hidden:
        del modules[name]
    with db.transaction():
        migrations.build_migrations().apply(
            Database(db.connection, recursive_triggers=False, execute_plugins=False)
        )
