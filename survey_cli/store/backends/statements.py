"""SQL statements in files beside the modules that run them, portable between SQLite and PostgreSQL.

A statement begins with a line `-- name: NAME`; other comments are left out. `{NAME}` stands for an
earlier statement, or a part of one; the name of a part begins with `_`.

A statement with `{lock}` or `{skip}` differs between the two: a server locks the rows that it
selects, or skips those that others are changing. In SQLite there is only one writer at a time. Such
a statement is a mapping by dialect, `sql.CLAIM[dialect]`; any other one is a text, `sql.ROW`.
"""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

LOCKS: Final = {"{lock}": " FOR UPDATE", "{skip}": " FOR UPDATE SKIP LOCKED"}


def read_statements(module: str) -> SimpleNamespace:
    """Read the statements beside a module by name, or by name and dialect if they differ."""
    statements: dict[str, Any] = {}
    text = re.sub(
        r"(?m)^--(?! name: ).*$", "", Path(module).with_suffix(".sql").read_text(encoding="utf-8")
    )
    for section in text.split("-- name: ")[1:]:
        name, _, body = section.partition("\n")
        statement = re.sub(r"\{([A-Z_]+)\}", lambda match: str(statements[match[1]]), body.strip())
        statements[name] = statement

        # a part keeps its mark, for the statements that contain it
        for mark, lock in LOCKS.items():
            if mark in statement and not name.startswith("_"):
                statements[name] = {
                    "sqlite": statement.replace(mark, ""),
                    "postgresql": statement.replace(mark, lock),
                }
    return SimpleNamespace(**statements)
