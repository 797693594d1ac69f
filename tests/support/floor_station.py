"""Scripted interviewers at real stations: each is a thread that reads what `survey station --plain` prints and types.

What is typed follows from what is printed, so an interviewer finds the way again after a rejection, a restart or a
server that was away. Everything that a station acknowledged is noted for the audit.
"""

import os
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO, NamedTuple

PROMPT = "> "
SLOW = 60.0
"""Seconds after which a station that prints nothing is said to hang."""
WORDS_PER_SECOND = 4.5
"""Nobody reads aloud faster: the limit of `survey quality`."""
NOT_SAVED = re.compile(r"! (not saved: .*|.*the server .*|.*connection.*)")

CASE = re.compile(r"\[Case: (?:.*, )?(\S+), attempt \d+ of \d+\]")
RESUMED = re.compile(r"\[Case (\S+) was open at .*: resumed")
"""A station that was killed in an interview is there again, without showing the case."""
STORED = re.compile(r"= .*?: (.+?)(?: (?:on|from) [A-Z].*)?, stored at \d\d:\d\d")
MESSAGE = re.compile(r"\[Message from (\S+) \(\d\d:\d\d\): (.*)\]")
STATES = (
    (CASE, "case"),
    (re.compile(r"= dial "), "dialed"),
    (re.compile(r"\[Number.*, dialed\]"), "dialed"),
    (re.compile(r"\[(Nobody can be called just now|The study is paused)"), "idle"),
    (re.compile(r"\[On a break"), "break"),
    (re.compile(r"\? That is long"), "query"),
    (re.compile(r"\[(Every question is answered|Enter ends here)"), "review"),
    (re.compile(r"\[The interview was not finished: key the outcome"), "outcome"),
    (re.compile(r"\[(The respondent will be called again|when should we call again)"), "time"),
    (re.compile(r"\[Enter books it"), "book"),
    (re.compile(r"\? .*the case will not be called again"), "sure"),
    (re.compile(r"\? (Stop|End) this interview with"), "sure"),
    (re.compile(r"\? \d+ answers? (was|were) recorded in this call"), "doubt"),
)
"""What a printed line says about the line that is awaited."""


class Item(NamedTuple):
    """An item of the questionnaires, as the screen shows it."""

    id: str
    text: str
    kind: str

    @property
    def seconds(self) -> float:
        """The shortest time in which it can be read aloud."""
        return len(self.text.split()) / WORDS_PER_SECOND


class Acknowledged(NamedTuple):
    """An answer after which the station showed what follows."""

    case: str
    kind: str
    """Of the event: answered, declined or confirmed."""
    item: str
    value: object
    at: float


class Recorded(NamedTuple):
    """An outcome that the station said to be stored."""

    case: str
    outcome: str
    """Its name in small letters."""
    at: float
    typed_at: float
    """When the line was typed that led to it; it was stored between the two times."""


class Station:
    """A process of `survey station --plain`, read up to the line that it waits for."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str],
        errors: IO[bytes],
    ) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stderr=errors,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    def read(self) -> str:
        """Return what is printed up to the next prompt or the end of the program."""
        assert self.process.stdout is not None
        printed, watchdog = b"", threading.Timer(SLOW, self.process.kill)
        watchdog.start()
        while not (printed.endswith(b"\n> ") or printed == b"> "):
            part = os.read(self.process.stdout.fileno(), 65_536)
            if not part:
                self.process.wait()
                break
            printed += part
        watchdog.cancel()
        return printed.decode()

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None


class Deck:
    """Draws that differ less than chance allows: values are dealt from a shuffled deck.

    Interviewers who deal from decks of the same values don't differ by chance, so that none is flagged by it.
    """

    def __init__(self, values: Sequence[object], rng: Random) -> None:
        self._values, self._rng, self._left = values, rng, deque[object]()

    def draw(self) -> object:
        if not self._left:
            self._left.extend(self._rng.sample(self._values, len(self._values)))
        return self._left.popleft()


@dataclass(eq=False)
class Interviewer(threading.Thread):
    """One person: her station, what she does next, and what she saw."""

    login: str
    command: Callable[[], Sequence[str]]
    """Returns the command that starts her station, in the version that she has now."""
    folder: Path
    environment: Mapping[str, str]
    items: Mapping[str, Item]
    """By the text that the screen shows."""
    rng: Random
    falsifies: bool = False
    caller: tuple[str, str] = ("", "")
    """Number and key of somebody who calls her first of all, and makes an appointment."""
    pace: float = 1.0
    """By which all times to read, to think and to wait are multiplied."""
    closing: threading.Event = field(default_factory=threading.Event)
    """Set when the day is over: the case in work is finished first."""
    acknowledged: list[Acknowledged] = field(default_factory=list)
    recorded: list[Recorded] = field(default_factory=list)
    messages: list[tuple[float, str]] = field(default_factory=list)
    on_screen: list[tuple[str, float, float]] = field(default_factory=list)
    """Cases, with the times at which they were shown, and at which the line was typed that ended that."""
    not_saved: list[str] = field(default_factory=list)
    """What the station said about lines that it could not store."""
    rejected: list[str] = field(default_factory=list)
    transcript: list[str] = field(default_factory=list)
    failure: str = ""

    def __post_init__(self) -> None:
        super().__init__(name=self.login, daemon=True)
        self.restart, self.kill = threading.Event(), threading.Event()
        self.starts = self.kills = self.breaks = 0
        self.before_kill = self.after_kill = ""
        """The case on the screen when the station was killed, and after it was started again."""
        self.worked = 0.0
        """Seconds for which stations of hers were open."""
        self.had_screen = 0.0
        """Seconds of these since the first screen: on a busy machine, a program takes half a minute to show it. Somewhere
        between, the station signs her on."""
        self.case = ""
        """The case on the screen."""
        self._state, self._item, self._again = "", Item("", "", ""), None
        self._plan, self._first_plan, self._answers, self._calls = "", "", 0, 0
        self._plans = Deck(
            ["interview"] * 13
            + [
                "no_answer",
                "no_answer",
                "busy",
                "machine",
                "refusal_soft no time",
                "appointment",
                "stop",
            ],
            self.rng,
        )
        self._points = Deck([1, 2, 2, 3, 3, 3, 4, 4, 5], self.rng)
        self._years = Deck([2, 5, 11, 17, 24, 31, 38, 45, 52, 66], self.rng)
        self._homes = Deck([1, 1, 2], self.rng)
        self._turns = Deck(["dk", "refused", "back", *[""] * 37], self.rng)

    @property
    def last_act(self) -> float:
        """When the station stored something last."""
        return max(
            [each.at for each in (*self.acknowledged[-1:], *self.recorded[-1:])], default=0.0
        )

    @property
    def is_interviewing(self) -> bool:
        return self._state in ("item", "query", "review")

    # the shift

    def run(self) -> None:
        try:
            while not self.failure:
                began = time.monotonic()
                self._start_station()
                shown = time.monotonic()
                while not self.station.has_ended:
                    self._step()
                self._show_case("")
                self.worked += time.monotonic() - began
                self.had_screen += time.monotonic() - shown
                code = self.station.process.returncode
                if code == 0 and not self.restart.is_set():
                    return
                if code != (-9 if self.before_kill and not self.after_kill else 0):
                    self.failure = f"the station ended with {code}: {self.transcript[-1][-300:]}"
                self.restart.clear()
        except Exception as error:
            self.failure = f"{type(error).__name__}: {error}; last: {self.transcript[-1][-300:]}"
            self.station.process.kill()

    def _start_station(self) -> None:
        self.starts += 1
        with (self.folder / f"{self.login}.errors").open("ab") as errors:
            self.station = Station(self.command(), self.folder, self.environment, errors)
        self._state, self._again = "", None
        self._take_in(self.station.read())
        if self.before_kill and not self.after_kill:
            self.after_kill = self.case or "none"

    def _step(self) -> None:
        """Type one line, and take in what follows."""
        line, self._again = self._choose_line() if self._again is None else self._again, None
        if self.kill.is_set() and self._state == "item" and self._item.kind == "scale":
            self.kill.clear()
            self.kills += 1
            self._typed_at = time.time()
            self.station.write(line)
            time.sleep(self.rng.random() * 0.01)
            self.station.process.kill()
            self.station.process.wait()
            self.before_kill = self.case
            return
        state, item = self._state, self._item
        self._typed_at = time.time()
        self.station.write(line)
        printed = self.station.read()
        self.transcript[-1] += f"{line}\n"
        self._take_in(printed)
        if rejected := re.search(r"^! .*", printed, re.MULTILINE):
            self._handle_rejection(rejected[0], line)
        elif state in ("item", "query"):
            self._note_answer(state, item, line)

    def _handle_rejection(self, why: str, line: str) -> None:
        if NOT_SAVED.match(why):
            self.not_saved.append(why)
            self._again = line
            time.sleep(0.3)
            return
        self.rejected.append(why)
        if len(self.rejected) > 40:
            self.failure = f"rejected too often: {why}"
            self.station.process.kill()
        if self._state in ("case", "dialed") and not (
            "came first" in why or ".dial, .interview" in why
        ):
            self._plan = "no_answer" if self._state == "dialed" else "leave"

    def _note_answer(self, state: str, item: Item, line: str) -> None:
        if line.startswith((".back", ".stop")) or (not line and item.kind != "read"):
            return
        kind = "confirmed" if state == "query" else "declined" if line[:1] == "." else "answered"
        value: object = {"confirmed": None, "declined": line[1:]}.get(kind, line)
        if kind == "answered":
            value = (
                None
                if item.kind == "read"
                else int(line)
                if item.kind in ("single", "scale", "number")
                else line
            )
        self.acknowledged.append(
            Acknowledged(self._answered_case, kind, item.id, value, time.time())
        )

    def _take_in(self, printed: str) -> None:
        """Read what was printed, line by line."""
        self.transcript.append(printed)
        self._answered_case = self.case
        for line in printed.splitlines():
            text = line.removeprefix(PROMPT)
            if found := MESSAGE.match(text):
                self.messages.append((time.time(), found[2]))
            elif found := STORED.match(text):
                self.recorded.append(Recorded(self.case, found[1], time.time(), self._typed_at))
            elif found := RESUMED.match(text):
                self._show_case(found[1])
            elif item := self.items.get(text):
                self._state, self._item = "item", item
            elif state := next((state for pattern, state in STATES if pattern.match(text)), ""):
                self._state = state
                if state == "case" and (found := CASE.match(text)):
                    self._show_case(found[1].rpartition(":")[2])
                    self._plan, self._answers = "", 0
                elif state in ("idle", "break"):
                    self._show_case("")

    def _show_case(self, case: str) -> None:
        if case != self.case:
            now = time.time()
            if self.case:
                self.on_screen.append((self.case, self._since, self._typed_at))
            self.case, self._since = case, now

    # what she types

    def _wait(self, seconds: float) -> None:
        time.sleep(seconds * self.pace)

    def _choose_line(self) -> str:
        match self._state:
            case "idle" if self.closing.is_set() or self.restart.is_set():
                return ".leave"
            case "idle":
                time.sleep(max(0.8 * self.pace, 0.2))
                return ""
            case "break":
                self._wait(1.5)
                return ".pause"
            case "case":
                return self._choose_call()
            case "dialed":
                return self._choose_outcome()
            case "item":
                return self._choose_answer()
            case "query":
                self._wait(0.3)
                return ".ok"
            case "outcome":
                return "callback"
            case "time":
                return "in 1 min"
            case "sure":
                return "y"
            case "doubt":
                # After a kill, the call that goes on already has answers: so does the interview.
                self._state = "dialed"
                self._plan = "interview"
                return "n"
            case "review" | "book":
                return ""
            case state:
                raise AssertionError(f"what is awaited? {state} {self.transcript[-1][-500:]}")

    def _choose_call(self) -> str:
        if self.closing.is_set() or self.restart.is_set() or self._plan == "leave":
            self._plan = ""
            return ".leave" if self.closing.is_set() or self.restart.is_set() else ".finish"
        number, key = self.caller
        if key:
            self.caller = ("", key if number else "")
            self._first_plan = "appointment"
            return f".find {number}" if number else f".fetch {key}"
        self._calls += 1
        if self._calls == 4:
            self.breaks += 1
            return ".pause lunch"
        self._wait(
            4.0 if self.falsifies else self.rng.uniform(0.2, 0.6)
        )  # she waits as long as an interview takes
        return ".dial"

    def _choose_outcome(self) -> str:
        if not self._plan:
            self._plan, self._first_plan = self._first_plan or str(self._plans.draw()), ""
        match self._plan:
            case "interview" | "stop":
                return ".interview"
            case "appointment":
                self._plan = ""
                return ".appointment in 1 min"
            case outcome:
                return outcome

    def _choose_answer(self) -> str:
        item = self._item
        if self.falsifies:
            return {"read": "", "single": "1", "scale": "3", "number": "10"}.get(item.kind, "none")
        self._wait(0.03 + item.seconds * self.rng.uniform(1.1, 1.6))
        self._answers += 1
        if self._plan == "stop" and self._answers == 5:
            return ".stop callback"
        turn = self._turns.draw() if item.kind in ("scale", "number") else ""
        if turn == "back":
            return ".back"
        if turn:
            return f".{turn}"
        match item.kind:
            case "read":
                return ""
            case "single":
                return str(self._homes.draw())
            case "scale":
                return str(self._points.draw())
            case "number":
                return str(self._years.draw())
            case _:
                return f"words of {self.case} {self.rng.randrange(10**6)}"
