"""Wording of every case event for supervisors."""

from typing import Final, NamedTuple, assert_never

from survey_cli.fieldwork.case import events as happened
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.reports.fieldwork.case_histories import describe_outcome, describe_refusal, format_appointment_time


class EventText(NamedTuple):
    """What happened, and what was noted with it."""

    what: str
    note: str = ""


def describe_appointment_owner(promised: happened.AppointmentMade) -> str:
    """Describe who keeps the appointment: `anyone`, `ann only`, `ann first`."""
    match promised.policy:
        case "anyone":
            return "anyone"
        case "me":
            return f"{promised.owner} only"
        case "me_first":
            return f"{promised.owner} first"
        case _:
            assert_never(promised.policy)


def describe_event(event: happened.CaseEvent, before: Case, plan: Plan) -> EventText:  # noqa: C901 - one branch per kind
    """Describe an event; `before` is the case before it."""
    match event:
        case happened.CaseSampled():
            return EventText("the sample changed it" if before.seq else "came with the sample")
        case happened.CaseReleased():
            return EventText("released: it may be called")
        case happened.CaseClaimed():
            return EventText("a station took it")
        case happened.NumberDialed(number):
            return EventText(f"number {number} dialed")
        case happened.OutcomeRecorded():
            return _describe_call(event, plan)
        case happened.OutcomeRevoked():
            return EventText("the outcome before was keyed by mistake: taken back")
        case happened.AttemptClosed():
            return EventText("the station left the case")
        case happened.CaseReturned(why):
            return EventText(_RETURN_REASONS[why])
        case happened.InterviewOpened():
            return EventText("the interview went on" if before.interview else "the interview began")
        case happened.AppointmentMade():
            asked = f", ask for {event.person}" if event.person else ""
            said = f"appointment {format_appointment_time(event)} there ({describe_appointment_owner(event)}{asked})"
            return EventText(said, event.note)
        case happened.AppointmentCanceled(why):
            return EventText("the appointment was canceled", why)
        case happened.AppointmentReassigned(owner, policy):
            moved = happened.AppointmentMade("", "", "", owner=owner, policy=policy)
            return EventText(f"the appointment is now for {describe_appointment_owner(moved)}")
        case happened.NumberAdded(facts):
            return EventText(f"number {facts.position} was given")
        case happened.NumberMarked(number, state, why):
            return EventText(f"number {number} is {state.replace('_', ' ')}", why)
        case happened.LanguageSet(language):
            return EventText(f"wants to be interviewed in {language}")
        case happened.CaseNoteWritten(text):
            return EventText("note", text)
        case happened.RefusalDescribed():
            return EventText(describe_refusal(event), event.reason)
        case happened.ScriptRead(script):
            return EventText(f"said: {script}")
        case happened.OutcomeOverridden(outcome, code, note):
            said = describe_outcome(outcome, plan) if outcome else "no outcome"
            return EventText(f"a supervisor corrected it to {said}{f' ({code})' if code else ''}", note)
        case happened.ReferralAnswered(note):
            return EventText("a supervisor answered: it goes on", note)
        case happened.CaseReopened(why):
            return EventText("a supervisor put it back into the queue", why)
        case happened.DoNotCallSet(why):
            return EventText("never to be called again", why)
        case happened.DoNotCallCleared(why):
            return EventText("a supervisor corrected it: it may be called again", why)
        case happened.CaseErased(why):
            return EventText("erased: what could tell who it was is gone", why)
        case happened.CaseAnonymized(why):
            return EventText("its time was over: names, numbers and notes are gone", why)
        case _:
            assert_never(event)


_RETURN_REASONS: Final = {
    "given back": "went back without a call",
    "lapsed": "went back: its lease ran out",
    "released": "a supervisor freed it",
}


def _describe_call(event: happened.OutcomeRecorded, plan: Plan) -> EventText:
    number = f" at number {event.number}" if event.number else ", they rang us"
    code = f" ({event.code})" if event.code else ""
    interrupted = ", interview interrupted" if event.interrupted else ""
    return EventText(f"{describe_outcome(event.outcome, plan)}{code}{number}{interrupted}", event.note)
