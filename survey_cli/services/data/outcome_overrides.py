"""Outcomes of interviews that a supervisor's correction of the case has replaced.

The outcome in effect is the case's; the outcome keyed at the end of the interview stays in the history.
"""

from collections.abc import Iterable
from datetime import datetime

from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import code_case, has_final_override
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.services.data.export_options import OverriddenOutcome
from survey_cli.study.open_study import StudyRecords


def find_outcome_overrides(records: StudyRecords, until: datetime | None) -> dict[str, OverriddenOutcome]:
    """Find the corrected outcomes that still apply, by interview. Raises StoreError."""
    overrides: dict[str, OverriddenOutcome] = {}
    for key, history in records.store.cases.queries.iterate_histories(until=until, corrected=True):
        overrides |= _find_case_overrides(key, history, records.plan)
    return overrides


def _find_case_overrides(key: str, history: Iterable[events.HistoryEntry], plan: Plan) -> dict[str, OverriddenOutcome]:
    """Find the corrected outcomes of one case.

    A correction applies to the latest interview: a final one always, any other where the corrected call is that
    interview's. It holds until the interview is resumed.
    """
    case, overrides = Case(key=key), dict[str, OverriddenOutcome]()
    is_interview_outcome = False  # the last call's outcome is the interview's
    for entry in history:
        before, case = case, case.apply(entry)
        match entry.event:
            case events.OutcomeRecorded():
                is_interview_outcome = before.interview_open
            case events.OutcomeRevoked():
                is_interview_outcome = False
            case events.InterviewOpened(interview) if not has_final_override(before, plan):
                overrides.pop(interview, None)
            case events.OutcomeOverridden(outcome, code, _) if case.interview and (
                is_interview_outcome or has_final_override(case, plan)
            ):
                overrides[case.interview] = OverriddenOutcome(outcome or code, code_case(case, plan).code)
            case events.OutcomeOverridden() | events.CaseReopened() if not is_interview_outcome:
                overrides.pop(case.interview, None)
            case _:
                pass
    return overrides
