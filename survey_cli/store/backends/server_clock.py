"""Clock of a database server, extrapolated between its replies by this computer's steady clock.

The wall clock of this computer is never read: it may be wrong, or be set during an interview.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_STEADY = getattr(time, "CLOCK_BOOTTIME", None)
"""Goes on while the computer sleeps, where the system has such a clock."""


def read_steady_clock() -> float:
    """Seconds since some moment; never set, never going back."""
    return time.clock_gettime(_STEADY) if _STEADY is not None else time.monotonic()  # noqa: TID251 - a duration


class ServerClock:
    """Reads the server's time at any moment after it was noted once."""

    def __init__(self, seconds: Callable[[], float] = read_steady_clock) -> None:
        self.seconds = seconds
        self._server: datetime | None = None
        self._synchronized_at = 0.0

    def synchronize(self, server: datetime, *, sent: float) -> None:
        """The server's time came with the reply to what was sent then: it is taken for that of half way."""
        received = self.seconds()
        self._server, self._synchronized_at = server.astimezone(UTC), (sent + received) / 2

    def now(self) -> datetime:
        """The server's time, in UTC."""
        if self._server is None:
            raise RuntimeError("the server's time was not noted yet")
        return self._server + timedelta(seconds=self.seconds() - self._synchronized_at)
