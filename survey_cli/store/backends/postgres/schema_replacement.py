"""Replacement of a study's schema on a server by the content of a database file, all or nothing.

The replaced schema keeps its tables under another name.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from graphlib import TopologicalSorter

from survey_cli.store.backends.address import (
    CONTACT_SUFFIX,
    MAX_IDENTIFIER_BYTES,
    ServerAddress,
    make_contact_schema,
    quote_identifier,
    quote_literal,
)
from survey_cli.store.backends.connector import Execute
from survey_cli.store.backends.errors import close_on_error
from survey_cli.store.backends.postgres.connection import (
    PostgresConnector,
    apply_steps_within,
    check_unused,
    list_applied_steps,
    sql,
)

PATIENCE = 5.0
"""Seconds to wait for other programs."""


def open_schema(where: ServerAddress) -> PostgresConnector:
    """Connect to a server to replace a study's schema.

    Raises StoreError, also where somebody uses the study.
    """
    db = PostgresConnector(where, patience=PATIENCE)
    with close_on_error(db):
        check_unused(db, "", "run the command again")
    return db


def replace_schema(
    db: PostgresConnector,
    source: sqlite3.Connection,
    tables: Sequence[str],
    views: Iterable[str],
    *,
    label: str,
) -> str:
    """Replace the schema by these tables, in one transaction. `views` are statements of views.

    Returns the name of the replaced schema, which ends in `label`; an empty text where there was
    none.
    """
    schema = db.address.schema
    kept = ""
    with db.transaction() as execute:
        check_unused(db, "", "run the command again")
        if list_applied_steps(db, schema):
            kept = _rename_schema(db, execute, schema, label)
        apply_steps_within(db, execute, schema)
        _load_rows(db, execute, source, tables)
        for statement in views:
            execute(statement, ())
    return kept


def _rename_schema(db: PostgresConnector, execute: Execute, schema: str, label: str) -> str:
    beginning = schema.encode()[
        : MAX_IDENTIFIER_BYTES - len(f"_{label}_99{CONTACT_SUFFIX}")
    ].decode(errors="ignore")
    kept = f"{beginning}_{label}"
    number = 1
    while db.read(sql.SCHEMA, (kept,)):
        number += 1
        kept = f"{beginning}_{label}_{number}"

    path = []
    for old, new in ((schema, kept), (make_contact_schema(schema), make_contact_schema(kept))):
        if db.read(sql.SCHEMA, (old,)):
            execute(f"ALTER SCHEMA {quote_identifier(old)} RENAME TO {quote_identifier(new)}", ())
            path.append(quote_identifier(new))
    for (function,) in db.read(sql.FIXED_PATHS, (kept,)):
        execute(f"ALTER FUNCTION {function} SET search_path TO {', '.join(path)}, pg_temp", ())
    return kept


def _load_rows(
    db: PostgresConnector, execute: Execute, source: sqlite3.Connection, tables: Sequence[str]
) -> None:
    """Load all rows, parents first. Triggers are disabled: what they derive is among the rows."""
    parents = {
        table: {row[2] for row in source.execute(f"PRAGMA foreign_key_list({table})")}
        for table in tables
    }
    for table in TopologicalSorter(parents).static_order():
        columns = ", ".join(name for _, name, *_ in source.execute(f"PRAGMA table_info({table})"))
        rows = source.execute(f"SELECT {columns} FROM {table}")
        execute(f"ALTER TABLE {table} DISABLE TRIGGER USER", ())
        execute(f"DELETE FROM {table}", ())
        db.run_many(
            f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(rows.description))})",
            rows,
        )
        execute(f"ALTER TABLE {table} ENABLE TRIGGER USER", ())
    for table, column in db.read(sql.NUMBERED, (db.address.schema,)):
        sequence = f"pg_get_serial_sequence({quote_literal(table)}, {quote_literal(column)})"
        db.run_step(f"SELECT setval({sequence}, (SELECT max({column}) FROM {table}))")
