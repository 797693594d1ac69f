"""The activities of an interviewer at a station, and their words."""

from collections.abc import Mapping
from enum import Enum
from typing import Final


class Activity(Enum):
    """What the interviewer does at a station. The values are stored with calls for help."""

    WAITING = "waiting"
    CASE = "case"
    """A case is on the screen, and nobody is called."""
    CALL = "call"
    """A number was dialed, and its outcome is not keyed yet."""
    INTERVIEW = "interview"
    WRAP_UP = "wrap-up"
    """The time after a call."""
    BREAK = "break"


_WORDS: Final[Mapping[str, str]] = {
    Activity.WAITING.value: "waiting for a case",
    Activity.CASE.value: "looking at a case",
    Activity.CALL.value: "calling",
    Activity.INTERVIEW.value: "in an interview",
    Activity.WRAP_UP.value: "after a call",
    Activity.BREAK.value: "on a break",
}


def describe_activity(value: str) -> str:
    """Describe the value of an activity; one of a later version stays as it is."""
    return _WORDS.get(value, value)
