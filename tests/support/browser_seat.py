"""`survey serve` in a process of its own, and pages at its socket: what a browser does, without one."""

import asyncio
import json
import os
import re
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from types import MappingProxyType, TracebackType
from typing import Any

import aiohttp
import pyte

from support.forked_survey import BEGIN, PRELUDE, SURVEY_MAIN
from support.programs import Program
from support.shift import Shift

LONG = 60.0
"""Seconds after which what was expected will not come."""
LINK = re.compile(r"(http://127\.0\.0\.1:\d+)/enter#(\S+)")
AT_ANY_HOUR = """
fieldwork:
  frame: establishment
  zone: America/Chicago
  hours: {mon-sun: "00:00-24:00"}
  reason: a test that runs at any hour
"""
CASES = "unit,kind,name,phone,zone\n" + "".join(
    f"{key},1,Mr {key},+1 312 555 010{digit},America/Chicago\n" for digit, key in enumerate("ABCD")
)


def make_shift(folder: Path, items: str | None = None) -> Shift:
    """A study whose cases can be called at any hour."""
    given = {} if items is None else {"items": items}
    return Shift(folder, fieldwork=AT_ANY_HOUR, cases=CASES, at=datetime.now(UTC), **given)


class ServedSeat:
    """A running `survey serve`; it ends with the block in which it is used."""

    def __init__(
        self,
        *arguments: str,
        folder: Path,
        environment: dict[str, str] | None = None,
        before: str = "",
    ):
        """`before` is Python that is run before the command begins."""
        given = {**os.environ, "DISPLAY": "", "BROWSER": "", **(environment or {})}
        self._before = before
        self.program = self._start(arguments, folder, given)
        self.said = ""
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.cookie = ""

    def _start(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Any:
        given = ["pipes", json.dumps(environment), *arguments]
        return Program(PRELUDE, BEGIN + self._before + SURVEY_MAIN, given, cwd=folder)

    def _read(self) -> None:
        for line in self.program.stderr:
            self.said += line

    def __enter__(self) -> "ServedSeat":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.program.poll() is None:
            self.program.send_signal(signal.SIGTERM)
        self.program.wait()
        self._reader.join()
        self.program.stdin.close()
        self.program.stdout.close()

    def wait_for(self, has_happened: Callable[[], object], seconds: float = LONG) -> None:
        deadline = time.monotonic() + seconds
        while not has_happened():
            assert time.monotonic() < deadline, self.said
            assert self.program.poll() is None, self.said
            time.sleep(0.02)

    @property
    def link(self) -> re.Match[str]:
        self.wait_for(lambda: LINK.search(self.said))
        found = LINK.search(self.said)
        assert found is not None
        return found

    @property
    def address(self) -> str:
        return self.link[1]

    def list_children(self) -> list[int]:
        """The processes that the spawner has forked: web and the seats."""
        children = Path(f"/proc/{self.program.pid}/task/{self.program.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def list_seats(self) -> list[int]:
        """The processes of seats."""
        web = self.web_process
        return [child for child in self.list_children() if child != web]

    @property
    def web_process(self) -> int:
        """The process of web: the one that listens."""
        port = int(self.address.rpartition(":")[2])
        (listener,) = [
            line.split()[9]
            for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
            if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
        ]
        for child in self.list_children():
            for descriptor in Path(f"/proc/{child}/fd").iterdir():
                with suppress(OSError):
                    if os.readlink(descriptor) == f"socket:[{listener}]":
                        return child
        raise AssertionError("nobody listens")

    def kill_web(self) -> None:
        """Kill web, and wait until the next one listens."""
        process = self.web_process
        os.kill(process, signal.SIGKILL)
        self.wait_for(lambda: "is started again" in self.said)
        self.wait_for(self._listens)

    def _listens(self) -> bool:
        host, _, port = self.address.rpartition("/")[2].partition(":")
        with suppress(OSError), socket.create_connection((host, int(port))):
            return True
        return False


@asynccontextmanager
async def open_browser(served: ServedSeat) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that has used the link."""
    origin = {"Origin": served.address}
    # The cookie is for encrypted connections and this computer, which browsers take for one.
    async with aiohttp.ClientSession(
        headers=origin, cookie_jar=aiohttp.DummyCookieJar()
    ) as browser:
        if not served.cookie:
            key = served.link[2]
            async with browser.post(f"{served.address}/enter", json={"key": key}) as answer:
                assert answer.status == 204, await answer.text()
                served.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        browser.headers["Cookie"] = served.cookie
        yield browser


class Page:
    """A page at a seat: what it shows, and what the server has told it."""

    def __init__(self, line: aiohttp.ClientWebSocketResponse, columns: int, rows: int) -> None:
        self.line = line
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._unread = bytearray()
        """Output that the screen doesn't show yet: reading it takes long, so it is read on demand."""
        self._text: str | None = None
        self.frames: list[dict[str, Any]] = []
        self.taken: list[int] = []
        self.number = 0
        self.bytes = 0
        self.clears = 0
        self.is_closed = False
        self.on_frame: Callable[[bytes | dict[str, Any]], object] = lambda frame: None
        """Called for each frame, for whoever measures times."""
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.line:
            if isinstance(message.data, bytes):
                self.bytes += len(message.data)
                self.clears += message.data.count(b"\x1bc")
                self._unread += message.data
                self.on_frame(message.data)
                continue
            frame = json.loads(message.data)
            self.on_frame(frame)
            if frame["type"] == "taken":
                self.taken.append(frame["number"])
            else:
                self.frames.append(frame)
        self.is_closed = True

    @property
    def screen(self) -> pyte.Screen:
        """What is shown."""
        if self._unread:
            # What comes before a reset is no longer shown.
            _, reset, rest = bytes(self._unread).rpartition(b"\x1bc")
            self._unread.clear()
            self._stream.feed(reset + rest)
            self._text = None
        return self._screen

    def text(self) -> str:
        """What is shown, with single blanks."""
        screen = self.screen
        if self._text is None:
            self._text = " ".join("\n".join(screen.display).split())
        return self._text

    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]

    @property
    def seated(self) -> dict[str, Any]:
        (frame,) = [frame for frame in self.frames if frame["type"] == "seated"]
        return frame

    async def wait_for(self, has_happened: Callable[[], object], seconds: float = LONG) -> None:
        deadline = time.monotonic() + seconds
        while not has_happened():
            assert time.monotonic() < deadline, (self.kinds(), self.text())
            await asyncio.sleep(0.01)

    async def shows(self, wanted: str, seconds: float = LONG) -> None:
        await self.wait_for(lambda: wanted in self.text(), seconds)

    async def gets(self, kind: str, seconds: float = LONG) -> dict[str, Any]:
        await self.wait_for(lambda: kind in self.kinds(), seconds)
        return next(frame for frame in self.frames if frame["type"] == kind)

    async def send(self, **frame: object) -> None:
        await self.line.send_str(json.dumps(frame))

    async def type(self, keys: str, generation: int | None = None) -> None:
        """Send keys as one frame, and don't wait."""
        self.number += 1
        if generation is None:
            generation = self.seated["generation"]
        await self.send(type="keys", generation=generation, number=self.number, time=0, keys=keys)

    async def press(self, keys: str) -> None:
        """Send keys, and wait until the server has taken them."""
        # The full screen uses no key that was typed before the last one was seen to be wrong.
        await asyncio.sleep(0.2)
        await self.type(keys)
        await self.wait_for(lambda: self.number in self.taken)

    async def cut(self) -> None:
        """Cut the line without a word."""
        transport = self.line._response.connection.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()
        await self._reader


@asynccontextmanager
async def open_page(
    served: ServedSeat,
    browser: aiohttp.ClientSession,
    columns: int = 100,
    rows: int = 30,
    query: Mapping[str, str | int] = MappingProxyType({}),
) -> AsyncIterator[Page]:
    """A page at the seat, as a browser opens it; `query` is what it adds or says otherwise."""
    given = {"columns": columns, "rows": rows, "zone": "America/Chicago", **query}
    async with browser.ws_connect(f"{served.address}/seat/screen", params=given) as line:
        page = Page(line, columns, rows)
        try:
            yield page
        finally:
            await line.close()
            await page._reader
