"""Views of the case on a station's screen, with the clocks of the respondent and of the station."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.case.locations import localize_plan
from survey_cli.fieldwork.plan.plan import RDD_ONLY_OUTCOMES, Plan
from survey_cli.fieldwork.queue.rules import (
    REFUSAL_OUTCOMES,
    explain_number_closed,
    find_open_appointment,
    list_call_zones,
)
from survey_cli.instrument.compiled.model import Instrument
from survey_cli.instrument.texts.templates import Template
from survey_cli.outcomes import OUTCOMES, SINGLE_KEY_OUTCOMES, Outcome
from survey_cli.reports.fieldwork.case_histories import (
    build_history,
    describe_outcome,
    format_appointment_time,
)
from survey_cli.samples.cases.columns import find_column, iterate_labeled_values
from survey_cli.sessions.case.claimed_case import ClaimedCase
from survey_cli.sessions.station.station_protocol import (
    CaseView,
    OutcomeChoice,
    RequiredInput,
    StationNumber,
    StationScript,
)
from survey_cli.store.cases.case_records import CaseRow, Contact
from survey_cli.study.open_study import OpenStudy

OUTCOME_HEADINGS: Final = (
    ("Nobody was reached", ("before",)),
    ("Somebody was", ("after", "screened", "any")),
)
REQUIRED_INPUTS: Final[Mapping[str, RequiredInput]] = {
    "supervisor": "note",
    "changed": "number",
    "language": "language",
    "appointment": "time",
    "refusal_hard": "sure",
    "refusal_household_hard": "sure",
    "never_call": "sure",
    "withdrawn": "sure",
}
HIDDEN_ROLES: Final = ("key", "phone", "zone", "name", "replicate", "priority", "weight")
"""Roles of sample columns that are shown elsewhere, or are none of an interviewer's business."""
INTERVIEW_OUTCOMES: Final = frozenset({"complete", "break_off"})
"""The interview itself comes to these."""


def build_case_view(
    here: ClaimedCase, study: OpenStudy, *, at: datetime, local: Callable[[datetime], datetime]
) -> CaseView:
    """Everything that is shown of the case; `to_local` puts a moment on this station's clock."""
    case, plan, instrument = here.case, study.plan, study.instrument
    zones = list_call_zones(case, case.find_number(here.current_number), plan)
    zone = ZoneInfo(zones[0]) if zones else None
    until = localize_plan(case, plan).calendar.find_opening(zones, at).until
    first, more = build_outcome_choices(plan)
    language = case.language or instrument.language
    return CaseView(
        key=case.key,
        name=format_case_name(instrument, case, here.contact),
        details=format_details(instrument, case, here.contact),
        attempt=len(case.counted_attempts) + (0 if here.has_calls else 1),
        limit=plan.limits.total,
        numbers=build_numbers(case, here.contact, plan, here.current_number, at),
        respondent_time=at.astimezone(zone) if zone is not None else None,
        station_time=local(at),
        callable_until=until.astimezone(zone) if until is not None and zone is not None else None,
        ask_for=case.appointment.details.person if case.appointment is not None else "",
        appointment=format_appointment(case, plan),
        history=build_history(here.history, plan, zone),
        main_outcomes=first,
        other_outcomes=more,
        scripts=build_scripts(plan, case, language),
        faq=tuple((_render_text(ask, language), _render_text(say, language)) for ask, say in instrument.faq),
        interview_status=here.interview_status,
        has_open_call=here.has_open_call,
        pending_input=here.pending_input,
        notice=here.notice,
    )


def describe_interrupted_call(case: Case, local: Callable[[datetime], datetime]) -> str:
    """What was going on when the terminal died, said plainly."""
    sitting = case.open_attempt
    since = f"You were on this case since {local(sitting.started_at):%H:%M}" if sitting is not None else ""
    if case.interview_open:
        return f"{since}: its interview was going on. Go on with it, or key an outcome."
    if sitting is not None and sitting.dialed:
        return f"{since}: a number was dialed, and its outcome was not keyed."
    return f"{since}."


def _render_text(text: Template, language: str) -> str:
    return " ".join("".join(span.text for span in text.fill({}, language)).split())


def build_outcome_choices(
    plan: Plan,
) -> tuple[tuple[OutcomeChoice, ...], tuple[tuple[str, tuple[OutcomeChoice, ...]], ...]]:
    """The outcomes keyed at once, and all others under headings."""
    left_out = INTERVIEW_OUTCOMES | (RDD_ONLY_OUTCOMES if plan.eligibility_known else frozenset())
    offered = {
        id: row for id, row in plan.outcomes.items() if id not in left_out and row.moment != "interrupted"
    }
    first = tuple(_build_choice(offered[id]) for id in SINGLE_KEY_OUTCOMES if id in offered)
    more = []
    for heading, moments in OUTCOME_HEADINGS:
        rows = [row for id, row in offered.items() if row.moment in moments and id not in SINGLE_KEY_OUTCOMES]
        own = [row for row in rows if row.id not in OUTCOMES]
        more.append(
            (heading, tuple(_build_choice(row) for row in (*own, *(r for r in rows if r.id in OUTCOMES))))
        )
    return first, tuple(more)


def _build_choice(row: Outcome) -> OutcomeChoice:
    kind = row.like or row.id
    return OutcomeChoice(
        outcome=row, required_input=REQUIRED_INPUTS.get(kind, ""), is_refusal=kind in REFUSAL_OUTCOMES
    )


def build_numbers(
    case: Case, contact: Contact | None, plan: Plan, current: int, at: datetime
) -> tuple[StationNumber, ...]:
    """All numbers, in the order of the sample."""
    shown = {n.position: n.display for n in contact.numbers} if contact is not None else {}
    sitting = case.open_attempt.calls if case.open_attempt is not None else ()
    came_to = {call.number: describe_outcome(call.outcome, plan) for call in sitting}
    return tuple(
        StationNumber(
            position=number.position,
            text=shown.get(number.position, "(erased)"),
            line=number.line,
            state=number.state,
            current=number.position == current,
            outcome=came_to.get(number.position, ""),
            why_not=explain_number_closed(case, number, plan, at) if number.state == "live" else "",
            by_hand=plan.requires_manual_dialing(number.line, case.columns),
        )
        for number in case.numbers
    )


def format_details(
    instrument: Instrument, case: Case, contact: Contact | None
) -> tuple[tuple[str, str], ...]:
    """The sample columns in words: label and value, the key, numbers and the zone left out."""
    personal = contact.columns if contact is not None else {}
    return tuple(iterate_labeled_values(instrument, {**personal, **case.columns}, without=HIDDEN_ROLES))


def format_case_name(instrument: Instrument, case: Case, contact: Contact | None) -> str:
    """What the case is called: its name column, else its key."""
    named = find_column(instrument, "name")
    said = contact.columns.get(named) if contact is not None and named else None
    return said if isinstance(said, str) and said else case.key


def build_scripts(plan: Plan, case: Case, language: str) -> tuple[StationScript, ...]:
    return tuple(
        StationScript(
            id=script.id,
            text=script.texts.get(language) or next(iter(script.texts.values()), ""),
            is_used=script.once and script.id in case.scripts_read,
        )
        for script in plan.scripts
    )


def format_appointment(case: Case, plan: Plan) -> str:
    """The promise that stands, on the respondent's clock: `Thu 26 Nov 15:00 (me first): use the direct line`."""
    promised = find_open_appointment(case, plan)
    if promised is None:
        return ""
    keeper = {"anyone": "", "me": f" ({promised.owner} only)", "me_first": f" ({promised.owner} first)"}
    return format_appointment_time(promised) + keeper[promised.policy]


def describe_state(row: CaseRow, plan: Plan) -> str:
    """Where a case is, in a few words: `waiting: 3h after no answer`, `done: complete`, `at station 04 with ann`."""
    if row.holder is not None:
        return f"at station {row.holder.station} with {row.holder.by}"
    said = row.why or (describe_outcome(row.outcome, plan) if row.outcome else "never called")
    return f"{row.status}: {said}"
