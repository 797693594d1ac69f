"""Call sessions of a case, read from its history in one pass: interviewer, times, calls, outcomes.

It tells of sessions what `fieldwork.case` tells of attempts, including sessions without a call, and without building
the case: a supervisor's screen reads every history every few seconds. It judges no outcome and reads no clock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from survey_cli.fieldwork.case.case import Case, NumberRecord
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseClaimed,
    CaseReturned,
    CaseSampled,
    HistoryEntry,
    InterviewOpened,
    NumberAdded,
    NumberDialed,
    NumberMarked,
    NumberState,
    OutcomeOverridden,
    OutcomeRecorded,
    OutcomeRevoked,
)
from survey_cli.fieldwork.case.locations import list_call_zones
from survey_cli.fieldwork.plan.plan import Plan

NO_TIME = timedelta()


class CallRecord(NamedTuple):
    """One call."""

    at: datetime
    number: int
    """0: they rang us."""
    outcome: str
    """As keyed, or as a supervisor corrected it."""
    code: str
    """The interview's, where one was held: 1.1, 1.2, 2.12."""


@dataclass(slots=True)
class CallSession:
    """A case at a station, from its claim until its release."""

    by: str
    station: str
    began: datetime
    zones: tuple[str, ...]
    """Where the number that was called first may ring; empty before it was called, or where no zone is known."""
    calls: list[CallRecord] = field(default_factory=list)
    ended: datetime | None = None
    """None while it goes on. Where its lease ran out, its last event."""
    interview: str = ""
    """The last interview conducted in it."""
    was_claimed: bool = True
    """False: nobody took the case first (an earlier program's call), so that nothing is known of its length."""

    @property
    def length(self) -> timedelta:
        """How long it was; nothing while it goes on."""
        return self.ended - self.began if self.ended is not None and self.was_claimed else NO_TIME


@dataclass(slots=True)
class CaseSessions:
    """All call sessions of one case."""

    sessions: list[CallSession] = field(default_factory=list)
    interview_lengths: dict[str, timedelta] = field(default_factory=dict)
    """By interview: from its beginning, or where it was gone on with, to the outcome of that call; added up."""
    number_states: dict[int, NumberState] = field(default_factory=dict)
    """What became of each number that was marked."""


class _HistoryReader:
    """A reader of one history, event by event."""

    def __init__(self, plan: Plan) -> None:
        self.result = CaseSessions()
        self._plan = plan
        self._case = Case(key="")
        """What the sample brought of it, as far as that decides where it is."""
        self._numbers: dict[int, NumberRecord] = {}
        self.open_session: CallSession | None = None
        self.interview_began: datetime | None = None
        """When the interview that goes on began, or went on."""
        self.last_event_at: datetime | None = None

    def read(self, entry: HistoryEntry) -> None:
        at, event = entry.at, entry.event
        match event:
            case CaseClaimed():
                self._end_session(self.last_event_at)
                self._begin_session(entry)
            case NumberDialed():
                self._find_session_for_call(entry, event.number)
            case OutcomeRecorded():
                self._stop_interview(at)
                here = self._find_session_for_call(entry, event.number)
                here.calls.append(CallRecord(at, event.number, event.outcome, event.code))
            case OutcomeRevoked():
                self._revoke_outcome(entry)
            case OutcomeOverridden():
                self._correct_outcome(event)
            case InterviewOpened(interview):
                here = self.open_session or self._begin_session(entry, claimed=False)
                here.interview = interview
                self.interview_began = at
            case AttemptClosed():
                self._end_session(at)
            case CaseReturned():
                self._end_session(self.last_event_at if event.why == "lapsed" else at)
            case CaseSampled():
                self._case = Case(key="", zone=event.zone, columns=event.columns)
                self._numbers |= {facts.position: NumberRecord(*facts) for facts in event.numbers}
            case NumberAdded(facts):
                self._numbers[facts.position] = NumberRecord(*facts)
            case NumberMarked():
                before = self.result.number_states.get(event.number)
                if not (before == "dead" and event.state == "never_call"):
                    self.result.number_states[event.number] = event.state
            case _:
                pass
        self.last_event_at = at

    def _begin_session(self, entry: HistoryEntry, *, claimed: bool = True) -> CallSession:
        self.open_session = CallSession(entry.by, entry.station, entry.at, (), was_claimed=claimed)
        self.result.sessions.append(self.open_session)
        return self.open_session

    def _find_session_for_call(self, entry: HistoryEntry, number: int) -> CallSession:
        """Return the session in which this number is called."""
        here = self.open_session or self._begin_session(entry, claimed=False)
        if not here.calls:
            here.zones = list_call_zones(self._case, self._numbers.get(number), self._plan)
        return here

    def _stop_interview(self, at: datetime | None) -> None:
        if self.interview_began is not None and at is not None and self.open_session is not None:
            told = self.result.interview_lengths
            told[self.open_session.interview] = told.get(self.open_session.interview, NO_TIME) + (
                at - self.interview_began
            )
        self.interview_began = None

    def _end_session(self, at: datetime | None) -> None:
        self._stop_interview(at)
        if self.open_session is not None:
            self.open_session.ended = at
        self.open_session = None

    def _revoke_outcome(self, entry: HistoryEntry) -> None:
        """Continue the call in its own session; a session begun only to revoke it is merged into that one."""
        last = next((s for s in reversed(self.result.sessions) if s.calls), None)
        if last is None:
            return
        if self.open_session is not None and self.open_session is not last:
            self.result.sessions.remove(self.open_session)
        last.calls.pop()
        last.by, last.station, last.ended = entry.by, entry.station, None
        self.open_session = last

    def _correct_outcome(self, event: OutcomeOverridden) -> None:
        last = next((s for s in reversed(self.result.sessions) if s.calls), None)
        if event.outcome and last is not None:
            last.calls[-1] = last.calls[-1]._replace(outcome=event.outcome, code=event.code)


def read_call_sessions(history: Iterable[HistoryEntry], plan: Plan) -> CaseSessions:
    """Read the call sessions of these events, oldest first."""
    reader = _HistoryReader(plan)
    for entry in history:
        reader.read(entry)
    return reader.result
