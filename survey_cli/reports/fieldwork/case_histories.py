"""Case histories in words: every event for supervisors, and the events that interviewers see."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from survey_cli.fieldwork.appointments.reading import DEFAULT_WINDOW
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.instrument.texts.languages import get_language_name

_EVENT_TEXTS: Final = {
    "CaseReleased": "released for calling",
    "CaseClaimed": "at a station",
    "OutcomeRevoked": "the last outcome was undone: it was keyed by mistake",
    "AttemptClosed": "the station left the case",
    "AppointmentCanceled": "the appointment was canceled",
    "CaseNoteWritten": "note",
    "ReferralAnswered": "a supervisor answered: calling continues",
    "CaseReopened": "a supervisor reopened the case",
    "DoNotCallSet": "must not be called again",
    "DoNotCallCleared": "a supervisor corrected this: it may be called again",
    "CaseErased": "erased: identifying data was removed",
    "CaseAnonymized": "the retention period ended: names, numbers and notes were removed",
}
"""Texts of events that are always the same, for supervisors, by the name of their class."""
_STATION_TEXTS: Final = {
    "OutcomeRevoked": "the last outcome was undone: it was keyed by mistake",
    "AppointmentCanceled": "the appointment was canceled",
    "CaseNoteWritten": "note",
    "ReferralAnswered": "supervisor: calling continues",
    "CaseReopened": "reopened",
    "NumberAdded": "another number was added",
    "InterviewOpened": "interview",
    "DoNotCallSet": "must not be called again",
    "DoNotCallCleared": "may be called again",
}
"""The same at stations."""
_RETURN_TEXTS: Final = {
    "given back": "returned without a call",
    "lapsed": "returned: the station gave no sign, and its lease ended",
    "released": "freed by a supervisor",
}
"""Why a case was returned without an outcome."""
_APPOINTMENT_OWNERS: Final = {
    "anyone": "anyone",
    "me": "{owner} only",
    "me_first": "{owner} first",
}
"""Who calls at the time of an appointment, by its policy."""


class EventText(NamedTuple):
    """Description of an event, and the note written with it."""

    what: str
    note: str = ""


class StationHistoryLine(NamedTuple):
    """One event of the case, as interviewers see it."""

    at: datetime
    """Time of the event on the requested clock: the respondent’s, if their zone is known."""
    what: str
    by: str
    note: str = ""


def format_appointment_time(appointment: events.AppointmentMade) -> str:
    """Format the time of an appointment: `Thu 26 Nov 15:00`, `Thu 26 Nov 09:00–12:00`."""
    start = datetime.fromisoformat(appointment.start)
    end = datetime.fromisoformat(appointment.end)
    day = f"{start:%a} {start.day} {start:%b}"
    if (end - start).total_seconds() <= DEFAULT_WINDOW.total_seconds():
        return f"{day} {start:%H:%M}"
    if end.date() == start.date():
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    return f"{day} {start:%H:%M} to {end:%a} {end.day} {end:%b} {end:%H:%M}"


def describe_outcome(outcome: str, plan: Plan) -> str:
    """Return the name of an outcome in lower case; the id if the plan has no such outcome."""
    definition = plan.outcomes.get(outcome)
    name = definition.name if definition is not None else outcome
    return name[:1].lower() + name[1:]


def describe_refusal(refusal: events.RefusalDescribed) -> str:
    """Describe who refused, and how strongly: `refused by her husband, strength 2 of 3`."""
    text = "refused"
    if refusal.who:
        text += f" by {refusal.who}"
    if refusal.strength:
        text += f", strength {refusal.strength} of 3"
    return text


def describe_appointment_owner(
    appointment: events.AppointmentMade | events.AppointmentReassigned,
) -> str:
    """Describe who keeps the appointment: `anyone`, `ann only`, `ann first`."""
    return _APPOINTMENT_OWNERS[appointment.policy].format(owner=appointment.owner)


def build_history(
    history: Sequence[events.HistoryEntry], plan: Plan, zone: tzinfo | None
) -> tuple[StationHistoryLine, ...]:
    """Build the history of a case in the words of interviewers, oldest first."""
    lines = []
    for entry in history:
        what = _describe_for_station(entry.event, plan)
        if what:
            at = entry.at.astimezone(zone)
            lines.append(StationHistoryLine(at, what, entry.by, _get_note(entry.event)))
    return tuple(lines)


def describe_event(event: events.CaseEvent, before: Case, plan: Plan) -> EventText:
    """Describe an event for supervisors; `before` is the case before it."""
    match event:
        case events.CaseSampled():
            what = "changed by a sample import" if before.seq else "imported with the sample"
        case events.NumberDialed():
            what = f"number {event.number} dialed"
        case events.OutcomeRecorded():
            number = f" at number {event.number}" if event.number else ", incoming call"
            interrupted = ", interview interrupted" if event.interrupted else ""
            outcome = describe_outcome(event.outcome, plan)
            what = f"{outcome}{_format_code(event)}{number}{interrupted}"
        case events.CaseReturned(why):
            return EventText(_RETURN_TEXTS[why])
        case events.InterviewOpened():
            what = "the interview was resumed" if before.interview else "the interview was started"
        case events.AppointmentMade():
            person = f", ask for {event.person}" if event.person else ""
            time = format_appointment_time(event)
            what = f"appointment {time} there ({describe_appointment_owner(event)}{person})"
        case events.AppointmentReassigned():
            what = f"the appointment is now for {describe_appointment_owner(event)}"
        case events.NumberAdded(facts):
            what = f"number {facts.position} was added"
        case events.NumberMarked():
            what = f"number {event.number} is {event.state.replace('_', ' ')}"
        case events.OutcomeOverridden():
            corrected = describe_outcome(event.outcome, plan) if event.outcome else "no outcome"
            what = f"a supervisor corrected the outcome to {corrected}{_format_code(event)}"
        case _:
            what = _describe_alike(event) or _EVENT_TEXTS[type(event).__name__]
    return EventText(what, _get_note(event))


def _describe_for_station(event: events.CaseEvent, plan: Plan) -> str:
    """Describe an event for interviewers; empty if they don't see it."""
    match event:
        case events.OutcomeRecorded(outcome=outcome):
            return describe_outcome(outcome, plan)
        case events.AppointmentMade(person=person):
            ask_for = f" (ask for {person})" if person else ""
            return f"appointment {format_appointment_time(event)}{ask_for}"
        case events.OutcomeOverridden(outcome):
            return f"supervisor: {describe_outcome(outcome, plan)}{_format_code(event)}"
        case events.NumberMarked(_, state) if state != "live":
            return f"a number is {state.replace('_', ' ')}"
        case _:
            return _describe_alike(event) or _STATION_TEXTS.get(type(event).__name__, "")


def _describe_alike(event: events.CaseEvent) -> str:
    """Describe an event with the same text for supervisors and interviewers; empty for others."""
    match event:
        case events.LanguageSet(language):
            name = "another language" if language == "other" else get_language_name(language)
            return f"wants to be interviewed in {name}"
        case events.RefusalDescribed():
            return describe_refusal(event)
        case events.ScriptRead(script):
            return f"said: {script}"
        case _:
            return ""


def _format_code(event: events.OutcomeRecorded | events.OutcomeOverridden) -> str:
    return f" ({event.code})" if event.code else ""


def _get_note(event: events.CaseEvent) -> str:
    """Return the words written with an event."""
    for name in ("note", "why", "reason", "text"):
        if hasattr(event, name):
            return str(getattr(event, name))
    return ""
