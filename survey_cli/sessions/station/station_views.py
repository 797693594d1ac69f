"""Views of a station session, as immutable values: the case on the screen, waiting, breaks, the shift so far."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from survey_cli.fieldwork.case.events import AppointmentPolicy
from survey_cli.fieldwork.shifts import ShiftSummary
from survey_cli.outcomes import Outcome
from survey_cli.reports.fieldwork.case_histories import StationHistoryLine
from survey_cli.sessions.case.claimed_case import InterviewState, RequiredInput
from survey_cli.wording import format_quantity

__all__ = [
    "AppointmentPolicy",
    "InterviewState",
    "RequiredInput",
    "ShiftSummary",
    "StationHistoryLine",
]  # what others import from here


@dataclass(frozen=True, slots=True, kw_only=True)
class StationNumber:
    """One telephone number of the case."""

    position: int
    text: str
    """As it is read and dialed: `(915) 555-0122`."""
    line: str
    """`mobile`, `fixed` or `unknown`."""
    state: str
    """`live`, `dead` or `never_call`."""
    current: bool
    """The number that `dial` dials."""
    outcome: str = ""
    """The outcome of its call under this claim: `busy`; empty: not called yet."""
    why_not: str = ""
    """Why it may not be dialed now: `after 20:30 there (it is 20:41)`; empty where it may."""
    by_hand: bool = False
    """The law requires that a person dials it: no dial command is run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationScript:
    """A text to read aloud at the station: a voicemail, a text for a gatekeeper."""

    id: str
    text: str
    is_used: bool = False
    """It may be read once per case, and was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeDoubt:
    """Why an outcome may be a slip of the finger: the interviewer is asked before it is recorded."""

    what: str
    """One sentence: `This number was not dialed from here.`"""
    question: str
    """`Record “No answer” anyway?`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeChoice:
    """An outcome that can be entered now, and what it requires."""

    outcome: Outcome
    required_input: RequiredInput = ""
    """What `record_outcome` needs besides; for a time see `book_appointment`. `sure`: calling again cannot undo it,
    so the interface asks for confirmation.
    """
    is_refusal: bool = False
    """Another call may try to convert it: before `record_outcome` the interface may ask for what `record_refusal`
    stores.
    """


OutcomeChoices: TypeAlias = tuple[OutcomeChoice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case of this station is on the screen."""

    key: str
    name: str
    """The name column, or the key."""
    details: tuple[tuple[str, str], ...]
    """Label and text of the sample columns."""
    attempt: int
    """The number of this attempt."""
    limit: int
    numbers: tuple[StationNumber, ...]
    respondent_time: datetime | None
    """The respondent's clock; None where their zone is unknown."""
    station_time: datetime
    callable_until: datetime | None
    """Until when they may be called today, on their clock."""
    ask_for: str
    """The person to ask for, where known."""
    appointment: str
    """An appointment that is due, in words, on the respondent's clock; or empty."""
    history: tuple[StationHistoryLine, ...]
    """Oldest first."""
    main_outcomes: OutcomeChoices
    """At most eight outcomes that are entered with one key, the likeliest first."""
    other_outcomes: tuple[tuple[str, OutcomeChoices], ...]
    """All other outcomes, under headings (`Nobody was reached`, `Somebody was`)."""
    scripts: tuple[StationScript, ...]
    faq: tuple[tuple[str, str], ...]
    """Respondents' questions and their answers."""
    interview_status: str
    """The state of the case's interview: `open at q17, Tue 14:03, version 1`; empty: none."""
    interview_state: InterviewState
    has_open_call: bool
    """The current number was dialed and the outcome is not entered yet."""
    languages: tuple[tuple[str, str], ...] = ()
    """Code and name of each language of the study."""
    answers_in_call: int = 0
    """Answers that were recorded in this call."""
    dialed_at: datetime | None = None
    """When the open call was dialed, on this station's clock; None while no call is open."""
    heard: str = ""
    """What is heard in the open call: only of simulated respondents (`It rings; nobody answers.`)."""
    pending_input: Literal["", "time", "outcome"] = ""
    """What is needed before the case can be released. `time`: an appointment was chosen in the interview and needs
    its time; `outcome`: the interview was left open and needs an outcome.
    """
    notice: str = ""
    """A notice about a call that was going on when the terminal was lost."""

    @property
    def current_number(self) -> StationNumber | None:
        """The number that `dial` dials."""
        return next((number for number in self.numbers if number.current), None)

    @property
    def next_number(self) -> StationNumber | None:
        """The next live number after the current one, those first that were not called in this attempt."""
        at = next((n for n, number in enumerate(self.numbers) if number.current), -1)
        others = [
            n for n in (*self.numbers[at + 1 :], *self.numbers[: max(at, 0)]) if n.state == "live"
        ]
        return next((n for n in others if not n.outcome), others[0] if others else None)

    def find_doubt(self, choice: OutcomeChoice) -> OutcomeDoubt | None:
        """Find what contradicts an outcome: answers of this call, or that no call is known; None if nothing does."""
        question = f"Record “{choice.outcome.name}” anyway?"
        if self.answers_in_call and choice.outcome.denies_contact:
            recorded = format_quantity(self.answers_in_call, "answer")
            verb = "was" if self.answers_in_call == 1 else "were"
            return OutcomeDoubt(what=f"{recorded} {verb} recorded in this call.", question=question)
        is_called = self.has_open_call or self.pending_input
        if not choice.required_input and not is_called:
            return OutcomeDoubt(what="This number was not dialed from here.", question=question)
        return None

    @property
    def choices(self) -> OutcomeChoices:
        """Every outcome that can be entered, in the order of their numbers: those with one digit first."""
        return (
            *self.main_outcomes,
            *(choice for _, choices in self.other_outcomes for choice in choices),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleView:
    """No case can be called now."""

    why: str
    """In plain words: `all 12 open cases are waiting`, `the study calls from 09:00`."""
    next_at: datetime | None
    """When the next case can be called, on this station's clock."""
    study_is_paused: bool = False
    """The study is paused: `why` says by whom, since when and why."""
    was_searched: bool = True
    """False before the first search for a case, when nothing is known yet."""
    station_time: datetime | None = None
    """This station's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakView:
    """The interviewer is on a break."""

    since: datetime
    reason: str = ""
    """One of `list_break_reasons()`; empty: none was given."""
    station_time: datetime | None = None
    """This station's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpView:
    """The time after a call: a note can be added to its case, or its outcome revoked, before the next case comes."""

    until: datetime
    """When `keep_alive` claims the next case, on this station's clock."""
    station_time: datetime
    case: str
    """The name of the case, or its key."""
    outcome: str
    """The outcome in words: `no answer`."""


StationView: TypeAlias = CaseView | IdleView | BreakView | WrapUpView


@dataclass(frozen=True, slots=True, kw_only=True)
class StationAppointment:
    """One open appointment."""

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
    """A case that matches a search, for a respondent who calls back."""

    key: str
    name: str
    number: str
    state: str
    """`waiting: 3h after no answer`, `complete`, `at station 04`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeReading:
    """How a typed time is understood, or why it is not."""

    echo: str = ""
    """`Thu 26 Nov 15:00 there · 17:00 here`."""
    hint: str = ""
    """What the interviewer should notice: `in 6 weeks`, `their morning: any time from 09:00 to 12:00`."""
    why_unclear: str = ""
    """Why it is not accepted, or in what it is ambiguous; empty where it is understood."""
    choices: tuple[str, ...] = ()
    """Possible readings; the interface sends the number of one, from 1, as `reading`."""
