"""Store of cases: their histories, and a row derived from each, from which stations claim cases.

It decides nothing: queue positions, events, dates and times are arguments. One method call that
writes is one transaction.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final, TypeAlias

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.case.events import CaseClaimed, CaseReturned, CaseSampled, HistoryEntry
from survey_cli.fieldwork.plan.plan import QUEUE_RULES_EDITION
from survey_cli.fieldwork.queue.scheduling import QueuedCase, QueuePosition
from survey_cli.store.backends.address import quote_literal
from survey_cli.store.backends.connector import Connector, Execute, Pause, StorePart
from survey_cli.store.backends.errors import check_rewriting, retry_once, translate_decoding_errors
from survey_cli.store.backends.settings import add_tasks_within
from survey_cli.store.cases import case_records
from survey_cli.store.cases.bulk_import import SampleImports
from survey_cli.store.cases.case_statements import sql
from survey_cli.store.cases.live_counts import LiveCounts, fold_counts
from survey_cli.store.cases.quota_places import QuotaPlaces, take_places_within

LATEST_CASES: Final = 1_000
"""Cases in which everybody's last entry is looked for."""
PAGE_SIZE: Final = 500
"""Cases of the queue that are read at once."""
UNMATCHABLE_TEXT: Final = "\x01"
"""A pattern that matches no name and no number."""


class CaseQueries(StorePart):
    """Queries of the cases of one study. Methods raise StoreError."""

    # One case

    def find_row(self, key: str) -> case_records.CaseRow | None:
        """Return the row of a case, or None if there is no such case."""
        rows = self._list_rows(sql.ROW, key)
        if not rows:
            return None
        return rows[0]

    def read_history(self, key: str) -> list[HistoryEntry]:
        """Return the events of a case in order. The list is empty if there is no such case."""
        return self._db.read_as(
            case_records.decode_entry, f"the history of case {key}", sql.HISTORY, (key,)
        )

    def list_work(self, by: str | None, since: datetime) -> list[tuple[str, HistoryEntry]]:
        """Return what one person, or everybody, has written to cases since then, with their keys.

        Calls, corrections and returns of others in these cases are among them. They are in the
        order of time.
        """
        at = encode_timestamp(since)
        what = f"the calls of {by or 'everybody'}"
        return self._db.read_as(
            lambda row: (row[0], case_records.decode_entry(row[1:])),
            what,
            sql.WORK_SINCE,
            (by, at, at),
        )

    def list_latest_rows(self, *, limit: int) -> list[case_records.CaseRow]:
        """Return the cases that were changed last, the latest first."""
        return self._list_rows(sql.LATEST_ROWS, limit)

    def list_last_entries(self) -> dict[str, datetime]:
        """Return the time of everybody's last entry in the cases that were changed last."""
        return {
            by: decode_timestamp(at) for by, at in self._db.read(sql.LAST_ENTRIES, (LATEST_CASES,))
        }

    def list_accounts(self, key: str) -> list[str]:
        """Return the account that wrote each event of a case, in order.

        The account is an empty text for events of earlier versions.
        """
        return [account for (account,) in self._db.read(sql.ACCOUNTS, (key,))]

    def find_contact(self, key: str) -> case_records.Contact | None:
        """Return the contact of a case, or None if it has none or it was erased."""
        what = f"the contact of case {key}"
        contacts = self._db.read_as(
            lambda row: case_records.decode_contact(*row), what, sql.CONTACT, (key,)
        )
        if not contacts:
            return None
        return contacts[0]

    # Queue

    def list_queue_heads(self) -> list[case_records.QueueHead]:
        """Return the buckets with a ready case, each with the sort key of its first case."""
        return [case_records.QueueHead(*row) for row in self._db.read(sql.HEADS)]

    def find_appointment_head(
        self, bucket: str, *, appointment_before: datetime
    ) -> case_records.QueueHead | None:
        """Return the first case of a bucket with an appointment at that time or earlier."""
        rows = self._db.read(sql.HEAD_SINCE, (bucket, encode_timestamp(appointment_before)))
        if not rows:
            return None
        return case_records.QueueHead(bucket, rows[0][0])

    def list_waiting_rows(self, *, limit: int) -> list[case_records.CaseRow]:
        """Return waiting cases, the first due first."""
        return self._list_rows(sql.DUE_NEXT, limit)

    def list_stale_rows(self, *, limit: int = 1_000) -> list[case_records.CaseRow]:
        """Return cases with an event after their queue position, or their part of the counts.

        Their lease expired, or an earlier version has written to them.
        """
        return self._list_rows(sql.STALE, limit)

    def list_outdated_rows(self, *, limit: int = 1_000) -> list[case_records.CaseRow]:
        """Return cases whose queue position was computed by the rules of an earlier version."""
        return self._list_rows(sql.OUTDATED, QUEUE_RULES_EDITION, limit)

    # Lists

    def iterate_rows(
        self, *, limit: int | None = None, **columns: str | None
    ) -> Iterator[case_records.CaseRow]:
        """Stream the rows of the cases that have all the given values, in the order of the sample.

        The values are those of text columns of `case_statements.ROW_COLUMNS`, such as the status;
        None is any. All are read as of the time of the first.
        """
        conditions = {column: value for column, value in columns.items() if value is not None}
        with translate_decoding_errors(self._db.where, "the list of cases"):
            for row in self._db.stream(*build_rows_query(conditions, limit=limit)):
                yield case_records.decode_case_row(row)

    def iterate_keys(self) -> Iterator[str]:
        """Stream the keys of all cases, sorted."""
        return (key for (key,) in self._db.stream(sql.KEYS))

    def list_leased_rows(self, by: str = "") -> list[case_records.CaseRow]:
        """Return the cases that one person, or anybody, has at a station, in the sample's order."""
        if not by:
            return self._list_rows(sql.LEASED.format(and_also=""))
        return self._list_rows(sql.LEASED.format(and_also=" AND lease_by = ?"), by)

    def list_expired_leases(self, at: datetime) -> list[str]:
        """Return the keys of the cases whose lease has expired by this time."""
        return [key for key, *_ in self._db.read(sql.EXPIRED_LEASES, (encode_timestamp(at),))]

    def list_appointments(self, *, owner: str | None = None) -> list[case_records.CaseRow]:
        """Return the cases with an appointment of one owner, or of all, in the order of its end."""
        if owner is None:
            return self._list_rows(sql.APPOINTMENTS.format(and_also=""))
        return self._list_rows(sql.APPOINTMENTS.format(and_also=" AND owner = ?"), owner)

    def list_due_appointments(self, before: datetime, *, limit: int) -> list[case_records.CaseRow]:
        """Return the queued cases with an appointment before that time, in the order of its end."""
        return self._list_rows(sql.DUE_APPOINTMENTS, encode_timestamp(before), limit)

    def list_queue(
        self, buckets: Iterable[str], *, limit: int = 1_000
    ) -> list[case_records.CaseRow]:
        """Return the ready cases of these buckets in calling order."""
        queues = [self._list_rows(sql.QUEUE, bucket, limit) for bucket in buckets]
        merged = merge(*queues, key=lambda row: (row.position.rank, row.key))
        return list(islice(merged, limit))

    def iterate_ready(self, bucket: str) -> Iterator[QueuedCase]:
        """Yield the ready cases of a bucket in calling order, read page by page."""
        # a page begins after the last case of the one before; empty texts sort before all others
        rank = ""
        key = ""
        while page := self._db.read(sql.READY_FROM, (bucket, rank, key, PAGE_SIZE)):
            yield from map(self._decode_queued_case, page)
            rank, key = page[-1][:2]

    def iterate_waiting(self) -> Iterator[tuple[datetime, QueuedCase]]:
        """Yield the waiting cases and when they are due, the first due first, read page by page."""
        last: tuple[str, ...] = ("", "", "")
        while page := self._db.read(sql.WAITING_FROM, (last[0], *last, PAGE_SIZE)):
            yield from (
                (decode_timestamp(due_at), self._decode_queued_case(row)) for due_at, *row in page
            )
            last = page[-1][:3]

    def _decode_queued_case(self, row: Sequence[Any]) -> QueuedCase:
        with translate_decoding_errors(self._db.where, "the queue"):
            return case_records.decode_queued_case(row)

    def iterate_sampled_histories(self, share: float) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """Stream the key and history of a share of the cases that have more than one event.

        They are spread evenly over the sample.
        """
        # the statement compares 32 bits that it makes of the case's ordinal with this limit
        limit = round(min(1.0, share) * 2**32)
        return self._stream_histories(sql.AMONG_CALLED, limit)

    def iterate_histories(
        self, *, until: datetime | None = None, corrected: bool = False
    ) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """Stream every case's key and history, sorted by the key, all as of one time.

        With `until` events that happened later are left out. With `corrected` only cases are
        included whose outcome a supervisor has corrected.
        """
        conditions = []
        parameters = []
        if until is not None:
            conditions.append("AND at <= ?")
            parameters.append(encode_timestamp(until))
        if corrected:
            conditions.append(sql.HAS_CORRECTION)
        return self._stream_histories(" ".join(conditions), *parameters)

    def iterate_changed_histories(
        self, since: datetime
    ) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """Stream the keys and whole histories of cases changed since then, sorted by the key."""
        return self._stream_histories(sql.CHANGED_SINCE, encode_timestamp(since))

    def _stream_histories(
        self, condition: str, *parameters: str | int
    ) -> Iterator[tuple[str, list[HistoryEntry]]]:
        rows = self._db.stream(sql.HISTORIES.format(and_also=condition), parameters)
        with translate_decoding_errors(self._db.where, "the histories of cases"):
            yield from case_records.decode_histories(rows)

    def iterate_contacts(self) -> Iterator[tuple[str, case_records.Contact]]:
        """Stream the keys and contacts of all cases with a contact, in the order of the sample."""
        with translate_decoding_errors(self._db.where, "the contacts"):
            for key, link, details in self._db.stream(sql.CONTACTS):
                yield key, case_records.decode_contact(link, details)

    def search(self, text: str, *, limit: int = 50) -> list[case_records.CaseSearchResult]:
        """Search the cases whose key, name, personal columns or numbers contain this text.

        A part of a number has three digits at least, without the zeros before a national number.
        Words are compared without accents and with `case_records.SPELLINGS`. An account that reads
        the contacts of its own case alone must give the whole key, name or number, and receives key
        and name.
        """
        words = case_records.fold_text(text.strip())
        if not words:
            return []

        # digits between letters are no telephone number: a key such as A0117
        digits = ""
        has_letters = any(letter.isalpha() for letter in text)
        if not has_letters:
            digits = case_records.extract_digits(text).lstrip("0")

        if not self._db.supervises:
            return self._find_caller(words, digits)

        number = UNMATCHABLE_TEXT
        if len(digits) >= 3:
            number = f"%{digits}%"

        unified = case_records.unify_spelling(words)
        spellings = [pair for pair in case_records.SPELLINGS if pair[1] in unified]

        key_or_words = f"%{_escape_like(words)}%"
        # Unifying the spelling of every contact is slow. This pattern, with any letters for those
        # that can be spelled in two ways, leaves few contacts to unify.
        rough_words = f"%{_make_rough_pattern(unified, spellings)}%"
        exact_words = f"%{_escape_like(unified)}%"
        patterns = (key_or_words, key_or_words, number, rough_words, exact_words)

        statement = sql.SEARCH.format(unified_words=_build_unified_words(spellings))
        return self._db.read_as(
            case_records.decode_search_result, "the contacts", statement, (*patterns, limit)
        )

    def _find_caller(self, words: str, digits: str) -> list[case_records.CaseSearchResult]:
        """Find the cases with this key, whole name or number. The server records the search."""
        with self._db.transaction() as execute:
            names: dict[str, str] = dict(execute(sql.FIND_CALLER, (words, digits)).fetchall())

        with_key = [key for (key,) in self._db.read(sql.WITH_KEY, (words,))]
        results = []
        for key in dict.fromkeys([*with_key, *names]):  # a case may have both: once, in this order
            row = self.find_row(key)
            if row is not None:
                name = names.get(row.key, "")
                results.append(case_records.CaseSearchResult(row, name, ()))
        return results

    # Interviews and their cases

    def list_closed_interviews(self, *, leased: bool) -> list[str]:
        """Return the newest interview of each case, if it is finished.

        With `leased`, those whose case a station still has; without, those whose case doesn't seem
        to record their outcome.
        """
        statement = sql.CLOSED_INTERVIEWS_UNRECORDED
        if leased:
            statement = sql.CLOSED_INTERVIEWS_LEASED
        return [interview for (interview,) in self._db.read(statement)]

    def list_held_places(self, until: datetime) -> list[case_records.HeldPlace]:
        """Return the quota places that interviews received until then and hold."""
        rows = self._db.read(sql.HELD_PLACES, (encode_timestamp(until),))
        return [
            case_records.HeldPlace(key, interview, cell, status == "leased")
            for key, interview, cell, status in rows
        ]

    def _list_rows(self, statement: str, *parameters: str | int) -> list[case_records.CaseRow]:
        return self._db.read_as(
            case_records.decode_case_row, "the list of cases", statement, parameters
        )


def build_rows_query(
    values: Mapping[str, str], *, limit: int | None
) -> tuple[str, tuple[str | int, ...]]:
    """Build the statement, with its parameters, for the cases with these values of columns.

    They are in the order of the sample.
    """
    conditions = ""
    # Cases with these statuses are few and have indexes of their own, which an engine uses only if
    # the status is written in the statement.
    status = values.get("status")
    if status in ("leased", "held"):
        conditions += f" AND status = '{status}'"

    for column in values:
        if column == "status":
            conditions += f" AND {sql.STATUS} = ?"
        else:
            conditions += f" AND {column} = ?"

    if limit is None:
        return sql.ROWS.format(and_also=conditions, limit=""), tuple(values.values())
    return sql.ROWS.format(and_also=conditions, limit=" LIMIT ?"), (*values.values(), limit)


def _make_rough_pattern(unified: str, spellings: Sequence[tuple[str, str]]) -> str:
    """Make a pattern of a text in which letters with another spelling are any letters."""
    varying = {replacement for _, replacement in spellings}
    pattern = ""
    for letter in unified:
        if letter in varying:
            pattern += "_%"
        else:
            pattern += _escape_like(letter)
    return pattern


def _build_unified_words(spellings: Sequence[tuple[str, str]]) -> str:
    """Build the expression that does in SQL what `case_records.unify_spelling` does."""
    expression = "k.words"
    for spelling, replacement in spellings:
        old = quote_literal(spelling)
        new = quote_literal(replacement)
        expression = f"replace({expression}, {old}, {new})"
    return expression


def _escape_like(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


MAX_QUEUED: Final = 1_000
"""Due cases that become ready in one commit."""
BATCH_SIZE: Final = 250
"""Queue positions written in one commit, for which an interviewer's answer waits some
milliseconds."""
BATCHES_FOLDED: Final = 40
"""Commits after which what they added to the counts is folded, which takes as long as one of them
or two."""
CaseRefusal: TypeAlias = case_records.CaseConflict | case_records.LeaseLost
"""Why an update of a case was not written."""


class CaseStore:
    """The cases of one study.

    Methods raise StoreError, and ValueError for a case that must exist and does not.
    """

    def __init__(self, connector: Connector) -> None:
        self._db = connector
        self.queries = CaseQueries(connector)
        self.counts = LiveCounts(connector)
        self.imports = SampleImports(connector)
        self.quotas = QuotaPlaces(connector)

    @retry_once
    def queue_due_cases(self, at: datetime, *, limit: int = MAX_QUEUED) -> int:
        """Make at most `limit` waiting cases ready that are due, and return their number.

        Where none is due, nothing is written.
        """
        time = encode_timestamp(at)
        if not self._db.read(sql.HAS_DUE, (time,)):
            return 0
        return self._db.run(sql.QUEUE_DUE[self._db.dialect], (time, limit))

    @retry_once
    def expire_leases(self, at: datetime) -> dict[str, case_records.LeaseHolder]:
        """End every lease that has expired, and return who had which case.

        The event is dated when the lease ended. Quota places that the case's interview holds stay
        with it for a time, as it can be resumed: see `fieldwork.queue.quota_holds`. The queue
        position of each case must then be computed again: see `CaseQueries.list_stale_rows`.
        """
        time = encode_timestamp(at)
        expired: dict[str, case_records.LeaseHolder] = {}
        for key, by, station, until, token in self._db.read(sql.EXPIRED_LEASES, (time,)):
            holder = case_records.LeaseHolder(by, station, decode_timestamp(until))
            with self._db.transaction() as execute:
                has_ended = _end_expired_lease(execute, key, holder, token, time)
            if has_ended:
                expired[key] = holder
        return expired

    @retry_once
    def claim(
        self,
        bucket: str,
        lease: case_records.Lease,
        at: datetime,
        *,
        appointment_before: datetime | None = None,
    ) -> case_records.CaseRow | None:
        """Claim the first ready case of a bucket in one statement; None where there is none.

        With `appointment_before` only cases with an appointment at that time or earlier are
        claimed. A call with the same lease again, after one whose end was not seen, returns the
        same case.
        """
        statements = sql.CLAIM
        parameters = [*case_records.encode_lease(lease), encode_timestamp(at), bucket]
        if appointment_before is not None:
            statements = sql.CLAIM_APPOINTMENT
            parameters.append(encode_timestamp(appointment_before))

        with self._db.transaction() as execute:
            # with this token: the same call before has claimed the case, and its reply was lost
            rows = execute(sql.BY_TOKEN, (lease.token,)).fetchall()
            if not rows:
                rows = execute(statements[self._db.dialect], parameters).fetchall()
                if rows:
                    key, _, seq, *_ = rows[0]
                    entry = case_records.encode_entry(_make_claim_entry(lease, at))
                    execute(sql.ADD_EVENT, (key, seq, *entry))

        if not rows:
            return None
        with translate_decoding_errors(self._db.where, "the list of cases"):
            return case_records.decode_case_row(rows[0])

    @retry_once
    def claim_case(
        self, key: str, lease: case_records.Lease, at: datetime, *, moves: bool = False
    ) -> case_records.CaseRow | case_records.LeaseHolder | None:
        """Claim a case by its key, whatever its queue position.

        Returns the holder if another station has it, and None if there is no such case. The present
        holder, at the same station, continues the attempt under the new lease. With `moves`, the
        same person also takes it over from another station, which can't write to it any more: its
        token is no longer that of the lease.
        """
        time = encode_timestamp(at)
        holder = case_records.LeaseHolder(lease.by, lease.station, lease.until)
        with self._db.transaction() as execute:
            locked = execute(sql.LOCK_ROW[self._db.dialect], (key,)).fetchall()
            if not locked:
                return None

            row, token, _ = self._decode_locked_row(locked[0])
            if row.holder is not None:
                is_same_person = row.holder.by == lease.by
                may_continue = moves or row.holder.station == lease.station
                if is_same_person and may_continue:
                    until = encode_timestamp(lease.until)
                    execute(sql.TAKE_OVER, (lease.token, lease.station, until, key))
                    return row._replace(holder=holder)
                if not _end_expired_lease(execute, key, row.holder, token, time):
                    return row.holder
                row = row._replace(seq=row.seq + 1)  # the end of the lease is an event too

            seq = row.seq + 1
            lease_columns = case_records.encode_lease(lease)
            execute(sql.CLAIM_CASE, (seq, row.position.status, *lease_columns, time, key))
            entry = case_records.encode_entry(_make_claim_entry(lease, at))
            execute(sql.ADD_EVENT, (key, seq, *entry))
            return row._replace(seq=seq, status="leased", holder=holder, updated_at=at)

    def list_never_call(self, key: str, *, at: datetime, reason: str, by: str) -> None:
        """Have the server put the numbers of a case on the do-not-call list.

        This account can't read the numbers. A database file does nothing.
        """
        if self._db.dialect == "postgresql":
            self._db.run(sql.LIST_NEVER_CALL, (key, encode_timestamp(at), reason, by))

    @retry_once
    def renew_lease(self, key: str, token: str, until: datetime) -> bool:
        """Extend the lease of a case. Returns False if the lease is another one by now."""
        return bool(self._db.run(sql.RENEW, (encode_timestamp(until), key, token)))

    def check_lease(self, fence: case_records.LeaseToken) -> case_records.LeaseLost | None:
        """Return LeaseLost, with the present holder, if the case's lease is another one by now."""
        if self._db.read(sql.HAS_LEASE, fence):
            return None

        row = self.queries.find_row(fence.case)
        if row is None:
            return case_records.LeaseLost(fence.case, None)
        return case_records.LeaseLost(fence.case, row.holder)

    @retry_once
    def update(self, update: case_records.CaseUpdate) -> CaseRefusal | None:
        """Write an update in a transaction of its own.

        Where it returns a conflict, nothing was written.
        """
        with self._db.transaction() as execute:
            return self.update_within(execute, update)

    def update_within(
        self, execute: Execute, update: case_records.CaseUpdate
    ) -> CaseRefusal | None:
        """Write an update within a transaction.

        Where it returns a conflict, nothing was written.
        """
        key = update.key
        seq = update.seq
        entries = update.entries
        lines = [case_records.encode_entry(entry) for entry in entries]

        row, token, link = self._lock_case(execute, key)
        # first of all: after a lost reply, the same update comes again and may have ended the lease
        if _is_already_written(execute, key, seq, entries, lines):
            return None
        if not _may_write(update, token, row.holder):
            return case_records.LeaseLost(key, row.holder)
        if row.seq != seq:
            return self._make_conflict(execute, key, seq)

        for number, line in enumerate(lines, seq + 1):
            execute(sql.ADD_EVENT, (key, number, *line))
        last = seq + len(lines)
        if lines:
            execute(sql.ADVANCE, (last, lines[-1][2], key))

        for entry in entries:
            event = entry.event
            if isinstance(event, CaseSampled):
                execute(sql.SET_FRAME_AND_REPLICATE, (event.frame, event.replicate, key))
        if update.queue_position is not None:
            _write_queue_position(execute, key, update.queue_position, last)
        _write_contact(execute, update, link)

        if update.release and row.holder is not None:
            execute(sql.RELEASE, (key,))
        elif update.renew_until is not None and update.token is not None:
            execute(sql.RENEW, (encode_timestamp(update.renew_until), key, update.token))

        interview, cells = update.places
        if interview:
            take_places_within(execute, interview, cells, entries[-1].at)
        add_tasks_within(execute, update.follow_up_tasks)
        return None

    def erase(
        self, key: str, *, seq: int, entries: Sequence[HistoryEntry], queue_position: QueuePosition
    ) -> CaseRefusal | None:
        """Erase the texts of a case, its contact and the fingerprint of its sample row.

        `entries` is its whole history from now on: first its present `seq` events, with other texts
        alone, then the event that records the erasure. Afterwards call `Maintenance.scrub`;
        interviews are erased separately. Returns LeaseLost while a station has the case. Raises
        ValueError if `entries` is not a rewritten version of its history.
        """
        with self._db.transaction() as execute:
            row, _, link = self._lock_case(execute, key)
            if row.holder is not None:
                return case_records.LeaseLost(key, row.holder)
            if row.seq != seq:
                return self._make_conflict(execute, key, seq)

            lines = [case_records.encode_entry(entry) for entry in entries]
            stored = execute(sql.HISTORY, (key,)).fetchall()
            check_rewriting(
                f"case {key}: this is not its history",
                [_drop_payload(line) for line in stored],
                [_drop_payload(line) for line in lines],
            )

            for number, line in enumerate(lines, 1):
                if number <= len(stored):
                    execute(
                        "UPDATE case_events SET payload = ? WHERE case_key = ? AND seq = ?",
                        (line[1], key, number),
                    )
                else:
                    execute(sql.ADD_EVENT, (key, number, *line))

            last = len(lines)
            execute(sql.ADVANCE, (last, lines[-1][2], key))
            _write_queue_position(execute, key, queue_position, last)
            execute("UPDATE cases SET link = '', mark = '' WHERE key = ?", (key,))
            if link:
                execute(sql.DROP_CONTACT, (link,))
        return None

    def update_queue_positions(
        self, positions: Iterable[tuple[str, int, QueuePosition]], *, pause: Pause = None
    ) -> int:
        """Write new queue positions in short commits, and return how many were written.

        Each is given with the case's key and the number of the last event from which it was
        computed. Cases with a later event, or with a lease, are left unchanged. `pause` is called
        between commits.
        """
        updated = 0
        batches = 0
        source = iter(positions)
        while batch := list(islice(source, BATCH_SIZE)):
            batches += 1
            if updated and pause is not None:
                pause()

            lines = [
                (*case_records.encode_queue_position(position), position.status, key, seq)
                for key, seq, position in sorted(batch)
            ]
            with self._db.transaction() as execute:
                updated += self._db.run_many(sql.UPDATE_POSITION, lines)
                if batches % BATCHES_FOLDED == 0:
                    fold_counts(execute)
        return updated

    @retry_once
    def release_places(self, key: str, interview: str, seq: int) -> bool:
        """Give back the quota places of an interview that nobody conducts at present.

        Returns False if it had none, or if somebody has written, or is writing, to its case.

        The caller has decided by the case's first `seq` events. The row of the case is locked, so
        that an interviewer who resumes the interview at the same time either finds its places or
        sees that they are gone.
        """
        if not self.quotas.has_places(interview):
            return False
        with self._db.transaction() as execute:
            row, _, _ = self._lock_case(execute, key)
            if row.holder is not None or row.seq != seq:
                return False
            take_places_within(execute, interview, (), row.updated_at)
        return True

    def find_holder_within(self, execute: Execute, key: str) -> case_records.LeaseHolder | None:
        """Return who has a case, or None if it is free or not imported.

        Nobody claims it until the transaction ends.
        """
        locked = execute(sql.LOCK_ROW[self._db.dialect], (key,)).fetchall()
        if not locked:
            return None

        row, _, _ = self._decode_locked_row(locked[0])
        return row.holder

    def _lock_case(self, execute: Execute, key: str) -> tuple[case_records.CaseRow, str, str]:
        """Lock the row of a case until the transaction ends.

        Returns the row, its lease's token, and the link of its contact.
        """
        locked = execute(sql.LOCK_ROW[self._db.dialect], (key,)).fetchall()
        if not locked:
            raise ValueError(f"there is no case {key!r}")
        return self._decode_locked_row(locked[0])

    def _decode_locked_row(self, row: Sequence[Any]) -> tuple[case_records.CaseRow, str, str]:
        *columns, token, link = row
        with translate_decoding_errors(self._db.where, "the list of cases"):
            return case_records.decode_case_row(columns), token, link

    def _make_conflict(self, execute: Execute, key: str, seq: int) -> case_records.CaseConflict:
        rows = execute(sql.EVENT, (key, seq + 1)).fetchall()
        if not rows:
            raise ValueError(f"case {key} has no event {seq} yet")
        kind, by, station, at = rows[0]
        with translate_decoding_errors(self._db.where, f"event {seq + 1} of case {key}"):
            return case_records.CaseConflict(key, seq + 1, kind, by, station, decode_timestamp(at))


def _may_write(
    update: case_records.CaseUpdate, token: str, holder: case_records.LeaseHolder | None
) -> bool:
    """Whether an update may be written to a case with this token and this holder of its lease."""
    if update.token is not None:
        has_right = token == update.token
    else:
        has_right = update.force or holder is None
    if not has_right:
        return False

    if update.if_expired_at is None:
        return True
    return holder is not None and holder.until <= update.if_expired_at


def _drop_payload(line: Sequence[str]) -> tuple[str, ...]:
    """Return kind, time, author and station of an encoded entry, which erasing leaves."""
    kind, _, at, by, station, *_ = line
    return kind, at, by, station


def _write_queue_position(execute: Execute, key: str, position: QueuePosition, last: int) -> None:
    """Write a queue position, and a part of the counts, both computed up to the event `last`."""
    columns = case_records.encode_queue_position(position)
    execute(sql.SET_POSITION, (*columns, last, last, position.status, key))


def _write_contact(execute: Execute, update: case_records.CaseUpdate, link: str) -> None:
    """Write the contact and the fingerprint of an update. `link` is that of the present contact."""
    contact = update.contact
    if contact is not None:
        if link and link != contact.link:
            execute(sql.DROP_CONTACT, (link,))
        # first the link, by which a server knows whose contact an interviewer may write
        execute("UPDATE cases SET link = ? WHERE key = ?", (contact.link, update.key))
        execute(sql.KEEP_CONTACT, case_records.encode_contact(contact))
    if update.fingerprint is not None:
        execute("UPDATE cases SET mark = ? WHERE key = ?", (update.fingerprint, update.key))


def _make_claim_entry(lease: case_records.Lease, at: datetime) -> HistoryEntry:
    return HistoryEntry(at, lease.by, lease.station, CaseClaimed())


def _end_expired_lease(
    execute: Execute, key: str, holder: case_records.LeaseHolder, token: str, time: str
) -> bool:
    """End a lease that has expired. Returns False if it hasn't, or is another one by now."""
    updated = execute(sql.EXPIRE_LEASE, (key, token, time)).fetchall()
    if updated:
        entry = HistoryEntry(holder.until, holder.by, holder.station, CaseReturned("lapsed"))
        execute(sql.ADD_EVENT, (key, updated[0][0], *case_records.encode_entry(entry)))
    return bool(updated)


def _is_already_written(
    execute: Execute,
    key: str,
    seq: int,
    entries: Sequence[HistoryEntry],
    lines: Sequence[tuple[str, ...]],
) -> bool:
    """Whether the history has these entries already, by their keys or by position and content."""
    entry_keys = [entry.key for entry in entries if entry.key]
    if not entry_keys:
        stored = [
            tuple(line)
            for line in execute(sql.EVENTS_FROM, (key, seq, seq + len(lines))).fetchall()
        ]
        return bool(stored) and stored == list(lines)
    known = [
        entry_key
        for entry_key in entry_keys
        if execute(sql.HAS_EVENT_KEY, (key, entry_key)).fetchall()
    ]
    if known and len(known) < len(entry_keys):
        raise ValueError(f"case {key}: {known[0]!r} was written before, with other entries")
    return bool(known)
