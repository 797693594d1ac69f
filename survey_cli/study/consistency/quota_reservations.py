"""Reservations in quota cells for the current respondent.

A reservation is requested as soon as what decides the cell is known: when the interview starts (sample columns), when
the last deciding answer is given, or at a `lookup` of the quota. The cell is found by `fieldwork`, the reservation is
made by the store.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from survey_cli.engine.events import InterviewEnded
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import OUTSIDE_QUOTA, Quota
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import EndItem, LookupItem
from survey_cli.samples.cases.columns import build_labels
from survey_cli.store import Store
from survey_cli.values import Place

OPEN: Final = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaReservations:
    """Reserves places in the quota cells of one study for the respondent of one interview."""

    store: Store
    plan: Plan
    clock: Callable[[], datetime]
    occupied: dict[str, int] = field(default_factory=dict)
    """The cells in which a place was reserved here, with the number of places that were occupied then."""

    def reserve_in_quota(self, interview_id: str, interview: Interview, quota_id: str) -> str:
        """Return `open`, with a place reserved until the interview closes, or `full` or `outside`."""
        quota = next((q for q in self.plan.quotas.quotas if q.id == quota_id), None)
        cell = quota.find_cell(interview.machine.walk.env) if quota is not None else None
        if cell == OUTSIDE_QUOTA:
            return "outside"
        if quota is None or cell is None or quota.soft:
            return OPEN
        target, others = quota.cells[cell].target, quota.cells.keys() - {cell}
        return OPEN if self._hold(interview_id, {cell: target}, others)[cell] else "full"

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
        end = stop.item.question if stop is not None else None
        outcome = interview.ending or (str(end.outcome) if isinstance(end, EndItem) else COMPLETE)
        if not is_ahead or outcome != COMPLETE:
            return reserved, ""
        quotas = self._list_unasked_quotas(interview)
        targets = {cell: q.cells[cell].target for q in quotas if (cell := q.find_cell(machine.walk.env))}
        if targets.keys() == reserved or _corrects_complete_interview(interview):
            return reserved, ""
        others = {cell for quota in quotas for cell in quota.cells} - targets.keys()
        occupied = self._hold(interview_id, targets, others)
        full = next((cell for cell in sorted(occupied) if not occupied[cell]), "")
        return frozenset(cell for cell in occupied if occupied[cell]), full

    def _hold(self, interview_id: str, targets: Mapping[str, int], others: Collection[str]) -> Mapping[str, int]:
        """Hold a place in each of these cells instead of the others; returns the places occupied, 0 in a full cell."""
        occupied = self.store.cases.quotas.hold(interview_id, targets, self.clock(), instead_of=others)
        for cell in others:
            self.occupied.pop(cell, None)
        self.occupied.update(occupied)
        return occupied

    def list_cells(self, interview: Interview) -> tuple[str, ...]:
        """List the cells in which the interview has a place, in words: `region North: 12 of 20`.

        The number of places is that of the reservation; it is left out where an earlier session made it. Nothing is read
        from the database.
        """
        machine = interview.machine
        lookups = _find_lookup_items(interview.instrument)
        cells: list[str] = []
        for quota in self.plan.quotas.quotas:
            cell = None if quota.soft else quota.find_cell(machine.walk.env)
            if not cell:
                continue
            words = _describe_cell(interview.instrument, quota, machine.walk.env)
            answers = (machine.recorded_answers.get(Place(item)) for item in lookups.get(quota.id, ()))
            if occupied := self.occupied.get(cell):
                cells.append(f"{words}: {occupied} of {quota.cells[cell].target}")
            elif any(answer is not None and answer.cell == OPEN and not answer.lapsed for answer in answers):
                cells.append(words)
        return tuple(cells)

    def _list_unasked_quotas(self, interview: Interview) -> list[Quota]:
        """List the hard quotas in which a place is reserved without a `lookup`.

        A quota that has a lookup waits for it; where the route passed all its lookups by, the place is reserved
        before the respondent hangs up.
        """
        lookups, is_over = _find_lookup_items(interview.instrument), interview.ending or interview.is_after_hangup
        looked_up = {place.item for place in interview.machine.recorded_answers}
        hard = [(quota, lookups.get(quota.id)) for quota in self.plan.quotas.quotas if not quota.soft]
        return [quota for quota, items in hard if not items or (is_over and items.isdisjoint(looked_up))]


def _describe_cell(instrument: Instrument, quota: Quota, env: Mapping[Any, Any]) -> str:
    """Describe the cell of these values: `region North, Urban`."""
    labels = ", ".join(_label_value(instrument, name, env[name]) for name in quota.by)
    return f"{quota.id} {labels}".strip()


def _label_value(instrument: Instrument, name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    options = instrument.items[name].options if name in instrument.items else ()
    labels: Mapping[Any, str] = {option.code: str(option.label.get(instrument.language)) for option in options}
    if name in instrument.sample:
        labels = build_labels(instrument, instrument.sample[name])
    return labels.get(value, str(value))


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
