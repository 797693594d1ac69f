"""Messages between a seat's text page and the pages of a browser: one at a time, nothing cut in two."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("aiohttp")

from survey_cli.web.server.attached_text import AttachedText

Test = Callable[[socket.socket, AttachedText], Awaitable[None]]


def run(test: Test) -> None:
    async def act() -> None:
        ours, seat = socket.socketpair()
        seat.setblocking(False)
        text = AttachedText(ours)
        try:
            await asyncio.wait_for(test(seat, text), 10)
        finally:
            text.close()
            ours.close()
            seat.close()

    asyncio.run(act())


class Page:
    def __init__(self) -> None:
        self.received: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()

    async def send(self, content: Mapping[str, Any]) -> None:
        await self.received.put(content)


async def read_line(seat: socket.socket) -> dict[str, Any]:
    line = b""
    while not line.endswith(b"\n"):
        line += await asyncio.get_running_loop().sock_recv(seat, 1)
    content: dict[str, Any] = json.loads(line)
    return content


def test_a_page_gets_what_the_seat_says_and_a_new_one_takes_its_place() -> None:
    async def test(seat: socket.socket, text: AttachedText) -> None:
        first, second = Page(), Page()
        one = await text.attach(0, first.send)
        assert one is not None
        assert await read_line(seat) == {"type": "attach"}
        seat.sendall(b'{"type":"lines","first":1')
        two = await text.attach(0, second.send)
        seat.sendall(b',"lines":[]}\n')

        assert await second.received.get() == {"type": "lines", "first": 1, "lines": []}
        assert one.is_replaced
        assert two is not None
        assert not two.is_replaced
        assert first.received.empty()

    run(test)


def test_a_page_comes_back_after_a_cut_but_not_over_a_newer_one() -> None:
    async def test(_: socket.socket, text: AttachedText) -> None:
        one = await text.attach(0, Page().send)
        assert one is not None
        back = await text.attach(one.generation, Page().send)
        assert back is not None, "its own line, which is not known to be cut yet"
        newer = await text.attach(0, Page().send)
        assert newer is not None
        assert await text.attach(back.generation, Page().send) is None
        assert not newer.is_replaced

        await text.detach(newer)
        assert await text.attach(back.generation, Page().send) is not None

    run(test)


def test_a_seat_cannot_speak_for_web() -> None:
    async def test(seat: socket.socket, text: AttachedText) -> None:
        page = Page()
        await text.attach(0, page.send)
        seat.sendall(b'{"type":"signed-out"}\n[]\n{"type":"unused","ask":3}\n')
        assert (await page.received.get())["type"] == "unused"

    run(test)


def test_a_message_is_written_wholly_though_its_page_goes() -> None:
    async def test(seat: socket.socket, text: AttachedText) -> None:
        page = await text.attach(0, Page().send)
        assert page is not None
        assert (await read_line(seat))["type"] == "attach"
        long = {"type": "typing", "text": "x" * 2_000_000}
        writing = asyncio.create_task(text.write(long))
        await asyncio.sleep(0)
        writing.cancel()
        await text.detach(page)

        await asyncio.sleep(0)
        following = asyncio.create_task(text.write({"type": "entry", "text": "1"}))
        data = b""
        while data.count(b"\n") < 2:
            data += await asyncio.get_running_loop().sock_recv(seat, 1_000_000)
        await following
        assert [json.loads(line)["type"] for line in data.splitlines()] == ["typing", "entry"]

    run(test)
