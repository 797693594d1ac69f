"""Memory of seats with real stations, after the first questions and after many interviews.

    cd tests && python -m support.seat_memory --seats 30 --interviews 30

Every seat is opened and interviews up to its third question. One of them then works on, through its screen, as an
interviewer who keys the first option of each question. An interview takes some six seconds.
"""

import argparse
import asyncio
import os
import re
import select
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pyte

from support.seat_server import PATIENCE, SeatServer
from support.station_seats import prepare_study
from survey_cli.web.seats.seat_link import OpenSeat
from survey_cli.web.seats.seat_request import Face, SeatRequest

GOAL_MEGABYTES = 45
FIRST_KEYS = ("d", "i", "\r", "1")
"""They dial, begin the interview, read the introduction, and answer the first question."""
STUCK = 40
"""After so many looks at the same screen, an interview is said to hang."""
OTHER_KEYS = ("1", "5\r", "\r", "abc\r", "\x1b")
"""What is tried on a screen that doesn't change."""
ONLY_IMPORTS = "import gc\n"
"""The spawner imports what `survey serve` does, and no more."""


class SeatScreen:
    """What a seat shows on its terminal."""

    def __init__(self, seat: OpenSeat) -> None:
        self.seat = seat
        self._screen = pyte.Screen(seat.request.columns, seat.request.rows)
        self._stream = pyte.ByteStream(self._screen)

    def key(self, keys: str) -> None:
        assert self.seat.terminal is not None
        os.write(self.seat.terminal, keys.encode())

    def read(self, seconds: float) -> bool:
        """Read what is written within this time; return whether something was."""
        assert self.seat.terminal is not None
        if not select.select([self.seat.terminal], [], [], seconds)[0]:
            return False
        self._stream.feed(os.read(self.seat.terminal, 65536))
        return True

    @property
    def text(self) -> str:
        return "\n".join(self._screen.display)

    def read_megabytes(self) -> float:
        """Return the memory that this seat shares with no other process."""
        lines = Path(f"/proc/{self.seat.process}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def read_all(screens: Sequence[SeatScreen]) -> None:
    """Read what the seats write for a while. They never are quiet: their clocks run."""
    until = time.monotonic() + 0.5 + 0.05 * len(screens)
    while time.monotonic() < until:
        for screen in screens:
            screen.read(0.01)


def choose_key(text: str) -> str | None:
    """Return what an interviewer keys who reads nothing; None if that isn't seen."""
    if "d  dial" in text and "dialed" not in text:
        return "d"
    if "dialed" in text and "i  interview" in text:
        return "i"
    if "Ctrl+J new line" in text:
        return "fine\r"
    footer = "\n".join(text.splitlines()[-4:])
    option = re.search(r"^\s+(?:\S+\s+)?(\d+)  \S", text, re.MULTILINE)
    if option is not None and "Enter next" not in footer:
        return option[1] + ("\r" if "Enter" in footer else "")
    if "Enter" in footer:
        return "\r"
    return None


def conduct_interviews(screen: SeatScreen, count: int) -> list[float]:
    """Conduct interviews; return the megabytes of the seat after each of them."""
    megabytes: list[float] = []
    last = ""
    looks = 0
    while len(megabytes) < count:
        while screen.read(0.05):
            pass
        text = screen.text
        done = re.search(r"(\d+) done", text)
        if done is not None and int(done[1]) > len(megabytes):
            megabytes.append(screen.read_megabytes())

        keys = choose_key(text)
        without_clock = re.sub(r"\d\d:\d\d", "", text)
        looks = looks + 1 if without_clock == last else 0
        last = without_clock
        assert looks < STUCK, text
        if looks % 4 == 3:
            keys = OTHER_KEYS[looks // 4 % len(OTHER_KEYS)]
        if keys is not None:
            screen.key(keys)
    return megabytes


async def measure(server: SeatServer, seats: int, interviews: int) -> bool:
    """Print the figures; return whether they meet the goal."""
    link = await server.take_link()
    screens = []
    for number in range(seats):
        screen = SeatScreen(await link.open(SeatRequest(person=f"p{number}", face=Face.SCREEN)))
        screens.append(screen)
        until = time.monotonic() + PATIENCE
        while "Chicago" not in screen.text:
            assert time.monotonic() < until, screen.text
            screen.read(0.1)
    for keys in FIRST_KEYS:
        for screen in screens:
            screen.key(keys)
        read_all(screens)

    figures = [screen.read_megabytes() for screen in screens]
    print(
        f"{seats} seats at their third question: {median(figures):.1f} MB each, at most {max(figures):.1f} MB"
    )
    after = conduct_interviews(screens[0], interviews)
    most = max(after)
    print(f"one of them after {interviews} interviews: {after[-1]:.1f} MB, at most {most:.1f} MB")
    return most <= GOAL_MEGABYTES


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seats", type=int, default=30)
    options.add_argument("--interviews", type=int, default=30)
    given = options.parse_args()
    with TemporaryDirectory() as folder:
        prepare_study(Path(folder), cases=given.seats + given.interviews + 50)
        server = SeatServer(
            Path(folder),
            "support.station_seats:PROGRAMS",
            "support.station_seats:prepare_seats",
            ONLY_IMPORTS,
        )
        with server:
            meets_goal = asyncio.run(measure(server, given.seats, given.interviews))
    return 0 if meets_goal else 1


if __name__ == "__main__":
    raise SystemExit(main())
