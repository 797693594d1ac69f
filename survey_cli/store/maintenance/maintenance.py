"""Maintenance of a database: backups and restoring them, integrity checks, removal of erased texts.

Restoring copies and checks the backup and keeps the replaced files. It deletes no answers, and
changes nothing while another program has the file open.
"""

import contextlib
import glob
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.problems import StoreError
from survey_cli.store.backends import open_database
from survey_cli.store.backends.address import ServerAddress
from survey_cli.store.backends.connector import Connector, Dialect, StorePart
from survey_cli.store.backends.errors import require_driver, translate_error
from survey_cli.store.backends.schema import migrations, views
from survey_cli.store.backends.sqlite import database_files
from survey_cli.store.backends.sqlite.connection import SqliteConnector
from survey_cli.store.backends.statements import read_statements
from survey_cli.store.cases.case_records import decode_contact, encode_contact
from survey_cli.store.interviews.records import decode_variable
from survey_cli.store.interviews.statements import sql

BACKUP_STEP: Final = 2_000
"""Pages copied at a time, some 8 MB."""

_SQL: Final = read_statements(__file__)
INTEGRITY_ERRORS: Final = vars(
    read_statements(str(Path(__file__).with_name("integrity_errors.sql")))
)
"""Statements that find errors, by the sentence about each row."""
VIEWS: Final[dict[Dialect, str]] = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'view'",
    "postgresql": "SELECT viewname FROM pg_views WHERE schemaname = current_schema()",
}
CONTACT_COLUMNS: Final = ("link", "details", "digits", "words")


class Maintenance(StorePart):
    """The maintenance of one database. Methods raise StoreError."""

    def back_up(self, to: str | Path) -> None:
        """Write a complete copy as of now to a new file, while interviews continue.

        The copy is made under a temporary name, checked and linked into place. Raises StoreError
        where the file exists.
        """
        target = Path(to)
        where = str(to)
        if target.exists():
            raise _make_exists_error(where)
        if not target.parent.is_dir():
            raise StoreError(
                where, f"the folder {target.parent} does not exist", "create it, or specify another"
            )

        def copy(temporary: Path) -> None:
            if isinstance(self._db, SqliteConnector):
                _copy_pages(self._db, temporary, where)
            else:
                _copy_rows(self._db, temporary, where)

        try:
            if not database_files.create_atomically(target, copy, where=where):
                raise _make_exists_error(where)
        except sqlite3.Error as error:
            raise translate_error(error, where) or error from error

    def record_backup(self, *, at: datetime, by: str) -> None:
        """Record that a backup was made, when and by whom."""
        self._db.run("INSERT INTO backups (at, by) VALUES (?, ?)", (encode_timestamp(at), by))

    def find_last_backup(self) -> datetime | None:
        """Return the date and time of the last recorded backup; None where there is none."""
        return self._db.read_as(
            lambda row: row[0] and decode_timestamp(row[0]), "the list of backups", _SQL.LAST_BACKUP
        )[0]

    def list_erasures(self) -> list[tuple[str, str, datetime]]:
        """Return the erasures: the case's key, the kind and the last time.

        The kind is `erased`, `answers` or `anonymized`.
        """
        return self._db.read_as(
            lambda row: (str(row[0]), str(row[1]), decode_timestamp(row[2])),
            "the erasures",
            _SQL.ERASURES,
        )

    def scrub(self) -> bool:
        """Write the whole database anew after an erasure, so that its files hold no erased texts.

        Nobody else can write meanwhile, for some seconds per gigabyte. Returns False if somebody
        was reading, so that erased texts may still be in the log, or if a server skipped a table
        because the account is not its owner. Copies and backups are not reached, nor the log that a
        server keeps for its own backups.
        """
        if self._db.dialect == "postgresql":
            old_files = self._db.read(_SQL.SERVER_TABLES)
            for table, _ in old_files:
                self._db.run_autocommit(f"VACUUM FULL {table}")
            # a table that was written anew has another file; PostgreSQL only warns if it skips one
            return set(old_files).isdisjoint(self._db.read(_SQL.SERVER_TABLES))

        # Overwritten texts remain where pages were split, even with SQLite's secure_delete.
        self._db.run("VACUUM")
        [(busy, *_)] = self._db.read("PRAGMA wal_checkpoint(TRUNCATE)")
        return not busy

    def check_integrity(self) -> list[str]:
        """Return one sentence for each integrity error of the database. It reads everything."""
        errors = list(self._db.find_integrity_errors())
        for error, statement in INTEGRITY_ERRORS.items():
            errors += [error.format(*row) for row in self._db.read(statement)]

        present_views = {name for (name,) in self._db.read(VIEWS[self._db.dialect])}
        errors += [
            f"the view {name} with the data of version {content_hash[:12]} is missing"
            for content_hash, name in self._db.read(_SQL.DATA_VIEWS)
            if name not in present_views
        ]

        for key, *contact in self._db.stream(_SQL.CONTACT_ROWS):
            try:
                derived = encode_contact(decode_contact(*contact[:2]))
            except (ValueError, TypeError, KeyError, AttributeError):
                errors.append(f"the contact of case {key} can't be read")
                continue

            columns = zip(CONTACT_COLUMNS, contact, derived, strict=True)
            differing = [name for name, stored, expected in columns if stored != expected]
            errors += [
                f"the contact of case {key}: {name} does not agree with its details"
                for name in differing
            ]
        return errors


def _make_exists_error(where: str) -> StoreError:
    return StoreError(
        where, "already exists, and a backup overwrites nothing", "specify another file"
    )


def _copy_pages(db: SqliteConnector, temporary: Path, where: str) -> None:
    with contextlib.ExitStack() as stack:
        source = db.connection
        if db.path is not None:
            source = SqliteConnector.open_file(
                db.path, where=db.where, patience=5, read_only=db.read_only
            ).connection
            stack.enter_context(contextlib.closing(source))
        target = stack.enter_context(
            contextlib.closing(sqlite3.connect(temporary, isolation_level=None))
        )
        # A read transaction sees one state. Without it, each answer that is written meanwhile
        # restarts the copy.
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM sqlite_master").fetchall()
            source.backup(target, pages=BACKUP_STEP)
        finally:
            source.execute("ROLLBACK")
        _check_copy(target, where)


def _copy_rows(db: Connector, temporary: Path, where: str) -> None:
    """Copy from a server into a new database file, table by table, all as of one time."""
    applied = [name for (name,) in db.read("SELECT name FROM applied_steps")]
    newer = migrations.list_unknown_steps(applied)
    if newer:
        what = (
            f"a newer version of this program has upgraded {db.where} (by the step {newer[0]!r}),"
            " and would copy more"
        )
        raise StoreError(where, what, "make the backup with that version")

    open_database.create_database(temporary, where=where)
    with (
        contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as target,
        db.open_reader() as rows,
    ):
        tables = [name for (name,) in target.execute(_SQL.TABLES).fetchall()]
        target.execute("BEGIN")
        # What triggers derive is among the rows.
        triggers = target.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            target.execute(f"DROP TRIGGER {name}")

        for table in tables:
            columns = [
                name for _, name, *_ in target.execute(f"PRAGMA table_info({table})").fetchall()
            ]
            source = rows(f"SELECT {', '.join(columns)} FROM {table}", ())
            target.execute(f"DELETE FROM {table}")  # rows of the migration steps
            insert = f"INSERT INTO {table} VALUES ({', '.join('?' * len(columns))})"
            target.executemany(insert, source)

        for _, statement in triggers:
            target.execute(statement)
        for statement in _build_data_views(target, "sqlite"):
            target.execute(statement)
        target.execute("COMMIT")

        if target.execute("PRAGMA foreign_key_check").fetchall():
            raise StoreError(where, "the copy is incomplete", f"check the database {db.where}")
        _check_copy(target, where)


def _build_data_views(db: sqlite3.Connection, dialect: Dialect) -> Iterator[str]:
    """Build the statements that create the views of all versions in a database file."""
    for content_hash, view in db.execute("SELECT hash, data_view FROM instruments").fetchall():
        variables = [
            decode_variable(row) for row in db.execute(sql.VARIABLES, (content_hash,)).fetchall()
        ]
        yield from views.build_data_views(view, content_hash, variables, dialect)


def _check_copy(copy: sqlite3.Connection, where: str) -> None:
    [(verdict,)] = copy.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise StoreError(
            where, f"the copy is damaged ({verdict})", "check the database and the disk"
        )


SHARED_BYTES: Final = (0x40000002, 510)
"""The bytes by which SQLite locks an open file, first byte and length: see its file format."""
LOG_SUFFIXES: Final = ("-wal", "-journal")
SIDE_FILE_SUFFIXES: Final = (*LOG_SUFFIXES, "-shm")
"""Endings of the names of files that SQLite keeps beside a database."""
COPY_MARK: Final = ".copy."
"""In the names of copies of a backup and of the database that it replaces, while they are used."""


Prepare: TypeAlias = Callable[[Path | None], None]
"""Function that receives a copy of the replaced database before it is replaced; None where it can't
be read."""


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
    """Context manager that locks a database file, so that no other program opens it.

    It yields None if there is no such file, and raises StoreError if a program has it open. The
    file must not be opened and closed within, as that releases its locks.
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

    Its log is merged into it, and its schema is the present one. Raises StoreError where it is not
    a backup.
    """
    where = str(backup)
    with lock_database_file(backup, where=where, what="the backup") as file:
        if file is None:
            raise StoreError(where, "there is no such backup", "check the name")
        target.parent.mkdir(parents=True, exist_ok=True)
        with _copy_temporarily(file, target) as copy:
            open_database.prepare_copy(copy, where=where)
            yield copy


def replace_database(
    copy: Path, target: Path, *, at: datetime, where: str, prepare: Prepare
) -> tuple[Path | None, LostData | None]:
    """Replace the database by the copy, after `prepare` has received the replaced one.

    Returns the path under which the replaced database is kept, with its log if it has one, or None
    where there was none; and what only that database has, or None where it can't be read.
    """
    replaced = None
    lost = None
    with lock_database_file(target, where=where, what="the database") as file:
        try:
            if file is None:
                _prepare_copy(copy, None, where, prepare)
            else:
                with _copy_temporarily(file, target) as readable:
                    lost = _prepare_copy(copy, readable, where, prepare)

                # A second name, not another: the database has a name until the copy replaces it.
                label = f"replaced-{at.astimezone():%Y%m%d-%H%M%S}"
                replaced = next(database_files.iterate_free_names(target, label))
                os.link(target, replaced)

            # Its log stays with it, and must be gone before the copy has its name: SQLite would
            # take the log for the copy's.
            for ending in SIDE_FILE_SUFFIXES:
                side_file = Path(f"{target}{ending}")
                if ending in LOG_SUFFIXES and replaced is not None and side_file.exists():
                    side_file.rename(f"{replaced}{ending}")
                side_file.unlink(missing_ok=True)

            mode = 0o600
            if database_files.is_shared_by_group(target.parent):
                mode = database_files.GROUP_FILE_MODE
            copy.chmod(mode)
            copy.replace(target)
            database_files.sync_folder(target.parent)
        except OSError as error:
            what = f"the backup can't replace it ({error.strerror})"
            raise StoreError(
                where, what, "check the folder and the disk, then run the command again"
            ) from error
    return replaced, lost


def replace_on_server(
    copy: Path, where: ServerAddress, *, at: datetime, prepare: Prepare
) -> tuple[str, LostData | None]:
    """Replace the schema of a study by the copy of a backup, as `replace_database` does.

    Returns the schema under which the replaced one is kept, or an empty text if there was none.
    """
    with require_driver(where):
        from survey_cli.store.backends.postgres.schema_replacement import (
            open_schema,
            replace_schema,
        )
    replaced = copy.with_name(f"{copy.name}.replaced")
    with contextlib.closing(open_schema(where)) as db:
        try:
            replaced.touch(0o600)
            try:
                _copy_rows(db, replaced, str(where))
            except StoreError:
                replaced.unlink(missing_ok=True)
            readable = None
            if replaced.exists():
                readable = replaced
            lost = _prepare_copy(copy, readable, where, prepare)
        finally:
            for ending in ("", *SIDE_FILE_SUFFIXES):
                Path(f"{replaced}{ending}").unlink(missing_ok=True)

        with contextlib.closing(sqlite3.connect(copy)) as source:
            tables = [name for (name,) in source.execute(_SQL.TABLES).fetchall()]
            data_views = _build_data_views(source, "postgresql")
            label = f"replaced_{at.astimezone():%Y%m%d_%H%M%S}"
            kept = replace_schema(db, source, tables, data_views, label=label)
            return kept, lost


def _prepare_copy(
    copy: Path, replaced: Path | None, where: str, prepare: Prepare
) -> LostData | None:
    """Prepare the copy that will replace a database, and return what only that database has.

    Returns None if the replaced database can't be read.
    """
    lost = None
    # a damaged database is a reason to restore a backup, and must not prevent it
    with contextlib.suppress(StoreError, sqlite3.Error, ValueError):
        if replaced is not None:
            lost = _count_lost_data(copy, replaced, where)

    if lost is None:
        prepare(None)
    else:
        prepare(replaced)
    return lost


def _count_lost_data(copy: Path, replaced: Path, where: str) -> LostData:
    open_database.prepare_copy(replaced, where=where)
    with contextlib.closing(sqlite3.connect(copy)) as db:
        db.execute("ATTACH ? AS replaced", (str(replaced),))
        interviews, answers, cases, calls, newest = db.execute(_SQL.COUNT_LOST_DATA).fetchone()

    newest_time = None
    if newest:
        newest_time = decode_timestamp(newest)
    return LostData(interviews, answers, cases, calls, newest_time)


@contextlib.contextmanager
def _copy_temporarily(source: BinaryIO, target: Path) -> Iterator[Path]:
    """Context manager with a copy of a database file and its logs in the target's folder.

    It is deleted afterwards, unless it was moved. It is locked meanwhile; copies that nobody locks
    are of programs that were killed, and are deleted too.
    """
    import fcntl

    prefix = f".{target.name}{COPY_MARK}"
    _delete_abandoned_copies(target.parent, prefix)

    # only its owner can read it (0600)
    handle, name = tempfile.mkstemp(
        prefix=prefix, suffix=database_files.UNFINISHED_SUFFIX, dir=target.parent
    )
    with open(handle, "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.copyfileobj(source, file)
            file.flush()
            for ending in LOG_SUFFIXES:
                if Path(f"{source.name}{ending}").exists():
                    shutil.copyfile(f"{source.name}{ending}", f"{name}{ending}")
            yield Path(name)
        finally:
            for ending in ("", *SIDE_FILE_SUFFIXES):
                Path(name + ending).unlink(missing_ok=True)


def _delete_abandoned_copies(folder: Path, prefix: str) -> None:
    """Delete the copies that no program locks, each with its logs."""
    import fcntl

    pattern = f"{glob.escape(prefix)}*{database_files.UNFINISHED_SUFFIX}"
    for unfinished in folder.glob(pattern):
        # OSError: another program has locked it, or has just deleted it
        with contextlib.suppress(OSError), unfinished.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for part in folder.glob(f"{glob.escape(unfinished.name)}*"):
                part.unlink(missing_ok=True)
