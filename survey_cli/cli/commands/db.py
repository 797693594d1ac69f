"""The commands `db verify`, `db backup`, `db restore` and `db upgrade`, and `server grant`."""

from typing import Annotated

import typer

from survey_cli.cli.output.terminal import say
from survey_cli.cli.parameters import DatabaseOption, InstrumentArgument, argument, option
from survey_cli.wording import format_quantity


def verify(
    file: InstrumentArgument,
    route: bool = option("--route", "Name each answer that is off the route or missing on it, with the reason.", False),
    db: DatabaseOption = None,
) -> None:
    """Verify that every interview's data match its journal, and that the database is intact.

    With `--route`, data that were changed or damaged from outside are explained answer by answer: `q7 has an answer but
    ask_if `q1 == 1` (study.yaml:14:5) is not true: q1 = 2`. The condition is that of the interview's own version. Values
    of personal items are not shown.

    Exit code 0: everything agrees; 1: something was found.

    Example: survey db verify study.yaml --route
    """
    from survey_cli.cli.output.progress import show_progress
    from survey_cli.services.database.interview_archive import verify_database

    with show_progress() as progress:
        report = verify_database(file, db=db, route=route, progress=progress)
    for finding in report.findings:
        print(finding)
    counts = f"{format_quantity(report.interviews, 'interview')}, {format_quantity(report.events, 'event')}"
    for note in report.notes:
        say(note)
    summary = format_quantity(len(report.findings), "finding") if report.findings else "no problems"
    say(f"{report.where}: {counts}: {summary}")
    raise typer.Exit(1 if report.findings else 0)


def backup(
    file: InstrumentArgument,
    to: str = argument("TO", "Path of the copy. The file must not exist."),
    db: DatabaseOption = None,
) -> None:
    """Copy the database, complete and consistent, even while interviews run. `survey status` shows the last backup.

    Example: survey db backup study.yaml backup.db
    """
    from survey_cli.cli.output import datetimes
    from survey_cli.services.database.interview_archive import back_up_database

    database = back_up_database(file, to, at=datetimes.now(), db=db)
    say(f"{database}: copied to {to}")


def restore(
    backup: Annotated[str, argument("BACKUP", "A copy made by `survey db backup`.")],
    file: InstrumentArgument,
    db: DatabaseOption = None,
) -> None:
    """Replace the database by a backup. The replaced database is kept beside it, under a dated name.

    Nobody may be using the database. The backup is verified first, and what is newer in the replaced database is
    listed.

    Example: survey db restore backup.db study.yaml
    """
    from survey_cli.cli.output import datetimes
    from survey_cli.services.database.restore_and_upgrade import restore_database

    result = restore_database(file, backup, at=datetimes.now(), db=db)
    say(
        f"{result.where}: restored from {backup}: {format_quantity(result.interviews, 'interview')}, "
        f"{format_quantity(result.events, 'event')}"
    )
    if not result.kept:
        return
    say(f"the replaced database is kept: {result.kept}")
    lost_entries = result.lost
    if lost_entries is None:
        say("the replaced database cannot be read, so newer entries in it cannot be listed")
    elif any(lost_entries[:-1]):
        parts = (
            format_quantity(number, name)
            for number, name in zip(lost_entries[:-1], ("interview", "answer", "case", "call"), strict=True)
            if number
        )
        newest = (
            f"; the newest is from {lost_entries.newest.astimezone():%Y-%m-%d %H:%M}" if lost_entries.newest else ""
        )
        say(f"only in the replaced database: {', '.join(parts)}{newest}")
    else:
        say("the replaced database has no newer entries")


def upgrade(file: InstrumentArgument, db: DatabaseOption = None) -> None:
    """Upgrade the database to this version of the program, while nobody uses it.

    A file is copied first. Every command upgrades a file that nobody else uses. A server is upgraded only by this
    command, given by the owner of the schema.

    Example: survey db upgrade study.yaml
    """
    from survey_cli.services.database.restore_and_upgrade import upgrade_database

    database = upgrade_database(file, db=db)
    say(f"{database}: ready for this version of the program")


def grant(
    file: InstrumentArgument,
    interviewers: str = option("--interviewers ROLE", "The role whose members interview.", ""),
    supervisors: str = option("--supervisors ROLE", "The role whose members supervise.", ""),
    script: bool = option("--print", "Print the statements for psql, and change nothing.", False),
    db: DatabaseOption = None,
) -> None:
    """Give two roles of a database server the rights that interviewers and supervisors need, and nothing else.

    Interviewers add entries. They cannot change or remove one, or read the key of the do-not-call list. Supervisors
    may also correct and erase. Neither publishes a questionnaire. Create the roles first: CREATE ROLE interviewers;
    then CREATE ROLE ann LOGIN IN ROLE interviewers.

    Example: survey server grant study.yaml --interviewers interviewers
    """
    from survey_cli.services.database.server_grants import grant_rights, render_study_grants

    if script:
        statements = render_study_grants(file, db=db, interviewers=interviewers, supervisors=supervisors)
        print(statements, end="")
        return
    location = grant_rights(file, db=db, interviewers=interviewers, supervisors=supervisors)
    roles = " and ".join(filter(None, (interviewers, supervisors)))
    say(f"{location}: {roles} {'have' if ' and ' in roles else 'has'} the rights of the study")
