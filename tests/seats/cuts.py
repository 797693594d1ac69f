"""Cuts at random moments, by clients at a socket: lines, windows, web, seats, the server itself.

Proves that no answer which the server has acknowledged is lost or doubled, whatever is cut, on both
faces and both engines, and says how soon the same question is shown again. A socket client does
what a page does, without a browser; `browser_cuts` has fewer cuts of real browsers.
"""

import asyncio
import os
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import aiohttp

from seats.faces import FaceName, LostLineError, SeatPage, SocketPage, open_page_at
from seats.interviewer import (
    PATIENCE,
    Cut,
    Interviewer,
    Return,
    Tally,
    describe_tally,
    other_face,
)
from seats.journal import Journal
from seats.row import Effort, Figure
from seats.study import MANY_SOCKETS, make_study
from support import postgres_server
from support.browser_seat import ServedSeat, open_browser

SOCKET_CUTS = 500
"""On each of two engines."""
PEOPLE = 6
"""Interviewers at work at the same time, each at a server of her own, on one database."""
OFTEN = (Cut.LINE, Cut.LINE, Cut.LINE, Cut.LEFT, Cut.ELSEWHERE, Cut.ELSEWHERE, Cut.FACE)
DEADLY = (Cut.SEAT, Cut.SEAT, Cut.WEB, Cut.WEB, Cut.SERVER, Cut.STOP)
ENDS_SEAT = (Cut.FACE, Cut.SEAT, Cut.SERVER, Cut.STOP)


class SocketPlace:
    """A server of its own, and a client at its socket."""

    def __init__(self, name: str, folder: Path, db: str, dice: Random) -> None:
        self._name = name
        self._folder = folder
        self._db = db
        self._dice = dice
        self._face = dice.choice(tuple(FaceName))
        self._cuts: list[Cut] = []
        self._served: ServedSeat
        self._browser: aiohttp.ClientSession
        self._page: SocketPage | None = None

    async def sit_down(self) -> SeatPage:
        """Start the server, and open a page."""
        await self._serve()
        return await self._open()

    def choose_cut(self) -> Cut:
        """Choose the next cut; all kinds come up in their shares."""
        if not self._cuts:
            ways = [*OFTEN, *OFTEN, *DEADLY]
            self._cuts = self._dice.sample(ways, len(ways))
        return self._cuts.pop()

    async def leave(self) -> None:
        """Close the page, and stop the server."""
        if self._page is not None:
            await self._page.leave()
        await self._stop_server(signal.SIGTERM)

    async def _open(self, again: SocketPage | None = None) -> SocketPage:
        """Open a page; it comes back to the seat of an earlier one if `again` is given."""
        seat = again.seat if again is not None else None
        self._page = await open_page_at(self._served, self._browser, self._face, seat)
        return self._page

    async def cut(self, cut: Cut, page: SeatPage) -> Return:
        """Cut, and open the next page at once."""
        assert isinstance(page, SocketPage)
        again = None
        began = time.monotonic()
        match cut:
            case Cut.LINE:
                await page.cut()
                again = page
            case Cut.LEFT:
                await page.leave()
            case Cut.ELSEWHERE:
                pass
            case Cut.FACE:
                self._face = other_face(self._face)
            case Cut.SEAT:
                for seat in self._served.list_seats():
                    os.kill(seat, signal.SIGKILL)
                await wait_until_closed(page)
            case Cut.WEB:
                os.kill(self._served.web_process, signal.SIGKILL)
                await page.leave()
                again = page
            case Cut.SERVER | Cut.STOP:
                await self._stop_server(signal.SIGKILL if cut is Cut.SERVER else signal.SIGTERM)
                await self._serve()
                # A person starts it again, who takes longer than the computer.
                began = time.monotonic()

        return Return(await self._open(again), began, ended_seat=cut in ENDS_SEAT)

    # the server

    async def _serve(self) -> None:
        arguments = ["serve", "field.yaml", "--db", self._db, "--interviewer", self._name]
        self._served = await asyncio.to_thread(
            ServedSeat, *arguments, "--no-browser", folder=self._folder, before=MANY_SOCKETS
        )
        await asyncio.to_thread(lambda: self._served.link)
        self._opening = open_browser(self._served)
        self._browser = await self._opening.__aenter__()

    async def _stop_server(self, number: int) -> None:
        self._served.program.send_signal(number)
        await self._opening.__aexit__(None, None, None)
        await asyncio.to_thread(self._served.__exit__, None, None, None)


async def wait_until_closed(page: SeatPage) -> None:
    """Wait until the server has closed the line of a page."""
    with suppress(LostLineError):
        await page.wait_for(lambda: False, PATIENCE)


async def cut_everybody(folder: Path, db: str, cuts: int, seed: str) -> Tally:
    """Let several interviewers work on one database, until they were cut off so many times."""
    tally = Tally()
    people = min(PEOPLE, max(cuts // 2, 1))
    interviewers = []
    for number in range(people):
        name = f"p{number}"
        dice = Random(f"{seed}/{number}")
        place = SocketPlace(name, folder, db, dice)
        interviewers.append(Interviewer(name, place, Journal(db, name), dice, tally))
    shares = [cuts // people + (number < cuts % people) for number in range(people)]
    await asyncio.gather(
        *(one.work(share) for one, share in zip(interviewers, shares, strict=True))
    )
    return tally


def measure_cuts(effort: Effort, engine: str, whole: int = SOCKET_CUTS) -> list[Figure]:
    """Cut seats on one engine, `sqlite` or `postgresql`."""
    cuts = effort.count(whole, least=3)
    with tempfile.TemporaryDirectory(prefix="survey-seats-") as name:
        folder = Path(name)
        address = postgres_server.create_address() if engine == "postgresql" else ""
        shift = make_study(folder, cases=cuts + 50, db=address)
        tally = asyncio.run(cut_everybody(folder, shift.db, cuts, f"{effort.seed}/{engine}"))
    return describe_tally(tally, engine)
