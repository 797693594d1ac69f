"""A page at a seat in a real Chromium. Its screen is drawn on a canvas, so it is read from what it receives."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyte

from support.browser_seat import LONG, ServedSeat


class ScreenPage:
    """One page of a browser's context."""

    def __init__(self, context: Any) -> None:
        self.tab = context.new_page()
        self.errors: list[str] = []
        self.received = ""
        """All that the terminal was sent."""
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on("websocket", self._note_socket)

    def _note_socket(self, line: Any) -> None:
        query = parse_qs(urlsplit(line.url).query)
        self._begin_screen(int(query["columns"][0]), int(query["rows"][0]))
        line.on("framereceived", self._note_output)

    def _begin_screen(self, columns: int, rows: int) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)

    def _note_output(self, output: str | bytes) -> None:
        if isinstance(output, bytes):
            self._stream.feed(output)
            self.received += output.decode(errors="replace")

    def enter(self, served: ServedSeat) -> None:
        """Open the link."""
        self.tab.goto(served.link[0])
        self.tab.wait_for_url("**/seat")

    def text(self) -> str:
        """What the terminal shows, with single blanks."""
        return " ".join("\n".join(self.screen.display).split())

    def wait_for(self, has_happened: Callable[[], object], seconds: float = LONG) -> None:
        deadline = time.monotonic() + seconds
        while not has_happened():
            assert time.monotonic() < deadline, (self.banner(), self.errors, self.text())
            # Playwright hands out events only while it is asked for something
            self.tab.wait_for_timeout(15)

    def shows(self, wanted: str, seconds: float = LONG) -> None:
        self.wait_for(lambda: wanted in self.text(), seconds)

    def press(self, key: str) -> None:
        """Press a key, as Playwright names it. The full screen uses no key that came too soon."""
        self.tab.wait_for_timeout(250)
        self.tab.keyboard.press(key)

    def type(self, text: str) -> None:
        self.tab.wait_for_timeout(250)
        self.tab.keyboard.type(text)

    def click(self, label: str) -> None:
        """Click on a text that the terminal shows once."""
        self.wait_for(lambda: any(label in line for line in self.screen.display))
        self.tab.wait_for_timeout(250)
        (row,) = [row for row, line in enumerate(self.screen.display) if label in line]
        column = self.screen.display[row].index(label)
        box = self.tab.locator(".xterm-screen").bounding_box()
        x = box["x"] + (column + 0.5) * box["width"] / self.screen.columns
        y = box["y"] + (row + 0.5) * box["height"] / self.screen.lines
        self.tab.wait_for_timeout(250)
        self.tab.mouse.click(x, y)

    def banner(self) -> str:
        """The sentence that says why keys don't arrive; empty if they do."""
        banner = self.tab.locator("#banner")
        if banner.count() == 0 or not banner.is_visible():
            return ""
        return str(banner.inner_text())

    def message(self) -> str:
        """The sentence in front of the screen; empty if there is none."""
        message = self.tab.locator("#message")
        if message.count() == 0 or not message.is_visible():
            return ""
        return str(self.tab.locator("#sentence").inner_text())

    def dropped(self) -> str:
        return str(self.tab.locator("#dropped").inner_text())
