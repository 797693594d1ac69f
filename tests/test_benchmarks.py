"""The benchmarks never wait without a limit: for a pooler that waits for its clients, or for a process that hangs."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from glob import glob
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import psycopg
import pytest

from benchmarks import servers
from benchmarks.measuring import Forked

POOLER = Path("/usr/sbin/pgbouncer")


def find_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the server's own account can enter, as it can't those below pytest's."""
    with TemporaryDirectory(prefix="survey-bench-") as folder:
        yield Path(folder) / "server"


@pytest.fixture
def address(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if not POOLER.exists() or not glob("/usr/lib/postgresql/*/bin"):
        pytest.skip(
            "pgbouncer and the system's PostgreSQL are not here: apt-get install pgbouncer postgresql"
        )
    monkeypatch.setattr(servers, "PORT", find_free_port())
    monkeypatch.setattr(servers, "POOLER_PORT", find_free_port())
    address = servers.start_server(home)
    with psycopg.connect(address.replace("/bench", "/postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench")
        connection.execute("CREATE ROLE ann LOGIN")
    yield address
    servers.stop_server(home)


def test_a_pooler_stops_though_a_client_is_connected(address: str, home: Path) -> None:
    pooler = servers.start_pooler(home)
    with psycopg.connect(f"postgresql://ann@127.0.0.1:{servers.POOLER_PORT}/bench") as client:
        client.execute("SELECT 1")
        client.commit()
        start = monotonic()
        servers.stop_pooler(pooler)
    assert pooler.returncode is not None
    assert monotonic() - start < servers.PATIENCE, "it was killed, not stopped"


def test_a_pooler_that_waits_for_a_transaction_is_killed(
    address: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pooler = servers.start_pooler(home)
    monkeypatch.setattr(servers, "PATIENCE", 2)
    with closing(
        psycopg.connect(f"postgresql://ann@127.0.0.1:{servers.POOLER_PORT}/bench")
    ) as client:
        client.execute("SELECT 1")
        servers.stop_pooler(pooler)
    assert pooler.returncode is not None


def test_a_server_stops_though_a_client_is_connected(address: str, home: Path) -> None:
    with psycopg.connect(address) as client:
        client.execute("SELECT 1")
        servers.stop_server(home)
        with pytest.raises(psycopg.OperationalError):
            client.execute("SELECT 1")


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_a_process_that_hangs_is_stopped_with_what_it_started(tmp_path: Path, capfd) -> None:
    noted = tmp_path / "pid"
    cleaned = tmp_path / "cleaned"

    def hang() -> None:
        inner = Forked(lambda: sleep(300))
        noted.write_text(str(inner.pid))
        try:
            inner.result()
        finally:
            cleaned.touch()

    start = monotonic()
    with pytest.raises(SystemExit):
        Forked(hang, limit=1).result()

    assert monotonic() - start < 60
    assert "it took more than 1 seconds" in capfd.readouterr().err
    assert cleaned.exists()
    for _ in range(100):
        if not is_running(int(noted.read_text())):
            break
        sleep(0.1)
    assert not is_running(int(noted.read_text()))


def test_a_process_returns_what_its_act_returns() -> None:
    assert Forked(lambda: [os.getpid()] * 100_000, limit=60).result()[0] != os.getpid()
