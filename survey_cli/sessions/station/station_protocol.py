"""Interface of a station session, as interfaces use it, and the views it returns.

Every method that changes something returns None or a value when the change was made and stored, or a `Rejection`
whose `why` is one short line for the interviewer. After a rejection nothing has changed, in memory or in the
database.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeAlias

from survey_cli.entries import Rejection
from survey_cli.outcomes import Outcome
from survey_cli.reports.fieldwork.case_histories import StationHistoryLine
from survey_cli.sessions.interview.interview_protocol import InterviewProtocol

__all__ = [
    "BreakView",
    "CaseMatch",
    "CaseView",
    "IdleView",
    "OutcomeChoice",
    "OwnerPolicy",
    "RequiredInput",
    "ShiftSummary",
    "StationAppointment",
    "StationHistoryLine",
    "StationNumber",
    "StationProtocol",
    "StationScript",
    "StationView",
    "TimeReading",
    "UnclearTime",
]

RequiredInput: TypeAlias = Literal["", "note", "time", "number", "language", "sure"]
OwnerPolicy: TypeAlias = Literal["anyone", "me", "me_first"]
"""Who keeps an appointment: anybody, only this interviewer, or this interviewer unless late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationNumber:
    """One telephone number of the case."""

    position: int
    text: str
    """As it is read and dialled: `(915) 555-0122`."""
    line: str
    """`mobile`, `fixed` or `unknown`."""
    state: str
    """`live`, `dead` or `never_call`."""
    current: bool
    """The one that `dial` dials."""
    outcome: str = ""
    """What came of it in this sitting: `busy`; empty where it was not called yet."""
    why_not: str = ""
    """Why it may not be dialled now: `after 20:30 there (it is 20:41)`; empty where it may."""
    by_hand: bool = False
    """The law wants a human's finger on the keys of the telephone: no dial command is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationScript:
    """A text to be spoken at the station: a voicemail, what a gatekeeper is told."""

    id: str
    text: str
    is_used: bool = False
    """It is for once a case, and was spoken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeChoice:
    """An outcome that can be keyed now, and what must be asked with it."""

    outcome: Outcome
    required_input: RequiredInput = ""
    """What `record_outcome` needs besides: a note, an appointment's time (see `book_appointment`), the new number, the
    language; `sure`: calling again cannot undo it, so the interface asks for confirmation."""
    is_refusal: bool = False
    """Another call may try to convert it: before `record_outcome` the interface may ask for what `record_refusal`
    stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case is on the screen, and it is this station's."""

    key: str
    name: str
    """What it is called: the name column, else the key."""
    details: tuple[tuple[str, str], ...]
    """Label and words of the sample columns."""
    attempt: int
    """The number of this attempt."""
    limit: int
    numbers: tuple[StationNumber, ...]
    respondent_time: datetime | None
    """The respondent's clock; None where nobody knows their zone."""
    station_time: datetime
    callable_until: datetime | None
    """Until when they may be called today, on their clock."""
    ask_for: str
    """Whom to ask for, where that is known."""
    appointment: str
    """A promise that is due, in words, on the respondent's clock; empty where there is none."""
    history: tuple[StationHistoryLine, ...]
    """The oldest first."""
    main_outcomes: tuple[OutcomeChoice, ...]
    """At most eight outcomes that are keyed at once, the likeliest first."""
    other_outcomes: tuple[tuple[str, tuple[OutcomeChoice, ...]], ...]
    """All others that can be keyed, under headings (`Nobody was reached`, `Somebody was`)."""
    scripts: tuple[StationScript, ...]
    faq: tuple[tuple[str, str], ...]
    """What respondents ask, and what to say."""
    interview_status: str
    """Where the case's interview stands: `open at q17, Tue 14:03, version 1`; empty where none was begun."""
    has_open_call: bool
    """The current number was dialled and its outcome is not keyed yet."""
    pending_input: Literal["", "time", "outcome"] = ""
    """What is still owed before the case can go: `time`: an appointment was chosen in the interview and its time must be
    given; `outcome`: the interview was left open and something must be said of it."""
    notice: str = ""
    """Something to be said plainly: a call that was going on when the terminal died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleView:
    """Nobody can be called just now."""

    why: str
    """In plain words: `all 12 open cases are waiting`, `the study calls from 09:00`."""
    next_at: datetime | None
    """The next moment at which somebody can be, on this station's clock."""
    study_is_paused: bool = False
    """The study is paused: `why` says by whom, since when and what for."""
    station_time: datetime | None = None
    """This station's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakView:
    """The interviewer is on a pause."""

    since: datetime
    station_time: datetime | None = None
    """This station's clock."""


StationView: TypeAlias = CaseView | IdleView | BreakView


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSummary:
    """The shift so far."""

    completes: int
    """Complete interviews."""
    calls: int
    refusals: int
    appointments: int
    """This interviewer's own promises that are still to be kept."""
    since: datetime
    time_on_cases: timedelta
    """Time spent on cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationAppointment:
    """One promise still to be kept."""

    key: str
    name: str
    respondent_time: datetime
    station_time: datetime
    person: str
    note: str
    owner: str
    is_late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMatch:
    """A case that somebody who rings back may be."""

    key: str
    name: str
    number: str
    state: str
    """`waiting: 3h after no answer`, `complete`, `at station 04`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReading:
    """What a typed time was taken for."""

    echo: str
    """`Thu 26 Nov 15:00 there · 17:00 here`."""
    hint: str = ""
    """Something to think of: `in 6 weeks`, `their morning: any time from 09:00 to 12:00`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnclearTime:
    """A typed time that cannot be taken, or must be chosen between."""

    why: str
    choices: tuple[str, ...] = ()
    """Readings to choose from: the face sends the number of one, from 1, with `reading`."""


class StationProtocol(Protocol):
    """What a face may ask of the station's desk. `StationSession` is the real one; a test's is another."""

    title: str
    station: str
    interviewer: str

    def view(self) -> StationView:
        """What is before the interviewer now. Costs no reading of the database."""
        ...

    def summarize_shift(self) -> ShiftSummary: ...

    def notice(self) -> str:
        """What came of the last thing that was done (`busy: kept at 10:43; ⌫ takes it back`); empty where nothing is to
        be said."""
        ...

    def keep_alive(self) -> None:
        """Called every ten seconds or so: keeps the case ours, looks for a due one where none is on the screen."""
        ...

    def claim_next(self) -> Rejection | None:
        """Look for the next case; the view becomes `CaseView`, or `IdleView` with the reason."""
        ...

    def dial(self) -> "Rejection | str":
        """The human's key that dials the current number: journalled, checked against hours once more. Gives what is
        shown: the number to dial by hand, or that the telephone is ringing."""
        ...

    def choose_number(self, position: int) -> Rejection | None:
        """Make another live number the current one."""
        ...

    def record_outcome(
        self, outcome: str, *, note: str = "", number: str = "", language: str = ""
    ) -> Rejection | None:
        """One of the outcomes on offer. The case closes and the next comes, unless another number can be tried."""
        ...

    def parse_time(self, text: str, reading: int = 0) -> TimeReading | UnclearTime:
        """What a typed time means for this respondent; nothing is kept."""
        ...

    def book_appointment(
        self, text: str, *, reading: int = 0, keeper: OwnerPolicy = "anyone", person: str = "", note: str = ""
    ) -> Rejection | None:
        """Promise to call at that time, and close the case."""
        ...

    def open_interview(self) -> "InterviewProtocol | Rejection":
        """Begin or go on with the interview. Once its `prompt()` is None, `close_interview` follows."""
        ...

    def close_interview(self, *, then_next: bool = True) -> Rejection | None:
        """The interview was left. Its case, where it closed with it, makes room for the next one, unless no next one is
        wanted; else the case says what is still owed."""
        ...

    def add_note(self, text: str) -> Rejection | None:
        """A note on the case."""
        ...

    def record_refusal(self, *, reason: str = "", strength: int = 0, who: str = "") -> Rejection | None:
        """What whoever calls again should know of a refusal: the reason that was given, how strong it was from 1 to 3 (0:
        not said), who refused. The outcome is keyed after it."""
        ...

    def add_number(self, text: str) -> Rejection | None:
        """Another number of the case; it becomes the current one."""
        ...

    def record_script(self, script: str) -> Rejection | None:
        """A script was spoken."""
        ...

    def finish_case(self) -> Rejection | None:
        """Leave the case with what was keyed, though another number could be tried; one that was not called goes back."""
        ...

    def revoke_outcome(self) -> Rejection | None:
        """The outcome keyed last was a slip: its case is on the screen again, as if it had not been keyed."""
        ...

    def search_cases(self, text: str) -> tuple[CaseMatch, ...]:
        """Cases by part of a number, of a name or of the key: somebody rings back."""
        ...

    def fetch_case(self, key: str) -> Rejection | None:
        """Take this case, whoever's turn it is; the one on the screen goes back if nobody was called."""
        ...

    def list_appointments(self) -> tuple[StationAppointment, ...]:
        """This interviewer's promises, soonest first."""
        ...

    def start_break(self) -> Rejection | None:
        """Take no next case; the one on the screen goes back if nobody was called."""
        ...

    def end_break(self) -> Rejection | None:
        """Back from the pause."""
        ...

    def end_shift(self) -> Rejection | None:
        """The end of the shift. Rejected while a call's outcome is not keyed."""
        ...
