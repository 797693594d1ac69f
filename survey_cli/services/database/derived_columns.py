"""Comparison of an interview's stored row with the values that its journal gives."""

from survey_cli.engine.codec import encode_timestamp
from survey_cli.engine.events import OFFICE_EVENTS
from survey_cli.engine.interview import Interview
from survey_cli.store import ExportRow


def find_differences(interview: Interview, line: ExportRow) -> list[str]:
    """Return the names of the exported row's columns whose values differ from those of the journal."""
    last = next(event for event in reversed(interview.events) if not isinstance(event, OFFICE_EVENTS)).stamp
    compared = {
        "case_key": (line.case, interview.start.case),
        "status": (line.status, interview.status),
        "outcome": (line.outcome, interview.outcome),
        "began_at": (line.began_at, encode_timestamp(interview.start.stamp.at)),
        "updated_at": (line.updated_at, encode_timestamp(last.at)),
        "by": (line.by, last.by),
    }
    return [name for name, (stored, derived_value) in compared.items() if stored != derived_value]
