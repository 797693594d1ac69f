"""Limits of one case: its processor time, and the memory of a search."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 6
"""Processor time for one case; the largest instruments made here take a tenth of it."""
MEMORY = 2 << 30
"""Bytes of address space that a whole hunt may have."""


class TooLong(BaseException):
    """Not an Exception, so that nothing on the way takes it for an ordinary error."""


@contextmanager
def limited(seconds: float = SECONDS) -> Iterator[None]:
    """Fails with an AssertionError where what is inside takes longer than so much processor time."""

    def rung(number: int, frame: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, rung)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except TooLong as late:
        raise AssertionError(f"not done after {seconds} s") from late
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def bounded_memory() -> None:
    """From now on this process fails with a MemoryError where it wants more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.RLIM_INFINITY))
