"""What a crowd does to the server: idle sockets, slow heads, slow readers, huge pastes.

Meanwhile an interviewer keys answers, and the memory of web is watched.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import aiohttp

from crash.script import ITEMS, Stand, answer
from seats.attaching import look_at_process
from seats.faces import CaseShown, FaceName, SeatPage, open_page_at
from seats.row import Effort, Figure, find_percentile
from seats.study import MANY_SOCKETS, make_study
from support.browser_seat import ServedSeat, open_browser
from survey_cli.web.server.static_files import address_file

SOCKETS = 1000
SLOW_READERS = 20
PASTES = 20
PASTE_LETTERS = 4_000_000
MOST_MEGABYTES = 100.0
"""How much web may grow: a thousand connections, and what waits for slow readers."""
SLOWEST_ANSWER = 5.0
"""Seconds from a key to the next question, on a machine that does all of this itself."""

Crowd = Callable[[ServedSeat, aiohttp.ClientSession, int], Awaitable[None]]


async def open_idle_sockets(served: ServedSeat, _: aiohttp.ClientSession, count: int) -> None:
    """Open connections that say nothing."""
    lines = [await connect(served) for _ in range(count)]
    await asyncio.sleep(2)
    await close_lines(lines)


async def send_slow_heads(served: ServedSeat, _: aiohttp.ClientSession, count: int) -> None:
    """Send heads of requests, a few letters at a time."""
    lines = [await connect(served) for _ in range(count)]
    for letter in b"GET /s":
        for line in lines:
            with suppress(OSError):
                line.write(bytes([letter]))
        await asyncio.sleep(0.5)
    await close_lines(lines)


async def read_slowly(served: ServedSeat, browser: aiohttp.ClientSession, count: int) -> None:
    """Ask for large pages, and read nothing."""
    host, port = find_place(served)
    lines = []
    for _ in range(count):
        _, writer = await asyncio.open_connection(host, port, limit=1024)
        cookie = browser.headers["Cookie"]
        request = f"GET {address_file('terminal/textual.js')} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        # Many requests on one connection: their answers must not pile up.
        writer.write(f"{request}Cookie: {cookie}\r\n\r\n".encode() * 20)
        lines.append(writer)
    await asyncio.sleep(3)
    await close_lines(lines)


async def paste_much(served: ServedSeat, browser: aiohttp.ClientSession, count: int) -> None:
    """Send messages of four megabytes, which end their own sockets only."""
    pasted = "x" * PASTE_LETTERS
    frames = {
        "/seat/text": {"type": "entry", "text": pasted},
        "/seat/screen": {"type": "keys", "generation": 1, "number": 1, "keys": pasted},
    }
    # Without a place there is no seat to take away from the one at work.
    given = {"seat": "gone", "generation": 1}
    for path in list(frames) * (count // 2):
        with suppress(aiohttp.ClientError, ConnectionError):
            async with browser.ws_connect(served.address + path, params=given) as line:
                await line.send_str(json.dumps(frames[path]))
                await line.receive(timeout=5)


CROWDS: dict[str, tuple[Crowd, int]] = {
    "idle sockets": (open_idle_sockets, SOCKETS),
    "slow heads": (send_slow_heads, SOCKETS // 2),
    "slow readers": (read_slowly, SLOW_READERS),
    "pastes of 4 MB": (paste_much, PASTES),
}


def find_place(served: ServedSeat) -> tuple[str, int]:
    """Return the host and the port."""
    host, _, port = served.address.rpartition("/")[2].partition(":")
    return host, int(port)


async def connect(served: ServedSeat) -> asyncio.StreamWriter:
    """Open a connection."""
    _, writer = await asyncio.open_connection(*find_place(served))
    return writer


async def close_lines(lines: list[asyncio.StreamWriter]) -> None:
    """Close connections."""
    for line in lines:
        line.close()
    for line in lines:
        with suppress(OSError):
            await line.wait_closed()


async def begin_interview(page: SeatPage) -> None:
    """Dial the case, and begin its interview."""
    await page.wait_for(lambda: page.find_position() is CaseShown.TO_DIAL)
    await page.send_command("d", ".dial")
    await page.wait_for(lambda: page.find_position() is CaseShown.DIALED)
    await page.send_command("i", ".interview")
    await page.wait_for(lambda: page.find_position() == Stand(0))
    await asyncio.sleep(0.3)


async def key_on(page: SeatPage, dice: Random, is_over: asyncio.Event) -> list[float]:
    """Key answers until the crowd has gone; return how long each took to lead on."""
    seconds = []
    while not is_over.is_set():
        at = page.find_position()
        assert isinstance(at, Stand), page.shown
        if at.item >= ITEMS - 1:
            break
        step = answer(at, dice, calm=True)
        began = time.monotonic()
        await page.send(step)
        await page.wait_for(lambda step=step: page.find_position() == step.to, 30)
        seconds.append(time.monotonic() - began)
        await asyncio.sleep(0.2)
    return seconds


async def meet_crowds(folder: Path, db: str, effort: Effort) -> list[Figure]:
    """Let each crowd come while somebody works at a seat."""
    arguments = ["serve", "field.yaml", "--db", db, "--no-browser"]
    served = await asyncio.to_thread(ServedSeat, *arguments, folder=folder, before=MANY_SOCKETS)
    try:
        await asyncio.to_thread(lambda: served.link)
        async with open_browser(served) as browser:
            page = await open_page_at(served, browser, FaceName.SCREEN)
            await begin_interview(page)
            figures = []
            for name, (come, whole) in CROWDS.items():
                count = effort.count(whole, least=2)
                figures += await meet_crowd(served, browser, page, name, come, count)
            await page.leave()
            return figures
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)


async def meet_crowd(
    served: ServedSeat,
    browser: aiohttp.ClientSession,
    page: SeatPage,
    name: str,
    come: Crowd,
    count: int,
) -> list[Figure]:
    """Let one crowd come; return what it did."""
    web = served.web_process
    before = look_at_process("web", web)
    is_over = asyncio.Event()
    most = 0.0

    async def watch() -> None:
        nonlocal most
        while not is_over.is_set():
            most = max(most, look_at_process("web", web).megabytes - before.megabytes)
            await asyncio.sleep(0.1)

    working = asyncio.create_task(key_on(page, Random(count), is_over))
    watching = asyncio.create_task(watch())
    await come(served, browser, count)
    is_over.set()
    await watching
    findings = []
    seconds = await working
    if most > MOST_MEGABYTES:
        findings.append(f"web has grown by {most:.0f} MB")
    if served.web_process != web:
        findings.append("web was started again")
    slowest = max(seconds, default=0.0)
    return [
        Figure(
            goal=f"{name}: seats go on, bounded memory",
            measured=f"{count} of them; {len(seconds)} answers meanwhile, median "
            f"{find_percentile(seconds, 0.5) * 1000:.0f} ms, at most {slowest:.2f} s; "
            f"web at most {most:+.1f} MB",
            is_met=not findings,
            findings=findings,
        ),
        Figure(
            goal=f"{name}: an answer leads on within 5 s",
            measured=f"at most {slowest:.2f} s",
            is_met=slowest <= SLOWEST_ANSWER,
            is_promise=False,
        ),
    ]


def measure_crowds(effort: Effort) -> list[Figure]:
    """Let crowds come."""
    with tempfile.TemporaryDirectory(prefix="survey-seats-") as name:
        folder = Path(name)
        shift = make_study(folder, cases=5)
        return asyncio.run(meet_crowds(folder, shift.db, effort))
