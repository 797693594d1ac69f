"""Simulation of fieldwork through real station sessions, on a clock that jumps from one action to the next.

For the same seed, actions happen in the same order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.calendar.zones import to_utc
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.sessions.station.open_station import build_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.simulate.fieldwork.households import Household, Propensities
from survey_cli.simulate.fieldwork.interviewers import ActionTimes, SimulatedInterviewer, SimulationContext
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.study.open_study import OpenStudy

SHIFT_MINUTES: Final = 6 * 60
"""Longest shift in minutes; on a longer day, one shift starts it and the next ends it."""
ITEM_SECONDS: Final = 12.0
TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldworkSettings:
    """What is simulated."""

    starts: date
    days: int
    """Calendar days."""
    seed: int = 1
    zone: ZoneInfo
    """The time zone of the stations."""
    propensities: Propensities = field(default_factory=Propensities)
    habits: Habits = field(default_factory=Habits)
    item_seconds: float = ITEM_SECONDS
    """Average seconds per item of an interview."""


@dataclass(order=True, slots=True)
class AgendaEntry:
    """Which interviewer acts next, and when."""

    at: datetime
    number: int
    """The interviewer's number; of two at the same time, the lower one acts first."""
    action_times: ActionTimes = field(compare=False)


class StationSimulation:
    """Fieldwork of a study: its clock, its interviewers, and who of them acts next."""

    def __init__(self, study: OpenStudy, interviewers: Sequence[Interviewer], settings: FieldworkSettings) -> None:
        self.study = study
        self.settings = settings
        self.at = self._to_utc(settings.starts)
        self._households: dict[str, Household] = {}
        context = SimulationContext(
            clock=self.clock,
            find_household=self._find_household,
            calendar=study.plan.calendar,
            zone=settings.zone,
            habits=settings.habits,
            item_seconds=settings.item_seconds,
        )
        self.interviewers = tuple(
            SimulatedInterviewer(who, context, Random(f"{settings.seed}\0interviewer\0{number}"))
            for number, who in enumerate(interviewers)
        )
        self.agenda = [
            AgendaEntry(self.at, number, self.iterate_shifts(number)) for number in range(len(self.interviewers))
        ]
        heapify(self.agenda)

    def clock(self) -> datetime:
        """Return the current time; no time is returned twice."""
        self.at += TICK
        return self.at

    @property
    def end(self) -> datetime:
        """Midnight after the last day."""
        return self._to_utc(self.settings.starts + timedelta(days=self.settings.days))

    def _to_utc(self, day: date, minute: int = 0) -> datetime:
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        return to_utc(self.settings.zone.key, wall).astimezone(UTC)

    def _find_household(self, key: str, numbers: int) -> Household:
        if key not in self._households:
            self._households[key] = Household.draw(
                key,
                numbers,
                seed=self.settings.seed,
                propensities=self.settings.propensities,
                frame=self.study.plan.frame,
                languages=self.study.instrument.languages,
            )
        return self._households[key]

    def iterate_shifts(self, number: int) -> ActionTimes:
        """Work the remaining shifts of one interviewer, each at a station of its own."""
        calendar, settings = self.study.plan.calendar, self.settings
        for day in (settings.starts + timedelta(days=n) for n in range(settings.days)):
            hours = calendar.find_hours(day)
            if hours is None or calendar.explain_closed_day(day):
                continue
            early = number % 2 == 0
            begins = self._to_utc(day, hours.start if early else max(hours.start, hours.end - SHIFT_MINUTES))
            ends = self._to_utc(day, min(hours.end, hours.start + SHIFT_MINUTES) if early else hours.end)
            if ends <= self.at:
                continue
            yield max(begins, self.at)
            yield from self.interviewers[number].work_shift(self.open_station(number), ends)

    def open_station(self, number: int) -> StationSession:
        """Open a station for this interviewer's shift."""
        return build_station(
            self.study,
            self.interviewers[number].who,
            f"station {number + 1}",
            clock=self.clock,
            zone=self.settings.zone,
            rng=Random(f"{self.settings.seed}\0station\0{number}\0{self.at.isoformat()}"),
        )

    def step(self) -> bool:
        """Let the next interviewer act; returns False where no interviewer has anything left to do."""
        if not self.agenda:
            return False
        turn = heappop(self.agenda)
        self.at = max(self.at, turn.at)
        following = next(turn.action_times, None)
        if following is not None:
            heappush(self.agenda, AgendaEntry(following, turn.number, turn.action_times))
        return True

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """Run to the end. `progress` receives the number of days that have passed."""
        began, reported = self.at, 0
        while self.step():
            days = (self.at - began).days
            if progress is not None and days > reported:
                progress(days)
                reported = days
        self.at = max(self.at, self.end)
