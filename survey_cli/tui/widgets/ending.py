"""End a full screen at a signal, also if its terminal takes no more output.

Textual hands its output to a thread through a queue. If the terminal takes no more output, the
thread waits for it, then the queue is full, then the event loop waits for the queue. A handler of
the loop would never run.
"""

import atexit
import os
import signal
from asyncio import AbstractEventLoop
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full
from threading import Event, Thread
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from textual.drivers._writer_thread import WriterThread

if TYPE_CHECKING:
    from textual.driver import Driver

PATIENCE: Final = 2.0
"""Seconds in which a screen can end normally. The terminal may be slow."""
LAST_PATIENCE: Final = 8.0
"""Seconds after which the program ends in any case: the database may be out of reach.

What was confirmed is stored.
"""
INTERVAL: Final = 0.05
"""Seconds between two looks at the queue."""


class SignaledEnd:
    """Ends one full screen at a signal, from `watch` to `close`. Call both in the main thread."""

    def __init__(self, get_driver: "Callable[[], Driver | None]") -> None:
        self._get_driver = get_driver
        self._is_signaled = Event()
        self._is_over = Event()
        self._previous: dict[int, Any] = {}
        self._number = 0

    def watch(self, loop: AbstractEventLoop, end: Callable[[], object]) -> None:
        """Call `end` in the loop once the process is told to end, or its window was closed."""

        def handle(number: int, _: FrameType | None) -> None:
            if self._number:
                return
            self._number = number
            self._is_signaled.set()
            # a closed loop raises RuntimeError: the screen has ended
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(end)

        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:
                # outside the main thread, `signal` raises ValueError: signals don't arrive there
                with suppress(ValueError):
                    self._previous[number] = signal.signal(number, handle)
        # It waits from the beginning, because a handler of a signal must not start a thread.
        Thread(target=self._wait_for_end, daemon=True, name="end at a signal").start()

    def close(self) -> None:
        """Stop watching: the screen has ended."""
        self._is_over.set()
        self._is_signaled.set()
        for number, before in self._previous.items():
            signal.signal(number, before)

    def _wait_for_end(self) -> None:
        self._is_signaled.wait()
        if self._is_over.wait(PATIENCE):
            return

        last = monotonic() + LAST_PATIENCE
        while monotonic() < last and not self._is_over.is_set():
            self._discard_output()
            self._is_over.wait(INTERVAL)
        if not self._is_over.is_set():
            os._exit(128 + self._number)

    def _discard_output(self) -> None:
        """Empty the queue of output, so that the event loop goes on if it waits for it."""
        writer = getattr(self._get_driver(), "_writer_thread", None)
        if writer is None:
            return
        with suppress(Empty):
            while True:
                writer._queue.get_nowait()


def stop_writer(writer: WriterThread) -> None:
    """End the thread that writes to the terminal.

    If the terminal takes nothing, the program goes on without both.
    """
    with suppress(Full):
        writer._queue.put(None, timeout=PATIENCE)
        writer.join(PATIENCE)
    if not writer.is_alive():
        return

    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    # The thread keeps the lock of the error output, for which Python would wait at its end.
    atexit.register(os._exit, 0)
