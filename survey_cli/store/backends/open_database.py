"""How does one come to a database? It is found or made, recognised, and brought to this program's schema.

What can't be trusted with answers is refused here, with the reason.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from survey_cli.store.backends.address import Where, names_server, server
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.errors import DAMAGED, Absent, StoreError, no_driver
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.sqlite import upgrade as upgrades
from survey_cli.store.backends.sqlite.connection import APPLICATION_ID, Sqlite
from survey_cli.store.backends.sqlite.database_files import (
    check_file,
    check_folder,
    check_only_name,
    locked,
    only_readable,
    own_path,
    put_in_place,
)
from survey_cli.store.backends.sqlite.quick_check import looks_damaged

APPLIED: Final = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id"


def connect(
    path: str | Path,
    *,
    create: bool,
    patience: float,
    file_system_of: Callable[[Path], str],
    upgrade: bool = False,
) -> Connector:
    """A connection ready for use. An earlier schema is upgraded where nobody else uses the database; on a server only
    with `upgrade`. Raises StoreError; Absent where nothing is kept and nothing is to be made."""
    if isinstance(path, str) and names_server(path):
        place = path if isinstance(path, Where) else server(path)
        return _to_server(place, create=create, patience=patience, upgrade=upgrade)
    where = str(path)
    if where == ":memory:":
        memory = Sqlite.in_memory()
        _fill(memory)
        return memory
    file = own_path(path)
    if not create and only_readable(file):
        return _to_read(file, where, patience, file_system_of)
    check_folder(file.parent, where=where, file_system_of=file_system_of)
    if not file.exists():
        if not create:
            raise Absent(where, "there is no such database", "check the name, or begin an interview first")
        put_in_place(file, lambda temporary: make(temporary, where=where), where=where)
    check_file(file, where=where)
    check_only_name(file, where=where)
    with locked(file.parent, alone=False):
        db = _recognised(file, where, patience)
    if not _lacks(db):
        return db
    db.close()
    with locked(file.parent, alone=True):
        db = _recognised(file, where, patience)
        if steps := _lacks(db):
            db.close()
            upgrades.upgrade(file, where, steps, apply=_apply)
            db = _recognised(file, where, patience)
    return db


def _to_read(file: Path, where: str, patience: float, file_system_of: Callable[[Path], str]) -> Sqlite:
    check_folder(file.parent, where=where, file_system_of=file_system_of, written=False)
    check_only_name(file, where=where)
    db = _recognised(file, where, patience, read_only=True)
    if steps := _lacks(db):
        db.close()
        raise StoreError(
            where,
            f"was written by an earlier version of this program (it lacks the step {steps[0]!r}), and can't be upgraded"
            " where nothing can be written",
            "copy its files into a folder in which you may write, and name the copy with --db",
        )
    return db


def _recognised(file: Path, where: str, patience: float, *, read_only: bool = False) -> Sqlite:
    db = Sqlite.to_file(file, where=where, patience=patience, read_only=read_only)
    try:
        _recognise(db)
    except BaseException:
        db.close()
        raise
    return db


def _to_server(where: Where, *, create: bool, patience: float, upgrade: bool) -> Connector:
    try:
        from survey_cli.store.backends.postgres.open_schema import connect as connect_to_server
    except ImportError as error:
        raise no_driver(where, error) from error
    return connect_to_server(where, create=create, patience=patience, upgrade=upgrade)


def make(temporary: Path, *, where: str) -> None:
    """Make an empty file a database."""
    db = Sqlite.to_file(temporary, where=where, patience=1)
    try:
        _fill(db)
        db.run("PRAGMA journal_mode = WAL")
    finally:
        db.close()


def prepare(copy: Path, *, where: str) -> None:
    """Fold the log of a copied database into it, and bring it to this program's schema. Raises StoreError where it is
    no database of this program's."""
    db = _recognised(copy, where, patience=1)
    try:
        db.read("PRAGMA journal_mode = DELETE")
        if _lacks(db):
            _apply(db)
        db.read("PRAGMA journal_mode = WAL")
    finally:
        db.close()  # the last connection folds the log in


def _fill(db: Sqlite) -> None:
    db.run(f"PRAGMA application_id = {APPLICATION_ID}")
    _apply(db)


def _recognise(db: Sqlite) -> None:
    [(mark,)] = db.read("PRAGMA application_id")
    if mark != APPLICATION_ID:
        raise StoreError(db.where, "is a database, but not one of this program's", "name another file")
    unknown = [name for name in _applied(db) if name not in migrations.KNOWN]
    if unknown:
        raise StoreError(
            db.where,
            f"was written by a newer version of this program (it has the step {unknown[0]!r})",
            "install that version to open it; nothing was changed",
        )
    if not db.read_only:
        db.run("PRAGMA journal_mode = WAL")
    for what in looks_damaged(db):
        raise StoreError(db.where, f"the database is damaged ({what})", DAMAGED[1])


def _applied(db: Sqlite) -> list[str]:
    return [name for (name,) in db.read(APPLIED, (migrations.SET,))]


def _lacks(db: Sqlite) -> list[str]:
    """The steps that are still to be applied."""
    applied = _applied(db)
    return [step.name for step in migrations.STEPS if step.name not in applied]


def _apply(db: Sqlite) -> None:
    """The steps not yet applied, all or none; of two programs that find some, one applies them."""
    from sqlite_utils import Database

    with db.transaction():
        migrations.migrations().apply(
            Database(db.connection, recursive_triggers=False, execute_plugins=False)
        )
