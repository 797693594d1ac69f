"""Outcomes of interviews that a supervisor's correction of the case has replaced.

The outcome in effect is the case's; the outcome keyed at the end of the interview stays in the history.
"""

from collections.abc import Iterable
from datetime import datetime

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import coded, final_ruling
from survey_cli.fieldwork.case.events import Called, Corrected, Entry, Interviewing, Reopened, TakenBack
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.services.data.export_options import OverriddenOutcome
from survey_cli.study.open_study import StudyRecords


def find_outcome_overrides(records: StudyRecords, until: datetime | None) -> dict[str, OverriddenOutcome]:
    """By interview, what a correction of its case made of it, and still does. Raises StoreError."""
    found: dict[str, OverriddenOutcome] = {}
    for key, history in records.store.cases.iterate_histories(until=until, corrected=True):
        found |= _find_case_overrides(key, history, records.plan)
    return found


def _find_case_overrides(key: str, history: Iterable[Entry], plan: Plan) -> dict[str, OverriddenOutcome]:
    """A correction speaks of the interview that was begun last: a final one always, any other where the call that it
    corrects is that interview's. It holds until the interview is gone on with."""
    case, found = Case(key=key), dict[str, OverriddenOutcome]()
    own = False  # the last call is what the interview came to
    for entry in history:
        before, case = case, case.after(entry)
        match entry.event:
            case Called():
                own = before.interviewing
            case TakenBack():
                own = False
            case Interviewing(interview) if not final_ruling(before, plan):
                found.pop(interview, None)
            case Corrected(outcome, code, _) if case.interview and (own or final_ruling(case, plan)):
                found[case.interview] = OverriddenOutcome(outcome or code, coded(case, plan).code)
            case Corrected() | Reopened() if not own:
                found.pop(case.interview, None)
            case _:
                pass
    return found
