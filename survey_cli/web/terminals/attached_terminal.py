"""The pseudo-terminal of one seat, and the page that is attached to it.

The output is read at all times, also when no page is attached: a seat that waits for its output
would stop. Each attachment has a generation. A new one replaces the one before it, and gets the
modes of the terminal and a whole new paint of the screen.

Keys that are on their way when a line is cut may act later. So a new page is shown nothing until
they have acted, and is told which of its own frames the seat has taken.
"""

import asyncio
import fcntl
import os
import struct
import termios
from collections import deque
from contextlib import suppress
from time import time
from typing import Final

from survey_cli.terminal_marks import MOST_MARKS, ask_mark
from survey_cli.web.seats.seat_request import clamp_size
from survey_cli.web.terminals.output_filter import OutputFilter

READ_BYTES: Final = 65_536
MOST_BACKLOG: Final = 262_144
"""Bytes that wait for a page. A page that lags further behind gets the newest screen instead."""
PAINT_SECONDS: Final = (0.2, 0.4, 0.8, 1.6)
"""Waits for the seat to paint in a changed size, before the size is set back.

A busy computer may need more than one.
"""
PAUSE_SECONDS: Final = 0.02
MOST_PAUSES: Final = 50
WRITE_SECONDS: Final = 10.0
"""How long a seat may leave its keys unread. One that is stuck for longer takes no more of them."""
CATCH_UP_SECONDS: Final = 10.0
"""How long a new page waits for keys of the one before. A stuck seat is then shown as it is."""
MOST_GENERATIONS: Final = 16
"""Pages of which it is known how far their keys have come."""
CLEAR: Final = b"\x1bc"
"""Resets the page's terminal. No output of a seat contains it."""


class Attachment:
    """One page at a terminal: the output that waits for it.

    The page's task calls `next_output` in a loop until it returns None.
    """

    def __init__(self, generation: int, came_from: int) -> None:
        self.generation = generation
        self.came_from = came_from
        """The generation with which its page came back, or else its own."""
        self.is_replaced = False
        """Whether another page has taken this one's place."""
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._is_lagging = False
        """Whether output was dropped since the page's task has last asked."""
        self._has_news = asyncio.Event()
        self._is_closed = False
        self.is_shown = False
        """Whether output is passed to it."""

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def add(self, output: bytes) -> bool:
        """Add output. Returns False, and keeps nothing, if the page lags too far behind."""
        self._waiting.append(output)
        self._waiting_bytes += len(output)
        self._is_lagging = self._waiting_bytes > MOST_BACKLOG
        if self._is_lagging:
            self.drop_backlog()
        self._has_news.set()
        return not self._is_lagging

    def drop_backlog(self) -> None:
        """Drop the output that waits."""
        self._waiting.clear()
        self._waiting_bytes = 0

    def close(self, *, is_replaced: bool = False) -> None:
        """Close it: what waits is still handed out."""
        self._is_closed = True
        self.is_replaced = is_replaced
        self._has_news.set()

    async def next_output(self) -> bytes | None:
        """Wait for output and return all of it; None once the attachment is closed.

        It may be empty: then output was dropped.
        """
        while not self._waiting and not self._is_lagging:
            if self._is_closed:
                return None
            self._has_news.clear()
            await self._has_news.wait()

        self._is_lagging = False
        output = b"".join(self._waiting)
        self.drop_backlog()
        return output


class AttachedTerminal:
    """Reads a pseudo-terminal, hands its output to the page attached, and writes its keys."""

    def __init__(self, descriptor: int, *, is_new: bool = True) -> None:
        """`is_new` says that no web before this one has written keys to the terminal."""
        self._descriptor = descriptor
        self._filter = OutputFilter()
        self._attachment: Attachment | None = None
        # Later than that of any web before, so that frames of older pages never fit.
        self.used_at = 0.0
        """When keys arrived last, on the clock of the loop."""
        self._generation = int(time() * 1000)
        self._size = (0, 0)
        self._has_output = asyncio.Event()
        self._read_bytes = 0
        """The output read so far, in bytes."""
        self._painting: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.may_hold_keys = not is_new
        """Whether keys were written of which it isn't known that they have acted."""
        self._taken: dict[int, int | None] = {}
        """By generation, the number of the last frame of keys that was written; None if it was
        written in part."""
        self._is_stale = False
        """Whether the page's backlog was dropped and its screen is to be painted anew."""
        self._is_open = True
        self._writable: asyncio.Future[None] | None = None
        """Done once a full terminal takes keys again. None while no key waits."""
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._read)

    @property
    def generation(self) -> int:
        """The generation of the page attached last."""
        return self._generation

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return self._size

    def attach(self, columns: int, rows: int, came_from: int = 0) -> Attachment | None:
        """Attach a page in place of the one before. It is shown nothing before `show`.

        `came_from` is the generation that a page had which comes back after a cut. If another page
        has taken the seat since then, it returns None.
        """
        if self._attachment is not None:
            if came_from and came_from < self._attachment.came_from:
                return None
            self._attachment.close(is_replaced=True)
            # It may be catching up.
            self._has_output.set()

        self._generation = max(self._generation, came_from) + 1
        self._note_taken(self._generation, 0)
        self._attachment = Attachment(self._generation, came_from or self._generation)
        self._size = clamp_size(columns, rows)
        if not self._is_open:
            self._attachment.close()
        return self._attachment

    async def catch_up(self, attachment: Attachment) -> bool:
        """Wait until all keys of the pages before have acted.

        Returns False if that isn't known: the seat has not answered in time.
        """
        if not self.may_hold_keys:
            return True
        try:
            async with asyncio.timeout(CATCH_UP_SECONDS):
                # Its generation tells it from marks of other pages, which may be answered late.
                mark = attachment.generation % MOST_MARKS + 1
                async with self._writing:
                    await self._write_all(ask_mark(mark))
                while self._filter.answered_mark != mark and not attachment.is_closed:
                    self._has_output.clear()
                    await self._has_output.wait()
        except (OSError, TimeoutError):
            return False
        if attachment.is_closed:
            return False
        self.may_hold_keys = False
        return True

    def show(self, attachment: Attachment) -> None:
        """Pass output to the page from now on, and have the screen painted for it."""
        attachment.is_shown = True
        if self._attachment is attachment:
            self.paint()

    def find_taken(self, generation: int) -> int | None:
        """Return the number of the last frame of keys that a page had written to the seat.

        None if that isn't known: another web had the terminal then, or the frame was cut.
        """
        return self._taken.get(generation)

    def detach(self, attachment: Attachment) -> None:
        """Take a page's attachment away, unless another page has its place by now."""
        attachment.close(is_replaced=attachment.is_replaced)
        if self._attachment is attachment:
            self._attachment = None

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        size = clamp_size(columns, rows)
        if size != self._size:
            self._size = size
            self._set_size(*size)

    def paint(self) -> None:
        """Have the page's terminal reset, and the seat paint the whole screen for it."""
        self._is_stale = False
        if self._attachment is None:
            return
        self._attachment.drop_backlog()
        self._attachment.add(CLEAR + self._filter.restore_modes())
        # A seat paints its whole screen whenever its size changes.
        if self._painting is not None:
            self._painting.cancel()
        self._painting = asyncio.create_task(self._change_size())

    def refresh_if_stale(self) -> None:
        """Paint the screen anew for a page that lagged behind and has caught up."""
        if self._is_stale:
            self.paint()

    async def write(self, keys: bytes, generation: int, number: int) -> bool:
        """Write the keys of a page's frame to the seat.

        Returns False if it didn't take all of them, or if another page has the seat.
        """
        self.used_at = asyncio.get_running_loop().time()
        async with self._writing:
            # Another page may have come while the frame waited for the one before it.
            is_current = generation == self._generation
            if not self._is_open or not is_current:
                return False
            self.may_hold_keys = True
            self._note_taken(generation, None)
            try:
                async with asyncio.timeout(WRITE_SECONDS):
                    await self._write_all(keys)
            except (OSError, TimeoutError):
                return False
            self._note_taken(generation, number)
        return True

    def close(self) -> None:
        """Stop reading. The descriptor is closed by whoever opened it."""
        if not self._is_open:
            return
        self._is_open = False
        asyncio.get_running_loop().remove_reader(self._descriptor)
        if self._painting is not None:
            self._painting.cancel()
        if self._writable is not None and not self._writable.done():
            self._writable.set_exception(OSError("the seat has ended"))
        if self._attachment is not None:
            self._attachment.close()
        # A page may be catching up.
        self._has_output.set()

    def _read(self) -> None:
        try:
            output = os.read(self._descriptor, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            # Linux says so when the last process has closed the terminal.
            output = b""
        if not output:
            self.close()
            return

        self._read_bytes += len(output)
        self._has_output.set()
        passed = self._filter.filter(output)
        if self._attachment is None or not self._attachment.is_shown:
            return
        if not passed or self._is_stale:
            return
        if not self._attachment.add(passed):
            self._is_stale = True

    async def _change_size(self) -> None:
        # What was painted before would be taken for the answer to the changed size.
        await self._wait_for_quiet()
        for seconds in PAINT_SECONDS:
            columns, rows = self._size
            # One row more, not less: a screen that is too small takes no keys.
            self._set_size(columns, rows + 1)
            # Set back at once, the seat would find the old size and paint nothing.
            is_painting = await self._wait_for_output(columns * rows // 2, seconds)
            self._set_size(*self._size)
            if not is_painting:
                # A slow one may notice only now.
                is_painting = await self._wait_for_output(columns * rows // 2, seconds)
            if is_painting:
                return

    async def _wait_for_quiet(self) -> None:
        """Wait until the seat pauses, but not for long."""
        for _ in range(MOST_PAUSES):
            if not await self._wait_for_output(1, PAUSE_SECONDS):
                return

    async def _wait_for_output(self, count: int, seconds: float) -> bool:
        """Wait for so many bytes of output; return whether they came within these seconds."""
        end = self._read_bytes + count
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._read_bytes < end:
                    self._has_output.clear()
                    await self._has_output.wait()
        return self._read_bytes >= end

    def _set_size(self, columns: int, rows: int) -> None:
        if not self._is_open:
            return
        with suppress(OSError):
            size = struct.pack("HHHH", rows, columns, 0, 0)
            fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, size)

    def _note_taken(self, generation: int, number: int | None) -> None:
        self._taken[generation] = number
        while len(self._taken) > MOST_GENERATIONS:
            oldest = next(iter(self._taken))
            del self._taken[oldest]

    async def _write_all(self, keys: bytes) -> None:
        while keys:
            try:
                written = os.write(self._descriptor, keys)
            except BlockingIOError:
                # The terminal holds 4 KiB of keys that the seat hasn't read.
                await self._wait_until_writable()
                continue
            keys = keys[written:]

    async def _wait_until_writable(self) -> None:
        loop = asyncio.get_running_loop()
        writable: asyncio.Future[None] = loop.create_future()
        self._writable = writable

        def report() -> None:
            if not writable.done():
                writable.set_result(None)

        loop.add_writer(self._descriptor, report)
        try:
            await writable
        finally:
            # Whoever closes the descriptor does so later: `close` ends this wait at once.
            self._writable = None
            loop.remove_writer(self._descriptor)
