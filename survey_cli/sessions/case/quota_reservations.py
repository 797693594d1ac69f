"""Reservations in quota cells for the current respondent.

A reservation is requested as soon as what decides the cell is known: when the interview starts (sample columns), when
the last deciding answer is given, or at a `lookup` of the quota. The cell is found by `fieldwork`, the reservation is
made by the store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from survey_cli.engine.events import InterviewEnded
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import OUTSIDE_QUOTA, Quota
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import EndItem, LookupItem
from survey_cli.store import Store

OPEN: Final = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReservations:
    """The places of one study, as a desk asks for them."""

    store: Store
    plan: Plan
    clock: Callable[[], datetime]

    def __call__(self, id: str, interview: Interview, quota: str) -> str:
        """`open`, and the place is held until the interview closes; `full`; `outside`."""
        wanted = next((q for q in self.plan.quotas.quotas if q.id == quota), None)
        if wanted is None:
            return OPEN
        cell = wanted.find_cell(interview.machine.walk.env)
        if cell is None:
            return OPEN
        if cell == OUTSIDE_QUOTA:
            return "outside"
        if wanted.soft:
            return OPEN
        target, others = wanted.cells[cell].target, wanted.cells.keys() - {cell}
        held = self.store.cases.hold_quota_places(id, {cell: target}, self.clock(), instead_of=others)
        return OPEN if held[cell] else "full"

    def reserve_cells(
        self, id: str, interview: Interview, held: frozenset[str]
    ) -> tuple[frozenset[str], str]:
        """Hold a place in each hard cell that is decided and that no `lookup` asks for; `held` are those that this
        sitting holds already. Returns the cells held now, and the first that is full or nothing. A respondent who is
        led to an end of its own, or whose interview was complete, is not turned away. Raises StoreError."""
        machine = interview.machine
        stop = machine.current_stop
        ahead = (
            stop is None or (earlier := machine.recorded_answers.get(stop.place)) is None or earlier.lapsed
        )
        ends = interview.ending or (
            str(stop.leaf.question.outcome)
            if stop is not None and isinstance(stop.leaf.question, EndItem)
            else COMPLETE
        )
        if not ahead or ends != COMPLETE:
            return held, ""
        quotas = self._list_unasked_quotas(interview)
        wanted = {cell: q.cells[cell].target for q in quotas if (cell := q.find_cell(machine.walk.env))}
        if wanted.keys() == held or _corrects_complete_interview(interview):
            return held, ""
        others = {cell for quota in quotas for cell in quota.cells} - wanted.keys()
        found = self.store.cases.hold_quota_places(id, wanted, self.clock(), instead_of=others)
        full = next((cell for cell in sorted(found) if not found[cell]), "")
        return frozenset(cell for cell in found if found[cell]), full

    def _list_unasked_quotas(self, interview: Interview) -> list[Quota]:
        """The hard quotas in which a place is held without a `lookup`. A quota that has one waits for it, and is asked
        for before the respondent hangs up if the route has passed all of them by."""
        lookups, over = (
            _find_lookup_items(interview.instrument),
            interview.ending or interview.is_after_hangup,
        )
        looked_up = {place.item for place in interview.machine.recorded_answers} if over else set()
        return [
            quota
            for quota in self.plan.quotas.quotas
            if not quota.soft
            and (not (items := lookups.get(quota.id)) or (over and items.isdisjoint(looked_up)))
        ]


def _corrects_complete_interview(interview: Interview) -> bool:
    """Whether this sitting corrects an interview that counts."""
    return interview.is_reopened and any(
        isinstance(event, InterviewEnded) and event.outcome == COMPLETE for event in interview.events
    )


@lru_cache(maxsize=8)
def _find_lookup_items(instrument: Instrument) -> Mapping[str, frozenset[str]]:
    """The items that look a quota up, by the quota."""
    found: dict[str, set[str]] = {}
    for id, leaf in instrument.leaves.items():
        if isinstance(leaf.question, LookupItem) and leaf.question.quota is not None:
            found.setdefault(str(leaf.question.quota), set()).add(id)
    return {quota: frozenset(items) for quota, items in found.items()}
