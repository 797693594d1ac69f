"""A bare loop that draws, checks and lists answers; and bare rows into SQLite."""

import sqlite3
from random import Random
from typing import NamedTuple


class Item(NamedTuple):
    id: str
    codes: frozenset[int]


def items(count: int) -> list[Item]:
    return [Item(f"q{n}", frozenset((1, 2, 3, 4, 5))) for n in range(1, count + 1)]


def session(asked: list[Item], dice: Random) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """One interview: the answers, and the history of what was entered."""
    answers: dict[str, int] = {}
    history: list[tuple[str, int]] = []
    for item in asked:
        value = 1 + int(dice.random() * 5)
        if value not in item.codes:
            raise ValueError(item.id)
        answers[item.id] = value
        history.append((item.id, value))
    return answers, history


def sessions(asked: list[Item], count: int, seed: int) -> int:
    dice = Random(seed)
    entered = 0
    for _ in range(count):
        entered += len(session(asked, dice)[1])
    return entered


def rows(path: str, count: int, per_interview: int) -> None:
    """Rows of so many interviews, 1,000 of them a commit."""
    with sqlite3.connect(path, isolation_level=None) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute(
            "CREATE TABLE IF NOT EXISTS answers "
            "(interview TEXT, seq INTEGER, item TEXT, value INTEGER)"
        )
        for first in range(0, count, 1000):
            db.execute("BEGIN")
            db.executemany(
                "INSERT INTO answers VALUES (?, ?, ?, ?)",
                (
                    (f"i{n}", seq, f"q{seq}", 1 + seq % 5)
                    for n in range(first, min(first + 1000, count))
                    for seq in range(1, per_interview + 1)
                ),
            )
            db.execute("COMMIT")
    db.close()
