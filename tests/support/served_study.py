"""A study on a database server with roles, and accounts that use it with the program or with SQL."""

from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest

from support import postgres_server
from support.shift import Shift
from survey_cli.cli.run_command import run_command

AT_ANY_HOUR = """
fieldwork:
  frame: establishment
  zone: America/Chicago
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
CASES = "unit,kind,name,phone,zone\n" + "".join(
    f"{key},1,Mr {key},+1 312 555 010{digit},America/Chicago\n" for digit, key in enumerate("ABCD")
)
NUMBERS = count(1)
DATABASE = "fieldwork"
PEOPLE = {
    "ann": "interviewer",
    "bob": "interviewer",
    "sue": "supervisor",
    "cy": "coder",
    "al": "analyst",
    "lea": "shift_leader",
    "tim": "trainee",
}


class Served(Shift):
    """A study on a server with roles of its own."""

    ann: str
    bob: str
    sue: str
    cy: str
    al: str
    lea: str
    tim: str


@cache
def prepare_once(url: str) -> None:
    assert run_command(["db", "init", url]) == 0


def serve(folder: Path) -> Served:
    """A study on a server whose owner has published its questionnaire, with the users ann_N, sue_N and so on."""
    where = postgres_server.create_address().replace("/postgres?", f"/{DATABASE}?")
    url = where.partition("&")[0]
    prepare_once(url)
    # All studies share this list, and the cases of all have the same numbers. It is emptied before
    # the cases are imported, because an import closes those that are on it.
    postgres_server.run_query(where, "DELETE FROM survey_shared.never_call RETURNING 1")
    shift = Served(folder, fieldwork=AT_ANY_HOUR, cases=CASES, db=where, at=datetime.now(UTC))
    number = next(NUMBERS)
    statements = []
    for person, role in PEOPLE.items():
        setattr(shift, person, f"{person}_{number}")
        statements.append(f"CREATE ROLE {person}_{number} LOGIN IN ROLE {DATABASE}_{role}")
    postgres_server.run_query(where, "; ".join(statements))
    assert run_command(["study", "publish", str(shift.file), "--db", shift.db]) == 0
    return shift


def as_role(shift: Shift, role: str) -> str:
    return shift.db.replace("postgres@", f"{role}@")


def ask(shift: Shift, role: str, statement: str) -> list[tuple]:
    return postgres_server.run_query(as_role(shift, role), statement)


def schema_of(shift: Shift) -> str:
    return shift.db.rpartition("=")[2]


def refused(shift: Shift, role: str, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        postgres_server.run_query(as_role(shift, role), statement)


NOW = "to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"


def lease(shift: Shift, case: str, account: str) -> str:
    """The statement with which somebody claims a case by hand."""
    return (
        f"UPDATE {schema_of(shift)}.cases SET status = 'leased', lease_by = '{account}', lease_token = 'x', "
        f"seq = seq + 1, lease_until = '9999-01-01T00:00:00Z' WHERE key = '{case}'"
    )


def claim(shift: Shift, case: str, by: str) -> str:
    """The statement that records the claim."""
    return (
        f"INSERT INTO {schema_of(shift)}.case_events SELECT '{case}', count(*) + 1, 'claimed', '{{}}', {NOW}, "
        f"'{by}', '', '', '{by}' FROM {schema_of(shift)}.case_events WHERE case_key = '{case}'"
    )
