"""SQL for the rights of interviewers and supervisors in a study's schema, run by the schema's owner.

An interviewer's role may add entries and may not change or remove them. Only the owner publishes a questionnaire or
changes tables.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Final

from survey_cli.store import do_not_call
from survey_cli.store.backends.address import SHARED_SCHEMA, quote_identifier
from survey_cli.store.backends.schema.migrations import adapt_statement
from survey_cli.store.backends.statements import read_statements

READ: Final = "SELECT"
ADD: Final = "SELECT, INSERT"
CHANGE: Final = "SELECT, INSERT, UPDATE"
ALL: Final = "SELECT, INSERT, UPDATE, DELETE"

INTERVIEWER_RIGHTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("journal", "case_events"), ADD),  # entries are added and never removed
    **dict.fromkeys(("interviews", "quota_fill"), CHANGE),  # derived from the journals, as the next two
    **dict.fromkeys(("snapshots", "contacts", "drafts", "case_contacts", "quota_places", "settings"), ALL),
    "cases": "SELECT, UPDATE",
    # written by others
    **dict.fromkeys(("instruments", "variables", "imports", "backups", "applied_steps", "answers", "remarks"), READ),
}

_SQL: Final = SimpleNamespace(**read_statements(__file__))


def build_grants(schema: str, *, interviewers: str, supervisors: str, own_settings: Sequence[str]) -> Iterator[str]:
    """Build the statements in order; they may be run again at any time.

    `interviewers` and `supervisors` are the names of roles, empty for none. Interviewers may write the settings whose
    names begin with one of `own_settings`: the tasks that follow an outcome.
    """
    yield f"SET LOCAL search_path TO {SHARED_SCHEMA}"
    yield adapt_statement(do_not_call.sql.REMOVED_TABLE)
    yield _SQL.HASH_FUNCTION
    yield f"REVOKE ALL ON FUNCTION {SHARED_SCHEMA}.never_call_hash(TEXT) FROM PUBLIC"
    for role in filter(None, (interviewers, supervisors)):
        to = quote_identifier(role)
        for name in (schema, SHARED_SCHEMA):
            yield f"REVOKE ALL ON SCHEMA {quote_identifier(name)} FROM {to}"
            yield f"GRANT USAGE ON SCHEMA {quote_identifier(name)} TO {to}"
            yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {quote_identifier(name)} FROM {to}"
        yield f"GRANT EXECUTE ON FUNCTION {SHARED_SCHEMA}.never_call_hash(TEXT) TO {to}"
    if interviewers:
        to = quote_identifier(interviewers)
        for table, rights in INTERVIEWER_RIGHTS.items():
            yield f"GRANT {rights} ON {quote_identifier(schema)}.{quote_identifier(table)} TO {to}"
        yield f"GRANT {ADD} ON {SHARED_SCHEMA}.never_call TO {to}"
        yield f"GRANT {READ} ON {SHARED_SCHEMA}.never_call_taken_off TO {to}"
    settings = f"{quote_identifier(schema)}.settings"
    yield f"ALTER TABLE {settings} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS read_by_all ON {settings}"
    yield f"CREATE POLICY read_by_all ON {settings} FOR SELECT USING (true)"
    own = " OR ".join(f"starts_with(name, {_quote_literal(name)})" for name in own_settings)
    for policy, role, condition in (("owed", interviewers, own), ("all", supervisors, "true")):
        if role:
            name, to = quote_identifier(f"{policy} of {role}"), quote_identifier(role)
            yield f"DROP POLICY IF EXISTS {name} ON {settings}"
            yield f"CREATE POLICY {name} ON {settings} TO {to} USING ({condition})"
    if supervisors:
        to = quote_identifier(supervisors)
        yield f"GRANT {ALL} ON ALL TABLES IN SCHEMA {quote_identifier(schema)} TO {to}"
        for table in ("applied_steps", "instruments", "variables"):
            yield f"REVOKE INSERT, UPDATE, DELETE ON {quote_identifier(schema)}.{table} FROM {to}"
        yield f"GRANT {ALL} ON {SHARED_SCHEMA}.never_call TO {to}"
        yield f"GRANT {ADD} ON {SHARED_SCHEMA}.never_call_taken_off TO {to}"
        yield _SQL.GRANT_MAINTAIN.format(schema=quote_identifier(schema).replace("'", "''"), role=to.replace("'", "''"))


def _quote_literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def render_script(statements: Iterable[str]) -> str:
    """Render the statements as a file for psql."""
    return "BEGIN;\n" + "".join(f"{statement};\n" for statement in statements) + "COMMIT;\n"
