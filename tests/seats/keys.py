"""Every key of the F1 pages, pressed by xdotool in a real window of Chromium and Firefox.

A test driver gives a page keys that a real browser keeps for itself, so keys are pressed as the
window system does. What the seat did is read from what it wrote to its terminal, which web notes
in a file here.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyte

from seats.row import Effort, Figure
from support.browser_seat import AT_ANY_HOUR, CASES, ServedSeat
from support.shift import HEAD, Shift
from support.stored_interviews import sql

PATIENCE = 5.0
START_SECONDS = 90.0
"""A browser that starts for the first time takes long on a busy machine."""
SIZE = re.compile(rb"\x1b\[8;(\d+);(\d+)t")
RECORD = """
import fcntl
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
ITEMS = """
faq:
  Who is paying for this?: The County Library.
items:
  - {id: hello, type: read, text: {en: "Good day, I am calling.", es: "Buenos días, llamo yo."}}
  - {id: age, type: number, max: 120, text: {en: How old?, es: "¿Cuántos años?"}}
  - id: years
    type: number
    max: 120
    text: {en: How many years at work?, es: "¿Cuántos años en el trabajo?"}
    checks: [{expect: years <= age, soft: true, say: {en: More than a life., es: Demasiado.}}]
  - {id: job, type: verbatim, text: {en: What work?, es: "¿Qué trabajo?"}}
  - id: paid
    type: single
    text: {en: Paid?, es: "¿Con sueldo?"}
    options: {1: {en: "Yes", es: "Sí"}, 2: {en: "No", es: "No"}}
"""


class Press(NamedTuple):
    """A key, and what the seat shows once it did what F1 says."""

    key: str
    shows: str
    typed: str = ""
    """What is typed before the key."""
    lacks: str = ""
    """What is no longer shown."""


OPEN = "Esc"
"""What the footer says while something is open."""


def open_and_close(key: str, shows: str, behind: str) -> tuple[Press, Press]:
    """A key that opens something, and Escape, which brings back what is behind it."""
    return Press(key, shows), Press("Escape", behind, lacks=OPEN)


STATION = "d dial"
PRESSES = (
    # the station
    *open_and_close("F1", OPEN, STATION),
    *open_and_close("question", OPEN, STATION),
    *open_and_close("ctrl+p", OPEN, STATION),
    *open_and_close("F5", "County Library", STATION),
    *open_and_close("t", "note", STATION),
    *open_and_close("F2", "note", STATION),
    *open_and_close("F3", OPEN, STATION),
    *open_and_close("slash", OPEN, STATION),
    *open_and_close("m", OPEN, STATION),
    *open_and_close("a", OPEN, STATION),
    *open_and_close("9", OPEN, STATION),
    Press("p", "a break"),
    Press("Return", "resume calling"),
    Press("p", STATION, lacks="resume calling"),
    Press("d", "dialed"),
    Press("i", "Good day"),
    # the interview
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
    Press("F9", "What work?"),
    Press("ctrl+j", "lorries", typed="lorries"),
    Press("Return", "Paid?", typed="and trains"),
    Press("ctrl+d", "Every question is answered"),
    Press("Left", "Paid?"),
    Press("ctrl+r", "Every question is answered"),
    *open_and_close("F3", "jump to", "Every question is answered"),
    Press("Return", "1 done"),
)
STORED = [
    ("answered", "age"),
    ("answered", "years"),
    ("confirmed", "years"),
    ("answered", "job"),
    ("declined", "paid"),
]
"""What must be among the entries of the journal afterwards."""


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

    def waits_for(self, shows: str, lacks: str, seconds: float = PATIENCE) -> bool:
        """Wait until something is shown, and something isn't; return whether that came."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            text = self.text()
            if shows in text and not (lacks and lacks in text):
                return True
            time.sleep(0.05)
        return False


@dataclass
class Window:
    """A display with one window in front."""

    display: str

    def run(self, *arguments: str) -> None:
        """Run xdotool on this display."""
        environment = {**os.environ, "DISPLAY": self.display}
        subprocess.run(
            ["xdotool", *arguments], env=environment, check=False, timeout=60, capture_output=True
        )

    def press(self, key: str) -> None:
        """Press a key, once the screen has been seen."""
        time.sleep(0.4)
        self.run("key", "--clearmodifiers", key)

    def type(self, text: str) -> None:
        """Type a text."""
        time.sleep(0.4)
        self.run("type", "--delay", "60", text)


def list_browser_arguments(name: str, profile: Path, link: str) -> list[str]:
    """Return how a browser is started with one window."""
    if name == "firefox":
        quiet = ("browser.aboutwelcome.enabled", "datareporting.policy.dataSubmissionEnabled")
        lines = [f'user_pref("{setting}", false);' for setting in quiet]
        (profile / "user.js").write_text("\n".join(lines))
        return ["firefox-esr", "--new-instance", "--profile", str(profile), "--kiosk", link]
    return [
        "chromium",
        "--no-sandbox",
        "--no-first-run",
        "--disable-gpu",
        "--window-position=0,0",
        "--window-size=1280,800",
        f"--user-data-dir={profile}",
        link,
    ]


@contextmanager
def open_window(name: str, link: str, folder: Path) -> Iterator[Window]:
    """Open a browser on a display of its own; both end with the block."""
    read_end, write_end = os.pipe()
    xvfb = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write_end],
        stderr=subprocess.DEVNULL,
    )
    os.close(write_end)
    with open(read_end) as told:
        display = ":" + told.readline().strip()
    profile = folder / f"profile-{name}"
    profile.mkdir()
    environment = {**os.environ, "DISPLAY": display, "HOME": str(folder)}
    browser = subprocess.Popen(
        list_browser_arguments(name, profile, link),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Window(display)
    finally:
        for process in (browser, xvfb):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def press_all(name: str) -> list[str]:
    """Press every key in one browser; return what the seat didn't do."""
    with tempfile.TemporaryDirectory(prefix="survey-seats-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        head = HEAD.replace("title: Field test", "title: Keys\nlanguages: [en, es]")
        shift = Shift(folder, head=head, items=ITEMS, fieldwork=AT_ANY_HOUR, cases=CASES)
        record = folder / "painted"
        arguments = ["serve", "field.yaml", "--db", shift.db, "--no-browser"]
        with ServedSeat(*arguments, folder=folder, before=RECORD % str(record)) as served:
            screen = RecordedScreen(record)
            with open_window(name, served.link[0], folder) as window:
                if not screen.waits_for("d dial", "", START_SECONDS):
                    return [f"{name}: no station was shown; {screen.text()[:300]}"]
                time.sleep(3)
                # A click gives the window the keys, as a person does.
                window.run("mousemove", "640", "400", "click", "1")
                findings = press_each(name, window, screen)
        rows = sql(Path(shift.db), "SELECT kind, item FROM journal ORDER BY seq")
    findings += [f"{name}: {entry} isn't stored" for entry in STORED if entry not in rows]
    return findings


def press_each(name: str, window: Window, screen: RecordedScreen) -> list[str]:
    """Press key after key."""
    findings = []
    for number, press in enumerate(PRESSES, start=1):
        if press.typed:
            window.type(press.typed)
        if press.key == "Return" and press.shows == "1 done":
            # An Enter right after the last key could be one that is held down.
            time.sleep(1.2)
        window.press(press.key)
        if not screen.waits_for(press.shows, press.lacks):
            findings.append(
                f"{name}: key {number}, {press.typed} {press.key}: expected {press.shows!r} "
                f"without {press.lacks!r}, and it shows: {screen.text()[:700]}"
            )
    return findings


def measure_keys(_: Effort) -> list[Figure]:
    """Press all keys in all browsers that are installed here."""
    figures = []
    for name, program in (("chromium", "chromium"), ("firefox", "firefox-esr")):
        missing = [need for need in (program, "Xvfb", "xdotool") if shutil.which(need) is None]
        findings = [f"{need} isn't installed" for need in missing] or press_all(name)
        figures.append(
            Figure(
                goal=f"{name}, full screen: the seat did what F1 says",
                measured=f"{len(PRESSES)} keys, {len(findings)} findings",
                is_met=not findings,
                findings=findings,
            )
        )
    return figures
