"""What every test runs under: properties take their time, and on a build machine always fall the same way."""

import os

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def account_of_sue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests run under the account of a supervisor, who may claim any name; programs they start run under their own."""
    monkeypatch.setattr("survey_cli.store.backends.account.read_system_account", lambda: "sue")
