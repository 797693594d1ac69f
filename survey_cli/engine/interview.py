"""One interview: an immutable value that takes an event and gives the next interview, or says why not.

`Interview` is what the house sees. Inside, the newest interview of a line owns the machine; stepping from an older one
replays its events first. Either way the same events give the same interview.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from survey_cli.engine.computed_answers import looked_up
from survey_cli.engine.events import (
    Began,
    Erased,
    Event,
    Resumed,
)
from survey_cli.engine.machine import Held, Machine, Status
from survey_cli.engine.route import Walk
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.values import Cell, Place

VERSION: Final = 1
"""Of the rules in this room: a snapshot made under another version is not trusted."""


class Standing(NamedTuple):
    """What an interview has come to, seen from the start of its route."""

    answers: Mapping[Place, Held]
    """Every place whose answer counts, in the order of the route."""
    unreached: frozenset[Place]
    """The first open place, and what lies ahead of it as far as conditions can tell. What is neither here nor among the
    answers is not asked."""
    env: Mapping[Any, Any]
    """What is known at the end of the route: computes, and a roster's turns by `#roster`."""


def standing(machine: Machine) -> Standing:
    """Each answer that stands. At the end of a route that is the walk which led there; elsewhere it is walked anew. Of
    one whose answers were erased what is left is known, and nothing stands."""
    walk = machine.walk
    if machine.left is not None:
        return Standing({}, frozenset(), {**machine.facts(), **machine.left})
    if walk.over and machine.status == "ended":
        return Standing(
            {stop.place: machine.held[stop.place] for stop in walk.stops}, frozenset(), dict(walk.env)
        )
    return walked_anew(machine)


def walked_anew(machine: Machine) -> Standing:
    """Walk the route from its start, counting each answer that its item would accept."""
    fresh = Machine.__new__(Machine)
    fresh.instrument, fresh.began, fresh.language = machine.instrument, machine.began, machine.language
    fresh.walk = walk = Walk(
        machine.instrument, machine.began.seed, machine.facts(), rules=machine.began.rules
    )
    counted: dict[Place, Held] = {}
    while (stop := walk.advance()) is not None:
        held = machine.held.get(stop.place)
        ends = isinstance(stop.leaf.question, EndItem)
        if held is not None and not held.lapsed and not fresh.unfit(stop, held):
            counted[stop.place] = held
            walk.settle(stop, held.cell)
        elif not ends:
            walk.leave_open(stop)
        if ends and not (machine.outcome and machine.status == "suspended"):
            walk.finish()
        elif ends:  # a temporary end: what lies behind it is still to come
            walk.beyond = True
    return Standing(counted, frozenset(walk.unreached), walk.env)


class Interview:
    """An interview as an immutable value: `step` gives another one."""

    __slots__ = ("_machine", "_standing", "outcome", "place", "seq", "status")

    def __init__(self, machine: Machine, seq: int) -> None:
        self._machine = machine
        self._standing: Standing | None = None
        self.seq = seq
        """How many events it has."""
        here = machine.here
        self.place: Place | None = here.place if here is not None else None
        """Where it stands; None past the end of its route."""
        self.status: Status = machine.status
        self.outcome: str = machine.outcome
        """The outcome's id, once there is one."""

    @classmethod
    def begin(cls, instrument: Instrument, began: Began) -> "Interview":
        """A new interview, standing at its first place."""
        return cls(Machine.begin(instrument, began), 1)

    @classmethod
    def of(cls, machine: Machine) -> "Interview":
        """The interview that a machine has come to, which nobody else changes from now on."""
        return cls(machine, len(machine.events))

    @classmethod
    def replay(cls, instrument: Instrument, events: Iterable[Event]) -> "Interview":
        """The interview that these events give. Raises ValueError where they are no journal of this instrument."""
        journal = list(events)
        if journal and isinstance(journal[-1], Erased):
            return cls.of(Machine.remains(instrument, journal))
        line: Iterator[Event] = iter(journal)
        began = next(line, None)
        if not isinstance(began, Began):
            raise ValueError("a journal begins with Began")
        machine = Machine.begin(instrument, began)
        for event in line:
            if (why := machine.take(event)) is not None:
                raise ValueError(f"event {len(machine.events)} ({type(event).__name__}): {why.why}")
        return cls.of(machine)

    def step(self, event: Event) -> "Interview | Rejection":
        """The interview after this event, or why it cannot be; then this one is as it was."""
        machine = self.machine
        why = machine.take(event)
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
    def events(self) -> tuple[Event, ...]:
        return tuple(self.machine.events)

    @property
    def instrument(self) -> Instrument:
        return self._machine.instrument

    @property
    def began(self) -> Began:
        return self._machine.began

    @property
    def ending(self) -> str:
        """The outcome that the route has come to and `Ended` should journal; empty elsewhere."""
        machine = self.machine
        return machine.ending if machine.walk.over and machine.status == "open" else ""

    @property
    def left(self) -> Mapping[str, Cell] | None:
        """Once answers were erased: what stays of them, by column. None where none were."""
        return self.machine.left

    @property
    def hung_up(self) -> bool:
        """Whether the respondent has hung up and only the interviewer's own items are left: the case is complete."""
        here = self.machine.here
        return here is not None and here.leaf.after_hangup

    @property
    def at_end(self) -> bool:
        """Whether an `end` has been reached, and only its text is left to be read: nothing more is asked."""
        here = self.machine.here
        return self.machine.status == "open" and here is not None and isinstance(here.leaf.question, EndItem)

    @property
    def reopened(self) -> bool:
        """Whether this sitting corrects an interview that had ended."""
        sittings = (e for e in reversed(self.machine.events) if isinstance(e, Resumed))
        return getattr(next(sittings, None), "reopen", False)

    @property
    def language(self) -> str:
        return self.machine.language

    @property
    def answered(self) -> int:
        """How many places hold an answer, whether or not it counts now."""
        return self.machine.answered

    def standing(self) -> Standing:
        """Every place whose answer counts, with that answer; and the places not reached."""
        if self._standing is None:
            self._standing = standing(self.machine)
        return self._standing

    def looks_up(self) -> tuple[Cell | None, int]:
        """At a Lookup whose answer the journal alone decides: the value, and from how many it was drawn."""
        stop = self.machine.here
        return looked_up(self.machine.walk, stop) if stop is not None else (None, 0)
