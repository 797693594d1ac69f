"""How are a case's events said to a supervisor? Every one of them, in a few words; nothing is left out, and no figure is
made here.
"""

from typing import Final, NamedTuple, assert_never

from survey_cli.fieldwork.case import events as happened
from survey_cli.fieldwork.case.case import Case
from survey_cli.fieldwork.plan.plan import Plan
from survey_cli.reports.fieldwork.case_histories import outcome_words, refusal_words, told


class Words(NamedTuple):
    """What happened, and what was noted with it."""

    what: str
    note: str = ""


def keeper_words(promised: happened.AppointmentMade) -> str:
    """Whose promise it is: `anyone`, `ann only`, `ann first`."""
    match promised.policy:
        case "anyone":
            return "anyone"
        case "me":
            return f"{promised.owner} only"
        case "me_first":
            return f"{promised.owner} first"
        case _:
            assert_never(promised.policy)


def event_words(event: happened.CaseEvent, before: Case, plan: Plan) -> Words:
    """An event in words; `before` is the case as it was until then."""
    match event:
        case happened.CaseSampled():
            return Words("the sample changed it" if before.seq else "came with the sample")
        case happened.CaseReleased():
            return Words("released: it may be called")
        case happened.CaseClaimed():
            return Words("a station took it")
        case happened.NumberDialed(number):
            return Words(f"number {number} dialed")
        case happened.OutcomeRecorded():
            return _called(event, plan)
        case happened.OutcomeRevoked():
            return Words("the outcome before was keyed by mistake: taken back")
        case happened.AttemptClosed():
            return Words("the station left the case")
        case happened.CaseReturned(why):
            return Words(_RETURNED[why])
        case happened.InterviewOpened():
            return Words("the interview went on" if before.interview else "the interview began")
        case happened.AppointmentMade():
            asked = f", ask for {event.person}" if event.person else ""
            said = f"appointment {told(event)} there ({keeper_words(event)}{asked})"
            return Words(said, event.note)
        case happened.AppointmentCanceled(why):
            return Words("the appointment was canceled", why)
        case happened.AppointmentReassigned(owner, policy):
            moved = happened.AppointmentMade("", "", "", owner=owner, policy=policy)
            return Words(f"the appointment is now for {keeper_words(moved)}")
        case happened.NumberAdded(facts):
            return Words(f"number {facts.position} was given")
        case happened.NumberMarked(number, state, why):
            return Words(f"number {number} is {state.replace('_', ' ')}", why)
        case happened.LanguageSet(language):
            return Words(f"wants to be interviewed in {language}")
        case happened.CaseNoteWritten(text):
            return Words("note", text)
        case happened.RefusalDescribed():
            return Words(refusal_words(event), event.reason)
        case happened.ScriptRead(script):
            return Words(f"said: {script}")
        case happened.OutcomeOverridden(outcome, code, note):
            said = outcome_words(outcome, plan) if outcome else "no outcome"
            return Words(f"a supervisor corrected it to {said}{f' ({code})' if code else ''}", note)
        case happened.ReferralAnswered(note):
            return Words("a supervisor answered: it goes on", note)
        case happened.CaseReopened(why):
            return Words("a supervisor put it back into the queue", why)
        case happened.DoNotCallSet(why):
            return Words("never to be called again", why)
        case happened.DoNotCallCleared(why):
            return Words("a supervisor corrected it: it may be called again", why)
        case happened.CaseErased(why):
            return Words("erased: what could tell who it was is gone", why)
        case happened.CaseAnonymized(why):
            return Words("its time was over: names, numbers and notes are gone", why)
        case _:
            assert_never(event)


_RETURNED: Final = {
    "given back": "went back without a call",
    "lapsed": "went back: its lease ran out",
    "released": "a supervisor freed it",
}


def _called(event: happened.OutcomeRecorded, plan: Plan) -> Words:
    number = f" at number {event.number}" if event.number else ", they rang us"
    code = f" ({event.code})" if event.code else ""
    interrupted = ", interview interrupted" if event.interrupted else ""
    return Words(f"{outcome_words(event.outcome, plan)}{code}{number}{interrupted}", event.note)
