"""Holding one interview: step, commit, and only then show the next prompt. It has no rule of its own."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final, Protocol

from survey_cli.desk.conduct import Asked, Closing
from survey_cli.engine import prompts
from survey_cli.engine.events import (
    Began,
    Ended,
    Event,
    Kept,
    Language,
    LookedUp,
    Noted,
    Rejected,
    Resumed,
    Stamp,
    Stopped,
    Suspended,
    WentTo,
)
from survey_cli.engine.interview import VERSION, Interview
from survey_cli.engine.machine import COMPLETE
from survey_cli.engine.notes import StandingNote, standing_notes
from survey_cli.entries import Lookup, Prompt, Reply
from survey_cli.outcomes import OUTCOMES, Outcome
from survey_cli.samples.columns import clean
from survey_cli.store import Draft, Snapshot, Store, StoreProblem
from survey_cli.table import cells
from survey_cli.values import Place

CALLING_STOPS: Final = ("appointment", "callback")
"""What else can interrupt an interview that was begun at a station: the case is called again."""
STOPS: Final = (
    "break_off",
    "refusal_soft",
    "refusal_hard",
    "language",
    "unable",
    "not_eligible",
    "never_call",
    "withdrawn",
)
"""What can end an interview in the middle, the likeliest first; a study's own outcomes follow."""


class Behind(Protocol):
    """What stands behind an interview: the case that it belongs to. The interview asks for nothing else of it."""

    calling: bool
    """The case is called from a station, and can be called again: a soft ending is put aside, not stopped."""

    def place(self, id: str, interview: Interview, quota: str) -> str:
        """`open`, and a place is held until the interview closes; `full`; `outside`."""
        ...

    def alive(self) -> None:
        """Somebody is at work: the case stays theirs. Never fails."""
        ...

    def left(self, desk: "Desk") -> None:
        """The interview was left, closed or not. Never fails."""
        ...


class Alone:
    """Where no case is sampled nothing stands behind: every cell of a quota is open, as nothing is counted."""

    calling = False

    def place(self, id: str, interview: Interview, quota: str) -> str:
        return "open"

    def alive(self) -> None:
        return

    def left(self, desk: "Desk") -> None:
        return


ALONE: Final = Alone()


class Desk:
    """One interview as it is held: the engine steps, the store commits, and only then the next prompt is shown."""

    def __init__(
        self,
        *,
        store: Store,
        id: str,
        interview: Interview,
        outcomes: Mapping[str, Outcome],
        clock: Callable[[], datetime],
        by: str,
        station: str,
        zone: tzinfo | None,
        respondent: str,
        notice: str,
        practice: bool,
        kept_in: str,
        behind: Behind = ALONE,
    ) -> None:
        self._store = store
        self._id = id
        self._interview = interview
        self._outcomes = outcomes
        self._clock = clock
        self._by = by
        self._station = station
        self._zone = zone
        self._behind = behind
        self._prompt: Prompt | None = None
        self._fresh = False
        self._hung_up: timedelta | None = None
        instrument = interview.instrument
        self.title = str(instrument.title.written(instrument.language))
        self.respondent = respondent
        self.notice = notice
        self.practice = practice
        self.kept_in = kept_in

    @property
    def id(self) -> str:
        """The interview's, in the database."""
        return self._id

    @property
    def interview(self) -> Interview:
        """The interview as it stands."""
        return self._interview

    # what is shown

    def prompt(self) -> Prompt | None:
        if not self._fresh:
            self._prompt, self._fresh = prompts.prompt(self._interview), True
            if self._prompt is not None and self._prompt.after_hangup and self._hung_up is None:
                self._hung_up = self._spent()
        return self._prompt

    def asked(self) -> tuple[Asked, ...]:
        return tuple(
            Asked(place=v.place, words=v.words, answer=v.answer, section=v.section)
            for v in prompts.asked(self._interview)
        )

    def stops(self) -> tuple[Outcome, ...]:
        own = (
            o.id
            for o in self._outcomes.values()
            if o.id not in OUTCOMES and o.moment in ("interrupted", "any")
        )
        first = CALLING_STOPS if self._behind.calling else ()
        return tuple(self._outcomes[id] for id in (*first, *STOPS, *own))

    def echo(self, text: str) -> str:
        return prompts.echo(self._interview, text)

    def elapsed(self) -> timedelta:
        return self._hung_up if self._hung_up is not None else self._spent()

    def _spent(self) -> timedelta:
        """All sittings: each from its first event to its last, the present one to now."""
        spent, since, last = timedelta(), None, None
        for event in self._interview.events:
            if isinstance(event, Began | Resumed):
                if since is not None and last is not None:
                    spent += last - since
                since = event.stamp.at
            last = event.stamp.at
        if since is None or last is None:
            return spent
        now = last if self._interview.status != "open" else max(self._clock(), last)
        return spent + (now - since)

    def there(self) -> datetime | None:
        return self._clock().astimezone(self._zone) if self._zone is not None else None

    def closing(self) -> Closing | None:
        status = self._interview.status
        if status == "open":
            return None
        return Closing(
            status=status,
            outcome=self._outcomes.get(self._interview.outcome),
            answered=sum(h.cell is not None for h in self._interview.standing().answers.values()),
            took=self.elapsed(),
            kept_in=self.kept_in,
        )

    # entries

    def reply(self, reply: Reply) -> Rejected | None:
        return self._keep(prompts.entry(self._interview, reply, self._stamp()))

    def decline(self, id: str) -> Rejected | None:
        return self._keep(prompts.declined(self._interview, id, self._stamp()))

    def confirm(self, reason: str = "") -> Rejected | None:
        return self._keep(prompts.confirmed(self._interview, clean(reason), self._stamp()))

    def back(self) -> Rejected | None:
        place = prompts.before(self._interview)
        if place is None:
            return Rejected("this is the first item")
        return self._keep(WentTo(self._stamp(), place))

    def jump(self, place: Place) -> Rejected | None:
        return self._keep(WentTo(self._stamp(), place, jump=True))

    def front(self) -> Rejected | None:
        place = self._interview.place
        if place is None or prompts.at_front(self._interview):
            return Rejected("this is the item that comes next: none ahead of it has an answer")
        return self.jump(place) or self._keep(Kept(self._stamp(), place))

    def note(self, text: str, *, replaces: StandingNote | None = None) -> Rejected | None:
        place = self._interview.place if replaces is None else replaces.place
        if place is None or not (text := clean(text, lines=True)):
            return Rejected("an empty note is not stored")
        return self._keep(Noted(self._stamp(), place, text, replaces.seq if replaces is not None else 0))

    def notes(self) -> tuple[StandingNote, ...]:
        return standing_notes(self._interview.events)

    def speak(self, language: str) -> Rejected | None:
        return self._keep(Language(self._stamp(), language))

    def suspend(self) -> Rejected | None:
        if self._interview.hung_up:
            return self._keep(Ended(self._stamp(), COMPLETE))
        if self._interview.reopened and self._finished_again():
            return None
        return self._keep(Suspended(self._stamp()))

    def _finished_again(self) -> bool:
        """A corrected interview ends as it had ended, where every answer stands."""
        place = self._interview.place
        if place is None or self.jump(place) is not None:
            return False
        return self._keep(Kept(self._stamp(), place)) is None and self._interview.status == "ended"

    def stop(self, outcome: str) -> Rejected | None:
        if outcome not in {o.id for o in self.stops()}:
            return Rejected(f"{outcome} is no outcome for stopping an interview")
        if self._interview.hung_up and outcome == "break_off":
            return self._keep(Ended(self._stamp(), COMPLETE))
        if self._behind.calling and self._outcomes[outcome].temporary:
            return self._keep(
                Suspended(self._stamp(), outcome)
            )  # the case is called again, and goes on where it stood
        return self._keep(Stopped(self._stamp(), outcome))

    # drafts

    def draft(self) -> str:
        place = self._interview.place
        try:
            draft = self._store.draft(self._id)
        except StoreProblem:
            return ""
        return draft.text if draft is not None and draft.place == str(place) else ""

    def save_draft(self, text: str) -> None:
        place = self._interview.place
        if place is None:
            return
        self._behind.alive()
        try:
            self._store.save_draft(self._id, Draft(str(place), text, self._clock()))
        except StoreProblem:
            return  # the text is still in the field; the answer itself will say what is wrong

    def close(self) -> None:
        """Let go of the case and of the database."""
        self._behind.left(self)
        self._store.close()

    # order of doing

    def _stamp(self) -> Stamp:
        """Now, or the moment of the last event where the clock has been set back: a journal never runs backwards."""
        return Stamp(max(self._clock(), self._interview.events[-1].stamp.at), self._by, self._station)

    def _keep(self, event: Event | Rejected) -> Rejected | None:
        """Step, commit, and then whatever the computer has to answer or close by itself."""
        if isinstance(event, Rejected):
            return event
        why = self._commit(event)
        return why if why is not None else self.settle()

    def settle(self) -> Rejected | None:
        """Answer what only the computer answers, and close what has come to its end."""
        while self._interview.status == "open":
            event = self._own_event()
            if event is None:
                return None
            if (why := self._commit(event)) is not None:
                return why
        return self._snapshot()

    def _own_event(self) -> Event | None:
        if ending := self._interview.ending:
            outcome = self._outcomes.get(ending)
            temporary = outcome is not None and outcome.temporary
            return (Suspended if temporary else Ended)(self._stamp(), ending)
        prompt = self.prompt()
        if prompt is not None and prompt.unsaid:
            noted = {(e.place, e.text) for e in self._interview.events if isinstance(e, Noted)}
            for unsaid in prompt.unsaid:
                if (prompt.place, unsaid) not in noted:
                    return Noted(self._stamp(), prompt.place, unsaid)
        if prompt is None or not isinstance(prompt.entry, Lookup):
            return None
        value, of = self._interview.looks_up()
        if value is None:
            value = self._behind.place(self._id, self._interview, prompt.entry.of)
        return LookedUp(self._stamp(), prompt.place, value, of)

    def _commit(self, event: Event) -> Rejected | None:
        after = self._interview.step(event)
        if isinstance(after, Rejected):
            return after
        try:
            taken = self._store.append(
                self._id,
                seq=after.seq,
                event=event,
                status=after.status,
                at_item=str(after.place or ""),
                answered=after.answered,
                outcome=after.outcome,
            )
        except StoreProblem as problem:
            return Rejected(f"not saved: {problem.what} — {problem.remedy}")
        if taken is not None:
            when = taken.at.astimezone(self._zone)
            return Rejected(
                f"not saved: {taken.by} went on with this interview at {when:%H:%M}; leave it here"
            )
        self._interview, self._fresh = after, False
        self._behind.alive()
        return None

    def _snapshot(self) -> Rejected | None:
        """The derived data beside the journal; where it cannot be written, exports replay the journal instead."""
        try:
            snapshot = Snapshot(self._interview.seq, str(VERSION), cells(self._interview))
            self._store.keep_snapshot(self._id, snapshot, instrument=self._interview.instrument.hash)
        except StoreProblem:
            return None
        return None
