"""Search for a person who calls back, in all studies of a folder or of a database server."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.services.database.server import list_studies
from survey_cli.store import Store
from survey_cli.store.access_log import Access
from survey_cli.store.backends.address import ServerAddress, is_server_address
from survey_cli.store.backends.schema.migrations import ADDITIVE, STEPS
from survey_cli.store.database_location import RESPONSES_FOLDER, STUDY_SETTING, format_path
from survey_cli.store.do_not_call import FILE_NAME
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import identify, load_people
from survey_cli.study.permissions import NotPermittedError, check_may

LEAST_CHARACTERS: Final = 3
_STEP_NAMES: Final = "|".join(step.name.removesuffix(ADDITIVE) for step in STEPS)
_COPY_ENDINGS: Final = (
    rf"before-(?:{_STEP_NAMES})",
    r"replaced-\d{8}-\d{6}",
    r"\d{8}-\d{6}Z",
)
"""What upgrades, restores and `survey db backup` add to a database's name; a number may follow."""
COPY_NAME: Final = re.compile(rf"(.+?)(?:\.(?:{'|'.join(_COPY_ENDINGS)})(?:-\d+)?)+\.db")
"""The file names of copies. The group is the name of the database; a copy of a copy ends twice."""


class CallerMatch(NamedTuple):
    """A case that may be the caller's."""

    study: str
    """The name of its database, or of its schema."""
    key: str
    name: str
    numbers: tuple[str, ...]
    state: str
    """`waiting`, or who has it."""


class CallerSearch(NamedTuple):
    """The cases that were found, and the studies that were searched."""

    matches: tuple[CallerMatch, ...]
    studies: tuple[str, ...]
    skipped: tuple[UserError, ...]
    """Why others could not be searched."""


def find_caller(place: str, text: str, *, at: datetime, by: str = "") -> CallerSearch:
    """Search by a part of a number, a name or a key, in all studies of a place.

    In each study the person's rights apply, and the study's log of accesses records a search that
    found a case. Raises UserError.
    """
    text = text.strip()
    if len(text) < LEAST_CHARACTERS:
        remedy = f"give at least {LEAST_CHARACTERS} digits or letters"
        raise UserError("NUMBER", f"{text!r} is too short", remedy)

    matches: list[CallerMatch] = []
    # The name of each study by its identifier: a copy of a database is not searched again.
    searched: dict[str, str] = {}
    skipped = []
    for name, where in _list_databases(place):
        try:
            with Store.open(where, create=False) as store:
                study = store.settings.read(STUDY_SETTING) or name
                if study not in searched:
                    matches += _search_study(store, name, text, at, by)
                    searched[study] = name
        except UserError as error:
            skipped.append(error)

    if not searched and any(isinstance(error, NotPermittedError) for error in skipped):
        raise skipped[0]
    if not searched and not skipped:
        remedy = "give the folder of the questionnaires with --in"
        raise UserError(place, "there are no studies here", remedy)
    return CallerSearch(tuple(matches), tuple(searched.values()), tuple(skipped))


def _list_databases(place: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the location of each database, copies last.

    Copies beside their database are left out: to open one would upgrade it.
    """
    if is_server_address(place):
        address, studies = list_studies(place)
        for schema in studies:
            yield schema, ServerAddress(address, url=address.url, schema=schema)
        return

    files = []
    for folder in (Path(place), Path(place, RESPONSES_FOLDER)):
        if folder.is_dir():
            files += [file for file in folder.glob("*.db") if file.name != FILE_NAME]
    for file in sorted(files, key=_rank_file):
        copy = COPY_NAME.fullmatch(file.name)
        if copy is None or not file.with_name(f"{copy[1]}.db").exists():
            yield file.stem, format_path(file)


def _rank_file(file: Path) -> tuple[bool, int, str]:
    """Return the key that sorts databases before copies of them."""
    is_copy = COPY_NAME.fullmatch(file.name) is not None
    return is_copy, len(file.name), file.name


def _search_study(store: Store, name: str, text: str, at: datetime, by: str) -> list[CallerMatch]:
    """Search one study. Raises UserError if the account or the person may not."""
    # On a server, the account's rights decide.
    if not is_server_address(store.where):
        people = load_people("", store.where, None)
        file = locate_people_file("", store.where)
        who = identify(by, store.account, people, people, file)
        check_may(who, Action.FIND_CALLER, people)

    search = store.cases.queries.search
    found = search(text) or search(extract_search_digits(text))
    # For accounts that don't supervise, the server itself records the search.
    if found and store.connector.supervises:
        cases = ", ".join(f"case {match.row.key}" for match in found)
        store.access_log.record(Access.SEARCH, cases, "a caller", at=at, by=by)

    matches = []
    for match in found:
        row = match.row
        state: str = row.status
        if row.holder is not None:
            state = f"with {row.holder.by} at station {row.holder.station}"
        matches.append(CallerMatch(name, row.key, match.name, match.numbers, state))
    return matches
