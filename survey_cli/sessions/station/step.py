"""The step that an action at a station leads to: what is shown now, and what is said about it."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from survey_cli.entries import Rejection
from survey_cli.problems import StoreError
from survey_cli.sessions.interview.interview_session import InterviewSession
from survey_cli.sessions.station.station_views import StationView


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What an action of the interviewer leads to."""

    view: StationView
    """What is shown now. After a rejection it may be another view too: the case may be lost."""
    notice: str = ""
    """The result of the last action that had one: `A0012: no answer, stored at 10:43`."""
    can_be_undone: bool = False
    """The notice is about an outcome that `StationSession.revoke_outcome` undoes."""
    has_undo: bool = False
    """There is an outcome that `StationSession.revoke_outcome` undoes now."""
    rejection: Rejection | None = None
    """Why the action was not carried out: it has changed nothing, in memory or in the database."""
    presence_question: str = ""
    """Asked as long as no key is pressed; `StationSession.note_key` is told of each key."""
    dialing: str = ""
    """What the telephone does: `dial (915) 555-0122`, `(915) 555-0122 is ringing`."""
    interview: InterviewSession | None = None
    """The interview to conduct now. `StationSession.close_interview` follows it."""


class NotedKey(NamedTuple):
    """What a key meant for the time at work."""

    took_key: bool = False
    """It only said that somebody is there, and does nothing else."""
    notice: str = ""
    """What it changed in the time at work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionResult:
    """What an action did, from which the station makes its step."""

    rejection: Rejection | None = None
    notice: str | None = None
    """None: the notice of the action before is still shown."""
    can_be_undone: bool = False
    dialing: str = ""
    interview: InterviewSession | None = None


DONE: Final = ActionResult()
NO_CASE_ON_SCREEN: Final = Rejection("there is no case on the screen")


def reject(why: str | Rejection, notice: str | None = None) -> ActionResult:
    """Return the result of an action that is not carried out."""
    rejection = Rejection(why) if isinstance(why, str) else why
    return ActionResult(rejection=rejection, notice=notice)


def report_unsaved(error: StoreError) -> ActionResult:
    """Return the result of an action during which the database could not be used."""
    why = f"not saved: {error.short}"
    return reject(why, notice=why)
