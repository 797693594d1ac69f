"""Simulated interviewers who work a shift at a real station session.

They claim cases, dial, interview and enter outcomes as a person does; every wait is a time that is yielded to the
caller, who keeps the clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from survey_cli.entries import Prompt, ReadEntry, Rejection
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.plan.people import Interviewer
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_protocol import (
    AppointmentPolicy,
    BreakView,
    CaseView,
    IdleView,
    UnclearTime,
    WrapUpView,
)
from survey_cli.simulate.fieldwork.households import DialResult, Household
from survey_cli.simulate.interviews.respondents import ENTRY_ATTEMPTS, Habits

ActionTimes: TypeAlias = Iterator[datetime]
"""Times of the next actions."""

DIAL_SECONDS: Final[dict[DialResult, int]] = {
    "somebody": 12,
    "no_answer": 30,
    "busy": 8,
    "machine": 25,
    "disconnected": 12,
    "fax": 8,
    "wrong_number": 35,
}
"""Seconds from dialing to the result; a wrong number talks."""
LOOK_SECONDS: Final = (8, 25)
"""Seconds on a case before it is dialed."""
KEY_SECONDS: Final = 4
"""Seconds to enter an outcome."""
TALK_SECONDS: Final = (20, 90)
"""Seconds of conversation before an interview, or instead of one."""
MESSAGE_SECONDS: Final = 25
"""Seconds to leave a message."""
BREAK_INTERVAL: Final = timedelta(hours=2)
"""Time between breaks."""
BREAK_LENGTH: Final = timedelta(minutes=15)
RETRY_INTERVAL: Final = timedelta(minutes=5)
"""While no case can be called, others may return one sooner than expected."""
MIN_WAIT: Final = timedelta(seconds=10)
APPOINTMENT_DAYS: Final = 5
"""Appointments are made for today or one of the next days."""
OWNER_POLICY_WEIGHTS: Final[tuple[tuple[AppointmentPolicy, ...], tuple[int, ...]]] = (
    ("anyone", "me_first", "me"),
    (70, 20, 10),
)
UNWILLING_OUTCOMES: Final = frozenset(
    {
        "refusal_soft",
        "refusal_hard",
        "refusal_household_soft",
        "refusal_household_hard",
        "callback",
        "appointment",
        "not_eligible",
    }
)
"""Ends that a willing, eligible respondent does not reach: the answers that led there are changed."""
CHANGE_ATTEMPTS: Final = 30
"""How often the answers before one end are changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedAction:
    """An action that the station session rejected."""

    at: datetime
    by: str
    case: str
    action: str
    why: str


@dataclass(slots=True, kw_only=True)
class WorkLog:
    """What one interviewer did, as counted by their stations."""

    login: str
    shifts: int = 0
    on_duty: timedelta = timedelta()
    on_cases: timedelta = timedelta()
    calls: int = 0
    completes: int = 0
    rejected: list[RejectedAction] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationContext:
    """What the interviewers share: the clock, the people they call, the study's hours."""

    clock: Callable[[], datetime]
    find_household: Callable[[str, int], Household]
    """Finds the household of a case with this many numbers."""
    calendar: Calendar
    zone: ZoneInfo
    """Of the stations."""
    habits: Habits
    item_seconds: float
    """Average seconds per item of an interview."""


class SimulatedInterviewer:
    """One simulated interviewer."""

    def __init__(self, who: Interviewer, context: SimulationContext, rng: Random) -> None:
        self.who = who
        self.log = WorkLog(login=who.login)
        self._context = context
        self._rng = rng

    def _wait(self, seconds: float) -> datetime:
        return self._context.clock() + timedelta(seconds=seconds)

    def _wait_between(self, span: tuple[int, int]) -> datetime:
        return self._wait(self._rng.uniform(*span))

    def _check_done(self, station: StationSession, action: str, result: object) -> bool:
        """Whether an action was done; a rejection is logged."""
        if not isinstance(result, Rejection):
            return True
        view = station.view()
        key = view.key if isinstance(view, CaseView) else ""
        self.log.rejected.append(
            RejectedAction(at=self._context.clock(), by=self.who.login, case=key, action=action, why=result.why)
        )
        return False

    # a shift

    def work_shift(self, station: StationSession, until: datetime) -> ActionTimes:
        """Start the shift, call until it ends, and leave; an open call is finished first."""
        clock, began = self._context.clock, self._context.clock()
        self.log.shifts += 1
        self._check_done(station, "start", station.start())
        rested, before = began, station.summarize_shift()
        while clock() < until or not self._check_done(station, "leave", station.end_shift()):
            view = station.view()
            if clock() - rested >= BREAK_INTERVAL and not _is_engaged(view):
                if self._check_done(station, "pause", station.start_break()):
                    yield clock() + BREAK_LENGTH
                    self._check_done(station, "go_on", station.end_break())
                rested = clock()
                continue
            match view:
                case CaseView():
                    yield from self._work_case(station, view)
                case IdleView(next_at=next_at):
                    ahead = RETRY_INTERVAL if next_at is None else min(RETRY_INTERVAL, next_at - clock())
                    yield min(clock() + max(MIN_WAIT, ahead), max(until, clock() + MIN_WAIT))
                    station.keep_alive()
                case WrapUpView(until=end):
                    yield end
                    station.keep_alive()
                case BreakView():
                    self._check_done(station, "go_on", station.end_break())
        tally = station.summarize_shift()
        self.log.on_duty += clock() - began
        self.log.on_cases += tally.time_on_cases - before.time_on_cases
        self.log.calls += tally.calls - before.calls
        self.log.completes += tally.completes - before.completes

    # a case

    def _work_case(self, station: StationSession, view: CaseView) -> ActionTimes:
        if view.pending_input == "time":
            yield from self._make_appointment(station, view)
        elif view.pending_input or view.has_open_call:
            # the terminal died in the middle of a call
            yield self._wait(KEY_SECONDS)
            self._check_done(
                station, "record", station.record_outcome("callback" if view.interview_status else "no_answer")
            )
        else:
            yield self._wait_between(LOOK_SECONDS)
            yield from self._call(station, view)

    def _call(self, station: StationSession, view: CaseView) -> ActionTimes:
        result = station.dial()
        if not self._check_done(station, "dial", result):
            yield self._wait(KEY_SECONDS)
            self._check_done(station, "finish", station.finish_case())
            return
        household = self._context.find_household(view.key, len(view.numbers))
        number = next((n.position for n in view.numbers if n.current), 0)
        local_time = self._context.clock().astimezone(view.respondent_time.tzinfo if view.respondent_time else None)
        answer = household.answer_call(number, local_time)
        yield self._wait(DIAL_SECONDS[answer])
        match answer:
            case "somebody":
                yield from self._talk(station, view, household)
            case "machine":
                yield from self._leave_message(station, view)
            case _:
                yield from self._key_outcome(station, answer)

    def _key_outcome(self, station: StationSession, outcome: str, *, language: str = "") -> ActionTimes:
        yield self._wait(KEY_SECONDS)
        self._check_done(station, f"record {outcome}", station.record_outcome(outcome, language=language))

    def _leave_message(self, station: StationSession, view: CaseView) -> ActionTimes:
        message = next((script for script in view.scripts if script.id == "voicemail" and not script.is_used), None)
        if message is None:
            yield from self._key_outcome(station, "machine")
            return
        yield self._wait(MESSAGE_SECONDS)
        self._check_done(station, "spoke", station.record_script(message.id))
        yield from self._key_outcome(station, "machine_left")

    def _talk(self, station: StationSession, view: CaseView, household: Household) -> ActionTimes:
        yield self._wait_between(TALK_SECONDS)
        match household.choose_response(self.who):
            case "interview":
                yield from self._conduct_interview(station, household)
            case "appointment":
                yield from self._make_appointment(station, view)
            case "language":
                yield from self._key_outcome(station, "language", language=household.language)
            case outcome:
                yield from self._key_outcome(station, outcome)

    def _make_appointment(self, station: StationSession, view: CaseView) -> ActionTimes:
        """Agree on a time at which the respondent can be called and stations are open."""
        yield self._wait(20)
        local_time = view.respondent_time
        context = self._context
        appointment_time = (
            find_free_time(context.calendar, context.zone, local_time, self._rng) if local_time is not None else None
        )
        if appointment_time is not None and local_time is not None:
            text = f"{appointment_time:%Y-%m-%d %H:%M}"
            parsed = station.parse_time(text)
            reading = 1 if isinstance(parsed, UnclearTime) and parsed.choices else 0
            [policy] = self._rng.choices(*OWNER_POLICY_WEIGHTS)
            rejection = station.book_appointment(text, reading=reading, policy=policy)
            if self._check_done(station, f"book {text}", rejection):
                household = self._context.find_household(view.key, len(view.numbers))
                household.appointment = appointment_time
                return
        yield from self._key_outcome(station, "callback")

    # an interview

    def _conduct_interview(self, station: StationSession, household: Household) -> ActionTimes:
        session = station.open_interview()
        if not self._check_done(station, "interview", session) or not isinstance(session, InterviewSession):
            yield from self._key_outcome(station, "callback")
            return
        prompt = session.prompt()
        if prompt is not None and household.language in prompt.languages and household.language != prompt.language:
            session.switch_language(household.language)
        items_left = household.draw_patience()
        while (prompt := session.prompt()) is not None:
            yield self._wait(self._rng.uniform(0.3, 1.7) * self._context.item_seconds)
            if items_left == 0:
                self._check_done(station, "stop", self._cut_short(session))
                break
            items_left -= 1
            if not self._answer_prompt(session, prompt):
                self._check_done(station, "stop", session.stop("break_off"))
        self._check_done(station, "came back", station.close_interview())

    def _cut_short(self, session: InterviewSession) -> Rejection | None:
        """Interrupt the interview for an appointment or a callback, or say so afterwards."""
        outcome = self._rng.choice(("appointment", "callback", ""))
        return session.stop(outcome) if outcome else session.suspend()

    def _answer_prompt(self, session: InterviewSession, prompt: Prompt) -> bool:
        """Answer the prompt, in as many attempts as needed; False where none succeeds, or they hang up."""
        habits, rng = self._context.habits, self._rng
        if prompt.ending in UNWILLING_OUTCOMES and self._change_answers(session):
            return True
        if rng.random() < habits.break_off:
            return False
        for tries in range(ENTRY_ATTEMPTS):
            current = session.prompt()
            if current is None or current.place != prompt.place:
                return True
            if current.query is not None and (rng.random() < habits.confirm or tries > ENTRY_ATTEMPTS // 2):
                rejection = session.confirm()
            elif isinstance(current.entry, ReadEntry):
                rejection = session.reply("")
            elif current.declines and (rng.random() < habits.decline or tries > ENTRY_ATTEMPTS - 5):
                rejection = session.decline(rng.choice(current.declines).id)
            else:
                rejection = _send_invented_answer(session, rng)
            if rejection is None and session.prompt() is not None and _is_queried_again(session, prompt):
                continue
            if rejection is None:
                return True
        return False

    def _change_answers(self, session: InterviewSession) -> bool:
        """Whether the answers that led to an unwilling end could be changed."""
        for _ in range(CHANGE_ATTEMPTS):
            if session.go_back() is not None:
                return False
            rejection = _send_invented_answer(session, self._rng)
            current = session.prompt()
            if rejection is None and current is not None and current.query is not None:
                session.confirm()
                current = session.prompt()
            if current is None or current.ending not in UNWILLING_OUTCOMES:
                return True
        return False


def find_free_time(calendar: Calendar, zone: ZoneInfo, local_time: datetime, rng: Random) -> datetime | None:
    """Find a quarter of an hour on the respondent's clock within the study's hours, there and at the stations.

    `local_time` is now on the respondent's clock, `zone` is that of the stations. None where none was found.
    """
    for _ in range(CHANGE_ATTEMPTS):
        day = local_time.date() + timedelta(days=rng.randrange(APPOINTMENT_DAYS))
        hours = calendar.find_hours(day)
        if hours is None or calendar.explain_closed_day(day):
            continue
        minute = rng.randrange(hours.start, hours.end, 15)
        appointment_time = datetime.combine(day, time(), local_time.tzinfo) + timedelta(minutes=minute)
        if (
            appointment_time > local_time + timedelta(minutes=5)
            and calendar.find_opening((zone.key,), appointment_time).open
        ):
            return appointment_time
    return None


def _is_engaged(view: object) -> bool:
    return isinstance(view, CaseView) and (view.has_open_call or view.pending_input != "")


def _is_queried_again(session: InterviewSession, before: Prompt) -> bool:
    """Whether a warning was raised at the same place."""
    current = session.prompt()
    return current is not None and current.place == before.place and current.query is not None


def _send_invented_answer(session: InterviewSession, rng: Random) -> Rejection | None:
    """Send an answer that the item itself invents."""
    machine = session.interview.machine
    stop = machine.current_stop
    if stop is None or not stop.item.question.expects_answer:
        return session.reply("")
    return session.reply(stop.item.question.invent(machine.walk.build_item_context(stop, machine.language), rng))
