"""Backups of a study's database, and its restoration: from the newest of a folder, or the one before a given time.

Erasures that were made since the backup are repeated. Beside the backups, a file lists what was erased, by hashes.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import StoreError, StoreFailure, UserError
from survey_cli.services.database.administration import VerificationResult, verify_store
from survey_cli.services.output_files import write_text_file
from survey_cli.store import Store
from survey_cli.store.backends import account
from survey_cli.store.backends.address import ServerAddress, is_server_address
from survey_cli.store.backends.sqlite.database_files import UNFINISHED_SUFFIX, resolve_link
from survey_cli.store.database_location import open_store
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.store.maintenance.maintenance import (
    LostData,
    copy_backup,
    replace_database,
    replace_on_server,
)
from survey_cli.study.consistency.erasure_record import (
    Erasure,
    RepeatedErasures,
    list_erasures,
    repeat_erasures,
)
from survey_cli.study.location import open_and_locate
from survey_cli.study.open_study import OpenStudy, check_supervisor_account

TIME_FORMAT = "%Y%m%d-%H%M%SZ"
"""The time in the name of a backup, in UTC, so that names sort by time."""
ERASURES_SUFFIX = ".erasures"
ABANDONED_AFTER = timedelta(hours=1)
"""The time without a write after which a backup that is being written was killed."""
OTHER_BACKUP_REMEDY = "specify an earlier backup; nothing was changed"


class BackupResult(NamedTuple):
    """A backup that was made."""

    where: str
    """The database that was copied."""
    file: str
    kept: int = 0
    """Backups of this study in the folder."""
    removed: int = 0
    """Older ones that were removed."""


def back_up_database(
    path: str | Path, to: str | Path, *, at: datetime, keep: int = 0, db: str | None = None
) -> BackupResult:
    """Copy the database consistently while interviews run, into a new file, or under a dated name into a folder.

    With `keep`, only so many backups of this study stay in the folder. The database records that a backup was made; the
    copy does not.
    """
    instrument, where = open_and_locate(path, db)
    if not is_server_address(where):
        check_supervisor_account(path, where, account.read_system_account(), "make a backup")
    file = Path(to)
    folder = file if file.is_dir() else file.parent
    if file.is_dir():
        file = folder / f"{instrument.id}.{at.astimezone(UTC):{TIME_FORMAT}}.db"
    with open_store(where, create=False) as store:
        if not store.connector.supervises:
            what = "is no supervisor on this server, and only a supervisor may make a backup"
            raise UserError(store.account, what, "ask a supervisor, or the owner of the database")
        store.maintenance.back_up(file)
        erasures = list_erasures(store, instrument.id)
        try:
            store.maintenance.record_backup(at=at, by=store.account)
        except StoreError as problem:
            what = f"copied to {file}, but that could not be recorded here: {problem.what}"
            raise UserError(where, what, problem.remedy) from problem
    _write_erasures(folder, instrument.id, erasures)
    try:
        backups = _list_backups(folder, instrument.id)
        surplus = backups[:-keep] if keep else []
        for old in (*(file for file, _ in surplus), *_list_unfinished(folder, instrument.id, at)):
            old.unlink(missing_ok=True)
    except OSError as error:
        what = f"copied to {file}, but then the folder could not be changed ({error.strerror})"
        raise UserError(str(folder), what, "check the folder and the disk") from error
    return BackupResult(where, str(file), len(backups) - len(surplus), len(surplus))


def _list_backups(folder: Path, study: str) -> list[tuple[Path, datetime]]:
    """Return the backups of a study that have dated names, each with its time, the oldest first."""
    backups = []
    for file in sorted(folder.glob(f"{study}.*Z.db")):
        with suppress(ValueError):
            at = datetime.strptime(file.name[len(study) + 1 : -len(".db")], TIME_FORMAT).replace(
                tzinfo=UTC
            )
            backups.append((file, at))
    return backups


def _list_unfinished(folder: Path, study: str, at: datetime) -> list[Path]:
    """Return what is left of backups that were killed, to which nothing is written any more."""
    files = folder.glob(f".{study}.*Z.db.*{UNFINISHED_SUFFIX}*")
    return [
        file
        for file in files
        if at.timestamp() - file.stat().st_mtime > ABANDONED_AFTER.total_seconds()
    ]


def find_backup(folder: Path, study: str, until: datetime | None) -> Path:
    """Return the newest backup of a study in a folder, made at a time or before. Raises UserError."""
    backups = [file for file, at in _list_backups(folder, study) if until is None or at <= until]
    if not backups:
        when = f" made until {until.astimezone():%Y-%m-%d %H:%M}" if until is not None else ""
        what = f"the folder contains no backup of the study {study!r}{when}"
        raise UserError(
            str(folder), what, "specify another folder, a later time, or a backup by its name"
        )
    return backups[-1]


def _write_erasures(folder: Path, study: str, erasures: Mapping[Erasure, datetime]) -> None:
    """Add erasures to the file beside the backups. Raises UserError."""
    if not (merged := {**_read_erasures(folder, study), **erasures}):
        return
    lines = [
        f"{' '.join(erasure)} {encode_timestamp(at)}\n" for erasure, at in sorted(merged.items())
    ]
    write_text_file(
        folder / f"{study}{ERASURES_SUFFIX}", lambda file: file.writelines(lines), force=True
    )


def _read_erasures(folder: Path, study: str) -> dict[Erasure, datetime]:
    """Read the file beside the backups. Raises UserError."""
    file = folder / f"{study}{ERASURES_SUFFIX}"
    try:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return {
            Erasure(key_hash, kind): decode_timestamp(at)
            for key_hash, kind, at in map(str.split, lines)
        }
    except (OSError, ValueError) as error:
        remedy = (
            "restore this file, or move it away and repeat the erasures since the backup yourself"
        )
        raise UserError(str(file), "the list of erasures cannot be read", remedy) from error


class RestoreResult(NamedTuple):
    """A database that was restored from a backup."""

    where: str
    backup: str
    """The backup that was used."""
    interviews: int
    """Interviews in the restored database."""
    events: int
    erasures: RepeatedErasures
    known_until: datetime | None
    """The time of the last erasure that was known; with `lost`, all are."""
    kept: str = ""
    """Where the replaced database is kept: a path, or a schema; empty where there was none."""
    lost: LostData | None = None
    """What only the replaced database has; None where it cannot be read."""


def restore_database(
    path: str | Path,
    backup: str | Path,
    *,
    at: datetime,
    db: str | None = None,
    until: datetime | None = None,
) -> RestoreResult:
    """Replace a study's database by a backup while nobody uses it. The replaced database is kept.

    Of a folder of backups, the newest is used that was made at the time `until` or before. What was erased since the
    backup is erased again. Raises UserError.
    """
    instrument, where = open_and_locate(path, db)
    if not is_server_address(where):  # on a server, only the owner of the schema may replace it
        check_supervisor_account(path, where, account.read_system_account(), "restore a backup")
    source = Path(backup)
    if source.is_dir():
        source = find_backup(source, instrument.id, until)
    elif until is not None:
        raise UserError(
            str(backup), "a time chooses among the backups of a folder", "specify the folder"
        )
    erasures, repeated = _read_erasures(source.parent, instrument.id), RepeatedErasures(0)

    def prepare(replaced: Path | None) -> None:
        nonlocal repeated
        if replaced is not None:
            with Store.open(replaced, create=False) as store:
                erasures.update(list_erasures(store, instrument.id))
        if erasures:
            with _open_copy(copy, path, instrument, at) as study:
                repeated = repeat_erasures(study, erasures)

    try:
        target = Path(str(source)) if isinstance(where, ServerAddress) else resolve_link(where)
        with copy_backup(source, target) as copy:
            verified = _verify_copy(str(source), copy, instrument)
            if isinstance(where, ServerAddress):
                kept, lost = replace_on_server(copy, where, at=at, prepare=prepare)
            else:
                file, lost = replace_database(copy, target, at=at, where=where, prepare=prepare)
                kept = str(file or "")
    except StoreError as problem:
        # A damaged database that is being replaced is not the backup.
        is_of_backup = problem.where != str(where)
        if problem.reason is not StoreFailure.DAMAGED or not is_of_backup:
            raise
        raise UserError(
            str(source), f"the backup is damaged: {problem.what}", OTHER_BACKUP_REMEDY
        ) from problem
    except OSError as error:
        what = f"the backup cannot be copied ({error.strerror})"
        raise UserError(where, what, "check the folder and the disk") from error
    with suppress(UserError):
        _write_erasures(source.parent, instrument.id, erasures)
    counts, known_until = (
        (verified.interviews, verified.events),
        max(erasures.values(), default=None),
    )
    return RestoreResult(where, str(source), *counts, repeated, known_until, kept, lost)


def _open_copy(copy: Path, path: str | Path, instrument: Instrument, at: datetime) -> OpenStudy:
    """Open a copy of a study's database for an erasure, whoever restores it."""
    store, no_list = Store.open(copy, create=False), DoNotCallList.open_beside(":memory:")
    who, plan = (
        Interviewer(login=store.account, role="supervisor"),
        Plan.from_instrument(instrument),
    )
    return OpenStudy(
        path=str(path), instrument=instrument, plan=plan, store=store, where=str(copy), people=People(), who=who,
        do_not_call=no_list, at=at,
    )  # fmt: skip


def _verify_copy(backup: str, copy: Path, instrument: Instrument) -> VerificationResult:
    """Return what the copy of the backup contains. Raises UserError where it cannot replace the study's database."""
    with Store.open(copy, create=False) as store:
        others = {row.id for row in store.data.list_instruments()} - {instrument.id}
        result = verify_store(backup, store, instrument)
    if others:
        what = f"is a backup of the study {min(others)!r}, not of {instrument.id!r}"
        raise UserError(backup, what, "specify that study's questionnaire, or another backup")
    if result.findings:
        raise UserError(backup, f"the backup is damaged: {result.findings[0]}", OTHER_BACKUP_REMEDY)
    return result
