"""Upgrades by additive steps while stations of the version before work."""

from pathlib import Path

import pytest

from support import postgres_server
from support.newer_version import STEP, with_steps
from support.upgrade_trial import run_trial
from survey_cli.problems import StoreError
from survey_cli.store import Store
from survey_cli.store.backends.schema import migrations


@pytest.fixture(params=["file", "server"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return (
        postgres_server.create_address()
        if request.param == "server"
        else str(tmp_path / "field.db")
    )


def test_a_station_of_the_version_before_works_during_an_upgrade_and_beside_the_new_version(
    tmp_path: Path, address: str
) -> None:
    assert run_trial(tmp_path, address) == "beside"


def test_an_upgrade_of_a_server_waits_for_a_long_export(tmp_path: Path) -> None:
    address = postgres_server.create_address()
    Store.open(address, create=True).close()
    with Store.open(address, create=False) as exporting, exporting.read_transaction():
        exporting.connector.read("SELECT count(*) FROM cases")
        with with_steps((*migrations.STEPS, STEP)), pytest.MonkeyPatch.context() as impatient:
            impatient.setattr("survey_cli.store.backends.postgres.connection.MIGRATION_TRIES", 1)
            with pytest.raises(
                StoreError, match="keeps the rows locked — wait until it has finished"
            ):
                Store.open(address, create=False, upgrade=True)
    with with_steps((*migrations.STEPS, STEP)):
        Store.open(address, create=False, upgrade=True).close()
