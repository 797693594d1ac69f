"""The engine's second client, for tests: keys in, Prompts and data out.

`scenario("features/ask_if.yaml").keys("1", ".dk").data == {"cars": 1, …}` reads like a call. Keys are the plain face's
lines: an entry, an empty line, `.dk` and the other declines, `.back`, `.jump age#2`, `.ok reason`, `.lang es`,
`.suspend`, `.resume`. It has no rule of its own: it journals what the computer answers, and closes where the route ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from survey_cli.engine import prompts
from survey_cli.engine.events import (
    EventStamp,
    InterviewEnded,
    InterviewEvent,
    InterviewResumed,
    InterviewStarted,
    InterviewStopped,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    SessionContext,
    ValueComputed,
)
from survey_cli.engine.interview import Interview
from survey_cli.entries import LookupEntry, PickEntry, Prompt, Rejection, to_plain_text
from survey_cli.instrument.compiled.compiler import compile_instrument
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.source.load import InstrumentSource, load_source, load_source_text
from survey_cli.outcomes import OUTCOMES
from survey_cli.problems import select_errors
from survey_cli.values import Cell, Code, Missing, Place, Value

INSTRUMENTS = Path(__file__).parents[2] / "instruments"
STAMP = EventStamp(datetime(2026, 11, 24, 15, tzinfo=UTC), "pat", "s1")
TODAY = date(2026, 11, 24)
HEAD = "instrument: inline\ntitle: Inline\n"
NOTHING: Mapping[str, Value | Missing] = MappingProxyType({})


@lru_cache(maxsize=200)
def instrument(text: str) -> Instrument:
    """The instrument of a file under instruments/, or of YAML text (`items:` alone will do). It must have no errors."""
    found, _, problems = compile_instrument(source_of(text))
    assert not select_errors(problems), "\n".join(map(str, problems))
    assert found is not None
    return found


def source_of(text: str) -> InstrumentSource:
    if "\n" not in text:
        return load_source(INSTRUMENTS / text)
    return load_source_text(text if "instrument:" in text else HEAD + text)


def scenario(
    source: str,
    *,
    seed: int = 1,
    sample: Mapping[str, Value | Missing] = NOTHING,
    quotas: Mapping[str, str] = MappingProxyType({}),
    language: str | None = None,
    today: date = TODAY,
) -> "Scenario":
    """An interview that has begun. `quotas` are the states of quota cells; open where not said."""
    made = instrument(source)
    sitting = SessionContext("Pat", "morning", language or made.language)
    began = InterviewStarted(STAMP, made.hash, seed, "case 7", today, sitting, sample=sample)
    return Scenario(Interview.begin(made, began), quotas).settled()


def feature(name: str, *keys: str, **more: Any) -> "Scenario":
    """A feature's instrument, past the line that says who is calling."""
    now = scenario(f"features/{name}.yaml", **more)
    return now.keys("", *keys) if now.place == "hello" else now.keys(*keys)


@dataclass(frozen=True)
class Scenario:
    """An interview and what was last said to the interviewer. Every step gives another Scenario."""

    interview: Interview
    quotas: Mapping[str, str] = field(default_factory=dict)
    why: str = ""
    """Why the last key was rejected; empty where it was taken."""

    # keys in

    def keys(self, *keys: str) -> "Scenario":
        """Key these lines, one after another."""
        now = self
        for key in keys:
            now = now.key(key)
        return now

    def key(self, key: str) -> "Scenario":
        """Key one line."""
        event = self._event(key)
        if isinstance(event, Rejection):
            return replace(self, why=event.why)
        return self.step(event).settled()

    def step(self, event: InterviewEvent) -> "Scenario":
        """Journal one event."""
        after = self.interview.step(event)
        if isinstance(after, Rejection):
            return replace(self, why=after.why)
        return replace(self, interview=after, why="")

    def _event(self, key: str) -> InterviewEvent | Rejection:
        if not key.startswith("."):
            return prompts.parse_reply(self.interview, key, STAMP)
        word, _, rest = key[1:].partition(" ")
        match word:
            case "back":
                place = prompts.find_previous_place(self.interview)
                return (
                    PositionMoved(STAMP, place)
                    if place is not None
                    else Rejection("this is the first item")
                )
            case "jump":
                return PositionMoved(STAMP, Place.parse(rest), jump=True)
            case "ok":
                return prompts.build_confirmation(self.interview, rest, STAMP)
            case "note":
                return NoteWritten(STAMP, Place.parse(self.place), rest)
            case "lang":
                return LanguageChanged(STAMP, rest)
            case "suspend":
                return InterviewSuspended(STAMP)
            case "stop":
                return InterviewStopped(STAMP, rest)
            case "resume" | "reopen":
                sitting = SessionContext(rest or "Pat", "evening", self.interview.language)
                return InterviewResumed(STAMP, sitting, reopen=word == "reopen")
            case decline:
                return prompts.build_decline(self.interview, decline, STAMP)

    def settled(self) -> "Scenario":
        """Answer what the computer answers, and close where the route has ended: the desk's part."""
        now = self
        while now.prompt is not None and isinstance(entry := now.prompt.entry, LookupEntry):
            value, of = now.interview.compute_answer()
            if entry.kind == "quota":
                value = now.quotas.get(entry.target, "open")
            assert value is not None
            now = now.step(ValueComputed(STAMP, now.prompt.place, value, of))
            assert not now.why, now.why
        if ending := now.interview.ending:
            outcome = OUTCOMES.get(ending)
            temporary = outcome is not None and outcome.temporary
            now = now.step(
                InterviewSuspended(STAMP, ending) if temporary else InterviewEnded(STAMP, ending)
            )
        return now

    # Prompts out

    @property
    def prompt(self) -> Prompt | None:
        return prompts.build_prompt(self.interview)

    @property
    def asked(self) -> Prompt:
        """The Prompt, where there must be one."""
        assert self.prompt is not None, f"closed: {self.status} {self.outcome}"
        return self.prompt

    @property
    def place(self) -> str:
        """Where it stands, as `age#2`; empty when closed."""
        return str(self.prompt.place) if self.prompt is not None else ""

    @property
    def words(self) -> str:
        """What is read."""
        return to_plain_text(self.asked.text)

    @property
    def offered(self) -> dict[Code, str]:
        """The options, in the order in which they are offered."""
        entry = self.asked.entry
        assert isinstance(entry, PickEntry)
        return {c.code: to_plain_text(c.text) for c in entry.options}

    @property
    def declines(self) -> dict[str, int]:
        return {d.id: d.code for d in self.asked.declines}

    @property
    def query(self) -> str:
        """What has to be confirmed or changed; empty where there is nothing."""
        return to_plain_text(self.asked.query.text) if self.asked.query is not None else ""

    @property
    def earlier(self) -> str:
        """What stands already, and how: `answer: 2 No`."""
        return (
            f"{self.asked.earlier.kind}: {self.asked.earlier.label}"
            if self.asked.earlier is not None
            else ""
        )

    @property
    def status(self) -> str:
        return self.interview.status

    @property
    def outcome(self) -> str:
        return self.interview.outcome

    # data out

    @property
    def data(self) -> dict[str, Cell]:
        """Every answer that counts, in the order of the route."""
        answers = self.interview.evaluate_route().answers
        return {str(place): held.cell for place, held in answers.items() if held.cell is not None}

    @property
    def route(self) -> list[str]:
        """Every place that has been put to somebody and counts, Reads among them."""
        return [str(place) for place in self.interview.evaluate_route().answers]

    @property
    def unreached(self) -> set[str]:
        return {str(place) for place in self.interview.evaluate_route().unreached}

    def computed(self, name: str) -> object:
        """What a compute is worth."""
        return self.interview.evaluate_route().known.values[name]

    @property
    def row(self) -> dict[str, Cell]:
        """The answers as the columns of the data, roster items by turn."""
        row: dict[str, Cell] = {}
        for place, held in self.interview.evaluate_route().answers.items():
            leaf = self.interview.instrument.items[place.item]
            turn = f"_{place.turn}" if place.turn else ""
            if isinstance(held.cell, Missing):
                cells = leaf.question.build_missing_cells(leaf, held.cell)
            else:
                cells = leaf.question.build_cells(leaf, held.cell, held.specify_texts)
            names = [
                v.name + turn for v in leaf.question.build_variables(leaf, self.interview.language)
            ]
            row.update(zip(names, cells, strict=True))
        return row
