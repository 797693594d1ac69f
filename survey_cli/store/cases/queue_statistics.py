"""How many cases are there of each kind, and what happened to those that somebody called? Figures of the whole study are
made of it; of a million cases only those that were called are read one by one.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple

from survey_cli.engine.codec import encode_moment
from survey_cli.fieldwork.appointments.due_times import MINE_FIRST
from survey_cli.fieldwork.case.events import Entry
from survey_cli.fieldwork.queue.call_order import CaseGroup
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.decoding import legible
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.case_row_mapping import read_entry

TOUCHED: Final = (
    " AND case_key IN (SELECT case_key FROM case_events WHERE kind IN ('claimed', 'called', 'numbermarked'))"
)


class Kind(NamedTuple):
    """Cases that stand alike."""

    status: str
    outcome: str
    """The outcome keyed last; empty where nothing was keyed."""
    code: str
    cases: int


class CaseFigures:
    """The cases of one study as a whole, over the store's connection. Raises StoreError."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector

    def kinds(self) -> list[Kind]:
        """How many cases there are of each status, outcome and code together."""
        return [Kind(*row) for row in self._db.read(sql.COUNTS)]

    def groups(self, at: datetime) -> list[CaseGroup]:
        """All cases by what decides at this moment whether they may be called."""
        rows = self._db.read(sql.GROUPS, (encode_moment(at), encode_moment(at - MINE_FIRST)))
        return [
            CaseGroup(status, bucket, why, bool(promised), bool(anybodys), cases)
            for status, bucket, why, promised, anybodys, cases in rows
        ]

    def touched(self) -> Iterator[tuple[str, list[Entry]]]:
        """The key and history of every case that a station took, or a number of which was marked; sorted by the key, all
        as they stood at one moment."""
        rows = self._db.stream(sql.HISTORIES.format(and_also=TOUCHED), ())
        with legible(self._db.where, "the histories of cases"):
            for key, events in groupby(rows, key=lambda row: str(row[0])):
                yield key, [read_entry(row[1:]) for row in events]
