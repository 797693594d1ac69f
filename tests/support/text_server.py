"""The pages of a server whose text seats run in threads of this process: no spawner, no study."""

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from threading import Thread
from typing import Any

from aiohttp import web

from support.fake_station import FakeStation
from survey_cli.plain import run_text_page
from survey_cli.web.seats.seat_link import OpenSeat
from survey_cli.web.seats.seat_request import SeatEnd, SeatRequest
from survey_cli.web.server.application import build_application
from survey_cli.web.server.doors import LoopbackDoor
from survey_cli.web.server.guarded_server import GuardedSite
from survey_cli.web.server.guards import guard_application
from survey_cli.web.server.limits import Limits
from survey_cli.web.server.listening import listen_on_port
from survey_cli.web.server.visitors import Visitor

LONG = 60.0
MakeStation = Callable[[], Any]


class OnePerson:
    """Everybody is the same person."""

    sign_in_path = "/"

    async def find_visitor(self, _request: web.Request) -> Visitor | None:
        return Visitor(person="ann", can_sign_out=False)

    async def end_shift(self, _request: web.Request, _answer: web.Response) -> None:
        pass


class ThreadSeat:
    """A seat in a thread. `close` ends it, as if its process had been told to."""

    def __init__(self, make_station: MakeStation, on_end: Callable[[int], None]) -> None:
        self._make_station = make_station
        self.messages, self._inner = socket.socketpair()
        self.reports, self._inner_reports = socket.socketpair()
        self._on_end = on_end
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        # A database belongs to the thread that has opened it.
        station = self._make_station()
        code = run_text_page(station, self._inner)
        self._on_end(code)
        self._inner.close()
        self._inner_reports.close()

    def end(self) -> None:
        self._inner.shutdown(socket.SHUT_RD)


class ThreadLink:
    """What web's link to the spawner does, with threads."""

    def __init__(self) -> None:
        self.on_ended: Callable[[OpenSeat, SeatEnd], None] = lambda seat, _: seat.close()
        self.make_station: MakeStation = FakeStation
        self.seats: dict[str, ThreadSeat] = {}
        self.is_stopping = False
        self.signal: int | None = None
        """The signal that ends the next seat, as if it was killed."""
        self.is_lost = False
        self.opened: dict[str, OpenSeat] = {}
        self._requests: dict[str, SeatRequest] = {}
        self._ids = count(1)
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Begin in the loop of a web, which is another one after a new start."""
        self._loop = asyncio.get_running_loop()
        self.opened = {id: self._open(id) for id in self.seats}

    def _open(self, id: str) -> OpenSeat:
        seat = self.seats[id]
        return OpenSeat(
            id=id,
            request=self._requests[id],
            reports=seat.reports.dup(),
            since=datetime.now(UTC),
            process=0,
            messages=seat.messages.dup(),
        )

    async def open(self, request: SeatRequest) -> OpenSeat:
        id = f"seat-{next(self._ids)}"
        self._requests[id] = request
        self.seats[id] = ThreadSeat(self.make_station, lambda code: self._note_end(id, code))
        self.opened[id] = self._open(id)
        return self.opened[id]

    async def end(self, seat_id: str) -> None:
        self.seats[seat_id].end()

    def list_seats(self) -> list[OpenSeat]:
        return list(self.opened.values())

    def _note_end(self, id: str, code: int) -> None:
        self.seats.pop(id, None)
        opened = self.opened.pop(id, None)
        if opened is not None and self._loop is not None:
            end = SeatEnd(code) if self.signal is None else SeatEnd(None, self.signal)
            self._loop.call_soon_threadsafe(self.on_ended, opened, end)


class TextServer:
    """A server in a thread. `stop` and `start` are a new start of web: the seats go on."""

    def __init__(self) -> None:
        self.link = ThreadLink()
        self.port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._site: GuardedSite | None = None
        self._thread: Thread | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, act: Callable[[], Any]) -> Any:
        """Run a coroutine function in the loop of the server."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(act(), self._loop).result(LONG)

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._start)

    async def _start(self) -> None:
        self.link.begin()
        listener = listen_on_port(self.port)
        self.port = listener.getsockname()[1]
        app = build_application(self.link, OnePerson())  # type: ignore[arg-type]
        limits = Limits()
        guard_application(app, LoopbackDoor(self.port), limits)
        self._site = GuardedSite(app, listener, limits)
        await self._site.start()

    def stop(self) -> None:
        assert self._loop is not None
        assert self._site is not None
        assert self._thread is not None
        self.run(self._site.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LONG)

    def end_seats(self) -> None:
        """End every seat, and wait for their ends."""
        for seat in list(self.link.seats.values()):
            seat.end()
            seat.thread.join(LONG)
        # What the ends led to in the loop has been done, too.
        self.run(lambda: asyncio.sleep(0.05))
