"""The text page of `survey serve` with real processes: faces are changed, and seats and web are killed."""

import asyncio
import json
import os
import random
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from aiohttp import ClientConnectorError

from support.browser_seat import LONG, ServedSeat, make_shift, open_browser, open_page
from support.scale import SCALE
from support.shift import Shift

QUESTIONS = 40
ITEMS = "\nitems:\n" + "".join(
    f"  - {{id: q{number}, type: number, text: Number {number}?}}\n"
    for number in range(1, QUESTIONS + 1)
)
Test = Callable[[Any], Awaitable[None]]


@pytest.fixture(scope="module")
def shift(tmp_path_factory: pytest.TempPathFactory) -> Shift:
    return make_shift(tmp_path_factory.mktemp("study"), ITEMS)


@pytest.fixture(scope="module")
def served(shift: Shift) -> Iterator[ServedSeat]:
    arguments = ("serve", str(shift.file), "--db", shift.db, "--no-browser", "--port", "0")
    with ServedSeat(*arguments, folder=shift.folder) as server:
        yield server


class TextSocket:
    """A page at a text seat, as the script of the page does it."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.ask: dict[str, Any] = {}
        self.lines: dict[tuple[str, int], dict[str, Any]] = {}
        self.kinds: list[str] = []
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            frame = json.loads(message.data)
            self.kinds.append(frame["type"])
            if frame["type"] == "ask":
                self.ask = frame
            elif frame["type"] == "lines":
                for number, line in enumerate(frame["lines"], frame["first"]):
                    self.lines[frame["seat"], number] = line

    async def wait_for(self, has_happened: Callable[[], object]) -> None:
        async with asyncio.timeout(LONG):
            while not has_happened():
                assert not self.reader.done() or has_happened(), self.kinds
                await asyncio.sleep(0.01)

    async def asks(self, label: str) -> None:
        await self.wait_for(lambda: label in self.ask.get("label", ""))

    async def enter(self, text: str) -> None:
        """Send an entry for what is asked, and don't wait."""
        asked = {"seat": self.ask["seat"], "ask": self.ask["ask"]}
        await self.socket.send_str(json.dumps({"type": "entry", "text": text, **asked}))

    async def answer(self, text: str) -> None:
        before = self.ask["ask"]
        await self.enter(text)
        await self.wait_for(lambda: self.ask["ask"] != before)

    def say(self) -> list[str]:
        return ["".join(text for text, _ in line["words"]) for line in self.lines.values()]

    def cut(self) -> None:
        self.socket._response.connection.transport.abort()


@asynccontextmanager
async def open_text(served: ServedSeat, browser: Any) -> AsyncIterator[TextSocket]:
    socket = await connect(served, browser)
    page = TextSocket(socket)
    try:
        await page.wait_for(lambda: page.ask)
        yield page
    finally:
        await socket.close()
        await page.reader


async def connect(served: ServedSeat, browser: Any) -> Any:
    """Connect a page, as soon as a web that was killed listens again."""
    url = f"{served.address}/seat/text"
    async with asyncio.timeout(LONG):
        while True:
            try:
                return await browser.ws_connect(url, params={"zone": "America/Chicago"})
            except ClientConnectorError:
                await asyncio.sleep(0.05)


def run(served: ServedSeat, test: Test) -> None:
    async def act() -> None:
        async with open_browser(served) as browser:
            await test(browser)

    asyncio.run(act())


def kill_seat(served: ServedSeat) -> None:
    """Kill the process of the seat: the spawner's child that is not web."""
    pid = served.program.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (seat,) = [int(child) for child in children if int(child) != served.web_process]
    os.kill(seat, signal.SIGKILL)


def read_answers(shift: Shift) -> list[tuple[str, str]]:
    with sqlite3.connect(shift.db) as database:
        return database.execute(
            "SELECT item, payload FROM journal WHERE kind = 'answered' ORDER BY interview, seq"
        ).fetchall()


def test_one_interview_on_both_faces_through_cuts_and_deaths(
    served: ServedSeat, shift: Shift
) -> None:
    """Every answer that was acknowledged is stored once, and the same question is asked again."""
    chance = random.Random(29)

    async def sit(browser: Any) -> None:
        async with open_text(served, browser) as page:
            await page.answer(".dial")
            await page.answer(".interview")
            await page.asks("Number 1?")
        for number in range(1, 7):
            await answer_one(browser, number)
        async with open_page(served, browser) as screen:
            await screen.shows("Number 7?")
            await screen.press("7\r")
            await screen.shows("Number 8?")
        for number in range(8, 8 + 4 * SCALE):
            await answer_one(browser, number)

    async def answer_one(browser: Any, number: int) -> None:
        async with open_text(served, browser) as page:
            await page.asks(f"Number {number}?")
            match chance.choice(("leave", "cut", "kill seat", "kill web", "cut behind")):
                case "leave":
                    pass
                case "cut":
                    page.cut()
                    await page.reader
                case "kill seat":
                    kill_seat(served)
                    await page.wait_for(lambda: "ended" in page.kinds)
                case "kill web":
                    served.kill_web()
                    await page.reader
                case "cut behind":
                    await page.enter(str(number))
                    page.cut()
                    await page.reader
                    return await make_sure(browser, number)
        async with open_text(served, browser) as page:
            await page.asks(f"Number {number}?")
            await page.answer(str(number))
            await page.asks(f"Number {number + 1}?")
        return None

    async def make_sure(browser: Any, number: int) -> None:
        """Answer what was sent into a cut line only if it is still asked."""
        async with open_text(served, browser) as page:
            if f"Number {number}?" in page.ask["label"]:
                await page.answer(str(number))
            await page.asks(f"Number {number + 1}?")

    run(served, sit)
    last = 7 + 4 * SCALE
    expected = [(f"q{number}", number) for number in range(1, last + 1)]
    answers = [(item, json.loads(payload)["value"]) for item, payload in read_answers(shift)]
    assert answers == expected
