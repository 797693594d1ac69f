"""Storage of one study's interviews, cases and settings in a database.

Every event is on disk before the next question is shown. The store decides nothing: no routing, no
scheduling. An expected conflict (another station wrote first) is returned as a value; a broken
database or connection raises StoreError.
"""

from survey_cli.store.database import Store
from survey_cli.store.interviews.records import (
    EntryDraft,
    ExportRow,
    InstrumentRow,
    InterviewConflict,
    InterviewOrigin,
    InterviewRow,
    JournalUpdate,
    OfficeUpdate,
    Snapshot,
    WholeInterview,
)

__all__ = [
    "EntryDraft",
    "ExportRow",
    "InstrumentRow",
    "InterviewConflict",
    "InterviewOrigin",
    "InterviewRow",
    "JournalUpdate",
    "OfficeUpdate",
    "Snapshot",
    "Store",
    "WholeInterview",
]
