"""Administration of a study's database: its interviews as a whole, upgrades, the rights of others.

Its interviews are listed and verified, and simulated ones are stored. Rights are those of a group
of the computer.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import sleep
from typing import Final, NamedTuple
from uuid import uuid4

from survey_cli.engine.interview import Interview
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.services.database.verification import Verification
from survey_cli.services.date_options import parse_start_time
from survey_cli.services.run_on_study import ProgressCallback, convert_to_study_time, on_study
from survey_cli.store import InstrumentRow, InterviewRow, Store, WholeInterview
from survey_cli.store.access_log import Access, AccessEntry
from survey_cli.store.backends import account
from survey_cli.store.backends.address import is_server_address
from survey_cli.store.backends.errors import UndecodableTextError
from survey_cli.store.backends.sqlite import database_files
from survey_cli.store.database_location import locate_database, open_store
from survey_cli.study.clock import list_future_entries
from survey_cli.study.consistency.interview_outcomes import describe_open_tasks
from survey_cli.study.consistency.person_erasure import describe_pending_scrub
from survey_cli.study.consistency.upkeep import derive_queue_again, find_disagreements
from survey_cli.study.consistency.withdrawals import list_unfinished, list_waiting
from survey_cli.study.location import open_and_locate
from survey_cli.study.open_study import OpenStudy, check_account_may
from survey_cli.study.versions import find_unaccepted_change

SHARED_ENDINGS: Final = (".db", ".db-wal", ".db-shm", ".db.key", ".csv")
"""Endings of the databases and lists that `share_with_group` gives to a group."""


class VerificationResult(NamedTuple):
    """The result of a verification."""

    where: str
    interviews: int
    events: int
    findings: tuple[str, ...]
    """What is wrong, as text; empty if nothing is."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why; changes of meaning that nobody has accepted."""


def upgrade_database(path: str | Path, *, db: str | None = None) -> str:
    """Upgrade a study's database to this version of the program, and count its cases again.

    Returns its location.
    """
    _, where = open_and_locate(path, db)
    with Store.open(where, create=False, upgrade=True) as store:
        store.cases.counts.rebuild()
    return where


def share_with_group(path: str, group: str, *, db: str | None = None) -> Path:
    """Give the folder of the databases, with every database and list in it, to the group.

    Its members can write the databases and read the lists, files made later belong to the group
    too, and nobody else has access. Returns the folder.
    """
    _, where = open_and_locate(path, db)
    if is_server_address(where):
        raise UserError(where, "a server has its own users", "give each interviewer a login there")
    check_account_may(path, where, account.read_account(), Action.SHARE)

    group_id = _find_group_id(group)
    folder = Path(where).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, -1, group_id)
        folder.chmod(database_files.GROUP_FOLDER_MODE)
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.endswith(SHARED_ENDINGS):
                os.chown(file, -1, group_id)
                file.chmod(_choose_group_mode(file))
    except OSError as error:
        what = f"its group cannot be changed ({error.strerror})"
        remedy = f"ask its owner (who must be a member of the group {group}) or root to do this"
        raise UserError(str(error.filename or folder), what, remedy) from error
    return folder


def _choose_group_mode(file: Path) -> int:
    """Return the mode of a shared file. Interviewers write databases, and only read lists."""
    if file.suffix in (".csv", ".key"):
        return database_files.GROUP_LIST_MODE
    return database_files.GROUP_FILE_MODE


def _find_group_id(group: str) -> int:
    try:
        # Windows doesn't have this module.
        from grp import getgrnam

        return getgrnam(group).gr_gid
    except (ImportError, KeyError):
        what = f"this computer has no group {group!r}"
        raise UserError("--group", what, f"create it: groupadd {group}") from None


@on_study(Action.READ_ACCESS_LOG)
def list_accesses(study: OpenStudy, *, by: str, since: str, claims: bool) -> Sequence[AccessEntry]:
    """List who read contacts, searched for a caller, exported or watched, in order.

    With `claims`, those who claimed a case are listed too.
    """
    start = None
    if since:
        start = parse_start_time(since, study.at, None, option="--since").at
    entries = study.store.access_log.list_entries(by=by, since=start, claims=claims)
    return _drop_refused_exports(entries)


def _drop_refused_exports(entries: Sequence[AccessEntry]) -> list[AccessEntry]:
    """Leave out the entry of each export that was refused afterwards. The refusal stays."""
    kept: list[AccessEntry] = []
    for entry in entries:
        if entry.what == Access.REFUSED:
            for earlier in reversed(kept):
                is_same = (
                    earlier.account == entry.account
                    and earlier.object == entry.object
                    and earlier.detail == entry.detail
                )
                if earlier.what == Access.EXPORT and is_same:
                    kept.remove(earlier)
                    break
        kept.append(entry)
    return kept


class InterviewList(NamedTuple):
    """Every interview in a study's database."""

    where: str
    rows: list[InterviewRow]
    damage: str = ""
    """What could not be decoded; empty if everything could."""


def list_interviews(path: str | Path, *, db: str | None = None) -> InterviewList:
    """List every interview in the instrument's database.

    A text that cannot be decoded does not keep other interviews from being listed.
    """
    _, where = open_and_locate(path, db)
    with open_store(where, create=False) as store:
        # on a server, the rights of the account decide
        if not is_server_address(where):
            check_account_may(path, where, store.account, Action.SEE_CASES)
        try:
            return InterviewList(where, store.interviews.list_rows())
        except UndecodableTextError as problem:
            with store.tolerate_undecodable():
                return InterviewList(where, store.interviews.list_rows(), str(problem))


def verify_database(
    path: str | Path,
    *,
    db: str | None = None,
    at: datetime | None = None,
    route: bool = False,
    progress: ProgressCallback | None = None,
) -> VerificationResult:
    """Verify a database.

    Every journal can be replayed, every derived row equals its source, nothing is dated after `at`
    (now by default), and the file itself is intact. With `route`, each answer off the route is
    named with the reason. `progress` receives from time to time the number of interviews and cases
    compared, and the total.
    """
    instrument, where = open_and_locate(path, db)
    with open_store(where, create=False) as store:
        result = verify_store(where, store, instrument, route=route, progress=progress)
        now = convert_to_study_time(store, at or datetime.now(UTC))
        future = list_future_entries(store, now, thorough=True)
        return result._replace(findings=(*result.findings, *future))


@on_study(Action.DERIVE_QUEUE)
def derive_positions(study: OpenStudy) -> int:
    """Derive the queue positions of all cases again from their histories.

    Returns the number of cases whose position differed. Raises UserError.
    """
    return derive_queue_again(study, study.at)


def verify_store(
    where: str,
    store: Store,
    instrument: Instrument,
    *,
    route: bool = False,
    progress: ProgressCallback | None = None,
) -> VerificationResult:
    """Verify an open database as of one point in time. Raises StoreError."""
    with store.read_transaction(), store.tolerate_undecodable():
        verification = Verification(store, instrument, progress, route=route)
        findings = (
            *store.maintenance.check_integrity(),
            *list_unfinished(store, instrument),
            *describe_open_tasks(store, instrument),
            *find_disagreements(store),
            *store.work.find_missing(),
            *verification.iterate_findings(),
        )
        # Only now is it known what could not be compared.
        notes = [*verification.list_notes(), *list_waiting(store, instrument)]
        pending_scrub = describe_pending_scrub(store)
        if pending_scrub:
            notes.append(pending_scrub)
        unaccepted = find_unaccepted_change(store, instrument)
        if unaccepted is not None:
            notes.append(str(unaccepted))
    return VerificationResult(
        where, verification.interviews, verification.events, findings, tuple(notes)
    )


class SimulatedInterviewWriter(NamedTuple):
    """Stores simulated interviews in batches, in a database without real ones."""

    where: str
    write: Callable[[Sequence[Interview]], None]
    """Stores these interviews with their journals. Raises StoreError."""


@contextmanager
def open_simulated_interview_writer(
    path: str | Path, instrument: Instrument, *, db: str | None, beside_real: bool, start: datetime
) -> Iterator[SimulatedInterviewWriter]:
    """Context manager of a writer for simulated interviews.

    Raises UserError if real ones are stored there, unless `beside_real`.
    """
    where = locate_database(path, instrument.id, db)
    # Between two commits, so that an interviewer never waits longer than one commit takes.
    pause = partial(sleep, 0.005)

    if not is_server_address(where):
        check_account_may(path, where, account.read_system_account(), Action.STORE_SIMULATED)
    with open_store(where, create=True) as store:
        if not beside_real and store.interviews.list_rows(origin="real"):
            what = "real interviews are stored here, and simulated ones must not be mixed with them"
            remedy = (
                "specify another database with --db, "
                "or write beside_real: true into the file of --settings"
            )
            raise UserError(where, what, remedy)
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=start))

        def write(interviews: Sequence[Interview]) -> None:
            records = (
                WholeInterview.from_interview(interview, str(uuid4()), "simulated")
                for interview in interviews
            )
            store.interviews.add(records, rows=5_000, pause=pause)

        yield SimulatedInterviewWriter(where, write)
