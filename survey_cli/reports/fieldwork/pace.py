"""Pace of the fieldwork: the interviews to expect if quota cells go on as before.

A full hard cell takes no more interviews, and its respondents are turned away. The total is
therefore never more than the quotas allow, however fast the others go. `survey status --forecast`
simulates the rest of the fieldwork instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import inf
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.fieldwork.plan.plan import CellFill, Quotas
from survey_cli.figures import NamedFigure

PACE_DAYS: Final = 7
"""The pace of the fieldwork is that of so many last days."""
MAX_FORECAST_DAYS: Final = 1000
"""A date further away than that is not forecast."""
DAY: Final = timedelta(days=1)
_SEARCH_STEPS: Final = 40
"""Halvings of `MAX_FORECAST_DAYS`, down to less than a second."""


PACE: Final = NamedFigure(
    "pace",
    "Complete interviews per calendar day, as in the last seven days.",
    "status, board, client's page",
)
EXPECTED: Final = NamedFigure(
    "expected",
    "Complete interviews by the end of the last day of calling, if the pace stays as it is: not"
    " more than the target, and than the hard quotas allow.",
    "status, board, client's page",
)


class Pace(NamedTuple):
    """How the fieldwork continues if it goes on as in the last days."""

    per_day: float
    """Complete interviews per calendar day."""
    ends: date | None
    """The last day of calling."""
    expected: int | None
    """Complete interviews by the end of that day, not more than the target and than the quotas
    allow."""
    reached: date | None
    """The day on which the target is reached; None if there is no target, or it is too far
    away."""
    most: int | None = None
    """The most complete interviews that the hard quotas allow, if these are fewer than the
    target."""
    expected_by_cell: Mapping[str, int] = {}
    """Complete interviews in each quota cell by the end of the last day; empty without a last
    day."""

    def describe(self) -> str:
        """Return `12.4 a day: the target on Wed 16 Dec`, or `6.1 a day: 583 by Sat 19 Dec`."""
        words = f"{self.per_day:,.1f} a day"
        if self.reached is not None and (self.ends is None or self.reached <= self.ends):
            return f"{words}: the target on {format_short_day(self.reached)}"
        limit = f"the quotas allow {self.most:,}" if self.most is not None else ""
        if self.ends is None or self.expected is None:
            return f"{words}: {limit}" if limit else words
        words = f"{words}: {self.expected:,} by {format_short_day(self.ends)}"
        return f"{words}; {limit}" if limit else words


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceInput:
    """What the pace is computed from, as of one point in time."""

    now: datetime
    """On the viewer's clock."""
    complete: int
    target: int | None
    completes: Mapping[datetime, int]
    """Complete interviews of the last `PACE_DAYS`, by quarter of an hour."""
    completes_by_cell: Mapping[str, int] = field(default_factory=dict)
    """Complete interviews of these days in each quota cell."""
    fill: Mapping[str, CellFill] = field(default_factory=dict)


def build_pace(data: PaceInput, quotas: Quotas, ends: date | None) -> Pace | None:
    """Build the pace; None if no interview was completed in the last days."""
    if not data.completes:
        return None
    since = max(min(data.completes), data.now - timedelta(days=PACE_DAYS))
    length = max((data.now - since) / DAY, 1.0)
    limit = quotas.find_limit(data.fill)
    projection = _Projection(
        quotas=quotas,
        most=limit.interviews if limit is not None else inf,
        fill=data.fill,
        per_day=sum(data.completes.values()) / length,
        per_day_by_cell={cell: number / length for cell, number in data.completes_by_cell.items()},
    )
    days_left: float | None = None
    if ends is not None:
        end = datetime.combine(ends + DAY, time.min, data.now.tzinfo)
        days_left = max((end - data.now) / DAY, 0.0)
    reached = None
    missing = max(data.target - data.complete, 0) if data.target is not None else None
    if missing:
        days = projection.find_days(missing)
        reached = (data.now + timedelta(days=days)).date() if days is not None else None
    most: int | None = None
    if limit is not None and missing is not None and limit.interviews < missing:
        most = data.complete + limit.interviews
    expected: int | None = None
    expected_by_cell: dict[str, int] = {}
    if days_left is not None:
        more = projection.count_interviews(days_left)
        expected = data.complete + round(min(more, missing) if missing is not None else more)
        for cell in quotas.cells:
            taken = data.fill.get(cell, CellFill()).completes
            expected_by_cell[cell] = taken + round(projection.count_in_cell(cell, days_left))
    return Pace(projection.per_day, ends, expected, reached, most, expected_by_cell)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Projection:
    """Further interviews after so many days, with every cell at its own pace."""

    quotas: Quotas
    fill: Mapping[str, CellFill]
    most: float
    """The most further interviews that the quotas allow."""
    per_day: float
    per_day_by_cell: Mapping[str, float]

    def count_in_cell(self, cell_id: str, days: float) -> float:
        """Return the further interviews in a cell; in a hard one at most its free places."""
        cell = self.quotas.cells[cell_id]
        more = self.per_day_by_cell.get(cell_id, 0.0) * days
        if cell.soft:
            return more
        taken = self.fill.get(cell_id, CellFill()).completes
        return min(more, max(cell.target - taken, 0))

    def count_interviews(self, days: float) -> float:
        """Return the further interviews: the fewest of what each hard quota lets through."""
        totals = [self.per_day * days, self.most]
        for quota in self.quotas.quotas:
            if quota.soft:
                continue
            inside = sum(self.count_in_cell(cell, days) for cell in quota.cells)
            pace_inside = sum(self.per_day_by_cell.get(cell, 0.0) for cell in quota.cells)
            outside = max(self.per_day - pace_inside, 0.0) * days
            totals.append(inside + outside)
        return min(totals)

    def find_days(self, interviews: int) -> float | None:
        """Return the days that so many further interviews take; None if they are too many."""
        low = 0.0
        high = float(MAX_FORECAST_DAYS)
        # sums of fractions may stay below a whole number
        wanted = interviews - 1e-6
        if self.count_interviews(high) < wanted:
            return None
        for _ in range(_SEARCH_STEPS):
            middle = (low + high) / 2
            if self.count_interviews(middle) < wanted:
                low = middle
            else:
                high = middle
        return high
