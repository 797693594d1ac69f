"""What does a supervisor see of those who work on a study? A line for each; it looks nothing up."""

from dataclasses import dataclass
from typing import NamedTuple

from survey_cli.problems import Problem


class PersonLine(NamedTuple):
    """One person."""

    login: str
    role: str
    """Empty where they are not on the list."""
    languages: str
    skills: str
    pseudonym: str
    has: tuple[str, ...]
    """The cases they have now, and where: `unit 7 at s1`."""
    promises: int
    """Promises that they keep, or keep first."""
    late: int
    """Those of them that are missed by now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleList:
    """Everybody."""

    where: str
    """The file; empty where the study lists nobody."""
    lines: tuple[PersonLine, ...]
    anyones: int
    """Promises that anybody may keep."""
    problems: tuple[Problem, ...]
