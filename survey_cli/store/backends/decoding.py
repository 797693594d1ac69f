"""Errors for stored values that can't be decoded: they name table, row and column, never the value."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from survey_cli.problems import StoreError
from survey_cli.store.backends.errors import RESTORE_COMMAND


@contextmanager
def translate_decoding_errors(where: str, what: str) -> Iterator[None]:
    """Context manager for decoding `what` from a database. Raises StoreError."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise make_decoding_error(where, what) from error


def make_decoding_error(where: str, what: str) -> StoreError:
    """Return the error that says that `what` can't be decoded.

    It does not quote the original error, which may contain an answer.
    """
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
    """Yield a phrase for each text of a SQLite database, or of its columns of one name, that is not UTF-8."""
    tables: dict[str, list[tuple[str, bool]]] = {}
    for table, name, is_key in connection.execute(TEXT_COLUMNS).fetchall():
        tables.setdefault(table, []).append((name, bool(is_key)))
    text_factory, connection.text_factory = connection.text_factory, bytes
    try:
        for table, columns in tables.items():
            checked = [index for index, (name, _) in enumerate(columns) if column in ("", name)]
            keys = [index for index, (_, is_key) in enumerate(columns) if is_key]
            if not checked:
                continue
            rows = connection.execute(f"SELECT {', '.join(name for name, _ in columns)} FROM {table}")
            for row in rows:
                for index in checked:
                    if isinstance(row[index], bytes) and not _is_text(row[index]):
                        identity = ", ".join(f"{columns[key][0]} {_format_key(row[key])}" for key in keys)
                        described = _describe_row(connection, table, row, identity)
                        yield f"the text {columns[index][0]} of {table} ({described})"
    finally:
        connection.text_factory = text_factory


def _describe_row(connection: sqlite3.Connection, table: str, row: Sequence[Any], identity: str) -> str:
    if table != "case_contacts":
        return identity
    cases = connection.execute(CASE_OF_CONTACT, (row[0].decode(errors="replace"),)).fetchall()
    return f"case {_format_key(cases[0][0])}" if cases else identity


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _format_key(value: bytes | int) -> str:
    return str(value) if isinstance(value, int) else value.decode(errors="backslashreplace")
