"""Read-only queries of cases: rows, histories, contacts, queue, search, and counts of all cases."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from typing import Final

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.appointments.due_times import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.call_order import CaseGroup
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.errors import translate_decoding_errors
from survey_cli.store.cases import case_records
from survey_cli.store.cases import case_statements as sql

UNMATCHABLE_TEXT: Final = "\x01"
"""A pattern that matches no name and no number."""


class CaseQueries:
    """Queries of the cases of one study. Methods raise StoreError."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector

    # One case

    def find_row(self, key: str) -> case_records.CaseRow | None:
        """Return the row of a case; None where there is no such case."""
        return next(iter(self._list_rows(sql.ROW, key)), None)

    def read_history(self, key: str) -> list[HistoryEntry]:
        """Return the events of a case in order; an empty list where there is no such case."""
        return self._db.read_as(case_records.decode_entry, f"the history of case {key}", sql.HISTORY, (key,))

    def list_work(self, by: str, since: datetime) -> list[tuple[str, HistoryEntry]]:
        """Return the events that one interviewer has written to cases since then, each with the case's key, in order."""
        at = encode_timestamp(since)
        return self._db.read_as(
            lambda row: (row[0], case_records.decode_entry(row[1:])), f"the calls of {by}", sql.WORK_SINCE, (by, at, at)
        )

    def list_accounts(self, key: str) -> list[str]:
        """Return the account that wrote each event of a case, in order; empty texts for events of earlier versions."""
        return [account for (account,) in self._db.read(sql.ACCOUNTS, (key,))]

    def find_contact(self, key: str) -> case_records.Contact | None:
        """Return the contact of a case; None where there is none, or it was erased."""
        what = f"the contact of case {key}"
        contacts = self._db.read_as(lambda row: case_records.decode_contact(*row), what, sql.CONTACT, (key,))
        return contacts[0] if contacts else None

    # Queue

    def list_queue_heads(self) -> list[case_records.QueueHead]:
        """Return the buckets with a ready case, each with the sort key of its first case."""
        return [case_records.QueueHead(*row) for row in self._db.read(sql.HEADS)]

    def find_appointment_head(self, bucket: str, *, appointment_before: datetime) -> case_records.QueueHead | None:
        """Return the first case of a bucket among those with an appointment at that time or earlier."""
        rows = self._db.read(sql.HEAD_SINCE, (bucket, encode_timestamp(appointment_before)))
        return case_records.QueueHead(bucket, rows[0][0]) if rows else None

    def list_waiting_rows(self, *, limit: int) -> list[case_records.CaseRow]:
        """Return waiting cases, the first due first."""
        return self._list_rows(sql.DUE_NEXT, limit)

    def list_stale_rows(self, *, limit: int = 1_000) -> list[case_records.CaseRow]:
        """Return cases whose queue position is older than their last event, because their lease expired."""
        return self._list_rows(sql.STALE, limit)

    # Lists

    def iterate_rows(self, *, limit: int | None = None, **columns: str | None) -> Iterator[case_records.CaseRow]:
        """Stream the rows of the cases that have all the given values, in the order of the sample.

        The values are those of text columns of `case_statements.ROW_COLUMNS`, such as the status; None is any. All are
        read as of the time of the first.
        """
        conditions = {column: value for column, value in columns.items() if value is not None}
        with translate_decoding_errors(self._db.where, "the list of cases"):
            for row in self._db.stream(*sql.build_rows_query(conditions, limit=limit)):
                yield case_records.decode_case_row(row)

    def iterate_keys(self) -> Iterator[str]:
        """Stream the keys of all cases, sorted."""
        return (key for (key,) in self._db.stream(sql.KEYS))

    def count_cases(self) -> int:
        """Count all cases."""
        return sum(count.cases for count in self.count_by_outcome())

    def list_appointments(self, *, owner: str | None = None) -> list[case_records.CaseRow]:
        """Return the cases with an appointment, the one that ends first first; of one owner, or of all."""
        condition, parameters = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        return self._list_rows(sql.APPOINTMENTS.format(and_also=condition), *parameters)

    def list_due_appointments(self, before: datetime, *, limit: int) -> list[case_records.CaseRow]:
        """Return the queued cases with an appointment before that time, the one that ends first first."""
        return self._list_rows(sql.DUE_APPOINTMENTS, encode_timestamp(before), limit)

    def list_queue(self, buckets: Iterable[str], *, limit: int) -> list[case_records.CaseRow]:
        """Return the ready cases of these buckets in calling order."""
        queues = [self._list_rows(sql.QUEUE, bucket, limit) for bucket in buckets]
        return list(islice(merge(*queues, key=lambda row: (row.rank, row.key)), limit))

    def iterate_histories(
        self, *, until: datetime | None = None, corrected: bool = False
    ) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """Stream every case's key and history, sorted by the key, all as of one time.

        With `until` events that happened later are left out. With `corrected` only cases are included whose outcome a
        supervisor has corrected.
        """
        condition, parameters = ("", ()) if until is None else (" AND at <= ?", (encode_timestamp(until),))
        return self._stream_histories(condition + (sql.HAS_CORRECTION if corrected else ""), *parameters)

    def iterate_active_histories(self) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """Stream the key and history of every case that a station has claimed, or one of whose numbers was marked.

        They are sorted by the key, all as of one time. A million untouched cases cost little.
        """
        return self._stream_histories(sql.WITH_ACTIVITY)

    def _stream_histories(self, condition: str, *parameters: str) -> Iterator[tuple[str, list[HistoryEntry]]]:
        rows = self._db.stream(sql.HISTORIES.format(and_also=condition), parameters)
        with translate_decoding_errors(self._db.where, "the histories of cases"):
            for key, events in groupby(rows, key=lambda row: str(row[0])):
                yield key, [case_records.decode_entry(row[1:]) for row in events]

    def iterate_contacts(self) -> Iterator[tuple[str, case_records.Contact]]:
        """Stream the key and contact of every case that has a contact, in the order of the sample."""
        with translate_decoding_errors(self._db.where, "the contacts"):
            for key, link, details in self._db.stream(sql.CONTACTS):
                yield key, case_records.decode_contact(link, details)

    def search(self, text: str, *, limit: int = 50) -> list[case_records.CaseSearchResult]:
        """Search the cases whose key, name, personal columns or telephone numbers contain this text.

        A part of a number has three digits at least, without the zeros before a national number. Words are compared
        without accents and with `case_records.SPELLINGS`.
        """
        words = case_records.fold_text(text.strip())
        if not words:
            return []
        digits = "" if any(map(str.isalpha, text)) else case_records.extract_digits(text).lstrip("0")
        key_or_words = f"%{_escape_like(words)}%"
        number = f"%{digits}%" if len(digits) >= 3 else UNMATCHABLE_TEXT
        unified = case_records.unify_spelling(words)
        spellings = [pair for pair in case_records.SPELLINGS if pair[1] in unified]
        varying = {pair[1] for pair in spellings}
        letters = "".join("_%" if letter in varying else _escape_like(letter) for letter in unified)
        patterns = (key_or_words, key_or_words, number, f"%{letters}%", f"%{_escape_like(unified)}%")
        return self._db.read_as(
            case_records.decode_search_result, "the contacts", sql.build_search(spellings), (*patterns, limit)
        )

    # All cases together

    def count_by_outcome(self) -> list[case_records.OutcomeCount]:
        """Count the cases of each combination of status, outcome and code."""
        return [case_records.OutcomeCount(*row) for row in self._db.read(sql.COUNTS)]

    def count_groups(self, at: datetime) -> list[CaseGroup]:
        """Count all cases by what decides whether they may be called at this time."""
        rows = self._db.read(sql.GROUPS, (encode_timestamp(at), encode_timestamp(at - OWNER_FIRST_PERIOD)))
        return [
            CaseGroup(status, bucket, why, bool(has_appointment), bool(is_anybodys), cases)
            for status, bucket, why, has_appointment, is_anybodys, cases in rows
        ]

    # Interviews and their cases

    def list_closed_interviews(self, *, leased: bool) -> list[str]:
        """Return the newest interviews of cases, where they are finished.

        With `leased` those are included whose case a station still has, else those whose case seems not to record
        their outcome.
        """
        statement = sql.CLOSED_INTERVIEWS_LEASED if leased else sql.CLOSED_INTERVIEWS_UNRECORDED
        return [interview for (interview,) in self._db.read(statement)]

    def _list_rows(self, statement: str, *parameters: str | int) -> list[case_records.CaseRow]:
        return self._db.read_as(case_records.decode_case_row, "the list of cases", statement, parameters)


def _escape_like(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
