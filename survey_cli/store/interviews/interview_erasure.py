"""Erasure of the texts of an interview: payloads are overwritten in place, so that counts, times and codes stay.

Rewritten journals are arguments; nothing here decides what may stay.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.engine.codec import encode_record
from survey_cli.engine.events import InterviewEvent
from survey_cli.engine.machine import InterviewStatus
from survey_cli.store.backends.connector import Connector
from survey_cli.store.cases.case_store import is_rewriting

JOURNAL: Final = "SELECT kind, item, turn, at, by, station FROM journal WHERE interview = ? ORDER BY seq"
REWRITE_LINE: Final = "UPDATE journal SET payload = ? WHERE interview = ? AND seq = ?"
ADD_LINE: Final = """
    INSERT INTO journal (interview, seq, kind, item, turn, payload, at, by, station, account)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, own_account())
"""
SET_LAST_SEQ: Final = "UPDATE interviews SET last_seq = ? WHERE id = ?"
SET_STATUS: Final = "UPDATE interviews SET status = ?, outcome = ?, at_item = '', answered = 0 WHERE id = ?"
DERIVED_TABLES: Final = ("snapshots", "contacts", "drafts")


def erase_interview(
    db: Connector, interview: str, events: Sequence[InterviewEvent], new_status: tuple[InterviewStatus, str] | None
) -> None:
    """Rewrite the journal of an interview; `InterviewStore.erase` says what each argument is."""
    lines = [encode_record(event) for event in events]
    with db.transaction() as execute:
        stored = execute(JOURNAL, (interview,)).fetchall()
        if not is_rewriting(
            stored, [(line.kind, line.item, line.turn, line.at, line.by, line.station) for line in lines]
        ):
            raise ValueError(f"interview {interview}: this is not its journal with other words")
        for seq, line in enumerate(lines, 1):
            if seq <= len(stored):
                execute(REWRITE_LINE, (line.payload, interview, seq))
            else:
                execute(ADD_LINE, (interview, seq, *line))
        execute(SET_LAST_SEQ, (len(lines), interview))
        if new_status is not None:
            execute(SET_STATUS, (*new_status, interview))
        for table in DERIVED_TABLES:
            execute(f"DELETE FROM {table} WHERE interview = ?", (interview,))
