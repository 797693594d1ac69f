"""Is there still a place in the quota for the one who is on the line? Asked when the last answer that decides the cell is
given; the cell is fieldwork's to find, the place the store's to hold.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.quotas import OUTSIDE
from survey_cli.store import Store

OPEN: Final = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The places of one study, as a desk asks for them."""

    store: Store
    plan: Plan
    clock: Callable[[], datetime]

    def __call__(self, id: str, interview: Interview, quota: str) -> str:
        """`open`, and the place is held until the interview closes; `full`; `outside`."""
        wanted = next((q for q in self.plan.quotas.quotas if q.id == quota), None)
        if wanted is None:
            return OPEN
        cell = wanted.cell(interview.machine.walk.env)
        if cell is None:
            return OPEN
        if cell == OUTSIDE:
            return "outside"
        if wanted.soft:
            return OPEN
        held = self.store.cases.hold(id, {cell: wanted.cells[cell].target}, self.clock())
        return OPEN if held[cell] else "full"
