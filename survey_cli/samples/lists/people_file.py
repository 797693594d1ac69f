"""Interviewers and supervisors of a study's list of people, read from a file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from survey_cli.fieldwork.plan.people import Interviewer, People, StaffRole
from survey_cli.problems import Problem, suggest_nearest
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.files.headings import find_columns, iterate_whole_rows
from survey_cli.samples.files.problem_collector import ProblemCollector
from survey_cli.samples.files.read_sheet import read_sheet
from survey_cli.samples.files.sheet import InputRow

COLUMNS: Final = ("login", "languages", "skills", "pseudonym", "role")
_BETWEEN: Final = re.compile(r"[\s,;/|]+")
_LOGIN: Final = re.compile(r"[^\s,;/\\:\"']{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleFile:
    """The people of a file that has no errors."""

    people: People
    problems: tuple[Problem, ...] = ()
    """Warnings, by line."""


def read_people(
    path: Path | str, *, sheet: str | None = None, encoding: str | None = None
) -> PeopleFile | list[Problem]:
    """Those listed in a file with the columns login, languages, skills, pseudonym and role, of which login is needed.
    Several languages or skills of one person stand with spaces, commas or semicolons between them. All problems where
    one of them is an error.
    """
    collector = ProblemCollector(str(path))
    opened = read_sheet(path, collector, sheet=sheet, encoding=encoding, known=COLUMNS)
    if opened is None:
        return collector.list_problems()
    at = find_columns(opened, COLUMNS, "login", collector, list_of=", ".join(COLUMNS))
    if at is None:
        return collector.list_problems()
    people: dict[str, Interviewer] = {}
    lines: dict[tuple[str, str], int] = {}
    for row in iterate_whole_rows(opened, collector):
        one = _read_interviewer(row, at, collector)
        if one is None:
            continue
        people[one.login] = one
        for name, said in (("login", one.login), ("pseudonym", one.pseudonym)):
            first = lines.setdefault((name, said.casefold()), row.line) if said else row.line
            if first != row.line:
                what = f"{said!r} stands in line {first} already"
                collector.add_error("people", name, what, "give each person one of their own", line=row.line)
    if not people and not collector.has_errors:
        collector.add_error("people", "", "nobody is listed below the first row", "give each person a row")
    if collector.has_errors:
        return collector.list_problems()
    return PeopleFile(people=People(interviewers=people), problems=tuple(collector.list_problems()))


def _read_interviewer(row: InputRow, at: Mapping[str, int], collector: ProblemCollector) -> Interviewer | None:
    said = {name: clean_text(row.cells[index]) for name, index in at.items()}
    login = said["login"]
    if not _LOGIN.match(login):
        what = f"{login[:60]!r} is no login name" if login else "the login name is missing"
        collector.add_error("people", "login", what, "write the name the person logs in with", line=row.line)
        return None
    role = _read_role(said.get("role", ""))
    if role is None:
        what = f"{said['role'][:60]!r} is no role"
        remedy = suggest_nearest(
            said["role"], ["interviewer", "supervisor"], otherwise="write interviewer or supervisor"
        )
        collector.add_error("people", "role", what, remedy, line=row.line)
        return None
    return Interviewer(
        login=login,
        languages=frozenset(_split_list(said.get("languages", "").lower())),
        skills=frozenset(_split_list(said.get("skills", ""))),
        pseudonym=said.get("pseudonym", ""),
        role=role,
    )


def _read_role(text: str) -> StaffRole | None:
    match text.casefold():
        case "" | "interviewer":
            return "interviewer"
        case "supervisor":
            return "supervisor"
        case _:
            return None


def _split_list(text: str) -> list[str]:
    return [one for one in _BETWEEN.split(text) if one]
