"""The answers that count, a row each: what was said, how often it was said anew, how long it took, what was noted. What
was not asked or not reached is no answer, and has no row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from survey_cli.engine.events import Answered, Erased, Event
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import Held
from survey_cli.engine.notes import standing_notes
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table.columns import columns
from survey_cli.table.paradata import HEAD, NO_FIGURE, Heading, fact, figure, given, labels_of, passages, said
from survey_cli.values import NOT_REACHED, Cell, Missing, Place

ANSWERS: Final = (
    *HEAD,
    figure("place", "Number of the answer on its route"),
    fact("item", "Item"),
    figure("turn", "Turn of its roster"),
    fact("value", "Value; several codes apart by spaces"),
    figure("number", "Value as a number, where it is one", decimals=2),
    fact("label", "Label of the code"),
    fact("missing", "Kind of missing, where it was declined"),
    fact("words", "Words given with options"),
    figure("times", "How often it was answered"),
    figure("changes", "How often the answer became another"),
    figure("seconds", "Seconds spent on the item", decimals=1),
    fact("first_at", "First answered (UTC)"),
    fact("last_at", "Last answered (UTC)"),
    fact("interviewer", "Interviewer who keyed it last"),
    fact("note", "Notes on the item"),
)
"""The columns of a table of answers."""


@dataclass(slots=True)
class _Past:
    """What happened at one place."""

    times: int = 0
    changes: int = 0
    seconds: float = 0.0
    first_at: str = ""
    last_at: str = ""
    by: str = ""
    notes: list[str] = field(default_factory=list)


def answer_rows(
    instrument: Instrument, journal: Sequence[Event], head: Heading, language: str
) -> Iterator[tuple[Cell, ...]]:
    """A row an answer, in the order of the route, aligned with `ANSWERS`; of hidden items none. Nothing of an interview
    that was erased; of one from which only what tells who it was had to go, what is left. Raises ValueError."""
    pasts: dict[Place, _Past] = {}
    for passage in passages(instrument, journal):
        event = passage.event
        if passage.seconds is not None and passage.at is not None:
            pasts.setdefault(passage.at, _Past()).seconds += passage.seconds
        place: Place | None = getattr(event, "place", None)
        if place is None:
            continue
        past = pasts.setdefault(place, _Past())
        if passage.value is not None:
            past.times += 1
            past.changes += passage.was is not None and passage.was != passage.value
            past.last_at = event.stamp.at.isoformat(timespec="seconds")
            past.first_at = past.first_at or past.last_at
            past.by = event.stamp.by
    for note in standing_notes(journal):
        pasts.setdefault(note.place, _Past()).notes.append(note.text)
    number = 0
    for place, held in _counting(instrument, journal).items():
        if held.cell is None or place.item in head.hidden:
            continue
        number += 1
        past = pasts.get(place, _Past())
        cell = held.cell
        missing = cell.kind if isinstance(cell, Missing) else ""
        labels = labels_of(instrument, place.item, language) if not missing else {}
        codes = cell if isinstance(cell, tuple) else (cell,)
        words = "; ".join(f"{code}: {text}" for code, text in held.words.items() if code != "of")
        yield (
            *head.cells(),
            number,
            place.item,
            NO_FIGURE if place.turn is None else place.turn,
            "" if missing else said(cell),
            cell if isinstance(cell, int | float) else NO_FIGURE,
            "; ".join(labels[code] for code in codes if isinstance(code, int | str) and code in labels),
            missing,
            words,
            past.times,
            past.changes,
            round(past.seconds, 1),
            past.first_at,
            past.last_at,
            head.who(past.by) if past.by else "",
            " | ".join(past.notes),
        )


def _counting(instrument: Instrument, journal: Sequence[Event]) -> Mapping[Place, Held]:
    """The answers that count, in the order of the route; of an interview that lost some, those that are left, in the
    order in which they were first given."""
    last = journal[-1] if journal else None
    if not isinstance(last, Erased):
        return Interview.replay(instrument, journal).standing().answers
    left = last.left or {}
    stays = {
        Place(v.item, v.turn)
        for v in columns(instrument)
        if v.name in left and v.role != "words" and left[v.name] != NOT_REACHED
    }
    found: dict[Place, Held] = {}
    for event in journal:
        if (value := given(event)) is not None and (place := getattr(event, "place", None)) in stays:
            found[place] = Held(value, event.words if isinstance(event, Answered) else {})
    return found
