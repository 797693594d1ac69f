"""Reproducible file timestamps: the time of the last entry in the data, never of the clock.

The same data then make the same file.
"""

from datetime import UTC, datetime
from typing import Final

DEFAULT_TIMESTAMP: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""Of data without a moment: the first day that a zip archive knows."""
MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905


def format_day(moment: datetime) -> str:
    """Day and month as SPSS and Stata write them: `09 Nov`."""
    return f"{moment.day:02} {MONTHS[moment.month - 1]}"
