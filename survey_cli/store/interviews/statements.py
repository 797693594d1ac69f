"""SQL statements for instruments and interviews, read from the file of this name in `.sql`."""

from typing import Any

from survey_cli.store.backends.statements import read_statements

globals().update(read_statements(__file__))


def __getattr__(name: str) -> Any:
    raise AttributeError(f"there is no statement {name}")
