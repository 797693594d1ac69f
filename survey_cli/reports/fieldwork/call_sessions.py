"""Who sat with which case, from when to when, and what came of it? Read off a case's history in one pass; it judges no
outcome and knows no clock.

It tells of sittings what `fieldwork.case` tells of attempts, and of such in which nobody was called besides, without
making the case: a supervisor's screen reads every history every few seconds.
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

NOTHING = timedelta()


class CallMade(NamedTuple):
    """A call, or the talk it became."""

    at: datetime
    number: int
    """0: they rang us."""
    outcome: str
    """As keyed, or as a supervisor corrected it."""
    code: str
    """The interview's, where one was held: 1.1, 1.2, 2.12."""


@dataclass(slots=True)
class Sitting:
    """A case at a station, from when it was taken until it was let go."""

    by: str
    station: str
    began: datetime
    zones: tuple[str, ...]
    """Where the number that was called first may ring; empty before it was called, or where no zone is known."""
    calls: list[CallMade] = field(default_factory=list)
    ended: datetime | None = None
    """None while it goes on. Where its lease ran out, its last event."""
    interview: str = ""
    """The interview that was held last in it."""
    claimed: bool = True
    """False: nobody took the case first (an earlier program's call), so that nothing is known of its length."""

    @property
    def length(self) -> timedelta:
        """How long it was; nothing while it goes on."""
        return self.ended - self.began if self.ended is not None and self.claimed else NOTHING


@dataclass(slots=True)
class Sat:
    """All sittings of one case."""

    sittings: list[Sitting] = field(default_factory=list)
    lengths: dict[str, timedelta] = field(default_factory=dict)
    """By interview: from its beginning, or where it was gone on with, to the outcome of that call; added up."""
    numbers: dict[int, NumberState] = field(default_factory=dict)
    """What became of each number that was marked."""


class _Reader:
    """One history on its way."""

    def __init__(self, plan: Plan) -> None:
        self.sat = Sat()
        self._plan = plan
        self._case = Case(key="")
        """What the sample brought of it, as far as that decides where it is."""
        self._numbers: dict[int, NumberRecord] = {}
        self.open: Sitting | None = None
        self.since: datetime | None = None
        """When the interview that goes on began, or went on."""
        self.last: datetime | None = None

    def read(self, entry: HistoryEntry) -> None:
        at, event = entry.at, entry.event
        match event:
            case CaseClaimed():
                self._let_go(self.last)
                self._sit(entry)
            case NumberDialed():
                self._called_at(entry, event.number)
            case OutcomeRecorded():
                self._stop_interview(at)
                here = self._called_at(entry, event.number)
                here.calls.append(CallMade(at, event.number, event.outcome, event.code))
            case OutcomeRevoked():
                self._take_back(entry)
            case OutcomeOverridden():
                self._correct(event)
            case InterviewOpened(interview):
                here = self.open or self._sit(entry, claimed=False)
                here.interview = interview
                self.since = at
            case AttemptClosed():
                self._let_go(at)
            case CaseReturned():
                self._let_go(self.last if event.why == "lapsed" else at)
            case CaseSampled():
                self._case = Case(key="", zone=event.zone, columns=event.columns)
                self._numbers |= {facts.position: NumberRecord(*facts) for facts in event.numbers}
            case NumberAdded(facts):
                self._numbers[facts.position] = NumberRecord(*facts)
            case NumberMarked():
                before = self.sat.numbers.get(event.number)
                if not (before == "dead" and event.state == "never_call"):
                    self.sat.numbers[event.number] = event.state
            case _:
                pass
        self.last = at

    def _sit(self, entry: HistoryEntry, *, claimed: bool = True) -> Sitting:
        self.open = Sitting(entry.by, entry.station, entry.at, (), claimed=claimed)
        self.sat.sittings.append(self.open)
        return self.open

    def _called_at(self, entry: HistoryEntry, number: int) -> Sitting:
        """The sitting in which this number is called."""
        here = self.open or self._sit(entry, claimed=False)
        if not here.calls:
            here.zones = list_call_zones(self._case, self._numbers.get(number), self._plan)
        return here

    def _stop_interview(self, at: datetime | None) -> None:
        if self.since is not None and at is not None and self.open is not None:
            told = self.sat.lengths
            told[self.open.interview] = told.get(self.open.interview, NOTHING) + (at - self.since)
        self.since = None

    def _let_go(self, at: datetime | None) -> None:
        self._stop_interview(at)
        if self.open is not None:
            self.open.ended = at
        self.open = None

    def _take_back(self, entry: HistoryEntry) -> None:
        """The call goes on, in the sitting it was made in: one that was begun for that alone is part of it."""
        last = next((s for s in reversed(self.sat.sittings) if s.calls), None)
        if last is None:
            return
        if self.open is not None and self.open is not last:
            self.sat.sittings.remove(self.open)
        last.calls.pop()
        last.by, last.station, last.ended = entry.by, entry.station, None
        self.open = last

    def _correct(self, event: OutcomeOverridden) -> None:
        last = next((s for s in reversed(self.sat.sittings) if s.calls), None)
        if event.outcome and last is not None:
            last.calls[-1] = last.calls[-1]._replace(outcome=event.outcome, code=event.code)


def sittings_of(history: Iterable[HistoryEntry], plan: Plan) -> Sat:
    """The sittings that these events tell of, the first one first."""
    reader = _Reader(plan)
    for entry in history:
        reader.read(entry)
    return reader.sat
