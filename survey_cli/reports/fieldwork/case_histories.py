"""Case histories in the words of interviewers: one line per event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from survey_cli.fieldwork.appointments.reading import DEFAULT_WINDOW
from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class StationHistoryLine:
    """One event of the case, as interviewers see it."""

    at: datetime
    """Time of the event on the requested clock: the respondent's, where their zone is known."""
    what: str
    by: str
    note: str = ""


def format_appointment_time(appointment: events.AppointmentMade) -> str:
    """Format the time of an appointment: `Thu 26 Nov 15:00`, `Thu 26 Nov 09:00–12:00`."""
    start, end = datetime.fromisoformat(appointment.start), datetime.fromisoformat(appointment.end)
    day = f"{start:%a} {start.day} {start:%b}"
    if (end - start).total_seconds() <= DEFAULT_WINDOW.total_seconds():
        return f"{day} {start:%H:%M}"
    if end.date() == start.date():
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    return f"{day} {start:%H:%M} to {end:%a} {end.day} {end:%b} {end:%H:%M}"


def describe_outcome(outcome: str, plan: Plan) -> str:
    """Return the name of an outcome in lower case; the id where the plan has no such outcome."""
    definition = plan.outcomes.get(outcome)
    name = definition.name if definition is not None else outcome
    return name[:1].lower() + name[1:]


def describe_refusal(refusal: events.RefusalDescribed) -> str:
    """Describe who refused, and how strongly: `refused by her husband, strength 2 of 3`."""
    who = f" by {refusal.who}" if refusal.who else ""
    return f"refused{who}{f', strength {refusal.strength} of 3' if refusal.strength else ''}"


def build_history(history: Sequence[HistoryEntry], plan: Plan, zone: tzinfo | None) -> tuple[StationHistoryLine, ...]:
    """Build the history of a case in the words of interviewers, oldest first."""
    lines = []
    for entry in history:
        description = _describe_event(entry.event, plan)
        if description is not None:
            what, note = description
            lines.append(StationHistoryLine(at=entry.at.astimezone(zone), what=what, by=entry.by, note=note))
    return tuple(lines)


def _describe_event(event: events.CaseEvent, plan: Plan) -> tuple[str, str] | None:  # noqa: C901 - one branch per kind
    match event:
        case events.OutcomeRecorded(outcome=outcome, note=note):
            return describe_outcome(outcome, plan), note
        case events.OutcomeRevoked():
            return "the last outcome was undone: it was keyed by mistake", ""
        case events.AppointmentMade(person=person, note=note):
            ask_for = f" (ask for {person})" if person else ""
            return f"appointment {format_appointment_time(event)}{ask_for}", note
        case events.AppointmentCanceled(why):
            return "the appointment was canceled", why
        case events.CaseNoteWritten(text):
            return "note", text
        case events.RefusalDescribed():
            return describe_refusal(event), event.reason
        case events.ScriptRead(script):
            return f"said: {script}", ""
        case events.OutcomeOverridden(outcome, code, note):
            return f"supervisor: {describe_outcome(outcome, plan)}{f' ({code})' if code else ''}", note
        case events.ReferralAnswered(note):
            return "supervisor: calling continues", note
        case events.CaseReopened(why):
            return "reopened", why
        case events.NumberAdded():
            return "another number was added", ""
        case events.NumberMarked(_, state, why) if state != "live":
            return f"a number is {state.replace('_', ' ')}", why
        case events.LanguageSet(language):
            return f"wants to be interviewed in {language}", ""
        case events.InterviewOpened():
            return "interview", ""
        case events.DoNotCallSet(why):
            return "must not be called again", why
        case events.DoNotCallCleared(why):
            return "may be called again", why
        case _:
            return None
