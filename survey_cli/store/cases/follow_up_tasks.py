"""Follow-up tasks: work outside of the database that a commit leaves to be done, stored as settings."""

from collections.abc import Iterable
from typing import Final

from survey_cli.store.backends.connector import Connector, Execute
from survey_cli.store.backends.retry import retry_once
from survey_cli.store.backends.settings import DROP_SETTING, KEEP_SETTING, SETTINGS_LIKE

TASK_PREFIX: Final = "owed: "
"""Prefix of the settings that contain follow-up tasks."""


class FollowUpTasks:
    """The open follow-up tasks of one study."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector

    def add(self, tasks: Iterable[str]) -> None:
        """Add follow-up tasks in a transaction of their own."""
        tasks = list(tasks)
        with self._db.transaction() as execute:
            add_tasks_within(execute, tasks)

    def list_open(self) -> list[str]:
        """Return all open follow-up tasks."""
        return [name.removeprefix(TASK_PREFIX) for (name,) in self._db.read(SETTINGS_LIKE, (f"{TASK_PREFIX}%",))]

    @retry_once
    def complete(self, task: str) -> None:
        """Remove a follow-up task that was done."""
        self._db.run(DROP_SETTING, (f"{TASK_PREFIX}{task}",))


def add_tasks_within(execute: Execute, tasks: Iterable[str]) -> None:
    """Add tasks within a transaction; they are to be done once it is committed."""
    for task in tasks:
        execute(KEEP_SETTING, (f"{TASK_PREFIX}{task}", "owed"))
