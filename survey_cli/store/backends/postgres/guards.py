"""Guards of a study on a server: triggers that limit what interviewers and coders write.

Rights decide on tables and columns, policies on rows, and guards on what is in a row: whose name,
which time, and whether the account has the case. The policies of `roles` call the functions that
are built here.
"""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from survey_cli.store.backends.statements import read_statements

sql: Final = read_statements(__file__)

FUNCTIONS: Final = (
    sql.OWN_ACCOUNT,
    sql.SET_OWN_ACCOUNT,
    sql.SET_ACCESS,
    sql.IS_LIMITED,
    sql.IS_PRESENT,
    sql.IS_AFTER,
    sql.HOLDS_CASE,
    sql.NAME_JUST_WRITTEN,
    sql.OWNS_INTERVIEW,
    sql.MAY_ADD_CASE_EVENT,
    sql.MAY_ADD_ANSWER,
    sql.GUARD_CASE,
    sql.CHECK_CASE,
    sql.GUARD_INTERVIEW,
    sql.CHECK_INTERVIEW,
    sql.GUARD_SNAPSHOT,
    sql.GUARD_CONTACT,
    sql.GUARD_WORK,
    sql.GUARD_ACCESS,
    sql.LIST_NEVER_CALL,
)
"""The functions in an order in which each finds those that it calls."""


class Guard(NamedTuple):
    """A trigger of a table."""

    name: str
    table: str
    when: str
    function: str
    deferred: bool = False
    """Whether it looks at the row when the transaction ends."""


GUARDS: Final = (
    Guard("cases_guard", "{schema}.cases", "BEFORE UPDATE", "guard_case"),
    Guard("cases_check", "{schema}.cases", "AFTER UPDATE OF seq", "check_case", deferred=True),
    Guard("interviews_guard", "{schema}.interviews", "BEFORE INSERT OR UPDATE", "guard_interview"),
    Guard(
        "interviews_check",
        "{schema}.interviews",
        "AFTER INSERT OR UPDATE",
        "check_interview",
        deferred=True,
    ),
    Guard("snapshots_guard", "{schema}.snapshots", "BEFORE INSERT OR UPDATE", "guard_snapshot"),
    Guard("case_contacts_guard", "{contacts}.case_contacts", "BEFORE UPDATE", "guard_contact"),
    Guard("work_events_guard", "{schema}.work_events", "BEFORE INSERT", "guard_work"),
    Guard("access_log_guard", "{schema}.access_log", "BEFORE INSERT", "guard_access"),
)


def build_guards(names: Mapping[str, str]) -> Iterator[str]:
    """Build the statements that create the guards of a study, or replace them.

    `names` are those of its schemas.
    """
    for function in FUNCTIONS:
        yield function.format_map(names)
    for guard in GUARDS:
        table = guard.table.format_map(names)
        function = f"{names['schema']}.{guard.function}()"
        yield f"DROP TRIGGER IF EXISTS {guard.name} ON {table}"
        if guard.deferred:
            yield (
                f"CREATE CONSTRAINT TRIGGER {guard.name} {guard.when} ON {table} "
                f"DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION {function}"
            )
        else:
            yield (
                f"CREATE TRIGGER {guard.name} {guard.when} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {function}"
            )
