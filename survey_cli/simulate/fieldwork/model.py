"""Model of a study's fieldwork in memory: queue, interviewers and households, driven by the functions of `fieldwork`.

It uses no station session, so that weeks of calling take seconds. Of a stored study it reads the queue and the
histories only as far as cases are called. No answers leave it, and nothing is written.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from random import Random
from typing import Final, Generic, Protocol, TypeVar

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
from survey_cli.fieldwork.calendar.zones import get_zone, make_wall_time, to_utc
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import Case, list_call_zones, localize_plan
from survey_cli.fieldwork.case.disposition_coding import NUMBER_CODES
from survey_cli.fieldwork.plan.plan import (
    OUTSIDE_QUOTA,
    CellFill,
    Interviewer,
    People,
    Plan,
    find_full_cell,
)
from survey_cli.fieldwork.queue.call_order import CallOrder, CallPriority
from survey_cli.fieldwork.queue.calling_rules import find_number_obstacle
from survey_cli.fieldwork.queue.quota_holds import find_release_time, keeps_places
from survey_cli.fieldwork.queue.scheduling import (
    ClaimCriteria,
    QueuedCase,
    QueuePosition,
    parse_criteria,
    schedule_case,
)
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.reports.fieldwork.simulation_report import InterviewerRow
from survey_cli.simulate.fieldwork import behavior
from survey_cli.simulate.fieldwork.behavior import DialResult, Household
from survey_cli.simulate.interviews.respondents import Respondent
from survey_cli.study.consistency.interview_outcomes import (
    build_do_not_call_events,
    derive_interview_events,
)
from survey_cli.values import NOT_ASKED

AGREEMENT_SECONDS: Final = 20
"""Seconds needed to agree on an appointment."""
COMPLETE_CODE: Final = "1.1"
"""The code of a complete interview."""


Entry = TypeVar("Entry", bound=tuple[object, ...])


class StoredQueue(Protocol):
    """The queue and the histories of a study's cases, as `CaseQueries` of the store reads them."""

    def iterate_ready(self, bucket: str) -> Iterator[QueuedCase]: ...

    def iterate_waiting(self) -> Iterator[tuple[datetime, QueuedCase]]: ...

    def read_history(self, key: str) -> list[case_events.HistoryEntry]: ...


class MergedHeap(Generic[Entry]):
    """A heap and a sorted iterator, of which only what comes before the first of the heap is read."""

    def __init__(self, stored: Iterator[Entry]) -> None:
        self._heap: list[Entry] = []
        self._stored = stored
        self._next = next(stored, None)

    def push(self, entry: Entry) -> None:
        heappush(self._heap, entry)

    def peek(self) -> Entry | None:
        """Return the first entry; None where there is none."""
        if self._next is not None and not (self._heap and self._heap[0] < self._next):
            heappush(self._heap, self._next)
            self._next = next(self._stored, None)
        return self._heap[0] if self._heap else None

    def pop(self) -> Entry:
        """Remove the entry that `peek` has returned."""
        return heappop(self._heap)


@dataclass(slots=True)
class ModelInterviewer:
    """One simulated interviewer."""

    who: Interviewer
    number: int
    rng: Random
    log: InterviewerRow
    skipped: set[str] = field(default_factory=set)
    """Cases that could not be dialed: they are for others."""

    @property
    def station(self) -> str:
        return f"station {self.number + 1}"


@dataclass(frozen=True, slots=True)
class FieldworkStart:
    """The study, and its cases as they are when the simulation begins."""

    instrument: Instrument
    plan: Plan
    people: People
    histories: Iterable[tuple[str, Sequence[case_events.HistoryEntry]]]
    fill: Mapping[str, CellFill] = field(default_factory=dict)
    """Interviews in each quota cell."""
    held_cells: Mapping[str, Collection[str]] = field(default_factory=dict)
    """By interview, quota cells in which it holds a place. The histories of their cases are in `histories`."""
    at: datetime | None = None
    """None: midnight before the first day."""
    queue: StoredQueue | None = None
    """The queue of all other cases; None where there are no others."""
    callable_counts: Mapping[str, int] = field(default_factory=dict)
    """Number of cases in `queue` by claim criteria."""
    complete: int = 0
    """Complete interviews of cases that are not in `histories`."""


class FieldworkModel:
    """A study's fieldwork in memory."""

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

        With `stops_early` they end once `target` interviews are complete, every hard cell is full, or no case is left
        to call.
        """
        self.instrument, self.plan, self.people, self.settings = (
            start.instrument,
            start.plan,
            start.people,
            settings,
        )
        self.target, self.stops_early = target, stops_early
        self.at = start.at or self._to_utc(settings.starts)
        self.histories = {key: list(history) for key, history in start.histories}
        """The histories of all cases that were read."""
        self.fill: dict[str, CellFill] = dict(start.fill)
        self.complete = start.complete
        """Complete interviews, including those before the start."""
        self.reached_at: datetime | None = None
        """When the target was reached."""
        self.filled_at: datetime | None = None
        """When every hard quota cell was full."""
        self.exhausted_at: datetime | None = None
        """When no case was left that anybody may call, now or later."""
        self.interrupted = False
        self.days = 0
        """Days that have passed."""
        self.by_day: dict[date, Counter[str]] = {}
        self._habits = replace(settings.habits, qualify=1.0)
        self._cases = {
            key: Case.from_history(key, history) for key, history in self.histories.items()
        }
        self._queue = start.queue
        self._buckets: dict[str, str] = {}
        """The claim criteria of cases whose history was read, where they may be called now or later."""
        self._callable_counts: Counter[str] = Counter(start.callable_counts)
        """By claim criteria, cases that may be called now or later."""
        self._ready: dict[str, MergedHeap[QueuedCase]] = {}
        waiting = self._queue.iterate_waiting() if self._queue is not None else iter(())
        self._due = MergedHeap(
            (due_at, entry) for due_at, entry in waiting if entry.key not in self._cases
        )
        for bucket in start.callable_counts:
            self._find_heap(bucket)
        self._cases_at_stations = 0
        """Cases at stations."""
        self._households: dict[str, Household] = {}
        self._reserved_cells = {
            interview: set(cells) for interview, cells in start.held_cells.items()
        }
        """By interview, quota cells in which it has reserved a place."""
        self._releases: list[tuple[datetime, str]] = []
        """Times at which suspended interviews give their places back, with the key of the case, as a heap."""
        self._minute = datetime.min.replace(tzinfo=UTC)
        self._open_cache: dict[tuple[str, str], bool] = {}
        self._aside_cache: dict[str, bool] = {}
        for key in self._cases:
            position = self._update_position(key)
            self.complete += position.code == COMPLETE_CODE
            self._update_places(key, position)
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

    @property
    def end(self) -> datetime:
        """Midnight after the last day."""
        return self._to_utc(self.settings.starts + timedelta(days=self.settings.days))

    @property
    def simulated_days(self) -> int:
        """Days simulated: fewer than requested where it was interrupted."""
        return self.days if self.interrupted else self.settings.days

    def _to_utc(self, day: date, minute: int = 0) -> datetime:
        return to_utc(self.settings.zone.key, make_wall_time(day, minute))

    # the days

    def run(self, progress: Callable[[int, int, int], None] | None = None) -> None:
        """Run to the end, or until interrupted from the keyboard.

        `progress` receives how many days have passed, of how many, and how many interviews are complete.
        """
        careers = [self._iterate_shifts(agent) for agent in self.interviewers]
        agenda = [(self.at, agent.number) for agent in self.interviewers]
        began = self.at
        try:
            while agenda and not self._is_over:
                at, number = heappop(agenda)
                self.at = max(self.at, at)
                following = next(careers[number], None)
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
        ends = (self.reached_at, self.filled_at, self.exhausted_at)
        return self.stops_early and any(at is not None for at in ends)

    def _iterate_shifts(self, agent: ModelInterviewer) -> behavior.ActionTimes:
        """Work the shifts of one interviewer: even numbers begin the day, odd ones end it."""
        calendar, settings = self.plan.calendar, self.settings
        for day in (settings.starts + timedelta(days=n) for n in range(settings.days)):
            hours = calendar.find_hours(day)
            if hours is None or calendar.explain_closed_day(day):
                continue
            early = agent.number % 2 == 0
            begins = self._to_utc(
                day, hours.start if early else max(hours.start, hours.end - behavior.SHIFT_MINUTES)
            )
            ends = self._to_utc(
                day, min(hours.end, hours.start + behavior.SHIFT_MINUTES) if early else hours.end
            )
            if ends > self.at:
                yield max(begins, self.at)
                yield from self._work_shift(agent, ends)

    def _work_shift(self, agent: ModelInterviewer, until: datetime) -> behavior.ActionTimes:
        began = rested = self.at
        agent.log.shifts += 1
        agent.skipped.clear()
        while self.at < until:
            agent.log.on_duty += self.at - began
            began = self.at
            if self.at - rested >= behavior.BREAK_INTERVAL:
                yield self.at + behavior.BREAK_LENGTH
                rested = self.at
                continue
            key = self._claim(agent)
            if key is None:
                yield self._find_next_look(until)
                continue
            claimed_at = self.at
            yield from self._call(agent, key)
            if self.plan.wrapup and key not in agent.skipped:
                yield self.at + self.plan.wrapup
            agent.log.on_cases += self.at - claimed_at
        agent.log.on_duty += self.at - began

    def _find_next_look(self, until: datetime) -> datetime:
        """Find when an interviewer without a case looks for one again."""
        while (due := self._due.peek()) is not None and not self._is_current(due[1]):
            self._due.pop()
        ahead = (
            min(behavior.RETRY_INTERVAL, due[0] - self.at)
            if due is not None
            else behavior.RETRY_INTERVAL
        )
        return min(self.at + max(behavior.MIN_WAIT, ahead), max(until, self.at + behavior.MIN_WAIT))

    # the queue

    def _update_position(self, key: str) -> QueuePosition:
        """Update a case's position in the queue, and return it."""
        case = self._cases[key]
        if before := self._buckets.pop(key, ""):
            self._callable_counts[before] -= 1
        position = schedule_case(case, self.plan, self.at)
        if position.status in ("ready", "waiting"):
            self._buckets[key] = position.bucket
            self._callable_counts[position.bucket] += 1
            entry = QueuedCase(position.rank, key, case.seq, position.bucket, position.promised_at)
            if position.status == "ready":
                self._find_heap(position.bucket).push(entry)
            elif position.due_at is not None:
                self._due.push((position.due_at, entry))
        return position

    def _find_heap(self, bucket: str) -> MergedHeap[QueuedCase]:
        if bucket not in self._ready:
            stored = self._queue.iterate_ready(bucket) if self._queue is not None else iter(())
            self._ready[bucket] = MergedHeap(
                entry for entry in stored if entry.key not in self._cases
            )
        return self._ready[bucket]

    def _is_current(self, entry: QueuedCase) -> bool:
        """Return whether the case had no event since it was queued."""
        case = self._cases.get(entry.key)
        return case is None or case.seq == entry.seq

    def _claim(self, agent: ModelInterviewer) -> str | None:
        """Claim the next case for this interviewer."""
        self._release_lapsed_places()
        while (due := self._due.peek()) is not None and due[0] <= self.at:
            _, entry = self._due.pop()
            if self._is_current(entry):
                self._find_heap(entry.bucket).push(entry)
        turns = CallOrder.for_interviewer(
            self.plan, people=self.people, who=agent.who, at=self.at, fill=self.fill
        )
        minute = self.at.replace(second=0, microsecond=0)
        if minute != self._minute:  # hours begin and end with a minute
            self._minute = minute
            self._open_cache.clear()
            self._aside_cache.clear()
        found: list[tuple[CallPriority, QueuedCase]] = []
        for text, heap in self._ready.items():
            if heap.peek() is not None and self._is_allowed(turns, text):
                bucket = parse_criteria(text)
                first = self._find_first(heap, turns.find_appointment_cutoff(bucket), agent.skipped)
                found += (
                    [(self._build_turn(turns, text, bucket, first.rank), first)]
                    if first is not None
                    else []
                )
        if not found:
            self._check_exhaustion(turns.full_cells)
            return None
        _, entry = min(found, key=lambda pair: pair[0])
        self._cases_at_stations += 1
        if entry.key not in self._cases and self._queue is not None:
            self._buckets[entry.key] = entry.bucket
            self.histories[entry.key] = self._queue.read_history(entry.key)
            self._cases[entry.key] = Case.from_history(entry.key, self.histories[entry.key])
        self._append(agent, entry.key, case_events.CaseClaimed())
        return entry.key

    def _find_first(
        self, heap: MergedHeap[QueuedCase], before: datetime | None, skipped: Collection[str]
    ) -> QueuedCase | None:
        """Find the first current case; entries that are outdated are removed."""
        passed = []
        while (entry := heap.peek()) is not None:
            is_current = self._is_current(entry)
            is_due = before is None or (
                entry.promised_at is not None and entry.promised_at <= before
            )
            if is_current and is_due and entry.key not in skipped:
                break
            heap.pop()
            passed += [entry] if is_current else []
        for other in passed:
            heap.push(other)
        return entry

    def _is_allowed(self, turns: CallOrder, text: str) -> bool:
        bucket = parse_criteria(text)
        if find_full_cell(bucket.cells, turns.full_cells):
            return False
        known = self._open_cache.get((text, turns.who.login))
        if known is None:
            known = self._open_cache[text, turns.who.login] = turns.is_open(bucket)
        return known

    def _build_turn(
        self, turns: CallOrder, text: str, bucket: ClaimCriteria, rank: str
    ) -> CallPriority:
        if rank < "4":
            return turns.rank_case(bucket, rank)
        aside = self._aside_cache.get(text)
        if aside is None:
            aside = self._aside_cache[text] = turns.prefers_other_daypart(bucket)
        return CallPriority(
            "4", aside, self.plan.quotas.compute_urgency(bucket.cells, self.fill), rank
        )

    def _check_exhaustion(self, full: Collection[str]) -> None:
        """Note when no case is left to call, now or later."""
        # a place that is given back may open a cell again
        if self.exhausted_at is None and not self._cases_at_stations and not self._reserved_cells:
            callable_now = (
                parse_criteria(text) for text, number in self._callable_counts.items() if number
            )
            if all(find_full_cell(criteria.cells, full) for criteria in callable_now):
                self.exhausted_at = self.at

    def _append(self, agent: ModelInterviewer, key: str, *events: case_events.CaseEvent) -> Case:
        history, case = self.histories[key], self._cases[key]
        for event in events:
            entry = case_events.HistoryEntry(self.at, agent.who.login, agent.station, event)
            history.append(entry)
            case = case.apply(entry)
        self._cases[key] = case
        for event in events:
            if isinstance(event, case_events.OutcomeRecorded):
                self._count_call(agent, event)
        return case

    def _end_call(self, agent: ModelInterviewer, key: str, *events: case_events.CaseEvent) -> None:
        """Append these events, and close the attempt."""
        self._append(agent, key, *events, case_events.AttemptClosed())

    def _count_call(self, agent: ModelInterviewer, call: case_events.OutcomeRecorded) -> None:
        day = self.by_day.setdefault(self.at.astimezone(self.settings.zone).date(), Counter())
        agent.log.calls += 1
        day["calls"] += 1
        if call.code == COMPLETE_CODE:
            agent.log.complete += 1
            day["complete"] += 1
            self.complete += 1
            self._check_target()

    def _check_target(self) -> None:
        """Note when the target number of interviews is complete, and when no cell takes more."""
        hard = {id for id, cell in self.plan.quotas.cells.items() if not cell.soft}
        if (
            self.filled_at is None
            and hard
            and hard <= self.plan.quotas.list_reached_cells(self.fill)
        ):
            self.filled_at = self.at
        if self.reached_at is None and self.target and self.complete >= self.target:
            self.reached_at = self.at

    def _release(self, key: str) -> None:
        self._cases_at_stations -= 1
        self._update_places(key, self._update_position(key))

    # one case

    def _find_household(self, case: Case) -> Household:
        household = self._households.get(case.key)
        if household is None:
            languages, settings = self.instrument.languages, self.settings
            household = Household.draw(
                case, self.plan, languages, settings.propensities, settings.seed
            )
            household.language = case.requested_language or household.language
            appointment = find_open_appointment(case, self.plan)
            if appointment is not None:
                household.appointment = resolve_span(appointment)[0]
            self._households[case.key] = household
        return household

    def _wait(self, agent: ModelInterviewer, seconds: float | tuple[int, int]) -> datetime:
        length = agent.rng.uniform(*seconds) if isinstance(seconds, tuple) else seconds
        return self.at + timedelta(seconds=length)

    def _call(self, agent: ModelInterviewer, key: str) -> behavior.ActionTimes:
        """Call a case under one claim: number after number, until there is an outcome."""
        yield self._wait(agent, behavior.LOOK_SECONDS)
        while True:
            case = self._cases[key]
            number = case.next_number
            if number is None or find_number_obstacle(case, number, self.plan, self.at):
                agent.skipped.add(key)
                called = case.open_attempt is not None and case.open_attempt.calls
                end = (
                    case_events.AttemptClosed()
                    if called
                    else case_events.CaseReturned("given back")
                )
                self._append(agent, key, end)
                break
            case = self._append(agent, key, case_events.NumberDialed(number.position))
            household, zones = self._find_household(case), list_call_zones(case, number, self.plan)
            local_time = self.at.astimezone(get_zone(zones[0]))
            answer: DialResult = household.answer_call(number.position, local_time)
            yield self._wait(agent, behavior.DIAL_SECONDS[answer])
            if answer == "somebody":
                yield from self._talk(agent, key, number.position, household)
                break
            outcome: str = answer
            if answer == "machine" and (script := self._find_voicemail(case)):
                yield self._wait(agent, behavior.MESSAGE_SECONDS)
                self._append(agent, key, case_events.ScriptRead(script))
                outcome = "machine_left"
            yield self._wait(agent, behavior.KEY_SECONDS)
            if not self._key_outcome(agent, key, outcome, number.position):
                break
        self._release(key)

    def _find_voicemail(self, case: Case) -> str:
        known = (
            s
            for s in self.plan.scripts
            if s.id == "voicemail" and not (s.once and s.id in case.scripts_read)
        )
        return next((script.id for script in known), "")

    def _key_outcome(
        self,
        agent: ModelInterviewer,
        key: str,
        outcome: str,
        number: int,
        *more: case_events.CaseEvent,
    ) -> bool:
        """Enter an outcome; returns whether another number of the case is tried at once."""
        row = self.plan.outcomes[outcome]
        recorded = case_events.OutcomeRecorded(
            outcome, number, interrupted=self._cases[key].interrupted
        )
        events: list[case_events.CaseEvent] = [recorded, *more]
        if (row.listed if self.plan.eligibility_known else row.rdd) in NUMBER_CODES:
            events.append(case_events.NumberMarked(number, "dead", row.name.lower()))
        case = self._append(agent, key, *events, *build_do_not_call_events(row))
        called_numbers = (
            {call.number for call in case.open_attempt.calls}
            if case.open_attempt is not None
            else set()
        )
        is_another_left = any(other.position not in called_numbers for other in case.live_numbers)
        again = row.next_number and row.kind != "busy" and is_another_left
        if not again:
            self._end_call(agent, key)
        return again

    def _talk(
        self, agent: ModelInterviewer, key: str, number: int, house: Household
    ) -> behavior.ActionTimes:
        yield self._wait(agent, behavior.TALK_SECONDS)
        match house.choose_response(agent.who):
            case "interview":
                yield from self._conduct_interview(agent, key, number, house)
            case "appointment":
                yield from self._make_appointment(agent, key, number, house)
            case outcome:
                yield self._wait(agent, behavior.KEY_SECONDS)
                more = (case_events.LanguageSet(house.language),) if outcome == "language" else ()
                self._key_outcome(agent, key, outcome, number, *more)
        if self._cases[key].open_attempt is not None:
            self._end_call(agent, key)

    def _make_appointment(
        self, agent: ModelInterviewer, key: str, number: int, household: Household
    ) -> behavior.ActionTimes:
        """Agree on a time at which the respondent can be called and stations are open."""
        yield self._wait(agent, AGREEMENT_SECONDS)
        case = self._cases[key]
        zones = list_call_zones(case, case.find_number(number), self.plan)
        local_time, calendar = (
            self.at.astimezone(get_zone(zones[0])),
            localize_plan(case, self.plan).calendar,
        )
        outcome, events = "callback", list[case_events.CaseEvent]()
        appointment_time = behavior.find_free_time(
            calendar, self.settings.zone, local_time, agent.rng
        )
        if appointment_time is not None:
            text = f"{appointment_time:%Y-%m-%d %H:%M}"
            parsed = parse_appointment(text, now=self.at, zones=zones, calendar=calendar)
            if isinstance(parsed, UnclearAppointment) and parsed.choices:
                parsed = parsed.choices[0]
            if not isinstance(parsed, UnclearAppointment):
                [policy] = agent.rng.choices(*behavior.OWNER_POLICY_WEIGHTS)
                owner = "" if policy == "anyone" else agent.who.login
                outcome, household.appointment = "appointment", appointment_time
                events.append(parsed.make_event(person="", owner=owner, policy=policy, note=""))
        if not events:
            yield self._wait(agent, behavior.KEY_SECONDS)
        recorded = case_events.OutcomeRecorded(
            outcome, number, interrupted=case.has_unfinished_interview
        )
        self._end_call(agent, key, recorded, *events)

    # an interview

    def _conduct_interview(
        self, agent: ModelInterviewer, key: str, number: int, household: Household
    ) -> behavior.ActionTimes:
        case, rng, login = self._cases[key], agent.rng, agent.who.login
        id = case.interview if case.has_unfinished_interview else f"{key} {case.seq}"
        self._append(agent, key, case_events.InterviewOpened(id))
        if not self._reserve_cells(id, self.plan.quotas.list_known_cells(case.columns)):
            yield self._wait(agent, behavior.KEY_SECONDS)
            self._release_cells(id)
            self._end_call(
                agent, key, case_events.OutcomeRecorded("quota_full", number, person=True)
            )
            return
        stamp, languages = EventStamp(self.at, login, agent.station), self.instrument.languages
        language = household.language if household.language in languages else languages[0]
        began = InterviewStarted(
            stamp,
            instrument=self.instrument.hash,
            seed=rng.getrandbits(62),
            case=key,
            today=self.at.astimezone(self.settings.zone).date(),
            session=SessionContext(login, "morning", language),
            sample={
                name: key if column.role == "key" else case.columns.get(name, NOT_ASKED)
                for name, column in self.instrument.sample.items()
            },
        )
        person = Respondent(
            self.instrument, began, rng, self._habits, lookup=partial(self._look_up_quota, id)
        )
        person.answer(household.draw_patience())
        machine = person.machine
        yield self._wait(
            agent, len(machine.events) * self.settings.item_seconds * rng.uniform(0.8, 1.2)
        )
        if machine.status == "open":  # they have to go
            machine.apply(InterviewSuspended(stamp, rng.choice(("appointment", "callback", ""))))
        interview = Interview(machine)
        outcome, status = interview.outcome or "callback", interview.status
        if outcome == "complete" and not self._count_complete(id, interview):
            outcome = "quota_full"
        row = self.plan.outcomes[outcome]
        if status != "suspended" and row.kind != "complete":
            self._release_cells(id)
        if status == "suspended" and outcome == "appointment":
            yield from self._make_appointment(agent, key, number, household)
        else:
            self._end_call(
                agent, key, *derive_interview_events(interview, row, self.plan, number=number)
            )

    # places in the quotas

    def _look_up_quota(self, id: str, machine: Machine, stop: RouteStop) -> str:
        """Return what a lookup of a quota finds: `open`, with a place reserved, `full` or `outside`."""
        question = stop.item.question
        if not isinstance(question, LookupItem) or question.quota is None:
            return "open"
        quota = next((q for q in self.plan.quotas.quotas if q.id == str(question.quota)), None)
        cell = quota.find_cell(machine.walk.known) if quota is not None else None
        if cell is None:
            return "open"
        if cell == OUTSIDE_QUOTA:
            return "outside"
        return "open" if self._reserve_cells(id, [cell]) else "full"

    def _reserve_cells(self, id: str, cells: Iterable[str]) -> bool:
        """Reserve a place in each of these hard cells; False, and nothing reserved, where one is full."""
        reserved = self._reserved_cells.get(id, set())
        missing = [c for c in cells if c not in reserved and not self.plan.quotas.cells[c].soft]
        if find_full_cell(missing, self.plan.quotas.list_full_cells(self.fill)):
            return False
        for cell in missing:
            self._reserved_cells.setdefault(id, set()).add(cell)
            self._change_fill(cell, reserved=1)
        return True

    def _count_complete(self, id: str, interview: Interview) -> bool:
        """Count a complete interview in its cells; False where one of them has no place for it."""
        cells = self.plan.quotas.list_counted_cells(interview.evaluate_route().known)
        if not self._reserve_cells(id, cells):
            return False
        self._release_cells(id)
        for cell in cells:
            self._change_fill(cell, completes=1)
        return True

    def _update_places(self, key: str, position: QueuePosition) -> None:
        """Give the places of a case's interview back, or note when this is due."""
        case = self._cases[key].end_attempt()
        if case.interview not in self._reserved_cells:
            return
        if position.status == "done" or not keeps_places(case, self.plan, self.at):
            self._release_cells(case.interview)
            return
        released_at = find_release_time(case, self.plan)
        if released_at is not None:
            heappush(self._releases, (released_at, key))

    def _release_lapsed_places(self) -> None:
        """Give back the places of interviews that were left longer ago than the plan's `quota_hold`."""
        while self._releases and self._releases[0][0] <= self.at:
            _, key = heappop(self._releases)
            case = self._cases[key]
            is_lapsed = case.interview in self._reserved_cells and not keeps_places(
                case, self.plan, self.at
            )
            if is_lapsed and case.open_attempt is None:
                self._release_cells(case.interview)
                self._update_position(key)

    def _release_cells(self, id: str) -> None:
        for cell in self._reserved_cells.pop(id, ()):
            self._change_fill(cell, reserved=-1)

    def _change_fill(self, cell: str, *, completes: int = 0, reserved: int = 0) -> None:
        before = self.fill.get(cell, CellFill())
        self.fill[cell] = CellFill(before.completes + completes, before.reserved + reserved)
