"""Cuts at random moments: lines, windows, web, seats and the server itself, on both faces.

After each cut the journal is compared with what was keyed. It must hold every entry whose next
question was shown, once, in its order; what was only sent may stand there or not. If the seat has
lived on, an entry that the server acknowledged must stand there, too. And the page must show the
question that follows from the journal.
"""

import asyncio
import json
import os
import signal
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from random import Random

import aiohttp

from crash.script import ITEMS, Stand, Step, answer
from seats.faces import CaseShown, FaceName, LostLineError, Position, SeatPage, open_page_at
from seats.row import Effort, Figure, find_percentile
from seats.study import MANY_SOCKETS, make_study
from support import postgres_server
from support.browser_seat import ServedSeat, open_browser
from support.stored_interviews import sql

SOCKET_CUTS = 1000
SAME_QUESTION_SECONDS = 2.0
PATIENCE = 20.0
LATE_KEYS_SECONDS = 1.5
PEOPLE = 3
"""Interviewers at work at the same time, each at a server of her own, on one database."""
ENTRY_KINDS = ("answered", "declined", "confirmed", "wentto")
JOURNAL = "SELECT interview, kind, item, payload, at FROM journal ORDER BY interview, seq"


class Cut(Enum):
    """What is cut, and how often it comes up among the others."""

    LINE = "the line"
    LEFT = "the page is closed"
    ELSEWHERE = "a second page"
    FACE = "the other face"
    SEAT = "the seat is killed"
    WEB = "web is killed"
    SERVER = "the server is killed"
    STOP = "the server is stopped"


OFTEN = (Cut.LINE, Cut.LINE, Cut.LINE, Cut.LEFT, Cut.ELSEWHERE, Cut.ELSEWHERE, Cut.FACE)
DEADLY = (Cut.SEAT, Cut.SEAT, Cut.WEB, Cut.WEB, Cut.SERVER, Cut.STOP)
ENDS_SEAT = (Cut.FACE, Cut.SEAT, Cut.SERVER, Cut.STOP)


@dataclass
class Tally:
    """What all interviewers together have counted."""

    cuts: Counter[Cut] = field(default_factory=Counter)
    on_text: int = 0
    entries: int = 0
    seconds: defaultdict[Cut, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long it took each time until the same question was shown again."""
    wrong: list[str] = field(default_factory=list)


class Journal:
    """The entries in the database, by interviewer."""

    def __init__(self, db: str) -> None:
        self._db = db

    def read(self, interviewer: str) -> list[tuple[str, str, str]]:
        """Return kind, item and payload of all entries of an interviewer, in their order."""
        if self._db.startswith("postgresql:"):
            rows = postgres_server.run_query(self._db, JOURNAL)
        else:
            rows = sql(Path(self._db), JOURNAL)

        interviews = defaultdict(list)
        begun = {}
        for interview, kind, item, payload, at in rows:
            if kind == "began" and json.loads(payload)["sitting"]["interviewer"] == interviewer:
                begun[interview] = at
            if kind in ENTRY_KINDS:
                interviews[interview].append((kind, item, payload))

        entries = []
        for interview in sorted(begun, key=lambda one: begun[one]):
            entries += interviews[interview]
        return entries


def matches(step: Step, row: tuple[str, str, str]) -> bool:
    """Return whether a row of the journal is the entry of a step."""
    kind, item, value = step.entry
    in_payload = value in json.dumps(json.loads(row[2] or "null"))
    return row[0] == kind and row[1] == item and in_payload


def find_taken(
    kept: Sequence[Step], sent: Sequence[Step], rows: Sequence[tuple[str, str, str]]
) -> int | None:
    """Return how many of the steps sent the journal holds after those kept; None if it's wrong."""
    taken = len(rows) - len(kept)
    if not 0 <= taken <= len(sent):
        return None
    for step, row in zip([*kept, *sent[:taken]], rows, strict=True):
        if not matches(step, row):
            return None
    return taken


class Interviewer:
    """One person: keys answers, is cut off at random moments, and compares."""

    def __init__(self, name: str, folder: Path, db: str, dice: Random, tally: Tally) -> None:
        self.name = name
        self.folder = folder
        self.db = db
        self.dice = dice
        self.tally = tally
        self.journal = Journal(db)
        self.face = dice.choice(tuple(FaceName))
        self.kept: list[Step] = []
        """Steps whose next question was shown, of all interviews."""
        self.sent: list[Step] = []
        """Steps keyed since then."""
        self.at: Position = None
        self._cuts: list[Cut] = []
        self._served: ServedSeat
        self._browser: aiohttp.ClientSession
        self._page: SeatPage

    async def work(self, cuts: int) -> None:
        """Be cut off so many times. What goes wrong is noted, and ends the work."""
        try:
            await self._start()
            for _ in range(cuts):
                await self._key_some()
                await self._be_cut()
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._note(f"{type(error).__name__} {error} in {place.name}, {place.lineno}")
        finally:
            await self._stop()
        self.tally.entries += len(self.kept)

    # the server

    async def _start(self) -> None:
        """Start the server, and sit down."""
        await self._serve()
        self._page = await open_page_at(self._served, self._browser, self.face)
        await self._page.wait_for(self._page.find_position)
        self.at = self._page.find_position()

    async def _serve(self) -> None:
        arguments = ["serve", "field.yaml", "--db", self.db, "--interviewer", self.name]
        self._served = await asyncio.to_thread(
            ServedSeat, *arguments, "--no-browser", folder=self.folder, before=MANY_SOCKETS
        )
        await asyncio.to_thread(lambda: self._served.link)
        self._opening = open_browser(self._served)
        self._browser = await self._opening.__aenter__()

    async def _stop(self) -> None:
        await self._page.leave()
        await self._stop_server(signal.SIGTERM)

    async def _stop_server(self, number: int) -> None:
        self._served.program.send_signal(number)
        await self._opening.__aexit__(None, None, None)
        await asyncio.to_thread(self._served.__exit__, None, None, None)

    # keys

    async def _key_some(self) -> None:
        """Key some answers, each when its question is shown."""
        for _ in range(self.dice.choice((0, 1, 2, 3, 5, 8))):
            if isinstance(self.at, Stand) and self.at != Stand(ITEMS):
                await self._key(calm=False)
                wanted = self.sent[-1].to
                await self._page.wait_for(lambda: self._page.find_position() == wanted)  # noqa: B023
                self.kept += self.sent
                self.sent = []
                self.at = wanted
            else:
                await self._go_on()

    async def _key(self, *, calm: bool) -> None:
        at = self.sent[-1].to if self.sent else self.at
        assert isinstance(at, Stand)
        step = answer(at, self.dice, calm=calm)
        await self._page.send(step)
        self.sent.append(step)

    async def _go_on(self) -> None:
        """Complete the interview, dial the next case, or begin its interview."""
        page = self._page
        before = self.at
        match before:
            case CaseShown.TO_DIAL:
                await page.send_command("d", ".dial")
            case CaseShown.DIALED:
                await page.send_command("i", ".interview")
            case _:
                # An Enter right after the last key could be one that is held down.
                await asyncio.sleep(1.1)
                await page.send_command("\r", "")
        await page.wait_for(lambda: page.find_position() not in (before, None))
        self.at = page.find_position()

    async def _key_behind(self) -> None:
        """Send something whose effect nobody sees before the cut."""
        if not isinstance(self.at, Stand) or self.at == Stand(ITEMS):
            return
        if self.face is FaceName.TEXT or self.at.doubted:
            await self._key(calm=False)
        else:
            for _ in range(self.dice.choice((1, 1, 2, 4))):
                at = self.sent[-1].to if self.sent else self.at
                if at.item < ITEMS:
                    await self._key(calm=True)
        await asyncio.sleep(self.dice.choice((0.0, self.dice.random() * 0.02, 0.1)))

    # cuts

    def _choose_cut(self) -> Cut:
        if not self._cuts:
            ways = [*OFTEN, *OFTEN, *DEADLY]
            self._cuts = self.dice.sample(ways, len(ways))
        return self._cuts.pop()

    async def _be_cut(self) -> None:
        cut = self._choose_cut()
        if self.dice.random() < 0.6:
            await self._key_behind()
        older = self._page
        again = older.seat
        acknowledged = max(len(self.sent) - older.count_unacknowledged(), 0)
        if cut in ENDS_SEAT:
            # What the seat had not read yet is gone with it.
            acknowledged = 0

        began = time.monotonic()
        match cut:
            case Cut.LINE:
                await older.cut()
            case Cut.LEFT:
                await older.leave()
                again = None
            case Cut.ELSEWHERE:
                again = None
            case Cut.FACE:
                self.face = other_face(self.face)
                again = None
            case Cut.SEAT:
                for seat in self._served.list_seats():
                    os.kill(seat, signal.SIGKILL)
                await wait_until_closed(older)
                again = None
            case Cut.WEB:
                os.kill(self._served.web_process, signal.SIGKILL)
                await older.leave()
            case Cut.SERVER | Cut.STOP:
                await self._stop_server(signal.SIGKILL if cut is Cut.SERVER else signal.SIGTERM)
                await self._serve()
                again = None
                # A person starts it again, who takes longer than the computer.
                began = time.monotonic()

        self._page = await open_page_at(self._served, self._browser, self.face, again)
        await self._compare(cut, acknowledged, began)
        await older.leave()
        self.tally.cuts[cut] += 1
        self.tally.on_text += self.face is FaceName.TEXT

    async def _compare(self, cut: Cut, acknowledged: int, began: float) -> None:
        """Wait until the page shows what follows from the journal, and note what is wrong."""
        page = self._page
        try:
            await page.wait_for(page.find_position, PATIENCE)
        except (TimeoutError, LostLineError) as error:
            self._note(f"after {cut.value}, nothing was shown again: {error}")
            raise

        self.tally.seconds[cut].append(time.monotonic() - began)
        if self.sent and cut not in ENDS_SEAT:
            # Keys that were on their way may still lie in the terminal, and lead on in a moment.
            await asyncio.sleep(LATE_KEYS_SECONDS)
        until = time.monotonic() + PATIENCE
        taken = self._find_shown(acknowledged)
        while taken is None:
            if time.monotonic() > until:
                self._report(cut, acknowledged)
                raise LostLineError("the journal and the page differ")
            await asyncio.sleep(0.1)
            taken = self._find_shown(acknowledged)

        self.kept += self.sent[:taken]
        self.sent = []
        self.at = page.find_position()
        # The full screen uses no key that was typed before its question was seen.
        await asyncio.sleep(0.3)

    def _find_shown(self, acknowledged: int) -> int | None:
        """Return how many steps sent were taken, if the page shows the question after them."""
        taken = find_taken(self.kept, self.sent, self.journal.read(self.name))
        if taken is None or taken < acknowledged:
            return None
        after = self.sent[taken - 1].to if taken else self.at
        shown = self._page.find_position()
        if isinstance(after, Stand) and isinstance(shown, Stand):
            # A doubt is not raised again; its number is.
            return taken if after.item == shown.item else None
        if after == Stand(ITEMS) or isinstance(after, CaseShown):
            return taken if isinstance(shown, CaseShown) else None
        return None

    def _report(self, cut: Cut, acknowledged: int) -> None:
        rows = self.journal.read(self.name)
        lacking = len(rows) - len(self.kept)
        self._note(
            f"after {cut.value}, with {acknowledged} of {len(self.sent)} steps acknowledged: "
            f"{lacking:+} entries in the journal, which ends with {rows[-3:]}; "
            f"kept until {[step.entry for step in self.kept[-3:]]}, "
            f"sent {[step.entry for step in self.sent]}; {self._page.find_position()} is shown"
        )

    def _note(self, what: str) -> None:
        self.tally.wrong.append(f"{self.name} ({self.face.name.lower()}): {what}")


def other_face(face: FaceName) -> FaceName:
    """Return the face that this one isn't."""
    return FaceName.TEXT if face is FaceName.SCREEN else FaceName.SCREEN


async def wait_until_closed(page: SeatPage) -> None:
    """Wait until the server has closed the line of a page."""
    with suppress(LostLineError):
        await page.wait_for(lambda: False, PATIENCE)


async def cut_everybody(folder: Path, db: str, cuts: int, seed: str) -> Tally:
    """Let several interviewers work on one database, until they were cut off so many times."""
    tally = Tally()
    share = max(cuts // PEOPLE, 1)
    people = [
        Interviewer(f"p{number}", folder, db, Random(f"{seed}/{number}"), tally)
        for number in range(PEOPLE)
    ]
    await asyncio.gather(*(person.work(share) for person in people))
    return tally


def measure_cuts(effort: Effort, engine: str, whole: int = SOCKET_CUTS) -> list[Figure]:
    """Cut seats on one engine, `sqlite` or `postgresql`."""
    cuts = effort.count(whole, least=PEOPLE)
    with tempfile.TemporaryDirectory(prefix="survey-seats-") as name:
        folder = Path(name)
        address = postgres_server.create_address() if engine == "postgresql" else ""
        shift = make_study(folder, cases=cuts + 50, db=address)
        tally = asyncio.run(cut_everybody(folder, shift.db, cuts, f"{effort.seed}/{engine}"))
    return describe_tally(tally, engine)


def describe_tally(tally: Tally, engine: str) -> list[Figure]:
    """Return the figures of one engine."""
    done = tally.cuts.total()
    ways = ", ".join(f"{count} {cut.value}" for cut, count in tally.cuts.most_common())
    seconds = [taken for times in tally.seconds.values() for taken in times]
    p95 = find_percentile(seconds, 0.95)
    slowest = {cut: max(times) for cut, times in tally.seconds.items()}
    worst = max(slowest, key=lambda cut: slowest[cut], default=Cut.LINE)
    return [
        Figure(
            goal=f"{engine}: 0 acknowledged answers lost or doubled",
            measured=f"{done} cuts ({tally.on_text} on the text page; {ways}), "
            f"{tally.entries} entries, {len(tally.wrong)} wrong",
            is_met=not tally.wrong and done > 0,
            findings=tally.wrong,
        ),
        Figure(
            goal=f"{engine}: the same question again within 2 s",
            measured=f"median {find_percentile(seconds, 0.5):.2f} s, p95 {p95:.2f} s, "
            f"at most {max(seconds, default=0):.2f} s ({worst.value})",
            is_met=max(seconds, default=0) <= SAME_QUESTION_SECONDS,
            is_promise=False,
        ),
    ]
