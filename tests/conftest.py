"""Settings of every test: examples of a property, where temporary files are, and the account that tests run under.

A property that needs more examples than others multiplies their number: `@settings(max_examples=3 *
settings().max_examples)`.
"""

import gc
import os
import re
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import settings

from support.editions import accept_edition
from support.scale import SCALE, on_server_too
from survey_cli.store.backends import open_database
from survey_cli.store.backends.schema import migrations
from survey_cli.store.backends.sqlite.connection import SqliteConnector

settings.register_profile(
    "survey", max_examples=25 * SCALE, deadline=None, derandomize="CI" in os.environ
)
settings.load_profile("survey")

SERVER_TESTS_OF_A_MODULE = 3
"""How many tests of a module run on a PostgreSQL server, too, in the default run."""
SERVER_TEST = re.compile(r"[\[-](?:server|postgresql)[\]-]")
"""The name of a test that has a parameter for its database."""

# The databases of tests are in memory where there is room: nothing waits for a disk.
MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 4 * 2**30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the modules of all tests out of garbage collections: a sixth of the time went there."""
    gc.disable()
    result = yield
    gc.freeze()
    # as the program does: what a test makes is mostly gone before it could be collected
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the browser's tests, and keep most of those on a server for a larger run.

    The browser's tests then stay with one worker. Workers that have finished take tests from the
    end of others, and would start browsers and servers of their own for them.
    """
    items.sort(key=lambda item: not item.nodeid.startswith("tests/web/"))
    if SCALE < 2:
        _skip_most_server_tests(items)


def _skip_most_server_tests(items: list[pytest.Item]) -> None:
    """Skip what runs on a file, too, but for the first tests of each module.

    Those of `tests/store` all run: what a server does differently is decided there.
    """
    counts: Counter[Path] = Counter()
    for item in items:
        is_repeated = SERVER_TEST.search(item.name) is not None
        if not is_repeated or item.nodeid.startswith("tests/store/"):
            continue
        counts[item.path] += 1
        if counts[item.path] > SERVER_TESTS_OF_A_MODULE:
            item.add_marker(on_server_too)


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Leave what the tests leave behind to the end of the process: pytest would collect the garbage five times."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def tables_are_created_once() -> Iterator[None]:
    """The first new database gets its tables step by step; the next ones are copies, unless a test has other steps."""
    create, steps = open_database._create_tables, migrations.STEPS

    @cache
    def create_first() -> SqliteConnector:
        create(first := SqliteConnector.open_in_memory())
        return first

    def create_tables(db: SqliteConnector) -> None:
        if migrations.STEPS is steps:
            with suppress(sqlite3.Error):  # a full disk, say, which is the business of the program
                return create_first().connection.backup(db.connection)
        return create(db)

    with patch.object(open_database, "_create_tables", create_tables):
        yield


@pytest.fixture
def edition_2() -> Iterator[None]:
    """Questionnaires may be in edition 2: their first lines have `edition: 2`."""
    with accept_edition(2):
        yield


@pytest.fixture
def set_time_zone() -> Iterator[Callable[[str], None]]:
    """A function that sets this computer's time zone until the end of the test."""
    before = os.environ.get("TZ")

    def set_zone(zone: str | None) -> None:
        if zone is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = zone
        time.tzset()

    yield set_zone
    set_zone(before)


@pytest.fixture(autouse=True)
def account_of_sue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run under the account of a supervisor, who may claim any name; programs they start run under their own."""
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")
