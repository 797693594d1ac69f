"""Abstract database connection of the store: reading, transactions, the server's clock.

Statements use `?` for parameters, as in `statements.py`. This module knows no table and no database
engine.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

from survey_cli.permissions import StaffRole
from survey_cli.store.backends.errors import translate_decoding_errors

T = TypeVar("T")

_STEADY = getattr(time, "CLOCK_BOOTTIME", None)
"""A clock that continues while the computer sleeps, where the system has one."""


def read_steady_clock() -> float:
    """Return the seconds since some time. This clock is never set and never goes back."""
    if _STEADY is None:
        return time.monotonic()  # noqa: TID251 - a duration
    return time.clock_gettime(_STEADY)


class ServerClock:
    """Clock that returns the server's time after it was synchronized once."""

    def __init__(self, seconds: Callable[[], float] = read_steady_clock) -> None:
        self.seconds = seconds
        self._server: datetime | None = None
        self._synchronized_at = 0.0

    def synchronize(self, server: datetime, *, sent: float) -> None:
        """Set the server's time, which came with the reply to a message sent at `sent`."""
        received = self.seconds()
        self._server = server.astimezone(UTC)
        # the server read its clock about halfway between message and reply
        self._synchronized_at = (sent + received) / 2

    def now(self) -> datetime:
        """Return the server's time, in UTC."""
        if self._server is None:
            raise RuntimeError("the clock is not synchronized yet")
        return self._server + timedelta(seconds=self.seconds() - self._synchronized_at)


Dialect: TypeAlias = Literal["sqlite", "postgresql"]
Parameters: TypeAlias = Sequence[str | int | float | None]
Rows: TypeAlias = list[tuple[Any, ...]]
Pause: TypeAlias = Callable[[], None] | None
"""Function that is called between short commits, so that others can write."""
RowStream: TypeAlias = Callable[[str, Parameters], Iterator[tuple[Any, ...]]]


class StatementResult(Protocol):
    """Result of a statement."""

    @property
    def rowcount(self) -> int:
        """Number of rows changed."""
        ...

    def fetchall(self) -> Rows:
        """Rows selected or returned by the statement."""
        ...


Execute: TypeAlias = Callable[[str, Parameters], StatementResult]


class Connector(ABC):
    """One connection. Errors with an outside cause are raised as StoreError."""

    dialect: ClassVar[Dialect]
    driver_errors: ClassVar[tuple[type[BaseException], ...]]
    """Errors of the driver with an outside cause, or programming errors."""

    def __init__(self, where: str) -> None:
        self.where = where
        """The database as it is printed."""
        self.account = ""
        """The account that writes over this connection, as the system or the server knows it."""
        self.read_only = False
        """Whether the place of the database is not writable, or the account may write nothing but
        the access log."""
        self.supervises = True
        """Whether the account may correct everything and read every contact, as a server's
        interviewers may not."""
        self.account_roles = frozenset({StaffRole.SUPERVISOR})
        """The roles of the account. A file has no accounts of its own, and sets no limit."""
        self.clock: ServerClock | None = None
        """The server's clock; None where the database has none."""
        self.lock = threading.RLock()
        self._in_read_transaction = False
        """Whether a transaction is open that reads everything as of one time."""

    # Reading

    @abstractmethod
    def read(self, statement: str, parameters: Parameters = ()) -> Rows:
        """Return all rows, including those written in the current transaction."""

    def read_as(
        self,
        decode: Callable[[Sequence[Any]], T],
        what: str,
        statement: str,
        parameters: Parameters = (),
    ) -> list[T]:
        """Return all rows, decoded by a function of the row.

        Raises StoreError that names `what` can't be read.
        """
        rows = self.read(statement, parameters)
        with translate_decoding_errors(self.where, what):
            return [decode(row) for row in rows]

    @abstractmethod
    def open_reader(self) -> AbstractContextManager[RowStream]:
        """Context manager that returns a function for streaming rows.

        All its statements see the database as of one time; writers do not wait for it.
        """

    def stream(self, statement: str, parameters: Parameters = ()) -> Iterator[tuple[Any, ...]]:
        """Stream rows in little memory, all as of one time."""
        with self.open_reader() as rows:
            yield from rows(statement, parameters)

    @contextmanager
    def read_transaction(self) -> Iterator[None]:
        """Context manager that reads everything as of its beginning. Writers don't wait for it.

        Nothing may be written over this connection until it ends.
        """
        self.begin_read()
        self._in_read_transaction = True
        try:
            yield
        finally:
            self._in_read_transaction = False
            self.roll_back()

    @abstractmethod
    def begin_read(self) -> None:
        """Begin a read-only transaction as of now."""

    @contextmanager
    def tolerate_undecodable(self) -> Iterator[None]:
        """Context manager that reads undecodable texts with replacement characters.

        A server accepts no such text.
        """
        yield

    # Writing

    @abstractmethod
    def run(self, statement: str, parameters: Parameters = ()) -> int:
        """Run a statement, in its own transaction if none is open; return the rows changed."""

    def run_autocommit(self, statement: str, parameters: Parameters = ()) -> int:
        """Run one statement outside of a transaction, in one round trip to a server.

        Raises TransientStoreError where its end was not seen, so the statement must be one that can
        be repeated.
        """
        return self.run(statement, parameters)

    @abstractmethod
    def run_many(self, statement: str, parameters: Iterable[Parameters]) -> int:
        """Run a statement many times within a transaction; return the number of rows changed."""

    def transaction(self) -> "Transaction":
        """Context manager of a transaction that returns a function for executing statements.

        It is on disk when the `with` ends. Where it raises StoreError, nothing was written.
        """
        return Transaction(self)

    @abstractmethod
    def begin(self) -> Execute:
        """Begin a transaction, waiting for other connections until the timeout."""

    @abstractmethod
    def lock_table(self, table: str) -> None:
        """Lock a table, so that nobody else writes to it until the transaction ends."""

    @abstractmethod
    def commit(self) -> None: ...

    @abstractmethod
    def roll_back(self) -> None: ...

    # Errors

    @abstractmethod
    def translate_error(self, error: BaseException) -> BaseException:
        """Return the error as a StoreError with a plain message; a programming error as it is."""

    @abstractmethod
    def find_integrity_errors(self) -> Iterator[str]:
        """Yield one sentence for each error that the database engine finds."""

    @abstractmethod
    def close(self) -> None: ...


class StorePart:
    """What is stored of one subject, over one connection.

    Methods of its subclasses raise StoreError.
    """

    def __init__(self, connector: Connector) -> None:
        self._db = connector


class Transaction:
    """Transaction of a connection.

    It is a class, as a generator is slower and each answer needs a transaction.
    """

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
                self._commit()
                return

            self._db.roll_back()
            if isinstance(error, self._db.driver_errors):
                raise self._db.translate_error(error) from error
        finally:
            self._db.lock.release()

    def _commit(self) -> None:
        try:
            self._db.commit()
        except BaseException as error:
            self._db.roll_back()
            if isinstance(error, self._db.driver_errors):
                raise self._db.translate_error(error) from error
            raise
