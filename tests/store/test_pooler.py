"""PgBouncer in transaction mode before the server: each transaction may run over another connection."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from support import postgres_server
from support.shift import Shift, interviewed, on
from survey_cli.cli.run_command import run_command
from survey_cli.sessions.station.open_station import open_station
from survey_cli.sessions.station.station import StationSession
from survey_cli.store import Store

FIELDWORK = """
fieldwork:
  frame: establishment
  zone: America/Chicago
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
PATH = f"{os.environ['PATH']}:/usr/sbin"


@pytest.fixture(name="pooled")
def a_pooler() -> Iterator[str]:
    """The address of the pooler, with one connection to the server for each user and database."""
    program = shutil.which("pgbouncer", path=PATH)
    if program is None:
        pytest.skip("pgbouncer is not installed")
    server = postgres_server.find_data_folder(postgres_server.start_server())
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    users, settings = (
        Path(server.parent, f"pooler-{port}.{ending}") for ending in ("users", "ini")
    )
    users.write_text('"postgres" ""\n"ann" ""\n"pooled_seats" ""\n')
    settings.write_text(
        f"[databases]\n* = host={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = trust\nauth_file = {users}\npool_mode = transaction\ndefault_pool_size = 1\n"
        "max_prepared_statements = 0\n"
    )
    as_other = ["-u", server.owner()] if os.getuid() == 0 else []
    process = subprocess.Popen([program, "-q", *as_other, settings], stderr=subprocess.DEVNULL)
    address = f"postgresql://postgres@127.0.0.1:{port}/pooled"
    try:
        direct = postgres_server.start_server().replace("/postgres?", "/pooled?")
        assert run_command(["db", "init", direct]) == 0
        for _ in range(100):
            with suppress(psycopg.OperationalError):
                psycopg.connect(address, connect_timeout=5).close()
                break
            time.sleep(0.05)
        yield address
    finally:
        process.kill()  # it would wait for the stations of a test that failed
        process.wait()


def test_stations_of_two_studies_share_a_connection(pooled: str, tmp_path: Path) -> None:
    assert run_command(["db", "grant", pooled, "ann", "interviewer"]) == 0
    stations: list[StationSession] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        cases = f"unit,kind,name,phone,zone\n{name},1,Mr {name},+1 312 555 0100,America/Chicago\n"
        where = f"{pooled}?schema={name}"
        shift = Shift(
            tmp_path / name, fieldwork=FIELDWORK, cases=cases, db=where, at=datetime.now(UTC)
        )
        assert run_command(["study", "publish", str(shift.file), "--db", where]) == 0
        station = open_station(shift.file, db=where.replace("postgres@", "ann@"))
        assert isinstance(station, StationSession), station
        stations.append(station)
    assert [on(station) for station in stations] == ["one", "two"]
    assert [station.search_cases("mr one")[:1] != () for station in stations] == [True, False]
    for station in stations:  # more statements than psycopg runs without preparing them
        interviewed(station, "1", "1", "1")
        assert station.close_interview().rejection is None
        station.close()
    for name in ("one", "two"):
        with Store.open(f"{pooled}?schema={name}", create=False) as store:
            [row] = store.interviews.list_rows()
            assert (row.case, row.by, row.outcome) == (name, "ann", "complete")
            assert len(list(store.cases.queries.iterate_contacts())) == 1
            assert store.maintenance.check_integrity() == []
    assert run_command(["db", "check", pooled]) == 0
    Shift.close_all()


def test_nothing_is_left_in_a_connection(pooled: str) -> None:
    show = "SELECT current_setting('search_path'), current_setting('idle_in_transaction_session_timeout')"
    before = postgres_server.run_query(pooled, show)
    with Store.open(f"{pooled}?schema=three", create=True) as store:
        store.settings.write("a", "b")
        assert list(store.connector.stream("SELECT value FROM settings")) == [("b",)]
    with psycopg.connect(pooled, autocommit=True) as connection:
        assert connection.execute(show).fetchall() == before or before[0][0] == "public"
        assert connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchall() == [
            (0,)
        ]


def test_seats_of_two_people_share_a_connection(
    pooled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction switches to its person, and leaves nothing for the next one."""
    for person in ("ann", "zoe"):
        assert run_command(["db", "grant", pooled, person, "interviewer"]) == 0
    assert run_command(["db", "seats", pooled]) == 0
    where = f"{pooled}?schema=shared"
    rows = [f"{key},1,Mr {key},+1 312 555 010{n},America/Chicago" for n, key in enumerate("ABCDEF")]
    cases = "\n".join(["unit,kind,name,phone,zone", *rows, ""])
    shift = Shift(tmp_path, fieldwork=FIELDWORK, cases=cases, db=where, at=datetime.now(UTC))
    assert run_command(["study", "publish", str(shift.file), "--db", where]) == 0

    stations = {}
    for person in ("ann", "zoe"):
        monkeypatch.setattr("survey_cli.store.backends.account._signed_in", person)
        address = where.replace("postgres@", "pooled_seats@")
        stations[person] = open_station(shift.file, db=address)
    for station in stations.values():
        assert on(station)
    for station in stations.values():
        interviewed(station, "1", "1", "1")
        assert station.close_interview().rejection is None
        assert on(station)
        assert station.record_outcome("busy").rejection is None
    for station in stations.values():
        station.close()

    each = {("ann", "ann"), ("zoe", "zoe")}
    for table in ("journal", "case_events WHERE kind = 'called'"):
        named = set(postgres_server.run_query(pooled, f"SELECT by, account FROM shared.{table}"))
        assert named == each, table

    monkeypatch.setattr("survey_cli.store.backends.account._signed_in", "zoe")
    with Store.open(address, create=False) as store:
        with pytest.raises(psycopg.errors.DivisionByZero):
            store.connector.read("SELECT 1 / 0")
        assert store.connector.read("SELECT current_user::text") == [("zoe",)]
        assert store.maintenance.scrub() is False, "not her tables"
        with store.connector.open_reader() as rows:
            assert list(rows("SELECT current_user::text", ())) == [("zoe",)]
    login = address.partition("?")[0]
    assert postgres_server.run_query(login, "SELECT current_user::text") == [("pooled_seats",)]
    Shift.close_all()
