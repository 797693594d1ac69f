"""Which numbers are never to be called again, in any study? A small database of its own beside those of the studies, or
the schema that the studies on a server share.

Only keyed hashes are kept, so that it outlasts the erasure of whoever asked for it, and tells nobody's number by itself.
"""

import hmac
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.engine.codec import decode_moment, encode_moment
from survey_cli.store.backends.address import SHARED, Where, names_server, server
from survey_cli.store.backends.connector import Connector, Dialect
from survey_cli.store.backends.decoding import legible
from survey_cli.store.backends.errors import StoreError, no_driver
from survey_cli.store.backends.sqlite.connection import Sqlite
from survey_cli.store.backends.sqlite.database_files import (
    GROUPS_LIST,
    check_file,
    check_folder,
    check_only_name,
    file_system,
    locked,
    own_path,
    put_in_place,
)
from survey_cli.store.backends.sqlite.upgrade import InUse, be_alone

FILE: Final = "never_call.db"
KEY_ENDING: Final = ".key"
"""The file with the key has the name of the list with this at its end."""
APPLICATION_ID: Final = 0x53565243
"""`SVRC`: no study's database."""
VERSION: Final = 2
"""Since version 2 the key of a list in a file lies in a file of its own."""
MARKED: Final = "mark "
MARK: Final = b"this list"
"""What is hashed to recognize the key that belongs to a list."""
PATIENCE: Final = 5.0
"""Seconds to wait while others write."""

TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS never_call (
        hash TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        reason TEXT NOT NULL,
        by TEXT NOT NULL
    ){by_key}""",
    """CREATE TABLE IF NOT EXISTS never_call_key (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        key TEXT NOT NULL
    )""",
)
TAKEN_OFF: Final = """CREATE TABLE IF NOT EXISTS never_call_taken_off (
    hash TEXT NOT NULL,
    listed_at TEXT NOT NULL,
    listed_reason TEXT NOT NULL,
    listed_by TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL
)"""
"""Made when a number is first taken off: lists that are in use have none."""
HAS_TAKEN_OFF: Final[dict[Dialect, str]] = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'never_call_taken_off'",
    "postgresql": f"""SELECT 1 FROM pg_tables
        WHERE schemaname = '{SHARED}' AND tablename = 'never_call_taken_off'""",
}
NEW_KEY: Final = "INSERT INTO never_call_key (one, key) VALUES (1, {random}) ON CONFLICT (one) DO NOTHING"
SET_KEY: Final = "UPDATE never_call_key SET key = ?"
OF_SQLITE: Final = "SELECT lower(hex(randomblob(32)))"
"""Drawn by the engine, once, when the list is made: both draw on the system's own randomness."""
OF_POSTGRESQL: Final = "replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')"

READS_KEY: Final = f"""
    SELECT has_table_privilege('{SHARED}.never_call_key', 'SELECT'),
        to_regprocedure('{SHARED}.never_call_hash(text)') IS NOT NULL,
        has_table_privilege('{SHARED}.never_call', 'UPDATE')
"""
HASH_ON_SERVER: Final = f"SELECT {SHARED}.never_call_hash(?)"
KEY: Final = "SELECT key FROM never_call_key"
ADD: Final = """
    INSERT INTO never_call (hash, at, reason, by) VALUES (?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET at = excluded.at, reason = excluded.reason, by = excluded.by
    WHERE excluded.at < never_call.at
"""
ADD_ONCE: Final = (
    "INSERT INTO never_call (hash, at, reason, by) VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING"
)
"""For whoever may add to the list and change nothing on it."""
AMONG: Final = "SELECT hash FROM never_call WHERE hash IN ({marks})"
LISTED: Final = "SELECT at, reason, by FROM never_call WHERE hash = ?"
REMOVE: Final = "DELETE FROM never_call WHERE hash = ?"
KEEP_TAKEN_OFF: Final = """
    INSERT INTO never_call_taken_off (hash, listed_at, listed_reason, listed_by, at, reason, by)
    SELECT hash, at, reason, by, ?, ?, ? FROM never_call WHERE hash = ?
"""
LAST_TAKEN_OFF: Final = """
    SELECT at, reason, by FROM never_call_taken_off WHERE hash = ? ORDER BY at DESC LIMIT 1
"""
COUNT: Final = "SELECT count(*) FROM never_call"

AT_ONCE: Final = 500
"""Numbers in one commit."""
IN_ONE: Final = 500
"""Numbers in one question."""


class Listed(NamedTuple):
    """Why a number is on the list, or was taken off it."""

    at: datetime
    reason: str
    by: str


class NeverCall:
    """The list, of numbers in E.164 form (`+13125550100`). Every method raises StoreError when the world it is kept in
    is broken."""

    def __init__(self, connector: Connector, key: str = "") -> None:
        """`key`: where it is not in the database."""
        self._db = connector
        self._key: bytes | None = None
        """None: whoever asks may not read it, and the server computes the hashes."""
        self._adding = ADD
        if connector.dialect == "postgresql":
            [(reads_key, hashes, changes)] = connector.read(READS_KEY)
            self._adding = ADD if changes else ADD_ONCE
            if hashes and not reads_key:
                return
        [(kept,)] = connector.read(KEY)
        with legible(connector.where, "the key of the list of numbers never to be called"):
            self._key = bytes.fromhex(key or kept)
        if key and kept not in (key, _mark(self._key)):
            raise StoreError(
                f"{connector.where}{KEY_ENDING}",
                "is the key of another list of numbers never to be called",
                "put back the key that belongs to the list, from a backup of the folder",
            )

    @classmethod
    def beside(cls, where: str | Path) -> "NeverCall":
        """The list that belongs to a study's database; made where there is none yet."""
        place = where if isinstance(where, Where) else str(where)
        if names_server(place):
            return cls(_on_server(place if isinstance(place, Where) else server(place)))
        if place == ":memory:":
            memory = Sqlite.in_memory()
            _fill(memory, _new_key())
            return cls(memory)
        return cls.open(own_path(place).parent / FILE)

    @classmethod
    def to_read(cls, where: str | Path) -> "NeverCall":
        """The list beside a database of a place in which nothing can be written; an empty one where there is none."""
        file = own_path(str(where)).parent / FILE
        if not file.exists():
            return cls.beside(":memory:")
        db = Sqlite.to_file(file, where=str(file), patience=PATIENCE, read_only=True)
        return cls(db, _key_of(file) or _key_within(db))

    @classmethod
    def open(cls, path: Path) -> "NeverCall":
        """The list in a file, its key in another; made, for their owner's eyes only, where there is none yet."""
        where = str(path)
        path = own_path(path)
        check_folder(path.parent, where=where, file_system_of=file_system)
        if not path.exists():
            with locked(path.parent, alone=True):
                mark = _mark(bytes.fromhex(_key_of(path) or _keep_key(path, _new_key())))
                put_in_place(path, lambda temporary: _make(temporary, where, mark), where=where)
        with locked(path.parent, alone=False):
            db = _opened(path, where)
        if db.read("PRAGMA user_version") == [(1,)]:
            db.close()
            with locked(path.parent, alone=True):
                _part_from_key(path, where)
                db = _opened(path, where)
        try:
            return cls(db, _key_of(path) or _key_within(db))
        except BaseException:
            db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "NeverCall":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, numbers: Iterable[str], *, at: datetime, reason: str, by: str) -> int:
        """Put numbers on the list, in short commits; gives how many were not on it. Of those that were the earlier date
        and reason stand."""
        added, moment = 0, encode_moment(at)
        for several in _batches((self._hashed(number) for number in numbers), AT_ONCE):
            with self._db.transaction():
                added += len(set(several)) - len(self._there(several))
                self._db.run_many(self._adding, [(hash, moment, reason, by) for hash in several])
        return added

    def remove(self, numbers: Collection[str], *, at: datetime, reason: str, by: str) -> int:
        """Take numbers off the list, all in one commit; gives how many were on it. Since when and why they were stays
        beside when, why and by whom they were taken off."""
        hashes, moment = [self._hashed(number) for number in numbers], encode_moment(at)
        with self._db.transaction():
            if not self._db.read(HAS_TAKEN_OFF[self._db.dialect]):
                self._db.run(TAKEN_OFF if self._db.dialect == "sqlite" else _written(TAKEN_OFF))
            self._db.run_many(KEEP_TAKEN_OFF, [(moment, reason, by, hash) for hash in hashes])
            return self._db.run_many(REMOVE, [(hash,) for hash in hashes])

    def taken_off(self, number: str) -> Listed | None:
        """When, why and by whom a number was last taken off the list; None where it never was."""
        if not self._db.read(HAS_TAKEN_OFF[self._db.dialect]):
            return None
        found = self._db.read(LAST_TAKEN_OFF, (self._hashed(number),))
        with legible(self._db.where, "the list of numbers never to be called"):
            return Listed(decode_moment(found[0][0]), *found[0][1:]) if found else None

    def among(self, numbers: Collection[str]) -> set[str]:
        """Those of these numbers that are on the list."""
        of = {self._hashed(number): number for number in numbers}
        found: set[str] = set()
        for several in _batches(of, IN_ONE):
            found.update(of[hash] for hash in self._there(several))
        return found

    def _there(self, hashes: Sequence[str]) -> set[str]:
        """Those of these hashes that are on the list."""
        marks = ", ".join("?" * len(hashes))
        return {hash for (hash,) in self._db.read(AMONG.format(marks=marks), hashes)}

    def listed(self, number: str) -> Listed | None:
        """Since when and why a number is on the list; None where it is not."""
        found = self._db.read(LISTED, (self._hashed(number),))
        with legible(self._db.where, "the list of numbers never to be called"):
            return Listed(decode_moment(found[0][0]), *found[0][1:]) if found else None

    def count(self) -> int:
        """How many numbers are on it."""
        [(count,)] = self._db.read(COUNT)
        return int(count)

    def _hashed(self, number: str) -> str:
        """HMAC-SHA-256 (RFC 2104) in hex. Numbers are few enough to be tried one by one: it hides nothing from whoever
        has the key too, and everything from whoever has the hashes alone. ValueError for what is no number in
        E.164 form: another way to write it would not be found again."""
        if not (number[:1] == "+" and number[1:].isdecimal() and number.isascii()):
            raise ValueError("a number on the list is written as +13125550100")
        if self._key is None:
            [(hash,)] = self._db.read(HASH_ON_SERVER, (number,))
            return str(hash)
        return hmac.new(self._key, number.encode(), "sha256").hexdigest()


def _batches(hashes: Iterable[str], size: int) -> Iterator[list[str]]:
    source = iter(hashes)
    while several := list(islice(source, size)):
        yield several


def _opened(path: Path, where: str) -> Sqlite:
    check_file(path, where=where)
    check_only_name(path, where=where)
    db = Sqlite.to_file(path, where=where, patience=PATIENCE)
    try:
        _recognise(db)
    except BaseException:
        db.close()
        raise
    return db


def _make(temporary: Path, where: str, key: str) -> None:
    db = Sqlite.to_file(temporary, where=where, patience=1)
    try:
        _fill(db, key)
        db.run("PRAGMA journal_mode = WAL")
    finally:
        db.close()


def _fill(db: Sqlite, key: str) -> None:
    db.run(f"PRAGMA application_id = {APPLICATION_ID}")
    db.run(f"PRAGMA user_version = {VERSION}")
    with db.transaction() as execute:
        for table in TABLES:
            execute(table.replace("{by_key}", " WITHOUT ROWID"), ())
        execute(NEW_KEY.format(random="?"), (key,))


# Its key


def _new_key() -> str:
    with closing(Sqlite.in_memory()) as memory:
        [(key,)] = memory.read(OF_SQLITE)
    return str(key)


def _mark(key: bytes) -> str:
    """What stands in the database in the place of its key: it fits no other key, and tells nothing of this one."""
    return f"{MARKED}{hmac.new(key, MARK, 'sha256').hexdigest()}"


def _key_of(path: Path) -> str:
    """The key in the file beside a list; empty where there is none."""
    try:
        return Path(f"{path}{KEY_ENDING}").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeError) as error:
        raise StoreError(
            f"{path}{KEY_ENDING}", "the key of the do-not-call list can't be read", "make it readable for you"
        ) from error


def _keep_key(path: Path, key: str) -> str:
    """Keep the key beside its list; whichever stands there in the end."""
    file = Path(f"{path}{KEY_ENDING}")
    put_in_place(
        file, lambda temporary: _write(temporary, f"{key}\n"), where=str(file), for_group=GROUPS_LIST
    )
    return _key_of(path)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _part_from_key(path: Path, where: str) -> None:
    """Have the key leave a list of an earlier version, where nobody else has the list open; else it stays this time."""
    with closing(Sqlite.to_file(path, where=where, patience=0)) as db:
        [(key,)] = db.read(KEY)
        if key.startswith(MARKED):
            return  # another program was first
        with legible(where, "the key of the list of numbers never to be called"):
            mark = _mark(bytes.fromhex(key))
        try:
            be_alone(db)
        except InUse:
            return
        if _keep_key(path, key) != key:
            return  # the key of another list lies there: opening says so
        with db.transaction() as execute:
            execute(SET_KEY, (mark,))
        db.run(f"PRAGMA user_version = {VERSION}")
        db.run("VACUUM")  # what was written over is still in the file's free space


def _key_within(db: Sqlite) -> str:
    """The key of a list that has it within."""
    [(key,)] = db.read(KEY)
    if not key.startswith(MARKED):
        return ""
    raise StoreError(
        f"{db.where}{KEY_ENDING}",
        "is not there, and without this key nobody can tell which numbers are never to be called",
        "put it back from a backup of the folder",
    )


def _recognise(db: Sqlite) -> None:
    [(mark,)] = db.read("PRAGMA application_id")
    [(version,)] = db.read("PRAGMA user_version")
    if mark != APPLICATION_ID:
        raise StoreError(
            db.where,
            "is not this program's list of numbers never to be called",
            "put the list back in its place from a backup, or move this file away to begin a new one",
        )
    if version > VERSION:
        raise StoreError(
            db.where, "was written by a newer version of this program", "install that version to open it"
        )
    db.run("PRAGMA journal_mode = WAL")


def _written(statement: str) -> str:
    from survey_cli.store.backends.postgres.open_schema import written

    return written(statement)


def _on_server(where: Where) -> Connector:
    try:
        from survey_cli.store.backends.postgres.connection import Postgres
        from survey_cli.store.backends.postgres.open_schema import LOCK, written
    except ImportError as error:
        raise no_driver(where, error) from error
    db = Postgres(Where(str(where), url=where.url, schema=SHARED), patience=PATIENCE)
    try:
        if db.read("SELECT to_regclass(?)::text", (f"{SHARED}.never_call_key",)) == [(None,)]:
            with db.transaction() as execute:
                execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (LOCK, SHARED))
                execute(f"CREATE SCHEMA IF NOT EXISTS {SHARED}", ())
                for table in TABLES:
                    execute(written(table), ())
                execute(NEW_KEY.format(random=OF_POSTGRESQL), ())
    except BaseException:
        db.close()
        raise
    return db
