"""A fixture that runs every test of a module twice: on a file, and on a real PostgreSQL server."""

from collections.abc import Iterator

import pytest

from support import postgres_server
from support.shift import Shift


@pytest.fixture(params=["file", "server"], autouse=True)
def kept_somewhere(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Every test is run on a file and on a real server."""
    if request.param == "server":
        place = postgres_server.start_server()
        monkeypatch.setattr(
            Shift, "place", staticmethod(lambda folder: postgres_server.create_address())
        )
        yield
        Shift.close_all()
        postgres_server.run_query(place, "DROP SCHEMA IF EXISTS survey_shared CASCADE")
    else:
        yield
        Shift.close_all()
