"""The state of one interview: recorded answers, position on the route, and what each event changes or must not change.

Changed in place by accepted events only. `Interview` owns it and shows it as a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeAlias, assert_never

from survey_cli.engine import computed_answers, events, route
from survey_cli.entries import Rejection, to_plain_text
from survey_cli.instrument.compiled.model import CompiledNode, Instrument
from survey_cli.instrument.expressions.known import ClockUse, Known
from survey_cli.instrument.schema.items.question import CompiledCheck
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    DrawItem,
    EndItem,
    PickItem,
    SplitItem,
)
from survey_cli.values import NOT_ASKED, Cell, Code, Missing, Place, get_missing

InterviewStatus: TypeAlias = Literal["open", "suspended", "stopped", "ended"]
COMPLETE: Final = "complete"
QUOTA_FULL: Final = "quota_full"
"""The outcome of an interview whose respondent falls into a full quota cell, wherever it is then."""
CLOSED_REASON: Final = "the interview is closed"
_CLOSED: Final[Mapping[type[events.ClosingEvent], InterviewStatus]] = {
    events.InterviewSuspended: "suspended",
    events.InterviewStopped: "stopped",
    events.InterviewEnded: "ended",
}
"""The status after each event that closes an interview."""


@dataclass(slots=True)
class InterviewClock:
    """The minutes of interviewing, as `elapsed()` reads them: each use keeps the minutes at which it was first reached.

    They follow from the times of the events, so that a replay reads the same.
    """

    first_readings: dict[ClockUse, int] = field(default_factory=dict)
    time_spent: timedelta | Missing = field(default=timedelta(), compare=False)
    """Up to the last answer; `NOT_REACHED` for a walk that looks ahead."""

    def read(self, use: ClockUse) -> int | Missing:
        if isinstance(self.time_spent, Missing):
            return self.first_readings.get(use, self.time_spent)
        return self.first_readings.setdefault(use, max(0, self.time_spent // timedelta(minutes=1)))


class RecordedAnswer(NamedTuple):
    """The latest answer to a place in the journal: a value (None for a text read aloud), or a missing value."""

    cell: Cell | None
    specify_texts: Mapping[Code, str] = events.NO_SPECIFY_TEXTS
    confirmed_queries: frozenset[tuple[int, tuple[Any, ...]]] = frozenset()
    """Queries that were confirmed, each with the values on which it depended then."""
    lapsed: bool = False
    """It has been off the route since, or was not valid: it is shown again, and counts once it is kept."""


def make_answer(
    event: events.QuestionAnswered | events.QuestionDeclined | events.ValueComputed,
) -> RecordedAnswer:
    """Return the answer that an event records."""
    match event:
        case events.QuestionAnswered():
            return RecordedAnswer(event.value, event.specify_texts)
        case events.QuestionDeclined():
            return RecordedAnswer(get_missing(event.decline))
        case events.ValueComputed():
            pool: Mapping[Code, str] = (
                {"of": str(event.pool_size)} if event.pool_size else events.NO_SPECIFY_TEXTS
            )
            return RecordedAnswer(event.value, pool)


def _lapse(
    answers: dict[Place, RecordedAnswer], item: str, turn: int | None, _: CompiledNode | None = None
) -> None:
    """Mark the answer of a place that is off the route, or not valid: it does not count again by itself."""
    answer = answers.get(Place(item, turn))
    if answer is not None and not answer.lapsed:
        answers[Place(item, turn)] = answer._replace(lapsed=True)


class InvalidAnswer(NamedTuple):
    """Why an item doesn't accept an answer."""

    words: str
    check: CompiledCheck | None = None
    """The hard check that failed; None if the type, the options or the draw exclude the answer."""


class Machine:
    """The state of an interview, changed by accepted events only."""

    def __init__(self, instrument: Instrument, start: events.InterviewStarted) -> None:
        self.instrument = instrument
        self.start = start
        self.events: list[events.InterviewEvent] = []
        self.notes = events.NoteList()
        self.session_began_at = self.session_last_at = start.stamp.at
        self.earlier_sessions = timedelta()
        """The time spent in the sessions before the current one, each from its first event to its last."""
        self.recorded_answers: dict[Place, RecordedAnswer] = {}
        self.answer_count = 0
        """The number of places with an answer, whether or not it counts now; a text read aloud is none."""
        self.language = start.session.language
        self.status: InterviewStatus = "open"
        self.outcome = ""
        self.ending = ""
        """The outcome at the end of the route, before `InterviewEnded` is recorded."""
        self.query: int | None = None
        """The index of the current item's check that waits to be confirmed."""
        self.returning = False
        """After a jump: go on to the first open place."""
        self.target: Place | None = None
        """The place of a jump ahead, as far as nothing is open before it."""
        self.is_migrated = False
        """It was taken to another version: open places may lie between answered ones, which are passed."""
        self.time_before_migration: dict[Place, timedelta] = {}
        """The time of interviewing after which each place was first answered, before a migration."""
        self.remaining_answers: Mapping[str, Cell] | None = None
        """The remaining cells by column, once answers were erased."""
        self.session = start.session
        self.clock = InterviewClock()

    def _walk_to_open_place(self) -> None:
        # The walk does not hold the machine: without a cycle, the memory of both is free as soon as nobody needs them.
        self.walk = self.make_walk(self.build_known(), partial(_lapse, self.recorded_answers))
        self._arrive()

    def make_walk(
        self, known: Known, on_pass_over: route.PassOverCallback | None
    ) -> route.RouteWalk:
        """Return a walk at the start of the route."""
        return route.RouteWalk(
            self.instrument, self.start.seed, known, on_pass_over, rules=self.start.rules
        )

    @classmethod
    def begin(cls, instrument: Instrument, start: events.InterviewStarted) -> "Machine":
        """Return a machine at its first place."""
        machine = cls(instrument, start)
        machine._walk_to_open_place()
        machine._record(start)
        return machine

    @classmethod
    def restore(cls, instrument: Instrument, journal: Sequence[events.InterviewEvent]) -> "Machine":
        """Return the state after a migration or an erasure, the last of these events.

        The events before it are not checked: they are of another version, or say too little.
        """
        start, *rest = journal
        if not isinstance(start, events.InterviewStarted):
            raise ValueError("a journal begins with its start")
        machine = cls(instrument, start)
        machine._record(start)
        for event in rest:
            match event:
                case events.QuestionAnswered() | events.QuestionDeclined() | events.ValueComputed():
                    machine.recorded_answers[event.place] = make_answer(event)
                    machine.time_before_migration.setdefault(
                        event.place, machine._measure_time(event)
                    )
                case (
                    events.InterviewSuspended()
                    | events.InterviewStopped()
                    | events.InterviewEnded()
                ):
                    machine.status, machine.outcome = _CLOSED[type(event)], event.outcome
                case events.InterviewResumed(_, session):
                    machine.status, machine.outcome = "open", ""
                    machine.session, machine.language = session, session.language
                case events.LanguageChanged(_, language):
                    machine.language = language
                case events.InterviewMigrated():
                    machine._apply_migration(event, is_last=event is rest[-1])
                case events.AnswersErased():
                    machine._apply_erasure(event)
            machine._record(event)
        return machine

    def _apply_migration(self, event: events.InterviewMigrated, *, is_last: bool) -> None:
        """Drop the answers that do not carry over and, where no other migration follows, go to the first open place."""
        for place in event.dropped:
            self.recorded_answers.pop(place, None)
        if not is_last:
            return
        if event.instrument != self.instrument.hash:
            raise ValueError("its last events are of another version")
        for place in event.lapsed:
            _lapse(self.recorded_answers, *place)
        for place, check, inputs in event.confirmed:
            if (answer := self.recorded_answers.get(place)) is not None:
                confirmed = answer.confirmed_queries | {(check, inputs)}
                self.recorded_answers[place] = answer._replace(confirmed_queries=confirmed)
        self.answer_count = sum(
            answer.cell is not None for answer in self.recorded_answers.values()
        )
        self.returning = self.is_migrated = True
        self._walk_to_open_place()

    def _record(self, event: events.InterviewEvent) -> None:
        """Add an event to the journal."""
        if isinstance(event, events.InterviewResumed):
            self.earlier_sessions += self.session_last_at - self.session_began_at
            self.session_began_at = event.stamp.at
        if not isinstance(event, events.OFFICE_EVENTS):
            self.session_last_at = event.stamp.at
        self.events.append(event)
        if isinstance(event, events.NoteWritten):
            self.notes.record(len(self.events), event)

    def build_known(self) -> Known:
        """Return what is known before anything is asked."""
        values: dict[str, Cell] = dict.fromkeys(self.instrument.sample, NOT_ASKED)
        values.update(self.start.sample)

        known = Known(
            values,
            today=self.start.today,
            case=self.start.case,
            attributes=self.start.attributes,
            hidden=self.instrument.hidden,
            clock=self.clock,
            unfilled={},
        )
        self._set_session(known)
        return known

    def _set_session(self, known: Known) -> None:
        """Set what texts use of the latest session."""
        known.interviewer = self.session.interviewer
        known.daypart = self.session.daypart

        translations = self.instrument.document.dayparts.get(self.session.daypart)  # type: ignore[call-overload]  # a key is a text with its position
        if translations is not None:
            known.daypart = {
                language: str(translations.get(language)) for language in self.instrument.languages
            }

    @property
    def current_stop(self) -> route.RouteStop | None:
        """The current stop; None past the end of the route."""
        return self.walk.stops[-1] if not self.walk.finished else None

    # applying events

    def apply(self, event: events.InterviewEvent) -> Rejection | None:
        """Apply one event; a Rejection leaves everything unchanged."""
        if self.remaining_answers is not None and not isinstance(
            event, (events.AnswersErased, *events.REMARKS)
        ):
            return Rejection("the answers were erased")
        match event:
            case (
                events.QuestionAnswered()
                | events.QuestionDeclined()
                | events.ValueComputed()
                | events.AnswerKept()
                | events.QueryConfirmed()
            ) if self.status == "open":
                rejection = self._apply_entry(event)
            case events.NoteWritten() if self.status == "open":
                is_valid = not event.replaces or self._is_note(event.replaces)
                rejection = None if is_valid else Rejection("there is no such note")
            case events.LanguageChanged() if self.status == "open":
                rejection = self._change_language(event)
            case events.PositionMoved() if self.status == "open":
                rejection = self._apply_move(event)
            case (
                events.InterviewSuspended() | events.InterviewStopped() | events.InterviewEnded()
            ) if self.status == "open":
                rejection = self._close(event)
            case events.InterviewResumed():
                rejection = self._resume(event)
            case events.AnswerCoded() | events.InterviewReviewed() if self.status in (
                "ended",
                "stopped",
            ):
                rejection = None
            case events.AnswersErased():
                self._apply_erasure(event)
                rejection = None
            case events.InterviewStarted() | events.InterviewMigrated():
                return Rejection("the interview has already begun")
            case _:
                return Rejection(CLOSED_REASON)
        if rejection is None:
            self._record(event)
        return rejection

    def _is_note(self, seq: int) -> bool:
        """Return whether the event of this number is a note."""
        return 1 <= seq <= len(self.events) and isinstance(self.events[seq - 1], events.NoteWritten)

    def _change_language(self, event: events.LanguageChanged) -> Rejection | None:
        if event.language not in self.instrument.languages:
            return Rejection(f"the questionnaire has no language {event.language}")
        self.language = event.language
        return None

    def _close(self, event: events.ClosingEvent) -> Rejection | None:
        stop = self.current_stop
        due = self.ending if stop is None else COMPLETE if stop.item.after_hangup else ""
        if isinstance(event, events.InterviewEnded) and event.outcome not in (due, QUOTA_FULL):
            return Rejection("the interview is not at its end")
        self.status, self.outcome = _CLOSED[type(event)], event.outcome
        return None

    def _apply_erasure(self, event: events.AnswersErased) -> None:
        """Drop all recorded answers, and ask nothing more."""
        self.recorded_answers, self.answer_count = {}, 0
        self._walk_to_open_place()
        self.walk.finish()
        self.query, self.returning, self.target, self.ending = None, False, None, ""
        self.remaining_answers = event.remaining or {}
        if event.remaining is None:
            self.status, self.outcome = "ended", "withdrawn"

    def _apply_entry(self, event: events.EntryEvent) -> Rejection | None:
        stop = self.current_stop
        if stop is None:
            return Rejection(CLOSED_REASON)
        if event.place != stop.place:
            return Rejection(f"{event.place} is not what is asked now ({stop.place})")
        answer = self._check_entry(stop, event)
        if isinstance(answer, Rejection):
            return answer
        if answer.cell is not None and stop.place not in self.recorded_answers:
            self.answer_count += 1
        self.recorded_answers[stop.place] = answer
        self.clock.time_spent = self._measure_time(event)
        self._continue_from(stop, answer)
        return None

    def _measure_time(self, event: events.InterviewEvent) -> timedelta:
        """Return the time of interviewing up to an event."""
        return self.earlier_sessions + (event.stamp.at - self.session_began_at)

    def _check_entry(
        self, stop: route.RouteStop, event: events.EntryEvent
    ) -> RecordedAnswer | Rejection:
        """Return the answer that the event gives at the current stop, or why it is rejected."""
        match event:
            case events.QuestionAnswered():
                if isinstance(stop.item.question, ComputedItem):
                    return Rejection("the computer answers this item")
                answer = RecordedAnswer(event.value, event.specify_texts)
                invalid = self.find_mistake(stop, answer)
                if invalid is not None:
                    places = self._list_failed_places(stop, invalid)
                    return Rejection(invalid.words, places=places)
            case events.QuestionDeclined():
                if all(d.id != event.decline for d in stop.item.declines):
                    return Rejection(
                        "not a decline of this item"
                        if stop.item.declines
                        else "this cannot be declined"
                    )
                answer = make_answer(event)
            case events.ValueComputed():
                if not isinstance(stop.item.question, ComputedItem):
                    return Rejection(f"{stop.place} is asked, not looked up")
                answer = make_answer(event)
                invalid = self.find_mistake(stop, answer)
                if invalid is not None:
                    return Rejection(invalid.words)
            case events.AnswerKept():
                earlier = self.recorded_answers.get(stop.place)
                if earlier is None:
                    return Rejection("nothing was answered here before")
                invalid = self.find_mistake(stop, earlier)
                if invalid is not None:
                    places = self._list_failed_places(stop, invalid)
                    why = f"the earlier answer no longer fits: {invalid.words}"
                    return Rejection(why, places=places)
                answer = earlier._replace(lapsed=False)
            case events.QueryConfirmed():
                earlier = self.recorded_answers.get(stop.place)
                if earlier is None or self.query is None or event.check != self.query:
                    return Rejection("there is nothing to confirm")
                answer = self._add_confirmation(stop, earlier, event.check)
            case _:
                assert_never(event)
        return answer

    def find_mistake(self, stop: route.RouteStop, answer: RecordedAnswer) -> InvalidAnswer | None:
        """Return why the item would not accept this answer now; None if it would.

        Its type and options are checked first, then its hard checks.
        """
        cell = answer.cell
        item = stop.item
        if not item.question.expects_answer and isinstance(
            item.question, DrawItem | PickItem | SplitItem
        ):
            pool_size = int(answer.specify_texts.get("of", "0"))
            if computed_answers.has_changed(self.walk, stop, cell, pool_size):
                return InvalidAnswer("the draw has changed")
            return None
        if isinstance(cell, Missing):
            is_offered = any(decline.id == cell.kind for decline in item.declines)
            if is_offered or isinstance(item.question, ComputedItem):
                return None
            return InvalidAnswer("this can no longer be declined")

        context = self.walk.build_item_context(stop, self.language)
        why = item.question.why_invalid(context, cell)
        if why:
            return InvalidAnswer(why)
        return self._find_failed_check(stop, cell)

    def _find_failed_check(self, stop: route.RouteStop, cell: Cell | None) -> InvalidAnswer | None:
        """Return the first hard check that fails with this answer, and what it says."""
        if not stop.item.checks:
            return None
        change_count = self.walk.known.change_count
        self.walk.record_answer(stop, cell)
        try:
            for check in stop.item.checks:
                if not check.soft and check.fires(self.walk.known):
                    says = to_plain_text(check.say.fill(self.walk.known, self.language))
                    return InvalidAnswer(says, check)
            return None
        finally:
            self.walk.known.undo_changes(change_count)

    def _list_failed_places(
        self, stop: route.RouteStop, invalid: InvalidAnswer
    ) -> tuple[Place, ...]:
        """Return the other places that a failed hard check used; none if it was no check."""
        if invalid.check is None:
            return ()
        return route.list_check_places(self.walk, stop, invalid.check)

    def _add_confirmation(
        self, stop: route.RouteStop, answer: RecordedAnswer, check: int
    ) -> RecordedAnswer:
        change_count = self.walk.known.change_count
        self.walk.record_answer(stop, answer.cell)
        inputs = self._collect_inputs(stop.item.checks[check], stop)
        self.walk.known.undo_changes(change_count)
        return RecordedAnswer(
            answer.cell, answer.specify_texts, answer.confirmed_queries | {(check, inputs)}
        )

    def _collect_inputs(self, check: CompiledCheck, stop: route.RouteStop) -> tuple[Any, ...]:
        """Return the values on which a check depends, so that it fires again when they have changed."""
        turn = stop.place.turn
        return tuple(
            str(self.walk.known.value_as_read(name, turn)) for name in sorted(check.condition.names)
        )

    def list_accepted_warnings(
        self, stop: route.RouteStop, answer: RecordedAnswer
    ) -> tuple[int, ...]:
        """Return the soft checks, by index, that were confirmed for this answer with the values known now."""
        return tuple(
            index
            for index, inputs in sorted(answer.confirmed_queries)
            if not stop.item.checks[index].aloud
            and inputs == self._collect_inputs(stop.item.checks[index], stop)
        )

    def _find_open_query(self, stop: route.RouteStop, answer: RecordedAnswer) -> int | None:
        """Return the first query about the recorded answer that nobody has confirmed."""
        if isinstance(answer.cell, Missing):
            return None
        known = self.walk.known
        queries = (
            (at, self._collect_inputs(check, stop))
            for at, check in enumerate(stop.item.checks)
            if check.soft and check.fires(known)
        )
        return next((query[0] for query in queries if query not in answer.confirmed_queries), None)

    # moving

    def _continue_from(self, stop: route.RouteStop, answer: RecordedAnswer) -> None:
        """Go from an accepted answer to the next place that has to be asked."""
        if not self._record_unless_queried(stop, answer):
            return
        question = stop.item.question
        if not question.expects_answer and isinstance(question, EndItem):
            self.ending = str(question.outcome)
            self.walk.finish()
            return
        self._arrive()

    def _record_unless_queried(self, stop: route.RouteStop, answer: RecordedAnswer) -> bool:
        """Record an answer as known; returns False, and records nothing, where a query about it is open."""
        walk = self.walk
        change_count = walk.known.change_count
        walk.record_answer(stop, answer.cell)
        self.query = self._find_open_query(stop, answer) if stop.item.checks else None
        if self.query is not None:
            walk.known.undo_changes(change_count)
        return self.query is None

    def _arrive(self) -> None:
        """Go to the next place, past all whose answers are valid and need not be asked."""
        while (stop := self.walk.advance()) is not None:
            answer = self.recorded_answers.get(stop.place)
            if answer is None or answer.lapsed:
                break
            if self.find_mistake(stop, answer) is not None:
                _lapse(self.recorded_answers, *stop.place)
                break
            passes = (
                self.returning
                and stop.place != self.target
                and not isinstance(stop.item.question, EndItem)
            )
            if not (passes or isinstance(stop.item.question, ComputedItem)):
                break
            self.clock.time_spent = self.time_before_migration.get(
                stop.place, self.clock.time_spent
            )
            if not self._record_unless_queried(stop, answer):
                break
        if stop is None:
            self.ending = COMPLETE
        elif stop.item.options_vary:
            self.walk.build_item_context(
                stop, self.language
            )  # so that conditions of options are evaluated now
        if stop is None or stop.place not in self.recorded_answers or stop.place == self.target:
            self.returning, self.target = self.is_migrated, None

    def _apply_move(self, event: events.PositionMoved) -> Rejection | None:
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
        """Go to a place further on, as far as every answer before it is valid."""
        stop = self.current_stop
        assert stop is not None
        answer = self.recorded_answers.get(stop.place)
        if answer is None or answer.lapsed or self.find_mistake(stop, answer) is not None:
            return Rejection("answer this item first")
        self.returning, self.target = True, place
        self._continue_from(stop, answer)
        self.returning, self.target = False, None
        return None

    def _resume(self, event: events.InterviewResumed) -> Rejection | None:
        if self.status in ("ended", "stopped") and not event.reopen:
            return Rejection("the interview had ended: reopen it to correct it")
        ended_temporarily = self.status == "suspended" and self.outcome != ""
        self.status, self.outcome, self.query, self.ending = "open", "", None, ""
        self.session, self.language = event.session, event.session.language
        self._set_session(self.walk.known)
        stop = self.current_stop
        at_end = stop is not None and isinstance(stop.item.question, EndItem)
        if stop is None or (ended_temporarily and at_end):
            self._go_back_from_end()
        return None

    def _go_back_from_end(self) -> None:
        """Go back to the last place that was asked before the end of the route, or before the last `end`."""
        stops = self.walk.stops
        is_past_end_item = (
            self.current_stop is None
            and bool(stops)
            and isinstance(stops[-1].item.question, EndItem)
        )
        index = self.find_previous_index(
            len(stops) - (self.current_stop is not None or is_past_end_item)
        )
        if index is not None:
            self.walk.rewind(index)
        elif is_past_end_item:
            self.walk.rewind(len(stops) - 1)
        elif self.current_stop is None:
            self.ending = COMPLETE  # nothing was asked: there is nothing to go back to

    # finding earlier stops

    def find_index(self, place: Place) -> int | None:
        """Return the index of the stop of this place, if the interviewer can go there."""
        stops = self.walk.stops
        index = next((at for at in range(len(stops) - 1, -1, -1) if stops[at].place == place), None)
        return (
            None if index is None or isinstance(stops[index].item.question, ComputedItem) else index
        )

    def find_previous_index(self, index: int) -> int | None:
        """Return the last stop before `index` that was asked."""
        stops, earlier = self.walk.stops, range(index - 1, -1, -1)
        return next(
            (at for at in earlier if not isinstance(stops[at].item.question, ComputedItem)), None
        )
