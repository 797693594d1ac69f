"""Erasure of the texts of an interview, and removal of erased texts from the files of a database.

Rewritten journals are arguments; nothing here decides what may stay.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.engine.codec import encode_record
from survey_cli.engine.events import InterviewEvent
from survey_cli.engine.machine import InterviewStatus
from survey_cli.store.backends.address import quote_identifier
from survey_cli.store.backends.connector import Connector
from survey_cli.store.cases.case_erasure import is_rewriting

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


def erase_interview(
    db: Connector, interview: str, events: Sequence[InterviewEvent], stands: tuple[InterviewStatus, str] | None
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
