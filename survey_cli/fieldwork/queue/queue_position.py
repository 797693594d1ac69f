"""The queue position of a case as it is stored; `scheduling` derives it."""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

QueueStatus: TypeAlias = Literal["unreleased", "ready", "waiting", "held", "done"]
"""Unreleased: its replicate is not released yet. Ready and waiting: due now, due later. Held: a supervisor must
answer, or give it a number or a zone. Done: never called again, unless a supervisor reopens it."""


class QueuePosition(NamedTuple):
    """The position of a case in the queue, derived from its history and stored beside it for claiming."""

    status: QueueStatus
    due_at: datetime | None
    """When it may be called, by delays, limits and appointments; hours belong to the bucket. None: never. It is not
    later than the study's last open hour."""
    bucket: str
    """The text of its claim criteria."""
    rank: str
    """A sort key for the order of calling; its first letter is the class: 1 appointments, 2 interrupted, 4 all
    others."""
    code: str
    """Its AAPOR code if fieldwork ended now."""
    outcome: str
    """The last outcome, or the supervisor's override."""
    attempts: int
    """The attempts that count toward the limit, including those before a supervisor reopened it."""
    why: str
    """The reason for the status; empty where it is due."""
    promised_at: datetime | None = None
    promised_until: datetime | None = None
    owner: str = ""
    """The owner of its appointment."""
