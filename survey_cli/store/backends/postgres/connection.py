"""PostgreSQL connector: durable transactions, reconnection, errors; and the schema of a study.

Errors of psycopg with an outside cause are raised as StoreError, never with a password. The schema
is opened, created or upgraded; several programs may find a new one at once: one of them creates it,
the others wait.
"""

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from survey_cli.permissions import StaffRole
from survey_cli.problems import StoreError
from survey_cli.store.backends import account, connector
from survey_cli.store.backends.address import (
    SHARED_TABLES,
    ServerAddress,
    find_schema,
    make_contact_schema,
    quote_identifier,
    quote_literal,
)
from survey_cli.store.backends.connector import Execute, ServerClock
from survey_cli.store.backends.errors import (
    DatabaseNotFoundError,
    TransientStoreError,
    close_on_error,
    translate_error,
)
from survey_cli.store.backends.postgres import roles, server_errors
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.statements import read_statements
from survey_cli.wording import format_quantity

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

DRIVER_ERRORS: Final = (psycopg.Error, UnicodeError, MemoryError)

sql: Final = read_statements(__file__)

CONNECTION_DEFAULTS: Final = {
    "connect_timeout": 5,  # seconds
    # A lost connection is detected within half a minute, not after two hours.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}
"""Options of a connection that the address does not set."""

ENCRYPTED_MODES: Final = ("require", "verify-ca", "verify-full")
"""Values of sslmode with which everything is encrypted on the network."""

IDLE_TRANSACTION_TIMEOUT: Final = 60
"""Seconds after which the server ends an idle transaction, so that a stopped station does not block
others longer."""

FETCH_SIZE: Final = 500
"""Rows fetched at a time."""


_TABLE: Final = "|".join(sorted(SHARED_TABLES | migrations.TABLES))
_CONVERTED: Final = re.compile(
    r"'[^']*'|\?|\b(?:current|contact)_schema\(\)|\bVIEW (?=\")"
    r"|(?<!\.)\b(?=(?:own_account|legible|find_caller|find_language|list_never_call)\()"
    rf"|\b(?:FROM|JOIN|INTO|UPDATE|TABLE|ANALYZE)\s+(?:IF NOT EXISTS\s+)?(?=({_TABLE})\b)"
)


@lru_cache(maxsize=512)
def convert_statement(statement: str, schema: str) -> bytes:
    """Return a statement for psycopg: `%s` for each parameter `?`, and names with their schemas.

    So nothing depends on a search path, which is the state of a session: a pooler in front of the
    server may run each transaction over another connection. Quoted texts are unchanged. Without a
    schema, the names of a study's tables are unchanged too.
    """

    def convert(match: re.Match[str]) -> str:
        text = match[0]
        table = match[1]
        if text == "?":
            return "%s"
        if text.endswith("_schema()"):
            name = schema
            if text.startswith("contact"):
                name = make_contact_schema(schema)
            return quote_literal(name).replace("%", "%%")
        if text.startswith("'") or not (schema or table in SHARED_TABLES):
            return text
        return text + quote_identifier(find_schema(table, schema)).replace("%", "%%") + "."

    return _CONVERTED.sub(convert, statement.replace("%", "%%")).encode()


def make_application_name(address: ServerAddress) -> str:
    """Return the name under which the server lists a connection, which contains the study."""
    return f"survey {address.schema}"


def check_encryption(options: dict[str, Any], where: str) -> None:
    """Set the options of a connection to an encrypted one where they don't say.

    Raises StoreError where they permit an unencrypted connection to another computer. The options
    of a service file are checked after connecting.
    """
    if options.get("service") or os.environ.get("PGSERVICE"):
        return
    hosts = [
        host
        for name in ("host", "hostaddr")
        for host in str(options.get(name) or "").split(",")
        if host
    ]
    if not hosts:
        hosts = [
            host
            for host in os.environ.get("PGHOST", os.environ.get("PGHOSTADDR", "")).split(",")
            if host
        ]
    if all(host.startswith("/") or is_loopback(host) for host in hosts):
        return
    mode = options.get("sslmode") or os.environ.get("PGSSLMODE", "")
    if not mode:
        options["sslmode"] = "require"
    elif mode not in ENCRYPTED_MODES:
        raise make_encryption_error(where)


def is_loopback(host: str) -> bool:
    """Whether a host is this computer."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() in ("localhost", "localhost.localdomain")


def make_encryption_error(where: str) -> StoreError:
    """Return the error for a connection on which others could read names, numbers and answers."""
    remedy = (
        "put sslmode=require into the address, or verify-full with sslrootcert; the server needs"
        " ssl = on"
    )
    return StoreError(
        where, "the connection is not encrypted, and the server is another computer", remedy
    )


class ServerState(NamedTuple):
    """The state of a server, in the order of `SERVER_STATE`."""

    fsync: str
    encoding: str
    is_standby: bool
    account: str
    time: datetime
    process: int
    """The process that serves the connection; a pooler's connection has another one."""
    synchronous_commit: str
    may_update: bool
    """Whether the account may conduct interviews, be it for practice; True if there is no table
    yet. So are the next two."""
    may_delete: bool
    owns_cases: bool
    groups: str
    """The roles of the account in this database, separated by commas."""
    login_has_rights: bool
    """Whether whoever logged in has the rights of its roles without switching to them."""

    def find_roles(self) -> frozenset[StaffRole]:
        """Return the roles of the account; of one in no group, what its rights allow."""
        if self.owns_cases:
            return frozenset({StaffRole.OWNER})
        if self.groups:
            return frozenset(StaffRole(name) for name in self.groups.split(","))
        if self.may_delete:
            return frozenset({StaffRole.SUPERVISOR})
        if self.may_update:
            return frozenset({StaffRole.INTERVIEWER})
        return frozenset({StaffRole.ANALYST})


class PostgresConnector(connector.Connector):
    """One connection to one study's schema."""

    dialect: ClassVar[connector.Dialect] = "postgresql"
    driver_errors: ClassVar[tuple[type[BaseException], ...]] = DRIVER_ERRORS

    def __init__(self, where: ServerAddress, *, patience: float) -> None:
        """Connect to the server. Raises StoreError."""
        super().__init__(where)
        self.address = where
        self._lock_timeout = max(1, round(patience * 1000))
        """Milliseconds."""
        self._in_transaction = False
        """Whether a transaction is open; it is lost with the connection."""
        self._numbers = count(1)
        """Numbers of the cursors that stream rows."""
        self._waits_for_disk = True
        """Whether commits wait for the server's disk without being told to."""
        self._clock = self.clock = ServerClock()
        self._person = account.find_signed_in()
        """The person of this seat, whose role each transaction has; empty if it is no seat."""
        self._is_pooled = False
        """Whether each transaction may run over another connection to the server."""
        self._connection = self._connect()

    def _connect(self) -> Connection:
        try:
            options: dict[str, Any] = {
                "fallback_application_name": make_application_name(self.address),
                **CONNECTION_DEFAULTS,
                **conninfo_to_dict(self.address.url),
                "client_encoding": "UTF8",
            }
            check_encryption(options, self.where)
            connection = psycopg.connect(make_conninfo(**options), autocommit=True)
        except (psycopg.Error, ValueError) as error:
            # from None: the error contains the password
            raise server_errors.translate_connection_error(str(error), self.where) from None

        try:
            self._prepare_connection(connection)
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg.Error):
                raise self._translate_error(error, connection) from None
            raise
        return connection

    def _prepare_connection(self, connection: Connection) -> None:
        """Check that the server can be trusted with answers, and set what depends on it."""
        info = connection.info
        is_local = info.host.startswith("/") or is_loopback(info.hostaddr or info.host)
        if not (connection.pgconn.ssl_in_use or is_local):
            raise make_encryption_error(self.where)

        # Until the answer says that there is no pooler, the role is that of a transaction.
        self._is_pooled = True
        schema = quote_identifier(self.address.schema)
        cases = f"{schema}.cases"
        interviews = f"{schema}.interviews"
        statement = convert_statement(sql.SERVER_STATE, "")
        wanted = ",".join(role.value for role in StaffRole)
        sent = self._clock.seconds()
        parameters = (interviews, cases, cases, wanted)
        try:
            [row] = self._execute_alone(connection, statement, parameters).fetchall()
        except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege):
            if not self._person:
                raise
            raise self._make_seat_error() from None
        state = ServerState._make(row)
        self._clock.synchronize(state.time, sent=sent)

        self.account = state.account
        if self._person:
            self.account = self._person
            self._check_seat_login(state, connection)
        self.supervises = state.may_delete
        self.account_roles = state.find_roles()
        self._check_server(state)
        self.read_only = not state.may_update
        self._waits_for_disk = state.synchronous_commit not in ("off", "local", "remote_write")

        self._is_pooled = state.process != info.backend_pid
        if self._is_pooled:
            # A pooler, which may run each transaction over another connection: psycopg's prepared
            # statements would be missing there. The timeout is a setting of the database: see
            # `roles.build_shared_grants`.
            connection.prepare_threshold = None
        else:
            connection.execute(f"SET lock_timeout TO '{self._lock_timeout}ms'".encode())
            if self._person:
                self._switch_role(connection, ends_with_transaction=False)

    @property
    def _switches_role(self) -> bool:
        """Whether each transaction must switch to the role of this seat's person."""
        return self._person != "" and self._is_pooled

    def _switch_role(self, connection: Connection, *, ends_with_transaction: bool = True) -> None:
        """Switch to the role of this seat's person."""
        statement = convert_statement(sql.SWITCH_ROLE, "")
        connection.execute(statement, (self._person, ends_with_transaction))

    def _check_seat_login(self, state: "ServerState", connection: Connection) -> None:
        """Check that the login has no rights of its own. Raises StoreError."""
        if state.login_has_rights:
            # Triggers write the name of such a login into events, instead of the person's.
            what = f"{connection.info.user} is no login for seats: it has rights of its own"
            raise StoreError(self.where, what, "use the login of: survey db seats ADDRESS")

    def _make_seat_error(self) -> StoreError:
        what = f"{self._person} can't have a seat: the server's login may not take this role"
        return StoreError(self.where, what, "ask the database's owner: survey db seats ADDRESS")

    def _execute_alone(
        self, connection: Connection, query: bytes, parameters: connector.Parameters
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Execute a statement that is a transaction of its own."""
        if not self._switches_role:
            return connection.execute(query, parameters)
        try:
            with ExitStack() as together:
                # Sent together, so that it takes no further round trip.
                if psycopg.Pipeline.is_supported():
                    together.enter_context(connection.pipeline())
                connection.execute(b"BEGIN")
                self._switch_role(connection)
                cursor = connection.execute(query, parameters)
                connection.execute(b"COMMIT")
        finally:
            # After an error the server waits for the end of the transaction.
            is_open = connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE
            if is_open and not connection.closed:
                connection.execute(b"ROLLBACK")
        return cursor

    def _check_server(self, state: "ServerState") -> None:
        if state.is_standby:
            raise StoreError(
                self.where,
                "the server is a read-only copy of another",
                "specify the primary server",
            )
        if state.encoding != "UTF8":
            what = (
                f"the database stores text as {state.encoding}, which can't represent every letter"
            )
            raise StoreError(
                self.where,
                what,
                "ask the server's administrator for a database with ENCODING 'UTF8'",
            )
        if state.fsync != "on":
            what = "the server does not write commits to its disk (fsync = off)"
            raise StoreError(
                self.where,
                what,
                "ask the server's administrator to set fsync = on in postgresql.conf",
            )

    # Reading

    def read(self, statement: str, parameters: connector.Parameters = ()) -> connector.Rows:
        query = self._convert(statement)
        with self.lock:
            return self._retry_after_reconnect(lambda db: self._fetch(db, query, parameters))

    def _fetch(
        self, connection: Connection, query: bytes, parameters: connector.Parameters
    ) -> connector.Rows:
        if self._in_transaction:
            return connection.execute(query, parameters).fetchall()
        return self._execute_alone(connection, query, parameters).fetchall()

    def _convert(self, statement: str) -> bytes:
        return convert_statement(statement, self.address.schema)

    @contextmanager
    def open_reader(self) -> Iterator[connector.RowStream]:
        """Read rows over a separate connection, as of one time.

        In a read transaction, rows are read over this connection.
        """
        if self._in_read_transaction:
            yield self._make_stream(self._connection)
            return
        other = self._connect()
        try:
            other.autocommit = False
            other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            other.read_only = True
            other.execute("SET LOCAL idle_in_transaction_session_timeout TO 0")
            if self._switches_role:
                self._switch_role(other)
            yield self._make_stream(other)
        finally:
            other.close()

    def _make_stream(self, connection: Connection) -> connector.RowStream:
        def rows(statement: str, parameters: connector.Parameters) -> Iterator[tuple[Any, ...]]:
            try:
                with connection.cursor(f"rows{next(self._numbers)}") as cursor:
                    cursor.itersize = FETCH_SIZE
                    cursor.execute(self._convert(statement), parameters)
                    yield from cursor
            except DRIVER_ERRORS as error:
                raise self._translate_error(error, connection) from None

        return rows

    def begin_read(self) -> None:
        self._retry_after_reconnect(
            lambda db: db.execute(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        )
        self._in_transaction = True
        try:
            self._execute("SET LOCAL idle_in_transaction_session_timeout TO 0")
            if self._switches_role:
                self._switch_role(self._connection)
            self._execute("SELECT 1")  # the first query fixes the state that is seen
        except DRIVER_ERRORS as error:
            self.roll_back()
            raise self.translate_error(error) from None

    # Writing

    def run(self, statement: str, parameters: connector.Parameters = ()) -> int:
        with self.lock:
            if self._in_transaction:
                return self._execute(statement, parameters).rowcount
            with self.transaction() as execute:
                return execute(statement, parameters).rowcount

    def run_autocommit(self, statement: str, parameters: connector.Parameters = ()) -> int:
        if not self._waits_for_disk:
            return self.run(statement, parameters)
        with self.lock:
            try:
                db = self._get_connection(reconnect=True)
                query = self._convert(statement)
                if self._switches_role and statement.startswith("VACUUM"):
                    # It can't be in a transaction, and so not have the role of the person. The
                    # caller sees that the table has not been written anew.
                    return 0
                return self._execute_alone(db, query, parameters).rowcount
            except DRIVER_ERRORS as error:
                raise self.translate_error(error) from None

    def run_many(self, statement: str, parameters: Iterable[connector.Parameters]) -> int:
        with self._get_connection().cursor() as cursor:
            cursor.executemany(self._convert(statement), parameters)
            return max(cursor.rowcount, 0)

    def begin(self) -> connector.Execute:
        self._retry_after_reconnect(self._begin)
        self._in_transaction = True
        return self._execute

    def _begin(self, connection: Connection) -> None:
        sent = self._clock.seconds()
        more = ""
        if not self._waits_for_disk:
            more = ", set_config('synchronous_commit', 'on', true)"
        if self._switches_role:
            more += f", set_config('role', {quote_literal(self._person)}, true)"
        begin = sql.BEGIN.format(wait=self._lock_timeout, idle=IDLE_TRANSACTION_TIMEOUT, more=more)
        cursor = connection.execute(begin.encode(), prepare=False)
        cursor.nextset()  # the result of BEGIN comes first
        [(time, *_)] = cursor.fetchall()
        self._clock.synchronize(time, sent=sent)

    def _execute(
        self, statement: str, parameters: connector.Parameters = ()
    ) -> connector.StatementResult:
        return self._get_connection().execute(self._convert(statement), parameters)

    def run_step(self, statement: str) -> None:
        """Run a statement of a migration step as it is written.

        It is within a transaction with a search path of its own.
        """
        self._get_connection().execute(convert_statement(statement, ""), ())

    def lock_table(self, table: str) -> None:
        self._execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")

    def commit(self) -> None:
        status = self._get_connection().execute(b"COMMIT").statusmessage
        # PostgreSQL rolls back a transaction with a failed statement, and reports no error
        if status != "COMMIT":
            raise RuntimeError("a statement of this transaction had failed before its commit")
        self._in_transaction = False

    def roll_back(self) -> None:
        self._in_transaction = False
        if not self._connection.closed:
            try:
                self._connection.execute(b"ROLLBACK")
            except psycopg.Error:
                # the server rolls back the transaction of a closed connection
                self._connection.close()

    def encrypt_password(self, user: str, password: str) -> str:
        """Return a password as SQL, in the form in which the server stores it.

        The server never learns the password itself.
        """
        pgconn = self._get_connection().pgconn
        encrypted = pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256")
        return quote_literal(encrypted.decode())

    # Errors

    def translate_error(self, error: BaseException) -> BaseException:
        return self._translate_error(error, self._connection)

    def _translate_error(self, error: BaseException, connection: Connection) -> BaseException:
        if not isinstance(error, psycopg.Error):
            return translate_error(error, self.where) or error
        if isinstance(error, psycopg.OperationalError) and connection.closed:
            return TransientStoreError(self.where, *server_errors.CONNECTION_LOST)
        if isinstance(error, psycopg.DataError) and error.sqlstate is None:
            return StoreError(
                self.where,
                "a text contains a character that the server can't store",
                "type it again",
            )

        code = error.sqlstate or ""
        return server_errors.translate_server_error(code, str(error), self.where) or error

    def find_integrity_errors(self) -> Iterator[str]:
        """Find rows without their parents, which somebody can make who disables the constraints."""
        for child, parent, equal, filled in self.read(sql.FOREIGN_KEYS):
            child_name = child.rpartition(".")[2]
            parent_name = parent.rpartition(".")[2]
            orphans = (
                f"SELECT 1 FROM {child} c WHERE {filled} AND NOT EXISTS"
                f" (SELECT 1 FROM {parent} p WHERE {equal})"
            )
            for _ in self.read(orphans):
                yield f"a row of {child_name} refers to a missing row of {parent_name}"

    def _get_connection(self, *, reconnect: bool = False) -> Connection:
        """Return the connection.

        With `reconnect` one that was lost is replaced, else that raises TransientStoreError.
        """
        if self._connection.closed:
            if not reconnect:
                raise TransientStoreError(self.where, *server_errors.CONNECTION_LOST)
            self._connection = self._connect()
        return self._connection

    def _retry_after_reconnect(self, operation: Callable[[Connection], T]) -> T:
        """Run an operation, and once more over a new connection if the old one was lost.

        Within a transaction it is not repeated: what was written before it is lost too.
        """
        for left in (True, False):
            try:
                return operation(self._get_connection(reconnect=not self._in_transaction))
            except DRIVER_ERRORS as error:
                translated = self.translate_error(error)
                is_transient = isinstance(translated, TransientStoreError)
                if left and is_transient and not self._in_transaction:
                    continue
                raise translated from None
        raise AssertionError("there are two tries")

    def close(self) -> None:
        with self.lock:
            self._connection.close()


def create_database(where: ServerAddress) -> None:
    """Create the database of an address. Raises StoreError."""
    options: dict[str, Any] = conninfo_to_dict(where.url)
    elsewhere = ServerAddress(
        where, url=make_conninfo(**{**options, "dbname": "postgres"}), schema=""
    )
    with closing(PostgresConnector(elsewhere, patience=MIGRATION_TIMEOUT)) as db:
        name = quote_identifier(str(options.get("dbname") or options.get("user") or db.account))
        db.run_autocommit(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")


MIGRATION_LOCK: Final = 0x53565259
"""`SVRY`. Under this number and the name of the schema one program at a time applies steps."""

MIGRATION_TRIES: Final = 30
MIGRATION_TIMEOUT: Final = 1
"""Seconds that a step waits for others that use a table, as a long export does. Stations wait for
the step meanwhile."""


def connect(
    where: ServerAddress, *, create: bool, patience: float, upgrade: bool = False
) -> PostgresConnector:
    """Open the schema of a study for use; with `upgrade` an earlier schema is upgraded.

    Raises StoreError, and DatabaseNotFoundError where there is none and `create` is False.
    """
    if not where.schema:
        raise StoreError(where, "the address names no study", "add it to the address: ?schema=NAME")
    db = PostgresConnector(where, patience=patience)
    with close_on_error(db):
        applied = list_applied_steps(db, where.schema)
        if not applied and not create:
            what = f"the schema {where.schema} contains no study"
            raise DatabaseNotFoundError(where, what, "check the name, or start an interview first")

        missing = migrations.list_missing_steps(applied, where)
        if missing:
            if applied:
                _check_upgrade(db, where, missing, upgrade=upgrade)
            _apply_steps_patiently(db, where.schema)
    return db


def _check_upgrade(
    db: PostgresConnector, where: ServerAddress, missing: Sequence[str], *, upgrade: bool
) -> None:
    """Check that the schema may be upgraded now. Raises StoreError.

    It may be by its owner, if nobody else uses it or all steps are additive.
    """
    additive = migrations.are_additive(missing)
    earlier = (
        f"was written by an earlier version of this program (the step {missing[0]!r} is missing)"
    )
    command = "survey db upgrade FILE --db ADDRESS"
    if not upgrade:
        when = " while nobody uses it"
        if additive:
            when = "; stations may go on working"
        raise StoreError(where, earlier, f"ask the schema's owner to upgrade it{when}: {command}")
    if db.read(sql.IS_OWNER, (where.schema,)) != [(True,)]:
        what = f"only the owner of the schema {where.schema} may upgrade it"
        raise StoreError(where, what, f"connect as its owner: {command}")
    if not additive:
        check_unused(db, f"{earlier}, and ", f"run: {command}")


def check_unused(db: PostgresConnector, what: str, then: str) -> None:
    """Check that nobody else has this study open. Raises StoreError; `what` begins its sentence."""
    [(others,)] = db.read(sql.OTHER_CONNECTIONS, (make_application_name(db.address),))
    if others:
        used = f"{format_quantity(others, 'other connection uses', 'other connections use')} it now"
        raise StoreError(
            db.where, f"{what}{used}", f"close every station and command that uses it, then {then}"
        )


def _apply_steps_patiently(db: PostgresConnector, schema: str) -> None:
    """Apply the missing steps.

    Between two tries, stations that waited for them go on. Raises StoreError.
    """
    busy = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)
    for left in reversed(range(MIGRATION_TRIES)):
        try:
            with db.transaction() as execute:
                apply_steps_within(db, execute, schema)
            return
        except StoreError as error:
            if not left or not isinstance(error.__cause__, busy):
                raise
            db.read("SELECT pg_sleep(?)", (MIGRATION_TIMEOUT,))


def apply_steps_within(db: PostgresConnector, execute: Execute, schema: str) -> None:
    """Apply the missing steps to a schema within a transaction, and create it where there is none.

    Of several programs one applies them, and the others wait for it.
    """
    # for the lock of another program that applies steps, it waits as long as needed
    execute("SET LOCAL lock_timeout TO 0", ())
    execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (MIGRATION_LOCK, schema))
    execute(f"SET LOCAL lock_timeout TO '{MIGRATION_TIMEOUT}s'", ())

    # only now, as another program may just have applied them
    applied = list_applied_steps(db, schema)
    if not applied:
        _create_schema(db, execute, schema)
    names = {
        "schema": quote_identifier(schema),
        "contacts": quote_identifier(make_contact_schema(schema)),
    }
    execute("SET LOCAL search_path TO {schema}, {contacts}, pg_temp".format_map(names), ())
    missing = [step for step in migrations.STEPS if step.name not in applied]
    for step in missing:
        for statement in step.on_server or step.statements:
            db.run_step(migrations.adapt_statement(statement, names))
    db.run_many("INSERT INTO applied_steps (name) VALUES (?)", [(step.name,) for step in missing])
    roles.grant_within(db, execute, schema)


def _create_schema(db: PostgresConnector, execute: Execute, schema: str) -> None:
    if not db.read(sql.SCHEMA, (schema,)):
        [(may_create,)] = db.read("SELECT has_database_privilege(current_database(), 'CREATE')")
        if not may_create:
            what = f"there is no study {schema} yet, and this account may not create one"
            remedy = (
                "ask the owner of the database to publish it: survey study publish FILE"
                " --db ADDRESS"
            )
            raise StoreError(db.where, what, remedy)
        execute(f"CREATE SCHEMA {quote_identifier(schema)}", ())
    elif db.read(sql.TABLES, (schema,)):
        what = f"the schema {schema} contains another program's tables"
        raise StoreError(db.where, what, "use another schema: ?schema=NAME in the address")
    execute(sql.STEPS_TABLE.format(schema=quote_identifier(schema)), ())


def list_applied_steps(db: PostgresConnector, schema: str) -> list[str]:
    """Return the steps of a schema in the order in which they were applied.

    There are none if the schema is missing or another program's.
    """
    if not db.read(sql.HAS_STEPS_TABLE, (schema,)):
        return []
    statement = f"SELECT name FROM {quote_identifier(schema)}.applied_steps ORDER BY number"
    return [name for (name,) in db.read(statement)]
