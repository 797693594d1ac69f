"""The process of a seat: its preparation, its program, and its end.

A seat has its own session, only its own descriptors, an almost empty environment and limits. It
inherits nothing of the other seats or of the terminal in which the server was started.
"""

import fcntl
import gc
import logging
import os
import signal
import socket
import sys
import tempfile
import termios
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from survey_cli.bug_traces import render_bug
from survey_cli.problems import UserError
from survey_cli.process_rights import NOTHING, confine, make_folder_rights
from survey_cli.web.seats import process_limits
from survey_cli.web.seats.messages import encode_line
from survey_cli.web.seats.seat_request import (
    UPDATE_SIGNAL,
    Face,
    SeatProgram,
    SeatRequest,
    SeatSide,
)

FAILED: Final = 1
INTERRUPTED: Final = 130

MEGABYTE: Final = 1024 * 1024
SEAT_MEMORY: Final = 512 * MEGABYTE
"""What a seat may take beyond what it shares with the others."""
DESK_MEMORY: Final = 4096 * MEGABYTE
"""An export holds the whole study."""
MOST_DESCRIPTORS: Final = 256
COLLECTION_THRESHOLDS: Final = (700, 10, 10)
"""A command collects garbage seldom, to start sooner. After thirty interviews, that took a seat 18
MB more."""

TERMINAL_ENVIRONMENT: Final = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LANG": "C.UTF-8",
}
KEPT_VARIABLES: Final = ("SURVEY_LOCAL_FILE_SYSTEMS", "SURVEY_THEME", "TZ")
KEPT_PREFIX: Final = "PG"
"""The variables of PostgreSQL's client: without them a seat would not find the study's server."""


@dataclass(frozen=True, slots=True)
class SeatDescriptors:
    """The descriptors of one seat, as the spawner opened them."""

    log: int
    """Takes lines for the server's log, and the sentence for the person."""
    reports: int
    terminal: int | None = None
    messages: int | None = None
    folder: str = ""
    """The folder for the temporary files of a desk."""


def run_seat(
    program: SeatProgram, request: SeatRequest, descriptors: SeatDescriptors, parent: int
) -> NoReturn:
    """Run the program of a seat in this forked process, then end the process."""
    log = SeatLog(descriptors.log)
    code = FAILED
    try:
        # While signals are still blocked: without a handler, this one ends the process.
        is_updated = _watch_for_update()
        _prepare(request, descriptors, log, parent)
        side = _open_side(descriptors, is_updated)
        code = _run_program(program, request, side, log)
    except BaseException as error:
        log.report_bug(error)
    finally:
        _remove_files(descriptors.folder)
        # Not sys.exit: the frames above belong to the spawner, and it must not go on here.
        _end_process(code)


def _watch_for_update() -> Callable[[], bool]:
    """Take the signal of an update; returns the function that says whether it has come."""
    received: list[int] = []
    signal.signal(UPDATE_SIGNAL, lambda number, _: received.append(number))
    return lambda: bool(received)


def _prepare(
    request: SeatRequest, descriptors: SeatDescriptors, log: "SeatLog", parent: int
) -> None:
    os.setsid()
    _take_streams(descriptors.terminal)
    close_others({0, 1, 2, descriptors.log, descriptors.reports, descriptors.messages})
    # before the signals are let through, which may end the process at once
    reset_signals()
    process_limits.end_with_parent(signal.SIGHUP, parent)

    process_limits.forbid_inspection()
    process_limits.limit_descriptors(MOST_DESCRIPTORS)
    os.umask(0o077)
    if request.face is Face.DESK:
        _remove_files_at_end(descriptors.folder)
        process_limits.limit_memory(DESK_MEMORY)
        confine(make_folder_rights(descriptors.folder))
    else:
        process_limits.limit_memory(SEAT_MEMORY)
        confine(NOTHING)

    _set_environment(request.zone, descriptors.folder)
    _catch_stray_output(log)
    # The generator of `random` has been seeded anew: Python does that after every fork.
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    gc.enable()


def _remove_files_at_end(folder: str) -> None:
    """Have the folder of a desk removed when it is told to end, or the spawner has been killed."""

    def end(number: int, _: object) -> None:
        _remove_files(folder)
        os._exit(128 + number)

    signal.signal(signal.SIGHUP, end)


def _remove_files(folder: str) -> None:
    """Remove the folder of a desk, in which there are only files."""
    if not folder:
        return
    # Not rmtree: it names files by an open folder, which the rights of a desk know nothing of.
    with suppress(OSError):
        for name in os.listdir(folder):
            os.remove(os.path.join(folder, name))
        os.rmdir(folder)


def _take_streams(terminal: int | None) -> None:
    """Make the terminal, or nothing at all, the standard streams of this process."""
    if terminal is None:
        source = os.open(os.devnull, os.O_RDWR)
    else:
        source = terminal
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(source, number)

    # typeshed declares the streams with underscores as final, and a forked seat needs its own.
    sys.stdin = sys.__stdin__ = _open_stream(0, "r")  # type: ignore[misc]
    sys.stdout = sys.__stdout__ = _open_stream(1, "w")  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _open_stream(2, "w")  # type: ignore[misc]


def _open_stream(number: int, mode: str) -> Any:
    return open(number, mode, encoding="utf-8", errors="backslashreplace", closefd=False)


def close_others(kept: Iterable[int | None]) -> None:
    """Close all descriptors of this process but these."""
    kept = set(kept)
    for number in list_descriptors():
        if number not in kept:
            # the one with which the folder was listed is closed already
            with suppress(OSError):
                os.close(number)


def list_descriptors() -> list[int]:
    """Return the numbers of the descriptors that are open in this process."""
    return [int(name) for name in os.listdir("/dev/fd")]


def reset_signals() -> None:
    """Give every signal its effect in a program that was just started."""
    signal.set_wakeup_fd(-1)
    for number in (
        *(signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
        *(signal.SIGTTIN, signal.SIGCONT),
    ):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _set_environment(zone: str, folder: str) -> None:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIX)
    }
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(TERMINAL_ENVIRONMENT)
    if zone:
        os.environ["TZ"] = zone
    time.tzset()
    if folder:
        os.environ["TMPDIR"] = folder
        # what the spawner found before
        tempfile.tempdir = None


def _open_side(descriptors: SeatDescriptors, is_updated: Callable[[], bool]) -> SeatSide:
    messages = None
    if descriptors.messages is not None:
        messages = socket.socket(fileno=descriptors.messages)
    reports = socket.socket(fileno=descriptors.reports)
    return SeatSide(
        reports=reports, messages=messages, folder=descriptors.folder, is_updated=is_updated
    )


def _run_program(program: SeatProgram, request: SeatRequest, side: SeatSide, log: "SeatLog") -> int:
    try:
        return program(request, side)
    except UserError as error:
        log.tell(str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else FAILED
    except MemoryError as error:
        log.report_bug(error)
        log.tell("this seat needed more memory than a seat may have — open it again")
    except Exception as error:
        log.report_bug(error)
        kind = type(error).__name__
        log.tell(
            f"this is a bug in survey ({kind}); what was confirmed is stored — open the seat again"
        )
    return FAILED


def _end_process(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code & 0xFF)


class SeatLog:
    """Tells the spawner what belongs into the server's log, and what the person should read.

    The log gets no messages of exceptions, because they can contain answers.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        # a spawner that doesn't read must not hold up an interview
        os.set_blocking(descriptor, False)

    def tell(self, sentence: str) -> None:
        """Tell the person why the seat ends."""
        self._write("sentence", sentence)

    def report(self, line: str) -> None:
        """Write a line to the log. It must contain no answers."""
        self._write("log", line)

    def report_bug(self, bug: BaseException) -> None:
        """Write to the log where an exception was raised."""
        for line in render_bug(bug):
            self.report(line)

    def _write(self, kind: str, text: str) -> None:
        with suppress(OSError):
            os.write(self._descriptor, encode_line({kind: text[:1000]}))


class _LogHandler(logging.Handler):
    """Writes what libraries log to the server's log, without their messages."""

    def __init__(self, log: SeatLog) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.report(f"{record.levelname.lower()} of {record.name}")
        if record.exc_info and record.exc_info[1]:
            self._log.report_bug(record.exc_info[1])


def _catch_stray_output(log: SeatLog) -> None:
    """Send to the log what Python would print on the person's screen."""

    def report_exception(_: Any, error: BaseException, *__: Any) -> None:
        log.report_bug(error)

    def report_of_thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            log.report_bug(arguments.exc_value)

    def report_unraisable(arguments: "sys.UnraisableHookArgs") -> None:
        if arguments.exc_value is not None:
            log.report_bug(arguments.exc_value)

    sys.excepthook = report_exception
    threading.excepthook = report_of_thread
    sys.unraisablehook = report_unraisable
    logging.lastResort = None
    logging.getLogger().handlers = [_LogHandler(log)]
    warnings.simplefilter("ignore")
