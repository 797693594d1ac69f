"""Places in quota cells that an unfinished interview keeps while its case waits for the next call.

A respondent who refused or broke off keeps none, so that another respondent can have them at once.
Anybody else keeps them for the plan's `quota_hold`. Pure: every time is an argument. See decision
0022.
"""

from datetime import datetime
from typing import Final

from survey_cli.fieldwork.case import disposition_coding as coding
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.outcomes import FINAL_REFUSALS, REFUSAL_OUTCOMES

REFUSALS: Final = REFUSAL_OUTCOMES | FINAL_REFUSALS


def has_refused(case: Case, plan: Plan) -> bool:
    """Return whether the respondent has refused or broken off since the interview was left."""
    return _find_refusal_time(case, plan) is not None


def find_release_time(case: Case, plan: Plan) -> datetime | None:
    """Return when the unfinished interview of a case gives its places back.

    None while it is being conducted, and if the case has no unfinished interview.
    """
    left_at = _find_time_left(case)
    if left_at is None:
        return None
    refused_at = _find_refusal_time(case, plan)
    lapses_at = left_at + plan.quota_hold
    if refused_at is None:
        return lapses_at
    return min(refused_at, lapses_at)


def keeps_places(case: Case, plan: Plan, at: datetime) -> bool:
    """Return whether the case has an unfinished interview that keeps its places at this time."""
    if not case.has_unfinished_interview:
        return False
    released_at = find_release_time(case, plan)
    return released_at is None or at < released_at


def _find_time_left(case: Case) -> datetime | None:
    """Return when the interview was left that waits to be resumed; None if none waits."""
    if not case.has_unfinished_interview:
        return None
    return case.interview_left_at


def _find_refusal_time(case: Case, plan: Plan) -> datetime | None:
    """Return the time of the first refusal since the interview was left; None if nobody refused."""
    left_at = _find_time_left(case)
    if left_at is None:
        return None
    for call in case.calls:
        # the call in which the interview was left ends at that time
        if call.at >= left_at and coding.classify_outcome(call, plan) in REFUSALS:
            return call.at
    return None
