"""web's link to the spawner: it opens and ends seats, and knows which ones run."""

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from socket import socket
from typing import Any, Final

from survey_cli.web.seats.messages import Channel, ChannelClosedError, ChannelMessage
from survey_cli.web.seats.seat_reports import ASK_AGAIN
from survey_cli.web.seats.seat_request import (
    FACES_ON_TERMINALS,
    SeatEnd,
    SeatRequest,
    clamp_size,
    decode_request,
    encode_request,
)

OPEN_PATIENCE: Final = 15.0
"""Seconds after which a seat that has not been opened never will be."""


class SeatError(Exception):
    """Why a seat can't be opened, as a sentence for the person."""


@dataclass(eq=False)
class OpenSeat:
    """A running seat, with web's ends of its connections.

    After its end, read what it wrote last, then call `close`.
    """

    id: str
    request: SeatRequest
    reports: socket
    """What the seat tells web: one JSON object a line, see `LineReader`."""
    since: datetime
    process: int
    is_old: bool = False
    """Whether it runs a version of the program from before an update."""
    terminal: int | None = None
    """The pseudo-terminal, for faces on terminals. It doesn't block."""
    messages: socket | None = None
    """One JSON object a line both ways, for the other faces. It doesn't block."""
    end: SeatEnd | None = None
    """None while it runs."""

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal this size, or the nearest that is allowed; the seat paints again."""
        if self.terminal is None:
            return
        columns, rows = clamp_size(columns, rows)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        with suppress(OSError):
            fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, size)

    def close(self) -> None:
        """Close web's ends. A seat that still runs goes on; the spawner keeps its own."""
        self.reports.close()
        if self.messages is not None:
            self.messages.close()
        if self.terminal is not None:
            os.close(self.terminal)
            self.terminal = None


class SeatLink:
    """web's side of the connection to the spawner; for one event loop.

    Example:
        link = SeatLink(connection)
        link.on_ended = lambda seat, end: seat.close()
        await link.start()
        seat = await link.open(SeatRequest(person="ann", face=Face.SCREEN))
        await link.end(seat.id)
    """

    def __init__(self, connection: socket) -> None:
        self._channel = Channel(connection)
        self._seats: dict[str, OpenSeat] = {}
        self._requests: dict[int, asyncio.Future[OpenSeat]] = {}
        self._last_number = 0
        self._is_writing = False
        self._ready: asyncio.Future[None] | None = None
        self._notes: dict[str, Any] = {}

        self.on_ended: Callable[[OpenSeat, SeatEnd], None] = lambda seat, _: seat.close()
        """Called when a seat has ended. Whoever sets it closes the seat."""
        self.on_stopping: Callable[[], None] = lambda: None
        """Called when the server is told to end: take no more requests; SIGTERM follows."""
        self.on_lost: Callable[[], None] = lambda: None
        """Called when the spawner has gone, so that no seat can be opened: end web."""
        self.on_enter: Callable[[], None] = lambda: None
        """Called when Enter was pressed in the terminal of the server."""
        self.is_lost = False
        self.is_stopping = False

    async def start(self) -> None:
        """Begin to listen, and wait until the seats of a web before this one are known."""
        loop = asyncio.get_running_loop()
        self._ready = loop.create_future()
        loop.add_reader(self._channel.fileno(), self._read)
        await self._ready

    @property
    def notes(self) -> Mapping[str, Any]:
        """What the web before this one wanted to be known; empty in the first."""
        return self._notes

    def keep_notes(self, notes: Mapping[str, Any]) -> None:
        """Have the next web know this, such as the port it was reached at. JSON, and no secrets."""
        self._notes = dict(notes)
        self._send({"type": "notes", "notes": self._notes})

    def list_seats(self) -> list[OpenSeat]:
        """Return the running seats, also those that a web before this one opened."""
        return list(self._seats.values())

    async def open(self, request: SeatRequest) -> OpenSeat:
        """Open a seat; raises `SeatError` with the reason if that is not possible."""
        self._check_open()
        loop = asyncio.get_running_loop()
        self._last_number += 1
        number = self._last_number
        answer: asyncio.Future[OpenSeat] = loop.create_future()
        self._requests[number] = answer
        self._send({"type": "open", "number": number, "request": encode_request(request)})
        try:
            async with asyncio.timeout(OPEN_PATIENCE):
                seat = await asyncio.shield(answer)
        except TimeoutError:
            self._end_unwanted(answer)
            raise SeatError("the server is too busy to open a seat — try again later") from None
        except asyncio.CancelledError:
            self._end_unwanted(answer)
            raise
        finally:
            del self._requests[number]

        if seat.end is not None:
            # It has ended already. Whoever asked for it is told after having received it.
            loop.call_soon(self.on_ended, seat, seat.end)
        return seat

    def _end_unwanted(self, answer: "asyncio.Future[OpenSeat]") -> None:
        """End a seat that nobody waits for any longer: the person would get a second one."""
        if answer.done() and answer.exception() is None:
            self._send({"type": "end", "seat": answer.result().id})

    async def end(self, seat_id: str) -> None:
        """Have a seat end as at a lost terminal; it is killed if it doesn't within 12 seconds.

        Returns at once; `on_ended` follows.
        """
        if seat_id in self._seats:
            self._send({"type": "end", "seat": seat_id})

    def close(self) -> None:
        """Stop listening, and close web's ends of everything. The seats go on."""
        if self._channel.fileno() >= 0:
            self._stop_watching()
            self._channel.close()
        for seat in self.list_seats():
            seat.close()
        self._seats.clear()

    def _check_open(self) -> None:
        # first, because a server that is stopped soon has no spawner either
        if self.is_stopping:
            raise SeatError("the server is being stopped — try again later")
        if self.is_lost:
            raise SeatError("the server has lost its seats — it must be started again")

    def _send(self, content: Mapping[str, Any]) -> None:
        if self.is_lost:
            return
        try:
            self._channel.send(content)
        except ChannelClosedError:
            self._lose()
            return
        self._watch_for_writing()

    def _watch_for_writing(self) -> None:
        """Have the loop tell when the spawner reads again, while something waits for it."""
        loop = asyncio.get_running_loop()
        if self._channel.has_waiting and not self._is_writing:
            loop.add_writer(self._channel.fileno(), self._write)
            self._is_writing = True
        elif self._is_writing and not self._channel.has_waiting:
            loop.remove_writer(self._channel.fileno())
            self._is_writing = False

    def _write(self) -> None:
        try:
            self._channel.flush()
        except ChannelClosedError:
            self._lose()
            return
        self._watch_for_writing()

    def _read(self) -> None:
        try:
            messages = self._channel.receive()
        except ChannelClosedError:
            self._lose()
            return
        for message in messages:
            self._take(message)

    def _take(self, message: ChannelMessage) -> None:
        content = message.content
        kind = content["type"]
        if kind == "seat":
            self._add_seat(message)
        elif kind == "refused":
            answer = self._requests.get(content["number"])
            if answer is not None and not answer.done():
                answer.set_exception(SeatError(content["sentence"]))
        elif kind == "ended":
            self._remove_seat(content)
        elif kind == "notes":
            self._notes = content["notes"]
        elif kind == "stopping":
            self.is_stopping = True
            self.on_stopping()
        elif kind == "enter":
            self.on_enter()
        elif kind == "ready":
            self._set_ready()

    def _set_ready(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    def _add_seat(self, message: ChannelMessage) -> None:
        content = message.content
        first, reports = message.descriptors
        seat = OpenSeat(
            id=content["seat"],
            request=decode_request(content["request"]),
            reports=_open_socket(reports),
            since=datetime.fromisoformat(content["since"]),
            process=content["process"],
            is_old=content["old"],
        )
        if seat.request.face in FACES_ON_TERMINALS:
            os.set_blocking(first, False)
            seat.terminal = first
        else:
            seat.messages = _open_socket(first)
        self._seats[seat.id] = seat

        number = content.get("number")
        if number is None:
            _take_over(seat)
            return
        answer = self._requests.get(number)
        if answer is None:
            self._send({"type": "end", "seat": seat.id})
        elif not answer.done():
            answer.set_result(seat)

    def _remove_seat(self, content: Mapping[str, Any]) -> None:
        seat = self._seats.pop(content["seat"], None)
        if seat is None:
            return
        seat.end = SeatEnd(
            content["code"], content["signal"], content["sentence"], content["updated"]
        )
        if not self._is_awaited(seat):
            self.on_ended(seat, seat.end)

    def _is_awaited(self, seat: OpenSeat) -> bool:
        """Return whether `open` has still to return this seat."""
        for answer in self._requests.values():
            has_seat = answer.done() and answer.exception() is None
            if has_seat and answer.result() is seat:
                return True
        return False

    def _lose(self) -> None:
        """Take note that the spawner has gone. The seats end by themselves."""
        if self.is_lost:
            return
        self.is_lost = True
        self._stop_watching()
        for answer in self._requests.values():
            if not answer.done():
                answer.set_exception(SeatError("the server has lost its seats"))
        self._set_ready()
        self.on_lost()

    def _stop_watching(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._channel.fileno())
        loop.remove_writer(self._channel.fileno())
        self._is_writing = False


def _open_socket(descriptor: int) -> socket:
    connection = socket(fileno=descriptor)
    connection.setblocking(False)
    return connection


def _take_over(seat: OpenSeat) -> None:
    """Go on with a seat of the web before: end its half line, and ask for the last report."""
    with suppress(OSError):
        seat.reports.send(ASK_AGAIN)
    if seat.messages is not None:
        with suppress(OSError):
            seat.messages.send(b"\n")
