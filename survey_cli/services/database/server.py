"""Database servers: preparation for studies, roles of people, and trials of their rights."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.problems import StoreError, StoreFailure, UserError
from survey_cli.store import do_not_call
from survey_cli.store.backends.address import ServerAddress, is_server_address, parse_server_address
from survey_cli.store.backends.errors import require_driver
from survey_cli.store.backends.postgres import roles, seats
from survey_cli.store.backends.schema.migrations import adapt_statement
from survey_cli.store.database_location import make_address_error

if TYPE_CHECKING:
    from survey_cli.store.backends.postgres.connection import PostgresConnector

PATIENCE: Final = 5.0
"""Seconds to wait for other programs."""


class PreparedServer(NamedTuple):
    """A database that is prepared for studies with roles."""

    where: str
    created: bool
    roles: Sequence[str]
    """The roles of people, as the server knows them."""
    studies: Sequence[str]
    """The schemas of the studies in which they have their rights."""


def _connect(address: str) -> "PostgresConnector":
    if not is_server_address(address):
        raise make_address_error()
    where = parse_server_address(address)
    # psycopg belongs to an extra.
    with require_driver(where):
        from survey_cli.store.backends.postgres.connection import PostgresConnector
    return PostgresConnector(where, patience=PATIENCE)


def list_studies(address: str) -> tuple[ServerAddress, list[str]]:
    """List the schemas of the studies that the account may use. Raises UserError.

    If the address names a schema, it is the only one.
    """
    with closing(_connect(address)) as db:
        if db.address.schema:
            return db.address, [db.address.schema]
        return db.address, [schema for (schema,) in db.read(roles.sql.USABLE_STUDIES)]


def prepare_server(address: str) -> PreparedServer:
    """Create the roles of a database and give them their rights in its studies.

    If the database doesn't exist, it is created. It is safe to repeat. Raises UserError.
    """
    from survey_cli.store.backends.postgres.connection import create_database

    created = False
    try:
        db = _connect(address)
    except StoreError as error:
        if error.reason is not StoreFailure.NO_DATABASE:
            raise
        create_database(parse_server_address(address))
        created = True
        db = _connect(address)

    with closing(db):
        # The roles get their rights on the tables of the do-not-call list, which must exist.
        do_not_call.DoNotCallList.open_beside(db.address).close()
        db.run(adapt_statement(do_not_call.sql.REMOVED_TABLE))
        database, studies = roles.prepare_database(db)
    groups = [roles.make_group(database, role) for role in roles.ROLES]
    return PreparedServer(db.where, created, groups, studies)


def change_role(
    address: str, person: str, role: str, *, revoke: bool = False, password: str = ""
) -> str:
    """Give a person a role in all studies of a database, or take it away.

    Returns what was done. Raises UserError.
    """
    # `shift leader` is one word on the server
    group_role = role.strip().replace(" ", "_").replace("-", "_")
    if group_role not in roles.ROLES:
        names = [staff_role.value for staff_role in roles.STAFF_ROLES.values()]
        raise UserError(role, "is no role", f"the roles are {', '.join(names)}")

    with closing(_connect(address)) as db:
        if not roles.may_be_member(db, person):
            remedy = "give the name of a user who can log in, or a new one of 1 to 63 letters"
            raise UserError(f"PERSON {person!r}", "can't be a person on the server", remedy)
        encrypted = db.encrypt_password(person, password) if password else ""
        done = roles.change_member(db, person, group_role, revoke=revoke, password=encrypted)
        try:
            seats.update_people(db)
        except StoreError as error:
            what = f"{done}, but the login for seats has not changed: {error.what}"
            remedy = "ask the server's administrator to run: survey db seats ADDRESS"
            raise UserError(address, what, remedy) from error
        return done


def prepare_seats(address: str, *, password: str = "") -> seats.SeatLogin:
    """Create the login with which `survey serve` opens seats, or give it the people of now.

    It is safe to repeat. Raises UserError.
    """
    with closing(_connect(address)) as db:
        database = roles.check_prepared(db)
        encrypted = ""
        if password:
            encrypted = db.encrypt_password(seats.make_login_name(database), password)
        return seats.prepare_login(db, password=encrypted)


def list_people(address: str) -> dict[str, roles.Member]:
    """List who has roles in a database that is prepared for them. Raises UserError."""
    with closing(_connect(address)) as db:
        roles.check_prepared(db)
        members = roles.list_members(db)
    return {person: member for person, member in members.items() if member.roles}


class ServerCheck(NamedTuple):
    """What the roles may do in one study, as it was tried."""

    where: str
    study: str
    """Its schema."""
    cells: int
    """The number of trials."""
    checks: Sequence[roles.RoleCheck]
    excess_rights: Sequence[str]
    """A sentence for each person with rights that were given by hand, and for what is wrong with
    the login for seats."""
    surprises: int
    """Trials that did not have the expected result, and people with further rights."""


def check_server(address: str) -> list[ServerCheck]:
    """Try what each role may do in the studies of a database, and undo it. Raises UserError."""
    results = []
    with closing(_connect(address)) as db:
        where = db.address
        studies = [where.schema]
        if not where.schema:
            studies = [schema for (schema,) in db.read(roles.sql.STUDIES)]
        roles.check_prepared(db)
        if not studies:
            remedy = "publish a questionnaire: survey study publish FILE --db ADDRESS"
            raise UserError(where, "the database contains no study of this account", remedy)

        for study in studies:
            checks = roles.check_roles(db, study)
            excess_rights = [
                *roles.list_excess_rights(db, study),
                *seats.find_mistakes(db, study),
            ]
            unexpected = sum(check.found != check.expected for check in checks)
            result = ServerCheck(
                where=str(where),
                study=study,
                cells=sum(check.cells for check in checks),
                checks=checks,
                excess_rights=excess_rights,
                surprises=unexpected + len(excess_rights),
            )
            results.append(result)
    return results
