"""The files that a study uses: its database and its list of people, each in one place."""

from pathlib import Path
from typing import Final

from survey_cli.store.backends.address import names_server
from survey_cli.store.database_location import RESPONSES, home_of

PEOPLE: Final = "interviewers.csv"
"""The name of a study's own list of people."""


def people_file(path: str | Path, where: str) -> Path | None:
    """The one place of a study's own list of people, whether or not there is one: beside its database; of one on a
    server in `responses/` at the instrument. None for a study in memory, which has no list of its own."""
    if where == ":memory:":
        return None
    folder = home_of(path) / RESPONSES if names_server(where) else Path(where).resolve().parent
    return folder / PEOPLE


def in_use(path: str | Path, where: str, *, people: str | None = None) -> str:
    """The database and the list of people that a command works with, by their whole paths."""
    database = where if names_server(where) or where == ":memory:" else Path(where).resolve()
    file = Path(people).resolve() if people else people_file(path, where)
    if file is None:
        return f"database: {database}"
    if not file.is_file():
        return f"database: {database}; people: nobody is listed in {file}: all may do everything"
    loose = " (not only its owner may change it: chmod 640)" if file.stat().st_mode & 0o022 else ""
    return f"database: {database}; people: {file}{loose}"


def database_beside(path: str | Path, instrument: str, db: str | None) -> str:
    """What `in_use` says of a database file that was named, or is found by the rule; empty where there is none."""
    file = Path(db) if db else home_of(path) / RESPONSES / f"{instrument}.db"
    return in_use(path, str(file)) if file.is_file() else ""
