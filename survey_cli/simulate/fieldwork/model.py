"""Model of a study's fieldwork in memory, driven by the functions of `fieldwork`.

It uses no station session, so that weeks of calling take seconds. It reads of a stored study only
the cases that are called. No answers leave it, and it writes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Protocol

from survey_cli.fieldwork.calendar.zones import make_wall_time, to_utc
from survey_cli.fieldwork.case.events import CaseClaimed, HistoryEntry
from survey_cli.fieldwork.plan.plan import CellFill, Interviewer, People, Plan
from survey_cli.fieldwork.queue.call_order import CallOrder
from survey_cli.fieldwork.queue.memory_queue import MemoryQueue, QueueSource
from survey_cli.fieldwork.queue.scheduling import QueuePosition, schedule_case
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.reports.fieldwork.simulation_report import InterviewerRow
from survey_cli.simulate.fieldwork import behavior
from survey_cli.simulate.fieldwork.calls import ModelCalls
from survey_cli.simulate.fieldwork.model_records import COMPLETE_CODE, ModelRecords
from survey_cli.simulate.fieldwork.quota_places import ModelPlaces
from survey_cli.simulate.fieldwork.shifts import ShiftWork
from survey_cli.simulate.fieldwork.staff import ModelInterviewer


class StoredCases(QueueSource, Protocol):
    """The queue and the histories of a study's cases, as `CaseQueries` of the store reads them."""

    def read_history(self, key: str) -> list[HistoryEntry]:
        """Return the events of a case in order."""


@dataclass(frozen=True, slots=True)
class FieldworkStart:
    """The study, and its cases as they are when the simulation begins."""

    instrument: Instrument
    plan: Plan
    people: People
    histories: Iterable[tuple[str, Sequence[HistoryEntry]]]
    fill: Mapping[str, CellFill] = field(default_factory=dict)
    """Interviews in each quota cell."""
    held_cells: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By interview, quota cells in which it holds a place. The histories of their cases are in
    `histories`."""
    at: datetime | None = None
    """The time at which it begins; None for midnight before the first day."""
    queue: StoredCases | None = None
    """The queue of all other cases; None if there are no others."""
    callable_counts: Mapping[str, int] = field(default_factory=dict)
    """Number of cases in `queue` by claim criteria."""
    complete: int = 0
    """Complete interviews of cases that are not in `histories`."""


class FieldworkModel:
    """A study's fieldwork in memory: its parts, the time, and the ends that it comes to.

    The queue, the quota places, the records and the calls are parts with their own state; the model
    claims for them and moves the time on.
    """

    def __init__(
        self,
        start: FieldworkStart,
        staff: Sequence[Interviewer],
        settings: behavior.FieldworkSettings,
        *,
        target: int | None = None,
        stops_early: bool = False,
    ) -> None:
        """Prepare the days to come.

        With `stops_early` they end once `target` interviews are complete, every hard cell is full,
        or no case is left to call.
        """
        self.instrument = start.instrument
        self.plan = start.plan
        self.people = start.people
        self.settings = settings
        self.target = target
        self.stops_early = stops_early
        self.reached_at: datetime | None = None
        """When the target was reached."""
        self.filled_at: datetime | None = None
        """When every hard quota cell was full."""
        self.exhausted_at: datetime | None = None
        """When no case was left that an interviewer may call, now or later."""
        self.interrupted = False
        self.days = 0
        """Days that have passed."""

        self._stored = start.queue
        self._records = ModelRecords(
            start.histories,
            at=start.at or self._find_midnight(settings.starts),
            zone=settings.zone,
            complete=start.complete,
        )
        self._places = ModelPlaces(start.plan, start.fill, start.held_cells)
        self._queue = MemoryQueue(
            start.queue, callable_counts=start.callable_counts, known=self._records.cases
        )
        # interviews are with eligible respondents: households draw who is eligible
        habits = replace(settings.habits, qualify=1.0)
        self._calls = ModelCalls(
            start.instrument, start.plan, settings, habits, self._records, self._places
        )
        for key in self._records.cases:
            position = self._update_position(key)
            if position.code == COMPLETE_CODE:
                self._records.complete += 1
            self._places.update(self._records.cases[key], position, self.at)
        self._check_target()

        self.interviewers = tuple(
            ModelInterviewer(
                who,
                number,
                Random(f"{settings.seed}\0interviewer\0{number}"),
                InterviewerRow(who.login),
            )
            for number, who in enumerate(staff)
        )

    # what it comes to

    @property
    def at(self) -> datetime:
        """The time now."""
        return self._records.at

    @at.setter
    def at(self, at: datetime) -> None:
        self._records.at = at

    @property
    def histories(self) -> dict[str, list[HistoryEntry]]:
        """The histories of all cases that were read."""
        return self._records.histories

    @property
    def fill(self) -> Mapping[str, CellFill]:
        """Interviews in each quota cell."""
        return self._places.fill

    @property
    def complete(self) -> int:
        """Complete interviews, including those before the start."""
        return self._records.complete

    @property
    def working_days(self) -> int:
        """Days with at least one call."""
        return len(self._records.by_day)

    @property
    def end(self) -> datetime:
        """Midnight after the last day."""
        return self._find_midnight(self.settings.starts + timedelta(days=self.settings.days))

    @property
    def simulated_days(self) -> int:
        """Days simulated: fewer than requested if it was interrupted."""
        return self.days if self.interrupted else self.settings.days

    def _find_midnight(self, day: date) -> datetime:
        return to_utc(self.settings.zone.key, make_wall_time(day, 0))

    # the days

    def run(self, progress: Callable[[int, int, int], None] | None = None) -> None:
        """Run to the end, or until interrupted from the keyboard.

        `progress` receives how many days have passed, of how many, and how many interviews are
        complete.
        """
        shifts = [
            ShiftWork(agent, self, self.plan.calendar, self.settings).work()
            for agent in self.interviewers
        ]

        agenda = [(self.at, agent.number) for agent in self.interviewers]
        began = self.at
        try:
            while agenda and not self._is_over:
                at, number = heappop(agenda)
                # whoever began earlier may have moved the time past it
                self.at = max(self.at, at)
                complete = self.complete
                following = next(shifts[number], None)
                if self.complete > complete:
                    self._check_target()
                if following is not None:
                    heappush(agenda, (following, number))

                days = (self.at - began).days
                if days > self.days:
                    self.days = days
                    if progress is not None:
                        progress(days, self.settings.days, self.complete)
        except KeyboardInterrupt:
            self.interrupted = True
            return
        if not self._is_over:
            self.at = max(self.at, self.end)

    @property
    def _is_over(self) -> bool:
        if not self.stops_early:
            return False
        ends = (self.reached_at, self.filled_at, self.exhausted_at)
        return any(at is not None for at in ends)

    def _check_target(self) -> None:
        """Note when the target number of interviews is complete, and when no cell takes more."""
        if self.filled_at is None and self._places.are_all_taken:
            self.filled_at = self.at
        if self.reached_at is None and self.target and self.complete >= self.target:
            self.reached_at = self.at

    # the work of interviewers: see `Workplace`

    @property
    def wrapup(self) -> timedelta:
        """The time after each call for writing it up."""
        return self.plan.wrapup

    def find_next_due_time(self) -> datetime | None:
        """Return when the next waiting case is due."""
        return self._queue.find_next_due_time()

    def claim(self, agent: ModelInterviewer) -> str | None:
        """Claim the next case for this interviewer, and return its key; None if there isn't one."""
        for key in self._places.release_lapsed(self._records.cases, self.at):
            self._update_position(key)
        self._queue.make_due(self.at)
        order = CallOrder.for_interviewer(
            self.plan, people=self.people, who=agent.who, at=self.at, fill=self.fill
        )
        claimed = self._queue.claim_first(order, skipped=agent.skipped)
        if claimed is None:
            # a place that is given back may open a cell again
            is_exhausted = self._places.are_all_settled and self._queue.is_exhausted(
                order.full_cells
            )
            if is_exhausted and self.exhausted_at is None:
                self.exhausted_at = self.at
            return None

        key = claimed.key
        if key not in self._records.cases and self._stored is not None:
            self._records.add_case(key, self._stored.read_history(key))
        self._records.append(agent, key, CaseClaimed())
        return key

    def call(self, agent: ModelInterviewer, key: str) -> behavior.ActionTimes:
        """Call a case that was claimed, and put it back into the queue."""
        yield from self._calls.call(agent, key)
        position = self._update_position(key)
        self._places.update(self._records.cases[key], position, self.at)

    def _update_position(self, key: str) -> QueuePosition:
        """Put a case into the queue where it belongs now, and return its position."""
        case = self._records.cases[key]
        position = schedule_case(case, self.plan, self.at)
        self._queue.put(key, case.seq, position)
        return position
