"""The terminal of a seat, and the pages that are attached to it one after the other."""

import asyncio
import fcntl
import os
import re
import struct
import termios
import tty
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from survey_cli.terminal_marks import answer_mark, read_mark
from survey_cli.web.terminals import attached_terminal
from survey_cli.web.terminals.attached_terminal import CLEAR, AttachedTerminal, Attachment

SECONDS = 30.0
MARK = re.compile(rb"\x1b\[201~\x1b\[(\d+)u")
PAINTED = b"x" * 80 * 24


class Program:
    """The other end of the terminal: what a seat writes and reads."""

    def __init__(self, descriptor: int) -> None:
        tty.setraw(descriptor)
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor

    async def write(self, output: bytes) -> None:
        """Write everything; it waits while the terminal is full."""
        async with asyncio.timeout(SECONDS):
            while output:
                with suppress(BlockingIOError):
                    output = output[os.write(self._descriptor, output) :]
                await asyncio.sleep(0)

    def read(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self._descriptor, 65536)
        return b""

    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        packed = fcntl.ioctl(self._descriptor, termios.TIOCGWINSZ, bytes(8))
        rows, columns, _, _ = struct.unpack("HHHH", packed)
        return columns, rows

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def on_terminal(test: Callable[[AttachedTerminal, Program], Awaitable[None]]) -> None:
    async def run() -> None:
        master, slave = os.openpty()
        program = Program(slave)
        terminal = AttachedTerminal(master)
        try:
            await test(terminal, program)
        finally:
            terminal.close()
            program.close()
            os.close(master)

    asyncio.run(run())


def attach(terminal: AttachedTerminal, came_from: int = 0) -> Attachment:
    attachment = terminal.attach(80, 24, came_from)
    assert attachment is not None
    terminal.show(attachment)
    return attachment


async def read_until(attachment: Attachment, wanted: bytes) -> bytes:
    """Everything that the page gets until this has come."""
    seen = b""
    async with asyncio.timeout(SECONDS):
        while wanted not in seen:
            output = await attachment.next_output()
            assert output is not None
            seen += output
    return seen


async def wait_until(has_happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not has_happened():
            await asyncio.sleep(0.01)


def test_output_is_read_when_no_page_is_attached() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        await program.write(b"x" * 1_000_000 + b"\x1b[?1049h\x1b[?25l")
        await asyncio.sleep(0.1)
        page = attach(terminal)
        await program.write(b"news")
        seen = await read_until(page, b"news")
        # what was written before isn't kept, but its modes are
        assert seen == CLEAR + b"\x1b[?1049h\x1b[?25lnews"

    on_terminal(test)


def test_the_screen_is_painted_for_a_new_page_by_a_changed_size() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        attach(terminal)
        await wait_until(lambda: program.size() == (80, 25))
        # a clock that ticks in the meantime is no sign that the seat has noticed it
        await program.write(b"12:30")
        await asyncio.sleep(0.05)
        assert program.size() == (80, 25)
        await program.write(PAINTED)
        await wait_until(lambda: program.size() == (80, 24))
        await asyncio.sleep(attached_terminal.PAINT_SECONDS[0])
        assert program.size() == (80, 24)

    on_terminal(test)


def test_a_busy_seat_is_asked_again_to_paint() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        attach(terminal)
        for _ in range(2):
            await wait_until(lambda: program.size() == (80, 25))
            await wait_until(lambda: program.size() == (80, 24))

    on_terminal(test)


def test_a_page_that_lags_gets_the_newest_screen_and_the_seat_goes_on() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        page = attach(terminal)
        for _ in range(40):
            await program.write(b"old " * 10_000)
        await wait_until(lambda: program.size() == (80, 24))

        # it was told, and what waits is less than what was written
        assert len(await page.next_output() or b"") <= attached_terminal.MOST_BACKLOG
        await asyncio.sleep(0.1)
        terminal.refresh_if_stale()
        await wait_until(lambda: program.size() == (80, 25))
        await program.write(b"new")
        seen = await read_until(page, b"new")
        assert seen.startswith(CLEAR)
        assert b"old" not in seen

    on_terminal(test)


def test_a_new_page_takes_the_place_of_the_one_before() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        first = attach(terminal)
        second = attach(terminal)
        assert second.generation > first.generation
        assert terminal.generation == second.generation
        while await first.next_output() is not None:
            pass
        assert first.is_replaced

        # leaving late takes nothing away from the second
        terminal.detach(first)
        await program.write(b"news")
        await read_until(second, b"news")
        assert not second.is_replaced

    on_terminal(test)


def test_a_page_that_comes_back_does_not_take_the_seat_from_a_later_one() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        first = attach(terminal)
        second = attach(terminal)
        assert terminal.attach(80, 24, first.generation) is None

        # the later page may come back itself, also before the server has noticed its cut
        third = attach(terminal, second.generation)
        assert terminal.attach(80, 24, first.generation) is None
        # nobody is there, so the first page may have the seat again
        terminal.detach(third)
        assert terminal.attach(80, 24, first.generation) is not None

    on_terminal(test)


def test_a_new_page_waits_for_the_keys_of_the_one_before_and_learns_which_were_taken() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        first = attach(terminal)
        long = b"x" * 200_000
        frames = [
            asyncio.create_task(terminal.write(keys, first.generation, number))
            for number, keys in enumerate((b"1", long, b"2"), start=1)
        ]
        # the program reads nothing: the second frame waits for it, the third one for the second
        await asyncio.sleep(0.05)
        second = terminal.attach(80, 24, first.generation)
        assert second is not None
        catching_up = asyncio.create_task(terminal.catch_up(second))
        read = b""
        async with asyncio.timeout(SECONDS):
            while MARK.search(read) is None:
                read += program.read()
                await asyncio.sleep(0)
        assert not catching_up.done()
        asked = MARK.search(read)
        assert asked is not None
        # the answer to another mark is none, and neither of them reaches the page
        await program.write(b"old\x1b[=1z")
        number = read_mark(chr(int(asked[1])))
        assert number is not None
        await program.write(answer_mark(number).encode())
        assert await asyncio.wait_for(catching_up, SECONDS)

        assert read[: asked.start()] == b"1" + long
        assert [await frame for frame in frames] == [True, True, False]
        assert terminal.find_taken(first.generation) == 2
        assert terminal.find_taken(first.generation - 1) is None
        assert terminal.find_taken(second.generation) == 0
        terminal.show(second)
        await program.write(b"news")
        assert await read_until(second, b"news") == CLEAR + b"news"

    on_terminal(test)


def test_a_seat_that_is_stuck_is_shown_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached_terminal, "CATCH_UP_SECONDS", 0.1)

    async def test(terminal: AttachedTerminal, program: Program) -> None:
        first = attach(terminal)
        # nothing was typed, so nothing can act late
        assert await terminal.catch_up(first)
        await terminal.write(b"1", first.generation, 1)
        second = terminal.attach(80, 24, first.generation)
        assert second is not None
        assert not await terminal.catch_up(second)

        # one that is replaced meanwhile, or whose seat ends, doesn't wait any longer
        monkeypatch.setattr(attached_terminal, "CATCH_UP_SECONDS", 100.0)
        third = terminal.attach(80, 24, second.generation)
        assert third is not None
        catching_up = asyncio.create_task(terminal.catch_up(third))
        await asyncio.sleep(0.05)
        terminal.attach(80, 24, third.generation)
        assert not await asyncio.wait_for(catching_up, SECONDS)

    on_terminal(test)


def test_a_generation_of_an_earlier_web_is_never_given_again() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        earlier = terminal.generation + 1_000_000
        assert attach(terminal, earlier).generation > earlier

    on_terminal(test)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((1, 1), (60, 20)),
        ((60_000, 60_000), (300, 100)),
        ((-5, 50), (60, 50)),
        ((132, 43), (132, 43)),
    ],
)
def test_sizes_are_limited(asked: tuple[int, int], given: tuple[int, int]) -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        terminal.resize(*asked)
        assert program.size() == given
        page = terminal.attach(*asked)
        assert page is not None
        terminal.show(page)
        await wait_until(lambda: program.size() == given)

    on_terminal(test)


def test_more_keys_than_the_terminal_holds_arrive_when_they_are_read() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        keys = bytes(range(32, 127)) * 200
        writing = asyncio.create_task(terminal.write(keys, terminal.generation, 1))
        read = b""
        async with asyncio.timeout(SECONDS):
            while len(read) < len(keys):
                read += program.read()
                await asyncio.sleep(0)
        assert read == keys
        assert await writing

    on_terminal(test)


def test_a_seat_that_reads_nothing_takes_no_more_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attached_terminal, "WRITE_SECONDS", 0.1)

    async def test(terminal: AttachedTerminal, program: Program) -> None:
        assert not await terminal.write(b"x" * 100_000, terminal.generation, 1)

    on_terminal(test)


def test_keys_that_wait_are_given_up_when_the_seat_ends() -> None:
    async def test(terminal: AttachedTerminal, program: Program) -> None:
        page = attach(terminal)
        writing = asyncio.create_task(terminal.write(b"x" * 100_000, terminal.generation, 1))
        await asyncio.sleep(0.05)
        program.close()
        assert not await asyncio.wait_for(writing, SECONDS)
        while await page.next_output() is not None:
            pass
        assert not page.is_replaced
        # a page that comes too late is told at once
        assert await attach(terminal).next_output() is not None

    on_terminal(test)
