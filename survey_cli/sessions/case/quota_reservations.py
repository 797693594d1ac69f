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
    """Reserves places in the quota cells of one study, for the respondents of interview sessions."""

    store: Store
    plan: Plan
    clock: Callable[[], datetime]

    def reserve_in_quota(self, interview_id: str, interview: Interview, quota_id: str) -> str:
        """Return `open`, with a place reserved until the interview closes, or `full` or `outside`."""
        quota = next((q for q in self.plan.quotas.quotas if q.id == quota_id), None)
        if quota is None:
            return OPEN
        cell = quota.find_cell(interview.machine.walk.env)
        if cell is None:
            return OPEN
        if cell == OUTSIDE_QUOTA:
            return "outside"
        if quota.soft:
            return OPEN
        target, others = quota.cells[cell].target, quota.cells.keys() - {cell}
        has_place = self.store.cases.quotas.hold(interview_id, {cell: target}, self.clock(), instead_of=others)
        return OPEN if has_place[cell] else "full"

    def reserve_cells(
        self, interview_id: str, interview: Interview, reserved: frozenset[str]
    ) -> tuple[frozenset[str], str]:
        """Reserve a place in each hard cell that is decided and that no `lookup` asks for.

        `reserved` are the cells in which this session has a place already. Returns the cells reserved now, and the
        first cell that is full or an empty text. A respondent whose route leads to another end, or whose interview
        was complete before, is not turned away. Raises StoreError.
        """
        machine = interview.machine
        stop = machine.current_stop
        is_ahead = stop is None or (earlier := machine.recorded_answers.get(stop.place)) is None or earlier.lapsed
        outcome = interview.ending or (
            str(stop.item.question.outcome)
            if stop is not None and isinstance(stop.item.question, EndItem)
            else COMPLETE
        )
        if not is_ahead or outcome != COMPLETE:
            return reserved, ""
        quotas = self._list_unasked_quotas(interview)
        targets = {cell: q.cells[cell].target for q in quotas if (cell := q.find_cell(machine.walk.env))}
        if targets.keys() == reserved or _corrects_complete_interview(interview):
            return reserved, ""
        others = {cell for quota in quotas for cell in quota.cells} - targets.keys()
        has_place = self.store.cases.quotas.hold(interview_id, targets, self.clock(), instead_of=others)
        full = next((cell for cell in sorted(has_place) if not has_place[cell]), "")
        return frozenset(cell for cell in has_place if has_place[cell]), full

    def _list_unasked_quotas(self, interview: Interview) -> list[Quota]:
        """List the hard quotas in which a place is reserved without a `lookup`.

        A quota that has a lookup waits for it; where the route passed all its lookups by, the place is reserved
        before the respondent hangs up.
        """
        lookups, is_over = (_find_lookup_items(interview.instrument), interview.ending or interview.is_after_hangup)
        looked_up = {place.item for place in interview.machine.recorded_answers} if is_over else set()
        return [
            quota
            for quota in self.plan.quotas.quotas
            if not quota.soft and (not (items := lookups.get(quota.id)) or (is_over and items.isdisjoint(looked_up)))
        ]


def _corrects_complete_interview(interview: Interview) -> bool:
    """Whether this session corrects an interview that was complete."""
    return interview.is_reopened and any(
        isinstance(event, InterviewEnded) and event.outcome == COMPLETE for event in interview.events
    )


@lru_cache(maxsize=8)
def _find_lookup_items(instrument: Instrument) -> Mapping[str, frozenset[str]]:
    """Find the items that look up a quota, by quota."""
    lookups: dict[str, set[str]] = {}
    for item_id, item in instrument.items.items():
        if isinstance(item.question, LookupItem) and item.question.quota is not None:
            lookups.setdefault(str(item.question.quota), set()).add(item_id)
    return {quota: frozenset(items) for quota, items in lookups.items()}
