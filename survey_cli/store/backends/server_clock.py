"""Clock of a database server, extrapolated between its replies by this computer's steady clock.

The wall clock of this computer is never read: it may be wrong, or be set during an interview.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_STEADY = getattr(time, "CLOCK_BOOTTIME", None)
"""A clock that continues while the computer sleeps, where the system has one."""


def read_steady_clock() -> float:
    """Return the seconds since some time. This clock is never set and never goes back."""
    return time.clock_gettime(_STEADY) if _STEADY is not None else time.monotonic()  # noqa: TID251 - a duration


class ServerClock:
    """Clock that returns the server's time after it was synchronized once."""

    def __init__(self, seconds: Callable[[], float] = read_steady_clock) -> None:
        self.seconds = seconds
        self._server: datetime | None = None
        self._synchronized_at = 0.0

    def synchronize(self, server: datetime, *, sent: float) -> None:
        """Set the server's time, which came with the reply to a message sent at `sent`: it is that of the middle."""
        received = self.seconds()
        self._server, self._synchronized_at = server.astimezone(UTC), (sent + received) / 2

    def now(self) -> datetime:
        """Return the server's time, in UTC."""
        if self._server is None:
            raise RuntimeError("the clock is not synchronized yet")
        return self._server + timedelta(seconds=self.seconds() - self._synchronized_at)
