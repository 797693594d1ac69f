"""Opening a study: its instrument, plan, database, people, do-not-call list and user.

Opening changes no stored data. A given name proves nothing: if a study lists its people, only a
supervisor's account may work under another name, and the table of roles decides who may do what. A
station opens the study's files again if they have changed; it checks between two cases, and reads
only dates and sizes of unchanged files.
"""

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self, TypeAlias

from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import open_instrument
from survey_cli.permissions import Action, StaffRole, format_permitted, with_article
from survey_cli.problems import UserError
from survey_cli.samples.lists.people_file import format_supervisor_line, read_people
from survey_cli.store import Store
from survey_cli.store.backends import account
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.backends.errors import close_on_error
from survey_cli.store.cases.case_records import LeaseHolder
from survey_cli.store.database_location import locate_database, open_existing_store, open_store
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.study.account_names import check_own_name
from survey_cli.study.location import PEOPLE_FILE, locate_people_file, open_and_locate
from survey_cli.study.permissions import NotPermittedError, check_may
from survey_cli.study.versions import (
    VersionInForce,
    find_obstacle_to_begin,
    find_version_in_force,
    read_published_hash,
)

NO_TIME: Final = datetime.min.replace(tzinfo=UTC)


class NoLongerListedError(UserError):
    """The person who works here was removed from the study's list, or may not call any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRecords:
    """The stored data of one study, open for reading. The caller closes it."""

    path: str
    instrument: Instrument
    plan: Plan
    store: Store
    where: str
    """The database as it is shown to users."""
    people: People
    who: Interviewer
    """The person who works with them."""

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStudy(StudyRecords):
    """One open study with the do-not-call list."""

    do_not_call: DoNotCallList
    at: datetime = NO_TIME
    """The current date and time on the study's clock."""
    repairs: list[str] = field(default_factory=list)
    """What opening the study repaired, or could not repair: one sentence each."""
    notice: str = ""
    """Message about the questionnaire's version, for the person who works here."""

    def close(self) -> None:
        """Close the database and the do-not-call list."""
        self.do_not_call.close()
        self.store.close()

    def is_on_do_not_call_list(self, numbers: Collection[str]) -> bool:
        """Return whether one of these numbers (E.164) is on the do-not-call list."""
        return bool(self.do_not_call.select_listed(numbers))


def open_records(
    path: str | Path, *, db: str | None = None, people: str | None = None
) -> StudyRecords:
    """Open the stored data of a study for reading; nothing is created. Raises UserError."""
    instrument, where = open_and_locate(path, db)
    listed = load_people(path, where, people)
    own_people = load_people(path, where, None)
    own_file = locate_people_file(path, where)
    store = open_store(where, create=False)
    with close_on_error(store):
        who = _identify_account("", store, listed, own_people, own_file)
    return StudyRecords(
        path=str(path),
        instrument=instrument,
        plan=Plan.from_instrument(instrument),
        store=store,
        where=where,
        people=listed,
        who=who,
    )


def open_study(
    path: str | Path,
    *,
    db: str | None = None,
    by: str = "",
    people: str | None = None,
    create: bool = False,
    invented: People | None = None,
    as_written: bool = False,
) -> OpenStudy:
    """Open everything that fieldwork on an instrument needs.

    `by` is the person at work, by default the account. `invented` are the people of a simulated
    study, in which `by` may do everything. The questionnaire is the version in force; with
    `as_written`, the one in the file. Raises UserError, also if there is no database yet and
    `create` is False.
    """
    instrument, where = open_and_locate(path, db)
    listed = invented or load_people(path, where, people)
    own_people = load_people(path, where, None)
    own_file = locate_people_file(path, where)
    who: Interviewer | None = None
    if invented is not None:
        who = Interviewer(login=by, role=StaffRole.SUPERVISOR)
    elif not is_server_address(where):
        # nobody who may not work here creates a database file
        who = identify(by, account.read_account(), listed, own_people, own_file)
    store = open_store(where, create=True) if create else open_existing_store(where)
    if store is None:
        remedy = f"import them: survey sample import {path} cases.csv"
        raise UserError(where, "there are no cases yet", remedy)

    with close_on_error(store):
        if who is None:
            who = _identify_account(by, store, listed, own_people, own_file)
        who = _limit_to_account(who, store)
        version = VersionInForce(instrument)
        if not as_written:
            version = find_version_in_force(store, instrument, str(path))
        # a database opened for reading gets no list beside it
        is_archive = store.read_only and not is_server_address(where)
        if is_archive:
            do_not_call = DoNotCallList.open_read_only(where)
        else:
            do_not_call = DoNotCallList.open_beside(where)
    return OpenStudy(
        path=str(path),
        instrument=version.instrument,
        plan=Plan.from_instrument(version.instrument),
        store=store,
        where=where,
        people=listed,
        who=who,
        do_not_call=do_not_call,
        notice=version.notice,
    )


def load_study_people(
    path: str | Path, instrument_id: str, *, db: str | None, named: str | None
) -> People:
    """Return the people of a study whose database is `db`, or the default one of an instrument."""
    return load_people(path, locate_database(path, instrument_id, db), named)


def make_busy_error(study: OpenStudy, key: str, holder: LeaseHolder) -> UserError:
    """Return the error for an action on a case that a station has."""
    what = f"{holder.by} has it at station {holder.station}"
    remedy = f"wait, or take it back: survey case free {study.path} '{key}'"
    return UserError(f"case {key}", what, remedy)


def load_people(path: str | Path, where: str, named: str | None) -> People:
    """Return the people on the named list, or on the study's own.

    Without a list, every account may do everything.
    """
    file = Path(named) if named else locate_people_file(path, where)
    if file is None or (not named and not file.is_file()):
        return People()
    people_file = read_people(file)
    if isinstance(people_file, list):
        remedy = "correct it: it decides who may do what"
        raise UserError(
            str(file), "the list of people cannot be read", remedy, problems=tuple(people_file)
        )
    return people_file.people


def _identify_account(
    given_name: str, store: Store, people: People, own_people: People, own_file: Path | None
) -> Interviewer:
    """Return the person who works under the account of an open database. Raises UserError."""
    if _is_unlisted_reader(given_name, store, own_people):
        role = StaffRole.ANALYST
        if StaffRole.CODER in store.connector.account_roles:
            role = StaffRole.CODER
        who = Interviewer(login=store.account, role=role)
    else:
        who = identify(given_name, store.account, people, own_people, own_file)
    return _limit_to_account(who, store)


def identify(
    given_name: str, account: str, people: People, own_people: People, own_file: Path | None = None
) -> Interviewer:
    """Return the person who works under the account's name, or under another given name.

    `own_people` is the study's own list, which decides whether another name is allowed; `people` is
    the list in use. `own_file` is the file of the study's own list: its owner can add the missing
    line. Raises NotPermittedError.
    """
    name = given_name.strip() or account
    check_people_list(account, people, own_people)
    if name != account and not _may(account, Action.USE_OTHER_NAME, own_people):
        what = f"is not the account {account}, and only a supervisor may work under another name"
        remedy = f"log in as {name}, or ask {own_people.format_supervisors()}"
        if own_people.find(account) is None:
            remedy += _describe_own_line(account, own_file)
        raise NotPermittedError(name, what, remedy)
    who = people.find(name)
    if who is None:
        remedy = f"ask {own_people.format_supervisors()} to add this name to {PEOPLE_FILE}"
        if own_people.find(name) is None:
            remedy += _describe_own_line(name, own_file)
        raise NotPermittedError(name, "is not on the study's list of people", remedy)
    return who


def _describe_own_line(name: str, file: Path | None) -> str:
    """Return, as the end of a remedy, the line that the owner of the list can write.

    It is empty for other accounts.
    """
    if file is None or not _is_own_file(file):
        return ""
    line = format_supervisor_line(name, file)
    advice = f"you can also write this line into {file} yourself: {line}"
    return f"; the list is your own file, so {advice}"


def _is_own_file(file: Path) -> bool:
    """Return whether the account at work owns a file.

    On a system without owners, whether it can write it. In a seat the files are the server's.
    """
    if account.find_signed_in():
        return False
    if not hasattr(os, "getuid"):
        return os.access(file, os.W_OK)
    try:
        return file.stat().st_uid == os.getuid()
    except OSError:
        return False


def _is_unlisted_reader(given_name: str, store: Store, own_people: People) -> bool:
    """Return whether a coder or analyst reads a server's study whose list has only interviewers.

    The server gives it no right to call anybody.
    """
    is_own_name = given_name.strip() in ("", store.account)
    return store.read_only and is_own_name and own_people.find(store.account) is None


def _limit_to_account(who: Interviewer, store: Store) -> Interviewer:
    """Return the person with the roles that the account has: those of its groups on a server.

    Raises UserError.
    """
    check_own_name(who.login, store)
    account_roles = store.connector.account_roles
    is_own_study = store.connector.dialect == "sqlite" and _is_own_file(Path(store.connector.where))
    if is_own_study:
        account_roles = frozenset({StaffRole.OWNER})
    # Nobody becomes the owner by working under the owner's account: seats in a browser do that.
    if who.login != store.account and StaffRole.OWNER in account_roles:
        account_roles = frozenset({StaffRole.SUPERVISOR})
    return replace(who, account_roles=account_roles)


def check_people_list(account: str, people: People, own_people: People) -> None:
    """Check that the list of people is the study's own, or that the account may use another one.

    Raises NotPermittedError.
    """
    if people == own_people or _may(account, Action.USE_OTHER_LIST, own_people):
        return
    what = f"{account} is not a supervisor on the study's own list, so no other list can be used"
    remedy = f"leave the option out, or ask {own_people.format_supervisors()}"
    raise NotPermittedError("--people", what, remedy)


def _may(account: str, action: Action, people: People) -> bool:
    """Return whether the list gives this account a role that may take an action."""
    who = people.find(account)
    return who is not None and who.may(action)


def check_study_may(study: StudyRecords, action: Action) -> None:
    """Check that the person at work may take an action. Raises NotPermittedError."""
    check_may(study.who, action, study.people)


def check_account_may(path: str | Path, where: str, account: str, action: Action) -> None:
    """Check that an account may take an action, by the study's own list of people.

    This is for actions on whole files, which open no study. Raises NotPermittedError.
    """
    people = load_people(path, where, None)
    who = people.find(account)
    if who is None:
        rule = f"only {format_permitted(action)} may {action.value}"
        what = f"is not on the study's list of people, and {rule}"
        raise NotPermittedError(account, what, f"ask {people.format_supervisors()}")
    check_may(who, action, people)


FileStates: TypeAlias = tuple[tuple[int, int, int] | None, ...]


class StudyFiles:
    """The files from which one open study was read, with their content at that time as a digest."""

    def __init__(self, study: OpenStudy, people: str | None = None) -> None:
        self._people = people
        self._store = study.store
        self._in_use = study.instrument.hash
        self._refused: Instrument | None = None
        """A changed questionnaire that is not used because nobody has accepted its changes of
        meaning."""
        self._files = self._list_files(study)
        self._signature: FileStates = ()
        """Dates and sizes at the last check; empty before the first."""
        self._digest = _compute_digest(self._files)

    def _list_files(self, study: OpenStudy) -> tuple[Path, ...]:
        """Return the questionnaire's file, its modules, and the list of people."""
        top = Path(study.path)
        files = [top]
        files += [top.parent / name for name in list(study.instrument.texts)[1:]]
        people = Path(self._people) if self._people else locate_people_file(top, study.where)
        if people is not None:
            files.append(people)
        return tuple(files)

    def has_changed(self) -> bool:
        """Return whether a file has changed since the last call, or since the study was opened.

        Also True if refused changes of meaning have been accepted since, or if another version was
        published. Raises StoreError.
        """
        is_on_server = self._store.clock is not None
        if is_on_server and read_published_hash(self._store) not in ("", self._in_use):
            return True
        if self._refused is not None and find_obstacle_to_begin(self._store, self._refused) is None:
            return True

        signature = tuple(_read_file_state(file) for file in self._files)
        if signature == self._signature:
            return False
        self._signature = signature
        # a file may have been written with the same content
        digest_before = self._digest
        self._digest = _compute_digest(self._files)
        return self._digest != digest_before

    def reread(self, study: OpenStudy) -> OpenStudy:
        """Return the study with the current questionnaire, plan and people.

        Its database stays open. Raises UserError if a file has errors, if the questionnaire is
        another one or has changes of meaning that nobody has accepted, or if the person who works
        here is no longer listed or may not call any more; and StoreError.
        """
        self._refused = None
        instrument = open_instrument(study.path)
        version = find_version_in_force(study.store, instrument, study.path)
        instrument = version.instrument
        people = load_people(study.path, study.where, self._people)
        if instrument.id != study.instrument.id:
            what = f"the questionnaire is now {instrument.id}"
            what += f", but this station works on {study.instrument.id}"
            raise UserError(study.path, what, "leave the station and start it again")
        obstacle = find_obstacle_to_begin(study.store, instrument)
        if obstacle is not None:
            self._refused = instrument
            raise obstacle
        who = people.find(study.who.login)
        if who is None:
            what = "is no longer on the study's list of people"
            remedy = f"ask a supervisor to add you to {PEOPLE_FILE}"
            raise NoLongerListedError(study.who.login, what, remedy)
        who = _limit_to_account(who, study.store)
        if not who.may(Action.CONDUCT_INTERVIEWS):
            what = f"is {with_article(who.role.value)} now, and calls no cases"
            remedy = f"ask {people.format_supervisors()}"
            raise NoLongerListedError(study.who.login, what, remedy)

        reopened = replace(
            study,
            instrument=instrument,
            plan=Plan.from_instrument(instrument),
            people=people,
            who=who,
            notice=version.notice,
        )
        self._files = self._list_files(reopened)
        self._in_use = instrument.hash
        return reopened


def _read_file_state(file: Path) -> tuple[int, int, int] | None:
    """Return the time of the last change, size and inode of a file.

    None if it cannot be read.
    """
    try:
        state = os.stat(file)
    except (OSError, ValueError):
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def _compute_digest(files: Iterable[Path]) -> bytes:
    """Return a digest of the files' content; a file that can't be read counts as one byte."""
    digest = blake2b(digest_size=16)
    for file in files:
        try:
            content = file.read_bytes()
        except (OSError, ValueError):
            content = b"\0"
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.digest()
