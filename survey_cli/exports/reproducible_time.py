"""Which day and time does a file bear that has to bear one? Those of the last entry in its data, so that the same data
make the same file; never the clock's."""

from datetime import UTC, datetime
from typing import Final

NEVER: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""Of data without a moment: the first day that a zip archive knows."""
MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())  # noqa: SIM905


def day_said(moment: datetime) -> str:
    """Day and month as SPSS and Stata write them: `09 Nov`."""
    return f"{moment.day:02} {MONTHS[moment.month - 1]}"
