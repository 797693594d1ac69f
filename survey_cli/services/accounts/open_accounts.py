"""Opening the accounts of studies, which are beside their list of people."""

import os
from collections.abc import Sequence
from pathlib import Path

from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.permissions import StaffRole
from survey_cli.problems import UserError
from survey_cli.services.accounts.account_administration import AccountAdministration
from survey_cli.services.accounts.account_files import AccountFiles
from survey_cli.services.accounts.listed_people import ListedPeople
from survey_cli.services.accounts.password_hashes import check_library
from survey_cli.services.accounts.server_address import keep_address
from survey_cli.services.accounts.web_accounts import WebAccounts
from survey_cli.store.accounts.account_file import FILE_NAME
from survey_cli.store.accounts.account_store import AccountStore
from survey_cli.store.backends.account import read_system_account
from survey_cli.store.backends.errors import close_on_error
from survey_cli.study.location import locate_people_file, open_and_locate


def open_administration(
    path: str, *, db: str | None = None, create: bool = False
) -> AccountAdministration:
    """Open the accounts of a study for its owner, the account at work.

    Raises UserError, also if there are no accounts yet and `create` is False.
    """
    files = locate_accounts([path], db=db)
    people = ListedPeople(files.people)
    people.check()
    _check_owner(files.people, people.where)
    if create:
        store = AccountStore.open(files.accounts)
    else:
        store = _open_existing(files)
    owner = Interviewer(
        login=read_system_account(),
        role=StaffRole.OWNER,
        account_roles=frozenset({StaffRole.OWNER}),
    )
    return AccountAdministration(store, people, study=path, manager=owner)


def locate_accounts(paths: Sequence[str], *, db: str | None = None) -> AccountFiles:
    """Return the files of accounts of studies, which have one list of people. Raises UserError.

    It compiles the questionnaires. A process that must not know them gets the result.
    """
    first, *others = paths
    people = _locate_people(first, db)
    for path in others:
        if _locate_people(path, db) != people:
            what = f"has another list of people than {first}"
            raise UserError(path, what, "serve it with a command of its own")
    return AccountFiles(study=first, people=people, accounts=people.with_name(FILE_NAME))


def check_accounts(files: AccountFiles, *, address: str = "") -> str:
    """Check that people can sign in. Returns the login of a supervisor, or of somebody else.

    `address` is kept unless it is empty. Raises UserError.
    """
    check_library()
    people = ListedPeople(files.people)
    listed = people.read().interviewers.values()
    with _open_existing(files) as store:
        if address:
            keep_address(store, address)
    for person in listed:
        if person.role is StaffRole.SUPERVISOR:
            return person.login
    return next(iter(listed)).login


def open_web_accounts(files: AccountFiles) -> WebAccounts:
    """Open the accounts for signing in. Raises UserError, also if there are none yet."""
    people = ListedPeople(files.people)
    people.check()
    store = _open_existing(files)
    with close_on_error(store):
        return WebAccounts(store, people, study=files.study)


def _open_existing(files: AccountFiles) -> AccountStore:
    store = AccountStore.open_existing(files.accounts)
    if store is None:
        remedy = f"add the first one: survey account add {files.study} LOGIN"
        raise UserError(files.study, "there are no accounts yet", remedy)
    return store


def _locate_people(path: str, db: str | None) -> Path:
    """Return the place of a study's list of people. Raises UserError."""
    _, where = open_and_locate(path, db)
    file = locate_people_file(path, where)
    if file is None:
        what = "a study in memory has no list of people, which accounts need"
        raise UserError("--db", what, "name a file, or leave the option out")
    return file


def _check_owner(file: Path, where: str) -> None:
    """Check that the account at work owns the list of people.

    Who writes the list decides who supervises, and so does who makes accounts. Raises UserError.
    """
    if not hasattr(os, "getuid"):
        return
    status = file.stat()
    if status.st_uid == os.getuid():
        return

    from pwd import getpwuid

    try:
        owner = getpwuid(status.st_uid).pw_name
    except KeyError:
        owner = f"uid{status.st_uid}"
    what = f"belongs to the account {owner}, who manages the accounts"
    remedy = f"run the command as {owner}; a supervisor can invite interviewers in the browser"
    raise UserError(where, what, remedy)
