"""Erasure of the texts of a case: payloads are overwritten in place, so that counts, times and codes stay.

Rewritten histories are arguments; nothing here decides what may stay.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.store.backends.connector import Execute
from survey_cli.store.cases import case_statements as sql
from survey_cli.store.cases.case_row_mapping import encode_entry, encode_queue_position

REWRITE: Final = "UPDATE case_events SET payload = ? WHERE case_key = ? AND seq = ?"
CASE_EVENTS: Final = "SELECT kind, at, by, station FROM case_events WHERE case_key = ? ORDER BY seq"
UNLINK: Final = "UPDATE cases SET link = '', mark = '' WHERE key = ?"


def erase_case(
    execute: Execute, key: str, link: str, entries: Sequence[HistoryEntry], queue_position: QueuePosition
) -> None:
    """Rewrite the history of a case within a transaction and delete its contact, which has this `link`.

    `entries` is the whole history from now on: first the present events, with other texts alone. Raises ValueError
    where it is not.
    """
    lines = [encode_entry(entry) for entry in entries]
    stored = execute(CASE_EVENTS, (key,)).fetchall()
    if not is_rewriting(stored, [(kind, at, by, station) for kind, _, at, by, station, _ in lines]):
        raise ValueError(f"case {key}: this is not its history with other words")
    for seq, line in enumerate(lines, 1):
        if seq <= len(stored):
            execute(REWRITE, (line[1], key, seq))
        else:
            execute(sql.ADD_EVENT, (key, seq, *line))
    execute(sql.ADVANCE, (len(lines), lines[-1][2], key))
    execute(sql.SET_POSITION, (*encode_queue_position(queue_position), len(lines), queue_position.status, key))
    execute(UNLINK, (key,))
    if link:
        execute(sql.DROP_CONTACT, (link,))


def is_rewriting(stored: Sequence[tuple[object, ...]], rewritten: Sequence[tuple[object, ...]]) -> bool:
    """Whether rewritten events begin with the stored ones; both are given by all columns but the texts."""
    return bool(stored) and [tuple(row) for row in stored] == list(rewritten[: len(stored)])
