"""What happened in an interview, event by event: how it was answered, changed, gone back from, doubted and confirmed, by
whom, in which language, and how long each took. A row an event; what is personal is left empty unless it is asked for.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple, assert_never

from survey_cli.engine.events import (
    EVENT_KINDS,
    Answered,
    Began,
    Confirmed,
    Declined,
    Ended,
    Erased,
    Event,
    Kept,
    Language,
    LookedUp,
    Noted,
    Resumed,
    Stopped,
    Suspended,
    WentTo,
)
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.texts.placeholder_text import render_placeholders
from survey_cli.table.table import ADMIN
from survey_cli.values import Cell, Code, Missing, Place, Value, Variable

HEAD: Final = tuple(
    v
    for v in ADMIN
    if v.name
    in ("interview_id", "interview_case", "interview_number", "interview_origin", "interview_version")
)
"""What names the interview, before anything of it."""


NO_FIGURE: Final = Missing("not_applicable")
"""There is none, and nobody was asked."""


def fact(name: str, label: str, **more: Any) -> Variable:
    """A column that nobody answers, so that no decline stands in it: text unless it is said otherwise."""
    return Variable(name=name, label=label, role="admin", **{"storage": "text", **more})


def figure(name: str, label: str, *, decimals: int = 0) -> Variable:
    """The same with numbers."""
    return fact(name, label, storage="decimal" if decimals else "integer", measure="scale", decimals=decimals)


EVENTS: Final = (
    *HEAD,
    figure("seq", "Number of the event"),
    fact("at", "When (UTC)"),
    fact("event", "What happened"),
    fact("item", "Item"),
    figure("turn", "Turn of its roster"),
    fact("value", "Value given"),
    fact("words", "Words given with options"),
    fact("declined", "Decline"),
    fact("was", "Value that this one took the place of"),
    fact("changed", "It took the place of another", storage="integer", labels={0: "No", 1: "Yes"}),
    fact("went", "Gone back one, or jumped"),
    fact("left", "Where the interview stood before going there"),
    figure("check", "Which check was confirmed, from 1"),
    fact("reason", "Why it was confirmed"),
    fact("note", "Note"),
    fact("language", "Language from then on"),
    fact("outcome", "Outcome"),
    figure("seconds", "Seconds since the event before", decimals=1),
    fact("interviewer", "Interviewer"),
    fact("station", "Station"),
)
"""The columns of a table of events."""


class Passage(NamedTuple):
    """One event, and what was there before it."""

    seq: int
    event: Event
    at: Place | None
    """Where the interview stood when it came."""
    seconds: float | None
    """Since the event before, in the same sitting; None where the sitting begins with it."""
    was: Cell | None
    """What its place held before; None where nothing."""
    value: Cell | None
    """What its place holds by it; None for events that give no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What every row of one interview begins with, and what may be said in it."""

    id: str
    case: str
    number: int
    origin: str
    version: str
    hidden: Collection[str] = ()
    """Items whose values and notes are not to be said."""
    shown: Mapping[str, str]
    """By login what stands for an interviewer."""

    def cells(self) -> tuple[Cell, ...]:
        return self.id, self.case, self.number, self.origin, self.version

    def who(self, login: str) -> str:
        return self.shown.get(login, login)


def passages(instrument: Instrument, journal: Sequence[Event]) -> Iterator[Passage]:
    """Each event of a journal in order. Raises ValueError where it is none of this instrument. What was erased says
    nothing any more, and is not followed."""
    erased = bool(journal) and isinstance(journal[-1], Erased)
    held: dict[Place, Cell] = {}
    now: Interview | None = None
    before: datetime | None = None
    for seq, event in enumerate(journal, 1):
        at = now.place if now is not None else None
        place, value = getattr(event, "place", None), given(event)
        was = held.get(place) if place is not None and value is not None else None
        seconds = (
            (event.stamp.at - before).total_seconds()
            if before is not None and not isinstance(event, Resumed | Erased)
            else None
        )
        yield Passage(seq, event, at, seconds, was, value)
        if place is not None and value is not None:
            held[place] = value
        before = None if isinstance(event, Suspended | Stopped | Ended) else event.stamp.at
        if not erased:
            now = _after(instrument, now, event, seq)


def _after(instrument: Instrument, now: Interview | None, event: Event, seq: int) -> Interview:
    if now is None:
        if not isinstance(event, Began):
            raise ValueError("a journal begins with Began")
        return Interview.begin(instrument, event)
    found = now.step(event)
    if isinstance(found, Rejection):
        raise ValueError(f"event {seq} ({type(event).__name__}): {found.why}")
    return found


def given(event: Event) -> Cell | None:
    """The value or the missing that an event gives its place; None where it gives none."""
    match event:
        case Answered() | LookedUp():
            return event.value
        case Declined():
            return Missing(event.decline)
        case _:
            return None


def event_rows(instrument: Instrument, journal: Sequence[Event], head: Heading) -> Iterator[tuple[Cell, ...]]:
    """A row an event, aligned with `EVENTS`. Raises ValueError."""
    for passage in passages(instrument, journal):
        yield _row(passage, head)


def _row(passage: Passage, head: Heading) -> tuple[Cell, ...]:
    event = passage.event
    place: Place | None = getattr(event, "place", None)
    secret = place is not None and place.item in head.hidden
    told = {"event": EVENT_KINDS[type(event)], "item": place.item if place is not None else ""}
    cells: dict[str, Cell] = {**told}
    if place is not None and place.turn is not None:
        cells["turn"] = place.turn
    if passage.value is not None:
        again = passage.was is not None
        cells["changed"] = int(again and passage.was != passage.value)
        if not secret:
            cells["value"] = said(passage.value)
            cells["was"] = said(passage.was) if passage.was is not None and cells["changed"] else ""
    match event:
        case Answered():
            if event.words and not secret:
                cells["words"] = "; ".join(f"{code}: {words}" for code, words in event.words.items())
        case Declined():
            cells["declined"] = event.decline
        case WentTo():
            cells["went"] = "jump" if event.jump else "back"
            cells["left"] = str(passage.at or "end")
        case Confirmed():
            cells["check"] = event.check + 1
            cells["reason"] = "" if secret else event.reason
        case Noted():
            cells["note"] = "" if secret else event.text
        case Language():
            cells["language"] = event.language
        case Began() | Resumed():
            cells["language"] = event.sitting.language
        case Suspended() | Stopped() | Ended():
            cells["outcome"] = event.outcome
        case Kept() | LookedUp() | Erased():
            pass
        case _:
            assert_never(event)
    if passage.seconds is not None:
        cells["seconds"] = round(passage.seconds, 1)
    cells |= {
        "seq": passage.seq,
        "at": event.stamp.at.isoformat(timespec="seconds"),
        "interviewer": head.who(event.stamp.by),
        "station": event.stamp.station,
    }
    row = (cells.get(v.name, "" if v.storage == "text" else NO_FIGURE) for v in EVENTS[len(HEAD) :])
    return *head.cells(), *row


def said(cell: Value | Missing) -> str:
    """A value as text: the codes of several answers apart by spaces, a missing by its kind in angle brackets."""
    match cell:
        case Missing():
            return f"<{cell.kind}>"
        case tuple():
            return " ".join(str(code) for code in cell)
        case float():
            return format(cell, ".15g")
        case time():
            return f"{cell:%H:%M}"
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def labels_of(instrument: Instrument, item: str, language: str) -> dict[Code, str]:
    """The labels of an item's codes; empty where it has none."""
    leaf = instrument.leaves[item]
    if leaf.options:
        return {option.code: render_placeholders(str(option.label.get(language))) for option in leaf.options}
    variables = leaf.question.build_variables(leaf, language)
    return dict(variables[0].labels) if variables else {}
