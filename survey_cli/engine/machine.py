"""What one interview has come to: which answers are held, where it stands, what an event changes and what it may not.

Changed in place by accepted events only; `Interview` owns it and shows itself as a value.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, assert_never

from survey_cli.engine.computed_answers import looked_up
from survey_cli.engine.events import (
    NO_WORDS,
    Answered,
    Began,
    Confirmed,
    Declined,
    Ended,
    Erased,
    Event,
    Kept,
    Language,
    LookedUp,
    Noted,
    Resumed,
    Stopped,
    Suspended,
    WentTo,
)
from survey_cli.engine.route import Stop, Walk
from survey_cli.entries import Rejection, plain
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledCheck
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, DrawItem, EndItem, SplitItem
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Code, Missing, Place, missing

Status: TypeAlias = Literal["open", "suspended", "stopped", "ended"]
COMPLETE: Final = "complete"
QUOTA_FULL: Final = "quota_full"
"""The outcome of an interview whose respondent falls into a full quota cell, wherever it then stands."""
CLOSED: Final = "the interview is closed"


class Held(NamedTuple):
    """What the journal last said about a place: a value (None for a Read), or a Missing."""

    cell: Cell | None
    words: Mapping[Code, str] = NO_WORDS
    confirmed: frozenset[tuple[int, tuple[Any, ...]]] = frozenset()
    """Queries answered with: it is so, each with what it depended on then."""
    lapsed: bool = False
    """It has been off the route since, or was not acceptable: shown again, and counting once it is kept."""


class Machine:
    """What an interview has come to. Changed by events only, and only where they are accepted."""

    def __init__(self, instrument: Instrument, began: Began) -> None:
        self.instrument = instrument
        self.began = began
        self.events: list[Event] = []
        self.held: dict[Place, Held] = {}
        self.answered = 0
        """How many places hold an answer, whether or not it counts now; a text read aloud is none."""
        self.language = began.sitting.language
        self.status: Status = "open"
        self.outcome = ""
        self.ending = ""
        """The outcome the route has come to, before `Ended` is journalled."""
        self.query: int | None = None
        """Which check of the present item waits for an answer."""
        self.returning = False
        """After a jump: on to the first open place."""
        self.target: Place | None = None
        """A jump to a place ahead, as far as nothing is open before it."""
        self.left: Mapping[str, Cell] | None = None
        """Once answers were erased: what stays, by column."""
        self.sitting = began.sitting
        self.walk = Walk(instrument, began.seed, self.facts(), self._lapse, rules=began.rules)
        self._arrive()

    @classmethod
    def begin(cls, instrument: Instrument, began: Began) -> "Machine":
        """A machine that stands at its first place."""
        machine = cls(instrument, began)
        machine.events.append(began)
        return machine

    @classmethod
    def remains(cls, instrument: Instrument, events: Sequence[Event]) -> "Machine":
        """What an interview comes to whose answers were erased: events that say nothing any more are not judged."""
        began, *line = events
        if not isinstance(began, Began):
            raise ValueError("a journal begins with Began")
        machine = cls.begin(instrument, began)
        for event in line:
            match event:
                case Suspended(_, outcome):
                    machine.status, machine.outcome = "suspended", outcome
                case Stopped(_, outcome):
                    machine.status, machine.outcome = "stopped", outcome
                case Ended(_, outcome):
                    machine.status, machine.outcome = "ended", outcome
                case Resumed():
                    machine.status, machine.outcome = "open", ""
                case Erased():
                    machine._erased(event)
                case _:
                    pass
            machine.events.append(event)
        return machine

    def facts(self) -> dict[Any, Any]:
        """What is known before anything is asked."""
        env: dict[Any, Any] = dict(self.began.sample)
        for name in self.instrument.sample:
            env.setdefault(name, NOT_ASKED)
        env["#today"] = self.began.today
        env["#case"] = self.began.case
        env["#unsaid"] = {}
        return env | self._of_sitting()

    def _of_sitting(self) -> dict[Any, Any]:
        """What the latest sitting says in texts."""
        daypart = self.instrument.document.dayparts.get(self.sitting.daypart)  # type: ignore[call-overload]
        said: Any = self.sitting.daypart
        if daypart is not None:
            said = {la: str(daypart.get(la)) for la in self.instrument.languages}
        return {"#interviewer": self.sitting.interviewer, "#daypart": said}

    @property
    def here(self) -> Stop | None:
        """Where the interview stands; None past the end of the route."""
        return self.walk.stops[-1] if not self.walk.over else None

    @property
    def due_outcome(self) -> str:
        """The outcome with which it can end now: that of the end of its route, or complete once they have hung up."""
        here = self.here
        if here is None:
            return self.ending
        return COMPLETE if here.leaf.after_hangup else ""

    # taking events

    def take(self, event: Event) -> Rejection | None:
        """Apply one event; a Rejection leaves everything as it was."""
        if self.left is not None and not isinstance(event, Erased):
            return Rejection("the answers were erased")
        match event:
            case Answered() | Declined() | LookedUp() | Kept() | Confirmed() if self.status == "open":
                why = self._entry(event)
            case Noted() | Language() if self.status == "open":
                if isinstance(event, Noted) and event.replaces and not self._is_note(event.replaces):
                    return Rejection("there is no such note")
                if isinstance(event, Language):
                    if event.language not in self.instrument.languages:
                        return Rejection(f"the questionnaire has no language {event.language}")
                    self.language = event.language
                why = None
            case WentTo() if self.status == "open":
                why = self._go(event)
            case Suspended() if self.status == "open":
                self.status, self.outcome, why = "suspended", event.outcome, None
            case Stopped() if self.status == "open":
                self.status, self.outcome, why = "stopped", event.outcome, None
            case Ended() if self.status == "open":
                if event.outcome not in (self.due_outcome, QUOTA_FULL):
                    return Rejection("the interview is not at its end")
                self.status, self.outcome, why = "ended", event.outcome, None
            case Resumed():
                why = self._resume(event)
            case Erased():
                self._erased(event)
                why = None
            case Began():
                return Rejection("the interview has begun already")
            case _:
                return Rejection(CLOSED)
        if why is None:
            self.events.append(event)
        return why

    def _is_note(self, seq: int) -> bool:
        """Whether the event of this number is a note."""
        return 1 <= seq <= len(self.events) and isinstance(self.events[seq - 1], Noted)

    def _erased(self, event: Erased) -> None:
        """Nothing is held any more, and nothing is asked."""
        self.held, self.answered = {}, 0
        self.query, self.returning, self.target, self.ending = None, False, None, ""
        self.walk.finish()
        self.left = event.left or {}
        if event.left is None:
            self.status, self.outcome = "ended", "withdrawn"

    def _entry(self, event: Answered | Declined | LookedUp | Kept | Confirmed) -> Rejection | None:
        stop = self.here
        if stop is None:
            return Rejection(CLOSED)
        if event.place != stop.place:
            return Rejection(f"{event.place} is not what is asked now ({stop.place})")
        match event:
            case Answered():
                if isinstance(stop.leaf.question, ComputedItem):
                    return Rejection("the computer answers this")
                held = Held(event.value, event.words)
                if why := self.unfit(stop, held):
                    return Rejection(why)
            case Declined():
                if all(d.id != event.decline for d in stop.leaf.declines):
                    return Rejection(
                        "this cannot be declined" if not stop.leaf.declines else "not a decline of this item"
                    )
                held = Held(missing(event.decline))
            case LookedUp():
                if not isinstance(stop.leaf.question, ComputedItem):
                    return Rejection(f"{stop.place} is asked, not looked up")
                words: Mapping[Code, str] = {"of": str(event.of)} if event.of else NO_WORDS
                held = Held(event.value, words)
                if why := self.unfit(stop, held):
                    return Rejection(why)
            case Kept():
                earlier = self.held.get(stop.place)
                if earlier is None:
                    return Rejection("nothing was answered here before")
                if why := self.unfit(stop, earlier):
                    return Rejection(f"the earlier answer no longer fits: {why}")
                held = earlier._replace(lapsed=False)
            case Confirmed():
                earlier = self.held.get(stop.place)
                if earlier is None or self.query is None or event.check != self.query:
                    return Rejection("there is nothing to confirm")
                held = self._confirmed(stop, earlier, event.check)
            case _:
                assert_never(event)
        if held.cell is not None and stop.place not in self.held:
            self.answered += 1
        self.held[stop.place] = held
        self._go_on(stop, held)
        return None

    def unfit(self, stop: Stop, held: Held) -> str:
        """Why the item would not accept this now: its type and options, then its hard checks. Empty where it would."""
        cell, leaf = held.cell, stop.leaf
        if not leaf.question.asks and isinstance(leaf.question, DrawItem | SplitItem):
            drawn = looked_up(self.walk, stop)
            return (
                ""
                if (cell, held.words.get("of", "0")) == (drawn[0], str(drawn[1]))
                else "the draw has changed"
            )
        if isinstance(cell, Missing):
            offered = any(d.id == cell.kind for d in leaf.declines) or isinstance(leaf.question, ComputedItem)
            return "" if offered else "this can no longer be declined"
        if why := leaf.question.why_invalid(self.walk.asking(stop, self.language), cell):
            return why
        if not leaf.checks:
            return ""
        mark = self.walk.mark
        self.walk.settle(stop, cell)
        try:
            failed = next((c for c in leaf.checks if not c.soft and c.fires(self.walk.env)), None)
            return "" if failed is None else plain(failed.say.fill(self.walk.env, self.language))
        finally:
            self.walk.undo(mark)

    def _confirmed(self, stop: Stop, held: Held, check: int) -> Held:
        mark = self.walk.mark
        self.walk.settle(stop, held.cell)
        inputs = self._inputs(stop.leaf.checks[check], stop)
        self.walk.undo(mark)
        return Held(held.cell, held.words, held.confirmed | {(check, inputs)})

    def _inputs(self, check: CompiledCheck, stop: Stop) -> tuple[Any, ...]:
        """What a check depends on, so that it fires anew when that has changed."""
        env, turn = self.walk.env, stop.place.turn
        return tuple(
            str(env.get((name, turn), env.get(name, NOT_REACHED))) for name in sorted(check.condition.names)
        )

    def _firing(self, stop: Stop, held: Held) -> int | None:
        """The first query of the settled answer that nobody has answered."""
        if not stop.leaf.checks or isinstance(held.cell, Missing):
            return None
        for index, check in enumerate(stop.leaf.checks):
            if (
                check.soft
                and check.fires(self.walk.env)
                and (index, self._inputs(check, stop)) not in held.confirmed
            ):
                return index
        return None

    # moving

    def _go_on(self, stop: Stop, held: Held) -> None:
        """From an accepted answer to the next place that needs somebody."""
        mark = self.walk.mark
        self.walk.settle(stop, held.cell)
        self.query = self._firing(stop, held)
        if self.query is not None:
            self.walk.undo(mark)
            return
        question = stop.leaf.question
        if not question.asks and isinstance(question, EndItem):
            self.ending = str(question.outcome)
            self.walk.finish()
            return
        self.walk.advance()
        self._arrive()

    def _arrive(self) -> None:
        """Having come to a place: pass it where its answer stands and nobody need be asked."""
        if not self.walk.stops and not self.walk.over:
            self.walk.advance()
        while (stop := self.here) is not None:
            held = self.held.get(stop.place)
            if held is None or held.lapsed:
                break
            if self.unfit(stop, held):
                self._lapse(*stop.place)
                break
            passing = (
                self.returning and stop.place != self.target and not isinstance(stop.leaf.question, EndItem)
            )
            if not (passing or isinstance(stop.leaf.question, ComputedItem)):
                break
            mark = self.walk.mark
            self.walk.settle(stop, held.cell)
            self.query = self._firing(stop, held)
            if self.query is not None:
                self.walk.undo(mark)
                break
            self.walk.advance()
        stop = self.here
        if stop is None:
            self.ending = COMPLETE
        if stop is None or stop.place not in self.held or stop.place == self.target:
            self.returning, self.target = False, None

    def _lapse(self, item: str, turn: int | None) -> None:
        """This place is off the route, or would not accept its answer: that is not revived of itself."""
        held = self.held.get(Place(item, turn))
        if held is not None and not held.lapsed:
            self.held[Place(item, turn)] = held._replace(lapsed=True)

    def _go(self, event: WentTo) -> Rejection | None:
        index = self.index_of(event.place)
        if index is None:
            if not event.jump or event.place not in self.held:
                return Rejection(f"{event.place} has not been asked")
            if self.here is None:
                return Rejection(f"{event.place} is no longer on the route")
            return self._ahead(event.place)
        self.walk.rewind(index)
        self.query, self.ending = None, ""
        self.returning = event.jump
        return None

    def _ahead(self, place: Place) -> Rejection | None:
        """To a place further on, as far as every answer before it stands."""
        stop = self.here
        assert stop is not None
        held = self.held.get(stop.place)
        if held is None or held.lapsed or self.unfit(stop, held):
            return Rejection("answer this one first")
        self.returning, self.target = True, place
        self._go_on(stop, held)
        self.returning, self.target = False, None
        return None

    def _resume(self, event: Resumed) -> Rejection | None:
        if self.status in ("ended", "stopped") and not event.reopen:
            return Rejection("the interview had ended: reopen it to correct it")
        led_here = self.status == "suspended" and self.outcome != ""
        self.status, self.outcome, self.query, self.ending = "open", "", None, ""
        self.sitting, self.language = event.sitting, event.sitting.language
        self.walk.env.update(self._of_sitting())
        stop = self.here
        at_end = stop is not None and isinstance(stop.leaf.question, EndItem)
        if stop is None or (led_here and at_end):
            index = self.before(
                len(self.walk.stops) - (0 if stop is None and not self._ended_at_end() else 1)
            )
            if index is not None:
                self.walk.rewind(index)
            elif stop is None and self._ended_at_end():
                self.walk.rewind(len(self.walk.stops) - 1)
            elif stop is None:
                self.ending = COMPLETE  # nobody was asked anything: there is nothing to go back to
        return None

    def _ended_at_end(self) -> bool:
        return bool(self.walk.stops) and isinstance(self.walk.stops[-1].leaf.question, EndItem)

    # looking back

    def index_of(self, place: Place) -> int | None:
        """Which stop of the walk this place is, if somebody can stand there."""
        stops = self.walk.stops
        for index in range(len(stops) - 1, -1, -1):
            if stops[index].place == place:
                return None if isinstance(stops[index].leaf.question, ComputedItem) else index
        return None

    def before(self, index: int) -> int | None:
        """The last stop before `index` that was put to somebody."""
        for at in range(index - 1, -1, -1):
            if not isinstance(self.walk.stops[at].leaf.question, ComputedItem):
                return at
        return None
