"""The part of a terminal's output that may reach a browser.

Text, cursor movement, colors, erasing, and a few modes pass. Everything else that a terminal obeys
is removed: titles, links, the clipboard, questions that the terminal would answer into the seat's
input, and strings of any kind (OSC, DCS, APC, PM, SOS), also those that never end.

The filter writes what passes anew, in one spelling. So it doesn't matter whether a browser's
terminal would have understood the rest in the same way.
"""

import re
from codecs import getincrementaldecoder
from enum import Enum, auto
from typing import Final

from survey_cli.terminal_marks import read_answer

MOST_PARAMETERS: Final = 64
"""Characters within a sequence. Colors of a cell take about 40; longer sequences are removed."""
MOST_DIGITS: Final = 4
"""Digits of a number. Terminals repeat `scroll up` as often as it says, which can take hours."""

PASSING_CONTROLS: Final = frozenset("\a\b\t\n\r")
PASSING_ESCAPES: Final = frozenset("78DEM")
"""Save and restore the cursor, and move it by a line."""
PASSING_FINALS: Final = frozenset("ABCDEFGHIJKLMPSTXZ@`adefmrsu")
"""Finals of sequences with plain numbers: cursor, erase, insert, scroll, colors, margins."""
PASSING_MODES: Final = frozenset((1, 7, 25, 1000, 1002, 1003, 1006, 1049, 2004, 2026))
"""Private modes: cursor keys, wrapping, visible cursor, mouse, second screen, paste, whole paints.

Reports of the focus (1004) stay out: one that is lost with the line would leave the screen without
a cursor.
"""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
# Almost all output is text, colors and movements, which are looked through at one go. Sixty seats
# share one web, so every millisecond here is one that all of them wait.
_PASSING_RUN: Final = re.compile(
    r"(?:[^\x00-\x1f\x7f-\x9f]++|[\a\b\t\n\r]|\x1b\["
    rf"(?=[0-9;:]{{0,{MOST_PARAMETERS}}}[{''.join(sorted(PASSING_FINALS))}])"
    rf"[0-9]{{0,{MOST_DIGITS}}}(?:[;:][0-9]{{0,{MOST_DIGITS}}})*[@-~])*+"
)
_END_OF_STRING: Final = re.compile("[\x07\x18\x1a\x1b\x9c]")
_PLAIN_NUMBERS: Final = re.compile(rf"(\d{{0,{MOST_DIGITS}}}(?:[;:]\d{{0,{MOST_DIGITS}}})*)")
_PRIVATE_NUMBERS: Final = re.compile(rf"\?(\d{{1,{MOST_DIGITS}}}(?:;\d{{1,{MOST_DIGITS}}})*)")

ESCAPE: Final = "\x1b"
CSI: Final = "\x9b"
CANCEL: Final = frozenset("\x18\x1a")
STRING_BEGINNINGS: Final = frozenset("P]^_Xk")
"""What follows Escape at the beginning of a string. `k` begins a title in the program screen."""
C1_STRING_BEGINNINGS: Final = frozenset("\x90\x98\x9d\x9e\x9f")


class _State(Enum):
    TEXT = auto()
    ESCAPE = auto()
    """After an Escape."""
    CHARSET = auto()
    """After Escape and an intermediate character, as in the choice of a character set."""
    SEQUENCE = auto()
    """Within a control sequence: Escape and `[`."""
    LONG_SEQUENCE = auto()
    """Within a control sequence that is too long to pass."""
    STRING = auto()


class OutputFilter:
    """Filters output that comes in pieces, and remembers the modes that were set.

    `filter(a) + filter(b)` is the same as `filter(a + b)`.
    """

    def __init__(self) -> None:
        # Bytes that are no UTF-8 become replacement characters: a terminal that decodes them
        # otherwise never sees them.
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._state = _State.TEXT
        self._sequence = ""
        self._modes: dict[int, bool] = {}
        self.answered_mark = 0
        """The number of the mark that the seat has answered last; 0 if it has answered none."""

    def filter(self, output: bytes) -> bytes:
        """Return what may pass of the next piece of output."""
        text = self._decoder.decode(output)
        passed: list[str] = []
        at = 0
        while at < len(text):
            at = self._read(text, at, passed)
        return "".join(passed).encode()

    def restore_modes(self) -> bytes:
        """Return what brings a new terminal into the modes that were set so far."""
        settings = []
        for mode, is_set in self._modes.items():
            final = "h" if is_set else "l"
            settings.append(f"{ESCAPE}[?{mode}{final}")
        return "".join(settings).encode()

    def _read(self, text: str, at: int, passed: list[str]) -> int:
        """Read what passes as it is, one string, or one character. Returns the next position."""
        match self._state:
            case _State.TEXT:
                return self._read_text(text, at, passed)
            case _State.STRING:
                return self._skip_string(text, at)
            case _State.ESCAPE:
                self._read_escape(text[at], passed)
            case _State.CHARSET:
                self._skip_charset(text[at])
            case _State.SEQUENCE | _State.LONG_SEQUENCE:
                self._read_sequence(text[at], passed)
        return at + 1

    def _read_text(self, text: str, at: int, passed: list[str]) -> int:
        run = _PASSING_RUN.match(text, at)
        assert run is not None
        passed.append(run.group())
        end = run.end()
        if end == len(text):
            return end

        self._read_control(text[end], passed)
        return end + 1

    def _read_control(self, character: str, passed: list[str]) -> None:
        """Read a control character, in text or in the middle of a sequence that it ends."""
        self._state = _State.TEXT
        if character == ESCAPE:
            self._state = _State.ESCAPE
        elif character == CSI:
            self._begin_sequence()
        elif character in C1_STRING_BEGINNINGS:
            self._state = _State.STRING
        elif character in PASSING_CONTROLS:
            passed.append(character)

    def _skip_string(self, text: str, at: int) -> int:
        end = _END_OF_STRING.search(text, at)
        if end is None:
            return len(text)

        # An Escape ends it too, whatever follows: so no string swallows the screens after it.
        self._state = _State.TEXT
        if end.group() == ESCAPE:
            self._state = _State.ESCAPE
        return end.end()

    def _read_escape(self, character: str, passed: list[str]) -> None:
        if _CONTROL.match(character):
            self._read_control(character, passed)
        elif character == "[":
            self._begin_sequence()
        elif character in STRING_BEGINNINGS:
            self._state = _State.STRING
        elif " " <= character <= "/":
            self._state = _State.CHARSET
        else:
            self._state = _State.TEXT
            if character in PASSING_ESCAPES:
                passed.append(ESCAPE + character)

    def _skip_charset(self, character: str) -> None:
        if _CONTROL.match(character):
            self._read_control(character, [])
        elif not " " <= character <= "/":
            self._state = _State.TEXT

    def _begin_sequence(self) -> None:
        self._state = _State.SEQUENCE
        self._sequence = ""

    def _read_sequence(self, character: str, passed: list[str]) -> None:
        if _CONTROL.match(character):
            # Terminals obey some controls in the middle of a sequence. No program that we know
            # writes them, so the sequence ends here.
            self._read_control(character, passed)
            return

        is_final = "@" <= character <= "~"
        if is_final:
            if self._state is _State.SEQUENCE:
                passed.append(self._pass_sequence(self._sequence, character))
            self._state = _State.TEXT
        elif not " " <= character <= "?":
            # Not a character of a sequence: it is removed together with what came before it.
            self._state = _State.TEXT
        elif len(self._sequence) < MOST_PARAMETERS:
            self._sequence += character
        else:
            self._state = _State.LONG_SEQUENCE

    def _pass_sequence(self, parameters: str, final: str) -> str:
        """Return the sequence, or what may pass of it; empty if nothing may."""
        if final in PASSING_FINALS and _PLAIN_NUMBERS.fullmatch(parameters):
            return f"{ESCAPE}[{parameters}{final}"

        if final == "q" and re.fullmatch("[0-6]? ", parameters):
            # the shape of the cursor
            return f"{ESCAPE}[{parameters}q"

        answered = read_answer(parameters, final)
        if answered is not None:
            self.answered_mark = answered
            return ""

        if final in "hl" and _PRIVATE_NUMBERS.fullmatch(parameters):
            return self._pass_modes(parameters.removeprefix("?"), final)
        return ""

    def _pass_modes(self, parameters: str, final: str) -> str:
        passing = []
        for number in parameters.split(";"):
            mode = int(number)
            if mode in PASSING_MODES:
                passing.append(str(mode))
                self._modes[mode] = final == "h"
        if not passing:
            return ""
        return f"{ESCAPE}[?{';'.join(passing)}{final}"
