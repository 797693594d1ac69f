"""Reproducible file timestamps: the time of the last entry in the data, never of the clock.

The same data then make the same file.
"""

from datetime import UTC, datetime
from typing import Final

DEFAULT_TIMESTAMP: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""The time for data without timestamps: the earliest that a zip archive can store."""
MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905


def format_day(time: datetime) -> str:
    """Return day and month as SPSS and Stata write them: `09 Nov`."""
    return f"{time.day:02} {MONTHS[time.month - 1]}"
