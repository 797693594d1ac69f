"""Interviewers and supervisors of a study, their languages, skills and roles.

The list itself is read elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

StaffRole: TypeAlias = Literal["interviewer", "supervisor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interviewer:
    """An interviewer or supervisor."""

    login: str
    languages: frozenset[str] = frozenset()
    """Codes of the languages spoken; empty, where not specified, for all."""
    skills: frozenset[str] = frozenset()
    """Skills such as `converter`."""
    pseudonym: str = ""
    """The name used in exports."""
    role: StaffRole = "interviewer"
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Other columns of the list, which conditions name as `interviewer.sex`."""

    def speaks(self, language: str) -> bool:
        return not language or not self.languages or language in self.languages

    def has_skill(self, skill: str) -> bool:
        return not skill or skill in self.skills

    @property
    def supervises(self) -> bool:
        return self.role == "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The interviewers of a study. Where none are listed, everybody may do everything."""

    interviewers: Mapping[str, Interviewer] = field(default_factory=dict)

    def find(self, login: str) -> Interviewer | None:
        """Return the interviewer with this login; None where a list exists and lacks it."""
        if not self.interviewers:
            return Interviewer(login=login, role="supervisor")
        return self.interviewers.get(login)

    def format_supervisors(self) -> str:
        """Return whom to ask, in words: `ann or bob`."""
        logins = sorted(person.login for person in self.interviewers.values() if person.supervises)
        return " or ".join(logins[:3]) or "to add a supervisor to the list of people"

    def speaks(self, language: str) -> bool:
        """Return whether anybody here interviews in this language; without a list, everybody may."""
        return not self.interviewers or any(person.speaks(language) for person in self.interviewers.values())

    def has_skill(self, skill: str) -> bool:
        """Return whether anybody has this skill: a skill that nobody has is not waited for."""
        return not skill or any(person.has_skill(skill) for person in self.interviewers.values())
