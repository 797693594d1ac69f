"""Roles of interviewers, supervisors, coders and analysts on a server, and their rights in studies.

The tables `RIGHTS` and `POLICIES` say what each role may do. The rights are granted by them, and a
trial of all roles is compared with them. The owner of the schemas runs everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.problems import StoreError
from survey_cli.store.backends.address import (
    MAX_IDENTIFIER_BYTES,
    SHARED_SCHEMA,
    find_schema,
    make_contact_schema,
    quote_identifier,
    quote_literal,
)
from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.postgres.guards import build_guards
from survey_cli.store.backends.schema.migrations import TABLES
from survey_cli.store.backends.statements import read_statements

sql: Final = read_statements(__file__)

ROLES: Final = ("interviewer", "supervisor", "coder", "analyst")
VERBS: Final[Mapping[str, str]] = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}

RIGHTS: Final[Mapping[str, Sequence[str]]] = {
    "access_log": ("I", "SI", "I", "I"),
    "answers": ("S", "S", "S", "S"),
    "applied_steps": ("S", "S", "S", "S"),
    "backups": ("S", "SI", "S", "S"),
    "case_contacts": ("SIU", "SIUD", "", ""),
    "case_events": ("SI", "SIUD", "S", "S"),
    "cases": ("SU", "SIUD", "S", "S"),
    "contacts": ("SIUD", "SIUD", "", ""),
    "counts_of_cases": ("S", "S", "S", "S"),
    "drafts": ("SIUD", "SIUD", "", ""),
    "instruments": ("S", "S", "S", "S"),
    "interviews": ("SIU", "SIUD", "S", "S"),
    "journal": ("SI", "SIUD", "SI", "S"),
    "quota_fill": ("SIU", "SIUD", "S", "S"),
    "quota_places": ("SIUD", "SIUD", "S", "S"),
    "remarks": ("S", "S", "S", "S"),
    "settings": ("SIUD", "SIUD", "S", "S"),
    "snapshots": ("SIU", "SIUD", "S", "S"),
    "variables": ("S", "S", "S", "S"),
    "work_counts": ("", "S", "", ""),
    "work_events": ("SI", "SI", "", ""),
}
"""What the roles may do with each table of a study, in their order; with others `OTHER_RIGHTS`."""
OTHER_RIGHTS: Final[Sequence[str]] = ("S", "SIUD", "S", "S")
SHARED_RIGHTS: Final[Mapping[str, Sequence[str]]] = {
    "never_call": ("S", "SIUD", "", ""),
    "never_call_key": ("", "", "", ""),
    "never_call_taken_off": ("S", "SI", "", ""),
}
"""The same for the do-not-call list."""
FUNCTIONS: Final[Mapping[str, Sequence[str]]] = {
    "find_caller(TEXT, TEXT)": ("interviewer", "supervisor"),
    "list_never_call(TEXT, TEXT, TEXT, TEXT)": ("interviewer", "supervisor"),
}
"""Functions, and the roles that may call them."""
COLUMN_RIGHTS: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "coder": {
        "cases": ("updated_at",),
        "interviews": ("last_seq", "status", "outcome", "at_item", "answered", "by", "updated_at"),
        "snapshots": ("seq",),
    },
}
"""Columns that a role may update in tables that it may not update as a whole, by role and table."""
POLICIES: Final[Mapping[str, Mapping[tuple[str, str], str]]] = {
    "case_contacts": {
        ("interviewer", command): sql.OWN_CONTACT for command in ("SELECT", "INSERT", "UPDATE")
    },
    "contacts": {("interviewer", "ALL"): sql.OWN_INTERVIEW},
    "drafts": {("interviewer", "ALL"): sql.OWN_INTERVIEW},
    "settings": {(role, "SELECT"): "true" for role in ("interviewer", "coder", "analyst")}
    | {("interviewer", command): sql.OWN_SETTING for command in ("INSERT", "UPDATE")},
    "case_events": {(role, "SELECT"): "true" for role in ("interviewer", "coder", "analyst")}
    | {("interviewer", "INSERT"): sql.CALLING},
    "journal": {(role, "SELECT"): "true" for role in ("interviewer", "coder")}
    | {("interviewer", "INSERT"): sql.INTERVIEWING, ("coder", "INSERT"): sql.CODING}
    | {("analyst", "SELECT"): sql.READABLE_JOURNAL},
    "work_events": {
        ("interviewer", "SELECT"): sql.OWN_WORK,
        ("interviewer", "INSERT"): sql.OWN_NEW_WORK,
    },
}
"""Rows that a role may read and write, by table, role and command; supervisors all. The conditions
are in `roles.sql`."""


def make_group(database: str, role: str) -> str:
    """Return the role on the server whose members have this role in all studies of a database."""
    return f"{database}_{role}"


def list_rights(role: str) -> Iterator[tuple[str, str, str]]:
    """Yield schema, table and rights, such as `SI`, for a role.

    The schema is `schema`, `contacts` or that of the do-not-call list.
    """
    column = ROLES.index(role)
    for table in sorted(TABLES):
        # a study named `schema` has its tables in `schema`, `schema_contacts` and the shared schema
        place = find_schema(table, "schema").removeprefix("schema_")
        rights = RIGHTS.get(table, OTHER_RIGHTS)
        yield place, table, rights[column]
    for table, rights in SHARED_RIGHTS.items():
        yield SHARED_SCHEMA, table, rights[column]


def _build_names(schema: str, database: str) -> dict[str, str]:
    """Return the quoted names of a study's schemas and of the roles, for `roles.sql`."""
    groups = {role: quote_identifier(make_group(database, role)) for role in ROLES}
    schemas = {
        "schema": schema,
        "contacts": make_contact_schema(schema),
        SHARED_SCHEMA: SHARED_SCHEMA,
    }
    return {**groups, **{place: quote_identifier(name) for place, name in schemas.items()}}


def build_study_grants(schema: str, database: str) -> Iterator[str]:
    """Build the statements that give the roles their rights in one study; safe to repeat."""
    names = _build_names(schema, database)
    own = names["schema"]
    contacts = names["contacts"]
    everybody = ", ".join(names[role] for role in ROLES)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {own}, {contacts} FROM PUBLIC, {everybody}"
    yield f"REVOKE ALL ON SCHEMA {own}, {contacts} FROM PUBLIC, {everybody}"
    yield f"GRANT USAGE ON SCHEMA {own} TO {everybody}"
    yield f"GRANT USAGE ON SCHEMA {contacts} TO {names['interviewer']}, {names['supervisor']}"
    # the views of later versions
    yield f"ALTER DEFAULT PRIVILEGES IN SCHEMA {own} GRANT SELECT ON TABLES TO {everybody}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {own} TO {everybody}"
    yield from _grant_tables(names, own, contacts)
    for role, tables in COLUMN_RIGHTS.items():
        for table, columns in tables.items():
            yield f"GRANT UPDATE ({', '.join(columns)}) ON {own}.{table} TO {names[role]}"
    for statement in (sql.GRANT_MAINTAIN, sql.HAS_CONTACT, sql.KEEP_LINK, sql.KEEP_LINK_TRIGGER):
        yield statement.format_map(names)
    yield from build_guards(names)
    for function, roles in FUNCTIONS.items():
        yield f"REVOKE ALL ON FUNCTION {own}.{function} FROM PUBLIC, {everybody}"
        groups = ", ".join(names[role] for role in roles)
        yield f"GRANT EXECUTE ON FUNCTION {own}.{function} TO {groups}"

    for table, policies in POLICIES.items():
        target = f"{quote_identifier(find_schema(table, schema))}.{table}"
        yield f"ALTER TABLE {target} ENABLE ROW LEVEL SECURITY"
        yield sql.DROP_POLICIES.format(table=target)
        for (role, command), condition in {("supervisor", "ALL"): "true", **policies}.items():
            policy = f"{quote_identifier(f'{role} {command.lower()}')} ON {target}"
            # a new row has no state before, which USING would look at
            clause = "USING"
            if command == "INSERT":
                clause = "WITH CHECK"
            rows = condition.format_map(names)
            yield f"CREATE POLICY {policy} FOR {command} TO {names[role]} {clause} ({rows})"


def build_shared_grants(database: str) -> Iterator[str]:
    """Build the statements for the roles' rights on the do-not-call list and the database."""
    names = _build_names("", database)
    everybody = ", ".join(names[role] for role in ROLES)
    yield f"REVOKE ALL ON DATABASE {quote_identifier(database)} FROM PUBLIC, {everybody}"
    yield f"GRANT CONNECT ON DATABASE {quote_identifier(database)} TO {everybody}"
    yield f"ALTER DATABASE {quote_identifier(database)} SET lock_timeout TO '5s'"
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield from build_list_grants(database)


def build_list_grants(database: str) -> Iterator[str]:
    """Build the statements that give the roles their rights on the do-not-call list."""
    names = _build_names("", database)
    everybody = ", ".join(names[role] for role in ROLES)
    shared = names[SHARED_SCHEMA]
    yield sql.HASH_FUNCTION
    yield f"REVOKE ALL ON FUNCTION {shared}.never_call_hash(TEXT) FROM PUBLIC, {everybody}"
    callers = f"{names['interviewer']}, {names['supervisor']}"
    yield f"GRANT EXECUTE ON FUNCTION {shared}.never_call_hash(TEXT) TO {callers}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {shared} FROM PUBLIC, {everybody}"
    yield f"GRANT USAGE ON SCHEMA {shared} TO {everybody}"
    yield from _grant_tables(names, shared)


def _grant_tables(names: Mapping[str, str], *schemas: str) -> Iterator[str]:
    for role in ROLES:
        for place, table, rights in list_rights(role):
            if names[place] in schemas:
                yield f"REVOKE ALL ON {names[place]}.{table} FROM {names[role]}"
            if rights and names[place] in schemas:
                verbs = ", ".join(VERBS[letter] for letter in rights)
                yield f"GRANT {verbs} ON {names[place]}.{table} TO {names[role]}"


def find_missing_groups(db: Connector, database: str) -> list[str]:
    """Return the roles of this database that the server lacks."""
    names = " ".join(make_group(database, role) for role in ROLES)
    return [name for (name,) in db.read(sql.MISSING_ROLES, (names,))]


def grant_within(db: Connector, execute: Execute, schema: str) -> None:
    """Give the roles their rights in a study within a transaction, if the database has roles.

    Whoever owns the do-not-call list gives them their rights on it too, so that an upgrade brings
    both.
    """
    [(database,)] = db.read("SELECT current_database()")
    if find_missing_groups(db, database):
        return
    statements = [*build_study_grants(schema, database)]
    if db.read(sql.OWNS_LIST) == [(True,)]:
        statements += build_list_grants(database)
    for statement in statements:
        execute(statement, ())


def prepare_database(db: Connector) -> tuple[str, list[str]]:
    """Create the roles, and give them their rights in all studies of the database; safe to repeat.

    Returns the name of the database and the schemas of the studies. The do-not-call list must
    exist. Raises StoreError.
    """
    [(database,)] = db.read("SELECT current_database()")
    missing = find_missing_groups(db, database)
    longest = max(len(make_group(database, role).encode()) for role in ROLES)
    if longest > MAX_IDENTIFIER_BYTES or " " in database:
        remedy = "use a database whose name has no spaces and at most 50 letters"
        raise StoreError(db.where, "roles can't be named after this database", remedy)
    create = [f"CREATE ROLE {quote_identifier(name)} NOLOGIN" for name in missing]
    if missing and db.read(sql.MAY_CREATE_ROLES) != [(True,)]:
        statements = "; ".join(create)
        raise StoreError(
            db.where,
            f"{db.account} may not create roles",
            f"ask the server's administrator for the right (ALTER ROLE {db.account} CREATEROLE),"
            f" or to run: {statements}",
        )
    studies = [schema for (schema,) in db.read(sql.STUDIES)]
    with db.transaction() as execute:
        for statement in (*create, *build_shared_grants(database)):
            execute(statement, ())
        for schema in studies:
            grant_within(db, execute, schema)
    return database, studies


def check_prepared(db: Connector) -> str:
    """Return the name of a database that has roles. Raises StoreError where it has none."""
    [(database,)] = db.read("SELECT current_database()")
    if find_missing_groups(db, database):
        raise StoreError(
            db.where, "the database has no roles yet", "prepare it: survey db init ADDRESS"
        )
    return str(database)


class Member(NamedTuple):
    """An account on the server."""

    roles: Sequence[str]
    """Its roles in the database; empty for an account without any."""
    can_log_in: bool


def list_members(db: Connector) -> dict[str, Member]:
    """List the accounts of the server by their names. Raises StoreError."""
    [(database,)] = db.read("SELECT current_database()")
    groups = {make_group(database, role): role for role in ROLES}
    members = db.read(sql.MEMBERS, (" ".join(groups),))
    return {
        person: Member([groups[group] for group in own.split()], log_in)
        for person, own, log_in in members
    }


def may_be_member(db: Connector, person: str) -> bool:
    """Return whether a name is that of a user who can log in, or of one who can be created.

    Raises StoreError.
    """
    known = db.read("SELECT rolcanlogin FROM pg_roles WHERE rolname = ?", (person,))
    is_reserved = person in ("public", "none") or person.startswith("pg_")
    if known:
        return bool(known[0][0])
    has_length = 0 < len(person.encode()) <= MAX_IDENTIFIER_BYTES
    return has_length and not is_reserved


def change_member(
    db: Connector, person: str, role: str, *, revoke: bool, password: str = ""
) -> str:
    """Give a person a role in the database, or take it away.

    Returns what was done. Raises StoreError.

    Somebody whom the server does not know becomes a user; `password` is already encrypted.
    """
    database = check_prepared(db)
    group = quote_identifier(make_group(database, role))
    to = quote_identifier(person)
    is_member = role in list_members(db).get(person, Member((), False)).roles
    is_new = bool(db.read(sql.MISSING_ROLES, (person,))) and not revoke
    with db.transaction() as execute:
        if is_new:
            execute(f"CREATE ROLE {to} LOGIN", ())
        if password:
            execute(f"ALTER ROLE {to} PASSWORD {password}", ())
        if revoke and is_member:
            execute(f"REVOKE {group} FROM {to}", ())
        if not revoke and not is_member:
            execute(f"GRANT {group} TO {to}", ())

    if revoke and is_member:
        return f"{person} is no {role} any more"
    if revoke:
        return f"{person} was no {role}"
    if is_new:
        return f"{person}, a new user, is {role} now"
    if is_member:
        return f"{person} is {role}"
    return f"{person} is {role} now"


NOW: Final = """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
"""The server's time as SQL, in the form in which times are stored."""
REFUSED_CODE = "42501"
"""The SQLSTATE of a missing right and of a row that a policy excludes."""
REFUSED = "refused"


class RoleCheck(NamedTuple):
    """What a member of a role may do, as expected and as found.

    It is rights such as `SI`, `refused`, or a number of rows.
    """

    role: str
    object: str
    """A table, or an action."""
    expected: str
    found: str
    cells: int = 1
    """The number of trials."""


def check_roles(db: Connector, schema: str) -> list[RoleCheck]:
    """Try what the roles may really do in one study: every cell as a member of the role.

    Raises StoreError.

    Cases, contacts and roles for the trial are made in the same transaction, which is always rolled
    back.
    """
    checks: list[RoleCheck] = []
    with suppress(_UndoTrial), db.transaction() as execute:
        checks.extend(_Trial(db, execute, schema).run())
        raise _UndoTrial
    return checks


def list_excess_rights(db: Connector, schema: str) -> list[str]:
    """Return a sentence for everybody with rights that `prepare_database` doesn't give.

    Raises StoreError.
    """
    groups = " ".join(make_group(check_prepared(db), role) for role in ROLES)
    places = (schema, make_contact_schema(schema), SHARED_SCHEMA)
    given = [
        f"{table} ({column})"
        for tables in COLUMN_RIGHTS.values()
        for table, columns in tables.items()
        for column in columns
    ]
    excess = db.read(sql.EXCESS_RIGHTS, (groups, *places, ";".join(given)))
    return [f"{who} has further rights: {what}" for who, what in excess]


class _UndoTrial(Exception):  # noqa: N818 - no error
    """The end of a trial."""


class _Trial:
    """Tries statements as members of the roles, within a transaction that is undone."""

    def __init__(self, db: Connector, execute: Execute, schema: str) -> None:
        """Create a member of each role, and the cases and interviews of the trial."""
        self._db = db
        self._execute = execute
        self._schema = schema

        statements = vars(read_statements(str(Path(__file__).with_name("role_checks"))))
        self._relations = statements.pop("RELATIONS")
        fixture = statements.pop("FIXTURE")
        self._actions = statements
        """Statements by what they do and the results that are expected of the roles."""

        [(database, process)] = execute(
            "SELECT current_database(), pg_backend_pid()", ()
        ).fetchall()
        self._members = {role: f"survey_check_{role}_{process}" for role in ROLES}
        contacts = quote_identifier(make_contact_schema(schema))
        self._names = {
            "schema": quote_identifier(schema),
            "contacts": contacts,
            "shared": SHARED_SCHEMA,
            "now": NOW,
        }

        for role, member in self._members.items():
            group = quote_identifier(make_group(database, role))
            execute(f"CREATE ROLE {quote_identifier(member)} IN ROLE {group}", ())
            execute(f"GRANT {quote_identifier(member)} TO CURRENT_USER", ())

        names = {**self._names, "member": quote_literal(self._members["interviewer"])}
        for statement in fixture.format_map(names).split(";\n"):
            execute(statement, ())

    def run(self) -> Iterator[RoleCheck]:
        yield from self._try_relations()
        yield from self._try_actions()

    def _try_relations(self) -> Iterator[RoleCheck]:
        """Try what each role may do with every table and view."""
        schemas = (self._schema, make_contact_schema(self._schema), SHARED_SCHEMA)
        relations = self._execute(self._relations, schemas).fetchall()
        for place, table, kind, column in relations:
            is_view = kind == "v"
            target = f"{quote_identifier(place)}.{quote_identifier(table)}"
            statements = {"S": f"SELECT 1 FROM {target} WHERE false"}
            if not is_view:
                name = quote_identifier(column)
                statements["I"] = f"INSERT INTO {target} ({name}) SELECT NULL WHERE false"
                statements["U"] = f"UPDATE {target} SET {name} = NULL WHERE false"
                statements["D"] = f"DELETE FROM {target} WHERE false"

            rights = self._find_rights(place, table, is_view=is_view)
            for role, expected in zip(ROLES, rights, strict=True):
                found = ""
                for letter, statement in statements.items():
                    if self._try(role, statement) != REFUSED:
                        found += letter
                yield RoleCheck(role, table, expected, found, len(statements))

    def _find_rights(self, place: str, table: str, *, is_view: bool) -> Sequence[str]:
        """Find the rights of the roles, in their order, for a table or view in this schema."""
        if find_schema(table, self._schema) != place:
            return ("", "", "", "")  # somebody else's table of this name
        if table in SHARED_RIGHTS:
            return SHARED_RIGHTS[table]
        if table in RIGHTS:
            return RIGHTS[table]
        if is_view:
            return ("S", "S", "S", "S")
        return OTHER_RIGHTS

    def _try_actions(self) -> Iterator[RoleCheck]:
        """Try the actions of `role_checks.sql`, whose names end in what each role receives."""
        for title, statement in self._actions.items():
            action, _, expected = title.partition(": ")
            for role, result in zip(ROLES, expected.split(" "), strict=True):
                found = self._try(role, statement.format_map(self._names))
                yield RoleCheck(role, action, result, found)

    def _try(self, role: str, statement: str) -> str:
        """Return `refused`, or the number of rows that a member of the role reads or writes."""
        self._execute("SAVEPOINT trial", ())
        try:
            self._execute(f"SET LOCAL ROLE {quote_identifier(self._members[role])}", ())
            return str(max(self._execute(statement, ()).rowcount, 0))
        except self._db.driver_errors as error:
            code = getattr(error, "sqlstate", None)
            if code == REFUSED_CODE:
                return REFUSED
            return f"error {code}"
        finally:
            self._execute("ROLLBACK TO SAVEPOINT trial", ())
