"""SQLite connector: transactions, waiting for other writers, error translation.

It knows no table. Errors of sqlite3 with an outside cause are raised as StoreError.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import quote

from survey_cli.problems import StoreError, StoreFailure
from survey_cli.store.backends import account, errors
from survey_cli.store.backends.connector import (
    Connector,
    Dialect,
    Execute,
    Parameters,
    Rows,
    RowStream,
)

T = TypeVar("T")

APPLICATION_ID: Final = 0x53565259
"""`SVRY` in the header of the file, by which file(1) and this program recognize it."""

BUSY_POLL: Final = 0.010
"""Seconds that SQLite waits for a lock before the statement is repeated. SQLite waits in steps that
grow to 100 ms, so that the latest of many writers would never get the lock; repeated every 10 ms
its steps stay at 1, 2 and 5 ms."""

PRAGMAS: Final = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # WAL with NORMAL is not durable
    "PRAGMA fullfsync = ON",  # macOS: flush the disk's own cache; no effect elsewhere
)

JSON_IS_SAFE_FROM: Final = (3, 41, 0)
"""The version of SQLite from which its JSON functions may be used in a schema that isn't trusted.
Debian 12 has 3.40."""


DRIVER_ERRORS: Final = (sqlite3.Error, UnicodeError, MemoryError)
"""Errors of sqlite3 with an outside cause, or programming errors."""


UNDECODABLE_MESSAGE: Final = re.compile(r"Could not decode to UTF-8 column '([^']*)'")
"""The beginning of the driver's message, which continues with the text itself."""


class DatabaseInUseError(Exception):
    """Another program has the file open."""


class SqliteConnector(Connector):
    """One connection to one file, or to a database in memory."""

    dialect: ClassVar[Dialect] = "sqlite"
    driver_errors: ClassVar[tuple[type[BaseException], ...]] = DRIVER_ERRORS

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        where: str,
        path: Path | None,
        patience: float,
        read_only: bool = False,
    ) -> None:
        super().__init__(where)
        self.connection = connection
        self.account = account.read_account()
        self.path = path
        self.read_only = read_only
        self._tries = max(1, round(patience / BUSY_POLL))
        self._file_name: str | None = None
        self._file_identity: tuple[int, int] | None = None
        if path is not None:
            self._file_name = str(path)
            self._file_identity = _identify_file(self._file_name)
        self._log_identity: tuple[int, int] | None = None
        """The -wal file beside the database since the first commit; it stays while this connection
        is open."""

    @classmethod
    def open_in_memory(cls) -> "SqliteConnector":
        """Open a new database in memory."""
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        connector = cls(connection, where=":memory:", path=None, patience=0)
        connector.configure()
        return connector

    @classmethod
    def open_file(
        cls, path: Path, *, where: str, patience: float, read_only: bool = False
    ) -> "SqliteConnector":
        """Open a file that exists. Raises StoreError.

        `read_only` is for places in which nothing can be written. Without a log beside it, the file
        must then be one that nobody changes.
        """
        if not read_only:
            mode = "rw"
        elif os.path.exists(f"{path}-wal"):
            mode = "ro"
        else:
            # SQLite reads a file in WAL mode only if it can create its log, or is told that it
            # needs none
            mode = "ro&immutable=1"

        try:
            connection = sqlite3.connect(
                f"file:{quote(os.fsencode(path))}?mode={mode}",
                uri=True,
                timeout=BUSY_POLL,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise errors.translate_error(error, where) or error from error

        connector = cls(connection, where=where, path=path, patience=patience, read_only=read_only)
        with errors.close_on_error(connection):
            connector.configure()
        return connector

    def configure(self) -> None:
        """Set the pragmas and the function `own_account()` of a new connection."""
        for pragma in PRAGMAS:
            self.run(pragma)

        # A file from elsewhere must not run functions of its own. Earlier versions of SQLite would
        # refuse the JSON function of our column `cases.state` too.
        if sqlite3.sqlite_version_info >= JSON_IS_SAFE_FROM:
            self.run("PRAGMA trusted_schema = OFF")

        self.connection.create_function("own_account", 0, lambda: self.account)

    # Reading

    def read(self, statement: str, parameters: Parameters = ()) -> Rows:
        with self.lock:
            return self._retry_while_busy(
                lambda: self.connection.execute(statement, parameters).fetchall()
            )

    @contextmanager
    def open_reader(self) -> Iterator[RowStream]:
        """Read a file over a separate connection, unless this one is in a read transaction."""
        if self._in_read_transaction:
            yield self._stream_rows
            return
        if self.path is None:
            yield lambda statement, parameters: iter(self.read(statement, parameters))
            return

        other = SqliteConnector.open_file(
            self.path, where=self.where, patience=self._tries * BUSY_POLL, read_only=self.read_only
        )
        other.connection.text_factory = self.connection.text_factory
        try:
            other.run("BEGIN")
            yield other._stream_rows
        finally:
            other.close()

    def _stream_rows(self, statement: str, parameters: Parameters) -> Iterator[tuple[Any, ...]]:
        cursor = self._retry_while_busy(lambda: self.connection.execute(statement, parameters))
        while rows := self._retry_while_busy(lambda: cursor.fetchmany(256)):
            yield from rows

    def begin_read(self) -> None:
        self.run("BEGIN")
        try:
            # the first read fixes the state that is seen, not BEGIN
            self.read("SELECT 1 FROM sqlite_schema LIMIT 1")
        except StoreError:
            self.roll_back()
            raise

    @contextmanager
    def tolerate_undecodable(self) -> Iterator[None]:
        text_factory = self.connection.text_factory
        self.connection.text_factory = lambda text: text.decode(errors="replace")
        try:
            yield
        finally:
            self.connection.text_factory = text_factory

    # Writing

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        with self.lock:
            return self._retry_while_busy(
                lambda: self.connection.execute(statement, parameters).rowcount
            )

    def run_many(self, statement: str, parameters: Iterable[Parameters]) -> int:
        return self.connection.executemany(statement, parameters).rowcount

    def begin(self) -> Execute:
        self._check_not_moved()
        self._retry_while_busy(lambda: self.connection.execute("BEGIN IMMEDIATE"))
        return self.connection.execute

    def lock_table(self, table: str) -> None:
        """Nothing is to do: only one transaction writes at a time."""

    def lock_exclusively(self) -> None:
        """Lock the file, so that nobody else opens it while this connection is open.

        Raises DatabaseInUseError.
        """
        try:
            self.connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            # only the last connection may leave WAL mode, so that this fails while others are open
            self.connection.execute("PRAGMA journal_mode = DELETE").fetchall()
            self.connection.execute("BEGIN EXCLUSIVE")
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            if errors.get_primary_code(error) != sqlite3.SQLITE_BUSY:
                raise self.translate_error(error) from error
            raise DatabaseInUseError from error

    def commit(self) -> None:
        self.connection.execute("COMMIT")
        if self._file_name is not None and self._log_identity is None:
            self._log_identity = _identify_file(f"{self._file_name}-wal")

    def roll_back(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # SQLite has rolled back by itself: disk full, I/O error

    def translate_error(self, error: BaseException) -> BaseException:
        # Python's own decoding error has no error code; its text names the column.
        match = None
        if isinstance(error, sqlite3.OperationalError):
            match = UNDECODABLE_MESSAGE.match(str(error))
        if match is None:
            return errors.translate_error(error, self.where) or error

        column = match[1]
        found = errors.find_undecodable_texts(self.connection, column)
        text = next(found, f"a text in the column {column}")
        return errors.UndecodableTextError(
            self.where,
            f"{text} can't be decoded",
            "`survey db verify` lists every such text; restore a backup with:"
            f" {errors.RESTORE_COMMAND}",
            reason=StoreFailure.DAMAGED,
        )

    def find_integrity_errors(self) -> Iterator[str]:
        for (line,) in self.read("PRAGMA integrity_check"):
            if line != "ok":
                yield f"the file is damaged: {line}"
        for text in errors.find_undecodable_texts(self.connection):
            yield f"{text} can't be decoded"
        for table, _, parent, _ in self.read("PRAGMA foreign_key_check"):
            yield f"a row of {table} refers to a missing row of {parent}"

    def _retry_while_busy(self, operation: Callable[[], T]) -> T:
        for further_tries in reversed(range(self._tries)):
            try:
                return operation()
            except DRIVER_ERRORS as error:
                is_busy = (
                    isinstance(error, sqlite3.Error)
                    and errors.get_primary_code(error) == sqlite3.SQLITE_BUSY
                )
                if further_tries and is_busy:
                    continue
                raise self.translate_error(error) from error
        raise AssertionError("there is at least one try")

    def _check_not_moved(self) -> None:
        """Check that the file was not moved or deleted, as answers written to it would be lost.

        Raises StoreError.
        """
        if self._file_name is None:
            return

        if _identify_file(self._file_name) != self._file_identity:
            what = "the file has been moved, deleted or replaced while it was in use"
            raise StoreError(self.where, what, "put it back where it was, then try again")

        if self._log_identity is None:
            return
        if _identify_file(f"{self._file_name}-wal") != self._log_identity:
            what = "the database's companion file (its name ends in -wal) has been moved or deleted"
            remedy = (
                "leave every interview that uses this database, then start again; nothing that"
                " was saved is lost"
            )
            raise StoreError(self.where, what, remedy)

    def close(self) -> None:
        with self.lock:
            self.connection.close()


def _identify_file(path: str) -> tuple[int, int] | None:
    """Return device and inode of a file, which differ if it was replaced; None if it is gone."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
