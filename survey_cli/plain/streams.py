"""How do lines come in and go out, whatever stands at either end: a terminal, a pipe that closes, bytes that are no text?
It knows nothing of interviews.
"""

import contextlib
import io
import os
import re
import signal
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any, Final, TextIO

from survey_cli.engine.events import Rejection
from survey_cli.entry_commands import HELD_ENTER_SECONDS
from survey_cli.plain.interview_text import clean, flat

LONGEST: Final = 100_000
"""Characters in a line; more is no typing, and is not held in memory."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")


class OutputClosed(Exception):
    """Nobody reads any more what is printed."""


class InputEnded(Exception):
    """There is no further line: the end of input, Ctrl+C, or the program was told to end."""


class Interrupts:
    """Ctrl+C, and being told to end, count while a line is awaited. What comes while the desk is at work waits until
    then, so that an event is never half taken."""

    def __init__(self) -> None:
        self._ours: dict[int, Callable[[int, FrameType | None], Any] | int] = {}
        self._waiting = False
        self._came = False

    def __enter__(self) -> "Interrupts":
        usual: dict[int, Callable[[int, FrameType | None], Any] | int] = {
            signal.SIGINT: signal.default_int_handler,
            signal.SIGTERM: signal.SIG_DFL,
        }
        for number, before in usual.items():
            if signal.getsignal(number) == before:
                with contextlib.suppress(ValueError):  # not the main thread: there signals never arrive
                    signal.signal(number, self._take)
                    self._ours[number] = before
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._ours.items():
            signal.signal(number, before)

    def _take(self, number: int, frame: FrameType | None) -> None:
        self._came = True
        if self._waiting:
            raise KeyboardInterrupt

    def line_of(self, read: TextIO) -> str:
        """One line, at most `LONGEST` characters of it. Raises KeyboardInterrupt."""
        try:
            self._waiting = True
            if self._came:
                raise KeyboardInterrupt
            return read.readline(LONGEST + 1)
        finally:
            self._waiting = False


def line_by_line(terminal: TextIO) -> None:
    """Let the terminal hand over whole lines, show what is typed and end a line at Enter: a program that died on it may
    have left it raw, and then no line would ever end."""
    try:
        import termios
    except ImportError:  # Windows: its console hands over lines
        return
    try:
        state = termios.tcgetattr(terminal.fileno())
        usual = list(state)
        usual[0] |= termios.ICRNL
        usual[1] |= termios.OPOST | termios.ONLCR
        usual[3] |= termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN
        if usual != state:
            termios.tcsetattr(terminal.fileno(), termios.TCSANOW, usual)
    except (OSError, ValueError, termios.error):
        return


class Typed:
    """The lines that come in."""

    def __init__(self, read: TextIO, interrupts: Interrupts) -> None:
        self._read = read
        self._interrupts = interrupts
        if isinstance(read, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):  # something was read from it before
                read.reconfigure(errors="surrogateescape")
        try:
            self.echoed = read.isatty()
            """Whether the terminal has moved to a new line by itself."""
        except (OSError, ValueError):
            self.echoed = False
        if self.echoed:
            line_by_line(read)
        self.doubled = False
        """The line came so soon after the one before it that a key was held down; never from a pipe."""
        self._last = float("-inf")

    def line(self) -> str | Rejection:
        """The next line without its end, or why it is none. Raises InputEnded."""
        text = self._some()
        now = monotonic()
        self.doubled = self.echoed and now - self._last < HELD_ENTER_SECONDS
        self._last = now
        if not text:
            raise InputEnded
        if len(text) > LONGEST and not text.endswith("\n"):
            while text and not text.endswith("\n"):
                text = self._some()
            return Rejection(f"longer than {LONGEST} characters: shorten it")
        if _SURROGATE.search(text):
            return Rejection(
                "this line has bytes that are no text in this terminal's encoding: type it again"
            )
        return text.rstrip("\r\n")

    def _some(self) -> str:
        try:
            return self._interrupts.line_of(self._read)
        except UnicodeDecodeError:
            return "\udcff\n"
        except (KeyboardInterrupt, OSError, ValueError) as ended:
            raise InputEnded from ended


class Printed:
    """The lines that go out, literal and without control characters."""

    def __init__(self, write: TextIO) -> None:
        self._write = write
        if isinstance(write, io.TextIOWrapper):
            with contextlib.suppress(OSError, ValueError):
                write.reconfigure(errors="replace")

    def _out(self, text: str, *, flush: bool = False) -> None:
        try:
            self._write.write(text)
            if flush:
                self._write.flush()
        except (OSError, ValueError) as closed:
            raise OutputClosed from closed

    def bare(self, text: str) -> None:
        """As it stands: what is read aloud, options, marked lines."""
        for line in clean(text).splitlines():
            if line.strip():
                self._out(f"{line.rstrip()}\n")

    def aside(self, text: str) -> None:
        """For the interviewer: each line in brackets."""
        for line in clean(text).splitlines():
            if line.strip():
                self._out(f"[{line.strip()}]\n")

    def marked(self, mark: str, text: str) -> None:
        """One line behind a mark."""
        self._out(f"{mark} {clean(flat(text))}\n")

    def ask(self) -> None:
        """Everything is out, and a line is awaited."""
        self._out("> ", flush=True)

    def end_line(self) -> None:
        self._out("\n")

    def finish(self) -> None:
        self._out("", flush=True)


def asked_line(printed: Printed, typed: Typed) -> str:
    """One line, asked for until one can be read. Raises InputEnded."""
    while True:
        printed.ask()
        line = typed.line()
        if not typed.echoed:
            printed.end_line()
        if isinstance(line, str):
            return line
        printed.marked("!", line.why)


def silence(write: TextIO) -> None:
    """Let what is still in the buffer of a closed pipe go nowhere, so that leaving says nothing about it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, write.fileno())
        finally:
            os.close(nowhere)


def tell(errors: TextIO | None, text: str) -> None:
    """Say it if anybody listens."""
    if errors is not None:
        with contextlib.suppress(OSError, ValueError):
            errors.write(clean(text) + "\n")
            errors.flush()
