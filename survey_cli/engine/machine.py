"""The state of one interview: recorded answers, the walk along the route, and what events change.

Only accepted events change it, in place. `Interview` owns it and shows it as a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final, Literal, TypeAlias, assert_never

from survey_cli.engine import answer_checks, events
from survey_cli.engine.answer_checks import InvalidAnswer
from survey_cli.engine.recorded_answers import RecordedAnswer, lapse_answer, make_answer
from survey_cli.engine.route import PassOverCallback, RouteStop, RouteWalk
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.compiled.place_names import name_place
from survey_cli.instrument.expressions.known import ClockUse, Known
from survey_cli.instrument.schema.items.unasked_items import (
    ComputedItem,
    EndItem,
)
from survey_cli.values import NOT_ASKED, Cell, Missing, Place

InterviewStatus: TypeAlias = Literal["open", "suspended", "stopped", "ended"]
COMPLETE: Final = "complete"
QUOTA_FULL: Final = "quota_full"
"""The outcome of an interview whose respondent falls into a full quota cell, at any item."""
CLOSED_REASON: Final = "the interview is closed"
_CLOSED: Final[Mapping[type[events.ClosingEvent], InterviewStatus]] = {
    events.InterviewSuspended: "suspended",
    events.InterviewStopped: "stopped",
    events.InterviewEnded: "ended",
}
"""The status after each event that closes an interview."""


@dataclass(slots=True)
class InterviewClock:
    """The minutes of interviewing, as `elapsed()` reads them.

    Each use keeps the minutes at which it was first reached. They follow from the times of the
    events, so that a replay reads the same.
    """

    first_readings: dict[ClockUse, int] = field(default_factory=dict)
    time_spent: timedelta | Missing = field(default=timedelta(), compare=False)
    """Up to the last answer; `NOT_REACHED` for a walk that looks ahead."""

    def read(self, use: ClockUse) -> int | Missing:
        """Return the full minutes when this use was first reached."""
        if isinstance(self.time_spent, Missing):
            return self.first_readings.get(use, self.time_spent)

        # the clock of a machine may have been set back between two events
        minutes = max(0, self.time_spent // timedelta(minutes=1))
        return self.first_readings.setdefault(use, minutes)


class Machine:
    """The state of an interview, changed by accepted events only."""

    def __init__(self, instrument: Instrument, start: events.InterviewStarted) -> None:
        self.instrument = instrument
        self.start = start
        self.events: list[events.InterviewEvent] = []
        self.notes = events.NoteList()
        self.session_began_at = start.stamp.at
        self.session_last_at = start.stamp.at
        self.earlier_sessions = timedelta()
        """The time spent in earlier sessions, each from its first event to its last."""
        self.recorded_answers: dict[Place, RecordedAnswer] = {}
        self.answer_count = 0
        """The number of places with an answer, whether or not it counts now. A text read aloud has
        none."""
        self.language = start.session.language
        self.status: InterviewStatus = "open"
        self.outcome = ""
        self.ending = ""
        """The outcome at the end of the route, before `InterviewEnded` is recorded."""
        self.query: int | None = None
        """The index of the current item's check that waits to be confirmed."""
        self.returning = False
        """After a jump or a migration: answered places are passed, up to the first open one."""
        self.target: Place | None = None
        """The place of a jump ahead, which is reached if nothing is open before it."""
        self.is_migrated = False
        """It was taken to another version. Open places may lie between answered ones, and the walk
        goes on to them."""
        self.time_before_migration: dict[Place, timedelta] = {}
        """The time of interviewing when a place was first answered, before a migration."""
        self.remaining_answers: Mapping[str, Cell] | None = None
        """The remaining cells by column, once answers were erased."""
        self.session = start.session
        self.clock = InterviewClock()

    def _walk_to_open_place(self) -> None:
        # The walk has no reference to the machine: without a cycle, the memory of both is free as
        # soon as they are no longer needed.
        lapse = partial(lapse_answer, self.recorded_answers)
        self.walk = self.make_walk(self.build_known(), lapse)
        self._arrive()

    def make_walk(self, known: Known, on_pass_over: PassOverCallback | None) -> RouteWalk:
        """Return a walk at the start of the route."""
        return RouteWalk(
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
        start = journal[0]
        if not isinstance(start, events.InterviewStarted):
            raise ValueError("a journal begins with its start")
        rest = journal[1:]

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
                    machine.status = _CLOSED[type(event)]
                    machine.outcome = event.outcome
                case events.InterviewResumed(_, session):
                    machine.status = "open"
                    machine.outcome = ""
                    machine.session = session
                    machine.language = session.language
                case events.LanguageChanged(_, language):
                    machine.language = language
                case events.InterviewMigrated():
                    machine._apply_migration(event, is_last=event is rest[-1])
                case events.AnswersErased():
                    machine._apply_erasure(event)
            machine._record(event)
        return machine

    def _apply_migration(self, event: events.InterviewMigrated, *, is_last: bool) -> None:
        """Drop the answers that do not carry over, and go to the first open place.

        Only after the last migration does the walk begin: earlier ones led to another version.
        """
        for place in event.dropped:
            self.recorded_answers.pop(place, None)
        if not is_last:
            return

        if event.instrument != self.instrument.hash:
            raise ValueError("its last events are of another version")
        for place in event.lapsed:
            lapse_answer(self.recorded_answers, place)
        for place, check, inputs in event.confirmed:
            answer = self.recorded_answers.get(place)
            if answer is not None:
                confirmed = answer.confirmed_queries | {(check, inputs)}
                self.recorded_answers[place] = answer._replace(confirmed_queries=confirmed)
        counted = [
            place
            for place, answer in self.recorded_answers.items()
            if answer.cell is not None and not self._is_result(place)
        ]
        self.answer_count = len(counted)

        self.is_migrated = True
        self.returning = True
        self._walk_to_open_place()

    def _record(self, event: events.InterviewEvent) -> None:
        """Add an event to the journal."""
        if isinstance(event, events.InterviewResumed):
            self.earlier_sessions += self.session_last_at - self.session_began_at
            self.session_began_at = event.stamp.at

        # the work of an office on an interview isn't time spent in it
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

        dayparts = self.instrument.document.dayparts
        # a key of the mapping is a text with its position in the file
        translations = dayparts.get(self.session.daypart)  # type: ignore[call-overload]
        if translations is not None:
            known.daypart = {
                language: str(translations.get(language)) for language in self.instrument.languages
            }

    @property
    def current_stop(self) -> RouteStop | None:
        """The current stop; None past the end of the route."""
        if self.walk.finished:
            return None
        return self.walk.stops[-1]

    # applying events

    def apply(self, event: events.InterviewEvent) -> Rejection | None:
        """Apply one event; a Rejection leaves everything unchanged."""
        if self.remaining_answers is not None:
            may_follow_erasure = isinstance(event, (events.AnswersErased, *events.REMARKS))
            if not may_follow_erasure:
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
                rejection = self._check_note(event)
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

    def _check_note(self, event: events.NoteWritten) -> Rejection | None:
        """Return why a note is rejected: it replaces something that is not a note."""
        number = event.replaces
        if not number:
            return None

        is_event = 1 <= number <= len(self.events)
        if not is_event or not isinstance(self.events[number - 1], events.NoteWritten):
            return Rejection("there is no such note")
        return None

    def _change_language(self, event: events.LanguageChanged) -> Rejection | None:
        if event.language not in self.instrument.languages:
            return Rejection(f"the questionnaire has no language {event.language}")
        self.language = event.language
        return None

    def _close(self, event: events.ClosingEvent) -> Rejection | None:
        """Close the interview. It can be suspended or stopped anywhere, but end only at its end."""
        stop = self.current_stop
        if stop is None:
            due = self.ending
        elif stop.item.after_hangup:
            due = COMPLETE
        else:
            due = ""

        if isinstance(event, events.InterviewEnded) and event.outcome not in (due, QUOTA_FULL):
            return Rejection("the interview is not at its end")
        self.status = _CLOSED[type(event)]
        self.outcome = event.outcome
        return None

    def _apply_erasure(self, event: events.AnswersErased) -> None:
        """Drop all recorded answers, and ask nothing more."""
        self.recorded_answers = {}
        self.answer_count = 0
        self._walk_to_open_place()
        self.walk.finish()

        self.query = None
        self.returning = False
        self.target = None
        self.ending = ""
        self.remaining_answers = event.remaining or {}

        # without remaining answers, the respondent withdrew
        if event.remaining is None:
            self.status = "ended"
            self.outcome = "withdrawn"

    def _apply_entry(self, event: events.EntryEvent) -> Rejection | None:
        stop = self.current_stop
        if stop is None:
            return Rejection(CLOSED_REASON)
        if event.place != stop.place:
            return Rejection(f"{event.place} is not what is asked now ({stop.place})")

        answer = self._check_entry(stop, event)
        if isinstance(answer, Rejection):
            return answer

        is_new = answer.cell is not None and stop.place not in self.recorded_answers
        if is_new and not self._is_result(stop.place):
            self.answer_count += 1
        self.recorded_answers[stop.place] = answer
        self.clock.time_spent = self._measure_time(event)
        self._continue_from(stop, answer)
        return None

    def _is_result(self, place: Place) -> bool:
        """Return whether a place has a result of a bracket, and no answer."""
        item = self.instrument.items.get(place.item)
        return item is not None and item.is_result

    def _measure_time(self, event: events.InterviewEvent) -> timedelta:
        """Return the time of interviewing up to an event."""
        return self.earlier_sessions + (event.stamp.at - self.session_began_at)

    def _check_entry(self, stop: RouteStop, event: events.EntryEvent) -> RecordedAnswer | Rejection:
        """Return the answer that the event gives at the current stop, or why it is rejected."""
        match event:
            case events.QuestionAnswered():
                return self._check_answer(stop, event)
            case events.QuestionDeclined():
                return _check_decline(stop, event)
            case events.ValueComputed():
                return self._check_computed(stop, event)
            case events.AnswerKept():
                return self._check_kept(stop)
            case events.QueryConfirmed():
                return self._check_confirmation(stop, event)
            case _:
                assert_never(event)

    def _check_answer(
        self, stop: RouteStop, event: events.QuestionAnswered
    ) -> RecordedAnswer | Rejection:
        if isinstance(stop.item.question, ComputedItem):
            return Rejection("the computer answers this item")
        answer = make_answer(event)
        invalid = self.find_mistake(stop, answer)
        if invalid is not None:
            places = answer_checks.list_failed_places(self.walk, stop, invalid)
            return Rejection(invalid.words, places=places)
        return answer

    def _check_computed(
        self, stop: RouteStop, event: events.ValueComputed
    ) -> RecordedAnswer | Rejection:
        if not isinstance(stop.item.question, ComputedItem):
            return Rejection(f"{stop.place} is asked, not looked up")
        answer = make_answer(event)
        invalid = self.find_mistake(stop, answer)
        if invalid is not None:
            return Rejection(invalid.words)
        return answer

    def _check_kept(self, stop: RouteStop) -> RecordedAnswer | Rejection:
        """Return the earlier answer, which counts again if it still fits."""
        earlier = self.recorded_answers.get(stop.place)
        if earlier is None:
            return Rejection("nothing was answered here before")
        invalid = self.find_mistake(stop, earlier)
        if invalid is not None:
            places = answer_checks.list_failed_places(self.walk, stop, invalid)
            why = f"the earlier answer no longer fits: {invalid.words}"
            return Rejection(why, places=places)
        return earlier._replace(lapsed=False)

    def _check_confirmation(
        self, stop: RouteStop, event: events.QueryConfirmed
    ) -> RecordedAnswer | Rejection:
        earlier = self.recorded_answers.get(stop.place)
        if earlier is None or self.query is None or event.check != self.query:
            return Rejection("there is nothing to confirm")
        return answer_checks.add_confirmation(self.walk, stop, earlier, event.check)

    def find_mistake(self, stop: RouteStop, answer: RecordedAnswer) -> InvalidAnswer | None:
        """Return why the item would not accept this answer now; None if it would."""
        return answer_checks.find_mistake(self.walk, stop, answer, self.language)

    # moving

    def _continue_from(self, stop: RouteStop, answer: RecordedAnswer) -> None:
        """Go from an accepted answer to the next place that has to be asked."""
        if not self._record_unless_queried(stop, answer):
            return

        question = stop.item.question
        if not question.expects_answer and isinstance(question, EndItem):
            self.ending = str(question.outcome)
            self.walk.finish()
            return
        self._arrive()

    def _record_unless_queried(self, stop: RouteStop, answer: RecordedAnswer) -> bool:
        """Record an answer as known and return True, unless a query about it is open."""
        walk = self.walk
        change_count = walk.known.change_count
        walk.record_answer(stop, answer.cell)
        self.query = None
        if stop.item.checks:
            self.query = answer_checks.find_open_query(walk, stop, answer)
        if self.query is None:
            return True
        walk.known.undo_changes(change_count)
        return False

    def _arrive(self) -> None:
        """Go to the next place, past all whose answers are valid and need not be asked."""
        stop = self.walk.advance()
        while stop is not None and self._pass_if_answered(stop):
            stop = self.walk.advance()

        if stop is None:
            self.ending = COMPLETE
        elif stop.item.options_vary:
            # so that the conditions of options are evaluated now
            self.walk.build_item_context(stop, self.language)

        # a jump ends at a place without an answer, or at its target; after a migration the
        # walk goes on in this way, since there may be answered places behind each open one
        is_open = stop is None or stop.place not in self.recorded_answers
        if is_open or (stop is not None and stop.place == self.target):
            self.returning = self.is_migrated
            self.target = None

    def _pass_if_answered(self, stop: RouteStop) -> bool:
        """Record the answer at a stop if the walk goes past it; return whether it does."""
        answer = self.recorded_answers.get(stop.place)
        if answer is None or answer.lapsed:
            return False
        if self.find_mistake(stop, answer) is not None:
            lapse_answer(self.recorded_answers, stop.place)
            return False

        # the interviewer sees each place again, except on a jump, and what the computer answers
        question = stop.item.question
        is_on_jump = (
            self.returning and stop.place != self.target and not isinstance(question, EndItem)
        )
        if not is_on_jump and not isinstance(question, ComputedItem):
            return False

        time_spent = self.time_before_migration.get(stop.place)
        if time_spent is not None:
            self.clock.time_spent = time_spent
        return self._record_unless_queried(stop, answer)

    def _name(self, place: Place) -> str:
        """Return what a place is called in words for the interviewer."""
        return name_place(self.instrument, place, self.language).words

    def _apply_move(self, event: events.PositionMoved) -> Rejection | None:
        index = self.find_index(event.place)
        if index is None:
            if not event.jump or event.place not in self.recorded_answers:
                return Rejection(f"{self._name(event.place)} has not been asked")
            if self.current_stop is None:
                return Rejection(f"{self._name(event.place)} is no longer on the route")
            return self._jump_ahead(event.place)

        self.walk.rewind(index)
        self.query = None
        self.ending = ""
        self.returning = event.jump
        return None

    def _jump_ahead(self, place: Place) -> Rejection | None:
        """Go to a place further on, or to an earlier one whose answer is missing or not valid."""
        stop = self.current_stop
        assert stop is not None
        answer = self.recorded_answers.get(stop.place)
        if answer is None or answer.lapsed or self.find_mistake(stop, answer) is not None:
            return Rejection("answer this item first")

        self.returning = True
        self.target = place
        self._continue_from(stop, answer)
        self.returning = False
        self.target = None
        return None

    def _resume(self, event: events.InterviewResumed) -> Rejection | None:
        if self.status in ("ended", "stopped") and not event.reopen:
            return Rejection("the interview had ended: reopen it to correct it")

        ended_temporarily = self.status == "suspended" and self.outcome != ""
        self.status = "open"
        self.outcome = ""
        self.query = None
        self.ending = ""
        self.session = event.session
        self.language = event.session.language
        self._set_session(self.walk.known)

        # at the end of the route there is nothing to ask: corrections begin at the last answer
        stop = self.current_stop
        at_end = stop is not None and isinstance(stop.item.question, EndItem)
        if stop is None or (ended_temporarily and at_end):
            self._go_back_from_end()
        return None

    def _go_back_from_end(self) -> None:
        """Go back to the last place that was asked before the end, or before an `end`."""
        stops = self.walk.stops
        stops_before = len(stops)
        ends_at_item = bool(stops) and isinstance(stops[-1].item.question, EndItem)
        if ends_at_item:
            stops_before -= 1

        index = self.find_previous_index(stops_before)
        if index is not None:
            self.walk.rewind(index)
        elif ends_at_item:
            # nothing was asked before the `end`, whose text is read again
            self.walk.rewind(len(stops) - 1)
        else:
            self.ending = COMPLETE  # nothing was asked, so there is nothing to go back to

    # finding earlier stops

    def find_index(self, place: Place) -> int | None:
        """Return the index of the stop of this place, if the interviewer can go there."""
        stops = self.walk.stops
        for index in range(len(stops) - 1, -1, -1):
            if stops[index].place == place:
                is_computed = isinstance(stops[index].item.question, ComputedItem)
                return None if is_computed else index
        return None

    def find_previous_index(self, index: int) -> int | None:
        """Return the last stop before `index` that was asked."""
        stops = self.walk.stops
        for earlier in range(index - 1, -1, -1):
            if not isinstance(stops[earlier].item.question, ComputedItem):
                return earlier
        return None


def _check_decline(stop: RouteStop, event: events.QuestionDeclined) -> RecordedAnswer | Rejection:
    for decline in stop.item.declines:
        if decline.id == event.decline:
            return make_answer(event)
    if stop.item.declines:
        return Rejection("not a decline of this item")
    return Rejection("this cannot be declined")
