"""Migrations of the database schema: portable SQL that never changes once released.

A migration that was applied to a database but is not listed here was written by a newer version of the program.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.store.backends.schema import postgres_views
from survey_cli.store.backends.schema.case_tables import CASE_TABLES
from survey_cli.store.backends.schema.views import FIXED_VIEWS

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

MIGRATION_SET: Final = "survey-cli"
"""The name under which the applied steps are listed in `_sqlite_migrations`."""


class MigrationStep(NamedTuple):
    """One change of the schema. `{by_key}` marks a table that SQLite stores in the order of its key."""

    name: str
    statements: Sequence[str]
    on_server: Sequence[str] = ()
    """The statements for PostgreSQL, where they are not portable."""


ACCOUNTS: Final = (
    "ALTER TABLE journal ADD COLUMN account TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE case_events ADD COLUMN account TEXT NOT NULL DEFAULT ''",
)
"""The account that wrote an event, as the name in `by` may be a claimed one; empty for events of earlier versions."""

STEPS: Final = (
    MigrationStep(
        "interviews",
        (
            """CREATE TABLE instruments (
                hash TEXT PRIMARY KEY,
                id TEXT NOT NULL,
                version TEXT NOT NULL,
                title TEXT NOT NULL,
                texts TEXT NOT NULL,
                kept_at TEXT NOT NULL,
                data_view TEXT NOT NULL UNIQUE
            )""",
            """CREATE TABLE variables (
                instrument TEXT NOT NULL REFERENCES instruments (hash),
                ordinal INTEGER NOT NULL,
                name TEXT NOT NULL,
                label TEXT NOT NULL,
                storage TEXT NOT NULL,
                measure TEXT NOT NULL,
                decimals INTEGER NOT NULL,
                labels TEXT NOT NULL,
                user_missing TEXT NOT NULL,
                declines TEXT NOT NULL,
                wording TEXT NOT NULL,
                item TEXT NOT NULL,
                turn INTEGER,
                option TEXT,
                role TEXT NOT NULL,
                personal INTEGER NOT NULL,
                PRIMARY KEY (instrument, ordinal)
            ){by_key}""",
            """CREATE TABLE interviews (
                id TEXT PRIMARY KEY,
                case_key TEXT NOT NULL,
                instrument TEXT NOT NULL REFERENCES instruments (hash),
                began_at TEXT NOT NULL,
                by TEXT NOT NULL,
                updated_at TEXT NOT NULL,
                origin TEXT NOT NULL CHECK (origin IN ('real', 'practice', 'simulated')),
                number INTEGER NOT NULL,
                status TEXT NOT NULL CHECK (status IN ('open', 'suspended', 'stopped', 'ended')),
                outcome TEXT NOT NULL,
                last_seq INTEGER NOT NULL,
                at_item TEXT NOT NULL,
                answered INTEGER NOT NULL
            ){by_key}""",
            "CREATE INDEX interviews_in_order ON interviews (instrument, began_at, id)",
            "CREATE INDEX interviews_of_case ON interviews (case_key)",
            # Two stations can't both start the first interview of a case. Without a case the key is empty.
            """CREATE UNIQUE INDEX interviews_once ON interviews (case_key, number)
                WHERE origin = 'real' AND case_key <> ''""",
            """CREATE TABLE journal (
                interview TEXT NOT NULL REFERENCES interviews (id),
                seq INTEGER NOT NULL CHECK (seq > 0),
                kind TEXT NOT NULL,
                item TEXT,
                turn INTEGER,
                payload TEXT NOT NULL,
                at TEXT NOT NULL,
                by TEXT NOT NULL,
                station TEXT NOT NULL,
                PRIMARY KEY (interview, seq)
            ){by_key}""",
            """CREATE TABLE snapshots (
                interview TEXT PRIMARY KEY REFERENCES interviews (id),
                seq INTEGER NOT NULL,
                engine TEXT NOT NULL,
                cells TEXT NOT NULL
            ){by_key}""",
            """CREATE TABLE contacts (
                interview TEXT PRIMARY KEY REFERENCES interviews (id),
                details TEXT NOT NULL
            ){by_key}""",
            """CREATE TABLE drafts (
                interview TEXT PRIMARY KEY REFERENCES interviews (id),
                place TEXT NOT NULL,
                text TEXT NOT NULL,
                at TEXT NOT NULL
            ){by_key}""",
        ),
    ),
    MigrationStep("views", FIXED_VIEWS, postgres_views.FIXED_VIEWS),
    MigrationStep("cases", CASE_TABLES),
    MigrationStep("backups", ("CREATE TABLE backups (at TEXT NOT NULL, by TEXT NOT NULL)",)),
    MigrationStep("accounts", ACCOUNTS, (*ACCOUNTS, *postgres_views.OWN_ACCOUNT)),
    MigrationStep(
        "digests",
        tuple(
            f"ALTER TABLE {table} ADD COLUMN digest TEXT NOT NULL DEFAULT ''"
            for table in ("instruments", "snapshots", "contacts")
        ),
    ),
)

KNOWN_STEPS: Final = frozenset(step.name for step in STEPS)


def build_migrations(steps: Sequence[MigrationStep] = STEPS) -> "Migrations":
    """Build the migrations that sqlite-utils applies."""
    from sqlite_utils import Migrations

    migrations = Migrations(MIGRATION_SET)
    for step in steps:
        migrations(name=step.name)(_make_apply(step))
    return migrations


def _make_apply(step: MigrationStep) -> "Callable[[Database], None]":
    def apply(db: "Database", /) -> None:
        for statement in step.statements:
            db.execute(statement.replace("{by_key}", " WITHOUT ROWID"))

    return apply
