"""Locations of a study's files: its database and its list of people."""

from pathlib import Path
from typing import Final

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.database_location import RESPONSES_FOLDER, find_study_folder, locate_database

PEOPLE_FILE: Final = "interviewers.csv"
"""The name of a study's own list of people."""


def open_and_locate(path: str | Path, db: str | None) -> tuple[Instrument, str]:
    """Return an instrument and the location of its database. Raises UserError."""
    instrument = open_instrument(str(path))
    return instrument, locate_database(path, instrument.id, db)


def locate_people_file(path: str | Path, where: str) -> Path | None:
    """Return the path of a study's own list of people, whether or not the file exists.

    It is beside the database; for a database on a server, in `responses/` beside the instrument. None for a study in
    memory, which has no list of its own.
    """
    if where == ":memory:":
        return None
    folder = find_study_folder(path) / RESPONSES_FOLDER if is_server_address(where) else Path(where).resolve().parent
    return folder / PEOPLE_FILE


def describe_files(path: str | Path, where: str, *, people: str | None = None) -> str:
    """Return a sentence with the database and the list of people that a command uses, as absolute paths."""
    database = where if is_server_address(where) or where == ":memory:" else Path(where).resolve()
    file = Path(people).resolve() if people else locate_people_file(path, where)
    if file is None:
        return f"database: {database}"
    if not file.is_file():
        rights = "the rights of their role on the server" if is_server_address(where) else "all rights"
        return f"database: {database}; people: no list ({file}), so everybody has {rights}"
    loose = " (others than its owner can change it: run chmod 640)" if file.stat().st_mode & 0o022 else ""
    return f"database: {database}; people: {file}{loose}"


def describe_database(path: str | Path, instrument: str, db: str | None) -> str:
    """Return `describe_files` of the database file that is named, or of the default one; empty where there is none."""
    file = Path(db) if db else find_study_folder(path) / RESPONSES_FOLDER / f"{instrument}.db"
    return describe_files(path, str(file)) if file.is_file() else ""
