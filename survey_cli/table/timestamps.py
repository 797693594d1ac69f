"""Names of text columns that contain timestamps: date and time in UTC, to the second."""

from typing import Final

from survey_cli.values import Variable

LAST_ENTRY_COLUMN: Final = "interview_updated"
"""The column whose latest date and time a file is dated by."""
TIMESTAMP_COLUMNS: Final = frozenset(
    (
        *("interview_began", LAST_ENTRY_COLUMN, "at", "first_at", "last_at"),
        *("sitting_began", "sitting_ended", "case_first_call", "case_last_call"),
    )
)
"""The timestamps of interviews, answers, events, calls and cases."""


def is_timestamp(variable: Variable) -> bool:
    """Return whether a column contains timestamps."""
    return variable.role == "admin" and variable.storage == "text" and variable.name in TIMESTAMP_COLUMNS
