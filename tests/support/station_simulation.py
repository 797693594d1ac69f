"""Simulated fieldwork through real station sessions, on a clock that jumps from one action to the next.

Interviewers claim cases, dial, interview and enter outcomes as a person does; every wait is a time that is yielded to
the simulation, which keeps the clock. For the same seed, actions happen in the same order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.entries import Prompt, ReadEntry, Rejection
from survey_cli.fieldwork.calendar.calendar import Calendar
from survey_cli.fieldwork.calendar.zones import to_utc
from survey_cli.fieldwork.case.case import Case, NumberRecord
from survey_cli.fieldwork.plan.plan import Interviewer
from survey_cli.reports.fieldwork.simulation_report import InterviewerRow
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.open_station import build_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.sessions.station.station_views import (
    BreakView,
    CaseView,
    IdleView,
    StationView,
    WrapUpView,
)
from survey_cli.sessions.station.step import Step
from survey_cli.simulate.fieldwork.behavior import (
    BREAK_INTERVAL,
    BREAK_LENGTH,
    CHANGE_ATTEMPTS,
    DIAL_SECONDS,
    KEY_SECONDS,
    LOOK_SECONDS,
    MESSAGE_SECONDS,
    MIN_WAIT,
    OWNER_POLICY_WEIGHTS,
    RETRY_INTERVAL,
    SHIFT_MINUTES,
    TALK_SECONDS,
    UNWILLING_OUTCOMES,
    ActionTimes,
    FieldworkSettings,
    Household,
    find_free_time,
)
from survey_cli.simulate.interviews.respondents import ENTRY_ATTEMPTS, Habits
from survey_cli.study.open_study import OpenStudy

TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedAction:
    """An action that the station session rejected."""

    at: datetime
    by: str
    case: str
    action: str
    why: str


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
        self.log = InterviewerRow(who.login)
        self.rejected: list[RejectedAction] = []
        self._context = context
        self._rng = rng

    def _wait(self, seconds: float) -> datetime:
        return self._context.clock() + timedelta(seconds=seconds)

    def _wait_between(self, span: tuple[int, int]) -> datetime:
        return self._wait(self._rng.uniform(*span))

    def _check_step(self, action: str, step: Step) -> bool:
        """Whether an action at the station was done; a rejection is logged."""
        return self._check_done(action, step.rejection, step.view)

    def _check_done(self, action: str, rejection: Rejection | None, view: StationView) -> bool:
        """Whether an action was done; a rejection is logged."""
        if rejection is None:
            return True
        key = view.key if isinstance(view, CaseView) else ""
        self.rejected.append(
            RejectedAction(
                at=self._context.clock(),
                by=self.who.login,
                case=key,
                action=action,
                why=rejection.why,
            )
        )
        return False

    # a shift

    def work_shift(self, station: StationSession, until: datetime) -> ActionTimes:
        """Start the shift, call until it ends, and leave; an open call is finished first."""
        clock, began = self._context.clock, self._context.clock()
        self.log.shifts += 1
        self._check_step("start", station.start())
        rested, before = began, station.summarize_shift()
        while clock() < until or not self._check_step("leave", station.end_shift()):
            view = station.look().view
            if clock() - rested >= BREAK_INTERVAL and not _is_engaged(view):
                if self._check_step("pause", station.start_break()):
                    yield clock() + BREAK_LENGTH
                    self._check_step("go_on", station.end_break())
                rested = clock()
                continue
            match view:
                case CaseView():
                    yield from self._work_case(station, view)
                case IdleView(next_at=next_at):
                    ahead = (
                        RETRY_INTERVAL
                        if next_at is None
                        else min(RETRY_INTERVAL, next_at - clock())
                    )
                    yield min(clock() + max(MIN_WAIT, ahead), max(until, clock() + MIN_WAIT))
                    station.note_key()  # whoever waits for a case presses a key now and then
                    station.keep_alive()
                case WrapUpView(until=end):
                    yield end
                    station.keep_alive()
                case BreakView():
                    self._check_step("go_on", station.end_break())
        tally = station.summarize_shift()
        self.log.on_duty += clock() - began
        self.log.on_cases += tally.time_on_cases - before.time_on_cases
        self.log.calls += tally.calls - before.calls
        self.log.complete += tally.completes - before.completes

    # a case

    def _work_case(self, station: StationSession, view: CaseView) -> ActionTimes:
        if view.pending_input == "time":
            yield from self._make_appointment(station, view)
        elif view.pending_input or view.has_open_call:
            # the terminal died in the middle of a call
            yield self._wait(KEY_SECONDS)
            self._check_step(
                "record",
                station.record_outcome("callback" if view.interview_status else "no_answer"),
            )
        else:
            yield self._wait_between(LOOK_SECONDS)
            yield from self._call(station, view)

    def _call(self, station: StationSession, view: CaseView) -> ActionTimes:
        if not self._check_step("dial", station.dial()):
            yield self._wait(KEY_SECONDS)
            self._check_step("finish", station.finish_case())
            return
        household = self._context.find_household(view.key, len(view.numbers))
        number = next((n.position for n in view.numbers if n.current), 0)
        local_time = self._context.clock().astimezone(
            view.respondent_time.tzinfo if view.respondent_time else None
        )
        answer = household.answer_call(number, local_time)
        yield self._wait(DIAL_SECONDS[answer])
        match answer:
            case "somebody":
                yield from self._talk(station, view, household)
            case "machine":
                yield from self._leave_message(station, view)
            case _:
                yield from self._key_outcome(station, answer)

    def _key_outcome(
        self, station: StationSession, outcome: str, *, language: str = ""
    ) -> ActionTimes:
        yield self._wait(KEY_SECONDS)
        self._check_step(f"record {outcome}", station.record_outcome(outcome, language=language))

    def _leave_message(self, station: StationSession, view: CaseView) -> ActionTimes:
        message = next(
            (script for script in view.scripts if script.id == "voicemail" and not script.is_used),
            None,
        )
        if message is None:
            yield from self._key_outcome(station, "machine")
            return
        yield self._wait(MESSAGE_SECONDS)
        self._check_step("spoke", station.record_script(message.id))
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
            find_free_time(context.calendar, context.zone, local_time, self._rng)
            if local_time is not None
            else None
        )
        if appointment_time is not None and local_time is not None:
            text = f"{appointment_time:%Y-%m-%d %H:%M}"
            parsed = station.parse_time(text)
            reading = 1 if parsed.choices else 0
            [policy] = self._rng.choices(*OWNER_POLICY_WEIGHTS)
            booked = station.book_appointment(text, reading=reading, policy=policy)
            if self._check_step(f"book {text}", booked):
                household = self._context.find_household(view.key, len(view.numbers))
                household.appointment = appointment_time
                return
        yield from self._key_outcome(station, "callback")

    # an interview

    def _conduct_interview(self, station: StationSession, household: Household) -> ActionTimes:
        opened = station.open_interview()
        view = opened.view
        session = opened.interview
        if not self._check_step("interview", opened) or session is None:
            yield from self._key_outcome(station, "callback")
            return
        prompt = session.prompt()
        if (
            prompt is not None
            and household.language in prompt.languages
            and household.language != prompt.language
        ):
            session.switch_language(household.language)
        items_left = household.draw_patience()
        while (prompt := session.prompt()) is not None:
            yield self._wait(self._rng.uniform(0.3, 1.7) * self._context.item_seconds)
            if items_left == 0:
                self._check_done("stop", self._cut_short(session), view)
                break
            items_left -= 1
            if not self._answer_prompt(session, prompt):
                self._check_done("stop", session.stop("break_off"), view)
        self._check_step("came back", station.close_interview())

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
            if current.query is not None and (
                rng.random() < habits.confirm or tries > ENTRY_ATTEMPTS // 2
            ):
                rejection = session.confirm()
            elif isinstance(current.entry, ReadEntry):
                rejection = session.reply("")
            elif current.declines and (rng.random() < habits.decline or tries > ENTRY_ATTEMPTS - 5):
                rejection = session.decline(rng.choice(current.declines).id)
            else:
                rejection = _send_invented_answer(session, rng)
            if (
                rejection is None
                and session.prompt() is not None
                and _is_queried_again(session, prompt)
            ):
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
    return session.reply(
        stop.item.question.invent(machine.walk.build_item_context(stop, machine.language), rng)
    )


@dataclass(order=True, slots=True)
class AgendaEntry:
    """Which interviewer acts next, and when."""

    at: datetime
    number: int
    """The interviewer's number; of two at the same time, the lower one acts first."""
    action_times: ActionTimes = field(compare=False)


class StationSimulation:
    """Fieldwork of a study: its clock, its interviewers, and who of them acts next."""

    def __init__(
        self, study: OpenStudy, interviewers: Sequence[Interviewer], settings: FieldworkSettings
    ) -> None:
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
            AgendaEntry(self.at, number, self.iterate_shifts(number))
            for number in range(len(self.interviewers))
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
            case = Case(key=key, numbers=(NumberRecord(0, "unknown", ()),) * numbers)
            plan, languages, settings = (
                self.study.plan,
                self.study.instrument.languages,
                self.settings,
            )
            self._households[key] = Household.draw(
                case, plan, languages, settings.propensities, settings.seed
            )
        return self._households[key]

    def iterate_shifts(self, number: int) -> ActionTimes:
        """Work the remaining shifts of one interviewer, each at a station of its own."""
        calendar, settings = self.study.plan.calendar, self.settings
        for day in (settings.starts + timedelta(days=n) for n in range(settings.days)):
            hours = calendar.find_hours(day)
            if hours is None or calendar.is_closed_day(day):
                continue
            early = number % 2 == 0
            begins = self._to_utc(
                day, hours.start if early else max(hours.start, hours.end - SHIFT_MINUTES)
            )
            ends = self._to_utc(
                day, min(hours.end, hours.start + SHIFT_MINUTES) if early else hours.end
            )
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
