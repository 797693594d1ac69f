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

    It is beside the database; for a database on a server, in `responses/` beside the instrument.
    None for a study in memory, which has no list of its own.
    """
    if where == ":memory:":
        return None
    folder = Path(where).resolve().parent
    if is_server_address(where):
        folder = find_study_folder(path) / RESPONSES_FOLDER
    return folder / PEOPLE_FILE


def find_people_file(path: str | Path, where: str) -> str | None:
    """Return the path of a study's own list of people; None if the file doesn't exist."""
    file = locate_people_file(path, where)
    if file is None or not file.is_file():
        return None
    return str(file)


def describe_files(path: str | Path, where: str, *, people: str | None = None) -> str:
    """Return a sentence with the absolute paths of a command's database and list of people.

    A study without a list needs no mention, unless a list exists in a place that is not read.
    """
    database = where
    if not is_server_address(where) and where != ":memory:":
        database = str(Path(where).resolve())
    file = Path(people).resolve() if people else locate_people_file(path, where)
    if file is None:
        return f"database: {database}"
    if file.is_file():
        warning = ""
        is_writable_by_others = bool(file.stat().st_mode & 0o022)
        if is_writable_by_others:
            warning = " (others than its owner can change it: run chmod 640)"
        return f"database: {database}; people: {file}{warning}"

    misplaced = _find_misplaced_list(path, file)
    if misplaced is None:
        return f"database: {database}"
    rights = describe_rights_without_list(on_server=is_server_address(where))
    return f"database: {database}; people: {misplaced} is not read, so {rights} — move it to {file}"


def describe_rights_without_list(*, on_server: bool) -> str:
    """Return what people may do in a study without a list of people."""
    rights = "the rights of their role on the server" if on_server else "all rights"
    return f"everybody has {rights}"


def _find_misplaced_list(path: str | Path, expected: Path) -> Path | None:
    """Return a list of people in a folder where one looks for it but the program does not.

    None if there isn't one.
    """
    for folder in (Path(path).resolve().parent, find_study_folder(path), Path.cwd()):
        file = folder / PEOPLE_FILE
        if file != expected and file.is_file():
            return file
    return None


def describe_database(path: str | Path, instrument: str, db: str | None) -> str:
    """Return `describe_files` of the database file that is named, or of the default one.

    Empty if there isn't one.
    """
    file = find_study_folder(path) / RESPONSES_FOLDER / f"{instrument}.db"
    if db:
        file = Path(db)
    if not file.is_file():
        return ""
    return describe_files(path, str(file))
