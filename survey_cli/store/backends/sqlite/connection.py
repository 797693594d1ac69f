"""How does one talk to SQLite? One connection: whole transactions, patience with other writers, plain words
in trouble.

It knows no table. Every sqlite3 error that is the world's doing leaves here as a StoreError.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import quote

from survey_cli.store.backends import account
from survey_cli.store.backends.connector import Connector, Dialect, Execute, Found, Parameters, Stream
from survey_cli.store.backends.decoding import undecodable
from survey_cli.store.backends.errors import RESTORE, StoreError, Undecodable, primary, told

T = TypeVar("T")

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


NOT_TEXT: Final = re.compile(r"Could not decode to UTF-8 column '([^']*)'")
"""How SQLite's driver begins to say so. It goes on with the text itself."""


class Sqlite(Connector):
    """One connection to one file."""

    dialect: ClassVar[Dialect] = "sqlite"
    worldly: ClassVar[tuple[type[BaseException], ...]] = WORLDLY

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
        self.account = account.system_account()
        self.path = path
        self.read_only = read_only
        self._tries = max(1, round(patience / POLL))
        self._at = None if path is None else str(path)
        self._file = None if self._at is None else _identity(self._at)
        self._log: tuple[int, int] | None = None
        """The -wal beside the file, once we have written to it; while we are connected it stays."""

    @classmethod
    def in_memory(cls) -> "Sqlite":
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        found = cls(connection, where=":memory:", path=None, patience=0)
        found.prepare()
        return found

    @classmethod
    def to_file(cls, path: Path, *, where: str, patience: float, read_only: bool = False) -> "Sqlite":
        """To a file that exists. `read_only` is for places in which nothing can be written; unless a log lies beside it,
        the file is taken for one that nobody changes. Raises StoreError."""
        mode = "rw"
        if read_only:
            mode = "ro" if os.path.exists(f"{path}-wal") else "ro&immutable=1"
        try:
            connection = sqlite3.connect(
                f"file:{quote(os.fsencode(path))}?mode={mode}",
                uri=True,
                timeout=POLL,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise told(error, where) or error from error
        found = cls(connection, where=where, path=path, patience=patience, read_only=read_only)
        try:
            found.prepare()
        except BaseException:
            connection.close()
            raise
        return found

    def prepare(self) -> None:
        for pragma in PRAGMAS:
            self.run(pragma)
        self.connection.create_function("own_account", 0, lambda: self.account)

    # Reading

    def read(self, statement: str, parameters: Parameters = ()) -> Found:
        with self.turn:
            return self._patiently(lambda: self.connection.execute(statement, parameters).fetchall())

    @contextmanager
    def moment(self) -> Iterator[Stream]:
        """A file is read over a connection of its own, unless everything stands still on this one."""
        if self._still:
            yield self._rows
            return
        if self.path is None:
            yield lambda statement, parameters: iter(self.read(statement, parameters))
            return
        other = Sqlite.to_file(
            self.path, where=self.where, patience=self._tries * POLL, read_only=self.read_only
        )
        other.connection.text_factory = self.connection.text_factory
        try:
            other.run("BEGIN")
            yield other._rows
        finally:
            other.close()

    def _rows(self, statement: str, parameters: Parameters) -> Iterator[tuple[Any, ...]]:
        cursor = self._patiently(lambda: self.connection.execute(statement, parameters))
        while rows := self._patiently(lambda: cursor.fetchmany(256)):
            yield from rows

    def stand(self) -> None:
        self.run("BEGIN")
        try:
            self.read("SELECT 1 FROM sqlite_schema LIMIT 1")  # it stands from the first thing that is read
        except StoreError:
            self.roll_back()
            raise

    @contextmanager
    def tolerantly(self) -> Iterator[None]:
        usual = self.connection.text_factory
        self.connection.text_factory = lambda text: text.decode(errors="replace")
        try:
            yield
        finally:
            self.connection.text_factory = usual

    # Writing

    def run(self, statement: str, parameters: Parameters = ()) -> int:
        with self.turn:
            return self._patiently(lambda: self.connection.execute(statement, parameters).rowcount)

    def run_many(self, statement: str, parameters: Iterable[Parameters]) -> int:
        return self.connection.executemany(statement, parameters).rowcount

    def begin(self) -> Execute:
        self._check_in_place()
        self._patiently(lambda: self.connection.execute("BEGIN IMMEDIATE"))
        return self.connection.execute

    def hold(self, table: str) -> None:
        """One transaction writes at a time as it is."""

    def commit(self) -> None:
        self.connection.execute("COMMIT")
        if self._at is not None and self._log is None:
            self._log = _identity(f"{self._at}-wal")

    def roll_back(self) -> None:
        try:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
        except sqlite3.Error:
            pass  # SQLite has rolled back by itself: disk full, I/O error

    def told(self, error: BaseException) -> BaseException:
        if isinstance(error, sqlite3.OperationalError) and (found := NOT_TEXT.match(str(error))):
            named = next(undecodable(self.connection, found[1]), f"a text in the column {found[1]}")
            return Undecodable(
                self.where,
                f"{named} can't be decoded",
                f"`survey verify` lists every such text; a backup is brought back by: {RESTORE}",
            )
        return told(error, self.where) or error

    def flaws(self) -> Iterator[str]:
        for (line,) in self.read("PRAGMA integrity_check"):
            if line != "ok":
                yield f"the file is damaged: {line}"
        for named in undecodable(self.connection):
            yield f"{named} can't be decoded"
        for table, _, parent, _ in self.read("PRAGMA foreign_key_check"):
            yield f"a row of {table} belongs to nothing in {parent}"

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
            raise StoreError(
                self.where,
                "the file has been moved, deleted or replaced while it was in use",
                "put it back where it was, then try again",
            )
        if self._log is not None and _identity(f"{self._at}-wal") != self._log:
            raise StoreError(
                self.where,
                "the file with -wal at its end, which belongs to the database, has been moved or deleted",
                "leave every interview on this database, then begin again; nothing that was taken is lost",
            )

    def close(self) -> None:
        with self.turn:
            self.connection.close()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
