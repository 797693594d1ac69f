"""Reasons why a case waits, is held, or is never called again: values, and their words.

Decisions are taken on a `QueueReason`. Its words are made here and nowhere else, so that a sentence
can be reworded without changing what is called. `reason_codec` has the form in which a reason is
stored.
"""

from enum import Enum, auto
from typing import Final, NamedTuple, Optional

from survey_cli.wording import Words


class ReasonKind(Enum):
    """What keeps a case from being called."""

    NONE = auto()
    """The case is due."""

    # the case waits for its time
    APPOINTMENT = auto()
    DELAY = auto()
    """Least time after an outcome: detail is the name of the outcome, `length` the time."""
    ATTEMPTS_PER_DAY = auto()
    """Detail is the number of attempts."""
    TRIED_LEAST = auto()
    """A part of the day that had the fewest attempts: detail names these parts."""

    # its replicate is not released
    UNRELEASED = auto()
    """Detail is the replicate."""

    # a supervisor must do something first
    SUPERVISOR_ANSWER = auto()
    NO_NUMBER = auto()
    NO_ZONE = auto()

    # the history ends the case
    ERASED = auto()
    DO_NOT_CALL = auto()
    OUTCOME_SET = auto()
    """A supervisor has set a final outcome: detail is the login."""
    OUTCOME = auto()
    """Detail is the name of the outcome that ends the case."""
    REFUSED_FINALLY = auto()
    NEVER_AGAIN = auto()
    """The delay after an outcome is `never`: detail is the name of the outcome."""
    REFUSALS = auto()
    """Detail is the number of refusals."""
    NO_NUMBER_LEFT = auto()
    ANONYMIZED = auto()

    # a limit or the study's last day ends it
    ATTEMPTS_TOTAL = auto()
    ATTEMPTS_IN_DAYPARTS = auto()
    NO_DAYPART_LEFT = auto()
    STUDY_END = auto()
    """The case would be due after the last day, which is the detail; `waits_for` is why it would
    wait that long."""


class QueueReason(NamedTuple):
    """Why a case is not called now, with the data that its words need."""

    kind: ReasonKind
    detail: str = ""
    length: str = ""
    """The time to wait, as the questionnaire writes it: `3h`."""
    waits_for: Optional["QueueReason"] = None

    @property
    def words(self) -> Words:
        """The reason in words."""
        return describe_reason(self)


DUE: Final = QueueReason(ReasonKind.NONE)
"""No reason: the case may be called."""


_FIXED_WORDS: Final = {
    ReasonKind.NONE: "",
    ReasonKind.APPOINTMENT: "appointment",
    ReasonKind.SUPERVISOR_ANSWER: "a supervisor must answer first",
    ReasonKind.NO_NUMBER: "it has no number: a supervisor must add one",
    ReasonKind.NO_ZONE: "its time zone is not known: set the zone",
    ReasonKind.ERASED: "erased",
    ReasonKind.DO_NOT_CALL: "must not be called again",
    ReasonKind.REFUSED_FINALLY: "refused permanently",
    ReasonKind.NO_NUMBER_LEFT: "no number is left",
    ReasonKind.ANONYMIZED: "its identifying data were removed",
    ReasonKind.ATTEMPTS_TOTAL: "the limit of attempts is reached",
    ReasonKind.ATTEMPTS_IN_DAYPARTS: "the limit of attempts in each part of the day is reached",
    ReasonKind.NO_DAYPART_LEFT: "the parts of the day with attempts left don't come again",
}
"""The words of reasons without data."""


def describe_reason(reason: QueueReason) -> Words:
    """Put a reason into words: `3h after no answer`; no words if the case is due."""
    return Words(_describe(reason))


def _describe(reason: QueueReason) -> str:
    detail = reason.detail
    match reason.kind:
        case ReasonKind.OUTCOME:
            words = detail
        case ReasonKind.DELAY:
            words = f"{reason.length} after {detail}"
        case ReasonKind.ATTEMPTS_PER_DAY:
            words = f"{format_times(int(detail))} on one day"
        case ReasonKind.TRIED_LEAST:
            words = f"{detail}, the part of the day tried least"
        case ReasonKind.UNRELEASED:
            words = f"replicate {detail} is not released"
        case ReasonKind.OUTCOME_SET:
            words = f"outcome set by {detail}"
        case ReasonKind.NEVER_AGAIN:
            words = f"never again after {detail}"
        case ReasonKind.REFUSALS:
            words = f"refused {format_times(int(detail))}"
        case ReasonKind.STUDY_END:
            words = f"nobody is called after {detail}"
            if reason.waits_for is not None:
                words = f"{_describe(reason.waits_for)}, and {words}"
        case _:
            words = _FIXED_WORDS[reason.kind]
    return words


def format_times(number: int) -> str:
    """Return `once`, `twice`, `3 times`."""
    match number:
        case 1:
            return "once"
        case 2:
            return "twice"
        case _:
            return f"{number} times"
