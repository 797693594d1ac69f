"""Recorded answers: the latest answer to each place, whether or not it counts now."""

from collections.abc import Mapping
from typing import NamedTuple

from survey_cli.engine import events
from survey_cli.instrument.compiled.model import CompiledNode
from survey_cli.instrument.schema.items.unasked_items import POOL_SIZE_KEY
from survey_cli.values import Cell, Code, Place, get_missing


class RecordedAnswer(NamedTuple):
    """The latest answer to a place in the journal.

    It is a value (None for a text read aloud), or a missing value.
    """

    cell: Cell | None
    specify_texts: Mapping[Code, str] = events.NO_SPECIFY_TEXTS
    confirmed_queries: frozenset[tuple[int, tuple[str, ...]]] = frozenset()
    """Queries that were confirmed, each with the values on which it depended then."""
    lapsed: bool = False
    """It has been off the route since, or was not valid. It is shown again, and counts once it is
    kept."""


def make_answer(
    event: events.QuestionAnswered | events.QuestionDeclined | events.ValueComputed,
) -> RecordedAnswer:
    """Return the answer that an event records."""
    match event:
        case events.QuestionAnswered():
            return RecordedAnswer(event.value, event.specify_texts)
        case events.QuestionDeclined():
            return RecordedAnswer(get_missing(event.decline))
        case events.ValueComputed() if event.pool_size:
            return RecordedAnswer(event.value, {POOL_SIZE_KEY: str(event.pool_size)})
        case events.ValueComputed():
            return RecordedAnswer(event.value)


def lapse_answer(
    answers: dict[Place, RecordedAnswer], place: Place, _excluded_by: CompiledNode | None = None
) -> None:
    """Mark the answer of a place that is off the route, or not valid.

    It counts again once it is kept. A walk also says what excludes the place, which isn't needed.
    """
    answer = answers.get(place)
    if answer is not None and not answer.lapsed:
        answers[place] = answer._replace(lapsed=True)
