"""A station at a terminal of its own, in a process that can be killed: its keys, and what it shows."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pexpect
import pyte

from support.forked_survey import ForkedTerminal, spawn_survey
from support.shift import Shift

WIDTH, HEIGHT = 80, 24
LONG = 15.0
"""Seconds after which what was expected will not come."""
UNKNOWN = (b"\x1b[?2026$p", b"\x1b[>25u", b"\x1b[>1u", b"\x1b[<u", b"\x1b[=1;1u")
"""What pyte would print instead of taking it for a control sequence."""


class StationTerminal:
    """The terminal of one program."""

    def __init__(self, program: ForkedTerminal, *, plain: bool) -> None:
        self._program = program
        self._is_plain = plain
        self._printed = ""
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.ByteStream(self._screen)

    def key(self, keys: str) -> None:
        """Type keys, once what came last was seen: the full screen uses no key typed before it."""
        if not self._is_plain:
            time.sleep(0.3)
        self._program.send(keys)

    def text(self) -> str:
        """What is shown, or was printed so far, with single blanks."""
        shown = self._printed if self._is_plain else "\n".join(self._screen.display)
        return " ".join(shown.split())

    def shows(self, wanted: str, seconds: float = LONG) -> bool:
        """Wait until this is shown; whether it is."""
        end = time.monotonic() + seconds
        while wanted not in self.text():
            if time.monotonic() > end or not self._read():
                return wanted in self.text()
        return True

    def _read(self) -> bool:
        """Read what is painted now; whether the program still paints."""
        try:
            read = self._program.read_nonblocking(65536, timeout=0.05)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        if self._is_plain:
            self._printed += read.decode(errors="replace")
            return True
        for sequence in UNKNOWN:
            read = read.replace(sequence, b"")
        self._stream.feed(read)
        return True

    def end(self, number: int) -> int:
        """End the program by a signal; return its exit code."""
        self._program.kill(number)
        deadline = time.monotonic() + LONG
        while self._program.isalive() and time.monotonic() < deadline:
            # a program whose output nobody reads can't end
            self._read()
        assert not self._program.isalive()
        return self._program.wait()


@contextmanager
def open_at_terminal(
    shift: Shift, *options: str, plain: bool = False, by: str = "ann", name: str = "desk 1"
) -> Iterator[StationTerminal]:
    """Open a station of this study, which is killed at last."""
    arguments = ["station", str(shift.file), "--db", shift.db, "--interviewer", by]
    arguments += ["--station", name, "--clock-is-right", *options]
    if plain:
        arguments.append("--plain")
    program = spawn_survey(*arguments, environment={"TERM": "xterm-256color", "PATH": "/usr/bin"})
    try:
        yield StationTerminal(program, plain=plain)
    finally:
        program.kill(signal.SIGKILL)
        with suppress(OSError):
            program.close()
