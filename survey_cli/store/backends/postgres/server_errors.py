"""Messages for errors of a PostgreSQL server: where, what happened and what to do.

Errors are recognized by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). No driver is
imported. The messages are in JSON beside this module.
"""

import json
import re
from pathlib import Path
from typing import Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.errors import TransientStoreError

RETRY_REMEDY: Final = "try again"

NO_DATABASE: Final = "the server has no such database"

CONNECTION_LOST: Final = (
    "the connection to the server was lost",
    "try again: the program reconnects automatically",
)

_TABLES: Final = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
MESSAGES: Final[dict[str, tuple[str, str]]] = {
    state: (what, remedy) for state, (what, remedy) in _TABLES["states"].items()
}
"""What happened and what to do, by SQLSTATE."""

TRANSIENT_CODES: Final = frozenset(("40001", "40P01", "25P03"))
"""Serialization failure, deadlock, a transaction that was left open: it can be repeated at once."""

CONNECTION_CODES: Final = ("08", "57P")
"""The beginnings of codes for the end of a connection."""

CONNECTION_FAILURES: Final[list[tuple[str, str, str]]] = _TABLES["connections"]
"""Patterns of messages of failed connections, which have no codes: pattern, what happened, what to do. The message of a
server in another language is quoted."""


def translate_server_error(code: str, message: str, where: str) -> StoreError | None:
    """Translate an error by its SQLSTATE to a StoreError with a plain message; None where it is a programming error."""
    if code.startswith(CONNECTION_CODES):
        return TransientStoreError(where, *CONNECTION_LOST)
    if code in TRANSIENT_CODES:
        return TransientStoreError(
            where, "another station was writing at the same time", RETRY_REMEDY
        )
    if code not in MESSAGES:
        return None
    what, remedy = MESSAGES[code]
    return StoreError(where, what.format(message=_extract_message(message)), remedy)


def translate_connection_error(message: str, where: str) -> StoreError:
    """Translate the message of a failed connection."""
    for pattern, what, remedy in CONNECTION_FAILURES:
        if re.search(pattern, message):
            return StoreError(where, what.format(message=_extract_message(message)), remedy)
    return StoreError(
        where,
        f"the connection failed ({_extract_message(message)})",
        "check the address and the server",
    )


def _extract_message(message: str) -> str:
    """Return the first line of a message, without its prefix."""
    return re.sub(r"^.*(FATAL|ERROR): +", "", message.strip().partition("\n")[0])
