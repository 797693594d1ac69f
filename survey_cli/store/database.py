"""Store of one study: interviews with their journals and drafts, with access to its cases.

One method call that writes is one transaction: it is on disk when the call returns, or none of it is. Every date and
time is an argument.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from survey_cli.engine.codec import JournalRecord, decode_record, decode_timestamp, encode_record, encode_timestamp
from survey_cli.engine.events import (
    InterviewEvent,
    InterviewResumed,
    InterviewStarted,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
)
from survey_cli.engine.machine import InterviewStatus
from survey_cli.store.backends import open_database
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.decoding import translate_decoding_errors
from survey_cli.store.backends.errors import TransientStoreError
from survey_cli.store.backends.sqlite.database_files import find_file_system
from survey_cli.store.cases.follow_up_tasks import add_tasks_within
from survey_cli.store.interviews import statements as sql
from survey_cli.store.interviews.data_store import DataStore
from survey_cli.store.interviews.digests import compute_digest
from survey_cli.store.interviews.records import (
    EntryDraft,
    InterviewConflict,
    InterviewOrigin,
    InterviewRow,
    Snapshot,
    WholeInterview,
)
from survey_cli.store.interviews.row_mapping import decode_interview, encode_interview, encode_interview_head

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseConflict, CaseUpdate, LeaseLost, LeaseToken
    from survey_cli.store.cases.case_store import CaseStore

BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for other writers before the database is reported as locked."""

DRAFT_KEEPING_EVENTS: Final = (InterviewStarted, InterviewResumed, LanguageChanged, NoteWritten, InterviewSuspended)
"""Events that do not end the entry that is being typed."""


class Store(DataStore):
    """One database. Methods raise StoreError where the database can't be used."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._unconfirmed: tuple[str, int, JournalRecord] | None = None
        """The event during which the connection was last lost; it may or may not be written."""

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool,
        patience: float = BUSY_TIMEOUT,
        file_system_of: Callable[[Path], str] = find_file_system,
        upgrade: bool = False,
    ) -> "Store":
        """The database at `path`, on the server of a `postgresql://` address, or in memory for `:memory:`. With
        `create` what does not exist is made; with `upgrade` an earlier schema on a server is upgraded, as that of a file
        always is where nobody else uses it.
        """
        connector = open_database.connect(
            path, create=create, patience=patience, file_system_of=file_system_of, upgrade=upgrade
        )
        return cls(connector)

    def close(self) -> None:
        self._db.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read_transaction(self) -> AbstractContextManager[None]:
        """Context manager in which everything is read as of one time; nothing may be written in it."""
        return self._db.read_transaction()

    def tolerate_undecodable(self) -> AbstractContextManager[None]:
        """Context manager in which texts that can't be decoded are read with replacement characters, for lists."""
        return self._db.tolerate_undecodable()

    # Cases: an interview of its own does without them and all that they are made of

    @cached_property
    def cases(self) -> "CaseStore":
        """The cases of the study."""
        from survey_cli.store.cases.case_store import CaseStore

        return CaseStore(self._db)

    def has_case(self, key: str) -> bool:
        """Whether there is a case with this key."""
        return bool(self._db.read(sql.HAS_CASE, (key,)))

    # Interviews

    def start_interview(
        self, interview: InterviewRow, first: InterviewStarted, *, case: "CaseUpdate | None" = None
    ) -> "InterviewConflict | LeaseLost | CaseConflict | None":
        """Begin an interview with its first event, and update its case in the same transaction. Taken where
        another station has begun this interview of the case; LeaseLost or Overtaken where the case is in the way.
        """
        line = encode_record(first)
        try:
            begun = self._insert_interview(interview, line, case)
        except TransientStoreError:
            begun = self._insert_interview(interview, line, case)
        if begun is True or self._db.read(sql.EVENT, (interview.id, 1)) == [line]:
            return None
        if begun is not False:
            return begun
        found = self._db.read(sql.FIRST_OF_CASE, (interview.case, interview.number, interview.origin))
        return self._make_conflict(found[0][0] if found else interview.id, 1)

    def _insert_interview(
        self, interview: InterviewRow, line: JournalRecord, case: "CaseUpdate | None"
    ) -> "bool | LeaseLost | CaseConflict":
        with suppress(_SequenceTakenError), self._db.transaction() as execute:
            if case is not None and (lost := self.cases.update_within(execute, case)) is not None:
                return lost
            if not execute(sql.START, encode_interview(interview)).rowcount:
                raise _SequenceTakenError
            execute(sql.ADD_EVENT, (interview.id, 1, *line))
            return True
        return False

    def append_event(
        self,
        interview: str,
        *,
        seq: int,
        event: InterviewEvent,
        status: InterviewStatus,
        at_item: str,
        answered: int,
        outcome: str = "",
        fence: "LeaseToken | None" = None,
        case: "CaseUpdate | None" = None,
        snapshot: Snapshot | None = None,
        instrument: str = "",
        owed: Sequence[str] = (),
        then: Sequence[InterviewEvent] = (),
    ) -> "InterviewConflict | LeaseLost | CaseConflict | None":
        """Write event number `seq`, in one durable sync. Taken where another station wrote that number first.
        The same event again (a call whose end nobody saw) is no second event. Raises ValueError for a number
        out of turn.

        With a `fence` the event is accepted only while the case's lease is that one, LeaseLost else. `case` is what the
        case gets in the same transaction; LeaseLost or Overtaken where that cannot be written, and then nothing is.
        `snapshot`, with the instrument's hash, is the data that the interview comes to, written with it; so is what is
        `owed` from then on. `then` are events that follow the first without anybody's doing: all are written, or none;
        the status and what goes with it are those after the last.
        """
        line, *more = lines = [encode_record(one) for one in (event, *then)]
        last, at_end = seq + len(then), lines[-1]
        advance = (last, status, outcome, at_item, answered, at_end.by, at_end.at, interview, seq - 1)
        drops = not all(isinstance(one, DRAFT_KEEPING_EVENTS) for one in (event, *then))

        def write() -> "bool | LeaseLost | CaseConflict":
            if case is None and snapshot is None and not more:
                return self._append_alone(advance, line, fence, drops_draft=drops)
            with suppress(_SequenceTakenError), self._db.transaction() as execute:
                if case is not None and (lost := self.cases.update_within(execute, case)) is not None:
                    return lost
                # a case's update has checked the lease, and perhaps ended it
                if not _append_within(execute, advance, lines, fence if case is None else None, drops_draft=drops):
                    raise _SequenceTakenError
                if snapshot is not None:
                    self._write_snapshot(execute, interview, snapshot, instrument)
                if owed:
                    add_tasks_within(execute, owed)
                return True
            return False

        try:
            written = write()
        except TransientStoreError:
            self._unconfirmed = (interview, seq, line)
            written = write()
        if written is True:
            return None
        kept = self._db.read(sql.EVENT, (interview, seq))
        if kept == [line] or (kept and self._is_repeated_entry(interview, seq, kept[0], line)):
            return None
        if written is not False:
            return written
        return (self.cases.check_lease(fence) if fence is not None else None) or self._make_conflict(interview, seq)

    def _append_alone(
        self, advance: tuple[str | int, ...], line: JournalRecord, fence: "LeaseToken | None", *, drops_draft: bool
    ) -> bool:
        """Append one event alone; False where its number was taken or the lease is another's."""
        if self._db.dialect == "postgresql":
            statement = sql.APPEND_WITHOUT_LEASE if fence is None else sql.APPEND_WITH_LEASE
            return self._db.run_autocommit(statement, (*(fence or ()), *advance, int(drops_draft), *line)) == 1
        with self._db.transaction() as execute:
            return _append_within(execute, advance, [line], fence, drops_draft=drops_draft)

    def _is_repeated_entry(self, interview: str, seq: int, kept: tuple[Any, ...], line: JournalRecord) -> bool:
        """Whether the stored event was unconfirmed when the connection was lost, and the interviewer has
        entered it again since: the two differ only in their time.
        """
        return self._unconfirmed == (interview, seq, kept) and kept[:4] == line[:4]

    def _make_conflict(self, interview: str, seq: int) -> InterviewConflict:
        found = self._db.read(sql.EVENT, (interview, seq))
        if not found:
            last = self._db.read(sql.LAST_SEQ, (interview,))
            stands = f"its last is {last[0][0]}" if last else "it was never started"
            raise ValueError(f"event {seq} of interview {interview}: {stands}")
        line = JournalRecord(*found[0])
        with translate_decoding_errors(self._db.where, f"event {seq} of interview {interview}"):
            return InterviewConflict(interview, seq, line.by, line.station, decode_timestamp(line.at))

    def read_journal(self, interview: str) -> list[InterviewEvent]:
        """The events of an interview in order; empty where there is no such interview."""
        events: list[InterviewEvent] = []
        for row in self._db.read(sql.JOURNAL, (interview,)):
            with translate_decoding_errors(self._db.where, f"event {len(events) + 1} of interview {interview}"):
                events.append(decode_record(JournalRecord(*row)))
        return events

    def find_interview(self, id: str) -> InterviewRow | None:
        found = self._query_interviews(id=id)
        return found[0] if found else None

    def list_interviews(
        self,
        *,
        origin: InterviewOrigin | None = None,
        case: str | None = None,
        status: InterviewStatus | None = None,
        instrument: str | None = None,
    ) -> list[InterviewRow]:
        """The interviews with all the given values, oldest first."""
        return self._query_interviews(origin=origin, case_key=case, status=status, instrument=instrument)

    def _query_interviews(self, **wanted: str | None) -> list[InterviewRow]:
        found = self._db.read(*sql.build_interviews_query(**wanted))
        with translate_decoding_errors(self._db.where, "the list of interviews"):
            return [decode_interview(row) for row in found]

    def add_interviews(
        self, interviews: Iterable[WholeInterview], *, rows: int = 50_000, pause: Callable[[], None] | None = None
    ) -> int:
        """Keep whole interviews, new ones all, in commits of about `rows` events (at most 1,000 interviews);
        gives how many. Beside interviewers: 5,000 rows, and a `pause` of some 5 ms, which is called after
        every commit. An interview that is here already is a ValueError, and its commit is not made.
        """
        kept = 0
        source = iter(interviews)
        while batch := _take_batch(source, rows=rows):
            if kept and pause is not None:
                pause()
            # all is written down before the lock is taken
            heads = [encode_interview(whole.interview) for whole in batch]
            lines = [
                (whole.interview.id, seq, *encode_record(event))
                for whole in batch
                for seq, event in enumerate(whole.events, start=1)
            ]
            snapshots, contacts = self._split_snapshots(batch)
            with self._db.transaction():
                if self._db.run_many(sql.START, heads) != len(batch):
                    raise ValueError("an interview of this batch is in the database already")
                self._db.run_many(sql.ADD_EVENT, lines)
                self._db.run_many(sql.KEEP_SNAPSHOT, snapshots)
                self._db.run_many(sql.KEEP_CONTACT, contacts)
            kept += len(batch)
        return kept

    def _split_snapshots(
        self, batch: Iterable[WholeInterview]
    ) -> tuple[list[tuple[str | int, ...]], list[tuple[str, ...]]]:
        snapshots: list[tuple[str | int, ...]] = []
        contacts: list[tuple[str, ...]] = []
        for interview, _, snapshot in batch:
            if snapshot is not None:
                cells, personal = self._split_personal_cells(interview.instrument, snapshot.cells)
                sealed = compute_digest((*encode_interview_head(interview), snapshot.engine, cells))
                snapshots.append((interview.id, snapshot.seq, snapshot.engine, cells, sealed))
                if personal is not None:
                    contacts.append((interview.id, personal, compute_digest((interview.id, personal))))
        return snapshots, contacts

    # Drafts

    def save_draft(self, interview: str, draft: EntryDraft, *, fence: "LeaseToken | None" = None) -> None:
        """Keep what is being typed; empty text drops it. It goes by itself with the event it was becoming. With a `fence`
        it is kept only while the case's lease is that one: another's draft is not overwritten.
        """
        with self._db.transaction() as execute:
            if fence is not None and not execute(sql.HAS_LEASE, fence).fetchall():
                return
            if draft.text:
                execute(sql.KEEP_DRAFT, (interview, draft.place, draft.text, encode_timestamp(draft.at)))
            else:
                execute(sql.DROP_DRAFT, (interview,))

    def find_draft(self, interview: str) -> EntryDraft | None:
        found = self._db.read(sql.DRAFT, (interview,))
        if not found:
            return None
        place, text, at = found[0]
        with translate_decoding_errors(self._db.where, f"the draft of interview {interview}"):
            return EntryDraft(place, text, decode_timestamp(at))

    # Erasure

    def erase_interview(
        self, interview: str, events: Sequence[InterviewEvent], *, stands: tuple[InterviewStatus, str] | None = None
    ) -> None:
        """Have the words leave an interview: `events` is the journal as it reads from now on. Those that stand come
        first, each in its place with its time and by whom; the tombstone follows. Its snapshot, its contact and what was
        being typed go; keep the snapshot of what is left. `stands`: the status and the outcome that it comes to, where
        those are others. Raises ValueError for what is no rewriting of the journal.
        """
        from survey_cli.store.maintenance import interview_erasure

        interview_erasure.erase_interview(self._db, interview, events, stands)

    def scrub(self) -> bool:
        """After erasing: write the whole database anew, so that nothing of what was deleted or written over is left in
        it or in its log. Nobody else can write meanwhile: some seconds for each gigabyte. False where somebody was
        reading: what was erased may still be in the log, so do it again. Copies and backups are not reached, nor the log
        that a server keeps for its own backups.
        """
        from survey_cli.store.maintenance import interview_erasure

        return interview_erasure.scrub(self._db)

    # Integrity and backups

    def check_integrity(self) -> list[str]:
        """Integrity errors of the database, one sentence each; empty where there are none. Reads everything."""
        from survey_cli.store.maintenance.integrity import check_integrity

        return check_integrity(self._db)

    def backup(self, to: str | Path, *, progress: Callable[[int, int], None] | None = None) -> None:
        """Write a complete copy as of now, while interviews continue. `progress` receives the pages done and the total.
        An existing file is not overwritten.
        """
        from survey_cli.store.maintenance import backup

        backup.backup(self._db, Path(to), progress=progress)

    def record_backup(self, *, at: datetime, by: str) -> None:
        """Record that a backup was made, when and by whom."""
        from survey_cli.store.maintenance import backup

        backup.record_backup(self._db, at=at, by=by)

    def find_last_backup(self) -> datetime | None:
        """Date and time of the last recorded backup; None where there is none."""
        from survey_cli.store.maintenance import backup

        return backup.find_last_backup(self._db)


class _SequenceTakenError(Exception):
    """The event's number is taken, or the lease is another's; the transaction is rolled back."""


def _append_within(
    execute: Execute,
    advance: tuple[str | int, ...],
    lines: Sequence[JournalRecord],
    fence: "LeaseToken | None",
    *,
    drops_draft: bool,
) -> bool:
    """Within a transaction: the events, and the row of their interview. Whether the first one's number was free and the
    lease ours.
    """
    *_, interview, before = advance
    fenced = sql.ADVANCE if fence is None else sql.ADVANCE + sql.WITH_LEASE
    if not execute(fenced, (*advance, *(fence or ()))).rowcount:
        return False
    for seq, line in enumerate(lines, int(before) + 1):
        execute(sql.ADD_EVENT, (interview, seq, *line))
    if drops_draft:
        execute(sql.DROP_DRAFT, (interview,))
    return True


def _take_batch(source: Iterator[WholeInterview], *, rows: int) -> list[WholeInterview]:
    batch: list[WholeInterview] = []
    for whole in islice(source, 1_000):
        batch.append(whole)
        rows -= len(whole.events)
        if rows <= 0:
            break
    return batch
