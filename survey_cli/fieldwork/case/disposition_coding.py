"""The AAPOR code of a case as if fieldwork ended now, by precedence over its whole history.

Codes are those of AAPOR's Standard Definitions (see `dispositions`). Whether the case is called
again is decided in `scheduling`.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from survey_cli.fieldwork.case.case import Call, Case
from survey_cli.fieldwork.plan.plan import RDD_ONLY_OUTCOMES, CompletionPoint, Plan
from survey_cli.fieldwork.rates.dispositions import QUOTA_FILLED_CODE, UncountableCode, find_group
from survey_cli.outcomes import LOST, Outcome, is_answered
from survey_cli.problems import UserError, suggest_nearest

OUTCOMES_HELP: Final = (
    "give an outcome, such as callback or refusal_hard: `survey explain outcomes` lists them"
)
NEVER_DIALED_CODES: Final = {"list": "2.20", "establishment": "2.20", "rdd": "3.11"}
NO_NUMBER_LEFT_CODE: Final = "3.90"
"""Every number of a known unit is dead: nothing says that the unit is not there, so it stays in the
denominator. AAPOR has no code of its own for this in lists; 3.90 is `other, unknown`, which counts
as the rates require."""
NOT_SCREENED_CODE: Final = "3.21"
NUMBER_CODES: Final = frozenset({"4.20", "4.32", "4.41", "4.51", "dead"})
"""Codes of a number that apply to the case only if they apply to all of its numbers."""
INTERVIEW_CODES: Final = ("1.1", "1.2", "2.12")
"""Codes that only an interview can give."""
INTERVIEW_OUTCOMES: Final = frozenset({"complete", "break_off"})
"""Outcomes of an interview; a supervisor can give them only to a case with an interview."""
NON_HOUSEHOLD_OUTCOMES: Final = frozenset({"wrong_number", "business", "hangup_intro"})
"""Conversations that do not show that the number belongs to a household: an office may hang up at
once."""
RESUMABLE_OUTCOMES: Final = frozenset({"callback", "appointment", "technical", LOST})
"""Outcomes after which an interview that stopped in the middle waits to be resumed: it is no
break-off."""

CODE_PRECEDENCE: Final = (
    ("1.1",),
    ("1.2",),
    ("4.1", "4.5", "4.6", "4.7", "4.8", "4.9"),  # not eligible, according to a person
    ("2.112",),
    ("2.12",),
    ("2.10", "2.11"),
    ("2.3",),
    ("2.2",),
    ("4.2", "4.3", "4.4"),  # not eligible, by a recording or a tone
    ("3.2", "3.3", "3.9"),
    ("3.1",),
)
"""The first applicable one counts; a supervisor's final code precedes all of them."""


class CaseDisposition(NamedTuple):
    """A case's code, and where it comes from."""

    code: str
    outcome: str = ""
    """The outcome that gave it; empty before the first one."""
    at: datetime | None = None
    by: str = ""
    """The supervisor who overrode the outcome; empty if nobody did."""


class InterviewProgress(NamedTuple):
    """The progress of an interview when it stopped, as its code needs it.

    Filled in by the sessions.
    """

    passed_items: frozenset[str] = frozenset()
    """Items that its route has passed: answered, declined, read, or left out on the way."""
    answer_count: int = 0
    """Items with an answer."""
    asked_item: str = ""
    """The item at which it stopped; empty unless only eligible respondents are asked it."""
    question_count: int = 0
    """Items that would have been asked on the whole of its present route, including those
    answered."""


def code_case(case: Case, plan: Plan) -> CaseDisposition:
    """Return the code of a case as if fieldwork ended now.

    - What is known of the case now (that it is eligible, who is to be interviewed) applies to all
      its calls: a refusal before the screening is coded as a refusal once a later call has found
      the household eligible.
    - In a random-digit frame with a screener, every conversation before the screening is 3.21, so
      that a callback never replaces a refusal. If eligibility is known beforehand, a refusal is one
      whatever was screened.
    - A later no-answer never replaces a refusal or a known respondent. Reaching a limit of attempts
      has no code.
    - An interview that waits for an appointment, or whose station was lost, is no break-off: it is
      2.21 (3.21 before the screening), or 1.2 if enough was answered.
    - Withdrawn consent removes an interview's code.
    """
    override = case.override
    if override is not None and has_final_override(case, plan):
        code = override.code or _code_override(case, plan)
        return CaseDisposition(code, override.outcome, override.at, override.by)

    calls = case.calls
    lowest_rank = len(CODE_PRECEDENCE) + 1
    disposition: CaseDisposition | None = None
    # an override before any call counts like a call
    if override is not None and not override.calls_before:
        code = override.code or _code_override(case, plan)
        if code:
            lowest_rank = rank_code(code)
            disposition = CaseDisposition(code, override.outcome, override.at, override.by)

    last_withdrawal = _find_last_withdrawal(calls, plan)
    for index, call in enumerate(calls):
        if index < last_withdrawal and call.code in INTERVIEW_CODES:
            continue
        code = _code_call(case, call, plan)
        # of calls with codes of one rank the latest counts
        if code and rank_code(code) <= lowest_rank:
            lowest_rank = rank_code(code)
            disposition = CaseDisposition(code, call.outcome, call.at)

    if case.has_unfinished_interview and lowest_rank > rank_code("2.21"):
        code = _code_waiting(case, plan)
        if rank_code(code) < lowest_rank:
            last_call_at = calls[-1].at if calls else None
            disposition = CaseDisposition(code, "break_off", last_call_at)
    if disposition is not None:
        return disposition

    if calls and _are_all_numbers_dead(case):
        return CaseDisposition(NO_NUMBER_LEFT_CODE, calls[-1].outcome, calls[-1].at)
    return CaseDisposition(NEVER_DIALED_CODES[plan.frame])


def _find_last_withdrawal(calls: Sequence[Call], plan: Plan) -> int:
    """Return the index of the last call in which consent was withdrawn; -1 if it never was."""
    last_withdrawal = -1
    for index, call in enumerate(calls):
        if classify_outcome(call, plan) == "withdrawn":
            last_withdrawal = index
    return last_withdrawal


@lru_cache(maxsize=512)
def rank_code(code: str) -> int:
    """Return the position of a code in the precedence; unknown codes come last."""
    for position, heads in enumerate(CODE_PRECEDENCE):
        if code.startswith(heads):
            return position
    return len(CODE_PRECEDENCE)


def find_outcome_row(call: Call, plan: Plan) -> Outcome | None:
    """Return the row of a call's outcome.

    If an override named an outcome that the study does not have, it is the row of the keyed one.
    """
    return plan.outcomes.get(call.outcome) or plan.outcomes.get(call.keyed_outcome)


def classify_outcome(call: Call, plan: Plan) -> str:
    """Return the outcome of the table that a call's outcome is, or behaves like.

    Empty if it is unknown.
    """
    row = find_outcome_row(call, plan)
    if row is None:
        return ""
    return row.kind


def is_contact(call: Call, plan: Plan) -> bool:
    """Return whether a person answered the telephone."""
    return is_answered(find_outcome_row(call, plan), has_interview=call.interview_time is not None)


# a supervisor's override


def has_final_override(case: Case, plan: Plan) -> bool:
    """Return whether a supervisor's override ends the case.

    An outcome that ends cases does, and so does a code without an outcome. An empty or unknown
    outcome ends nothing.
    """
    override = case.override
    if override is None:
        return False
    row = plan.outcomes.get(override.outcome)
    if row is None:
        return bool(override.code)
    return ends_case(row)


def ends_case(row: Outcome) -> bool:
    """Return whether the outcome ends the case, not only the number that was dialed."""
    return not row.temporary and not row.next_number


def validate_override(case: Case, plan: Plan, *, outcome: str, code: str = "") -> None:
    """Check that a supervisor can give the case this outcome and code. Raises UserError.

    An empty or unknown outcome would leave the case in no list, an interview's
    outcome needs an interview, and a code needs a group. A code may be given alone; it is then
    final.
    """
    where = f"case {case.key}"
    row = plan.outcomes.get(outcome)
    if not outcome and not code:
        raise UserError(where, "the outcome is blank", OUTCOMES_HELP)
    if outcome and row is None:
        otherwise = f"{OUTCOMES_HELP}, or define this one under outcomes:"
        remedy = suggest_nearest(outcome, plan.outcomes, otherwise=otherwise)
        raise UserError(where, f"there is no outcome {outcome!r}", remedy)

    kind = row.kind if row is not None else ""
    if kind == "supervisor":
        what = f"{outcome} needs a supervisor's answer"
        raise UserError(where, what, "give the final outcome, or answer with a note")
    if kind == LOST:
        what = f"{outcome} is recorded by the program if a station stops"
        raise UserError(where, what, "use technical, or the outcome of the conversation")
    requires_interview = kind in INTERVIEW_OUTCOMES or code in INTERVIEW_CODES
    if requires_interview and not case.interview:
        what = f"{outcome or code} requires an interview, and none was started"
        raise UserError(where, what, "conduct the interview, or use another outcome")

    if kind == "appointment" and case.appointment is None:
        remedy = "give callback, or book the appointment at a station, which asks for its time"
        raise UserError(where, "it has no appointment", remedy)
    if kind == "changed" and not _has_another_number(case):
        what = f"{outcome} requires a call to the old number, and the new number in the case"
        remedy = (
            "add it in the sample file: survey sample import FILE cases.csv --update;"
            " or use disconnected"
        )
        raise UserError(where, what, remedy)
    if plan.eligibility_known and kind in RDD_ONLY_OUTCOMES:
        what = f"{outcome} is not possible in a frame whose units are known to be eligible"
        raise UserError(where, what, "use wrong_number or not_eligible")

    if code:
        group = find_group(code, frame=plan.frame)
        if isinstance(group, UncountableCode):
            raise UserError(where, group.what, group.remedy)


def _has_another_number(case: Case) -> bool:
    """Return whether a live number of the case is not the one that was dialed last."""
    last_call = case.last_call
    if last_call is None or not last_call.number:
        return False
    return any(number.position != last_call.number for number in case.live_numbers)


def _code_override(case: Case, plan: Plan) -> str:
    """Return the code of an override's outcome: that of the call it corrects, or of the table."""
    last_call = case.last_call
    override = case.override
    if override is None or override.outcome not in plan.outcomes:
        return ""
    if last_call is not None and last_call.outcome == override.outcome:
        return _code_call(case, last_call, plan)

    # the case was not called, or had another outcome: the override counts like a call
    assumed_call = Call(
        at=override.at,
        by=override.by,
        number=0,
        outcome=override.outcome,
        code=override.code,
        eligible=case.eligible,
        note="",
    )
    return _code_call(case, assumed_call, plan)


# the code of one call


def _code_call(case: Case, call: Call, plan: Plan) -> str:
    """Return the code that one call gives the case; empty if it gives none.

    The code that the interview gave the call precedes that of the outcome.
    """
    row = find_outcome_row(call, plan)
    if row is None:
        return call.code
    if call.code == "2.12" and row.kind in RESUMABLE_OUTCOMES:
        return _code_waiting(case, plan)
    if call.code == NOT_SCREENED_CODE and row.listed == "derived":
        # a break-off before the screening, which a later call may have completed
        return _code_break_off(case, plan)
    if call.code:
        return call.code
    if row.kind == LOST and is_contact(call, plan):
        return _code_waiting(case, plan)
    return _code_outcome(case, call, row, plan)


def _code_outcome(case: Case, call: Call, row: Outcome, plan: Plan) -> str:
    """Return the code that the outcome of a call gives the case; empty if it gives none.

    Instead of a code, the outcome table has `dead` if only this number is finished, `pending` if a
    supervisor has to answer, and `derived` if the interview decides.
    """
    code = row.rdd
    if plan.eligibility_known:
        code = "dead" if row.kind in RDD_ONLY_OUTCOMES else row.listed

    if code in NUMBER_CODES:
        if not _are_all_numbers_dead(case):
            return ""
        return NO_NUMBER_LEFT_CODE if code == "dead" else code
    if code == "pending":
        return _code_referral(case, call, plan)
    if code == "derived":
        return _code_break_off(case, plan)

    if is_contact(call, plan):
        return _code_conversation(case, code, row.kind, plan)
    if plan.eligibility_known:
        return code
    return _code_unreached(case, call, code, row, plan)


def _code_waiting(case: Case, plan: Plan) -> str:
    """Return the code of an interview that waits to be resumed."""
    return "2.21" if _is_screened(case, plan) else NOT_SCREENED_CODE


def _code_break_off(case: Case, plan: Plan) -> str:
    """Return the code of an interview that was broken off."""
    return "2.12" if _is_screened(case, plan) else NOT_SCREENED_CODE


def _code_conversation(case: Case, code: str, kind: str, plan: Plan) -> str:
    """Return the code that a conversation gives the case."""
    if not _is_screened(case, plan):
        # the household may not belong to the survey at all
        assumes_eligible = code.startswith("2.") or code == QUOTA_FILLED_CODE
        return NOT_SCREENED_CODE if assumes_eligible else code
    if code != NOT_SCREENED_CODE:
        return code
    if kind == "hangup_intro":
        # an unfinished interview was with a household, as `code_case` counts it
        is_household = _is_household(case, plan) or case.has_unfinished_interview
        return "2.111" if is_household else code
    if case.eligible or case.person_known:
        return "2.21"
    return code


def _code_referral(case: Case, call: Call, plan: Plan) -> str:
    """Return the code of a referral to a supervisor: somebody was reached, with no usual outcome.

    Once it is answered, it was a conversation like one that ends with a callback.
    """
    if not _is_screened(case, plan):
        return NOT_SCREENED_CODE
    is_eligible = plan.eligibility_known or case.eligible
    calls_since_answer = case.calls[case.calls_before_answer :]
    waits_for_answer = any(call is later_call for later_call in calls_since_answer)
    if waits_for_answer:
        return "2.36" if is_eligible else NOT_SCREENED_CODE
    return "2.21" if is_eligible or case.person_known else NOT_SCREENED_CODE


def _code_unreached(case: Case, call: Call, code: str, row: Outcome, plan: Plan) -> str:
    """Code a call without contact in a random-digit frame, by what is known of the number."""
    if _is_household(case, plan, call.at):
        if code in ("3.12", "3.13"):
            return "2.20"
        if code == "3.14":
            return "2.221" if row.listed == "2.221" else "2.222"
    # busy and out of service count only if every call had this outcome
    if not _had_only(row, case, plan):
        if code == "3.12":
            return "3.13"
        if code == "4.33":
            return "3.16"
    return code


def _is_household(case: Case, plan: Plan, until: datetime | None = None) -> bool:
    """Return whether a number dialed at random is known to belong to an eligible household.

    The screening tells. A study without one counts a conversation, up to `until` if that is given.
    """
    if case.eligible:
        return True
    has_screening = bool(plan.eligible_from)
    if has_screening:
        return False
    for call in case.calls:
        is_early_enough = until is None or call.at <= until
        if not is_early_enough or not is_contact(call, plan):
            continue
        if classify_outcome(call, plan) not in NON_HOUSEHOLD_OUTCOMES:
            return True
    return False


def _had_only(row: Outcome, case: Case, plan: Plan) -> bool:
    """Return whether each call had this outcome, apart from faults of our own line."""
    return all(classify_outcome(call, plan) in (row.kind, "technical", LOST) for call in case.calls)


def _is_screened(case: Case, plan: Plan) -> bool:
    """Return whether the case is known to belong to the survey, beforehand or by its screening.

    Every case of a study without a screening does.
    """
    return plan.eligibility_known or not plan.eligible_from or case.eligible


def _are_all_numbers_dead(case: Case) -> bool:
    """Return whether no working number is left; one that must not be called may work."""
    return all(number.state == "dead" for number in case.numbers)


# the code of an interview


def is_known_eligible(progress: InterviewProgress, plan: Plan) -> bool:
    """Return whether an interview has shown that its respondent belongs to the survey.

    If `eligible_from` names an item that only eligible respondents are asked, and not the screener
    itself, to be asked it is enough: who refuses to answer the first question after the screener
    has passed it.
    """
    if plan.eligibility_known or not plan.eligible_from:
        return True
    return plan.eligible_from in progress.passed_items or plan.eligible_from == progress.asked_item


def code_interview(progress: InterviewProgress, plan: Plan) -> str:
    """Code an interview that stopped: complete (1.1), partial (1.2) or break-off (2.12).

    Before `eligible_from:` in a random-digit frame it is 3.21, like any refusal there, however much
    was answered.
    """
    if not is_known_eligible(progress, plan):
        return NOT_SCREENED_CODE
    if _has_passed(progress, plan.complete_from):
        return "1.1"
    return "1.2" if _has_passed(progress, plan.partial_from) else "2.12"


def code_waiting_interview(progress: InterviewProgress, plan: Plan) -> str:
    """Code an interview that waits to be resumed: partial (1.2), or empty if its outcome decides.

    It is never complete: the respondent is called again for the rest.
    """
    return "1.2" if code_interview(progress, plan) in ("1.1", "1.2") else ""


def _has_passed(progress: InterviewProgress, point: CompletionPoint | None) -> bool:
    """Return whether an interview got as far as this point.

    False if the study has no such point.
    """
    if point is None:
        return False
    if point.share is None:
        return point.item in progress.passed_items
    needed = point.share * progress.question_count
    return progress.question_count > 0 and progress.answer_count >= needed
