"""Date on which a case was finished, from which retention periods run."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.scheduling import schedule_case


def find_done_time(case: Case, plan: Plan, last: datetime, at: datetime) -> datetime | None:
    """Return when a case was done; None where it may still be called.

    This is its last event, at `last`, or the study's last day where it was still open then.
    """
    if schedule_case(case, plan, last).status == "done":
        return last
    study_end = find_study_end(plan)
    return max(last, study_end) if study_end is not None and study_end <= at else None


def find_study_end(plan: Plan) -> datetime | None:
    """Return the midnight after the study's last day, in UTC; None where it has no last day."""
    day = plan.calendar.ends
    if day is None:
        return None
    zone = ZoneInfo(plan.zone) if plan.zone else UTC
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
