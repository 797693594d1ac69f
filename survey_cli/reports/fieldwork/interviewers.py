"""Interviewer list for supervisors: one line per person. Values only."""

from dataclasses import dataclass
from typing import NamedTuple

from survey_cli.problems import Problem


class InterviewerLine(NamedTuple):
    """One interviewer or supervisor."""

    login: str
    role: str
    """The role; empty where the person is not on the list."""
    languages: str
    skills: str
    pseudonym: str
    cases: tuple[str, ...]
    """Cases claimed now, with the station: `unit 7 at s1`."""
    appointments: int
    """Appointments that only this person may keep, or may keep first."""
    missed: int
    """Those of the appointments that are missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerList:
    """All people on the list, and all others who have cases or appointments."""

    where: str
    """Name of the file; empty where the study lists nobody."""
    lines: tuple[InterviewerLine, ...]
    unowned_appointments: int
    """Appointments that anybody may keep."""
    problems: tuple[Problem, ...]
