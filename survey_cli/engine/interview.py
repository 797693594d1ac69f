"""`Interview`: an immutable value whose `step` returns the next interview or a rejection.

The newest interview of a line owns the state machine; stepping from an older one replays its events first. Either way
the same events give the same interview.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from survey_cli.engine.computed_answers import compute_answer
from survey_cli.engine.events import (
    AnswersErased,
    InterviewEvent,
    InterviewResumed,
    InterviewStarted,
)
from survey_cli.engine.machine import InterviewStatus, Machine, RecordedAnswer
from survey_cli.engine.route import RouteWalk
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.values import Cell, Place

RULES_VERSION: Final = 1
"""Of the rules in this room: a snapshot made under another version is not trusted."""


class RouteState(NamedTuple):
    """What an interview has come to, seen from the start of its route."""

    answers: Mapping[Place, RecordedAnswer]
    """Every place whose answer counts, in the order of the route."""
    unreached: frozenset[Place]
    """The first open place, and what lies ahead of it as far as conditions can tell. What is neither here nor among the
    answers is not asked."""
    env: Mapping[Any, Any]
    """What is known at the end of the route: computes, and a roster's turns by `#roster`."""


def evaluate_route(machine: Machine) -> RouteState:
    """Each answer that stands. At the end of a route that is the walk which led there; elsewhere it is walked anew. Of
    one whose answers were erased what is left is known, and nothing stands."""
    walk = machine.walk
    if machine.remaining_answers is not None:
        return RouteState({}, frozenset(), {**machine.build_env(), **machine.remaining_answers})
    if walk.finished and machine.status == "ended":
        return RouteState(
            {stop.place: machine.recorded_answers[stop.place] for stop in walk.stops},
            frozenset(),
            dict(walk.env),
        )
    return walk_from_start(machine)


def walk_from_start(machine: Machine) -> RouteState:
    """Walk the route from its start, counting each answer that its item would accept."""
    fresh = Machine.__new__(Machine)
    fresh.instrument, fresh.start, fresh.language = machine.instrument, machine.start, machine.language
    fresh.walk = walk = RouteWalk(
        machine.instrument, machine.start.seed, machine.build_env(), rules=machine.start.rules
    )
    counted: dict[Place, RecordedAnswer] = {}
    while (stop := walk.advance()) is not None:
        held = machine.recorded_answers.get(stop.place)
        ends = isinstance(stop.leaf.question, EndItem)
        if held is not None and not held.lapsed and not fresh.why_invalid(stop, held):
            counted[stop.place] = held
            walk.record_answer(stop, held.cell)
        elif not ends:
            walk.leave_open(stop)
        if ends and not (machine.outcome and machine.status == "suspended"):
            walk.finish()
        elif ends:  # a temporary end: what lies behind it is still to come
            walk.looking_ahead = True
    return RouteState(counted, frozenset(walk.unreached), walk.env)


class Interview:
    """An interview as an immutable value: `step` gives another one."""

    __slots__ = ("_machine", "_route_state", "outcome", "place", "seq", "status")

    def __init__(self, machine: Machine, seq: int) -> None:
        self._machine = machine
        self._route_state: RouteState | None = None
        self.seq = seq
        """How many events it has."""
        here = machine.current_stop
        self.place: Place | None = here.place if here is not None else None
        """Where it stands; None past the end of its route."""
        self.status: InterviewStatus = machine.status
        self.outcome: str = machine.outcome
        """The outcome's id, once there is one."""

    @classmethod
    def begin(cls, instrument: Instrument, began: InterviewStarted) -> "Interview":
        """A new interview, standing at its first place."""
        return cls(Machine.begin(instrument, began), 1)

    @classmethod
    def from_machine(cls, machine: Machine) -> "Interview":
        """The interview that a machine has come to, which nobody else changes from now on."""
        return cls(machine, len(machine.events))

    @classmethod
    def replay(cls, instrument: Instrument, events: Iterable[InterviewEvent]) -> "Interview":
        """The interview that these events give. Raises ValueError where they are no journal of this instrument."""
        journal = list(events)
        if journal and isinstance(journal[-1], AnswersErased):
            return cls.from_machine(Machine.restore_erased(instrument, journal))
        line: Iterator[InterviewEvent] = iter(journal)
        began = next(line, None)
        if not isinstance(began, InterviewStarted):
            raise ValueError("a journal begins with Began")
        machine = Machine.begin(instrument, began)
        for event in line:
            if (why := machine.apply(event)) is not None:
                raise ValueError(f"event {len(machine.events)} ({type(event).__name__}): {why.why}")
        return cls.from_machine(machine)

    def step(self, event: InterviewEvent) -> "Interview | Rejection":
        """The interview after this event, or why it cannot be; then this one is as it was."""
        machine = self.machine
        why = machine.apply(event)
        return Interview(machine, len(machine.events)) if why is None else why

    @property
    def machine(self) -> Machine:
        """What this interview has come to. For the engine's own use: look, don't touch."""
        if len(self._machine.events) != self.seq:
            self._machine = Interview.replay(
                self._machine.instrument, self._machine.events[: self.seq]
            )._machine
        return self._machine

    @property
    def events(self) -> tuple[InterviewEvent, ...]:
        return tuple(self.machine.events)

    @property
    def instrument(self) -> Instrument:
        return self._machine.instrument

    @property
    def start(self) -> InterviewStarted:
        return self._machine.start

    @property
    def ending(self) -> str:
        """The outcome that the route has come to and `InterviewEnded` should journal; empty elsewhere."""
        machine = self.machine
        return machine.ending if machine.walk.finished and machine.status == "open" else ""

    @property
    def remaining_answers(self) -> Mapping[str, Cell] | None:
        """Once answers were erased: what stays of them, by column. None where none were."""
        return self.machine.remaining_answers

    @property
    def is_after_hangup(self) -> bool:
        """Whether the respondent has hung up and only the interviewer's own items are left: the case is complete."""
        here = self.machine.current_stop
        return here is not None and here.leaf.after_hangup

    @property
    def is_at_end(self) -> bool:
        """Whether an `end` has been reached, and only its text is left to be read: nothing more is asked."""
        here = self.machine.current_stop
        return self.machine.status == "open" and here is not None and isinstance(here.leaf.question, EndItem)

    @property
    def is_reopened(self) -> bool:
        """Whether this sitting corrects an interview that had ended."""
        sittings = (e for e in reversed(self.machine.events) if isinstance(e, InterviewResumed))
        return getattr(next(sittings, None), "reopen", False)

    @property
    def language(self) -> str:
        return self.machine.language

    @property
    def answer_count(self) -> int:
        """How many places hold an answer, whether or not it counts now."""
        return self.machine.answer_count

    def evaluate_route(self) -> RouteState:
        """Every place whose answer counts, with that answer; and the places not reached."""
        if self._route_state is None:
            self._route_state = evaluate_route(self.machine)
        return self._route_state

    def compute_answer(self) -> tuple[Cell | None, int]:
        """At a Lookup whose answer the journal alone decides: the value, and from how many it was drawn."""
        stop = self.machine.current_stop
        return compute_answer(self.machine.walk, stop) if stop is not None else (None, 0)
