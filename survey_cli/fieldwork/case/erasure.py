"""Removal of content from case events: notes, reasons and names go, while outcomes, codes, times and logins stay.

The case still counts as before. The caller decides when content is removed.
"""

from collections.abc import Collection
from typing import Any, Final

from survey_cli.fieldwork.case.events import EVENT_KINDS, CaseSampled, HistoryEntry

TEXT_FIELDS: Final = frozenset({"note", "text", "why", "person", "reason", "who"})
"""Fields of events that contain free text or the name of a person."""
FIXED_REASON_KINDS: Final = frozenset({"returned", "erased", "anonymised"})
"""Kinds of events whose `why` says nothing about the respondent."""


def erase_content(entry: HistoryEntry, *, columns: Collection[str] | None) -> HistoryEntry:
    """Remove notes, reasons and names from the entry.

    Of the sample's columns only these stay, or all where `columns` is None.
    """
    event = entry.event
    kind = EVENT_KINDS[type(event)]
    if isinstance(event, CaseSampled) and columns is not None:
        remaining = {name: value for name, value in event.columns.items() if name in columns}
        return entry._replace(event=event._replace(columns=remaining))
    empty_fields: dict[str, Any] = {
        name: "" for name in _list_text_fields(entry) if not (name == "why" and kind in FIXED_REASON_KINDS)
    }
    return entry._replace(event=event._replace(**empty_fields)) if empty_fields else entry


def count_notes(entry: HistoryEntry) -> int:
    """Count the notes and names in the entry."""
    return sum(name != "why" for name in _list_text_fields(entry))


def _list_text_fields(entry: HistoryEntry) -> list[str]:
    """Return the fields of the event that contain text."""
    fields = entry.event._asdict().items()
    return [name for name, value in fields if name in TEXT_FIELDS and isinstance(value, str) and value]
