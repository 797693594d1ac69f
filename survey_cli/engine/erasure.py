"""Removal of content from interview events.

Answers and texts go. Kinds, places, times and logins stay.

The caller decides when content is removed.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

from survey_cli.engine import events
from survey_cli.values import NOT_ASKED

CONTENT: Final[Mapping[type[Any], Mapping[str, Any]]] = {
    events.QuestionAnswered: {"value": None, "specify_texts": events.NO_SPECIFY_TEXTS},
    events.QuestionDeclined: {"decline": ""},
    events.ValueComputed: {"value": NOT_ASKED, "pool_size": 0},
    events.QueryConfirmed: {"check": 0, "reason": ""},
    events.NoteWritten: {"text": ""},
    events.InterviewMigrated: {"confirmed": ()},
    events.AnswerCoded: {"codes": None, "digest": "", "note": ""},
    events.InterviewReviewed: {"reason": ""},
}
"""The fields of events that say what was answered, and what they become.

The sample and remaining answers are removed by `erase_content` itself."""
_FREE_WORDS: Final[Mapping[type[Any], Mapping[str, Any]]] = {
    events.QueryConfirmed: {"reason": ""},
    events.NoteWritten: {"text": ""},
    events.InterviewMigrated: {"confirmed": ()},
    events.AnswerCoded: {"note": ""},
    events.InterviewReviewed: {"reason": ""},
}
"""The fields of events in which words of an interviewer or respondent can stand, beside answers."""


def erase_content(
    event: events.InterviewEvent, *, kept_columns: Collection[str]
) -> events.InterviewEvent:
    """Remove answers, notes and sample values from the event, except those of the kept columns."""
    if isinstance(event, events.InterviewStarted):
        kept = {name: value for name, value in event.sample.items() if name in kept_columns}
        return event._replace(sample=kept)
    if isinstance(event, events.AnswersErased) and event.remaining is not None:
        return event._replace(remaining={})
    return event._replace(**CONTENT.get(type(event), {}))


def remove_identifiers(
    event: events.InterviewEvent, *, names: Collection[str]
) -> events.InterviewEvent:
    """Remove from the event what identifies the respondent.

    These are answers and sample columns of these names, and whatever an interviewer wrote freely.
    """
    if isinstance(event, events.InterviewStarted):
        kept = {name: value for name, value in event.sample.items() if name not in names}
        return event._replace(sample=kept)

    answers = (events.QuestionAnswered, events.ValueComputed, events.AnswerCoded)
    is_named = isinstance(event, answers) and event.place.item in names
    removed = CONTENT if is_named else _FREE_WORDS
    return event._replace(**removed.get(type(event), {}))
