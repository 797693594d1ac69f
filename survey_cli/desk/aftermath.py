"""What follows once a deed stands in the case's history: places in quotas, the list that all studies share, the answers
of one who withdrew. None of it undoes the deed; what could not be done is said, and `survey verify` finds it.
"""

from datetime import datetime

from survey_cli.desk.deeds import WITHDRAWN, Deed
from survey_cli.desk.held_case import HeldCase
from survey_cli.desk.holding import Desk
from survey_cli.desk.quota_places import Places
from survey_cli.fieldwork.case import Case
from survey_cli.fieldwork.coding import coded
from survey_cli.problems import Trouble
from survey_cli.store import StoreProblem
from survey_cli.study.erasing import erase_answers
from survey_cli.study.opening import Study
from survey_cli.study.queueing import let_places_go


def followed(
    study: Study,
    here: HeldCase,
    case: Case,
    deed: Deed,
    desk: Desk | None,
    places: Places,
    *,
    at: datetime,
    by: str,
) -> str:
    """See to all of it; gives what could not be done, in words, or nothing. `here` is the case as it was before the deed,
    `case` as it is."""
    try:
        if deed.never_again:
            study.never_call.add(here.e164(), at=at, reason=deed.never_again, by=by)
        if not deed.release:
            return ""
        complete = coded(case, study.plan).code == "1.1"
        if desk is not None:
            places.settle(desk.id, desk.interview, complete=complete)
        let_places_go(study.store, study.plan, [case], at)
        row = study.plan.outcomes.get(deed.outcome)
        if row is not None and (row.like or row.id) == WITHDRAWN:
            erased = erase_answers(study, case.key, at=at, by=by, why=WITHDRAWN, scrub=False)
            if isinstance(erased, Trouble):
                return f"kept, but the answers are not erased: {erased.what}"
    except StoreProblem as problem:
        return f"kept, but not all that follows: {problem.what} — {problem.remedy}"
    return ""
