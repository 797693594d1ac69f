"""JSON encoding of case events, with the event's kind beside it.

It opens no file: whoever stores a history receives the text.
"""

import json
from collections.abc import Mapping
from datetime import date, time
from typing import Any, Final

from survey_cli.fieldwork.case.events import EVENT_KINDS, CaseEvent, CaseSampled, NumberAdded, NumberFacts
from survey_cli.values import Value

EVENT_TYPES: Final[dict[str, type[Any]]] = {kind: event for event, kind in EVENT_KINDS.items()}


class CaseEventDecodeError(ValueError):
    """The text is no event, or one that only a newer version understands."""


def encode_case_event(event: CaseEvent) -> tuple[str, str]:
    """Return the event's kind, and its other fields as one JSON object without defaults."""
    defaults = type(event)._field_defaults
    fields = {name: value for name, value in event._asdict().items() if name not in defaults or value != defaults[name]}
    return EVENT_KINDS[type(event)], json.dumps(
        fields, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_encode_other
    )


def _encode_other(value: object) -> object:
    match value:
        case date():
            return {"date": value.isoformat()}
        case time():
            return {"time": value.isoformat()}
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"{type(value).__name__} has no place in a case's history")


def decode_case_event(kind: str, payload: str) -> CaseEvent:
    """Decode an event. Raises CaseEventDecodeError."""
    event_type = EVENT_TYPES.get(kind)
    if event_type is None:
        raise CaseEventDecodeError(f"{kind!r} is no event of this version")
    try:
        fields = json.loads(payload)
        if event_type is CaseSampled:
            fields["columns"] = {name: decode_value(value) for name, value in fields.get("columns", {}).items()}
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
