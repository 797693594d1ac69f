"""Parsing and formatting of dates and times, on the clock here and on the respondent's."""

from datetime import UTC, datetime, time

import typer


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def parse_time(text: str, *, option: str) -> datetime:
    """Parse `2026-11-24`, `2026-11-24 15:00` or `15:00`, which is today.

    It is on the clock here unless it has an offset. Returns UTC.
    """
    plain = text.strip()
    try:
        if ":" in plain and "-" not in plain:
            at = datetime.combine(now().astimezone(), time.fromisoformat(plain))
        else:
            at = datetime.fromisoformat(plain)
    except ValueError:
        what = f"{text!r} is not a date and time: write 2026-11-24 15:00, or 15:00 for today"
        raise typer.BadParameter(what, param_hint=option) from None
    return at.astimezone(UTC)


def _to_zone(at: datetime, zone: str) -> datetime:
    from zoneinfo import ZoneInfo  # not needed for help

    return at.astimezone(ZoneInfo(zone))


def format_here(at: datetime) -> str:
    """Format as `Tue 24 Nov 15:00`, on the clock here."""
    return _format_short(at.astimezone())


def format_clock(at: datetime, zone: str) -> str:
    """Format as `13:00`, on the respondent's clock; `?` without a zone."""
    return f"{_to_zone(at, zone):%H:%M}" if zone else "?"


def format_both(at: datetime, zone: str) -> str:
    """Format as `Tue 24 Nov 15:00 here, 13:00 there`; without a zone only here."""
    local = at.astimezone()
    if not zone:
        return f"{_format_short(local)} here"

    remote = _to_zone(at, zone)
    if remote.replace(tzinfo=None) == local.replace(tzinfo=None):
        return f"{_format_short(local)} here and there"
    respondent_time = _format_short(remote)
    if remote.date() == local.date():
        respondent_time = f"{remote:%H:%M}"
    return f"{_format_short(local)} here, {respondent_time} there"


def _format_short(at: datetime) -> str:
    from survey_cli.fieldwork.calendar.calendar import format_short_day

    return f"{format_short_day(at.date())} {at:%H:%M}"
