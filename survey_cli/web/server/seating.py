"""Seats by person: one a place, found again after a reload, a cut or a restart of web."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from socket import socket
from typing import Any, Final

from aiohttp import web

from survey_cli.web.seats.messages import LineReader
from survey_cli.web.seats.seat_link import OpenSeat, SeatLink
from survey_cli.web.seats.seat_request import PLACES, Face, SeatEnd, SeatPlace, SeatRequest
from survey_cli.web.server.attached_text import AttachedText
from survey_cli.web.terminals.attached_terminal import AttachedTerminal

REPORT_BYTES: Final = 65_536
END_SECONDS: Final = 15.0
"""How long a seat may take to end before another one is opened in its place."""
LOOK_SECONDS: Final = 0.1
"""How often the server checks meanwhile that its spawner is still there."""

Report = Mapping[str, Any]
"""What a seat reports: its `type`, and what belongs to it."""


class Seat:
    """A seat that is open, and what it has reported."""

    def __init__(self, opened: OpenSeat, *, is_new: bool = True) -> None:
        """`is_new` says that no web before this one had it."""
        self.opened = opened
        self.reports: dict[str, Report] = {}
        """The last report of each type."""
        self.on_report: list[Callable[[Report], None]] = []
        """Called with each report, in the loop of web."""
        self.ended: asyncio.Future[SeatEnd] = asyncio.get_running_loop().create_future()
        self.is_replaced = False
        """Whether it ended because its person took another one."""
        self.ended_by = ""
        """The supervisor or shift leader who ended it; empty if nobody did."""
        self.terminal: AttachedTerminal | None = None
        if opened.terminal is not None:
            self.terminal = AttachedTerminal(opened.terminal, is_new=is_new)
        self.text: AttachedText | None = None
        if opened.messages is not None and opened.request.face is Face.TEXT:
            self.text = AttachedText(opened.messages)
        self._reader = LineReader()
        self._listens = True
        opened.reports.setblocking(False)
        asyncio.get_running_loop().add_reader(opened.reports, self._read_reports)

    @property
    def person(self) -> str:
        return self.opened.request.person

    @property
    def place(self) -> SeatPlace:
        return PLACES[self.opened.request.face]

    @property
    def used_at(self) -> float:
        """When something was keyed last, on the clock of the loop; 0 if nothing was yet."""
        if self.terminal is not None:
            return self.terminal.used_at
        if self.text is not None:
            return self.text.used_at
        return 0.0

    def finish(self, end: SeatEnd) -> None:
        """Note that the seat has ended. What it reported last is read first."""
        self._read_reports()
        self._stop_listening()
        if self.terminal is not None:
            self.terminal.close()
        if self.text is not None:
            self.text.close()
        self.opened.close()
        if not self.ended.done():
            self.ended.set_result(end)

    def _read_reports(self) -> None:
        while self._listens:
            data = _receive(self.opened.reports)
            if data is None:
                return
            if not data:
                self._stop_listening()
                return
            for report in self._reader.feed(data):
                self._keep(report)

    def _keep(self, report: dict[str, Any]) -> None:
        kind = report.get("type")
        if isinstance(kind, str):
            self.reports[kind] = report
            for listen in list(self.on_report):
                listen(report)

    def _stop_listening(self) -> None:
        if self._listens:
            self._listens = False
            asyncio.get_running_loop().remove_reader(self.opened.reports)


def _receive(reports: socket) -> bytes | None:
    """Return what has arrived: None if nothing has, and no bytes at the end."""
    try:
        return reports.recv(REPORT_BYTES)
    except BlockingIOError:
        return None
    except OSError:
        return b""


class Seating:
    """The seats that are open, by person."""

    def __init__(self, link: SeatLink) -> None:
        self._link = link
        self._open: dict[str, Seat] = {}
        """All that are open, by their id."""
        self._seats: dict[tuple[str, SeatPlace], Seat] = {}
        """Each person's own, by login and place."""
        self._last: dict[tuple[str, SeatPlace], Seat] = {}
        """Of each person and place, the seat that ended last."""
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One request a person at a time decides which seat there is."""
        self._ending_desks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Take over the seats that a web before this one has opened. Call it in the loop."""
        self._link.on_ended = self._note_end
        for opened in self._link.list_seats():
            seat = self._add(opened, is_new=False)
            if seat.opened.request.face is Face.DESK:
                # The browser that waited for its file has lost web, too.
                ending = asyncio.create_task(self._link.end(opened.id))
                self._ending_desks.append(ending)

    @property
    def is_stopping(self) -> bool:
        """Whether the server is about to end."""
        return self._link.is_stopping or self._link.is_lost

    async def sit(self, request: SeatRequest) -> Seat:
        """Return the person's seat with this face; open it if it isn't the one that is open.

        Raises SeatError.
        """
        async with self._turns[request.person]:
            seat = self.find_seat(request.person, PLACES[request.face])
            if seat is not None and not self._fits(seat, request):
                seat.is_replaced = True
                await self._end(seat)
                seat = None
            if seat is None:
                seat = self._add(await self._link.open(request))
            return seat

    def find_seat(self, person: str, place: SeatPlace = SeatPlace.STATION) -> Seat | None:
        """Return the person's seat at a place, if it is open."""
        return self._seats.get((person, place))

    def find_last_seat(self, person: str, place: SeatPlace = SeatPlace.STATION) -> Seat | None:
        """Return the person's seat that has ended last at a place, if web has seen its end."""
        return self._last.get((person, place))

    def find_by_id(self, seat_id: str) -> Seat | None:
        """Return the open seat with this id."""
        return self._open.get(seat_id)

    def list_seats(self) -> list[Seat]:
        """Return the seats that are open."""
        return list(self._open.values())

    async def end(self, person: str) -> None:
        """End the person's seats gently, and wait for their end."""
        async with self._turns[person]:
            for seat in self.list_seats():
                if seat.person == person:
                    await self._end(seat)

    async def open_desk(self, request: SeatRequest) -> tuple[Seat, socket]:
        """Open a desk; returns it with the socket of its answer, which the caller closes.

        A person may have several. Raises SeatError.
        """
        opened = await self._link.open(request)
        connection = opened.messages
        assert connection is not None
        # What the desk wrote last is read after its end, which would close it.
        opened.messages = None
        return self._add(opened), connection

    async def end_desk(self, seat: Seat) -> None:
        """End a desk, if it hasn't ended by itself; doesn't wait."""
        await self._link.end(seat.opened.id)

    async def end_seat(self, seat: Seat, *, by: str) -> None:
        """End somebody else's seat gently, and wait for its end."""
        seat.ended_by = by
        await self._end(seat)

    def _fits(self, seat: Seat, request: SeatRequest) -> bool:
        sitting = seat.opened.request
        is_same_face = sitting.face is request.face
        return is_same_face and sitting.practice == request.practice

    def _add(self, opened: OpenSeat, *, is_new: bool = True) -> Seat:
        seat = Seat(opened, is_new=is_new)
        self._open[opened.id] = seat
        self._seats[seat.person, seat.place] = seat
        if opened.end is not None:
            # It ended at once, before whoever asked for it could be told that it was opened.
            self._note_end(opened, opened.end)
        return seat

    async def _end(self, seat: Seat) -> None:
        await self._link.end(seat.opened.id)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._wait_for_end(seat)

    async def _wait_for_end(self, seat: Seat) -> None:
        """Wait until a seat has ended, or the spawner, which would tell of it, has gone."""
        while not (seat.ended.done() or self._link.is_lost):
            await asyncio.wait([seat.ended], timeout=LOOK_SECONDS)

    def _note_end(self, opened: OpenSeat, end: SeatEnd) -> None:
        seat = self._open.pop(opened.id, None)
        if seat is None:
            # `_add` has it soon, and then notes its end.
            return
        seat.finish(end)
        key = (seat.person, seat.place)
        if self._seats.get(key) is seat:
            del self._seats[key]
            self._last[key] = seat


SEATING: web.AppKey[Seating] = web.AppKey("seating")
