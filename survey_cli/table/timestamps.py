"""Names of text columns that contain timestamps: date and time in UTC, to the second."""

from typing import Final

from survey_cli.values import Variable

LAST_ENTRY_COLUMN: Final = "interview_updated"
"""The column by whose latest moment a file is dated."""
TIMESTAMP_COLUMNS: Final = frozenset(
    (
        *("interview_began", LAST_ENTRY_COLUMN, "at", "first_at", "last_at"),
        *("sitting_began", "sitting_ended", "case_first_call", "case_last_call"),
    )
)
"""What is known of interviews, answers, events, calls and cases as moments: texts, UTC, to the second."""


def is_timestamp(variable: Variable) -> bool:
    """Whether a text is a moment."""
    return variable.role == "admin" and variable.storage == "text" and variable.name in TIMESTAMP_COLUMNS
