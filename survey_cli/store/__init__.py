"""How is it kept? One database per instrument: every event on the disk before the next question is shown.

It decides nothing: no routing, no scheduling, no labels of its own. What is expected (another station was
first) is returned; a broken world (a full disk, a damaged file) is a `StoreProblem` that says what happened
and what to do.
"""

from survey_cli.store.database import Store
from survey_cli.store.backends.errors import StoreProblem
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
    "StoreProblem",
    "Taken",
    "Whole",
]
