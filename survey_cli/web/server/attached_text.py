"""The socket of a text page's seat: its messages go to one page of the browser at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from socket import socket
from typing import Any, Final, TypeAlias

from survey_cli.web.seats.messages import LineReader, encode_line

_CHUNK: Final = 64 * 1024
SEAT_MESSAGES: Final = frozenset(("lines", "ask", "unused", "end"))
"""What a seat may tell its page. The seat's own words are never taken for those of web."""

SendMessage: TypeAlias = Callable[[Mapping[str, Any]], Awaitable[None]]


class TextAttachment:
    """One page at the seat, as long as no other page takes its place."""

    def __init__(self, generation: int, came_from: int) -> None:
        self.generation = generation
        """The number of this page among all that were attached to the seat."""
        self.came_from = came_from
        """The number that the page had before its line was cut; the same if it is a new one."""
        self.is_replaced = False
        """Whether another page has the seat now."""
        self.passing: asyncio.Task[None] | None = None
        """Passes what the seat says to the page."""


class AttachedText:
    """The messages of one seat, in both directions.

    Without a page nothing is read. The seat keeps its last lines itself, and sends them to the page
    that is attached next.
    """

    def __init__(self, connection: socket) -> None:
        connection.setblocking(False)
        self._connection = connection
        self._reader = LineReader()
        self._attachment: TextAttachment | None = None
        self._generation = 0
        self._changing = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._is_closed = False
        self.used_at = 0.0
        """When something was typed last, on the clock of the loop."""

    async def attach(self, came_from: int, send: SendMessage) -> TextAttachment | None:
        """Attach a page, to which `send` passes messages, in the place of the one before.

        `came_from` is the generation of a page that comes back after a cut. Returns None if another
        page has been attached since, or if the seat has ended.
        """
        async with self._changing:
            current = self._attachment
            is_outdated = current is not None and 0 < came_from < current.came_from
            if is_outdated or self._is_closed:
                return None
            await self._replace()
            # A web that was started again doesn't know the numbers of the one before.
            self._generation = max(self._generation, came_from) + 1
            attachment = TextAttachment(self._generation, came_from or self._generation)
            self._attachment = attachment
            attachment.passing = asyncio.create_task(self._pass(send))
        await self._write_whole({"type": "attach"})
        return attachment

    async def detach(self, attachment: TextAttachment) -> None:
        """Note that the page has gone. The seat goes on."""
        if self._attachment is attachment:
            self._attachment = None
        await _cancel(attachment.passing)

    async def write(self, content: Mapping[str, Any]) -> None:
        """Send what was typed on the page to the seat, wholly or not at all."""
        self.used_at = asyncio.get_running_loop().time()
        await self._write_whole(content)

    async def _write_whole(self, content: Mapping[str, Any]) -> None:
        # A page that goes meanwhile must not leave half a message behind.
        with suppress(OSError):
            await asyncio.shield(asyncio.create_task(self._write(content)))

    async def _write(self, content: Mapping[str, Any]) -> None:
        async with self._writing:
            if not self._is_closed:
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(self._connection, encode_line(content))

    async def _replace(self) -> None:
        """End the attachment of the page before."""
        previous = self._attachment
        if previous is not None:
            previous.is_replaced = True
            self._attachment = None
            await _cancel(previous.passing)

    async def _pass(self, send: SendMessage) -> None:
        """Pass what the seat says to the page, until its socket ends or the page has gone."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while data := await loop.sock_recv(self._connection, _CHUNK):
                for content in self._reader.feed(data):
                    if content.get("type") in SEAT_MESSAGES:
                        await send(content)

    def close(self) -> None:
        """Stop using the socket, before it is closed."""
        self._is_closed = True
        loop = asyncio.get_running_loop()
        # The tasks end later. By then, another socket may have this one's number.
        loop.remove_reader(self._connection)
        loop.remove_writer(self._connection)
        attachment = self._attachment
        if attachment is not None and attachment.passing is not None:
            attachment.passing.cancel()


async def _cancel(task: "asyncio.Task[None] | None") -> None:
    if task is None:
        return
    task.cancel()
    with suppress(asyncio.CancelledError, OSError):
        await task
