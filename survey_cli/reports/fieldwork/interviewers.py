"""Interviewer list for supervisors: one line per person. Values only."""

from dataclasses import dataclass
from typing import NamedTuple

from survey_cli.problems import Problem


class InterviewerLine(NamedTuple):
    """One person."""

    login: str
    role: str
    """Empty where they are not on the list."""
    languages: str
    skills: str
    pseudonym: str
    cases: tuple[str, ...]
    """The cases they have now, and where: `unit 7 at s1`."""
    appointments: int
    """Promises that they keep, or keep first."""
    missed: int
    """Those of them that are missed by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InterviewerList:
    """Everybody."""

    where: str
    """The file; empty where the study lists nobody."""
    lines: tuple[InterviewerLine, ...]
    unowned_appointments: int
    """Promises that anybody may keep."""
    problems: tuple[Problem, ...]
