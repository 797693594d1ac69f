"""Interface of an interview session, as interfaces and simulated interviewers use it.

Every method that takes an entry returns None when the entry was accepted and committed, or a `Rejection` whose `why`
is one short line to show under the field. After a rejection nothing has changed, in memory or in the database. That
includes a database that cannot be written to.
"""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from survey_cli.engine.notes import InterviewNote
from survey_cli.entries import Prompt, Rejection, Reply
from survey_cli.outcomes import Outcome
from survey_cli.values import Place


class AskedItem(NamedTuple):
    """One line of the list of what has been asked, for jumping."""

    place: Place
    text: str
    """The question, short enough for one line."""
    answer: str
    """What was answered, in words: `3 Disagree`, `don't know`."""
    section: str = ""


class InterviewResult(NamedTuple):
    """How it ended, once `prompt()` is None."""

    status: str
    """`ended`, `suspended` or `stopped`; `lost` where another station has the case now and went on with it."""
    outcome: Outcome | None
    answered: int
    duration: timedelta
    stored_in: str
    """Where the data went, as it should be printed."""
    erased: bool = False
    """The respondent withdrew consent: no answer is kept."""
    remark: str = ""
    """What could not be done, or should be known besides."""


class InterviewProtocol(Protocol):
    """What a face may ask of the desk. `InterviewSession` is the real one; a preview's or a test's is another."""

    title: str
    """The survey's title."""
    respondent: str
    """Who is on the line: the case's key, or its name column."""
    notice: str
    """Something to be said plainly before the first prompt (`Case 1042 was open at q17, 14:03: resumed`); or empty."""
    practice: bool

    def prompt(self) -> Prompt | None:
        """What is asked now; None when the interview is closed (see `closing`)."""
        ...

    def reply(self, reply: Reply) -> Rejection | None:
        """An answer as keyed: a line of text, or `PickReply` from a Pick. An empty line goes on from a Read, keeps an
        earlier answer, and is rejected elsewhere."""
        ...

    def decline(self, id: str) -> Rejection | None:
        """Don't know, refused, or another decline of the study by its id."""
        ...

    def confirm(self, reason: str = "") -> Rejection | None:
        """The answer to `prompt().query`: it is so."""
        ...

    def go_back(self) -> Rejection | None:
        """To the item asked before this one."""
        ...

    def jump(self, place: Place) -> Rejection | None:
        """To any place in `asked()`; after its answer one returns to the first open place."""
        ...

    def go_forward(self) -> Rejection | None:
        """After going back: the answer here stands, and so on to the first place without one."""
        ...

    def add_note(self, text: str, *, replaces: InterviewNote | None = None) -> Rejection | None:
        """A remark of the interviewer's, stored with the place; or another text of an earlier one."""
        ...

    def list_notes(self) -> tuple[InterviewNote, ...]:
        """The notes of this interview, each with its newest text."""
        ...

    def switch_language(self, language: str) -> Rejection | None:
        """Go on in another of the instrument's languages."""
        ...

    def suspend(self) -> Rejection | None:
        """Put aside; `prompt()` is None afterwards."""
        ...

    def stop(self, outcome: str) -> Rejection | None:
        """End by hand with one of `stops()`."""
        ...

    def list_stop_outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes that may be chosen for stopping in the middle."""
        ...

    def list_items(self) -> tuple[AskedItem, ...]:
        """What has been asked so far, in the order of the route."""
        ...

    def echo(self, text: str) -> str:
        """What a typed line would be taken for, in words (`Sunday 3 March 1985`); empty where that says no more than the
        line itself."""
        ...

    def load_draft(self) -> str:
        """Text that was being typed at this place when the last sitting broke off; empty otherwise."""
        ...

    def save_draft(self, text: str) -> None:
        """Keep what is being typed in a Verbatim; called every two seconds while it changes. Never fails."""
        ...

    def elapsed_time(self) -> timedelta:
        """Time in this interview, all sittings together, hang-up sections left out."""
        ...

    def respondent_time(self) -> datetime | None:
        """The respondent's clock, where their zone is known."""
        ...

    def result(self) -> InterviewResult | None:
        """How it ended; None while a prompt stands."""
        ...
