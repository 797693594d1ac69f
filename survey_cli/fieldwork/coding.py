"""Under which code does a case count, were the field closed now? By precedence over all that happened to it.

It decides nothing about calling again. Codes are those of AAPOR's Standard Definitions (see `dispositions`).
"""

from datetime import datetime
from typing import Final, NamedTuple

from survey_cli.fieldwork.case import Call, Case
from survey_cli.fieldwork.plan import Plan, Point
from survey_cli.fieldwork.progress import Progress
from survey_cli.outcomes import Outcome

NEVER_DIALLED: Final = {"list": "2.20", "establishment": "2.20", "rdd": "3.11"}
NO_NUMBER_LEFT: Final = "3.90"
"""Every number of a known unit is dead: nothing says that the unit is not there, so it stays in the denominator. AAPOR
gives lists no code of their own for it; 3.90 is `other, unknown`, which counts as the rates want it."""
NOT_SCREENED: Final = "3.21"
OF_THE_NUMBER: Final = frozenset({"4.20", "4.32", "4.41", "4.51", "dead"})
"""What is wrong with a number holds for the case only when no live number is left."""

PRECEDENCE: Final = (
    ("1.1",),
    ("1.2",),
    ("4.10", "4.5", "4.6", "4.7", "4.8", "4.9"),  # not eligible, told by a person
    ("2.112",),
    ("2.12",),
    ("2.10", "2.11"),
    ("2.3",),
    ("2.2",),
    ("4.2", "4.3", "4.4"),  # not eligible, by a recording or a tone
    ("3.2", "3.9"),
    ("3.1",),
)
"""First come, first served; a supervisor's final code is before all of them."""


class Coded(NamedTuple):
    """A case's code, and what gave it."""

    code: str
    outcome: str = ""
    """The outcome that gave it; empty where nothing has happened."""
    at: datetime | None = None
    by: str = ""
    """Who ruled, where a supervisor did."""


def coded(case: Case, plan: Plan) -> Coded:
    """The code of a case as if the field closed now. Reaching a limit is no code; a later no answer never takes a
    refusal's or a known respondent's place."""
    ruling = case.ruling
    if ruling is not None:
        outcome = plan.outcomes.get(ruling.outcome)
        code = ruling.code or (_plain(outcome, plan) if outcome is not None else "")
        if code and (ruling.code or outcome is None or not outcome.temporary):
            return Coded(code, ruling.outcome, ruling.at, ruling.by)
    found = [
        (rank(code), -number, Coded(code, call.outcome, call.at))
        for number, call in enumerate(case.calls)
        if (code := _code(case, call, plan))
    ]
    if ruling is not None and (outcome := plan.outcomes.get(ruling.outcome)) is not None:
        code = _plain(outcome, plan)
        found.append((rank(code), -len(found), Coded(code, ruling.outcome, ruling.at, ruling.by)))
    if found:
        return min(found)[2]
    if case.calls and not case.live and not case.erased:
        return Coded(NO_NUMBER_LEFT, case.calls[-1].outcome, case.calls[-1].at)
    return Coded(NEVER_DIALLED[plan.frame])


def rank(code: str) -> int:
    """Where a code stands in the precedence; one that is not in it comes last."""
    for place, heads in enumerate(PRECEDENCE):
        if any(code.startswith(head) for head in heads):
            return place
    return len(PRECEDENCE)


def _plain(outcome: Outcome, plan: Plan) -> str:
    """The table's code, where it is one."""
    code = outcome.listed if plan.known else outcome.rdd
    return {"derived": "2.12", "pending": _pending(plan), "dead": NO_NUMBER_LEFT}.get(code, code)


def _pending(plan: Plan) -> str:
    """Referred to a supervisor who has not ruled: somebody was reached, and it is none of the usual outcomes."""
    return "2.36" if plan.known else NOT_SCREENED


def _code(case: Case, call: Call, plan: Plan) -> str:
    """What one call says of the case; empty where it says nothing."""
    outcome = plan.outcomes.get(call.outcome)
    if outcome is None:
        return call.code
    if call.code:
        return call.code
    code = outcome.listed if plan.known else outcome.rdd
    if code in OF_THE_NUMBER:
        if case.live:
            return ""
        return NO_NUMBER_LEFT if code == "dead" else code
    if code in ("derived", "pending"):
        return _plain(outcome, plan)
    if plan.eligible_from and not call.eligible and code.startswith(("2.1", "2.2", "2.3")):
        # they may not belong to the survey at all
        return NOT_SCREENED if outcome.moment != "before" else _unreached(case, call, outcome, plan)
    if outcome.moment == "before" and not plan.known:
        return _unreached(case, call, outcome, plan)
    if code == NOT_SCREENED and (call.eligible or case.person):
        return "2.21"
    return code


def _unreached(case: Case, call: Call, outcome: Outcome, plan: Plan) -> str:
    """Nobody was reached: what is known of the number by now."""
    code = outcome.rdd
    household = not plan.eligible_from and any(
        _contact(other, plan) for other in case.calls if other.at <= call.at
    )
    household = household or call.eligible
    match code:
        case "3.12":
            always = all(other.outcome == call.outcome for other in case.calls)
            return "2.20" if household else "3.12" if always else "3.13"
        case "3.13":
            return "2.20" if household else code
        case "3.14":
            return ("2.221" if outcome.listed == "2.221" else "2.222") if household else code
        case "4.33":
            last = case.calls[-1].outcome == call.outcome
            return code if last and not case.person and not _reached(case, plan) else "3.16"
        case _:
            return code


def _contact(call: Call, plan: Plan) -> bool:
    """Somebody answered."""
    outcome = plan.outcomes.get(call.outcome)
    return (
        outcome is not None and outcome.moment != "before" and outcome.id not in ("wrong_number", "business")
    )


def _reached(case: Case, plan: Plan) -> bool:
    return any(_contact(call, plan) for call in case.calls)


def interview_code(progress: Progress, plan: Plan) -> str:
    """Complete (1.1), partial (1.2) or break-off (2.12): what an interview that stopped in the middle is. Before
    `eligible_from:` it is 3.21, like any refusal there."""
    if _passed(progress, plan.complete_from):
        return "1.1"
    if _passed(progress, plan.partial_from):
        return "1.2"
    if plan.eligible_from and plan.eligible_from not in progress.passed:
        return NOT_SCREENED
    return "2.12"


def _passed(progress: Progress, point: Point | None) -> bool:
    if point is None:
        return False
    if point.share is not None:
        return progress.asked > 0 and progress.answered >= point.share * progress.asked
    return point.item in progress.passed
