"""SQL statements for settings: texts stored under a name."""

from typing import Final

SETTING: Final = "SELECT value FROM settings WHERE name = ?"
KEEP_SETTING: Final = """
    INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
DROP_SETTING: Final = "DELETE FROM settings WHERE name = ?"
SETTINGS_LIKE: Final = "SELECT name FROM settings WHERE name LIKE ? ORDER BY name"
