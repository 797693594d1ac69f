"""Views of a case at a station: everything that is shown of it, and its state in words."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.entries import to_plain_text
from survey_cli.fieldwork.appointments.appointment import find_open_appointment
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
from survey_cli.sessions.interview.interview_session import ToLocal
from survey_cli.sessions.station import station_views
from survey_cli.sessions.station.station_views import OutcomeChoices
from survey_cli.store.cases.case_records import CaseRow, Contact
from survey_cli.study.open_study import OpenStudy

OUTCOME_HEADINGS: Final = (
    ("Nobody was reached", ("before",)),
    ("Somebody was", ("after", "screened", "any")),
)


def build_case_view(
    claimed: ClaimedCase, study: OpenStudy, *, at: datetime, to_local: ToLocal
) -> station_views.CaseView:
    """Build everything that is shown of the case; `to_local` converts a time to this station's clock."""
    case, plan, instrument = claimed.case, study.plan, study.instrument
    zones = list_call_zones(case, case.find_number(claimed.current_number), plan)
    zone = ZoneInfo(zones[0]) if zones else None
    until = localize_plan(case, plan).calendar.find_opening(zones, at).until
    first, more = _build_outcome_choices(plan)
    language = case.language or instrument.language
    personal = claimed.contact.columns if claimed.contact is not None else {}
    return station_views.CaseView(
        key=case.key,
        name=format_case_name(instrument, case, claimed.contact),
        details=list_details(instrument, {**personal, **case.columns})
        + _list_language(instrument, language),
        languages=tuple((code, get_language_name(code)) for code in instrument.languages),
        attempt=len(case.counted_attempts) + (0 if claimed.has_calls else 1),
        limit=plan.limits.total,
        numbers=_build_numbers(case, claimed.contact, plan, claimed.current_number, at),
        respondent_time=at.astimezone(zone) if zone is not None else None,
        station_time=to_local(at),
        callable_until=until.astimezone(zone) if until is not None and zone is not None else None,
        ask_for=case.appointment.details.person if case.appointment is not None else "",
        appointment=_format_appointment(case, plan),
        history=build_history(claimed.history, plan, zone),
        main_outcomes=first,
        answers_in_call=claimed.answers_in_call,
        other_outcomes=more,
        scripts=_build_scripts(plan, case, language),
        faq=tuple(
            (_render_text(ask, language), _render_text(say, language))
            for ask, say in instrument.faq
        ),
        interview_state=claimed.interview.state,
        interview_status=claimed.interview.text,
        has_open_call=claimed.has_open_call,
        dialed_at=to_local(claimed.dialed_at) if claimed.dialed_at is not None else None,
        heard=claimed.heard if claimed.has_open_call else "",
        pending_input=claimed.pending_input,
        notice=claimed.notice,
    )


def _list_language(instrument: Instrument, language: str) -> tuple[tuple[str, str], ...]:
    """List the language in which the case is interviewed, if the study has several."""
    if len(instrument.languages) < 2:
        return ()
    name = "another than the study's" if language == OTHER_LANGUAGE else get_language_name(language)
    return (("Language", name),)


def describe_interrupted_call(case: Case, to_local: ToLocal, *, elsewhere: str = "") -> str:
    """Describe what was going on when the terminal was lost; `elsewhere` is the station, if it was another one."""
    attempt = case.open_attempt
    since = (
        f"You have been on this case since {to_local(attempt.started_at):%H:%M}"
        if attempt is not None
        else ""
    )
    if elsewhere:
        since = f"Continued from station {elsewhere}, which can't write to it any more"
    if case.interview_open:
        return f"{since}: the interview was in progress. Resume it, or key an outcome."
    if attempt is not None and attempt.dialed:
        return f"{since}: a number was dialed, and no outcome was keyed."
    return f"{since}."


def _render_text(text: Template, language: str) -> str:
    words = to_plain_text(text.fill(NOTHING_KNOWN, language))
    return " ".join(words.split())


def _build_outcome_choices(
    plan: Plan,
) -> tuple[OutcomeChoices, tuple[tuple[str, OutcomeChoices], ...]]:
    """Build the main outcomes, and all others under headings."""
    left_out = INTERVIEW_OUTCOMES | (RDD_ONLY_OUTCOMES if plan.eligibility_known else frozenset())
    on_offer = {
        id: row
        for id, row in plan.outcomes.items()
        if id not in left_out and row.moment != "interrupted"
    }
    main = tuple(_build_choice(on_offer[id]) for id in SINGLE_KEY_OUTCOMES if id in on_offer)
    others = []
    for heading, moments in OUTCOME_HEADINGS:
        rows = [
            row
            for id, row in on_offer.items()
            if row.moment in moments and id not in SINGLE_KEY_OUTCOMES
        ]
        own_first = sorted(rows, key=lambda row: row.id in OUTCOMES)
        others.append((heading, tuple(map(_build_choice, own_first))))
    return main, tuple(others)


def _build_choice(row: Outcome) -> station_views.OutcomeChoice:
    required, is_refusal = REQUIRED_INPUTS.get(row.kind, ""), row.kind in REFUSAL_OUTCOMES
    return station_views.OutcomeChoice(outcome=row, required_input=required, is_refusal=is_refusal)


def _build_numbers(
    case: Case, contact: Contact | None, plan: Plan, current: int, at: datetime
) -> tuple[station_views.StationNumber, ...]:
    """Build the lines of all numbers, in the order of the sample."""
    texts = {n.position: n.display for n in contact.numbers} if contact is not None else {}
    calls = case.open_attempt.calls if case.open_attempt is not None else ()
    outcomes = {call.number: describe_outcome(call.outcome, plan) for call in calls}
    return tuple(
        station_views.StationNumber(
            position=number.position,
            text=texts.get(number.position, "(erased)"),
            line=number.line,
            state=number.state,
            current=number.position == current,
            outcome=outcomes.get(number.position, ""),
            why_not=_explain_number(case, number, plan, at),
            by_hand=plan.requires_manual_dialing(number.line, case.columns),
        )
        for number in case.numbers
    )


def _explain_number(case: Case, number: NumberRecord, plan: Plan, at: datetime) -> str:
    """Return why a live number may not be dialed now; empty if it may, or if it is never dialed."""
    if number.state != "live":
        return ""
    obstacle = find_number_obstacle(case, number, plan, at)
    return "" if obstacle is None else str(obstacle)


def format_case_name(instrument: Instrument, case: Case, contact: Contact | None) -> str:
    """Return the case's name column, or its key."""
    column = find_column(instrument, "name")
    name = contact.columns.get(column) if contact is not None and column else None
    return name if isinstance(name, str) and name else case.key


def _build_scripts(
    plan: Plan, case: Case, language: str
) -> tuple[station_views.StationScript, ...]:
    scripts = []
    for script in plan.scripts:
        text = script.texts.get(language) or next(iter(script.texts.values()), "")
        is_used = script.once and script.id in case.scripts_read
        scripts.append(station_views.StationScript(id=script.id, text=text, is_used=is_used))
    return tuple(scripts)


def _format_appointment(case: Case, plan: Plan) -> str:
    """Format the open appointment on the respondent's clock: `Thu 26 Nov 15:00 (me first): use the direct line`."""
    appointment = find_open_appointment(case, plan)
    if appointment is None:
        return ""
    owner_words = {
        "anyone": "",
        "me": f" ({appointment.owner} only)",
        "me_first": f" ({appointment.owner} first)",
    }
    return format_appointment_time(appointment) + owner_words[appointment.policy]


def describe_state(row: CaseRow, plan: Plan) -> str:
    """Describe a case's state: `waiting: 3h after no answer`, `done: complete`, `at station 04 with ann`."""
    if row.holder is not None:
        return f"at station {row.holder.station} with {row.holder.by}"
    outcome = (
        describe_outcome(row.position.outcome, plan) if row.position.outcome else "never called"
    )
    if row.position.reason == DUE:
        return f"{row.status}: {outcome}"
    return f"{row.status}: {row.position.reason.words}"
