"""Events of an interview: immutable values that are stored for good.

What an event does is defined in `machine`; how it is stored, in `codec`.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.values import Cell, Code, Missing, Place, Value

NO_SPECIFY_TEXTS: Mapping[Code, str] = MappingProxyType({})
NO_SAMPLE: Mapping[str, Value | Missing] = MappingProxyType({})
NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})


class EventStamp(NamedTuple):
    """The time of an event (aware, UTC), the login and the station."""

    at: datetime
    by: str
    station: str = ""


class SessionContext(NamedTuple):
    """The context of a session. Texts fill in `{interviewer}` and `{daypart}` of the latest one."""

    interviewer: str
    daypart: str
    """Morning, afternoon or evening, as the respondent would say."""
    language: str


class InterviewStarted(NamedTuple):
    """The first event."""

    stamp: EventStamp
    instrument: str
    """The content hash of the version with which it began."""
    seed: int
    case: str
    today: date
    """The day in the case's zone; `today()` keeps it in all later sessions."""
    session: SessionContext
    rules: int = 2
    """The version of the route's rules. Since 2, a question without an offered option is passed
    over."""
    attributes: Mapping[str, str] = NO_ATTRIBUTES
    """What the list of people says about the interviewer and conditions use: `interviewer.sex`."""
    sample: Mapping[str, Value | Missing] = NO_SAMPLE


class InterviewResumed(NamedTuple):
    """Another session begins; with `reopen`, of an interview that had ended."""

    stamp: EventStamp
    session: SessionContext
    reopen: bool = False


class QuestionAnswered(NamedTuple):
    """The respondent answered (or a text was read: value None)."""

    stamp: EventStamp
    place: Place
    value: Value | None = None
    specify_texts: Mapping[Code, str] = NO_SPECIFY_TEXTS
    """Texts of options to be specified, by code."""


class QuestionDeclined(NamedTuple):
    """The respondent declined to answer."""

    stamp: EventStamp
    place: Place
    decline: str


class ValueComputed(NamedTuple):
    """The computer answered."""

    stamp: EventStamp
    place: Place
    value: Cell
    pool_size: int = 0
    """For a draw or a pick: the number of turns or items that could be drawn; 0 for others."""


class PositionMoved(NamedTuple):
    """The interviewer went back one place, or (`jump`) to any place already asked."""

    stamp: EventStamp
    place: Place
    jump: bool = False


class QueryConfirmed(NamedTuple):
    """The interviewer confirmed an answer that a soft check or a `confirm` had queried."""

    stamp: EventStamp
    place: Place
    check: int
    """The index of the item's query, from 0; `confirm` is the last."""
    reason: str = ""


class AnswerKept(NamedTuple):
    """The earlier answer is kept."""

    stamp: EventStamp
    place: Place


class NoteWritten(NamedTuple):
    """A note of the interviewer."""

    stamp: EventStamp
    place: Place
    text: str
    replaces: int = 0
    """The number, from 1, of the event whose text this one replaces; 0 for a new note."""


class LanguageChanged(NamedTuple):
    """The interview goes on in another language."""

    stamp: EventStamp
    language: str


class InterviewSuspended(NamedTuple):
    """The interview is suspended, to be resumed at the same place.

    `outcome` is set where an `end` item led here.
    """

    stamp: EventStamp
    outcome: str = ""


class InterviewStopped(NamedTuple):
    """The interviewer ended it in the middle.

    The `moment` of its outcome is `interrupted`, `after` or `any`.
    """

    stamp: EventStamp
    outcome: str


class InterviewEnded(NamedTuple):
    """The interview ended: at the end of its route, or because the respondent's quota cell is full.

    The outcome is `complete`, or that of the `end` item that was reached.
    """

    stamp: EventStamp
    outcome: str


class InterviewMigrated(NamedTuple):
    """The interview continues with another version of the questionnaire.

    The events before it are of the earlier version. Their answers count if this one accepts them.
    """

    stamp: EventStamp
    instrument: str
    """The content hash of the version with which it continues."""
    dropped: tuple[Place, ...] = ()
    """Places whose answers do not carry over: they are gone, or their meaning has changed."""
    lapsed: tuple[Place, ...] = ()
    """Places whose answers did not count any more. An answer counts again once it is kept."""
    confirmed: tuple[tuple[Place, int, tuple[str, ...]], ...] = ()
    """Queries that stay confirmed: the place, the index, and the values on which it depended."""


class AnswersErased(NamedTuple):
    """Values were removed from the journal at the respondent's request or by retention.

    Counts and times stay. The events before it say too little to be checked again.
    """

    stamp: EventStamp
    why: str
    remaining: Mapping[str, Cell] | None = None
    """The remaining cells by column, if only identifying answers were removed.

    None if nothing remains, because the respondent withdrew."""


CodingRole: TypeAlias = Literal["first", "second", "final"]
"""Whose coding it is: the first coder's, that of a second coder who does not see the first's, or
the decision if the two differ."""


class AnswerCoded(NamedTuple):
    """An open answer was coded by the office. The latest coding of a place in a role counts."""

    stamp: EventStamp
    place: Place
    codes: tuple[int, ...] | None
    """The codes of its frame. It is empty if the answer is unclear, None to take a coding back."""
    digest: str
    """The digest of the answer that was coded: the coding does not apply to a later one."""
    role: CodingRole = "first"
    note: str = ""


ReviewVerdict: TypeAlias = Literal["drawn", "ok", "questionable", "falsified"]
"""What the office found out about an interview; `drawn`: it is to be reviewed."""


class InterviewReviewed(NamedTuple):
    """The office drew the interview for a review, or decided after one.

    The latest counts. No answer changes.
    """

    stamp: EventStamp
    verdict: ReviewVerdict
    reason: str = ""


EntryEvent: TypeAlias = (
    QuestionAnswered | QuestionDeclined | ValueComputed | AnswerKept | QueryConfirmed
)
"""An event at the current place: its answer, or what is done with it."""
_SessionEvent: TypeAlias = (
    InterviewStarted | InterviewResumed | PositionMoved | NoteWritten | LanguageChanged
)
ClosingEvent: TypeAlias = InterviewSuspended | InterviewStopped | InterviewEnded
_OfficeEvent: TypeAlias = InterviewMigrated | AnswersErased | AnswerCoded | InterviewReviewed
InterviewEvent: TypeAlias = EntryEvent | _SessionEvent | ClosingEvent | _OfficeEvent

EVENT_KINDS: Final[Mapping[type[Any], str]] = {
    InterviewStarted: "began",
    InterviewResumed: "resumed",
    QuestionAnswered: "answered",
    QuestionDeclined: "declined",
    ValueComputed: "lookedup",
    PositionMoved: "wentto",
    QueryConfirmed: "confirmed",
    AnswerKept: "kept",
    NoteWritten: "noted",
    LanguageChanged: "language",
    InterviewSuspended: "suspended",
    InterviewStopped: "stopped",
    InterviewEnded: "ended",
    InterviewMigrated: "migrated",
    AnswersErased: "erased",
    AnswerCoded: "coded",
    InterviewReviewed: "reviewed",
}
"""The kind under which each event is stored and exported. These texts never change."""


def _is_equal(event: tuple[Any, ...], other: object) -> bool:
    """Return whether the other has the same class and values.

    Without the class, a decline and a note with the same three values would be equal.
    """
    return event.__class__ is other.__class__ and tuple.__eq__(event, other)


_kind: Any
for _kind in (EventStamp, SessionContext, *EVENT_KINDS):
    _kind.__eq__ = _is_equal
    _kind.__hash__ = tuple.__hash__
    _kind.__ne__ = lambda event, other: not _is_equal(event, other)

RESTORING_EVENTS: Final = (InterviewMigrated, AnswersErased)
"""Events after which the events before them are not checked again."""
REMARKS: Final = (AnswerCoded, InterviewReviewed)
"""Events that change no data; they may follow an erasure."""
OFFICE_EVENTS: Final = (*RESTORING_EVENTS, *REMARKS)
"""Events outside of sessions. They change neither the duration nor whose interview it is."""


def get_open_text(value: Cell | None, specify_texts: Mapping[Code, str]) -> str:
    """Return what was answered in words.

    These are the texts specified with options, or else an answer that is itself a text.
    """
    if specify_texts:
        return " / ".join(sorted(specify_texts.values()))
    return value if isinstance(value, str) else ""


def compute_text_digest(text: str) -> str:
    """Return the digest by which a coding refers to an answer: 16 hexadecimal digits."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def find_erasure(journal: Sequence[InterviewEvent]) -> AnswersErased | None:
    """Return the erasure that a journal ends with, not counting remarks; None if there is none."""
    for event in reversed(journal):
        if not isinstance(event, REMARKS):
            return event if isinstance(event, AnswersErased) else None
    return None


def get_version(journal: Sequence[InterviewEvent]) -> str:
    """Return the content hash of the version to which the last events of a journal belong."""
    kinds = (InterviewStarted, InterviewMigrated)
    return next(event.instrument for event in reversed(journal) if isinstance(event, kinds))


class InterviewNote(NamedTuple):
    """One note with its newest text."""

    seq: int
    """The event that wrote this text, from 1: what a newer text replaces."""
    place: Place
    text: str
    place_key: str = ""
    """What is typed to get to the place, if not the name of its item."""

    @property
    def shown_place(self) -> str:
        """What the place is called in lists."""
        return self.place_key or str(self.place)


class NoteList:
    """The notes of one interview, kept up to date while its events are recorded."""

    def __init__(self) -> None:
        self._notes: dict[int, InterviewNote] = {}
        """By the number of the event that wrote the first text."""
        self._first: dict[int, int] = {}
        """The number of that event, by the number of each event that wrote a text of the note."""

    def record(self, seq: int, event: NoteWritten) -> None:
        """Record the text that an event wrote."""
        first = self._first.get(event.replaces, seq)
        self._first[seq] = first
        self._notes[first] = InterviewNote(seq, event.place, event.text)

    def list_current(self) -> tuple[InterviewNote, ...]:
        """Return the notes in the order in which they were first written, without erased ones."""
        return tuple(note for note in self._notes.values() if note.text)


def list_notes(events: Sequence[InterviewEvent]) -> tuple[InterviewNote, ...]:
    """Return the notes of a journal, as `NoteList.list_current` does."""
    notes = NoteList()
    for seq, event in enumerate(events, 1):
        if isinstance(event, NoteWritten):
            notes.record(seq, event)
    return notes.list_current()
