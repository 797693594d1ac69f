"""Time zones that browsers send, and times in them."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

MOST_ZONE_LETTERS: Final = 64


def read_zone(text: str) -> str:
    """Return the name of a time zone, or an empty text for one that isn't known here."""
    name = text.strip()
    if not name or len(name) > MOST_ZONE_LETTERS:
        return ""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # no zone of that name, or a name such as `../../etc/passwd`
        return ""
    return name


def format_time(at: datetime, zone: str) -> str:
    """Return a time as `Tue 1 Dec 2026, 09:15`, in a zone or in that of the server."""
    local = at.astimezone(ZoneInfo(zone) if zone else None)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def format_clock(at: datetime, zone: str) -> str:
    """Return a time of today as `09:15`, in a zone or in that of the server."""
    local = at.astimezone(ZoneInfo(zone) if zone else None)
    return f"{local:%H:%M}"
