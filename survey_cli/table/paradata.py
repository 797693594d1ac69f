"""The table of events: answers, changes, moves, queries and notes, by whom, in which language, how long each took.

One row per event; personal values are left empty unless they are requested.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final, NamedTuple, assert_never

from survey_cli.engine.events import (
    EVENT_KINDS,
    AnswerKept,
    AnswersErased,
    InterviewEnded,
    InterviewEvent,
    InterviewResumed,
    InterviewStarted,
    InterviewStopped,
    InterviewSuspended,
    LanguageChanged,
    NoteWritten,
    PositionMoved,
    QueryConfirmed,
    QuestionAnswered,
    QuestionDeclined,
    ValueComputed,
)
from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.texts.placeholder_text import render_placeholders
from survey_cli.table.table import ADMIN_VARIABLES
from survey_cli.values import Cell, Code, Missing, Place, Value, Variable

HEADING_COLUMNS: Final = tuple(
    v
    for v in ADMIN_VARIABLES
    if v.name in ("interview_id", "interview_case", "interview_number", "interview_origin", "interview_version")
)
"""What names the interview, before anything of it."""


NOT_APPLICABLE: Final = Missing("not_applicable")
"""There is none, and nobody was asked."""


def make_fact(name: str, label: str, **more: Any) -> Variable:
    """A column that nobody answers, so that no decline stands in it: text unless it is said otherwise."""
    return Variable(name=name, label=label, role="admin", **{"storage": "text", **more})


def make_figure(name: str, label: str, *, decimals: int = 0) -> Variable:
    """The same with numbers."""
    return make_fact(name, label, storage="decimal" if decimals else "integer", measure="scale", decimals=decimals)


EVENT_COLUMNS: Final = (
    *HEADING_COLUMNS,
    make_figure("seq", "Number of the event"),
    make_fact("at", "When (UTC)"),
    make_fact("event", "What happened"),
    make_fact("item", "Item"),
    make_figure("turn", "Turn of its roster"),
    make_fact("value", "Value given"),
    make_fact("words", "Words given with options"),
    make_fact("declined", "Decline"),
    make_fact("was", "Value that this one took the place of"),
    make_fact("changed", "It took the place of another", storage="integer", labels={0: "No", 1: "Yes"}),
    make_fact("went", "Gone back one, or jumped"),
    make_fact("left", "Where the interview stood before going there"),
    make_figure("check", "Which check was confirmed, from 1"),
    make_fact("reason", "Why it was confirmed"),
    make_fact("note", "Note"),
    make_fact("language", "Language from then on"),
    make_fact("outcome", "Outcome"),
    make_figure("seconds", "Seconds since the event before", decimals=1),
    make_fact("interviewer", "Interviewer"),
    make_fact("station", "Station"),
)
"""The columns of a table of events."""


class EventContext(NamedTuple):
    """One event, and what was there before it."""

    seq: int
    event: InterviewEvent
    position: Place | None
    """Where the interview stood when it came."""
    seconds: float | None
    """Since the event before, in the same sitting; None where the sitting begins with it."""
    previous_value: Cell | None
    """What its place held before; None where nothing."""
    value: Cell | None
    """What its place holds by it; None for events that give no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowHeading:
    """What every row of one interview begins with, and what may be said in it."""

    id: str
    case: str
    number: int
    origin: str
    version: str
    hidden_items: Collection[str] = ()
    """Items whose values and notes are not to be said."""
    display_names: Mapping[str, str]
    """By login what stands for an interviewer."""

    def list_cells(self) -> tuple[Cell, ...]:
        return self.id, self.case, self.number, self.origin, self.version

    def format_interviewer(self, login: str) -> str:
        return self.display_names.get(login, login)


def iterate_events(instrument: Instrument, journal: Sequence[InterviewEvent]) -> Iterator[EventContext]:
    """Each event of a journal in order. Raises ValueError where it is none of this instrument. What was erased says
    nothing any more, and is not followed.
    """
    erased = bool(journal) and isinstance(journal[-1], AnswersErased)
    held: dict[Place, Cell] = {}
    now: Interview | None = None
    before: datetime | None = None
    for seq, event in enumerate(journal, 1):
        at = now.place if now is not None else None
        place, value = getattr(event, "place", None), find_given_value(event)
        was = held.get(place) if place is not None and value is not None else None
        seconds = (
            (event.stamp.at - before).total_seconds()
            if before is not None and not isinstance(event, InterviewResumed | AnswersErased)
            else None
        )
        yield EventContext(seq, event, at, seconds, was, value)
        if place is not None and value is not None:
            held[place] = value
        before = None if isinstance(event, InterviewSuspended | InterviewStopped | InterviewEnded) else event.stamp.at
        if not erased:
            now = _apply(instrument, now, event, seq)


def _apply(instrument: Instrument, now: Interview | None, event: InterviewEvent, seq: int) -> Interview:
    if now is None:
        if not isinstance(event, InterviewStarted):
            raise ValueError("a journal begins with its start")
        return Interview.begin(instrument, event)
    found = now.step(event)
    if isinstance(found, Rejection):
        raise ValueError(f"event {seq} ({type(event).__name__}): {found.why}")
    return found


def find_given_value(event: InterviewEvent) -> Cell | None:
    """The value or the missing that an event gives its place; None where it gives none."""
    match event:
        case QuestionAnswered() | ValueComputed():
            return event.value
        case QuestionDeclined():
            return Missing(event.decline)
        case _:
            return None


def iterate_event_rows(
    instrument: Instrument, journal: Sequence[InterviewEvent], head: RowHeading
) -> Iterator[tuple[Cell, ...]]:
    """A row an event, aligned with `EVENT_COLUMNS`. Raises ValueError."""
    for passage in iterate_events(instrument, journal):
        yield _build_row(passage, head)


def _build_row(passage: EventContext, head: RowHeading) -> tuple[Cell, ...]:
    event = passage.event
    place: Place | None = getattr(event, "place", None)
    secret = place is not None and place.item in head.hidden_items
    told = {"event": EVENT_KINDS[type(event)], "item": place.item if place is not None else ""}
    cells: dict[str, Cell] = {**told}
    if place is not None and place.turn is not None:
        cells["turn"] = place.turn
    if passage.value is not None:
        again = passage.previous_value is not None
        cells["changed"] = int(again and passage.previous_value != passage.value)
        if not secret:
            cells["value"] = format_value(passage.value)
            cells["was"] = (
                format_value(passage.previous_value) if passage.previous_value is not None and cells["changed"] else ""
            )
    match event:
        case QuestionAnswered():
            if event.specify_texts and not secret:
                cells["words"] = "; ".join(f"{code}: {words}" for code, words in event.specify_texts.items())
        case QuestionDeclined():
            cells["declined"] = event.decline
        case PositionMoved():
            cells["went"] = "jump" if event.jump else "back"
            cells["left"] = str(passage.position or "end")
        case QueryConfirmed():
            cells["check"] = event.check + 1
            cells["reason"] = "" if secret else event.reason
        case NoteWritten():
            cells["note"] = "" if secret else event.text
        case LanguageChanged():
            cells["language"] = event.language
        case InterviewStarted() | InterviewResumed():
            cells["language"] = event.session.language
        case InterviewSuspended() | InterviewStopped() | InterviewEnded():
            cells["outcome"] = event.outcome
        case AnswerKept() | ValueComputed() | AnswersErased():
            pass
        case _:
            assert_never(event)
    if passage.seconds is not None:
        cells["seconds"] = round(passage.seconds, 1)
    cells |= {
        "seq": passage.seq,
        "at": event.stamp.at.isoformat(timespec="seconds"),
        "interviewer": head.format_interviewer(event.stamp.by),
        "station": event.stamp.station,
    }
    row = (
        cells.get(v.name, "" if v.storage == "text" else NOT_APPLICABLE) for v in EVENT_COLUMNS[len(HEADING_COLUMNS) :]
    )
    return *head.list_cells(), *row


def format_value(cell: Value | Missing) -> str:
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


def find_labels(instrument: Instrument, item: str, language: str) -> dict[Code, str]:
    """The labels of an item's codes; empty where it has none."""
    leaf = instrument.leaves[item]
    if leaf.options:
        return {option.code: render_placeholders(str(option.label.get(language))) for option in leaf.options}
    variables = leaf.question.build_variables(leaf, language)
    return dict(variables[0].labels) if variables else {}
