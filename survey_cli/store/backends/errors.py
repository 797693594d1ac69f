"""Store errors and their messages: where, what happened and what to do.

The caller decides whether to continue.

Messages for SQLite, errors for stored values that can't be decoded (they name table, row and
column, never the value), and the decorator that repeats an operation once after a transient error.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, NamedTuple, ParamSpec, Protocol, TypeVar

from survey_cli.problems import StoreError, StoreFailure


class Closable(Protocol):
    """What has to be closed."""

    def close(self) -> None: ...


@contextmanager
def close_on_error(resource: Closable) -> Iterator[None]:
    """Context manager that closes a connection where preparing it fails."""
    try:
        yield
    except BaseException:
        resource.close()
        raise


class TransientStoreError(StoreError):
    """The connection was lost, or another station was in the way: the same call may work at once.

    Whether the last transaction was written is not known.
    """


class UndecodableTextError(StoreError):
    """A stored text is not UTF-8: the file was damaged, or edited by hand.

    The error does not show the text.
    """


class DatabaseNotFoundError(StoreError):
    """The database does not exist yet."""


@contextmanager
def require_driver(where: str) -> Iterator[None]:
    """Context manager for importing modules that need the PostgreSQL driver.

    Raises StoreError where it is missing.
    """
    try:
        yield
    except ImportError as error:
        from survey_cli.installation import make_install_command

        what = f"this installation can't connect to a database server ({error})"
        raise StoreError(
            where, what, f"install its driver: {make_install_command('postgres')}"
        ) from error


RESTORE_COMMAND: Final = "survey db restore BACKUP FILE"
"""Command that restores a backup. The replaced files are kept."""


class StoreMessage(NamedTuple):
    """The words of an error, and its reason for callers that decide by it."""

    what: str
    remedy: str
    reason: StoreFailure | None = None

    def make_error(self, where: str, what: str = "") -> StoreError:
        """Make the error, with more exact words if `what` is given."""
        return StoreError(where, what or self.what, self.remedy, reason=self.reason)


DAMAGED: Final = StoreMessage(
    "the database is damaged",
    f"stop interviewing on it, and restore the latest backup: {RESTORE_COMMAND}",
    StoreFailure.DAMAGED,
)
DISK_FULL: Final = StoreMessage("the disk is full", "free some space on it, then try again")
OUT_OF_MEMORY: Final = StoreMessage(
    "the computer is out of memory", "close other programs, then try again"
)
MESSAGES: Final[dict[int, StoreMessage]] = {
    sqlite3.SQLITE_FULL: DISK_FULL,
    sqlite3.SQLITE_BUSY: StoreMessage(
        "another program keeps the database locked",
        "close programs that write to it (a database browser, a copy in progress), then try again",
    ),
    sqlite3.SQLITE_LOCKED: StoreMessage("the database is locked", "try again"),
    sqlite3.SQLITE_PROTOCOL: StoreMessage(
        "too many programs open the database at once", "try again"
    ),
    sqlite3.SQLITE_READONLY: StoreMessage(
        "the database can only be read",
        "make the file and its folder writable for you, then try again",
    ),
    sqlite3.SQLITE_PERM: StoreMessage(
        "you have no permission to open the file",
        "make the file and its folder writable for you",
    ),
    sqlite3.SQLITE_CANTOPEN: StoreMessage(
        "the database can't be opened",
        "check that the file and its folder exist and are writable for you",
    ),
    sqlite3.SQLITE_IOERR: StoreMessage(
        "the disk can't store it",
        "check the disk, its free space and the limit on the size of a file, then try again",
    ),
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: StoreMessage(
        "the file is not a database, or is damaged",
        f"specify another file, or restore the latest backup: {RESTORE_COMMAND}",
        StoreFailure.DAMAGED,
    ),
    sqlite3.SQLITE_NOMEM: OUT_OF_MEMORY,
    sqlite3.SQLITE_TOOBIG: StoreMessage("the text is too long to be stored", "shorten it"),
}
"""The message of each primary result code of SQLite."""


def get_primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, the low byte of its extended codes, or 0."""
    code: int = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF


def translate_error(error: BaseException, where: str) -> StoreError | None:
    """Translate an error to a StoreError with a plain message; None for a programming error."""
    if isinstance(error, UnicodeError):
        return StoreError(
            where, "a text contains an incomplete character, which can't be stored", "type it again"
        )
    if isinstance(error, MemoryError):
        return OUT_OF_MEMORY.make_error(where)
    if not isinstance(error, sqlite3.Error):
        return None

    # The disk has no space for the file FILE-shm.
    if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_SHMSIZE:
        return DISK_FULL.make_error(where)
    code = get_primary_code(error)
    if code in MESSAGES:
        message = MESSAGES[code]
        if code == sqlite3.SQLITE_IOERR:
            name = getattr(error, "sqlite_errorname", "")
            return message.make_error(where, f"{message.what} ({name})")
        return message.make_error(where)
    if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError):
        # A table is missing, or bytes are not text. It can't be a mistake in a statement of this
        # program: the tests run all of them.
        return DAMAGED.make_error(where, f"the database is not as it was created ({error})")
    return None


@contextmanager
def translate_decoding_errors(where: str, what: str) -> Iterator[None]:
    """Context manager for decoding `what` from a database. Raises StoreError."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise make_decoding_error(where, what) from error


def make_decoding_error(where: str, what: str) -> StoreError:
    """Return the error that says that `what` can't be decoded.

    It does not quote the original error, which may contain an answer.
    """
    return StoreError(
        where,
        f"{what} can't be read",
        "check the database: survey db verify FILE; if it is damaged, "
        f"restore the latest backup: {RESTORE_COMMAND}",
        reason=StoreFailure.DAMAGED,
    )


TEXT_COLUMNS: Final = """
    SELECT t.name, c.name, c.pk FROM sqlite_master t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND (c.type = 'TEXT' OR c.pk > 0)
    ORDER BY t.name, c.cid"""


def find_undecodable_texts(connection: sqlite3.Connection, column: str = "") -> Iterator[str]:
    """Yield a phrase for each text that is not UTF-8, in columns of this name or in all of them."""
    tables: dict[str, list[tuple[str, bool]]] = {}
    for table, name, is_key in connection.execute(TEXT_COLUMNS).fetchall():
        tables.setdefault(table, []).append((name, bool(is_key)))

    text_factory = connection.text_factory
    connection.text_factory = bytes
    try:
        for table, columns in tables.items():
            checked = [index for index, (name, _) in enumerate(columns) if column in ("", name)]
            if checked:
                yield from _find_in_table(connection, table, columns, checked)
    finally:
        connection.text_factory = text_factory


def _find_in_table(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[tuple[str, bool]],
    checked: Sequence[int],
) -> Iterator[str]:
    """Yield a phrase for each text that is not UTF-8 in the columns with the indexes `checked`."""
    names = [name for name, _ in columns]
    try:
        rows = connection.execute(f"SELECT {', '.join(names)} FROM {table}")
    except sqlite3.OperationalError:  # damage in the text of the schema
        yield f"the name of a column of {table}"
        return

    keys = [index for index, (_, is_key) in enumerate(columns) if is_key]
    for row in rows:
        for index in checked:
            if isinstance(row[index], bytes) and not _is_text(row[index]):
                identity = ", ".join(f"{names[key]} {_format_key(row[key])}" for key in keys)
                described = _describe_row(connection, table, row, identity)
                yield f"the text {names[index]} of {table} ({described})"


def _describe_row(
    connection: sqlite3.Connection, table: str, row: Sequence[Any], identity: str
) -> str:
    """Return how a row is named: by its key, and a contact by its case."""
    if table != "case_contacts":
        return identity
    cases = connection.execute(
        "SELECT key FROM cases WHERE link = ?", (row[0].decode(errors="replace"),)
    ).fetchall()
    if not cases:
        return identity
    return f"case {_format_key(cases[0][0])}"


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _format_key(value: bytes | int) -> str:
    if isinstance(value, int):
        return str(value)
    return value.decode(errors="backslashreplace")


P = ParamSpec("P")
T = TypeVar("T")


def retry_once(operation: Callable[P, T]) -> Callable[P, T]:
    """Repeat a method once after a TransientStoreError."""

    @wraps(operation)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return operation(*args, **kwargs)
        except TransientStoreError:
            return operation(*args, **kwargs)

    return run


def check_rewriting(
    what: str, stored: Sequence[Sequence[object]], rewritten: Sequence[Sequence[object]]
) -> None:
    """Check that rewritten events begin with the stored ones, by all columns but the texts.

    Raises ValueError.
    """
    if not stored or [tuple(row) for row in stored] != [
        tuple(row) for row in rewritten[: len(stored)]
    ]:
        raise ValueError(f"{what} with other words")
