"""Views of a station session, as immutable values: the case on the screen, waiting, breaks."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from survey_cli.fieldwork.case.events import AppointmentPolicy
from survey_cli.fieldwork.shifts import ShiftSummary
from survey_cli.outcomes import Outcome
from survey_cli.reports.fieldwork.case_histories import StationHistoryLine
from survey_cli.sessions.case.claimed_case import InterviewState, PendingInput, RequiredInput
from survey_cli.wording import format_quantity, pluralize

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
    """The outcome of its call under this claim: `busy`. Empty if it was not called yet."""
    why_not: str = ""
    """Why it may not be dialed now: `after 20:30 there (it is 20:41)`. Empty if it may."""
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
    """Why an outcome may be a slip of the finger; the interviewer is asked to confirm it."""

    what: str
    """One sentence: `This number was not dialed from here.`"""
    question: str
    """`Record “No answer” anyway?`"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeChoice:
    """An outcome that can be entered now, and what it requires."""

    outcome: Outcome
    required_input: RequiredInput = ""
    """What `record_outcome` needs besides; a time is for `book_appointment`.

    `sure`: calling again can't undo it, so the interface asks for confirmation.
    """
    is_refusal: bool = False
    """Another call may try to convert it.

    The interface may first ask for what `record_refusal` stores.
    """


OutcomeChoices: TypeAlias = tuple[OutcomeChoice, ...]
OutcomeGroup: TypeAlias = tuple[str, OutcomeChoices]
"""A heading, and the outcomes under it."""


class CallFinding(Enum):
    """What a call has found, with the heading of its outcomes."""

    NOT_REACHED = "Not reached"
    NUMBER = "Number"
    """The number doesn't lead to the respondent, whether or not somebody answers it."""
    REACHED = "Reached"


def group_outcomes(choices: OutcomeChoices) -> tuple[OutcomeGroup, ...]:
    """Group outcomes by what the call has found, under headings; groups of none are left out."""
    groups = []
    for finding in CallFinding:
        found = [choice for choice in choices if _classify_outcome(choice.outcome) is finding]
        if found:
            groups.append((finding.value, tuple(found)))
    return tuple(groups)


def _classify_outcome(outcome: Outcome) -> CallFinding:
    if outcome.ends_number:
        return CallFinding.NUMBER
    if outcome.moment == "before":
        return CallFinding.NOT_REACHED
    return CallFinding.REACHED


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
    """The respondent's clock. None if their zone is unknown."""
    station_time: datetime
    callable_until: datetime | None
    """Until when they may be called today, on their clock."""
    ask_for: str
    """The person to ask for, if known."""
    appointment: str
    """An appointment that is due, in words, on the respondent's clock; or empty."""
    history: tuple[StationHistoryLine, ...]
    """Oldest first."""
    main_outcomes: OutcomeChoices
    """At most eight outcomes that are entered with one key, the likeliest first."""
    other_outcomes: tuple[OutcomeGroup, ...]
    """All other outcomes, under headings (`Not reached`, `Number`, `Reached`)."""
    scripts: tuple[StationScript, ...]
    faq: tuple[tuple[str, str], ...]
    """Respondents' questions and their answers."""
    interview_status: str
    """The state of its interview in words: `open at q17, Tue 14:03, version 1`."""
    interview_state: InterviewState
    has_open_call: bool
    """The current number was dialed and the outcome is not entered yet."""
    languages: tuple[tuple[str, str], ...] = ()
    """Code and name of each language of the study."""
    answers_in_call: int = 0
    """Answers that were recorded in this call."""
    dialed_at: datetime | None = None
    """When the open call was dialed, on this station's clock. None while no call is open."""
    heard: str = ""
    """What simulated respondents say in the open call: `It rings; nobody answers.`"""
    pending_input: PendingInput = ""
    """What is needed before the case can be released.

    `time`: an appointment was chosen in the interview and needs its time. `outcome`: the interview
    was left open and needs an outcome.
    """
    notice: str = ""
    """A notice about a call that was going on when the terminal was lost."""

    @property
    def current_number(self) -> StationNumber | None:
        """The number that `dial` dials."""
        for number in self.numbers:
            if number.current:
                return number
        return None

    @property
    def next_number(self) -> StationNumber | None:
        """The next live number after the current one, going round.

        Those come first that were not called in this attempt.
        """
        before: list[StationNumber] = []
        after: list[StationNumber] = []
        is_after = self.current_number is None
        for number in self.numbers:
            if number.current:
                is_after = True
            elif number.state == "live" and is_after:
                after.append(number)
            elif number.state == "live":
                before.append(number)

        others = after + before
        for number in others:
            if not number.outcome:
                return number
        return others[0] if others else None

    def find_doubt(self, choice: OutcomeChoice) -> OutcomeDoubt | None:
        """Find what contradicts an outcome: answers of this call, or that no call is known."""
        question = f"Record “{choice.outcome.name}” anyway?"
        if self.answers_in_call and choice.outcome.denies_contact:
            recorded = format_quantity(self.answers_in_call, "answer")
            verb = pluralize(self.answers_in_call, "was", "were")
            return OutcomeDoubt(what=f"{recorded} {verb} recorded in this call.", question=question)

        is_called = self.has_open_call or self.pending_input
        if not choice.required_input and not is_called:
            return OutcomeDoubt(what="This number was not dialed from here.", question=question)
        return None

    @property
    def choices(self) -> OutcomeChoices:
        """Every outcome that can be entered, in the order of their numbers."""
        choices = list(self.main_outcomes)
        for _, under_heading in self.other_outcomes:
            choices += under_heading
        return tuple(choices)


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
    """One of `list_break_reasons()`. Empty if none was given."""
    station_time: datetime | None = None
    """This station's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUpView:
    """The time after a call, before the next case comes.

    A note can be added to the case that was called, or its outcome revoked.
    """

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
    """What to notice: `in 6 weeks`, `their morning: any time from 09:00 to 12:00`."""
    why_unclear: str = ""
    """Why it is not accepted, or in what it is ambiguous. Empty if it is understood."""
    choices: tuple[str, ...] = ()
    """Possible readings; the interface sends the number of one, from 1, as `reading`."""
