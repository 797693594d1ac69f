"""Location of a study's database, `responses/` beside the instrument by default, and its origin.

The origin is stored as settings that tie the database to its study: the study's identifier and the
questionnaire's path.
"""

import os
from pathlib import Path
from typing import Final

from survey_cli.problems import ConfirmableError, StoreError, UserError
from survey_cli.store.backends.address import (
    is_server_address,
    is_unknown_address,
    parse_server_address,
)
from survey_cli.store.backends.errors import DatabaseNotFoundError, close_on_error
from survey_cli.store.backends.settings import KEEP_SETTING
from survey_cli.store.database import Store

STUDY_SETTING: Final = "study"
"""The setting with the identifier, 32 hexadecimal digits."""
NEW_STUDY: Final = (
    "INSERT INTO settings (name, value) VALUES (?, lower(hex(randomblob(16))))"
    " ON CONFLICT DO NOTHING"
)
QUESTIONNAIRE_SETTING: Final = "questionnaire"
"""The setting with the questionnaire's path as seen from the database, so that both can be moved
together."""


def check_origin(store: Store, where: "DatabaseFile") -> None:
    """Store to which study the database belongs, unless that is stored already.

    Raises ConfirmableError if the database belongs to another file, unless it was named with --db.
    """
    questionnaire = where.questionnaire
    stored_path = store.settings.read(QUESTIONNAIRE_SETTING)
    if stored_path is None:
        if not store.read_only:
            write_origin(store, questionnaire)
        return
    if where.named or stored_path == _make_relative_path(store.where, questionnaire):
        return

    file = Path(store.where).resolve()
    other = Path(os.path.normpath(file.parent / stored_path))
    publish = f"survey study publish {questionnaire} --db {store.where}"
    remedy = (
        f"if this is the same file, renamed or moved: {publish}; otherwise give it another name"
        " (instrument:)"
    )
    if other.exists():
        remedy = (
            "give this questionnaire another name (instrument:); if both are the same study, use"
            f" --db {store.where}, or replace the other file with this one: {publish}"
        )

    def accept() -> None:
        with Store.open(where, create=False) as reopened:
            write_origin(reopened, questionnaire)

    what = f"it was made for another questionnaire of this name, {other}"
    question = "Are both files the same study, so that this one replaces the other?"
    raise ConfirmableError(str(file), what, remedy, question=question, confirm=accept)


def write_origin(store: Store, questionnaire: Path) -> None:
    """Store that the database belongs to this questionnaire."""
    db = store.connector
    with db.transaction() as execute:
        execute(NEW_STUDY, (STUDY_SETTING,))
        execute(KEEP_SETTING, (QUESTIONNAIRE_SETTING, _make_relative_path(db.where, questionnaire)))


def _make_relative_path(database: str, questionnaire: Path) -> str:
    folder = Path(database).resolve().parent
    path = Path(os.path.relpath(questionnaire.resolve(), folder)).as_posix()
    return os.fsencode(path).decode(errors="backslashreplace")  # a name need not be UTF-8


RESPONSES_FOLDER: Final = "responses"
"""The name of the folder with databases, lists of people and do-not-call lists."""


def find_study_folder(path: str | Path) -> Path:
    """Return the folder of `responses/`: that of the file, or the one above `instruments`."""
    folder = Path(path).resolve().parent
    if folder.name == "instruments":
        return folder.parent
    return folder


class DatabaseFile(str):
    """A database file of a questionnaire. As text it is the path that is printed."""

    __slots__ = ("named", "questionnaire")

    questionnaire: Path
    named: bool
    """Whether it was named with --db, instead of located by the rule."""

    def __new__(cls, printed: str, questionnaire: str | Path, *, named: bool) -> "DatabaseFile":
        file = super().__new__(cls, printed)
        file.questionnaire = Path(questionnaire)
        file.named = named
        return file


def locate_database(path: str | Path, instrument: str, db: str | None) -> str:
    """Return the location of an instrument's database: `db`, or `responses/` beside the file.

    It is a file, or the instrument's own schema on a server. Its text may be printed, as it
    contains no password. Raises StoreError where an earlier version stored the interviews in
    another place, and there are none in this one.
    """
    if db and is_server_address(db):
        return parse_server_address(db, study=instrument)
    if db and is_unknown_address(db):
        raise make_address_error()
    if db:
        return DatabaseFile(db, path, named=True)

    file = find_study_folder(path) / RESPONSES_FOLDER / f"{instrument}.db"
    earlier = _find_earlier_folder(path) / RESPONSES_FOLDER / f"{instrument}.db"
    if not os.path.exists(file) and os.path.exists(earlier):
        raise StoreError(
            format_path(file),
            f"does not exist, but an earlier version stored interviews of this name in {earlier}",
            f"if they belong to this study, move the files of {earlier.parent} to {file.parent},"
            f" or use --db {earlier}; if not, start a new database with --db {file}",
        )
    return DatabaseFile(format_path(file), path, named=False)


def make_address_error() -> StoreError:
    """Return the error for a database address that is not that of a known server."""
    what = "this is not the address of a database server"
    return StoreError("--db", what, "write postgresql://USER@HOST:PORT/DATABASE, or a path")


def _find_earlier_folder(path: str | Path) -> Path:
    """Return the old folder of `responses/`: the nearest with instruments/ or pyproject.toml."""
    file = Path(path).resolve()
    for folder in file.parents:
        if folder.name == "instruments":
            return folder.parent
        if os.path.isdir(folder / "instruments") or os.path.isfile(folder / "pyproject.toml"):
            return folder
    return file.parent


def format_path(path: Path) -> str:
    """Return a path as it is printed: relative to the working directory if it is below it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def open_store(where: str, *, create: bool) -> Store:
    """Open the database. `where` is the result of `locate_database`."""
    try:
        return _open(where, create=create)
    except OSError as error:
        what = f"the folder can't be created ({error.strerror})"
        raise UserError(where, what, "choose another folder with --db") from error


def open_existing_store(where: str) -> Store | None:
    """Open the database, or return None if nothing is stored yet."""
    if not is_server_address(where) and not Path(where).is_file():
        return None
    try:
        return _open(where, create=False)
    except DatabaseNotFoundError:
        return None


def has_database(where: str) -> bool:
    """Return whether the database exists. Raises StoreError if it can't be opened."""
    store = open_existing_store(where)
    if store is None:
        return False
    store.close()
    return True


def _open(where: str, *, create: bool) -> Store:
    if create and where != ":memory:" and not is_server_address(where):
        Path(where).parent.mkdir(parents=True, exist_ok=True)
    store = Store.open(where, create=create)
    if isinstance(where, DatabaseFile) and where != ":memory:":
        with close_on_error(store):
            check_origin(store, where)
    return store
