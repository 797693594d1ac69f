"""Events of a case: immutable values that are stored for good.

A case's history is its events, as an interview is its journal: attempts, codes, appointments and
the queue are all derived from them. Field names are stored. Numbers are named by their position;
digits, like names, are stored apart with the contacts. What an event does is defined in `case`.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.values import Value

LineType: TypeAlias = Literal["mobile", "fixed", "unknown"]
NumberState: TypeAlias = Literal["live", "dead", "never_call"]
AppointmentPolicy: TypeAlias = Literal["anyone", "me", "me_first"]
"""The interviewers who may keep an appointment: all; only its owner; its owner, and all
once it is 15 minutes late."""

OFFICE_STATION: Final = "office"
"""The station of events in the office: those of supervisors, coders and erasures."""
SAMPLE_STATION: Final = "import"
"""The station of events of the import of a sample."""
NO_COLUMNS: Mapping[str, Value] = MappingProxyType({})


class NumberFacts(NamedTuple):
    """The facts stored about a telephone number outside of the contacts."""

    position: int
    """The position in the case, from 1; it identifies the number for good."""
    line: LineType = "unknown"
    zones: tuple[str, ...] = ()
    """The IANA zones it may be in; empty if the case's own applies."""


class CaseSampled(NamedTuple):
    """The case was imported with the sample, or updated by a later import."""

    columns: Mapping[str, Value] = NO_COLUMNS
    """The sample columns that are not personal, typed."""
    numbers: tuple[NumberFacts, ...] = ()
    zone: str = ""
    """The respondent's IANA zone, if the sample or the study names one."""
    language: str = ""
    priority: int = 0
    """Lower ones are called first."""
    weight: str = ""
    """The base weight as written; empty for 1."""
    frame: str = ""
    """The frame it belongs to, in a study with several."""
    replicate: str = ""


class CaseReleased(NamedTuple):
    """Its replicate may now be called."""


class CaseClaimed(NamedTuple):
    """A station claimed the case: an attempt begins."""


class NumberDialed(NamedTuple):
    """A person pressed the key that dials this number."""

    number: int


class OutcomeRecorded(NamedTuple):
    """An outcome was recorded for a call, or for the conversation it became."""

    outcome: str
    number: int = 0
    """The number that was called; 0 if none was dialed from here (the respondent called): no
    limit counts that."""
    code: str = ""
    """The code that only the interview can give: 1.1, 1.2, 2.12. With an appointment, a callback or
    a lost line the interview will be resumed, and this is its code so far."""
    eligible: bool = False
    """The respondent is now known to be eligible."""
    person: bool = False
    """The person to be interviewed is now known by name or selection."""
    interrupted: bool = False
    """An interview was begun and waits to be resumed."""
    note: str = ""


class OutcomeRevoked(NamedTuple):
    """The interviewer revoked a wrong outcome at once: its call goes on.

    The outcome stays in the history.
    """


class AttemptClosed(NamedTuple):
    """The station released the case: the attempt is over."""


class CaseReturned(NamedTuple):
    """The case was returned without a call: by the station, or because its lease ran out."""

    why: Literal["given back", "lapsed", "released"]


class InterviewOpened(NamedTuple):
    """An interview was begun or resumed."""

    interview: str


class AppointmentMade(NamedTuple):
    """An appointment was made; it replaces an earlier one."""

    start: str
    """Wall time at the respondent's: `2026-11-26T15:00`."""
    end: str
    zone: str
    fold: int = 0
    """1: the second of two equal wall times when clocks go back."""
    person: str = ""
    """The person to ask for; personal, so it is erased with the rest."""
    owner: str = ""
    policy: AppointmentPolicy = "anyone"
    note: str = ""


class AppointmentCanceled(NamedTuple):
    """The appointment was canceled."""

    why: str = ""


class AppointmentReassigned(NamedTuple):
    """The appointment now belongs to another interviewer."""

    owner: str
    policy: AppointmentPolicy = "me"


class NumberAdded(NamedTuple):
    """Another number was given."""

    number: NumberFacts


class NumberMarked(NamedTuple):
    """A number is live, dead or must not be called."""

    number: int
    state: NumberState
    why: str = ""


class LanguageSet(NamedTuple):
    """The respondent wants to be interviewed in this language."""

    language: str


class CaseNoteWritten(NamedTuple):
    """A note on the case."""

    text: str


class RefusalDescribed(NamedTuple):
    """Details of a refusal for the next interviewer.

    They decide nothing: the outcome is the one that was keyed.
    """

    reason: str = ""
    """As it was given."""
    strength: int = 0
    """From 1 (no time, perhaps another day) to 3 (angry); 0 if it is not given."""
    who: str = ""
    """The person who refused: the respondent, another person in the household, the gatekeeper."""


class ScriptRead(NamedTuple):
    """A text of the study was read out: a voicemail that is left once."""

    script: str


class OutcomeOverridden(NamedTuple):
    """A supervisor gave the case another outcome; the keyed one stays in the history."""

    outcome: str
    code: str = ""
    """An AAPOR code of the supervisor, if it is not that of the outcome."""
    note: str = ""


class ReferralAnswered(NamedTuple):
    """A supervisor answered a referral: the case goes back to the queue."""

    note: str = ""


class CaseReopened(NamedTuple):
    """A supervisor put a finished case back into the queue, for example to convert a refusal."""

    why: str = ""


class DoNotCallSet(NamedTuple):
    """The respondent is never called again, in this study or another. Dead numbers stay dead."""

    why: str = ""


class DoNotCallCleared(NamedTuple):
    """A supervisor found that a do-not-call request was recorded in error.

    The numbers are as they were before it.
    """

    why: str = ""


class CaseErased(NamedTuple):
    """Everything that could identify the respondent was erased; codes, counts and times stay."""

    why: str = ""


class CaseAnonymized(NamedTuple):
    """The retention period was over: names, numbers, notes and other identifying data were removed.

    Answers stay.
    """

    why: str = ""


CaseEvent: TypeAlias = (
    CaseSampled
    | CaseReleased
    | CaseClaimed
    | NumberDialed
    | OutcomeRecorded
    | OutcomeRevoked
    | AttemptClosed
    | CaseReturned
    | InterviewOpened
    | AppointmentMade
    | AppointmentCanceled
    | AppointmentReassigned
    | NumberAdded
    | NumberMarked
    | LanguageSet
    | CaseNoteWritten
    | RefusalDescribed
    | ScriptRead
    | OutcomeOverridden
    | ReferralAnswered
    | CaseReopened
    | DoNotCallSet
    | DoNotCallCleared
    | CaseErased
    | CaseAnonymized
)


EVENT_KINDS: Final[Mapping[type[Any], str]] = {
    CaseSampled: "sampled",
    CaseReleased: "released",
    CaseClaimed: "claimed",
    NumberDialed: "dialled",
    OutcomeRecorded: "called",
    OutcomeRevoked: "takenback",
    AttemptClosed: "closed",
    CaseReturned: "returned",
    InterviewOpened: "interviewing",
    AppointmentMade: "promised",
    AppointmentCanceled: "unpromised",
    AppointmentReassigned: "reassigned",
    NumberAdded: "numberadded",
    NumberMarked: "numbermarked",
    LanguageSet: "speaks",
    CaseNoteWritten: "remarked",
    RefusalDescribed: "refusalnoted",
    ScriptRead: "scriptread",
    OutcomeOverridden: "corrected",
    ReferralAnswered: "advised",
    CaseReopened: "reopened",
    DoNotCallSet: "blocked",
    DoNotCallCleared: "unblocked",
    CaseErased: "erased",
    CaseAnonymized: "anonymised",
}
"""The kind under which each event is stored. These texts, and the names of the events' fields,
never change."""


class HistoryEntry(NamedTuple):
    """An event in a case's history."""

    at: datetime
    """Aware, UTC."""
    by: str
    station: str
    event: CaseEvent
    key: str = ""
    """Chosen by the writer: the same key twice is one event."""
