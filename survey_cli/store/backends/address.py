"""Addresses of studies on a database server: parsing, schema names, quoting of identifiers.

The printed form of an address contains no user name and no password. Nothing here connects to a
server.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEMES: Final = ("postgresql", "postgres")

SHARED_SCHEMA: Final = "survey_shared"
"""The schema that all studies in one database share."""

CONTACT_SUFFIX: Final = "_contacts"

CONTACT_TABLES: Final = frozenset({"contacts", "case_contacts"})
"""Tables of the schema with the names and numbers of a study."""
SHARED_TABLES: Final = frozenset({"never_call", "never_call_key", "never_call_taken_off"})

MAX_IDENTIFIER_BYTES: Final = 63
"""Bytes of an identifier; PostgreSQL cuts longer ones without a message."""


class ServerAddress(str):
    """The address of a study on a server.

    As text it is `host/database`, which is all that may be printed.
    """

    __slots__ = ("schema", "url")

    url: str
    """The address as it was typed, without `schema=`."""
    schema: str
    """The study's own schema in the database; empty where none was named."""

    def __new__(cls, printed: str, *, url: str, schema: str) -> "ServerAddress":
        address = super().__new__(cls, printed)
        address.url = url
        address.schema = schema
        return address


def is_server_address(text: str) -> bool:
    """Whether a text is the address of a database server, not the path of a file."""
    scheme, mark, _ = text.partition("://")
    return isinstance(text, ServerAddress) or (bool(mark) and scheme.lower() in SCHEMES)


def is_unknown_address(text: str) -> bool:
    """Whether a text is an address, with a scheme or a user, but not that of a database server.

    It may contain a password, so it is neither printed nor used as a path.
    """
    return not is_server_address(text) and bool(
        re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/|postgres.*@|[^/@]{2,}:[^@]+@", text, re.IGNORECASE)
    )


def parse_server_address(text: str, *, study: str = "") -> ServerAddress:
    """Parse an address.

    The schema is that of `?schema=NAME`, or else of the instrument whose id is `study`.
    """
    address, mark, query = text.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    other_options = urlencode(
        [(key, value) for key, value in pairs if key != "schema"], quote_via=quote
    )
    url = address
    if mark and other_options:
        url = f"{address}?{other_options}"
    return ServerAddress(
        _format_without_password(text, address, options),
        url=url,
        schema=options.get("schema") or make_schema_name(study),
    )


def _format_without_password(text: str, address: str, options: Mapping[str, str]) -> str:
    """Return `host:port/database`, or no part of the address if it may contain the password.

    A stray `?` or `/` moves the password to another place.
    """
    user, _, place = address.partition("://")[2].rpartition("@")
    host, _, database = place.partition("/")
    if "/" in user or ("@" in text and not user and "user" not in options):
        return "the database server"
    host = unquote(host) or options.get("host", "")
    database = unquote(database) or options.get("dbname", "") or unquote(user.partition(":")[0])
    if not host or host.startswith("/"):  # a socket on this computer
        host = "localhost"
    return f"{host}/{database}"


def make_schema_name(study: str) -> str:
    """Return the schema of an instrument: its id, unless that name is reserved or too long."""
    if study in ("public", "information_schema", SHARED_SCHEMA) or study.startswith("pg_"):
        return f"study_{study}"[:MAX_IDENTIFIER_BYTES]
    return study[:MAX_IDENTIFIER_BYTES]


def make_contact_schema(schema: str) -> str:
    """Return the schema with the names and numbers of a study, beside the study's own."""
    return (
        schema.encode()[: MAX_IDENTIFIER_BYTES - len(CONTACT_SUFFIX)].decode(errors="ignore")
        + CONTACT_SUFFIX
    )


def find_schema(table: str, schema: str) -> str:
    """Return the schema in which a table of the study with this schema stands."""
    if table in SHARED_TABLES:
        return SHARED_SCHEMA
    if table in CONTACT_TABLES:
        return make_contact_schema(schema)
    return schema


def quote_literal(text: str) -> str:
    """Return a text as SQL writes it, in apostrophes."""
    return "'" + text.replace("'", "''") + "'"


def quote_identifier(name: str) -> str:
    """Return a name as SQL writes it, in quotation marks."""
    return '"' + name.replace('"', '""') + '"'
