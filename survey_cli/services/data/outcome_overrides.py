"""What did supervisors' corrections make of interviews? The outcome that stands is the case's, whatever was keyed at the
interview's end; what was keyed stays in the histories.
"""

from collections.abc import Iterable
from datetime import datetime

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import coded, final_ruling
from survey_cli.fieldwork.case.events import Called, Corrected, Entry, Interviewing, Reopened, TakenBack
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.services.data.export_options import Ruled
from survey_cli.study.open_study import Records


def rulings(records: Records, until: datetime | None) -> dict[str, Ruled]:
    """By interview, what a correction of its case made of it, and still does. Raises StoreError."""
    found: dict[str, Ruled] = {}
    for key, history in records.store.cases.histories(until=until, corrected=True):
        found |= _of_case(key, history, records.plan)
    return found


def _of_case(key: str, history: Iterable[Entry], plan: Plan) -> dict[str, Ruled]:
    """A correction speaks of the interview that was begun last: a final one always, any other where the call that it
    corrects is that interview's. It holds until the interview is gone on with."""
    case, found = Case(key=key), dict[str, Ruled]()
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
                found[case.interview] = Ruled(outcome or code, coded(case, plan).code)
            case Corrected() | Reopened() if not own:
                found.pop(case.interview, None)
            case _:
                pass
    return found
