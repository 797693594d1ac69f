"""The command `server grant`: the rights of interviewers and supervisors on a database server."""

from typing import Annotated

from survey_cli.cli.options import DatabaseOption, InstrumentArgument, option
from survey_cli.cli.output.terminal import say


def grant(
    file: InstrumentArgument,
    interviewers: Annotated[str, option("--interviewers ROLE", "The role whose members interview.")] = "",
    supervisors: Annotated[str, option("--supervisors ROLE", "The role whose members supervise.")] = "",
    script: Annotated[bool, option("--print", "Print the statements for psql, and change nothing.")] = False,
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
