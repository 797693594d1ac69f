"""What can happen in an interview, as values that are kept for ever. Nothing here says what an event does.

An event is written once as JSON and read back equal; `EVENT_KINDS` lists the kinds that are stored.
"""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from survey_cli.values import Cell, Code, Missing, Place, Value

NO_WORDS: Mapping[Code, str] = MappingProxyType({})
NO_SAMPLE: Mapping[str, Value | Missing] = MappingProxyType({})
T = TypeVar("T", bound=tuple[Any, ...])


def distinct(kind: type[T]) -> type[T]:
    """A named tuple that equals only one of its own kind: what a respondent refused and what was noted may well hold the
    same three things."""

    def equal(one: T, other: object) -> bool:
        return one.__class__ is other.__class__ and tuple.__eq__(one, other)

    def unequal(one: T, other: object) -> bool:
        return not equal(one, other)

    kind.__eq__, kind.__ne__, kind.__hash__ = equal, unequal, tuple.__hash__  # type: ignore[method-assign, assignment]
    return kind


@distinct
class Stamp(NamedTuple):
    """When (aware, UTC), by whom and at which station."""

    at: datetime
    by: str
    station: str = ""


@distinct
class Sitting(NamedTuple):
    """What is true of one sitting: `{interviewer}` and `{daypart}` in texts are the latest sitting's."""

    interviewer: str
    daypart: str
    """Morning, afternoon or evening, as the respondent would say."""
    language: str


@distinct
class Began(NamedTuple):
    """The first event, and the only one that names the instrument."""

    stamp: Stamp
    instrument: str
    """The content hash of the instrument's full text."""
    seed: int
    case: str
    today: date
    """The day in the case's zone; `today()` keeps it whatever the day of a later sitting."""
    sitting: Sitting
    sample: Mapping[str, Value | Missing] = NO_SAMPLE
    rules: int = 2
    """Which rules of the route hold. Since 2 a question is passed over where none of its options is offered."""


@distinct
class Resumed(NamedTuple):
    """Another sitting begins; with `reopen` on an interview that had ended."""

    stamp: Stamp
    sitting: Sitting
    reopen: bool = False


@distinct
class Answered(NamedTuple):
    """The respondent answered (or, at a Read, the text was read: value None)."""

    stamp: Stamp
    place: Place
    value: Value | None = None
    words: Mapping[Code, str] = NO_WORDS
    """The words given with options that want words."""


@distinct
class Declined(NamedTuple):
    stamp: Stamp
    place: Place
    decline: str


@distinct
class LookedUp(NamedTuple):
    """The computer answered."""

    stamp: Stamp
    place: Place
    value: Cell
    of: int = 0
    """For a draw: from how many."""


@distinct
class WentTo(NamedTuple):
    """Back one, or to any place already asked (`jump`)."""

    stamp: Stamp
    place: Place
    jump: bool = False


@distinct
class Confirmed(NamedTuple):
    """A soft check or a `confirm` was answered with: it is so."""

    stamp: Stamp
    place: Place
    check: int
    """Which of the item's queries, from 0, `confirm` being the last."""
    reason: str = ""


@distinct
class Kept(NamedTuple):
    """The earlier answer stands."""

    stamp: Stamp
    place: Place


@distinct
class Noted(NamedTuple):
    """A remark of the interviewer's."""

    stamp: Stamp
    place: Place
    text: str
    replaces: int = 0
    """Where it is another text of a note: the number of the event that wrote the text before, from 1."""


@distinct
class Language(NamedTuple):
    """The interview goes on in another language."""

    stamp: Stamp
    language: str


@distinct
class Suspended(NamedTuple):
    """Put aside, to be resumed where it stands. `outcome` is set where an `end` item led here."""

    stamp: Stamp
    outcome: str = ""


@distinct
class Stopped(NamedTuple):
    """Ended by hand in the middle, with an outcome of the moment `interrupted`, `after` or `any`."""

    stamp: Stamp
    outcome: str


@distinct
class Ended(NamedTuple):
    """The route is at its end: `complete`, or the outcome of the `end` item that was reached; or a quota cell of the
    respondent is full, which ends an interview anywhere."""

    stamp: Stamp
    outcome: str


@distinct
class Erased(NamedTuple):
    """The tombstone: values left the journal at the respondent's wish or by retention; counts and times stay. What stands
    before it says too little to be judged again."""

    stamp: Stamp
    why: str
    left: Mapping[str, Cell] | None = None
    """By the name of its column what stays, where only what tells who it was had to go. None: nothing stays, and the
    interview has ended as withdrawn."""


Event: TypeAlias = (
    Began
    | Resumed
    | Answered
    | Declined
    | LookedUp
    | WentTo
    | Confirmed
    | Kept
    | Noted
    | Language
    | Suspended
    | Stopped
    | Ended
    | Erased
)

EVENT_KINDS: Final[Mapping[type[Any], str]] = {
    Began: "began",
    Resumed: "resumed",
    Answered: "answered",
    Declined: "declined",
    LookedUp: "lookedup",
    WentTo: "wentto",
    Confirmed: "confirmed",
    Kept: "kept",
    Noted: "noted",
    Language: "language",
    Suspended: "suspended",
    Stopped: "stopped",
    Ended: "ended",
    Erased: "erased",
}
"""The kind under which each event is stored and exported. These texts never change."""
