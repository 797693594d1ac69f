"""Quick check of a database file while it is opened: a few milliseconds, whatever its size.

It finds pages with foreign content (SQLite itself finds a truncated file). `survey db verify` reads everything. The file
is read through SQLite alone, because opening and closing it here would release SQLite's locks.
"""

from collections.abc import Iterator
from typing import Final

from survey_cli.store.backends.sqlite.connection import SqliteConnector

FULL_CHECK_PAGES: Final = 2_000
"""A file with at most so many pages, some 8 MB, is checked completely."""
TABLES: Final = """
    SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND c.cid = 0
"""


def find_damage(db: SqliteConnector) -> Iterator[str]:
    """Yield a description of visible damage. Raises StoreError where the pages can't be read."""
    [(pages,)] = db.read("PRAGMA page_count")
    if pages <= FULL_CHECK_PAGES:
        [(verdict,)] = db.read("PRAGMA quick_check(1)")
        if verdict != "ok":
            yield str(verdict).strip().splitlines()[-1]
        return
    for table, column in db.read(TABLES):
        for order in ("", " DESC"):
            db.read(f"SELECT count(x) FROM (SELECT {column} AS x FROM {table} ORDER BY 1{order} LIMIT 1)")
