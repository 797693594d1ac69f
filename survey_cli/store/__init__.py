"""The store: one database per study on SQLite or PostgreSQL. An event is durable before the next prompt is shown.

It decides nothing: no routing, no scheduling, no labels of its own. What is expected (another station was first) is
returned; a broken disk, file or server is raised as a `StoreError`.
"""

from survey_cli.store.backends.errors import StoreError
from survey_cli.store.database import Store
from survey_cli.store.interviews.records import (
    Draft,
    InstrumentRow,
    InterviewRow,
    Line,
    Origin,
    Snapshot,
    Status,
    Taken,
    Whole,
)

__all__ = [
    "Draft",
    "InstrumentRow",
    "InterviewRow",
    "Line",
    "Origin",
    "Snapshot",
    "Status",
    "Store",
    "StoreError",
    "Taken",
    "Whole",
]
