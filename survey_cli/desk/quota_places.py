"""Is there still a place in the quota for the one who is on the line? Asked when the last answer that decides the cell is
given; the cell is fieldwork's to find, the place the store's to hold.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.plan import Plan
from survey_cli.fieldwork.progress import Progress
from survey_cli.fieldwork.quotas import OUTSIDE
from survey_cli.instrument.items.quiet import End
from survey_cli.store import Store
from survey_cli.values import Missing

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

    def settle(self, id: str, interview: Interview, *, complete: bool) -> None:
        """Count a complete interview in its cells. One that came to something else lets go of its place; one that was
        put aside keeps it, as it goes on."""
        if complete:
            self.store.cases.take(id, self.plan.quotas.taken(interview.standing().env), self.clock())
        elif interview.status != "suspended":
            self.store.cases.drop(id)


def progress(interview: Interview) -> Progress:
    """How far an interview has come along its route. What the route has skipped on its way it has passed too."""
    standing, leaves = interview.standing(), interview.instrument.leaves
    asks = {name for name, leaf in leaves.items() if leaf.counted and leaf.question.asks}
    ends = {name for name, leaf in leaves.items() if isinstance(leaf.question, End)}
    settled = {place.item for place in standing.answers} - ends
    ahead = {place.item for place in standing.unreached}
    order = {name: number for number, name in enumerate(leaves)}
    first = min((order[item] for item in ahead - settled), default=len(order))
    skipped = {name for name, number in order.items() if number < first} - ends
    return Progress(
        passed=frozenset(settled | skipped),
        answered=sum(
            held.cell is not None and not isinstance(held.cell, Missing)
            for place, held in standing.answers.items()
            if place.item in asks
        ),
        asked=sum(place.item in asks for place in (*standing.answers, *standing.unreached)),
    )
