"""The file of accounts: its name, its creation, and the steps of its schema.

Only its owner may read it, also in a folder that a group shares.
"""

import os
import re
import stat
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.account import read_system_account
from survey_cli.store.backends.errors import close_on_error
from survey_cli.store.backends.schema.migrations import ADDITIVE
from survey_cli.store.backends.sqlite import database_files
from survey_cli.store.backends.sqlite.connection import SqliteConnector
from survey_cli.store.database_location import format_path

FILE_NAME: Final = "accounts.sqlite"
"""It doesn't end in `.db`, so no study of this name has the same file, and no search for the
databases of studies finds it."""
OWNER_ONLY: Final = 0o600
APPLICATION_ID: Final = 0x53565241
"""`SVRA` in the header of the file, by which accounts differ from the database of a study."""
BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait while others write."""

ACCOUNT_STEPS: Final = ("accounts", "roles_of_invited+", "makers_of_invited+")
"""The steps of the schema in their order.

A step whose name ends in `+` is additive, as in `backends/schema/migrations.py`: a program that
doesn't know it may open the file. Its statements are in `steps/`, and never change once released.
"""
STEPS_FOLDER: Final = Path(__file__).with_name("steps")
STEPS_TABLE: Final = """CREATE TABLE IF NOT EXISTS applied_steps (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID"""


def open_account_file(path: Path, *, create: bool) -> SqliteConnector | None:
    """Open the accounts in a file. Raises StoreError.

    Returns None if the file doesn't exist and isn't to be created.
    """
    where = format_path(path)
    path = database_files.resolve_link(path).absolute()
    if not path.exists():
        if not create:
            return None
        _create_file(path, where)

    _check_owner(path, where)
    database_files.check_file(path, where=where)
    database_files.check_no_hard_link(path, where=where)
    db = SqliteConnector.open_file(path, where=where, patience=BUSY_TIMEOUT)
    with close_on_error(db):
        if db.read("PRAGMA application_id") != [(APPLICATION_ID,)]:
            remedy = "move this file away, then add the accounts again: survey account add"
            raise StoreError(where, "is not a file of accounts of this program", remedy)
        _apply_steps(db)
    return db


def open_in_memory() -> SqliteConnector:
    """Open a new file of accounts in memory."""
    db = SqliteConnector.open_in_memory()
    with close_on_error(db):
        _apply_steps(db)
    return db


def _create_file(path: Path, where: str) -> None:
    database_files.check_folder(path.parent, where=where)

    def create(temporary: Path) -> None:
        with closing(SqliteConnector.open_file(temporary, where=where, patience=1)) as new:
            new.run(f"PRAGMA application_id = {APPLICATION_ID}")
            _apply_steps(new)
            new.run("PRAGMA journal_mode = WAL")

    # in the folder of a group, other files get the group's mode
    database_files.create_atomically(path, create, where=where, group_mode=OWNER_ONLY)


def _check_owner(path: Path, where: str) -> None:
    """Check that the account at work owns the file, and that nobody else may read it.

    Root could open the file of anybody, and would then leave files beside it that the owner can't
    write. Raises StoreError.
    """
    if not hasattr(os, "getuid"):
        return
    status = path.stat()
    if status.st_uid != os.getuid():
        owner = _name_account(status.st_uid)
        what = f"belongs to the account {owner}, and you are {read_system_account()}"
        remedy = f"run the command as {owner}, or ask its owner"
        raise StoreError(where, what, remedy)

    is_open_to_others = bool(stat.S_IMODE(status.st_mode) & 0o077)
    if is_open_to_others:
        what = "others than its owner can read the accounts, with the hashes of all passwords"
        remedy = f"run chmod 600 {path}; if somebody may have read it, reset the accounts"
        raise StoreError(where, what, remedy)


def _name_account(user: int) -> str:
    from pwd import getpwuid

    try:
        return getpwuid(user).pw_name
    except KeyError:
        return f"uid{user}"


def _apply_steps(db: SqliteConnector) -> None:
    """Apply the steps that the file lacks. Raises StoreError if a newer version wrote it."""
    with db.transaction() as execute:
        execute(STEPS_TABLE, ())
        rows = execute("SELECT name FROM applied_steps ORDER BY position", ()).fetchall()
        applied = [name for (name,) in rows]
        _check_known(applied, db.where)

        for position, name in enumerate(ACCOUNT_STEPS):
            if name in applied:
                continue
            for statement in _read_step(name):
                execute(statement, ())
            execute("INSERT INTO applied_steps (name, position) VALUES (?, ?)", (name, position))


def _check_known(applied: Collection[str], where: str) -> None:
    for name in applied:
        is_known = name in ACCOUNT_STEPS or name.endswith(ADDITIVE)
        if not is_known:
            what = f"was written by a newer version of this program (it has the step {name!r})"
            raise StoreError(where, what, "install that version to open it")


def _read_step(name: str) -> list[str]:
    """Return the statements of a step, which are separated by empty lines."""
    text = (STEPS_FOLDER / f"{name.removesuffix(ADDITIVE)}.sql").read_text("utf-8")
    return re.sub(r"(?m)^--.*\n", "", text).strip().split("\n\n")
