"""Every role, with a login of its own on a real server: what the table of roles refuses, the server refuses."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

import survey_cli
from support import postgres_server
from support.served_study import PEOPLE, Served, as_role, refused, schema_of, serve
from support.shift import Shift
from survey_cli.cli.commands.database import ROLE_NAMES
from survey_cli.cli.commands.study_commands import StudyCommands
from survey_cli.cli.run_command import run_command
from survey_cli.permissions import Action, StaffRole, may
from survey_cli.problems import UserError
from survey_cli.sessions.interview.start_interview import StartOptions
from survey_cli.sessions.open_interview import start_or_resume
from survey_cli.sessions.station.open_station import open_station
from survey_cli.store.backends.address import quote_literal
from survey_cli.store.backends.postgres import roles

LOGINS = {role: person for person, role in PEOPLE.items() if person != "bob"}
LIMITED_ROLES = [role for role in roles.ROLES if role != "supervisor"]
VIEWS = {"answers", "counts_of_cases", "remarks"}
"""They can't be written to; who reads them is a trial."""
WITHOUT_RULE_FOR_ROWS = {"quota_fill", "quota_places"}
"""Interviewers write the quota places of every case: what a place counts for, `verify` derives."""


@pytest.fixture(name="shift", scope="module")
def a_study_with_trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A study with the cases and interviews of the trials, which are really there."""
    shift = serve(tmp_path_factory.mktemp("matrix"))
    run_as_owner(shift, roles.read_trials().fixture)
    yield shift
    Served.close_all()


def run_as_owner(shift: Served, statements: str, member: str = "") -> None:
    names = {**roles.build_trial_names(schema_of(shift)), "member": quote_literal(member)}
    with connect(shift, "postgres") as connection:
        for statement in statements.format_map(names).split(";\n"):
            connection.execute(statement.encode())
        connection.commit()


@contextmanager
def connect(shift: Served, account: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(as_role(shift, account).partition("&schema=")[0]) as connection:
        yield connection


def attempt(connection: psycopg.Connection, statement: str) -> str:
    """Return `refused`, an error, or the number of rows. What was done is undone."""
    try:
        count = connection.execute(statement.encode()).rowcount
        return roles.DONE if count < 0 else str(count)
    except psycopg.errors.InsufficientPrivilege:
        return roles.REFUSED
    except psycopg.Error as error:
        return f"error {error.sqlstate}"
    finally:
        connection.rollback()


def login_of(shift: Served, role: str) -> str:
    return str(getattr(shift, LOGINS[role]))


@pytest.mark.parametrize("role", roles.ROLES)
def test_the_server_permits_and_refuses_what_the_table_does(shift: Served, role: str) -> None:
    login = login_of(shift, role)
    trials = roles.read_trials()
    run_as_owner(shift, trials.take_over, login)
    names = roles.build_trial_names(schema_of(shift))

    surprises = {}
    with connect(shift, login) as connection:
        for trial in trials.trials:
            found = attempt(connection, trial.statement.format_map(names))
            if found == "0":
                found = roles.REFUSED
            if found != trial.find_expected(role):
                surprises[trial.title] = found
    assert surprises == {}


@pytest.mark.parametrize("role", LIMITED_ROLES)
def test_no_role_changes_or_removes_the_rows_of_others(shift: Served, role: str) -> None:
    """Each role tries each verb on all rows of each table: it has no right, or reaches its own row only."""
    login = login_of(shift, role)
    run_as_owner(shift, roles.read_trials().take_over, login)
    surprises = {}
    with connect(shift, "postgres") as connection:
        columns = {
            (schema, table): column
            for schema, table, column in connection.execute(
                "SELECT table_schema, table_name, max(column_name) FROM information_schema.columns"
                " WHERE is_updatable = 'YES' AND column_default IS NULL AND is_identity = 'NO'"
                " AND column_name NOT IN ('link', 'key', 'id', 'seq') GROUP BY 1, 2"
            )
        }

    with connect(shift, login) as connection:
        for place, table, rights in roles.list_rights(role):
            schema = {"schema": "", "contacts": "_contacts"}.get(place)
            where = place if schema is None else f"{schema_of(shift)}{schema}"
            target = f'"{where}"."{table}"'
            column = columns.get((where, table), "key")
            if table in VIEWS:
                continue
            for letter, statement in (
                ("I", f"INSERT INTO {target} DEFAULT VALUES"),
                ("U", f'UPDATE {target} SET "{column}" = NULL'),
                ("D", f"DELETE FROM {target}"),
                ("S", f"SELECT count(*) FROM {target}"),
            ):
                may_read = letter == "S" and letter in rights
                if may_read or (letter in rights and table in WITHOUT_RULE_FOR_ROWS):
                    continue
                found = attempt(connection, statement)
                if letter not in rights and found != roles.REFUSED:
                    surprises[table, letter] = found
                # a row without content is an error of the table, not of the role
                is_harmless = found in (roles.REFUSED, "0", "1") or found.startswith("error 23")
                if letter in rights and not is_harmless:
                    surprises[table, letter] = found
    assert surprises == {}


def test_every_action_is_tried_on_the_server_or_kept_elsewhere() -> None:
    tried = {trial.action for trial in roles.read_trials().trials}
    assert set(Action) - tried == set(roles.KEPT_ELSEWHERE)
    assert tried & set(roles.KEPT_ELSEWHERE) == set()


def test_roles_of_the_server_are_those_of_the_table() -> None:
    listed = {role for role in StaffRole if role is not StaffRole.OWNER}
    assert set(roles.STAFF_ROLES.values()) == listed
    assert tuple(ROLE_NAMES.split(", ")) == roles.ROLES


@pytest.mark.parametrize("role", LIMITED_ROLES)
def test_nobody_but_supervisors_copies_or_replaces_the_study(
    shift: Served, role: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--db", as_role(shift, login_of(shift, role))]
    file = str(shift.file)
    backup = tmp_path / "own.db"
    assert run_command(["db", "backup", file, str(backup), *where]) == 1
    assert "only a supervisor may make a backup" in capsys.readouterr().err
    assert not backup.exists()
    assert run_command(["study", "publish", file, *where]) == 1


def test_a_trainee_practices_on_the_server(tmp_path: Path) -> None:
    shift = serve(tmp_path)
    options = StartOptions(case="own", practice=True, db=as_role(shift, shift.tim))
    desk = start_or_resume(shift.file, options)
    for reply in ("", "1", "1"):
        assert desk.reply(reply) is None
    desk.suspend()
    desk.close()
    resumed = start_or_resume(shift.file, options)
    assert resumed.reply("1") is None
    while resumed.result() is None:
        assert resumed.reply("") is None
    resumed.close()

    query = (
        f"SELECT \"by\", origin, outcome FROM {schema_of(shift)}.interviews WHERE case_key = 'own'"
    )
    assert postgres_server.run_query(shift.db, query) == [(shift.tim, "practice", "complete")]
    for table in ("cases", "case_events", "case_contacts", "answers"):
        refused(shift, shift.tim, f"SELECT 1 FROM {table}")


def test_a_database_of_an_earlier_version_has_four_roles_until_it_is_prepared_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = postgres_server.create_address().replace("/postgres?", "/early?")
    address = where.partition("&schema=")[0]
    assert run_command(["db", "init", address]) == 0
    for role in set(roles.ROLES) - set(roles.FIRST_ROLES):
        postgres_server.run_query(address, f"DROP OWNED BY early_{role}")
        postgres_server.run_query(address, f"DROP ROLE early_{role}")

    shift = Shift(tmp_path, cases="", db=where)
    assert run_command(["study", "publish", str(shift.file), "--db", where]) == 0
    assert run_command(["db", "check", where]) == 0, capsys.readouterr()
    assert "trainee" not in capsys.readouterr().out
    assert run_command(["db", "grant", where, "early_tim", "trainee"]) == 1
    said = capsys.readouterr().err
    assert "the database has no role for a trainee yet — prepare it again: survey db init" in said

    assert run_command(["db", "init", address]) == 0
    assert run_command(["db", "grant", where, "early_tim", "trainee"]) == 0
    assert run_command(["db", "grant", where, "early_lea", "shift leader"]) == 0
    said = capsys.readouterr().err
    assert "early_tim, a new user, is trainee now" in said
    assert "early_lea, a new user, is shift leader now" in said
    assert run_command(["db", "check", where]) == 0
    assert "trainee" in capsys.readouterr().out


def test_a_trainee_conducts_no_interview_on_the_server(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--db", as_role(shift, shift.tim)]
    file = str(shift.file)
    for command in (["station", file, *where], ["interview", file, "--case", "new", *where]):
        assert run_command(command) == 1
        said = capsys.readouterr().err
        assert f"{shift.tim}: is trainee on this server" in said
        assert "add --practice" in said
    assert not may(StaffRole.TRAINEE, Action.CONDUCT_INTERVIEWS)


def test_a_shift_leader_calls_sees_who_is_at_work_and_sends_messages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shift = serve(tmp_path)
    file = str(shift.file)
    as_lea = ["--db", as_role(shift, shift.lea)]
    ann = open_station(shift.file, db=as_role(shift, shift.ann))
    lea = open_station(shift.file, db=as_role(shift, shift.lea))
    assert lea.record_outcome("no_answer").rejection is None
    lea.close()
    capsys.readouterr()

    board = StudyCommands(file, db=as_role(shift, shift.lea)).load()
    assert shift.ann in {line.work.name for line in board.people_today}
    assert run_command(["study", "message", file, "please call me", *as_lea]) == 0
    assert run_command(["study", "message", file, *as_lea]) == 0
    assert "please call me" in capsys.readouterr().out
    assert run_command(["study", "message", file, "--withdraw", "1", *as_lea]) == 0
    assert run_command(["study", "shift", file, *as_lea]) == 0
    assert shift.ann in capsys.readouterr().out
    ann.close()

    for command in (
        ["export", file, "-o", str(tmp_path / "data.csv"), *as_lea],
        ["report", file, *as_lea],
        ["case", "outcome", file, "A", "busy", "--note", "because", *as_lea],
        ["study", "pause", file, *as_lea],
    ):
        assert run_command(command) == 1
        assert f"{shift.lea}: is a shift leader on the server, and" in capsys.readouterr().err
    assert not (tmp_path / "data.csv").exists()


def test_the_python_interface_asks_the_table_too(tmp_path: Path) -> None:
    shift = serve(tmp_path)
    for person in (shift.ann, shift.cy, shift.lea):
        study = survey_cli.open(shift.file, db=as_role(shift, person))
        for read in (study.interviews, study.answers, study.cases, study.events):
            with pytest.raises(UserError, match="only a supervisor or analyst may export data"):
                list(read())
        with pytest.raises(UserError, match="only a supervisor or analyst may read reports"):
            study.report()
    with pytest.raises(UserError, match="is a trainee on the server"):
        survey_cli.open(shift.file, db=as_role(shift, shift.tim))
    assert list(survey_cli.open(shift.file, db=as_role(shift, shift.al)).interviews()) == []
