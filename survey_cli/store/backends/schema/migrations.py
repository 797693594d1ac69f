"""Which tables are there, and by which steps did they come? Each step is portable text and never changes once
released.

A step that was applied but is not known here was written by a newer program. The views come from `views.py`.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli.store.backends.schema import postgres_views
from survey_cli.store.backends.schema.case_tables import CASE_TABLES
from survey_cli.store.backends.schema.views import STANDING_VIEWS

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

SET: Final = "survey-cli"
"""The name under which the applied steps are listed in `_sqlite_migrations`."""


class Step(NamedTuple):
    """One change of the schema. `{by_key}` stands where SQLite keeps a table in the order of its key."""

    name: str
    statements: Sequence[str]
    on_server: Sequence[str] = ()
    """PostgreSQL's texts, where the statements are not portable."""


ACCOUNTS: Final = (
    "ALTER TABLE journal ADD COLUMN account TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE case_events ADD COLUMN account TEXT NOT NULL DEFAULT ''",
)
"""Which account wrote an event, where `by` is a name that may have been claimed; empty for events of earlier versions."""

STEPS: Final = (
    Step(
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
            # Two stations can't both begin the first interview of a case. Without a case the key is empty.
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
    Step("views", STANDING_VIEWS, postgres_views.STANDING_VIEWS),
    Step("cases", CASE_TABLES),
    Step("backups", ("CREATE TABLE backups (at TEXT NOT NULL, by TEXT NOT NULL)",)),
    Step("accounts", ACCOUNTS, (*ACCOUNTS, *postgres_views.OWN_ACCOUNT)),
    Step(
        "digests",
        tuple(
            f"ALTER TABLE {table} ADD COLUMN digest TEXT NOT NULL DEFAULT ''"
            for table in ("instruments", "snapshots", "contacts")
        ),
    ),
)

KNOWN: Final = frozenset(step.name for step in STEPS)


def migrations(steps: Sequence[Step] = STEPS) -> "Migrations":
    """The steps as sqlite-utils applies them."""
    from sqlite_utils import Migrations

    found = Migrations(SET)
    for step in steps:
        found(name=step.name)(_applying(step))
    return found


def _applying(step: Step) -> "Callable[[Database], None]":
    def apply(db: "Database", /) -> None:
        for statement in step.statements:
            db.execute(statement.replace("{by_key}", " WITHOUT ROWID"))

    return apply
