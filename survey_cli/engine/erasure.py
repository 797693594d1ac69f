"""Removal of content from interview events: answers and texts go; kinds, places, times and logins stay.

The caller decides when content is removed.
"""

from collections.abc import Collection
from typing import assert_never

from survey_cli.engine import events
from survey_cli.values import NOT_ASKED


def erase_content(event: events.InterviewEvent, *, sample: Collection[str]) -> events.InterviewEvent:
    """Remove answers, notes and sample values from the event, except for these columns of the sample."""
    match event:
        case events.InterviewStarted():
            return event._replace(sample={n: v for n, v in event.sample.items() if n in sample})
        case events.QuestionAnswered(stamp, place):
            return events.QuestionAnswered(stamp, place)
        case events.QuestionDeclined():
            return event._replace(decline="")
        case events.ValueComputed(stamp, place):
            return events.ValueComputed(stamp, place, NOT_ASKED)
        case events.QueryConfirmed(stamp, place):
            return events.QueryConfirmed(stamp, place, 0)
        case events.NoteWritten():
            return event._replace(text="")
        case events.InterviewMigrated():
            return event._replace(confirmed=())
        case events.AnswerCoded():
            return event._replace(codes=None, digest="", note="")
        case events.AnswersErased(stamp, why, remaining):
            return events.AnswersErased(stamp, why, None if remaining is None else {})
        case (
            events.InterviewResumed()
            | events.PositionMoved()
            | events.AnswerKept()
            | events.LanguageChanged()
            | events.InterviewSuspended()
            | events.InterviewStopped()
            | events.InterviewEnded()
        ):
            return event
        case _:
            assert_never(event)


def remove_identifiers(event: events.InterviewEvent, *, names: Collection[str]) -> events.InterviewEvent:
    """Remove from the event what identifies the respondent.

    These are answers and sample columns of these names, and whatever an interviewer wrote freely.
    """
    match event:
        case events.InterviewStarted():
            return event._replace(sample={n: v for n, v in event.sample.items() if n not in names})
        case events.QuestionAnswered(stamp, place) if place.item in names:
            return events.QuestionAnswered(stamp, place)
        case events.ValueComputed(stamp, place) if place.item in names:
            return events.ValueComputed(stamp, place, NOT_ASKED)
        case events.AnswerCoded(place=place) if place.item in names:
            return event._replace(codes=None, digest="", note="")
        case events.AnswerCoded():
            return event._replace(note="")
        case events.QueryConfirmed():
            return event._replace(reason="")
        case events.NoteWritten():
            return event._replace(text="")
        case events.InterviewMigrated():
            return event._replace(confirmed=())
        case _:
            return event
