"""Statistics of all cases: counts by status and outcome, and histories of active cases.

Only cases with activity are read one by one, so that a million untouched cases cost little.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from survey_cli.engine.codec import encode_timestamp
from survey_cli.fieldwork.appointments.due_times import OWNER_FIRST_PERIOD
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.call_order import CaseGroup
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.decoding import translate_decoding_errors
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.case_row_mapping import decode_entry

WITH_ACTIVITY: Final = (
    " AND case_key IN (SELECT case_key FROM case_events WHERE kind IN ('claimed', 'called', 'numbermarked'))"
)


class OutcomeCount(NamedTuple):
    """Cases that stand alike."""

    status: str
    outcome: str
    """The last recorded outcome; empty where there is none."""
    code: str
    cases: int


class QueueStatistics:
    """The cases of one study as a whole, over the store's connection. Raises StoreError."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector

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
        rows = self._db.stream(sql.HISTORIES.format(and_also=WITH_ACTIVITY), ())
        with translate_decoding_errors(self._db.where, "the histories of cases"):
            for key, events in groupby(rows, key=lambda row: str(row[0])):
                yield key, [decode_entry(row[1:]) for row in events]
