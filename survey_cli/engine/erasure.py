"""Removal of content from interview events: answers and texts go; kinds, places, times and logins stay.

The caller decides when content is removed.
"""

from collections.abc import Collection
from typing import assert_never

from survey_cli.engine.events import (
    AnswerKept,
    AnswersErased,
    InterviewEnded,
    InterviewEvent,
    InterviewMigrated,
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
from survey_cli.values import NOT_ASKED


def erase_content(event: InterviewEvent, *, sample: Collection[str]) -> InterviewEvent:
    """Remove answers, notes and sample values from the event, except for these columns of the sample."""
    match event:
        case InterviewStarted():
            return event._replace(sample={n: v for n, v in event.sample.items() if n in sample})
        case QuestionAnswered(stamp, place):
            return QuestionAnswered(stamp, place)
        case QuestionDeclined():
            return event._replace(decline="")
        case ValueComputed(stamp, place):
            return ValueComputed(stamp, place, NOT_ASKED)
        case QueryConfirmed(stamp, place):
            return QueryConfirmed(stamp, place, 0)
        case NoteWritten():
            return event._replace(text="")
        case InterviewMigrated():
            return event._replace(confirmed=())
        case AnswersErased(stamp, why, remaining):
            return AnswersErased(stamp, why, None if remaining is None else {})
        case (
            InterviewResumed()
            | PositionMoved()
            | AnswerKept()
            | LanguageChanged()
            | InterviewSuspended()
            | InterviewStopped()
            | InterviewEnded()
        ):
            return event
        case _:
            assert_never(event)


def remove_identifiers(event: InterviewEvent, *, names: Collection[str]) -> InterviewEvent:
    """Remove from the event what identifies the respondent.

    These are answers and sample columns of these names, and whatever an interviewer wrote freely.
    """
    match event:
        case InterviewStarted():
            return event._replace(sample={n: v for n, v in event.sample.items() if n not in names})
        case QuestionAnswered(stamp, place) if place.item in names:
            return QuestionAnswered(stamp, place)
        case ValueComputed(stamp, place) if place.item in names:
            return ValueComputed(stamp, place, NOT_ASKED)
        case QueryConfirmed():
            return event._replace(reason="")
        case NoteWritten():
            return event._replace(text="")
        case InterviewMigrated():
            return event._replace(confirmed=())
        case _:
            return event
