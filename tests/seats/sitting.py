"""Sixty seats at work: their memory after many interviews, and how long a key takes to be painted.

One of them is a page in Chromium, behind Caddy. The others are clients at a socket, which do on the
same computer what sixty browsers would do on theirs. The interviews before the measured part are
keyed ahead, as fast as the seats take them. In the measured part everybody answers a question in
five seconds.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp

from crash.script import ITEMS, Stand, answer
from seats.attaching import look_at_process
from seats.burst import KeyTimes, end_interview, in_milliseconds
from seats.crowds import begin_interview
from seats.faces import COLUMNS, ROWS, ScreenPage
from seats.row import Effort, Figure, find_percentile
from seats.study import make_study
from support.html_pages import CHROMIUM
from support.proxies import Proxy, has_caddy, run_caddy
from support.served_accounts import InstalledServer, accept, invite, list_people
from survey_cli.store.backends.account import read_system_account

SEATS = 60
INTERVIEWS = 30
ANSWER_SECONDS = 5.0
KEY_SECONDS = 0.12
"""Between two keys of an answer, as a person types."""
MOST_MEGABYTES = 45.0
SLOWEST_PAINT = 0.050
PACED_ANSWERS = 24
"""Answers of each seat at five seconds each, while keys are timed. An interview has 36."""
AT_ONCE = 24
"""Seats that hold their interviews before that at the same time."""
LOOK_SECONDS = 0.5
NAMED_KEYS = {"\r": "Enter", " ": "Space"}
PAINTED = """
(() => {
  let pressed = 0;
  let isTaken = false;
  window.painted = [];
  window.addEventListener("keydown", (event) => {
    pressed = event.timeStamp;
    isTaken = false;
  }, true);

  function measurePaint(since) {
    const arrived = performance.now() - since;
    // xterm.js reads output in a timer, and draws it in the next frame. This message comes after
    // the frame was painted.
    const afterPaint = new MessageChannel();
    afterPaint.port1.onmessage = () => {
      window.painted.push([arrived, performance.now() - since]);
    };
    setTimeout(() => setTimeout(() => requestAnimationFrame(() => {
      afterPaint.port2.postMessage(0);
    })));
  }

  const Line = window.WebSocket;
  window.WebSocket = class extends Line {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (typeof event.data === "string") {
          isTaken ||= JSON.parse(event.data).type === "taken";
        } else if (pressed && isTaken) {
          measurePaint(pressed);
          pressed = 0;
        }
      });
    }
  };
})();
"""
"""Times, in the page, each key until the first output after the server took it: until the output
arrives, and until it is painted."""


@dataclass(frozen=True)
class Painted:
    """How long keys took in Chromium, in seconds."""

    arrived: Sequence[float] = ()
    """Until their output was there."""
    painted: Sequence[float] = ()
    """Until that was painted."""


@dataclass
class Sitter:
    """A person at a seat, as a client at a socket."""

    login: str
    browser: aiohttp.ClientSession
    page: ScreenPage


@dataclass(frozen=True)
class ProcessorTimes:
    """What all processors have done since the computer was started, in ticks of the clock."""

    busy: int
    total: int


def read_processor_times() -> ProcessorTimes:
    """Read how busy the computer was, with whatever runs on it."""
    _, *columns = Path("/proc/stat").read_text().splitlines()[0].split()
    ticks = [int(column) for column in columns]
    idle = ticks[3] + ticks[4]
    return ProcessorTimes(busy=sum(ticks) - idle, total=sum(ticks))


async def hold_interviews(page: ScreenPage, dice: Random, count: int) -> None:
    """Hold so many interviews, each keyed ahead."""
    for _ in range(count):
        await begin_interview(page)
        keys = ""
        for item in range(ITEMS):
            keys += choose_short_answer(item, dice)
        await page.page.type(keys)
        # Looked at seldom: reading the screen takes time of the processors that the seats need.
        while page.find_position() != Stand(ITEMS):
            await asyncio.sleep(LOOK_SECONDS)
        await end_interview(page)


def choose_short_answer(item: int, dice: Random) -> str:
    """Return the keys of an answer. A text is short: its letters would take most of the time."""
    keys = answer(Stand(item), dice, calm=True).screen
    if keys.startswith("words"):
        return "yes\r"
    return keys


async def work_paced(page: ScreenPage, dice: Random, answers: int) -> list[float]:
    """Answer a question every five seconds; return how long each key took to be painted."""
    await asyncio.sleep(dice.random() * ANSWER_SECONDS)
    await begin_interview(page)
    times = KeyTimes(page)
    for item in range(answers):
        began = time.monotonic()
        step = answer(Stand(item), dice, calm=True)
        last = step.screen[-1]
        for key in step.screen[:-1]:
            await times.type(key)
            await asyncio.sleep(KEY_SECONDS)
        await times.type(last, leads_to=step.to.item)
        await page.wait_for(times.are_all_painted, 60)
        await asyncio.sleep(max(ANSWER_SECONDS - (time.monotonic() - began), 0))
    return [key.painted - key.sent for key in times.keys]


async def work_in_chromium(
    proxy: Proxy, browser: aiohttp.ClientSession, dice: Random, answers: int
) -> Painted:
    """Do the same in Chromium."""
    from playwright.async_api import async_playwright

    async with async_playwright() as steering:
        chromium = await steering.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = await chromium.new_context(ignore_https_errors=True)
        for pair in browser.headers["Cookie"].split("; "):
            name, _, value = pair.partition("=")
            await context.add_cookies([{"name": name, "value": value, "url": proxy.origin}])
        tab = await context.new_page()
        await tab.add_init_script(PAINTED)
        await tab.goto(f"{proxy.origin}/seat")
        await tab.locator(".xterm-screen").wait_for()
        await asyncio.sleep(5)

        # The case is dialed, and its interview begins.
        for keys in ("d", "i", *(answer(Stand(k), dice, calm=True).screen for k in range(answers))):
            began = time.monotonic()
            for key in keys:
                await tab.keyboard.press(NAMED_KEYS.get(key, key))
                await asyncio.sleep(KEY_SECONDS)
            await asyncio.sleep(max(ANSWER_SECONDS - (time.monotonic() - began), 0))
        milliseconds = await tab.evaluate("window.painted")
        await chromium.close()
    return Painted(
        arrived=[arrived / 1000 for arrived, _ in milliseconds],
        painted=[painted / 1000 for _, painted in milliseconds],
    )


async def sit_down(
    stack: AsyncExitStack, served: InstalledServer, login: str, token: str
) -> Sitter:
    """Sign in for the first time, and open the full screen."""
    browser = await stack.enter_async_context(served.open_browser())
    await accept(browser, token)
    size = {"columns": COLUMNS, "rows": ROWS}
    page = ScreenPage(await browser.ws_connect("/seat/screen", params=size))
    stack.push_async_callback(page.leave)
    await page.wait_for(page.find_position, 60)
    return Sitter(login, browser, page)


async def sit(folder: Path, effort: Effort) -> list[Figure]:
    """Seat everybody, let them hold interviews, then let them work at a person's pace."""
    count = effort.count(SEATS, least=2)
    interviews = effort.count(INTERVIEWS)
    answers = effort.count(PACED_ANSWERS, least=3)
    logins = [f"p{number}" for number in range(count)]
    list_people(folder, *(f"{login},interviewer" for login in (*logins, read_system_account())))
    tokens = {login: await asyncio.to_thread(invite, folder, login) for login in logins}
    served = await asyncio.to_thread(InstalledServer, folder)
    try:
        async with AsyncExitStack() as stack:
            sitters = [await sit_down(stack, served, *given) for given in tokens.items()]
            turns = asyncio.Semaphore(AT_ONCE)

            async def prepare(sitter: Sitter) -> None:
                async with turns:
                    await hold_interviews(sitter.page, Random(sitter.login), interviews)

            await asyncio.gather(*(prepare(sitter) for sitter in sitters))
            before = read_processor_times()
            painted, answered = await work_together(stack, folder, served, sitters, answers)
            after = read_processor_times()
            megabytes = [look_at_process("seat", seat).megabytes for seat in served.list_seats()]
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)
    busy = (after.busy - before.busy) / (after.total - before.total)
    return describe_sitting(interviews, megabytes, painted, answered, busy)


async def work_together(
    stack: AsyncExitStack,
    folder: Path,
    served: InstalledServer,
    sitters: Sequence[Sitter],
    answers: int,
) -> tuple[Painted, list[float]]:
    """Let everybody work at a person's pace, the first one in Chromium if it is there.

    Returns how long keys took to be painted, in Chromium and at the sockets.
    """
    working = [
        work_paced(sitter.page, Random(f"paced {sitter.login}"), answers) for sitter in sitters[1:]
    ]
    if CHROMIUM is None or not has_caddy():
        answered = await asyncio.gather(*working)
        return Painted(), [seconds for times in answered for seconds in times]

    proxy = stack.enter_context(run_caddy(folder, served.path))
    # Her page in Chromium takes over the seat.
    first = sitters[0]
    in_chromium = work_in_chromium(proxy, first.browser, Random("in Chromium"), answers)
    painted, answered = await asyncio.gather(in_chromium, asyncio.gather(*working))
    return painted, [seconds for times in answered for seconds in times]


def describe_sitting(
    interviews: int,
    megabytes: list[float],
    in_chromium: Painted,
    answered: list[float],
    busy: float,
) -> list[Figure]:
    """Return the figures. `busy` is the share of the processors that was used meanwhile."""
    most = max(megabytes, default=0.0)
    painted = in_chromium.painted
    return [
        Figure(
            goal="≤ 45 MB private memory of each seat",
            measured=f"{len(megabytes)} seats after {interviews} interviews each: median "
            f"{find_percentile(megabytes, 0.5):.1f} MB, at most {most:.1f} MB",
            is_met=bool(megabytes) and most <= MOST_MEGABYTES,
        ),
        Figure(
            goal="key → painted in Chromium, p95 ≤ 50 ms",
            measured=f"{len(painted)} keys in Chromium: {in_milliseconds(painted)}, of which until "
            f"the output was there {in_milliseconds(in_chromium.arrived)}; "
            f"{len(answered)} keys at the sockets: {in_milliseconds(answered)}; "
            f"processors {busy:.0%} busy",
            is_met=bool(painted) and find_percentile(painted, 0.95) <= SLOWEST_PAINT,
            is_promise=False,
        ),
    ]


def measure_sitting(effort: Effort) -> list[Figure]:
    """Seat sixty people."""
    # A socket of others is in a folder in which nobody else may write.
    folder = Path(tempfile.mkdtemp(prefix="survey-seats-", dir=Path.home()))
    try:
        make_study(folder, cases=effort.count(SEATS, least=2) * (effort.count(INTERVIEWS) + 3))
        return asyncio.run(sit(folder, effort))
    finally:
        shutil.rmtree(folder)
