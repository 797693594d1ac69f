"""Immutable rows of cases, contacts and leases, and how they become database columns."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from survey_cli.engine.codec import decode_timestamp, encode_timestamp
from survey_cli.fieldwork.case.codec import (
    decode_case_event,
    decode_value,
    encode_case_event,
    encode_other,
)
from survey_cli.fieldwork.case.events import NO_COLUMNS, HistoryEntry
from survey_cli.fieldwork.plan.plan import QUEUE_RULES_EDITION
from survey_cli.fieldwork.queue.reason_codec import decode_reason, encode_reason
from survey_cli.fieldwork.queue.scheduling import QueuedCase, QueuePosition, QueueStatus
from survey_cli.values import Value

StoredCaseStatus: TypeAlias = QueueStatus | Literal["leased"]
"""The status of a case: that of its queue position, or `leased` while a station has it."""


class ContactNumber(NamedTuple):
    """One of a person's telephone numbers; the case's history names it by its position alone."""

    position: int
    written: str
    """As written in the sample, or typed."""
    e164: str
    """What is dialed: `+13125550100`."""
    display: str
    """As displayed to the interviewer."""
    extension: str = ""


class Contact(NamedTuple):
    """Whatever identifies the person of a case.

    It is stored apart from everything else, under a random link.
    """

    link: str
    """Random text, chosen by the code that creates the contact."""
    name: str = ""
    columns: Mapping[str, Value] = NO_COLUMNS
    """The personal columns of the sample, typed."""
    numbers: tuple[ContactNumber, ...] = ()


class NewCase(NamedTuple):
    """A case of an imported sample."""

    key: str
    entries: Sequence[HistoryEntry]
    """Its history so far: the sampling, numbers that are marked."""
    queue_position: QueuePosition
    """The queue position that follows from this history."""
    contact: Contact | None = None
    fingerprint: str = ""
    """A fingerprint of its row in the sample file, by which a later import knows what has
    changed."""


class Lease(NamedTuple):
    """A claim that expires."""

    token: str
    """Random text; its holder may write to the case."""
    by: str
    station: str
    until: datetime


class LeaseHolder(NamedTuple):
    """The current holder of a case."""

    by: str
    station: str
    until: datetime


class CaseRow(NamedTuple):
    """Current state of one case.

    It is derived from the history and stored beside it for claiming and lists.
    """

    key: str
    ordinal: int
    """Its position in the sample, from 1."""
    seq: int
    """Number of its events."""
    position_seq: int
    """The event up to which its queue position was computed."""
    status: StoredCaseStatus
    position: QueuePosition
    """Its queue position, to which it returns after its lease ends; the same status while it is not
    leased."""
    holder: LeaseHolder | None
    """The holder of its lease, which may have expired."""
    frame: str
    replicate: str
    fingerprint: str
    updated_at: datetime
    """When its last event happened."""
    activity_seq: int
    """The event up to which its part of the live counts was computed."""
    rules: int | None
    """The edition of the rules by which its queue position was computed; 0 for those of an earlier
    version that does not name them, None for those that the setting `plan` names."""

    @property
    def is_outdated(self) -> bool:
        """Whether its queue position was computed by the rules of an earlier version."""
        return self.rules is not None and self.rules < QUEUE_RULES_EDITION


class CaseConflict(NamedTuple):
    """Another station has written to the case since it was read: nothing was written now."""

    key: str
    seq: int
    """The event that was written first."""
    kind: str
    by: str
    station: str
    at: datetime

    @property
    def message(self) -> str:
        """Message that says who wrote to it."""
        return f"{self.by} has just written to this case"


class LeaseLost(NamedTuple):
    """This station does not have the lease of the case: nothing was written."""

    key: str
    holder: LeaseHolder | None
    """Its current holder, if any."""

    @property
    def message(self) -> str:
        """Message that says who has the case now."""
        if self.holder is None:
            return (
                "the case went back to the queue: a supervisor freed it, or others have called it"
                " since"
            )
        return f"{self.holder.by} at station {self.holder.station} has this case now"

    def describe(self, by: str, station: str) -> str:
        """Describe who has the case now, to the person at the station that lost it."""
        holder = self.holder
        if holder is not None and (holder.by, holder.station) == (by, station):
            return "you opened this station once more, and go on with this case there"
        return self.message


class LeaseToken(NamedTuple):
    """The lease under which a station writes to a case's interview.

    Writes under another lease are refused.
    """

    case: str
    token: str


class CaseUpdate(NamedTuple):
    """Events that are added to the history of a case, with all that follows from them.

    All are written, or none.

    It is refused with LeaseLost where the case has another lease, and with CaseConflict where event
    `seq` is not its last one. Entries that are in the history already, by their keys, are not
    written twice, whatever happened since.
    """

    key: str
    seq: int
    """Number of the last event so far."""
    entries: Sequence[HistoryEntry]
    queue_position: QueuePosition | None = None
    """The queue position after these events; while the case stays leased, that to which it
    returns."""
    token: str | None = None
    """The token of the lease. None: a supervisor writes, while no station has the case."""
    force: bool = False
    """A supervisor writes although a station has the case; that station's next update is then
    refused."""
    release: bool = False
    """End the lease; with `force` also another station's."""
    if_expired_at: datetime | None = None
    """Write only if the lease has expired by this time: a station that was silent may have renewed
    it meanwhile."""
    renew_until: datetime | None = None
    """Extend the lease until then."""
    contact: Contact | None = None
    """The contact that replaces the present one."""
    fingerprint: str | None = None
    """The fingerprint that replaces the present one of the sample row."""
    places: tuple[str, Sequence[str]] = ("", ())
    """The interview whose quota places are updated with it, empty for none, and the cells in which
    it counts from now on. Its other places are dropped."""
    follow_up_tasks: Sequence[str] = ()
    """Work outside of this database that follows: see `backends.settings`."""


class HeldPlace(NamedTuple):
    """A quota place that an interview holds."""

    case: str
    interview: str
    cell: str
    at_station: bool
    """A station has the case."""


class QueueHead(NamedTuple):
    """The first case of a bucket, by its sort key."""

    bucket: str
    rank: str


class CaseSearchResult(NamedTuple):
    """A case found by part of its key, name or number."""

    row: CaseRow
    name: str
    numbers: tuple[str, ...]
    """As they are displayed."""


class ImportRow(NamedTuple):
    """A sample that was imported."""

    id: str
    at: datetime
    by: str
    file: str
    cases: int


SPELLINGS: Final = (
    ("’", "'"), ("‘", "'"), ("ʼ", "'"), ("`", "'"),
    ("ł", "l"), ("ø", "o"), ("đ", "d"), ("ð", "d"), ("ı", "i"), ("æ", "a"), ("œ", "o"),
    ("aa", "a"), ("ae", "a"), ("oe", "o"), ("ue", "u"),
)  # fmt: skip
"""Spellings that a search takes for the same: Łukasz and Lukasz, Müller (stored as muller) and
Mueller, O’Brien and O'Brien. Each is replaced in this order."""


def _encode_optional_time(at: datetime | None) -> str | None:
    if at is None:
        return None
    return encode_timestamp(at)


def _decode_optional_time(text: str | None) -> datetime | None:
    if text is None:
        return None
    return decode_timestamp(text)


def encode_queue_position(position: QueuePosition) -> tuple[str | int | None, ...]:
    """Encode a queue position that this program has computed, with the edition of its rules."""
    return (
        position.status,
        _encode_optional_time(position.due_at),
        position.bucket,
        position.rank,
        position.code,
        position.outcome,
        position.attempts,
        encode_reason(position.reason),
        _encode_optional_time(position.promised_at),
        _encode_optional_time(position.promised_until),
        position.owner,
        position.activity,
        QUEUE_RULES_EDITION,
    )


def encode_lease(lease: Lease) -> tuple[str, str, str, str]:
    """Encode a lease: token, interviewer, station, end."""
    return lease.token, lease.by, lease.station, encode_timestamp(lease.until)


def decode_case_row(row: Sequence[Any]) -> CaseRow:
    """Decode a row with the columns of `case_statements.ROW_COLUMNS`."""
    key, ordinal, seq, position_seq, status, *position_columns = row[:17]
    by, station, until, frame, replicate, mark, updated_at, counted, rules = row[17:]
    position = _decode_queue_position(position_columns)

    holder = None
    if until is not None:
        holder = LeaseHolder(by, station, decode_timestamp(until))

    # a case of an import that is being settled counts as what it will be
    if status == "arriving":
        status = position.status

    return CaseRow(
        key=key,
        ordinal=ordinal,
        seq=seq,
        position_seq=position_seq,
        status=status,
        position=position,
        holder=holder,
        frame=frame,
        replicate=replicate,
        fingerprint=mark,
        updated_at=decode_timestamp(updated_at),
        activity_seq=counted,
        rules=rules,
    )


def _decode_queue_position(columns: Sequence[Any]) -> QueuePosition:
    """Decode what `encode_queue_position` returns, without the edition."""
    status, due_at, bucket, rank, code, outcome, attempts, reason, *appointment = columns
    promised_at, promised_until, owner, activity = appointment
    return QueuePosition(
        status=status,
        due_at=_decode_optional_time(due_at),
        bucket=bucket,
        rank=rank,
        code=code,
        outcome=outcome,
        attempts=attempts,
        reason=decode_reason(reason),
        promised_at=_decode_optional_time(promised_at),
        promised_until=_decode_optional_time(promised_until),
        owner=owner,
        activity=activity,
    )


def decode_queued_case(row: Sequence[Any]) -> QueuedCase:
    """Decode a row with the fields of `QueuedCase`."""
    rank, key, seq, bucket, promised_at = row
    return QueuedCase(rank, key, seq, bucket, _decode_optional_time(promised_at))


def decode_search_result(row: Sequence[Any]) -> CaseSearchResult:
    """Decode the columns of `case_statements.ROW_COLUMNS`, then the details of the contact.

    The details are empty if the contact was erased.
    """
    *columns, details = row
    contact = Contact("")
    if details:
        contact = decode_contact("", details)

    numbers = tuple(number.display for number in contact.numbers)
    return CaseSearchResult(decode_case_row(columns), contact.name, numbers)


def encode_entry(entry: HistoryEntry) -> tuple[str, str, str, str, str, str]:
    """Encode an entry: kind, payload, at, by, station, key."""
    kind, payload = encode_case_event(entry.event)
    return kind, payload, encode_timestamp(entry.at), entry.by, entry.station, entry.key


def decode_entry(row: Sequence[Any]) -> HistoryEntry:
    """Decode an entry from the columns that `encode_entry` returns."""
    kind, payload, at, by, station, key = row
    return HistoryEntry(decode_timestamp(at), by, station, decode_case_event(kind, payload), key)


def decode_histories(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[str, list[HistoryEntry]]]:
    """Decode entries, sorted by their cases, into keys and histories. A row begins with the key."""
    for key, entries in groupby(rows, key=itemgetter(0)):
        yield key, [decode_entry(row[1:]) for row in entries]


def encode_contact(contact: Contact) -> tuple[str, str, str, str]:
    """Encode a contact: its link, its fields as JSON, and the digits and words of a search."""
    fields = {
        "name": contact.name,
        "columns": dict(contact.columns),
        "numbers": list(contact.numbers),
    }
    details = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), default=encode_other)

    digits = " ".join(extract_digits(number.e164) for number in contact.numbers)

    column_words = [value for value in contact.columns.values() if isinstance(value, str)]
    words = [contact.name, *column_words]
    folded_words = "\n".join(fold_text(word) for word in words if word)

    return contact.link, details, digits, folded_words


def decode_contact(link: str, details: str) -> Contact:
    """Decode a contact from its link and its JSON."""
    fields = json.loads(details)
    return Contact(
        link=link,
        name=fields["name"],
        columns={name: decode_value(value) for name, value in fields["columns"].items()},
        numbers=tuple(ContactNumber(*number) for number in fields["numbers"]),
    )


def extract_digits(text: str) -> str:
    """Return the digits of a text as ASCII digits."""
    digits = [letter for letter in text if letter.isdecimal()]
    # `int` reads the digits of every script, such as those of a sample in Arabic
    return "".join(str(int(digit)) for digit in digits)


def fold_text(text: str) -> str:
    """Return a text in the form in which texts are compared: lower case, without accents."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def unify_spelling(folded_text: str) -> str:
    """Return a folded text with each of the `SPELLINGS` replaced."""
    text = folded_text
    for spelling, replacement in SPELLINGS:
        text = text.replace(spelling, replacement)
    return text
