"""Crash report for maintainers: types of errors and positions in the code.

It leaves out every message, value and argument, since they may contain answers.
"""

import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from survey_cli import __version__
from survey_cli.cli.output.terminal import say

PACKAGE = Path(__file__).parent.parent


def run_full_screen(act: Callable[[], None]) -> bool:
    """Run a full-screen interface. Where it fails, print why and return False."""
    from survey_cli.tui import ScreenError

    try:
        act()
    except ScreenError as error:
        say(str(error))
        say(write_crash_report(error.__cause__ or error))
        return False
    return True


def write_crash_report(bug: BaseException) -> str:
    """Write the report into a temporary file. Returns the line to print."""
    text = "\n".join(_render_report(bug)) + "\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="survey-bug-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        remedy = f"please report it with the file {file.name}, which contains no answers"
    except OSError:
        remedy = "please report it and what you did before it (no report file could be written)"
    return f"survey: this is a bug in survey ({type(bug).__name__}) — {remedy}"


def _render_report(bug: BaseException) -> Iterator[str]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield f"survey {__version__}, Python {version}, {sys.platform}"
    arguments = sys.argv[1:]  # the command's name and those of its options, without their values
    names = [a for a in arguments[:1] if a.isalpha()] + [a.partition("=")[0] for a in arguments if a.startswith("--")]
    yield f"command: {' '.join(names) or '(none)'}"
    error: BaseException | None = bug
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield ""
        yield f"{type(error).__module__}.{type(error).__qualname__} (its message is left out)"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {_format_path(frame.filename)}:{frame.lineno} in {frame.name}: {frame.line or ''}"
        error = error.__cause__ or error.__context__


def _format_path(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(PACKAGE):
        return str(path.relative_to(PACKAGE.parent))
    return "/".join(path.parts[-2:])
