"""What becomes of one command, whatever happens: an exit code, and at most one plain line of why.

It draws no result. A bug ends in a report file without anybody's answers, never in a traceback on the screen.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import EBADF
from typing import TextIO

import typer

from survey_cli.cli.output.terminal import FAILED, MISUSED, PIPE_CLOSED, Settled, say

INTERRUPTED = 130
"""130 as shells have it: 128 and the number of SIGINT."""

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer keeps its parser to itself


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code."""
    _stream()
    try:
        code = _settled(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        code = _failed(error)
    if code != 0:
        _last_flush()
    return code


def _stream() -> None:
    """Every stream is there, and no text is too strange for it."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, _closed(name))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _closed(name: str) -> TextIO:
    """In place of a stream that is not there: nothing to read; results that are written fail as they are flushed, and
    notices go nowhere."""
    mode = os.O_WRONLY if name == "stderr" else os.O_RDONLY
    return open(os.open(os.devnull, mode), "r" if name == "stdin" else "w")


def _settled(arguments: Sequence[str]) -> int:
    """The exit code of the command; it is run again after each question that was settled at the terminal."""
    while True:
        try:
            return _run(arguments)
        except Settled:
            continue


def _run(arguments: Sequence[str]) -> int:
    from survey_cli.cli.app import app_for

    try:
        code = app_for(next(iter(arguments), ""))(list(arguments), prog_name="survey", standalone_mode=False)
    except _UsageError as error:
        return _misused(error)
    except typer.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _misused(error: Exception) -> int:
    """Say what was not understood, and where it is explained."""
    near = getattr(error, "possibilities", None) or ()
    message = error.message if near else error.format_message()  # type: ignore[attr-defined]
    message = message.replace("Value error, ", "")  # how typer's own validator begins
    what, _, suggested = message.strip().rstrip(".").partition(". Did you mean ")
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "survey")
    suggested = suggested.rstrip("?").replace(", ", " or ") or " or ".join(map(repr, sorted(near)))
    remedy = f"did you mean {suggested}?" if suggested else f"`{command} --help` says how"
    say(f"{command}: {what[:1].lower()}{what[1:]} — {remedy}")
    return MISUSED


def _failed(error: Exception) -> int:
    """A broken world says so in its own words; anything else is our mistake."""
    if all(isinstance(getattr(error, beat, None), str) for beat in ("where", "what", "remedy")):
        say(str(error))
    elif isinstance(error, OSError) and error.errno == EBADF:
        say("standard output: it is closed, so the result went nowhere — open it, or name a file")
    elif isinstance(error, OSError) and error.strerror:
        where = error.filename if isinstance(error.filename, str) else "survey"
        say(f"{where}: {error.strerror.lower()} — see to that, then give the command again")
    else:
        from survey_cli.cli.crash_report import reported

        say(reported(error))
    return FAILED


def _last_flush() -> None:
    """Let the interpreter's last flush go nowhere where nobody takes it."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
