"""Opening, creating and upgrading a study's schema on a PostgreSQL server.

Several programs may find a new schema at once: one of them creates it, the others wait.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.address import ServerAddress, quote_identifier
from survey_cli.store.backends.connector import Execute
from survey_cli.store.backends.errors import DatabaseNotFoundError, close_on_error
from survey_cli.store.backends.postgres.connection import PostgresConnector, make_application_name
from survey_cli.store.backends.schema import migrations
from survey_cli.wording import format_quantity

MIGRATION_LOCK: Final = 0x53565259
"""`SVRY`. Under this number and the name of the schema one program at a time applies steps."""

MIGRATION_TIMEOUT: Final = 30
"""Seconds to wait for others that use the tables."""

SCHEMA: Final = "SELECT 1 FROM pg_namespace WHERE nspname = ?"
TABLES: Final = "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?"
"""The catalog shows the latest commits of others; to_regclass() may return a cached result."""


OTHER_CONNECTIONS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name IN ('survey', ?)"""
"""Programs that have this study open; earlier versions do not name the study."""
IS_OWNER: Final = "SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = ?"


def connect(where: ServerAddress, *, create: bool, patience: float, upgrade: bool = False) -> PostgresConnector:
    """Open the schema of a study for use; with `upgrade` an earlier schema is upgraded.

    Raises StoreError, and DatabaseNotFoundError where there is none and `create` is False.
    """
    if not where.schema:
        raise StoreError(where, "the address names no study", "add it to the address: ?schema=NAME")
    db = PostgresConnector(where, patience=patience)
    with close_on_error(db):
        applied = _list_applied_steps(db, where.schema)
        if not applied and not create:
            what = f"the schema {where.schema} contains no study"
            raise DatabaseNotFoundError(where, what, "check the name, or start an interview first")
        if missing := migrations.list_missing_steps(applied, where):
            if applied:
                _check_upgrade(db, where, missing[0], upgrade=upgrade)
            apply_steps(db, schema=where.schema, steps=migrations.STEPS)
    return db


def _check_upgrade(db: PostgresConnector, where: ServerAddress, step: str, *, upgrade: bool) -> None:
    """Check that the schema may be upgraded now. Raises StoreError."""
    earlier = f"was written by an earlier version of this program (the step {step!r} is missing)"
    command = "survey db upgrade FILE --db ADDRESS"
    if not upgrade:
        raise StoreError(where, earlier, f"ask the schema's owner to upgrade it while nobody uses it: {command}")
    if db.read(IS_OWNER, (where.schema,)) != [(True,)]:
        what = f"only the owner of the schema {where.schema} may upgrade it"
        raise StoreError(where, what, f"connect as its owner: {command}")
    [(others,)] = db.read(OTHER_CONNECTIONS, (make_application_name(where),))
    if others:
        what = f"{earlier}, and {format_quantity(others, 'other connection uses', 'other connections use')} it now"
        raise StoreError(where, what, f"close every station and command that uses it, then run: {command}")


def apply_steps(db: PostgresConnector, *, schema: str, steps: Sequence[migrations.MigrationStep]) -> None:
    """Apply the missing steps to a schema, all or none, and create it where there is none.

    Of several programs one applies them, and the others wait for it.
    """
    with db.transaction() as execute:
        execute("SET LOCAL lock_timeout TO 0", ())
        execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (MIGRATION_LOCK, schema))
        # A long export holds the tables that a step may alter.
        execute(f"SET LOCAL lock_timeout TO '{MIGRATION_TIMEOUT}s'", ())
        applied = _list_applied_steps(db, schema)
        if not applied:
            _create_schema(db, execute, schema)
        set_path = "SELECT set_config('search_path', ? || ', ' || current_setting('search_path'), true)"
        execute(set_path, (quote_identifier(schema),))
        for step in steps:
            if step.name not in applied:
                for statement in step.on_server or step.statements:
                    execute(migrations.adapt_statement(statement), ())
                execute("INSERT INTO applied_steps (name) VALUES (?)", (step.name,))


def _create_schema(db: PostgresConnector, execute: Execute, schema: str) -> None:
    if not db.read(SCHEMA, (schema,)):
        execute(f"CREATE SCHEMA {quote_identifier(schema)}", ())
    elif db.read(TABLES, (schema,)):
        what = f"the schema {schema} contains another program's tables"
        raise StoreError(db.where, what, "use another schema: ?schema=NAME in the address")
    execute(
        f"""CREATE TABLE {quote_identifier(schema)}.applied_steps (
            name TEXT COLLATE "C" PRIMARY KEY,
            number INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY,
            applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
        )""",
        (),
    )


def _list_applied_steps(db: PostgresConnector, schema: str) -> list[str]:
    """Return the steps of a schema in the order in which they were applied; none where it is missing or of others."""
    if ("applied_steps",) not in db.read(TABLES, (schema,)):
        return []
    return [name for (name,) in db.read(f"SELECT name FROM {quote_identifier(schema)}.applied_steps ORDER BY number")]
