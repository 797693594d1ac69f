"""Results as JSON for other programs."""

import json
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any


def render_json(value: Any) -> str:
    """Render a value as JSON: dates and times in ISO 8601 with their offset, durations in seconds."""
    return json.dumps(to_json_data(value), ensure_ascii=False, indent=1)


def to_json_data(value: Any) -> Any:
    """Convert data classes, named tuples, dates and durations to what JSON has."""
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case timedelta():
            return value.total_seconds()
        case date():
            return value.isoformat()
        case str() | int() | float() | None:
            return value
        case dict():
            return {name: to_json_data(item) for name, item in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            return to_json_data(value._asdict())
        case tuple() | list() | frozenset():
            return [to_json_data(item) for item in value]
        case _ if is_dataclass(value):
            return {field.name: to_json_data(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no place in JSON")
