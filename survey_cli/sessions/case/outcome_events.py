"""Events for an outcome, an appointment or a number that an interviewer enters.

The events are built from the plan and the case; other modules write them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from survey_cli.engine.interview import Interview
from survey_cli.entries import Rejection
from survey_cli.fieldwork.appointments.appointment import AppointmentTime, UnclearAppointment
from survey_cli.fieldwork.appointments.reading import parse_appointment
from survey_cli.fieldwork.case.disposition_coding import code_case, is_known_eligible
from survey_cli.fieldwork.case.events import (
    AttemptClosed,
    CaseEvent,
    CaseReturned,
    LanguageSet,
    NumberAdded,
    NumberFacts,
    NumberMarked,
    OutcomeRecorded,
    RefusalDescribed,
)
from survey_cli.fieldwork.case.locations import find_case_region, localize_plan
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.fieldwork.queue.rules import list_call_zones
from survey_cli.outcomes import Outcome
from survey_cli.samples.cases.columns import clean_text
from survey_cli.samples.cases.phone_numbers import InvalidNumber, read_number
from survey_cli.sessions.case.claimed_case import ClaimedCase, PendingInput
from survey_cli.sessions.station.station_protocol import OwnerPolicy
from survey_cli.sessions.station.station_view import INTERVIEW_OUTCOMES, REQUIRED_INPUTS
from survey_cli.store.cases.case_records import Contact, ContactNumber
from survey_cli.study.consistency.follow_up import build_follow_up_tasks
from survey_cli.study.consistency.interview_outcomes import (
    build_do_not_call_events,
    derive_interview_events,
    measure_progress,
)

DEAD_NUMBER_CODES: Final = frozenset({"dead", "4.20", "4.32", "4.41", "4.51"})
"""Codes of an outcome that finish the number it was dialled at."""
NO_TIME_NOTICE: Final = (
    "no time was asked for: the case is called again as a callback; `survey station` makes appointments"
)
STRONGEST_REFUSAL: Final = 3
"""Of refusals."""
TIMED_OUTCOMES: Final = frozenset({"appointment", "callback"})
"""Outcomes of an `end` after which the respondent is asked when to call again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvents:
    """Something that is to be kept."""

    events: tuple[CaseEvent, ...]
    release: bool = False
    """The station lets go of the case with it."""
    outcome: str = ""
    """What was keyed; empty where it is none."""
    contact: Contact | None = None
    """What is known of the person from now on, where that changed."""
    tasks: tuple[str, ...] = ()
    """What follows once it is kept: numbers for the do-not-call list, answers to be erased."""
    notice: str = ""
    """What the interviewer should know of it."""


def build_outcome_events(
    here: ClaimedCase,
    row: Outcome,
    plan: Plan,
    interview: Interview | None,
    *,
    note: str,
    number: str,
    language: str,
    link: str,
) -> CaseEvents | Rejection:
    """One of the outcomes on offer. Another number that can be tried keeps the case at the station."""
    kind = row.kind
    if kind in INTERVIEW_OUTCOMES and here.pending_input != "outcome":
        return Rejection("only the interview itself comes to that")
    events: list[CaseEvent] = [build_call_event(here, row.id, plan, interview, note=note)]
    contact = None
    match REQUIRED_INPUTS.get(kind, ""):
        case "note" if not note:
            return Rejection("say in a note what the supervisor has to know")
        case "time":
            return Rejection("an appointment needs its time")
        case "language" if language:
            events.append(LanguageSet(language))
        case "number":
            added = build_number_events(here, number, plan, link=link)
            if isinstance(added, Rejection):
                return added
            events += added.events
            contact = added.contact
        case _:
            pass
    if (row.listed if plan.eligibility_known else row.rdd) in DEAD_NUMBER_CODES and here.current_number:
        events.append(NumberMarked(here.current_number, "dead", row.name.lower()))
    events += build_do_not_call_events(row)
    more = row.next_number and kind != "busy" and _has_untried_number(here, events)
    return CaseEvents(
        events=(*events, *(() if more else (AttemptClosed(),))),
        release=not more,
        outcome=row.id,
        contact=contact,
        tasks=build_follow_up_tasks(row, here.case.key),
    )


def build_call_event(
    here: ClaimedCase,
    outcome: str,
    plan: Plan,
    interview: Interview | None,
    *,
    note: str = "",
    interrupted: bool = False,
) -> OutcomeRecorded:
    """The call that goes on, with its outcome."""
    # the terminal died in the middle of it, and nobody went on
    lost = interview is None and here.case.interview_open
    return OutcomeRecorded(
        outcome=outcome,
        number=here.current_number,
        eligible=interview is not None and is_known_eligible(measure_progress(interview), plan),
        person=interview is not None,
        interrupted=interrupted or here.case.interrupted or here.pending_input != "" or lost,
        note=note,
    )


def _has_untried_number(here: ClaimedCase, events: list[CaseEvent]) -> bool:
    """Whether another live number was not called in this sitting."""
    case = here.append_events(events, at=here.shown_at, by="", station="").case
    tried = {call.number for call in case.open_attempt.calls} if case.open_attempt is not None else set()
    return any(number.position not in tried for number in case.live_numbers)


def build_refusal_event(reason: str, strength: int, who: str) -> RefusalDescribed | Rejection:
    """What is to be known of a refusal."""
    if not 0 <= strength <= STRONGEST_REFUSAL:
        return Rejection(f"how strong: 1 to {STRONGEST_REFUSAL}")
    noted = RefusalDescribed(clean_text(reason), strength, clean_text(who))
    return noted if noted != RefusalDescribed() else Rejection("an empty note is not saved")


def may_revoke(outcome: str, plan: Plan) -> bool:
    """Whether an outcome that was keyed by a slip is the interviewer's own to correct."""
    kind = plan.outcomes[outcome].kind
    return REQUIRED_INPUTS.get(kind) != "sure" and kind != "complete"


def parse_appointment_time(
    here: ClaimedCase,
    text: str,
    plan: Plan,
    *,
    reading: int,
    at: datetime,
    station_zone: str,
    languages: Sequence[str],
) -> AppointmentTime | UnclearAppointment:
    """The time that a typed text means for this respondent; `reading` chooses, from 1, where it means several.
    `5pm here` is on the clock of `station_zone`; words may be those of the study's `languages`."""
    zones = list_call_zones(here.case, here.case.find_number(here.current_number), plan)
    found = parse_appointment(
        text,
        now=at,
        zones=zones,
        calendar=localize_plan(here.case, plan).calendar,
        here=station_zone,
        languages=languages,
    )
    if isinstance(found, UnclearAppointment) and 0 < reading <= len(found.choices):
        return found.choices[reading - 1]
    return found


def build_appointment_events(
    here: ClaimedCase,
    meant: AppointmentTime,
    plan: Plan,
    interview: Interview | None,
    *,
    by: str,
    keeper: OwnerPolicy,
    person: str,
    note: str,
) -> CaseEvents:
    """A promise to call again at that time."""
    promised = meant.make_event(
        person=clean_text(person),
        owner="" if keeper == "anyone" else by,
        policy=keeper,
        note=clean_text(note),
    )
    call = build_call_event(here, "appointment", plan, interview, interrupted=interview is not None)
    return CaseEvents(events=(call, promised, AttemptClosed()), release=True, outcome="appointment")


def build_number_events(here: ClaimedCase, text: str, plan: Plan, *, link: str) -> CaseEvents | Rejection:
    """A number that was given; `link` is for a case of which nothing personal is kept yet."""
    country = find_case_region(here.case, plan)[:2]
    read = read_number(text, country or None)
    if isinstance(read, InvalidNumber):
        return Rejection(f"{read.why}: {read.remedy}")
    position = max((n.position for n in here.case.numbers), default=0) + 1
    shown = read.national if read.country in ("", country) else read.international
    kept = ContactNumber(position, read.written, read.e164, shown, read.extension)
    contact = here.contact or Contact(link=link)
    return CaseEvents(
        events=(NumberAdded(NumberFacts(position, read.line, read.zones)),),
        contact=contact._replace(numbers=(*contact.numbers, kept)),
    )


def build_interview_events(
    here: ClaimedCase, interview: Interview, row: Outcome | None, plan: Plan, *, by_route: bool
) -> CaseEvents | PendingInput:
    """What is kept with the event that closed the interview, or what is owed before the case can go. `by_route`: an `end`
    closed it, not the interviewer."""
    if row is None:
        return "outcome"
    if interview.status == "suspended" and requires_time(row, plan, by_route=by_route):
        return "time"
    return build_closing_events(here, interview, row, plan)


def requires_time(row: Outcome, plan: Plan, *, by_route: bool) -> bool:
    """Whether a suspended interview of this outcome waits for an appointment's time."""
    return plan.delays.get(row.id) == "appointment" or (by_route and row.kind in TIMED_OUTCOMES)


def build_events_without_station(
    here: ClaimedCase, interview: Interview, row: Outcome | None, plan: Plan, *, by_route: bool
) -> CaseEvents:
    """The same where no station has the case, and no time can be asked for: it is called again."""
    timed = (
        row is not None and interview.status == "suspended" and requires_time(row, plan, by_route=by_route)
    )
    if row is None or timed:
        call = build_call_event(here, "callback", plan, interview, interrupted=True)
        return CaseEvents(
            events=(call, AttemptClosed()), release=True, notice=NO_TIME_NOTICE if timed else ""
        )
    deed = build_closing_events(here, interview, row, plan)
    case, last = here.case, here.case.last_call
    after = here.append_events(deed.events, at=here.shown_at, by="", station="").case
    if (
        last is not None
        and last.outcome == row.id
        and code_case(case, plan).code == code_case(after, plan).code
    ):
        return CaseEvents(
            events=(CaseReturned("given back"),), release=True
        )  # a correction that changed no outcome
    return deed


def build_closing_events(here: ClaimedCase, interview: Interview, row: Outcome, plan: Plan) -> CaseEvents:
    """The interview closed, by itself or by the interviewer's hand."""
    events = derive_interview_events(
        interview, row, plan, number=here.current_number, interrupted=here.case.interrupted
    )
    return CaseEvents(
        events=(*events, AttemptClosed()),
        release=True,
        outcome=row.id,
        tasks=build_follow_up_tasks(row, here.case.key),
    )
