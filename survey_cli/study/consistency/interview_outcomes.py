"""Case events that follow from the end of an interview: outcome, disposition code, do-not-call.

Stations write them when an interview closes; opening a study writes those that earlier versions of the program omitted.
"""

from typing import Final

from survey_cli.engine.interview import Interview
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.disposition_coding import InterviewProgress, code_case, code_interview, is_known_eligible
from survey_cli.fieldwork.case.events import DoNotCallSet, OutcomeRecorded
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.queue_position import QueuePosition
from survey_cli.fieldwork.queue.scheduling import REFUSAL_OUTCOMES
from survey_cli.instrument.schema.items.unasked_items import EndItem
from survey_cli.outcomes import DO_NOT_CALL, WITHDRAWN, Outcome
from survey_cli.values import Missing

BREAK_OFF_KINDS: Final = REFUSAL_OUTCOMES | {"break_off"}
"""Outcomes that break off an interview, whose progress then decides its disposition."""
DO_NOT_CALL_KINDS: Final = frozenset({DO_NOT_CALL, WITHDRAWN})
"""Outcomes after which all numbers of the case go on the do-not-call list."""


def build_do_not_call_events(row: Outcome) -> tuple[DoNotCallSet, ...]:
    """Return the event that forbids further calls, where the outcome does."""
    return (DoNotCallSet(row.name.lower()),) if row.kind in DO_NOT_CALL_KINDS else ()


def derive_interview_events(
    interview: Interview, row: Outcome, plan: Plan, *, number: int, interrupted: bool = False
) -> tuple[OutcomeRecorded | DoNotCallSet, ...]:
    """Return the case events of an interview that closed with this outcome.

    `number` is the position of the number that was dialed, 0 where none was. `interrupted` is True where another call of
    this session has left the interview open.
    """
    kind, code = row.kind, ""
    if kind == "complete":
        code = "1.1"
    elif interview.status == "stopped" or kind in BREAK_OFF_KINDS:
        code = code_interview(measure_progress(interview), plan)
        if code not in ("1.1", "1.2") and kind != "break_off":
            code = ""  # the outcome's own
    call = OutcomeRecorded(
        outcome=row.id,
        number=number,
        code=code,
        eligible=is_known_eligible(measure_progress(interview), plan),
        person=True,
        interrupted=interrupted or interview.status == "suspended",
    )
    return (call, *build_do_not_call_events(row))


def select_quota_cells(
    case: Case, plan: Plan, position: QueuePosition, interview: Interview | None
) -> tuple[str, ...] | None:
    """Return the quota cells in which the case's interview counts from now on.

    None leaves its places unchanged: the interview is suspended and will be resumed, or is not open here. `interview` is
    the one that closed with this change, if one did.
    """
    if not plan.quotas.quotas or not case.interview:
        return None
    if code_case(case, plan).code == "1.1":
        return plan.quotas.list_counted_cells(interview.evaluate_route().env) if interview is not None else None
    closed = interview is not None and interview.status in ("ended", "stopped")
    return () if closed or position.status == "done" else None


def measure_progress(interview: Interview) -> InterviewProgress:
    """Return how far an interview has come along its route. Items that the route skipped count as passed."""
    route, items = interview.evaluate_route(), interview.instrument.items
    questions = {name for name, item in items.items() if item.counts_in_progress and item.question.expects_answer}
    ends = {name for name, item in items.items() if isinstance(item.question, EndItem)}
    answered = {place.item for place in route.answers} - ends
    unreached = {place.item for place in route.unreached}
    order = {name: number for number, name in enumerate(items)}
    first_unreached = min((order[item] for item in unreached - answered), default=len(order))
    skipped = {name for name, number in order.items() if number < first_unreached} - ends
    return InterviewProgress(
        passed_items=frozenset(answered | skipped),
        answer_count=sum(
            answer.cell is not None and not isinstance(answer.cell, Missing)
            for place, answer in route.answers.items()
            if place.item in questions
        ),
        question_count=sum(place.item in questions for place in (*route.answers, *route.unreached)),
    )
