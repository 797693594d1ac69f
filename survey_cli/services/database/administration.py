"""Restoring a database from a backup, upgrading it, and the rights of others: of roles on a server, of a group."""

import os
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.services.database.interview_archive import VerificationResult, verify_store
from survey_cli.store import Store
from survey_cli.store.backends.address import ServerAddress, is_server_address
from survey_cli.store.backends.settings import TASK_PREFIX
from survey_cli.store.backends.sqlite.database_files import (
    GROUP_FILE_MODE,
    GROUP_FOLDER_MODE,
    GROUP_LIST_MODE,
    resolve_link,
)
from survey_cli.store.database_location import open_store
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.store.maintenance.grants import build_grants, render_script
from survey_cli.store.maintenance.maintenance import LostData, copy_backup, replace_database
from survey_cli.study.consistency.person_erasure import SCRUB_SETTING
from survey_cli.study.consistency.upkeep import COMPARED_SETTING
from survey_cli.study.location import open_and_locate

SERVER_RESTORE_REMEDY = (
    "as the owner of its schema: pg_restore --clean --if-exists --schema=SCHEMA --dbname=ADDRESS FILE.dump"
)

OTHER_BACKUP_REMEDY = "specify an earlier backup; nothing was changed"


class RestoreResult(NamedTuple):
    """A database that was restored from a backup."""

    where: str
    interviews: int
    """Interviews in the restored database."""
    events: int
    kept: str = ""
    """Path of the replaced database; empty where there was none."""
    lost: LostData | None = None
    """What only the replaced database has; None where it cannot be read."""


def restore_database(path: str | Path, backup: str | Path, *, at: datetime, db: str | None = None) -> RestoreResult:
    """Replace a study's database by a backup while nobody uses it. The replaced files are kept."""
    instrument, where = open_and_locate(path, db)
    if isinstance(where, ServerAddress) or is_server_address(where):
        raise UserError(where, "backups of a database server are restored with its own tools", SERVER_RESTORE_REMEDY)
    target = resolve_link(where)
    try:
        with copy_backup(Path(backup), target) as copy:
            verified = _verify_copy(str(backup), copy, instrument)
            kept, lost = replace_database(copy, target, at=at, where=where)
    except OSError as error:
        what = f"the backup cannot be copied ({error.strerror})"
        raise UserError(where, what, "check the folder and the disk") from error
    counts = {"interviews": verified.interviews, "events": verified.events}
    return RestoreResult(where=where, **counts, kept=str(kept or ""), lost=lost)


def _verify_copy(backup: str, copy: Path, instrument: Instrument) -> VerificationResult:
    """Return what the copy of the backup contains. Raises UserError where it cannot replace the study's database."""
    try:
        with Store.open(copy, create=False) as store:
            others = {row.id for row in store.data.list_instruments()} - {instrument.id}
            result = verify_store(backup, store, instrument)
    except StoreError as problem:
        raise UserError(backup, f"the backup is damaged: {problem.what}", OTHER_BACKUP_REMEDY) from problem
    if others:
        what = f"is a backup of the study {min(others)!r}, not of {instrument.id!r}"
        raise UserError(backup, what, "specify that study's questionnaire, or another backup")
    if result.findings:
        raise UserError(backup, f"the backup is damaged: {result.findings[0]}", OTHER_BACKUP_REMEDY)
    return result


def upgrade_database(path: str | Path, *, db: str | None = None) -> str:
    """Upgrade a study's database to this version of the program. Returns its location."""
    _, where = open_and_locate(path, db)
    Store.open(where, create=False, upgrade=True).close()
    return where


def build_study_grants(
    path: str, *, db: str | None, interviewers: str, supervisors: str
) -> tuple[ServerAddress, list[str]]:
    """Return the statements that give these roles what they need and nothing else."""
    _, where = open_and_locate(path, db)
    if not isinstance(where, ServerAddress):
        remedy = "specify a server: --db postgresql://OWNER@HOST/DATABASE; to share a file, use survey study share"
        raise UserError(where, "a database file has no roles", remedy)
    if not interviewers and not supervisors:
        raise UserError("--interviewers", "no role was specified", "specify --interviewers, --supervisors, or both")
    if interviewers == supervisors:
        raise UserError("--interviewers", "both roles are the same", "specify two different roles")
    own = (TASK_PREFIX, SCRUB_SETTING, COMPARED_SETTING)
    grants = build_grants(where.schema, interviewers=interviewers, supervisors=supervisors, own_settings=own)
    return where, list(grants)


def render_study_grants(path: str, *, db: str | None, interviewers: str, supervisors: str) -> str:
    """Return the statements as a script for psql; the server is not contacted."""
    return render_script(build_study_grants(path, db=db, interviewers=interviewers, supervisors=supervisors)[1])


def grant_rights(path: str, *, db: str | None, interviewers: str, supervisors: str) -> str:
    """Give the roles their rights. Returns the location. The schema must exist and belong to the account."""
    where, statements = build_study_grants(path, db=db, interviewers=interviewers, supervisors=supervisors)
    with open_store(where, create=False) as store:
        if not store.data.can_publish():
            what = f"{store.account} may not grant rights: the schema belongs to another role"
            remedy = "connect as the owner of the schema, or send the owner the script that --print writes"
            raise UserError(where, what, remedy)
        DoNotCallList.open_beside(where).close()  # makes the list that all studies share
        with store.connector.transaction() as execute:
            for statement in statements:
                execute(statement, ())
    return where


SHARED_ENDINGS = (".db", ".db-wal", ".db-shm", ".db.key", ".csv")


def share_with_group(path: str, group: str, *, db: str | None = None) -> Path:
    """Give the folder of the databases, with every database and list in it, to the group.

    Its members can write the databases and read the lists, files made later belong to the group too, and nobody else
    has access. Returns the folder.
    """
    _, where = open_and_locate(path, db)
    if is_server_address(where):
        raise UserError(where, "a server has its own users", "give each interviewer a login there")
    number = _find_group_id(group)
    folder = Path(where).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, -1, number)
        folder.chmod(GROUP_FOLDER_MODE)
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.endswith(SHARED_ENDINGS):
                os.chown(file, -1, number)
                file.chmod(GROUP_LIST_MODE if file.suffix in (".csv", ".key") else GROUP_FILE_MODE)
    except OSError as error:
        remedy = f"ask its owner (who must be a member of the group {group}) or root to do this"
        what = f"its group cannot be changed ({error.strerror})"
        raise UserError(str(error.filename or folder), what, remedy) from error
    return folder


def _find_group_id(group: str) -> int:
    try:
        from grp import getgrnam

        return getgrnam(group).gr_gid
    except (ImportError, KeyError):
        raise UserError("--group", f"this computer has no group {group!r}", f"create it: groupadd {group}") from None
