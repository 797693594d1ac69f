"""Messages for errors of a PostgreSQL server: where, what happened and what to do.

Errors are recognized by SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html). No driver is
imported.
"""

import re
from typing import Final

from survey_cli.store.backends.errors import StoreError, TransientStoreError

RETRY_REMEDY: Final = "try again"

CONNECTION_LOST: Final = ("the connection to the server was lost", "try again: it connects anew by itself")

_DISK: Final = ("the server's disk is full", f"have room made on it, then {RETRY_REMEDY}")
_RIGHTS: Final = (
    "the server does not permit it ({said})",
    "ask the owner of the schema for your rights (survey server grant FILE), or for the right to create a schema",
)
_NOT_OURS: Final = (
    "the database is not as it was made ({said})",
    "stop interviewing on it, and go on from the latest backup",
)
_DAMAGED: Final = ("the database is damaged ({said})", _NOT_OURS[1])

MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "53100": _DISK,
    "53200": ("the server is out of memory", f"close other programs there, then {RETRY_REMEDY}"),
    "53300": ("the server has no connection left", "close programs that use it, or have max_connections raised there"),
    "55P03": ("another program keeps what is to be written locked", f"wait until it is done, then {RETRY_REMEDY}"),
    "57014": ("the server broke it off ({said})", RETRY_REMEDY),
    "25006": ("the server only lets itself be read", "name the server that is written to, not its copy"),
    "42501": _RIGHTS,
    "22021": ("a text holds a character that the server can't keep", "type it again"),
    "22P05": ("a text holds a character that the server can't keep", "type it again"),
    "54000": ("the text is too long to be kept", "shorten it"),
    "58030": ("the server's disk did not take it", f"have it looked at, then {RETRY_REMEDY}"),
    "42P01": _NOT_OURS,
    "42703": _NOT_OURS,
    "3F000": _NOT_OURS,
    "XX000": ("the server failed ({said})", "look at the server's log"),
    "XX001": _DAMAGED,
    "XX002": _DAMAGED,
}
"""By SQLSTATE."""

TRANSIENT_CODES: Final = frozenset(("40001", "40P01", "25P03"))
"""Serialization failure, deadlock, a transaction that was left open: the same may be done again at once."""

CONNECTION_CODES: Final = ("08", "57P")
"""The first letters of what is said as a connection ends."""

CONNECTION_FAILURES: Final = (
    (r"password authentication failed|no password supplied|Ident|Peer authentication|SASL|SCRAM", (
        "the user or the password is wrong",
        "put the user into the address (postgresql://USER@HOST/DATABASE) and the password into ~/.pgpass or PGPASSWORD",
    )),
    (r"role .* does not exist|no PostgreSQL user name", (
        "the server knows no such user",
        "put one that it knows into the address: postgresql://USER@HOST/DATABASE",
    )),
    (r"database .* does not exist", (
        "the server has no such database",
        "check the name, or have it made there (createdb)",
    )),
    (r"no pg_hba.conf entry|not permitted to log in|permission denied for database", (
        "the server does not let this user in from here",
        "have the user and this computer permitted there (pg_hba.conf, GRANT CONNECT)",
    )),
    (r"too many (clients|connections)|remaining connection slots", MESSAGES["53300"]),
    (r"starting up|shutting down|in recovery mode|not (yet )?accepting connections", (
        "the server is just starting or ending",
        "wait a moment and try again",
    )),
    (r"SSL|certificate|GSS", (
        "no secure connection comes about ({said})",
        "look at sslmode and sslrootcert in the address",
    )),
    (r"resolve host|translate host", (
        "there is no computer of that name",
        "check the address and the network",
    )),
    (r"refused|timeout|timed out|unreachable|No such file|No route|reset|closed the connection|Permission denied", (
        "the server can't be reached",
        "check the address, that the server runs, and the network; then try again",
    )),
    (r"invalid (URI|connection option|integer|port|percent)|missing|URI|Servname", (
        "the address can't be read",
        "write it as postgresql://USER@HOST:PORT/DATABASE",
    )),
)  # fmt: skip
"""By what is said where no connection comes about; codes are not handed out then. A server that speaks another
language is quoted."""


def translate_server_error(code: str, said: str, where: str) -> StoreError | None:
    """The problem in plain words by its SQLSTATE; None where the error is a programming error."""
    if code.startswith(CONNECTION_CODES):
        return TransientStoreError(where, *CONNECTION_LOST)
    if code in TRANSIENT_CODES:
        return TransientStoreError(where, "another station was in the way", RETRY_REMEDY)
    if code not in MESSAGES:
        return None
    what, remedy = MESSAGES[code]
    return StoreError(where, what.format(said=_extract_message(said)), remedy)


def translate_connection_error(said: str, where: str) -> StoreError:
    """Why no connection came about."""
    for pattern, (what, remedy) in CONNECTION_FAILURES:
        if re.search(pattern, said):
            return StoreError(where, what.format(said=_extract_message(said)), remedy)
    return StoreError(
        where, f"the server lets nobody in ({_extract_message(said)})", "check the address and the server"
    )


def _extract_message(said: str) -> str:
    """What matters of a message: the first line, without where it came from."""
    return re.sub(r"^.*(FATAL|ERROR): +", "", said.strip().partition("\n")[0])
