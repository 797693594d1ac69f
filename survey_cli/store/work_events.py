"""Store of work events, which are only added, and of the messages of supervisors.

A message is a setting whose name begins with the time until which it is shown, so that one range of
names has those that are shown now.
"""

import json
from datetime import UTC, datetime
from typing import Final, NamedTuple

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.shifts import WorkEvent
from survey_cli.store.backends.connector import StorePart
from survey_cli.store.backends.errors import retry_once, translate_decoding_errors
from survey_cli.store.backends.settings import KEEP_SETTING
from survey_cli.store.backends.statements import read_statements

MESSAGE_PREFIX: Final = "message: "
END_OF_TIME: Final = "~"
sql: Final = read_statements(__file__)


class SupervisorMessage(NamedTuple):
    """A message of a supervisor to one person or to everybody, shown at stations."""

    id: str
    by: str
    at: datetime
    until: datetime
    to: str
    """Empty: to everybody."""
    text: str
    is_withdrawn: bool = False

    @property
    def name(self) -> str:
        """The name of its setting."""
        return f"{MESSAGE_PREFIX}{_format_time(self.until)} {self.id}"

    def is_for(self, person: str) -> bool:
        return self.to in ("", person) and not self.is_withdrawn


def _format_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


class WorkEvents(StorePart):
    """The work events and messages of one study. Methods raise StoreError."""

    def add(self, event: WorkEvent) -> None:
        """Add an event in a transaction of its own."""
        at, person, kind, detail, station, by = event
        self._db.run(sql.ADD, (encode_timestamp(at), person, kind, detail, station, by or person))

    def list_events(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        person: str | None = None,
    ) -> list[WorkEvent]:
        """List the events of one person, or of all, in the order of time."""
        # times are compared as texts: every text is after an empty one and before a tilde
        first = ""
        if since:
            first = encode_timestamp(since)
        last = END_OF_TIME
        if until:
            last = encode_timestamp(until)

        return self._db.read_as(
            lambda row: WorkEvent(decode_timestamp(row[0]), *row[1:]),
            "the events of people at work",
            sql.LIST,
            (first, last, person),
        )

    def list_help(self, since: datetime) -> list[WorkEvent]:
        """List the events that begin or end calls for help, in the order of storing."""
        return self._db.read_as(
            lambda row: WorkEvent(decode_timestamp(row[0]), *row[1:]),
            "the calls for help",
            sql.HELP,
            (encode_timestamp(since),),
        )

    def find_missing(self) -> list[str]:
        """Return a sentence for each person whose working times are more or fewer than counted.

        They were removed, or added by other programs. On a server, interviewers see only their own
        working times, and receive no sentence.
        """
        if not self._db.supervises:
            return []

        sentences = []
        for person, recorded, stored in self._db.read(sql.MISSING):
            sentences.append(
                f"{stored} working times of {person} are stored, but {recorded} were recorded"
            )
        return sentences

    def list_messages(self, at: datetime) -> list[SupervisorMessage]:
        """List the messages that are shown at that time, in the order in which they were sent."""
        return self.read_setting_and_messages("", at)[1]

    def read_setting_and_messages(
        self, setting: str, at: datetime
    ) -> tuple[str, list[SupervisorMessage]]:
        """Read the value of a setting, empty if it isn't set, and the messages in one query."""
        first = f"{MESSAGE_PREFIX}{_format_time(at)}"
        last = f"{MESSAGE_PREFIX}{END_OF_TIME}"
        rows = self._db.read(sql.SETTINGS, (setting, first, last))

        value = ""
        messages = []
        with translate_decoding_errors(self._db.where, "the messages"):
            for name, text in rows:
                if name == setting:
                    value = str(text)
                else:
                    messages.append(_decode_message(text))
        return value, sorted(messages, key=lambda message: message.at)

    @retry_once
    def write_message(self, message: SupervisorMessage) -> None:
        """Store a message, or the same message changed."""
        value = message._asdict() | {
            "at": message.at.isoformat(),
            "until": _format_time(message.until),
        }
        self._db.run(KEEP_SETTING, (message.name, json.dumps(value, ensure_ascii=False)))


def _decode_message(text: str) -> SupervisorMessage:
    value = json.loads(text)
    times = {key: datetime.fromisoformat(value[key]) for key in ("at", "until")}
    return SupervisorMessage(**{**value, **times})
