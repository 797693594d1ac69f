"""Is everything still there, and can it be had twice? Checks of the whole database, and copies made while it
is in use."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from survey_cli.store import statements as sql
from survey_cli.store.files import put_in_place
from survey_cli.store.problem import StoreProblem, told
from survey_cli.store.sqlite import Connector

PAGES: Final = 2_000
"""Copied in one go, some 8 MB."""


def integrity(db: Connector) -> list[str]:
    """One sentence for each thing that is wrong."""
    found = [f"the file is damaged: {line}" for (line,) in db.read("PRAGMA integrity_check") if line != "ok"]
    found += [
        f"a row of {table} belongs to nothing in {parent}"
        for table, _, parent, _ in db.read("PRAGMA foreign_key_check")
    ]
    for id, last, count, first, highest in db.read(sql.GAPS):
        found.append(
            f"interview {id} should have events 1 to {last}; it has {count}, {first or 0} to {highest or 0}"
        )
    found += [
        f"interview {id} does not begin with its beginning, or begins twice"
        for (id,) in db.read(sql.WITHOUT_BEGINNING)
    ]
    found += [
        f"the snapshot of interview {id} is of event {seq}, and the last event is {last}"
        for id, last, seq in db.read(sql.SNAPSHOTS_AHEAD)
    ]
    return found


def backup(db: Connector, to: Path, *, progress: Callable[[int, int], None] | None) -> None:
    """Copies under a temporary name, checks the copy and links it into place."""
    where = str(to)
    if to.exists():
        raise _exists(where)
    if not to.parent.is_dir():
        raise StoreProblem(where, f"the folder {to.parent} does not exist", "make it, or name another")
    try:
        source = (
            db.connection
            if db.path is None
            else Connector.to_file(db.path, where=db.where, patience=5).connection
        )
        with contextlib.closing(source) if db.path is not None else contextlib.nullcontext():
            if not put_in_place(to, lambda temporary: _copy(source, temporary, where, progress), where=where):
                raise _exists(where)
    except sqlite3.Error as error:
        raise told(error, where) or error from error


def _exists(where: str) -> StoreProblem:
    return StoreProblem(where, "exists already, and a backup overwrites nothing", "name another file")


def _copy(
    source: sqlite3.Connection, temporary: Path, where: str, progress: Callable[[int, int], None] | None
) -> None:
    def tell(_: int, left: int, whole: int) -> None:
        if progress is not None:
            progress(whole - left, whole)

    with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as target:
        # As long as we are reading, we see one moment: else each answer given meanwhile begins the copy anew.
        source.execute("BEGIN")
        try:
            source.execute("SELECT count(*) FROM sqlite_master").fetchall()
            source.backup(target, pages=PAGES, progress=tell)
        finally:
            source.execute("ROLLBACK")
        [(verdict,)] = target.execute("PRAGMA integrity_check(1)").fetchall()
    if verdict != "ok":
        raise StoreProblem(where, f"the copy is damaged ({verdict})", "check the database and the disk")
