"""Events for an outcome, an appointment or a number that an interviewer enters.

The events are built from the plan and the case; other modules write them.
"""

from dataclasses import dataclass
from typing import Final

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.case import events as case_events
from survey_cli.fieldwork.case.case import find_case_region
from survey_cli.fieldwork.case.disposition_coding import code_case, is_known_eligible
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.outcomes import Outcome
from survey_cli.samples.cases.phone_numbers import InvalidNumber, read_number
from survey_cli.sessions.case.claimed_case import INTERVIEW_OUTCOMES, REQUIRED_INPUTS, ClaimedCase, PendingInput
from survey_cli.store.cases.case_records import Contact, ContactNumber
from survey_cli.study.consistency import interview_outcomes

DEAD_NUMBER_CODES: Final = frozenset({"dead", "4.20", "4.32", "4.41", "4.51"})
"""Codes of an outcome after which the dialed number is dead."""
NO_TIME_NOTICE: Final = "no time was recorded: the case will be called back; `survey station` can make appointments"
TIMED_OUTCOMES: Final = frozenset({"appointment", "callback"})
"""Outcomes of an `end` after which the respondent is asked when to call again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvents:
    """Events that a case receives, and what follows from them."""

    events: tuple[case_events.CaseEvent, ...]
    release: bool = False
    """The station releases the case with them."""
    outcome: str = ""
    """The outcome that was entered; empty: none."""
    contact: Contact | None = None
    """The person's contact data from now on; None: unchanged."""
    tasks: tuple[str, ...] = ()
    """Tasks that follow: numbers for the do-not-call list, answers to erase."""
    notice: str = ""
    """What the interviewer should know about it."""


def build_outcome_events(
    claimed: ClaimedCase,
    outcome: Outcome,
    plan: Plan,
    interview: Interview | None,
    *,
    note: str,
    number: str,
    language: str,
    link: str,
) -> CaseEvents | Rejection:
    """Build the events for an outcome on offer. The station keeps the case while another number can be tried."""
    kind = outcome.kind
    if kind in INTERVIEW_OUTCOMES and claimed.pending_input != "outcome":
        return Rejection("only the interview itself can set this outcome")
    events: list[case_events.CaseEvent] = [build_call_event(claimed, outcome.id, plan, interview, note=note)]
    contact = None
    match REQUIRED_INPUTS.get(kind, ""):
        case "note" if not note:
            return Rejection("add a note on what the supervisor should know")
        case "time":
            return Rejection("an appointment needs a time")
        case "language" if language:
            events.append(case_events.LanguageSet(language))
        case "number":
            added = build_number_events(claimed, number, plan, link=link)
            if isinstance(added, Rejection):
                return added
            events += added.events
            contact = added.contact
        case _:
            pass
    if (outcome.listed if plan.eligibility_known else outcome.rdd) in DEAD_NUMBER_CODES and claimed.current_number:
        events.append(case_events.NumberMarked(claimed.current_number, "dead", outcome.name.lower()))
    events += interview_outcomes.build_do_not_call_events(outcome)
    keeps_case = outcome.next_number and kind != "busy" and _has_untried_number(claimed, events)
    return CaseEvents(
        events=(*events, *(() if keeps_case else (case_events.AttemptClosed(),))),
        release=not keeps_case,
        outcome=outcome.id,
        contact=contact,
        tasks=interview_outcomes.build_follow_up_tasks(outcome, claimed.case.key),
    )


def build_call_event(
    claimed: ClaimedCase,
    outcome: str,
    plan: Plan,
    interview: Interview | None,
    *,
    note: str = "",
    interrupted: bool = False,
) -> case_events.OutcomeRecorded:
    """Build the event of the current call, with its outcome."""
    # the terminal was lost during the interview, and nobody resumed it
    was_lost = interview is None and claimed.case.interview_open
    return case_events.OutcomeRecorded(
        outcome=outcome,
        number=claimed.current_number,
        eligible=interview is not None and is_known_eligible(interview_outcomes.measure_progress(interview), plan),
        person=interview is not None,
        interrupted=interrupted or claimed.case.interrupted or claimed.pending_input != "" or was_lost,
        note=note,
    )


def _has_untried_number(claimed: ClaimedCase, events: list[case_events.CaseEvent]) -> bool:
    """Whether a live number has not been called under this claim."""
    case = claimed.append_events(events, at=claimed.shown_at, by="", station="").case
    called_numbers = {call.number for call in case.open_attempt.calls} if case.open_attempt is not None else set()
    return any(number.position not in called_numbers for number in case.live_numbers)


def build_number_events(claimed: ClaimedCase, text: str, plan: Plan, *, link: str) -> CaseEvents | Rejection:
    """Build the events for a new number; `link` is for a case without contact data."""
    country = find_case_region(claimed.case, plan)[:2]
    parsed = read_number(text, country or None)
    if isinstance(parsed, InvalidNumber):
        return Rejection(f"{parsed.why}: {parsed.remedy}")
    position = max((n.position for n in claimed.case.numbers), default=0) + 1
    shown = parsed.national if parsed.country in ("", country) else parsed.international
    added = ContactNumber(position, parsed.written, parsed.e164, shown, parsed.extension)
    contact = claimed.contact or Contact(link=link)
    return CaseEvents(
        events=(case_events.NumberAdded(case_events.NumberFacts(position, parsed.line, parsed.zones)),),
        contact=contact._replace(numbers=(*contact.numbers, added)),
    )


def build_interview_events(
    claimed: ClaimedCase, interview: Interview, outcome: Outcome | None, plan: Plan, *, by_route: bool
) -> CaseEvents | PendingInput:
    """Build the events that close the case with its interview, or return what is pending before it can be released.

    `by_route`: an `end` closed the interview, not the interviewer.
    """
    if outcome is None:
        return "outcome"
    if interview.status == "suspended" and requires_time(outcome, plan, by_route=by_route):
        return "time"
    return build_closing_events(claimed, interview, outcome, plan)


def requires_time(outcome: Outcome, plan: Plan, *, by_route: bool) -> bool:
    """Whether a suspended interview with this outcome needs an appointment's time."""
    return plan.delays.get(outcome.id) == "appointment" or (by_route and outcome.kind in TIMED_OUTCOMES)


def build_events_without_station(
    claimed: ClaimedCase, interview: Interview, outcome: Outcome | None, plan: Plan, *, by_route: bool
) -> CaseEvents:
    """Build the same events where no station has the case and no time can be asked for: it is called again."""
    needs_time = (
        outcome is not None and interview.status == "suspended" and requires_time(outcome, plan, by_route=by_route)
    )
    if outcome is None or needs_time:
        call = build_call_event(claimed, "callback", plan, interview, interrupted=True)
        return CaseEvents(
            events=(call, case_events.AttemptClosed()), release=True, notice=NO_TIME_NOTICE if needs_time else ""
        )
    closing = build_closing_events(claimed, interview, outcome, plan)
    case, last = claimed.case, claimed.case.last_call
    after = claimed.append_events(closing.events, at=claimed.shown_at, by="", station="").case
    if last is not None and last.outcome == outcome.id and code_case(case, plan).code == code_case(after, plan).code:
        # a correction that changed no outcome
        return CaseEvents(events=(case_events.CaseReturned("given back"),), release=True)
    return closing


def build_closing_events(claimed: ClaimedCase, interview: Interview, outcome: Outcome, plan: Plan) -> CaseEvents:
    """Build the events of an interview that was closed by its route or by the interviewer."""
    events = interview_outcomes.derive_interview_events(
        interview, outcome, plan, number=claimed.current_number, interrupted=claimed.case.interrupted
    )
    return CaseEvents(
        events=(*events, case_events.AttemptClosed()),
        release=True,
        outcome=outcome.id,
        tasks=interview_outcomes.build_follow_up_tasks(outcome, claimed.case.key),
    )
