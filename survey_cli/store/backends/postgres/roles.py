"""Roles of people on a server, and their rights in studies.

The tables `RIGHTS` and `POLICIES` say what each role may do with tables and rows. The rights are
granted by them. Trials of all roles are compared with them, and with the table of roles in
`permissions`: a role that may not take an action must be refused. The owner of the schemas runs
everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from survey_cli.permissions import Action, StaffRole, may
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

FIRST_ROLES: Final = ("interviewer", "supervisor", "coder", "analyst")
"""The roles of a database that was prepared before shift leaders and trainees had roles."""
ROLES: Final = (*FIRST_ROLES, "shift_leader", "trainee")
"""The roles in the order of the columns below. In names of the server, they have no spaces."""
STAFF_ROLES: Final[Mapping[str, StaffRole]] = {
    role: StaffRole(role.replace("_", " ")) for role in ROLES
}
VERBS: Final[Mapping[str, str]] = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}

RIGHTS: Final[Mapping[str, Sequence[str]]] = {
    "access_log": ("I", "SI", "I", "I", "I", "I"),
    "answers": ("", "S", "", "S", "", ""),
    "applied_steps": ("S", "S", "S", "S", "S", "S"),
    "backups": ("S", "SI", "S", "S", "S", ""),
    "case_contacts": ("SIU", "SIUD", "", "", "SIU", ""),
    "case_events": ("SI", "SIUD", "S", "S", "SI", ""),
    "cases": ("SU", "SIUD", "S", "S", "SU", ""),
    "contacts": ("SIUD", "SIUD", "", "", "SIUD", "SIUD"),
    "counts_of_cases": ("S", "S", "S", "S", "S", ""),
    "drafts": ("SIUD", "SIUD", "", "", "SIUD", "SIUD"),
    "instruments": ("S", "S", "S", "S", "S", "S"),
    "interviews": ("SIU", "SIUD", "S", "S", "SIU", "SIU"),
    "journal": ("SI", "SIUD", "SI", "S", "SI", "SI"),
    "quota_fill": ("SIU", "SIUD", "S", "S", "SIU", "S"),
    "quota_places": ("SIUD", "SIUD", "S", "S", "SIUD", "S"),
    "remarks": ("", "S", "", "S", "", ""),
    "settings": ("SIUD", "SIUD", "S", "S", "SIUD", "S"),
    "snapshots": ("SIU", "SIUD", "S", "S", "SIU", "SIU"),
    "variables": ("S", "S", "S", "S", "S", "S"),
    "work_counts": ("", "S", "", "", "S", ""),
    "work_events": ("SI", "SI", "", "", "SI", ""),
}
"""What the roles may do with each table of a study, in their order; with others `OTHER_RIGHTS`."""
OTHER_RIGHTS: Final[Sequence[str]] = ("S", "SIUD", "S", "S", "S", "")
VIEW_READERS: Final = ("supervisor", "analyst")
"""The roles that read the views of the data, which nothing but an analysis needs."""
VIEW_RIGHTS: Final[Sequence[str]] = tuple("S" if role in VIEW_READERS else "" for role in ROLES)
SHARED_RIGHTS: Final[Mapping[str, Sequence[str]]] = {
    "never_call": ("S", "SIUD", "", "", "S", ""),
    "never_call_key": ("", "", "", "", "", ""),
    "never_call_taken_off": ("S", "SI", "", "", "S", ""),
}
"""The same for the do-not-call list."""
CALLERS: Final = ("interviewer", "supervisor", "shift_leader")
"""The roles that call, find callers, and look up numbers on the do-not-call list."""
CONTACT_ROLES: Final = (*CALLERS, "trainee")
"""The roles that use the schema of contacts: trainees have the personal answers of practice."""
FUNCTIONS: Final[Mapping[str, Sequence[str]]] = {
    "find_caller(TEXT, TEXT)": CALLERS,
    "list_never_call(TEXT, TEXT, TEXT, TEXT)": CALLERS,
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
_READERS: Final = ("interviewer", "coder", "analyst", "shift_leader")


def _for_roles(
    roles: Sequence[str], commands: Sequence[str], condition: str
) -> dict[tuple[str, str], str]:
    """Return the same condition for each of these roles and commands."""
    return {(role, command): condition for role in roles for command in commands}


_INTERVIEWERS: Final = ("interviewer", "shift_leader")

POLICIES: Final[Mapping[str, Mapping[tuple[str, str], str]]] = {
    "case_contacts": _for_roles(_INTERVIEWERS, ("SELECT", "INSERT", "UPDATE"), sql.OWN_CONTACT),
    "contacts": _for_roles((*_INTERVIEWERS, "trainee"), ("ALL",), sql.OWN_INTERVIEW),
    "drafts": _for_roles((*_INTERVIEWERS, "trainee"), ("ALL",), sql.OWN_INTERVIEW),
    "settings": {
        **_for_roles((*_READERS, "trainee"), ("SELECT",), "true"),
        ("interviewer", "INSERT"): sql.OWN_SETTING,
        ("interviewer", "UPDATE"): sql.OWN_SETTING,
        ("shift_leader", "INSERT"): f"({sql.OWN_SETTING}) OR ({sql.OWN_MESSAGE})",
        ("shift_leader", "UPDATE"): f"({sql.OWN_SETTING}) OR ({sql.OWN_MESSAGE})",
    },
    "case_events": {
        **_for_roles(_READERS, ("SELECT",), "true"),
        **_for_roles(_INTERVIEWERS, ("INSERT",), sql.CALLING),
    },
    "interviews": {
        **_for_roles(_READERS, ("ALL",), "true"),
        ("trainee", "ALL"): sql.OWN_PRACTICE_ROW,
    },
    "snapshots": {
        **_for_roles(_READERS, ("ALL",), "true"),
        ("trainee", "ALL"): sql.OWN_PRACTICE,
    },
    "journal": {
        **_for_roles((*_INTERVIEWERS, "coder"), ("SELECT",), "true"),
        **_for_roles(_INTERVIEWERS, ("INSERT",), sql.INTERVIEWING),
        ("coder", "INSERT"): sql.CODING,
        ("analyst", "SELECT"): sql.READABLE_JOURNAL,
        ("trainee", "SELECT"): sql.OWN_PRACTICE,
        ("trainee", "INSERT"): sql.INTERVIEWING,
    },
    "work_events": {
        ("interviewer", "SELECT"): sql.OWN_WORK,
        ("shift_leader", "SELECT"): "true",
        **_for_roles(_INTERVIEWERS, ("INSERT",), sql.OWN_NEW_WORK),
    },
}
"""Rows that a role may read and write, by table, role and command; supervisors all. The conditions
are in `roles.sql`."""


KEPT_ELSEWHERE: Final[Mapping[Action, str]] = {
    Action.SEE_PEOPLE: "the list of people is a file",
    Action.RELEASE_TRAINEE: "the list of people is a file",
    Action.USE_OTHER_LIST: "the list of people is a file",
    Action.SEE_BOARD: "it shows what the status and the working times say",
    Action.SEE_SEATS: "seats are those of `survey serve`",
    Action.END_SEAT: "seats are those of `survey serve`",
    Action.MANAGE_ACCOUNTS: "accounts are those of `survey serve`",
    Action.MANAGE_SHIFT_LEADERS: "accounts are those of `survey serve`",
    Action.MANAGE_SUPERVISORS: "accounts are those of `survey serve`",
    Action.DOWNLOAD: "it is an export in a browser",
    Action.SEE_QUALITY: "interviewers read journals, to end interviews of others",
    Action.WATCH: "interviewers read journals, to end interviews of others",
    Action.SETTLE_CODINGS: "it is a coding, whose author the server records",
    Action.CODE_PERSONAL: "it is a coding, and the server hides the personal answers",
    Action.STORE_SIMULATED: "as the import of answers",
    Action.SHARE: "a server has its own users",
    Action.VERIFY: "every role verifies what it may read",
}
"""Actions that have no trial on a server, and why."""


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


def build_study_grants(schema: str, database: str, roles: Sequence[str] = ROLES) -> Iterator[str]:
    """Build the statements that give the roles their rights in one study; safe to repeat."""
    names = _build_names(schema, database)
    own = names["schema"]
    contacts = names["contacts"]

    def list_groups(wanted: Sequence[str]) -> str:
        """Return the quoted names of these roles, without those that the server lacks."""
        return ", ".join(names[role] for role in wanted if role in roles)

    everybody = list_groups(ROLES)
    readers = list_groups(VIEW_READERS)
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {own}, {contacts} FROM PUBLIC, {everybody}"
    yield f"REVOKE ALL ON SCHEMA {own}, {contacts} FROM PUBLIC, {everybody}"
    yield f"GRANT USAGE ON SCHEMA {own} TO {everybody}"
    yield f"GRANT USAGE ON SCHEMA {contacts} TO {list_groups(CONTACT_ROLES)}"
    # the views of later versions
    defaults = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {own}"
    yield f"{defaults} REVOKE SELECT ON TABLES FROM {everybody}"
    yield f"{defaults} GRANT SELECT ON TABLES TO {readers}"
    yield f"GRANT SELECT ON ALL TABLES IN SCHEMA {own} TO {readers}"
    yield from _grant_tables(names, roles, own, contacts)
    for role, tables in COLUMN_RIGHTS.items():
        for table, columns in tables.items():
            yield f"GRANT UPDATE ({', '.join(columns)}) ON {own}.{table} TO {names[role]}"
    for statement in (sql.GRANT_MAINTAIN, sql.HAS_CONTACT, sql.KEEP_LINK, sql.KEEP_LINK_TRIGGER):
        yield statement.format_map(names)
    yield from build_guards(names)
    for function, callers in FUNCTIONS.items():
        yield f"REVOKE ALL ON FUNCTION {own}.{function} FROM PUBLIC, {everybody}"
        yield f"GRANT EXECUTE ON FUNCTION {own}.{function} TO {list_groups(callers)}"

    for table, policies in POLICIES.items():
        target = f"{quote_identifier(find_schema(table, schema))}.{table}"
        yield f"ALTER TABLE {target} ENABLE ROW LEVEL SECURITY"
        yield sql.DROP_POLICIES.format(table=target)
        for (role, command), condition in {("supervisor", "ALL"): "true", **policies}.items():
            if role not in roles:
                continue
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


def build_list_grants(database: str, roles: Sequence[str] = ROLES) -> Iterator[str]:
    """Build the statements that give the roles their rights on the do-not-call list."""
    names = _build_names("", database)
    everybody = ", ".join(names[role] for role in roles)
    shared = names[SHARED_SCHEMA]
    yield sql.HASH_FUNCTION
    yield f"REVOKE ALL ON FUNCTION {shared}.never_call_hash(TEXT) FROM PUBLIC, {everybody}"
    callers = ", ".join(names[role] for role in CALLERS if role in roles)
    yield f"GRANT EXECUTE ON FUNCTION {shared}.never_call_hash(TEXT) TO {callers}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {shared} FROM PUBLIC, {everybody}"
    yield f"GRANT USAGE ON SCHEMA {shared} TO {everybody}"
    yield from _grant_tables(names, roles, shared)


def _grant_tables(names: Mapping[str, str], roles: Sequence[str], *schemas: str) -> Iterator[str]:
    for role in roles:
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


def find_roles(db: Connector, database: str) -> tuple[str, ...]:
    """Find the roles that the server has for this database.

    They are all roles, none, or those that it was prepared with by an earlier version.
    """
    missing = find_missing_groups(db, database)
    found = tuple(role for role in ROLES if make_group(database, role) not in missing)
    if set(FIRST_ROLES) <= set(found):
        return found
    return ()


def grant_within(db: Connector, execute: Execute, schema: str) -> None:
    """Give the roles their rights in a study within a transaction, if the database has roles.

    Whoever owns the do-not-call list gives them their rights on it too, so that an upgrade brings
    both.
    """
    [(database,)] = db.read("SELECT current_database()")
    roles = find_roles(db, database)
    if not roles:
        return
    statements = [*build_study_grants(schema, database, roles)]
    if db.read(sql.OWNS_LIST) == [(True,)]:
        statements += build_list_grants(database, roles)
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
    if not find_roles(db, database):
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
        person: Member([STAFF_ROLES[groups[group]].value for group in own.split()], log_in)
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
    if role not in find_roles(db, database):
        what = f"the database has no role for a {STAFF_ROLES[role].value} yet"
        raise StoreError(db.where, what, "prepare it again: survey db init ADDRESS")
    group = quote_identifier(make_group(database, role))
    to = quote_identifier(person)
    own_roles = list_members(db).get(person, Member((), False)).roles
    is_member = STAFF_ROLES[role].value in own_roles
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

    name = STAFF_ROLES[role].value
    if revoke and is_member:
        return f"{person} is no {name} any more"
    if revoke:
        return f"{person} was no {name}"
    if is_new:
        return f"{person}, a new user, is {name} now"
    if is_member:
        return f"{person} is {name}"
    return f"{person} is {name} now"


NOW: Final = """to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
"""The server's time as SQL, in the form in which times are stored."""
REFUSED_CODE = "42501"
"""The SQLSTATE of a missing right and of a row that a policy excludes."""
REFUSED = "refused"
DONE: Final = "done"


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


class RoleTrial(NamedTuple):
    """A statement that some roles may execute, and others not."""

    title: str
    """What it does."""
    action: Action | None
    """The action that it is a part of; None for what no role may do."""
    rows: str
    """The number of rows that it reads or writes for those who may."""
    statement: str
    """With the names of the schemas as fields."""

    def find_expected(self, role: str) -> str:
        """Return what a member of a role must receive, by the table of roles."""
        if self.action is None or not may(STAFF_ROLES[role], self.action, on_server=True):
            return REFUSED
        return self.rows


class TrialStatements(NamedTuple):
    """The statements of `role_checks.sql`."""

    relations: str
    fixture: str
    take_over: str
    """Gives a member the case, the interview and the practice interview of the trials."""
    trials: tuple[RoleTrial, ...]


def read_trials() -> TrialStatements:
    """Read the trials, whose names end in an action, or `nobody`, and a number of rows."""
    statements = vars(read_statements(str(Path(__file__).with_name("role_checks"))))
    relations = statements.pop("RELATIONS")
    fixture = statements.pop("FIXTURE")
    take_over = statements.pop("TAKE_OVER")
    trials = []
    for name, statement in statements.items():
        title, action_name, rows = name.split(": ")
        action = None if action_name == "nobody" else Action(action_name)
        trials.append(RoleTrial(title, action, rows, statement))
    return TrialStatements(relations, fixture, take_over, tuple(trials))


def build_trial_names(schema: str) -> dict[str, str]:
    """Return the fields of the trials' statements, except the member."""
    return {
        "schema": quote_identifier(schema),
        "contacts": quote_identifier(make_contact_schema(schema)),
        "shared": SHARED_SCHEMA,
        "now": NOW,
    }


class _UndoTrial(Exception):  # noqa: N818 - no error
    """The end of a trial."""


class _Trial:
    """Tries statements as members of the roles, within a transaction that is undone."""

    def __init__(self, db: Connector, execute: Execute, schema: str) -> None:
        """Create a member of each role, and the cases and interviews of the trial."""
        self._db = db
        self._execute = execute
        self._schema = schema

        self._statements = read_trials()
        self._names = build_trial_names(schema)

        [(database, process)] = execute(
            "SELECT current_database(), pg_backend_pid()", ()
        ).fetchall()
        self._roles = find_roles(db, database)
        self._members = {role: f"survey_check_{role}_{process}" for role in self._roles}

        for role, member in self._members.items():
            group = quote_identifier(make_group(database, role))
            execute(f"CREATE ROLE {quote_identifier(member)} IN ROLE {group}", ())
            execute(f"GRANT {quote_identifier(member)} TO CURRENT_USER", ())

        self._run_as_owner(self._statements.fixture)

    def _run_as_owner(self, statements: str, member: str = "") -> None:
        names = {**self._names, "member": quote_literal(member)}
        for statement in statements.format_map(names).split(";\n"):
            self._execute(statement, ())

    def run(self) -> Iterator[RoleCheck]:
        yield from self._try_relations()
        yield from self._try_actions()

    def _try_relations(self) -> Iterator[RoleCheck]:
        """Try what each role may do with every table and view."""
        schemas = (self._schema, make_contact_schema(self._schema), SHARED_SCHEMA)
        relations = self._execute(self._statements.relations, schemas).fetchall()
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
                if role not in self._roles:
                    continue
                found = ""
                for letter, statement in statements.items():
                    if self._try(role, statement) != REFUSED:
                        found += letter
                yield RoleCheck(role, table, expected, found, len(statements))

    def _find_rights(self, place: str, table: str, *, is_view: bool) -> Sequence[str]:
        """Find the rights of the roles, in their order, for a table or view in this schema."""
        if find_schema(table, self._schema) != place:
            return ("",) * len(ROLES)  # somebody else's table of this name
        if table in SHARED_RIGHTS:
            return SHARED_RIGHTS[table]
        if table in RIGHTS:
            return RIGHTS[table]
        if is_view:
            return VIEW_RIGHTS
        return OTHER_RIGHTS

    def _try_actions(self) -> Iterator[RoleCheck]:
        """Try the actions of `role_checks.sql` as members of the roles."""
        for role in self._roles:
            self._run_as_owner(self._statements.take_over, self._members[role])
            for trial in self._statements.trials:
                expected = trial.find_expected(role)
                found = self._try(role, trial.statement.format_map(self._names))
                # a policy hides rows, or leaves none to be written: nothing was read or done
                if found == "0":
                    found = REFUSED
                yield RoleCheck(role, trial.title, expected, found)

    def _try(self, role: str, statement: str) -> str:
        """Return `refused`, or the number of rows that a member of the role reads or writes.

        A statement that reads and writes no rows, such as one that creates a table, is `done`.
        """
        self._execute("SAVEPOINT trial", ())
        try:
            self._execute(f"SET LOCAL ROLE {quote_identifier(self._members[role])}", ())
            count = self._execute(statement, ()).rowcount
            if count < 0:
                return DONE
            return str(count)
        except self._db.driver_errors as error:
            code = getattr(error, "sqlstate", None)
            if code == REFUSED_CODE:
                return REFUSED
            return f"error {code}"
        finally:
            self._execute("ROLLBACK TO SAVEPOINT trial", ())
