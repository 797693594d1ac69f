"""Chromium on a computer of its own: it can be killed like one, and its page has both faces."""

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyte

from crash.script import ALT_LEFT, F9, Step
from seats.faces import FaceName, Position, SeatPage, find_screen_position, find_text_position
from support.html_pages import CHROMIUM

START_SECONDS = 60.0
MOST_MILLISECONDS = 30_000
KEYS = {"\r": "Enter", " ": "Space", ALT_LEFT: "Alt+ArrowLeft", F9: "F9"}
"""What a terminal sends for a key, and the name that Playwright has for it."""
KEY = re.compile("|".join(re.escape(key) for key in KEYS if key != " ") + "|[^\r\x1b]+")
ADDRESSES = {FaceName.SCREEN: "/seat", FaceName.TEXT: "/text"}


class Computer:
    """A computer with a profile of Chromium, in which one window is open."""

    def __init__(self, folder: Path, steering: Any) -> None:
        self._folder = folder
        self._steering = steering
        self._process: subprocess.Popen[bytes] | None = None
        self._browser: Any = None

    async def start(self, cookie: str) -> None:
        """Start the browser. It has the cookie that it had before, or got by the link."""
        told = self._folder / "DevToolsActivePort"
        told.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            [
                str(CHROMIUM),
                "--headless=new",
                "--no-sandbox",
                "--no-first-run",
                "--disable-gpu",
                # So narrow that nothing stands beside the question.
                "--window-size=960,800",
                "--remote-debugging-port=0",
                f"--user-data-dir={self._folder}",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + START_SECONDS
        while not told.exists() or not told.read_text():
            if time.monotonic() > until:
                raise TimeoutError("Chromium does not start")
            await asyncio.sleep(0.02)
        port = told.read_text().split()[0]
        chromium = self._steering.chromium
        self._browser = await chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
        await self.give(cookie)

    @property
    def is_on(self) -> bool:
        return self._process is not None

    async def give(self, cookie: str) -> None:
        """Give the browser the cookie of a server."""
        name, _, value = cookie.partition("=")
        given = {"name": name, "value": value, "url": "https://127.0.0.1", "secure": True}
        await self._browser.contexts[0].add_cookies([given])

    async def open(self, address: str, face: FaceName) -> "ChromiumPage":
        """Open a page at the seat, in the only window; return it before anything is shown."""
        [tab, *others] = self._browser.contexts[0].pages
        for other in others:
            await other.close()
        page = ChromiumPage(tab, face)
        await tab.goto(address + ADDRESSES[face], wait_until="commit")
        return page

    async def kill(self) -> None:
        """Kill all processes of the browser at once, as a crash or a flat battery would."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        await asyncio.to_thread(self._process.wait)
        self._process = None
        with suppress(Exception):
            await self._browser.close()


class ChromiumPage(SeatPage):
    """A page at a seat, as its person sees it."""

    def __init__(self, tab: Any, face: FaceName) -> None:
        self.tab = tab
        self.face = face
        self._kinds: list[str] = []
        self._ask: dict[str, Any] = {}
        self._pressed = 0
        """Keys of the full screen, or entries of the text page, since what was sent is settled."""
        self._taken = 0
        self.has_lost_seat = False
        """Whether the seat is on another computer now."""
        self._is_waiting = True
        """The line is new, and has said nothing of the seat yet."""
        self._begin_screen(80, 24)
        tab.on("websocket", self._note_line)

    def _note_line(self, line: Any) -> None:
        query = parse_qs(urlsplit(line.url).query)
        if "columns" in query:
            self._begin_screen(int(query["columns"][0]), int(query["rows"][0]))
        self._ask = {}
        self._is_waiting = False
        line.on("framereceived", self._note_frame)

    def _begin_screen(self, columns: int, rows: int) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)

    def _note_frame(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            self._stream.feed(data)
            return
        frame = json.loads(data)
        self._kinds.append(frame["type"])
        if frame["type"] == "taken":
            self._taken += 1
        elif frame["type"] == "ask":
            if frame["ask"] != self._ask.get("ask"):
                self._taken += 1
            self._ask = frame

    def await_new_line(self) -> None:
        """Take nothing for shown until the page has a new line."""
        self._is_waiting = True

    @property
    def kinds(self) -> list[str]:
        return self._kinds

    @property
    def is_closed(self) -> bool:
        return False

    @property
    def shown(self) -> str:
        if self.face is FaceName.TEXT:
            return str(self._ask.get("label", ""))
        return " ".join("\n".join(self._screen.display).split())

    def says(self, words: str) -> bool:
        return words in self.shown

    def find_position(self) -> Position:
        if self._is_waiting:
            return None
        if self.face is FaceName.TEXT:
            return find_text_position(self._ask)
        return find_screen_position(self.shown)

    async def send(self, step: Step) -> None:
        if self.face is FaceName.TEXT:
            await self._enter(step.plain.rstrip("\n"))
        else:
            await self._type(step.screen)

    async def send_command(self, screen: str, text: str) -> None:
        if self.face is FaceName.TEXT:
            await self._enter(text)
            return
        # The full screen uses no key that was typed before what it answers was seen.
        await asyncio.sleep(0.35)
        await self._type(screen)

    async def _type(self, keys: str) -> None:
        """Press the keys for which a terminal would send this."""
        for key in KEY.findall(keys):
            if key in KEYS:
                self._pressed += 1
                await self.tab.keyboard.press(KEYS[key])
            else:
                self._pressed += len(key)
                await self.tab.keyboard.type(key)

    async def _enter(self, text: str) -> None:
        """Type an entry, once the page shows what it is the answer to."""
        await self.tab.locator(f'body[data-asked="{self._ask["ask"]}"]').wait_for()
        self._pressed += 1
        await self.tab.locator("#field").fill(text)
        await self.tab.locator("#field").press("Enter")

    def count_unacknowledged(self) -> int:
        return max(self._pressed - self._taken, 0)

    def settle(self) -> None:
        self._pressed = 0
        self._taken = 0

    async def leave(self) -> None:
        """Leave the page open: whoever goes to another computer doesn't close it.

        If the seat went with her, the page must say so.
        """
        if self.has_lost_seat:
            sentence = self.tab.locator("#sentence", has_text="Your seat has moved")
            await sentence.wait_for(timeout=MOST_MILLISECONDS)

    async def begin_again(self) -> None:
        """Press the button of a page whose seat has ended for good."""
        button = self.tab.locator("a.button", has_text=re.compile("Begin again|Go on"))
        await button.first.click(timeout=MOST_MILLISECONDS)
