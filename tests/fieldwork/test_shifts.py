"""Shifts without any activity."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from survey_cli.fieldwork.shifts import Shift


@pytest.mark.parametrize("zone", ["America/Chicago", "UTC", "Pacific/Auckland"])
def test_a_shift_without_activity_has_no_time_in_any_zone(zone: str) -> None:
    """Of another's shift, a person's day knows only that a station returned one of the cases."""

    def to_local(at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(zone))

    summary = Shift().summarize(to_local, {}, {})
    assert summary.until - summary.since == timedelta()
    assert summary.calls == 0
