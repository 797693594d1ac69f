"""The entries in a study's journal, and whether they are what was keyed."""

import json
from collections.abc import Sequence
from pathlib import Path

from crash.script import Step
from support import postgres_server
from support.stored_interviews import sql

ENTRY_KINDS = ("answered", "declined", "confirmed", "wentto")
BEGUN = "SELECT interview, payload FROM journal WHERE kind = 'began' ORDER BY at, interview"
ENTRIES = "SELECT kind, item, payload FROM journal WHERE interview = ? ORDER BY seq"
CHANGING = 2
"""So many of the last interviews are read again each time; those before them are over."""

Entry = tuple[str, str, str]
"""Kind, item and payload."""


class Journal:
    """The entries of one interviewer."""

    def __init__(self, db: str, interviewer: str) -> None:
        self._db = db
        self._interviewer = interviewer
        self._known: dict[str, list[Entry]] = {}

    def read(self) -> list[Entry]:
        """Return all entries in their order."""
        interviews = self._list_interviews()
        entries: list[Entry] = []
        for interview in interviews:
            if interview not in self._known or interview in interviews[-CHANGING:]:
                self._known[interview] = self._read_interview(interview)
            entries += self._known[interview]
        return entries

    def forget(self) -> None:
        """Read everything again the next time."""
        self._known.clear()

    def _list_interviews(self) -> list[str]:
        interviews = []
        for interview, payload in self._ask(BEGUN):
            if json.loads(payload)["sitting"]["interviewer"] == self._interviewer:
                interviews.append(interview)
        return interviews

    def _read_interview(self, interview: str) -> list[Entry]:
        rows = self._ask(ENTRIES, interview)
        return [(kind, item, payload) for kind, item, payload in rows if kind in ENTRY_KINDS]

    def _ask(self, statement: str, *parameters: object) -> list[tuple]:
        if self._db.startswith("postgresql:"):
            return postgres_server.run_query(self._db, statement, *parameters)
        return sql(Path(self._db), statement, *parameters)


def matches(step: Step, row: Entry) -> bool:
    """Return whether a row of the journal is the entry of a step."""
    kind, item, value = step.entry
    in_payload = value in json.dumps(json.loads(row[2] or "null"))
    return row[0] == kind and row[1] == item and in_payload


def find_taken(kept: Sequence[Step], sent: Sequence[Step], rows: Sequence[Entry]) -> int | None:
    """Return how many of the steps sent the journal holds after those kept; None if it's wrong."""
    taken = len(rows) - len(kept)
    if not 0 <= taken <= len(sent):
        return None
    for step, row in zip([*kept, *sent[:taken]], rows, strict=True):
        if not matches(step, row):
            return None
    return taken
