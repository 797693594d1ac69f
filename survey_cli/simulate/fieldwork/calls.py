"""Calls of simulated interviewers: dialing, the conversation, an appointment, the interview."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from survey_cli.engine.events import (
    EventStamp,
    InterviewStarted,
    InterviewSuspended,
    SessionContext,
)
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.route import RouteStop
from survey_cli.fieldwork.appointments.appointment import (
    UnclearAppointment,
    find_open_appointment,
    resolve_span,
)
from survey_cli.fieldwork.appointments.reading import parse_appointment
from survey_cli.fieldwork.calendar.zones import get_zone
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case, list_call_zones, localize_plan
from survey_cli.fieldwork.case.disposition_coding import NUMBER_CODES
from survey_cli.fieldwork.plan.plan import OUTSIDE_QUOTA, Plan
from survey_cli.fieldwork.queue.calling_rules import find_number_obstacle
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.outcomes import Outcome
from survey_cli.simulate.fieldwork import behavior
from survey_cli.simulate.fieldwork.behavior import DialResult, Household
from survey_cli.simulate.fieldwork.model_records import ModelRecords
from survey_cli.simulate.fieldwork.quota_places import ModelPlaces
from survey_cli.simulate.fieldwork.staff import ModelInterviewer
from survey_cli.simulate.interviews.respondents import Habits, Respondent
from survey_cli.study.consistency.interview_outcomes import (
    build_do_not_call_events,
    derive_interview_events,
)
from survey_cli.values import NOT_ASKED, Missing, Value

AGREEMENT_SECONDS: Final = 20
"""Seconds needed to agree on an appointment."""


class ModelCalls:
    """The calls of a model. Each method yields the time of the next action before it goes on."""

    def __init__(
        self,
        instrument: Instrument,
        plan: Plan,
        settings: behavior.FieldworkSettings,
        habits: Habits,
        records: ModelRecords,
        places: ModelPlaces,
    ) -> None:
        self._instrument = instrument
        self._plan = plan
        self._settings = settings
        self._habits = habits
        self._records = records
        self._places = places
        self._households: dict[str, Household] = {}
        """By key of a case, who answers its telephone."""

    def call(self, agent: ModelInterviewer, key: str) -> behavior.ActionTimes:
        """Call a case under one claim: number after number, until there is an outcome."""
        records = self._records
        yield self._wait(agent, behavior.LOOK_SECONDS)
        tries_next_number = True
        while tries_next_number:
            case = records.cases[key]
            number = case.next_number
            is_closed = number is None or (
                find_number_obstacle(case, number, self._plan, records.at) is not None
            )
            if number is None or is_closed:
                self._give_back(agent, case)
                return

            case = records.append(agent, key, case_events.NumberDialed(number.position))
            household = self._find_household(case)
            zones = list_call_zones(case, number, self._plan)
            local_time = records.at.astimezone(get_zone(zones[0]))
            answer: DialResult = household.answer_call(number.position, local_time)
            yield self._wait(agent, behavior.DIAL_SECONDS[answer])
            if answer == "somebody":
                yield from self._talk(agent, key, number.position, household)
                return

            outcome: str = answer
            script = self._find_voicemail(case) if answer == "machine" else ""
            if script:
                yield self._wait(agent, behavior.MESSAGE_SECONDS)
                records.append(agent, key, case_events.ScriptRead(script))
                outcome = "machine_left"
            yield self._wait(agent, behavior.KEY_SECONDS)
            tries_next_number = self._key_outcome(agent, key, outcome, number.position)

    def _give_back(self, agent: ModelInterviewer, case: Case) -> None:
        """Leave a case of which no number may be dialed now to others."""
        agent.skipped.add(case.key)
        end: case_events.CaseEvent = case_events.CaseReturned("given back")
        if case.open_attempt is not None and case.open_attempt.calls:
            end = case_events.AttemptClosed()
        self._records.append(agent, case.key, end)

    def _find_household(self, case: Case) -> Household:
        """Return who answers the telephone of this case; drawn with the first call."""
        household = self._households.get(case.key)
        if household is not None:
            return household
        household = Household.draw(
            case,
            self._plan,
            self._instrument.languages,
            self._settings.propensities,
            self._settings.seed,
        )

        # what an interviewer has noted of a stored case is true
        household.language = case.requested_language or household.language
        appointment = find_open_appointment(case, self._plan)
        if appointment is not None:
            household.appointment = resolve_span(appointment)[0]
        self._households[case.key] = household
        return household

    def _wait(self, agent: ModelInterviewer, seconds: float | tuple[int, int]) -> datetime:
        """Return the time after so many seconds, or a random number of seconds between two."""
        if isinstance(seconds, tuple):
            seconds = agent.rng.uniform(*seconds)
        return self._records.at + timedelta(seconds=seconds)

    def _find_voicemail(self, case: Case) -> str:
        """Return the script to read to a machine.

        Empty if there isn't one, or it was read before.
        """
        for script in self._plan.scripts:
            was_read = script.once and script.id in case.scripts_read
            if script.id == "voicemail" and not was_read:
                return script.id
        return ""

    def _key_outcome(
        self,
        agent: ModelInterviewer,
        key: str,
        outcome: str,
        number: int,
        *more: case_events.CaseEvent,
    ) -> bool:
        """Enter an outcome; returns whether another number of the case is tried at once."""
        row = self._plan.outcomes[outcome]
        interrupted = self._records.cases[key].interrupted
        events: list[case_events.CaseEvent] = [
            case_events.OutcomeRecorded(outcome, number, interrupted=interrupted),
            *more,
        ]
        if self._is_dead_number(row):
            events.append(case_events.NumberMarked(number, "dead", row.name.lower()))
        case = self._records.append(agent, key, *events, *build_do_not_call_events(row))

        tries_next = row.next_number and row.kind != "busy" and _has_untried_number(case)
        if not tries_next:
            self._records.end_call(agent, key)
        return tries_next

    def _is_dead_number(self, row: Outcome) -> bool:
        """Return whether an outcome says that the number reaches no unit of the sample."""
        code = row.listed if self._plan.eligibility_known else row.rdd
        return code in NUMBER_CODES

    def _talk(
        self, agent: ModelInterviewer, key: str, number: int, household: Household
    ) -> behavior.ActionTimes:
        """Talk to the person who answered."""
        yield self._wait(agent, behavior.TALK_SECONDS)
        response = household.choose_response(agent.who)
        if response == "interview":
            yield from self._conduct_interview(agent, key, number, household)
        elif response == "appointment":
            yield from self._make_appointment(agent, key, number, household)
        else:
            yield self._wait(agent, behavior.KEY_SECONDS)
            more: tuple[case_events.CaseEvent, ...] = ()
            if response == "language":
                more = (case_events.LanguageSet(household.language),)
            self._key_outcome(agent, key, response, number, *more)
        if self._records.cases[key].open_attempt is not None:
            self._records.end_call(agent, key)

    def _make_appointment(
        self, agent: ModelInterviewer, key: str, number: int, household: Household
    ) -> behavior.ActionTimes:
        """Agree on a time at which the respondent can be called and stations are open."""
        yield self._wait(agent, AGREEMENT_SECONDS)
        case = self._records.cases[key]
        appointment = self._agree_on_time(agent, case, number, household)
        outcome = "appointment"
        if appointment is None:
            # no time was found: they are called again some time
            outcome = "callback"
            yield self._wait(agent, behavior.KEY_SECONDS)
        events: list[case_events.CaseEvent] = [
            case_events.OutcomeRecorded(outcome, number, interrupted=case.has_unfinished_interview)
        ]
        if appointment is not None:
            events.append(appointment)
        self._records.end_call(agent, key, *events)

    def _agree_on_time(
        self, agent: ModelInterviewer, case: Case, number: int, household: Household
    ) -> case_events.AppointmentMade | None:
        """Return the appointment on which both agree, as the interviewer types it.

        None if no time is free.
        """
        zones = list_call_zones(case, case.find_number(number), self._plan)
        calendar = localize_plan(case, self._plan).calendar
        local_time = self._records.at.astimezone(get_zone(zones[0]))
        free_time = behavior.find_free_time(calendar, self._settings.zone, local_time, agent.rng)
        if free_time is None:
            return None

        text = f"{free_time:%Y-%m-%d %H:%M}"
        parsed = parse_appointment(text, now=self._records.at, zones=zones, calendar=calendar)
        # of a time that occurs twice, when clocks go back, they mean the first
        if isinstance(parsed, UnclearAppointment) and parsed.choices:
            parsed = parsed.choices[0]
        if isinstance(parsed, UnclearAppointment):
            return None
        [policy] = agent.rng.choices(*behavior.OWNER_POLICY_WEIGHTS)
        owner = "" if policy == "anyone" else agent.who.login
        household.appointment = free_time
        return parsed.make_event(person="", owner=owner, policy=policy, note="")

    # an interview

    def _conduct_interview(
        self, agent: ModelInterviewer, key: str, number: int, household: Household
    ) -> behavior.ActionTimes:
        """Begin an interview, or resume the case's unfinished one, and record how it ends."""
        case = self._records.cases[key]
        id = case.interview if case.has_unfinished_interview else f"{key} {case.seq}"
        self._records.append(agent, key, case_events.InterviewOpened(id))
        if not self._places.reserve(id, self._plan.quotas.list_known_cells(case.columns)):
            yield self._wait(agent, behavior.KEY_SECONDS)
            self._places.release(id)
            full = case_events.OutcomeRecorded("quota_full", number, person=True)
            self._records.end_call(agent, key, full)
            return

        began = self._build_start(agent, case, household)
        person = Respondent(
            self._instrument, began, agent.rng, self._habits, lookup=partial(self._look_up, id)
        )
        person.answer(household.draw_patience())
        machine = person.machine
        usual_seconds = len(machine.events) * self._settings.item_seconds
        yield self._wait(agent, usual_seconds * agent.rng.uniform(0.8, 1.2))
        if machine.status == "open":
            # the respondent has to go
            reason = agent.rng.choice(("appointment", "callback", ""))
            machine.apply(InterviewSuspended(began.stamp, reason))

        yield from self._record_end(agent, key, number, household, id, Interview(machine))

    def _build_start(
        self, agent: ModelInterviewer, case: Case, household: Household
    ) -> InterviewStarted:
        """Build the first event of an interview."""
        login = agent.who.login
        languages = self._instrument.languages
        language = languages[0]
        if household.language in languages:
            language = household.language

        sample: dict[str, Value | Missing] = {}
        for name, column in self._instrument.sample.items():
            if column.role == "key":
                sample[name] = case.key
            else:
                sample[name] = case.columns.get(name, NOT_ASKED)

        return InterviewStarted(
            EventStamp(self._records.at, login, agent.station),
            instrument=self._instrument.hash,
            seed=agent.rng.getrandbits(62),
            case=case.key,
            today=self._records.at.astimezone(self._settings.zone).date(),
            session=SessionContext(login, "morning", language),
            sample=sample,
        )

    def _record_end(
        self,
        agent: ModelInterviewer,
        key: str,
        number: int,
        household: Household,
        id: str,
        interview: Interview,
    ) -> Iterator[datetime]:
        """Record how an interview ended, and count it or give its places back."""
        outcome = interview.outcome or "callback"
        if outcome == "complete":
            cells = self._plan.quotas.list_counted_cells(interview.evaluate_route().known)
            if not self._places.count_complete(id, cells):
                outcome = "quota_full"
        row = self._plan.outcomes[outcome]
        if interview.status != "suspended" and row.kind != "complete":
            self._places.release(id)

        if interview.status == "suspended" and outcome == "appointment":
            yield from self._make_appointment(agent, key, number, household)
            return
        events = derive_interview_events(interview, row, self._plan, number=number)
        self._records.end_call(agent, key, *events)

    def _look_up(self, id: str, machine: Machine, stop: RouteStop) -> str:
        """Look up a quota: `open` (a place is reserved), `full` or `outside`."""
        question = stop.item.question
        if not isinstance(question, LookupItem) or question.quota is None:
            return "open"
        cell = None
        for quota in self._plan.quotas.quotas:
            if quota.id == str(question.quota):
                cell = quota.find_cell(machine.walk.known)
                break
        if cell is None:
            return "open"
        if cell == OUTSIDE_QUOTA:
            return "outside"
        if self._places.reserve(id, [cell]):
            return "open"
        return "full"


def _has_untried_number(case: Case) -> bool:
    """Return whether a live number of the case was not called in this attempt."""
    called = set()
    if case.open_attempt is not None:
        called = {call.number for call in case.open_attempt.calls}
    return any(number.position not in called for number in case.live_numbers)
