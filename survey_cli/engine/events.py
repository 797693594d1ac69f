"""Events of an interview: immutable values that are stored for good.

What an event does is defined in `machine`; how it is stored, in `codec`.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from survey_cli.values import Cell, Code, Missing, Place, Value

NO_SPECIFY_TEXTS: Mapping[Code, str] = MappingProxyType({})
NO_SAMPLE: Mapping[str, Value | Missing] = MappingProxyType({})
T = TypeVar("T", bound=tuple[Any, ...])


def compare_by_class(kind: type[T]) -> type[T]:
    """A named tuple that equals only one of its own kind: what a respondent refused and what was noted may well hold the
    same three things."""

    def equal(one: T, other: object) -> bool:
        return one.__class__ is other.__class__ and tuple.__eq__(one, other)

    def unequal(one: T, other: object) -> bool:
        return not equal(one, other)

    kind.__eq__, kind.__ne__, kind.__hash__ = equal, unequal, tuple.__hash__  # type: ignore[method-assign, assignment]
    return kind


@compare_by_class
class EventStamp(NamedTuple):
    """When (aware, UTC), by whom and at which station."""

    at: datetime
    by: str
    station: str = ""


@compare_by_class
class SessionContext(NamedTuple):
    """What is true of one sitting: `{interviewer}` and `{daypart}` in texts are the latest sitting's."""

    interviewer: str
    daypart: str
    """Morning, afternoon or evening, as the respondent would say."""
    language: str


@compare_by_class
class InterviewStarted(NamedTuple):
    """The first event, and the only one that names the instrument."""

    stamp: EventStamp
    instrument: str
    """The content hash of the instrument's full text."""
    seed: int
    case: str
    today: date
    """The day in the case's zone; `today()` keeps it whatever the day of a later sitting."""
    session: SessionContext
    sample: Mapping[str, Value | Missing] = NO_SAMPLE
    rules: int = 2
    """Which rules of the route hold. Since 2 a question is passed over where none of its options is offered."""


@compare_by_class
class InterviewResumed(NamedTuple):
    """Another sitting begins; with `reopen` on an interview that had ended."""

    stamp: EventStamp
    session: SessionContext
    reopen: bool = False


@compare_by_class
class QuestionAnswered(NamedTuple):
    """The respondent answered (or, at a Read, the text was read: value None)."""

    stamp: EventStamp
    place: Place
    value: Value | None = None
    specify_texts: Mapping[Code, str] = NO_SPECIFY_TEXTS
    """The words given with options that want words."""


@compare_by_class
class QuestionDeclined(NamedTuple):
    stamp: EventStamp
    place: Place
    decline: str


@compare_by_class
class ValueComputed(NamedTuple):
    """The computer answered."""

    stamp: EventStamp
    place: Place
    value: Cell
    pool_size: int = 0
    """For a draw: from how many."""


@compare_by_class
class PositionMoved(NamedTuple):
    """Back one, or to any place already asked (`jump`)."""

    stamp: EventStamp
    place: Place
    jump: bool = False


@compare_by_class
class QueryConfirmed(NamedTuple):
    """A soft check or a `confirm` was answered with: it is so."""

    stamp: EventStamp
    place: Place
    check: int
    """Which of the item's queries, from 0, `confirm` being the last."""
    reason: str = ""


@compare_by_class
class AnswerKept(NamedTuple):
    """The earlier answer stands."""

    stamp: EventStamp
    place: Place


@compare_by_class
class NoteWritten(NamedTuple):
    """A remark of the interviewer's."""

    stamp: EventStamp
    place: Place
    text: str
    replaces: int = 0
    """Where it is another text of a note: the number of the event that wrote the text before, from 1."""


@compare_by_class
class LanguageChanged(NamedTuple):
    """The interview goes on in another language."""

    stamp: EventStamp
    language: str


@compare_by_class
class InterviewSuspended(NamedTuple):
    """Put aside, to be resumed where it stands. `outcome` is set where an `end` item led here."""

    stamp: EventStamp
    outcome: str = ""


@compare_by_class
class InterviewStopped(NamedTuple):
    """Ended by hand in the middle, with an outcome of the moment `interrupted`, `after` or `any`."""

    stamp: EventStamp
    outcome: str


@compare_by_class
class InterviewEnded(NamedTuple):
    """The route is at its end: `complete`, or the outcome of the `end` item that was reached; or a quota cell of the
    respondent is full, which ends an interview anywhere."""

    stamp: EventStamp
    outcome: str


@compare_by_class
class AnswersErased(NamedTuple):
    """The tombstone: values left the journal at the respondent's wish or by retention; counts and times stay. What stands
    before it says too little to be judged again."""

    stamp: EventStamp
    why: str
    remaining: Mapping[str, Cell] | None = None
    """By the name of its column what stays, where only what tells who it was had to go. None: nothing stays, and the
    interview has ended as withdrawn."""


InterviewEvent: TypeAlias = (
    InterviewStarted
    | InterviewResumed
    | QuestionAnswered
    | QuestionDeclined
    | ValueComputed
    | PositionMoved
    | QueryConfirmed
    | AnswerKept
    | NoteWritten
    | LanguageChanged
    | InterviewSuspended
    | InterviewStopped
    | InterviewEnded
    | AnswersErased
)

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
    AnswersErased: "erased",
}
"""The kind under which each event is stored and exported. These texts never change."""
