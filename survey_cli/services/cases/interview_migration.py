"""Migration of unfinished interviews to the newest version of the questionnaire, or a report of what it would do."""

import os
from collections.abc import Iterable, Iterator, Sequence
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
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import NOTHING_KNOWN
from survey_cli.instrument.open_instrument import rebuild_instrument
from survey_cli.instrument.source.load import pause_collector
from survey_cli.problems import UserError
from survey_cli.revisions.meaning_changes import MeaningChange, list_changes
from survey_cli.services.cases.case_actions import STATION
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

TASK: Final = "take interviews to another version"
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
    """Why the migration would be refused; empty where it would not."""


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
        return _migrate(replace(request, notify=str), study, keys, progress, write=not dry_run)

    if not dry_run:
        return run_on_study(request, migrate, supervisor_task=TASK)
    with open_requested(request, TASK) as study:
        return migrate(study)


def _migrate(
    request: Request,
    study: OpenStudy,
    keys: Sequence[str],
    progress: ProgressCallback | None,
    *,
    write: bool,
) -> MigrationResult:
    obstacle = find_unaccepted_change(study.store, study.instrument)
    if write:
        if obstacle is not None:
            raise obstacle
        study.store.data.add_instrument(
            InstrumentRow.from_instrument(study.instrument, kept_at=study.at)
        )
    results: list[MigratedCase | SkippedCase] = []
    rows, migration = _select_rows(study, keys, results), _Migration(study)
    chunks = [rows[start : start + CHUNK_SIZE] for start in range(0, len(rows), CHUNK_SIZE)]
    for number, done in enumerate(_run_chunks(request, migration, chunks, write=write), start=1):
        results += done
        if progress is not None:
            progress(min(number * CHUNK_SIZE, len(rows)), len(rows))
    return MigrationResult(
        where=study.where,
        version=migration.newest_version,
        dry_run=not write,
        cases=tuple(result for result in results if isinstance(result, MigratedCase)),
        skipped=tuple(result for result in results if isinstance(result, SkippedCase)),
        changes=tuple(
            dict.fromkeys(
                change for row in rows for change in migration.list_changes(row.instrument)
            )
        ),
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
        yield from (migration.run(chunk, write=write) for chunk in chunks)
        return
    at = migration.study.at
    with ProcessPoolExecutor(min(len(chunks), os.cpu_count() or 1), get_context("spawn")) as pool:
        yield from pool.map(_run_chunk, repeat(request), repeat(at), chunks, repeat(write))


def _run_chunk(
    request: Request, at: datetime, rows: Sequence[InterviewRow], write: bool
) -> list[MigratedCase | SkippedCase]:
    with open_study(request.path, db=request.db, by=request.by, people=request.people) as study:
        return _Migration(replace(study, at=at)).run(rows, write=write)


def _select_rows(
    study: OpenStudy, keys: Sequence[str], results: list[MigratedCase | SkippedCase]
) -> list[InterviewRow]:
    """Return the rows of unfinished interviews of earlier versions, by case; cases without one are skipped."""
    interviews, newest = study.store.interviews, study.instrument.hash
    if not keys:
        rows = [
            row
            for status in ("open", "suspended")
            for row in interviews.list_rows(origin="real", status=status)
        ]
        return sorted(
            (row for row in rows if row.instrument != newest),
            key=lambda row: (row.case, row.number),
        )
    rows = []
    for key in keys:
        of_case = interviews.list_rows(case=key, origin="real")
        unfinished = [row for row in of_case if row.status in ("open", "suspended")]
        earlier = [row for row in unfinished if row.instrument != newest]
        if not of_case and not study.store.has_case(key):
            raise make_unknown_case_error(study, key)
        if not earlier:
            why = (
                "its interview has the newest version already"
                if unfinished
                else "it has no unfinished interview"
            )
            results.append(SkippedCase(key, why))
        rows += earlier
    return rows


class _Migration:
    """The migration of one study's interviews to its newest version."""

    def __init__(self, study: OpenStudy) -> None:
        self.study = study
        stored = study.store.data.list_instruments()
        self._versions = {row.hash: describe_version(row, stored) for row in stored}
        newest = InstrumentRow.from_instrument(study.instrument, kept_at=study.at)
        self.newest_version = self._versions.get(newest.hash) or describe_version(
            newest, (*stored, newest)
        )
        self._load = cache(self._load_version)
        self.list_changes = cache(self._list_changes)

    def _load_version(self, version: str) -> Instrument | str:
        """Return the instrument of a version; where it can't be read, the reason."""
        try:
            return rebuild_instrument(self.study.store.data.read_stored_text(version))
        except UserError as error:
            return error.what

    def _list_changes(self, version: str) -> tuple[MeaningChange, ...]:
        """Return the changes since a version that give answers another meaning, as exports and `check` decide it."""
        earlier = self._load(version)
        changes = (
            list_changes(earlier, self.study.instrument) if isinstance(earlier, Instrument) else ()
        )
        store = self.study.store
        return tuple(c for c in changes if c.needs_own_column and not is_accepted_as_same(store, c))

    def run(self, rows: Sequence[InterviewRow], *, write: bool) -> list[MigratedCase | SkippedCase]:
        """Migrate these interviews; returns what became of each. Each is wholly migrated, or not at all."""
        results: list[MigratedCase | SkippedCase] = []
        for start in range(0, len(rows), BATCH_SIZE):
            with pause_collector():
                plans = [
                    (row, self._plan(row, write=write)) for row in rows[start : start + BATCH_SIZE]
                ]
            planned = [plan for _, plan in plans if not isinstance(plan, str)]
            updates = [update for update, _ in planned] if write else []
            left = self.study.store.interviews.append_from_office(updates) if updates else {}
            results += [SkippedCase(row.case, plan) for row, plan in plans if isinstance(plan, str)]
            results += [
                SkippedCase(c.case, left[c.interview]) if c.interview in left else c
                for _, c in planned
            ]
        return results

    def _plan(self, row: InterviewRow, *, write: bool) -> tuple[OfficeUpdate, MigratedCase] | str:
        """Plan the migration of one interview; returns the reason where it is skipped."""
        instrument, study = self._load(row.instrument), self.study
        if isinstance(instrument, str):
            return instrument
        if obstacle := self._find_obstacle(row, write=write):
            return obstacle
        changed = {change.item for change in self.list_changes(row.instrument)}
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
        stamp = EventStamp(max(study.at, interview.last_stamp.at), study.who.login, STATION)
        migrated = migrate_interview(interview, study.instrument, stamp, changed=changed)
        reopened, off_route = (
            tuple(map(str, places)) for places in (migrated.reopened, migrated.off_route)
        )
        version = self._versions[row.instrument]
        case = MigratedCase(row.case, row.id, version, len(migrated.kept), reopened, off_route)
        return self._build_update(row, interview, migrated, changed), case

    def _find_obstacle(self, row: InterviewRow, *, write: bool) -> str:
        """Return why an interview can't be taken to the newest version now; empty where it can."""
        study = self.study
        changed_columns = [
            c for c in self.list_changes(row.instrument) if c.item in study.instrument.sample
        ]
        if changed_columns:
            return f"the sample column {changed_columns[0].item} has another meaning: {changed_columns[0].what}"
        is_recent = row.status == "open" and study.at - row.updated_at < study.plan.lease
        if write and not is_recent:
            return ""  # the transaction that writes asks who has the case
        if (case := study.store.cases.queries.find_row(row.case)) is None:
            return "somebody may be conducting it: its last entry is recent" if is_recent else ""
        if case.holder is not None and case.holder.until > study.at:
            return f"{case.holder.by} has it at station {case.holder.station}"
        return ""

    def _build_update(
        self,
        row: InterviewRow,
        before: Interview,
        migrated: MigratedInterview,
        changed: Iterable[str],
    ) -> OfficeUpdate:
        after, newest, quotas = migrated.interview, self.study.instrument, self.study.plan.quotas
        known = after.evaluate_route().known if quotas.quotas else NOTHING_KNOWN
        cells = [
            cell for quota in quotas.quotas if not quota.soft and (cell := quota.find_cell(known))
        ]
        typed_at = before.place
        return OfficeUpdate(
            JournalUpdate.from_interview(row.id, after, after.events[-1:], closed=True),
            row,
            drops_draft=typed_at is None
            or typed_at.item in changed
            or typed_at.item not in newest.items,
            quota_targets={
                cell: quotas.cells[cell].target for cell in cells if cell in quotas.cells
            },
        )
