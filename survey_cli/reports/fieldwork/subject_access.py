"""Subject access report: everything stored about one person. Values only."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from survey_cli.reports.fieldwork.cases import CaseHistoryLine


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
    """Item and turn, `age#2`; empty where the event belongs to none."""
    question: str
    """The wording, with its fills as placeholders."""
    answer: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectInterview:
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
    """Why questions and labels are not shown; empty where the questionnaire can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
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
