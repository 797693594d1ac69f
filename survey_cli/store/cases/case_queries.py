"""Read-only queries of cases: rows, histories, contacts, queue, search, and counts of all cases."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from typing import Any, Final

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.appointments.due_times import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.call_order import CaseGroup
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.decoding import translate_decoding_errors
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.case_records import (
    CaseCounts,
    CaseRow,
    CaseSearchResult,
    Contact,
    OutcomeCount,
    QueueHead,
    StoredCaseStatus,
)
from survey_cli.store.cases.case_row_mapping import (
    decode_case_row,
    decode_contact,
    decode_entry,
    extract_digits,
    fold_text,
)

UNMATCHABLE_TEXT: Final = "\x01"
"""A pattern that matches no name and no number."""


class CaseQueries:
    """Queries of the cases of one study."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector

    # One case

    def find_row(self, key: str) -> CaseRow | None:
        """The row of a case; None where there is no such case."""
        found = self.decode_rows(self._db.read(sql.ROW, (key,)))
        return found[0] if found else None

    def read_history(self, key: str) -> list[HistoryEntry]:
        """The events of a case in order; empty where there is no such case."""
        rows = self._db.read(sql.HISTORY, (key,))
        with translate_decoding_errors(self._db.where, f"the history of case {key}"):
            return [decode_entry(row) for row in rows]

    def list_calls(self, by: str, since: datetime) -> list[HistoryEntry]:
        """The calls that one interviewer closed since then, in order."""
        at = encode_timestamp(since)
        rows = self._db.read(sql.CALLS_SINCE, (by, at, at))
        with translate_decoding_errors(self._db.where, f"the calls of {by}"):
            return [decode_entry(row) for row in rows]

    def list_accounts(self, key: str) -> list[str]:
        """The account that wrote each event, in their order; empty for events of earlier versions."""
        return [account for (account,) in self._db.read(sql.ACCOUNTS, (key,))]

    def find_contact(self, key: str) -> Contact | None:
        """The contact of a case; None where there is none, or it was erased."""
        found = self._db.read(sql.CONTACT, (key,))
        with translate_decoding_errors(self._db.where, f"the contact of case {key}"):
            return decode_contact(*found[0]) if found else None

    # Queue

    def list_queue_heads(self) -> list[QueueHead]:
        """The buckets with a ready case, each with the sort key of its first case."""
        return [QueueHead(bucket, rank) for bucket, rank in self._db.read(sql.HEADS)]

    def find_appointment_head(self, bucket: str, *, promised_before: datetime) -> QueueHead | None:
        """The first case of a bucket among those with an appointment at that time or earlier."""
        found = self._db.read(sql.HEAD_SINCE, (bucket, encode_timestamp(promised_before)))
        return QueueHead(bucket, found[0][0]) if found else None

    def list_waiting_rows(self, *, limit: int) -> list[CaseRow]:
        """Waiting cases, the first due first."""
        return self.decode_rows(self._db.read(sql.DUE_NEXT, (limit,)))

    def list_stale_rows(self, *, limit: int = 1_000) -> list[CaseRow]:
        """Cases whose queue position is older than their last event because their lease expired."""
        return self.decode_rows(self._db.read(sql.STALE, (limit,)))

    # Lists

    def iterate_rows(
        self,
        *,
        status: StoredCaseStatus | None = None,
        code: str | None = None,
        outcome: str | None = None,
        bucket: str | None = None,
        owner: str | None = None,
        frame: str | None = None,
        replicate: str | None = None,
        limit: int | None = None,
    ) -> Iterator[CaseRow]:
        """Those of which all that is given holds, in the sample's order; one at a time in little memory, all as they
        stood when the first was taken.
        """
        columns: Mapping[str, str | None] = {
            "status": status,
            "code": code,
            "outcome": outcome,
            "bucket": bucket,
            "owner": owner,
            "frame": frame,
            "replicate": replicate,
        }
        wanted = {column: value for column, value in columns.items() if value is not None}
        with translate_decoding_errors(self._db.where, "the list of cases"):
            for row in self._db.stream(*sql.build_rows_query(wanted, limit=limit)):
                yield decode_case_row(row)

    def iterate_keys(self) -> Iterator[str]:
        """The keys of all cases, sorted."""
        return (key for (key,) in self._db.stream(sql.KEYS))

    def iterate_fingerprints(self) -> Iterator[tuple[str, str]]:
        """Every case's key with the fingerprint of its sample row, sorted by the key."""
        return ((key, mark) for key, mark in self._db.stream(sql.MARKS))

    def count_cases(self) -> CaseCounts:
        """Count the cases of each status, outcome and code."""
        sums: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
        for *kinds, count in self._db.read(sql.COUNTS):
            for found, kind in zip(sums, kinds, strict=True):
                found[kind] = found.get(kind, 0) + count
        return CaseCounts(*sums)

    def list_appointments(self, *, owner: str | None = None) -> list[CaseRow]:
        """Cases with an appointment, the one that ends first first; of one owner, or of all."""
        also, given = ("", ()) if owner is None else (" AND owner = ?", (owner,))
        return self.decode_rows(self._db.read(sql.APPOINTMENTS.format(and_also=also), given))

    def list_queue(self, buckets: Iterable[str], *, limit: int) -> list[CaseRow]:
        """Ready cases of these buckets in calling order."""
        several = [self.decode_rows(self._db.read(sql.QUEUE, (bucket, limit))) for bucket in buckets]
        return list(islice(merge(*several, key=lambda row: (row.rank, row.key)), limit))

    def iterate_histories(
        self, *, until: datetime | None = None, corrected: bool = False
    ) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """Every case's key and history, sorted by the key, one at a time, all as they stood at one moment; with `until`
        without what happened later. `corrected`: only of cases the outcome of which a supervisor corrected.
        """
        also, given = ("", ()) if until is None else (" AND at <= ?", (encode_timestamp(until),))
        also += sql.HAS_CORRECTION if corrected else ""
        rows = self._db.stream(sql.HISTORIES.format(and_also=also), given)
        with translate_decoding_errors(self._db.where, "the histories of cases"):
            for key, events in groupby(rows, key=lambda row: str(row[0])):
                yield key, [decode_entry(row[1:]) for row in events]

    def iterate_contacts(self) -> Iterator[tuple[str, Contact]]:
        """Every known case's key and contact, in the sample's order."""
        with translate_decoding_errors(self._db.where, "the contacts"):
            for key, link, details in self._db.stream(sql.CONTACTS):
                yield key, decode_contact(link, details)

    def search(self, text: str, *, limit: int = 50) -> list[CaseSearchResult]:
        """Somebody rings back: the cases whose key, name or personal columns hold this text, or of which a number
        is this one or a part of it (three digits at least, without the zeros that stand before them in a country).
        """
        words = fold_text(text.strip())
        digits = "" if any(map(str.isalpha, text)) else extract_digits(text).lstrip("0")
        like = [f"%{_escape_like(words)}%" if words else UNMATCHABLE_TEXT] * 2
        like.append(f"%{digits}%" if len(digits) >= 3 else UNMATCHABLE_TEXT)
        rows = self._db.read(sql.SEARCH, (*like, limit))
        with translate_decoding_errors(self._db.where, "the contacts"):
            found = [(decode_case_row(row), decode_contact("", details) if details else None) for *row, details in rows]
        return [
            CaseSearchResult(
                row, contact.name if contact else "", tuple(n.display for n in contact.numbers) if contact else ()
            )
            for row, contact in found
        ]

    # All cases together

    def count_by_outcome(self) -> list[OutcomeCount]:
        """How many cases there are of each status, outcome and code together."""
        return [OutcomeCount(*row) for row in self._db.read(sql.COUNTS)]

    def count_groups(self, at: datetime) -> list[CaseGroup]:
        """All cases by what decides at this moment whether they may be called."""
        rows = self._db.read(sql.GROUPS, (encode_timestamp(at), encode_timestamp(at - OWNER_FIRST_PERIOD)))
        return [
            CaseGroup(status, bucket, why, bool(promised), bool(anybodys), cases)
            for status, bucket, why, promised, anybodys, cases in rows
        ]

    def iterate_active_histories(self) -> Iterator[tuple[str, list[HistoryEntry]]]:
        """The key and history of every case that a station took, or a number of which was marked; sorted by the key, all
        as they stood at one moment.
        """
        rows = self._db.stream(sql.HISTORIES.format(and_also=sql.WITH_ACTIVITY), ())
        with translate_decoding_errors(self._db.where, "the histories of cases"):
            for key, events in groupby(rows, key=lambda row: str(row[0])):
                yield key, [decode_entry(row[1:]) for row in events]

    # Interviews and their cases

    def list_closed_interviews(self, *, leased: bool) -> list[str]:
        """The newest interviews of cases, where they are finished: those whose case a station still has; else those whose
        case seems not to say so.
        """
        return [
            id for (id,) in self._db.read(sql.CLOSED_INTERVIEWS_LEASED if leased else sql.CLOSED_INTERVIEWS_UNRECORDED)
        ]

    def decode_rows(self, rows: Iterable[Sequence[Any]]) -> list[CaseRow]:
        """Decode rows with the columns of `case_statements.ROW_COLUMNS`."""
        with translate_decoding_errors(self._db.where, "the list of cases"):
            return [decode_case_row(row) for row in rows]


def _escape_like(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
