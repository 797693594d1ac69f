"""Backups of a study's database, and its restoration from the newest, or from an earlier one.

Erasures that were made since the backup are repeated. A file beside the backups lists by hashes
what was erased.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.plan.plan import Interviewer, People, Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.permissions import Action, StaffRole
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
from survey_cli.study.open_study import OpenStudy, check_account_may

TIME_FORMAT: Final = "%Y%m%d-%H%M%SZ"
"""The time in the name of a backup, in UTC, so that names sort by time."""
ERASURES_SUFFIX: Final = ".erasures"
ABANDONED_AFTER: Final = timedelta(hours=1)
"""A backup that has not grown for so long was killed while it was being written."""
OTHER_BACKUP_REMEDY: Final = "specify an earlier backup; nothing was changed"


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
    """Copy the database consistently while interviews run.

    The copy is a new file, or gets a dated name in a folder. With `keep`, only so many backups of
    this study stay in the folder. The database records that a backup was made; the copy does not.
    """
    instrument, where = open_and_locate(path, db)
    if not is_server_address(where):
        check_account_may(path, where, account.read_account(), Action.BACK_UP)

    file = Path(to)
    folder = file.parent
    if file.is_dir():
        folder = file
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
        for old, _ in surplus:
            old.unlink(missing_ok=True)
        for unfinished in _list_unfinished(folder, instrument.id, at):
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        what = f"copied to {file}, but then the folder could not be changed ({error.strerror})"
        raise UserError(str(folder), what, "check the folder and the disk") from error
    return BackupResult(where, str(file), len(backups) - len(surplus), len(surplus))


def _list_backups(folder: Path, study: str) -> list[tuple[Path, datetime]]:
    """Return the backups of a study that have dated names, each with its time, the oldest first."""
    # Another file may have a similar name, such as that of a study `NAME.2`.
    backups = []
    for file in sorted(folder.glob(f"{study}.*Z.db")):
        with suppress(ValueError):
            time_text = file.name.removeprefix(f"{study}.").removesuffix(".db")
            at = datetime.strptime(time_text, TIME_FORMAT).replace(tzinfo=UTC)
            backups.append((file, at))
    return backups


def _list_unfinished(folder: Path, study: str, at: datetime) -> list[Path]:
    """Return what is left of backups that were killed, to which nothing is written any more."""
    files = folder.glob(f".{study}.*Z.db.*{UNFINISHED_SUFFIX}*")
    written_before = (at - ABANDONED_AFTER).timestamp()
    return [file for file in files if file.stat().st_mtime < written_before]


def find_backup(folder: Path, study: str, until: datetime | None) -> Path:
    """Return the newest backup of a study that was made until a time. Raises UserError."""
    backups = [file for file, at in _list_backups(folder, study) if until is None or at <= until]
    if not backups:
        what = f"the folder contains no backup of the study {study!r}"
        if until is not None:
            what += f" made until {until.astimezone():%Y-%m-%d %H:%M}"
        remedy = "specify another folder, a later time, or a backup by its name"
        raise UserError(str(folder), what, remedy)
    return backups[-1]


def _write_erasures(folder: Path, study: str, erasures: Mapping[Erasure, datetime]) -> None:
    """Add erasures to the file beside the backups. Raises UserError."""
    merged = {**_read_erasures(folder, study), **erasures}
    if not merged:
        return
    lines = [
        f"{erasure.key_hash} {erasure.kind} {encode_timestamp(at)}\n"
        for erasure, at in sorted(merged.items())
    ]
    file = folder / f"{study}{ERASURES_SUFFIX}"
    write_text_file(file, lambda stream: stream.writelines(lines), force=True)


def _read_erasures(folder: Path, study: str) -> dict[Erasure, datetime]:
    """Read the file beside the backups; empty if there isn't one. Raises UserError."""
    file = folder / f"{study}{ERASURES_SUFFIX}"
    erasures = {}
    try:
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        for line in lines:
            key_hash, kind, at = line.split()
            erasures[Erasure(key_hash, kind)] = decode_timestamp(at)
    except (OSError, ValueError) as error:
        remedy = (
            "restore this file, or move it away and repeat the erasures since the backup yourself"
        )
        raise UserError(str(file), "the list of erasures cannot be read", remedy) from error
    return erasures


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
    """The time of the last erasure that was known. All are known if the replaced one was read."""
    kept: str = ""
    """Where the replaced database is kept: a path, or a schema; empty if there wasn't one."""
    lost: LostData | None = None
    """What only the replaced database has; None if it can't be read."""


def restore_database(
    path: str | Path,
    backup: str | Path,
    *,
    at: datetime,
    db: str | None = None,
    until: datetime | None = None,
) -> RestoreResult:
    """Replace a study's database by a backup while nobody uses it. The replaced database is kept.

    Of a folder of backups, the newest is used that was made at the time `until` or before. What was
    erased since the backup is erased again. Raises UserError.
    """
    instrument, where = open_and_locate(path, db)
    # On a server, only the owner of the schema may replace it.
    if not is_server_address(where):
        check_account_may(path, where, account.read_account(), Action.RESTORE)

    source = Path(backup)
    if source.is_dir():
        source = find_backup(source, instrument.id, until)
    elif until is not None:
        what = "a time chooses among the backups of a folder"
        raise UserError(str(backup), what, "specify the folder")

    erasures = _read_erasures(source.parent, instrument.id)
    repeated = RepeatedErasures(0)

    def prepare(replaced: Path | None) -> None:
        """Erase again in the copy, before it takes the place of the database."""
        nonlocal repeated
        if replaced is not None:
            with Store.open(replaced, create=False) as store:
                erasures.update(list_erasures(store, instrument.id))
        if erasures:
            with _open_copy(copy, path, instrument, at) as study:
                repeated = repeat_erasures(study, erasures)

    try:
        # The copy for a server is made beside the backup.
        target = source if isinstance(where, ServerAddress) else resolve_link(where)
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
        what = f"the backup is damaged: {problem.what}"
        raise UserError(str(source), what, OTHER_BACKUP_REMEDY) from problem
    except OSError as error:
        what = f"the backup cannot be copied ({error.strerror})"
        raise UserError(where, what, "check the folder and the disk") from error

    # The database is in place: a folder that can't be written is no reason to fail.
    with suppress(UserError):
        _write_erasures(source.parent, instrument.id, erasures)
    return RestoreResult(
        where=where,
        backup=str(source),
        interviews=verified.interviews,
        events=verified.events,
        erasures=repeated,
        known_until=max(erasures.values(), default=None),
        kept=kept,
        lost=lost,
    )


def _open_copy(copy: Path, path: str | Path, instrument: Instrument, at: datetime) -> OpenStudy:
    """Open a copy of a study's database for an erasure, whoever restores it."""
    store = Store.open(copy, create=False)
    return OpenStudy(
        path=str(path),
        instrument=instrument,
        plan=Plan.from_instrument(instrument),
        store=store,
        where=str(copy),
        people=People(),
        who=Interviewer(login=store.account, role=StaffRole.SUPERVISOR),
        # The list of the folder or of the server stays as it is.
        do_not_call=DoNotCallList.open_beside(":memory:"),
        at=at,
    )


def _verify_copy(backup: str, copy: Path, instrument: Instrument) -> VerificationResult:
    """Return what the copy of the backup contains.

    Raises UserError if it can't replace the study's database.
    """
    with Store.open(copy, create=False) as store:
        others = {row.id for row in store.data.list_instruments()} - {instrument.id}
        result = verify_store(backup, store, instrument)
    if others:
        what = f"is a backup of the study {min(others)!r}, not of {instrument.id!r}"
        raise UserError(backup, what, "specify that study's questionnaire, or another backup")
    if result.findings:
        raise UserError(backup, f"the backup is damaged: {result.findings[0]}", OTHER_BACKUP_REMEDY)
    return result
