"""Case histories in the words of interviewers: one line per event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from survey_cli.fieldwork.appointments.reading import DEFAULT_WINDOW
from survey_cli.fieldwork.case import events as happened
from survey_cli.fieldwork.case.events import HistoryEntry
from survey_cli.fieldwork.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class StationHistoryLine:
    """One event of the case, as interviewers see it."""

    at: datetime
    """On the clock that was asked for: the respondent's, where their zone is known."""
    what: str
    by: str
    note: str = ""


def format_appointment_time(promised: happened.AppointmentMade) -> str:
    """Format the time of an appointment: `Thu 26 Nov 15:00`, `Thu 26 Nov 09:00–12:00`."""
    start, end = datetime.fromisoformat(promised.start), datetime.fromisoformat(promised.end)
    day = f"{start:%a} {start.day} {start:%b}"
    if (end - start).total_seconds() <= DEFAULT_WINDOW.total_seconds():
        return f"{day} {start:%H:%M}"
    if end.date() == start.date():
        return f"{day} {start:%H:%M}–{end:%H:%M}"
    return f"{day} {start:%H:%M} to {end:%a} {end.day} {end:%b} {end:%H:%M}"


def describe_outcome(outcome: str, plan: Plan) -> str:
    row = plan.outcomes.get(outcome)
    name = row.name if row is not None else outcome
    return name[:1].lower() + name[1:]


def describe_refusal(noted: happened.RefusalDescribed) -> str:
    """Describe who refused, and how strongly: `refused by her husband, strength 2 of 3`."""
    who = f" by {noted.who}" if noted.who else ""
    return f"refused{who}{f', strength {noted.strength} of 3' if noted.strength else ''}"


def build_history(history: Sequence[HistoryEntry], plan: Plan, zone: tzinfo | None) -> tuple[StationHistoryLine, ...]:
    """Build the history of a case in the words of interviewers, oldest first."""
    lines = []
    for entry in history:
        said = _describe_event(entry.event, plan)
        if said is not None:
            what, note = said
            lines.append(StationHistoryLine(at=entry.at.astimezone(zone), what=what, by=entry.by, note=note))
    return tuple(lines)


def _describe_event(event: happened.CaseEvent, plan: Plan) -> tuple[str, str] | None:  # noqa: C901 - one branch per kind
    match event:
        case happened.OutcomeRecorded(outcome=outcome, note=note):
            return describe_outcome(outcome, plan), note
        case happened.OutcomeRevoked():
            return "the outcome before was keyed by mistake: taken back", ""
        case happened.AppointmentMade(person=person, note=note):
            asked = f" (ask for {person})" if person else ""
            return f"appointment {format_appointment_time(event)}{asked}", note
        case happened.AppointmentCanceled(why):
            return "the appointment was canceled", why
        case happened.CaseNoteWritten(text):
            return "note", text
        case happened.RefusalDescribed():
            return describe_refusal(event), event.reason
        case happened.ScriptRead(script):
            return f"said: {script}", ""
        case happened.OutcomeOverridden(outcome, code, note):
            return f"supervisor: {describe_outcome(outcome, plan)}{f' ({code})' if code else ''}", note
        case happened.ReferralAnswered(note):
            return "supervisor: goes on", note
        case happened.CaseReopened(why):
            return "put back into the queue", why
        case happened.NumberAdded():
            return "another number was given", ""
        case happened.NumberMarked(_, state, why) if state != "live":
            return f"a number is {state.replace('_', ' ')}", why
        case happened.LanguageSet(language):
            return f"wants to be interviewed in {language}", ""
        case happened.InterviewOpened():
            return "interview", ""
        case happened.DoNotCallSet(why):
            return "never to be called again", why
        case happened.DoNotCallCleared(why):
            return "may be called again", why
        case _:
            return None
