"""Immutable rows of cases, contacts and leases that the store receives and returns."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

from survey_cli.fieldwork.case.events import NO_COLUMNS, HistoryEntry
from survey_cli.fieldwork.queue.queue_position import QueuePosition, QueueStatus
from survey_cli.values import Value

StoredCaseStatus: TypeAlias = QueueStatus | Literal["leased"]
"""Where a case is: as its standing says, or with a station."""


class ContactNumber(NamedTuple):
    """One of a person's telephone numbers; the case's history names it by its position alone."""

    position: int
    written: str
    """As it stood in the sample, or was typed."""
    e164: str
    """`+13125550100`: what is dialled."""
    display: str
    """As it is shown to the interviewer."""
    extension: str = ""


class Contact(NamedTuple):
    """Whatever tells who a case is. It is kept apart from everything else, under a link that says nothing."""

    link: str
    """Random text, given by whoever makes the contact."""
    name: str = ""
    columns: Mapping[str, Value] = NO_COLUMNS
    """The personal columns of the sample, typed."""
    numbers: tuple[ContactNumber, ...] = ()


class NewCase(NamedTuple):
    """A case that comes with a sample."""

    key: str
    entries: Sequence[HistoryEntry]
    """Its history so far: that it was sampled, numbers that are marked."""
    queue_position: QueuePosition
    """What this history comes to."""
    contact: Contact | None = None
    fingerprint: str = ""
    """A fingerprint of its row in the sample file, by which a later import knows what has changed."""


class Lease(NamedTuple):
    """A claim that expires."""

    token: str
    """Random text; who shows it writes to the case."""
    by: str
    station: str
    until: datetime


class LeaseHolder(NamedTuple):
    """Who has a case just now."""

    by: str
    station: str
    until: datetime


class CaseRow(NamedTuple):
    """Where one case stands. It all follows from its history; kept beside it for claiming and lists."""

    key: str
    ordinal: int
    """Its place in the sample, from 1."""
    seq: int
    """How many events it has."""
    position_seq: int
    """The event up to which its standing was worked out."""
    status: StoredCaseStatus
    status_after_lease: QueueStatus
    """Where it goes when its lease ends; else the same as `status`."""
    due_at: datetime | None
    bucket: str
    rank: str
    code: str
    outcome: str
    attempts: int
    why: str
    promised_at: datetime | None
    promised_until: datetime | None
    owner: str
    holder: LeaseHolder | None
    """The lease on it; it may have run out."""
    frame: str
    replicate: str
    fingerprint: str
    updated_at: datetime
    """When its last event happened."""


class CaseConflict(NamedTuple):
    """Somebody wrote to the case since it was read: nothing of ours was written."""

    key: str
    seq: int
    """The event that stands already."""
    kind: str
    by: str
    station: str
    at: datetime

    @property
    def message(self) -> str:
        """Who wrote to it."""
        return f"{self.by} has just written to this case"


class LeaseLost(NamedTuple):
    """The case is not with this station (any more): nothing was written."""

    key: str
    holder: LeaseHolder | None
    """Who has it now; None: nobody."""

    @property
    def message(self) -> str:
        """Who has the case now."""
        if self.holder is None:
            return "the case went back to the queue and others have called it since"
        return f"{self.holder.by} at station {self.holder.station} has this case now"


class LeaseToken(NamedTuple):
    """The lease under which a station writes to a case's interview: once another has the case, nothing is accepted."""

    case: str
    token: str


class CaseUpdate(NamedTuple):
    """What is written to one case, all or nothing: see `Cases.write`."""

    key: str
    seq: int
    """The event that is the last one so far."""
    entries: Sequence[HistoryEntry]
    queue_position: QueuePosition | None = None
    token: str | None = None
    force: bool = False
    release: bool = False
    renew_until: datetime | None = None
    contact: Contact | None = None
    fingerprint: str | None = None
    interview: str = ""
    """The interview whose places in the quotas are settled with it; empty: none."""
    cells: Sequence[str] = ()
    """The quota cells in which that interview counts from now on; it holds no other place."""
    follow_up_tasks: Sequence[str] = ()
    """Work outside of this database that follows: see `Cases.owed`."""


class ExpiredLease(NamedTuple):
    """A lease that ran out; the case is back where it was."""

    key: str
    by: str
    station: str
    until: datetime


class QueueHead(NamedTuple):
    """The case that comes first in a bucket, by what it sorts as."""

    bucket: str
    rank: str


class CaseSearchResult(NamedTuple):
    """A case found by a part of its key, of a name or of a number."""

    row: CaseRow
    name: str
    numbers: tuple[str, ...]
    """As they are shown."""


class CaseCounts(NamedTuple):
    """How many cases there are of each kind."""

    by_status: Mapping[str, int]
    by_outcome: Mapping[str, int]
    """The outcome keyed last; empty where nothing was keyed."""
    by_code: Mapping[str, int]


class ImportRow(NamedTuple):
    """A sample that was imported."""

    id: str
    at: datetime
    by: str
    file: str
    cases: int
