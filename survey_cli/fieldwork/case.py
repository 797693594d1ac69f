"""What has become of a case? Derived from its history alone; it neither judges an outcome nor knows what time it is."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, assert_never

from survey_cli.fieldwork.events import (
    NO_COLUMNS,
    Advised,
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
    Released,
    Remarked,
    Reopened,
    Returned,
    Sampled,
    ScriptRead,
    Speaks,
    TakenBack,
    Unpromised,
)
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
    """What a supervisor said the case's outcome is."""

    at: datetime
    by: str
    outcome: str
    code: str


@dataclass(frozen=True, slots=True)
class Booking:
    """A promise that stands, and when it was made."""

    at: datetime
    by: str
    promise: Promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One sampled respondent or unit, as its history tells it."""

    key: str
    seq: int = 0
    """How many events it has."""
    columns: Mapping[str, Value] = NO_COLUMNS
    numbers: tuple[Number, ...] = ()
    zone: str = ""
    language: str = ""
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
    interrupted: bool = False
    """It waits to be gone on with."""
    eligible: bool = False
    person: bool = False
    ruling: Ruling | None = None
    reopened: datetime | None = None
    """When a supervisor last put it back into the queue."""
    referred: bool = False
    """It waits for a supervisor."""
    blocked: bool = False
    """Never to be called again."""
    erased: bool = False
    scripts: frozenset[str] = frozenset()
    """Texts that were spoken."""

    @classmethod
    def of(cls, key: str, history: Iterable[Entry]) -> "Case":
        """The case that these events give."""
        case = cls(key=key)
        for entry in history:
            case = case.after(entry)
        return case

    # what follows from it

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
        """The attempts that use up a limit: redials of a busy line within the hour are one."""
        found: list[Attempt] = []
        for attempt in self.attempts:
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
        """The number that is dialled next: in a sitting the first live one not yet tried in it; else the one after the
        last that was called, going round."""
        live = self.live
        if not live:
            return None
        tried = {c.number for c in self.claimed.calls} if self.claimed is not None else set()
        fresh = [n for n in live if n.position not in tried] or list(live)
        if tried or not self.attempts:
            return fresh[0]
        reached = self.last_call
        if reached is None or reached.number == 0 or reached.eligible or self.person:
            again = self.number(reached.number) if reached is not None else None
            return again if again in live else live[0]
        return next((n for n in live if n.position > reached.number), live[0])

    # one event more

    def after(self, entry: Entry) -> "Case":
        """The case after one event more."""
        at, by, station, event, _ = entry
        case = replace(self, seq=self.seq + 1)
        match event:
            case Sampled():
                return replace(
                    case,
                    columns=event.columns,
                    numbers=_merged(self.numbers, event.numbers),
                    zone=event.zone,
                    language=event.language,
                    priority=event.priority,
                    weight=event.weight,
                    frame=event.frame,
                    replicate=event.replicate,
                    released=self.released or not event.replicate,
                )
            case Released():
                return replace(case, released=True)
            case Claimed():
                return replace(case, claimed=Attempt(at, by, station))
            case Dialled(number):
                return case._sitting(replace(self._open(at, by, station), dialled=number))
            case Called():
                return case._called(at, by, station, event)
            case TakenBack():
                return case._taken_back(at, by, station)
            case Closed() | Returned():
                closed = replace(case, claimed=None)
                if self.claimed is None or not self.claimed.calls:
                    return closed
                return replace(
                    closed, attempts=(*self.attempts[:-1], replace(self.attempts[-1], ended=at, dialled=0))
                )
            case Interviewing(interview):
                return replace(case, interview=interview, interrupted=False)
            case Promised():
                return replace(case, booking=Booking(at, by, event))
            case Unpromised():
                return replace(case, booking=None)
            case Reassigned(owner, policy):
                if self.booking is None:
                    return case
                promise = self.booking.promise._replace(owner=owner, policy=policy)
                return replace(case, booking=replace(self.booking, promise=promise))
            case NumberAdded(facts):
                return replace(case, numbers=(*self.numbers, Number(*facts)))
            case NumberMarked(position, state, _):
                return replace(case, numbers=tuple(_marked(n, position, state) for n in self.numbers))
            case Speaks(language):
                return replace(case, language=language)
            case Remarked():
                return case
            case ScriptRead(script):
                return replace(case, scripts=self.scripts | {script})
            case Corrected(outcome, code, _):
                return replace(case, ruling=Ruling(at, by, outcome, code), referred=False)
            case Advised():
                return replace(case, referred=False)
            case Reopened():
                return replace(case, ruling=None, referred=False, reopened=at)
            case Blocked():
                return replace(
                    case,
                    blocked=True,
                    booking=None,
                    numbers=tuple(replace(n, state="never_call") for n in self.numbers),
                )
            case Erased():
                return replace(case, numbers=(), booking=None, erased=True)
            case _:
                assert_never(event)

    def _open(self, at: datetime, by: str, station: str) -> Attempt:
        """The sitting that goes on; one that nobody began (they rang us, or an earlier program) begins here."""
        return self.claimed or Attempt(at, by, station)

    def _sitting(self, attempt: Attempt) -> "Case":
        """The case with its sitting as it is now; it is an attempt once there was a call."""
        if not attempt.calls:
            return replace(self, claimed=attempt)
        begun = self.claimed is not None and bool(self.claimed.calls)
        earlier = self.attempts[:-1] if begun else self.attempts
        return replace(self, claimed=attempt, attempts=(*earlier, attempt))

    def _called(self, at: datetime, by: str, station: str, event: Called) -> "Case":
        eligible = self.eligible or event.eligible
        call = Call(at, by, event.number, event.outcome, event.code, eligible, event.note)
        sitting = self._open(at, by, station)
        case = replace(
            self,
            eligible=eligible,
            person=self.person or event.person,
            interrupted=event.interrupted,
            referred=event.outcome == "supervisor",
            ruling=None,
        )
        return case._sitting(replace(sitting, calls=(*sitting.calls, call), dialled=0))

    def _taken_back(self, at: datetime, by: str, station: str) -> "Case":
        """The last call without its outcome, in a sitting that goes on."""
        if not self.attempts or not self.attempts[-1].calls:
            return self
        last = self.attempts[-1]
        sitting = replace(last, calls=last.calls[:-1], dialled=last.calls[-1].number, ended=None)
        attempts = (*self.attempts[:-1], sitting) if sitting.calls else self.attempts[:-1]
        return replace(
            self,
            attempts=attempts,
            claimed=replace(sitting, by=by, station=station),
            referred=False,
            interrupted=False,
        )


def _marked(number: Number, position: int, state: NumberState) -> Number:
    return replace(number, state=state) if number.position == position else number


def _merged(known: tuple[Number, ...], brought: tuple[NumberFacts, ...]) -> tuple[Number, ...]:
    """Numbers keep their position and what became of them; new ones come behind."""
    merged = {n.position: n for n in known}
    for facts in brought:
        before = merged.get(facts.position)
        merged[facts.position] = Number(*facts) if before is None else Number(*facts, state=before.state)
    return tuple(merged[position] for position in sorted(merged))
