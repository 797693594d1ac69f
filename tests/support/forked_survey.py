"""`survey` in a process of its own, forked from one that has every module imported: it starts in 20 ms instead of 400.

Everything else is as in a program that was started: its environment, its folder, its streams or its terminal.
"""

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from json import dumps
from pathlib import Path
from typing import IO, Any

from pexpect.fdpexpect import fdspawn

from support.programs import Program, fork_program

PRELUDE = """
import importlib, pkgutil, survey_cli
for _module in pkgutil.walk_packages(survey_cli.__path__, "survey_cli."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)
import gc
gc.freeze()
"""
BEGIN = """
import json, os, sys, time

_terminal, _environment, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = "survey"
if _terminal == "terminal":
    import fcntl, termios
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.environ.clear()
os.environ.update(json.loads(_environment))
time.tzset()
sys.stdin = sys.__stdin__ = open(0, closefd=False)
sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)
sys.stderr = sys.__stderr__ = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)
"""
"""What a new Python does: the arguments of a script are its kind of streams, its environment, and its own arguments."""
SURVEY_MAIN = """
from survey_cli.cli import main
main()
"""
HANGUP_SECONDS = 2.0
"""A program whose terminal was closed has so long to end."""


def run_forked_survey(
    *arguments: str | bytes,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    keyed: str = "",
    before: str = "",
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run a command at pipes until its end; `before` is Python that is run before it begins."""
    words = [os.fsdecode(argument) for argument in arguments]
    program = start_forked_survey(*words, folder=folder, environment=environment, before=before)
    output, errors = program.communicate(keyed, timeout)
    return subprocess.CompletedProcess(words, program.wait(), output, errors)


def start_forked_survey(
    *arguments: str,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    before: str = "",
) -> Program:
    """Start a command at pipes, which can be killed; `before` is Python that is run before it begins."""
    given = dumps(dict(os.environ if environment is None else environment))
    script = BEGIN + before + SURVEY_MAIN
    return Program(PRELUDE, script, ["pipes", given, *arguments], cwd=folder)


class ForkedTerminal(fdspawn):
    """A program that was forked at a pseudo-terminal, as `pexpect.spawn` starts one."""

    def __init__(self, reports: IO[str], terminal: int, **how: Any) -> None:
        """`reports` is what `fork_program` returned."""
        super().__init__(terminal, **how)
        self.delaybeforesend: float | None = 0.05
        """Seconds before keys are sent, as `pexpect.spawn` has it: a program that has just asked may not yet listen."""
        self.exitstatus: int | None = None
        """Its exit code; that of a program ended by a signal is negative."""
        self._reports = reports
        self.pid = int(self._reports.readline())

    def send(self, s: str | bytes) -> int:
        """Type a text."""
        time.sleep(self.delaybeforesend or 0)
        return int(super().send(s))

    def isalive(self) -> bool:
        if self.exitstatus is None and select.select([self._reports], [], [], 0)[0]:
            self.wait()
        return self.exitstatus is None

    def wait(self) -> int:
        """Wait for its end; return its exit code."""
        if self.exitstatus is None:
            self.exitstatus = int(self._reports.readline())
            self._reports.close()
        return self.exitstatus

    def kill(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close(self, force: bool = True) -> None:
        """Close its terminal, and kill it if that doesn't end it."""
        if self.closed:
            return

        super().close()
        if (
            self.exitstatus is None
            and not select.select([self._reports], [], [], HANGUP_SECONDS)[0]
        ):
            self.kill(signal.SIGKILL)
        self.wait()


def fork_on_terminal(
    prelude: str,
    script: str,
    arguments: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    size: tuple[int, int] = (24, 80),
    echo: bool = True,
    **how: Any,
) -> ForkedTerminal:
    """Fork a Python program that begins with this script, with a pseudo-terminal as its controlling terminal."""
    terminal, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    if not echo:
        modes = termios.tcgetattr(theirs)
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, modes)

    given = dumps(dict(os.environ if environment is None else environment))
    streams = [theirs, os.dup(theirs), os.dup(theirs)]
    reports = fork_program(
        prelude, BEGIN + script, ["terminal", given, *arguments], folder or Path.cwd(), streams
    )
    return ForkedTerminal(reports, terminal, **how)


def spawn_survey(*arguments: str, **how: Any) -> ForkedTerminal:
    """Start `survey` at a terminal of its own."""
    return fork_on_terminal(PRELUDE, SURVEY_MAIN, arguments, **how)
