"""Sixty seats at work: their memory after many interviews, and how long a key takes to be painted.

One of them is a page in Chromium. The others are clients at a socket, which do on the same computer
what sixty browsers would do on theirs.
"""

import asyncio
import shutil
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from crash.script import ITEMS, Stand, answer
from seats.attaching import look_at_process
from seats.crowds import begin_interview
from seats.faces import COLUMNS, ROWS, CaseShown, ScreenPage
from seats.row import Effort, Figure, find_percentile
from seats.study import MANY_SOCKETS, make_study
from support.browser_seat import ServedSeat
from support.html_pages import CHROMIUM
from support.served_accounts import ServedAccounts, accept, invite, list_people
from survey_cli.store.backends.account import read_system_account

SEATS = 60
INTERVIEWS = 30
ANSWER_SECONDS = 5.0
MOST_MEGABYTES = 45.0
SLOWEST_PAINT = 0.050
PACED_ANSWERS = 24
"""Answers of each seat at five seconds each, while keys are timed."""
AT_ONCE = 6
"""Seats that hold their interviews before that at the same time."""
PAINTED = """
(() => {
  let pressed = 0;
  window.painted = [];
  window.addEventListener("keydown", () => { pressed = performance.now(); }, true);
  const Line = window.WebSocket;
  window.WebSocket = class extends Line {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", (event) => {
        if (!pressed || typeof event.data === "string") return;
        const since = pressed;
        pressed = 0;
        // The second frame begins after the first one was painted.
        requestAnimationFrame(() => requestAnimationFrame(() => {
          window.painted.push(performance.now() - since);
        }));
      });
    }
  };
})();
"""
"""Times, in the page, from a key to the paint after the first output that follows."""


async def answer_one(page: ScreenPage, dice: Random) -> float:
    """Answer the question that is shown, or go on to the next case; return the seconds it took.

    It is 0 if no question was answered.
    """
    at = page.find_position()
    if not isinstance(at, Stand):
        await begin_interview(page)
        return 0.0
    if at == Stand(ITEMS):
        await asyncio.sleep(1.2)
        await page.send_command("\r", "")
        await page.wait_for(lambda: page.find_position() is CaseShown.TO_DIAL, 60)
        return 0.0

    step = answer(at, dice, calm=True)
    *texts, last = split_keys(step.screen)
    for text in texts:
        await page.page.type(text)
    bytes_before = page.page.bytes
    began = time.monotonic()
    await page.page.type(last)
    await page.wait_for(lambda: page.page.bytes > bytes_before, 60)
    seconds = time.monotonic() - began
    await page.wait_for(lambda: page.find_position() == step.to, 60)
    return seconds


def split_keys(keys: str) -> list[str]:
    """Return the words that are typed first, and the key that is timed."""
    if len(keys) == 1:
        return [keys]
    return [keys[:-1], keys[-1]]


async def hold_interviews(page: ScreenPage, dice: Random, count: int) -> None:
    """Hold so many interviews, as fast as the seat takes them."""
    done = 0
    while done < count:
        at = page.find_position()
        await answer_one(page, dice)
        done += at == Stand(ITEMS)


async def work_paced(page: ScreenPage, dice: Random, answers: int) -> list[float]:
    """Answer a question every five seconds; return how long each key took to be answered."""
    seconds = []
    await asyncio.sleep(dice.random() * ANSWER_SECONDS)
    for _ in range(answers):
        began = time.monotonic()
        taken = await answer_one(page, dice)
        if taken:
            seconds.append(taken)
        await asyncio.sleep(max(ANSWER_SECONDS - (time.monotonic() - began), 0))
    return seconds


async def press_in_chromium(folder: Path, answers: int) -> list[float]:
    """Press keys in Chromium, at a server of its own; return the seconds from each to its paint."""
    if CHROMIUM is None:
        return []
    from playwright.async_api import async_playwright

    arguments = ["serve", "field.yaml", "--db", "field.db", "--no-browser"]
    served = await asyncio.to_thread(ServedSeat, *arguments, folder=folder)
    try:
        link = await asyncio.to_thread(lambda: served.link[0])
        async with async_playwright() as steering:
            chromium = await steering.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            tab = await chromium.new_page()
            await tab.add_init_script(PAINTED)
            await tab.goto(link)
            await tab.wait_for_url("**/seat")
            await tab.locator(".xterm-screen").wait_for()
            await asyncio.sleep(3)
            for _ in range(answers):
                # It opens a line for a note, and closes it: something is painted each time.
                for key in ("t", "Escape"):
                    await tab.keyboard.press(key)
                    await asyncio.sleep(ANSWER_SECONDS / 2)
            milliseconds = await tab.evaluate("window.painted")
            await chromium.close()
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)
    return [value / 1000 for value in milliseconds]


async def sit_down(stack: AsyncExitStack, served: ServedAccounts, token: str) -> ScreenPage:
    """Sign in for the first time, and open the full screen."""
    browser = await stack.enter_async_context(served.open_browser())
    await accept(browser, token)
    given = {"columns": COLUMNS, "rows": ROWS}
    line = await browser.ws_connect("/seat/screen", params=given)
    page = ScreenPage(line)
    stack.push_async_callback(page.leave)
    await page.wait_for(page.find_position, 60)
    return page


async def sit(folder: Path, effort: Effort) -> list[Figure]:
    """Seat everybody, let them hold interviews, then let them work at a person's pace."""
    count = effort.count(SEATS, least=2)
    interviews = effort.count(INTERVIEWS)
    answers = effort.count(PACED_ANSWERS, least=3)
    logins = [f"p{number}" for number in range(count - 1)]
    people = [*logins, read_system_account()]
    list_people(folder, *(f"{login},interviewer" for login in people))
    tokens = [await asyncio.to_thread(invite, folder, login) for login in logins]
    served = await asyncio.to_thread(ServedAccounts, folder, before=MANY_SOCKETS)
    try:
        async with AsyncExitStack() as stack:
            pages = [await sit_down(stack, served, token) for token in tokens]
            turns = asyncio.Semaphore(AT_ONCE)

            async def prepare(number: int) -> None:
                async with turns:
                    await hold_interviews(pages[number], Random(number), interviews)

            await asyncio.gather(*(prepare(number) for number in range(len(pages))))
            working = [
                work_paced(page, Random(f"paced {number}"), answers)
                for number, page in enumerate(pages)
            ]
            painted, *answered = await asyncio.gather(press_in_chromium(folder, answers), *working)
            megabytes = [look_at_process("seat", seat).megabytes for seat in served.list_seats()]
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)
    seconds = [taken for times in answered for taken in times]
    return describe_sitting(interviews, megabytes, painted, seconds)


def describe_sitting(
    interviews: int, megabytes: list[float], painted: list[float], answered: list[float]
) -> list[Figure]:
    """Return the figures."""
    most = max(megabytes, default=0.0)
    paint = find_percentile(painted, 0.95)
    answer_time = find_percentile(answered, 0.95)
    return [
        Figure(
            goal="≤ 45 MB private memory of each seat",
            measured=f"{len(megabytes)} seats after {interviews} interviews each: median "
            f"{find_percentile(megabytes, 0.5):.1f} MB, at most {most:.1f} MB",
            is_met=bool(megabytes) and most <= MOST_MEGABYTES,
        ),
        Figure(
            goal="key → painted in Chromium, p95 ≤ 50 ms",
            measured=f"{len(painted)} keys: median {find_percentile(painted, 0.5) * 1000:.0f} ms, "
            f"p95 {paint * 1000:.0f} ms; at the sockets, {len(answered)} keys: p95 "
            f"{answer_time * 1000:.0f} ms",
            is_met=bool(painted) and paint <= SLOWEST_PAINT,
            is_promise=False,
        ),
    ]


def measure_sitting(effort: Effort) -> list[Figure]:
    """Seat sixty people."""
    # A socket of others is in a folder in which nobody else may write.
    folder = Path(tempfile.mkdtemp(prefix="survey-seats-", dir=Path.home()))
    try:
        make_study(folder, cases=effort.count(SEATS) * (effort.count(INTERVIEWS) + 3))
        return asyncio.run(sit(folder, effort))
    finally:
        shutil.rmtree(folder)
