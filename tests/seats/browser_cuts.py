"""Cuts at random moments of real Chromium: the browser, `web`, the seat, the server, the computer.

Proves what `cuts` proves, for what a person really has in front of her: our scripts in a real
browser come back by themselves, or after the one click that a person makes at once. On SQLite and
on PostgreSQL, on both faces.
"""

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from seats.chromium import ChromiumPage, Computer
from seats.faces import FaceName, SeatPage
from seats.interviewer import Cut, Interviewer, Return, Tally, describe_tally
from seats.journal import Journal
from seats.row import Effort, Figure
from seats.study import MANY_SOCKETS, make_study
from support import postgres_server
from support.browser_seat import ServedSeat, open_browser
from support.html_pages import CHROMIUM

CHROMIUM_CUTS = 50
ENGINES = ("sqlite", "postgresql")
WAYS = (Cut.BROWSER, Cut.WEB, Cut.SEAT, Cut.SERVER, Cut.STOP, Cut.COMPUTER)


class ChromiumPlace:
    """A server, and two computers with Chromium."""

    def __init__(self, name: str, folder: Path, db: str, dice: Random, steering: Any) -> None:
        self._name = name
        self._folder = folder
        self._db = db
        self._dice = dice
        self._face = dice.choice(tuple(FaceName))
        self._cuts: list[Cut] = []
        self._computers = []
        for number in range(2):
            profile = folder / f"{name}-computer-{number}"
            profile.mkdir()
            self._computers.append(Computer(profile, steering))
        self._served: ServedSeat

    @property
    def _computer(self) -> Computer:
        """The computer at which she sits."""
        return self._computers[0]

    async def sit_down(self) -> SeatPage:
        """Start the server and the browser, and open the page."""
        await self._serve()
        for computer in self._computers:
            await computer.start(self._served.cookie)
        return await self._open()

    def choose_cut(self) -> Cut:
        """Choose the next cut; each kind comes up equally often."""
        if not self._cuts:
            self._cuts = self._dice.sample(WAYS, len(WAYS))
        return self._cuts.pop()

    async def leave(self) -> None:
        """Close the browsers, and stop the server."""
        for computer in self._computers:
            await computer.kill()
        await self._stop_server(signal.SIGTERM)

    async def _open(self) -> ChromiumPage:
        return await self._computer.open(self._served.address, self._face)

    async def cut(self, cut: Cut, page: SeatPage) -> Return:
        """Cut, and come back: by herself only if the page doesn't."""
        assert isinstance(page, ChromiumPage)
        face = self._face
        began = time.monotonic()
        match cut:
            case Cut.BROWSER:
                await self._computer.kill()
                await self._computer.start(self._served.cookie)
                self._face = self._dice.choice(tuple(FaceName))
                # From here on she waits for us, and no longer for her browser.
                began = time.monotonic()
                page = await self._open()
            case Cut.COMPUTER:
                self._computers.reverse()
                self._face = self._dice.choice(tuple(FaceName))
                page.has_lost_seat = self._face is face
                began = time.monotonic()
                page = await self._open()
            case Cut.WEB:
                page.await_new_line()
                os.kill(self._served.web_process, signal.SIGKILL)
            case Cut.SEAT:
                page.await_new_line()
                for seat in self._served.list_seats():
                    os.kill(seat, signal.SIGKILL)
                page = await self._come_back_to_seat(page)
            case Cut.SERVER | Cut.STOP:
                await self._stop_server(signal.SIGKILL if cut is Cut.SERVER else signal.SIGTERM)
                await self._serve()
                await asyncio.gather(
                    *(computer.give(self._served.cookie) for computer in self._computers)
                )
                began = time.monotonic()
                page = await self._open()

        lives_on = cut in (Cut.BROWSER, Cut.COMPUTER, Cut.WEB) and self._face is face
        return Return(page, began, ended_seat=not lives_on)

    async def _come_back_to_seat(self, page: ChromiumPage) -> ChromiumPage:
        """Wait for the seat that the page begins by itself.

        If two seats die within a minute, the page asks first; she presses its button at once.
        """
        while page.find_position() is None:
            if page.tab.url.rstrip("/") == self._served.address:
                await page.begin_again()
                return page
            await asyncio.sleep(0.01)
        return page

    # the server

    async def _serve(self) -> None:
        arguments = ["serve", "field.yaml", "--db", self._db, "--interviewer", self._name]
        self._served = await asyncio.to_thread(
            ServedSeat, *arguments, "--no-browser", folder=self._folder, before=MANY_SOCKETS
        )
        await asyncio.to_thread(lambda: self._served.link)
        # The key of the link is good for one browser. Its cookie stands for signing in again.
        async with open_browser(self._served):
            pass

    async def _stop_server(self, number: int) -> None:
        self._served.program.send_signal(number)
        await asyncio.to_thread(self._served.__exit__, None, None, None)


async def cut_on_engine(
    engine: str, folder: Path, cuts: int, seed: str, steering: Any, tally: Tally
) -> None:
    """Let one interviewer be cut off on an engine."""
    folder.mkdir()
    address = postgres_server.create_address() if engine == "postgresql" else ""
    shift = make_study(folder, cases=cuts + 20, db=address)
    dice = Random(f"{seed}/{engine}")
    place = ChromiumPlace(engine, folder, shift.db, dice, steering)
    interviewer = Interviewer(engine, place, Journal(shift.db, engine), dice, tally)
    await interviewer.work(cuts)


async def cut_browsers(folder: Path, cuts: int, seed: str) -> Tally:
    """Let an interviewer on each engine be cut off at the same time."""
    from playwright.async_api import async_playwright

    tally = Tally()
    async with async_playwright() as steering:
        await asyncio.gather(
            *(
                cut_on_engine(engine, folder / engine, cuts // 2, seed, steering, tally)
                for engine in ENGINES
            )
        )
    return tally


def measure_browser_cuts(effort: Effort) -> list[Figure]:
    """Cut Chromium on both engines."""
    if not CHROMIUM:
        goal = "chromium: 0 acknowledged answers lost or doubled"
        return [Figure(goal, "chromium isn't installed", is_met=False, findings=["nothing ran"])]

    cuts = effort.count(CHROMIUM_CUTS, least=4)
    with tempfile.TemporaryDirectory(prefix="survey-seats-", ignore_cleanup_errors=True) as name:
        tally = asyncio.run(cut_browsers(Path(name), cuts, str(effort.seed)))
    return describe_tally(tally, "chromium")
