"""Immutable rows of interviews, instruments and snapshots that the store receives and returns.

With their encoding as database columns, and the digests of rows.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.engine.events import InterviewEvent
from survey_cli.engine.interview import RULES_VERSION, Interview
from survey_cli.engine.machine import InterviewStatus
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.editions import FIRST_EDITION
from survey_cli.instrument.open_instrument import StoredText
from survey_cli.outcomes import WITHDRAWN
from survey_cli.store.interviews.statements import sql
from survey_cli.table.columns import build_columns, build_row
from survey_cli.values import Cell, Variable

if TYPE_CHECKING:
    from survey_cli.store.cases.case_records import CaseUpdate, LeaseToken


InterviewOrigin: TypeAlias = Literal["real", "practice", "simulated", "imported"]


class InstrumentRow(NamedTuple):
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
    edition: int = FIRST_EDITION
    """The edition of the language in which it is written."""

    @property
    def stored_text(self) -> StoredText:
        """What the version is rebuilt from."""
        return StoredText(self.hash, self.texts, self.edition)

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
            edition=instrument.edition,
        )


class InterviewRow(NamedTuple):
    """Current state of one interview.

    It is derived from the journal and stored beside it for lists and reports.
    """

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

    @classmethod
    def from_interview(
        cls, interview: Interview, id: str, origin: InterviewOrigin
    ) -> "InterviewRow":
        """Build the row of an interview with this id as it is now."""
        start = interview.start
        last = interview.events[-1].stamp
        return cls(
            id=id,
            case=start.case,
            instrument=interview.instrument.hash,
            began_at=start.stamp.at,
            by=start.stamp.by,
            updated_at=last.at,
            origin=origin,
            status=interview.status,
            outcome=interview.outcome,
            last_seq=interview.seq,
            at_item=str(interview.place or ""),
            answered=interview.answer_count,
        )

    @property
    def is_erased(self) -> bool:
        """Whether its answers are erased, because the person withdrew consent or was erased."""
        return self.outcome == WITHDRAWN and not self.answered


class InterviewConflict(NamedTuple):
    """Another station wrote this event, or started this interview of the case, first.

    Nothing was written now.
    """

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
    """In the order of the instrument's variables. Personal ones are `not_asked` unless they are
    requested."""

    @classmethod
    def from_interview(cls, interview: Interview) -> "Snapshot":
        """Derive the data of an interview as it is now."""
        return cls(interview.seq, str(RULES_VERSION), build_row(interview))


class JournalUpdate(NamedTuple):
    """Events for the journal of an interview, with what is written in the same transaction."""

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
    """Work outside of this database that follows: see `backends.settings`."""

    @classmethod
    def from_interview(
        cls,
        id: str,
        interview: Interview,
        events: Sequence[InterviewEvent],
        *,
        closed: bool,
        **others: Any,
    ) -> "JournalUpdate":
        """Build the update by whose events an interview has come to its present state.

        Its data are written with them if it is `closed`; `others` are further fields.
        """
        snapshot = None
        if closed:
            snapshot = Snapshot.from_interview(interview)
        return cls(
            interview=id,
            seq=interview.seq - len(events) + 1,
            events=events,
            status=interview.status,
            at_item=str(interview.place or ""),
            answered=interview.answer_count,
            outcome=interview.outcome,
            snapshot=snapshot,
            instrument=interview.instrument.hash,
            **others,
        )


class OfficeUpdate(NamedTuple):
    """An event that the office adds to an interview, with what is written together with it."""

    journal: JournalUpdate
    """Its snapshot is None where the interview's data stay as they are."""
    row: InterviewRow
    """The row before."""
    drops_draft: bool = False
    """What was being typed is for an item that a new version does not ask."""
    quota_targets: Mapping[str, int] | None = None
    """The quota cells of its answers in a new version, with their targets: a place that it has
    reserved elsewhere is dropped."""


class ExportRow(NamedTuple):
    """An interview for an export as it is stored: its times and cells are encoded texts."""

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
    """Its cells as one text (see `table.encoded_cells`); None where the journal must be
    replayed."""
    language: str = ""
    """The language in which it was conducted last."""


_LANGUAGE: Final = re.compile(r'"language":"([^"\\]*)"')


def find_language(payload: str | None) -> str:
    """Find the language in an event that begins a session, or changes the language.

    The context of a session comes before the sample columns, of which one may have the same name.
    """
    found = _LANGUAGE.search(payload or "")
    if found is None:
        return ""
    return found[1]


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

    @classmethod
    def from_interview(
        cls, interview: Interview, id: str, origin: InterviewOrigin
    ) -> "WholeInterview":
        """Build an interview that is added as it is now, under this id."""
        row = InterviewRow.from_interview(interview, id, origin)
        return cls(row, interview.events, Snapshot.from_interview(interview))


def _encode_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode_texts(texts: Mapping[str, str]) -> str:
    """Encode the texts of files as JSON.

    A file name that is not UTF-8 is escaped, and decoded as the same name.
    """
    text = _encode_json(dict(texts))
    if _is_encodable(text):
        return text
    return json.dumps(dict(texts))  # with escapes, as neither engine stores lone surrogates


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode_texts(text: str) -> dict[str, str]:
    """Decode the texts of files from JSON."""
    texts: dict[str, str] = json.loads(text)
    return texts


def encode_interview(row: InterviewRow) -> tuple[str | int, ...]:
    """Encode the row of an interview in the order of `statements.INTERVIEW_COLUMNS`."""
    return (
        *row[:3],
        encode_timestamp(row.began_at),
        row.by,
        encode_timestamp(row.updated_at),
        *row[6:],
    )


def encode_interview_head(row: InterviewRow) -> tuple[str | int, ...]:
    """Encode the columns of an interview that an export has, in the order of `ExportRow`."""
    began_at = encode_timestamp(row.began_at)
    updated_at = encode_timestamp(row.updated_at)
    return (
        row.id,
        row.case,
        row.number,
        row.origin,
        row.status,
        row.outcome,
        began_at,
        updated_at,
        row.by,
    )


def decode_interview(row: Sequence[Any]) -> InterviewRow:
    """Decode a row with the columns of `statements.INTERVIEW_COLUMNS`."""
    interview, case, instrument, began_at, by, updated_at, *rest = row
    return InterviewRow(
        interview,
        case,
        instrument,
        decode_timestamp(began_at),
        by,
        decode_timestamp(updated_at),
        *rest,
    )


def _keep(value: Any) -> Any:
    return value


def _encode_option(option: object) -> str | None:
    if option is None:
        return None
    return _encode_json(option)


def _decode_option(text: str | None) -> Any:
    if text is None:
        return None
    return json.loads(text)


_VARIABLE_CODECS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]] = {
    # Pairs, not an object, as `8` and `"8"` are different codes.
    "labels": (
        lambda labels: _encode_json(list(labels.items())),
        lambda text: dict(json.loads(text)),
    ),
    "user_missing": (_encode_json, lambda text: tuple(json.loads(text))),
    "declines": (
        lambda declines: _encode_json({name: list(decline) for name, decline in declines.items()}),
        lambda text: {
            decline: (code, words) for decline, (code, words) in json.loads(text).items()
        },
    ),
    "option": (_encode_option, _decode_option),
    "personal": (int, bool),
}
"""How the fields of a variable that are not stored as they are become a column, and a column the
field."""
_VARIABLE_FIELDS: Final = tuple(
    (name, *_VARIABLE_CODECS.get(name, (_keep, _keep))) for name in sql.VARIABLE_COLUMNS.split(", ")
)


def encode_variable(variable: Variable) -> tuple[str | int | None, ...]:
    """Encode a variable in the order of `statements.VARIABLE_COLUMNS`."""
    return tuple(encode(getattr(variable, name)) for name, encode, _ in _VARIABLE_FIELDS)


def decode_variable(row: Sequence[Any]) -> Variable:
    """Decode a row with the columns of `statements.VARIABLE_COLUMNS`."""
    fields = {}
    for (name, _, decode), column in zip(_VARIABLE_FIELDS, row, strict=True):
        fields[name] = decode(column)
    return Variable(**fields)


def compute_digest(columns: Sequence[object]) -> str:
    """Return the digest of some columns in their order, 32 hexadecimal digits.

    It reveals damage and manual edits. It does not protect against deliberate ones, as anybody can
    compute it.
    """
    text = "\0".join(str(column) for column in columns)
    # a file name that is not UTF-8 has lone surrogates, which UTF-8 refuses by itself
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
