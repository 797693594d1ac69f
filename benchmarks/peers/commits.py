"""Raw commits: one row at a time, durable (WAL, synchronous=FULL)."""

import sqlite3
from pathlib import Path


class Commits:
    """A connection that commits one answer at a time."""

    def __init__(self, path: Path, station: int = 0) -> None:
        self.station = station
        self.seq = 0
        self.db = sqlite3.connect(path, isolation_level=None, timeout=5)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS answers (station INTEGER, seq INTEGER, item TEXT, "
            "value INTEGER, at TEXT, PRIMARY KEY (station, seq)) WITHOUT ROWID"
        )

    def commit(self) -> None:
        self.seq += 1
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?)",
            (self.station, self.seq, f"q{self.seq}", self.seq % 5, "2026-11-24T12:00:00.000000Z"),
        )
        self.db.execute("COMMIT")
