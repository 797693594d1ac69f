"""From when on is nobody called any more? A time for which names may be kept runs from there."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.rules import standing


def done_since(case: Case, plan: Plan, last: datetime, at: datetime) -> datetime | None:
    """When a case was done: at its last event, or with the study's last day where it was still open then. None: it may be
    called yet. `last` is the moment of its last event."""
    if standing(case, plan, last).status == "done":
        return last
    over = study_over(plan)
    return max(last, over) if over is not None and over <= at else None


def study_over(plan: Plan) -> datetime | None:
    """The midnight after the study's last day, in its zone, in UTC; None where it names no last day."""
    day = plan.calendar.ends
    if day is None:
        return None
    zone = ZoneInfo(plan.zone) if plan.zone else UTC
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
