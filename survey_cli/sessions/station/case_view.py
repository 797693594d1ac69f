"""Views of a case at a station: everything that is shown of it, and its state in words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from survey_cli.entries import to_plain_text
from survey_cli.fieldwork.appointments.appointment import find_open_appointment
from survey_cli.fieldwork.calendar.zones import ToLocal
from survey_cli.fieldwork.case.case import Case, NumberRecord, list_call_zones, localize_plan
from survey_cli.fieldwork.plan.plan import RDD_ONLY_OUTCOMES, Plan
from survey_cli.fieldwork.queue.calling_rules import find_number_obstacle
from survey_cli.fieldwork.queue.reasons import DUE
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.expressions.known import NOTHING_KNOWN
from survey_cli.instrument.texts.languages import get_language_name
from survey_cli.instrument.texts.templates import Template
from survey_cli.outcomes import OUTCOMES, REFUSAL_OUTCOMES, SINGLE_KEY_OUTCOMES, Outcome
from survey_cli.reports.fieldwork.case_histories import (
    build_history,
    describe_outcome,
    format_appointment_time,
)
from survey_cli.samples.cases.columns import find_column, list_details
from survey_cli.sessions.case.claimed_case import (
    INTERVIEW_OUTCOMES,
    OTHER_LANGUAGE,
    REQUIRED_INPUTS,
    ClaimedCase,
)
from survey_cli.sessions.station.station_views import (
    CaseView,
    OutcomeChoice,
    OutcomeChoices,
    OutcomeGroup,
    StationNumber,
    StationScript,
    group_outcomes,
)
from survey_cli.store.cases.case_records import CaseRow, Contact
from survey_cli.study.open_study import OpenStudy


def build_case_view(
    claimed: ClaimedCase, study: OpenStudy, *, at: datetime, to_local: ToLocal
) -> CaseView:
    """Build everything that is shown of the case.

    `to_local` converts a time to this station's clock.
    """
    case = claimed.case
    plan = study.plan
    instrument = study.instrument
    language = case.language or instrument.language

    zones = list_call_zones(case, case.find_number(claimed.current_number), plan)
    opening = localize_plan(case, plan).calendar.find_opening(zones, at)
    # Without a zone, nothing can be said on the respondent's clock.
    zone = None
    respondent_time = None
    callable_until = None
    if zones:
        zone = ZoneInfo(zones[0])
        respondent_time = at.astimezone(zone)
        if opening.until is not None:
            callable_until = opening.until.astimezone(zone)

    attempt = len(case.counted_attempts)
    if not claimed.has_calls:
        attempt += 1  # the one that begins now
    ask_for = ""
    if case.appointment is not None:
        ask_for = case.appointment.details.person
    dialed_at = None
    if claimed.dialed_at is not None:
        dialed_at = to_local(claimed.dialed_at)

    return CaseView(
        key=case.key,
        name=format_case_name(instrument, case, claimed.contact),
        details=_list_details(claimed, instrument, language),
        languages=tuple((code, get_language_name(code)) for code in instrument.languages),
        attempt=attempt,
        limit=plan.limits.total,
        numbers=_build_numbers(claimed, plan, at),
        respondent_time=respondent_time,
        station_time=to_local(at),
        callable_until=callable_until,
        ask_for=ask_for,
        appointment=_format_appointment(case, plan),
        history=build_history(claimed.history, plan, zone),
        main_outcomes=_list_main_outcomes(plan),
        other_outcomes=_group_other_outcomes(plan),
        answers_in_call=claimed.answers_in_call,
        scripts=_build_scripts(plan, case, language),
        faq=_build_faq(instrument, language),
        interview_state=claimed.interview.state,
        interview_status=claimed.interview.text,
        has_open_call=claimed.has_open_call,
        dialed_at=dialed_at,
        heard=claimed.heard if claimed.has_open_call else "",
        pending_input=claimed.pending_input,
        notice=claimed.notice,
    )


def _list_details(
    claimed: ClaimedCase, instrument: Instrument, language: str
) -> tuple[tuple[str, str], ...]:
    """List the sample columns, and the language of the interview if the study has several."""
    columns = dict(claimed.case.columns)
    if claimed.contact is not None:
        columns = {**claimed.contact.columns, **columns}
    details = list_details(instrument, columns)
    if len(instrument.languages) < 2:
        return details

    if language == OTHER_LANGUAGE:
        name = "another than the study's"
    else:
        name = get_language_name(language)
    return (*details, ("Language", name))


def describe_interrupted_call(case: Case, to_local: ToLocal, *, elsewhere: str = "") -> str:
    """Describe what was going on when the terminal was lost.

    `elsewhere` is the station, if it was another one.
    """
    attempt = case.open_attempt
    since = ""
    if elsewhere:
        since = f"Continued from station {elsewhere}, which can't write to it any more"
    elif attempt is not None:
        since = f"You have been on this case since {to_local(attempt.started_at):%H:%M}"

    if case.interview_open:
        return f"{since}: the interview was in progress. Resume it, or key an outcome."
    if attempt is not None and attempt.dialed:
        return f"{since}: a number was dialed, and no outcome was keyed."
    return f"{since}."


def _build_faq(instrument: Instrument, language: str) -> tuple[tuple[str, str], ...]:
    faq = []
    for question, answer in instrument.faq:
        faq.append((_render_text(question, language), _render_text(answer, language)))
    return tuple(faq)


def _render_text(text: Template, language: str) -> str:
    words = to_plain_text(text.fill(NOTHING_KNOWN, language))
    return " ".join(words.split())


# outcomes


def _list_outcomes_on_offer(plan: Plan) -> dict[str, Outcome]:
    """List the outcomes that an interviewer can key."""
    left_out = INTERVIEW_OUTCOMES
    if plan.eligibility_known:
        left_out |= RDD_ONLY_OUTCOMES
    known = {id: outcome for id, outcome in plan.outcomes.items() if id not in left_out}
    return {id: outcome for id, outcome in known.items() if outcome.moment != "interrupted"}


def _list_main_outcomes(plan: Plan) -> OutcomeChoices:
    """List the outcomes that are entered with one key."""
    on_offer = _list_outcomes_on_offer(plan)
    return tuple(_build_choice(on_offer[id]) for id in SINGLE_KEY_OUTCOMES if id in on_offer)


def _group_other_outcomes(plan: Plan) -> tuple[OutcomeGroup, ...]:
    """Group all other outcomes under headings, the study's own ones first."""
    others = []
    for id, outcome in _list_outcomes_on_offer(plan).items():
        if id not in SINGLE_KEY_OUTCOMES:
            others.append(outcome)

    own_first = sorted(others, key=lambda outcome: outcome.id in OUTCOMES)
    return group_outcomes(tuple(_build_choice(outcome) for outcome in own_first))


def _build_choice(outcome: Outcome) -> OutcomeChoice:
    return OutcomeChoice(
        outcome=outcome,
        required_input=REQUIRED_INPUTS.get(outcome.kind, ""),
        is_refusal=outcome.kind in REFUSAL_OUTCOMES,
    )


# numbers


def _build_numbers(claimed: ClaimedCase, plan: Plan, at: datetime) -> tuple[StationNumber, ...]:
    """Build the lines of all numbers, in the order of the sample."""
    case = claimed.case
    texts = {}
    if claimed.contact is not None:
        texts = {number.position: number.display for number in claimed.contact.numbers}
    outcomes = {}
    if case.open_attempt is not None:
        for call in case.open_attempt.calls:
            outcomes[call.number] = describe_outcome(call.outcome, plan)

    numbers = []
    for number in case.numbers:
        built = StationNumber(
            position=number.position,
            text=texts.get(number.position, "(erased)"),
            line=number.line,
            state=number.state,
            current=number.position == claimed.current_number,
            outcome=outcomes.get(number.position, ""),
            why_not=_explain_number(case, number, plan, at),
            by_hand=plan.requires_manual_dialing(number.line, case.columns),
        )
        numbers.append(built)
    return tuple(numbers)


def _explain_number(case: Case, number: NumberRecord, plan: Plan, at: datetime) -> str:
    """Return why a live number may not be dialed now; empty if it may, or is never dialed."""
    if number.state != "live":
        return ""
    obstacle = find_number_obstacle(case, number, plan, at)
    return "" if obstacle is None else str(obstacle)


def format_case_name(instrument: Instrument, case: Case, contact: Contact | None) -> str:
    """Return the case's name column, or its key."""
    column = find_column(instrument, "name")
    if contact is not None and column:
        name = contact.columns.get(column)
        if isinstance(name, str) and name:
            return name
    return case.key


def _build_scripts(plan: Plan, case: Case, language: str) -> tuple[StationScript, ...]:
    scripts = []
    for script in plan.scripts:
        # A script may lack the language of the case: its first text is better than none.
        first_text = next(iter(script.texts.values()), "")
        text = script.texts.get(language) or first_text
        is_used = script.once and script.id in case.scripts_read
        scripts.append(StationScript(id=script.id, text=text, is_used=is_used))
    return tuple(scripts)


def _format_appointment(case: Case, plan: Plan) -> str:
    """Format the open appointment on the respondent's clock.

    `Thu 26 Nov 15:00 (me first): use the direct line`
    """
    appointment = find_open_appointment(case, plan)
    if appointment is None:
        return ""
    text = format_appointment_time(appointment)
    match appointment.policy:
        case "anyone":
            return text
        case "me":
            return f"{text} ({appointment.owner} only)"
        case "me_first":
            return f"{text} ({appointment.owner} first)"


def describe_state(row: CaseRow, plan: Plan) -> str:
    """Describe a case's state.

    `waiting: 3h after no answer`, `done: complete`, `at station 04 with ann`
    """
    if row.holder is not None:
        return f"at station {row.holder.station} with {row.holder.by}"
    if row.position.reason != DUE:
        return f"{row.status}: {row.position.reason.words}"
    if row.position.outcome:
        return f"{row.status}: {describe_outcome(row.position.outcome, plan)}"
    return f"{row.status}: never called"
