"""Messages for errors of a PostgreSQL server: where, what happened and what to do.

Errors are recognized by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). No driver is
imported.
"""

import re
from typing import Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.errors import TransientStoreError

RETRY_REMEDY: Final = "try again"

NO_DATABASE: Final = "the server has no such database"

CONNECTION_LOST: Final = ("the connection to the server was lost", "try again: the program reconnects automatically")

_DISK: Final = ("the server's disk is full", f"ask the server's administrator to free some space, then {RETRY_REMEDY}")
_RIGHTS: Final = (
    "the server does not permit it ({message})",
    "ask the owner of the database for a role (survey server grant), or for the right to create a schema",
)
_RESTORE_REMEDY: Final = "stop interviewing on it, and restore the latest backup"
_NOT_OURS: Final = ("the database is not as it was created ({message})", _RESTORE_REMEDY)
_DAMAGED: Final = ("the database is damaged ({message})", _RESTORE_REMEDY)
_NOT_STORABLE: Final = ("a text contains a character that the server can't store", "type it again")

MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "53100": _DISK, "42501": _RIGHTS, "22021": _NOT_STORABLE, "22P05": _NOT_STORABLE, "42P01": _NOT_OURS,
    "42703": _NOT_OURS, "3F000": _NOT_OURS, "XX001": _DAMAGED, "XX002": _DAMAGED,
    "53200": ("the server is out of memory", f"close other programs on the server, then {RETRY_REMEDY}"),
    "53300": ("the server accepts no more connections",
              "close programs that use it, or ask its administrator to raise max_connections"),
    "55P03": ("another program keeps the rows locked", f"wait until it has finished, then {RETRY_REMEDY}"),
    "57014": ("the server canceled the statement ({message})", RETRY_REMEDY),
    "25006": ("the server is read-only", "specify the primary server, not its copy"),
    "54000": ("the text is too long to be stored", "shorten it"),
    "58030": ("the server's disk can't store it",
              f"ask the server's administrator to check the disk, then {RETRY_REMEDY}"),
    "XX000": ("the server failed ({message})", "check the server's log"),
}  # fmt: skip
"""By SQLSTATE."""

TRANSIENT_CODES: Final = frozenset(("40001", "40P01", "25P03"))
"""Serialization failure, deadlock, a transaction that was left open: it can be repeated at once."""

CONNECTION_CODES: Final = ("08", "57P")
"""The beginnings of codes for the end of a connection."""

CONNECTION_FAILURES: Final = (
    (r"password authentication failed|no password supplied|Ident|Peer authentication|SASL|SCRAM",
        ("the user or the password is wrong",
         "put the user in the address (postgresql://USER@HOST/DATABASE) and the password in ~/.pgpass or PGPASSWORD")),
    (r"role .* does not exist|no PostgreSQL user name",
        ("the server has no such user", "put an existing user in the address: postgresql://USER@HOST/DATABASE")),
    (r"database .* does not exist",
        (NO_DATABASE,
         "check the name, or ask the server's administrator to create it (survey server init ADDRESS)")),
    (r"no pg_hba.conf entry|not permitted to log in|permission denied for database",
        ("the server does not permit this user to connect from here",
         "ask the server's administrator to permit the user and this computer (pg_hba.conf, GRANT CONNECT)")),
    (r"too many (clients|connections)|remaining connection slots", MESSAGES["53300"]),
    (r"starting up|shutting down|in recovery mode|not (yet )?accepting connections",
        ("the server is starting or shutting down", "wait a moment and try again")),
    (r"SSL|certificate|GSS",
        ("a secure connection can't be established ({message})", "check sslmode and sslrootcert in the address")),
    (r"resolve host|translate host",
        ("there is no computer of that name", "check the address and the network")),
    (r"refused|timeout|timed out|unreachable|No such file|No route|reset|closed the connection|Permission denied",
        ("the server can't be reached",
         "check the address, the network, and whether the server is running; then try again")),
    (r"invalid (URI|connection option|integer|port|percent)|missing|URI|Servname",
        ("the address can't be read", "write it as postgresql://USER@HOST:PORT/DATABASE")),
)  # fmt: skip
"""Patterns of messages of failed connections, which have no codes. The message of a server in another language is
quoted."""


def translate_server_error(code: str, message: str, where: str) -> StoreError | None:
    """Translate an error by its SQLSTATE to a StoreError with a plain message; None where it is a programming error."""
    if code.startswith(CONNECTION_CODES):
        return TransientStoreError(where, *CONNECTION_LOST)
    if code in TRANSIENT_CODES:
        return TransientStoreError(where, "another station was writing at the same time", RETRY_REMEDY)
    if code not in MESSAGES:
        return None
    what, remedy = MESSAGES[code]
    return StoreError(where, what.format(message=_extract_message(message)), remedy)


def translate_connection_error(message: str, where: str) -> StoreError:
    """Translate the message of a failed connection."""
    for pattern, (what, remedy) in CONNECTION_FAILURES:
        if re.search(pattern, message):
            return StoreError(where, what.format(message=_extract_message(message)), remedy)
    return StoreError(where, f"the connection failed ({_extract_message(message)})", "check the address and the server")


def _extract_message(message: str) -> str:
    """Return the first line of a message, without its prefix."""
    return re.sub(r"^.*(FATAL|ERROR): +", "", message.strip().partition("\n")[0])
