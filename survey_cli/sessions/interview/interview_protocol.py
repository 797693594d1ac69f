"""Interface of an interview session, as interfaces and simulated interviewers use it.

Every method that takes an entry returns None when the entry was accepted and committed, or a `Rejection` whose `why`
is one short line to show under the field. After a rejection nothing has changed, in memory or in the database. That
includes a database that cannot be written to.
"""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from survey_cli.engine.asked_items import AskedItem
from survey_cli.engine.events import InterviewNote
from survey_cli.entries import Prompt, Rejection, Reply
from survey_cli.outcomes import Outcome
from survey_cli.values import Place


class ClosingReview(NamedTuple):
    """What the interviewer looks through before the interview is complete."""

    answered: int
    duration: timedelta
    declined: tuple[AskedItem, ...]
    """Items that the respondent declined to answer."""
    warnings: tuple[AskedItem, ...]
    """Items whose answer was confirmed although a check warned of it, each with the reason that was given."""
    notes: tuple[InterviewNote, ...]


class InterviewResult(NamedTuple):
    """How the interview ended, once `prompt()` is None."""

    status: str
    """`ended`, `suspended` or `stopped`; `lost` where another station has continued the case."""
    outcome: Outcome | None
    answered: int
    duration: timedelta
    stored_in: str
    """Where the data is stored, as it is printed."""
    erased: bool = False
    """The respondent withdrew consent: no answer is stored."""
    remark: str = ""
    """What could not be done, or what the interviewer should know."""


class InterviewProtocol(Protocol):
    """An interview as an interface sees it. `InterviewSession` implements it; previews and tests have their own."""

    title: str
    """The survey's title."""
    respondent: str
    """The case's key, or its name column."""
    notice: str
    """Shown before the first prompt (`Case 1042 was open at q17, 14:03: resumed`); or empty."""
    practice: bool
    details: tuple[tuple[str, str], ...]
    """Label and text of the case's sample columns that an interviewer sees; none where there is no sample."""
    review_before_end: bool
    """Set by an interface that shows `closing_review()`. Without it the last answer completes the interview."""

    def prompt(self) -> Prompt | None:
        """Return what is asked now; None at the closing review, and when the interview is closed (see `result`)."""

    def reply(self, reply: Reply) -> Rejection | None:
        """Give an answer: a line of text, or `PickReply` from a Pick.

        An empty line goes on from a Read, keeps an earlier answer, and is rejected elsewhere.
        """

    def decline(self, decline_id: str) -> Rejection | None:
        """Answer with don't know, refused, or another decline of the study by its id."""

    def confirm(self, reason: str = "") -> Rejection | None:
        """Confirm the answer that `prompt().query` asks about."""

    def go_back(self) -> Rejection | None:
        """Go to the item asked before this one."""

    def jump(self, place: Place) -> Rejection | None:
        """Go to any place in `list_items()`; after its answer the interview returns to the first open place."""

    def go_forward(self) -> Rejection | None:
        """After going back: keep the answer here and go to the first place without an answer."""

    def add_note(self, text: str, *, replaces: InterviewNote | None = None) -> Rejection | None:
        """Add a note of the interviewer's at this place, or replace the text of an earlier one."""

    def list_notes(self) -> tuple[InterviewNote, ...]:
        """List the notes of this interview, each with its newest text."""

    def switch_language(self, language: str) -> Rejection | None:
        """Continue in another of the instrument's languages."""

    def suspend(self) -> Rejection | None:
        """Suspend the interview; `prompt()` is None afterwards. At its closing review the interview is completed."""

    def stop(self, outcome: str) -> Rejection | None:
        """End the interview with one of `list_stop_outcomes()`."""

    def list_stop_outcomes(self) -> tuple[Outcome, ...]:
        """List the outcomes with which the interview can be stopped in the middle."""

    def closing_review(self) -> ClosingReview | None:
        """Return the review before the end: everything is answered, and `complete` ends the interview.

        None elsewhere, and where `review_before_end` is not set. `go_back` and `jump` lead to an answer to correct. An
        interview that an `end` item or a full quota ends has no review.
        """

    def complete(self) -> Rejection | None:
        """End the interview at its closing review."""

    def list_items(self) -> tuple[AskedItem, ...]:
        """List the items asked so far, in the order of the route."""

    def list_recent_answers(self, limit: int) -> tuple[AskedItem, ...]:
        """List the last items before this one that were answered or declined, the newest first."""

    def describe_answer(self, place: Place) -> str:
        """Describe the current answer at a place: `Disagree`, `don't know`; empty where there is none."""

    def list_quota_cells(self) -> tuple[str, ...]:
        """List the quota cells in which this respondent has a place: `region North: 12 of 20`.

        The number is that of the reservation, and is left out where an earlier session made it.
        """

    def echo(self, text: str) -> str:
        """Say how a typed line is understood (`Sunday 3 March 1985`); empty where that adds nothing to the line."""

    def heard(self) -> str:
        """Return what the respondent is heard to say now (`“Disagree, I think.”`): only simulated ones; else empty."""

    def load_draft(self) -> str:
        """Load the text that was being typed at this place when the last session was interrupted; else empty."""

    def save_draft(self, text: str) -> None:
        """Save what is being typed in a Verbatim; called every two seconds while it changes. Never fails."""

    def elapsed_time(self) -> timedelta:
        """Return the time spent on this interview in all its sessions, without sections after the hang-up."""

    def respondent_time(self) -> datetime | None:
        """Return the time on the respondent's clock, where their zone is known."""

    def station_time(self) -> datetime:
        """Return the time on the station's clock."""

    def result(self) -> InterviewResult | None:
        """Return how the interview ended; None while it is open."""
