"""Rights of interviewers' and supervisors' roles on a study's schema on a database server."""

from survey_cli.problems import UserError
from survey_cli.store.backends.address import ServerAddress
from survey_cli.store.backends.settings import TASK_PREFIX
from survey_cli.store.database_location import open_store
from survey_cli.store.do_not_call import DoNotCallList
from survey_cli.store.maintenance.grants import build_grants, render_script
from survey_cli.study.consistency.person_erasure import SCRUB_SETTING
from survey_cli.study.consistency.reconciliation import COMPARED_SETTING
from survey_cli.study.location import open_and_locate


def build_study_grants(
    path: str, *, db: str | None, interviewers: str, supervisors: str
) -> tuple[ServerAddress, list[str]]:
    """Return the statements that give these roles what they need and nothing else."""
    _, where = open_and_locate(path, db)
    if not isinstance(where, ServerAddress):
        remedy = "specify a server: --db postgresql://OWNER@HOST/DATABASE; to share a file, use survey study share"
        raise UserError(where, "a database file has no roles", remedy)
    if not interviewers and not supervisors:
        raise UserError("--interviewers", "no role was specified", "specify --interviewers, --supervisors, or both")
    if interviewers == supervisors:
        raise UserError("--interviewers", "both roles are the same", "specify two different roles")
    return where, list(
        build_grants(
            where.schema,
            interviewers=interviewers,
            supervisors=supervisors,
            own_settings=(TASK_PREFIX, SCRUB_SETTING, COMPARED_SETTING),
        )
    )


def render_study_grants(path: str, *, db: str | None, interviewers: str, supervisors: str) -> str:
    """Return the statements as a script for psql; the server is not contacted."""
    return render_script(build_study_grants(path, db=db, interviewers=interviewers, supervisors=supervisors)[1])


def grant_rights(path: str, *, db: str | None, interviewers: str, supervisors: str) -> str:
    """Give the roles their rights. Returns the location. The schema must exist and belong to the account."""
    where, statements = build_study_grants(path, db=db, interviewers=interviewers, supervisors=supervisors)
    with open_store(where, create=False) as store:
        if not store.data.can_publish():
            what = f"{store.account} may not grant rights: the schema belongs to another role"
            raise UserError(
                where, what, "connect as the owner of the schema, or send the owner the script that --print writes"
            )
        DoNotCallList.open_beside(where).close()  # makes the list that all studies share
        with store.connector.transaction() as execute:
            for statement in statements:
                execute(statement, ())
    return where
