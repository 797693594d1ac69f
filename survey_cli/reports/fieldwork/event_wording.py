"""Wording of every case event for supervisors."""

from typing import Final, NamedTuple, assert_never

from survey_cli.fieldwork.case import events
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.reports.fieldwork.case_histories import describe_outcome, describe_refusal, format_appointment_time


class EventText(NamedTuple):
    """Description of an event, and the note written with it."""

    what: str
    note: str = ""


def describe_appointment_owner(appointment: events.AppointmentMade | events.AppointmentReassigned) -> str:
    """Describe who keeps the appointment: `anyone`, `ann only`, `ann first`."""
    match appointment.policy:
        case "anyone":
            return "anyone"
        case "me":
            return f"{appointment.owner} only"
        case "me_first":
            return f"{appointment.owner} first"
        case _:
            assert_never(appointment.policy)


def describe_event(event: events.CaseEvent, before: Case, plan: Plan) -> EventText:  # noqa: C901 - one branch per kind
    """Describe an event; `before` is the case before it."""
    match event:
        case events.CaseSampled():
            return EventText("changed by a sample import" if before.seq else "imported with the sample")
        case events.CaseReleased():
            return EventText("released for calling")
        case events.CaseClaimed():
            return EventText("claimed by a station")
        case events.NumberDialed(number):
            return EventText(f"number {number} dialed")
        case events.OutcomeRecorded():
            return _describe_call(event, plan)
        case events.OutcomeRevoked():
            return EventText("the last outcome was undone: it was keyed by mistake")
        case events.AttemptClosed():
            return EventText("the station left the case")
        case events.CaseReturned(why):
            return EventText(_RETURN_REASONS[why])
        case events.InterviewOpened():
            return EventText("the interview was resumed" if before.interview else "the interview was started")
        case events.AppointmentMade():
            person = f", ask for {event.person}" if event.person else ""
            text = f"appointment {format_appointment_time(event)} there ({describe_appointment_owner(event)}{person})"
            return EventText(text, event.note)
        case events.AppointmentCanceled(why):
            return EventText("the appointment was canceled", why)
        case events.AppointmentReassigned():
            return EventText(f"the appointment is now for {describe_appointment_owner(event)}")
        case events.NumberAdded(facts):
            return EventText(f"number {facts.position} was added")
        case events.NumberMarked(number, state, why):
            return EventText(f"number {number} is {state.replace('_', ' ')}", why)
        case events.LanguageSet(language):
            return EventText(f"wants to be interviewed in {language}")
        case events.CaseNoteWritten(text):
            return EventText("note", text)
        case events.RefusalDescribed():
            return EventText(describe_refusal(event), event.reason)
        case events.ScriptRead(script):
            return EventText(f"said: {script}")
        case events.OutcomeOverridden(outcome, code, note):
            corrected = describe_outcome(outcome, plan) if outcome else "no outcome"
            return EventText(f"a supervisor corrected the outcome to {corrected}{f' ({code})' if code else ''}", note)
        case events.ReferralAnswered(note):
            return EventText("a supervisor answered: calling continues", note)
        case events.CaseReopened(why):
            return EventText("a supervisor reopened the case", why)
        case events.DoNotCallSet(why):
            return EventText("must not be called again", why)
        case events.DoNotCallCleared(why):
            return EventText("a supervisor corrected this: it may be called again", why)
        case events.CaseErased(why):
            return EventText("erased: identifying data was removed", why)
        case events.CaseAnonymized(why):
            return EventText("the retention period ended: names, numbers and notes were removed", why)
        case _:
            assert_never(event)


_RETURN_REASONS: Final = {
    "given back": "returned without a call",
    "lapsed": "returned: the lease expired",
    "released": "freed by a supervisor",
}


def _describe_call(event: events.OutcomeRecorded, plan: Plan) -> EventText:
    number = f" at number {event.number}" if event.number else ", incoming call"
    code = f" ({event.code})" if event.code else ""
    interrupted = ", interview interrupted" if event.interrupted else ""
    return EventText(f"{describe_outcome(event.outcome, plan)}{code}{number}{interrupted}", event.note)
