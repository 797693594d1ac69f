"""Erasure of texts from a database: payloads are overwritten in place, so that counts, times and codes stay.

Rewritten histories are arguments; nothing here judges what may stay. Afterwards the file is written anew without the
old text.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.engine.codec import encode_record
from survey_cli.engine.events import InterviewEvent
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.store.backends.address import quote_identifier
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.case_row_mapping import encode_entry, encode_queue_position
from survey_cli.store.interviews.records import InterviewStatus

REWRITE: Final = "UPDATE case_events SET payload = ? WHERE case_key = ? AND seq = ?"
CASE_EVENTS: Final = "SELECT kind, at, by, station FROM case_events WHERE case_key = ? ORDER BY seq"
UNLINK: Final = "UPDATE cases SET link = '', mark = '' WHERE key = ?"

JOURNAL: Final = "SELECT kind, item, turn, at, by, station FROM journal WHERE interview = ? ORDER BY seq"
REWRITE_LINE: Final = "UPDATE journal SET payload = ? WHERE interview = ? AND seq = ?"
ADD_LINE: Final = """
    INSERT INTO journal (interview, seq, kind, item, turn, payload, at, by, station, account)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, own_account())
"""
SET_LAST_SEQ: Final = "UPDATE interviews SET last_seq = ? WHERE id = ?"
SET_STATUS: Final = "UPDATE interviews SET status = ?, outcome = ?, at_item = '', answered = 0 WHERE id = ?"
DERIVED_TABLES: Final = ("snapshots", "contacts", "drafts")

TABLES: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"


def erase_case(
    execute: Execute, key: str, link: str, entries: Sequence[HistoryEntry], standing: QueuePosition
) -> None:
    """Within a transaction: the history as it reads from now on, the first part of it that which stands, each event's
    text alone another. Raises ValueError where it is the history of something else."""
    lines = [encode_entry(entry) for entry in entries]
    stood = execute(CASE_EVENTS, (key,)).fetchall()
    if not is_rewriting(stood, [(kind, at, by, station) for kind, _, at, by, station, _ in lines]):
        raise ValueError(f"case {key}: this is not its history with other words")
    for seq, line in enumerate(lines, 1):
        if seq <= len(stood):
            execute(REWRITE, (line[1], key, seq))
        else:
            execute(sql.ADD_EVENT, (key, seq, *line))
    execute(sql.ADVANCE, (len(lines), lines[-1][2], key))
    execute(sql.SET_POSITION, (*encode_queue_position(standing), len(lines), standing.status, key))
    execute(UNLINK, (key,))
    if link:
        execute(sql.DROP_CONTACT, (link,))


def erase_interview(
    db: Connector,
    interview: str,
    events: Sequence[InterviewEvent],
    stands: tuple[InterviewStatus, str] | None,
) -> None:
    """See `Store.erase_interview`."""
    lines = [encode_record(event) for event in events]
    with db.transaction() as execute:
        stood = execute(JOURNAL, (interview,)).fetchall()
        if not is_rewriting(
            stood, [(line.kind, line.item, line.turn, line.at, line.by, line.station) for line in lines]
        ):
            raise ValueError(f"interview {interview}: this is not its journal with other words")
        for seq, line in enumerate(lines, 1):
            if seq <= len(stood):
                execute(REWRITE_LINE, (line.payload, interview, seq))
            else:
                execute(ADD_LINE, (interview, seq, *line))
        execute(SET_LAST_SEQ, (len(lines), interview))
        if stands is not None:
            execute(SET_STATUS, (*stands, interview))
        for table in DERIVED_TABLES:
            execute(f"DELETE FROM {table} WHERE interview = ?", (interview,))


def is_rewriting(stood: Sequence[tuple[object, ...]], rewritten: Sequence[tuple[object, ...]]) -> bool:
    return bool(stood) and [tuple(row) for row in stood] == list(rewritten[: len(stood)])


def scrub(db: Connector) -> bool:
    """See `Store.scrub`."""
    if db.dialect == "postgresql":
        for (table,) in db.read(TABLES):
            db.run_autocommit(f"VACUUM FULL {quote_identifier(table)}")
        return True
    # What was written over is still found where pages were divided, even with SQLite's secure_delete.
    db.run("VACUUM")
    [(busy, *_)] = db.read("PRAGMA wal_checkpoint(TRUNCATE)")
    return not busy
