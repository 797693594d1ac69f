"""Settings of a study: texts stored under a name, and follow-up tasks stored as settings.

A follow-up task is work outside of the database that a commit leaves to be done.
"""

from collections.abc import Iterable
from typing import Final

from survey_cli.store.backends.connector import Execute, StorePart
from survey_cli.store.backends.errors import retry_once

SETTING: Final = "SELECT value FROM settings WHERE name = ?"
KEEP_SETTING: Final = """
    INSERT INTO settings (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
SETTINGS_LIKE: Final = "SELECT name FROM settings WHERE name LIKE ? ORDER BY name"
TASK_PREFIX: Final = "owed: "
"""Prefix of the settings that contain follow-up tasks."""


class Settings(StorePart):
    """The settings and open follow-up tasks of one study. Methods raise StoreError."""

    def read(self, name: str) -> str | None:
        """Return the value of a setting; None where it is not set."""
        rows = self._db.read(SETTING, (name,))
        if not rows:
            return None
        value: str = rows[0][0]
        return value

    @retry_once
    def write(self, name: str, value: str) -> None:
        """Set the value of a setting."""
        self._db.run(KEEP_SETTING, (name, value))

    def add_tasks(self, tasks: Iterable[str]) -> None:
        """Add follow-up tasks in a transaction of their own."""
        tasks = list(tasks)
        with self._db.transaction() as execute:
            add_tasks_within(execute, tasks)

    def list_tasks(self) -> list[str]:
        """Return all open follow-up tasks."""
        return [
            name.removeprefix(TASK_PREFIX)
            for (name,) in self._db.read(SETTINGS_LIKE, (f"{TASK_PREFIX}%",))
        ]

    @retry_once
    def complete_task(self, task: str) -> None:
        """Remove a follow-up task that was done."""
        self._db.run("DELETE FROM settings WHERE name = ?", (f"{TASK_PREFIX}{task}",))


def add_tasks_within(execute: Execute, tasks: Iterable[str]) -> None:
    """Add tasks within a transaction; they are to be done once it is committed."""
    for task in tasks:
        execute(KEEP_SETTING, (f"{TASK_PREFIX}{task}", "owed"))
