"""Subject access report: everything stored about one person. Values only, and nothing is left out."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from survey_cli.reports.fieldwork.cases import CaseHistoryLine


class SubjectNumber(NamedTuple):
    """One telephone number."""

    position: int
    shown: str
    written: str
    """As it stood in the sample, or was typed."""
    e164: str
    extension: str
    state: str
    """`live`, `dead` or `never_call`."""


class SubjectColumn(NamedTuple):
    """One value that came with the sample."""

    column: str
    label: str
    words: str
    personal: bool
    """It is kept apart, with the name."""


class JournalLine(NamedTuple):
    """One event of an interview."""

    seq: int
    at: datetime
    by: str
    station: str
    what: str
    """What happened: `answered`, `declined`, `note` …"""
    place: str
    """`age#2`; empty where it belongs to no place."""
    question: str
    """The wording, what is filled in shown as written."""
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
    """What it was told of the sample when it began."""
    lines: tuple[JournalLine, ...]
    draft: str
    """What was being typed and is not an answer yet."""
    problem: str = ""
    """Why questions and labels are not shown, where the questionnaire cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """All that is kept of one person."""

    key: str
    where: str
    name: str
    language: str
    zone: str
    status: str
    """Where the case stands, and its code; empty where it is of no sample."""
    numbers: tuple[SubjectNumber, ...]
    columns: tuple[SubjectColumn, ...]
    on_do_not_call_list: bool
    """A number of theirs is on the list of those never to be called."""
    history: tuple[CaseHistoryLine, ...]
    """The whole history, with notes and whom to ask for."""
    interviews: tuple[SubjectInterview, ...]
