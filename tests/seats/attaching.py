"""Pages come and go thousands of times at two seats: processes, descriptors and memory stay."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from seats.faces import FaceName, LostLineError, open_page_at
from seats.row import Effort, Figure
from seats.study import MANY_SOCKETS, make_study
from support.browser_seat import ServedSeat, open_browser

ATTACHES = 20_000
WARM_UP = 200
"""Attaches before the first look: caches and buffers fill."""
NEW_SEATS = 200
"""Seats that are opened and killed, besides."""
MOST_NEW_DESCRIPTORS = 3
MOST_NEW_MEGABYTES = {"spawner": 6.0, "web": 6.0, "seat": 6.0}


@dataclass(frozen=True)
class ProcessLook:
    """What one process has."""

    name: str
    descriptors: int
    megabytes: float
    """Its private memory: what it doesn't share with the process that forked it."""
    resident: float
    """All its memory, in megabytes. Unlike the private one, it doesn't grow when a page that was
    shared is written to, which is no leak."""


def look_at_process(name: str, process: int) -> ProcessLook:
    """Return the descriptors and the memory of a process."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
    resident = sum(int(line.split()[1]) for line in lines if line.startswith("Rss:"))
    descriptors = len(os.listdir(f"/proc/{process}/fd"))
    return ProcessLook(name, descriptors, private / 1024, resident / 1024)


def look_at_server(served: ServedSeat) -> list[ProcessLook]:
    """Return what the spawner, web and the seat have."""
    [seat] = served.list_seats()
    return [
        look_at_process("spawner", served.program.pid),
        look_at_process("web", served.web_process),
        look_at_process("seat", seat),
    ]


async def attach_once(
    served: ServedSeat, browser: aiohttp.ClientSession, face: FaceName, *, is_cut: bool
) -> None:
    """Open a page at the seat, and close it or cut its line."""
    page = await open_page_at(served, browser, face)
    await page.wait_for(lambda: page.seat)
    if is_cut:
        await page.cut()
    else:
        await page.leave()


async def replace_seat(served: ServedSeat, browser: aiohttp.ClientSession, face: FaceName) -> None:
    """Kill the seat, and open another one."""
    for seat in served.list_seats():
        os.kill(seat, signal.SIGKILL)
    while served.list_seats():
        await asyncio.sleep(0.01)
    while not served.list_seats():
        # web may not have heard yet that the seat has died, and then tells the page so.
        with suppress(LostLineError):
            await attach_once(served, browser, face, is_cut=False)


async def attach_many(
    folder: Path, db: str, face: FaceName, count: int, seats: int
) -> tuple[list[ProcessLook], list[ProcessLook]]:
    """Attach pages to the seat of one face; return the processes before and after."""
    name = face.name.lower()
    arguments = ["serve", "field.yaml", "--db", db, "--interviewer", name, "--no-browser"]
    served = await asyncio.to_thread(ServedSeat, *arguments, folder=folder, before=MANY_SOCKETS)
    try:
        await asyncio.to_thread(lambda: served.link)
        async with open_browser(served) as browser:
            for _ in range(3):
                await attach_once(served, browser, face, is_cut=False)
                await replace_seat(served, browser, face)
            for number in range(WARM_UP):
                await attach_once(served, browser, face, is_cut=number % 2 == 0)
            before = look_at_server(served)

            # New seats first: the seat that is looked at has seen all attaches.
            for _ in range(seats):
                await replace_seat(served, browser, face)
            for number in range(count):
                await attach_once(served, browser, face, is_cut=number % 2 == 0)
            await asyncio.sleep(2)
            return before, look_at_server(served)
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)


def describe_growth(
    face: FaceName, before: Sequence[ProcessLook], after: Sequence[ProcessLook]
) -> tuple[str, list[str]]:
    """Return the figures in words, and what has grown too much."""
    figures = []
    findings = []
    for earlier, later in zip(before, after, strict=True):
        descriptors = later.descriptors - earlier.descriptors
        megabytes = later.resident - earlier.resident
        private = later.megabytes - earlier.megabytes
        figures.append(
            f"{later.name} {descriptors:+} descriptors, {megabytes:+.1f} MB "
            f"(private {private:+.1f} MB)"
        )
        if descriptors > MOST_NEW_DESCRIPTORS:
            findings.append(f"{face.name}: {later.name} has {later.descriptors} descriptors")
        if megabytes > MOST_NEW_MEGABYTES[later.name]:
            findings.append(f"{face.name}: {later.name} has grown by {megabytes:.1f} MB")
    return ", ".join(figures), findings


async def attach_to_both(folder: Path, db: str, count: int, seats: int) -> list[Figure]:
    """Attach pages to the seats of both faces at the same time."""
    looks = await asyncio.gather(
        *(attach_many(folder, db, face, count // 2, seats // 2) for face in FaceName)
    )
    figures = []
    for face, (before, after) in zip(FaceName, looks, strict=True):
        growth, findings = describe_growth(face, before, after)
        figures.append(
            Figure(
                goal=f"{face.name.lower()}: no leak of processes, descriptors, memory",
                measured=f"{count // 2} attaches, {seats // 2} seats: {growth}",
                is_met=not findings,
                findings=findings,
            )
        )
    return figures


def measure_attaching(effort: Effort) -> list[Figure]:
    """Attach and detach; a process that is left over fails the look at the server."""
    with tempfile.TemporaryDirectory(prefix="survey-seats-") as name:
        folder = Path(name)
        shift = make_study(folder, cases=10)
        count = effort.count(ATTACHES, least=20)
        seats = effort.count(NEW_SEATS, least=2)
        return asyncio.run(attach_to_both(folder, shift.db, count, seats))
