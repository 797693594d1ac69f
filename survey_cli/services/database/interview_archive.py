"""The interviews of a study as a whole: list, verify, back up, and store simulated ones."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import sleep
from typing import NamedTuple
from uuid import uuid4

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.problems import StoreError, UserError
from survey_cli.services.database.verification import Verification
from survey_cli.services.run_on_study import convert_to_study_time
from survey_cli.store import InstrumentRow, InterviewRow, Store, WholeInterview
from survey_cli.store.backends.errors import UndecodableTextError, close_on_error
from survey_cli.store.database_location import locate_database, open_store
from survey_cli.study.clock import list_future_entries
from survey_cli.study.consistency.interview_outcomes import describe_open_tasks
from survey_cli.study.consistency.person_erasure import list_unfinished
from survey_cli.study.consistency.upkeep import find_disagreements
from survey_cli.study.location import open_and_locate
from survey_cli.study.versions import check_changes_accepted


class InterviewList(NamedTuple):
    """Every interview in a study's database."""

    where: str
    rows: list[InterviewRow]
    damage: str = ""
    """What could not be decoded; empty where everything could."""


def list_interviews(path: str | Path, *, db: str | None = None) -> InterviewList:
    """List every interview in the instrument's database.

    A text that cannot be decoded does not keep other interviews from being listed.
    """
    where, store, _ = _open_existing(path, db)
    with store:
        try:
            return InterviewList(where, store.interviews.list_rows())
        except UndecodableTextError as problem:
            with store.tolerate_undecodable():
                return InterviewList(where, store.interviews.list_rows(), str(problem))


def _open_existing(path: str | Path, db: str | None) -> tuple[str, Store, Instrument]:
    instrument, where = open_and_locate(path, db)
    return where, open_store(where, create=False), instrument


class VerificationResult(NamedTuple):
    """The result of a verification."""

    where: str
    interviews: int
    events: int
    findings: tuple[str, ...]
    """What is wrong, as text; empty where nothing is."""
    notes: tuple[str, ...] = ()
    """What could not be compared, and why; changes of meaning that nobody has accepted."""


def verify_database(
    path: str | Path,
    *,
    db: str | None = None,
    at: datetime | None = None,
    route: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> VerificationResult:
    """Verify a database.

    Every journal can be replayed, every derived row equals its source, nothing is dated after `at` (now by default),
    and the file itself is intact. With `route`, each answer off the route is named with the reason. `progress` receives
    from time to time the number of interviews and cases compared, and the total.
    """
    where, store, instrument = _open_existing(path, db)
    with store:
        result = verify_store(where, store, instrument, route=route, progress=progress)
        future_entries = list_future_entries(store, convert_to_study_time(store, at or datetime.now(UTC)))
        return result._replace(findings=(*result.findings, *future_entries))


def verify_store(
    where: str,
    store: Store,
    instrument: Instrument,
    *,
    route: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> VerificationResult:
    """Verify an open database as of one point in time. Raises StoreError."""
    with store.read_transaction(), store.tolerate_undecodable():
        verification = Verification(store, Plan.from_instrument(instrument), progress, route=route)
        findings = (
            *store.maintenance.check_integrity(),
            *list_unfinished(store),
            *describe_open_tasks(store),
            *find_disagreements(store),
            *verification.iterate_findings(),
        )
        notes = (*verification.list_notes(), *_describe_unaccepted_changes(store, instrument))
    counts = {"interviews": verification.interviews, "events": verification.events}
    return VerificationResult(where=where, **counts, findings=findings, notes=notes)


def _describe_unaccepted_changes(store: Store, instrument: Instrument) -> Iterator[str]:
    try:
        check_changes_accepted(store, instrument)
    except StoreError:
        raise
    except UserError as error:
        yield str(error)


class SimulatedInterviewWriter:
    """Stores simulated interviews in batches, in a database without real ones."""

    def __init__(self, store: Store, where: str, instrument: Instrument, *, start: datetime) -> None:
        self._store, self.where = store, where
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=start))

    def write(self, interviews: Sequence[Interview]) -> None:
        """Store these interviews with their journals. Raises StoreError."""
        # pauses between two commits, so that an interviewer never waits longer than one commit takes
        pause = partial(sleep, 0.005)
        records = (WholeInterview.from_interview(interview, str(uuid4()), "simulated") for interview in interviews)
        self._store.interviews.add(records, rows=5_000, pause=pause)

    def close(self) -> None:
        self._store.close()


def open_simulated_interview_writer(
    path: str | Path, instrument: Instrument, *, db: str | None, force: bool, start: datetime
) -> SimulatedInterviewWriter:
    """Open a writer for simulated interviews; refused where real ones are stored, unless forced."""
    where = locate_database(path, instrument.id, db)
    store = open_store(where, create=True)
    with close_on_error(store):
        if not force and store.interviews.list_rows(origin="real"):
            what = "real interviews are stored here, and simulated ones must not be mixed with them"
            raise UserError(where, what, "specify another database with --db, or use --force")
        return SimulatedInterviewWriter(store, where, instrument, start=start)


def back_up_database(path: str | Path, to: str | Path, *, at: datetime, db: str | None = None) -> str:
    """Copy the database consistently while interviews run.

    Returns where it was copied from. The database records that a backup was made; the copy does not.
    """
    where, store, _ = _open_existing(path, db)
    with store:
        store.maintenance.back_up(to)
        try:
            store.maintenance.record_backup(at=at, by=store.account)
        except StoreError as problem:
            what = f"copied to {to}, but that could not be recorded here: {problem.what}"
            raise UserError(where, what, problem.remedy) from problem
    return where
