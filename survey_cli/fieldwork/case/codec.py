"""JSON encoding of case events, and removal of content from them.

It opens no file: whoever stores a history receives the text. The removal leaves outcomes, codes,
times and logins, so that the case still counts as before; the caller decides when content is
removed.
"""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, Final

from survey_cli.fieldwork.case.events import (
    EVENT_KINDS,
    CaseEvent,
    CaseSampled,
    HistoryEntry,
    NumberAdded,
    NumberFacts,
)
from survey_cli.values import Value

EVENT_TYPES: Final[dict[str, type[Any]]] = {kind: event for event, kind in EVENT_KINDS.items()}


class CaseEventDecodeError(ValueError):
    """The text is no event, or one that only a newer version understands."""


def encode_case_event(event: CaseEvent) -> tuple[str, str]:
    """Return the event's kind, and its other fields as one JSON object without defaults."""
    defaults = type(event)._field_defaults
    fields = {
        name: value
        for name, value in event._asdict().items()
        if name not in defaults or value != defaults[name]
    }
    encoder = json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=encode_other
    )
    return EVENT_KINDS[type(event)], encoder.encode(fields)


def encode_other(value: object) -> object:
    """Encode a value that JSON has no form for: a date or a time of a sample column, a mapping.

    Raises TypeError.
    """
    match value:
        case datetime():
            raise TypeError(f"a sample column is a date or a time, not both: {value}")
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a case's history")


@lru_cache(maxsize=4096)
def decode_case_event(kind: str, payload: str) -> CaseEvent:
    """Decode an event. Most cases have the same few. Raises CaseEventDecodeError."""
    event_type = EVENT_TYPES.get(kind)
    if event_type is None:
        raise CaseEventDecodeError(f"{kind!r} is no event of this version")
    try:
        fields = json.loads(payload)
        if event_type is CaseSampled:
            fields["columns"] = {
                name: decode_value(value) for name, value in fields.get("columns", {}).items()
            }
            fields["numbers"] = tuple(map(_decode_number, fields.get("numbers", ())))
        elif event_type is NumberAdded:
            fields["number"] = _decode_number(fields["number"])

        event: CaseEvent = event_type(**fields)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CaseEventDecodeError(f"no {kind} event: {payload[:60]!r}") from error
    return event


def _decode_number(encoded: list[Any]) -> NumberFacts:
    position, line, zones = encoded
    return NumberFacts(position, line, tuple(zones))


def decode_value(encoded: Any) -> Value:
    """Decode a sample column's value from its JSON. Raises ValueError."""
    match encoded:
        case {"date": str(text)}:
            return date.fromisoformat(text)
        case {"time": str(text)}:
            return time.fromisoformat(text)
        case list():
            return tuple(encoded)
        case int() | float() | str():
            return encoded
        case _:
            raise ValueError(f"no value: {encoded!r}")


TEXT_FIELDS: Final = frozenset({"note", "text", "why", "person", "reason", "who"})
"""Fields of events that contain free text or the name of a person."""
FIXED_REASON_KINDS: Final = frozenset({"returned", "erased", "anonymised"})
"""Kinds of events whose `why` says nothing about the respondent."""


def erase_content(entry: HistoryEntry, *, columns: Collection[str] | None) -> HistoryEntry:
    """Remove notes, reasons and names from the entry.

    Of the sample's columns only the given ones stay, or all if `columns` is None.
    """
    event = entry.event
    kind = EVENT_KINDS[type(event)]
    if isinstance(event, CaseSampled) and columns is not None:
        remaining = {name: value for name, value in event.columns.items() if name in columns}
        return entry._replace(event=event._replace(columns=remaining))

    empty_fields: dict[str, Any] = {}
    for name in _list_text_fields(entry):
        is_fixed = name == "why" and kind in FIXED_REASON_KINDS
        if not is_fixed:
            empty_fields[name] = ""
    if not empty_fields:
        return entry
    return entry._replace(event=event._replace(**empty_fields))


def count_notes(entry: HistoryEntry) -> int:
    """Count the notes and names in the entry."""
    return len([name for name in _list_text_fields(entry) if name != "why"])


def _list_text_fields(entry: HistoryEntry) -> list[str]:
    """Return the fields of the event that contain text."""
    return [
        name
        for name, value in entry.event._asdict().items()
        if name in TEXT_FIELDS and isinstance(value, str) and value
    ]
