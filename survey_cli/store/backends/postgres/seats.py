"""The login with which `survey serve` connects to a server, and the people whose seats it opens.

The login has no rights of its own: it is a member of its people and inherits nothing (NOINHERIT).
The connection of a seat switches to the role of its person, so that rights, policies and the
accounts in events are those of a login of this person. The database has one such login, which is
named after it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from survey_cli.store.backends.address import (
    SHARED_SCHEMA,
    make_contact_schema,
    quote_identifier,
)
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.postgres import roles
from survey_cli.store.backends.statements import read_statements

sql: Final = read_statements(__file__)


class SeatLogin(NamedTuple):
    """The login for seats in a database, as it is now."""

    name: str
    is_new: bool
    people: Sequence[str]
    """Those who can have a seat."""


def make_login_name(database: str) -> str:
    """Return the name of a database's login for seats."""
    return roles.make_group(database, "seats")


def prepare_login(db: Connector, *, password: str = "") -> SeatLogin:
    """Create the login for seats if it is missing, and make it a member of all people.

    `password` is already encrypted. It is safe to repeat. Raises StoreError.
    """
    database = roles.check_prepared(db)
    name = make_login_name(database)
    login = quote_identifier(name)
    is_new = bool(db.read(roles.sql.MISSING_ROLES, (name,)))
    verb = "CREATE" if is_new else "ALTER"
    statements = [f"{verb} ROLE {login} LOGIN NOINHERIT"]
    if password:
        statements.append(f"ALTER ROLE {login} PASSWORD {password}")
    # It inherits the right to connect from nobody.
    statements.append(f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {login}")
    with db.transaction() as execute:
        for statement in statements:
            execute(statement, ())
        for statement in _build_changes(db, database):
            execute(statement, ())
    return SeatLogin(name, is_new, _list_people(db, database))


def update_people(db: Connector) -> None:
    """Make the login for seats a member of all people and of nobody else, if there is a login.

    Raises StoreError.
    """
    database = roles.check_prepared(db)
    if db.read(roles.sql.MISSING_ROLES, (make_login_name(database),)):
        return
    with db.transaction() as execute:
        for statement in _build_changes(db, database):
            execute(statement, ())


def find_mistakes(db: Connector, schema: str) -> list[str]:
    """Return a sentence for everything that is wrong with the login for seats, if there is one.

    Raises StoreError.
    """
    database = roles.check_prepared(db)
    login = make_login_name(database)
    if db.read(roles.sql.MISSING_ROLES, (login,)):
        return []

    places = (schema, make_contact_schema(schema), SHARED_SCHEMA)
    mistakes = [
        f"{login}, the login for seats, has {right} of its own"
        for (right,) in db.read(sql.OWN_RIGHTS, (login, *places))
    ]
    people = set(_list_people(db, database))
    members = set(_list_memberships(db, database))
    may = f"{login}, the login for seats, may"
    mistakes += [f"{may} switch to {name}" for name in sorted(members - people)]
    mistakes += [f"{may} not switch to {name}" for name in sorted(people - members)]
    return mistakes


def _build_changes(db: Connector, database: str) -> list[str]:
    """Build the statements after which the login is a member of the people, and of nobody else."""
    login = quote_identifier(make_login_name(database))
    people = _list_people(db, database)
    members = _list_memberships(db, database)
    statements = [
        f"GRANT {quote_identifier(person)} TO {login}" for person in people if person not in members
    ]
    statements += [
        f"REVOKE {quote_identifier(name)} FROM {login}" for name in members if name not in people
    ]
    return statements


def _list_people(db: Connector, database: str) -> list[str]:
    """List the people with a role in the database who can have a seat."""
    groups = " ".join(roles.make_group(database, role) for role in roles.ROLES)
    not_people = f"{groups} {make_login_name(database)}"
    return [name for (name,) in db.read(sql.PEOPLE, (not_people, groups))]


def _list_memberships(db: Connector, database: str) -> list[str]:
    """List the roles of which the login for seats is a member."""
    return [name for (name,) in db.read(sql.MEMBERSHIPS, (make_login_name(database),))]
