"""Abstract database connection of the store: reading, consistent reads and transactions.

Statements use `?` for parameters, as in `statements.py`. This module knows no table and no database engine.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Literal, Protocol, TypeAlias

from survey_cli.store.backends.server_clock import ServerClock

Dialect: TypeAlias = Literal["sqlite", "postgresql"]
Parameters: TypeAlias = Sequence[str | int | float | None]
Rows: TypeAlias = list[tuple[Any, ...]]
RowStream: TypeAlias = Callable[[str, Parameters], Iterator[tuple[Any, ...]]]


class StatementResult(Protocol):
    """What a statement has done."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""
        ...

    def fetchall(self) -> Rows:
        """The rows it found, or those it returns."""
        ...


Execute: TypeAlias = Callable[[str, Parameters], StatementResult]


class Connector(ABC):
    """One connection. Every error that is the world's doing leaves it as a StoreError."""

    dialect: ClassVar[Dialect]
    driver_errors: ClassVar[tuple[type[BaseException], ...]]
    """What the driver raises when the world is broken, or we made a mistake."""

    def __init__(self, where: str) -> None:
        self.where = where
        """The database, as it is printed."""
        self.account = ""
        """Who writes over this connection, as the system or the server knows them."""
        self.read_only = False
        """Nothing can be written where the database lies."""
        self.clock: ServerClock | None = None
        """The server's; None where the database has no clock of its own."""
        self.lock = threading.RLock()
        self._in_read_transaction = False
        """Everything is read as it was at one moment."""

    # Reading

    @abstractmethod
    def read(self, statement: str, parameters: Parameters = ()) -> Rows:
        """All rows; what was written in the transaction one is in among them."""

    @abstractmethod
    def open_reader(self) -> AbstractContextManager[RowStream]:
        """Hands out what reads rows one after another, those of every statement as they were at one moment,
        whatever is written meanwhile; nobody's writing waits for it."""

    def stream(self, statement: str, parameters: Parameters = ()) -> Iterator[tuple[Any, ...]]:
        """Row after row in little memory, all as they were at one moment."""
        with self.open_reader() as rows:
            yield from rows(statement, parameters)

    @contextmanager
    def read_transaction(self) -> Iterator[None]:
        """Within it everything is read as it was at the first moment, whatever is written meanwhile; nobody's writing
        waits for it. Nothing is written over this connection until it ends."""
        self.begin_read()
        self._in_read_transaction = True
        try:
            yield
        finally:
            self._in_read_transaction = False
            self.roll_back()

    @abstractmethod
    def begin_read(self) -> None:
        """Begin a transaction that reads, as of now."""

    @contextmanager
    def tolerate_undecodable(self) -> Iterator[None]:
        """Within it a text that can't be decoded is read with a mark in the place of what is wrong. (A server lets no
        such text in.)"""
        yield

    # Writing

    @abstractmethod
    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """One statement; gives the number of rows it changed. Where no transaction is open it is one by itself."""

    def run_autocommit(self, statement: str, parameters: Parameters = ()) -> int:
        """The same outside of a transaction, one way to the server and back: Interrupted where its end was not
        seen, so that only what may be said twice is said so."""
        return self.run(statement, parameters)

    @abstractmethod
    def run_many(self, statement: str, parameters: Iterable[Parameters]) -> int:
        """One statement, many times, within a transaction; gives the number of rows changed in all."""

    def transaction(self) -> "Transaction":
        """All or nothing, and on the disk when its `with` ends, which hands out what executes a statement in
        it. Raises StoreError, then nothing was written."""
        return Transaction(self)

    @abstractmethod
    def begin(self) -> Execute:
        """Begin a transaction, waiting for other connections as long as patience lasts."""

    @abstractmethod
    def lock_table(self, table: str) -> None:
        """Within a transaction: until it ends nobody else writes to the table."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def roll_back(self) -> None: ...

    # Trouble

    @abstractmethod
    def translate_error(self, error: BaseException) -> BaseException:
        """The error in plain words; itself where it is a mistake of ours."""

    @abstractmethod
    def find_integrity_errors(self) -> Iterator[str]:
        """A sentence for each thing the engine itself finds wrong with what it keeps."""

    @abstractmethod
    def close(self) -> None: ...


class Transaction:
    """See `Connector.transaction`. (A class and not a generator: it is entered at every answer.)"""

    __slots__ = ("_db",)

    def __init__(self, db: Connector) -> None:
        self._db = db

    def __enter__(self) -> Execute:
        self._db.lock.acquire()
        try:
            return self._db.begin()
        except BaseException:
            self._db.lock.release()
            raise

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            if error is None:
                self._db.commit()
        except BaseException as failed:
            self._db.roll_back()
            if isinstance(failed, self._db.driver_errors):
                raise self._db.translate_error(failed) from failed
            raise
        else:
            if error is not None:
                self._db.roll_back()
                if isinstance(error, self._db.driver_errors):
                    raise self._db.translate_error(error) from error
        finally:
            self._db.lock.release()
