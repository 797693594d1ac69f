"""Store of one study: the database with its interviews, data, cases, settings and maintenance."""

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from survey_cli.store.access_log import AccessLog
from survey_cli.store.backends import open_database
from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.settings import Settings
from survey_cli.store.interviews.data_store import DataStore
from survey_cli.store.interviews.interview_store import InterviewStore
from survey_cli.store.interviews.statements import sql

if TYPE_CHECKING:
    from survey_cli.store.cases.case_store import CaseStore
    from survey_cli.store.maintenance.maintenance import Maintenance
    from survey_cli.store.work_events import WorkEvents

BUSY_TIMEOUT: Final = 5.0
"""Seconds to wait for other writers before the database is reported as locked."""


class Store:
    """One database. Methods raise StoreError where the database can't be used."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        """The connection, for modules of the store."""
        self.where = connector.where
        """The database as it is printed."""
        self.account = connector.account
        """The account that writes: that of the operating system, or the role on the server."""
        self.read_only = connector.read_only
        """Whether the place of the database is not writable, so that it is only read."""
        self.clock: Callable[[], datetime] | None = None
        """Function that returns the server's time, which all its stations share; None for a
        database file."""
        if connector.clock is not None:
            self.clock = connector.clock.now
        self.read_transaction = connector.read_transaction
        self.tolerate_undecodable = connector.tolerate_undecodable
        self.settings = Settings(connector)
        self.access_log = AccessLog(connector)
        self.data = DataStore(connector)
        self.interviews = InterviewStore(connector, self.data, lambda: self.cases)

    @classmethod
    def open(
        cls,
        path: str | Path,
        *,
        create: bool,
        patience: float = BUSY_TIMEOUT,
        upgrade: bool = False,
    ) -> "Store":
        """Open the database at `path`: a file, a study's `postgresql://` address, or `:memory:`.

        `create` creates what does not exist. `patience` is the time to wait for other writers, in
        seconds. `upgrade` upgrades an earlier schema on a server; that of a file is always upgraded
        while nobody else uses it.
        """
        return cls(open_database.connect(path, create=create, patience=patience, upgrade=upgrade))

    def close(self) -> None:
        self.connector.close()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Modules of cases and of maintenance are loaded when they are used: an interview without a case
    # needs neither.

    @cached_property
    def cases(self) -> "CaseStore":
        """The cases of the study."""
        from survey_cli.store.cases.case_store import CaseStore

        return CaseStore(self.connector)

    @cached_property
    def maintenance(self) -> "Maintenance":
        """Backups, integrity checks and the removal of erased texts from the files."""
        from survey_cli.store.maintenance.maintenance import Maintenance

        return Maintenance(self.connector)

    @cached_property
    def work(self) -> "WorkEvents":
        """What people did at work apart from cases, and the messages of supervisors."""
        from survey_cli.store.work_events import WorkEvents

        return WorkEvents(self.connector)

    def has_case(self, key: str) -> bool:
        """Whether there is a case with this key. It loads no modules of cases."""
        return bool(self.connector.read(sql.HAS_CASE, (key,)))
