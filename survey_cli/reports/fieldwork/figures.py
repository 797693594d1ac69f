"""List of the figures of fieldwork, in the order of the glossary.

A figure is defined beside the function that counts it.
"""

from typing import Final

from survey_cli.fieldwork import shifts
from survey_cli.fieldwork.case import activity
from survey_cli.fieldwork.plan import plan
from survey_cli.fieldwork.queue import call_order
from survey_cli.figures import NamedFigure
from survey_cli.reports.fieldwork import pace, status

FIGURES: Final[tuple[NamedFigure, ...]] = (
    status.COMPLETE,
    status.PARTIAL,
    call_order.CALLABLE_NOW,
    status.WAITING,
    status.PARKED,
    status.AT_STATIONS,
    status.DONE,
    plan.COUNTED,
    plan.IN_PROGRESS,
    pace.PACE,
    pace.EXPECTED,
    activity.CALLS,
    activity.ATTEMPTS,
    activity.ATTEMPTS_ANSWERED,
    activity.COMPLETED,
    activity.REFUSALS,
    activity.REFUSAL_SHARE,
    activity.HOURS_ON_CASES,
    shifts.SHARE_ON_CASES,
    shifts.PAID_TIME,
    shifts.WORKING_TIME,
    status.DEAD_NUMBERS,
    status.CLOSED_NUMBERS,
    status.LISTED_NUMBERS,
)
