"""What can be kept and had back? Interviews with their journals and drafts, and whole interviews at once; their data are
`data`'s, the cases `cases`'.

One call that writes is one transaction: it is on the disk when the call returns, or nothing of it is. Every
moment comes as an argument.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from survey_cli.engine.codec import (
    Entered,
    decode_line,
    decode_moment,
    encode_line,
    encode_moment,
)
from survey_cli.engine.events import Began, Event, Language, Noted, Resumed, Suspended
from survey_cli.store.backends import open_database
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.decoding import legible
from survey_cli.store.backends.errors import Interrupted
from survey_cli.store.backends.sqlite.database_files import file_system
from survey_cli.store.interviews import statements as sql
from survey_cli.store.interviews.data_store import Data
from survey_cli.store.interviews.digests import digest
from survey_cli.store.interviews.records import (
    Draft,
    InterviewRow,
    Origin,
    Snapshot,
    Status,
    Taken,
    Whole,
)
from survey_cli.store.interviews.row_mapping import (
    read_interview,
    write_head,
    write_interview,
)

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseUpdate, Fence, LeaseLost, Overtaken
    from survey_cli.store.cases.case_store import Cases
    from survey_cli.store.cases.queue_statistics import CaseFigures

PATIENCE: Final = 5.0
"""Seconds to wait while others write, before it is said that the database is locked."""

KEEP_DRAFT: Final = (Began, Resumed, Language, Noted, Suspended)
"""Events after which what was being typed is still being typed."""


class Store(Data):
    """One database. Every method raises StoreError when the world it is kept in is broken."""

    def __init__(self, connector: Connector) -> None:
        super().__init__(connector)
        self._unseen: tuple[str, int, Entered] | None = None
        """The event during which the connection was lost last; it may be written or not."""

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool,
        patience: float = PATIENCE,
        file_system_of: Callable[[Path], str] = file_system,
        upgrade: bool = False,
    ) -> "Store":
        """The database at `path`, on the server of a `postgresql://` address, or in memory for `:memory:`. With
        `create` what does not exist is made; with `upgrade` an earlier schema on a server is upgraded, as that of a file
        always is where nobody else uses it."""
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

    def still(self) -> AbstractContextManager[None]:
        """Within it everything is read as it was at one moment, whatever others write; nothing is written here."""
        return self._db.still()

    def tolerantly(self) -> AbstractContextManager[None]:
        """Within it texts that can't be decoded are read with a mark in the place of what is wrong, for lists."""
        return self._db.tolerantly()

    # Cases: an interview of its own does without them and all that they are made of

    @cached_property
    def cases(self) -> "Cases":
        """The cases of the study, and the places of its quotas."""
        from survey_cli.store.cases.case_store import Cases

        return Cases(self._db)

    @cached_property
    def figures(self) -> "CaseFigures":
        """The same as a whole, for reports."""
        from survey_cli.store.cases.queue_statistics import CaseFigures

        return CaseFigures(self._db)

    def has_case(self, key: str) -> bool:
        """Whether a case came with the sample."""
        return bool(self._db.read(sql.HAS_CASE, (key,)))

    # Interviews

    def start(
        self, interview: InterviewRow, first: Began, *, case: "CaseUpdate | None" = None
    ) -> "Taken | LeaseLost | Overtaken | None":
        """Begin an interview with its first event, and in the same transaction what its case gets with it. Taken where
        another station has begun this interview of the case; LeaseLost or Overtaken where the case is in the way."""
        line = encode_line(first)
        try:
            begun = self._begin(interview, line, case)
        except Interrupted:
            begun = self._begin(interview, line, case)
        if begun is True or self._db.read(sql.EVENT, (interview.id, 1)) == [line]:
            return None
        if begun is not False:
            return begun
        found = self._db.read(sql.FIRST_OF_CASE, (interview.case, interview.number, interview.origin))
        return self._taken(found[0][0] if found else interview.id, 1)

    def _begin(
        self, interview: InterviewRow, line: Entered, case: "CaseUpdate | None"
    ) -> "bool | LeaseLost | Overtaken":
        with suppress(_NotNext), self._db.transaction() as execute:
            if case is not None and (lost := self.cases.update_within(execute, case)) is not None:
                return lost
            if not execute(sql.START, write_interview(interview)).rowcount:
                raise _NotNext
            execute(sql.ADD_EVENT, (interview.id, 1, *line))
            return True
        return False

    def append(
        self,
        interview: str,
        *,
        seq: int,
        event: Event,
        status: Status,
        at_item: str,
        answered: int,
        outcome: str = "",
        fence: "Fence | None" = None,
        case: "CaseUpdate | None" = None,
        snapshot: Snapshot | None = None,
        instrument: str = "",
        owed: Sequence[str] = (),
        then: Sequence[Event] = (),
    ) -> "Taken | LeaseLost | Overtaken | None":
        """Write event number `seq`, in one durable sync. Taken where another station wrote that number first.
        The same event again (a call whose end nobody saw) is no second event. Raises ValueError for a number
        out of turn.

        With a `fence` the event is accepted only while the case's lease is that one, LeaseLost else. `case` is what the
        case gets in the same transaction; LeaseLost or Overtaken where that cannot be written, and then nothing is.
        `snapshot`, with the instrument's hash, is the data that the interview comes to, written with it; so is what is
        `owed` from then on. `then` are events that follow the first without anybody's doing: all are written, or none;
        the status and what goes with it are those after the last."""
        line, *more = lines = [encode_line(one) for one in (event, *then)]
        last, at_end = seq + len(then), lines[-1]
        advance = (last, status, outcome, at_item, answered, at_end.by, at_end.at, interview, seq - 1)
        drops = not all(isinstance(one, KEEP_DRAFT) for one in (event, *then))

        def write() -> "bool | LeaseLost | Overtaken":
            if case is None and snapshot is None and not more:
                return self._advance(advance, line, fence, drops_draft=drops)
            with suppress(_NotNext), self._db.transaction() as execute:
                if case is not None and (lost := self.cases.update_within(execute, case)) is not None:
                    return lost
                # a case's update has checked the lease, and perhaps ended it
                if not _add(execute, advance, lines, fence if case is None else None, drops_draft=drops):
                    raise _NotNext
                if snapshot is not None:
                    self._keep_snapshot(execute, interview, snapshot, instrument)
                if owed:
                    self.cases.owe_within(execute, owed)
                return True
            return False

        try:
            written = write()
        except Interrupted:
            self._unseen = (interview, seq, line)
            written = write()
        if written is True:
            return None
        kept = self._db.read(sql.EVENT, (interview, seq))
        if kept == [line] or (kept and self._is_keyed_again(interview, seq, kept[0], line)):
            return None
        if written is not False:
            return written
        return (self.cases.lost(fence) if fence is not None else None) or self._taken(interview, seq)

    def _advance(
        self, advance: tuple[str | int, ...], line: Entered, fence: "Fence | None", *, drops_draft: bool
    ) -> bool:
        """Whether the number was free and the lease ours, and the event is written now."""
        if self._db.dialect == "postgresql":
            statement = sql.APPEND_UNFENCED if fence is None else sql.APPEND_FENCED
            return self._db.run_at_once(statement, (*(fence or ()), *advance, int(drops_draft), *line)) == 1
        with self._db.transaction() as execute:
            return _add(execute, advance, [line], fence, drops_draft=drops_draft)

    def _is_keyed_again(self, interview: str, seq: int, kept: tuple[Any, ...], line: Entered) -> bool:
        """It was written as the connection broke, nobody saw that, and the interviewer gave the entry again: it
        differs by its moment only."""
        return self._unseen == (interview, seq, kept) and kept[:4] == line[:4]

    def _taken(self, interview: str, seq: int) -> Taken:
        found = self._db.read(sql.EVENT, (interview, seq))
        if not found:
            last = self._db.read(sql.LAST_SEQ, (interview,))
            stands = f"its last is {last[0][0]}" if last else "it was never started"
            raise ValueError(f"event {seq} of interview {interview}: {stands}")
        line = Entered(*found[0])
        with legible(self._db.where, f"event {seq} of interview {interview}"):
            return Taken(interview, seq, line.by, line.station, decode_moment(line.at))

    def journal(self, interview: str) -> list[Event]:
        """Its events in order; empty where there is no such interview."""
        events: list[Event] = []
        for row in self._db.read(sql.JOURNAL, (interview,)):
            with legible(self._db.where, f"event {len(events) + 1} of interview {interview}"):
                events.append(decode_line(Entered(*row)))
        return events

    def interview(self, id: str) -> InterviewRow | None:
        found = self._interviews(id=id)
        return found[0] if found else None

    def interviews(
        self,
        *,
        origin: Origin | None = None,
        case: str | None = None,
        status: Status | None = None,
        instrument: str | None = None,
    ) -> list[InterviewRow]:
        """Those of which all that is given holds, the first begun first."""
        return self._interviews(origin=origin, case_key=case, status=status, instrument=instrument)

    def _interviews(self, **wanted: str | None) -> list[InterviewRow]:
        found = self._db.read(*sql.interviews(**wanted))
        with legible(self._db.where, "the list of interviews"):
            return [read_interview(row) for row in found]

    def add_many(
        self,
        interviews: Iterable[Whole],
        *,
        rows: int = 50_000,
        pause: Callable[[], None] | None = None,
    ) -> int:
        """Keep whole interviews, new ones all, in commits of about `rows` events (at most 1,000 interviews);
        gives how many. Beside interviewers: 5,000 rows, and a `pause` of some 5 ms, which is called after
        every commit. An interview that is here already is a ValueError, and its commit is not made."""
        kept = 0
        source = iter(interviews)
        while batch := _batch(source, rows=rows):
            if kept and pause is not None:
                pause()
            # all is written down before the lock is taken
            heads = [write_interview(whole.interview) for whole in batch]
            lines = [
                (whole.interview.id, seq, *encode_line(event))
                for whole in batch
                for seq, event in enumerate(whole.events, start=1)
            ]
            snapshots, contacts = self._apart(batch)
            with self._db.transaction():
                if self._db.run_many(sql.START, heads) != len(batch):
                    raise ValueError("an interview of this batch is in the database already")
                self._db.run_many(sql.ADD_EVENT, lines)
                self._db.run_many(sql.KEEP_SNAPSHOT, snapshots)
                self._db.run_many(sql.KEEP_CONTACT, contacts)
            kept += len(batch)
        return kept

    def _apart(self, batch: Iterable[Whole]) -> tuple[list[tuple[str | int, ...]], list[tuple[str, ...]]]:
        snapshots: list[tuple[str | int, ...]] = []
        contacts: list[tuple[str, ...]] = []
        for interview, _, snapshot in batch:
            if snapshot is not None:
                cells, personal = self._personal_apart(interview.instrument, snapshot.cells)
                sealed = digest((*write_head(interview), snapshot.engine, cells))
                snapshots.append((interview.id, snapshot.seq, snapshot.engine, cells, sealed))
                if personal is not None:
                    contacts.append((interview.id, personal, digest((interview.id, personal))))
        return snapshots, contacts

    # Drafts

    def save_draft(self, interview: str, draft: Draft, *, fence: "Fence | None" = None) -> None:
        """Keep what is being typed; empty text drops it. It goes by itself with the event it was becoming. With a `fence`
        it is kept only while the case's lease is that one: another's draft is not overwritten."""
        with self._db.transaction() as execute:
            if fence is not None and not execute(sql.HAS_LEASE, fence).fetchall():
                return
            if draft.text:
                execute(sql.KEEP_DRAFT, (interview, draft.place, draft.text, encode_moment(draft.at)))
            else:
                execute(sql.DROP_DRAFT, (interview,))

    def draft(self, interview: str) -> Draft | None:
        found = self._db.read(sql.DRAFT, (interview,))
        if not found:
            return None
        place, text, at = found[0]
        with legible(self._db.where, f"the draft of interview {interview}"):
            return Draft(place, text, decode_moment(at))

    # Erasure

    def erase_interview(
        self, interview: str, events: Sequence[Event], *, stands: tuple[Status, str] | None = None
    ) -> None:
        """Have the words leave an interview: `events` is the journal as it reads from now on. Those that stand come
        first, each in its place with its time and by whom; the tombstone follows. Its snapshot, its contact and what was
        being typed go; keep the snapshot of what is left. `stands`: the status and the outcome that it comes to, where
        those are others. Raises ValueError for what is no rewriting of the journal."""
        from survey_cli.store.maintenance import interview_erasure

        interview_erasure.erase_interview(self._db, interview, events, stands)

    def scrub(self) -> bool:
        """After erasing: write the whole database anew, so that nothing of what was deleted or written over is left in
        it or in its log. Nobody else can write meanwhile: some seconds for each gigabyte. False where somebody was
        reading: what was erased may still be in the log, so do it again. Copies and backups are not reached, nor the log
        that a server keeps for its own backups."""
        from survey_cli.store.maintenance import interview_erasure

        return interview_erasure.scrub(self._db)

    # Custody

    def integrity(self) -> list[str]:
        """What is wrong with what is kept, in plain words; empty when all is well. Reads everything."""
        from survey_cli.store.maintenance import backup as custody

        return custody.integrity(self._db)

    def backup(self, to: str | Path, *, progress: Callable[[int, int], None] | None = None) -> None:
        """A whole copy as of this moment, while interviews go on. `progress` is told pages done and pages in
        all. A file that exists is not overwritten."""
        from survey_cli.store.maintenance import backup as custody

        custody.backup(self._db, Path(to), progress=progress)

    def note_backup(self, *, at: datetime, by: str) -> None:
        """Keep that a copy was made, when and by whom."""
        from survey_cli.store.maintenance import backup as custody

        custody.note_backup(self._db, at=at, by=by)

    def last_backup(self) -> datetime | None:
        """When the last copy that is known of here was made; None: none yet."""
        from survey_cli.store.maintenance import backup as custody

        return custody.last_backup(self._db)


class _NotNext(Exception):
    """The event's number is taken, or the lease is another's: the transaction is rolled back."""


def _add(
    execute: Execute,
    advance: tuple[str | int, ...],
    lines: Sequence[Entered],
    fence: "Fence | None",
    *,
    drops_draft: bool,
) -> bool:
    """Within a transaction: the events, and the row of their interview. Whether the first one's number was free and the
    lease ours."""
    *_, interview, before = advance
    fenced = sql.ADVANCE if fence is None else sql.ADVANCE + sql.FENCED
    if not execute(fenced, (*advance, *(fence or ()))).rowcount:
        return False
    for seq, line in enumerate(lines, int(before) + 1):
        execute(sql.ADD_EVENT, (interview, seq, *line))
    if drops_draft:
        execute(sql.DROP_DRAFT, (interview,))
    return True


def _batch(source: Iterator[Whole], *, rows: int) -> list[Whole]:
    batch: list[Whole] = []
    for whole in islice(source, 1_000):
        batch.append(whole)
        rows -= len(whole.events)
        if rows <= 0:
            break
    return batch
