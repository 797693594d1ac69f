"""Additions of a case's history to a study's live counts, by quarter hour.

Each addition has a quarter of an hour in UTC and a name: its kind, and what it is counted by.

- `calls`, by interviewer: calls that were dialed.
- `sessions` and `reached`, by interviewer and part of the respondent's day: sessions with a dialed
  number, and those in which somebody answered.
- `complete`, `partial`, `refusals`, by interviewer: outcomes. An interview that was broken off is a
  refusal.
- `seconds`, by interviewer: the time from the claim of a case to its release.
- `lengths`, by interviewer and seconds: complete interviews of that length, all sessions added up.
- `completes`: complete interviews, by the quarter in which they ended. All others are counted in
  the quarter in which the session began.
- `dead`, `never_call`, `blocked`, without a quarter: numbers in that state, and cases with such a
  number.
- `erased`, without a quarter: complete interviews whose person was erased.
- `unreleased`, by code and frame, without a quarter: cases that are done before they are released.
  No rate counts them.
"""

import json
from collections import Counter
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, TypeAlias

from survey_cli.fieldwork.case.case import Attempt, Case, list_call_zones, localize_plan
from survey_cli.fieldwork.case.disposition_coding import code_case, is_contact
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.figures import NamedFigure
from survey_cli.outcomes import classify_result

CALLS: Final = NamedFigure(
    "calls",
    "Numbers that were dialed at a station and have an outcome, also calls that were lost with"
    " their station. A call from the respondent is none. The outcome is the one after corrections.",
    "status, board, survey study shift, station, export of shifts",
)
ATTEMPTS: Final = NamedFigure(
    "attempts",
    "Sessions of one interviewer with one case in which a number was dialed. Several numbers of"
    " the case that are dialed in one session are one attempt. Toward the limit of attempts,"
    " redials of a busy line within an hour are one attempt too.",
    "status, board, client's page, case list, export of cases",
)
ATTEMPTS_ANSWERED: Final = NamedFigure(
    "attempts answered",
    "Attempts in which somebody answered, as a share of all attempts. A machine is nobody. Of a"
    " call that was lost with its station, only an open interview shows that somebody answered. It"
    " counts attempts. The contact rates CON1 to CON3 count cases, and a person who answered but"
    " neither refused nor was interviewed is a non-contact there.",
    "status, board, client's page",
)
COMPLETED: Final = NamedFigure(
    "completed",
    "Calls of an interviewer after which an interview was complete (code 1.1).",
    "status, board, survey study shift, station, export of shifts",
)
REFUSALS: Final = NamedFigure(
    "refusals",
    "Calls that ended with a refusal, a hang-up, a request not to be called again, withdrawn"
    " consent, or an interview that broke off before it counted as partial. An interview that waits"
    " to be resumed is none.",
    "status, board, survey study shift, station, export of shifts",
)
REFUSAL_SHARE: Final = NamedFigure(
    "refusal share",
    "Refusals as a share of the calls that ended in a complete or partial interview or a refusal."
    " It describes conversations. The refusal rates REF1 to REF3 describe the sample: refusals as a"
    " share of all eligible cases.",
    "status, board",
)
HOURS_ON_CASES: Final = NamedFigure(
    "hours on cases",
    "The time from the claim of a case to its release, of all cases. For a station that stopped it"
    " ends with the last thing that was stored.",
    "status, export of shifts",
)
UNRELEASED: Final = "unreleased"
"""The only kind with a second part that is not an interviewer."""
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
ActivityName: TypeAlias = tuple[str | int, ...]
"""The kind of an addition, and what it is counted by."""
Activity: TypeAlias = Counter[tuple[str, ActivityName]]
"""Numbers by quarter of an hour (`2026-11-28T14:15`, or empty) and name."""


def count_activity(case: Case, plan: Plan, *, since: datetime | None = None) -> Activity:
    """Return what a case adds to the counts; with `since`, only by sessions that began since."""
    activity: Activity = Counter()
    plan = localize_plan(case, plan)
    for attempt in (*case.uncalled_attempts, *case.attempts):
        if since is not None and attempt.started_at < since:
            continue
        quarter = format_quarter(attempt.started_at)
        if attempt.claimed and attempt.held_until is not None:
            held = attempt.held_until - attempt.started_at
            activity[quarter, ("seconds", attempt.by)] += round(held.total_seconds())
        _count_calls(attempt, quarter, case, plan, activity)

    # states of numbers and erasures have no time
    if since is None:
        for number in case.numbers:
            if number.state != "live":
                activity["", (number.state,)] += 1
                activity["", ("blocked",)] = 1
        if case.erased and code_case(case, plan).code == "1.1":
            activity["", ("erased",)] += 1
    return activity


def encode_activity(activity: Activity) -> str:
    """Encode the additions of a case as JSON. The quarter and the JSON of the name form one key."""
    additions = {
        f"{quarter} {_encode_name(name)}": number
        for (quarter, name), number in activity.items()
        if number
    }
    return _ENCODER.encode(dict(sorted(additions.items())))


@lru_cache(maxsize=4096)
def _encode_name(name: ActivityName) -> str:
    return _ENCODER.encode(("activity", *name))


def _count_calls(
    attempt: Attempt, quarter: str, case: Case, plan: Plan, activity: Activity
) -> None:
    """Add the calls of one session, and how they ended, to the counts."""
    by = attempt.by
    dialed = [call for call in attempt.calls if call.number]
    if dialed:
        zones = list_call_zones(case, case.find_number(attempt.calls[0].number), plan)
        daypart = plan.calendar.find_daypart(zones, attempt.started_at)
        answered = any(is_contact(call, plan) for call in dialed)
        activity[quarter, ("calls", by)] += len(dialed)
        activity[quarter, ("sessions", by, daypart)] += 1
        activity[quarter, ("reached", by, daypart)] += answered

    for call in attempt.calls:
        result = classify_result(plan.outcomes.get(call.outcome), call.code)
        if result == "complete":
            activity[format_quarter(call.at), ("completes",)] += 1
            activity[quarter, ("complete", by)] += 1
            if call.interview_time is not None:
                activity[quarter, ("lengths", by, round(call.interview_time.total_seconds()))] += 1
        elif result == "partial":
            activity[quarter, ("partial", by)] += 1
        elif result == "refusal":
            activity[quarter, ("refusals", by)] += 1


def format_quarter(at: datetime) -> str:
    """Format the quarter of an hour of a time, in UTC: `2026-11-28T14:15`."""
    at = at.astimezone(UTC)
    return f"{at.isoformat()[:13]}:{at.minute // 15 * 15:02}"
