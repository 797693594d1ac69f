"""How does one come to a study on a database server? Its schema is found or made, recognised, and brought to this
program's tables.

The twin of `opening.py`: eight programs that find a fresh schema at once all come in, and one of them makes it.
"""

from collections.abc import Sequence
from typing import Final

from survey_cli.store.backends.address import Where, quoted
from survey_cli.store.backends.connector import Execute
from survey_cli.store.backends.errors import Absent, StoreError
from survey_cli.store.backends.postgres.connection import Postgres, application_name
from survey_cli.store.backends.schema.migrations import KNOWN, STEPS, Step

LOCK: Final = 0x53565259
"""`SVRY`: under this number, and the schema's name, one program at a time applies steps."""

PATIENCE: Final = 30
"""Seconds to wait for others that use the tables."""

SCHEMA: Final = "SELECT 1 FROM pg_namespace WHERE nspname = ?"
TABLES: Final = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ?
"""
"""Asked of the catalogue, which shows what others have just committed; to_regclass() may answer from memory."""


OTHERS: Final = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name IN ('survey', ?)
"""
"""Programs that have this study open; an earlier version does not say which study is its own."""
OWNED: Final = "SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = ?"


def connect(where: Where, *, create: bool, patience: float, upgrade: bool = False) -> Postgres:
    """A connection ready for use; with `upgrade` an earlier schema is brought to this program's tables. Raises
    StoreError; Absent where nothing is kept and nothing is to be made."""
    if not where.schema:
        raise StoreError(where, "no study is named", "put it into the address: ?schema=NAME")
    db = Postgres(where, patience=patience)
    try:
        applied = _applied(db, where.schema)
        if not applied and not create:
            raise Absent(
                where,
                f"nothing is kept there in the schema {where.schema}",
                "check the name, or begin an interview first",
            )
        _recognise(applied, where)
        if lacks := [step.name for step in STEPS if step.name not in applied]:
            if applied:
                _check_upgrade(db, where, lacks[0], wanted=upgrade)
            apply(db, schema=where.schema, steps=STEPS)
    except BaseException:
        db.close()
        raise
    return db


def _check_upgrade(db: Postgres, where: Where, step: str, *, wanted: bool) -> None:
    """Raises StoreError where the schema may not be upgraded now."""
    earlier = f"was written by an earlier version of this program (it lacks the step {step!r})"
    command = "survey db upgrade FILE --db ADDRESS"
    if not wanted:
        raise StoreError(where, earlier, f"let its owner upgrade it while nobody works on it: {command}")
    if db.read(OWNED, (where.schema,)) != [(True,)]:
        what = f"only the owner of the schema {where.schema} may upgrade it"
        raise StoreError(where, what, f"connect as its owner: {command}")
    [(others,)] = db.read(OTHERS, (application_name(where),))
    if others:
        what = f"{earlier}, and {others} other connection{'s use' if others > 1 else ' uses'} it now"
        raise StoreError(where, what, f"close every station and command that uses it, then again: {command}")


def apply(db: Postgres, *, schema: str, steps: Sequence[Step]) -> None:
    """The steps not yet applied to a schema, all or none; it is made where there is none. Of several programs one
    applies them, the others wait for it."""
    with db.transaction() as execute:
        execute("SET LOCAL lock_timeout TO 0", ())
        execute("SELECT pg_advisory_xact_lock(?, hashtext(?))", (LOCK, schema))
        # A long export holds the tables that a step may alter.
        execute(f"SET LOCAL lock_timeout TO '{PATIENCE}s'", ())
        applied = _applied(db, schema)
        if not applied:
            _make(db, execute, schema)
        first_here = "SELECT set_config('search_path', ? || ', ' || current_setting('search_path'), true)"
        execute(first_here, (quoted(schema),))
        for step in steps:
            if step.name not in applied:
                for statement in step.on_server or step.statements:
                    execute(written(statement), ())
                execute("INSERT INTO applied_steps (name) VALUES (?)", (step.name,))


def written(statement: str) -> str:
    """A step's statement as PostgreSQL takes it: texts are ordered by their bytes, as SQLite orders them."""
    if not statement.startswith(("CREATE TABLE", "ALTER TABLE")):
        return statement
    return statement.replace("{by_key}", "").replace(" TEXT", ' TEXT COLLATE "C"')


def _make(db: Postgres, execute: Execute, schema: str) -> None:
    if not db.read(SCHEMA, (schema,)):
        execute(f"CREATE SCHEMA {quoted(schema)}", ())
    elif db.read(TABLES, (schema,)):
        raise StoreError(
            db.where,
            f"the schema {schema} holds tables, but not this program's",
            "name another with ?schema=NAME in the address",
        )
    execute(
        f"""CREATE TABLE {quoted(schema)}.applied_steps (
            name TEXT COLLATE "C" PRIMARY KEY,
            number INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY,
            applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
        )""",
        (),
    )


def _applied(db: Postgres, schema: str) -> list[str]:
    """The steps a schema has, in the order they came; none where it is not ours or not there."""
    if ("applied_steps",) not in db.read(TABLES, (schema,)):
        return []
    return [name for (name,) in db.read(f"SELECT name FROM {quoted(schema)}.applied_steps ORDER BY number")]


def _recognise(applied: Sequence[str], where: Where) -> None:
    unknown = [name for name in applied if name not in KNOWN]
    if unknown:
        raise StoreError(
            where,
            f"was written by a newer version of this program (it has the step {unknown[0]!r})",
            "install that version to open it; nothing was changed",
        )
