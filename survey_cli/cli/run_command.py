"""Execution of one command: its exit code, and in plain lines why it failed.

It prints no result. A bug ends in a crash report without answers, never in a traceback on the
screen.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from errno import EBADF
from typing import TextIO

import typer

from survey_cli import __version__
from survey_cli.bug_traces import render_bug
from survey_cli.cli.output.terminal import FAILED, MISUSED, PIPE_CLOSED, RETRY, report_error, say
from survey_cli.problems import UserError

INTERRUPTED = 130
"""As in shells: 128 and the number of SIGINT."""

# Typer does not export the base class of its parser's exceptions.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


def run_command(arguments: Sequence[str]) -> int:
    """Run one command. Returns its exit code."""
    _prepare_streams()
    try:
        code = _run_once(arguments)
        while code == RETRY:
            code = _run_once(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = PIPE_CLOSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except Exception as error:
        code = _report_failure(error)
    if code != 0:
        _discard_last_flush()
    return code


def _prepare_streams() -> None:
    """Make sure that every stream exists and accepts any text."""
    for name in ("stdin", "stdout", "stderr"):
        # A calling process may close one.
        if getattr(sys, name) is None:
            setattr(sys, name, _open_null_stream(name))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _open_null_stream(name: str) -> TextIO:
    """Open a substitute for a closed stream.

    There is nothing to read, writing results fails when they are flushed, and notices are
    discarded.
    """
    access = os.O_WRONLY if name == "stderr" else os.O_RDONLY
    descriptor = os.open(os.devnull, access)
    if name == "stdin":
        return open(descriptor)
    return open(descriptor, "w")


def _run_once(arguments: Sequence[str]) -> int:
    from survey_cli.cli.app import select_app
    from survey_cli.cli.command_table import COMMANDS

    first_word = arguments[0] if arguments else ""
    if first_word not in COMMANDS and not _is_for_the_app(first_word):
        return _run_other_word(arguments)

    try:
        code = select_app(first_word)(list(arguments), prog_name="survey", standalone_mode=False)
    except _UsageError as error:
        from survey_cli.cli.misuse import describe_misuse

        say(*describe_misuse(error, arguments))
        return MISUSED
    except UserError as error:
        return report_error(error)
    except typer.Abort:
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _is_for_the_app(first_word: str) -> bool:
    """Return whether the first word is an option of the program, or a shell completes the line."""
    from survey_cli.cli.app import COMPLETION_VARIABLE, OWN_OPTIONS

    return first_word in OWN_OPTIONS or COMPLETION_VARIABLE in os.environ


def _run_other_word(arguments: Sequence[str]) -> int:
    """Answer a first word that isn't a command, or run what it means: `help check`."""
    from survey_cli.cli.first_word import answer_first_word, replace_help_words

    meant = replace_help_words(arguments)
    if meant != list(arguments):
        return _run_once(meant)
    say(*answer_first_word(arguments[0], arguments[1:]))
    return MISUSED


def _report_failure(error: Exception) -> int:
    """Print known errors in their own words; write a crash report for all others."""
    if isinstance(error, OSError) and error.errno == EBADF:
        say("standard output: it is closed, so the result was lost — open it, or specify a file")
    elif isinstance(error, OSError) and error.strerror:
        where = error.filename if isinstance(error.filename, str) else "survey"
        say(f"{where}: {error.strerror.lower()} — fix the cause, then run the command again")
    else:
        say(write_crash_report(error))
    return FAILED


def _discard_last_flush() -> None:
    """Discard what the interpreter would flush at exit, since nothing can receive it."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run_full_screen(act: Callable[[], None]) -> bool:
    """Run a full-screen interface. If it fails, print why and return False."""
    from survey_cli.tui import ScreenError

    try:
        act()
    except ScreenError as error:
        say(error, write_crash_report(error.__cause__ or error))
        return False
    return True


def write_crash_report(bug: BaseException) -> str:
    """Write a crash report for maintainers into a temporary file. Returns the line to print.

    It has types of errors and positions in the code. It leaves out every message, value and
    argument, since they may contain answers.
    """
    import tempfile

    text = "\n".join(_render_report(bug)) + "\n"
    try:
        descriptor, name = tempfile.mkstemp(prefix="survey-bug-", suffix=".txt")
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        remedy = f"please report it with the file {name}, which contains no answers"
    except OSError:
        remedy = "please report it and what you did before it (no report file could be written)"
    return f"survey: this is a bug in survey ({type(bug).__name__}) — {remedy}"


def _render_report(bug: BaseException) -> Iterator[str]:
    """Yield the lines of a crash report."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield f"survey {__version__}, Python {version}, {sys.platform}"
    yield f"command: {_name_command(sys.argv[1:])}"

    yield ""
    yield from render_bug(bug)


def _name_command(arguments: Sequence[str]) -> str:
    """Return the command's name and those of its options, without their values."""
    names = [word for word in arguments[:1] if word.isalpha()]
    names += [word.partition("=")[0] for word in arguments if word.startswith("--")]
    return " ".join(names) or "(none)"
