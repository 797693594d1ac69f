"""Every line and button of the text page: what is typed or pressed, and what the seat answers.

What the seat answers is read from its messages, which web notes in a file here. Buttons are reached
with Tab and pressed with the space bar, as by somebody without a mouse.
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from seats.program_keys import INTERVIEW, STATION, list_typed_words
from seats.windows import Window

PATIENCE = 10.0
PAUSE = 0.3
MOST_FINDINGS = 4
"""After so many, the seat stands somewhere else than the trials behind are meant for."""
RECORD = """
import json
from survey_cli.web.server import screen_routes, text_routes
from survey_cli.web.server.attached_text import AttachedText

_attach = AttachedText.attach

async def _attach_noted(self, came_from, send):
    async def send_noted(content):
        with open(%r, "a") as file:
            file.write(json.dumps(content) + "\\n")
        await send(content)

    return await _attach(self, came_from, send_noted)

AttachedText.attach = _attach_noted
screen_routes.show_seat = text_routes.show_text
"""
"""Has web write what the seat tells its page to a file, and lead the link to the text page."""


class Trial(NamedTuple):
    """A line that is typed, a button, or another key, and what the seat then says or asks."""

    shows: str
    typed: str = ""
    """What is typed into the field, with Enter behind it."""
    button: str | None = None
    """The line that the button stands for; it is pressed before anything is typed."""
    keys: tuple[str, ...] = ()
    """Keys that are pressed instead of Enter."""
    after: float = 0.0
    """Seconds to wait before: an Enter right after another could be one held down."""


def type_line(typed: str, shows: str) -> Trial:
    """A line that is typed."""
    return Trial(shows, typed=typed)


def press(button: str, shows: str, typed: str = "") -> Trial:
    """A button; what more a line needs is typed behind it."""
    return Trial(shows, typed=typed, button=button)


CASE = "Case: Mr"
AT_STATION = (
    type_line(".help", "take this case"),
    press(".help", "take this case"),
    type_line(".messages", "there are no messages"),
    press(".messages", "there are no messages"),
    type_line(".appointments", "you have no open appointments"),
    press(".appointments", "you have no open appointments"),
    type_line(".scripts", "We will call again."),
    press(".scripts", "We will call again."),
    type_line(".faq", "The County Library."),
    press(".faq", "The County Library."),
    type_line(".status", "Shift:"),
    press(".status", "Shift:"),
    type_line(".hand", "your hand is up"),
    press(".hand", "your hand is down again"),
    type_line(".brief", "brief mode: what was said"),
    press(".brief", "brief mode is off"),
    type_line(".again", CASE),
    press(".again", CASE),
    type_line(".outcomes", "Refer to supervisor"),
    press(".outcomes", "Refer to supervisor"),
    type_line(".find Mr B", "Mr B, (312)"),
    press(".find", "Mr C, (312)", typed="Mr C"),
    press(".fetch C", "Case: Mr C"),
    type_line(".fetch B", "Case: Mr B"),
    press(".fetch", "Case: Mr A", typed="A"),
    type_line(".next", "Number 2, current"),
    press(".next", "Number 1, current"),
    type_line(".number 2", "Number 2, current"),
    type_line(".add +1 312 555 0199", "555-0199"),
    press(".add", "555-0198", typed="+1 312 555 0198"),
    type_line(".note calls at noon", "noted"),
    press(".note", "noted", typed="calls at dusk"),
    type_line(".appointment tomorrow 3pm", "Enter books it"),
    press(".drop", "not done"),
    press(".appointment", "Enter books it", typed="tomorrow 3pm"),
    press(".drop", "not done"),
    type_line(".pause lunch", "On a break: lunch"),
    press(".pause", CASE),
    press(".pause", "On a break"),
    type_line(".pause", CASE),
    type_line(".finish", CASE),
    press(".finish", CASE),
    press(".dial", "dial (312)"),
    type_line(".dial", "y dials it again"),
    press("n", "not done"),
    press(".dial", "y dials it again"),
    press("y", "dial (312)"),
    press("8", CASE),
    type_line(".back", "undone"),
    type_line("8", CASE),
    press(".back", "undone"),
    type_line("8", CASE),
    type_line(".dial", "dial (312)"),
    press(".interview", "Good day"),
)
IN_INTERVIEW = (
    press("", "How old?"),
    type_line(".help", "continue in another language"),
    press(".help", "continue in another language"),
    type_line(".faq", "The County Library."),
    press(".faq", "The County Library."),
    type_line(".again", "How old?"),
    press(".again", "How old?"),
    type_line(".hand", "your hand is up"),
    press(".hand", "your hand is down again"),
    type_line(".brief", "brief mode: what was said"),
    press(".brief", "brief mode is off"),
    type_line(".note she hesitates", "noted"),
    press(".note", "noted", typed="she laughs"),
    type_line(".notes", "she hesitates"),
    press(".notes", "she laughs"),
    type_line(".jump hello", "Good day"),
    type_line("", "How old?"),
    press(".jump", "Good day"),
    press(".jump hello", "Good day"),
    press("", "How old?"),
    type_line(".lang es", "¿Cuántos años?"),
    press(".lang", "now es"),
    press(".lang en", "How old?"),
    type_line("25", "How many years"),
    type_line(".back", "How old?"),
    type_line(".front", "How many years"),
    press(".back", "How old?"),
    press(".front", "How many years"),
    type_line("40", "More than a life"),
    type_line(".ok", "What work?"),
    press(".back", "How many years"),
    type_line("41", "More than a life"),
    press(".ok", "What work?"),
    Trial("Paid?", typed="lorries", keys=("shift+Return", "a", "n", "d", "Return")),
    press("1", "the beginning of it"),
    press(".back", "Paid?"),
    type_line("2", "the beginning of it"),
    press(".back", "Paid?"),
    press(".dk", "the beginning of it"),
    press(".back", "Paid?"),
    type_line(".refused", "the beginning of it"),
    press(".back", "Paid?"),
    press(".refused", "the beginning of it"),
    press(".stop", "Which outcome ends the interview?"),
    press("", "the beginning of it"),
    type_line(".stop", "Which outcome ends the interview?"),
    press("", "the beginning of it"),
    type_line(".suspend", "Suspended"),
    type_line(".interview", "resumed"),
    press(".suspend", "Suspended"),
    press(".interview", "resumed"),
    # "A code needs no Enter": the box that is reached backwards from the field
    press(".back", "Paid?"),
    Trial("the beginning of it", keys=("shift+Tab", "shift+Tab", "shift+Tab", "space", "3")),
    press("", "Every question is answered"),
    Trial(CASE, button="", after=1.2),
)
AT_END = (press(".leave", "The seat has ended"),)
TRIALS = {STATION: (*AT_STATION, *AT_END), INTERVIEW: IN_INTERVIEW}
STORED = ("lorries\nand",)
"""What must be among the answers afterwards."""


class RecordedText:
    """What the seat has told its page, by the file that web writes."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self.said: list[str] = []
        """The lines and questions since the last trial."""
        self.asked: dict[str, Any] = {}
        self.asks_anew = False
        """Whether something else is asked than when the last trial began."""
        self.has_ended = False
        self.offered: set[str] = set()
        """The commands that had a button."""

    def look(self) -> None:
        """Read what is new."""
        if not self._file.exists():
            return
        with self._file.open() as file:
            file.seek(self._read)
            for line in iter(file.readline, ""):
                if not line.endswith("\n"):
                    break
                self._read += len(line.encode())
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "lines":
            for line in message["lines"]:
                words = "".join(text for text, _ in line["words"])
                self.said.append(f"{line.get('key', '')} {words}")
        elif message["type"] == "ask":
            self.asks_anew |= message["ask"] != self.asked.get("ask")
            self.asked = message
            self.said.append(message["label"])
            for choice in [*message["answers"], *message["commands"]]:
                if choice["typed"].startswith("."):
                    self.offered.add(choice["typed"])
        elif message["type"] == "end":
            self.has_ended = True
            self.said.append("The seat has ended")

    def waits_for(self, shows: str, seconds: float = PATIENCE) -> bool:
        """Wait until the seat has said something and asks again; return whether that came."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look()
            if (self.asks_anew or self.has_ended) and any(shows in said for said in self.said):
                return True
            time.sleep(0.03)
        return False

    def find_button(self, typed: str) -> int | None:
        """Return how many steps it is with Tab from the field to a button."""
        choices = [choice["typed"] for choice in self.asked["answers"] + self.asked["commands"]]
        # Send comes first.
        return choices.index(typed) + 2 if typed in choices else None


def count_trials() -> int:
    """Return how many lines and buttons are tried."""
    return sum(len(trials) for trials in TRIALS.values())


def find_untried_words() -> list[str]:
    """Return the commands of the program's lists that no trial types or presses."""
    untried = []
    for page, listed in list_typed_words().items():
        tried = set()
        for trial in TRIALS[page]:
            words = trial.button or trial.typed
            tried |= set(words.split()[:1])
        untried += [f"{word}, {page}: no trial has it" for word in sorted(listed - tried)]
    return untried


def find_untried_buttons(text: RecordedText) -> list[str]:
    """Return the buttons that were offered and never pressed."""
    pressed = {trial.button for trials in TRIALS.values() for trial in trials}
    # Those with words behind them stand for a case or a question of this study.
    commands = {typed for typed in text.offered if " " not in typed}
    return [f"the button {typed}: no trial presses it" for typed in sorted(commands - pressed)]


def try_all(window: Window, text: RecordedText) -> list[str]:
    """Try every line and button at the station, in an interview, and at the end of the shift."""
    findings: list[str] = []
    for trial in (*AT_STATION, *IN_INTERVIEW, *AT_END):
        problem = try_one(window, text, trial)
        if problem:
            findings.append(problem)
        if len(findings) >= MOST_FINDINGS:
            return [*findings, "the trials behind were not tried"]
    return findings + find_untried_buttons(text)


def try_one(window: Window, text: RecordedText, trial: Trial) -> str:
    """Do one trial; return what the seat didn't do, or nothing."""
    time.sleep(trial.after)
    text.look()
    text.said = []
    text.asks_anew = False
    name = " ".join(["press", trial.button or "Enter"] if trial.button is not None else ["type"])
    needs_line = True
    if trial.button is not None:
        steps = text.find_button(trial.button)
        if steps is None:
            return f"{name}: there is no such button, at {text.asked.get('label')}"
        window.press(*["Tab"] * steps, "space")
        needs_line = bool(trial.typed)
    if trial.typed:
        window.type(trial.typed)
    if trial.keys:
        window.press(*trial.keys)
    elif needs_line:
        window.press("Return")
    if text.waits_for(trial.shows):
        return ""
    said = " / ".join(text.said)[-500:]
    return f"{name} {trial.typed}: expected {trial.shows!r}, and the seat says: {said}"
