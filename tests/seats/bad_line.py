"""A line that delays what passes through it, and sometimes stalls, as a proxy before the server.

As with TCP nothing overtakes: what comes after a stalled piece waits, too.
"""

import asyncio
import time
from bisect import bisect_left, bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

DELAY_SECONDS = 0.1
"""Each way."""
STALL_SECONDS = 0.4
STALLED_SHARE = 0.02


@dataclass
class Direction:
    """What has passed in one direction: when each piece came, and when it went on."""

    came: list[float] = field(default_factory=list)
    went: list[float] = field(default_factory=list)

    def find_departure(self, sent: float) -> float:
        """Return when that went on which was sent into the line at this time."""
        return self.went[bisect_left(self.came, sent)]

    def find_arrival(self, received: float) -> float:
        """Return when that came into the line which left it at this time."""
        return self.came[bisect_right(self.went, received) - 1]


class BadLine:
    """Listens at a socket of its own, and leads to that of the server. One page uses it."""

    def __init__(self, path: Path, target: Path, dice: Random) -> None:
        self.path = path
        self._target = target
        self._dice = dice
        self._tasks: set[asyncio.Task[None]] = set()
        self.up = Direction()
        self.down = Direction()

    async def start(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._accept, self.path)

    def close(self) -> None:
        """Cut the line."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_unix_connection(self._target)
        self._pass(reader, to_writer, self.up)
        self._pass(to_reader, writer, self.down)

    def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, direction: Direction
    ) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        for work in (self._take(reader, waiting), self._hand_on(waiting, writer, direction)):
            task = asyncio.create_task(work)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take(
        self, reader: asyncio.StreamReader, waiting: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        data = b"begin"
        with suppress(OSError):
            while data:
                data = await reader.read(65_536)
                waiting.put_nowait((time.monotonic(), data))

    async def _hand_on(
        self,
        waiting: "asyncio.Queue[tuple[float, bytes]]",
        writer: asyncio.StreamWriter,
        direction: Direction,
    ) -> None:
        data = b"begin"
        with suppress(OSError):
            while data:
                came, data = await waiting.get()
                delay = DELAY_SECONDS
                if self._dice.random() < STALLED_SHARE:
                    delay += STALL_SECONDS
                await asyncio.sleep(max(came + delay - time.monotonic(), 0))
                direction.came.append(came)
                direction.went.append(time.monotonic())
                writer.write(data)
            writer.close()
