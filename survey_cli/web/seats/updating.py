"""The update of a running server: the spawner becomes the new version of the program in its place.

It keeps its process number, so the seats stay its children, and their descriptors stay open. What
they are is in a file without a name, of which the new program inherits the descriptor.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final

from survey_cli.web.seats.seat_process import close_others, reset_signals
from survey_cli.web.seats.seat_request import UPDATE_SIGNAL

DESCRIPTOR_VARIABLE: Final = "_SURVEY_HANDOVER_DESCRIPTOR"
"""The number of the file's descriptor, and nothing of its content."""
CHECK_OPTION: Final = "--check-start"
"""Has `survey serve` check that it could start, and end."""
CHECK_PATIENCE: Final = 90.0
"""Seconds in which the new version can show that it starts."""
MOST_LETTERS: Final = 1000
"""The longest reason why the new version can't start."""


@dataclass(frozen=True, slots=True)
class Handover:
    """What the version before has handed over."""

    spawner: Mapping[str, Any] = field(default_factory=dict)
    """Its seats and its web, as `Spawner` describes them."""
    locks: Mapping[str, int] = field(default_factory=dict)
    """The descriptors of the files that lock the studies, by their paths."""


@dataclass(frozen=True, slots=True)
class Updating:
    """How this server is updated while it runs."""

    locks: Mapping[str, int]
    """The descriptors that hold the locks of the studies: they must not be closed meanwhile."""
    before: Handover | None = None
    """What the version before has handed over; None if this program was started."""


def read_command() -> list[str]:
    """Return the command with which this program was started."""
    return [sys.executable, *sys.orig_argv[1:]]


def execute_anew(
    spawner: Mapping[str, Any], descriptors: Iterable[int], locks: Mapping[str, int]
) -> None:
    """Become the new version of the program. It returns only by raising OSError."""
    content = {"process": os.getpid(), "spawner": spawner, "locks": dict(locks)}
    with _open_nameless_file() as file:
        json.dump(content, file)
        file.flush()
        file.seek(0)

        kept = {file.fileno(), *descriptors, *locks.values()}
        command = read_command()
        os.environ[DESCRIPTOR_VARIABLE] = str(file.fileno())
        # The new program can't take this signal at first, and it would end it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, (UPDATE_SIGNAL,))
        _set_inheritable(kept, True)
        try:
            os.execv(command[0], command)
        finally:
            _set_inheritable(kept, False)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            del os.environ[DESCRIPTOR_VARIABLE]


def _open_nameless_file() -> IO[str]:
    """Open a file that only this process and the next program have."""
    if hasattr(os, "memfd_create"):
        nameless = os.memfd_create("survey-handover")
        return open(nameless, "w+", encoding="utf-8", errors="replace")
    return tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")


def _set_inheritable(descriptors: Iterable[int], is_inheritable: bool) -> None:
    for descriptor in descriptors:
        os.set_inheritable(descriptor, is_inheritable)


def take_handover() -> Handover | None:
    """Return what the version before has handed over to this process; None if it was started."""
    number = os.environ.pop(DESCRIPTOR_VARIABLE, "")
    if not number.isdecimal() or int(number) <= 2:
        return None
    try:
        with open(int(number), encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError):
        return None
    # Another program that inherits the variable is no new version of that process.
    is_for_us = isinstance(content, dict) and content.get("process") == os.getpid()
    if not is_for_us:
        return None

    handover = Handover(content["spawner"], content["locks"])
    _set_inheritable(handover.locks.values(), False)
    return handover


class StartCheck:
    """The new version of the program, started for a moment to see whether it can start."""

    def __init__(self) -> None:
        self.process = 0
        self._output = _open_nameless_file()

    def become(self) -> None:
        """Be that program, in a process that was forked for it. Returns only if that fails."""
        os.setsid()
        reset_signals()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        for number in (1, 2):
            os.dup2(self._output.fileno(), number)
        close_others({0, 1, 2})
        command = [*read_command(), CHECK_OPTION]
        with suppress(OSError):
            os.execv(command[0], command)
        os.write(2, b"the program is not there\n")

    def read_reason(self) -> str:
        """Return why it can't start: the last line that it has written."""
        self._output.seek(0)
        lines = self._output.read().split("\n")
        written = [line.strip() for line in lines if line.strip()]
        if not written:
            return "it said nothing"
        return written[-1][:MOST_LETTERS]

    def close(self) -> None:
        """Forget what it has written."""
        self._output.close()
