"""The full screen of a seat: its page, and the socket between the page and the seat.

The server sends the output of the terminal as binary frames. All other frames, both ways, are JSON
objects with a `type`:

| to the page | |
|---|---|
| `seated` | the page has the seat `seat` with this `generation`; its times are in `zone` |
| `taken` | the key frame with this `number` was written to the seat |
| `moved` | another page has the seat now |
| `ended` | the seat has ended |
| `stopped` | the seat has ended together with the server |
| `refused` | there is no seat, and why: a `sentence` |
| `signed-out` | nobody is signed in any more |
| `alive` | the answer to `alive` |

| from the page | |
|---|---|
| `keys` | `keys`, with `generation`, `number` and `time` |
| `size` | `columns` and `rows` |
| `paint` | the page wants the whole screen again |
| `alive` | asks whether the line holds |
"""

import asyncio
import json
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web

from survey_cli.web.seats.seat_link import SeatError
from survey_cli.web.seats.seat_request import Face, SeatRequest
from survey_cli.web.server.open_sockets import OPEN_SOCKETS
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seating import SEATING, Seat
from survey_cli.web.server.security_headers import allow_inline_styles
from survey_cli.web.server.visitors import Visitor, find_visitor, require_visitor
from survey_cli.web.server.zones import read_zone
from survey_cli.web.terminals.attached_terminal import AttachedTerminal, Attachment

MOST_KEY_LETTERS: Final = 20_000
"""Keys of one frame: a text that was pasted, and no more."""
MOST_FRAME_BYTES: Final = 131_072
HEARTBEAT_SECONDS: Final = 20.0
"""A page whose line was cut without a word is noticed after this time and a half."""
CLOSE_SECONDS: Final = 2.0
"""How long a page may take to confirm that its socket is closed."""


def add_routes(app: web.Application) -> None:
    """Add the page and the socket."""
    app.router.add_get("/seat", show_seat)
    app.router.add_get("/seat/screen", connect_screen)


async def show_seat(request: web.Request) -> web.Response:
    """Show the page of the full screen. Its socket opens the seat."""
    visitor = await require_visitor(request)
    response = render_page("seat.html", visitor=visitor)
    allow_inline_styles(response)
    return response


async def connect_screen(request: web.Request) -> web.WebSocketResponse:
    """Connect a page with the full screen of the visitor's seat."""
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, max_msg_size=MOST_FRAME_BYTES, timeout=CLOSE_SECONDS
    )
    await socket.prepare(request)
    request.app[OPEN_SOCKETS].add(socket)
    page = _Page(socket, request)
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

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self._seating = request.app[SEATING]
        self._terminal: AttachedTerminal | None = None
        self._attachment: Attachment | None = None

    async def serve(self) -> None:
        """Seat the visitor, then pass output and keys until the seat, the page or the line ends."""
        visitor = await find_visitor(self._request)
        if visitor is None:
            await self._send("signed-out")
            return

        seat = await self._find_seat(visitor)
        if seat is None or seat.terminal is None:
            return

        attachment = self._attach(seat.terminal)
        if attachment is None:
            await self._send("moved")
            return

        await self._send(
            "seated",
            generation=attachment.generation,
            seat=seat.opened.id,
            zone=seat.opened.request.zone,
        )
        await self._pass_frames(seat, seat.terminal, attachment)

    def leave(self) -> None:
        """Free the seat for another page."""
        if self._terminal is not None and self._attachment is not None:
            self._terminal.detach(self._attachment)

    async def _find_seat(self, visitor: Visitor) -> Seat | None:
        """Return the visitor's seat, opened if this page begins one. Otherwise say why not."""
        wanted = self._request.query.get("seat", "")
        if wanted:
            # a page that comes back to its seat, and must not begin another one
            seat = self._seating.find_seat(visitor.person)
            if seat is None:
                await self._send("ended")
                return None
            if seat.opened.id != wanted:
                await self._send("moved")
                return None
            return seat

        columns, rows = self._read_size()
        request = SeatRequest(
            person=visitor.person,
            face=Face.SCREEN,
            practice=visitor.practice,
            zone=visitor.zone or read_zone(self._request.query.get("zone", "")),
            columns=columns,
            rows=rows,
        )
        try:
            return await self._seating.sit(request)
        except SeatError as error:
            await self._send("refused", sentence=str(error))
            return None

    def _attach(self, terminal: AttachedTerminal) -> Attachment | None:
        """Attach this page; return None if the seat has moved away from it in the meantime."""
        columns, rows = self._read_size()
        came_from = _read_number(self._request.query.get("generation", ""))
        attachment = terminal.attach(columns, rows, came_from)
        if attachment is not None:
            self._terminal = terminal
            self._attachment = attachment
        return attachment

    async def _pass_frames(
        self, seat: Seat, terminal: AttachedTerminal, attachment: Attachment
    ) -> None:
        sending = asyncio.create_task(self._send_output(seat, terminal, attachment))
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                await self._take_frame(_read_frame(message.data), terminal, attachment)
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
                await self._socket.send_bytes(output)
            # It was taken by the line, or it waits there for a browser that lags.
            terminal.refresh_if_stale()

        if not attachment.is_replaced:
            # The terminal may be closed a moment before the end is known with its reasons.
            await asyncio.shield(seat.ended)
        await self._send(self._name_end(seat, attachment))
        await self._socket.close()

    def _name_end(self, seat: Seat, attachment: Attachment) -> str:
        if attachment.is_replaced or seat.is_replaced:
            return "moved"
        if self._seating.is_stopping:
            return "stopped"
        return "ended"

    async def _take_frame(
        self, frame: dict[str, Any], terminal: AttachedTerminal, attachment: Attachment
    ) -> None:
        match frame:
            case {"type": "keys", "number": int(number), "keys": str(keys)}:
                generation = frame.get("generation")
                is_current = generation == attachment.generation == terminal.generation
                if not is_current or len(keys) > MOST_KEY_LETTERS:
                    return
                if await terminal.write(keys.encode("utf-8", "replace")):
                    await self._send("taken", number=number)
            case {"type": "size", "columns": int(columns), "rows": int(rows)}:
                terminal.resize(columns, rows)
            case {"type": "paint"}:
                terminal.paint()
            case {"type": "alive"}:
                await self._send("alive")

    async def _send(self, kind: str, **content: object) -> None:
        await self._socket.send_str(json.dumps({"type": kind, **content}))

    def _read_size(self) -> tuple[int, int]:
        columns = _read_number(self._request.query.get("columns", ""))
        rows = _read_number(self._request.query.get("rows", ""))
        return columns or 80, rows or 24


def _read_number(text: str) -> int:
    """Read a number of at most 16 digits; 0 if it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 16
    if not is_number:
        return 0
    return int(text)


def _read_frame(text: str) -> dict[str, Any]:
    """Read a frame; empty if it is no JSON object."""
    try:
        frame = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(frame, dict):
        return {}
    return frame
