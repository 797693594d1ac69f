"""Seats on a database server: one login without rights, which switches to the person of each seat."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from support import postgres_server
from support.seat_server import SeatServer, key, read_until
from support.served_study import (
    DATABASE,
    Served,
    ask,
    claim,
    lease,
    refused,
    schema_of,
    serve,
)
from support.served_study import as_role as connected_as
from support.server_seats import ADDRESS_FILE
from support.shift import Shift, interviewed, on
from support.user_errors import attempt
from survey_cli.cli.run_command import run_command
from survey_cli.permissions import StaffRole
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import Store
from survey_cli.study import signing_in
from survey_cli.web.seats.seat_request import Face, SeatRequest

LOGIN = f"{DATABASE}_seats"


@pytest.fixture(name="shift")
def a_shift(tmp_path: Path) -> Iterator[Served]:
    shift = serve(tmp_path)
    assert run_command(["db", "seats", shift.db]) == 0
    yield shift
    Shift.close_all()


@pytest.fixture
def sign_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function that makes this process the seat of a person."""

    def become(person: str) -> None:
        monkeypatch.setattr("survey_cli.store.backends.account._signed_in", "")
        signing_in.sign_in(person)

    return become


def station(shift: Served) -> StationSession:
    made = open_station(shift.file, db=connected_as(shift, LOGIN))
    assert isinstance(made, StationSession), made
    return made


def names(shift: Served, table: str) -> set[tuple[str, str]]:
    return set(
        postgres_server.run_query(shift.db, f"SELECT by, account FROM {table} WHERE by <> 'sue'")
    )


def test_what_is_done_in_a_seat_has_the_name_of_its_person(
    shift: Served, sign_in, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(shift.ann)
    ann = station(shift)
    assert ann.interviewer == shift.ann
    first = on(ann)
    assert ann.record_outcome("no_answer").rejection is None
    assert on(ann) not in ("", first)
    interviewed(ann, "1", "1", "1")
    assert ann.close_interview().rejection is None
    assert ann.record_outcome("never_call").rejection is None
    assert ann.search_cases("mr b") != ()
    assert ann.end_shift().rejection is None
    ann.close()

    own = {(shift.ann, shift.ann)}
    for table in ("journal", "access_log"):
        assert names(shift, table) == own, table
    called = "SELECT DISTINCT by, account FROM case_events WHERE kind IN ('claimed', 'called')"
    assert set(postgres_server.run_query(shift.db, called)) == own
    worked = "SELECT DISTINCT person, by FROM work_events"
    assert set(postgres_server.run_query(shift.db, worked)) == own
    listed = "SELECT DISTINCT by FROM survey_shared.never_call"
    assert (shift.ann,) in postgres_server.run_query(shift.db, listed)

    monkeypatch.setattr("survey_cli.store.backends.account._signed_in", "")
    assert run_command(["db", "verify", str(shift.file), "--db", shift.db]) == 0
    assert run_command(["db", "check", shift.db]) == 0


def test_a_seat_has_the_rights_of_its_person(shift: Served, sign_in) -> None:
    for person, role in (
        (shift.ann, StaffRole.INTERVIEWER),
        (shift.sue, StaffRole.SUPERVISOR),
        (shift.cy, StaffRole.CODER),
        (shift.al, StaffRole.ANALYST),
    ):
        sign_in(person)
        with Store.open(connected_as(shift, LOGIN), create=False) as store:
            assert store.account == person
            assert store.connector.account_roles == {role}
            assert store.connector.supervises is (role is StaffRole.SUPERVISOR)
            [(now,)] = store.connector.read("SELECT current_user::text")
            assert now == person
            with store.connector.open_reader() as rows:
                assert list(rows("SELECT current_user::text", ())) == [(person,)]


def test_the_login_gains_nothing_by_itself(shift: Served) -> None:
    schema = schema_of(shift)
    for before in ("", f'SET ROLE "{shift.sue}"; RESET ROLE; '):
        for table in (f"{schema}.cases", f"{schema}_contacts.case_contacts"):
            refused(shift, LOGIN, f"{before}SELECT * FROM {table}")
    refused(shift, LOGIN, "SET ROLE postgres")


def test_a_claim_of_a_seat_that_can_be_undone_shows_no_contact(shift: Served) -> None:
    with psycopg.connect(connected_as(shift, LOGIN).partition("&schema=")[0]) as connection:
        connection.execute(f'SET LOCAL ROLE "{shift.ann}"')
        connection.execute(lease(shift, "A", shift.ann))
        connection.execute(claim(shift, "A", shift.ann))
        read = f"SELECT * FROM {schema_of(shift)}_contacts.case_contacts"
        assert connection.execute(read).fetchall() == []
        connection.commit()
        connection.execute(f'SET LOCAL ROLE "{shift.ann}"')
        assert len(connection.execute(read).fetchall()) == 1
        connection.execute(f'SET LOCAL ROLE "{shift.bob}"')
        assert connection.execute(read).fetchall() == []


def test_switching_to_a_role_hides_nobody_who_logs_in_under_an_own_name(shift: Served) -> None:
    note = (
        f"SET ROLE {DATABASE}_supervisor; INSERT INTO {schema_of(shift)}.access_log"
        " (at, by, account, what, object, detail) VALUES ('', 'x', '', 'export', '', '')"
    )
    ask(shift, shift.sue, note)
    logged = "SELECT account FROM access_log WHERE by = 'x'"
    assert postgres_server.run_query(shift.db, logged) == [(shift.sue,)]


def test_a_seat_whose_connection_was_lost_goes_on_under_the_same_name(
    shift: Served, sign_in
) -> None:
    sign_in(shift.ann)
    ann = station(shift)
    first = on(ann)
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{LOGIN}'"
    assert postgres_server.run_query(shift.db, end)
    assert ann.record_outcome("busy").rejection is None
    assert on(ann) not in ("", first)
    ann.close()
    called = "SELECT DISTINCT by, account FROM case_events WHERE kind IN ('claimed', 'called')"
    assert postgres_server.run_query(shift.db, called) == [(shift.ann, shift.ann)]


def test_who_can_have_no_seat_is_told_what_to_ask_for(shift: Served, sign_in) -> None:
    sign_in("eve_without_a_role")
    missing = str(attempt(open_station, shift.file, db=connected_as(shift, LOGIN)))
    assert "eve_without_a_role can't have a seat: " in missing
    assert missing.endswith("survey db seats ADDRESS")

    sign_in(shift.ann)
    owners = str(attempt(open_station, shift.file, db=shift.db))
    assert "postgres is no login for seats: it has rights of its own" in owners


def test_who_receives_a_role_can_have_a_seat_until_it_is_taken_away(shift: Served) -> None:
    person = f"new_{shift.ann}"
    assert run_command(["db", "grant", shift.db, person, "interviewer"]) == 0
    assert ask(shift, LOGIN, f"SELECT pg_has_role('{person}', 'MEMBER')") == [(True,)]
    assert run_command(["db", "check", shift.db]) == 0
    assert run_command(["db", "grant", shift.db, person, "interviewer", "--revoke"]) == 0
    refused(shift, LOGIN, f'SET ROLE "{person}"')


def test_the_check_finds_what_is_wrong_with_the_login(
    shift: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = schema_of(shift)
    mistakes = {
        f"GRANT USAGE ON SCHEMA {schema} TO {LOGIN}; GRANT SELECT ON {schema}.cases TO {LOGIN}": (
            f"{LOGIN}, the login for seats, has rights on {schema}.cases of its own"
        ),
        f"ALTER ROLE {LOGIN} CREATEROLE": f"{LOGIN}, the login for seats, has CREATEROLE of its own",
        f"GRANT {DATABASE}_analyst TO {LOGIN}": (
            f"{LOGIN}, the login for seats, may switch to {DATABASE}_analyst"
        ),
        f"REVOKE {shift.ann} FROM {LOGIN}": (
            f"{LOGIN}, the login for seats, may not switch to {shift.ann}"
        ),
    }
    for statement in mistakes:
        postgres_server.run_query(shift.db, statement)
    try:
        capsys.readouterr()
        assert run_command(["db", "check", shift.db]) == 1
        said = capsys.readouterr().out
        for sentence in mistakes.values():
            assert f"! {sentence}" in said
    finally:
        for statement in (
            f"REVOKE ALL ON {schema}.cases FROM {LOGIN}; REVOKE ALL ON SCHEMA {schema} FROM {LOGIN}",
            f"ALTER ROLE {LOGIN} NOCREATEROLE",
        ):
            postgres_server.run_query(shift.db, statement)
    assert run_command(["db", "seats", shift.db]) == 0
    assert run_command(["db", "check", shift.db]) == 0


def test_two_seats_of_one_server_write_under_the_names_of_their_people(
    shift: Served, tmp_path: Path
) -> None:
    (tmp_path / ADDRESS_FILE).write_text(connected_as(shift, LOGIN))

    async def sit(server: SeatServer) -> None:
        link = await server.take_link()
        for person in (shift.ann, shift.bob):
            seat = await link.open(SeatRequest(person=person, face=Face.SCREEN))
            await read_until(seat, "Mr ")
            key(seat, "d")
            await read_until(seat, "ialed")

    with SeatServer(tmp_path, "support.server_seats:PROGRAMS") as server:
        asyncio.run(sit(server))
    written = "SELECT DISTINCT by, account FROM case_events WHERE kind IN ('claimed', 'dialed')"
    assert set(postgres_server.run_query(shift.db, written)) == {
        (shift.ann, shift.ann),
        (shift.bob, shift.bob),
    }
