"""Places in quota cells during simulated fieldwork: reserved, counted, and given back."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from heapq import heappop, heappush

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import CellFill, Plan, find_full_cell
from survey_cli.fieldwork.queue.quota_holds import find_release_time, keeps_places
from survey_cli.fieldwork.queue.scheduling import QueuePosition


class ModelPlaces:
    """The places of all interviews of a model, by the same rules as those of the store."""

    def __init__(
        self,
        plan: Plan,
        fill: Mapping[str, CellFill],
        held_cells: Mapping[str, Collection[str]],
    ) -> None:
        """Begin with this fill, of which `held_cells` says what each interview has reserved."""
        self._plan = plan
        self.fill: dict[str, CellFill] = dict(fill)
        self._reserved_cells = {interview: set(cells) for interview, cells in held_cells.items()}
        """By interview, the cells in which it has reserved a place."""
        self._releases: list[tuple[datetime, str]] = []
        """When suspended interviews give their places back, with the keys of their cases, as a
        heap."""

    @property
    def are_all_settled(self) -> bool:
        """Whether no interview has a place that it could give back."""
        return not self._reserved_cells

    @property
    def are_all_taken(self) -> bool:
        """Whether every hard cell has its target of complete interviews.

        False if there are no such cells.
        """
        hard = {id for id, cell in self._plan.quotas.cells.items() if not cell.soft}
        return bool(hard) and hard <= self._plan.quotas.list_reached_cells(self.fill)

    def reserve(self, interview: str, cells: Iterable[str]) -> bool:
        """Reserve a place in all of these hard cells.

        False, and nothing reserved, if one is full.
        """
        reserved = self._reserved_cells.get(interview, set())
        missing = [
            cell
            for cell in cells
            if cell not in reserved and not self._plan.quotas.cells[cell].soft
        ]
        if find_full_cell(missing, self._plan.quotas.list_full_cells(self.fill)):
            return False
        for cell in missing:
            self._reserved_cells.setdefault(interview, set()).add(cell)
            self._change_fill(cell, reserved=1)
        return True

    def count_complete(self, interview: str, cells: Collection[str]) -> bool:
        """Count a complete interview in its cells; False if one of them has no place for it."""
        if not self.reserve(interview, cells):
            return False
        self.release(interview)
        for cell in cells:
            self._change_fill(cell, completes=1)
        return True

    def release(self, interview: str) -> None:
        """Give the reserved places of an interview back."""
        for cell in self._reserved_cells.pop(interview, ()):
            self._change_fill(cell, reserved=-1)

    def update(self, case: Case, position: QueuePosition, at: datetime) -> None:
        """Give back the places of a case's interview after its call, or note when this is due."""
        if case.interview not in self._reserved_cells:
            return
        case = case.end_attempt()
        if position.status == "done" or not keeps_places(case, self._plan, at):
            self.release(case.interview)
            return
        released_at = find_release_time(case, self._plan)
        if released_at is not None:
            heappush(self._releases, (released_at, case.key))

    def release_lapsed(self, cases: Mapping[str, Case], at: datetime) -> list[str]:
        """Give back the places of interviews that were left too long ago.

        Returns the keys of their cases.
        """
        released = []
        while self._releases and self._releases[0][0] <= at:
            _, key = heappop(self._releases)
            case = cases[key]
            # the interview may have been resumed or finished since
            has_places = case.interview in self._reserved_cells and case.open_attempt is None
            if has_places and not keeps_places(case, self._plan, at):
                self.release(case.interview)
                released.append(key)
        return released

    def _change_fill(self, cell: str, *, completes: int = 0, reserved: int = 0) -> None:
        before = self.fill.get(cell, CellFill())
        self.fill[cell] = CellFill(before.completes + completes, before.reserved + reserved)
