"""The present program as if it were the next version: its schema has one additive step more.

`python -m support.newer_version station study.yaml` runs the command `survey` of that version.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

from survey_cli.cli import main
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.schema.migrations import MigrationStep

TABLES = (
    "ALTER TABLE cases ADD COLUMN trial INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE trials (case_key TEXT NOT NULL)",
)
STEP = MigrationStep(
    "trial+",
    (
        *TABLES,
        "CREATE TRIGGER trials_of_cases AFTER UPDATE OF status ON cases BEGIN INSERT INTO trials VALUES (NEW.key); END",
    ),
    (
        *TABLES,
        "CREATE FUNCTION count_trial() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS"
        " $$ BEGIN INSERT INTO trials VALUES (NEW.key); RETURN NULL; END $$",
        "CREATE TRIGGER trials_of_cases AFTER UPDATE OF status ON cases FOR EACH ROW EXECUTE FUNCTION count_trial()",
    ),
)
"""What a newer version adds."""


@contextmanager
def with_steps(steps: Sequence[MigrationStep]) -> Iterator[None]:
    """The present program, as if it had these steps."""
    with (
        patch.object(migrations, "STEPS", steps),
        patch.object(migrations, "KNOWN_STEPS", frozenset(step.name for step in steps)),
        patch.object(
            migrations, "TABLES", migrations.TABLES | {"trials"}
        ),  # for modules that are imported later
        patch.object(migrations.build_migrations, "__defaults__", (steps,)),
    ):
        yield


if __name__ == "__main__":
    with with_steps((*migrations.STEPS, STEP)):
        main()
