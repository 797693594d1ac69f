"""Every key of the full screen's pages of help: what is pressed, and what the seat then shows.

What it shows is read from what the seat wrote to its terminal, which web notes in a file here.
"""

import re
import time
from pathlib import Path
from typing import NamedTuple

import pyte

from seats.program_keys import INTERVIEW, STATION, list_screen_keys
from seats.windows import Window

PATIENCE = 10.0
MOST_FINDINGS = 4
"""After so many, the seat stands somewhere else than the keys behind are meant for."""
KEPT_SECONDS = 1.0
"""What a browser takes to open or close a window."""
PAUSE = 0.5
"""The full screen uses no key that came before what it answers was seen."""
NEWEST = "the newest note"
SIZE = re.compile(rb"\x1b\[8;(\d+);(\d+)t")
RECORD = """
from survey_cli.web.terminals import attached_terminal, output_filter

def _note(data):
    with open(%r, "ab") as file:
        file.write(data)

_filter = output_filter.OutputFilter.filter
_set_size = attached_terminal.AttachedTerminal._set_size

def _filter_noted(self, output):
    _note(output)
    return _filter(self, output)

def _set_size_noted(self, columns, rows):
    _note(b"\\x1b[8;%%d;%%dt" %% (rows, columns))
    return _set_size(self, columns, rows)

output_filter.OutputFilter.filter = _filter_noted
attached_terminal.AttachedTerminal._set_size = _set_size_noted
"""
"""Has web write what the seat paints, and its sizes, to a file."""


class Press(NamedTuple):
    """A key, and what the seat shows once it did what F1 says."""

    key: str
    shows: str
    typed: str = ""
    """What is typed before the key."""
    lacks: str = ""
    """What is no longer shown."""
    after: float = 0.0
    """Seconds to wait before: an Enter right after the last key could be one held down."""


OPEN = "Esc"
"""What the footer says while something is open."""


def open_and_close(key: str, shows: str, behind: str) -> tuple[Press, Press]:
    """A key that opens something, and Escape, which brings back what is behind it."""
    return Press(key, shows), Press("Escape", behind, lacks=OPEN)


AT_CASE = "d dial"
AT_BREAK = "resume calling"
DIALED = "· dialed"
BEFORE_INTERVIEW = (
    *open_and_close("F1", OPEN, AT_CASE),
    *open_and_close("question", OPEN, AT_CASE),
    *open_and_close("ctrl+p", OPEN, AT_CASE),
    *open_and_close("F5", "County Library", AT_CASE),
    *open_and_close("F6", "SHIFT SO FAR", AT_CASE),
    *open_and_close("F2", "note on", AT_CASE),
    *open_and_close("F3", OPEN, AT_CASE),
    *open_and_close("slash", OPEN, AT_CASE),
    *open_and_close("m", OPEN, AT_CASE),
    *open_and_close("a", "Call back Mr", AT_CASE),
    *open_and_close("9", "outcome:", AT_CASE),
    *open_and_close("s", "voicemail", AT_CASE),
    *open_and_close("q", "End the shift?", AT_CASE),
    *open_and_close("ctrl+c", "End the shift?", AT_CASE),
    # the case whose history has more entries than the screen has room for
    Press("Return", NEWEST, typed=".fetch A"),
    Press("Prior", "older note", lacks=NEWEST),
    Press("Next", NEWEST),
    Press("n", "number 2 of 2"),
    Press("plus", "another number:"),
    Press("Return", "of 3", typed="+1 312 555 0199"),
    Press("t", "note on"),
    Press("Return", "calls at noon", typed="calls at noon"),
    Press("x", AT_CASE, lacks="calls at noon"),
    Press("t", "note on"),
    Press("Return", "calls at dusk", typed="calls at dusk"),
    Press("F8", AT_CASE, lacks="calls at dusk"),
    Press("ctrl+g", "HAND RAISED"),
    Press("ctrl+g", "Take your hand down?"),
    Press("y", AT_CASE, lacks="HAND RAISED"),
    Press("p", "a break"),
    Press("Return", AT_BREAK),
    Press("p", AT_CASE, lacks=AT_BREAK),
    Press("1", "no answer", typed="d", lacks=DIALED),
    Press("d", DIALED),
    Press("i", "Good day"),
)
LAST_QUESTION = "Every question is answered"
STORY = "the beginning of it"
IN_INTERVIEW = (
    *open_and_close("F1", "a note at this question", "Good day"),
    Press("Return", "How old?"),
    Press("F2", OPEN),
    Press("Return", "How old?", typed="she hesitates", lacks=OPEN),
    *open_and_close("F3", "jump to", "How old?"),
    Press("F4", "¿Cuántos años?"),
    Press("F4", "How old?"),
    *open_and_close("F5", OPEN, "How old?"),
    *open_and_close("F6", OPEN, "How old?"),
    *open_and_close("F8", "suspend", "How old?"),
    *open_and_close("ctrl+c", "Suspend this interview", "How old?"),
    *open_and_close("ctrl+p", OPEN, "How old?"),
    Press("ctrl+g", "hand raised"),
    Press("ctrl+g", "Take your hand down?"),
    Press("y", "How old?", lacks="hand raised"),
    Press("ctrl+u", "How old?", typed="99", lacks="99"),
    Press("ctrl+z", "99"),
    Press("ctrl+u", "How old?", lacks="99"),
    Press("Return", "How many years", typed="25"),
    Press("Left", "How old?"),
    Press("Tab", "How many years"),
    Press("shift+Tab", "How old?"),
    Press("End", "How many years"),
    # As Ctrl+Left it would move within the number, and stay at this question.
    Press("alt+Left", "How old?", typed="30"),
    Press("Tab", "How many years"),
    Press("ctrl+u", "How many years", lacks="30"),
    Press("Return", "More than a life", typed="40"),
    Press("F7", "How old?"),
    Press("Return", "How many years"),
    Press("ctrl+u", "How many years"),
    Press("Return", "More than a life", typed="40"),
    Press("F9", "confirmed, because"),
    Press("Return", "What work?"),
    Press("ctrl+j", "lorries", typed="lorries"),
    Press("Return", "Paid?", typed="and trains"),
    Press("Down", "take 1"),
    Press("Down", "take 2"),
    Press("Up", "take 1"),
    Press("Return", STORY),
    Press("Next", "the end of it"),
    Press("Prior", STORY),
    Press("shift+Tab", "Paid?"),
    Press("2", STORY),
    Press("shift+Tab", "Paid?"),
    Press("3", STORY),
    Press("shift+Tab", "Paid?"),
    Press("1", STORY),
    Press("Left", "Paid?"),
    Press("ctrl+r", STORY),
    Press("Left", "Paid?"),
    Press("ctrl+d", STORY),
    Press("Return", LAST_QUESTION),
    Press("Left", STORY),
    Press("Return", LAST_QUESTION),
    *open_and_close("F3", "jump to", LAST_QUESTION),
    Press("Return", "1 done", after=1.2),
)
OUTCOMES = (
    Press("2", "busy", typed="d", lacks=DIALED),
    Press("3", "machine, no message", typed="d", lacks=DIALED),
    Press("4", "machine, message left", typed="d", lacks=DIALED),
    Press("5", "not working or disconnected", typed="d", lacks=DIALED),
    Press("6", "wrong number", typed="d", lacks=DIALED),
    Press("7", "How strong", typed="d"),
    Press("Escape", DIALED),
    Press("8", "call back, no time given", lacks=DIALED),
    Press("BackSpace", "outcome undone"),
    Press("8", "call back, no time given", lacks=DIALED),
)
PRESSES = {
    STATION: (*BEFORE_INTERVIEW, *OUTCOMES),
    INTERVIEW: IN_INTERVIEW,
}
STORED = [
    ("answered", "age"),
    ("answered", "years"),
    ("confirmed", "years"),
    ("answered", "job"),
    ("answered", "paid"),
    ("declined", "paid"),
]
"""What must be among the entries of the journal afterwards."""
NEW_PLACES = (("ctrl+t", "ctrl+w"), ("ctrl+n", "ctrl+w"), ("F11", "F11"))
"""Keys that a browser keeps: what opens another tab, window or size, and what brings ours back."""


class RecordedScreen:
    """What the seat has painted, by the file that web writes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self._screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self._screen)

    def text(self) -> str:
        """What is shown now, with single blanks."""
        if self._file.exists():
            data = self._file.read_bytes()
            fresh = data[self._read :]
            self._read = len(data)
            self._feed(fresh)
        return " ".join("\n".join(self._screen.display).split())

    def _feed(self, output: bytes) -> None:
        rest = 0
        for found in SIZE.finditer(output):
            self._stream.feed(output[rest : found.start()])
            self._screen.resize(int(found[1]), int(found[2]))
            rest = found.end()
        self._stream.feed(output[rest:])

    def waits_for(self, shows: str, lacks: str = "", seconds: float = PATIENCE) -> bool:
        """Wait until something is shown, and something isn't; return whether that came."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            text = self.text()
            if shows in text and not (lacks and lacks in text):
                return True
            time.sleep(0.03)
        return False


def count_presses() -> int:
    """Return how many keys are pressed."""
    return sum(len(presses) for presses in PRESSES.values()) + 2 * len(NEW_PLACES)


def find_untried_keys() -> list[str]:
    """Return the keys of the pages of help that no trial presses."""
    untried = []
    for page, listed in list_screen_keys().items():
        pressed = {press.key for press in PRESSES[page]}
        untried += [f"{key}, {page}: no trial presses it" for key in sorted(listed - pressed)]
    return untried


def press_all(window: Window, screen: RecordedScreen) -> list[str]:
    """Press key after key at the station, in an interview, and at the station again."""
    findings = []
    for press in (*BEFORE_INTERVIEW, *IN_INTERVIEW, *OUTCOMES):
        if press.typed:
            window.type(press.typed)
        time.sleep(press.after)
        window.press(press.key)
        if not screen.waits_for(press.shows, press.lacks):
            findings.append(
                f"{press.typed} {press.key}: expected {press.shows!r} without {press.lacks!r}, "
                f"and it shows: {screen.text()[-700:]}"
            )
        if len(findings) >= MOST_FINDINGS:
            return [*findings, "the keys behind were not tried"]
    return findings + press_kept_keys(window, screen)


def press_kept_keys(window: Window, screen: RecordedScreen) -> list[str]:
    """Press what the browser keeps: the seat shows the same before and after, and goes on."""
    findings = []
    for away, back in NEW_PLACES:
        window.press(away)
        time.sleep(KEPT_SECONDS)
        window.press(back)
        time.sleep(KEPT_SECONDS)
        window.click()
        if not screen.waits_for(AT_CASE, lacks=OPEN):
            findings.append(f"{away}, {back}: the seat used them; it shows {screen.text()[:300]}")
        window.press("F1")
        if not screen.waits_for(OPEN):
            findings.append(f"{away}, {back}: no key reaches the seat behind them")
        window.press("Escape")
        screen.waits_for(AT_CASE, lacks=OPEN)
    return findings
