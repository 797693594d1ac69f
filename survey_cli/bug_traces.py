"""Traces of bugs, without the messages of exceptions, which may contain answers."""

import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent


def render_bug(bug: BaseException) -> Iterator[str]:
    """Yield the lines of a trace: what was raised and where, and what had led to it.

    They have types of exceptions and positions in the code, no values.
    """
    error: BaseException | None = bug
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        kind = type(error)
        yield f"{kind.__module__}.{kind.__qualname__} (its message is left out)"
        for frame in traceback.extract_tb(error.__traceback__):
            where = f"{_format_path(frame.filename)}:{frame.lineno} in {frame.name}"
            yield f"  {where}: {frame.line or ''}"
        error = error.__cause__ or error.__context__


def _format_path(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(PACKAGE):
        return str(path.relative_to(PACKAGE.parent))
    return "/".join(path.parts[-2:])
