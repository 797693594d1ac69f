"""`Interview`: an immutable value whose `step` returns the next interview or a rejection.

Interviews that follow one another by steps share a state machine, which is in the state of the
newest. Stepping from an older one replays its events first. Either way, the same events give the
same interview.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from survey_cli.engine import answer_checks
from survey_cli.engine.computed_answers import NO_COUNTS, compute_answer
from survey_cli.engine.events import (
    RESTORING_EVENTS,
    EventStamp,
    InterviewEvent,
    InterviewNote,
    InterviewResumed,
    InterviewStarted,
)
from survey_cli.engine.machine import (
    COMPLETE,
    InterviewClock,
    InterviewStatus,
    Machine,
)
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.engine.route import PassOverCallback, RouteStop, RouteWalk
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import Known
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.values import HIDDEN_TEXT, NOT_REACHED, Cell, Code, Place

RULES_VERSION: Final = 1
"""The version of the rules in this package: a snapshot made under another version is not used.

It has nothing to do with `InterviewStarted.rules`, by which older interviews keep their route."""


class RouteState(NamedTuple):
    """The answers of an interview that count, and the places it has not reached."""

    answers: Mapping[Place, RecordedAnswer]
    """Every place whose answer counts, in the order of the route."""
    unreached: frozenset[Place]
    """The first open place, and what lies ahead of it as far as conditions can tell. Places that
    are neither here nor among the answers are not asked."""
    ahead: tuple[Place, ...]
    """The places not reached, in the order of the route."""
    known: Known
    """What is known at the end of the route, such as the computes and the turns of rosters."""


def evaluate_route(machine: Machine) -> RouteState:
    """Return the answers that count, and the places not reached.

    At the end of a route this is the walk that led there. Elsewhere the route is walked again. An
    interview whose answers were erased has only the values that remain.
    """
    walk = machine.walk
    if machine.remaining_answers is not None:
        known = machine.build_known()
        known.values.update(machine.remaining_answers)
        return RouteState({}, frozenset(), (), known)

    if walk.finished and machine.status == "ended":
        answers = {stop.place: machine.recorded_answers[stop.place] for stop in walk.stops}
        return RouteState(answers, frozenset(), (), walk.known.copy())
    return walk_from_start(machine)


def walk_from_start(machine: Machine, on_pass_over: PassOverCallback | None = None) -> RouteState:
    """Walk the route from its start, with the answers that their items would accept now.

    `on_pass_over` is called with each item that is off the route.
    """
    known = machine.build_known()
    known.clock = InterviewClock(machine.clock.first_readings, NOT_REACHED)
    walk = machine.make_walk(known, on_pass_over)
    ended_temporarily = machine.status == "suspended" and machine.outcome != ""

    answers: dict[Place, RecordedAnswer] = {}
    while (stop := walk.advance()) is not None:
        is_end = isinstance(stop.item.question, EndItem)
        answer = machine.recorded_answers.get(stop.place)
        if answer is not None and _counts(walk, stop, answer, machine.language):
            answers[stop.place] = answer
            walk.record_answer(stop, answer.cell)
        elif not is_end:
            walk.leave_open(stop)

        # what comes after a temporary end may still be asked
        if is_end and ended_temporarily:
            walk.look_ahead.has_begun = True
        elif is_end:
            walk.finish()

    ahead = tuple(walk.look_ahead.unreached)
    return RouteState(answers, frozenset(ahead), ahead, walk.known)


def _counts(walk: RouteWalk, stop: RouteStop, answer: RecordedAnswer, language: str) -> bool:
    """Return whether a recorded answer counts at this stop of a walk."""
    if answer.lapsed:
        return False
    return answer_checks.find_mistake(walk, stop, answer, language) is None


class Interview:
    """An interview as an immutable value: `step` returns another one."""

    __slots__ = ("_machine", "_route_state", "outcome", "place", "seq", "status")

    def __init__(self, machine: Machine) -> None:
        """Make the interview in the state of a machine, which nothing else changes from now on."""
        self._machine = machine
        self._route_state: RouteState | None = None
        self.seq = len(machine.events)
        """The number of its events."""
        stop = machine.current_stop
        self.place: Place | None = stop.place if stop is not None else None
        """The current place; None past the end of the route."""
        self.status: InterviewStatus = machine.status
        self.outcome: str = machine.outcome
        """The outcome's id, once there is one."""

    @classmethod
    def begin(cls, instrument: Instrument, start: InterviewStarted) -> "Interview":
        """Return a new interview, at its first place."""
        return cls(Machine.begin(instrument, start))

    @classmethod
    def replay(cls, instrument: Instrument, events: Iterable[InterviewEvent]) -> "Interview":
        """Replay these events. Raises ValueError if they are no journal of this instrument."""
        journal = list(events)
        start = journal[0] if journal else None
        if not isinstance(start, InterviewStarted):
            raise ValueError("a journal begins with its start")

        # what came before a migration or an erasure isn't checked again
        restored = 0
        for index, event in enumerate(journal):
            if isinstance(event, RESTORING_EVENTS):
                restored = index
        if restored:
            machine = Machine.restore(instrument, journal[: restored + 1])
        else:
            machine = Machine.begin(instrument, start)

        for event in journal[restored + 1 :]:
            rejection = machine.apply(event)
            if rejection is not None:
                where = f"event {len(machine.events)} ({type(event).__name__})"
                raise ValueError(f"{where}: {rejection.why}")
        return cls(machine)

    def step(self, event: InterviewEvent) -> "Interview | Rejection":
        """Return the interview after this event, or why it is rejected. This one never changes."""
        machine = self.machine
        rejection = machine.apply(event)
        if rejection is not None:
            return rejection
        return Interview(machine)

    @property
    def machine(self) -> Machine:
        """The state of this interview. For the engine's own use, and only for reading."""
        # a later interview has taken the machine on
        if len(self._machine.events) != self.seq:
            journal = self._machine.events[: self.seq]
            self._machine = Interview.replay(self._machine.instrument, journal)._machine
        return self._machine

    @property
    def events(self) -> tuple[InterviewEvent, ...]:
        return tuple(self.machine.events)

    @property
    def last_stamp(self) -> EventStamp:
        """The stamp of the last event."""
        return self.machine.events[-1].stamp

    def measure_time(self, now: datetime) -> timedelta:
        """Return the time spent in all sessions. An open one lasts until now."""
        machine = self.machine
        until = machine.session_last_at
        if self.status == "open":
            until = max(now, until)  # the clock of this machine may be behind
        return machine.earlier_sessions + (until - machine.session_began_at)

    @property
    def notes(self) -> tuple[InterviewNote, ...]:
        """The interviewer's notes, each with its newest text."""
        notes = self.machine.notes.list_current()
        if self.instrument.hidden:
            return tuple(note._replace(text=HIDDEN_TEXT) for note in notes)
        return notes

    @property
    def instrument(self) -> Instrument:
        return self._machine.instrument

    @property
    def start(self) -> InterviewStarted:
        return self._machine.start

    @property
    def ending(self) -> str:
        """The outcome at the end of the route, for `InterviewEnded`; empty elsewhere."""
        machine = self.machine
        is_at_end = machine.walk.finished and machine.status == "open"
        return machine.ending if is_at_end else ""

    @property
    def remaining_answers(self) -> Mapping[str, Cell] | None:
        """The remaining cells by column, once answers were erased; None if none were."""
        return self.machine.remaining_answers

    @property
    def is_after_hangup(self) -> bool:
        """Whether only the interviewer's own items remain, so that the case is complete."""
        stop = self.machine.current_stop
        return stop is not None and stop.item.after_hangup

    @property
    def is_at_end(self) -> bool:
        """Whether an `end` has been reached, so that only its text remains to be read."""
        stop = self.machine.current_stop
        if self.machine.status != "open" or stop is None:
            return False
        return isinstance(stop.item.question, EndItem)

    @property
    def is_answered(self) -> bool:
        """Whether everything on the route is answered, and the interview did not reach an `end`.

        It would end now as complete.
        """
        stops = self.machine.walk.stops
        past_end_item = bool(stops) and isinstance(stops[-1].item.question, EndItem)
        return self.ending == COMPLETE and not past_end_item

    @property
    def is_reopened(self) -> bool:
        """Whether this session corrects an interview that had ended."""
        for event in reversed(self.machine.events):
            if isinstance(event, InterviewResumed):
                return event.reopen
        return False

    @property
    def language(self) -> str:
        return self.machine.language

    @property
    def answer_count(self) -> int:
        """The number of places with an answer, whether or not it counts now."""
        return self.machine.answer_count

    def evaluate_route(self) -> RouteState:
        """Return every place whose answer counts, with that answer, and the places not reached."""
        if self._route_state is None:
            self._route_state = evaluate_route(self.machine)
        return self._route_state

    def compute_answer(
        self, counts: Mapping[Code, int] | None = NO_COUNTS
    ) -> tuple[Cell | None, int]:
        """Return the value of an item that the computer answers, and from how many it was drawn.

        It is (None, 0) if the journal and these counts don't decide it.
        """
        stop = self.machine.current_stop
        if stop is None:
            return None, 0
        return compute_answer(self.machine.walk, stop, counts)
