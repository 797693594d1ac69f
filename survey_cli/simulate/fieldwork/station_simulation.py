"""What would some interviewers do in some days? Invented ones call invented people through real stations, on a clock that
jumps from one deed to the next: no two things happen in other order for the same seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.calendar.zones import moment_of
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.sessions.station.open_station import manned
from survey_cli.sessions.station.station import Station
from survey_cli.simulate.fieldwork.households import Chances, Household
from survey_cli.simulate.fieldwork.interviewers import Colleague, Moments, World
from survey_cli.simulate.interviews.respondents import Habits
from survey_cli.study.open_study import Study

SHIFT: Final = 6 * 60
"""Minutes of a shift, at most; where the day is longer, one begins it and the next ends it."""
SECONDS: Final = 12.0
TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fieldwork:
    """What is tried."""

    starts: date
    days: int
    """Of the calendar."""
    seed: int = 1
    zone: ZoneInfo
    """Of the stations."""
    chances: Chances = field(default_factory=Chances)
    habits: Habits = field(default_factory=Habits)
    seconds: float = SECONDS
    """For one item of an interview, on average."""


@dataclass(order=True, slots=True)
class Turn:
    """Who does something next, and when."""

    at: datetime
    number: int
    """The interviewer's; whoever comes first here goes first."""
    moments: Moments = field(compare=False)


class Field:
    """A study in the field: its clock, its interviewers, and who of them does something next."""

    def __init__(self, study: Study, interviewers: Sequence[Interviewer], tried: Fieldwork) -> None:
        self.study = study
        self.tried = tried
        self.at = self._wall(tried.starts)
        self._houses: dict[str, Household] = {}
        world = World(
            clock=self.clock,
            house=self._house,
            calendar=study.plan.calendar,
            zone=tried.zone,
            habits=tried.habits,
            seconds=tried.seconds,
        )
        self.colleagues = tuple(
            Colleague(who, world, Random(f"{tried.seed}\0interviewer\0{number}"))
            for number, who in enumerate(interviewers)
        )
        self.agenda = [Turn(self.at, number, self.career(number)) for number in range(len(self.colleagues))]
        heapify(self.agenda)

    def clock(self) -> datetime:
        """This moment; as on any clock, none is shown twice."""
        self.at += TICK
        return self.at

    @property
    def ends(self) -> datetime:
        """Midnight after the last day."""
        return self._wall(self.tried.starts + timedelta(days=self.tried.days))

    def _wall(self, day: date, minute: int = 0) -> datetime:
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        return moment_of(self.tried.zone.key, wall).astimezone(UTC)

    def _house(self, key: str, numbers: int) -> Household:
        if key not in self._houses:
            self._houses[key] = Household.of(
                key,
                numbers,
                seed=self.tried.seed,
                chances=self.tried.chances,
                frame=self.study.plan.frame,
                languages=self.study.instrument.languages,
            )
        return self._houses[key]

    def career(self, number: int) -> Moments:
        """The shifts of one interviewer that are not over yet, a station manned for each."""
        calendar, tried = self.study.plan.calendar, self.tried
        for day in (tried.starts + timedelta(days=n) for n in range(tried.days)):
            hours = calendar.hours_of(day)
            if hours is None or calendar.closed_on(day):
                continue
            early = number % 2 == 0
            begins = self._wall(day, hours.start if early else max(hours.start, hours.end - SHIFT))
            ends = self._wall(day, min(hours.end, hours.start + SHIFT) if early else hours.end)
            if ends <= self.at:
                continue
            yield max(begins, self.at)
            yield from self.colleagues[number].shift(self.man(number), ends)

    def man(self, number: int) -> Station:
        """A station for this interviewer's shift."""
        return manned(
            self.study,
            self.colleagues[number].who,
            f"station {number + 1}",
            clock=self.clock,
            zone=self.tried.zone,
            dice=Random(f"{self.tried.seed}\0station\0{number}\0{self.at.isoformat()}"),
        )

    def step(self) -> bool:
        """Let whoever is next do what they do; False where nobody does anything any more."""
        if not self.agenda:
            return False
        turn = heappop(self.agenda)
        self.at = max(self.at, turn.at)
        following = next(turn.moments, None)
        if following is not None:
            heappush(self.agenda, Turn(following, turn.number, turn.moments))
        return True

    def run(self, progress: Callable[[int], None] | None = None) -> None:
        """To the end. `progress` is told the days that are over."""
        began, told = self.at, 0
        while self.step():
            days = (self.at - began).days
            if progress is not None and days > told:
                progress(days)
                told = days
        self.at = max(self.at, self.ends)
