"""Settings of a study: texts stored under a name."""

from typing import Final

from survey_cli.store.backends.connector import Connector
from survey_cli.store.backends.retry import retry_once

SETTING: Final = "SELECT value FROM settings WHERE name = ?"
KEEP_SETTING: Final = """
    INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
DROP_SETTING: Final = "DELETE FROM settings WHERE name = ?"
SETTINGS_LIKE: Final = "SELECT name FROM settings WHERE name LIKE ? ORDER BY name"


class Settings:
    """The settings of one study. Methods raise StoreError."""

    def __init__(self, connector: Connector) -> None:
        self._db = connector

    def read(self, name: str) -> str | None:
        """Return the value of a setting; None where it is not set."""
        rows = self._db.read(SETTING, (name,))
        return rows[0][0] if rows else None

    @retry_once
    def write(self, name: str, value: str) -> None:
        """Set the value of a setting."""
        self._db.run(KEEP_SETTING, (name, value))
