"""Messages for errors of a PostgreSQL server: where, what happened and what to do.

Errors are recognized by SQLSTATE, see
https://www.postgresql.org/docs/current/errcodes-appendix.html. No driver is imported.
"""

import re
from collections.abc import Sequence
from typing import Final

from survey_cli.problems import StoreError, StoreFailure
from survey_cli.store.backends.errors import StoreMessage, TransientStoreError

RETRY_REMEDY: Final = "try again"

CONNECTION_LOST: Final = (
    "the connection to the server was lost",
    "try again: the program reconnects automatically",
)

MESSAGES: Final[dict[str, StoreMessage]] = {
    "53100": StoreMessage(
        "the server's disk is full",
        "ask the server's administrator to free some space, then try again",
    ),
    "42501": StoreMessage(
        "the server does not permit it ({message})",
        "ask the owner of the database for a role (survey db grant), or for the right to "
        "create a schema",
    ),
    "22021": StoreMessage(
        "a text contains a character that the server can't store", "type it again"
    ),
    "22P05": StoreMessage(
        "a text contains a character that the server can't store", "type it again"
    ),
    "42P01": StoreMessage(
        "the database is not as it was created ({message})",
        "stop interviewing on it, and restore the latest backup",
        StoreFailure.DAMAGED,
    ),
    "42703": StoreMessage(
        "the database is not as it was created ({message})",
        "stop interviewing on it, and restore the latest backup",
        StoreFailure.DAMAGED,
    ),
    "3F000": StoreMessage(
        "the database is not as it was created ({message})",
        "stop interviewing on it, and restore the latest backup",
        StoreFailure.DAMAGED,
    ),
    "XX001": StoreMessage(
        "the database is damaged ({message})",
        "stop interviewing on it, and restore the latest backup",
        StoreFailure.DAMAGED,
    ),
    "XX002": StoreMessage(
        "the database is damaged ({message})",
        "stop interviewing on it, and restore the latest backup",
        StoreFailure.DAMAGED,
    ),
    "53200": StoreMessage(
        "the server is out of memory", "close other programs on the server, then try again"
    ),
    "53300": StoreMessage(
        "the server accepts no more connections",
        "close programs that use it, or ask its administrator to raise max_connections",
    ),
    "55P03": StoreMessage(
        "another program keeps the rows locked", "wait until it has finished, then try again"
    ),
    "57014": StoreMessage("the server canceled the statement ({message})", "try again"),
    "25006": StoreMessage("the server is read-only", "specify the primary server, not its copy"),
    "54000": StoreMessage("the text is too long to be stored", "shorten it"),
    "58030": StoreMessage(
        "the server's disk can't store it",
        "ask the server's administrator to check the disk, then try again",
    ),
    "XX000": StoreMessage("the server failed ({message})", "check the server's log"),
}
"""The message of each SQLSTATE, with the server's own as `{message}`."""

CONNECTION_FAILURES: Final[Sequence[tuple[str, StoreMessage]]] = (
    (
        r"password authentication failed|no password supplied|Ident|Peer authentication|SASL|SCRAM",
        StoreMessage(
            "the user or the password is wrong",
            "put the user in the address (postgresql://USER@HOST/DATABASE) and the "
            "password in ~/.pgpass or PGPASSWORD",
        ),
    ),
    (
        r"role .* does not exist|no PostgreSQL user name",
        StoreMessage(
            "the server has no such user",
            "put an existing user in the address: postgresql://USER@HOST/DATABASE",
        ),
    ),
    (
        r"database .* does not exist",
        StoreMessage(
            "the server has no such database",
            "check the name, or ask the server's administrator to create it (survey db "
            "init ADDRESS)",
            StoreFailure.NO_DATABASE,
        ),
    ),
    (
        r"no pg_hba.conf entry|not permitted to log in|permission denied for database",
        StoreMessage(
            "the server does not permit this user to connect from here",
            "ask the server's administrator to permit the user and this computer "
            "(pg_hba.conf, GRANT CONNECT)",
        ),
    ),
    (
        r"too many (clients|connections)|remaining connection slots",
        StoreMessage(
            "the server accepts no more connections",
            "close programs that use it, or ask its administrator to raise max_connections",
        ),
    ),
    (
        r"starting up|shutting down|in recovery mode|not (yet )?accepting connections",
        StoreMessage("the server is starting or shutting down", "wait a moment and try again"),
    ),
    (
        r"SSL|certificate|GSS",
        StoreMessage(
            "a secure connection can't be established ({message})",
            "check sslmode and sslrootcert in the address",
        ),
    ),
    (
        r"resolve host|translate host",
        StoreMessage("there is no computer of that name", "check the address and the network"),
    ),
    (
        r"refused|timeout|timed out|unreachable|No such file|No route|reset|"
        r"closed the connection|Permission denied",
        StoreMessage(
            "the server can't be reached",
            "check the address, the network, and whether the server is running; then try again",
        ),
    ),
    (
        r"invalid (URI|connection option|integer|port|percent)|missing|URI|Servname",
        StoreMessage(
            "the address can't be read", "write it as postgresql://USER@HOST:PORT/DATABASE"
        ),
    ),
)
"""Patterns of libpq's texts for failed connections, with our messages.

A failed connection has no SQLSTATE, so that only its text tells what happened. This is the one
place that reads it. The text of a server in another language is quoted.
"""

TRANSIENT_CODES: Final = frozenset(("40001", "40P01", "25P03"))
"""Serialization failure, deadlock, a transaction that was left open: it can be repeated at once."""

CONNECTION_CODES: Final = ("08", "57P")
"""The beginnings of codes for the end of a connection."""


def translate_server_error(code: str, message: str, where: str) -> StoreError | None:
    """Translate an error by its SQLSTATE to a plain message; None for a programming error."""
    if code.startswith(CONNECTION_CODES):
        return TransientStoreError(where, *CONNECTION_LOST)
    if code in TRANSIENT_CODES:
        return TransientStoreError(
            where, "another station was writing at the same time", RETRY_REMEDY
        )
    if code not in MESSAGES:
        return None
    return _make_error(MESSAGES[code], message, where)


def translate_connection_error(message: str, where: str) -> StoreError:
    """Translate the message of a failed connection."""
    for pattern, known in CONNECTION_FAILURES:
        if re.search(pattern, message):
            return _make_error(known, message, where)
    return StoreError(
        where,
        f"the connection failed ({_extract_message(message)})",
        "check the address and the server",
    )


def _make_error(known: StoreMessage, message: str, where: str) -> StoreError:
    """Make the error, with the server's own message if the words quote it."""
    return known.make_error(where, known.what.format(message=_extract_message(message)))


def _extract_message(message: str) -> str:
    """Return the first line of a message, without its prefix."""
    return re.sub(r"^.*(FATAL|ERROR): +", "", message.strip().partition("\n")[0])
