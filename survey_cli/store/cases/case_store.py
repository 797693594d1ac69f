"""Store of cases: histories, and beside each a derived row from which stations claim.

It decides nothing: queue positions, events, dates and times are arguments. One method call that writes is one
transaction.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.case.events import CaseClaimed, CaseReturned, CaseSampled, HistoryEntry
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.decoding import translate_decoding_errors
from survey_cli.store.backends.retry import retry_once
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.bulk_import import SampleImports
from survey_cli.store.cases.case_erasure import erase_case
from survey_cli.store.cases.case_queries import CaseQueries
from survey_cli.store.cases.case_records import (
    CaseConflict,
    CaseRow,
    CaseUpdate,
    ExpiredLease,
    Lease,
    LeaseHolder,
    LeaseLost,
    LeaseToken,
)
from survey_cli.store.cases.case_row_mapping import encode_contact, encode_entry, encode_lease, encode_queue_position
from survey_cli.store.cases.follow_up_tasks import FollowUpTasks, add_tasks_within
from survey_cli.store.cases.quota_places import QuotaPlaces, take_places

BATCH_SIZE: Final = 1_000
"""Rows changed in one commit, for which an interviewer's answer waits some milliseconds."""


class CaseStore:
    """The cases of one study, over the store's connection. Every method raises StoreError when the world it is kept
    in is broken, ValueError for a case that is not there where one must be.
    """

    def __init__(self, connector: Connector) -> None:
        self._db = connector
        self.queries = CaseQueries(connector)
        self.imports = SampleImports(connector)
        self.quotas = QuotaPlaces(connector)
        self.follow_up_tasks = FollowUpTasks(connector)
        self._claim = sql.CLAIM.for_dialect(connector.dialect)
        self._claim_promised = sql.CLAIM_APPOINTMENT.for_dialect(connector.dialect)
        self._locked = sql.LOCK_ROW.for_dialect(connector.dialect)
        self._wake = sql.QUEUE_DUE.for_dialect(connector.dialect)

    @retry_once
    def queue_due_cases(self, at: datetime, *, limit: int = BATCH_SIZE) -> int:
        """Have at most `limit` cases ready that have waited until now; gives how many. Costs no write where there is
        none.
        """
        moment = encode_timestamp(at)
        if not self._db.read(sql.HAS_DUE, (moment,)):
            return 0
        return self._db.run(self._wake, (moment, limit))

    @retry_once
    def expire_leases(self, at: datetime) -> list[ExpiredLease]:
        """Have every case back whose lease has run out; the quota places that its interview holds stay its own, as it can
        be gone on with. The event is dated when the lease ended. Each then waits for a new standing: see
        `list_stale_rows`.
        """
        moment = encode_timestamp(at)
        lapsed: list[ExpiredLease] = []
        for key, by, station, until, token in self._db.read(sql.EXPIRED_LEASES, (moment,)):
            with self._db.transaction() as execute:
                ended = _end_expired_lease(execute, key, by, station, until, token, moment)
            if ended:
                lapsed.append(ExpiredLease(key, by, station, decode_timestamp(until)))
        return lapsed

    @retry_once
    def claim(
        self, bucket: str, lease: Lease, at: datetime, *, promised_before: datetime | None = None
    ) -> CaseRow | None:
        """Take the first ready case of a bucket, in one statement; with `promised_before` the first of those promised
        for that moment or an earlier one. None where there is none left. The same lease again (a call whose end nobody
        saw) gives the same case.
        """
        who, moment = encode_lease(lease), encode_timestamp(at)
        with self._db.transaction() as execute:
            found = execute(sql.BY_TOKEN, (lease.token,)).fetchall()
            if not found:
                if promised_before is None:
                    found = execute(self._claim, (*who, moment, bucket)).fetchall()
                else:
                    since = encode_timestamp(promised_before)
                    found = execute(self._claim_promised, (*who, moment, bucket, since)).fetchall()
                if found:
                    key, _, seq, *_ = found[0]
                    execute(sql.ADD_EVENT, (key, seq, *encode_entry(_make_claim_entry(lease, at))))
        rows = self.queries.decode_rows(found)
        return rows[0] if rows else None

    @retry_once
    def claim_case(self, key: str, lease: Lease, at: datetime) -> CaseRow | LeaseHolder | None:
        """Take a case by its key, whatever its standing: Held where another has it, None where there is none. Who has it
        already, at the same station, goes on with the same sitting under the new lease.
        """
        moment = encode_timestamp(at)
        with self._db.transaction() as execute:
            locked = execute(self._locked, (key,)).fetchall()
            if not locked:
                return None
            row, token, _ = self._decode_locked_row(locked[0])
            if row.holder is not None:
                if (row.holder.by, row.holder.station) == (lease.by, lease.station):
                    execute(sql.TAKE_OVER, (lease.token, encode_timestamp(lease.until), key))
                    return row._replace(holder=LeaseHolder(lease.by, lease.station, lease.until))
                until = encode_timestamp(row.holder.until)
                if not _end_expired_lease(execute, key, row.holder.by, row.holder.station, until, token, moment):
                    return row.holder
                row = row._replace(seq=row.seq + 1)
            seq = row.seq + 1
            execute(sql.CLAIM_CASE, (seq, row.status_after_lease, *encode_lease(lease), moment, key))
            execute(sql.ADD_EVENT, (key, seq, *encode_entry(_make_claim_entry(lease, at))))
            return row._replace(
                seq=seq, status="leased", holder=LeaseHolder(lease.by, lease.station, lease.until), updated_at=at
            )

    @retry_once
    def renew_lease(self, key: str, token: str, until: datetime) -> bool:
        """Extend the lease of a case; False where the lease is another's by now."""
        return bool(self._db.run(sql.RENEW, (encode_timestamp(until), key, token)))

    @retry_once
    def update(self, update: CaseUpdate) -> CaseConflict | LeaseLost | None:
        """Write an update, with the quota places of the case's interview where the update names one."""
        with self._db.transaction() as execute:
            return self.update_within(execute, update)

    def update_within(self, execute: Execute, update: CaseUpdate) -> CaseConflict | LeaseLost | None:  # noqa: C901 - one transaction, step by step
        """Write an update within a transaction. Where it returns a conflict, nothing was written."""
        key, seq, entries = update.key, update.seq, update.entries
        lines = [encode_entry(entry) for entry in entries]
        locked = execute(self._locked, (key,)).fetchall()
        if not locked:
            raise ValueError(f"there is no case {key!r}")
        row, held_by, link = self._decode_locked_row(locked[0])
        if _is_already_written(execute, key, seq, entries, lines):
            return None
        if not (held_by == update.token if update.token is not None else update.force or row.holder is None):
            return LeaseLost(key, row.holder)
        if row.seq != seq:
            return self._make_conflict(execute, key, seq)
        for number, line in enumerate(lines, seq + 1):
            execute(sql.ADD_EVENT, (key, number, *line))
        last = seq + len(lines)
        if lines:
            execute(sql.ADVANCE, (last, lines[-1][2], key))
        for entry in entries:
            if isinstance(entry.event, CaseSampled):
                execute(sql.SET_FRAME_AND_REPLICATE, (entry.event.frame, entry.event.replicate, key))
        if update.queue_position is not None:
            execute(
                sql.SET_POSITION,
                (*encode_queue_position(update.queue_position), last, update.queue_position.status, key),
            )
        if (contact := update.contact) is not None:
            if link and link != contact.link:
                execute(sql.DROP_CONTACT, (link,))
            execute(sql.KEEP_CONTACT, encode_contact(contact))
            execute(sql.SET_LINK, (contact.link, key))
        if update.fingerprint is not None:
            execute(sql.SET_MARK, (update.fingerprint, key))
        if update.release and row.holder is not None:
            execute(sql.RELEASE, (key,))
        elif update.renew_until is not None and update.token is not None:
            execute(sql.RENEW, (encode_timestamp(update.renew_until), key, update.token))
        if update.interview:
            take_places(execute, update.interview, update.cells, entries[-1].at)
        add_tasks_within(execute, update.follow_up_tasks)
        return None

    def check_lease(self, fence: LeaseToken) -> LeaseLost | None:
        """Check a lease: LeaseLost with the current holder where the case's lease is another one by now, else None."""
        if self._db.read(sql.HAS_LEASE, fence):
            return None
        row = self.queries.find_row(fence.case)
        return LeaseLost(fence.case, row.holder if row is not None else None)

    def erase(
        self, key: str, *, seq: int, entries: Sequence[HistoryEntry], standing: QueuePosition
    ) -> CaseConflict | LeaseLost | None:
        """Have the words leave the history of a case, and who it is with them: `entries` is the history as it reads from
        now on. Its first `seq` events are those that stand, each text alone another; what follows is the tombstone. The
        contact and the sample row's fingerprint go. Afterwards `Store.scrub`, and the case's interviews are erased by
        themselves. LeaseLost while a station has the case. Raises ValueError for what is no rewriting of its history.
        """
        with self._db.transaction() as execute:
            locked = execute(self._locked, (key,)).fetchall()
            if not locked:
                raise ValueError(f"there is no case {key!r}")
            row, _, link = self._decode_locked_row(locked[0])
            if row.holder is not None:
                return LeaseLost(key, row.holder)
            if row.seq != seq:
                return self._make_conflict(execute, key, seq)
            erase_case(execute, key, link, entries, standing)
        return None

    def _make_conflict(self, execute: Execute, key: str, seq: int) -> CaseConflict:
        found = execute(sql.EVENT, (key, seq + 1)).fetchall()
        if not found:
            raise ValueError(f"case {key} has no event {seq} yet")
        kind, by, station, at = found[0]
        with translate_decoding_errors(self._db.where, f"event {seq + 1} of case {key}"):
            return CaseConflict(key, seq + 1, kind, by, station, decode_timestamp(at))

    def update_queue_positions(
        self, standings: Iterable[tuple[str, int, QueuePosition]], *, pause: Callable[[], None] | None = None
    ) -> int:
        """Write standings anew that were worked out from each history up to its event `seq`, in short commits; gives how
        many. What has moved on since, or is with a station, is left as it is. A `pause` is called between two commits.
        """
        done = 0
        source = iter(standings)
        while batch := list(islice(source, BATCH_SIZE)):
            if done and pause is not None:
                pause()
            lines = [(*encode_queue_position(found), found.status, key, seq) for key, seq, found in sorted(batch)]
            with self._db.transaction():
                done += self._db.run_many(sql.UPDATE_POSITION, lines)
        return done

    def _decode_locked_row(self, row: Sequence[Any]) -> tuple[CaseRow, str, str]:
        *columns, token, link = row
        [found] = self.queries.decode_rows([columns])
        return found, token, link


def _make_claim_entry(lease: Lease, at: datetime) -> HistoryEntry:
    return HistoryEntry(at, lease.by, lease.station, CaseClaimed())


def _end_expired_lease(execute: Execute, key: str, by: str, station: str, until: str, token: str, moment: str) -> bool:
    """End a lease that has expired; False where it has not, or the lease is another's by now."""
    moved = execute(sql.EXPIRE_LEASE, (key, token, moment)).fetchall()
    if moved:
        entry = HistoryEntry(decode_timestamp(until), by, station, CaseReturned("lapsed"))
        execute(sql.ADD_EVENT, (key, moved[0][0], *encode_entry(entry)))
    return bool(moved)


def _is_already_written(
    execute: Execute, key: str, seq: int, entries: Sequence[HistoryEntry], lines: Sequence[tuple[str, ...]]
) -> bool:
    """Whether these entries are in the history already, by their keys or by position and content."""
    keyed = [entry.key for entry in entries if entry.key]
    if not keyed:
        there = [tuple(line) for line in execute(sql.EVENTS_FROM, (key, seq, seq + len(lines))).fetchall()]
        return bool(there) and there == list(lines)
    known = [given for given in keyed if execute(sql.HAS_EVENT_KEY, (key, given)).fetchall()]
    if known and len(known) < len(keyed):
        raise ValueError(f"case {key}: {known[0]!r} was written before, with other entries")
    return bool(known)
