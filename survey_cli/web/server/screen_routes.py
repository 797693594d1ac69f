"""The full screen of a seat: its page, and the socket between the page and the seat.

The server sends the output of the terminal as binary frames. All other frames, both ways, are JSON
objects with a `type`: those of `SeatSocket`, and these.

| to the page | |
|---|---|
| `catching-up` | the seat is busy with keys from before the cut |
| `seated` | the page has the seat `seat` with this `generation`; its times are in `zone`. Of the
generation before, the seat has `taken` the key frames up to this number, and all of them have
acted. null: that isn't known, and if `behind` is true they may still act |
| `taken` | the key frame with this `number` was written to the seat |
| `alive` | the answer to `alive` |

| from the page | |
|---|---|
| `keys` | `keys`, with `generation`, `number` and `time` |
| `size` | `columns` and `rows` |
| `paint` | the page wants the whole screen again |
| `alive` | asks whether the line holds |
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web

from survey_cli.web.seats.seat_request import Face
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seat_sockets import SeatSocket, open_socket, read_frame
from survey_cli.web.server.seating import Seat
from survey_cli.web.server.security_headers import allow_inline_styles
from survey_cli.web.server.visitors import Visitor, require_visitor
from survey_cli.web.terminals.attached_terminal import AttachedTerminal, Attachment

MOST_KEY_LETTERS: Final = 20_000
"""Keys of one frame: a text that was pasted, and no more."""
MOST_FRAME_BYTES: Final = 131_072


def add_routes(app: web.Application) -> None:
    """Add the page and the socket."""
    app.router.add_get("/seat", show_seat)
    app.router.add_get("/seat/screen", connect_screen)


async def show_seat(request: web.Request) -> web.Response:
    """Show the page of the full screen. Its socket opens the seat."""
    return render_screen(await require_visitor(request), Face.SCREEN)


async def connect_screen(request: web.Request) -> web.WebSocketResponse:
    """Connect a page with the full screen of the visitor's station."""
    return await serve_screen(request, Face.SCREEN)


def render_screen(visitor: Visitor, face: Face) -> web.Response:
    """Render the page of a full screen: a station's or a board's."""
    response = render_page("seat.html", visitor=visitor, is_board=face is Face.BOARD)
    allow_inline_styles(response)
    return response


async def serve_screen(request: web.Request, face: Face) -> web.WebSocketResponse:
    """Connect a page with a full screen of the visitor."""
    socket = await open_socket(request, MOST_FRAME_BYTES)
    page = _Page(SeatSocket(socket, request), face)
    try:
        await page.serve()
    except ConnectionResetError:
        # the line was cut while something was sent
        pass
    finally:
        page.leave()
        with suppress(ConnectionResetError):
            await socket.close()
    return socket


class _Page:
    """One page at a seat."""

    def __init__(self, socket: SeatSocket, face: Face) -> None:
        self._socket = socket
        self._face = face
        self._terminal: AttachedTerminal | None = None
        self._attachment: Attachment | None = None

    async def serve(self) -> None:
        """Seat the visitor, then pass output and keys until the seat, the page or the line ends."""
        columns = self._socket.read_number("columns") or 80
        rows = self._socket.read_number("rows") or 24
        seat = await self._socket.find_seat(self._face, columns, rows)
        if seat is None or seat.terminal is None:
            return

        came_from = self._socket.read_number("generation")
        attachment = seat.terminal.attach(columns, rows, came_from)
        if attachment is None:
            await self._socket.send("moved")
            return

        self._terminal = seat.terminal
        self._attachment = attachment
        await self._send_seated(seat, seat.terminal, attachment, came_from)
        with self._socket.passing_links(seat):
            await self._pass_frames(seat, seat.terminal, attachment)

    def leave(self) -> None:
        """Free the seat for another page."""
        if self._terminal is not None and self._attachment is not None:
            self._terminal.detach(self._attachment)

    async def _send_seated(
        self, seat: Seat, terminal: AttachedTerminal, attachment: Attachment, came_from: int
    ) -> None:
        """Show the page the seat once nothing that was typed before the cut can still act."""
        if terminal.may_hold_keys:
            await self._socket.send("catching-up")
        is_caught_up = await terminal.catch_up(attachment)
        if attachment.is_closed:
            return

        taken = terminal.find_taken(came_from)
        if not is_caught_up:
            taken = None
        terminal.show(attachment)
        await self._socket.send_seated(
            seat, attachment.generation, taken=taken, behind=not is_caught_up
        )

    async def _pass_frames(
        self, seat: Seat, terminal: AttachedTerminal, attachment: Attachment
    ) -> None:
        sending = asyncio.create_task(self._send_output(seat, terminal, attachment))
        try:
            async for message in self._socket.socket:
                if message.type is WSMsgType.ERROR:
                    break
                await self._take_frame(read_frame(message.data), terminal, attachment)
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionResetError):
                await sending

    async def _send_output(
        self, seat: Seat, terminal: AttachedTerminal, attachment: Attachment
    ) -> None:
        """Send the output until the attachment is closed, then say why and close the socket."""
        while (output := await attachment.next_output()) is not None:
            if output:
                await self._socket.socket.send_bytes(output)
            # It was taken by the line, or it waits there for a browser that lags.
            terminal.refresh_if_stale()

        if not attachment.is_replaced:
            # The terminal may be closed a moment before the end is known with its reasons.
            await asyncio.shield(seat.ended)
        await self._socket.send_end(seat, is_replaced=attachment.is_replaced)

    async def _take_frame(
        self, frame: dict[str, Any], terminal: AttachedTerminal, attachment: Attachment
    ) -> None:
        match frame:
            case {"type": "keys", "number": int(number), "keys": str(keys)}:
                generation = frame.get("generation")
                if generation != attachment.generation or len(keys) > MOST_KEY_LETTERS:
                    return
                if await terminal.write(keys.encode("utf-8", "replace"), generation, number):
                    await self._socket.send("taken", number=number)
            case {"type": "size", "columns": int(columns), "rows": int(rows)}:
                terminal.resize(columns, rows)
            case {"type": "paint"}:
                terminal.paint()
            case {"type": "alive"}:
                await self._socket.send("alive")
            case _:
                await self._socket.refuse_frame()
