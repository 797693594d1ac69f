"""How does one talk to SQLite? One connection: whole transactions, patience with other writers, plain words
in trouble.

It knows no table. Every sqlite3 error that is the world's doing leaves here as a StoreProblem.
"""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote

from survey_cli.store.problem import StoreProblem, primary, told

T = TypeVar("T")
Parameters: TypeAlias = Sequence[str | int | float | None]
Found: TypeAlias = list[tuple[Any, ...]]
Execute: TypeAlias = Callable[[str, Parameters], sqlite3.Cursor]

APPLICATION_ID: Final = 0x53565259
"""`SVRY`, in the file's header: file(1) and this program know by it whose file it is."""

POLL: Final = 0.010
"""Seconds SQLite waits for a lock before it is asked again. Its own waiting doubles its steps up to 100 ms,
so that among saturated writers the latest never gets a turn; begun anew every 10 ms the steps stay at 1, 2, 5
ms."""

PRAGMAS: Final = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # WAL with NORMAL is not durable
    "PRAGMA fullfsync = ON",  # macOS: to the platter; elsewhere nothing
    "PRAGMA trusted_schema = OFF",  # a file someone sent us runs no functions of its own
)


WORLDLY: Final = (sqlite3.Error, UnicodeError, MemoryError)
"""What sqlite3 raises when the world is broken, or we made a mistake."""


class Connector:
    """One connection to one database."""

    def __init__(
        self, connection: sqlite3.Connection, *, where: str, path: Path | None, patience: float
    ) -> None:
        self.connection = connection
        self.where = where
        self.path = path
        self._tries = max(1, round(patience / POLL))
        self.turn = threading.RLock()
        self._at = None if path is None else str(path)
        self._file = None if self._at is None else _identity(self._at)
        self._log: tuple[int, int] | None = None
        """The -wal beside the file, once we have written to it; while we are connected it stays."""

    @classmethod
    def in_memory(cls) -> "Connector":
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        found = cls(connection, where=":memory:", path=None, patience=0)
        found.prepare()
        return found

    @classmethod
    def to_file(cls, path: Path, *, where: str, patience: float) -> "Connector":
        """To a file that exists. Raises StoreProblem."""
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode=rw",
                uri=True,
                timeout=POLL,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise told(error, where) or error from error
        found = cls(connection, where=where, path=path, patience=patience)
        try:
            found.prepare()
        except BaseException:
            connection.close()
            raise
        return found

    def prepare(self) -> None:
        for pragma in PRAGMAS:
            self.run(pragma)

    # Reading

    def read(self, statement: str, parameters: Parameters = ()) -> Found:
        """All rows."""
        with self.turn:
            return self._patiently(lambda: self.connection.execute(statement, parameters).fetchall())

    def stream(self, statement: str, parameters: Parameters = ()) -> Iterator[tuple[Any, ...]]:
        """Row after row in little memory, all as they were at one moment, whatever is written meanwhile. A
        file is read over a connection of its own, so that nobody's writing waits."""
        if self.path is None:
            yield from self.read(statement, parameters)
            return
        other = Connector.to_file(self.path, where=self.where, patience=self._tries * POLL)
        try:
            cursor = other._patiently(lambda: other.connection.execute(statement, parameters))
            while rows := other._patiently(lambda: cursor.fetchmany(256)):
                yield from rows
        finally:
            other.close()

    # Writing

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """One statement; gives the number of rows it changed."""
        with self.turn:
            return self._patiently(lambda: self.connection.execute(statement, parameters).rowcount)

    def run_many(self, statement: str, parameters: Iterable[Parameters]) -> None:
        """One statement, many times; within a transaction."""
        self.connection.executemany(statement, parameters)

    def changes(self) -> int:
        """How many rows were changed over this connection so far."""
        return self.connection.total_changes

    def transaction(self) -> "Transaction":
        """All or nothing, and on the disk when its `with` ends, which hands out what executes a statement in
        it. Raises StoreProblem, then nothing was written."""
        return Transaction(self)

    def begin(self) -> None:
        """Take the turn to write, waiting for other connections as long as patience lasts."""
        self._check_in_place()
        self._patiently(lambda: self.connection.execute("BEGIN IMMEDIATE"))

    def roll_back(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # SQLite has rolled back by itself: disk full, I/O error

    def told(self, error: Exception) -> Exception:
        """The error in plain words; itself where it is a mistake of ours."""
        return told(error, self.where) or error

    def _patiently(self, act: Callable[[], T]) -> T:
        for left in reversed(range(self._tries)):
            try:
                return act()
            except WORLDLY as error:
                if left and isinstance(error, sqlite3.Error) and primary(error) == sqlite3.SQLITE_BUSY:
                    continue
                raise self.told(error) from error
        raise AssertionError("there is at least one try")

    def _check_in_place(self) -> None:
        """A file that was moved or deleted would go on taking answers that nobody finds again."""
        if self._at is not None and _identity(self._at) != self._file:
            raise StoreProblem(
                self.where,
                "the file has been moved, deleted or replaced while it was in use",
                "put it back where it was, then give the entry again",
            )
        if self._log is not None and _identity(f"{self._at}-wal") != self._log:
            raise StoreProblem(
                self.where,
                "the file with -wal at its end, which belongs to the database, has been moved or deleted",
                "leave every interview on this database, then begin again; nothing that was taken is lost",
            )

    def written(self) -> None:
        """A transaction is on the disk."""
        if self._at is not None and self._log is None:
            self._log = _identity(f"{self._at}-wal")

    def close(self) -> None:
        with self.turn:
            self.connection.close()


class Transaction:
    """See `Connector.transaction`. (A class and not a generator: it is entered at every answer.)"""

    __slots__ = ("_db",)

    def __init__(self, db: Connector) -> None:
        self._db = db

    def __enter__(self) -> Execute:
        self._db.turn.acquire()
        try:
            self._db.begin()
        except BaseException:
            self._db.turn.release()
            raise
        return self._db.connection.execute

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            if error is None:
                self._db.connection.execute("COMMIT")
                self._db.written()
        except BaseException as failed:
            self._db.roll_back()
            if isinstance(failed, WORLDLY):
                raise self._db.told(failed) from failed
            raise
        else:
            if error is not None:
                self._db.roll_back()
                if isinstance(error, WORLDLY):
                    raise self._db.told(error) from error
        finally:
            self._db.turn.release()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
