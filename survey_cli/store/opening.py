"""How does one come to a database? It is found or made, recognised, and brought to this program's schema.

What can't be trusted with answers is refused here, with the reason.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from survey_cli.store import schema
from survey_cli.store.address import Where, names_server, server
from survey_cli.store.connector import Connector
from survey_cli.store.files import check_file, check_folder, put_in_place
from survey_cli.store.problem import Absent, StoreProblem, no_driver
from survey_cli.store.sqlite import APPLICATION_ID, Sqlite

APPLIED: Final = "SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id"


def connect(
    path: str | Path, *, create: bool, patience: float, file_system_of: Callable[[Path], str]
) -> Connector:
    """A connection ready for use. Raises StoreProblem; Absent where nothing is kept and nothing is to be made."""
    if isinstance(path, str) and names_server(path):
        return _to_server(path if isinstance(path, Where) else server(path), create=create, patience=patience)
    where = str(path)
    if where == ":memory:":
        memory = Sqlite.in_memory()
        _fill(memory)
        return memory
    file = Path(path)
    check_folder(file.parent, where=where, file_system_of=file_system_of)
    if not file.exists():
        if not create:
            raise Absent(where, "there is no such database", "check the name, or begin an interview first")
        put_in_place(file, lambda temporary: make(temporary, where=where), where=where)
    check_file(file, where=where)
    db = Sqlite.to_file(file, where=where, patience=patience)
    try:
        _recognise(db)
    except BaseException:
        db.close()
        raise
    return db


def _to_server(where: Where, *, create: bool, patience: float) -> Connector:
    try:
        from survey_cli.store.server import connect as connect_to_server
    except ImportError as error:
        raise no_driver(where, error) from error
    return connect_to_server(where, create=create, patience=patience)


def make(temporary: Path, *, where: str) -> None:
    """Make an empty file a database."""
    db = Sqlite.to_file(temporary, where=where, patience=1)
    try:
        _fill(db)
        db.run("PRAGMA journal_mode = WAL")
    finally:
        db.close()


def _fill(db: Sqlite) -> None:
    db.run(f"PRAGMA application_id = {APPLICATION_ID}")
    _apply(db)


def _recognise(db: Sqlite) -> None:
    [(mark,)] = db.read("PRAGMA application_id")
    if mark != APPLICATION_ID:
        raise StoreProblem(db.where, "is a database, but not one of this program's", "name another file")
    applied = [name for (name,) in db.read(APPLIED, (schema.SET,))]
    unknown = [name for name in applied if name not in schema.KNOWN]
    if unknown:
        raise StoreProblem(
            db.where,
            f"was written by a newer version of this program (it has the step {unknown[0]!r})",
            "install that version to open it; nothing was changed",
        )
    db.run("PRAGMA journal_mode = WAL")
    if len(applied) < len(schema.STEPS):
        _apply(db)


def _apply(db: Sqlite) -> None:
    """The steps not yet applied, all or none; of two programs that find some, one applies them."""
    from sqlite_utils import Database

    with db.transaction():
        schema.migrations().apply(Database(db.connection, recursive_triggers=False, execute_plugins=False))
