"""Sockets between pages and seats, for both faces: frames, the visitor's seat, and its end."""

import asyncio
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from aiohttp import WSCloseCode, web

from survey_cli.web.seats.seat_link import SeatError
from survey_cli.web.seats.seat_request import PLACES, Face, SeatPlace, SeatRequest
from survey_cli.web.server.open_sockets import OPEN_SOCKETS
from survey_cli.web.server.seating import SEATING, Report, Seat
from survey_cli.web.server.visitors import Visitor, find_visitor
from survey_cli.web.server.zones import read_zone
from survey_cli.wording import escape_controls

HEARTBEAT_SECONDS: Final = 20.0
"""A page whose line was cut without a word is noticed after this time and a half."""
TEL_LINK: Final = re.compile(r"tel:\+[1-9][0-9]{6,14}")
"""The only kind of link that a seat can hand to its page."""
CLOSE_SECONDS: Final = 2.0
"""How long a page may take to confirm that its socket is closed."""

MOST_DIGITS: Final = 15

MISUNDERSTOOD: Final = (
    "This page is no longer of the server's version. Reload it: you are at the same question then."
)


async def open_socket(request: web.Request, most_bytes: int) -> web.WebSocketResponse:
    """Open the socket of a page, whose frames have at most so many bytes."""
    socket = web.WebSocketResponse(
        heartbeat=HEARTBEAT_SECONDS, max_msg_size=most_bytes, timeout=CLOSE_SECONDS
    )
    await socket.prepare(request)
    request.app[OPEN_SOCKETS].add(socket)
    return socket


class SeatSocket:
    """The socket between one page and a seat.

    It says why there is no seat, or no longer one:

    | frame | |
    |---|---|
    | `moved` | another page has the seat now |
    | `ended` | the seat has ended; `died` says that it was killed, `updated` that it ended so that
    its page begins one of the new version |
    | `stopped` | the seat has ended together with the server |
    | `refused` | there is no seat, and why: a `sentence` |
    | `signed-out` | nobody is signed in any more |

    While there is one, `dial` hands the page a number that the station dials: its `link`.
    """

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self._request = request
        self._seating = request.app[SEATING]

    async def send(self, kind: str, **content: object) -> None:
        """Send a frame of this type."""
        await self.send_frame({"type": kind, **content})

    async def send_frame(self, content: Mapping[str, Any]) -> None:
        """Send a frame."""
        await self.socket.send_str(json.dumps(content))

    async def find_seat(self, face: Face, columns: int = 80, rows: int = 24) -> Seat | None:
        """Return the visitor's seat, opened if this page begins one. Otherwise say why not."""
        visitor = await find_visitor(self._request)
        if visitor is None:
            await self.send("signed-out")
            return None

        wanted = self._request.query.get("seat", "")
        if wanted:
            return await self._find_again(visitor, PLACES[face], wanted)

        request = SeatRequest(
            person=visitor.person,
            face=face,
            practice=visitor.practice,
            zone=visitor.zone or read_zone(self._request.query.get("zone", "")),
            columns=columns,
            rows=rows,
        )
        try:
            return await self._seating.sit(request)
        except SeatError as error:
            await self.send("refused", sentence=escape_controls(str(error)))
            return None

    async def _find_again(self, visitor: Visitor, place: SeatPlace, wanted: str) -> Seat | None:
        """Return the seat of a page that comes back to it, and must not begin another one."""
        seat = self._seating.find_seat(visitor.person, place)
        if seat is None:
            last = self._seating.find_last_seat(visitor.person, place)
            is_its_own = last is not None and last.opened.id == wanted
            own = last if is_its_own else None
            await self.send("ended", died=_has_died(own), updated=_is_updated(own))
            return None
        if seat.opened.id != wanted:
            await self.send("moved")
            return None
        return seat

    async def send_seated(self, seat: Seat, generation: int, **content: object) -> None:
        """Tell the page that it has the seat, as the attachment of this generation."""
        zone = seat.opened.request.zone
        await self.send("seated", generation=generation, seat=seat.opened.id, zone=zone, **content)

    async def send_end(self, seat: Seat, *, is_replaced: bool) -> None:
        """Tell the page why it has no seat any more, and close the socket."""
        if is_replaced or seat.is_replaced:
            await self.send("moved")
        elif self._seating.is_stopping:
            await self.send("stopped")
        else:
            await self.send("ended", died=_has_died(seat), updated=_is_updated(seat))
        await self.socket.close()

    async def refuse_frame(self) -> None:
        """Tell a page that it sent something that makes no sense here, and close the socket.

        It may be older than the server, which was updated while the page was open.
        """
        await self.send("refused", sentence=MISUNDERSTOOD)
        await self.socket.close(
            code=WSCloseCode.POLICY_VIOLATION, message=b"this frame isn't understood"
        )

    @contextmanager
    def passing_links(self, seat: Seat) -> Iterator[None]:
        """Hand the numbers that the seat dials to the page, until the end of the block."""
        sending: set[asyncio.Task[None]] = set()

        def pass_on(report: Report) -> None:
            link = str(report.get("link", ""))
            if report.get("type") != "dial" or TEL_LINK.fullmatch(link) is None:
                return
            task = asyncio.create_task(self._send_link(link))
            # The loop alone would not keep a task from being collected.
            sending.add(task)
            task.add_done_callback(sending.discard)

        seat.on_report.append(pass_on)
        try:
            yield
        finally:
            seat.on_report.remove(pass_on)

    async def _send_link(self, link: str) -> None:
        # The line may be cut at this moment; the number is on the screen too.
        with suppress(ConnectionResetError):
            await self.send("dial", link=link)

    def read_number(self, name: str) -> int:
        """Read a number of at most 15 digits from the address; 0 if it is none.

        JavaScript can't tell greater ones apart: no later page of the seat could send a key.
        """
        text = self._request.query.get(name, "")
        is_number = text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
        if not is_number:
            return 0
        return int(text)


def _has_died(seat: Seat | None) -> bool:
    """Return whether a signal has ended the seat, as if its computer had no memory left."""
    return seat is not None and seat.ended.done() and seat.ended.result().signal is not None


def _is_updated(seat: Seat | None) -> bool:
    """Return whether the seat has ended so that another one begins, of the new version."""
    return seat is not None and seat.ended.done() and seat.ended.result().is_for_update


def read_frame(sent: str | bytes) -> dict[str, Any]:
    """Read a frame from a page; empty if it is no JSON object. No page sends bytes."""
    if isinstance(sent, bytes):
        return {}
    try:
        frame = json.loads(sent)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(frame, dict):
        return {}
    return frame
