"""Migrations of the database schema, in portable SQL files that never change once released.

A step whose name ends in `+` is additive: a program that does not know it still reads and writes
everything correctly. It may add tables, indexes, views, functions, columns with a default, and
triggers that keep these up to date. It does not rename, move, drop or restrict what an earlier
program uses, and it must not need anything that an earlier program does not write. It is applied
while others use the database, and programs that do not know it open the database. Any other step is
applied while nobody uses the database, and programs that do not know it refuse the database. The
`+` is not a part of the name of the step's files.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from survey_cli import __version__
from survey_cli.problems import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

MIGRATION_SET: Final = "survey-cli"
"""The name under which the applied steps are listed in `_sqlite_migrations`."""

ADDITIVE: Final = "+"
"""The end of the name of an additive step."""


class MigrationStep(NamedTuple):
    """One change of the schema.

    `{by_key}` marks a table that SQLite stores in the order of its key.
    """

    name: str
    """Stored in each database to which the step was applied; it ends in `+` if the step is
    additive."""
    statements: Sequence[str]
    on_server: Sequence[str] = ()
    """The statements for PostgreSQL, where they are not portable."""


def _read_step(name: str) -> MigrationStep:
    """Read the statements of a step, which are separated by empty lines."""
    files = [
        Path(__file__).with_name(f"{name.removesuffix(ADDITIVE)}{ending}")
        for ending in (".sql", ".postgresql.sql")
    ]
    texts = [
        re.sub(r"(?m)^--.*\n", "", file.read_text("utf-8")).strip()
        for file in files
        if file.exists()
    ]
    return MigrationStep(name, *(text.split("\n\n") for text in texts))


STEP_NAMES: Final = (
    "interviews views cases backups accounts digests imported codings counts reviews access "
    "work+ excluded+ editions+ workcounts+ languages+ queuerules+"
)
STEPS: Final = tuple(map(_read_step, STEP_NAMES.split()))
_STATEMENTS = "\n".join(statement for step in STEPS for statement in step.statements)
TABLES: Final = frozenset(
    ("applied_steps", *re.findall(r"(?m)^CREATE (?:TABLE|VIEW) (\w+)", _STATEMENTS))
)
"""The tables and views on a server; the views of each version are not among them."""
KNOWN_STEPS: Final = frozenset(step.name for step in STEPS)


def list_missing_steps(applied: Collection[str], where: str) -> list[str]:
    """Return the steps that a schema lacks.

    Raises StoreError where a newer version has applied others.

    Additive steps of a newer version are no reason to refuse it.
    """
    for name in list_unknown_steps(applied):
        if not name.endswith(ADDITIVE):
            what = f"was written by a newer version of this program (it has the step {name!r})"
            remedy = f"install that version here (this is {__version__}); nothing was changed"
            raise StoreError(where, what, remedy)
    return [step.name for step in STEPS if step.name not in applied]


def list_unknown_steps(applied: Iterable[str]) -> list[str]:
    """Return the steps that a newer version has applied."""
    return [name for name in applied if name not in KNOWN_STEPS]


def are_additive(steps: Collection[str]) -> bool:
    """Whether these steps may be applied while others use the database, even earlier programs."""
    return all(name.endswith(ADDITIVE) for name in steps)


def build_migrations() -> "Migrations":
    """Build the migrations that sqlite-utils applies."""
    from sqlite_utils import Migrations

    migrations = Migrations(MIGRATION_SET)
    for step in STEPS:
        migrations(name=step.name)(_make_apply(step))
    return migrations


def _make_apply(step: MigrationStep) -> "Callable[[Database], None]":
    def apply(db: "Database", /) -> None:
        for statement in step.statements:
            db.execute(statement.replace("{by_key}", " WITHOUT ROWID"))

    return apply


def adapt_statement(statement: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the statement of a step for PostgreSQL, which orders texts by their bytes as SQLite.

    `names` are those of the schemas, for `{schema}` and `{contacts}`.
    """
    for mark, name in names.items():
        statement = statement.replace(f"{{{mark}}}", name)
    if not statement.startswith(("CREATE TABLE", "ALTER TABLE")):
        return statement
    return statement.replace("{by_key}", "").replace(" TEXT", ' TEXT COLLATE "C"')
