"""News from supervisors to a station about one study: its pause, and their messages."""

from datetime import datetime, timedelta
from typing import Final

from survey_cli.store import Store
from survey_cli.store.work_events import SupervisorMessage
from survey_cli.study.pause import Pause, read_pause_and_messages

MESSAGE_INTERVAL: Final = timedelta(seconds=5)
"""How often messages are looked for at most, apart from each look for a case."""
URGENT_INTERVAL: Final = timedelta(seconds=1)
"""The same while the interviewer waits for an answer."""


class SupervisorNews:
    """The messages to one interviewer in one study, as of the last look, and those seen already.

    The pause and the messages are read together, in one query.
    """

    def __init__(self, store: Store, login: str) -> None:
        self._store = store
        self._login = login
        self._messages: list[SupervisorMessage] = []
        self._read_at: datetime | None = None
        self._seen: set[str] = set()
        """The names of messages that were shown to this interviewer."""

    def read_pause(self, at: datetime) -> Pause | None:
        """Return the pause of the study, and keep the messages for later. Raises StoreError."""
        pause, self._messages = read_pause_and_messages(self._store, at)
        self._read_at = at
        return pause

    def list_shown(self, at: datetime) -> list[SupervisorMessage]:
        """List the messages to this interviewer that are shown now."""
        mine = [message for message in self._messages if message.is_for(self._login)]
        return [message for message in mine if message.until > at]

    def list_unseen(
        self, at: datetime, interval: timedelta = MESSAGE_INTERVAL
    ) -> list[SupervisorMessage]:
        """List the messages that were not seen yet, and look for more after this time.

        Raises StoreError.
        """
        # The clock of the computer may be put back: then the last look is in the future.
        is_recent = self._read_at is not None and self._read_at <= at < self._read_at + interval
        if not is_recent:
            self.read_pause(at)

        return [message for message in self.list_shown(at) if message.name not in self._seen]

    def mark_seen(self, *names: str) -> None:
        """Mark messages as seen: they are not shown to this interviewer again."""
        self._seen.update(names)
