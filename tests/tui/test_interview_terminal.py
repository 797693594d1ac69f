"""The full screen on a pseudo-terminal: early keys, bytes that are no text, no colors."""

import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pexpect
import pyte

from survey_cli.tui.widgets.terminal import LastingOutput

RUN = """
import sys; sys.path[:0] = {path!r}
from support.fake_interview import FakeInterview, AGREEMENT, prompt, every_kind
from survey_cli.entries import LineEntry, ReadEntry
from survey_cli.tui import ScreenError, conduct_interview
session = FakeInterview({script})
{after}
try:
    conduct_interview(session)
except ScreenError as failed:
    print(failed)
print("GIVEN", session.given, session.calls)
"""


class Terminal:
    """A program in a pseudo-terminal, and what its screen shows."""

    def __init__(self, script: str, *, after: str = "", **environment: str) -> None:
        here = Path(__file__).parents[1]
        program = RUN.format(path=[str(here), str(here.parent)], script=script, after=after)
        width, height = 80, 24
        env = {**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment}
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.ByteStream(self.screen)
        self.child = pexpect.spawn(
            sys.executable, ["-c", program], dimensions=(height, width), env=env, timeout=15
        )
        self.raw = b""

    def until(self, text: str, seconds: float = 15.0) -> str:
        """Read until the screen shows this."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                got = self.child.read_nonblocking(65536, timeout=0.05)
            except pexpect.TIMEOUT:
                got = b""
            except pexpect.EOF:
                break
            self.raw += got
            self.stream.feed(
                got.replace(b"\x1b[?2026$p", b"")
                .replace(b"\x1b[>25u", b"")
                .replace(b"\x1b[<u", b"")
            )
            if text in self.shown():
                return self.shown()
        shown = self.shown()
        assert text in shown, shown
        return shown

    def shown(self) -> str:
        """Give the lines of the screen.

        `Screen.display` of pyte fails while half of a wide letter is already painted over.
        """
        lines = []
        for y in range(self.screen.lines):
            line = self.screen.buffer[y]
            lines.append("".join(line[x].data for x in range(self.screen.columns)))
        return "\n".join(lines)


def test_keys_typed_before_the_screen_is_there_are_not_lost_and_bytes_that_are_no_text_end_nothing() -> (
    None
):
    terminal = Terminal(
        "(prompt('a', 'A?', AGREEMENT), prompt('n', 'N?', LineEntry(kind='number')), prompt('z', 'Bye', ReadEntry()))"
    )
    terminal.child.send("341\r")
    terminal.until("Bye")
    terminal.child.send(b"\xff\xfe\xc3")
    time.sleep(0.3)
    terminal.child.send("\r")
    terminal.until("Every question is answered")
    time.sleep(1.1)
    terminal.child.send("\r")
    terminal.until("GIVEN [('a', '3'), ('n', '41'), ('z', '')]")


def test_escape_hard_before_a_letter_loses_neither() -> None:
    terminal = Terminal("(prompt('a', 'A?', AGREEMENT), prompt('z', 'Bye', ReadEntry()))")
    terminal.until("A?")
    terminal.child.send("\x1bOP")
    terminal.until("the code answers")
    terminal.child.send("\x1bd")
    terminal.until("Bye")
    terminal.child.send(" ")
    terminal.until("Every question is answered")
    terminal.child.send("\r")
    terminal.until("GIVEN [('a', '.dk'), ('z', '')]")


def test_a_screen_that_breaks_ends_without_a_traceback_and_keeps_what_was_given() -> None:
    terminal = Terminal(
        "(prompt('a', 'A?', AGREEMENT), prompt('b', 'B?', AGREEMENT))",
        after="session.respondent_time = lambda: 1 // 0 if session.given else None",
    )
    terminal.until("A?")
    terminal.child.send("2")
    shown = terminal.until("GIVEN [('a', '2')]")
    assert "The screen failed (ZeroDivisionError). Every answer is stored" in shown
    assert "Traceback" not in shown


def test_a_terminal_that_goes_away_ends_the_program() -> None:
    """When a line drops, the system sends SIGHUP and SIGCONT. A second input thread would keep the program going."""
    terminal = Terminal("every_kind()")
    terminal.until("Good morning")
    tasks = Path(f"/proc/{terminal.child.pid}/task")
    threads = {task.name for task in tasks.iterdir()} if tasks.exists() else set()
    terminal.child.kill(signal.SIGCONT)
    terminal.child.expect(pexpect.TIMEOUT, timeout=0.3)
    if tasks.exists():
        assert {task.name for task in tasks.iterdir()} == threads
    terminal.child.ptyproc.fileobj.close()
    end = time.monotonic() + 20
    while terminal.child.ptyproc.isalive() and time.monotonic() < end:
        time.sleep(0.05)
    assert not terminal.child.ptyproc.isalive()


def test_what_is_written_to_a_terminal_that_is_gone_is_dropped() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", buffering=1, encoding="utf-8") as file:
        output = LastingOutput(file)
        for _ in range(100):
            output.write("a line\n")
            output.flush()
        assert output.fileno() == writing
        with suppress(OSError):
            file.close()


def test_without_color_the_marks_remain_and_without_utf_8_the_signs_are_plain() -> None:
    terminal = Terminal("every_kind()[1:]", NO_COLOR="1", LC_ALL="C")
    assert terminal.until("say: Probe once").isascii()
    colors = rb"\x1b\[(?:[0-9;]*;)?(?:3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8;[0-9;]*)m"
    assert re.findall(colors, terminal.raw) == []
    stressed = re.search(rb"\x1b\[([0-9;]+)msector", terminal.raw)
    assert stressed is not None
    assert {b"1", b"4"} <= set(stressed[1].split(b";")), "bold and underlined"
    terminal.child.close(force=True)
