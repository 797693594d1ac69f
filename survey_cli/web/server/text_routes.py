"""The text page of a seat: its page, and the socket between the page and the seat.

All frames are JSON objects with a `type`. The seat's own messages (`lines`, `ask`, `unused`,
`end`) are passed to the page as they are; `survey_cli.plain.messages` describes them. Web adds
those of `SeatSocket`, and:

| to the page | |
|---|---|
| `seated` | the page has the seat `seat` with this `generation`; its times are in `zone` |
| `alive` | the answer to `alive` |

| from the page | |
|---|---|
| `entry`, `typing` | `text`, for what the seat `seat` asked under the number `ask` |
| `alive` | asks whether the line holds |
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web

from survey_cli.web.seats.seat_request import Face
from survey_cli.web.server.attached_text import AttachedText, TextAttachment
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seat_sockets import SeatSocket, open_socket, read_frame
from survey_cli.web.server.seating import Seat
from survey_cli.web.server.visitors import require_visitor

MOST_LETTERS: Final = 20_000
"""Characters of an entry. Each may take twelve bytes on the way to the seat."""
MOST_FRAME_BYTES: Final = 262_144


def add_routes(app: web.Application) -> None:
    """Add the page and the socket."""
    app.router.add_get("/text", show_text)
    app.router.add_get("/seat/text", connect_text)


async def show_text(request: web.Request) -> web.Response:
    """Show the text page. Its socket opens the seat."""
    visitor = await require_visitor(request)
    return render_page("text.html", visitor=visitor)


async def connect_text(request: web.Request) -> web.WebSocketResponse:
    """Connect a page with the messages of the visitor's seat."""
    socket = await open_socket(request, MOST_FRAME_BYTES)
    page = _TextPage(SeatSocket(socket, request))
    # The line may be cut while something is sent.
    with suppress(ConnectionResetError):
        try:
            await page.serve()
        finally:
            await page.leave()
            await socket.close()
    return socket


class _TextPage:
    """One page at a seat."""

    def __init__(self, socket: SeatSocket) -> None:
        self._socket = socket
        self._text: AttachedText | None = None
        self._attachment: TextAttachment | None = None

    async def serve(self) -> None:
        """Seat the visitor, then pass messages until the seat, the page or the line ends."""
        seat = await self._socket.find_seat(Face.TEXT)
        if seat is None or seat.text is None:
            return

        came_from = self._socket.read_number("generation")
        attachment = await seat.text.attach(came_from, self._socket.send_frame)
        if attachment is None:
            await self._socket.send("moved")
            return

        self._text = seat.text
        self._attachment = attachment
        await self._socket.send_seated(seat, attachment.generation)
        with self._socket.passing_links(seat):
            await self._pass_frames(seat, seat.text, attachment)

    async def leave(self) -> None:
        """Free the seat for another page."""
        if self._text is not None and self._attachment is not None:
            await self._text.detach(self._attachment)

    async def _pass_frames(
        self, seat: Seat, text: AttachedText, attachment: TextAttachment
    ) -> None:
        watching = asyncio.create_task(self._watch(seat, attachment))
        try:
            async for message in self._socket.socket:
                if message.type is WSMsgType.ERROR:
                    break
                # A page that was replaced a moment ago has nothing to say any more.
                if not attachment.is_replaced:
                    await self._take_frame(read_frame(message.data), text)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError, ConnectionResetError):
                await watching

    async def _watch(self, seat: Seat, attachment: TextAttachment) -> None:
        """Tell the page that its seat has ended or moved."""
        assert attachment.passing is not None
        await asyncio.wait({attachment.passing})
        if not attachment.is_replaced:
            # The socket may be closed a moment before the end is known with its reasons.
            await asyncio.shield(seat.ended)
        await self._socket.send_end(seat, is_replaced=attachment.is_replaced)

    async def _take_frame(self, frame: Mapping[str, Any], text: AttachedText) -> None:
        match frame:
            case {"type": "entry" | "typing", "text": str(typed), "seat": str(), "ask": int()}:
                if len(typed) <= MOST_LETTERS:
                    names = ("type", "text", "seat", "ask")
                    await text.write({name: frame[name] for name in names})
            case {"type": "alive"}:
                await self._socket.send("alive")
            case _:
                await self._socket.refuse_frame()
