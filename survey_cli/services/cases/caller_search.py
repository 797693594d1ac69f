"""Search for somebody who calls back in all studies of a folder or of a database server."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import UserError
from survey_cli.samples.cases.phone_numbers import extract_search_digits
from survey_cli.store import Store
from survey_cli.store.access_log import Access
from survey_cli.store.backends.address import ServerAddress, is_server_address
from survey_cli.store.backends.schema.migrations import ADDITIVE, STEPS
from survey_cli.store.database_location import RESPONSES_FOLDER, STUDY_SETTING, format_path
from survey_cli.store.do_not_call import FILE_NAME
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import identify, load_people

LEAST_CHARACTERS: Final = 3
_STEP_NAMES: Final = "|".join(step.name.removesuffix(ADDITIVE) for step in STEPS)
COPY_NAME: Final = re.compile(
    rf"(.+?)(?:\.(?:before-(?:{_STEP_NAMES})|replaced-\d{{8}}-\d{{6}}|\d{{8}}-\d{{6}}Z)(?:-\d+)?)+\.db"
)
"""The names of the copies that upgrades, restores and `survey db backup` make of a database, whose name is the group."""


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
    """Search by a part of a number, a name or a key, in each study as the person's rights there allow.

    Each search that finds somebody is recorded in the study's log of accesses. Raises UserError.
    """
    if len(text.strip()) < LEAST_CHARACTERS:
        raise UserError(
            "NUMBER",
            f"{text!r} is too short",
            f"give at least {LEAST_CHARACTERS} digits or letters",
        )
    matches: list[CallerMatch] = []
    searched: dict[str, str] = {}
    """The name of each study, by its identifier: a copy of a database is not searched again."""
    skipped = []
    for name, where in _list_databases(place):
        try:
            with Store.open(where, create=False) as store:
                if (study := store.settings.read(STUDY_SETTING) or name) not in searched:
                    matches += _search_study(store, name, text.strip(), at, by)
                    searched[study] = name
        except UserError as error:
            skipped.append(error)
    if not searched and not skipped:
        raise UserError(
            place, "there are no studies here", "give the folder of the questionnaires with --in"
        )
    return CallerSearch(tuple(matches), tuple(searched.values()), tuple(skipped))


def _list_databases(place: str) -> Iterator[tuple[str, str]]:
    """Yield name and location of each database, copies last.

    Copies that upgrades, restores and backups leave beside a database are left out: to open one would upgrade it.
    """
    if is_server_address(place):
        from survey_cli.services.database.server import list_studies

        address, studies = list_studies(place)
        for schema in studies:
            yield schema, ServerAddress(address, url=address.url, schema=schema)
        return
    folders = [folder for folder in (Path(place), Path(place, RESPONSES_FOLDER)) if folder.is_dir()]
    files = [file for folder in folders for file in folder.glob("*.db") if file.name != FILE_NAME]
    for file in sorted(
        files,
        key=lambda file: (COPY_NAME.fullmatch(file.name) is not None, len(file.name), file.name),
    ):
        copied = COPY_NAME.fullmatch(file.name)
        if copied is None or not file.with_name(f"{copied[1]}.db").exists():
            yield file.stem, format_path(file)


def _search_study(store: Store, name: str, text: str, at: datetime, by: str) -> list[CallerMatch]:
    if not is_server_address(store.where):
        people = load_people("", store.where, None)
        identify(by, store.account, people, people, locate_people_file("", store.where))
    search = store.cases.queries.search
    found = search(text) or search(extract_search_digits(text))
    if found and store.connector.supervises:  # the server records the others itself
        cases = ", ".join(f"case {match.row.key}" for match in found)
        store.access_log.record(Access.SEARCH, cases, "a caller", at=at, by=by)
    matches = []
    for row, contact_name, numbers in ((match.row, match.name, match.numbers) for match in found):
        state = (
            f"with {row.holder.by} at station {row.holder.station}" if row.holder else row.status
        )
        matches.append(CallerMatch(name, row.key, contact_name, numbers, state))
    return matches
