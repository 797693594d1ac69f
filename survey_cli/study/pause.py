"""Pause of a whole study with its message, and other messages from supervisors to stations.

All are values in the database, so that all stations see the same, on whichever computer they run.
"""

import json
from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.fieldwork.calendar.calendar import format_short_day
from survey_cli.store import Store
from survey_cli.store.work_events import SupervisorMessage

PAUSE_SETTING: Final = "paused"
MAX_MESSAGE_LENGTH: Final = 200
"""Maximum length of a message, in characters."""


class Pause(NamedTuple):
    """A study in which no case is claimed and no number is dialed."""

    by: str
    since: datetime
    message: str = ""

    def describe(self, since: datetime, now: datetime) -> str:
        """Return a text such as `Paused by sue since 14:05: server moves`.

        Both times are in the reader's time zone.
        """
        day = ""
        if since.date() != now.date():
            day = f"{format_short_day(since.date())} "
        text = f"Paused by {self.by} since {day}{since:%H:%M}"
        if not self.message:
            return text
        return f"{text}: {self.message}"


def read_pause(store: Store) -> Pause | None:
    """Return the pause of the study; None while it runs. Raises StoreError."""
    text = store.settings.read(PAUSE_SETTING)
    return _decode_pause(text) if text else None


def read_pause_and_messages(
    store: Store, at: datetime
) -> tuple[Pause | None, list[SupervisorMessage]]:
    """Return the pause, and the messages that are shown now, from one query. Raises StoreError."""
    text, messages = store.work.read_setting_and_messages(PAUSE_SETTING, at)
    pause = _decode_pause(text) if text else None
    return pause, messages


def _decode_pause(text: str) -> Pause:
    value = json.loads(text)
    return Pause(value["by"], datetime.fromisoformat(value["since"]), value["message"])


def write_pause(store: Store, pause: Pause | None) -> None:
    """Pause the study, or resume it if `pause` is None. Raises StoreError."""
    text = ""
    if pause is not None:
        value = {"by": pause.by, "since": pause.since.isoformat(), "message": pause.message}
        text = json.dumps(value, ensure_ascii=False)
    store.settings.write(PAUSE_SETTING, text)
