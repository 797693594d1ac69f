"""Check of what the roles on a server may really do: every cell is tried as a member of the role, and undone.

Cases, contacts and roles for the trial are made in the same transaction, which is always rolled back.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from survey_cli.store.backends.address import (
    SHARED_SCHEMA,
    SHARED_TABLES,
    find_schema,
    make_contact_schema,
    quote_identifier,
    quote_literal,
)
from survey_cli.store.backends.connector import Execute
from survey_cli.store.backends.postgres import roles
from survey_cli.store.backends.postgres.connection import PostgresConnector
from survey_cli.store.backends.statements import read_statements

ACTIONS = read_statements(__file__)
"""Statements by what they do and the results that are expected of the roles."""
FIXTURE, RELATIONS = ACTIONS.pop("FIXTURE"), ACTIONS.pop("RELATIONS")

REFUSED_CODE = "42501"
"""The SQLSTATE of a missing right and of a row that a policy excludes."""
REFUSED = "refused"


class RoleCheck(NamedTuple):
    """What a member of a role may do, as expected and as found: rights such as `SI`, `refused`, or a number of rows."""

    role: str
    object: str
    """A table, or an action."""
    expected: str
    found: str
    cells: int = 1
    """The number of trials."""


def check_roles(db: PostgresConnector, schema: str) -> list[RoleCheck]:
    """Try what the roles may do in one study, and undo it. Raises StoreError."""
    checks: list[RoleCheck] = []
    try:
        with db.transaction() as execute:
            checks.extend(_Trial(db, execute, schema).run())
            raise _UndoTrial
    except _UndoTrial:
        return checks


class _UndoTrial(Exception):  # noqa: N818 - no error
    """The end of a trial."""


class _Trial:
    def __init__(self, db: PostgresConnector, execute: Execute, schema: str) -> None:
        self._db, self._execute, self._schema = db, execute, schema
        [(database, process)] = execute("SELECT current_database(), pg_backend_pid()", ()).fetchall()
        self._members = {role: f"survey_check_{role}_{process}" for role in roles.ROLES}
        contacts, shared = make_contact_schema(schema), SHARED_SCHEMA
        self._names = {"schema": quote_identifier(schema), "contacts": quote_identifier(contacts), "shared": shared}
        for role, member in self._members.items():
            group = quote_identifier(roles.make_group(database, role))
            execute(f"CREATE ROLE {quote_identifier(member)} IN ROLE {group}", ())
            execute(f"GRANT {quote_identifier(member)} TO CURRENT_USER", ())
        names = {**self._names, "member": quote_literal(self._members["interviewer"])}
        for statement in FIXTURE.format_map(names).split(";\n"):
            execute(statement, ())

    def run(self) -> Iterator[RoleCheck]:
        schemas = (self._schema, make_contact_schema(self._schema), SHARED_SCHEMA)
        for place, table, kind, column in self._execute(RELATIONS, schemas).fetchall():
            target = f"{quote_identifier(place)}.{quote_identifier(table)}"
            verbs = {
                "S": f"SELECT 1 FROM {target} WHERE false",
                "I": f"INSERT INTO {target} ({quote_identifier(column)}) SELECT NULL WHERE false",
                "U": f"UPDATE {target} SET {quote_identifier(column)} = NULL WHERE false",
                "D": f"DELETE FROM {target} WHERE false",
            }
            if kind == "v":
                verbs = {"S": verbs["S"]}
            for number, role in enumerate(roles.ROLES):
                found = "".join(verb for verb, statement in verbs.items() if self._try(role, statement) != REFUSED)
                expected = self._find_rights(table, place, kind)[number]
                yield RoleCheck(role, table, expected, found, len(verbs))
        for title, statement in ACTIONS.items():
            action, _, expected = title.partition(": ")
            for role, result in zip(roles.ROLES, expected.split(" "), strict=True):
                yield RoleCheck(role, action, result, self._try(role, statement.format_map(self._names)))

    def _find_rights(self, table: str, place: str, kind: str) -> Sequence[str]:
        if find_schema(table, self._schema) != place:
            return "", "", "", ""
        if table in SHARED_TABLES:
            return roles.SHARED_RIGHTS[table]
        return roles.RIGHTS.get(table, ("S",) * 4 if kind == "v" else roles.OTHER_RIGHTS)

    def _try(self, role: str, statement: str) -> str:
        """Return `refused`, or the number of rows that a member of the role reads or writes."""
        self._execute("SAVEPOINT trial", ())
        try:
            self._execute(f"SET LOCAL ROLE {quote_identifier(self._members[role])}", ())
            return str(max(self._execute(statement, ()).rowcount, 0))
        except self._db.driver_errors as error:
            code = getattr(error, "sqlstate", None)
            return REFUSED if code == REFUSED_CODE else f"error {code}"
        finally:
            self._execute("ROLLBACK TO SAVEPOINT trial", ())
