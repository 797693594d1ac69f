"""Do-not-call list: a file beside the studies' databases, or a server's schema for all studies.

Only keyed hashes of numbers are stored, so that the list outlasts the erasure of a person's data
and discloses no number.
"""

import hmac
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.problems import StoreError
from survey_cli.store.backends.address import (
    SHARED_SCHEMA,
    ServerAddress,
    is_server_address,
    parse_server_address,
)
from survey_cli.store.backends.connector import Connector, Dialect, Rows
from survey_cli.store.backends.errors import (
    close_on_error,
    require_driver,
    translate_decoding_errors,
)
from survey_cli.store.backends.schema.migrations import adapt_statement
from survey_cli.store.backends.sqlite import database_files
from survey_cli.store.backends.sqlite.connection import DatabaseInUseError, SqliteConnector
from survey_cli.store.backends.statements import read_statements

FILE_NAME: Final = "never_call.db"
KEY_SUFFIX: Final = ".key"
"""The name of the file with the key is that of the list, followed by this."""
APPLICATION_ID: Final = 0x53565243
"""`SVRC` in the header of the file, by which the list differs from the database of a study."""
VERSION: Final = 2
"""Since version 2 the key of a list in a file is in a separate file."""
KEY_MARK_PREFIX: Final = "mark "
KEY_MARK_TEXT: Final = b"this list"
"""The text that is hashed to recognize the key of a list."""
BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait while others write."""

sql: Final = read_statements(__file__)
TABLES: Final = (sql.NUMBERS_TABLE, sql.KEY_TABLE)
HAS_REMOVED_TABLE: Final[dict[Dialect, str]] = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'never_call_taken_off'",
    "postgresql": f"""SELECT 1 FROM pg_tables
        WHERE schemaname = '{SHARED_SCHEMA}' AND tablename = 'never_call_taken_off'""",
}

COMMIT_SIZE: Final = 500
"""Numbers in one commit."""
QUERY_SIZE: Final = 500
"""Numbers in one query."""


class DoNotCallEntry(NamedTuple):
    """When, why and by whom a number was added to the list, or removed from it."""

    at: datetime
    reason: str
    by: str


class DoNotCallList:
    """A list of telephone numbers in E.164 form (`+13125550100`). Methods raise StoreError."""

    def __init__(self, connector: Connector, key: str = "") -> None:
        """`key` is the key where it is stored outside of the database, in hexadecimal digits."""
        self._db = connector
        self.account = connector.account
        """The account that changes the list: that of the system or, on a server, the role."""
        self._key: bytes | None = None
        """None if the account may not read the key; the server then computes the hashes."""
        self._may_add = True
        if connector.dialect == "postgresql":
            [(can_read_key, can_hash, self._may_add)] = connector.read(sql.KEY_ACCESS)
            if can_hash and not can_read_key:
                return

        [(stored_key,)] = connector.read(sql.KEY)
        with translate_decoding_errors(connector.where, "the key of the do-not-call list"):
            self._key = bytes.fromhex(key or stored_key)
        # With another key every number would seem to be missing, and be called.
        if key and stored_key not in (key, _make_key_mark(self._key)):
            remedy = "restore the key that belongs to this list from a backup of the folder"
            raise StoreError(
                f"{connector.where}{KEY_SUFFIX}", "belongs to another do-not-call list", remedy
            )

    @classmethod
    def open_beside(cls, where: str | Path) -> "DoNotCallList":
        """Open the list that belongs to a study's database, or create it."""
        if isinstance(where, ServerAddress):
            return cls(_connect_to_server(where))
        place = str(where)
        if is_server_address(place):
            return cls(_connect_to_server(parse_server_address(place)))

        if place == ":memory:":
            memory = SqliteConnector.open_in_memory()
            _create_tables(memory, _make_key())
            return cls(memory)
        return cls.open(database_files.resolve_link(place).parent / FILE_NAME)

    @classmethod
    def open_read_only(cls, where: str | Path) -> "DoNotCallList":
        """Open the list beside a database in a read-only place. A missing list is an empty one."""
        file = database_files.resolve_link(str(where)).parent / FILE_NAME
        if not file.exists():
            return cls.open_beside(":memory:")
        db = SqliteConnector.open_file(file, where=str(file), patience=BUSY_TIMEOUT, read_only=True)
        return cls(db, _find_key_outside(file, db))

    @classmethod
    def open(cls, path: Path) -> "DoNotCallList":
        """Open the list in a file, with its key in another.

        Missing files are created, and are readable by their owner only.
        """
        where = str(path)
        path = database_files.resolve_link(path).absolute()
        database_files.check_folder(path.parent, where=where)
        if not path.exists():
            with database_files.lock_folder(path.parent, alone=True):
                # first the key: a list without its key is of no use, a key without a list is used
                key = _read_key_file(path) or _write_key_file(path, _make_key())
                mark = _make_key_mark(bytes.fromhex(key))

                def create(temporary: Path) -> None:
                    new = SqliteConnector.open_file(temporary, where=where, patience=1)
                    with closing(new):
                        _create_tables(new, mark)
                        new.run("PRAGMA journal_mode = WAL")

                database_files.create_atomically(path, create, where=where)

        with database_files.lock_folder(path.parent, alone=False):
            db = _open_file(path, where)
        # moving the key requires that nobody has the list open, so it is closed and opened again
        if db.read("PRAGMA user_version") == [(1,)]:
            db.close()
            with database_files.lock_folder(path.parent, alone=True):
                _move_key_out(path, where)
                db = _open_file(path, where)

        with close_on_error(db):
            return cls(db, _find_key_outside(path, db))

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "DoNotCallList":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, numbers: Iterable[str], *, at: datetime, reason: str, by: str) -> int:
        """Add numbers to the list in short commits, and return how many are new.

        The others keep the earlier date and its reason. Raises StoreError, also on a server if the
        account is an interviewer's: the numbers of a case come onto the list by an outcome.
        """
        if not self._may_add:
            what = (
                f"{self.account} is an interviewer, and only a supervisor may add numbers to the"
                " do-not-call list"
            )
            raise StoreError(
                self._db.where, what, "ask a supervisor; in a call, record the outcome never_call"
            )

        added = 0
        time = encode_timestamp(at)
        all_hashes = (self._hash_number(number) for number in numbers)
        for hashes in _split_batches(all_hashes, COMMIT_SIZE):
            with self._db.transaction():
                added += len(set(hashes)) - len(self._select_listed_hashes(hashes))
                rows = [(number_hash, time, reason, by) for number_hash in hashes]
                self._db.run_many(sql.ADD, rows)
        return added

    def remove(self, numbers: Collection[str], *, at: datetime, reason: str, by: str) -> int:
        """Remove numbers from the list in one commit, and return how many were on it.

        The entry and the removal are recorded.
        """
        hashes = [self._hash_number(number) for number in numbers]
        time = encode_timestamp(at)
        with self._db.transaction():
            # lists of earlier versions don't have this table, and many lists never need it
            if not self._db.read(HAS_REMOVED_TABLE[self._db.dialect]):
                table = sql.REMOVED_TABLE
                if self._db.dialect == "postgresql":
                    table = adapt_statement(table)
                self._db.run(table)

            # the record copies the entry, which is deleted then
            removals = [(time, reason, by, number_hash) for number_hash in hashes]
            self._db.run_many(sql.RECORD_REMOVAL, removals)
            return self._db.run_many(sql.REMOVE, [(number_hash,) for number_hash in hashes])

    def find_removal(self, number: str) -> DoNotCallEntry | None:
        """Return the last removal of a number from the list, or None if it was never removed."""
        if not self._db.read(HAS_REMOVED_TABLE[self._db.dialect]):
            return None
        return self._decode_entry(self._db.read(sql.LAST_REMOVAL, (self._hash_number(number),)))

    def select_listed(self, numbers: Collection[str]) -> set[str]:
        """Return those of these numbers that are on the list."""
        numbers_by_hash = {self._hash_number(number): number for number in numbers}
        listed: set[str] = set()
        for hashes in _split_batches(numbers_by_hash, QUERY_SIZE):
            for number_hash in self._select_listed_hashes(hashes):
                listed.add(numbers_by_hash[number_hash])
        return listed

    def _select_listed_hashes(self, hashes: Sequence[str]) -> set[str]:
        marks = ", ".join("?" * len(hashes))
        rows = self._db.read(sql.SELECT_LISTED.format(marks=marks), hashes)
        return {number_hash for (number_hash,) in rows}

    def find_entry(self, number: str) -> DoNotCallEntry | None:
        """Return the entry of a number on the list, or None if it isn't on the list."""
        return self._decode_entry(self._db.read(sql.FIND_ENTRY, (self._hash_number(number),)))

    def _decode_entry(self, rows: Rows) -> DoNotCallEntry | None:
        if not rows:
            return None
        at, reason, by = rows[0]
        with translate_decoding_errors(self._db.where, "the do-not-call list"):
            return DoNotCallEntry(decode_timestamp(at), reason, by)

    def count(self) -> int:
        """Count the entries of the list."""
        [(count,)] = self._db.read(sql.COUNT)
        return int(count)

    def _hash_number(self, number: str) -> str:
        """Return the HMAC-SHA-256 (RFC 2104) of a number in hexadecimal digits.

        All numbers can be tried one after another, so it hides a number only from those who do not
        have the key. Raises ValueError where the number is not in E.164 form, as another form of
        the same number has another hash.
        """
        has_form = number[:1] == "+" and number[1:].isdecimal() and number.isascii()
        if not has_form:
            raise ValueError("a number on the list is written as +13125550100")
        if self._key is None:
            [(number_hash,)] = self._db.read(
                f"SELECT {SHARED_SCHEMA}.never_call_hash(?)", (number,)
            )
            return str(number_hash)
        return hmac.new(self._key, number.encode(), "sha256").hexdigest()


def _split_batches(hashes: Iterable[str], size: int) -> Iterator[list[str]]:
    source = iter(hashes)
    while batch := list(islice(source, size)):
        yield batch


def _open_file(path: Path, where: str) -> SqliteConnector:
    database_files.check_file(path, where=where)
    database_files.check_no_hard_link(path, where=where)
    db = SqliteConnector.open_file(path, where=where, patience=BUSY_TIMEOUT)
    with close_on_error(db):
        if db.read("PRAGMA application_id") != [(APPLICATION_ID,)]:
            remedy = "restore the list from a backup, or move this file away to start a new list"
            raise StoreError(where, "is not a do-not-call list of this program", remedy)
        if db.read("PRAGMA user_version") > [(VERSION,)]:
            what = "was written by a newer version of this program"
            raise StoreError(where, what, "install that version to open it")
        db.run("PRAGMA journal_mode = WAL")
    return db


def _create_tables(db: SqliteConnector, key: str) -> None:
    db.run(f"PRAGMA application_id = {APPLICATION_ID}")
    db.run(f"PRAGMA user_version = {VERSION}")
    with db.transaction() as execute:
        for table in TABLES:
            execute(table.replace("{by_key}", " WITHOUT ROWID"), ())
        execute(sql.NEW_KEY.format(random="?"), (key,))


# Its key


def _make_key() -> str:
    with closing(SqliteConnector.open_in_memory()) as memory:
        return str(memory.read(sql.RANDOM_KEY_SQLITE)[0][0])


def _make_key_mark(key: bytes) -> str:
    """Return the text that the database has in place of its key.

    It identifies the key and does not disclose it.
    """
    return f"{KEY_MARK_PREFIX}{hmac.new(key, KEY_MARK_TEXT, 'sha256').hexdigest()}"


def _read_key_file(path: Path) -> str:
    """Return the key in the file beside a list, or an empty text if there isn't one."""
    try:
        return Path(f"{path}{KEY_SUFFIX}").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        what = "the key of the do-not-call list can't be read"
        raise StoreError(f"{path}{KEY_SUFFIX}", what, "make it readable for you") from error


def _write_key_file(path: Path, key: str) -> str:
    """Write the key beside its list, and return it.

    A key that is there already, or that another program writes first, stays and is returned.
    """
    file = Path(f"{path}{KEY_SUFFIX}")

    def write(temporary: Path) -> None:
        with temporary.open("w", encoding="ascii") as stream:
            stream.write(f"{key}\n")
            stream.flush()
            os.fsync(stream.fileno())

    database_files.create_atomically(
        file, write, where=str(file), group_mode=database_files.GROUP_LIST_MODE
    )
    return _read_key_file(path)


def _move_key_out(path: Path, where: str) -> None:
    """Move the key of an earlier version's list to a file, unless another program uses the list."""
    with closing(SqliteConnector.open_file(path, where=where, patience=0)) as db:
        [(key,)] = db.read(sql.KEY)
        if key.startswith(KEY_MARK_PREFIX):
            return  # another program has moved it
        with translate_decoding_errors(where, "the key of the do-not-call list"):
            mark = _make_key_mark(bytes.fromhex(key))
        try:
            db.lock_exclusively()
        except DatabaseInUseError:
            return
        if _write_key_file(path, key) != key:
            return  # the file has the key of another list: opening the list reports it
        with db.transaction() as execute:
            execute("UPDATE never_call_key SET key = ?", (mark,))
        db.run(f"PRAGMA user_version = {VERSION}")
        db.run("VACUUM")  # the overwritten key is still in the free space of the file


def _find_key_outside(path: Path, db: SqliteConnector) -> str:
    """Return the key in the file beside a list; empty if the list itself contains its key.

    Raises StoreError if the key is missing.
    """
    key = _read_key_file(path)
    if key:
        return key

    [(key_or_mark,)] = db.read(sql.KEY)
    if not key_or_mark.startswith(KEY_MARK_PREFIX):
        return ""
    what = "is missing; without this key, the numbers on the do-not-call list can't be checked"
    raise StoreError(f"{db.where}{KEY_SUFFIX}", what, "restore it from a backup of the folder")


def _connect_to_server(where: ServerAddress) -> Connector:
    with require_driver(where):
        from survey_cli.store.backends.postgres.connection import MIGRATION_LOCK, PostgresConnector
    db = PostgresConnector(
        ServerAddress(str(where), url=where.url, schema=SHARED_SCHEMA), patience=BUSY_TIMEOUT
    )
    with close_on_error(db):
        if db.read("SELECT to_regclass(?)::text", (f"{SHARED_SCHEMA}.never_call_key",)) == [
            (None,)
        ]:
            with db.transaction() as execute:
                execute(
                    "SELECT pg_advisory_xact_lock(?, hashtext(?))", (MIGRATION_LOCK, SHARED_SCHEMA)
                )
                execute(f"CREATE SCHEMA IF NOT EXISTS {SHARED_SCHEMA}", ())
                for table in TABLES:
                    execute(adapt_statement(table), ())
                execute(sql.NEW_KEY.format(random=sql.RANDOM_KEY_POSTGRESQL), ())
    return db
