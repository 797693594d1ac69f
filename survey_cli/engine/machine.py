"""The state of one interview: recorded answers, position on the route, and what each event changes or must not change.

Changed in place by accepted events only. `Interview` owns it and shows it as a value.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias, assert_never

from survey_cli.engine.computed_answers import compute_answer
from survey_cli.engine.events import (
    NO_SPECIFY_TEXTS,
    AnswerKept,
    AnswersErased,
    InterviewEnded,
    InterviewEvent,
    InterviewResumed,
    InterviewStarted,
    InterviewStopped,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
    ValueComputed,
)
from survey_cli.engine.route import RouteStop, RouteWalk
from survey_cli.entries import Rejection, to_plain_text
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledCheck
from survey_cli.instrument.schema.items.unasked_items import ComputedItem, DrawItem, EndItem, SplitItem
from survey_cli.values import NOT_ASKED, NOT_REACHED, Cell, Code, Missing, Place, get_missing

InterviewStatus: TypeAlias = Literal["open", "suspended", "stopped", "ended"]
COMPLETE: Final = "complete"
QUOTA_FULL: Final = "quota_full"
"""The outcome of an interview whose respondent falls into a full quota cell, wherever it then stands."""
CLOSED_REASON: Final = "the interview is closed"


class RecordedAnswer(NamedTuple):
    """What the journal last said about a place: a value (None for a Read), or a Missing."""

    cell: Cell | None
    specify_texts: Mapping[Code, str] = NO_SPECIFY_TEXTS
    confirmed_queries: frozenset[tuple[int, tuple[Any, ...]]] = frozenset()
    """Queries answered with: it is so, each with what it depended on then."""
    lapsed: bool = False
    """It has been off the route since, or was not acceptable: shown again, and counting once it is kept."""


class Machine:
    """What an interview has come to. Changed by events only, and only where they are accepted."""

    def __init__(self, instrument: Instrument, began: InterviewStarted) -> None:
        self.instrument = instrument
        self.start = began
        self.events: list[InterviewEvent] = []
        self.recorded_answers: dict[Place, RecordedAnswer] = {}
        self.answer_count = 0
        """How many places hold an answer, whether or not it counts now; a text read aloud is none."""
        self.language = began.session.language
        self.status: InterviewStatus = "open"
        self.outcome = ""
        self.ending = ""
        """The outcome the route has come to, before `InterviewEnded` is journalled."""
        self.query: int | None = None
        """Which check of the present item waits for an answer."""
        self.returning = False
        """After a jump: on to the first open place."""
        self.target: Place | None = None
        """A jump to a place ahead, as far as nothing is open before it."""
        self.remaining_answers: Mapping[str, Cell] | None = None
        """Once answers were erased: what stays, by column."""
        self.session = began.session
        self.walk = RouteWalk(instrument, began.seed, self.build_env(), self._lapse, rules=began.rules)
        self._arrive()

    @classmethod
    def begin(cls, instrument: Instrument, began: InterviewStarted) -> "Machine":
        """A machine that stands at its first place."""
        machine = cls(instrument, began)
        machine.events.append(began)
        return machine

    @classmethod
    def restore_erased(cls, instrument: Instrument, events: Sequence[InterviewEvent]) -> "Machine":
        """What an interview comes to whose answers were erased: events that say nothing any more are not judged."""
        began, *line = events
        if not isinstance(began, InterviewStarted):
            raise ValueError("a journal begins with Began")
        machine = cls.begin(instrument, began)
        for event in line:
            match event:
                case InterviewSuspended(_, outcome):
                    machine.status, machine.outcome = "suspended", outcome
                case InterviewStopped(_, outcome):
                    machine.status, machine.outcome = "stopped", outcome
                case InterviewEnded(_, outcome):
                    machine.status, machine.outcome = "ended", outcome
                case InterviewResumed():
                    machine.status, machine.outcome = "open", ""
                case AnswersErased():
                    machine._apply_erasure(event)
                case _:
                    pass
            machine.events.append(event)
        return machine

    def build_env(self) -> dict[Any, Any]:
        """What is known before anything is asked."""
        env: dict[Any, Any] = dict(self.start.sample)
        for name in self.instrument.sample:
            env.setdefault(name, NOT_ASKED)
        env["#today"] = self.start.today
        env["#case"] = self.start.case
        env["#unsaid"] = {}
        return env | self._build_session_env()

    def _build_session_env(self) -> dict[Any, Any]:
        """What the latest sitting says in texts."""
        daypart = self.instrument.document.dayparts.get(self.session.daypart)  # type: ignore[call-overload]
        said: Any = self.session.daypart
        if daypart is not None:
            said = {la: str(daypart.get(la)) for la in self.instrument.languages}
        return {"#interviewer": self.session.interviewer, "#daypart": said}

    @property
    def current_stop(self) -> RouteStop | None:
        """Where the interview stands; None past the end of the route."""
        return self.walk.stops[-1] if not self.walk.finished else None

    @property
    def due_outcome(self) -> str:
        """The outcome with which it can end now: that of the end of its route, or complete once they have hung up."""
        here = self.current_stop
        if here is None:
            return self.ending
        return COMPLETE if here.leaf.after_hangup else ""

    # taking events

    def apply(self, event: InterviewEvent) -> Rejection | None:
        """Apply one event; a Rejection leaves everything as it was."""
        if self.remaining_answers is not None and not isinstance(event, AnswersErased):
            return Rejection("the answers were erased")
        match event:
            case (
                QuestionAnswered() | QuestionDeclined() | ValueComputed() | AnswerKept() | QueryConfirmed()
            ) if self.status == "open":
                why = self._apply_entry(event)
            case NoteWritten() | LanguageChanged() if self.status == "open":
                if isinstance(event, NoteWritten) and event.replaces and not self._is_note(event.replaces):
                    return Rejection("there is no such note")
                if isinstance(event, LanguageChanged):
                    if event.language not in self.instrument.languages:
                        return Rejection(f"the questionnaire has no language {event.language}")
                    self.language = event.language
                why = None
            case PositionMoved() if self.status == "open":
                why = self._apply_move(event)
            case InterviewSuspended() if self.status == "open":
                self.status, self.outcome, why = "suspended", event.outcome, None
            case InterviewStopped() if self.status == "open":
                self.status, self.outcome, why = "stopped", event.outcome, None
            case InterviewEnded() if self.status == "open":
                if event.outcome not in (self.due_outcome, QUOTA_FULL):
                    return Rejection("the interview is not at its end")
                self.status, self.outcome, why = "ended", event.outcome, None
            case InterviewResumed():
                why = self._resume(event)
            case AnswersErased():
                self._apply_erasure(event)
                why = None
            case InterviewStarted():
                return Rejection("the interview has begun already")
            case _:
                return Rejection(CLOSED_REASON)
        if why is None:
            self.events.append(event)
        return why

    def _is_note(self, seq: int) -> bool:
        """Whether the event of this number is a note."""
        return 1 <= seq <= len(self.events) and isinstance(self.events[seq - 1], NoteWritten)

    def _apply_erasure(self, event: AnswersErased) -> None:
        """Nothing is held any more, and nothing is asked."""
        self.recorded_answers, self.answer_count = {}, 0
        self.query, self.returning, self.target, self.ending = None, False, None, ""
        self.walk.finish()
        self.remaining_answers = event.remaining or {}
        if event.remaining is None:
            self.status, self.outcome = "ended", "withdrawn"

    def _apply_entry(
        self, event: QuestionAnswered | QuestionDeclined | ValueComputed | AnswerKept | QueryConfirmed
    ) -> Rejection | None:
        stop = self.current_stop
        if stop is None:
            return Rejection(CLOSED_REASON)
        if event.place != stop.place:
            return Rejection(f"{event.place} is not what is asked now ({stop.place})")
        match event:
            case QuestionAnswered():
                if isinstance(stop.leaf.question, ComputedItem):
                    return Rejection("the computer answers this")
                held = RecordedAnswer(event.value, event.specify_texts)
                if why := self.why_invalid(stop, held):
                    return Rejection(why)
            case QuestionDeclined():
                if all(d.id != event.decline for d in stop.leaf.declines):
                    return Rejection(
                        "this cannot be declined" if not stop.leaf.declines else "not a decline of this item"
                    )
                held = RecordedAnswer(get_missing(event.decline))
            case ValueComputed():
                if not isinstance(stop.leaf.question, ComputedItem):
                    return Rejection(f"{stop.place} is asked, not looked up")
                words: Mapping[Code, str] = (
                    {"of": str(event.pool_size)} if event.pool_size else NO_SPECIFY_TEXTS
                )
                held = RecordedAnswer(event.value, words)
                if why := self.why_invalid(stop, held):
                    return Rejection(why)
            case AnswerKept():
                earlier = self.recorded_answers.get(stop.place)
                if earlier is None:
                    return Rejection("nothing was answered here before")
                if why := self.why_invalid(stop, earlier):
                    return Rejection(f"the earlier answer no longer fits: {why}")
                held = earlier._replace(lapsed=False)
            case QueryConfirmed():
                earlier = self.recorded_answers.get(stop.place)
                if earlier is None or self.query is None or event.check != self.query:
                    return Rejection("there is nothing to confirm")
                held = self._add_confirmation(stop, earlier, event.check)
            case _:
                assert_never(event)
        if held.cell is not None and stop.place not in self.recorded_answers:
            self.answer_count += 1
        self.recorded_answers[stop.place] = held
        self._continue_from(stop, held)
        return None

    def why_invalid(self, stop: RouteStop, held: RecordedAnswer) -> str:
        """Why the item would not accept this now: its type and options, then its hard checks. Empty where it would."""
        cell, leaf = held.cell, stop.leaf
        if not leaf.question.asks and isinstance(leaf.question, DrawItem | SplitItem):
            drawn = compute_answer(self.walk, stop)
            return (
                ""
                if (cell, held.specify_texts.get("of", "0")) == (drawn[0], str(drawn[1]))
                else "the draw has changed"
            )
        if isinstance(cell, Missing):
            offered = any(d.id == cell.kind for d in leaf.declines) or isinstance(leaf.question, ComputedItem)
            return "" if offered else "this can no longer be declined"
        if why := leaf.question.why_invalid(self.walk.build_item_context(stop, self.language), cell):
            return why
        if not leaf.checks:
            return ""
        mark = self.walk.mark
        self.walk.record_answer(stop, cell)
        try:
            failed = next((c for c in leaf.checks if not c.soft and c.fires(self.walk.env)), None)
            return "" if failed is None else to_plain_text(failed.say.fill(self.walk.env, self.language))
        finally:
            self.walk.undo(mark)

    def _add_confirmation(self, stop: RouteStop, held: RecordedAnswer, check: int) -> RecordedAnswer:
        mark = self.walk.mark
        self.walk.record_answer(stop, held.cell)
        inputs = self._collect_inputs(stop.leaf.checks[check], stop)
        self.walk.undo(mark)
        return RecordedAnswer(held.cell, held.specify_texts, held.confirmed_queries | {(check, inputs)})

    def _collect_inputs(self, check: CompiledCheck, stop: RouteStop) -> tuple[Any, ...]:
        """What a check depends on, so that it fires anew when that has changed."""
        env, turn = self.walk.env, stop.place.turn
        return tuple(
            str(env.get((name, turn), env.get(name, NOT_REACHED))) for name in sorted(check.condition.names)
        )

    def _find_open_query(self, stop: RouteStop, held: RecordedAnswer) -> int | None:
        """The first query of the settled answer that nobody has answered."""
        if not stop.leaf.checks or isinstance(held.cell, Missing):
            return None
        for index, check in enumerate(stop.leaf.checks):
            if (
                check.soft
                and check.fires(self.walk.env)
                and (index, self._collect_inputs(check, stop)) not in held.confirmed_queries
            ):
                return index
        return None

    # moving

    def _continue_from(self, stop: RouteStop, held: RecordedAnswer) -> None:
        """From an accepted answer to the next place that needs somebody."""
        mark = self.walk.mark
        self.walk.record_answer(stop, held.cell)
        self.query = self._find_open_query(stop, held)
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
        if not self.walk.stops and not self.walk.finished:
            self.walk.advance()
        while (stop := self.current_stop) is not None:
            held = self.recorded_answers.get(stop.place)
            if held is None or held.lapsed:
                break
            if self.why_invalid(stop, held):
                self._lapse(*stop.place)
                break
            passing = (
                self.returning and stop.place != self.target and not isinstance(stop.leaf.question, EndItem)
            )
            if not (passing or isinstance(stop.leaf.question, ComputedItem)):
                break
            mark = self.walk.mark
            self.walk.record_answer(stop, held.cell)
            self.query = self._find_open_query(stop, held)
            if self.query is not None:
                self.walk.undo(mark)
                break
            self.walk.advance()
        stop = self.current_stop
        if stop is None:
            self.ending = COMPLETE
        if stop is None or stop.place not in self.recorded_answers or stop.place == self.target:
            self.returning, self.target = False, None

    def _lapse(self, item: str, turn: int | None) -> None:
        """This place is off the route, or would not accept its answer: that is not revived of itself."""
        held = self.recorded_answers.get(Place(item, turn))
        if held is not None and not held.lapsed:
            self.recorded_answers[Place(item, turn)] = held._replace(lapsed=True)

    def _apply_move(self, event: PositionMoved) -> Rejection | None:
        index = self.find_index(event.place)
        if index is None:
            if not event.jump or event.place not in self.recorded_answers:
                return Rejection(f"{event.place} has not been asked")
            if self.current_stop is None:
                return Rejection(f"{event.place} is no longer on the route")
            return self._jump_ahead(event.place)
        self.walk.rewind(index)
        self.query, self.ending = None, ""
        self.returning = event.jump
        return None

    def _jump_ahead(self, place: Place) -> Rejection | None:
        """To a place further on, as far as every answer before it stands."""
        stop = self.current_stop
        assert stop is not None
        held = self.recorded_answers.get(stop.place)
        if held is None or held.lapsed or self.why_invalid(stop, held):
            return Rejection("answer this one first")
        self.returning, self.target = True, place
        self._continue_from(stop, held)
        self.returning, self.target = False, None
        return None

    def _resume(self, event: InterviewResumed) -> Rejection | None:
        if self.status in ("ended", "stopped") and not event.reopen:
            return Rejection("the interview had ended: reopen it to correct it")
        led_here = self.status == "suspended" and self.outcome != ""
        self.status, self.outcome, self.query, self.ending = "open", "", None, ""
        self.session, self.language = event.session, event.session.language
        self.walk.env.update(self._build_session_env())
        stop = self.current_stop
        at_end = stop is not None and isinstance(stop.leaf.question, EndItem)
        if stop is None or (led_here and at_end):
            index = self.find_previous_index(
                len(self.walk.stops) - (0 if stop is None and not self._is_past_end_item() else 1)
            )
            if index is not None:
                self.walk.rewind(index)
            elif stop is None and self._is_past_end_item():
                self.walk.rewind(len(self.walk.stops) - 1)
            elif stop is None:
                self.ending = COMPLETE  # nobody was asked anything: there is nothing to go back to
        return None

    def _is_past_end_item(self) -> bool:
        return bool(self.walk.stops) and isinstance(self.walk.stops[-1].leaf.question, EndItem)

    # looking back

    def find_index(self, place: Place) -> int | None:
        """Which stop of the walk this place is, if somebody can stand there."""
        stops = self.walk.stops
        for index in range(len(stops) - 1, -1, -1):
            if stops[index].place == place:
                return None if isinstance(stops[index].leaf.question, ComputedItem) else index
        return None

    def find_previous_index(self, index: int) -> int | None:
        """The last stop before `index` that was put to somebody."""
        for at in range(index - 1, -1, -1):
            if not isinstance(self.walk.stops[at].leaf.question, ComputedItem):
                return at
        return None
