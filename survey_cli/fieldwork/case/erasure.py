"""What does an event of a case say once its words have left it? Outcomes, codes, times, numbers' positions and by whom
stay, so that the case counts as it did; it decides nothing about who wants that.
"""

from collections.abc import Collection
from typing import Any, Final

from survey_cli.fieldwork.case.events import EVENT_KINDS, Entry, Sampled

WORDS: Final = frozenset({"note", "text", "why", "person", "reason", "who"})
"""Fields of events in which somebody's own words stand, or who a person is."""
WHY_FIXED: Final = frozenset({"returned", "erased", "anonymised"})
"""Kinds of events whose `why` is no word about the respondent."""


def blank(entry: Entry, *, columns: Collection[str] | None) -> Entry:
    """The entry without notes, reasons and persons; of the sample's columns only these stay, or all where none are
    named."""
    event = entry.event
    kind = EVENT_KINDS[type(event)]
    fields = {name: "" for name in _worded(entry) if not (name == "why" and kind in WHY_FIXED)}
    if isinstance(event, Sampled) and columns is not None:
        kept = {name: value for name, value in event.columns.items() if name in columns}
        return entry._replace(event=event._replace(columns=kept))
    if not fields:
        return entry
    changed: Any = event
    return entry._replace(event=changed._replace(**fields))


def noted(entry: Entry) -> int:
    """How many notes and persons' names it holds."""
    return sum(name != "why" for name in _worded(entry))


def _worded(entry: Entry) -> list[str]:
    """The fields of its event that hold words."""
    event = entry.event
    said = zip(event._fields, event, strict=True)
    return [name for name, value in said if name in WORDS and isinstance(value, str) and value]
