"""Import of many cases, all or none, while interviewers work.

Cases are inserted in short commits and are invisible until the last one is there; then all count at
once, and enter the queue in short commits again. Rows of an abandoned import stay invisible. They
are deleted when a later import contains one of the same cases, or comes a day later; a program that
still writes the earlier import then receives an error.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.case.events import CaseSampled
from survey_cli.problems import StoreError
from survey_cli.store.backends.connector import Dialect, Parameters, Pause, StorePart
from survey_cli.store.cases.case_records import (
    ImportRow,
    NewCase,
    encode_contact,
    encode_entry,
    encode_queue_position,
)
from survey_cli.store.cases.case_statements import sql
from survey_cli.store.cases.live_counts import fold_counts

BATCH_SIZE: Final = 250
"""Cases in one commit: three rows each and their indexes, some 10 ms in which an interviewer's
answer waits."""

REFRESH_STATISTICS: Final[Mapping[Dialect, Sequence[str]]] = {
    "sqlite": ("PRAGMA analysis_limit = 400", "PRAGMA optimize"),
    "postgresql": ("ANALYZE cases",),
}
"""Statements that refresh the statistics by which the engine chooses indexes."""

ABANDONED_AFTER: Final = timedelta(days=1)
"""No import takes so long."""


class SampleImports(StorePart):
    """The samples that were imported into one study. Methods raise StoreError."""

    def add(
        self,
        batch: Iterable[NewCase],
        *,
        import_id: str,
        at: datetime,
        by: str,
        file: str,
        pause: Pause = None,
    ) -> int:
        """Add new cases, all or none, in short commits, and return their number.

        While interviewers work, use a `pause` of some 5 ms, which is called between commits. Raises
        ValueError that names the key where a case exists already or occurs twice.
        """
        oldest_alive = encode_timestamp(at - ABANDONED_AFTER)
        for (abandoned,) in self._db.read(sql.IMPORTS_BEFORE, (oldest_alive,)):
            self._abandon(abandoned)
        self.finish(pause=pause)

        if not self._db.run(sql.BEGIN_IMPORT, (import_id, encode_timestamp(at), by, file)):
            raise ValueError(f"there is an import {import_id!r} already")

        try:
            added = self._insert_cases(batch, import_id, pause)
            # this one row makes all cases count at once
            if not self._db.run(sql.MOVE_IMPORT, ("settling", import_id, "arriving")):
                raise self._make_replaced_error()
        except BaseException:
            self._abandon(import_id)
            raise

        self.finish(pause=pause)
        for statement in REFRESH_STATISTICS[self._db.dialect]:
            self._db.run(statement)
        return added

    def _insert_cases(self, batch: Iterable[NewCase], import_id: str, pause: Pause) -> int:
        source = iter(batch)
        added = 0
        [(ordinal,)] = self._db.read("SELECT coalesce(max(ordinal), 0) FROM cases")
        while cases := list(islice(source, BATCH_SIZE)):
            if added and pause is not None:
                pause()

            # sorted, so that two imports lock the same keys in the same order
            lines = sorted(
                _encode_new_case(case, ordinal + place, import_id)
                for place, case in enumerate(cases, 1)
            )
            events = [
                (case.key, seq, *encode_entry(entry))
                for case in cases
                for seq, entry in enumerate(case.entries, 1)
            ]
            contacts = [encode_contact(case.contact) for case in cases if case.contact is not None]

            while not self._insert_batch(import_id, lines, events, contacts):
                self._discard_abandoned(import_id, [case.key for case in cases], pause)

            added += len(cases)
            ordinal += len(cases)
        return added

    def _insert_batch(
        self,
        import_id: str,
        lines: Sequence[Parameters],
        events: Sequence[Parameters],
        contacts: Sequence[Parameters],
    ) -> bool:
        """Insert cases in one commit. Returns False, and inserts none, if a key exists already."""
        try:
            with self._db.transaction() as execute:
                if not execute(sql.GROW_IMPORT, (len(lines), import_id)).rowcount:
                    raise self._make_replaced_error()
                if self._db.run_many(sql.INSERT_IMPORTED_CASE, lines) != len(lines):
                    raise _DuplicateKeyError
                self._db.run_many(sql.ADD_EVENT, events)
                self._db.run_many(sql.KEEP_CONTACT, contacts)
        except _DuplicateKeyError:
            return False
        return True

    def _discard_abandoned(self, import_id: str, keys: list[str], pause: Pause) -> None:
        """Delete interrupted imports that contain these keys.

        Raises ValueError if a key is that of a case.
        """
        if len(set(keys)) < len(keys):
            raise ValueError(f"case {max(keys, key=keys.count)!r} comes twice")

        for key in keys:
            for other_import, state in self._db.read(sql.IMPORT_OF_CASE, (key,)):
                if other_import == import_id:
                    raise ValueError(f"case {key!r} comes twice")
                if state not in ("arriving", "given up"):
                    raise ValueError(f"there is a case {key!r} already")

                # first its state, so that its program gets an error and inserts no more
                self._abandon(other_import)
                while not self._delete_batch(other_import):
                    if pause is not None:
                        pause()

    def _abandon(self, import_id: str) -> None:
        self._db.run(sql.MOVE_IMPORT, ("given up", import_id, "arriving"))

    def _make_replaced_error(self) -> StoreError:
        what = "another import of the same cases has replaced this one, of which nothing is stored"
        return StoreError(
            self._db.where,
            what,
            "check whether the other one is the right one, and import again if not",
        )

    def finish(self, *, limit: int | None = None, pause: Pause = None) -> bool:
        """Continue interrupted imports: queue complete ones, delete abandoned ones.

        It ends after at most `limit` commits, and returns whether nothing is left to do.
        """
        commits = 0
        for process_batch, state in (
            (self._queue_batch, "settling"),
            (self._delete_batch, "given up"),
        ):
            for (import_id,) in self._db.read(sql.IMPORTS_IN, (state,)):
                while not process_batch(import_id):
                    commits += 1
                    if limit is not None and commits >= limit:
                        return False
                    if pause is not None:
                        pause()
        return True

    def _queue_batch(self, import_id: str) -> bool:
        """Queue one batch of cases. Returns whether none is left."""
        statement = sql.QUEUE_IMPORTED_CASES[self._db.dialect]
        with self._db.transaction() as execute:
            if execute(statement, (import_id, BATCH_SIZE)).rowcount == BATCH_SIZE:
                fold_counts(execute)
                return False

        self._db.run(sql.SETTLE_IMPORT, (import_id, import_id))
        return True

    def _delete_batch(self, import_id: str) -> bool:
        """Delete one batch of an interrupted import. Returns whether none is left."""
        with self._db.transaction() as execute:
            rows = execute(sql.IMPORTED_CASES, (import_id, BATCH_SIZE)).fetchall()
            keys = [(key,) for key, _ in rows]
            links = [(link,) for _, link in rows]
            self._db.run_many("DELETE FROM case_events WHERE case_key = ?", keys)
            self._db.run_many("DELETE FROM cases WHERE key = ?", keys)
            self._db.run_many(sql.DROP_CONTACT, links)

            if len(rows) < BATCH_SIZE:
                execute(sql.FORGET_IMPORT, (import_id,))
                return True
        return False

    def is_settling(self) -> bool:
        """Return whether cases of a complete import are not in the queue yet."""
        return bool(self._db.read(sql.IMPORTS_IN, ("settling",)))

    def list_rows(self) -> list[ImportRow]:
        """Return all imported samples, oldest first."""
        return self._db.read_as(_decode_import, "the list of imports", sql.IMPORTS)


def _decode_import(row: Sequence[Any]) -> ImportRow:
    import_id, at, by, file, cases = row
    return ImportRow(import_id, decode_timestamp(at), by, file, cases)


class _DuplicateKeyError(Exception):
    """A key of the batch exists already."""


def _encode_new_case(case: NewCase, ordinal: int, import_id: str) -> tuple[str | int | None, ...]:
    if not case.entries:
        raise ValueError(f"case {case.key!r} has no event")

    frame = ""
    replicate = ""
    for entry in case.entries:
        if isinstance(entry.event, CaseSampled):
            frame = entry.event.frame
            replicate = entry.event.replicate

    link = ""
    if case.contact is not None:
        link = case.contact.link

    # its queue position and its part of the counts are computed up to its last event
    last = len(case.entries)
    return (
        case.key,
        ordinal,
        last,
        last,
        *encode_queue_position(case.queue_position),
        frame,
        replicate,
        link,
        case.fingerprint,
        import_id,
        encode_timestamp(case.entries[-1].at),
        last,
    )
