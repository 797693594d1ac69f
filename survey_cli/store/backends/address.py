"""Addresses of studies on a database server: parsing, schema names, quoting of identifiers.

The printed form of an address contains no user name and no password. Nothing here connects to a server.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

SCHEMES: Final = ("postgresql", "postgres")

SHARED_SCHEMA: Final = "survey_shared"
"""The schema of what all studies in one database share."""

MAX_IDENTIFIER_BYTES: Final = 63
"""Bytes of a name; PostgreSQL silently cuts what is longer."""


class ServerAddress(str):
    """A study's place on a server. As text it is `host/database`, which is all that may be printed."""

    __slots__ = ("schema", "url")

    url: str
    """How it is reached: what was typed, without `schema=`."""
    schema: str
    """The study's own schema in the database; empty where none was named."""

    def __new__(cls, printed: str, *, url: str, schema: str) -> "ServerAddress":
        where = super().__new__(cls, printed)
        where.url, where.schema = url, schema
        return where


def is_server_address(text: str) -> bool:
    """Whether a server is meant and not a file."""
    scheme, mark, _ = text.partition("://")
    return isinstance(text, ServerAddress) or (bool(mark) and scheme.lower() in SCHEMES)


def is_unknown_address(text: str) -> bool:
    """Whether an address was meant that is none of a database server's: with a scheme, or with a user. It may hold a
    password, so it is neither printed nor taken for a file.
    """
    return not is_server_address(text) and bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/|postgres.*@", text, re.IGNORECASE))


def parse_server_address(text: str, *, study: str = "") -> ServerAddress:
    """The place of a study by its instrument's id, unless the address names it with `?schema=NAME`."""
    address, mark, asked = text.partition("?")
    query = parse_qsl(asked, keep_blank_values=True)
    given = dict(query)
    rest = urlencode([(key, value) for key, value in query if key != "schema"], quote_via=quote)
    return ServerAddress(
        _format_without_password(text, address, given),
        url=f"{address}?{rest}" if mark and rest else address,
        schema=given.get("schema") or make_schema_name(study),
    )


def _format_without_password(text: str, address: str, given: Mapping[str, str]) -> str:
    """`host:port/database`. Where a stray `?` or `/` may have put a part of the password elsewhere, nothing of
    the address.
    """
    named, _, place = address.partition("://")[2].rpartition("@")
    host, _, database = place.partition("/")
    if "/" in named or ("@" in text and not named and "user" not in given):
        return "the database server"
    host = unquote(host) or given.get("host", "")
    database = unquote(database) or given.get("dbname", "") or unquote(named.partition(":")[0])
    return f"{'localhost' if not host or host.startswith('/') else host}/{database}"


def make_schema_name(study: str) -> str:
    """The schema for an instrument's id: the id itself, unless the server keeps that name for itself or can't
    hold it whole.
    """
    if study in ("public", "information_schema", SHARED_SCHEMA) or study.startswith("pg_"):
        return f"study_{study}"[:MAX_IDENTIFIER_BYTES]
    return study[:MAX_IDENTIFIER_BYTES]


def quote_identifier(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'
