"""A reader of a tutorial at a real terminal: commands run on a pseudo-terminal, keys go in, the screen is read."""

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pexpect
import pyte
from pexpect.spawnbase import SpawnBase

from support.forked_survey import spawn_survey

WIDTH: Final = 80
HEIGHT: Final = 24
PATIENCE: Final = 60.0
"""Seconds after which a text that doesn't appear is missing: a slow machine needs several."""
QUIET: Final = 0.15
"""Seconds without output after which a screen is taken to be drawn."""
READING_TIME: Final = 1.2
"""Seconds before the Enter that completes an interview: one that comes sooner is asked about (decision 0105)."""
COMPLETES: Final = "Enter complete"
"""What the footer says then."""
TOO_SOON: Final = "Enter once more completes the interview"
"""What the screen says of an Enter that came too soon, as it does if the machine was slow to draw the footer."""
KEYS: Final = {
    "Enter": "\r",
    "Esc": "\x1b",
    "Backspace": "\x7f",
    "←": "\x1b[D",
    "→": "\x1b[C",
    "Ctrl+C": "\x03",
    "F1": "\x1bOP",
    "F2": "\x1bOQ",
    "F3": "\x1bOR",
    "F8": "\x1b[19~",
    "F9": "\x1b[20~",
    "Tab": "\t",
}
KEY: Final = re.compile(r"`([^`]+)`|(\S+)")
UNKNOWN_TO_PYTE: Final = re.compile(rb"\x1b\[\?2026\$p|\x1b\[[<>=][0-9;]*u|\x1b\[>[0-9;]*[mq]")
"""Questions to the terminal that pyte would print."""
CONTROL: Final = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_=>]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
)
ALTERNATE_SCREEN_LEFT: Final = b"\x1b[?1049l"
CLOCKS: Final = re.compile(r"\d?\d:\d\d(:\d\d)?")
BAR: Final = "▌"


def split_keys(text: str) -> list[str]:
    """Split `2 Enter` and `F2 "a bus passed"` into keys; what is in backticks is typed as it is."""
    return [typed or key for typed, key in KEY.findall(text)]


class TutorialTerminal:
    """One program on a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(
        self, arguments: list[str], folder: Path, *, environment: dict[str, str] | None = None
    ) -> None:
        self.name = " ".join(["survey", *arguments])
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.ByteStream(self._screen)
        self._raw = b""
        self._child: SpawnBase
        if environment is None:
            newcomer = build_environment(folder)
            self._child = spawn_survey(
                *arguments, folder=folder, environment=newcomer, size=(HEIGHT, WIDTH)
            )
        else:  # it may name another version of the program, which can't be forked from this one
            command = ["-m", "survey_cli", *arguments]
            self._child = pexpect.spawn(
                sys.executable,
                command,
                cwd=str(folder),
                env=environment,
                dimensions=(HEIGHT, WIDTH),
            )
        self._child.delaybeforesend = None

    def show(self) -> str:
        """Return the lines of the screen."""
        return "\n".join(self._screen.display)

    def sees(self, text: str) -> bool:
        """Whether the screen shows this text, however its lines are broken; `…` stands for anything."""
        shown = normalize(self.show())
        parts = [re.escape(normalize(part)) for part in text.split("…")]
        return re.search(" ?.*? ?".join(parts), shown) is not None

    def find(self, text: str) -> str:
        """Return what the screen shows in place of `…` in this text; empty if it doesn't show the text."""
        before, after = text.split("…")
        pattern = f"{re.escape(normalize(before))} (.*?){re.escape(normalize(after))}"
        found = re.search(pattern, normalize(self.show()))
        return found[1] if found else ""

    def wait_for(self, text: str) -> None:
        """Read until the screen shows this text."""
        self._read_until(lambda: self.sees(text), f"the screen never showed {text!r}")

    def send(self, key: str) -> None:
        """Press a key, or type a text, whatever it does."""
        self._child.send(KEYS.get(key, key))

    def press(self, key: str) -> None:
        """Press a key, or type a text, and read until the screen has changed and is drawn."""
        if key == "Enter" and self.sees(COMPLETES):
            time.sleep(READING_TIME)
        before = self._describe_body()
        self.send(key)
        self._read_until(lambda: self._describe_body() != before, f"{key} changed nothing")
        self.settle()

    def wait_for_output(self) -> None:
        """Read until the program has drawn or printed something."""
        self._read_until(lambda: bool(self._raw), "the program drew nothing")

    def settle(self, quiet: float = QUIET) -> None:
        """Read until nothing more is drawn for so many seconds."""
        while self._read(quiet):
            pass
        self._confirm_end()

    def wait_for_end(self) -> int:
        """Read until the program ends; return its exit code."""
        self._read_until(lambda: not self.is_running, "the program never ended")
        self._child.close()
        return int(self._child.exitstatus if self._child.exitstatus is not None else -1)

    @property
    def is_running(self) -> bool:
        return not self._child.flag_eof

    def read_output(self) -> str:
        """Return what the program printed, after a full screen if it had one."""
        raw = self._raw.rpartition(ALTERNATE_SCREEN_LEFT)[2]
        return CONTROL.sub(b"", raw).decode().replace("\r", "")

    def close(self) -> None:
        """End the program if it is still running."""
        self._child.close()

    def _confirm_end(self) -> None:
        """Press Enter again if the screen says so."""
        if not self.is_running or not self.sees(TOO_SOON):
            return

        time.sleep(READING_TIME)
        self._child.send(KEYS["Enter"])
        while self.sees(TOO_SOON) and self._read(PATIENCE):
            pass

    def _describe_body(self) -> str:
        """Return the screen with its cursor, without clocks, which change by themselves."""
        if not self.is_running:
            return "ended"
        cursor = self._screen.cursor
        return CLOCKS.sub("", self.show()) + f"{cursor.x}:{cursor.y}"

    def _read_until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            self._confirm_end()
            assert time.monotonic() < end, f"{self.name}: {what}\n{self.show()}"
            if not self._read(0.05) and not self.is_running:
                assert condition(), f"{self.name}: {what}: the program ended\n{self.read_output()}"

    def _read(self, seconds: float) -> bool:
        """Read what comes within this time; returns whether anything came."""
        try:
            got = self._child.read_nonblocking(65536, timeout=seconds)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        self._raw += got
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", got))
        return True


def build_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a newcomer: no settings of this program, and a home of her own."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SURVEY_", "COLUMNS"))
    }
    source = str(Path(__file__).parents[2])
    return inherited | {
        "HOME": str(folder),
        "LOGNAME": "pat",
        "USER": "pat",
        "TERM": "xterm-256color",
        "LC_ALL": "C.UTF-8",
        "TZ": "America/Chicago",
        "PYTHONPATH": os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", "")))),
    }


def normalize(text: str) -> str:
    """Return the text with single spaces, without the bar of what is read aloud."""
    return " ".join(text.replace(BAR, " ").split())
