"""Events of a case: immutable values that are stored for good.

A case's history is its events, as an interview is its journal: attempts, codes, appointments and the queue are all
derived from them. Field names are stored. Numbers are named by their position; digits, like names, are stored apart
with the contacts. What an event does is defined in `case`.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.values import Value

LineType: TypeAlias = Literal["mobile", "fixed", "unknown"]
NumberState: TypeAlias = Literal["live", "dead", "never_call"]
AppointmentPolicy: TypeAlias = Literal["anyone", "me", "me_first"]
"""Who keeps a promise: anybody; only its owner; its owner, and anybody once it is 15 minutes late."""

NO_COLUMNS: Mapping[str, Value] = MappingProxyType({})


class NumberFacts(NamedTuple):
    """What may be known of a number without knowing it."""

    position: int
    """From 1; it names the number for ever."""
    line: LineType = "unknown"
    zones: tuple[str, ...] = ()
    """The IANA zones it may be in; empty where the case's own holds."""


class CaseSampled(NamedTuple):
    """The case came with the sample; again where a later import was asked to update it."""

    columns: Mapping[str, Value] = NO_COLUMNS
    """The sample columns that are not personal, typed."""
    numbers: tuple[NumberFacts, ...] = ()
    zone: str = ""
    """The respondent's IANA zone, where the sample or the study says one."""
    language: str = ""
    priority: int = 0
    """Lower is called first."""
    weight: str = ""
    """The base weight as written; empty for 1."""
    frame: str = ""
    """The part of a study of several frames that it belongs to."""
    replicate: str = ""


class CaseReleased(NamedTuple):
    """Its replicate may now be called."""


class CaseClaimed(NamedTuple):
    """A station took the case: an attempt begins."""


class NumberDialed(NamedTuple):
    """A human pressed the key that dials this number."""

    number: int


class OutcomeRecorded(NamedTuple):
    """A call, or the conversation it became, came to an outcome."""

    outcome: str
    number: int = 0
    """The number it was made to; 0 where none was dialled from here (they rang us): no limit counts that."""
    code: str = ""
    """The code that only the interview can give: 1.1, 1.2, 2.12; with an appointment, a callback or a lost line the
    interview goes on, and this is what it has come to by now."""
    eligible: bool = False
    """The respondent is now known to be eligible."""
    person: bool = False
    """Whom to interview is now known by name or choice."""
    interrupted: bool = False
    """An interview was begun and waits to be gone on with."""
    note: str = ""


class OutcomeRevoked(NamedTuple):
    """The interviewer keyed a wrong outcome and took it back at once: the call it was of goes on. What was keyed stays in
    the history."""


class AttemptClosed(NamedTuple):
    """The station let go of the case: the attempt is over."""


class CaseReturned(NamedTuple):
    """The case went back without a call: given back, or its lease ran out."""

    why: Literal["given back", "lapsed", "released"]


class InterviewOpened(NamedTuple):
    """The questionnaire was begun or gone on with."""

    interview: str


class AppointmentMade(NamedTuple):
    """A callback was promised for a time; it takes the place of an earlier promise."""

    start: str
    """Wall time where the respondent is: `2026-11-26T15:00`."""
    end: str
    zone: str
    fold: int = 0
    """1: the second of two equal wall times when clocks go back."""
    person: str = ""
    """Whom to ask for; personal, so it is erased with the rest."""
    owner: str = ""
    policy: AppointmentPolicy = "anyone"
    note: str = ""


class AppointmentCanceled(NamedTuple):
    """The promise does not hold any more."""

    why: str = ""


class AppointmentReassigned(NamedTuple):
    """The promise is another interviewer's now."""

    owner: str
    policy: AppointmentPolicy = "me"


class NumberAdded(NamedTuple):
    """Another number was given."""

    number: NumberFacts


class NumberMarked(NamedTuple):
    """A number is live, dead or never to be called."""

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
    """What whoever calls again should know of a refusal. It judges nothing: the outcome is what was keyed."""

    reason: str = ""
    """As it was given."""
    strength: int = 0
    """From 1 (no time, perhaps another day) to 3 (angry); 0 where it is not said."""
    who: str = ""
    """Who refused: the respondent, somebody else of the household, the gatekeeper."""


class ScriptRead(NamedTuple):
    """A text of the study was spoken: a voicemail that is left once."""

    script: str


class OutcomeOverridden(NamedTuple):
    """A supervisor gave the case another outcome; what was keyed stays in its history."""

    outcome: str
    code: str = ""
    """An AAPOR code of the supervisor's own, where the outcome's is not meant."""
    note: str = ""


class ReferralAnswered(NamedTuple):
    """A supervisor answered what was referred to them: the case goes back to the queue."""

    note: str = ""


class CaseReopened(NamedTuple):
    """A supervisor put a finished case back into the queue (a soft refusal to be converted, say)."""

    why: str = ""


class DoNotCallSet(NamedTuple):
    """Never to be called again, in this study or another. Dead numbers stay dead."""

    why: str = ""


class DoNotCallCleared(NamedTuple):
    """That it is never to be called again was recorded in error, a supervisor says: its numbers are as they were."""

    why: str = ""


class CaseErased(NamedTuple):
    """The tombstone: whatever could tell who it was is gone; codes, counts and times stay."""

    why: str = ""


class CaseAnonymized(NamedTuple):
    """Its time was over: names, numbers and notes are gone, and what else tells who it was; answers stay."""

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
"""The kind under which each event is stored. These texts, and the names of the events' fields, never change."""


class HistoryEntry(NamedTuple):
    """An event in a case's history."""

    at: datetime
    """Aware, UTC."""
    by: str
    station: str
    event: CaseEvent
    key: str = ""
    """Given by whoever writes it: the same key twice is one event."""
