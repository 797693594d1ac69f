"""The table of answers: one row per answer that counts, with changes, seconds and notes.

What was not asked or not reached is no answer, and has no row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from survey_cli.engine.events import AnswersErased, InterviewEvent, QuestionAnswered
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.engine.notes import list_notes
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table.columns import build_columns
from survey_cli.table.paradata import (
    HEADING_COLUMNS,
    NOT_APPLICABLE,
    RowHeading,
    find_given_value,
    find_labels,
    format_value,
    iterate_events,
    make_fact,
    make_figure,
)
from survey_cli.values import NOT_REACHED, Cell, Missing, Place

ANSWER_COLUMNS: Final = (
    *HEADING_COLUMNS,
    make_figure("place", "Number of the answer on its route"),
    make_fact("item", "Item"),
    make_figure("turn", "Turn of its roster"),
    make_fact("value", "Value; several codes apart by spaces"),
    make_figure("number", "Value as a number, where it is one", decimals=2),
    make_fact("label", "Label of the code"),
    make_fact("missing", "Kind of missing, where it was declined"),
    make_fact("words", "Words given with options"),
    make_figure("times", "How often it was answered"),
    make_figure("changes", "How often the answer became another"),
    make_figure("seconds", "Seconds spent on the item", decimals=1),
    make_fact("first_at", "First answered (UTC)"),
    make_fact("last_at", "Last answered (UTC)"),
    make_fact("interviewer", "Interviewer who keyed it last"),
    make_fact("note", "Notes on the item"),
)
"""The columns of a table of answers."""


@dataclass(slots=True)
class _PlaceHistory:
    """What happened at one place."""

    times: int = 0
    changes: int = 0
    seconds: float = 0.0
    first_at: str = ""
    last_at: str = ""
    by: str = ""
    notes: list[str] = field(default_factory=list)


def iterate_answer_rows(
    instrument: Instrument, journal: Sequence[InterviewEvent], head: RowHeading, language: str
) -> Iterator[tuple[Cell, ...]]:
    """One row per answer, in the order of the route, aligned with `ANSWER_COLUMNS`.

    Hidden items have none, nor has an erased interview; one that only lost what identified its respondent has rows for
    the answers that remain. Raises ValueError.
    """
    pasts: dict[Place, _PlaceHistory] = {}
    for passage in iterate_events(instrument, journal):
        event = passage.event
        if passage.seconds is not None and passage.position is not None:
            pasts.setdefault(passage.position, _PlaceHistory()).seconds += passage.seconds
        place: Place | None = getattr(event, "place", None)
        if place is None:
            continue
        past = pasts.setdefault(place, _PlaceHistory())
        if passage.value is not None:
            past.times += 1
            past.changes += passage.previous_value is not None and passage.previous_value != passage.value
            past.last_at = event.stamp.at.isoformat(timespec="seconds")
            past.first_at = past.first_at or past.last_at
            past.by = event.stamp.by
    for note in list_notes(journal):
        pasts.setdefault(note.place, _PlaceHistory()).notes.append(note.text)
    number = 0
    for place, held in _select_counting(instrument, journal).items():
        if held.cell is None or place.item in head.hidden_items:
            continue
        number += 1
        past = pasts.get(place, _PlaceHistory())
        cell = held.cell
        missing = cell.kind if isinstance(cell, Missing) else ""
        labels = find_labels(instrument, place.item, language) if not missing else {}
        codes = cell if isinstance(cell, tuple) else (cell,)
        words = "; ".join(f"{code}: {text}" for code, text in held.specify_texts.items() if code != "of")
        yield (
            *head.list_cells(),
            number,
            place.item,
            NOT_APPLICABLE if place.turn is None else place.turn,
            "" if missing else format_value(cell),
            cell if isinstance(cell, int | float) else NOT_APPLICABLE,
            "; ".join(labels[code] for code in codes if isinstance(code, int | str) and code in labels),
            missing,
            words,
            past.times,
            past.changes,
            round(past.seconds, 1),
            past.first_at,
            past.last_at,
            head.format_interviewer(past.by) if past.by else "",
            " | ".join(past.notes),
        )


def _select_counting(instrument: Instrument, journal: Sequence[InterviewEvent]) -> Mapping[Place, RecordedAnswer]:
    """The answers that count, in the order of the route; of an interview that lost some, those that are left, in the
    order in which they were first given.
    """
    last = journal[-1] if journal else None
    if not isinstance(last, AnswersErased):
        return Interview.replay(instrument, journal).evaluate_route().answers
    left = last.remaining or {}
    stays = {
        Place(v.item, v.turn)
        for v in build_columns(instrument)
        if v.name in left and v.role != "words" and left[v.name] != NOT_REACHED
    }
    found: dict[Place, RecordedAnswer] = {}
    for event in journal:
        if (value := find_given_value(event)) is not None and (place := getattr(event, "place", None)) in stays:
            found[place] = RecordedAnswer(value, event.specify_texts if isinstance(event, QuestionAnswered) else {})
    return found
