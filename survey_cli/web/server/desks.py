"""Desks: seats that make one file each. How many there are at a time, and the end of each."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from aiohttp import web

from survey_cli.web.seats.desk_files import DeskReader
from survey_cli.web.seats.seat_request import SeatRequest
from survey_cli.web.server.seating import SEATING, Seat, Seating

MOST_OF_PERSON: Final = 2
MOST_IN_ALL: Final = 4
"""A desk may take as much memory as a large study needs."""
END_SECONDS: Final = 5.0
"""How long the end of a desk may take to be known, after its last byte."""


class TooManyDesksError(Exception):
    """Too many files are being made, as a sentence for the person."""


class Desk:
    """A desk that is open."""

    def __init__(self, seat: Seat, reader: DeskReader) -> None:
        self._seat = seat
        self.reader = reader

    async def find_sentence(self) -> str:
        """Return what the desk said at its end; empty if it said nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                end = await asyncio.shield(self._seat.ended)
                return end.sentence
        return ""


class Desks:
    """The desks of a server."""

    def __init__(self, seating: Seating) -> None:
        self._seating = seating
        self._open: Counter[str] = Counter()
        """How many each person has."""

    @asynccontextmanager
    async def open(self, request: SeatRequest) -> AsyncIterator[Desk]:
        """Open a desk. It ends with the block, whatever has been read by then.

        Raises TooManyDesksError, or SeatError.
        """
        person = request.person
        if self._open[person] >= MOST_OF_PERSON:
            raise TooManyDesksError(
                f"{MOST_OF_PERSON} of your downloads are being made. Wait until one is complete."
            )
        if self._open.total() >= MOST_IN_ALL:
            raise TooManyDesksError(
                "Too many downloads of others are being made. Try again in a minute."
            )

        self._open[person] += 1
        try:
            seat, connection = await self._seating.open_desk(request)
            try:
                yield Desk(seat, DeskReader(connection))
            finally:
                await self._seating.end_desk(seat)
                connection.close()
        finally:
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]


def prepare_desks(app: web.Application) -> None:
    """Let the application open desks."""
    app[DESKS] = Desks(app[SEATING])


DESKS: web.AppKey[Desks] = web.AppKey("desks")
