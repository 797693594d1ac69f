"""Both faces of a seat as one thing: a page that shows where an interview stands, and takes keys."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

import aiohttp

from crash.script import ITEMS, Stand, Step, stand
from support.browser_seat import Page, ServedSeat

COLUMNS = 100
ROWS = 30
SOON = 15.0
REVIEW = "Every question is answered"
ITEM = re.compile(r"Item (\d{3}) ")


class FaceName(Enum):
    SCREEN = auto()
    TEXT = auto()


class CaseShown(Enum):
    """What is shown between two interviews."""

    TO_DIAL = auto()
    DIALED = auto()


Position = Stand | CaseShown | None


class LostLineError(Exception):
    """The line has ended while something was awaited."""


class SeatPage:
    """A page at a seat: one of a socket client here, one of Chromium in `browser_cuts`."""

    face: FaceName

    @property
    def kinds(self) -> list[str]:
        """The types of frames that have come."""
        raise NotImplementedError

    @property
    def is_closed(self) -> bool:
        """Whether the page can't come back to its seat."""
        raise NotImplementedError

    @property
    def shown(self) -> str:
        """What is shown, for whoever has to find out what went wrong."""
        raise NotImplementedError

    def says(self, words: str) -> bool:
        """Return whether the page says this about what was entered last."""
        raise NotImplementedError

    def find_position(self) -> Position:
        """Return where the interview stands by what is shown; None if that can't be seen."""
        raise NotImplementedError

    async def send(self, step: Step) -> None:
        """Send what is keyed for a step, and don't wait."""
        raise NotImplementedError

    async def send_command(self, screen: str, text: str) -> None:
        """Send a key of the full screen, or what is typed on the text page instead."""
        raise NotImplementedError

    def count_unacknowledged(self) -> int:
        """Return how many of the things sent the server has not acknowledged."""
        raise NotImplementedError

    def settle(self) -> None:
        """Forget what was sent: what became of it is known."""

    async def leave(self) -> None:
        """Close the page."""
        raise NotImplementedError

    async def wait_for(self, has_happened: Callable[[], object], seconds: float = SOON) -> None:
        """Wait until something has happened. Raises LostLineError or TimeoutError."""
        until = time.monotonic() + seconds
        while not has_happened():
            if self.is_closed:
                raise LostLineError(self.kinds[-3:], self.shown)
            if time.monotonic() > until:
                raise TimeoutError(self.kinds[-3:], self.shown)
            await asyncio.sleep(0.01)


class SocketPage(SeatPage):
    """A client at a socket. `open_page_at` makes one."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        self.line = line

    @property
    def seat(self) -> dict[str, Any] | None:
        """What the server has said of the seat: its id and the generation."""
        raise NotImplementedError

    async def cut(self) -> None:
        """Cut the line without a word."""
        response = self.line._response
        if response.connection is not None and response.connection.transport is not None:
            response.connection.transport.abort()
        await self.leave()

    async def leave(self) -> None:
        """Close the page."""
        await self.line.close()


def find_screen_position(text: str) -> Position:
    """Return where the full screen stands that shows this text."""
    if REVIEW in text:
        return Stand(ITEMS)
    if "i interview" in text:
        return CaseShown.DIALED if "dialed" in text else CaseShown.TO_DIAL
    at = stand(text)
    return None if at == Stand(ITEMS) else at


def find_text_position(ask: dict[str, Any]) -> Position:
    """Return where the text page stands that shows what is asked."""
    label = str(ask.get("label", ""))
    choices = [answer["typed"] for answer in ask.get("answers", ())]
    if REVIEW in label:
        return Stand(ITEMS)
    if "command or outcome" in label:
        return CaseShown.TO_DIAL if ".dial" in choices else CaseShown.DIALED
    item = ITEM.match(label)
    return Stand(int(item[1]), doubted=".ok" in choices) if item is not None else None


class ScreenPage(SocketPage):
    """A page with the full screen."""

    face = FaceName.SCREEN

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__(line)
        self.page = Page(line, COLUMNS, ROWS)
        self.sent_at: dict[int, float] = {}
        """When each key was sent, for whoever measures that."""

    @property
    def seat(self) -> dict[str, Any] | None:
        seated = [frame for frame in self.page.frames if frame["type"] == "seated"]
        return seated[0] if seated else None

    @property
    def kinds(self) -> list[str]:
        return self.page.kinds()

    @property
    def is_closed(self) -> bool:
        return self.page.is_closed

    @property
    def shown(self) -> str:
        return self.page.text()

    def says(self, words: str) -> bool:
        return words in self.page.text()

    def find_position(self) -> Position:
        return find_screen_position(self.page.text())

    async def send(self, step: Step) -> None:
        await self.page.type(step.screen)

    async def send_command(self, screen: str, text: str) -> None:
        # The full screen uses no key that was typed before what it answers was seen.
        await asyncio.sleep(0.35)
        await self.page.type(screen)

    def count_unacknowledged(self) -> int:
        return self.page.number - len(self.page.taken)


class TextPage(SocketPage):
    """A text page, as its script does it."""

    face = FaceName.TEXT

    def __init__(self, line: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__(line)
        self._frames: list[str] = []
        self._seat: dict[str, Any] | None = None
        self._ask: dict[str, Any] = {}
        self._lines = ""
        """What the log says since the last entry."""
        self._sent: list[int] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.line:
            frame = json.loads(message.data)
            self._frames.append(frame["type"])
            if frame["type"] == "seated":
                self._seat = frame
            elif frame["type"] == "ask":
                self._ask = frame
            elif frame["type"] == "lines":
                self._lines += json.dumps(frame["lines"])

    @property
    def seat(self) -> dict[str, Any] | None:
        return self._seat

    @property
    def kinds(self) -> list[str]:
        return self._frames

    @property
    def is_closed(self) -> bool:
        return self._reader.done()

    @property
    def shown(self) -> str:
        return str(self._ask.get("label", ""))

    def says(self, words: str) -> bool:
        # The question comes after what is said about the entry before.
        return words in self._lines and self.count_unacknowledged() == 0

    def find_position(self) -> Position:
        return find_text_position(self._ask)

    async def send(self, step: Step) -> None:
        await self._enter(step.plain.rstrip("\n"))

    async def send_command(self, screen: str, text: str) -> None:
        await self._enter(text)

    async def _enter(self, text: str) -> None:
        asked = {"seat": self._ask["seat"], "ask": self._ask["ask"]}
        self._sent.append(self._ask["ask"])
        self._lines = ""
        await self.line.send_str(json.dumps({"type": "entry", "text": text, **asked}))

    def count_unacknowledged(self) -> int:
        return len([ask for ask in self._sent if ask >= self._ask["ask"]])

    async def leave(self) -> None:
        await super().leave()
        await self._reader


PATHS = {FaceName.SCREEN: "/seat/screen", FaceName.TEXT: "/seat/text"}


async def open_page_at(
    served: ServedSeat,
    browser: aiohttp.ClientSession,
    face: FaceName,
    again: dict[str, Any] | None = None,
) -> SocketPage:
    """Open a page, as soon as the server listens; `again` is the seat to which it comes back."""
    given: dict[str, str | int] = {"columns": COLUMNS, "rows": ROWS, "zone": "America/Chicago"}
    if again is not None:
        given |= {"seat": again["seat"], "generation": again["generation"]}
    until = time.monotonic() + SOON
    while True:
        try:
            line = await browser.ws_connect(served.address + PATHS[face], params=given)
            break
        except aiohttp.ClientError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.05)
    return ScreenPage(line) if face is FaceName.SCREEN else TextPage(line)
