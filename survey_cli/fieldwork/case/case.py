"""What has become of a case? Derived from its history alone; it neither judges an outcome nor knows what time it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, assert_never

from survey_cli.fieldwork.case.events import (
    NO_COLUMNS,
    Advised,
    Anonymised,
    Blocked,
    Called,
    Claimed,
    Closed,
    Corrected,
    Dialled,
    Entry,
    Erased,
    Interviewing,
    Line,
    NumberAdded,
    NumberFacts,
    NumberMarked,
    NumberState,
    Promised,
    Reassigned,
    RefusalNoted,
    Released,
    Remarked,
    Reopened,
    Returned,
    Sampled,
    ScriptRead,
    Speaks,
    TakenBack,
    Unblocked,
    Unpromised,
)
from survey_cli.outcomes import OUTCOMES
from survey_cli.values import Value

BUSY_AGAIN: Final = timedelta(hours=1)
"""Redials of a busy line within it are one attempt."""


@dataclass(frozen=True, slots=True)
class Number:
    """One of the case's telephone numbers, without its digits."""

    position: int
    line: Line
    zones: tuple[str, ...]
    state: NumberState = "live"


@dataclass(frozen=True, slots=True)
class Call:
    """One call, or what the conversation came to."""

    at: datetime
    by: str
    number: int
    outcome: str
    code: str
    eligible: bool
    """Known to be eligible at this call's end, or before."""
    note: str
    keyed: str = ""
    """What the interviewer keyed, where a supervisor gave the call another outcome."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sitting with the case by one interviewer."""

    began: datetime
    by: str
    station: str
    calls: tuple[Call, ...] = ()
    dialled: int = 0
    """The number that was dialled last and has no outcome yet; 0 none."""
    ended: datetime | None = None

    @property
    def busy(self) -> bool:
        """Every line was busy."""
        return bool(self.calls) and all(call.outcome == "busy" for call in self.calls)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a supervisor said the case's outcome is: a final one is the case's until somebody puts it back, any other is
    what the last call came to."""

    at: datetime
    by: str
    outcome: str
    code: str
    calls: int
    """How many calls had been made: none, and it speaks for itself."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A promise that stands, and when it was made."""

    at: datetime
    by: str
    promise: Promised


class Before(NamedTuple):
    """What a call's outcome may change, as it was before: it is again so when the outcome is taken back."""

    states: Mapping[int, NumberState]
    booking: Booking | None
    interrupted: bool
    eligible: bool
    person: bool
    referred: bool
    blocked: bool
    asked_for: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sampled respondent or unit, as its history tells it."""

    key: str
    seq: int = 0
    """How many events it has."""
    columns: Mapping[str, Value] = field(default_factory=lambda: NO_COLUMNS)
    numbers: tuple[Number, ...] = ()
    zone: str = ""
    sampled_language: str = ""
    asked_for: str = ""
    """The language the respondent asked for; no later import changes it."""
    priority: int = 0
    weight: str = ""
    frame: str = ""
    replicate: str = ""
    released: bool = False
    attempts: tuple[Attempt, ...] = ()
    """Those in which somebody called, the last one perhaps still open."""
    claimed: Attempt | None = None
    """The sitting that is going on: nothing need have been dialled in it."""
    booking: Booking | None = None
    interview: str = ""
    """The interview that was begun last."""
    interviewing: bool = False
    """It is going on, in this sitting."""
    interrupted: bool = False
    """It waits to be gone on with: until it is, whatever else is keyed; or its station was lost in the middle."""
    eligible: bool = False
    person: bool = False
    ruling: Ruling | None = None
    reopened: datetime | None = None
    """When a supervisor last put it back into the queue."""
    before_reopening: int = 0
    """How many calls had been made by then."""
    referred: bool = False
    """It waits for a supervisor, by the table's outcome; one of a study's own is for the plan to know."""
    before_answer: int = 0
    """How many calls had been made when a supervisor last answered."""
    blocked: bool = False
    """Never to be called again."""
    erased: bool = False
    nameless: bool = False
    """Who it was is not kept any more, by its wish or because its time was over."""
    scripts: frozenset[str] = frozenset()
    """Texts that were spoken."""
    before: Before | None = None
    """Before the last outcome was keyed."""

    @classmethod
    def of(cls, key: str, history: Iterable[Entry]) -> "Case":
        """The case that these events give."""
        case = cls(key=key)
        for entry in history:
            case = case.after(entry)
        return case

    # what follows from it

    @property
    def waits(self) -> bool:
        """An interview was begun and waits to be gone on with, or would were the sitting over now."""
        return self.interrupted or self.interviewing

    @property
    def language(self) -> str:
        """What the respondent asked for, else what the sample says."""
        return self.asked_for or self.sampled_language

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls, the first made first."""
        return tuple(call for attempt in self.attempts for call in attempt.calls)

    @property
    def last_call(self) -> Call | None:
        for attempt in reversed(self.attempts):
            if attempt.calls:
                return attempt.calls[-1]
        return None

    @property
    def live(self) -> tuple[Number, ...]:
        """The numbers that may still reach somebody."""
        return tuple(number for number in self.numbers if number.state == "live")

    @property
    def counted(self) -> tuple[Attempt, ...]:
        """The attempts that use up a limit: redials of a busy line within the hour of the first are one, and their
        ringing us is none."""
        found: list[Attempt] = []
        for attempt in self.attempts:
            if all(call.number == 0 for call in attempt.calls):
                continue
            redial = (
                found
                and attempt.busy
                and found[-1].busy
                and attempt.began - (found[-1].ended or found[-1].began) < BUSY_AGAIN
            )
            if not redial:
                found.append(attempt)
        return tuple(found)

    def number(self, position: int) -> Number | None:
        return next((n for n in self.numbers if n.position == position), None)

    def zones(self, number: Number | None) -> tuple[str, ...]:
        """Where a call to this number may ring: the case's own zone, else those the number may be in."""
        if self.zone:
            return (self.zone,)
        return number.zones if number is not None else ()

    @property
    def next_number(self) -> Number | None:
        """The number that is dialled next, of those that are live and in a zone that is known (of all live ones where
        none is): in a sitting the first not yet tried in it; else the one where somebody was reached last, as long as
        that was the last call; else the one after the last that was called, going round."""
        live = [n for n in self.live if self.zones(n)] or list(self.live)
        if not live:
            return None
        if self.claimed is not None and self.claimed.calls:
            tried = {call.number for call in self.claimed.calls}
            return next((n for n in live if n.position not in tried), live[0])
        last = self.last_call
        if last is None or last.number == 0:
            return live[0]
        row = OUTCOMES.get(last.outcome)
        reached = last.eligible or self.person or (row is not None and row.moment != "before")
        again = self.number(last.number)
        if reached and again in live:
            return again
        return next((n for n in live if n.position > last.number), live[0])

    def let_go(self) -> "Case":
        """The case were its sitting over at its last call; itself where none goes on."""
        return self if self.claimed is None else replace(self, **self._let_go(None))

    # one event more

    def after(self, entry: Entry) -> "Case":
        """The case after one event more."""
        return replace(self, seq=self.seq + 1, **self._changes(entry))

    def _changes(self, entry: Entry) -> dict[str, Any]:
        """The fields that are others after this event."""
        at, by, station, event, _ = entry
        match event:
            case Sampled():
                return {
                    "columns": event.columns,
                    "numbers": _merged(self.numbers, event.numbers),
                    "zone": event.zone,
                    "sampled_language": event.language,
                    "priority": event.priority,
                    "weight": event.weight,
                    "frame": event.frame,
                    "replicate": event.replicate,
                    "released": self.released or not event.replicate,
                }
            case Released():
                return {"released": True}
            case Claimed():
                return {**self._let_go(None), "claimed": Attempt(at, by, station)}
            case Dialled(number):
                return self._sitting(replace(self._open(at, by, station), dialled=number))
            case Called():
                return self._called(at, by, station, event)
            case TakenBack():
                return self._taken_back(by, station)
            case Closed() | Returned():
                return self._let_go(at)
            case Interviewing(interview):
                return {"interview": interview, "interviewing": True, "interrupted": False}
            case Promised():
                return {"booking": Booking(at, by, event)}
            case Unpromised():
                return {"booking": None}
            case Reassigned(owner, policy):
                if self.booking is None:
                    return {}
                promise = self.booking.promise._replace(owner=owner, policy=policy)
                return {"booking": replace(self.booking, promise=promise)}
            case NumberAdded(facts):
                return {"numbers": _merged(self.numbers, (facts,))}
            case NumberMarked(position, state, _):
                return {"numbers": tuple(_marked(n, position, state) for n in self.numbers)}
            case Speaks(language):
                return {"asked_for": language}
            case Remarked() | RefusalNoted():
                return {}
            case ScriptRead(script):
                return {"scripts": self.scripts | {script}}
            case Corrected(outcome, code, _):
                made = len(self.calls)
                return {
                    "ruling": Ruling(at, by, outcome, code, made),
                    "attempts": self._corrected(outcome, code),
                    "referred": False,
                    "before_answer": made,
                }
            case Advised():
                return {"referred": False, "before_answer": len(self.calls)}
            case Reopened():
                made = len(self.calls)
                return {
                    "ruling": None,
                    "referred": False,
                    "reopened": at,
                    "before_reopening": made,
                    "before_answer": made,
                }
            case Blocked():
                blocked = tuple(_marked(n, n.position, "never_call") for n in self.numbers)
                return {"blocked": True, "booking": None, "numbers": blocked}
            case Unblocked():
                return self._unblocked()
            case Erased():
                # what became of its numbers stays: the case's code rests upon it
                return {"booking": None, "erased": True, "nameless": True}
            case Anonymised():
                return {"booking": None, "nameless": True}
            case _:
                assert_never(event)

    def _open(self, at: datetime, by: str, station: str) -> Attempt:
        """The sitting that goes on; one that nobody began (they rang us, or an earlier program) begins here."""
        return self.claimed or Attempt(at, by, station)

    def _sitting(self, attempt: Attempt) -> dict[str, Any]:
        """The sitting as it is now; it is an attempt once there was a call."""
        if not attempt.calls:
            return {"claimed": attempt}
        begun = self.claimed is not None and bool(self.claimed.calls)
        earlier = self.attempts[:-1] if begun else self.attempts
        return {"claimed": attempt, "attempts": (*earlier, attempt)}

    def _let_go(self, at: datetime | None) -> dict[str, Any]:
        """The sitting is over, at its last call where nobody said when; an interview in the middle is interrupted."""
        over: dict[str, Any] = {"claimed": None}
        if self.interviewing:
            over |= {"interviewing": False, "interrupted": True}
        if self.claimed is not None and self.claimed.calls:
            last = self.attempts[-1]
            ended = replace(last, ended=at or last.calls[-1].at, dialled=0)
            over["attempts"] = (*self.attempts[:-1], ended)
        return over

    def _called(self, at: datetime, by: str, station: str, event: Called) -> dict[str, Any]:
        eligible = self.eligible or event.eligible
        call = Call(at, by, event.number, event.outcome, event.code, eligible, event.note)
        sitting = self._open(at, by, station)
        return {
            "eligible": eligible,
            "person": self.person or event.person,
            "interviewing": False,
            "interrupted": self.interrupted or event.interrupted,
            "referred": event.outcome == "supervisor",
            "before": Before(
                {n.position: n.state for n in self.numbers},
                self.booking,
                self.interrupted or self.interviewing,
                self.eligible,
                self.person,
                self.referred,
                self.blocked,
                self.asked_for,
            ),
            **self._sitting(replace(sitting, calls=(*sitting.calls, call), dialled=0)),
        }

    def _taken_back(self, by: str, station: str) -> dict[str, Any]:
        """The last call without its outcome, and without what was written because of it, in a sitting that goes on. A
        number that was given, a text that was spoken and a supervisor's word stay."""
        before = self.before
        if before is None or not self.attempts or not self.attempts[-1].calls:
            return {}
        last = self.attempts[-1]
        sitting = replace(
            last, by=by, station=station, calls=last.calls[:-1], dialled=last.calls[-1].number, ended=None
        )
        states = before.states
        return {
            "attempts": (*self.attempts[:-1], sitting) if sitting.calls else self.attempts[:-1],
            "claimed": sitting,
            "numbers": tuple(replace(n, state=states.get(n.position, n.state)) for n in self.numbers),
            "booking": before.booking,
            "interrupted": before.interrupted,
            "eligible": before.eligible,
            "person": before.person,
            "referred": before.referred,
            "blocked": before.blocked,
            "asked_for": before.asked_for,
            "before": None,
        }

    def _unblocked(self) -> dict[str, Any]:
        """What blocking took from it, as it was before the last outcome was keyed."""
        states = self.before.states if self.before is not None else {}
        numbers = tuple(
            replace(n, state=states.get(n.position, "live")) if n.state == "never_call" else n
            for n in self.numbers
        )
        booking = self.before.booking if self.before is not None else None
        return {"blocked": False, "numbers": numbers, "booking": self.booking or booking}

    def _corrected(self, outcome: str, code: str) -> tuple[Attempt, ...]:
        """The attempts with another outcome of the last call; as they are where none is said."""
        if not outcome or not self.attempts or not self.attempts[-1].calls:
            return self.attempts
        last = self.attempts[-1]
        call = last.calls[-1]
        told = replace(call, outcome=outcome, code=code, keyed=call.keyed or call.outcome)
        return (*self.attempts[:-1], replace(last, calls=(*last.calls[:-1], told)))


def _marked(number: Number, position: int, state: NumberState) -> Number:
    """A dead number stays dead on the list of those never to be called: it is not called either way."""
    if number.position != position or (number.state == "dead" and state == "never_call"):
        return number
    return replace(number, state=state)


def _merged(known: tuple[Number, ...], brought: tuple[NumberFacts, ...]) -> tuple[Number, ...]:
    """Numbers keep their position and what became of them; new ones come behind."""
    merged = {n.position: n for n in known}
    for facts in brought:
        before = merged.get(facts.position)
        merged[facts.position] = Number(*facts) if before is None else Number(*facts, state=before.state)
    return tuple(merged[position] for position in sorted(merged))
