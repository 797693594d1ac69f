"""The interviewers of a study, each with current cases and appointments."""

from collections import Counter
from pathlib import Path

from survey_cli.problems import Problem
from survey_cli.reports.fieldwork.cases import InterviewerLine, InterviewerList
from survey_cli.samples.lists.people_file import read_people
from survey_cli.services.run_on_study import Request, run_on_study
from survey_cli.store.database_location import format_path
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import OpenStudy


def list_interviewers(request: Request) -> InterviewerList:
    """List everybody on the list of people, and everybody else with a case or an appointment."""
    return run_on_study(request, lambda study: _build_list(study, request))


def _build_list(study: OpenStudy, request: Request) -> InterviewerList:
    cases = study.store.cases
    claimed_cases: dict[str, list[str]] = {}
    for row in cases.queries.iterate_rows(status="leased"):
        if row.holder is not None:
            claimed_cases.setdefault(row.holder.by, []).append(f"{row.key} at {row.holder.station}")
    rows = cases.queries.list_appointments()
    appointment_counts = Counter(row.owner for row in rows)
    missed_counts = Counter(row.owner for row in rows if row.promised_until and row.promised_until < study.at)
    listed = study.people.interviewers
    logins = [*listed, *sorted((claimed_cases.keys() | appointment_counts.keys()) - listed.keys() - {""})]
    lines = tuple(
        InterviewerLine(
            login=login,
            role=who.role if (who := listed.get(login)) is not None else "",
            languages=", ".join(sorted(who.languages)) if who is not None else "",
            skills=", ".join(sorted(who.skills)) if who is not None else "",
            pseudonym=who.pseudonym if who is not None else "",
            cases=tuple(claimed_cases.get(login, ())),
            appointments=appointment_counts[login],
            missed=missed_counts[login],
        )
        for login in logins
    )
    file = Path(request.people) if request.people else locate_people_file(request.path, study.where)
    return InterviewerList(
        where=format_path(file.absolute()) if file and listed else "",
        lines=lines,
        unowned_appointments=appointment_counts[""],
        problems=_read_problems(file) if file and listed else (),
    )


def _read_problems(file: Path) -> tuple[Problem, ...]:
    """Problems in the list of people."""
    people_file = read_people(file)
    return tuple(people_file) if isinstance(people_file, list) else people_file.problems
