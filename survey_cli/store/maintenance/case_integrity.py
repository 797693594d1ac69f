"""Integrity check of cases: rows against histories, quota counters against places.

It reads everything and repairs nothing.
"""

from collections.abc import Iterator
from typing import Final

from survey_cli.store.backends.connector import Connector
from survey_cli.store.cases.case_row_mapping import decode_contact, encode_contact
from survey_cli.store.cases.quota_places import MISCOUNTED_CELLS

GAPS: Final = """
    SELECT c.key, c.seq, count(e.seq), coalesce(min(e.seq), 0), coalesce(max(e.seq), 0)
    FROM cases c LEFT JOIN case_events e ON e.case_key = c.key
    GROUP BY c.key, c.seq
    HAVING count(e.seq) <> c.seq OR coalesce(min(e.seq), 0) <> 1 OR coalesce(max(e.seq), 0) <> c.seq
    ORDER BY c.key
"""
POSITIONS_AHEAD: Final = "SELECT key, stood, seq FROM cases WHERE stood > seq ORDER BY key"
INCONSISTENT_STATUS: Final = """
    SELECT key, status, was FROM cases
    WHERE (status = 'leased') <> (lease_until IS NOT NULL) OR (status = 'leased') <> (lease_token <> '')
        OR (status <> 'leased' AND (lease_by <> '' OR lease_station <> ''))
        OR (status = 'arriving') <> (arrival <> '') OR (status NOT IN ('leased', 'arriving') AND status <> was)
        OR (was IN ('ready', 'waiting') AND (due_at IS NULL OR rank = ''))
        OR (promised_at IS NULL) <> (promised_until IS NULL)
    ORDER BY key
"""
UNKNOWN_IMPORTS: Final = """
    SELECT key FROM cases WHERE arrival <> '' AND arrival NOT IN (SELECT id FROM imports) ORDER BY key
"""
WITHOUT_CONTACT: Final = """
    SELECT key FROM cases WHERE link <> '' AND link NOT IN (SELECT link FROM case_contacts) ORDER BY key
"""
CONTACT_COLUMNS: Final = ("link", "details", "digits", "words")
ORPHANED_CONTACTS: Final = "SELECT count(*) FROM case_contacts WHERE link NOT IN (SELECT link FROM cases)"
UNQUEUED_IMPORTS: Final = """
    SELECT i.id, count(*) FROM imports i JOIN cases c ON c.arrival = i.id
    WHERE i.state = 'settled' GROUP BY i.id ORDER BY i.id
"""

CONTACT_ROWS: Final = """
    SELECT c.key, k.link, k.details, k.digits, k.words FROM cases c JOIN case_contacts k ON k.link = c.link
    ORDER BY c.key
"""


ERRORS: Final = (
    (GAPS, "case {} should have events 1 to {}; it has {}, {} to {}"),
    (POSITIONS_AHEAD, "the queue position of case {} was computed at event {}, but the last event is {}"),
    (INCONSISTENT_STATUS, "case {} is {}, was {}, and its lease, due time or appointment is inconsistent with that"),
    (UNKNOWN_IMPORTS, "case {} belongs to an import that is not recorded"),
    (WITHOUT_CONTACT, "case {} has no contact, although one is recorded"),
)
"""Statements that find errors, with the sentence about each row."""


def find_case_integrity_errors(db: Connector) -> Iterator[str]:
    """Return one sentence for each integrity error."""
    for statement, error in ERRORS:
        yield from (error.format(*row) for row in db.read(statement))
    [(orphans,)] = db.read(ORPHANED_CONTACTS)
    if orphans:
        yield f"{orphans} contacts belong to no case"
    for key, *contact in db.stream(CONTACT_ROWS):
        try:
            derived = encode_contact(decode_contact(*contact[:2]))
        except (ValueError, TypeError, KeyError, AttributeError):
            yield f"the contact of case {key} can't be read"
            continue
        for name, stored, expected in zip(CONTACT_COLUMNS, contact, derived, strict=True):
            if stored != expected:
                yield f"the contact of case {key}: {name} does not agree with its details"
    for import_id, left in db.read(UNQUEUED_IMPORTS):
        yield f"import {import_id} is recorded as complete, and {left} of its cases are not in the queue"
    for cell, taken, held, places_taken, places_held in db.read(MISCOUNTED_CELLS):
        yield (
            f"quota cell {cell} counts {taken} taken and {held} held;"
            f" its places are {places_taken} taken and {places_held} held"
        )
