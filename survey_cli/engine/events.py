"""What can happen in an interview, as values that are kept for ever. Nothing here says what an event does.

An event is written once as JSON and read back equal; `kind` is the class's name in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias

from survey_cli.values import Cell, Code, Missing, Place, Value

NO_WORDS: Mapping[Code, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stamp:
    """When (aware, UTC), by whom and at which station."""

    at: datetime
    by: str
    station: str = ""


@dataclass(frozen=True, slots=True)
class Sitting:
    """What is true of one sitting: `{interviewer}` and `{daypart}` in texts are the latest sitting's."""

    interviewer: str
    daypart: str
    """Morning, afternoon or evening, as the respondent would say."""
    language: str


@dataclass(frozen=True, slots=True)
class Began:
    """The first event, and the only one that names the instrument."""

    stamp: Stamp
    instrument: str
    """The content hash of the instrument's full text."""
    seed: int
    case: str
    today: date
    """The day in the case's zone; `today()` keeps it whatever the day of a later sitting."""
    sitting: Sitting
    sample: Mapping[str, Value | Missing] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Resumed:
    """Another sitting begins; with `reopen` on an interview that had ended."""

    stamp: Stamp
    sitting: Sitting
    reopen: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """The respondent answered (or, at a Read, the text was read: value None)."""

    stamp: Stamp
    place: Place
    value: Value | None = None
    words: Mapping[Code, str] = field(default_factory=lambda: NO_WORDS)
    """The words given with options that want words."""


@dataclass(frozen=True, slots=True)
class Declined:
    stamp: Stamp
    place: Place
    decline: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """The computer answered."""

    stamp: Stamp
    place: Place
    value: Cell
    of: int = 0
    """For a draw: from how many."""


@dataclass(frozen=True, slots=True)
class WentTo:
    """Back one, or to any place already asked (`jump`)."""

    stamp: Stamp
    place: Place
    jump: bool = False


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A soft check or a `confirm` was answered with: it is so."""

    stamp: Stamp
    place: Place
    check: int
    """Which of the item's queries, from 0, `confirm` being the last."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """The earlier answer stands."""

    stamp: Stamp
    place: Place


@dataclass(frozen=True, slots=True)
class Noted:
    stamp: Stamp
    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Language:
    """The interview goes on in another language."""

    stamp: Stamp
    language: str


@dataclass(frozen=True, slots=True)
class Suspended:
    """Put aside, to be resumed where it stands. `outcome` is set where an `end` item led here."""

    stamp: Stamp
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Ended by hand in the middle, with an outcome of the moment `interrupted`, `after` or `any`."""

    stamp: Stamp
    outcome: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The route is at its end: `complete`, or the outcome of the `end` item that was reached."""

    stamp: Stamp
    outcome: str


@dataclass(frozen=True, slots=True)
class Erased:
    """The tombstone: values left the journal at the respondent's wish or by retention; counts and times stay."""

    stamp: Stamp
    why: str


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


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that was not accepted: nothing changed. `why` is one short line for the interviewer. (In this trade a
    *refusal* is an outcome and *refused* a missing value; this is neither.)"""

    why: str
