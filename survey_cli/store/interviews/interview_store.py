"""Store of interviews: each with its journal, its draft and a row with its current state.

One method call that writes is one transaction: it is on disk when the call returns, or none of it
is. Every date and time is an argument.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from survey_cli.engine import codec
from survey_cli.engine.events import (
    AnswerCoded,
    InterviewEvent,
    InterviewResumed,
    InterviewReviewed,
    InterviewStarted,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    ValueComputed,
)
from survey_cli.engine.machine import InterviewStatus
from survey_cli.problems import StoreError
from survey_cli.store.backends import errors
from survey_cli.store.backends.connector import Connector, Execute, Pause
from survey_cli.store.backends.settings import add_tasks_within
from survey_cli.store.cases.case_statements import sql as case_sql
from survey_cli.store.interviews import records
from survey_cli.store.interviews.data_store import DataStore
from survey_cli.store.interviews.statements import sql
from survey_cli.values import Cell

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseConflict, CaseUpdate, LeaseLost, LeaseToken
    from survey_cli.store.cases.case_store import CaseStore

DRAFT_KEEPING_EVENTS: Final = (
    InterviewStarted,
    InterviewResumed,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    InterviewSuspended,
)
"""Events that do not end the entry that is being typed."""
NO_DRAFT: Final = ""
ALL_DRAFTS: Final = "*"
"""In place of the place at which an entry ended: no draft is dropped, or one at any place."""

MAX_INTERVIEWS_PER_COMMIT: Final = 1_000
END_OF_TIME: Final = "~"
"""A text after every encoded time."""


class InterviewStore:
    """The interviews of one study. Methods raise StoreError if the database can't be used."""

    def __init__(
        self, connector: Connector, data: DataStore, get_cases: "Callable[[], CaseStore]"
    ) -> None:
        """Keep `get_cases`, which loads the modules of cases when it is first called."""
        self._db = connector
        self._data = data
        self._get_cases = get_cases
        self._unconfirmed: tuple[str, int, codec.JournalRecord] | None = None
        """The event during which the connection was last lost; it may or may not be written."""

    def start(
        self,
        interview: records.InterviewRow,
        first: InterviewStarted,
        *,
        case: "CaseUpdate | None" = None,
    ) -> "records.InterviewConflict | LeaseLost | CaseConflict | None":
        """Start an interview with its first event, and update its case in the same transaction.

        Returns None when it is written. Otherwise nothing is written: InterviewConflict if another
        station has started this interview of the case, LeaseLost or CaseConflict if the case
        can't be updated.
        """
        line = codec.encode_record(first)
        try:
            result = self._insert_interview(interview, line, case)
        except errors.TransientStoreError:
            result = self._insert_interview(interview, line, case)
        if result is True:
            return None

        # the first attempt may have written it, although its reply was lost
        if self._db.read(sql.EVENT, (interview.id, 1)) == [line]:
            return None
        if result is not False:
            return result

        other_id = interview.id
        key = (interview.case, interview.number, interview.origin)
        rows = self._db.read(sql.FIRST_OF_CASE, key)
        if rows:
            other_id = rows[0][0]
        return self._make_conflict(other_id, 1)

    def _insert_interview(
        self, interview: records.InterviewRow, line: codec.JournalRecord, case: "CaseUpdate | None"
    ) -> "bool | LeaseLost | CaseConflict":
        with suppress(_SequenceTakenError), self._db.transaction() as execute:
            if case is not None:
                conflict = self._get_cases().update_within(execute, case)
                if conflict is not None:
                    return conflict

            # an exception rolls the transaction back, with the update of the case
            if not execute(sql.START, records.encode_interview(interview)).rowcount:
                raise _SequenceTakenError
            execute(sql.ADD_EVENT, (interview.id, 1, *line))
            return True
        return False

    def append(
        self, update: records.JournalUpdate
    ) -> "records.InterviewConflict | LeaseLost | CaseConflict | None":
        """Append events to the journal of an interview, and all that goes with them, in one commit.

        Returns None when they are written. Otherwise nothing is written: InterviewConflict if
        another station wrote that number first, LeaseLost if the lease is another one by now,
        CaseConflict if the case can't be updated. Appending the same update again, after a call
        whose end was not seen, adds no second event. Raises ValueError for a number out of
        sequence.
        """
        lines = [codec.encode_record(event) for event in update.events]
        line = lines[0]
        last = lines[-1]
        interview = update.interview
        seq = update.seq
        advance = (
            seq + len(lines) - 1,
            update.status,
            update.outcome,
            update.at_item,
            update.answered,
            last.by,
            last.at,
            interview,
            seq - 1,
        )
        ended_entry = _find_ended_entry(update.events)
        is_one_event = len(lines) == 1
        has_others = (
            update.case is not None or update.snapshot is not None or bool(update.follow_up_tasks)
        )

        def write() -> "bool | LeaseLost | CaseConflict":
            # most answers: on a server, one statement instead of a transaction of five
            if is_one_event and not has_others:
                return self._append_alone(advance, line, update.fence, ended_entry=ended_entry)

            with suppress(_SequenceTakenError), self._db.transaction() as execute:
                if update.case is not None:
                    conflict = self._get_cases().update_within(execute, update.case)
                    if conflict is not None:
                        return conflict

                # The update of a case has checked the lease, and may have ended it.
                fence = None
                if update.case is None:
                    fence = update.fence
                if not _append_within(execute, advance, lines, fence, ended_entry=ended_entry):
                    raise _SequenceTakenError

                if update.snapshot is not None:
                    self._data.write_snapshot_within(
                        execute, interview, update.snapshot, update.instrument
                    )
                if update.follow_up_tasks:
                    add_tasks_within(execute, update.follow_up_tasks)
                return True
            return False

        try:
            result = write()
        except errors.TransientStoreError:
            self._unconfirmed = (interview, seq, line)
            result = write()
        if result is True:
            return None

        # an earlier attempt may have written it, although its reply was lost
        stored = self._db.read(sql.EVENT, (interview, seq))
        if stored == [line]:
            return None
        if stored and self._is_repeated_entry(interview, seq, stored[0], line):
            return None
        if result is not False:
            return result

        return self._explain_refusal(update)

    def _explain_refusal(
        self, update: records.JournalUpdate
    ) -> "records.InterviewConflict | LeaseLost":
        """Return why an update was not written: another has the lease, or wrote the event."""
        if update.fence is not None:
            lease_lost = self._get_cases().check_lease(update.fence)
            if lease_lost is not None:
                return lease_lost
        return self._make_conflict(update.interview, update.seq)

    @errors.retry_once
    def append_from_office(self, updates: Sequence[records.OfficeUpdate]) -> dict[str, str]:
        """Append an event of the office to each of these interviews, all in one transaction.

        Those whose case a station has, and those to which somebody has written since they were
        read, are left as they are; they are returned by id, each with the reason.
        """
        refusals: dict[str, str] = {}
        # Locked by their keys, as `update_queue_positions` locks cases: otherwise two programs,
        # each with one that the other one needs, could wait for each other. A case that isn't in
        # the sample has no lock, so its interviews have an order too.
        updates = sorted(updates, key=lambda update: (update.row.case, update.row.id))
        with self._db.transaction() as execute:
            for update in updates:
                holder = self._get_cases().find_holder_within(execute, update.row.case)
                if holder is not None:
                    why = f"{holder.by} has it at station {holder.station}"
                    refusals[update.journal.interview] = why

            moves: dict[str, Mapping[str, int]] = {}
            for journal, row, drops_draft, quota_targets in updates:
                if journal.interview in refusals:
                    continue

                line = codec.encode_record(journal.events[0])
                # author and time remain those of the interviewer's last event
                advance = (
                    journal.seq,
                    journal.status,
                    journal.outcome,
                    journal.at_item,
                    journal.answered,
                    row.by,
                    codec.encode_timestamp(row.updated_at),
                    journal.interview,
                    journal.seq - 1,
                )
                ended_entry = NO_DRAFT
                if drops_draft:
                    ended_entry = ALL_DRAFTS
                if not _append_within(execute, advance, [line], None, ended_entry=ended_entry):
                    # the event is there if an attempt whose end was not seen has written it
                    stored = execute(sql.EVENT, (journal.interview, journal.seq)).fetchall()
                    if stored != [line]:
                        refusals[journal.interview] = "somebody has just written to it"
                    continue

                # without new data, those of before are the data up to this event too
                if journal.snapshot is None:
                    execute(sql.KEEP_DATA, (journal.seq, journal.interview, journal.seq - 1))
                    continue
                execute(
                    "UPDATE interviews SET instrument = ? WHERE id = ?",
                    (journal.instrument, journal.interview),
                )
                self._data.write_snapshot_within(
                    execute, journal.interview, journal.snapshot, journal.instrument
                )
                moves[journal.interview] = quota_targets or {}

            if moves:
                at = updates[0].journal.events[0].stamp.at
                self._get_cases().quotas.move_within(execute, moves, at)
        return refusals

    def _append_alone(
        self,
        advance: tuple[str | int, ...],
        line: codec.JournalRecord,
        fence: "LeaseToken | None",
        *,
        ended_entry: str,
    ) -> bool:
        """Append only one event; return False if its number is taken or the lease is another's."""
        if self._db.dialect == "postgresql":
            if fence is None:
                parameters = (*advance, ended_entry, *line)
                return self._db.run_autocommit(sql.APPEND_WITHOUT_LEASE, parameters) == 1
            parameters_with_lease = (*fence, *advance, ended_entry, *line)
            return self._db.run_autocommit(sql.APPEND_WITH_LEASE, parameters_with_lease) == 1

        with self._db.transaction() as execute:
            return _append_within(execute, advance, [line], fence, ended_entry=ended_entry)

    def _is_repeated_entry(
        self, interview: str, seq: int, stored: tuple[Any, ...], line: codec.JournalRecord
    ) -> bool:
        """Whether the interviewer has entered an event again that the connection left unconfirmed.

        The two differ only in their time.
        """
        was_unconfirmed = self._unconfirmed == (interview, seq, stored)
        has_same_content = stored[:4] == line[:4]
        return was_unconfirmed and has_same_content

    def _make_conflict(self, interview: str, seq: int) -> records.InterviewConflict:
        rows = self._db.read(sql.EVENT, (interview, seq))
        if not rows:
            last = self._db.read("SELECT last_seq FROM interviews WHERE id = ?", (interview,))
            state = "it was never started"
            if last:
                state = f"its last is {last[0][0]}"
            raise ValueError(f"event {seq} of interview {interview}: {state}")

        line = codec.JournalRecord(*rows[0])
        what = f"event {seq} of interview {interview}"
        with errors.translate_decoding_errors(self._db.where, what):
            at = codec.decode_timestamp(line.at)
        return records.InterviewConflict(interview, seq, line.by, line.station, at)

    def read_journal(self, interview: str, *, after: int = 0) -> list[InterviewEvent]:
        """Return the events of an interview after that number, in order.

        The list is empty if there is no such interview.
        """
        events: list[InterviewEvent] = []
        try:
            lines = self._db.read(sql.JOURNAL, (interview, after))
            # after an error, the events before it are in the list: their number tells which it is
            events.extend(codec.decode_record(line) for line in lines)
        except codec.UnknownEventError as error:
            from survey_cli.installation import make_update_advice

            event = f"event {after + len(events) + 1} of interview {interview}"
            what = f"{event} was written by a newer version of the program"
            raise StoreError(self._db.where, what, make_update_advice()) from error
        except (ValueError, TypeError, KeyError) as error:
            event = f"event {after + len(events) + 1} of interview {interview}"
            raise errors.make_decoding_error(self._db.where, event) from error
        return events

    def list_accounts(self, interview: str) -> list[str]:
        """Return the account that wrote each event of an interview, in order.

        The account is an empty text for events of earlier versions.
        """
        return [account for (account,) in self._db.read(sql.ACCOUNTS, (interview,))]

    def list_computed_values(
        self, item: str, origin: records.InterviewOrigin, *, besides: str
    ) -> list[Cell]:
        """List what the computer answered at an item in other interviews, complete or under way.

        Of each turn, it is the last answer.
        """
        rows = self._db.read(sql.COMPUTED_VALUES, (origin, besides, item))
        with errors.translate_decoding_errors(self._db.where, f"the answers at {item}"):
            last: dict[tuple[str, int | None], codec.JournalRecord] = {}
            for interview, *columns in rows:
                line = codec.JournalRecord(*columns)
                last[interview, line.turn] = line

            # there are few different payloads: each is decoded once
            values: dict[str, Cell] = {}
            for line in last.values():
                if line.payload not in values:
                    event = codec.decode_record(line)
                    # the statement selects only events of this kind
                    assert isinstance(event, ValueComputed)
                    values[line.payload] = event.value
        return [values[line.payload] for line in last.values()]

    def list_codings(self, item: str, until: str = END_OF_TIME) -> list[tuple[str, AnswerCoded]]:
        """List the codings of an item's answers up to a time, with their interviews.

        Those of one interview are in order.
        """
        rows = self._db.read(sql.CODINGS, (item, until))
        with errors.translate_decoding_errors(self._db.where, f"the codings of {item}"):
            # The statement selects only events of this kind, which the type checker can't know.
            return [
                (interview, codec.decode_record(tuple(line)))  # type: ignore[misc]
                for interview, *line in rows
            ]

    def read_reviews(self, until: str = END_OF_TIME) -> dict[str, InterviewReviewed]:
        """Read the latest review of each interview that has any up to a time."""
        rows = self._db.read(sql.REVIEWS, (until,))
        with errors.translate_decoding_errors(self._db.where, "the reviews"):
            # As above: the statement selects only reviews.
            return {
                interview: codec.decode_record(tuple(line))  # type: ignore[misc]
                for interview, *line in rows
            }

    def find_row(self, interview: str) -> records.InterviewRow | None:
        """Return the row of an interview, or None if there is no such interview."""
        rows = self._query_rows(id=interview)
        if not rows:
            return None
        return rows[0]

    def find_last(
        self, case: str, origin: records.InterviewOrigin = "real"
    ) -> records.InterviewRow | None:
        """Return the row of a case's last interview of this origin, or None if it has none."""
        rows = self.list_rows(case=case, origin=origin)
        return max(rows, key=lambda row: row.number, default=None)

    def list_rows(
        self,
        *,
        origin: records.InterviewOrigin | None = None,
        case: str | None = None,
        status: InterviewStatus | None = None,
    ) -> list[records.InterviewRow]:
        """Return the rows of the interviews that have all the given values, oldest first."""
        return self._query_rows(origin=origin, case_key=case, status=status)

    def _query_rows(self, **conditions: str | None) -> list[records.InterviewRow]:
        values = {column: value for column, value in conditions.items() if value is not None}
        where = ""
        if values:
            comparisons = " AND ".join(f"{column} = ?" for column in values)
            where = f"WHERE {comparisons}"
        return self._db.read_as(
            records.decode_interview,
            "the list of interviews",
            sql.ROWS.format(where=where),
            tuple(values.values()),
        )

    def add(
        self,
        interviews: Iterable[records.WholeInterview],
        *,
        rows: int = 50_000,
        pause: Pause = None,
        at_once: bool = False,
    ) -> int:
        """Add new interviews with their whole journals, and return their number.

        A commit has about `rows` events and at most 1,000 interviews; with `at_once` one has all of
        them. While interviewers work, use 5,000 rows and a `pause` of some 5 ms, which is called
        between commits. Raises ValueError for an interview that is stored already; the commit with
        it is not made.
        """
        added = 0
        source = iter(interviews)
        while True:
            if at_once:
                batch = list(source)
            else:
                batch = _take_batch(source, rows=rows)
            if not batch:
                return added
            if added and pause is not None:
                pause()

            # Everything is encoded before the lock is taken.
            interview_rows = [records.encode_interview(whole.interview) for whole in batch]
            lines = [
                (w.interview.id, seq, *codec.encode_record(event))
                for w in batch
                for seq, event in enumerate(w.events, 1)
            ]
            snapshots: list[tuple[str | int, ...]] = []
            contacts: list[tuple[str, ...]] = []
            for interview, _, snapshot in batch:
                if snapshot is None:
                    continue
                cells, personal = self._data.encode_split_cells(
                    interview.instrument, snapshot.cells
                )
                head = records.encode_interview_head(interview)
                digest = records.compute_digest((*head, snapshot.engine, cells))
                snapshots.append((interview.id, snapshot.seq, snapshot.engine, cells, digest))
                if personal is not None:
                    personal_digest = records.compute_digest((interview.id, personal))
                    contacts.append((interview.id, personal, personal_digest))

            with self._db.transaction():
                if self._db.run_many(sql.START, interview_rows) != len(batch):
                    raise ValueError("an interview of this batch is in the database already")
                self._db.run_many(sql.ADD_EVENT, lines)
                self._db.run_many(sql.KEEP_SNAPSHOT, snapshots)
                self._db.run_many(sql.KEEP_CONTACT, contacts)
            added += len(batch)

    # Drafts

    def save_draft(
        self, interview: str, draft: records.EntryDraft, *, fence: "LeaseToken | None" = None
    ) -> None:
        """Save what is being typed; an empty text removes it. Appending its answer removes it too.

        With a `fence` it is saved only while the case's lease is that one, so that another's draft
        is not overwritten.
        """
        with self._db.transaction() as execute:
            if fence is not None and not execute(case_sql.HAS_LEASE, fence).fetchall():
                return
            if draft.text:
                execute(
                    sql.KEEP_DRAFT,
                    (interview, draft.place, draft.text, codec.encode_timestamp(draft.at)),
                )
            else:
                execute(sql.DROP_DRAFT, (interview,))

    def find_draft(self, interview: str) -> records.EntryDraft | None:
        """Return what was being typed in an interview, or None if there is no draft."""
        drafts = self._db.read_as(
            lambda row: records.EntryDraft(row[0], row[1], codec.decode_timestamp(row[2])),
            f"the draft of interview {interview}",
            sql.DRAFT,
            (interview,),
        )
        if not drafts:
            return None
        return drafts[0]

    # Erasure

    def erase(
        self,
        interview: str,
        events: Sequence[InterviewEvent],
        *,
        new_status: tuple[InterviewStatus, str] | None = None,
    ) -> None:
        """Erase the texts of an interview: `events` is its whole journal from now on.

        The present events come first, each in its place with its time and author; the event that
        records the erasure follows. The snapshot, the contact and the draft are deleted: write the
        snapshot of what is left. `new_status` is the status and the outcome, where they change.
        Raises ValueError where `events` is not a rewritten version of the journal.
        """
        lines = [codec.encode_record(event) for event in events]
        with self._db.transaction() as execute:
            stored = execute(sql.JOURNAL, (interview, 0)).fetchall()
            # all columns but the payload, which has the texts
            errors.check_rewriting(
                f"interview {interview}: this is not its journal",
                [line[:3] + line[4:] for line in stored],
                [line[:3] + line[4:] for line in lines],
            )

            for seq, line in enumerate(lines, 1):
                if seq <= len(stored):
                    execute(sql.REWRITE_LINE, (line.payload, interview, seq))
                else:
                    execute(sql.ADD_EVENT, (interview, seq, *line))

            execute("UPDATE interviews SET last_seq = ? WHERE id = ?", (len(lines), interview))
            if new_status is not None:
                execute(sql.SET_STATUS, (*new_status, interview))
            for table in ("snapshots", "contacts", "drafts"):
                execute(f"DELETE FROM {table} WHERE interview = ?", (interview,))


class _SequenceTakenError(Exception):
    """The event's number is taken, or the lease is another's; the transaction is rolled back."""


def _find_ended_entry(appended: Sequence[InterviewEvent]) -> str:
    """Return the place whose draft these events end. A draft of another place remains."""
    ended = NO_DRAFT
    for event in appended:
        if isinstance(event, DRAFT_KEEPING_EVENTS):
            continue
        place = getattr(event, "place", None)
        if place is None:  # the interview ends
            return ALL_DRAFTS
        ended = ended or str(place)
    return ended


def _append_within(
    execute: Execute,
    advance: tuple[str | int, ...],
    lines: Sequence[codec.JournalRecord],
    fence: "LeaseToken | None",
    *,
    ended_entry: str,
) -> bool:
    """Append events within a transaction and update the row of their interview.

    `ended_entry` is the place whose draft is dropped, or `NO_DRAFT`, or `ALL_DRAFTS`. Returns False
    if the number of the first event is taken, or the lease is another's.
    """
    *_, interview, before = advance
    # first the row: only one of two stations finds the number `before` in it, and goes on
    if fence is None:
        result = execute(sql.ADVANCE, advance)
    else:
        result = execute(sql.ADVANCE_WITH_LEASE, (*advance, *fence))
    if not result.rowcount:
        return False

    for seq, line in enumerate(lines, int(before) + 1):
        execute(sql.ADD_EVENT, (interview, seq, *line))
    if ended_entry != NO_DRAFT:
        execute(sql.DROP_DRAFT_AT, (interview, ended_entry))
    return True


def _take_batch(
    source: Iterator[records.WholeInterview], *, rows: int
) -> list[records.WholeInterview]:
    batch: list[records.WholeInterview] = []
    for whole in islice(source, MAX_INTERVIEWS_PER_COMMIT):
        batch.append(whole)
        rows -= len(whole.events)
        if rows <= 0:
            break
    return batch
