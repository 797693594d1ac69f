"""A `survey` in a pseudo-terminal that can be killed: its keys, its screen, its end."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType

import pyte

from crash.script import Stand, stand

WIDTH, HEIGHT = 80, 24
UNKNOWN = (b"\x1b[?2026$p", b"\x1b[>25u", b"\x1b[>1u", b"\x1b[<u", b"\x1b[=1;1u")
"""What pyte would print instead of taking it for a control sequence."""
NOTHING: Mapping[str, str] = MappingProxyType({})
SLOW = 15.0
"""Seconds after which a program that shows nothing is said to hang."""


class Station:
    """One sitting. Forked from the driver, which has everything imported, it starts in no time; `fresh` starts a new
    Python as the command line does. `before` is what is done to the program before it begins."""

    def __init__(
        self,
        arguments: list[str],
        *,
        plain: bool,
        fresh: bool = False,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        environment: Mapping[str, str] = NOTHING,
        before: Callable[[], object] = bool,
    ) -> None:
        self.plain = plain
        self.raw = b""
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(environment)
            _become(arguments, fresh=fresh, size=size, before=before)
        self.ended = False
        self.open = True

    def key(self, keys: str) -> None:
        with suppress(OSError):  # it has ended; what it showed last says how
            os.write(self._terminal, keys.encode())

    def read(self, seconds: float = 0.0) -> bool:
        """Take in what is shown, waiting so long for more; whether there was any."""
        if not self.open or not select.select([self._terminal], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self._terminal, 65536)
        except OSError:  # the other side is closed
            got = b""
        if not got:
            self.ended = True
            return False
        self.raw += got
        if not self.plain:
            for sequence in UNKNOWN:
                got = got.replace(sequence, b"")
            self._stream.feed(got)
        return True

    def drain(self) -> None:
        while self.read():
            pass

    def shown(self) -> str:
        return self.raw.decode(errors="replace") if self.plain else "\n".join(self._screen.display)

    def stand(self) -> Stand | None:
        return stand(self.shown())

    def until(self, wanted: set[Stand] | None = None) -> Stand | None:
        """Wait until it stands anywhere, or at one of these; where it stands, when it does or has ended or hangs."""
        end = time.monotonic() + SLOW
        while not self.ended and time.monotonic() < end:
            at = self.stand()
            if at is not None and (wanted is None or at in wanted):
                return at
            self.read(0.05)
        self.drain()
        return self.stand()

    def shows(self, text: str, seconds: float = SLOW) -> bool:
        """Wait until this is shown, on however many lines; whether it is."""
        end = time.monotonic() + seconds
        while text not in " ".join(self.shown().split()):
            if self.ended or time.monotonic() > end:
                self.drain()
                return text in " ".join(self.shown().split())
            self.read(0.05)
        return True

    def look(self) -> None:
        """Look at a case or an interview that has just come: the full screen uses no key typed before it was seen."""
        if not self.plain:
            time.sleep(0.3)

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def close(self) -> None:
        """The terminal is gone: the window closed, the line dead."""
        if self.open:
            os.close(self._terminal)
            self.open = False

    def end(self, seconds: float = SLOW) -> int | None:
        """Wait for its end; the exit code, the negative of a signal, or None where it had to be killed for hanging."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read(0.0)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.drain()
                return os.waitstatus_to_exitcode(status)
            self.read(0.005) if self.open and not self.ended else time.sleep(0.005)
        self.signal(signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


def _become(
    arguments: list[str], *, fresh: bool, size: tuple[int, int], before: Callable[[], object]
) -> None:
    """In the child: become `survey`, and never return."""
    code = 99
    try:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        if fresh:
            os.execv(sys.executable, [sys.executable, "-m", "survey_cli", *arguments])
        sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
        sys.stdout = sys.__stdout__ = open(1, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
        sys.stderr = sys.__stderr__ = open(2, "w", encoding="utf-8", closefd=False)  # type: ignore[misc]  # noqa: SIM115
        from survey_cli.cli.run_command import run_command

        before()
        code = run_command(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
