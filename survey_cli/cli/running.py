"""What becomes of one command, whatever happens: an exit code, and at most one plain line of why.

It draws no result. A bug ends in a report file without anybody's answers, never in a traceback on the screen.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import typer

from survey_cli.cli.terminal import printable, say

USAGE, INTERRUPTED, PIPE_CLOSED = 2, 130, 141
"""As shells have it: 128 and the number of the signal (2 SIGINT, 13 SIGPIPE)."""

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer keeps its parser to itself


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    if code == PIPE_CLOSED:
        _quiet(sys.stdout)
    return code


def _run(arguments: Sequence[str]) -> int:
    from survey_cli.cli.app import app

    try:
        code = app(list(arguments), prog_name="survey", standalone_mode=False)
    except _UsageError as error:
        return _misused(error)
    except typer.Abort:
        return INTERRUPTED
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except Exception as bug:
        return _failed(bug)
    return code if isinstance(code, int) else 0


def _misused(error: Exception) -> int:
    """Say what was not understood, and where it is explained."""
    near = getattr(error, "possibilities", None) or ()
    message = error.message if near else error.format_message()  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # how typer's own validator begins
    what, _, suggested = message.strip().rstrip(".").partition(". Did you mean ")
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "survey")
    suggested = suggested.rstrip("?").replace(", ", " or ") or " or ".join(
        repr(option) for option in sorted(near)
    )
    remedy = f"did you mean {suggested}?" if suggested else f"`{command} --help` says how"
    say(f"{command}: {what[:1].lower()}{what[1:]} — {remedy}")
    return USAGE


def _failed(error: Exception) -> int:
    """A broken world says so in its own words; anything else is our mistake."""
    if all(isinstance(getattr(error, beat, None), str) for beat in ("where", "what", "remedy")):
        say(printable(str(error)))
        return 1
    from survey_cli.cli.report import reported

    for line in reported(error):
        say(line)
    return 1


def _quiet(stream: object) -> None:
    """Nobody reads any more: let the interpreter's last flush go nowhere."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[attr-defined]
