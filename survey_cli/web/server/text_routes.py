"""The text page of a seat: its page, and the socket between the page and the seat.

All frames are JSON objects with a `type`. The seat's own messages (`lines`, `ask`, `refused`,
`end`) are passed to the page as they are; `survey_cli.plain.messages` describes them. Web adds:

| to the page | |
|---|---|
| `seated` | the page has the seat `seat` with this `generation`; `person` sits there |
| `moved` | another page has the seat now |
| `ended` | the seat has ended |
| `no-seat` | there is no seat, and why: a `sentence` |
| `signed-out` | nobody is signed in any more |
| `alive` | the answer to `alive` |

| from the page | |
|---|---|
| `entry`, `typing` | `text`, for what the seat `seat` asked under the number `ask` |
| `alive` | asks whether the line holds |
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from aiohttp import WSMsgType, web

from survey_cli.web.seats.seat_link import SeatError
from survey_cli.web.seats.seat_request import Face, SeatRequest
from survey_cli.web.server.attached_text import AttachedText, TextAttachment
from survey_cli.web.server.open_sockets import OPEN_SOCKETS
from survey_cli.web.server.pages import render_page
from survey_cli.web.server.seating import SEATING, Seat
from survey_cli.web.server.visitors import Visitor, find_visitor, require_visitor
from survey_cli.web.server.zones import read_zone

MOST_LETTERS: Final = 20_000
"""Characters of an entry. Each may take twelve bytes on the way to the seat."""
MOST_FRAME_BYTES: Final = 262_144
HEARTBEAT_SECONDS: Final = 20.0
"""A page whose line was cut without a word is noticed after this time and a half."""


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
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=MOST_FRAME_BYTES)
    await socket.prepare(request)
    request.app[OPEN_SOCKETS].add(socket)
    page = _TextPage(socket, request)
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

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self._seating = request.app[SEATING]
        self._text: AttachedText | None = None
        self._attachment: TextAttachment | None = None

    async def serve(self) -> None:
        """Seat the visitor, then pass messages until the seat, the page or the line ends."""
        visitor = await find_visitor(self._request)
        if visitor is None:
            await self._send("signed-out")
            return

        seat = await self._find_seat(visitor)
        if seat is None or seat.text is None:
            return

        came_from = _read_number(self._request.query.get("generation", ""))
        attachment = await seat.text.attach(came_from, self._send_message)
        if attachment is None:
            await self._send("moved")
            return

        self._text = seat.text
        self._attachment = attachment
        await self._send(
            "seated",
            generation=attachment.generation,
            seat=seat.opened.id,
            person=visitor.person,
        )
        await self._pass_frames(seat, seat.text, attachment)

    async def leave(self) -> None:
        """Free the seat for another page."""
        if self._text is not None and self._attachment is not None:
            await self._text.detach(self._attachment)

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

        zone = visitor.zone or read_zone(self._request.query.get("zone", ""))
        request = SeatRequest(
            person=visitor.person, face=Face.TEXT, practice=visitor.practice, zone=zone
        )
        try:
            return await self._seating.sit(request)
        except SeatError as error:
            await self._send("no-seat", sentence=str(error))
            return None

    async def _pass_frames(
        self, seat: Seat, text: AttachedText, attachment: TextAttachment
    ) -> None:
        watching = asyncio.create_task(self._watch(seat, attachment))
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                # A page that was replaced a moment ago has nothing to say any more.
                if not attachment.is_replaced:
                    await self._take_frame(_read_frame(message.data), text)
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError, ConnectionResetError):
                await watching

    async def _watch(self, seat: Seat, attachment: TextAttachment) -> None:
        """Tell the page that its seat has ended or moved, and close the socket."""
        assert attachment.passing is not None
        await asyncio.wait({attachment.passing})
        if attachment.is_replaced:
            await self._send("moved")
        else:
            await asyncio.shield(seat.ended)
            await self._send("ended")
        await self._socket.close()

    async def _take_frame(self, frame: Mapping[str, Any], text: AttachedText) -> None:
        match frame:
            case {"type": "entry" | "typing", "text": str(typed), "seat": str(), "ask": int()}:
                if len(typed) <= MOST_LETTERS:
                    names = ("type", "text", "seat", "ask")
                    await text.write({name: frame[name] for name in names})
            case {"type": "alive"}:
                await self._send("alive")

    async def _send(self, kind: str, **content: object) -> None:
        await self._send_message({"type": kind, **content})

    async def _send_message(self, content: Mapping[str, Any]) -> None:
        await self._socket.send_str(json.dumps(content))


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
