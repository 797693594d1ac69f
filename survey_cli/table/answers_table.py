"""Table of answers: one row per answer that counts, with changes, seconds and notes.

Places that were not asked or not reached have no row.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from survey_cli.engine.events import AnswersErased, InterviewEvent, QuestionAnswered, get_version
from survey_cli.engine.interview import Interview
from survey_cli.engine.machine import RecordedAnswer
from survey_cli.engine.notes import list_notes
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.table import paradata
from survey_cli.table.columns import build_columns
from survey_cli.values import NOT_REACHED, Cell, Missing, Place

ANSWER_COLUMNS: Final = (
    *paradata.HEADING_COLUMNS,
    paradata.make_number_column("place", "Number of the answer on the route"),
    paradata.make_text_column("item", "Item"),
    paradata.make_number_column("turn", "Turn of the roster"),
    paradata.make_text_column("value", "Value; several codes are separated by spaces"),
    paradata.make_number_column("number", "Value, if it is a number", decimals=2),
    paradata.make_text_column("label", "Label of the code"),
    paradata.make_text_column("missing", "Kind of missing value, if declined"),
    paradata.make_text_column("words", "Text specified with options"),
    paradata.make_number_column("times", "Number of times answered"),
    paradata.make_number_column("changes", "Number of times the answer changed"),
    paradata.make_number_column("seconds", "Seconds spent on the item", decimals=1),
    paradata.make_text_column("first_at", "First answered (UTC)"),
    paradata.make_text_column("last_at", "Last answered (UTC)"),
    paradata.make_text_column("interviewer", "Interviewer who keyed it last"),
    paradata.make_text_column("note", "Notes on the item"),
)
"""The columns of the table of answers."""


@dataclass(slots=True)
class _PlaceHistory:
    """The answers and notes given at one place so far."""

    times: int = 0
    changes: int = 0
    seconds: float = 0.0
    first_at: str = ""
    last_at: str = ""
    by: str = ""
    notes: list[str] = field(default_factory=list)


def iterate_answer_rows(
    find_version: paradata.FindVersion, journal: Sequence[InterviewEvent], heading: paradata.RowHeading, language: str
) -> Iterator[tuple[Cell, ...]]:
    """Yield one row per answer, in the order of the route, aligned with `ANSWER_COLUMNS`.

    Hidden items and erased interviews have no rows. An interview that lost only its identifying answers has rows for
    those that remain. Raises ValueError where its events are not of their versions.
    """
    instrument, histories = find_version(get_version(journal)), _collect_histories(find_version, journal)
    number = 0
    for place, answer in _select_answers(instrument, journal).items():
        if answer.cell is None or place.item in heading.hidden_items:
            continue
        number += 1
        history = histories.get(place, _PlaceHistory())
        cell = answer.cell
        missing = cell.kind if isinstance(cell, Missing) else ""
        labels = paradata.find_labels(instrument, place.item, language) if not missing else {}
        codes = cell if isinstance(cell, tuple) else (cell,)
        specify_texts = "; ".join(f"{code}: {text}" for code, text in answer.specify_texts.items() if code != "of")
        yield (
            *heading.list_cells(),
            number,
            place.item,
            paradata.NOT_APPLICABLE if place.turn is None else place.turn,
            "" if missing else paradata.format_value(cell),
            cell if isinstance(cell, int | float) else paradata.NOT_APPLICABLE,
            "; ".join(labels[code] for code in codes if isinstance(code, int | str) and code in labels),
            missing,
            specify_texts,
            history.times,
            history.changes,
            round(history.seconds, 1),
            history.first_at,
            history.last_at,
            heading.format_interviewer(history.by) if history.by else "",
            " | ".join(history.notes),
        )


def _collect_histories(
    find_version: paradata.FindVersion, journal: Sequence[InterviewEvent]
) -> dict[Place, _PlaceHistory]:
    histories: dict[Place, _PlaceHistory] = {}
    for context in paradata.iterate_events(find_version, journal):
        event = context.event
        if context.seconds is not None and context.position is not None:
            histories.setdefault(context.position, _PlaceHistory()).seconds += context.seconds
        if context.value is not None and context.place is not None:
            history = histories.setdefault(context.place, _PlaceHistory())
            history.times += 1
            history.changes += context.previous_value is not None and context.previous_value != context.value
            history.last_at = event.stamp.at.isoformat(timespec="seconds")
            history.first_at = history.first_at or history.last_at
            history.by = event.stamp.by
    for note in list_notes(journal):
        histories.setdefault(note.place, _PlaceHistory()).notes.append(note.text)
    return histories


def _select_answers(instrument: Instrument, journal: Sequence[InterviewEvent]) -> Mapping[Place, RecordedAnswer]:
    """Return the answers that count, in the order of the route.

    After an erasure these are the remaining answers, in the order in which they were first given.
    """
    last = journal[-1] if journal else None
    if not isinstance(last, AnswersErased):
        return Interview.replay(instrument, journal).evaluate_route().answers
    remaining = last.remaining or {}
    places = {
        Place(v.item, v.turn)
        for v in build_columns(instrument)
        if v.name in remaining and v.role != "words" and remaining[v.name] != NOT_REACHED
    }
    answers: dict[Place, RecordedAnswer] = {}
    for event in journal:
        if (value := paradata.get_value(event)) is not None and (place := getattr(event, "place", None)) in places:
            answers[place] = RecordedAnswer(value, event.specify_texts if isinstance(event, QuestionAnswered) else {})
    return answers
