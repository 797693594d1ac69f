"""Tables of events and of answers: what was keyed, when, by whom, how long it took.

The table of events has a row per event, that of answers a row per answer that counts: places that
were not asked or not reached have none. Personal values are left out unless they are requested.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, assert_never

from survey_cli.engine import events
from survey_cli.engine.events import list_notes
from survey_cli.engine.interview import Interview
from survey_cli.engine.recorded_answers import RecordedAnswer
from survey_cli.entries import Rejection
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.schema.items.question import CompiledItem
from survey_cli.instrument.schema.items.unasked_items import POOL_SIZE_KEY
from survey_cli.instrument.texts.templates import Template, render_placeholders
from survey_cli.table.columns import build_columns
from survey_cli.table.table import ADMIN_VARIABLES
from survey_cli.values import (
    NOT_REACHED,
    Cell,
    Code,
    Missing,
    Place,
    Storage,
    Value,
    Variable,
    format_clock_time,
)

_HEADING_NAMES: Final = (
    "interview_id",
    "interview_case",
    "interview_number",
    "interview_origin",
    "interview_version",
)
HEADING_COLUMNS: Final = tuple(
    variable for variable in ADMIN_VARIABLES if variable.name in _HEADING_NAMES
)
"""The columns that identify the interview; each row begins with them."""


FindVersion: TypeAlias = Callable[[str], Instrument]
"""Returns the instrument with this content hash: after a migration, a journal has several."""
NOT_APPLICABLE: Final = Missing("not_applicable")
"""The column does not apply to the row."""


def make_number_column(name: str, label: str, *, decimals: int = 0) -> Variable:
    """Return a column of numbers that are not answers."""
    storage: Storage = "decimal" if decimals else "integer"
    return Variable(
        name=name, label=label, storage=storage, measure="scale", decimals=decimals, role="admin"
    )


_TABLES: Final = json.loads(Path(__file__).with_name("columns.json").read_text(encoding="utf-8"))


def read_columns(table: str) -> tuple[Variable, ...]:
    """Read the columns of a table: texts, numbers and flags that are not answers."""
    return tuple(_read_column(kind, name, label) for kind, name, label in _TABLES[table])


def _read_column(written_kind: str, name: str, label: str) -> Variable:
    """Read one column.

    Its kind is `text`, `personal`, `flag`, `number`, or `number 2` with two decimals.
    """
    kind, _, decimals = written_kind.partition(" ")
    if kind == "number":
        return make_number_column(name, label, decimals=int(decimals or 0))
    if kind == "flag":
        return Variable(name=name, label=label, labels={0: "No", 1: "Yes"}, role="admin")
    is_personal = kind == "personal"
    return Variable(name=name, label=label, storage="text", role="admin", personal=is_personal)


EVENT_COLUMNS: Final = (
    *HEADING_COLUMNS,
    *read_columns("events"),
)
"""The columns of the table of events."""


class EventContext(NamedTuple):
    """One event, and the state of the interview before it."""

    seq: int
    event: events.InterviewEvent
    place: Place | None
    """The place of the event; None for events without one."""
    position: Place | None
    """The current place of the interview before the event; None before its start and past the end
    of its route."""
    seconds: float | None
    """Seconds since the previous event of the same session; None for the first event of a
    session."""
    previous_value: Cell | None
    """The value that the event replaces; None if it replaces none."""
    value: Cell | None
    """The value that the event gives its place; None if it gives none."""

    @property
    def changes_answer(self) -> bool:
        """Whether it gives its place another value than before."""
        return self.previous_value is not None and self.previous_value != self.value


class RowHeading(NamedTuple):
    """The cells with which every row of one interview begins, and what its rows must hide."""

    cells: tuple[Cell, ...]
    """Aligned with `HEADING_COLUMNS`."""
    display_names: Mapping[str, str]
    """The displayed name of each interviewer by login."""
    hidden_items: Collection[str] = ()
    """Items whose values and notes are left out."""


def iterate_events(
    find_version: FindVersion, journal: Sequence[events.InterviewEvent]
) -> Iterator[EventContext]:
    """Yield each event of a journal in order.

    Raises ValueError if its events are not of their versions. An erased journal is not replayed, so
    its events have no position.
    """
    is_erased = events.find_erasure(journal) is not None
    values: dict[Place, Cell] = {}
    interview: Interview | None = None
    previous_at: datetime | None = None
    for seq, event in enumerate(journal, 1):
        place: Place | None = getattr(event, "place", None)
        value = get_value(event)
        previous_value = None
        if place is not None and value is not None:
            previous_value = values.get(place)
            values[place] = value

        seconds = None
        if previous_at is not None and not isinstance(event, _AFTER_A_PAUSE):
            seconds = (event.stamp.at - previous_at).total_seconds()

        position = interview.place if interview is not None else None
        yield EventContext(seq, event, place, position, seconds, previous_value, value)

        previous_at = event.stamp.at
        if isinstance(event, _ENDS_OF_SESSIONS):
            previous_at = None
        if not is_erased:
            interview = _apply(find_version, interview, event, seq)


_AFTER_A_PAUSE: Final = (events.InterviewResumed, *events.OFFICE_EVENTS)
"""Events that don't follow the one before them in the same session."""
_ENDS_OF_SESSIONS: Final = (
    events.InterviewSuspended,
    events.InterviewStopped,
    events.InterviewEnded,
    *events.OFFICE_EVENTS,
)


def _apply(
    find_version: FindVersion, interview: Interview | None, event: events.InterviewEvent, seq: int
) -> Interview:
    if interview is None:
        if not isinstance(event, events.InterviewStarted):
            raise ValueError("a journal begins with its start")
        return Interview.begin(find_version(event.instrument), event)

    if isinstance(event, events.InterviewMigrated):
        # another version has another route, so the whole journal is replayed with it
        return Interview.replay(find_version(event.instrument), (*interview.events, event))

    result = interview.step(event)
    if isinstance(result, Rejection):
        raise ValueError(f"event {seq} ({type(event).__name__}): {result.why}")
    return result


def get_value(event: events.InterviewEvent) -> Cell | None:
    """Return the value or missing value that an event gives its place; None if it gives none."""
    match event:
        case events.QuestionAnswered() | events.ValueComputed():
            return event.value
        case events.QuestionDeclined():
            return Missing(event.decline)
        case _:
            return None


def iterate_event_rows(
    find_version: FindVersion, journal: Sequence[events.InterviewEvent], heading: RowHeading
) -> Iterator[tuple[Cell, ...]]:
    """Yield one row per event, aligned with `EVENT_COLUMNS`.

    Raises ValueError if its events are not of their versions.
    """
    return (_build_row(context, heading) for context in iterate_events(find_version, journal))


def _build_row(context: EventContext, heading: RowHeading) -> tuple[Cell, ...]:
    event = context.event
    place = context.place
    is_hidden = place is not None and place.item in heading.hidden_items

    cells: dict[str, Cell] = {
        "seq": context.seq,
        "at": event.stamp.at.isoformat(timespec="seconds"),
        "event": events.EVENT_KINDS[type(event)],
        "interviewer": heading.display_names.get(event.stamp.by, event.stamp.by),
        "station": event.stamp.station,
    }
    if place is not None:
        cells["item"] = place.item
        if place.turn is not None:
            cells["turn"] = place.turn

    if context.value is not None:
        cells["changed"] = int(context.changes_answer)
        if not is_hidden:
            cells["value"] = format_value(context.value)
            if context.previous_value is not None and context.changes_answer:
                cells["was"] = format_value(context.previous_value)

    cells |= _build_detail_cells(context, is_hidden=is_hidden)
    if context.seconds is not None:
        cells["seconds"] = round(context.seconds, 1)

    row = list(heading.cells)
    for variable in EVENT_COLUMNS[len(HEADING_COLUMNS) :]:
        empty: Cell = "" if variable.storage == "text" else NOT_APPLICABLE
        row.append(cells.get(variable.name, empty))
    return tuple(row)


def _build_detail_cells(context: EventContext, *, is_hidden: bool) -> dict[str, Cell]:
    """Return the cells that only this kind of event has, without the free text of hidden items."""
    match context.event:
        case events.QuestionAnswered(specify_texts=texts):
            words = "; ".join(f"{code}: {text}" for code, text in texts.items())
            return {"words": "" if is_hidden else words}
        case events.QuestionDeclined(decline=decline):
            return {"declined": decline}
        case events.PositionMoved(jump=jump):
            direction = "jump" if jump else "back"
            return {"went": direction, "left": str(context.position or "end")}
        case events.QueryConfirmed(check=check, reason=reason):
            return {"check": check + 1, "reason": "" if is_hidden else reason}
        case events.NoteWritten(text=text):
            return {"note": "" if is_hidden else text}
        case events.LanguageChanged(language=language):
            return {"language": language}
        case events.InterviewStarted(session=session) | events.InterviewResumed(session=session):
            return {"language": session.language}
        case (
            events.InterviewSuspended(outcome=outcome)
            | events.InterviewStopped(outcome=outcome)
            | events.InterviewEnded(outcome=outcome)
        ):
            return {"outcome": outcome}
        case events.AnswerCoded(codes=codes, role=role, note=note):
            cells: dict[str, Cell] = {"coder": role}
            if not is_hidden:
                cells["value"] = " ".join(map(str, codes or ()))
                cells["note"] = note
            return cells
        case events.InterviewReviewed(verdict=verdict, reason=reason):
            return {"value": verdict, "note": reason}
        case (
            events.AnswerKept()
            | events.ValueComputed()
            | events.InterviewMigrated()
            | events.AnswersErased()
        ):
            return {}
        case _:
            assert_never(context.event)


def format_value(cell: Value | Missing) -> str:
    """Return a value as text: several codes with spaces, a missing value as `<dk>`."""
    match cell:
        case Missing():
            return f"<{cell.kind}>"
        case tuple():
            return " ".join(str(code) for code in cell)
        case float():
            return format(cell, ".15g")
        case time():
            return format_clock_time(cell)
        case date():
            return cell.isoformat()
        case _:
            return str(cell)


def find_labels(instrument: Instrument, item: str, language: str) -> dict[Code, str]:
    """Return the labels of an item's codes; empty if it has none."""
    compiled = instrument.items[item]
    if compiled.options:
        return {
            option.code: render_placeholders(str(option.label.get(language)))
            for option in compiled.options
        }

    variables = compiled.question.build_variables(compiled, language)
    if not variables:
        return {}
    return dict(variables[0].labels)


# ── words ──

_UNREAD_OPTIONS: Final = 2
"""A question with so few options, such as yes and no, is not followed by reading them."""


@lru_cache(maxsize=16_384)
def count_read_words(item: CompiledItem, previous: CompiledItem | None, language: str) -> int:
    """Count the words of an item that are read aloud after the item before it."""
    text = item.text
    is_next_statement = previous is not None and previous.question is item.question
    if is_next_statement and item.next_text is not None:
        text = item.next_text

    words = count_words(text, language)
    if item.question.read and _reads_options(item) and not is_repeated_list(item, previous):
        words += sum(count_words(option.text, language) for option in item.options if option.read)
    return words


def _reads_options(item: CompiledItem) -> bool:
    """Return whether the options are read aloud; short lists only if the text refers to them."""
    if len(item.options) > _UNREAD_OPTIONS:
        return True
    return any("options" in name for name in item.text.iterate_names())


def is_repeated_list(item: CompiledItem, previous: CompiledItem | None) -> bool:
    """Return whether an item has the options of the item before it, which are not read again."""
    return previous is not None and bool(item.options) and previous.options is item.options


def count_words(template: Template, language: str) -> int:
    """Count words that are read; the points of a scale of numbers aren't."""
    return sum(not word.isdigit() for word in template.source.get(language).split())


# ── answers ──

ANSWER_COLUMNS: Final = (
    *HEADING_COLUMNS,
    *read_columns("answers"),
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
    find_version: FindVersion,
    journal: Sequence[events.InterviewEvent],
    heading: RowHeading,
    language: str,
) -> Iterator[tuple[Cell, ...]]:
    """Yield one row per answer, in the order of the route, aligned with `ANSWER_COLUMNS`.

    Hidden items and erased interviews have no rows. An interview that lost only its identifying
    answers has rows for those that remain. Raises ValueError if its events are not of their
    versions.
    """
    instrument = find_version(events.get_version(journal))
    histories = _collect_histories(find_version, journal)
    number = 0
    for place, answer in _select_answers(instrument, journal).items():
        cell = answer.cell
        if cell is None or place.item in heading.hidden_items:
            continue
        number += 1
        history = histories.get(place, _PlaceHistory())

        value = ""
        missing_kind = ""
        if isinstance(cell, Missing):
            missing_kind = cell.kind
        else:
            value = format_value(cell)
        amount = cell if isinstance(cell, int | float) else NOT_APPLICABLE

        yield (
            *heading.cells,
            number,
            place.item,
            NOT_APPLICABLE if place.turn is None else place.turn,
            value,
            amount,
            _format_labels(instrument, place.item, cell, language),
            missing_kind,
            _format_specify_texts(answer),
            history.times,
            history.changes,
            round(history.seconds, 1),
            history.first_at,
            history.last_at,
            heading.display_names.get(history.by, history.by),
            " | ".join(history.notes),
        )


def _format_labels(instrument: Instrument, item: str, cell: Cell, language: str) -> str:
    """Return the labels of the codes of an answer; empty if it has none."""
    if isinstance(cell, Missing):
        return ""

    labels = find_labels(instrument, item, language)
    codes = cell if isinstance(cell, tuple) else (cell,)
    return "; ".join(
        labels[code] for code in codes if isinstance(code, int | str) and code in labels
    )


def _format_specify_texts(answer: RecordedAnswer) -> str:
    texts = answer.specify_texts.items()
    # this one is no code: it says of how many a turn was drawn
    return "; ".join(f"{code}: {text}" for code, text in texts if code != POOL_SIZE_KEY)


def _collect_histories(
    find_version: FindVersion, journal: Sequence[events.InterviewEvent]
) -> dict[Place, _PlaceHistory]:
    histories: dict[Place, _PlaceHistory] = defaultdict(_PlaceHistory)
    for context in iterate_events(find_version, journal):
        if context.seconds is not None and context.position is not None:
            histories[context.position].seconds += context.seconds
        if context.value is not None and context.place is not None:
            stamp = context.event.stamp
            history = histories[context.place]
            history.times += 1
            history.changes += context.changes_answer
            history.last_at = stamp.at.isoformat(timespec="seconds")
            history.first_at = history.first_at or history.last_at
            history.by = stamp.by

    for note in list_notes(journal):
        histories[note.place].notes.append(note.text)
    return histories


def _select_answers(
    instrument: Instrument, journal: Sequence[events.InterviewEvent]
) -> Mapping[Place, RecordedAnswer]:
    """Return the answers that count, in the order of the route.

    After an erasure these are the remaining answers, in the order in which they were first given.
    """
    erasure = events.find_erasure(journal)
    if erasure is None:
        return Interview.replay(instrument, journal).evaluate_route().answers

    remaining = erasure.remaining or {}
    places = set()
    for variable in build_columns(instrument):
        cell = remaining.get(variable.name, NOT_REACHED)
        if variable.role != "words" and cell != NOT_REACHED:
            places.add(Place(variable.item, variable.turn))

    answers: dict[Place, RecordedAnswer] = {}
    for event in journal:
        value = get_value(event)
        place: Place | None = getattr(event, "place", None)
        if value is not None and place is not None and place in places:
            texts = events.NO_SPECIFY_TEXTS
            if isinstance(event, events.QuestionAnswered):
                texts = event.specify_texts
            answers[place] = RecordedAnswer(value, texts)
    return answers
