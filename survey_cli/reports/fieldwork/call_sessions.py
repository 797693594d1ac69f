"""Call sessions of a case, read from its history in one pass: interviewer, times, calls, outcomes.

Unlike `fieldwork.case`, it includes sessions without a call, and it doesn't build the case, because a supervisor's screen
reads every history every few seconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case, NumberRecord, list_call_zones
from survey_cli.fieldwork.case.events import HistoryEntry, NumberState
from survey_cli.fieldwork.plan.plan import Plan

NO_TIME = timedelta()


class CallRecord(NamedTuple):
    """One call."""

    at: datetime
    number: int
    """Position of the number; 0 for an incoming call."""
    outcome: str
    """The outcome as keyed, or as corrected by a supervisor."""
    code: str
    """The code of the interview, where one was conducted: 1.1, 1.2, 2.12."""


@dataclass(slots=True)
class CallSession:
    """The time of a case at a station, from its claim until its release."""

    by: str
    station: str
    began: datetime
    zones: tuple[str, ...]
    """Possible time zones of the first number called; empty before a call, or where no zone is known."""
    calls: list[CallRecord] = field(default_factory=list)
    ended: datetime | None = None
    """End of the session; the time of its last event where its lease expired, None while it continues."""
    interview: str = ""
    """The last interview conducted in the session."""
    was_claimed: bool = True
    """False for calls without a claim, by an earlier version, whose length is not known."""

    @property
    def length(self) -> timedelta:
        """The length of the session; zero while it continues."""
        return self.ended - self.began if self.ended is not None and self.was_claimed else NO_TIME


@dataclass(slots=True)
class CaseSessions:
    """All call sessions of one case."""

    sessions: list[CallSession] = field(default_factory=list)
    interview_lengths: dict[str, timedelta] = field(default_factory=dict)
    """Length of each interview: the sum of the times from each start or resumption to the outcome of that call."""
    number_states: dict[int, NumberState] = field(default_factory=dict)
    """Present state of each number that was marked."""


class _HistoryReader:
    """A reader of one history, event by event."""

    def __init__(self, plan: Plan) -> None:
        self.result = CaseSessions()
        self._plan = plan
        self._case = Case(key="")
        """The case with those values of the sample that decide on its time zones."""
        self._numbers: dict[int, NumberRecord] = {}
        self.open_session: CallSession | None = None
        self.interview_began: datetime | None = None
        """When the present interview was started or resumed."""
        self.last_event_at: datetime | None = None

    def read(self, entry: HistoryEntry) -> None:
        """Read the next event."""
        at, event = entry.at, entry.event
        match event:
            case events.CaseClaimed():
                self._end_session(self.last_event_at)
                self._begin_session(entry)
            case events.NumberDialed():
                self._find_session_for_call(entry, event.number)
            case events.OutcomeRecorded():
                self._stop_interview(at)
                session = self._find_session_for_call(entry, event.number)
                session.calls.append(CallRecord(at, event.number, event.outcome, event.code))
            case events.OutcomeRevoked():
                self._revoke_outcome(entry)
            case events.OutcomeOverridden():
                self._correct_outcome(event)
            case events.InterviewOpened(interview):
                session = self.open_session or self._begin_session(entry, claimed=False)
                session.interview = interview
                self.interview_began = at
            case events.AttemptClosed():
                self._end_session(at)
            case events.CaseReturned():
                self._end_session(self.last_event_at if event.why == "lapsed" else at)
            case events.CaseSampled():
                self._case = Case(key="", zone=event.zone, columns=event.columns)
                self._numbers |= {facts.position: NumberRecord(*facts) for facts in event.numbers}
            case events.NumberAdded(facts):
                self._numbers[facts.position] = NumberRecord(*facts)
            case events.NumberMarked():
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
        session = self.open_session or self._begin_session(entry, claimed=False)
        if not session.calls:
            session.zones = list_call_zones(self._case, self._numbers.get(number), self._plan)
        return session

    def _stop_interview(self, at: datetime | None) -> None:
        if self.interview_began is not None and at is not None and self.open_session is not None:
            lengths, interview = self.result.interview_lengths, self.open_session.interview
            lengths[interview] = lengths.get(interview, NO_TIME) + (at - self.interview_began)
        self.interview_began = None

    def _end_session(self, at: datetime | None) -> None:
        self._stop_interview(at)
        if self.open_session is not None:
            self.open_session.ended = at
        self.open_session = None

    def _revoke_outcome(self, entry: HistoryEntry) -> None:
        """Continue the call in its own session; a session begun only to revoke it is merged into that one."""
        last = self._find_last_session_with_call()
        if last is None:
            return
        if self.open_session is not None and self.open_session is not last:
            self.result.sessions.remove(self.open_session)
        last.calls.pop()
        last.by, last.station, last.ended = entry.by, entry.station, None
        self.open_session = last

    def _correct_outcome(self, event: events.OutcomeOverridden) -> None:
        last = self._find_last_session_with_call()
        if event.outcome and last is not None:
            last.calls[-1] = last.calls[-1]._replace(outcome=event.outcome, code=event.code)

    def _find_last_session_with_call(self) -> CallSession | None:
        return next((session for session in reversed(self.result.sessions) if session.calls), None)


def read_call_sessions(history: Iterable[HistoryEntry], plan: Plan) -> CaseSessions:
    """Read the call sessions of a history, whose events are in ascending order."""
    reader = _HistoryReader(plan)
    for entry in history:
        reader.read(entry)
    return reader.result
