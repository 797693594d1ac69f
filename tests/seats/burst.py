"""Ten thousand keys over a bad line: it delays 100 ms each way, and holds some messages for longer.

A stall holds everything behind it, too: the keys then arrive in a burst. The journal must be that
of somebody who types slowly.
"""

import asyncio
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random

from crash.script import ITEMS, Stand, Step, answer
from seats.crowds import begin_interview, find_place
from seats.cuts import Journal, find_taken
from seats.faces import CaseShown, ScreenPage
from seats.row import Effort, Figure, find_percentile
from seats.study import MANY_SOCKETS, make_study
from support.browser_seat import ServedSeat, open_browser

KEYS = 10_000
DELAY_SECONDS = 0.1
"""Each way."""
STALL_SECONDS = 0.4
STALLED_SHARE = 0.02
P90_OVER_ROUND_TRIP = 0.030
P99_OVER_ROUND_TRIP = 0.450
TYPING_SECONDS = 0.12
"""Between two keys of a text, as a person types."""


class BadLine:
    """A proxy that delays, and sometimes stalls, what passes through it in either direction."""

    def __init__(self, target: tuple[str, int], dice: Random) -> None:
        self._target = target
        self._dice = dice
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut all lines."""
        self._server.close()
        for task in list(self._tasks):
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other_reader, other_writer = await asyncio.open_connection(*self._target)
        for one, other in ((reader, other_writer), (other_reader, writer)):
            waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
            for work in (self._take(one, waiting), self._pass(waiting, other)):
                task = asyncio.create_task(work)
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _take(
        self, reader: asyncio.StreamReader, waiting: "asyncio.Queue[tuple[float, bytes]]"
    ) -> None:
        data = b"begin"
        with suppress(OSError):
            while data:
                data = await reader.read(65_536)
                delay = DELAY_SECONDS
                if self._dice.random() < STALLED_SHARE:
                    delay += STALL_SECONDS
                waiting.put_nowait((time.monotonic() + delay, data))

    async def _pass(
        self, waiting: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        data = b"begin"
        with suppress(OSError):
            while data:
                due, data = await waiting.get()
                # Nothing overtakes what is held: a line keeps its order.
                await asyncio.sleep(max(due - time.monotonic(), 0))
                writer.write(data)
            writer.close()


async def type_keys(page: ScreenPage, dice: Random, keys: int) -> tuple[list[Step], list[float]]:
    """Work through interviews, each key a frame of its own; return the steps and the delays.

    The delay of a key is the time until the server has acknowledged it.
    """
    steps: list[Step] = []
    delays: list[float] = []
    acknowledging = asyncio.create_task(note_delays(page, delays))
    at: Stand | CaseShown | None = Stand(0)
    while len(delays) < keys:
        if not isinstance(at, Stand):
            await begin_interview(page)
            at = Stand(0)
        elif at == Stand(ITEMS):
            await page.wait_for(lambda: page.find_position() == Stand(ITEMS), 60)
            await asyncio.sleep(1.2)
            await page.send_command("\r", "")
            await page.wait_for(lambda: page.find_position() is CaseShown.TO_DIAL, 60)
            at = CaseShown.TO_DIAL
        else:
            step = answer(at, dice, calm=True)
            for key in step.screen:
                page.sent_at[page.page.number + 1] = time.monotonic()
                await page.page.type(key)
                await asyncio.sleep(TYPING_SECONDS * dice.random())
            steps.append(step)
            at = step.to
    acknowledging.cancel()
    return steps, delays


async def note_delays(page: ScreenPage, delays: list[float]) -> None:
    """Note how long each acknowledgment took."""
    seen = 0
    while True:
        while seen < len(page.page.taken):
            sent_at = page.sent_at.pop(page.page.taken[seen], None)
            seen += 1
            if sent_at is not None:
                delays.append(time.monotonic() - sent_at)
        await asyncio.sleep(0.002)


async def type_over_bad_line(folder: Path, db: str, effort: Effort) -> list[Figure]:
    """Type over a bad line, and compare the journal."""
    arguments = ["serve", "field.yaml", "--db", db, "--interviewer", "ann", "--no-browser"]
    served = await asyncio.to_thread(ServedSeat, *arguments, folder=folder, before=MANY_SOCKETS)
    dice = Random(effort.seed)
    line = BadLine((await asyncio.to_thread(find_place, served)), dice)
    await line.start()
    try:
        async with open_browser(served) as browser:
            given = {"columns": 100, "rows": 30, "zone": "America/Chicago"}
            host = f"{find_place(served)[0]}:{find_place(served)[1]}"
            url = f"http://127.0.0.1:{line.port}/seat/screen"
            async with browser.ws_connect(url, params=given, headers={"Host": host}) as socket:
                page = ScreenPage(socket)
                await begin_interview(page)
                steps, delays = await type_keys(page, dice, effort.count(KEYS, least=30))
                await asyncio.sleep(3)
                rows = Journal(db).read("ann")
                shown = page.shown
    finally:
        await line.close()
        await asyncio.to_thread(served.__exit__, None, None, None)
    return describe_typing(steps, delays, find_taken([], steps, rows), len(rows), shown)


def describe_typing(
    steps: list[Step], delays: list[float], taken: int | None, stored: int, shown: str
) -> list[Figure]:
    """Return the figures."""
    round_trip = 2 * DELAY_SECONDS
    p90 = find_percentile(delays, 0.90)
    p99 = find_percentile(delays, 0.99)
    is_same = taken == len(steps)
    return [
        Figure(
            goal="over a bad line, the journal is that of slow typing",
            measured=f"{len(delays)} keys, {len(steps)} entries typed, {stored} stored",
            is_met=is_same,
            findings=[f"stored differently; the screen shows {shown[:300]}"],
        ),
        Figure(
            goal="key → acknowledged: p90 ≤ round trip + 30 ms, p99 ≤ round trip + 450 ms",
            measured=f"round trip {round_trip * 1000:.0f} ms; p90 {p90 * 1000:.0f} ms, "
            f"p99 {p99 * 1000:.0f} ms",
            is_met=p90 <= round_trip + P90_OVER_ROUND_TRIP
            and p99 <= round_trip + P99_OVER_ROUND_TRIP,
            is_promise=False,
        ),
    ]


def measure_burst(effort: Effort) -> list[Figure]:
    """Type ten thousand keys over a bad line."""
    with tempfile.TemporaryDirectory(prefix="survey-seats-") as name:
        folder = Path(name)
        shift = make_study(folder, cases=100)
        return asyncio.run(type_over_bad_line(folder, shift.db, effort))
