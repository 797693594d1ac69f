"""A full-screen program as its user sees it: in a pseudo-terminal of 80×24.

A key goes in, and the moment counts at which the awaited text has come out.
"""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import termios
from collections.abc import Sequence
from time import perf_counter
from types import TracebackType
from typing import Final

QUIET: Final = 0.004
"""Seconds without output after which the screen is taken to be at rest."""
PATIENCE: Final = 60.0
"""Seconds for which a text is awaited."""


class Terminal:
    """One program in a pseudo-terminal."""

    def __init__(self, command: Sequence[str]) -> None:
        self.started = perf_counter()
        self.seen = b""
        """What has come out since the last key."""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
            try:
                os.execve(command[0], list(command), environment)
            finally:
                os._exit(127)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.fd)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def until(self, awaited: str) -> float:
        """Read until the text has come out, and return the moment at which it had.

        Raises TimeoutError with the last output.
        """
        wanted = awaited.encode()
        end = perf_counter() + PATIENCE
        while wanted not in self.seen:
            if not self._read(end - perf_counter()):
                raise TimeoutError(f"{awaited!r} did not come: {self.seen[-2000:]!r}")
        return perf_counter()

    def rest(self, quiet: float = QUIET) -> None:
        """Read until nothing more comes."""
        while self._read(quiet):
            pass

    def key(self, keys: str, awaited: str) -> float:
        """Return the seconds from the key to the awaited text; then the screen comes to rest."""
        self.seen = b""
        start = perf_counter()
        os.write(self.fd, keys.encode())
        took = self.until(awaited) - start
        self.rest()
        return took

    def _read(self, seconds: float) -> bool:
        """Read once, for so long at most; say whether something came."""
        ready, _, _ = select.select([self.fd], [], [], max(seconds, 0))
        if not ready:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            # The program has ended.
            return False
        self.seen += got
        return bool(got)
