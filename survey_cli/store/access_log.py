"""Log of who read contacts, exported or watched: who, when, what, of which case or into which file.

A claim of a case is an event in its history, by which an interviewer receives the contact; it isn't
written here again.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.store.backends.connector import StorePart
from survey_cli.store.backends.statements import read_statements

sql: Final = read_statements(__file__)


class Access(StrEnum):
    """Kinds of accesses, as they are stored and listed."""

    CONTACT = "contact"
    CONTACTS = "contacts"
    SEARCH = "search"
    EXPORT = "export"
    REFUSED = "refused"
    """An export that was recorded a moment before and then refused: nothing was written."""
    WATCH = "watch"
    REPLAY = "replay"
    BACKUP = "backup"
    CLAIM = "claim"


class AccessEntry(NamedTuple):
    """One access."""

    at: datetime
    by: str
    """The name under which somebody worked."""
    account: str
    """The account, as the system or the server knows it."""
    what: str
    """An `Access`, or a kind that only a later version knows."""
    object: str
    """The case, or the file."""
    detail: str


class AccessLog(StorePart):
    """The log of one study. Methods raise StoreError."""

    def record(
        self, what: Access, accessed: str, detail: str = "", *, at: datetime, by: str = ""
    ) -> None:
        """Record an access before it happens.

        In an archive that can't be written, nothing is recorded.
        """
        if self._db.read_only and self._db.dialect == "sqlite":
            return
        # the name of a file may have bytes that are no text
        name = accessed.encode(errors="backslashreplace").decode()
        self._db.run(sql.RECORD, (encode_timestamp(at), by or self._db.account, what, name, detail))

    def list_entries(
        self, *, by: str = "", since: datetime | None = None, claims: bool = False
    ) -> Sequence[AccessEntry]:
        """Return the accesses of one person or account, or of all, in the order of time.

        With `claims`, claims of cases are among them.
        """
        first = ""
        if since is not None:
            first = encode_timestamp(since)
        parameters = (by, by, by, first)

        statements = [sql.ENTRIES]
        if claims:
            statements.append(sql.CLAIMS)

        entries: list[AccessEntry] = []
        for statement in statements:
            entries += self._db.read_as(
                lambda row: AccessEntry(decode_timestamp(row[0]), *row[1:]),
                "the access log",
                statement,
                parameters,
            )
        return sorted(entries)
