"""Immutable rows of interviews, instruments and snapshots that the store receives and returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from survey_cli.engine.events import InterviewEvent
from survey_cli.engine.machine import InterviewStatus
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.outcomes import WITHDRAWN
from survey_cli.table.columns import build_columns
from survey_cli.values import Cell, Variable

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseUpdate, LeaseToken

InterviewOrigin: TypeAlias = Literal["real", "practice", "simulated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentRow:
    """One version of the questionnaire, as it was when its first interview was started."""

    hash: str
    """The content hash of all its files."""
    id: str
    version: str
    """The label that the designer gave it; two texts may have the same."""
    title: str
    texts: Mapping[str, str]
    """The full text of each file by its path in the instrument's folder, the top file first."""
    variables: tuple[Variable, ...]
    """The columns of its data, in order."""
    kept_at: datetime

    @classmethod
    def from_instrument(cls, instrument: Instrument, *, kept_at: datetime) -> "InstrumentRow":
        """Build the row of an instrument."""
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
    """Current state of one interview. It is derived from the journal and stored beside it for lists and reports."""

    id: str
    case: str
    instrument: str
    """The content hash of its version."""
    began_at: datetime
    by: str
    """The author of the last event that is neither an erasure nor a migration."""
    updated_at: datetime
    """When the last event that is neither an erasure nor a migration was written."""
    origin: InterviewOrigin = "real"
    number: int = 1
    """Its number among the interviews of the case, from 1."""
    status: InterviewStatus = "open"
    outcome: str = ""
    last_seq: int = 1
    at_item: str = ""
    """The place that is asked next, as it is printed: `age#2`."""
    answered: int = 0
    """Number of places with an answer."""

    @property
    def is_erased(self) -> bool:
        """Whether its answers are erased: consent was withdrawn, or the data of the person were erased."""
        return self.outcome == WITHDRAWN and not self.answered


@dataclass(frozen=True, slots=True)
class InterviewConflict:
    """Another station wrote this event, or started this interview of the case, first. Nothing was written now."""

    interview: str
    seq: int
    """The event that was written first."""
    by: str
    station: str
    at: datetime


class EntryDraft(NamedTuple):
    """What was being typed at a place."""

    place: str
    text: str
    at: datetime


class Snapshot(NamedTuple):
    """The data derived from an interview's journal up to `seq`."""

    seq: int
    engine: str
    """Version of the engine that derived it."""
    cells: tuple[Cell, ...]
    """In the order of the instrument's variables. Personal ones are `not_asked` unless they are requested."""


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


class MigrationUpdate(NamedTuple):
    """The event that takes an interview to another version, with all that is written in the same transaction."""

    journal: JournalUpdate
    row: InterviewRow
    """The row before."""
    drops_draft: bool = False
    """What was being typed is for an item that the new version does not ask."""
    quota_targets: Mapping[str, int] = MappingProxyType({})
    """The quota cells of its answers, with their targets: a place that it has reserved elsewhere is dropped."""


class ExportRow(NamedTuple):
    """An interview for an export as it is stored: times and cells are texts that are not decoded."""

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
    """Version of the engine that derived the cells."""
    cells: str | None
    """Its cells as one text (see `table.encoded_cells`); None where the journal must be replayed."""


class StoredInterview(NamedTuple):
    """An interview with all stored data that is derived from its journal."""

    interview: InterviewRow
    seq: int | None
    """The last event in the snapshot; None where there is no snapshot."""
    engine: str | None
    cells: str | None
    details: str | None
    """Its personal cells as one text."""
    digest_fits: bool
    """Whether row and snapshot have the digest that was written with them, or none was written."""
    details_digest_fits: bool


class WholeInterview(NamedTuple):
    """An interview that is added as a whole: a simulated one, or one from another database."""

    interview: InterviewRow
    events: Sequence[InterviewEvent]
    """The whole journal; the first is event 1."""
    snapshot: Snapshot | None = None
