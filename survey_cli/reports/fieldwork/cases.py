"""Views for supervisors: case list and sheet, callability, queue, interviewers, subject access.

Values only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from survey_cli.fieldwork.queue.calling_rules import CaseRule, RuleResult
from survey_cli.problems import Problem
from survey_cli.reports.fieldwork.status import QuotaCellLine
from survey_cli.table.case_tables import format_timestamp
from survey_cli.table.table import Table
from survey_cli.values import Cell, Storage, Variable


class CaseLine(NamedTuple):
    """One case in a list; dates and times have a time zone."""

    key: str
    name: str
    """Empty if the case has none, or if the viewer may not see it."""
    status: str
    """`ready`, `waiting`, `held`, `done`, `unreleased` or `leased`."""
    code: str
    outcome: str
    attempts: int
    due_at: datetime | None
    """The time from which it may be called; None if that is now, or never."""
    why: str
    promised_at: datetime | None
    """The time of the open appointment."""
    owner: str
    with_whom: str
    """The interviewer and station with the case, `ann at s1`; empty if nobody has it."""
    replicate: str
    frame: str
    seq: int
    """Number of its events."""

    def name_status(self) -> str:
        """Return the status as screens show it; `leased` is the word of the database."""
        return "at a station" if self.status == "leased" else self.status


class NumberLine(NamedTuple):
    """One telephone number of the case."""

    position: int
    shown: str
    """The number as displayed; empty if the viewer may not see it, or if it was erased."""
    line: str
    state: str
    next: bool
    """Whether the number is dialed next."""


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
    review: str = ""
    """The last verdict of the office, with its reason for supervisors."""


class UnsampledCase(NamedTuple):
    """A case that is not in the sample and was interviewed under a key of its own."""

    key: str
    interviews: tuple[InterviewLine, ...]


class CaseSheet(NamedTuple):
    """Everything that is known about one case."""

    line: CaseLine
    zone: str
    """The respondent's time zone; empty if it is not known."""
    language: str
    columns: tuple[tuple[str, str], ...]
    """Label and text of each sample column."""
    numbers: tuple[NumberLine, ...]
    appointment: str
    """The open appointment, in the respondent's time; empty without one."""
    interviews: tuple[InterviewLine, ...]
    cells: tuple[QuotaCellLine, ...]
    """The quota cells that the case is known to be in."""
    history: tuple[CaseHistoryLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """The selected cases."""

    where: str
    lines: tuple[CaseLine, ...]
    total: int
    """Number of all cases, selected or not."""
    names_shown: bool
    """Whether the viewer may see names."""
    damage: str = ""
    """Description of cases that could not be decoded; empty if all could."""


class CallabilityReport(NamedTuple):
    """Whether a case may be called, rule by rule."""

    line: CaseLine
    at: datetime
    who: str
    zone: str
    verdicts: tuple[RuleResult, ...]
    next_at: datetime | None
    """The next time at which a suitable interviewer may call it; None if never, or not known."""

    @property
    def is_allowed(self) -> bool:
        return all(verdict.allows for verdict in self.verdicts)

    @property
    def is_on_do_not_call_list(self) -> bool:
        """Whether it may never be called, because of the do-not-call list."""
        return any(
            verdict.rule is CaseRule.DO_NOT_CALL and not verdict.allows for verdict in self.verdicts
        )


class QueueLine(NamedTuple):
    """One of the next cases."""

    place: int
    key: str
    name: str
    zone: str
    why: str
    """Reason for the place: class, appointment, quota, priority, last attempt."""


class DeferredLine(NamedTuple):
    """Cases that are due but can't be called now."""

    key: str
    """Key of the first case."""
    zone: str
    why: str
    opens_at: datetime | None


class QueueReport(NamedTuple):
    """The queue of one interviewer at one point in time."""

    where: str
    at: datetime
    who: str
    lines: tuple[QueueLine, ...]
    turned_down: tuple[DeferredLine, ...]
    """Cases at the head of the queue whose own rules allow no call now."""
    closed: tuple[DeferredLine, ...]
    status_counts: tuple[tuple[int, str], ...]
    """Number of cases with each status, and its description."""


class InterviewerLine(NamedTuple):
    """One interviewer or supervisor."""

    login: str
    role: str
    """The role; empty if the person is not on the list."""
    languages: str
    skills: str
    pseudonym: str
    cases: tuple[str, ...]
    """Cases claimed now, with the station: `unit 7 at s1`."""
    appointments: int
    """Appointments that only this person may keep, or may keep first."""
    missed: int
    """Those of the appointments that are missed."""
    account: str
    """The roles of the account on the server, `without a role`, or `none`; empty for a file."""


class InterviewerList(NamedTuple):
    """All people on the list, and all others who have cases or appointments."""

    where: str
    """Name of the file; empty if the study lists nobody."""
    lines: tuple[InterviewerLine, ...]
    unowned_appointments: int
    """Appointments that anybody may keep."""
    problems: tuple[Problem, ...]


def tabulate_cases(lines: Iterable[CaseLine]) -> Table:
    """Convert the list to a table for export; dates and times are in UTC."""
    variables = []
    for name in CaseLine._fields:
        storage: Storage = "integer" if name in ("attempts", "seq") else "text"
        variables.append(Variable(name=name, storage=storage, role="admin"))
    rows = (tuple(map(_format_cell, line)) for line in lines)
    return Table(variables=tuple(variables), rows=rows)


def _format_cell(value: str | int | datetime | None) -> Cell:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return format_timestamp(value)
    return value


class SubjectNumber(NamedTuple):
    """One telephone number."""

    position: int
    shown: str
    written: str
    """The text in the sample file, or as typed."""
    e164: str
    extension: str
    state: str
    """`live`, `dead` or `never_call`."""


class SubjectColumn(NamedTuple):
    """One value of the sample."""

    column: str
    label: str
    words: str
    """The value, or the label of its code."""
    personal: bool
    """Whether the value is stored separately, with the name."""


class JournalLine(NamedTuple):
    """One event of an interview."""

    seq: int
    at: datetime
    by: str
    station: str
    what: str
    """Kind of event: `answered`, `declined`, `note` …"""
    place: str
    """Item and turn, `age#2`; empty if the event belongs to none."""
    question: str
    """The wording, with its fills as placeholders."""
    answer: str
    note: str


class SubjectInterview(NamedTuple):
    """One interview, with its whole journal."""

    id: str
    number: int
    origin: str
    status: str
    outcome: str
    version: str
    began_at: datetime
    sample: tuple[tuple[str, str], ...]
    """Values of the sample at the start of the interview."""
    lines: tuple[JournalLine, ...]
    draft: str
    """Typed text that is not an answer yet."""
    problem: str = ""
    """Why questions and labels are not shown; empty if the questionnaire can be read."""


class Subject(NamedTuple):
    """Everything that is stored about one person."""

    key: str
    where: str
    name: str
    language: str
    zone: str
    status: str
    """Status of the case and its code; empty for an interview without a case."""
    numbers: tuple[SubjectNumber, ...]
    columns: tuple[SubjectColumn, ...]
    on_do_not_call_list: bool
    """Whether one of the numbers is on the do-not-call list."""
    history: tuple[CaseHistoryLine, ...]
    """The whole history, with notes and persons to ask for."""
    interviews: tuple[SubjectInterview, ...]
