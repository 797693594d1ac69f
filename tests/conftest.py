"""Settings of every test: examples of a property, where temporary files are, and the account that tests run under.

A property that needs more examples than others multiplies their number: `@settings(max_examples=3 *
settings().max_examples)`.
"""

import gc
import os
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from support.scale import SCALE

settings.register_profile("survey", max_examples=40 * SCALE, deadline=None, derandomize="CI" in os.environ)
settings.load_profile("survey")

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
    gc.enable()
    return result


@pytest.fixture(autouse=True)
def account_of_sue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run under the account of a supervisor, who may claim any name; programs they start run under their own."""
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")
