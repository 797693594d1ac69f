"""Migration of unfinished interviews to the newest version of the questionnaire, or its preview."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import repeat
from multiprocessing import get_context
from typing import Final, NamedTuple

from survey_cli.engine.events import EventStamp
from survey_cli.engine.interview import Interview
from survey_cli.engine.migration import MigratedInterview, migrate_interview
from survey_cli.fieldwork.case.events import OFFICE_STATION
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.instrument.source.load import pause_collector
from survey_cli.permissions import Action
from survey_cli.problems import UserError
from survey_cli.revisions.meaning_changes import MeaningChange, list_changes
from survey_cli.services.run_on_study import (
    ProgressCallback,
    Request,
    make_unknown_case_error,
    open_requested,
    run_on_study,
)
from survey_cli.store import InstrumentRow, InterviewRow, JournalUpdate, OfficeUpdate
from survey_cli.study.open_study import OpenStudy, open_study
from survey_cli.study.versions import describe_version, find_unaccepted_change, is_accepted_as_same

UNFINISHED: Final = ("open", "suspended")
"""The statuses of interviews that may be taken to another version."""
CHUNK_SIZE: Final = 5_000
"""Interviews that one process receives at a time."""
BATCH_SIZE: Final = 200
"""Interviews in one commit, for which an interviewer's answer waits some milliseconds."""


class MigratedCase(NamedTuple):
    """What becomes of one interview."""

    case: str
    interview: str
    version: str
    """The version from which it is taken."""
    kept: int
    """Answers that count as before."""
    reopened: tuple[str, ...]
    """Places that are asked again: the answer is no longer valid, or its meaning has changed."""
    off_route: tuple[str, ...]
    """Places with an answer that are no longer asked."""


class SkippedCase(NamedTuple):
    """A case whose interview stays as it is."""

    case: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationResult:
    """What was done, or would be done."""

    where: str
    """The database."""
    version: str
    """The newest version."""
    dry_run: bool
    cases: tuple[MigratedCase, ...]
    skipped: tuple[SkippedCase, ...]
    changes: tuple[MeaningChange, ...]
    """The changes of meaning because of which answers are asked again."""
    note: str = ""
    """Why the migration would be refused; empty if it would not be."""


def migrate_interviews(
    request: Request,
    keys: Sequence[str],
    *,
    dry_run: bool = False,
    progress: ProgressCallback | None = None,
) -> MigrationResult:
    """Take the unfinished interviews of these cases, or of all, to the newest version.

    A dry run writes nothing. Raises UserError.
    """

    def migrate(study: OpenStudy) -> MigrationResult:
        if study.notice:
            request.notify(study.notice)
        # The request goes to other processes, and a function of this one can't.
        sendable = replace(request, notify=str)
        return _migrate(sendable, study, keys, progress, write=not dry_run)

    if not dry_run:
        return run_on_study(request, migrate, action=Action.MIGRATE_INTERVIEWS)
    # A dry run repairs nothing either.
    with open_requested(request, Action.MIGRATE_INTERVIEWS) as study:
        return migrate(study)


def _migrate(
    request: Request,
    study: OpenStudy,
    keys: Sequence[str],
    progress: ProgressCallback | None,
    *,
    write: bool,
) -> MigrationResult:
    """Migrate the interviews of an open study, or find out what that would do."""
    obstacle = find_unaccepted_change(study.store, study.instrument)
    if write:
        if obstacle is not None:
            raise obstacle
        newest = InstrumentRow.from_instrument(study.instrument, kept_at=study.at)
        study.store.data.add_instrument(newest)

    rows, skipped = _select_rows(study, keys)
    results: list[MigratedCase | SkippedCase] = [*skipped]
    migration = _Migration(study)
    chunks = [rows[start : start + CHUNK_SIZE] for start in range(0, len(rows), CHUNK_SIZE)]
    for number, done in enumerate(_run_chunks(request, migration, chunks, write=write), start=1):
        results += done
        if progress is not None:
            progress(min(number * CHUNK_SIZE, len(rows)), len(rows))

    changes: dict[MeaningChange, None] = {}
    for version in dict.fromkeys(row.instrument for row in rows):
        changes.update(dict.fromkeys(migration.list_changes(version)))
    return MigrationResult(
        where=study.where,
        version=migration.newest_version,
        dry_run=not write,
        cases=tuple(result for result in results if isinstance(result, MigratedCase)),
        skipped=tuple(result for result in results if isinstance(result, SkippedCase)),
        changes=tuple(changes),
        note=f"{obstacle.what} — {obstacle.remedy}" if obstacle is not None else "",
    )


def _run_chunks(
    request: Request,
    migration: "_Migration",
    chunks: Sequence[Sequence[InterviewRow]],
    *,
    write: bool,
) -> Iterator[list[MigratedCase | SkippedCase]]:
    """Migrate these interviews: few in this process, many in one process for each processor."""
    if len(chunks) < 2:
        for chunk in chunks:
            yield migration.run(chunk, write=write)
        return

    at = migration.study.at
    with ProcessPoolExecutor(min(len(chunks), os.cpu_count() or 1), get_context("spawn")) as pool:
        yield from pool.map(_run_chunk, repeat(request), repeat(at), chunks, repeat(write))


def _run_chunk(
    request: Request, at: datetime, rows: Sequence[InterviewRow], write: bool
) -> list[MigratedCase | SkippedCase]:
    """Migrate one chunk in a process of its own, which opens the study again."""
    with open_study(request.path, db=request.db, by=request.by, people=request.people) as study:
        return _Migration(replace(study, at=at)).run(rows, write=write)


def _select_rows(
    study: OpenStudy, keys: Sequence[str]
) -> tuple[list[InterviewRow], list[SkippedCase]]:
    """Return the rows of unfinished interviews of earlier versions, and the cases without one.

    Without keys, these are the interviews of all cases, and no case is skipped.
    """
    interviews = study.store.interviews
    newest = study.instrument.hash
    rows: list[InterviewRow] = []
    skipped: list[SkippedCase] = []
    if not keys:
        for status in UNFINISHED:
            rows += interviews.list_rows(origin="real", status=status)
        rows = [row for row in rows if row.instrument != newest]
        return sorted(rows, key=lambda row: (row.case, row.number)), skipped

    for key in keys:
        of_case = interviews.list_rows(case=key, origin="real")
        if not of_case and not study.store.has_case(key):
            raise make_unknown_case_error(study, key)
        unfinished = [row for row in of_case if row.status in UNFINISHED]
        earlier = [row for row in unfinished if row.instrument != newest]
        if not unfinished:
            skipped.append(SkippedCase(key, "it has no unfinished interview"))
        elif not earlier:
            skipped.append(SkippedCase(key, "its interview has the newest version already"))
        rows += earlier
    return rows, skipped


class _Migration:
    """The migration of one study's interviews to its newest version."""

    def __init__(self, study: OpenStudy) -> None:
        self.study = study
        stored = study.store.data.list_instruments()
        self._versions = {row.hash: describe_version(row, stored) for row in stored}
        newest = InstrumentRow.from_instrument(study.instrument, kept_at=study.at)
        self.newest_version = self._versions.get(newest.hash, "")
        if not self.newest_version:
            self.newest_version = describe_version(newest, (*stored, newest))
        # Many interviews have the same version. The caches are the object's own.
        self._load = cache(self._load_version)
        self.list_changes = cache(self._list_changes)

    def _load_version(self, version: str) -> Instrument | str:
        """Return the instrument of a version, or the reason why it can't be read."""
        try:
            return rebuild_instrument(self.study.store.data.read_stored_text(version))
        except UserError as error:
            return error.what

    def _list_changes(self, version: str) -> tuple[MeaningChange, ...]:
        """List the changes since a version that give answers another meaning.

        Exports and `survey check` decide it in the same way.
        """
        earlier = self._load(version)
        if not isinstance(earlier, Instrument):
            return ()
        store = self.study.store
        return tuple(
            change
            for change in list_changes(earlier, self.study.instrument)
            if change.needs_own_column and not is_accepted_as_same(store, change)
        )

    def run(self, rows: Sequence[InterviewRow], *, write: bool) -> list[MigratedCase | SkippedCase]:
        """Migrate these interviews, each wholly or not at all. Returns what became of each."""
        results: list[MigratedCase | SkippedCase] = []
        for start in range(0, len(rows), BATCH_SIZE):
            updates: list[OfficeUpdate] = []
            migrated: list[MigratedCase] = []
            with pause_collector():
                for row in rows[start : start + BATCH_SIZE]:
                    plan = self._plan(row, write=write)
                    if isinstance(plan, str):
                        results.append(SkippedCase(row.case, plan))
                        continue
                    update, case = plan
                    updates.append(update)
                    migrated.append(case)

            # By interview, why it was not written after all.
            refused: Mapping[str, str] = {}
            if write and updates:
                refused = self.study.store.interviews.append_from_office(updates)
            for case in migrated:
                why = refused.get(case.interview)
                results.append(case if why is None else SkippedCase(case.case, why))
        return results

    def _plan(self, row: InterviewRow, *, write: bool) -> tuple[OfficeUpdate, MigratedCase] | str:
        """Plan the migration of one interview, or return the reason why it is skipped."""
        study = self.study
        instrument = self._load(row.instrument)
        if isinstance(instrument, str):
            return instrument
        obstacle = self._find_obstacle(row, write=write)
        if obstacle:
            return obstacle

        journal = study.store.interviews.read_journal(row.id)
        if len(journal) != row.last_seq:
            return "somebody has just written to it"
        try:
            interview = Interview.replay(instrument, journal)
        except ValueError:
            return "its journal cannot be replayed; `survey db verify` gives details"
        if interview.remaining_answers is not None:
            return "its answers were erased"
        if interview.language not in study.instrument.languages:
            return f"the newest version has no language {interview.language}"

        stamp = EventStamp(max(study.at, interview.last_stamp.at), study.who.login, OFFICE_STATION)
        changed = {change.item for change in self.list_changes(row.instrument)}
        migrated = migrate_interview(interview, study.instrument, stamp, changed=changed)
        case = MigratedCase(
            case=row.case,
            interview=row.id,
            version=self._versions[row.instrument],
            kept=len(migrated.kept),
            reopened=tuple(str(place) for place in migrated.reopened),
            off_route=tuple(str(place) for place in migrated.off_route),
        )
        return self._build_update(row, interview, migrated, changed), case

    def _find_obstacle(self, row: InterviewRow, *, write: bool) -> str:
        """Return why an interview can't be taken to the newest version now; empty if it can be."""
        study = self.study
        for change in self.list_changes(row.instrument):
            if change.item in study.instrument.sample:
                return f"the sample column {change.item} has another meaning: {change.what}"

        is_recent = row.status == "open" and study.at - row.updated_at < study.plan.lease
        # The transaction that writes looks itself whether a station has the case.
        if write and not is_recent:
            return ""
        case = study.store.cases.queries.find_row(row.case)
        if case is None:
            return "somebody may be conducting it: its last entry is recent" if is_recent else ""
        if case.holder is not None and case.holder.until > study.at:
            return f"{case.holder.by} has it at station {case.holder.station}"
        return ""

    def _build_update(
        self,
        row: InterviewRow,
        before: Interview,
        migrated: MigratedInterview,
        changed: Collection[str],
    ) -> OfficeUpdate:
        """Build the update that writes a migrated interview, and the quota places that it takes."""
        after = migrated.interview
        quotas = self.study.plan.quotas
        quota_targets: dict[str, int] = {}
        if quotas.quotas:
            known = after.evaluate_route().known
            for quota in quotas.quotas:
                cell = quota.find_cell(known)
                if cell is not None and cell in quotas.cells and not quota.soft:
                    quota_targets[cell] = quotas.cells[cell].target

        # A draft is what was typed at the current question before Enter.
        typed_at = before.place
        keeps_draft = (
            typed_at is not None
            and typed_at.item not in changed
            and typed_at.item in self.study.instrument.items
        )
        return OfficeUpdate(
            JournalUpdate.from_interview(row.id, after, after.events[-1:], closed=True),
            row,
            drops_draft=not keeps_draft,
            quota_targets=quota_targets,
        )
