"""A study in the field: its pause, publishing a version of its questionnaire, its interviewers."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from survey_cli.permissions import Action, StaffRole, with_article
from survey_cli.problems import Problem, UserError
from survey_cli.reports.fieldwork.cases import InterviewerLine, InterviewerList
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.lists.people_file import read_people
from survey_cli.samples.lists.role_change import build_changed_list
from survey_cli.services.output_files import replace_contents
from survey_cli.services.run_on_study import Request, on_study, open_requested
from survey_cli.store import InstrumentRow
from survey_cli.store.backends.postgres.roles import list_members
from survey_cli.store.database_location import DatabaseFile, format_path, write_origin
from survey_cli.study.consistency.upkeep import rebuild_queue
from survey_cli.study.location import locate_people_file
from survey_cli.study.open_study import OpenStudy
from survey_cli.study.pause import MAX_MESSAGE_LENGTH, Pause, read_pause, write_pause
from survey_cli.study.versions import PUBLISHED_SETTING, check_may_begin, read_published_hash


@on_study(Action.PAUSE_STUDY)
def pause_study(study: OpenStudy, message: str = "") -> Pause:
    """Keep all stations from claiming cases and dialing numbers until `resume_study`.

    Interviews in progress go on to their end.
    """
    text = clean_text(" ".join(message.split()))
    if len(text) > MAX_MESSAGE_LENGTH:
        what = f"the message has {len(text)} characters"
        remedy = f"shorten it to {MAX_MESSAGE_LENGTH}, which fit on the stations' screens"
        raise UserError("--message", what, remedy)
    pause = Pause(study.who.login, study.at, text)
    write_pause(study.store, pause)
    return pause


@on_study(Action.PAUSE_STUDY)
def resume_study(study: OpenStudy) -> Pause:
    """Let stations claim and dial again. Returns the pause that ended.

    Raises UserError if there wasn't one.
    """
    pause = read_pause(study.store)
    if pause is None:
        raise UserError(study.where, "the study is not paused", "nothing was changed")
    write_pause(study.store, None)
    return pause


class PublishedVersion(NamedTuple):
    """The published version."""

    where: str
    version: str
    """The designer's label, or the beginning of the hash."""
    new: bool
    """Whether it was not in force before."""


def publish_version(request: Request) -> PublishedVersion:
    """Publish the questionnaire as its file is now. Raises UserError.

    A missing database is created.
    """
    with open_requested(request, Action.PUBLISH, create=True, as_written=True) as study:
        store = study.store
        instrument = study.instrument
        if not store.data.can_publish():
            what = (
                f"{store.account} may not publish a questionnaire: "
                "the schema belongs to another role"
            )
            remedy = "connect as the owner of the schema, or ask the owner"
            raise UserError(study.where, what, remedy)
        check_may_begin(store, instrument)

        previous = read_published_hash(store)
        store.data.add_instrument(InstrumentRow.from_instrument(instrument, kept_at=study.at))
        store.settings.write(PUBLISHED_SETTING, instrument.hash)
        # A database on a server has no folder from which a questionnaire could be found.
        if isinstance(study.where, DatabaseFile):
            write_origin(store, study.where.questionnaire)
        rebuild_queue(study, study.at)
        return PublishedVersion(
            where=study.where,
            version=instrument.version or instrument.hash[:12],
            new=previous != instrument.hash,
        )


class ReleasedTrainee(NamedTuple):
    """A trainee who is an interviewer now."""

    login: str
    file: str
    """The list of people that was changed."""
    on_server: bool
    """Whether the server gives the account its rights, which the list can't."""


@on_study(Action.RELEASE_TRAINEE)
def release_trainee(study: OpenStudy, login: str, people: str | None) -> ReleasedTrainee:
    """Make a trainee an interviewer, in the list of people. Raises UserError.

    Nothing else in the list is changed. Stations read it again between two cases.
    """
    person = study.people.require(login)
    if person.role is not StaffRole.TRAINEE:
        what = f"is no trainee, but {with_article(person.role.value)}"
        raise UserError(login, what, "nothing was changed")

    file = Path(people) if people else locate_people_file(study.path, study.where)
    if file is None:
        raise UserError(login, "there is no list of people", "name it with --people")
    contents = build_changed_list(file, login, StaffRole.INTERVIEWER)
    if contents is None:
        remedy = f"write interviewer into the row of {login} with the program that made the list"
        raise UserError(str(file), "only its own program can change this list", remedy)
    replace_contents(file, contents)
    on_server = study.store.connector.dialect == "postgresql"
    return ReleasedTrainee(login, format_path(file.absolute()), on_server)


@on_study(Action.SEE_PEOPLE)
def list_interviewers(study: OpenStudy, people: str | None) -> InterviewerList:
    """List the people on the list, and all others with a case, an appointment or a role."""
    queries = study.store.cases.queries
    claimed_cases: dict[str, list[str]] = {}
    for row in queries.list_leased_rows():
        if row.holder is not None:
            claimed_cases.setdefault(row.holder.by, []).append(f"{row.key} at {row.holder.station}")

    appointment_counts: Counter[str] = Counter()
    missed_counts: Counter[str] = Counter()
    for row in queries.list_appointments():
        owner = row.position.owner
        appointment_counts[owner] += 1
        if row.position.promised_until and row.position.promised_until < study.at:
            missed_counts[owner] += 1

    listed = study.people.interviewers
    connector = study.store.connector
    accounts = list_members(connector) if connector.dialect == "postgresql" else {}
    others = {login for login, account in accounts.items() if account.roles}
    others.update(claimed_cases, appointment_counts)
    # An appointment of nobody has the owner "".
    logins = [*listed, *sorted(others - listed.keys() - {""})]

    lines = []
    for login in logins:
        account = ""
        if login in accounts:
            account = ", ".join(accounts[login].roles) or "without a role"
        elif accounts:
            account = "none"
        line = InterviewerLine(
            login=login,
            role="",
            languages="",
            skills="",
            pseudonym="",
            cases=tuple(claimed_cases.get(login, ())),
            appointments=appointment_counts[login],
            missed=missed_counts[login],
            account=account,
        )
        if login in listed:
            who = listed[login]
            line = line._replace(
                role=who.role.value,
                languages=", ".join(sorted(who.languages)),
                skills=", ".join(sorted(who.skills)),
                pseudonym=who.pseudonym,
            )
        lines.append(line)

    where = ""
    problems: Sequence[Problem] = ()
    file = Path(people) if people else locate_people_file(study.path, study.where)
    if file and listed:
        where = format_path(file.absolute())
        people_file = read_people(file)
        # A list holds problems, instead of people.
        problems = people_file if isinstance(people_file, list) else people_file.problems
    return InterviewerList(
        where=where,
        lines=tuple(lines),
        unowned_appointments=appointment_counts[""],
        problems=tuple(problems),
    )
