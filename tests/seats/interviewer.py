"""An interviewer who keys answers, is cut off at random moments, and compares page and journal.

After each cut the journal must hold every entry whose next question was shown, once, in its order;
what was only sent may stand there or not. If the seat has lived on, an entry that the server
acknowledged must stand there, too. And the page must show the question that follows from the
journal.
"""

import asyncio
import time
import traceback
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Protocol

from crash.script import ITEMS, Stand, Step, answer
from seats.faces import CaseShown, FaceName, LostLineError, Position, SeatPage
from seats.journal import Journal, find_taken
from seats.row import Figure, find_percentile

SAME_QUESTION_SECONDS = 2.0
PATIENCE = 30.0
LATE_KEYS_SECONDS = 1.5
"""How long a key that was sent may lie in the terminal before the seat has taken it."""
KEYS_AT_ONCE = (1, 1, 2, 4)
"""How many answers are keyed behind each other, unseen, before a cut of the full screen."""


class Cut(Enum):
    """What is cut."""

    LINE = "the line"
    LEFT = "the page is closed"
    ELSEWHERE = "a second page"
    FACE = "the other face"
    SEAT = "the seat is killed"
    WEB = "web is killed"
    SERVER = "the server is killed"
    STOP = "the server is stopped"
    BROWSER = "the browser is killed"
    COMPUTER = "a second computer"


@dataclass(frozen=True)
class Return:
    """The page after a cut, and when the person could begin to wait for it."""

    page: SeatPage
    began: float
    ended_seat: bool
    """Whether what the seat had not read yet is gone with it."""


class Place(Protocol):
    """Where an interviewer sits: what she sees, and what can be cut there."""

    async def sit_down(self) -> SeatPage:
        """Start what is needed, and open the first page."""

    def choose_cut(self) -> Cut:
        """Choose the next cut."""

    async def cut(self, cut: Cut, page: SeatPage) -> Return:
        """Cut, and come back as a person would."""

    async def leave(self) -> None:
        """End what was started."""


@dataclass
class Tally:
    """What all interviewers together have counted."""

    cuts: Counter[Cut] = field(default_factory=Counter)
    on_text: int = 0
    entries: int = 0
    seconds: defaultdict[Cut, list[float]] = field(default_factory=lambda: defaultdict(list))
    """How long it took each time until the same question was shown again."""
    wrong: list[str] = field(default_factory=list)


class Interviewer:
    """One person at a place."""

    def __init__(
        self, name: str, place: Place, journal: Journal, dice: Random, tally: Tally
    ) -> None:
        self.name = name
        self.place = place
        self.journal = journal
        self.dice = dice
        self.tally = tally
        self.kept: list[Step] = []
        """Steps whose next question was shown, of all interviews."""
        self.sent: list[Step] = []
        """Steps keyed since then."""
        self.at: Position = None
        self._page: SeatPage

    async def work(self, cuts: int) -> None:
        """Be cut off so many times. What goes wrong is noted, and ends the work."""
        try:
            self._page = await self.place.sit_down()
            await self._page.wait_for(self._page.find_position, PATIENCE)
            self.at = self._page.find_position()
            for _ in range(cuts):
                await self._key_some()
                await self._be_cut()
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            self._note(f"{type(error).__name__} {error} in {place.name}, {place.lineno}")
        finally:
            await self.place.leave()
        self._look_at_everything()
        self.tally.entries += len(self.kept)

    def _look_at_everything(self) -> None:
        """Compare the whole journal once more: also interviews that were over long ago."""
        self.journal.forget()
        rows = self.journal.read()
        if find_taken(self.kept, self.sent, rows) is None:
            self._note(f"at the end, {len(rows)} entries are stored, {len(self.kept)} were kept")

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
        if self._page.face is FaceName.TEXT or self.at.doubted:
            await self._key(calm=False)
        else:
            for _ in range(self.dice.choice(KEYS_AT_ONCE)):
                at = self.sent[-1].to if self.sent else self.at
                if at.item < ITEMS:
                    await self._key(calm=True)
        await asyncio.sleep(self.dice.choice((0.0, self.dice.random() * 0.02, 0.1)))

    # cuts

    async def _be_cut(self) -> None:
        cut = self.place.choose_cut()
        if self.dice.random() < 0.6:
            await self._key_behind()
        acknowledged = max(len(self.sent) - self._page.count_unacknowledged(), 0)
        older = self._page
        back = await self.place.cut(cut, older)
        if back.ended_seat:
            acknowledged = 0
        self._page = back.page
        await self._compare(cut, acknowledged, back)
        if older is not back.page:
            await older.leave()
        self.tally.cuts[cut] += 1
        self.tally.on_text += self._page.face is FaceName.TEXT

    async def _compare(self, cut: Cut, acknowledged: int, back: Return) -> None:
        """Wait until the page shows what follows from the journal, and note what is wrong."""
        page = self._page
        try:
            await page.wait_for(page.find_position, PATIENCE)
        except (TimeoutError, LostLineError) as error:
            self._note(f"after {cut.value}, nothing was shown again: {error}")
            raise

        self.tally.seconds[cut].append(time.monotonic() - back.began)
        may_lead_on = bool(self.sent) and not back.ended_seat
        settled_at = time.monotonic() + (LATE_KEYS_SECONDS if may_lead_on else 0)
        until = time.monotonic() + PATIENCE
        taken = self._find_shown(acknowledged)
        while taken is None or (taken < len(self.sent) and time.monotonic() < settled_at):
            if time.monotonic() > until:
                self._report(cut, acknowledged)
                raise LostLineError("the journal and the page differ")
            await asyncio.sleep(0.1)
            taken = self._find_shown(acknowledged)

        self.kept += self.sent[:taken]
        self.sent = []
        self.at = page.find_position()
        page.settle()
        # The full screen uses no key that was typed before its question was seen.
        await asyncio.sleep(0.3)

    def _find_shown(self, acknowledged: int) -> int | None:
        """Return how many steps sent were taken, if the page shows the question after them."""
        taken = find_taken(self.kept, self.sent, self.journal.read())
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
        rows = self.journal.read()
        lacking = len(rows) - len(self.kept)
        self._note(
            f"after {cut.value}, with {acknowledged} of {len(self.sent)} steps acknowledged: "
            f"{lacking:+} entries in the journal, which ends with {rows[-3:]}; "
            f"kept until {[step.entry for step in self.kept[-3:]]}, "
            f"sent {[step.entry for step in self.sent]}; {self._page.find_position()} is shown"
        )

    def _note(self, what: str) -> None:
        self.tally.wrong.append(f"{self.name}: {what}")


def other_face(face: FaceName) -> FaceName:
    """Return the face that this one isn't."""
    return FaceName.TEXT if face is FaceName.SCREEN else FaceName.SCREEN


def describe_tally(tally: Tally, where: str) -> list[Figure]:
    """Return the figures of one place."""
    done = tally.cuts.total()
    ways = ", ".join(f"{count} {cut.value}" for cut, count in tally.cuts.most_common())
    seconds = [taken for times in tally.seconds.values() for taken in times]
    slowest = {cut: max(times) for cut, times in tally.seconds.items()}
    worst = max(slowest, key=lambda cut: slowest[cut], default=Cut.LINE)
    late = [
        f"{taken:.1f} s after {cut.value}"
        for cut, times in tally.seconds.items()
        for taken in times
        if taken > SAME_QUESTION_SECONDS
    ]
    return [
        Figure(
            goal=f"{where}: 0 acknowledged answers lost or doubled",
            measured=f"{done} cuts ({tally.on_text} on the text page; {ways}), "
            f"{tally.entries} entries, {len(tally.wrong)} wrong",
            is_met=not tally.wrong and done > 0,
            findings=tally.wrong,
        ),
        Figure(
            goal=f"{where}: the same question again within 2 s",
            measured=f"median {find_percentile(seconds, 0.5):.2f} s, "
            f"p95 {find_percentile(seconds, 0.95):.2f} s, "
            f"at most {max(seconds, default=0):.2f} s ({worst.value}), {len(late)} later than 2 s",
            is_met=not late,
            is_promise=False,
            findings=late,
        ),
    ]
