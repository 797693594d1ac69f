"""Case views for supervisors: list lines, case sheet, callability report, queue. Values only."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from survey_cli.fieldwork.queue.rules import RuleResult
from survey_cli.table import Table
from survey_cli.values import Cell, Variable


class CaseLine(NamedTuple):
    """One case in a list. Moments are aware."""

    key: str
    name: str
    """Empty where it has none, or where whoever asks may not see it."""
    status: str
    """`ready`, `waiting`, `held`, `done`, `unreleased`, or `leased`: with a station."""
    code: str
    outcome: str
    attempts: int
    due_at: datetime | None
    """From when it may be called; None where that is now, or never."""
    why: str
    promised_at: datetime | None
    owner: str
    with_whom: str
    """`ann at s1`: the station that has it; else empty."""
    replicate: str
    frame: str


class NumberLine(NamedTuple):
    """One telephone number of the case."""

    position: int
    shown: str
    """Empty where whoever asks may not see it, or it was erased."""
    line: str
    state: str
    next: bool
    """Whether it is dialed next."""


class CaseHistoryLine(NamedTuple):
    """One event of the case's history."""

    seq: int
    at: datetime
    what: str
    by: str
    station: str
    note: str


class InterviewLine(NamedTuple):
    """One interview of the case."""

    number: int
    origin: str
    status: str
    outcome: str
    at_item: str
    answered: int
    began_at: datetime
    updated_at: datetime
    erased: bool = False


class CaseCellLine(NamedTuple):
    """A quota cell that the case is known to be in."""

    cell: str
    taken: int
    held: int
    target: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSheet:
    """One case with all that is known of it."""

    line: CaseLine
    zone: str
    """The respondent's; empty where nobody knows it."""
    language: str
    columns: tuple[tuple[str, str], ...]
    """The sample's, label and words."""
    numbers: tuple[NumberLine, ...]
    appointment: str
    """The open appointment, in the respondent's time; empty where there is none."""
    interviews: tuple[InterviewLine, ...]
    cells: tuple[CaseCellLine, ...]
    history: tuple[CaseHistoryLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """The selected cases."""

    where: str
    lines: tuple[CaseLine, ...]
    total: int
    """How many cases there are in all."""
    names_shown: bool
    """Whether whoever asks may see names."""
    damage: str = ""
    """What could not be decoded, where something could not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallabilityReport:
    """Whether a case may be called, rule by rule."""

    line: CaseLine
    at: datetime
    who: str
    zone: str
    verdicts: tuple[RuleResult, ...]
    next_at: datetime | None
    """The next moment it may be called by somebody whom it suits; None: never, or not to be foreseen."""

    @property
    def is_allowed(self) -> bool:
        return all(verdict.allows for verdict in self.verdicts)


class QueueLine(NamedTuple):
    """One of the next cases."""

    place: int
    key: str
    name: str
    zone: str
    why: str
    """Why it stands there: its class, promise, quota, priority, last attempt."""


class DeferredLine(NamedTuple):
    """Cases that are due, but not called now."""

    key: str
    """The first of them."""
    zone: str
    why: str
    opens_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueReport:
    """The queue of one interviewer at one moment."""

    where: str
    at: datetime
    who: str
    lines: tuple[QueueLine, ...]
    turned_down: tuple[DeferredLine, ...]
    """Cases at the head whose own rules let nobody call them now."""
    closed: tuple[DeferredLine, ...]
    status_counts: tuple[tuple[int, str], ...]
    """How many cases, and where they stand, in words."""


_COLUMNS = (
    *("key", "name", "status", "code", "outcome", "attempts", "due_at", "why"),
    *("promised_at", "owner", "with_whom", "replicate", "frame"),
)


def tabulate_cases(lines: Iterable[CaseLine]) -> Table:
    """The list as a table for the writers of formats; moments in UTC."""
    variables = tuple(
        Variable(name=name, storage="integer" if name == "attempts" else "text", role="admin") for name in _COLUMNS
    )
    return Table(variables=variables, rows=(tuple(map(_make_cell, line)) for line in lines))


def _make_cell(value: datetime | str | int | None) -> Cell:
    match value:
        case None:
            return ""
        case datetime():
            return format_timestamp(value)
        case _:
            return value


def format_timestamp(at: datetime) -> str:
    """`2026-11-24T15:10:00+00:00`."""
    return at.isoformat(timespec="seconds")
