"""Reader of a study's list of people: interviewers, supervisors and others, with their roles."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.fieldwork.plan.plan import Interviewer, People
from survey_cli.login_names import escape_unseen, find_name_problem, fold_looks
from survey_cli.permissions import StaffRole
from survey_cli.problems import Problem, find_nearest, suggest_nearest
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.files import sheet
from survey_cli.samples.files.read_sheet import read_sheet

COLUMNS: Final = ("login", "languages", "skills", "pseudonym", "role")
_BETWEEN: Final = re.compile(r"[\s,;/|]+")
LISTED_ROLES: Final = tuple(role for role in StaffRole if role is not StaffRole.OWNER)
"""The roles that the list gives. Who owns a study follows from its files, or from its server."""
_ATTRIBUTE: Final = re.compile(r"[a-z]\w{0,31}\Z", re.ASCII)
_LOGIN: Final = re.compile(r"[^\s,;/\\:\"']{1,64}\Z")


class PeopleFile(NamedTuple):
    """The people of a file that has no errors."""

    people: People
    problems: tuple[Problem, ...] = ()
    """Warnings, by line."""


def read_people(path: Path | str) -> PeopleFile | list[Problem]:
    """Read a file with the columns login (required), languages, skills, pseudonym and role.

    Other columns are attributes that conditions can use: `interviewer.sex`. Several languages or
    skills of one person are separated by spaces, commas, semicolons, slashes or vertical bars.
    Returns all problems if one of them is an error.
    """
    collector = sheet.ProblemCollector(str(path))
    rows = read_sheet(path, collector, known=COLUMNS)
    if rows is None:
        return collector.list_problems()

    headings = [cell.strip() for cell in rows.heading.cells]
    attributes = [heading for heading in headings if _is_attribute(heading)]
    columns = sheet.find_columns(
        rows, [*COLUMNS, *attributes], "login", collector, list_of=", ".join(COLUMNS)
    )
    if columns is None:
        return collector.list_problems()

    people: dict[str, Interviewer] = {}
    lines: dict[tuple[str, str], int] = {}
    for row in sheet.iterate_whole_rows(rows, collector):
        person = _read_interviewer(row, columns, collector)
        if person is None:
            continue
        people[person.login] = person
        for column, name in (("login", person.login), ("pseudonym", person.pseudonym)):
            if not name:  # any number of people may have no pseudonym
                continue
            first = lines.setdefault((column, fold_looks(name)), row.line)
            if first != row.line:
                what = f"{name!r} is already in line {first}"
                if not name.isascii():
                    what = f"{name!r}, or a name that looks the same, is already in line {first}"
                remedy = "give each person a different login name"
                collector.add_error("people", column, what, remedy, line=row.line)

    if not people and not collector.has_errors:
        what = "no person is listed below the first row"
        collector.add_error("people", "", what, "write one row per person")
    if collector.has_errors:
        return collector.list_problems()
    return PeopleFile(people=People(interviewers=people), problems=tuple(collector.list_problems()))


def format_supervisor_line(login: str, path: Path) -> str:
    """Return the line that makes a person a supervisor in the list's order: `root,supervisor`."""
    rows = read_sheet(path, sheet.ProblemCollector(str(path)), known=COLUMNS)
    if rows is None:
        # The caller has read the list a moment ago; it was changed or removed since then.
        return f"{login},supervisor"

    values = {"login": login, "role": "supervisor"}
    columns = [sheet.normalize_heading(cell) for cell in rows.heading.cells]
    return rows.delimiter.join(values.get(column, "") for column in columns)


def _read_interviewer(
    row: sheet.InputRow, columns: Mapping[str, int], collector: sheet.ProblemCollector
) -> Interviewer | None:
    cells = {name: clean_text(row.cells[index]) for name, index in columns.items()}
    login = cells["login"]
    if not _LOGIN.match(login):
        what = f"{login[:60]!r} is not a login name" if login else "the login name is missing"
        remedy = "write the name that the person logs in with"
        collector.add_error("people", "login", what, remedy, line=row.line)
        return None

    problem = find_name_problem(login)
    if problem is not None:
        what = f"{escape_unseen(login)!r} {problem.value}"
        remedy = "type it again, with one keyboard"
        collector.add_error("people", "login", what, remedy, line=row.line)
        return None

    role = _read_role(cells.get("role", ""))
    if role is None:
        _add_unknown_role(cells["role"], row.line, collector)
        return None

    return Interviewer(
        login=login,
        languages=_split_list(cells.get("languages", "").lower()),
        skills=_split_list(cells.get("skills", "")),
        pseudonym=cells.get("pseudonym", ""),
        role=role,
        attributes={name: text for name, text in cells.items() if text and name not in COLUMNS},
    )


def _read_role(text: str) -> StaffRole | None:
    """Return the role of this name, by default interviewer; None if there is none."""
    # a spreadsheet may have `shift_leader`, `Shift-Leader` or two spaces
    name = " ".join(re.split(r"[\s_-]+", text.casefold().strip()))
    if not name:
        return StaffRole.INTERVIEWER
    for role in LISTED_ROLES:
        if role.value == name:
            return role
    return None


def _add_unknown_role(text: str, line: int, collector: sheet.ProblemCollector) -> None:
    names = [role.value for role in LISTED_ROLES]
    what = f"{text[:60]!r} is not a role"
    remedy = suggest_nearest(text, names, otherwise=f"write {', '.join(names[:-1])} or {names[-1]}")
    if text.casefold() == StaffRole.OWNER.value:
        what = "the list makes nobody the owner of a study: it is whoever owns its files"
        remedy = "write supervisor"
    collector.add_error("people", "role", what, remedy, line=line)


def _is_attribute(heading: str) -> bool:
    """Return whether a heading can be used in conditions, and is no mistyped name of a column."""
    if not _ATTRIBUTE.match(heading):
        return False
    return find_nearest(sheet.normalize_heading(heading), COLUMNS) is None


def _split_list(text: str) -> frozenset[str]:
    return frozenset(part for part in _BETWEEN.split(text) if part)
