"""Location of a study's database: `responses/` beside the instrument, unless another is named."""

import os
from pathlib import Path
from typing import Final

from survey_cli.problems import ConfirmableError, UserError
from survey_cli.store.backends.address import is_server_address, is_unknown_address, parse_server_address
from survey_cli.store.backends.errors import DatabaseNotFoundError, StoreError
from survey_cli.store.database import Store
from survey_cli.store.origin import DifferentQuestionnaireError, check_origin, write_origin

RESPONSES_FOLDER: Final = "responses"
"""The folder of databases, lists of people and do-not-call lists."""


def find_study_folder(path: str | Path) -> Path:
    """The folder in which `responses/` belongs: that of the file, or the one above where that is called `instruments`."""
    folder = Path(path).resolve().parent
    return folder.parent if folder.name == "instruments" else folder


class DatabaseFile(str):
    """A database file of a questionnaire; as text it is the path that is printed."""

    __slots__ = ("named", "questionnaire")

    questionnaire: Path
    named: bool
    """It was named with --db, and not found by the rule."""

    def __new__(cls, printed: str, questionnaire: str | Path, *, named: bool) -> "DatabaseFile":
        file = super().__new__(cls, printed)
        file.questionnaire, file.named = Path(questionnaire), named
        return file


def locate_database(path: str | Path, instrument: str, db: str | None) -> str:
    """Where the interviews of an instrument are kept, unless `db` says otherwise: a file, or the instrument's own
    schema on a server. It may be printed: there is no password in it. Raises StoreError where an earlier version
    kept them in another place, and nothing is kept in this one.
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
            f"is not there, and an earlier version kept interviews of this name in {earlier}",
            f"if they are this study's, move the files of {earlier.parent} to {file.parent}, or give --db {earlier};"
            f" if not, begin this study's own with --db {file}",
        )
    return DatabaseFile(format_path(file), path, named=False)


def make_address_error() -> StoreError:
    """What was given as a database is an address of nothing known."""
    return StoreError(
        "--db", "this is no address of a database server", "write postgresql://USER@HOST:PORT/DATABASE, or a path"
    )


def _find_earlier_folder(path: str | Path) -> Path:
    """Where versions before 2026-12 put `responses/`: at the nearest folder above with instruments/ or pyproject.toml."""
    file = Path(path).resolve()
    for folder in file.parents:
        if folder.name == "instruments":
            return folder.parent
        if os.path.isdir(folder / "instruments") or os.path.isfile(folder / "pyproject.toml"):
            return folder
    return file.parent


def format_path(path: Path) -> str:
    """A path as it is printed: from where one stands, if it lies below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def open_store(where: str, *, create: bool) -> Store | UserError:
    """The database, or why it cannot be opened. `where` is as `locate_database` returned it."""
    try:
        return _open(where, create=create)
    except StoreError as problem:
        return _make_user_error(problem, where)
    except OSError as error:
        return UserError(where, f"the folder cannot be made ({error.strerror})", "give another place with --db")


def open_existing_store(where: str) -> Store | UserError | None:
    """The database, or why it cannot be opened; None where nothing is kept yet."""
    if not is_server_address(where) and not Path(where).is_file():
        return None
    try:
        return _open(where, create=False)
    except DatabaseNotFoundError:
        return None
    except StoreError as problem:
        return _make_user_error(problem, where)


def _open(where: str, *, create: bool) -> Store:
    if create and where != ":memory:" and not is_server_address(where):
        Path(where).parent.mkdir(parents=True, exist_ok=True)
    store = Store.open(where, create=create)
    if isinstance(where, DatabaseFile) and where != ":memory:":
        try:
            check_origin(store, where.questionnaire, named=where.named)
        except BaseException:
            store.close()
            raise
    return store


def _make_user_error(problem: StoreError, where: str) -> UserError:
    if isinstance(problem, DifferentQuestionnaireError) and isinstance(where, DatabaseFile):
        return ConfirmableError(
            problem.where,
            problem.what,
            problem.remedy,
            question="Are both the same study, so that this questionnaire takes the place of that one?",
            confirm=lambda: _accept_questionnaire(where),
        )
    return UserError(problem.where, problem.what, problem.remedy)


def _accept_questionnaire(where: DatabaseFile) -> None:
    with Store.open(where, create=False) as store:
        write_origin(store, where.questionnaire)
