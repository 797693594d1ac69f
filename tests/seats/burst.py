"""Ten thousand keys over bad lines, which delay 100 ms each way and hold some messages for longer.

A stall holds everything behind it, too: the keys then arrive in a burst. The journal must be that
of somebody who types slowly.

A key is timed from its sending until its result is painted: the next question if the key ends an
answer, or else the first output after the server has taken the key. A part of that is the line's
own doing, and no program can avoid it: each key that is sent within 400 ms after a stalled one
waits with it. That part is known from the line's notes. What is left is what survey adds.
"""

import asyncio
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from random import Random
from typing import Any

import aiohttp

from crash.script import ITEMS, Stand, Step, answer
from seats.bad_line import DELAY_SECONDS, BadLine
from seats.crowds import begin_interview
from seats.faces import COLUMNS, ROWS, CaseShown, ScreenPage
from seats.journal import Journal, find_taken
from seats.row import Effort, Figure, find_percentile
from seats.study import MANY_SOCKETS, make_study
from support.served_accounts import ServedAccounts, accept, invite, list_people
from survey_cli.store.backends.account import read_system_account

KEYS = 10_000
KEYS_WITHOUT_PAUSE = 2_000
PEOPLE = 12
"""They share the keys, each over a line of her own."""
PEOPLE_WITHOUT_PAUSE = 2
"""More of them would keep two processors busy with nothing but keys."""
ADDED_P90 = 0.030
"""What may be added to a round trip that is as long as the line makes it."""
ADDED_P99 = 0.050
"""The same for one key in a hundred: 450 ms over the round trip, of which 400 ms are a stall."""
ROUND_TRIP = 2 * DELAY_SECONDS
ITEM = re.compile(rb"Item (\d{3})")
OUTPUT_KEPT = 64
"""Bytes of the output before, for a word that comes in two frames."""


class Pace(Enum):
    """How keys follow each other."""

    FAST_HAND = auto()
    """The fastest hand of an interviewer: 5 to 10 keys, 10 a second, and 0.5 to 2 s to read."""
    NO_PAUSE = auto()
    """16 keys a second without an end, as nobody types who reads questions."""


@dataclass
class TimedKey:
    """A key, and when its result was seen."""

    sent: float
    leads_to: int
    """The number of the question that its result shows; 0 if that is any output."""
    is_taken: bool = False
    painted: float = 0.0


class KeyTimes:
    """Times the keys of a page."""

    def __init__(self, page: ScreenPage) -> None:
        self._page = page.page
        self._page.on_frame = self._see
        self.keys: list[TimedKey] = []
        self._open: dict[int, TimedKey] = {}
        """Keys whose result was not seen yet, by their numbers."""
        self._output = b""

    async def type(self, key: str, leads_to: int = 0) -> None:
        """Type a key, and don't wait."""
        timed = TimedKey(time.monotonic(), leads_to)
        self.keys.append(timed)
        self._open[self._page.number + 1] = timed
        await self._page.type(key)

    def are_all_painted(self) -> bool:
        """Return whether the result of every key was seen."""
        return not self._open

    def _see(self, frame: bytes | dict[str, Any]) -> None:
        if isinstance(frame, bytes):
            self._see_output(frame)
        elif frame["type"] == "taken" and frame["number"] in self._open:
            self._open[frame["number"]].is_taken = True

    def _see_output(self, frame: bytes) -> None:
        self._output = self._output[-OUTPUT_KEPT:] + frame
        # Questions that were answered within one paint of the screen are never shown.
        furthest = max((int(number) for number in ITEM.findall(self._output)), default=0)
        for number, key in list(self._open.items()):
            if key.is_taken and key.leads_to <= furthest:
                key.painted = time.monotonic()
                del self._open[number]


@dataclass(frozen=True)
class Typed:
    """What one person has typed."""

    steps: list[Step]
    whole: list[float]
    """Seconds from each key to its painted result."""
    added: list[float]
    """The seconds of them that the line has not used."""


def wait_between_keys(pace: Pace, dice: Random) -> Iterator[float]:
    """Return the seconds to wait after each key."""
    while pace is Pace.NO_PAUSE:
        yield dice.random() * 0.12
    while True:
        for _ in range(dice.randint(5, 10) - 1):
            yield 0.1
        yield 0.1 + dice.uniform(0.5, 2.0)


async def type_keys(page: ScreenPage, line: BadLine, pace: Pace, dice: Random, count: int) -> Typed:
    """Work through interviews until so many keys were typed."""
    steps: list[Step] = []
    times = KeyTimes(page)
    waits = wait_between_keys(pace, dice)
    at: Stand | CaseShown | None = page.find_position()
    while len(times.keys) < count:
        if not isinstance(at, Stand):
            await begin_interview(page)
            at = Stand(0)
        elif at == Stand(ITEMS):
            await page.wait_for(lambda: page.find_position() == Stand(ITEMS), 60)
            at = await end_interview(page)
        else:
            step = answer(at, dice, calm=True)
            last = step.screen[-1]
            for key in step.screen[:-1]:
                await times.type(key)
                await asyncio.sleep(next(waits))
            is_last_question = step.to.item == ITEMS
            await times.type(last, 0 if is_last_question else step.to.item)
            await asyncio.sleep(next(waits))
            steps.append(step)
            at = step.to
    await page.wait_for(times.are_all_painted, 60)
    return measure_line(steps, times.keys, line)


async def end_interview(page: ScreenPage) -> CaseShown:
    """Leave the review of an interview, for the next case."""
    # An Enter right after the last key would be taken for a slip.
    await asyncio.sleep(1.2)
    await page.send_command("\r", "")
    await page.wait_for(lambda: page.find_position() is CaseShown.TO_DIAL, 60)
    return CaseShown.TO_DIAL


def measure_line(steps: list[Step], keys: list[TimedKey], line: BadLine) -> Typed:
    """Tell what the line has used of each key's time from what survey has added."""
    whole = []
    added = []
    for key in keys:
        reached_server = line.up.find_departure(key.sent)
        left_server = line.down.find_arrival(key.painted)
        whole.append(key.painted - key.sent)
        added.append(left_server - reached_server)
    return Typed(steps, whole, added)


class Typist:
    """One person, at her own line."""

    def __init__(self, login: str, page: ScreenPage, line: BadLine) -> None:
        self.login = login
        self.steps: list[Step] = []
        self._page = page
        self._line = line

    async def type(self, pace: Pace, dice: Random, count: int) -> Typed:
        """Type so many keys, and note the steps for the comparison with the journal."""
        typed = await type_keys(self._page, self._line, pace, dice, count)
        self.steps += typed.steps
        return typed


async def sit_down(
    stack: AsyncExitStack, served: ServedAccounts, login: str, token: str, dice: Random
) -> Typist:
    """Sign in, and open the full screen over a bad line."""
    browser = await stack.enter_async_context(served.open_browser())
    await accept(browser, token)
    line = BadLine(served.path.with_name(f"{login}.socket"), served.path, dice)
    await line.start()
    stack.callback(line.close)

    far_browser = await stack.enter_async_context(
        aiohttp.ClientSession(
            "http://survey.example.org",
            connector=aiohttp.UnixConnector(str(line.path)),
            headers=browser.headers,
        )
    )
    size = {"columns": COLUMNS, "rows": ROWS}
    page = ScreenPage(await far_browser.ws_connect("/seat/screen", params=size))
    stack.push_async_callback(page.leave)
    await page.wait_for(page.find_position, 60)
    return Typist(login, page, line)


async def type_over_bad_lines(folder: Path, db: str, effort: Effort) -> list[Figure]:
    """Type over bad lines, and compare the journals."""
    count = min(effort.count(PEOPLE * 10), PEOPLE)
    logins = [f"p{number}" for number in range(count)]
    people = [*logins, read_system_account()]
    list_people(folder, *(f"{login},interviewer" for login in people))
    tokens = {login: await asyncio.to_thread(invite, folder, login) for login in logins}
    served = await asyncio.to_thread(ServedAccounts, folder, before=MANY_SOCKETS)
    try:
        async with AsyncExitStack() as stack:
            typists = []
            for login, token in tokens.items():
                dice = Random(f"line {login} {effort.seed}")
                typists.append(await sit_down(stack, served, login, token, dice))
            at_a_hand = await type_all(typists, Pace.FAST_HAND, effort, KEYS)
            few = typists[:PEOPLE_WITHOUT_PAUSE]
            without_pause = await type_all(few, Pace.NO_PAUSE, effort, KEYS_WITHOUT_PAUSE)
            journals = {person.login: Journal(db, person.login).read() for person in typists}
    finally:
        await asyncio.to_thread(served.__exit__, None, None, None)

    findings = []
    for person in typists:
        rows = journals[person.login]
        if find_taken([], person.steps, rows) != len(person.steps):
            findings.append(
                f"{person.login}: {len(person.steps)} entries typed, {len(rows)} stored"
            )
    entries = sum(len(person.steps) for person in typists)
    return [
        Figure(
            goal="over a bad line, the journal is that of slow typing",
            measured=f"{len(at_a_hand) + len(without_pause)} people with "
            f"{count_keys(at_a_hand) + count_keys(without_pause)} keys, {entries} entries typed, "
            f"{sum(map(len, journals.values()))} stored",
            is_met=not findings,
            findings=findings,
        ),
        describe_times("at an interviewer's fastest", at_a_hand),
        describe_times("16 keys a second without a pause (for comparison)", without_pause),
    ]


async def type_all(typists: list[Typist], pace: Pace, effort: Effort, keys: int) -> list[Typed]:
    """Let all of them type at the same time; they share the keys."""
    share = effort.count(keys, least=30) // len(typists)
    working = [
        person.type(pace, Random(f"{pace} {person.login} {effort.seed}"), share)
        for person in typists
    ]
    return await asyncio.gather(*working)


def count_keys(typed: list[Typed]) -> int:
    """Return how many keys they have typed."""
    return sum(len(one.whole) for one in typed)


def describe_times(pace: str, typed: list[Typed]) -> Figure:
    """Return the figure for the times of keys at one pace.

    It is judged by what survey adds: the goals assume that a stall meets a message, not all those
    behind it.
    """
    whole = [seconds for one in typed for seconds in one.whole]
    added = [seconds for one in typed for seconds in one.added]
    by_line = [all_of - ours for all_of, ours in zip(whole, added, strict=True)]
    added_p90 = find_percentile(added, 0.90)
    added_p99 = find_percentile(added, 0.99)
    return Figure(
        goal=f"key → painted, {pace}: survey adds at p90 ≤ 30 ms, at p99 ≤ 50 ms",
        measured=f"{len(whole)} keys: survey adds {in_milliseconds(added)}; the line "
        f"{in_milliseconds(by_line)}; both {in_milliseconds(whole)}, which would be "
        f"p90 ≤ {(ROUND_TRIP + ADDED_P90) * 1000:.0f} ms, "
        f"p99 ≤ {(ROUND_TRIP + 0.45) * 1000:.0f} ms if a stall met one key",
        is_met=added_p90 <= ADDED_P90 and added_p99 <= ADDED_P99,
        is_promise=False,
    )


def in_milliseconds(seconds: Sequence[float]) -> str:
    """Return the percentiles of times."""
    parts = []
    for name, share in (("median", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        milliseconds = find_percentile(seconds, share) * 1000
        parts.append(f"{name} {milliseconds:.0f} ms")
    return ", ".join(parts)


def measure_burst(effort: Effort) -> list[Figure]:
    """Type ten thousand keys over bad lines."""
    # A socket of others is in a folder in which nobody else may write.
    folder = Path(tempfile.mkdtemp(prefix="survey-seats-", dir=Path.home()))
    try:
        shift = make_study(folder, cases=200)
        return asyncio.run(type_over_bad_lines(folder, shift.db, effort))
    finally:
        shutil.rmtree(folder)
