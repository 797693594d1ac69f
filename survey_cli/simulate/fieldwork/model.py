"""A study in the field, in memory: its queue, its interviewers and invented people, driven by the policy's own functions.

No database and no station stand behind it, so that weeks of calling take seconds; `fieldwork` runs the same days through
real stations, for the audit. Nobody's answers leave it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final, NamedTuple, TypeAlias

from survey_cli.engine.events import Began, Sitting, Stamp, Suspended
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Machine
from survey_cli.engine.route import Stop
from survey_cli.fieldwork.appointments.appointment import Unclear
from survey_cli.fieldwork.appointments.due_times import promise_span, standing_promise
from survey_cli.fieldwork.appointments.reading import read_appointment
from survey_cli.fieldwork.calendar.zones import moment_of, zone_of
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import OF_THE_NUMBER
from survey_cli.fieldwork.case.events import (
    Called,
    Claimed,
    Closed,
    Dialled,
    Entry,
    Event,
    Interviewing,
    NumberMarked,
    Returned,
    ScriptRead,
    Speaks,
)
from survey_cli.fieldwork.case.locations import plan_for, zones_of
from survey_cli.fieldwork.plan.people import Interviewer, People
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.plan.quotas import OUTSIDE, Fill, shut
from survey_cli.fieldwork.queue.call_order import Turn, Turns
from survey_cli.fieldwork.queue.claim_criteria import Bucket, bucket_of
from survey_cli.fieldwork.queue.queue_position import Standing
from survey_cli.fieldwork.queue.rules import number_opening, standing
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import LookupItem
from survey_cli.simulate.fieldwork.households import Answer, Household
from survey_cli.simulate.fieldwork.interviewers import (
    AT_LEAST,
    BREAKS,
    KEEPERS,
    KEYS,
    LOOKS,
    LOOKS_AGAIN,
    MESSAGE,
    PAUSE,
    RINGS,
    TALKS,
    Worked,
    free_time,
)
from survey_cli.simulate.fieldwork.station_simulation import SHIFT, Fieldwork
from survey_cli.simulate.interviews.respondents import Respondent
from survey_cli.study.consistency.interview_outcomes import block_for, interview_events
from survey_cli.values import NOT_ASKED

Moments: TypeAlias = Iterator[datetime]
AGREES: Final = 20
"""Seconds in which an appointment is agreed on."""
MINUTE: Final = timedelta(minutes=1)
COMPLETE: Final = "1.1"
"""The code of a complete interview."""


class Ready(NamedTuple):
    """A case that may be called, as it stands in its bucket's heap."""

    rank: str
    key: str
    seq: int
    """Of its history, when it was put there: whatever happened since, this entry is old."""
    promised_at: datetime | None


class Turned(NamedTuple):
    """Who does something next, and when."""

    at: datetime
    number: int


@dataclass(slots=True)
class Agent:
    """One invented interviewer."""

    who: Interviewer
    number: int
    dice: Random
    worked: Worked
    passed: set[str] = field(default_factory=set)
    """Cases that could not be dialed: they are for others."""

    @property
    def station(self) -> str:
        return f"station {self.number + 1}"


class FieldModel:
    """A study in the field."""

    def __init__(
        self,
        instrument: Instrument,
        plan: Plan,
        people: People,
        staff: Sequence[Interviewer],
        histories: Iterable[tuple[str, Sequence[Entry]]],
        tried: Fieldwork,
        *,
        fill: Mapping[str, Fill] | None = None,
        begins: datetime | None = None,
        target: int | None = None,
        early: bool = False,
    ) -> None:
        """`histories` are the cases as they stand when it `begins` (else with the first day), `fill` their places in the
        quotas. With `early` it ends once `target` interviews are complete, every hard cell is full, or nobody is left."""
        self.instrument = instrument
        self.plan = plan
        self.people = people
        self.tried = tried
        self.target = target
        self.early = early
        self.at = begins or self._wall(tried.starts)
        self.histories: dict[str, list[Entry]] = {}
        self.fill: dict[str, Fill] = dict(fill or {})
        self.complete = 0
        """In all, those before it began among them."""
        self.reached_at: datetime | None = None
        """When the target was reached."""
        self.ran_out_at: datetime | None = None
        """When no case was left that anybody here may call, now or later."""
        self.interrupted = False
        self.days = 0
        """That are over."""
        self.by_day: dict[date, Counter[str]] = {}
        self._habits = replace(tried.habits, qualify=1.0)
        self._cases: dict[str, Case] = {}
        self._standings: dict[str, Standing] = {}
        self._ready: dict[str, list[Ready]] = {}
        self._due: list[tuple[datetime, str, int]] = []
        self._alive: Counter[str] = Counter()
        """By bucket, cases that may be called now or later."""
        self._busy = 0
        """Cases at stations."""
        self._houses: dict[str, Household] = {}
        self._held: dict[str, set[str]] = {}
        """Quota cells in which an interview holds a place."""
        self._minute = datetime.min.replace(tzinfo=UTC)
        self._open: dict[tuple[str, str], bool] = {}
        self._aside: dict[str, bool] = {}
        for key, history in histories:
            self.histories[key] = list(history)
            self._cases[key] = Case.of(key, history)
            self._stand(key)
            self.complete += self._standings[key].code == COMPLETE
        self._look_at_target()
        self.agents = tuple(
            Agent(who, number, Random(f"{tried.seed}\0interviewer\0{number}"), Worked(login=who.login))
            for number, who in enumerate(staff)
        )

    @property
    def ends(self) -> datetime:
        """Midnight after the last day."""
        return self._wall(self.tried.starts + timedelta(days=self.tried.days))

    def _wall(self, day: date, minute: int = 0) -> datetime:
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        return moment_of(self.tried.zone.key, wall).astimezone(UTC)

    # the days

    def run(self, tell: Callable[[int, int, int], None] | None = None) -> None:
        """To the end, or until it is interrupted from the keyboard. `tell` is told how many days are over, of how many,
        and how many interviews are complete."""
        careers = [self._career(agent) for agent in self.agents]
        agenda = [Turned(self.at, agent.number) for agent in self.agents]
        heapify(agenda)
        began = self.at
        try:
            while agenda and not self._over:
                turn = heappop(agenda)
                self.at = max(self.at, turn.at)
                following = next(careers[turn.number], None)
                if following is not None:
                    heappush(agenda, Turned(following, turn.number))
                days = (self.at - began).days
                if days > self.days:
                    self.days = days
                    if tell is not None:
                        tell(days, self.tried.days, self.complete)
        except KeyboardInterrupt:
            self.interrupted = True
            return
        if not self._over:
            self.at = max(self.at, self.ends)

    @property
    def _over(self) -> bool:
        return self.early and (self.reached_at is not None or self.ran_out_at is not None)

    def _career(self, agent: Agent) -> Moments:
        """The shifts of one interviewer, as in `fieldwork`: the even ones begin the day, the odd ones end it."""
        calendar, tried = self.plan.calendar, self.tried
        for day in (tried.starts + timedelta(days=n) for n in range(tried.days)):
            hours = calendar.hours_of(day)
            if hours is None or calendar.closed_on(day):
                continue
            early = agent.number % 2 == 0
            begins = self._wall(day, hours.start if early else max(hours.start, hours.end - SHIFT))
            ends = self._wall(day, min(hours.end, hours.start + SHIFT) if early else hours.end)
            if ends > self.at:
                yield max(begins, self.at)
                yield from self._shift(agent, ends)

    def _shift(self, agent: Agent, until: datetime) -> Moments:
        began = rested = self.at
        agent.worked.shifts += 1
        agent.passed.clear()
        while self.at < until:
            agent.worked.on_duty += self.at - began
            began = self.at
            if self.at - rested >= BREAKS:
                yield self.at + PAUSE
                rested = self.at
                continue
            key = self._claim(agent)
            if key is None:
                yield self._looks_again(until)
                continue
            taken = self.at
            yield from self._call(agent, key)
            agent.worked.on_cases += self.at - taken
        agent.worked.on_duty += self.at - began

    def _looks_again(self, until: datetime) -> datetime:
        """When somebody who has no case looks for one again."""
        while self._due and self._cases[self._due[0][1]].seq != self._due[0][2]:
            heappop(self._due)
        ahead = min(LOOKS_AGAIN, self._due[0][0] - self.at) if self._due else LOOKS_AGAIN
        return min(self.at + max(AT_LEAST, ahead), max(until, self.at + AT_LEAST))

    # the queue

    def _stand(self, key: str) -> None:
        """Put a case where it belongs now."""
        case, before = self._cases[key], self._standings.get(key)
        if before is not None and before.status in ("ready", "waiting"):
            self._alive[before.bucket] -= 1
        self._standings[key] = found = standing(case, self.plan, self.at)
        if found.status in ("ready", "waiting"):
            self._alive[found.bucket] += 1
        if found.status == "ready":
            self._queue(key)
        elif found.status == "waiting" and found.due_at is not None:
            heappush(self._due, (found.due_at, key, case.seq))

    def _queue(self, key: str) -> None:
        found = self._standings[key]
        entry = Ready(found.rank, key, self._cases[key].seq, found.promised_at)
        heappush(self._ready.setdefault(found.bucket, []), entry)

    def _claim(self, agent: Agent) -> str | None:
        """The case that is next for this interviewer."""
        while self._due and self._due[0][0] <= self.at:
            _, key, seq = heappop(self._due)
            if self._cases[key].seq == seq:
                self._queue(key)
        turns = Turns.of(self.plan, people=self.people, who=agent.who, at=self.at, fill=self.fill)
        self._forget_hours()
        best: tuple[Turn, Ready] | None = None
        for text, heap in self._ready.items():
            while heap and self._cases[heap[0].key].seq != heap[0].seq:
                heappop(heap)
            if not heap or not self._may(turns, text):
                continue
            bucket = bucket_of(text)
            entry = self._first(heap, turns.promised_before(bucket), agent.passed)
            if entry is None:
                continue
            turn = self._turn(turns, text, bucket, entry.rank)
            if best is None or turn < best[0]:
                best = turn, entry
        if best is None:
            self._runs_out(turns.full)
            return None
        entry = best[1]
        self._busy += 1
        self._write(agent, entry.key, Claimed())
        return entry.key

    def _first(self, heap: list[Ready], before: datetime | None, passed: set[str]) -> Ready | None:
        if before is None and heap[0].key not in passed:
            return heap[0]
        return min(
            (
                entry
                for entry in heap
                if entry.key not in passed
                and self._cases[entry.key].seq == entry.seq
                and (before is None or (entry.promised_at is not None and entry.promised_at <= before))
            ),
            default=None,
        )

    def _forget_hours(self) -> None:
        """Hours and parts of the day begin and end with a minute."""
        minute = self.at.replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._open.clear()
            self._aside.clear()

    def _may(self, turns: Turns, text: str) -> bool:
        bucket = bucket_of(text)
        if shut(bucket.cells, turns.full):
            return False
        known = self._open.get((text, turns.who.login))
        if known is None:
            known = self._open[text, turns.who.login] = turns.open(bucket)
        return known

    def _turn(self, turns: Turns, text: str, bucket: Bucket, rank: str) -> Turn:
        if rank < "4":
            return turns.turn(bucket, rank)
        aside = self._aside.get(text)
        if aside is None:
            aside = self._aside[text] = turns.aside(bucket)
        return Turn("4", aside, self.plan.quotas.urgency(bucket.cells, self.fill), rank)

    def _runs_out(self, full: frozenset[str] | Iterable[str]) -> None:
        """Note when nobody is left to be called; whoever is on the line may have to be called again."""
        if (
            self.ran_out_at is None
            and not self._busy
            and not any(
                number and not shut(bucket_of(text).cells, frozenset(full))
                for text, number in self._alive.items()
            )
        ):
            self.ran_out_at = self.at

    def _write(self, agent: Agent, key: str, *events: Event) -> Case:
        history, case = self.histories[key], self._cases[key]
        for event in events:
            entry = Entry(self.at, agent.who.login, agent.station, event)
            history.append(entry)
            case = case.after(entry)
        self._cases[key] = case
        for event in events:
            if isinstance(event, Called):
                self._count(agent, event)
        return case

    def _count(self, agent: Agent, call: Called) -> None:
        day = self.by_day.setdefault(self.at.astimezone(self.tried.zone).date(), Counter())
        agent.worked.calls += 1
        day["calls"] += 1
        if call.code == COMPLETE:
            agent.worked.completes += 1
            day["complete"] += 1
            self.complete += 1
            self._look_at_target()

    def _look_at_target(self) -> None:
        """Note when as many interviews are complete as are wanted."""
        hard = {id for id, cell in self.plan.quotas.cells.items() if not cell.soft}
        filled = hard and hard <= self.plan.quotas.reached(self.fill)
        if ((self.target and self.complete >= self.target) or filled) and self.reached_at is None:
            self.reached_at = self.at

    def _release(self, key: str) -> None:
        self._busy -= 1
        self._stand(key)
        case = self._cases[key]
        if case.interview and self._standings[key].status == "done":
            self._let_go(case.interview)

    # one case

    def _house(self, case: Case) -> Household:
        found = self._houses.get(case.key)
        if found is None:
            found = Household.of(
                case.key,
                len(case.numbers),
                seed=self.tried.seed,
                chances=self.tried.chances,
                frame=self.plan.frame,
                languages=self.instrument.languages,
                calls=len(case.calls),
                answered=sum(not _nobody(call.outcome, self.plan) for call in case.calls),
                rang={call.number for call in case.calls},
            )
            if case.asked_for:
                found.language = case.asked_for
            promise = standing_promise(case, self.plan)
            if promise is not None:
                found.promised = promise_span(promise)[0]
            self._houses[case.key] = found
        return found

    def _in(self, agent: Agent, seconds: float | tuple[int, int]) -> datetime:
        length = agent.dice.uniform(*seconds) if isinstance(seconds, tuple) else seconds
        return self.at + timedelta(seconds=length)

    def _call(self, agent: Agent, key: str) -> Moments:
        """One sitting: number after number, until it comes to something."""
        yield self._in(agent, LOOKS)
        while True:
            case = self._cases[key]
            number = case.next_number
            if number is None or number_opening(case, number, self.plan, self.at):
                agent.passed.add(key)
                called = case.claimed is not None and case.claimed.calls
                self._write(agent, key, Closed() if called else Returned("given back"))
                break
            case = self._write(agent, key, Dialled(number.position))
            house, zones = self._house(case), zones_of(case, number, self.plan)
            there = self.at.astimezone(zone_of(zones[0]))
            answer: Answer = house.answer(number.position, there)
            yield self._in(agent, RINGS[answer])
            if answer == "somebody":
                yield from self._talk(agent, key, number.position, house)
                break
            outcome: str = answer
            if answer == "machine" and (script := self._voicemail(case)):
                yield self._in(agent, MESSAGE)
                self._write(agent, key, ScriptRead(script))
                outcome = "machine_left"
            yield self._in(agent, KEYS)
            if not self._keyed(agent, key, outcome, number.position):
                break
        self._release(key)

    def _voicemail(self, case: Case) -> str:
        known = (s for s in self.plan.scripts if s.id == "voicemail")
        return next((s.id for s in known if not (s.once and s.id in case.scripts)), "")

    def _keyed(self, agent: Agent, key: str, outcome: str, number: int, *more: Event) -> bool:
        """Key an outcome; whether another number of the case is tried at once."""
        row = self.plan.outcomes[outcome]
        waits = self._cases[key].interrupted
        events: list[Event] = [Called(outcome, number, interrupted=waits), *more]
        if (row.listed if self.plan.known else row.rdd) in OF_THE_NUMBER:
            events.append(NumberMarked(number, "dead", row.name.lower()))
        case = self._write(agent, key, *events, *block_for(row))
        tried = {call.number for call in case.claimed.calls} if case.claimed is not None else set()
        again = row.next_number and row.kind != "busy"
        if again and any(other.position not in tried for other in case.live):
            return True
        self._write(agent, key, Closed())
        return False

    def _talk(self, agent: Agent, key: str, number: int, house: Household) -> Moments:
        yield self._in(agent, TALKS)
        match house.says(agent.who):
            case "interview":
                yield from self._interview(agent, key, number, house)
            case "appointment":
                yield from self._promise(agent, key, number, house)
            case "language":
                yield self._in(agent, KEYS)
                self._keyed(agent, key, "language", number, Speaks(house.language))
            case outcome:
                yield self._in(agent, KEYS)
                self._keyed(agent, key, outcome, number)
        if self._cases[key].claimed is not None:
            self._write(agent, key, Closed())

    def _promise(self, agent: Agent, key: str, number: int, house: Household) -> Moments:
        """Agree on a time at which they can be called and somebody sits here."""
        yield self._in(agent, AGREES)
        case = self._cases[key]
        zones = zones_of(case, case.number(number), self.plan)
        there, calendar = self.at.astimezone(zone_of(zones[0])), plan_for(case, self.plan).calendar
        wall = free_time(calendar, self.tried.zone, there, agent.dice)
        if wall is not None:
            meant = read_appointment(f"{wall:%Y-%m-%d %H:%M}", now=self.at, zones=zones, calendar=calendar)
            if isinstance(meant, Unclear) and meant.choices:
                meant = meant.choices[0]
            if not isinstance(meant, Unclear):
                [keeper] = agent.dice.choices(*KEEPERS)
                owner = "" if keeper == "anyone" else agent.who.login
                promised = meant.promised(person="", owner=owner, policy=keeper, note="")
                waits = case.waits
                self._write(agent, key, Called("appointment", number, interrupted=waits), promised, Closed())
                house.promised = wall
                return
        yield self._in(agent, KEYS)
        self._write(agent, key, Called("callback", number, interrupted=case.waits), Closed())

    # an interview

    def _interview(self, agent: Agent, key: str, number: int, house: Household) -> Moments:
        case, dice, login = self._cases[key], agent.dice, agent.who.login
        id = case.interview if case.waits else f"{key} {case.seq}"
        self._write(agent, key, Interviewing(id))
        if not self._hold(id, self.plan.quotas.beforehand(case.columns)):
            yield self._in(agent, KEYS)
            self._let_go(id)
            self._write(agent, key, Called("quota_full", number, person=True), Closed())
            return
        stamp = Stamp(self.at, login, agent.station)
        languages = self.instrument.languages
        began = Began(
            stamp,
            instrument=self.instrument.hash,
            seed=dice.getrandbits(62),
            case=key,
            today=self.at.astimezone(self.tried.zone).date(),
            sitting=Sitting(
                login, "morning", house.language if house.language in languages else languages[0]
            ),
            sample={
                name: key if column.role == "key" else case.columns.get(name, NOT_ASKED)
                for name, column in self.instrument.sample.items()
            },
        )

        def look_up(machine: Machine, stop: Stop) -> str:
            return self._place(id, machine, stop)

        person = Respondent(self.instrument, began, dice, self._habits, lookup=look_up)
        person.answer(house.patience())
        machine = person.machine
        yield self._in(agent, len(machine.events) * self.tried.seconds * dice.uniform(0.8, 1.2))
        if machine.status == "open":  # they have to go
            machine.take(Suspended(stamp, dice.choice(("appointment", "callback", ""))))
        yield from self._came_to(agent, key, number, house, id, Interview.of(machine))

    def _came_to(
        self, agent: Agent, key: str, number: int, house: Household, id: str, interview: Interview
    ) -> Moments:
        outcome, status = interview.outcome or "callback", interview.status
        if outcome == "complete" and not self._take(id, interview):
            outcome = "quota_full"
        row = self.plan.outcomes[outcome]
        if status != "suspended" and row.kind != "complete":
            self._let_go(id)
        if status == "suspended" and outcome == "appointment":
            yield from self._promise(agent, key, number, house)
        else:
            self._write(agent, key, *interview_events(interview, row, self.plan, number=number), Closed())

    # places in the quotas

    def _place(self, id: str, machine: Machine, stop: Stop) -> str:
        """What a lookup of a quota finds: `open`, and the place is held, `full`, or `outside`."""
        question = stop.leaf.question
        if not isinstance(question, LookupItem) or question.quota is None:
            return "open"
        quota = next((q for q in self.plan.quotas.quotas if q.id == str(question.quota)), None)
        cell = quota.cell(machine.walk.env) if quota is not None else None
        if cell is None:
            return "open"
        if cell == OUTSIDE:
            return "outside"
        return "open" if self._hold(id, [cell]) else "full"

    def _hold(self, id: str, cells: Iterable[str]) -> bool:
        """Hold a place in each of these hard cells; False where one is full, and then none is held."""
        held = self._held.setdefault(id, set())
        wanted = [c for c in cells if c not in held and not self.plan.quotas.cells[c].soft]
        if shut(wanted, self.plan.quotas.full(self.fill)):
            return False
        for cell in wanted:
            held.add(cell)
            self._change(cell, held=1)
        return True

    def _take(self, id: str, interview: Interview) -> bool:
        """Count a complete interview in its cells; False where one of them has no place for it."""
        cells = self.plan.quotas.taken(interview.standing().env)
        if not self._hold(id, cells):
            return False
        self._let_go(id)
        for cell in cells:
            self._change(cell, taken=1)
        return True

    def _let_go(self, id: str) -> None:
        for cell in self._held.pop(id, ()):
            self._change(cell, held=-1)

    def _change(self, cell: str, *, taken: int = 0, held: int = 0) -> None:
        before = self.fill.get(cell, Fill())
        self.fill[cell] = Fill(before.taken + taken, before.held + held)


def _nobody(outcome: str, plan: Plan) -> bool:
    """Whether nobody was reached."""
    row = plan.outcomes.get(outcome)
    return row is None or row.moment == "before"
