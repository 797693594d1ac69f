"""What does an event of an interview say once its words have left it? Its kind, place, time and by whom stay; it decides
nothing about who wants that.
"""

from collections.abc import Collection
from typing import assert_never

from survey_cli.engine.events import (
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
from survey_cli.values import NOT_ASKED


def blank(event: Event, *, sample: Collection[str]) -> Event:
    """The event without what was answered, noted or known of the respondent, but for these columns of the sample."""
    match event:
        case Began():
            return event._replace(sample={n: v for n, v in event.sample.items() if n in sample})
        case Answered(stamp, place):
            return Answered(stamp, place)
        case Declined():
            return event._replace(decline="")
        case LookedUp(stamp, place):
            return LookedUp(stamp, place, NOT_ASKED)
        case Confirmed(stamp, place):
            return Confirmed(stamp, place, 0)
        case Noted():
            return event._replace(text="")
        case Erased(stamp, why, left):
            return Erased(stamp, why, None if left is None else {})
        case Resumed() | WentTo() | Kept() | Language() | Suspended() | Stopped() | Ended():
            return event
        case _:
            assert_never(event)


def nameless(event: Event, *, names: Collection[str]) -> Event:
    """The event without what tells who it is: answers to items and sample columns of these names, and whatever an
    interviewer wrote in their own words."""
    match event:
        case Began():
            return event._replace(sample={n: v for n, v in event.sample.items() if n not in names})
        case Answered(stamp, place) if place.item in names:
            return Answered(stamp, place)
        case LookedUp(stamp, place) if place.item in names:
            return LookedUp(stamp, place, NOT_ASKED)
        case Confirmed():
            return event._replace(reason="")
        case Noted():
            return event._replace(text="")
        case _:
            return event
