"""Who works on a study, and what may each of them do? Read from the study's list of interviewers; it opens no file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["interviewer", "supervisor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interviewer:
    """One who calls, or who supervises."""

    login: str
    languages: frozenset[str] = frozenset()
    """Codes of the languages spoken; empty where it is not said: then every one."""
    skills: frozenset[str] = frozenset()
    """What they are trained for: `converter`."""
    pseudonym: str = ""
    """What stands for them in exports."""
    role: Role = "interviewer"

    def speaks(self, language: str) -> bool:
        return not language or not self.languages or language in self.languages

    def can(self, skill: str) -> bool:
        return not skill or skill in self.skills

    @property
    def supervises(self) -> bool:
        return self.role == "supervisor"


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """All of them. Where a study lists nobody, whoever sits there may do everything."""

    listed: Mapping[str, Interviewer] = field(default_factory=dict)

    def of(self, login: str) -> Interviewer | None:
        """The one of this login; None where a list is kept and does not name them."""
        if not self.listed:
            return Interviewer(login=login, role="supervisor")
        return self.listed.get(login)

    def supervisors(self) -> str:
        """Whom to ask, in words: `ann or bob`."""
        logins = sorted(one.login for one in self.listed.values() if one.supervises)
        return " or ".join(logins[:3]) or "for a line with the role supervisor in the list of people"

    def speaks(self, language: str) -> bool:
        """Whether anybody here interviews in this language; where nobody is listed, everybody may."""
        return not self.listed or any(one.speaks(language) for one in self.listed.values())

    def skilled(self, skill: str) -> bool:
        """Whether a skill is anybody's: what nobody can do is not waited for."""
        return not skill or any(one.can(skill) for one in self.listed.values())
