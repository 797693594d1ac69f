"""Errors for stored values that can't be decoded: they name table, row and column, never the value."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from survey_cli.store.backends.errors import RESTORE_COMMAND, StoreError


@contextmanager
def translate_decoding_errors(where: str, what: str) -> Iterator[None]:
    """Around the reading of `what` from a database. Raises StoreError."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise make_decoding_error(where, what) from error


def make_decoding_error(where: str, what: str) -> StoreError:
    """What is said where `what` cannot be read: not the error, which may quote an answer."""
    return StoreError(
        where,
        f"{what} can't be read",
        f"check the database: survey db verify FILE; if it is damaged, restore the latest backup: {RESTORE_COMMAND}",
    )


TEXT_COLUMNS: Final = """
    SELECT t.name, c.name, c.pk FROM sqlite_master t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND (c.type = 'TEXT' OR c.pk > 0) ORDER BY t.name, c.cid
"""
CASE_OF_CONTACT: Final = "SELECT key FROM cases WHERE link = ?"


def find_undecodable_texts(connection: sqlite3.Connection, column: str = "") -> Iterator[str]:
    """The texts of a SQLite database (or of its columns of one name) that are not UTF-8, one phrase for each."""
    tables: dict[str, list[tuple[str, bool]]] = {}
    for table, name, key in connection.execute(TEXT_COLUMNS).fetchall():
        tables.setdefault(table, []).append((name, bool(key)))
    usual, connection.text_factory = connection.text_factory, bytes
    try:
        for table, columns in tables.items():
            wanted = [at for at, (name, _) in enumerate(columns) if column in ("", name)]
            keys = [at for at, (_, key) in enumerate(columns) if key]
            if not wanted:
                continue
            rows = connection.execute(f"SELECT {', '.join(name for name, _ in columns)} FROM {table}")
            for row in rows:
                for at in wanted:
                    if isinstance(row[at], bytes) and not _is_text(row[at]):
                        identity = ", ".join(f"{columns[key][0]} {_format_key(row[key])}" for key in keys)
                        yield f"the text {columns[at][0]} of {table} ({_describe_row(connection, table, row, identity)})"
    finally:
        connection.text_factory = usual


def _describe_row(connection: sqlite3.Connection, table: str, row: Sequence[Any], identity: str) -> str:
    if table != "case_contacts":
        return identity
    found = connection.execute(CASE_OF_CONTACT, (row[0].decode(errors="replace"),)).fetchall()
    return f"case {_format_key(found[0][0])}" if found else identity


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _format_key(value: bytes | int) -> str:
    return str(value) if isinstance(value, int) else value.decode(errors="backslashreplace")
