"""The shifts of simulated interviewers: when they work, look for a case, and have a break."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Protocol

from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.calendar.zones import make_wall_time, to_utc
from survey_cli.instrument.schema.hours import Hours
from survey_cli.simulate.fieldwork import behavior
from survey_cli.simulate.fieldwork.staff import ModelInterviewer


class Workplace(Protocol):
    """What interviewers need for their work. `FieldworkModel` is one.

    A test may have one without cases.

    `ShiftWork(agent, EmptyWorkplace(), calendar, settings).work()` yields when the interviewer
    looks for a case of:

        class EmptyWorkplace:
            at = monday_morning
            wrapup = timedelta()
            def claim(self, agent): return None
            def call(self, agent, key): raise AssertionError("there is no case")
            def find_next_due_time(self): return None

    The model moves `at` on before it asks for the next action.
    """

    at: datetime
    """The time now; it changes while a shift waits."""

    @property
    def wrapup(self) -> timedelta:
        """The time after each call that the study allows for writing it up."""

    def claim(self, agent: ModelInterviewer) -> str | None:
        """Claim the next case for this interviewer, and return its key; None if there isn't one."""

    def call(self, agent: ModelInterviewer, key: str) -> behavior.ActionTimes:
        """Call a case that was claimed, and give it back."""

    def find_next_due_time(self) -> datetime | None:
        """Return when the next waiting case is due."""


class ShiftWork:
    """The shifts of one interviewer."""

    def __init__(
        self,
        agent: ModelInterviewer,
        workplace: Workplace,
        calendar: Calendar,
        settings: behavior.FieldworkSettings,
    ) -> None:
        self._agent = agent
        self._workplace = workplace
        self._calendar = calendar
        self._settings = settings

    def work(self) -> behavior.ActionTimes:
        """Work on all days of the simulation: yield the time of the next action, then do it."""
        for number in range(self._settings.days):
            day = self._settings.starts + timedelta(days=number)
            hours = self._calendar.find_hours(day)
            if hours is None or self._calendar.is_closed_day(day):
                continue
            begins, ends = self._find_shift(day, hours)
            if ends > self._workplace.at:
                yield max(begins, self._workplace.at)
                yield from self._work_until(ends)

    def _find_shift(self, day: date, hours: Hours) -> tuple[datetime, datetime]:
        """Return when a shift begins and ends: even numbers begin the day, odd ones end it."""
        start = hours.start
        end = hours.end
        if self._agent.number % 2 == 0:
            end = min(hours.end, hours.start + behavior.SHIFT_MINUTES)
        else:
            start = max(hours.start, hours.end - behavior.SHIFT_MINUTES)
        zone = self._settings.zone.key
        return to_utc(zone, make_wall_time(day, start)), to_utc(zone, make_wall_time(day, end))

    def _work_until(self, until: datetime) -> Iterator[datetime]:
        """Work one shift."""
        agent = self._agent
        workplace = self._workplace
        began = workplace.at
        rested = workplace.at
        agent.log.shifts += 1
        agent.skipped.clear()
        while workplace.at < until:
            agent.log.on_duty += workplace.at - began
            began = workplace.at
            if workplace.at - rested >= behavior.BREAK_INTERVAL:
                yield workplace.at + behavior.BREAK_LENGTH
                rested = workplace.at
                continue

            key = workplace.claim(agent)
            if key is None:
                yield self._find_next_look(until)
                continue
            claimed_at = workplace.at
            yield from workplace.call(agent, key)
            if workplace.wrapup and key not in agent.skipped:
                yield workplace.at + workplace.wrapup
            agent.log.on_cases += workplace.at - claimed_at
        agent.log.on_duty += workplace.at - began

    def _find_next_look(self, until: datetime) -> datetime:
        """Find when an interviewer without a case looks for one again."""
        at = self._workplace.at
        wait = behavior.RETRY_INTERVAL
        due_at = self._workplace.find_next_due_time()
        if due_at is not None:
            wait = min(wait, due_at - at)
        # nobody looks again at once, not even at the end of the shift
        earliest = at + behavior.MIN_WAIT
        return min(max(at + wait, earliest), max(until, earliest))
