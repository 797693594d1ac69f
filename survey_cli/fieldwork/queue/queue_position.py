"""The queue position of a case as it is stored; `scheduling` derives it."""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

QueueStatus: TypeAlias = Literal["unreleased", "ready", "waiting", "held", "done"]
"""Unreleased: its replicate is not in the field yet. Ready and waiting: due now, due later. Held: a supervisor must
answer, or give it a number or a zone. Done: never called again, unless a supervisor puts it back."""


class QueuePosition(NamedTuple):
    """Where a case stands in the queue. All of it is derived from its history, and kept beside it for claiming."""

    status: QueueStatus
    due_at: datetime | None
    """From when it may be called, as far as delays, limits and promises go; hours are the bucket's. None: never. It is
    never after the study's last open hour."""
    bucket: str
    """The kind of moment and interviewer it wants: see `buckets`."""
    rank: str
    """Sorts as the cases are called; its first letter is the class: 1 promises, 2 interrupted, 4 all others."""
    code: str
    """Its AAPOR code were the field closed now."""
    outcome: str
    """The outcome keyed last, or a supervisor's."""
    attempts: int
    """As the limit counts them, those before a supervisor put it back among them."""
    why: str
    """Why it is done, held or due only later; empty where it is due."""
    promised_at: datetime | None = None
    promised_until: datetime | None = None
    owner: str = ""
    """Whose promise it is."""
