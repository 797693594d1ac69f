"""Restoring a study's database from a backup, and upgrading it to this version of the program."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.services.database.interview_archive import VerificationResult, verify_store
from survey_cli.store import Store
from survey_cli.store.backends.address import ServerAddress, is_server_address
from survey_cli.store.backends.sqlite.database_files import resolve_link
from survey_cli.store.maintenance.restore import LostData, copy_backup, replace_database
from survey_cli.study.location import open_and_locate

SERVER_RESTORE_REMEDY = (
    "as the owner of its schema: pg_restore --clean --if-exists --schema=SCHEMA --dbname=ADDRESS FILE.dump"
)

OTHER_BACKUP_REMEDY = "specify an earlier backup; nothing was changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
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
    return RestoreResult(
        where=where, interviews=verified.interviews, events=verified.events, kept=str(kept or ""), lost=lost
    )


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
