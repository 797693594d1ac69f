"""Immutable rows of interviews, instruments and snapshots that the store receives and returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from survey_cli.engine.events import InterviewEvent
from survey_cli.engine.machine import InterviewStatus
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import WITHDRAWN
from survey_cli.table import build_columns
from survey_cli.values import Cell, Variable

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseUpdate, LeaseToken

InterviewOrigin: TypeAlias = Literal["real", "practice", "simulated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRow:
    """An instrument as it was when its first interview began."""

    hash: str
    """The content hash of all its files."""
    id: str
    version: str
    """The designer's label; two texts may carry the same."""
    title: str
    texts: Mapping[str, str]
    """Every file's full text by its path inside the instrument's folder, the top file first."""
    variables: tuple[Variable, ...]
    """The columns of its data, in order."""
    kept_at: datetime

    @classmethod
    def from_instrument(cls, instrument: Instrument, *, kept_at: datetime) -> "InstrumentRow":
        """An instrument as it is kept."""
        return cls(
            hash=instrument.hash,
            id=instrument.id,
            version=instrument.version,
            title=str(instrument.title.get(instrument.language)),
            texts=instrument.texts,
            variables=build_columns(instrument),
            kept_at=kept_at,
        )


class InterviewRow(NamedTuple):
    """Where one interview stands. It can all be had by replaying the journal; kept beside it for lists and
    reports.
    """

    id: str
    case: str
    instrument: str
    """The content hash."""
    began_at: datetime
    by: str
    """Who wrote the last event; whoever erases is not named here."""
    updated_at: datetime
    """When the last event was written, that of an erasure left aside."""
    origin: InterviewOrigin = "real"
    number: int = 1
    """The how-manieth interview of this case."""
    status: InterviewStatus = "open"
    outcome: str = ""
    last_seq: int = 1
    at_item: str = ""
    """The place that is asked next, as it prints: `age#2`."""
    answered: int = 0
    """How many places hold an answer."""

    @property
    def is_erased(self) -> bool:
        """Whether its answers are erased: consent was withdrawn, or the person's data were erased."""
        return self.outcome == WITHDRAWN and not self.answered


@dataclass(frozen=True, slots=True)
class InterviewConflict:
    """Another station was first: this event, or this case, is theirs. Nothing of ours was written."""

    interview: str
    seq: int
    """The event that was written first."""
    by: str
    station: str
    at: datetime


class EntryDraft(NamedTuple):
    """What was being typed."""

    place: str
    text: str
    at: datetime


class Snapshot(NamedTuple):
    """The data derived from an interview's journal up to `seq`."""

    seq: int
    engine: str
    """The version of the engine that derived it."""
    cells: tuple[Cell, ...]
    """In the order of the instrument's variables. Personal ones read `not_asked` unless asked for."""


class JournalUpdate(NamedTuple):
    """Events that are appended to the journal of an interview, with what is written in the same transaction."""

    interview: str
    seq: int
    """Number of the first of the events."""
    events: Sequence[InterviewEvent]
    """An event, and those that follow from it by themselves. All are written, or none."""
    status: InterviewStatus
    """The status after the last event; so are the next three fields."""
    at_item: str
    answered: int
    outcome: str = ""
    fence: "LeaseToken | None" = None
    """The lease under which they are written; None for an interview without a case."""
    case: "CaseUpdate | None" = None
    """The update of the interview's case; where it cannot be written, nothing is."""
    snapshot: Snapshot | None = None
    instrument: str = ""
    """The content hash of the instrument, which a snapshot requires."""
    follow_up_tasks: Sequence[str] = ()
    """Work outside of this database that follows: see `FollowUpTasks`."""


class ExportRow(NamedTuple):
    """An interview for an export, as it is kept: moments and cells are texts that nobody has read yet."""

    id: str
    case: str
    number: int
    origin: str
    status: str
    outcome: str
    began_at: str
    updated_at: str
    by: str
    engine: str | None
    """The version of the engine that derived the cells."""
    cells: str | None
    """The row of its cells (see `engine.cell_texts`); None where the journal must be replayed."""


class StoredInterview(NamedTuple):
    """An interview with all that is derived from its journal, as it is stored."""

    interview: InterviewRow
    seq: int | None
    """Of which event the snapshot is; None where there is none."""
    engine: str | None
    cells: str | None
    details: str | None
    """The row of its personal cells."""
    digest_fits: bool
    """Row and snapshot have the digest that was written with them, or none was written."""
    details_digest_fits: bool


class WholeInterview(NamedTuple):
    """An interview that is kept all at once: an invented one, or one brought from elsewhere."""

    interview: InterviewRow
    events: Sequence[InterviewEvent]
    """The whole journal; the first is event 1."""
    snapshot: Snapshot | None = None
